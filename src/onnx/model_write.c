/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writing a model with changed metadata: the file's own bytes, field by field of the outermost
 * message, with the entries of metadata_props replaced, left out or added. Nothing else is decoded,
 * so nothing else can change. Only a model with weights in other files is put together anew first,
 * with these weights inside, because the new file may lie in another folder.
 */
#include "onnx/model.h"

#include <string.h>

enum { TAG_METADATA = 14 << 3 | 2, TAG_KEY = 1 << 3 | 2, TAG_VALUE = 2 << 3 | 2 };

static void write_varint(struct dsq_writer *w, uint64_t v)
{
    do {
        uint8_t b = (uint8_t)((v & 0x7f) | (v > 0x7f ? 0x80 : 0));
        dsq_write_bytes(w, &b, 1);
        v >>= 7;
    } while (v);
}

static size_t varint_bytes(uint64_t v)
{
    size_t n = 1;
    while (v >>= 7)
        n++;
    return n;
}

static void write_string(struct dsq_writer *w, uint64_t tag, const char *text)
{
    write_varint(w, tag);
    write_varint(w, strlen(text));
    dsq_write_text(w, text);
}

static void write_entry(struct dsq_writer *w, const struct dsq_onnx_meta *m)
{
    size_t key = strlen(m->key), value = strlen(m->value);
    write_varint(w, TAG_METADATA);
    write_varint(w, 2 + varint_bytes(key) + key + varint_bytes(value) + value);
    write_string(w, TAG_KEY, m->key);
    write_string(w, TAG_VALUE, m->value);
}

/* Skip the value of a field of this wire type; the walk has proven that it is inside. */
static struct dsq_reader skip_value(struct dsq_reader *r, uint64_t tag)
{
    struct dsq_reader none;
    dsq_reader_init(&none, NULL, 0);
    switch (tag & 7) {
    case 0:
        dsq_read_varint(r);
        return none;
    case 1:
        dsq_read_bytes(r, 8);
        return none;
    case 5:
        dsq_read_bytes(r, 4);
        return none;
    default:
        return dsq_read_sub(r, (size_t)dsq_read_varint(r));
    }
}

/* Which of the changes an entry of metadata_props is about; n for none. */
static size_t find_change(struct dsq_reader entry, const struct dsq_onnx_meta *set, size_t n)
{
    struct dsq_reader key;
    dsq_reader_init(&key, NULL, 0);
    while (dsq_reader_left(&entry)) {
        uint64_t tag = dsq_read_varint(&entry);
        struct dsq_reader value = skip_value(&entry, tag);
        if (tag == TAG_KEY)
            key = value; /* the last one counts */
    }
    size_t length = dsq_reader_left(&key);
    for (size_t i = 0; i < n; i++)
        if (strlen(set[i].key) == length && memcmp(set[i].key, key.at, length) == 0)
            return i;
    return n;
}

static void copy_fields(struct dsq_reader r, struct dsq_writer *w, const struct dsq_onnx_meta *set,
                        size_t n, bool *written)
{
    while (dsq_reader_left(&r)) {
        const uint8_t *begin = r.at;
        uint64_t tag = dsq_read_varint(&r);
        struct dsq_reader value = skip_value(&r, tag);
        size_t change = tag == TAG_METADATA ? find_change(value, set, n) : n;
        if (change == n) {
            dsq_write_bytes(w, begin, (size_t)(r.at - begin));
        } else if (!written[change]) {
            if (set[change].value)
                write_entry(w, &set[change]);
            written[change] = true;
        }
    }
    for (size_t i = 0; i < n; i++)
        if (!written[i] && set[i].value)
            write_entry(w, &set[i]);
}

/* protobuf-c writes into this. */
struct packing {
    ProtobufCBuffer base;
    struct dsq_writer *writer;
};

static void append(ProtobufCBuffer *base, size_t bytes, const uint8_t *data)
{
    dsq_write_bytes(((struct packing *)base)->writer, data, bytes);
}

/* The model's bytes: as they were, or with the weights of other files inside, made in `w`. */
static enum dsq_status whole_model(const struct dsq_onnx *m, struct dsq_writer *w,
                                   struct dsq_reader *out, struct dsq_diag *d)
{
    dsq_reader_init(out, m->data, m->bytes);
    if (!m->has_external)
        return DSQ_OK;
    struct packing into = {.base = {append}, .writer = w};
    size_t bytes = dsq_onnx__model_proto__get_packed_size(m->proto);
    if (bytes > INT32_MAX)
        return dsq_fail(d, DSQ_UNSUPPORTED,
                        "with the weights of its other files inside it would have %zu bytes; an "
                        "ONNX file has at most 2 GiB",
                        bytes);
    dsq_onnx__model_proto__pack_to_buffer(m->proto, &into.base);
    dsq_reader_init(out, w->data, w->bytes);
    return w->failed ? dsq_fail(d, DSQ_NOMEM, "out of memory") : DSQ_OK;
}

static enum dsq_status check_changes(const struct dsq_onnx_meta *set, size_t n, struct dsq_diag *d)
{
    for (size_t i = 0; i < n; i++) {
        if (!set[i].key)
            return dsq_fail(d, DSQ_ARGUMENT, "metadata without a key");
        for (size_t j = 0; j < i; j++)
            if (strcmp(set[i].key, set[j].key) == 0)
                return dsq_fail(d, DSQ_ARGUMENT, "metadata key '%s' is given twice", set[i].key);
    }
    return DSQ_OK;
}

enum dsq_status dsq_onnx_write(const struct dsq_onnx *m, const char *path,
                               const struct dsq_onnx_meta *set, size_t n, struct dsq_diag *d)
{
    enum dsq_status status = DSQ_OK;
    struct dsq_reader whole;
    struct dsq_writer w, packed;
    dsq_writer_init(&w, m->allocator);
    dsq_writer_init(&packed, m->allocator);
    bool *written = dsq_calloc(m->allocator, n, sizeof *written);
    if (!written) {
        status = dsq_fail(d, DSQ_NOMEM, "%s: out of memory", path);
        goto fail;
    }
    DSQ_GUARD(check_changes(set, n, d));
    status = whole_model(m, &packed, &whole, d);
    if (status != DSQ_OK) {
        dsq_fail_in(d, status, "%s", path);
        goto fail;
    }
    copy_fields(whole, &w, set, n, written);
    if (w.failed) {
        status = dsq_fail(d, DSQ_NOMEM, "%s: out of memory", path);
        goto fail;
    }
    status = dsq_file_write(path, w.data, w.bytes, d);
fail:
    dsq_writer_free(&packed);
    dsq_writer_free(&w);
    dsq_release(m->allocator, written);
    return status;
}
