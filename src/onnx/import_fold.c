/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Constants that a few nodes compute from constants, for those importers that must see the numbers:
 * weights that are transposed, reshaped, cast or dequantized on their way from the initializer.
 * Everything else that is constant is folded later, by the pass. The node itself is imported too
 * and goes away when nobody else reads it.
 */
#include "onnx/import.h"

#include <string.h>

enum { MAX_NODES = 16 }; /* longest chain */

struct fold {
    struct dsq_import *im;
    int depth;
};

static enum dsq_status operand(struct fold *f, size_t i, bool *known, struct dsq_onnx_tensor *t);

static enum dsq_status no_memory(struct fold *f)
{
    return dsq_fail(f->im->diag, DSQ_NOMEM, "out of memory");
}

static bool is(const struct fold *f, const char *op)
{
    return strcmp(f->im->node->op_type, op) == 0;
}

/* ---- elements that move ---- */

/* Copy element by element: step[k] of the source for each dimension of the result. */
static void gather(const struct dsq_shape *shape, const int64_t *step, size_t element,
                   const char *src, char *dst)
{
    int64_t at[DSQ_MAX_RANK] = {0}, from = 0;
    size_t n;
    if (!dsq_shape_elements(shape, &n))
        return;
    for (size_t i = 0; i < n; i++) {
        memcpy(dst + i * element, src + (size_t)from * element, element);
        for (int32_t k = shape->rank - 1; k >= 0; k--) {
            from += step[k];
            if (++at[k] < shape->dim[k])
                break;
            from -= at[k] * step[k];
            at[k] = 0;
        }
    }
}

static enum dsq_status transpose(struct fold *f, struct dsq_onnx_tensor *x)
{
    int64_t perm[DSQ_MAX_RANK], step[DSQ_MAX_RANK], moved[DSQ_MAX_RANK], stride = 1;
    const struct dsq_shape from = x->shape;
    unsigned seen = 0;
    size_t n;
    DSQ_TRY(dsq_import_ints(f->im, "perm", DSQ_MAX_RANK, perm, &n));
    for (int32_t k = from.rank - 1; k >= 0; k--, stride *= from.dim[k + 1])
        step[k] = stride;
    for (int32_t k = 0; k < from.rank; k++) {
        int64_t p = n ? (size_t)k < n ? perm[k] : -1 : from.rank - 1 - k;
        if (p < 0 || p >= from.rank || seen >> p & 1 || (n && n != (size_t)from.rank))
            return dsq_import_fail(f->im, DSQ_MALFORMED, "perm is no permutation of %d axes",
                                   (int)from.rank);
        seen |= 1u << p;
        x->shape.dim[k] = from.dim[p];
        moved[k] = step[p];
    }
    char *dst = dsq_arena_alloc64(&f->im->scratch, x->bytes);
    if (!dst)
        return no_memory(f);
    gather(&x->shape, moved, dsq_dtype_bytes(x->dtype), x->data, dst);
    x->data = dst;
    return DSQ_OK;
}

/* Reshape with a constant shape; *known is false when that is computed. */
static enum dsq_status reshape(struct fold *f, struct dsq_onnx_tensor *x, bool *known)
{
    struct dsq_onnx_tensor s;
    int64_t allow_zero, rest = -1;
    size_t have = 1;
    DSQ_TRY(dsq_import_int(f->im, "allowzero", 0, &allow_zero));
    DSQ_TRY(operand(f, 1, known, &s));
    if (!*known)
        return DSQ_OK;
    if (s.dtype != DSQ_S64 || s.shape.rank != 1 || s.elements > DSQ_MAX_RANK)
        return dsq_import_fail(f->im, DSQ_UNSUPPORTED, "its shape is no short list of int64");
    const int64_t *to = s.data;
    struct dsq_shape shape = {.rank = (int32_t)s.elements};
    for (int32_t k = 0; k < shape.rank; k++) {
        shape.dim[k] = to[k] || allow_zero || k >= x->shape.rank ? to[k] : x->shape.dim[k];
        if (to[k] == -1)
            rest = k;
        else if (shape.dim[k] < 0 || !dsq_mul(have, (size_t)shape.dim[k], &have))
            return dsq_import_fail(f->im, DSQ_MALFORMED, "dimension %d of its shape is %lld",
                                   (int)k, (long long)to[k]);
    }
    if (rest >= 0)
        shape.dim[rest] = have ? (int64_t)(x->elements / have) : 0;
    size_t n;
    if (!dsq_shape_elements(&shape, &n) || n != x->elements)
        return dsq_import_fail(f->im, DSQ_MALFORMED, "%zu elements do not fit its shape",
                               x->elements);
    x->shape = shape;
    return DSQ_OK;
}

/* ---- numbers that change ---- */

static double number(const struct dsq_onnx_tensor *t, size_t i)
{
    switch (t->dtype) {
    case DSQ_F32:
        return (double)((const float *)t->data)[i];
    case DSQ_S8:
        return ((const int8_t *)t->data)[i];
    case DSQ_S32:
        return ((const int32_t *)t->data)[i];
    default:
        return ((const uint8_t *)t->data)[i]; /* u8, bool */
    }
}

static enum dsq_status float_result(struct fold *f, struct dsq_onnx_tensor *x, float **dst)
{
    size_t bytes;
    *dst = dsq_mul(x->elements, sizeof **dst, &bytes)
               ? dsq_arena_alloc64(&f->im->scratch, bytes ? bytes : 1)
               : NULL;
    if (!*dst)
        return no_memory(f);
    x->bytes = bytes;
    return DSQ_OK;
}

/* To float, from what number() reads exactly. */
static enum dsq_status cast(struct fold *f, struct dsq_onnx_tensor *x, bool *known)
{
    int64_t to;
    float *dst;
    dsq_import_ignore(f->im, "saturate");
    dsq_import_ignore(f->im, "round_mode");
    DSQ_TRY(dsq_import_int(f->im, "to", 0, &to));
    *known =
        to == ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT && x->dtype != DSQ_S64 && x->dtype != DSQ_F64;
    if (!*known)
        return DSQ_OK;
    struct dsq_onnx_tensor y = *x;
    DSQ_TRY(float_result(f, &y, &dst));
    for (size_t i = 0; i < x->elements; i++)
        dst[i] = (float)number(x, i);
    y.data = dst;
    y.dtype = DSQ_F32;
    *x = y;
    return DSQ_OK;
}

/* Scale and zero point: one number, or one for each index along the axis. */
static enum dsq_status check_scales(struct fold *f, const struct dsq_onnx_tensor *x,
                                    const struct dsq_onnx_tensor *scale,
                                    const struct dsq_onnx_tensor *zero, int64_t *axis)
{
    int64_t block;
    DSQ_TRY(dsq_import_int(f->im, "axis", 1, axis));
    DSQ_TRY(dsq_import_int(f->im, "block_size", 0, &block));
    *axis += *axis < 0 ? x->shape.rank : 0;
    bool each = *axis >= 0 && *axis < x->shape.rank && scale->shape.rank == 1 &&
                scale->shape.dim[0] == x->shape.dim[*axis];
    if (block || scale->dtype != DSQ_F32 || (scale->elements != 1 && !each))
        return dsq_import_fail(f->im, DSQ_UNSUPPORTED,
                               "its scale must be one float, or one for each index along its axis");
    if (x->dtype != DSQ_S8 && x->dtype != DSQ_U8 && x->dtype != DSQ_S32)
        return dsq_import_fail(f->im, DSQ_UNSUPPORTED, "dequantizes %s; supported: s8, u8, s32",
                               dsq_dtype_name(x->dtype));
    if (zero->data && (zero->dtype != x->dtype || zero->elements != scale->elements))
        return dsq_import_fail(f->im, DSQ_MALFORMED, "its zero point does not go with its input");
    return DSQ_OK;
}

static enum dsq_status dequantize(struct fold *f, struct dsq_onnx_tensor *x, bool *known)
{
    struct dsq_onnx_tensor scale, zero = {0};
    int64_t axis, inner = 1;
    float *dst;
    DSQ_TRY(operand(f, 1, known, &scale));
    if (*known && dsq_import_has_in(f->im, 2))
        DSQ_TRY(operand(f, 2, known, &zero));
    dsq_import_ignore(f->im, "output_dtype");
    if (!*known)
        return DSQ_OK;
    DSQ_TRY(check_scales(f, x, &scale, &zero, &axis));
    struct dsq_onnx_tensor y = *x;
    DSQ_TRY(float_result(f, &y, &dst));
    for (int64_t k = axis + 1; k < x->shape.rank; k++)
        inner *= x->shape.dim[k];
    for (size_t i = 0; i < x->elements; i++) {
        size_t at = scale.elements == 1 ? 0 : i / (size_t)inner % scale.elements;
        double centred = number(x, i) - (zero.data ? number(&zero, at) : 0.0);
        dst[i] = (float)centred * ((const float *)scale.data)[at];
    }
    y.data = dst;
    y.dtype = DSQ_F32;
    *x = y;
    return DSQ_OK;
}

/* ---- one node ---- */

/* The current node's result; *known is false when it is not one of these. */
static enum dsq_status evaluate(struct fold *f, bool *known, struct dsq_onnx_tensor *t)
{
    static const char *const ops[] = {"Identity", "Transpose", "Reshape", "Cast",
                                      "DequantizeLinear"};
    *known = false;
    for (size_t i = 0; i < sizeof ops / sizeof ops[0]; i++)
        *known |= is(f, ops[i]);
    if (!*known || !dsq_import_default_domain(f->im->node->domain) || ++f->depth > MAX_NODES) {
        *known = false;
        return DSQ_OK;
    }
    DSQ_TRY(operand(f, 0, known, t));
    if (!*known || is(f, "Identity"))
        return DSQ_OK;
    if (is(f, "Transpose"))
        return transpose(f, t);
    if (is(f, "Reshape"))
        return dsq_import_has_in(f->im, 1) ? reshape(f, t, known) : DSQ_OK;
    return is(f, "Cast") ? cast(f, t, known) : dequantize(f, t, known);
}

/* Input i of the current node, as far as it is known. */
static enum dsq_status operand(struct fold *f, size_t i, bool *known, struct dsq_onnx_tensor *t)
{
    struct dsq_import *im = f->im;
    struct dsq_import_name *e, *root;
    enum dsq_status status;
    if (!dsq_import_has_in(im, i))
        return dsq_import_fail(im, DSQ_MALFORMED, "input %zu is missing", i);
    DSQ_TRY(dsq_import_find(im, im->node->input[i], &e));
    DSQ_TRY(dsq_import_constant(im, e, &root));
    *known = root != NULL;
    if (root)
        return dsq_import_contents(im, root, t);
    if (!e->producer || !e->producer->op_type)
        return DSQ_OK;
    const Onnx__NodeProto *reader = im->node;
    uint64_t attributes = im->attributes_read;
    im->node = e->producer;
    status = evaluate(f, known, t);
    im->node = reader;
    im->attributes_read = attributes;
    return status;
}

enum dsq_status dsq_import_fold(struct dsq_import *im, struct dsq_import_name *e,
                                struct dsq_import_name **root)
{
    struct fold f = {.im = im};
    struct dsq_onnx_tensor t;
    const Onnx__NodeProto *reader = im->node;
    uint64_t attributes = im->attributes_read;
    bool known = false;
    *root = e->computed;
    if (*root || !e->producer || !e->producer->op_type)
        return DSQ_OK;
    im->node = e->producer;
    enum dsq_status status = evaluate(&f, &known, &t);
    im->node = reader;
    im->attributes_read = attributes;
    if (status != DSQ_OK || !known)
        return status;
    struct dsq_import_name *made = dsq_arena_calloc(&im->scratch, 1, sizeof *made);
    if (!made)
        return no_memory(&f);
    *made = (struct dsq_import_name){.name = dsq_import_fresh_name(im, e->name),
                                     .producer_index = -1,
                                     .value = DSQ_NO_VALUE,
                                     .conv_weight = DSQ_NO_VALUE,
                                     .contents = dsq_arena_copy(&im->scratch, &t, sizeof t)};
    if (!made->name || !made->contents)
        return no_memory(&f);
    *root = e->computed = made;
    return DSQ_OK;
}
