/* SPDX-License-Identifier: Apache-2.0 */
/* The geometry of windows: output size and effective padding of convolutions and pools. */
#include "graph/infer.h"

static const int64_t LIMIT = INT64_C(1)
                             << 31; /* of kernels, strides, ...: keeps every sum in range */

/* Kernel, stride and dilation at least 1, pads at least 0. */
static bool is_sound(const struct dsq_window *w, int axis)
{
    const int64_t sizes[] = {w->kernel[axis], w->dilation[axis], w->stride[axis], w->pad[axis],
                             w->pad[axis + 2]};
    for (int i = 0; i < 5; i++)
        if (sizes[i] < (i < 3) || sizes[i] > LIMIT)
            return false;
    return true;
}

/* The last window may hang over the end, but must begin before the end padding does. With first
 * positions i stride that is i < (in + begin) / stride beside i <= (in + begin + end - k) / stride
 * rounded up; both bounds have the same divisor, so their minimum is one form again. */
static dsq_dim ceil_out(struct dsq_dims *t, dsq_dim in, int64_t begin, int64_t end, int64_t k,
                        int64_t stride)
{
    int64_t hang = end - k + stride < 0 ? end - k + stride : 0;
    return dsq_dim_affine(t, in, 1, begin + stride - 1 + hang, stride);
}

bool dsq_window_axis(struct dsq_dims *t, const struct dsq_window *w, int axis, dsq_dim in,
                     struct dsq_window_axis *out)
{
    int64_t stride = w->stride[axis], begin = w->pad[axis], end = w->pad[axis + 2];
    if (!is_sound(w, axis))
        return false;
    int64_t k = (w->kernel[axis] - 1) * w->dilation[axis] + 1;
    *out = (struct dsq_window_axis){.out = DSQ_DIM_UNKNOWN};
    if (w->auto_pad == DSQ_PAD_SAME_UPPER || w->auto_pad == DSQ_PAD_SAME_LOWER) {
        out->out = dsq_dim_affine(t, in, 1, stride - 1, stride);
        if (dsq_dim_is_number(in)) {
            int64_t span, total = 0;
            if (in < 1 || __builtin_mul_overflow(out->out - 1, stride, &span))
                return false;
            if (k > in - span)
                total = k - (in - span);
            out->pad_before = w->auto_pad == DSQ_PAD_SAME_UPPER ? total / 2 : total - total / 2;
            out->pad_after = total - out->pad_before;
        }
        return !dsq_dim_is_number(in) || out->out > 0;
    }
    if (w->auto_pad == DSQ_PAD_VALID)
        begin = end = 0;
    out->pad_before = begin;
    out->pad_after = end;
    out->out = w->ceil_mode && w->auto_pad != DSQ_PAD_VALID
                   ? ceil_out(t, in, begin, end, k, stride)
                   : dsq_dim_affine(t, in, 1, begin + end - k + stride, stride);
    return !dsq_dim_is_number(in) || (in > 0 && out->out > 0);
}

/* y[o] sums over all pairs with o + begin = i stride + k dilation, so the full output has one
 * element for each sum from 0 to (in - 1) stride + (kernel - 1) dilation, and out_pad more. */
static bool transposed_axis(struct dsq_dims *t, const struct dsq_conv_attr *a, int axis, dsq_dim in,
                            struct dsq_window_axis *out)
{
    const struct dsq_window *w = &a->win;
    const int64_t stride = w->stride[axis], size = a->out_size[axis], end = w->pad[axis + 2];
    if (!is_sound(w, axis) || a->out_pad[axis] < 0 || a->out_pad[axis] > LIMIT || size < 0 ||
        size > LIMIT || (dsq_dim_is_number(in) && in < 1))
        return false;
    /* The full output is in stride + rest. */
    const int64_t rest = (w->kernel[axis] - 1) * w->dilation[axis] + 1 + a->out_pad[axis] - stride;
    *out = (struct dsq_window_axis){.pad_before = w->pad[axis]};
    if (!size) {
        out->out = dsq_dim_affine(t, in, stride, rest - w->pad[axis] - end, 1);
        return !dsq_dim_is_number(in) || out->out > 0;
    }
    int64_t full;
    out->out = size;
    out->pad_before = 0;
    if (!dsq_dim_is_number(in))
        return true;
    if (__builtin_mul_overflow(in, stride, &full) || __builtin_add_overflow(full, rest, &full))
        return false;
    const int64_t cut = full > size ? full - size : 0;
    out->pad_before = w->auto_pad == DSQ_PAD_SAME_UPPER ? cut / 2 : cut - cut / 2;
    return true;
}

bool dsq_conv_axis(struct dsq_dims *t, const struct dsq_conv_attr *a, int axis, dsq_dim in,
                   struct dsq_window_axis *out)
{
    return a->transposed ? transposed_axis(t, a, axis, in, out)
                         : dsq_window_axis(t, &a->win, axis, in, out);
}
