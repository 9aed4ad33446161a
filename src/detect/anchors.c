/* SPDX-License-Identifier: Apache-2.0 */
/* The anchors of one grid cell; the formulas are in anchors.h. */
#include "detect/anchors.h"

#include <math.h>

int32_t dsq_anchor_count(const struct dsq_task *task)
{
    return task->anchor_scales.n * task->anchor_ratios.n;
}

static void anchor_sides(int32_t rounding, double base, double scale, double ratio, double *w,
                         double *h)
{
    if (rounding == DSQ_ANCHOR_ROUND_BASE) {
        double side = nearbyint(sqrt(base * base / ratio));
        *w = scale * side;
        *h = scale * nearbyint(side * ratio);
    } else if (rounding == DSQ_ANCHOR_ROUND_CORNERS) {
        double size = floor(base * scale), root = sqrt(ratio);
        *w = 2.0 * nearbyint(size / root / 2.0);
        *h = 2.0 * nearbyint(size * root / 2.0);
    } else {
        *w = base * scale / sqrt(ratio);
        *h = base * scale * sqrt(ratio);
    }
}

void dsq_anchors_make(const struct dsq_task *task, int32_t level, float stride_x, float stride_y,
                      struct dsq_anchor *anchors)
{
    double longer = (task->box_extent == DSQ_EXTENT_INCLUSIVE ? 1.0 : 0.0) -
                    (task->anchor_extent == DSQ_EXTENT_INCLUSIVE ? 1.0 : 0.0);
    bool ratio_major = task->anchor_order == DSQ_RATIO_MAJOR;
    int32_t n_inner = ratio_major ? task->anchor_scales.n : task->anchor_ratios.n;
    for (int32_t i = 0; i < dsq_anchor_count(task); i++) {
        int32_t outer = i / n_inner, inner = i % n_inner;
        double scale = task->anchor_scales.v[ratio_major ? inner : outer];
        double ratio = task->anchor_ratios.v[ratio_major ? outer : inner];
        double w, h;
        anchor_sides(task->anchor_rounding, task->anchor_base_sizes.v[level], scale, ratio, &w, &h);
        anchors[i].width = (float)(w + longer);
        anchors[i].height = (float)(h + longer);
        anchors[i].center_x = (float)(task->anchor_center_offset * stride_x + longer / 2.0);
        anchors[i].center_y = (float)(task->anchor_center_offset * stride_y + longer / 2.0);
    }
}
