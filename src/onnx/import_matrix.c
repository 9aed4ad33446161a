/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Gemm and MatMul. Where the right matrix is a constant of two dimensions, the product is a 1x1
 * convolution over pictures of one pixel, one for each row of the left matrix:
 *
 *     [.., M, K] -> [rows, K, 1, 1] -> conv -> [rows, N, 1, 1] -> [.., M, N]
 *
 * so that its kernels, fusions and quantization serve. Anything else is a matmul node.
 */
#include "onnx/import.h"

#include <math.h>
#include <stdio.h>

/* The constant matrix of input 1, if it is one that a convolution can take: its form. */
static enum dsq_status weights(struct dsq_import *im, bool in_first, bool *fits,
                               struct dsq_conv_form *f)
{
    struct dsq_import_name *e, *root;
    struct dsq_onnx_tensor t;
    *fits = false;
    DSQ_TRY(dsq_import_find(im, im->node->input[1], &e));
    DSQ_TRY(dsq_import_constant(im, e, &root));
    if (!root)
        DSQ_TRY(dsq_import_fold(im, e, &root));
    if (!root)
        return DSQ_OK;
    DSQ_TRY(dsq_import_contents(im, root, &t));
    const dsq_dim *dim = t.shape.dim;
    if (t.dtype != DSQ_F32 || t.shape.rank != 2 || dim[0] < 1 || dim[1] < 1 || dim[0] > INT32_MAX ||
        dim[1] > INT32_MAX)
        return DSQ_OK;
    *fits = true;
    *f = (struct dsq_conv_form){.in_first = in_first,
                                .groups = 1,
                                .out_channels = dim[in_first],
                                .group_in = dim[!in_first],
                                .kernel = {1, 1}};
    return DSQ_OK;
}

/* The convolution of rows [rows, K, 1, 1]: its inner value is `what`. */
static enum dsq_status emit_conv(struct dsq_import *im, const struct dsq_conv_form *f,
                                 const char *what, dsq_vid rows, dsq_vid bias, dsq_vid *out)
{
    enum { N_IN = DSQ_CONV_FIXED + DSQ_CONV_PER_SEGMENT };
    const struct dsq_conv_attr attr = {
        .win = {.kernel = {1, 1}, .stride = {1, 1}, .dilation = {1, 1}},
        .group = 1,
        .out_channels = f->out_channels,
        .act = DSQ_ACT_NONE,
        .act_lo = -INFINITY,
        .act_hi = INFINITY};
    dsq_vid in[N_IN] = {DSQ_NO_VALUE, bias, rows, DSQ_NO_VALUE, DSQ_NO_VALUE};
    DSQ_TRY(dsq_import_conv_weight(im, 1, f, &in[DSQ_CONV_W]));
    return dsq_import_emit_inner(im, DSQ_OP_CONV, what, N_IN, in, &attr, out);
}

/* ---- Gemm ---- */

struct gemm {
    float alpha, beta;
    int64_t trans_a, trans_b;
    dsq_vid c; /* what is added as it is: not the bias of a convolution */
};

/* x * factor, rank-4 x or not: a node only where the factor is not 1. */
static enum dsq_status scale(struct dsq_import *im, const char *what, float factor, dsq_vid *x)
{
    dsq_vid in[2] = {*x, DSQ_NO_VALUE};
    char name[32];
    if (factor == 1.0f)
        return DSQ_OK;
    snprintf(name, sizeof name, "%s_factor", what);
    DSQ_TRY(dsq_import_new_floats(im, name, &factor, 1, &in[1]));
    return dsq_import_emit_inner(im, DSQ_OP_MUL, what, 2, in, NULL, x);
}

static enum dsq_status transpose(struct dsq_import *im, const char *what, dsq_vid *x)
{
    const struct dsq_perm_attr swap = {.n = 2, .perm = {1, 0}};
    const dsq_vid in = *x;
    return dsq_import_emit_inner(im, DSQ_OP_TRANSPOSE, what, 1, &in, &swap, x);
}

/* C as the bias of the convolution, if it is N constants and nothing scales them. */
static enum dsq_status bias_of(struct dsq_import *im, const struct gemm *g, int64_t n,
                               dsq_vid *bias)
{
    struct dsq_import_name *e, *root;
    struct dsq_onnx_tensor t;
    *bias = DSQ_NO_VALUE;
    if (!dsq_import_has_in(im, 2) || g->alpha != 1.0f || g->beta != 1.0f)
        return DSQ_OK;
    DSQ_TRY(dsq_import_find(im, im->node->input[2], &e));
    DSQ_TRY(dsq_import_constant(im, e, &root));
    if (!root)
        return DSQ_OK;
    DSQ_TRY(dsq_import_contents(im, root, &t));
    if (t.dtype != DSQ_F32 || t.shape.rank != 1 || t.shape.dim[0] != n)
        return DSQ_OK;
    return dsq_import_const_value(im, 2, bias);
}

/* The last node: y, or y + C. */
static enum dsq_status finish(struct dsq_import *im, const struct gemm *g, enum dsq_op op,
                              const char *what, const dsq_vid *in, const void *attr)
{
    dsq_vid sum[2] = {DSQ_NO_VALUE, g->c};
    if (g->c == DSQ_NO_VALUE)
        return dsq_import_emit(im, op, 2, in, attr);
    DSQ_TRY(dsq_import_emit_inner(im, op, what, 2, in, attr, &sum[0]));
    return dsq_import_emit(im, DSQ_OP_ADD, 2, sum, NULL);
}

static enum dsq_status gemm_conv(struct dsq_import *im, struct gemm *g,
                                 const struct dsq_conv_form *f, dsq_vid a)
{
    static const int64_t pixel[] = {2, 3};
    dsq_vid in[2] = {a, DSQ_NO_VALUE}, rows, bias, y[2];
    DSQ_TRY(dsq_import_new_ints(im, "axes", pixel, 2, &in[1]));
    DSQ_TRY(dsq_import_emit_inner(im, DSQ_OP_UNSQUEEZE, "rows", 2, in, NULL, &rows));
    DSQ_TRY(bias_of(im, g, f->out_channels, &bias));
    if (bias != DSQ_NO_VALUE)
        g->c = DSQ_NO_VALUE;
    DSQ_TRY(emit_conv(im, f, "product", rows, bias, &y[0]));
    DSQ_TRY(scale(im, "scaled", g->alpha, &y[0])); /* fused into the weights by a pass */
    y[1] = in[1];
    return finish(im, g, DSQ_OP_SQUEEZE, "matrix", y, NULL);
}

static enum dsq_status gemm_matmul(struct dsq_import *im, struct gemm *g, dsq_vid a)
{
    dsq_vid in[2] = {a, DSQ_NO_VALUE};
    DSQ_TRY(dsq_import_in(im, 1, &in[1]));
    if (g->trans_b)
        DSQ_TRY(transpose(im, "b", &in[1]));
    DSQ_TRY(scale(im, "scaled", g->alpha, &in[0]));
    return finish(im, g, DSQ_OP_MATMUL, "matrix", in, NULL);
}

enum dsq_status dsq_import_gemm(struct dsq_import *im)
{
    struct gemm g = {.c = DSQ_NO_VALUE};
    struct dsq_conv_form form;
    dsq_vid a;
    bool fits;
    DSQ_TRY(dsq_import_float(im, "alpha", 1.0f, &g.alpha));
    DSQ_TRY(dsq_import_float(im, "beta", 1.0f, &g.beta));
    DSQ_TRY(dsq_import_int(im, "transA", 0, &g.trans_a));
    DSQ_TRY(dsq_import_int(im, "transB", 0, &g.trans_b));
    DSQ_TRY(dsq_import_in(im, 0, &a));
    if (g.trans_a)
        DSQ_TRY(transpose(im, "a", &a));
    DSQ_TRY(dsq_import_in_or_none(im, 2, &g.c));
    if (g.c != DSQ_NO_VALUE)
        DSQ_TRY(scale(im, "c", g.beta, &g.c));
    DSQ_TRY(weights(im, !g.trans_b, &fits, &form));
    return fits ? gemm_conv(im, &g, &form, a) : gemm_matmul(im, &g, a);
}

/* ---- MatMul ---- */

/* The product's shape: that of the left matrix with N in place of K. */
static enum dsq_status product_shape(struct dsq_import *im, dsq_vid a, int64_t n, dsq_vid *shape)
{
    static const int64_t zero = 0, last = -1;
    const struct dsq_axis_attr axis = {0};
    dsq_vid cut[4], join[2];
    DSQ_TRY(dsq_import_emit_inner(im, DSQ_OP_SHAPE, "shape", 1, &a, NULL, &cut[0]));
    DSQ_TRY(dsq_import_new_ints(im, "start", &zero, 1, &cut[1]));
    DSQ_TRY(dsq_import_new_ints(im, "end", &last, 1, &cut[2]));
    DSQ_TRY(dsq_import_new_ints(im, "axis", &zero, 1, &cut[3]));
    DSQ_TRY(dsq_import_emit_inner(im, DSQ_OP_SLICE, "leading", 4, cut, NULL, &join[0]));
    DSQ_TRY(dsq_import_new_ints(im, "columns", &n, 1, &join[1]));
    return dsq_import_emit_inner(im, DSQ_OP_CONCAT, "sizes", 2, join, &axis, shape);
}

enum dsq_status dsq_import_matmul(struct dsq_import *im)
{
    static const struct dsq_reshape_attr plain = {0};
    struct dsq_conv_form form;
    dsq_vid in[2], rows;
    bool fits;
    DSQ_TRY(dsq_import_in(im, 0, &in[0]));
    DSQ_TRY(weights(im, true, &fits, &form));
    if (!fits) {
        DSQ_TRY(dsq_import_in(im, 1, &in[1]));
        return dsq_import_emit(im, DSQ_OP_MATMUL, 2, in, NULL);
    }
    const int64_t pixels[] = {-1, form.group_in, 1, 1};
    const dsq_vid a = in[0];
    DSQ_TRY(dsq_import_new_ints(im, "pixels", pixels, 4, &in[1]));
    DSQ_TRY(dsq_import_emit_inner(im, DSQ_OP_RESHAPE, "rows", 2, in, &plain, &rows));
    DSQ_TRY(emit_conv(im, &form, "product", rows, DSQ_NO_VALUE, &in[0]));
    DSQ_TRY(product_shape(im, a, form.out_channels, &in[1]));
    return dsq_import_emit(im, DSQ_OP_RESHAPE, 2, in, &plain);
}
