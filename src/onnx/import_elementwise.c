/* SPDX-License-Identifier: Apache-2.0 */
/* Operators that look at one element, or one channel, at a time; and those that do nothing. */
#include "onnx/import.h"

#include <math.h>

/* Add, Sub, Mul, Div, Relu, Sigmoid: inputs as they are, no attributes. */
enum dsq_status dsq_import_plain(struct dsq_import *im)
{
    dsq_vid in[2];
    for (size_t i = 0; i < im->op->in_min; i++)
        DSQ_TRY(dsq_import_in(im, i, &in[i]));
    return dsq_import_emit(im, im->op->op, (int32_t)im->op->in_min, in, NULL);
}

static enum dsq_status emit_clip(struct dsq_import *im, struct dsq_clip_attr attr)
{
    dsq_vid x;
    if (!(attr.lo <= attr.hi))
        return dsq_import_fail(im, DSQ_MALFORMED, "clips to [%g, %g]", (double)attr.lo,
                               (double)attr.hi);
    DSQ_TRY(dsq_import_in(im, 0, &x));
    return dsq_import_emit(im, im->op->op, 1, &x, &attr);
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

enum dsq_status dsq_import_clip_inputs(struct dsq_import *im)
{
    struct dsq_clip_attr attr = unbounded;
    DSQ_TRY(dsq_import_scalar_in(im, 1, "min", &attr.lo));
    DSQ_TRY(dsq_import_scalar_in(im, 2, "max", &attr.hi));
    return emit_clip(im, attr);
}

enum dsq_status dsq_import_cast(struct dsq_import *im)
{
    struct dsq_cast_attr attr;
    int64_t to;
    enum dsq_dtype type = DSQ_DTYPE_COUNT;
    dsq_vid x;
    dsq_import_ignore(im, "saturate"); /* of float8 */
    DSQ_TRY(dsq_import_int(im, "to", 0, &to));
    int32_t data_type = to >= 0 && to <= INT32_MAX ? (int32_t)to : -1;
    bool known = dsq_onnx_type(data_type, &type);
    if (!known || type == DSQ_F64 || type == DSQ_S8)
        return dsq_import_fail(im, DSQ_UNSUPPORTED,
                               "to type %s is not supported; supported: float, int32, int64, bool, "
                               "uint8",
                               dsq_onnx_type_name(data_type));
    attr.to = type;
    DSQ_TRY(dsq_import_in(im, 0, &x));
    return dsq_import_emit(im, im->op->op, 1, &x, &attr);
}

/* ---- nothing happens ---- */

/* A Constant node is its tensor; whoever reads it finds it by name. */
enum dsq_status dsq_import_constant_node(struct dsq_import *im)
{
    struct dsq_import_name *root, *e = dsq_import_names_find(im, im->node->output[0]);
    im->attributes_read = UINT64_MAX;
    return dsq_import_constant(im, e, &root); /* it has one of the attributes that we know */
}

static enum dsq_status emit_identity(struct dsq_import *im)
{
    dsq_vid x;
    DSQ_TRY(dsq_import_in(im, 0, &x));
    return dsq_import_emit(im, DSQ_OP_IDENTITY, 1, &x, NULL);
}

enum dsq_status dsq_import_identity(struct dsq_import *im)
{
    struct dsq_import_name *root, *e = dsq_import_names_find(im, im->node->output[0]);
    DSQ_TRY(dsq_import_constant(im, e, &root));
    return root && !e->is_output ? DSQ_OK : emit_identity(im); /* a constant under another name */
}

/* Inference passes data through, and nobody may read the mask: out 1 is not made (onnx_ops.def). */
enum dsq_status dsq_import_dropout_attribute(struct dsq_import *im)
{
    dsq_import_ignore(im, "ratio");
    return emit_identity(im);
}

enum dsq_status dsq_import_dropout_inputs(struct dsq_import *im)
{
    struct dsq_import_name *root;
    struct dsq_onnx_tensor t;
    dsq_import_ignore(im, "seed");
    if (dsq_import_has_in(im, 2)) {
        DSQ_TRY(dsq_import_const_in(im, 2, "training_mode", &root, &t));
        if (t.dtype != DSQ_BOOL || t.elements != 1 || *(const uint8_t *)t.data)
            return dsq_import_fail(im, DSQ_UNSUPPORTED,
                                   "is in training mode; export the model for inference");
    }
    return emit_identity(im);
}
