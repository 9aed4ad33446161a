/* SPDX-License-Identifier: Apache-2.0 */
/* Arithmetic of two operands and more, comparisons, Clip, Cast. */
#include "onnx/import.h"

#include <math.h>

/* Less is Greater with its inputs the other way round. */
enum dsq_status dsq_import_swapped(struct dsq_import *im)
{
    dsq_vid in[2];
    DSQ_TRY(dsq_import_in(im, 0, &in[1]));
    DSQ_TRY(dsq_import_in(im, 1, &in[0]));
    return dsq_import_emit(im, im->op->op, 2, in, NULL);
}

enum dsq_status dsq_import_mod(struct dsq_import *im)
{
    int64_t fmod;
    dsq_vid in[2];
    DSQ_TRY(dsq_import_int(im, "fmod", 0, &fmod));
    DSQ_TRY(dsq_import_in(im, 0, &in[0]));
    DSQ_TRY(dsq_import_in(im, 1, &in[1]));
    return dsq_import_emit(im, fmod ? DSQ_OP_FMOD : DSQ_OP_MOD, 2, in, NULL);
}

/* All inputs one after the other: Max, Min, Sum. The last step makes the output, unless `partial`
 * takes what comes before it. */
static enum dsq_status emit_chain(struct dsq_import *im, enum dsq_op op, dsq_vid *partial)
{
    const size_t n = im->node->n_input;
    dsq_vid in[2];
    DSQ_TRY(dsq_import_in(im, 0, &in[0]));
    for (size_t i = 1; i + !partial < n; i++) {
        DSQ_TRY(dsq_import_in(im, i, &in[1]));
        DSQ_TRY(dsq_import_emit_inner(im, op, "partial", 2, in, NULL, &in[0]));
    }
    if (partial) {
        *partial = in[0];
        return DSQ_OK;
    }
    if (n == 1)
        return dsq_import_emit(im, DSQ_OP_IDENTITY, 1, in, NULL);
    DSQ_TRY(dsq_import_in(im, n - 1, &in[1]));
    return dsq_import_emit(im, op, 2, in, NULL);
}

enum dsq_status dsq_import_variadic(struct dsq_import *im)
{
    return emit_chain(im, im->op->op, NULL);
}

enum dsq_status dsq_import_mean(struct dsq_import *im)
{
    const float count = (float)im->node->n_input;
    dsq_vid in[2];
    DSQ_TRY(emit_chain(im, DSQ_OP_ADD, &in[0]));
    DSQ_TRY(dsq_import_new_floats(im, "count", &count, 1, &in[1]));
    return dsq_import_emit(im, DSQ_OP_DIV, 2, in, NULL);
}

/* ---- Clip ---- */

/* The upper bound wins over the lower one, as ONNX 13 says. */
static enum dsq_status emit_clip(struct dsq_import *im, struct dsq_clip_attr attr)
{
    dsq_vid x;
    attr.lo = attr.lo > attr.hi ? attr.hi : attr.lo;
    DSQ_TRY(dsq_import_in(im, 0, &x));
    return dsq_import_emit(im, DSQ_OP_CLIP, 1, &x, &attr);
}

/* The schema's own defaults are float's lowest and highest: no bound at all. */
static const struct dsq_clip_attr unbounded = {.lo = -INFINITY, .hi = INFINITY};

enum dsq_status dsq_import_clip_attributes(struct dsq_import *im)
{
    struct dsq_clip_attr attr;
    DSQ_TRY(dsq_import_float(im, "min", unbounded.lo, &attr.lo));
    DSQ_TRY(dsq_import_float(im, "max", unbounded.hi, &attr.hi));
    return emit_clip(im, attr);
}

/* *is_float: input i is absent or a constant float; then *v is its value, if it is there. */
static enum dsq_status float_bound(struct dsq_import *im, size_t i, const char *what, float *v,
                                   bool *is_float)
{
    struct dsq_import_name *e, *root = NULL;
    struct dsq_onnx_tensor t;
    *is_float = true;
    if (!dsq_import_has_in(im, i))
        return DSQ_OK;
    e = dsq_import_names_find(im, im->node->input[i]);
    if (e)
        DSQ_TRY(dsq_import_constant(im, e, &root));
    if (e && !root) {
        *is_float = false;
        return DSQ_OK;
    }
    DSQ_TRY(dsq_import_const_in(im, i, what, &root, &t));
    *is_float = t.dtype == DSQ_F32;
    return *is_float ? dsq_import_scalar_in(im, i, what, v) : DSQ_OK;
}

/* Bounds of integers, or that the model computes: min(max(x, lo), hi). */
static enum dsq_status emit_min_max(struct dsq_import *im)
{
    dsq_vid in[2];
    DSQ_TRY(dsq_import_in(im, 0, &in[0]));
    if (dsq_import_has_in(im, 1)) {
        DSQ_TRY(dsq_import_in(im, 1, &in[1]));
        if (!dsq_import_has_in(im, 2))
            return dsq_import_emit(im, DSQ_OP_MAX, 2, in, NULL);
        DSQ_TRY(dsq_import_emit_inner(im, DSQ_OP_MAX, "max", 2, in, NULL, &in[0]));
    }
    DSQ_TRY(dsq_import_in(im, 2, &in[1]));
    return dsq_import_emit(im, DSQ_OP_MIN, 2, in, NULL);
}

enum dsq_status dsq_import_clip_inputs(struct dsq_import *im)
{
    struct dsq_clip_attr attr = unbounded;
    bool lo_is_float, hi_is_float;
    DSQ_TRY(float_bound(im, 1, "min", &attr.lo, &lo_is_float));
    DSQ_TRY(float_bound(im, 2, "max", &attr.hi, &hi_is_float));
    return lo_is_float && hi_is_float ? emit_clip(im, attr) : emit_min_max(im);
}

/* ---- Cast ---- */

enum dsq_status dsq_import_cast(struct dsq_import *im)
{
    struct dsq_cast_attr attr;
    int64_t to;
    enum dsq_dtype type = DSQ_DTYPE_COUNT;
    dsq_vid x;
    dsq_import_ignore(im, "saturate");   /* of float8 */
    dsq_import_ignore(im, "round_mode"); /* of float8 */
    DSQ_TRY(dsq_import_int(im, "to", 0, &to));
    int32_t data_type = to >= 0 && to <= INT32_MAX ? (int32_t)to : -1;
    bool known = dsq_onnx_type(data_type, &type);
    if (!known || (type != DSQ_F32 && type != DSQ_S32 && type != DSQ_S64 && type != DSQ_BOOL &&
                   type != DSQ_U8))
        return dsq_import_fail(
            im, DSQ_UNSUPPORTED,
            "to type %s is not supported; supported: float, int32, int64, bool, uint8",
            dsq_onnx_type_name(data_type));
    attr.to = type;
    DSQ_TRY(dsq_import_in(im, 0, &x));
    return dsq_import_emit(im, im->op->op, 1, &x, &attr);
}
