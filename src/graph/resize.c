/* SPDX-License-Identifier: Apache-2.0 */
/* Source positions of resize, after onnx/reference/ops/op_resize.py. */
#include "graph/resize.h"

#include <math.h>

int32_t dsq_resize_entry(const struct dsq_resize_attr *a, int32_t dim, int32_t rank)
{
    if (a->n_axes == 0)
        return dim;
    for (int32_t k = 0; k < a->n_axes && k < DSQ_MAX_RANK; k++)
        if (a->axes[k] == dim || a->axes[k] + rank == dim)
            return k;
    return -1;
}

struct dsq_ratio dsq_resize_ratio(int64_t policy, int32_t n, const int64_t *size, const int64_t *in)
{
    struct dsq_ratio r = {size[0], in[0]};
    for (int32_t k = 1; k < n; k++) {
        const __int128 mine = (__int128)size[k] * r.den, best = (__int128)r.num * in[k];
        if (policy == DSQ_POLICY_NOT_LARGER ? mine < best : mine > best)
            r = (struct dsq_ratio){size[k], in[k]};
    }
    return r;
}

int64_t dsq_resize_by_ratio(struct dsq_ratio r, int64_t in)
{
    return (int64_t)(((__int128)2 * r.num * in + r.den) / ((__int128)2 * r.den));
}

/* The output's length before it is rounded down to whole pixels, which ONNX's node tests take.
 * What differs by the rounding of `scale` alone is whole. */
static float resized_length(const struct dsq_resize_axis *axis)
{
    const double length = axis->scale * (double)axis->in, out = (double)axis->out;
    return fabs(length - out) <= 1e-6 * length ? (float)out : (float)length;
}

static float crop_position(const struct dsq_resize_axis *axis, float x, float length)
{
    const float last = (float)(axis->in - 1), begin = axis->roi[0], size = axis->roi[1] - begin;
    if (length == 1.0f)
        return 0.5f * (begin + axis->roi[1]) * last;
    return begin * last + x * size * last / (length - 1.0f);
}

/* Where the centre of output pixel i lies in the input. */
static float source_position(const struct dsq_resize_axis *axis, int64_t i)
{
    const float x = (float)i, scale = (float)axis->scale, length = resized_length(axis);
    switch (axis->attr->coord) {
    case DSQ_COORD_ASYMMETRIC:
        return x / scale;
    case DSQ_COORD_ALIGN_CORNERS:
        return length == 1.0f ? 0.0f : x * (float)(axis->in - 1) / (length - 1.0f);
    case DSQ_COORD_PYTORCH_HALF_PIXEL:
        return axis->out == 1 ? 0.0f : (x + 0.5f) / scale - 0.5f;
    case DSQ_COORD_HALF_PIXEL_SYMMETRIC: {
        const float gap = (float)axis->in / 2.0f * (1.0f - (float)axis->out / length);
        return gap + (x + 0.5f) / scale - 0.5f;
    }
    case DSQ_COORD_TF_HALF_PIXEL_FOR_NN:
        return (x + 0.5f) / scale;
    case DSQ_COORD_TF_CROP_AND_RESIZE:
        return crop_position(axis, x, length);
    default:
        return (x + 0.5f) / scale - 0.5f;
    }
}

/* NaN, too. */
static bool is_extrapolated(const struct dsq_resize_axis *axis, float x)
{
    return axis->attr->coord == DSQ_COORD_TF_CROP_AND_RESIZE &&
           !(x >= 0.0f && x <= (float)(axis->in - 1));
}

static int64_t into(int64_t in, double y)
{
    const double last = (double)(in - 1);
    return y > 0 ? (int64_t)(y > last ? last : y) : 0; /* 0 for a NaN, too */
}

static int64_t rounding_of(const struct dsq_resize_axis *axis)
{
    if (axis->attr->round != DSQ_ROUND_SIMPLE)
        return axis->attr->round;
    return axis->scale < 1.0 ? DSQ_ROUND_CEIL : DSQ_ROUND_FLOOR;
}

int64_t dsq_resize_from(const struct dsq_resize_axis *axis, int64_t i)
{
    const double x = (double)source_position(axis, i);
    const double left = floor(x), from_half = x - left - 0.5;
    const bool half_way = fabs(from_half) <= 1e-6 * (fabs(x) + 1.0); /* as near as float tells */
    if (is_extrapolated(axis, (float)x))
        return -1;
    switch (rounding_of(axis)) {
    case DSQ_ROUND_PREFER_CEIL:
        return into(axis->in, half_way || from_half > 0.0 ? left + 1 : left);
    case DSQ_ROUND_FLOOR:
        return into(axis->in, left);
    case DSQ_ROUND_CEIL:
        return into(axis->in, ceil(x));
    default:
        return into(axis->in, half_way || from_half < 0.0 ? left : left + 1);
    }
}

void dsq_resize_between(const struct dsq_resize_axis *axis, int64_t i, int64_t between[2],
                        float *weight)
{
    const float last = (float)(axis->in - 1);
    float x = source_position(axis, i);
    x = x > 0 ? (x > last ? last : x) : 0;
    between[0] = into(axis->in, (double)x);
    between[1] = between[0] + 1 < axis->in ? between[0] + 1 : between[0];
    *weight = x - (float)between[0];
}

/* ---- cubic, antialias and crops ---- */

/* Antialias widens the kernel where it shrinks. */
static double kernel_scale(const struct dsq_resize_axis *axis)
{
    return axis->attr->antialias && axis->scale < 1.0 ? axis->scale : 1.0;
}

int64_t dsq_resize_n_taps(const struct dsq_resize_axis *axis)
{
    const double radius = axis->attr->mode == DSQ_RESIZE_CUBIC ? 2.0 : 1.0;
    return 2 - 2 * (int64_t)(floor(-radius / kernel_scale(axis)) + 1.0);
}

/* R. Keys, Cubic convolution interpolation for digital image processing, 1981; or a triangle. */
static double kernel_at(const struct dsq_resize_attr *attr, double x)
{
    const double a = (double)attr->cubic_a;
    x = fabs(x);
    if (attr->mode != DSQ_RESIZE_CUBIC)
        return x < 1.0 ? 1.0 - x : 0.0;
    if (x <= 1.0)
        return ((a + 2.0) * x - (a + 3.0)) * x * x + 1.0;
    return x < 2.0 ? ((a * x - 5.0 * a) * x + 8.0 * a) * x - 4.0 * a : 0.0;
}

/* Before they are made to sum up to 1. */
static double tap_weight(const struct dsq_resize_axis *axis, double at, double x)
{
    const bool outside = at < 0.0 || at > (double)(axis->in - 1);
    if (outside && axis->attr->exclude_outside)
        return 0.0;
    return kernel_at(axis->attr, (at - x) * kernel_scale(axis));
}

bool dsq_resize_taps(const struct dsq_resize_axis *axis, int64_t i, int64_t *index, float *weight)
{
    const int64_t n = dsq_resize_n_taps(axis);
    const float position = source_position(axis, i);
    const double x = (double)position, first = ceil(x) - (double)(n / 2);
    double sum = 0.0;
    if (is_extrapolated(axis, position))
        return false;
    for (int64_t k = 0; k < n; k++)
        sum += tap_weight(axis, first + (double)k, x);
    for (int64_t k = 0; k < n; k++) {
        index[k] = into(axis->in, first + (double)k);
        weight[k] = (float)(tap_weight(axis, first + (double)k, x) / sum);
    }
    return true;
}
