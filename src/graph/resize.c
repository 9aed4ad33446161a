/* SPDX-License-Identifier: Apache-2.0 */
/* Source positions of resize, after onnx/reference/ops/op_resize.py. */
#include "graph/resize.h"

#include <math.h>

/* The output's length as align_corners means it: ONNX's node tests take it before it is rounded
 * down to whole pixels. What differs by the rounding of `scale` alone is whole. */
static float resized_length(const struct dsq_resize_axis *axis)
{
    const double length = axis->scale * (double)axis->in, out = (double)axis->out;
    return fabs(length - out) <= 1e-6 * length ? (float)out : (float)length;
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
    default:
        return (x + 0.5f) / scale - 0.5f;
    }
}

static int64_t into(int64_t in, double y)
{
    const double last = (double)(in - 1);
    return y > 0 ? (int64_t)(y > last ? last : y) : 0; /* 0 for a NaN, too */
}

int64_t dsq_resize_from(const struct dsq_resize_axis *axis, int64_t i)
{
    const double x = (double)source_position(axis, i);
    const double left = floor(x), from_half = x - left - 0.5;
    const bool half_way = fabs(from_half) <= 1e-6 * (fabs(x) + 1.0); /* as near as float tells */
    switch (axis->attr->round) {
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
