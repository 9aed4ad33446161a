/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The walk over a model's bytes before protobuf-c sees them.
 *
 * protobuf-c recurses into nested messages without a limit of depth and allocates a struct for
 * each, so a small file can overflow the stack (700 KB of nesting) or ask for a hundred times its
 * size (two bytes make an empty message of 250). This walk uses protobuf-c's own description of the
 * messages to tell which length-delimited fields are messages, keeps its own stack, and adds up
 * what unpacking will take. It does not look at contents otherwise.
 */
#include "onnx/model.h"

enum { WIRE_VARINT = 0, WIRE_64 = 1, WIRE_BYTES = 2, WIRE_32 = 5 };

struct frame {
    struct dsq_reader bytes;
    const ProtobufCMessageDescriptor *type;
    uint64_t seen; /* singular message fields so far, by index */
};

struct walk {
    struct frame stack[DSQ_ONNX_MAX_DEPTH];
    int depth;
    const uint8_t *begin;
    size_t need, budget;
    struct dsq_diag *diag;
};

size_t dsq_onnx_budget(size_t file_bytes)
{
    const size_t floor_bytes = 16u << 20;
    return file_bytes > (SIZE_MAX - floor_bytes) / 16 ? SIZE_MAX : 16 * file_bytes + floor_bytes;
}

static size_t offset_of(const struct walk *w, const struct dsq_reader *r)
{
    return (size_t)(r->at - w->begin);
}

/* Open a nested message for the walk. `field` is NULL for the outermost. */
static enum dsq_status enter(struct walk *w, struct dsq_reader bytes,
                             const ProtobufCMessageDescriptor *type)
{
    if (w->depth == DSQ_ONNX_MAX_DEPTH)
        return dsq_fail(w->diag, DSQ_MALFORMED, "byte %zu: messages nest deeper than %d levels",
                        offset_of(w, &bytes), DSQ_ONNX_MAX_DEPTH);
    w->need += type->sizeof_message + sizeof(void *);
    if (w->need > w->budget)
        return dsq_fail(w->diag, DSQ_MALFORMED,
                        "byte %zu: so many nested messages that unpacking them takes over %zu MiB",
                        offset_of(w, &bytes), w->budget >> 20);
    w->stack[w->depth++] = (struct frame){.bytes = bytes, .type = type};
    return DSQ_OK;
}

/* A length-delimited field: skip it, or go inside when it is a message. */
static enum dsq_status walk_bytes(struct walk *w, struct frame *f,
                                  const ProtobufCFieldDescriptor *field)
{
    uint64_t length = dsq_read_varint(&f->bytes);
    if (length > SIZE_MAX)
        f->bytes.failed = true;
    struct dsq_reader inner = dsq_read_sub(&f->bytes, (size_t)length);
    if (dsq_reader_failed(&f->bytes) || !field || field->type != PROTOBUF_C_TYPE_MESSAGE)
        return DSQ_OK;
    if (field->label != PROTOBUF_C_LABEL_REPEATED) {
        uint64_t bit = UINT64_C(1) << ((size_t)(field - f->type->fields) & 63);
        if (f->seen & bit)
            return dsq_fail(w->diag, DSQ_MALFORMED, "byte %zu: a second '%s' in one %s",
                            offset_of(w, &inner), field->name, f->type->short_name);
        f->seen |= bit;
    }
    return enter(w, inner, field->descriptor);
}

static enum dsq_status walk_field(struct walk *w, struct frame *f)
{
    size_t at = offset_of(w, &f->bytes);
    uint64_t tag = dsq_read_varint(&f->bytes);
    if (dsq_reader_failed(&f->bytes))
        return DSQ_OK;
    if (tag >> 3 == 0 || tag >> 3 > (UINT32_MAX >> 3))
        return dsq_fail(w->diag, DSQ_MALFORMED, "byte %zu: no field has number %llu", at,
                        (unsigned long long)(tag >> 3));
    const ProtobufCFieldDescriptor *field =
        protobuf_c_message_descriptor_get_field(f->type, (unsigned)(tag >> 3));
    switch (tag & 7) {
    case WIRE_VARINT:
        dsq_read_varint(&f->bytes);
        return DSQ_OK;
    case WIRE_64:
        dsq_read_bytes(&f->bytes, 8);
        return DSQ_OK;
    case WIRE_32:
        dsq_read_bytes(&f->bytes, 4);
        return DSQ_OK;
    case WIRE_BYTES:
        return walk_bytes(w, f, field);
    default:
        return dsq_fail(w->diag, DSQ_MALFORMED, "byte %zu: wire type %d is not used in ONNX", at,
                        (int)(tag & 7));
    }
}

enum dsq_status dsq_onnx_walk(const ProtobufCMessageDescriptor *type, const void *data,
                              size_t bytes, size_t budget, struct dsq_diag *d)
{
    struct walk w = {.budget = budget, .diag = d};
    struct dsq_reader all;
    dsq_reader_init(&all, data, bytes);
    w.begin = all.begin;
    DSQ_TRY(enter(&w, all, type));
    while (w.depth) {
        struct frame *f = &w.stack[w.depth - 1];
        if (!dsq_reader_left(&f->bytes)) {
            w.depth--;
            continue;
        }
        size_t at = offset_of(&w, &f->bytes);
        DSQ_TRY(walk_field(&w, f));
        if (dsq_reader_failed(&f->bytes))
            return dsq_fail(d, DSQ_MALFORMED, "byte %zu: a field of %s ends behind its end", at,
                            f->type->short_name);
    }
    return DSQ_OK;
}
