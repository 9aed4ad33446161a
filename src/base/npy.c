/* SPDX-License-Identifier: Apache-2.0 */
/* numpy's array files: the header's small language, and elements in and out. */
#include "base/npy.h"

#include <string.h>

#include "base/memory.h"

static const char magic[6] = {(char)0x93, 'N', 'U', 'M', 'P', 'Y'};

static const struct kind {
    const char *descr; /* numpy's type string */
    enum dsq_dtype dtype;
    size_t bytes;
} kinds[] = {
    {"<f4", DSQ_F32, 4}, {"<f8", DSQ_F64, 8}, {"|i1", DSQ_S8, 1},   {"|u1", DSQ_U8, 1},
    {"<i4", DSQ_S32, 4}, {"<i8", DSQ_S64, 8}, {"|b1", DSQ_BOOL, 1},
};

static const struct kind *find_kind(enum dsq_dtype dtype)
{
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        if (kinds[i].dtype == dtype)
            return &kinds[i];
    return NULL;
}

/* ---- the header: {'descr': '<f4', 'fortran_order': False, 'shape': (1, 3), } ---- */

enum { MOST_TEXT = 32 };

struct header {
    char descr[MOST_TEXT];
    bool fortran_order;
    int32_t rank;
    int64_t dims[DSQ_MAX_RANK];
    bool has_descr, has_order, has_shape;
};

/* The next character that is not white space, without taking it; 0 at the end. */
static char peek(struct dsq_reader *r)
{
    while (dsq_reader_left(r) && (*r->at == ' ' || *r->at == '\n' || *r->at == '\t'))
        (void)dsq_read_u8(r);
    return dsq_reader_left(r) ? (char)*r->at : 0;
}

static bool take(struct dsq_reader *r, char c)
{
    if (peek(r) != c)
        return false;
    (void)dsq_read_u8(r);
    return true;
}

/* A string in single or double quotes, without escapes. */
static bool take_string(struct dsq_reader *r, char out[MOST_TEXT])
{
    char quote = peek(r);
    if (!take(r, '\'') && !take(r, '"'))
        return false;
    for (int n = 0; n < MOST_TEXT && dsq_reader_left(r); n++) {
        char c = (char)dsq_read_u8(r);
        out[n] = c == quote ? 0 : c;
        if (c == quote)
            return true;
    }
    return false;
}

static bool take_bool(struct dsq_reader *r, bool *out)
{
    const char *word = peek(r) == 'T' ? "True" : "False";
    const char *text = dsq_read_bytes(r, strlen(word));
    *out = word[0] == 'T';
    return text && memcmp(text, word, strlen(word)) == 0;
}

static bool take_number(struct dsq_reader *r, int64_t *out)
{
    bool any = false;
    int64_t v = 0;
    for (char c = peek(r); c >= '0' && c <= '9'; c = dsq_reader_left(r) ? (char)*r->at : 0) {
        (void)dsq_read_u8(r);
        if (v > (INT64_MAX - 9) / 10)
            return false;
        v = v * 10 + (c - '0');
        any = true;
    }
    *out = v;
    return any;
}

/* (), (3,), (3, 4) or (3, 4,). */
static bool take_shape(struct dsq_reader *r, struct header *h)
{
    if (!take(r, '('))
        return false;
    for (h->rank = 0; !take(r, ')'); h->rank++) {
        if (h->rank == DSQ_MAX_RANK || !take_number(r, &h->dims[h->rank]))
            return false;
        if (!take(r, ',') && peek(r) != ')')
            return false;
    }
    return true;
}

static bool take_entry(struct dsq_reader *r, struct header *h)
{
    char key[MOST_TEXT];
    if (!take_string(r, key) || !take(r, ':'))
        return false;
    if (strcmp(key, "descr") == 0)
        return h->has_descr = take_string(r, h->descr);
    if (strcmp(key, "fortran_order") == 0)
        return h->has_order = take_bool(r, &h->fortran_order);
    if (strcmp(key, "shape") == 0)
        return h->has_shape = take_shape(r, h);
    return false;
}

static bool parse_header(struct dsq_reader *r, struct header *h)
{
    *h = (struct header){.rank = 0};
    if (!take(r, '{'))
        return false;
    while (!take(r, '}'))
        if (!take_entry(r, h) || (!take(r, ',') && peek(r) != '}'))
            return false;
    return peek(r) == 0 && dsq_reader_left(r) == 0 && h->has_descr && h->has_order && h->has_shape;
}

/* ---- reading ---- */

static enum dsq_status read_header(struct dsq_reader *r, const char *name, struct header *h,
                                   struct dsq_diag *d)
{
    const void *start = dsq_read_bytes(r, sizeof magic);
    if (!start || memcmp(start, magic, sizeof magic) != 0)
        return dsq_fail(d, DSQ_MALFORMED, "%s: not a numpy file (.npy)", name);
    uint8_t major = dsq_read_u8(r), minor = dsq_read_u8(r);
    if (!dsq_reader_failed(r) && (major < 1 || major > 3 || minor != 0))
        return dsq_fail(d, DSQ_UNSUPPORTED, "%s: numpy format %d.%d: expected 1.0 to 3.0", name,
                        major, minor);
    size_t length = dsq_read_u8(r);
    length |= (size_t)dsq_read_u8(r) << 8;
    if (major > 1) {
        length |= (size_t)dsq_read_u8(r) << 16;
        length |= (size_t)dsq_read_u8(r) << 24;
    }
    struct dsq_reader text = dsq_read_sub(r, length);
    if (dsq_reader_failed(r) || !parse_header(&text, h))
        return dsq_fail(d, DSQ_MALFORMED,
                        "%s: its header is damaged, or its rank is above %d: expected descr, "
                        "fortran_order and shape",
                        name, DSQ_MAX_RANK);
    if (h->fortran_order)
        return dsq_fail(d, DSQ_UNSUPPORTED,
                        "%s: Fortran order: save numpy.ascontiguousarray(array)", name);
    return DSQ_OK;
}

/* Bytes that `dims` of `element_bytes` each take; false when that overflows. */
static bool count_bytes(const int64_t *dims, int32_t rank, size_t element_bytes, size_t *bytes)
{
    size_t n = element_bytes;
    bool empty = false;
    for (int32_t i = 0; i < rank; i++) {
        if (dims[i] == 0)
            empty = true;
        else if ((uint64_t)dims[i] > SIZE_MAX || !dsq_mul(n, (size_t)dims[i], &n))
            return false;
    }
    *bytes = empty ? 0 : n;
    return n <= INT64_MAX;
}

static void set_dense_strides(struct dsq_tensor *t, size_t element_bytes)
{
    int64_t stride = (int64_t)element_bytes;
    for (int32_t i = t->rank; i-- > 0;) {
        t->strides[i] = stride;
        stride *= t->dims[i] ? t->dims[i] : 1;
    }
}

enum dsq_status dsq_npy_parse(struct dsq_tensor *out, const void *data, size_t bytes,
                              const char *name, const struct dsq_allocator *a, struct dsq_diag *d)
{
    struct header h;
    struct dsq_reader r;
    *out = (struct dsq_tensor){.rank = 0};
    dsq_reader_init(&r, data, bytes);
    DSQ_TRY(read_header(&r, name, &h, d));
    const struct kind *kind = NULL;
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        if (strcmp(h.descr, kinds[i].descr) == 0)
            kind = &kinds[i];
    if (!kind)
        return dsq_fail(d, DSQ_UNSUPPORTED,
                        "%s: element type '%s': expected little-endian f4 f8 i1 u1 i4 i8 or b1",
                        name, h.descr);
    size_t need;
    if (!count_bytes(h.dims, h.rank, kind->bytes, &need) || need != dsq_reader_left(&r))
        return dsq_fail(d, DSQ_MALFORMED,
                        "%s: %zu bytes of elements, which is not what its shape needs", name,
                        dsq_reader_left(&r));
    uint8_t *copy = dsq_alloc(a, need);
    if (!copy)
        return dsq_fail(d, DSQ_NOMEM, "%s: no memory for its %zu bytes", name, need);
    if (need)
        memcpy(copy, dsq_read_bytes(&r, need), need);
    for (size_t i = 0; kind->dtype == DSQ_BOOL && i < need; i++)
        copy[i] = copy[i] != 0;
    out->dtype = kind->dtype;
    out->rank = h.rank;
    memcpy(out->dims, h.dims, sizeof out->dims);
    set_dense_strides(out, kind->bytes);
    out->data = copy;
    return DSQ_OK;
}

enum dsq_status dsq_npy_read(struct dsq_tensor *out, const char *path,
                             const struct dsq_allocator *allocator, struct dsq_diag *diag)
{
    void *data;
    size_t bytes;
    *out = (struct dsq_tensor){.rank = 0};
    DSQ_TRY(dsq_file_read(path, allocator, &data, &bytes, diag));
    enum dsq_status status = dsq_npy_parse(out, data, bytes, path, allocator, diag);
    dsq_release(allocator, data);
    return status;
}

void dsq_npy_free(struct dsq_tensor *tensor, const struct dsq_allocator *allocator)
{
    dsq_release(allocator, tensor->data);
    tensor->data = NULL;
}

/* ---- writing ---- */

static void write_header(struct dsq_writer *w, const struct dsq_tensor *t, const char *descr)
{
    enum { FIXED = sizeof magic + 2 + 2, ALIGNMENT = 64 };
    struct dsq_writer text;
    dsq_writer_init(&text, w->allocator);
    dsq_write_format(&text, "{'descr': '%s', 'fortran_order': False, 'shape': (", descr);
    for (int32_t i = 0; i < t->rank; i++)
        dsq_write_format(&text, i ? ", %lld" : "%lld", (long long)t->dims[i]);
    dsq_write_text(&text, t->rank == 1 ? ",), }" : "), }");
    while ((FIXED + text.bytes + 1) % ALIGNMENT && !text.failed)
        dsq_write_text(&text, " ");
    dsq_write_text(&text, "\n");
    dsq_write_bytes(w, magic, sizeof magic);
    const uint8_t rest[4] = {1, 0, (uint8_t)text.bytes, (uint8_t)(text.bytes >> 8)};
    dsq_write_bytes(w, rest, sizeof rest);
    if (text.failed)
        w->failed = true;
    else
        dsq_write_bytes(w, text.data, text.bytes);
    dsq_writer_free(&text);
}

/* The tensor's strides, made up from its layout when it gives none. */
static void get_strides(const struct dsq_tensor *t, size_t element_bytes, int64_t *strides)
{
    struct dsq_tensor dense = *t;
    bool given = false;
    for (int32_t i = 0; i < t->rank; i++)
        given |= t->strides[i] != 0;
    if (!given && t->layout == DSQ_NHWC) {
        dense.strides[1] = (int64_t)element_bytes;
        dense.strides[3] = dense.strides[1] * t->dims[1];
        dense.strides[2] = dense.strides[3] * t->dims[3];
        dense.strides[0] = dense.strides[2] * t->dims[2];
    } else if (!given) {
        set_dense_strides(&dense, element_bytes);
    }
    memcpy(strides, dense.strides, sizeof dense.strides);
}

/* Copy the elements from dimension `dim` on, row by row. */
static void write_elements(struct dsq_writer *w, const struct dsq_tensor *t, const int64_t *strides,
                           int32_t dim, const char *src, size_t element_bytes)
{
    const bool last = dim == t->rank - 1;
    if (t->rank == 0) {
        dsq_write_bytes(w, src, element_bytes);
    } else if (last && strides[dim] == (int64_t)element_bytes) {
        dsq_write_bytes(w, src, (size_t)t->dims[dim] * element_bytes);
    } else {
        for (int64_t i = 0; i < t->dims[dim]; i++, src += strides[dim])
            if (last)
                dsq_write_bytes(w, src, element_bytes);
            else
                write_elements(w, t, strides, dim + 1, src, element_bytes);
    }
}

enum dsq_status dsq_npy_format(struct dsq_writer *w, const struct dsq_tensor *tensor,
                               const char *name, struct dsq_diag *d)
{
    const struct kind *kind = find_kind(tensor->dtype);
    if (!kind || tensor->rank < 0 || tensor->rank > DSQ_MAX_RANK ||
        (tensor->layout == DSQ_NHWC && tensor->rank != 4))
        return dsq_fail(d, DSQ_ARGUMENT, "%s: no tensor that can be written", name);
    if (tensor->device_type != DSQ_DEVICE_CPU)
        return dsq_fail(d, DSQ_ARGUMENT, "%s: its tensor is not in host memory", name);
    for (int32_t i = 0; i < tensor->rank; i++)
        if (tensor->dims[i] < 0)
            return dsq_fail(d, DSQ_ARGUMENT, "%s: dimension %d is %lld", name, (int)i,
                            (long long)tensor->dims[i]);
    size_t bytes;
    if (!count_bytes(tensor->dims, tensor->rank, kind->bytes, &bytes) || (bytes && !tensor->data))
        return dsq_fail(d, DSQ_ARGUMENT, "%s: its tensor has no data, or overflows memory", name);
    write_header(w, tensor, kind->descr);
    int64_t strides[DSQ_MAX_RANK];
    get_strides(tensor, kind->bytes, strides);
    if (bytes)
        write_elements(w, tensor, strides, 0, tensor->data, kind->bytes);
    return DSQ_OK;
}

enum dsq_status dsq_npy_write(const struct dsq_tensor *tensor, const char *path,
                              struct dsq_diag *diag)
{
    struct dsq_writer w;
    dsq_writer_init(&w, NULL);
    enum dsq_status status = dsq_npy_format(&w, tensor, path, diag);
    if (status == DSQ_OK && w.failed)
        status = dsq_fail(diag, DSQ_NOMEM, "%s: no memory for its elements", path);
    if (status == DSQ_OK)
        status = dsq_file_write(path, w.data, w.bytes, diag);
    dsq_writer_free(&w);
    return status;
}
