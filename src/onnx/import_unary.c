/* SPDX-License-Identifier: Apache-2.0 */
/* Activation functions with parameters, and those that are made of others. */
#include "onnx/import.h"

static enum dsq_status emit_unary(struct dsq_import *im, enum dsq_op op, const void *attr)
{
    dsq_vid x;
    DSQ_TRY(dsq_import_in(im, 0, &x));
    return dsq_import_emit(im, op, 1, &x, attr);
}

static enum dsq_status emit_alpha(struct dsq_import *im, float otherwise)
{
    struct dsq_unary_attr attr = {0};
    DSQ_TRY(dsq_import_float(im, "alpha", otherwise, &attr.alpha));
    return emit_unary(im, im->op->op, &attr);
}

enum dsq_status dsq_import_leaky_relu(struct dsq_import *im)
{
    return emit_alpha(im, 0.01f);
}

enum dsq_status dsq_import_elu(struct dsq_import *im)
{
    return emit_alpha(im, 1.0f);
}

enum dsq_status dsq_import_hardsigmoid(struct dsq_import *im)
{
    struct dsq_unary_attr attr;
    DSQ_TRY(dsq_import_float(im, "alpha", 0.2f, &attr.alpha));
    DSQ_TRY(dsq_import_float(im, "beta", 0.5f, &attr.beta));
    return emit_unary(im, im->op->op, &attr);
}

enum dsq_status dsq_import_gelu(struct dsq_import *im)
{
    static const char *const approximations[] = {"none", "tanh", NULL};
    int64_t approximate;
    DSQ_TRY(dsq_import_choice(im, "approximate", approximations, 0, &approximate));
    return emit_unary(im, approximate ? DSQ_OP_GELU_TANH : DSQ_OP_GELU, NULL);
}

/* x op factor, as a value of its own. */
static enum dsq_status emit_scaled(struct dsq_import *im, enum dsq_op op, const char *what,
                                   dsq_vid x, float factor, dsq_vid *out)
{
    dsq_vid in[2] = {x, DSQ_NO_VALUE};
    DSQ_TRY(dsq_import_new_floats(im, "factor", &factor, 1, &in[1]));
    return dsq_import_emit_inner(im, op, what, 2, in, NULL, out);
}

static enum dsq_status emit_times(struct dsq_import *im, dsq_vid x, float factor)
{
    dsq_vid in[2] = {x, DSQ_NO_VALUE};
    DSQ_TRY(dsq_import_new_floats(im, "factor", &factor, 1, &in[1]));
    return dsq_import_emit(im, DSQ_OP_MUL, 2, in, NULL);
}

/* x sigmoid(alpha x) */
enum dsq_status dsq_import_swish(struct dsq_import *im)
{
    float alpha;
    dsq_vid in[2];
    DSQ_TRY(dsq_import_float(im, "alpha", 1.0f, &alpha));
    if (alpha == 1.0f)
        return emit_unary(im, DSQ_OP_SILU, NULL);
    DSQ_TRY(dsq_import_in(im, 0, &in[0]));
    DSQ_TRY(emit_scaled(im, DSQ_OP_MUL, "scaled", in[0], alpha, &in[1]));
    DSQ_TRY(dsq_import_emit_inner(im, DSQ_OP_SIGMOID, "sigmoid", 1, &in[1], NULL, &in[1]));
    return dsq_import_emit(im, DSQ_OP_MUL, 2, in, NULL);
}

/* gamma elu(x, alpha) */
enum dsq_status dsq_import_selu(struct dsq_import *im)
{
    struct dsq_unary_attr attr = {0};
    float gamma;
    dsq_vid x, elu;
    DSQ_TRY(dsq_import_float(im, "alpha", 1.67326319217681884765625f, &attr.alpha));
    DSQ_TRY(dsq_import_float(im, "gamma", 1.05070102214813232421875f, &gamma));
    DSQ_TRY(dsq_import_in(im, 0, &x));
    DSQ_TRY(dsq_import_emit_inner(im, DSQ_OP_ELU, "elu", 1, &x, &attr, &elu));
    return emit_times(im, elu, gamma);
}

/* alpha elu(x / alpha, 1) */
enum dsq_status dsq_import_celu(struct dsq_import *im)
{
    struct dsq_unary_attr one = {.alpha = 1.0f};
    float alpha;
    dsq_vid x;
    DSQ_TRY(dsq_import_float(im, "alpha", 1.0f, &alpha));
    if (alpha == 1.0f)
        return emit_unary(im, DSQ_OP_ELU, &one);
    if (!(alpha > 0.0f))
        return dsq_import_fail(im, DSQ_UNSUPPORTED, "alpha is %g, must be above 0", (double)alpha);
    DSQ_TRY(dsq_import_in(im, 0, &x));
    DSQ_TRY(emit_scaled(im, DSQ_OP_DIV, "scaled", x, alpha, &x));
    DSQ_TRY(dsq_import_emit_inner(im, DSQ_OP_ELU, "elu", 1, &x, &one, &x));
    return emit_times(im, x, alpha);
}

/* x / (1 + |x|) */
enum dsq_status dsq_import_softsign(struct dsq_import *im)
{
    const float one = 1.0f;
    dsq_vid in[2], sum[2];
    DSQ_TRY(dsq_import_in(im, 0, &in[0]));
    DSQ_TRY(dsq_import_emit_inner(im, DSQ_OP_ABS, "abs", 1, in, NULL, &sum[0]));
    DSQ_TRY(dsq_import_new_floats(im, "one", &one, 1, &sum[1]));
    DSQ_TRY(dsq_import_emit_inner(im, DSQ_OP_ADD, "sum", 2, sum, NULL, &in[1]));
    return dsq_import_emit(im, DSQ_OP_DIV, 2, in, NULL);
}

/* x > alpha ? x : 0 */
enum dsq_status dsq_import_thresholded_relu(struct dsq_import *im)
{
    float alpha;
    const float zero = 0.0f;
    dsq_vid in[3], pair[2];
    DSQ_TRY(dsq_import_float(im, "alpha", 1.0f, &alpha));
    DSQ_TRY(dsq_import_in(im, 0, &in[1]));
    pair[0] = in[1];
    DSQ_TRY(dsq_import_new_floats(im, "alpha", &alpha, 1, &pair[1]));
    DSQ_TRY(dsq_import_new_floats(im, "zero", &zero, 1, &in[2]));
    DSQ_TRY(dsq_import_emit_inner(im, DSQ_OP_GREATER, "above", 2, pair, NULL, &in[0]));
    return dsq_import_emit(im, DSQ_OP_WHERE, 3, in, NULL);
}
