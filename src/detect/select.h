/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The best K scores of a level. They live in a heap whose worst is on top; once it is full its
 * worst is the threshold. Equal values go by their index, so the result is unique.
 *
 * The index of a score: (cell * anchors + anchor) * classes + class, cells in row order.
 */
#ifndef DSQ_DETECT_SELECT_H
#define DSQ_DETECT_SELECT_H

#include "detect/outputs.h"

struct dsq_pick {
    float value; /* a score, or its logit */
    int64_t index;
};

struct dsq_selection {
    bool logits;         /* the values still need the sigmoid */
    bool best_class;     /* only the best class of each anchor */
    float lowest, limit; /* of the task; of the heap: values must be greater */
    struct dsq_pick *heap;
    size_t n, capacity;
};

/* Begin: with `logits` the threshold is led back through the sigmoid. heap and capacity are the
 * caller's. */
void dsq_select_start(struct dsq_selection *s, const struct dsq_task *task, bool logits);

/* What the score threshold means for values: a float x passes exactly when x > this. For logits
 * that is when sigmoid(x) > threshold. */
float dsq_select_limit(const struct dsq_task *task, bool logits);

/* Every number of a map of anchors * n_classes channels. */
void dsq_select_map(struct dsq_selection *s, const struct dsq_map *map, int32_t n_classes);

/* The scores of one anchor, whose first class has the index `first`. */
void dsq_select_scores(struct dsq_selection *s, const float *score, int32_t n_classes,
                       int64_t first);

#endif
