/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Conv and ConvTranspose with one or two spatial dimensions. The IR knows pictures only: one
 * dimension is a picture of height 1, between an unsqueeze and a squeeze.
 */
#include "onnx/import.h"

#include <math.h>

static bool pads_same(const struct dsq_window *w)
{
    return w->auto_pad == DSQ_PAD_SAME_UPPER || w->auto_pad == DSQ_PAD_SAME_LOWER;
}

static enum dsq_status refuse_gaps(struct dsq_import *im, const struct dsq_window *w, int k)
{
    return dsq_import_fail(im, DSQ_UNSUPPORTED,
                           "auto_pad with a kernel of %lld and a stride of %lld is not defined the "
                           "same way everywhere; use pads",
                           (long long)w->kernel[k], (long long)w->stride[k]);
}

/* SAME with windows so far apart that it would have to crop: some do, some do not. */
static enum dsq_status check_gaps(struct dsq_import *im, const struct dsq_window *w)
{
    for (int k = 0; k < 2; k++)
        if (pads_same(w) && (w->kernel[k] - 1) * w->dilation[k] + 2 < w->stride[k])
            return refuse_gaps(im, w, k);
    return DSQ_OK;
}

/* auto_pad of a transposed convolution: SAME makes the output `stride` times as large as the input,
 * which cuts off the same at every size. (With an output_shape the cut depends on the size; which
 * side is cut more stays in auto_pad.) */
static enum dsq_status settle_padding(struct dsq_import *im, struct dsq_conv_attr *a)
{
    struct dsq_window *w = &a->win;
    for (int k = 0; k < 2 && pads_same(w); k++) {
        int64_t cut = (w->kernel[k] - 1) * w->dilation[k] + 1 + a->out_pad[k] - w->stride[k];
        if (cut < 0)
            return refuse_gaps(im, w, k);
        w->pad[k] = w->auto_pad == DSQ_PAD_SAME_UPPER ? cut / 2 : cut - cut / 2;
        w->pad[k + 2] = cut - w->pad[k];
    }
    w->auto_pad = DSQ_PAD_EXPLICIT;
    return DSQ_OK;
}

/* What ConvTranspose has besides. */
static enum dsq_status read_out_size(struct dsq_import *im, size_t n, struct dsq_conv_attr *a)
{
    int64_t size[2] = {1, 1}; /* a picture of height 1 stays one */
    DSQ_TRY(dsq_import_numbers(im, "output_padding", n, 0, a->out_pad));
    DSQ_TRY(dsq_import_numbers(im, "output_shape", n, 1, size));
    for (int k = 0; k < 2 && dsq_import_has_attr(im, "output_shape"); k++)
        a->out_size[k] = size[k];
    for (int k = 0; k < 2; k++)
        if (a->out_pad[k] >= a->win.stride[k] && a->out_pad[k] >= a->win.dilation[k])
            return dsq_import_fail(im, DSQ_MALFORMED,
                                   "output_padding %lld must be less than the stride or dilation",
                                   (long long)a->out_pad[k]);
    return a->out_size[0] ? DSQ_OK : settle_padding(im, a);
}

static enum dsq_status check_weights(struct dsq_import *im, const struct dsq_onnx_tensor *w)
{
    const char *name = im->node->input[1];
    const int n = (int)w->shape.rank - 2;
    if (n < 1)
        return dsq_import_fail(im, DSQ_MALFORMED, "weights '%s' have rank %d, expected 4", name,
                               (int)w->shape.rank);
    if (n > 2)
        return dsq_import_fail(im, DSQ_UNSUPPORTED,
                               "is %d-dimensional; 1-D and 2-D (pictures) are supported", n);
    if (w->dtype != DSQ_F32)
        return dsq_import_fail(im, DSQ_UNSUPPORTED, "weights '%s' have type %s, expected f32", name,
                               dsq_dtype_name(w->dtype));
    for (int i = 0; i < n + 2; i++)
        if (w->shape.dim[i] < 1 || w->shape.dim[i] > INT32_MAX)
            return dsq_import_fail(im, DSQ_MALFORMED, "weights '%s': dimension %d is %lld", name, i,
                                   (long long)w->shape.dim[i]);
    return DSQ_OK;
}

/* Weights [O,I/group,...] or, transposed, [I,O/group,...], and the kernel_shape that repeats their
 * size. */
static enum dsq_status read_form(struct dsq_import *im, const struct dsq_onnx_tensor *w,
                                 struct dsq_conv_form *f)
{
    const dsq_dim *dim = w->shape.dim;
    const size_t n = (size_t)w->shape.rank - 2;
    int64_t kernel[DSQ_IMPORT_SPATIAL];
    size_t have;
    DSQ_TRY(dsq_import_ints(im, "kernel_shape", DSQ_IMPORT_SPATIAL, kernel, &have));
    for (size_t i = 0; i < have; i++)
        if (have != n || kernel[i] != dim[2 + i])
            return dsq_import_fail(im, DSQ_MALFORMED, "kernel_shape is not the weights' %lldx%lld",
                                   n > 1 ? (long long)dim[2] : 1LL, (long long)dim[1 + n]);
    f->kernel[0] = n > 1 ? dim[2] : 1;
    f->kernel[1] = dim[1 + n];
    DSQ_TRY(dsq_import_int(im, "group", 1, &f->groups));
    if (f->groups < 1 || dim[0] % f->groups)
        return dsq_import_fail(im, DSQ_MALFORMED, "group %lld does not divide %lld %s channels",
                               (long long)f->groups, (long long)dim[0],
                               f->in_first ? "input" : "output");
    f->group_in = f->in_first ? dim[0] / f->groups : dim[1];
    f->out_channels = dim[0];
    if (f->in_first && (__builtin_mul_overflow(dim[1], f->groups, &f->out_channels) ||
                        f->out_channels > INT32_MAX))
        return dsq_import_fail(im, DSQ_MALFORMED,
                               "%lld groups of %lld output channels are too many",
                               (long long)f->groups, (long long)dim[1]);
    return DSQ_OK;
}

static enum dsq_status read_bias(struct dsq_import *im, int64_t out_channels, dsq_vid *b)
{
    struct dsq_import_name *root;
    struct dsq_onnx_tensor t;
    *b = DSQ_NO_VALUE;
    if (!dsq_import_has_in(im, 2))
        return DSQ_OK;
    DSQ_TRY(dsq_import_const_in(im, 2, "bias", &root, &t));
    if (t.dtype != DSQ_F32 || t.shape.rank != 1 || t.shape.dim[0] != out_channels)
        return dsq_import_fail(im, DSQ_MALFORMED, "bias '%s' must be %lld floats",
                               im->node->input[2], (long long)out_channels);
    return dsq_import_const_value(im, 2, b);
}

/* conv, or, for one dimension, unsqueeze, conv, squeeze. */
static enum dsq_status emit(struct dsq_import *im, size_t n_spatial, dsq_vid *in,
                            const struct dsq_conv_attr *a)
{
    enum { N_IN = DSQ_CONV_FIXED + DSQ_CONV_PER_SEGMENT };
    static const int64_t height = 2;
    dsq_vid x, axes, picture[2];
    DSQ_TRY(dsq_import_in(im, 0, &x));
    in[DSQ_CONV_FIXED] = x;
    if (n_spatial == 2)
        return dsq_import_emit(im, DSQ_OP_CONV, N_IN, in, a);
    DSQ_TRY(dsq_import_new_ints(im, "axes", &height, 1, &axes));
    picture[0] = x;
    picture[1] = axes;
    DSQ_TRY(
        dsq_import_emit_inner(im, DSQ_OP_UNSQUEEZE, "x", 2, picture, NULL, &in[DSQ_CONV_FIXED]));
    DSQ_TRY(dsq_import_emit_inner(im, DSQ_OP_CONV, "picture", N_IN, in, a, &picture[0]));
    return dsq_import_emit(im, DSQ_OP_SQUEEZE, 2, picture, NULL);
}

static enum dsq_status import_conv(struct dsq_import *im, bool transposed)
{
    struct dsq_conv_attr attr = {.act = DSQ_ACT_NONE, .act_lo = -INFINITY, .act_hi = INFINITY};
    struct dsq_conv_form form = {.in_first = transposed};
    struct dsq_import_name *weight;
    struct dsq_onnx_tensor t;
    dsq_vid in[DSQ_CONV_FIXED + DSQ_CONV_PER_SEGMENT] = {DSQ_NO_VALUE, DSQ_NO_VALUE, DSQ_NO_VALUE,
                                                         DSQ_NO_VALUE, DSQ_NO_VALUE};
    DSQ_TRY(dsq_import_const_in(im, 1, "weights", &weight, &t));
    DSQ_TRY(check_weights(im, &t));
    DSQ_TRY(read_form(im, &t, &form));
    const size_t n_spatial = (size_t)t.shape.rank - 2;
    attr.win.kernel[0] = form.kernel[0];
    attr.win.kernel[1] = form.kernel[1];
    attr.group = form.groups;
    attr.out_channels = form.out_channels;
    attr.transposed = transposed;
    DSQ_TRY(dsq_import_window(im, n_spatial, &attr.win));
    DSQ_TRY(transposed ? read_out_size(im, n_spatial, &attr) : check_gaps(im, &attr.win));
    DSQ_TRY(dsq_import_conv_weight(im, 1, &form, &in[DSQ_CONV_W]));
    DSQ_TRY(read_bias(im, attr.out_channels, &in[DSQ_CONV_B]));
    return emit(im, n_spatial, in, &attr);
}

enum dsq_status dsq_import_conv(struct dsq_import *im)
{
    return import_conv(im, false);
}

enum dsq_status dsq_import_conv_transpose(struct dsq_import *im)
{
    return import_conv(im, true);
}
