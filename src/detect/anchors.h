/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Anchors: the boxes of one grid cell that the deltas of a RetinaNet are relative to.
 *
 * With r = height / width, base b and scale s, an anchor has the sides
 *   rounding "none"     w = b s / sqrt(r)                    h = b s sqrt(r)
 *   rounding "base"     w = s round(sqrt(b b / r))           h = s round(round(sqrt(b b / r)) r)
 *   rounding "corners"  w = 2 round(floor(b s) / sqrt(r) / 2) h = 2 round(floor(b s) sqrt(r) / 2)
 * (round: half to even) around the point (x + offset) * stride of cell x. "inclusive" extents name
 * the last pixel instead of one past it: such an anchor is 1 shorter, and such a box coding counts
 * it 1 longer.
 */
#ifndef DSQ_DETECT_ANCHORS_H
#define DSQ_DETECT_ANCHORS_H

#include "detect/task.h"

struct dsq_anchor {
    float width, height;      /* as the box coding counts them */
    float center_x, center_y; /* in cell (0, 0), pixels of the network's input */
};

#define DSQ_MAX_ANCHORS (DSQ_TASK_MAX_NUMBERS * DSQ_TASK_MAX_NUMBERS)

/* Anchors a cell: scales times ratios. */
int32_t dsq_anchor_count(const struct dsq_task *task);

/* The anchors of `level`, in the order of the score map's channels. Strides in pixels. */
void dsq_anchors_make(const struct dsq_task *task, int32_t level, float stride_x, float stride_y,
                      struct dsq_anchor *anchors);

#endif
