/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Candidates: boxes with a score before suppression; and class-wise greedy suppression.
 */
#ifndef DSQ_DETECT_NMS_H
#define DSQ_DETECT_NMS_H

#include <stddef.h>
#include <stdint.h>

struct dsq_candidate {
    float x0, y0, x1, y1; /* x1, y1: one past the last pixel; x0 < x1, y0 < y1 */
    float score;
    int32_t label, level;
    int64_t index; /* in the level's map: pixel * channels + channel */
};

/* Best first: score descending, then level, then index. A total order, so the result is unique. */
void dsq_candidates_sort(struct dsq_candidate *c, size_t n);

/* Of n sorted candidates keep those that no better kept one of the same class overlaps by more than
 * `threshold` (intersection over union), `max` at most; they move to the front. Returns how many.
 */
size_t dsq_nms(struct dsq_candidate *c, size_t n, double threshold, size_t max);

#endif
