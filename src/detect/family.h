/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Families of detectors: how outputs become levels, levels scores, and scores boxes. Everything
 * else (the best K, clipping, order, suppression, the way back) is decode.c's and the same for all.
 *
 * To add a family: 1 an enumerator of dsq_task_family and its word in task_fields.c; 2 the fields
 * it uses, there too; 3 a file decode_NAME.c with its functions, declared here; 4 its row in
 * decode.c; 5 a preset and docs/tasks.md.
 */
#ifndef DSQ_DETECT_FAMILY_H
#define DSQ_DETECT_FAMILY_H

#include "detect/nms.h"
#include "detect/prepare.h"
#include "detect/select.h"

struct dsq_level {
    struct dsq_map score, box;         /* as the family needs them */
    const char *score_name, *box_name; /* of the outputs, for messages */
    int32_t level, n_classes;
    int32_t anchors; /* boxes a cell */
    float stride_x, stride_y;
};

struct dsq_family {
    /* Find the outputs of the task's levels, check them, and fill dsq_task_levels(task) levels.
     * SHAPE names the output whose shape does not fit. */
    enum dsq_status (*open)(const struct dsq_task *task, const struct dsq_outputs *o,
                            const struct dsq_prepared_size *ps, struct dsq_level *levels,
                            struct dsq_diag *d) DSQ_MUST_CHECK;
    /* Start the selection and show it every score of the level. NOMEM. */
    enum dsq_status (*select)(const struct dsq_task *task, const struct dsq_level *level,
                              struct dsq_selection *s, const struct dsq_allocator *a,
                              struct dsq_diag *d) DSQ_MUST_CHECK;
    /* x0 ... y1 of c[i] for pick[i], in pixels of the network's input, unclipped. */
    void (*boxes)(const struct dsq_task *task, const struct dsq_level *level,
                  const struct dsq_pick *pick, size_t n, struct dsq_candidate *c);
};

/* RetinaNet: anchors; scores are sigmoids, or a softmax with a background. */
extern const struct dsq_family dsq_family_retinanet;
/* NanoDet: distances of the four sides as distributions over bins. */
extern const struct dsq_family dsq_family_nanodet;
/* YOLOX: one box a cell, class scores times objectness. */
extern const struct dsq_family dsq_family_yolox;

/* One output with a row of numbers for every cell of every level: each level's part of it, with
 * grids of ceil(input / stride) cells. SHAPE when the cells are not so many. `score` is filled. */
enum dsq_status dsq_levels_of_rows(const struct dsq_task *task, const struct dsq_outputs *o,
                                   int32_t output, const struct dsq_prepared_size *ps,
                                   struct dsq_level *levels, struct dsq_diag *d) DSQ_MUST_CHECK;

/* A score map and a box map for each level, by name or order: `score` and `box` are filled. SHAPE
 * also when their grids differ. */
enum dsq_status dsq_levels_of_maps(const struct dsq_task *task, const struct dsq_outputs *o,
                                   struct dsq_level *levels, struct dsq_diag *d) DSQ_MUST_CHECK;

/* The classes of a map of `channels` channels, `other` of which are no scores. SHAPE when they are
 * not as many as the task's. */
enum dsq_status dsq_level_classes(const struct dsq_task *task, struct dsq_level *l,
                                  int64_t channels, int64_t other,
                                  struct dsq_diag *d) DSQ_MUST_CHECK;

#endif
