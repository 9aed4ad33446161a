/* SPDX-License-Identifier: Apache-2.0 */
/*
 * RetinaNet's levels: from a score map and a box map to candidates.
 *
 * Score channel = anchor * classes + class; box channel = anchor * 4 + {dx, dy, dw, dh}. A box:
 *   center = anchor center + d * anchor side;  side = anchor side * exp(clamped d)
 */
#ifndef DSQ_DETECT_DECODE_RETINANET_H
#define DSQ_DETECT_DECODE_RETINANET_H

#include "detect/nms.h"
#include "detect/prepare.h"
#include "detect/task.h"

/* One picture of one output; steps in floats between neighbours. */
struct dsq_map {
    const float *data;
    int64_t channels, height, width;
    ptrdiff_t step_c, step_y, step_x;
};

struct dsq_level {
    struct dsq_map score, box;
    int32_t level, n_classes;
    float stride_x, stride_y;
};

/* The logit that the score threshold means: a float x has sigmoid(x) > threshold exactly when x >
 * this. With activation "none" the largest float that does not pass. */
float dsq_score_limit(const struct dsq_task *task);

/* How many candidates a level can give at most. */
size_t dsq_level_capacity(const struct dsq_task *task, const struct dsq_level *level);

/* The level's best candidates over the threshold, at most dsq_level_capacity, in no particular
 * order; boxes in pixels of the network's input, clipped as the task says, empty ones left out. */
enum dsq_status dsq_decode_retinanet(const struct dsq_task *task, const struct dsq_level *level,
                                     const struct dsq_prepared_size *ps,
                                     struct dsq_candidate *candidates, size_t *n,
                                     const struct dsq_allocator *a,
                                     struct dsq_diag *d) DSQ_MUST_CHECK;

#endif
