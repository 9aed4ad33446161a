/* SPDX-License-Identifier: Apache-2.0 */
/*
 * QuantizeLinear and DequantizeLinear.
 *
 * A constant that is dequantized becomes a float constant, per tensor or per axis. On activations,
 * per tensor only: a QuantizeLinear whose result nobody but DequantizeLinear reads becomes the
 * IR's quantize, its value s8 (u8 is stored minus 128, the zero point with it), and the readers
 * its dequantize. Where others read the bytes - other operators, the caller - a u8 result is made
 * by float operators and a cast, which is what ONNX defines, and so is dequantizing u8 and s32.
 */
#include "onnx/import.h"

#include <math.h>
#include <string.h>

struct quantization {
    float scale;
    int32_t zero_point; /* as ONNX has it */
    enum dsq_dtype type;
};

static bool is_quantize(const Onnx__NodeProto *n)
{
    return n && n->op_type && strcmp(n->op_type, "QuantizeLinear") == 0 &&
           dsq_import_default_domain(n->domain);
}

/* ---- scale and zero point ---- */

/* Attributes of blocks, of float8, and of types that are read off the zero point. */
static enum dsq_status read_attributes(struct dsq_import *im, int64_t *output_type)
{
    int64_t axis;
    dsq_import_ignore(im, "saturate");
    dsq_import_ignore(im, "precision");
    DSQ_TRY(dsq_import_int(im, "axis", 1, &axis));
    DSQ_TRY(dsq_import_int(im, "output_dtype", 0, output_type));
    return dsq_import_only(im, "block_size", 0);
}

static enum dsq_status read_scale(struct dsq_import *im, struct quantization *q)
{
    struct dsq_import_name *root;
    struct dsq_onnx_tensor t;
    DSQ_TRY(dsq_import_const_in(im, 1, "scale", &root, &t));
    if (t.dtype != DSQ_F32 || t.elements != 1)
        return dsq_import_fail(im, DSQ_UNSUPPORTED,
                               "scale '%s' is %zu of type %s; an activation needs one float",
                               im->node->input[1], t.elements, dsq_dtype_name(t.dtype));
    q->scale = *(const float *)t.data;
    if (!isnormal(q->scale) || q->scale < 0 || !isnormal(1.0f / q->scale))
        return dsq_import_fail(im, DSQ_UNSUPPORTED, "scale '%s' is %g; it must be positive",
                               im->node->input[1], (double)q->scale);
    return DSQ_OK;
}

/* The zero point gives the type of what is quantized; without one it is `otherwise`. */
static enum dsq_status read_zero_point(struct dsq_import *im, enum dsq_dtype otherwise,
                                       struct quantization *q)
{
    struct dsq_import_name *root;
    struct dsq_onnx_tensor t;
    q->type = otherwise;
    if (!dsq_import_has_in(im, 2))
        return DSQ_OK;
    DSQ_TRY(dsq_import_const_in(im, 2, "zero point", &root, &t));
    q->type = t.dtype;
    if (t.elements != 1 || (t.dtype != DSQ_S8 && t.dtype != DSQ_U8 && t.dtype != DSQ_S32))
        return dsq_import_fail(im, DSQ_UNSUPPORTED,
                               "zero point '%s' is %zu of type %s; supported: one s8, u8 or s32",
                               im->node->input[2], t.elements, dsq_dtype_name(t.dtype));
    if (t.dtype == DSQ_S8)
        q->zero_point = *(const int8_t *)t.data;
    else if (t.dtype == DSQ_U8)
        q->zero_point = *(const uint8_t *)t.data;
    else
        memcpy(&q->zero_point, t.data, sizeof q->zero_point);
    return DSQ_OK;
}

/* What the current node, a QuantizeLinear, quantizes to. */
static enum dsq_status read_quantize(struct dsq_import *im, struct quantization *q)
{
    int64_t output_type;
    *q = (struct quantization){.zero_point = 0};
    DSQ_TRY(read_attributes(im, &output_type));
    enum dsq_dtype otherwise = output_type == ONNX__TENSOR_PROTO__DATA_TYPE__INT8 ? DSQ_S8 : DSQ_U8;
    if (output_type && output_type != ONNX__TENSOR_PROTO__DATA_TYPE__INT8 &&
        output_type != ONNX__TENSOR_PROTO__DATA_TYPE__UINT8)
        return dsq_import_fail(im, DSQ_UNSUPPORTED, "to type %s; supported: int8, uint8",
                               dsq_onnx_type_name((int32_t)output_type));
    DSQ_TRY(read_scale(im, q));
    DSQ_TRY(read_zero_point(im, otherwise, q));
    return q->type != DSQ_S32 ? DSQ_OK
                              : dsq_import_fail(im, DSQ_UNSUPPORTED,
                                                "to type int32; supported: "
                                                "int8, uint8");
}

/* ---- float operators ---- */

/* OUTPUT.what = op(x, v), v one number. */
static enum dsq_status with_number(struct dsq_import *im, enum dsq_op op, const char *what,
                                   dsq_vid *x, float v)
{
    dsq_vid in[2] = {*x};
    char name[32];
    size_t n = strlen(what);
    memcpy(name, what, n);
    memcpy(name + n, ".by", 4);
    DSQ_TRY(dsq_import_new_floats(im, name, &v, 1, &in[1]));
    return dsq_import_emit_inner(im, op, what, 2, in, NULL, x);
}

/* u8(clip(round(x / scale) + zero point, 0, 255)) */
static enum dsq_status quantize_by_floats(struct dsq_import *im, const struct quantization *q,
                                          dsq_vid x)
{
    const struct dsq_clip_attr bounds = {.lo = 0, .hi = 255};
    const struct dsq_cast_attr to = {.to = DSQ_U8};
    DSQ_TRY(with_number(im, DSQ_OP_DIV, "scaled", &x, q->scale));
    DSQ_TRY(dsq_import_emit_inner(im, DSQ_OP_ROUND, "rounded", 1, &x, NULL, &x));
    DSQ_TRY(with_number(im, DSQ_OP_ADD, "moved", &x, (float)q->zero_point));
    DSQ_TRY(dsq_import_emit_inner(im, DSQ_OP_CLIP, "clipped", 1, &x, &bounds, &x));
    return dsq_import_emit(im, DSQ_OP_CAST, 1, &x, &to);
}

/* (float(x) - zero point) * scale */
static enum dsq_status dequantize_by_floats(struct dsq_import *im, const struct quantization *q,
                                            dsq_vid x)
{
    const struct dsq_cast_attr to = {.to = DSQ_F32};
    dsq_vid in[2];
    DSQ_TRY(dsq_import_emit_inner(im, DSQ_OP_CAST, "float", 1, &x, &to, &x));
    DSQ_TRY(with_number(im, DSQ_OP_SUB, "centred", &x, (float)q->zero_point));
    in[0] = x;
    DSQ_TRY(dsq_import_new_floats(im, "scale", &q->scale, 1, &in[1]));
    return dsq_import_emit(im, DSQ_OP_MUL, 2, in, NULL);
}

/* ---- the nodes ---- */

enum dsq_status dsq_import_quantize(struct dsq_import *im)
{
    struct quantization q;
    dsq_vid x, y;
    struct dsq_import_name *e = dsq_import_names_find(im, im->node->output[0]);
    DSQ_TRY(read_quantize(im, &q));
    DSQ_TRY(dsq_import_in(im, 0, &x));
    if (!e->is_output && !e->has_other_reader) {
        int32_t stored = q.type == DSQ_U8 ? q.zero_point - 128 : q.zero_point;
        DSQ_TRY(dsq_import_emit(im, DSQ_OP_QUANTIZE, 1, &x, NULL));
        DSQ_TRY(dsq_import_value(im, e, &y));
        im->graph->value[y].q = (struct dsq_quant){.scale = q.scale,
                                                   .inv_scale = 1.0f / q.scale,
                                                   .zero_point = stored,
                                                   .qmin = -128,
                                                   .qmax = 127};
        return DSQ_OK;
    }
    if (q.type == DSQ_U8)
        return quantize_by_floats(im, &q, x);
    return dsq_import_fail(im, DSQ_UNSUPPORTED,
                           "its int8 result '%s' is %s; only DequantizeLinear may read it", e->name,
                           e->is_output ? "an output" : "read by other operators");
}

/* A constant: folded here, per axis too. */
static enum dsq_status emit_constant(struct dsq_import *im, const struct dsq_onnx_tensor *t)
{
    dsq_vid x;
    const char *base = dsq_arena_printf(&im->scratch, "%s.value", im->node->output[0]);
    const char *name = base ? dsq_import_fresh_name(im, base) : NULL;
    im->attributes_read = UINT64_MAX;
    if (!name)
        return dsq_fail(im->diag, DSQ_NOMEM, "out of memory");
    DSQ_TRY(
        dsq_graph_add_const(im->graph, name, t->dtype, &t->shape, t->data, t->bytes, &x, im->diag));
    return dsq_import_emit(im, DSQ_OP_IDENTITY, 1, &x, NULL);
}

static bool same(const struct quantization *a, const struct quantization *b)
{
    return a->scale == b->scale && a->zero_point == b->zero_point && a->type == b->type;
}

/* What the IR's quantize has made goes back with the same numbers. */
static enum dsq_status dequantize_s8(struct dsq_import *im, const Onnx__NodeProto *producer,
                                     const struct quantization *q, dsq_vid x)
{
    struct quantization made;
    const Onnx__NodeProto *node = im->node;
    uint64_t attributes = im->attributes_read;
    im->node = producer;
    enum dsq_status status = read_quantize(im, &made);
    im->node = node;
    im->attributes_read = attributes;
    DSQ_TRY(status);
    if (!same(&made, q))
        return dsq_import_fail(im, DSQ_UNSUPPORTED,
                               "its scale or zero point is not that of the QuantizeLinear before");
    return dsq_import_emit(im, DSQ_OP_DEQUANTIZE, 1, &x, NULL);
}

enum dsq_status dsq_import_dequantize(struct dsq_import *im)
{
    struct dsq_import_name *e = dsq_import_names_find(im, im->node->output[0]), *root, *from;
    struct dsq_onnx_tensor t;
    struct quantization q = {.zero_point = 0};
    int64_t output_type;
    dsq_vid x;
    DSQ_TRY(dsq_import_fold(im, e, &root));
    if (root) {
        DSQ_TRY(dsq_import_contents(im, root, &t));
        return emit_constant(im, &t);
    }
    DSQ_TRY(read_attributes(im, &output_type));
    DSQ_TRY(read_scale(im, &q));
    DSQ_TRY(read_zero_point(im, DSQ_U8, &q));
    DSQ_TRY(dsq_import_in(im, 0, &x));
    from = dsq_import_names_find(im, im->node->input[0]);
    if (from && is_quantize(from->producer) && !from->is_output && !from->has_other_reader)
        return dequantize_s8(im, from->producer, &q, x);
    return dequantize_by_floats(im, &q, x);
}
