/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Preparation: a picture becomes a network's input as the task says: resized, normalized, padded
 * right and below. And the numbers that lead boxes back to the picture.
 */
#ifndef DSQ_DETECT_PREPARE_H
#define DSQ_DETECT_PREPARE_H

#include <dsq/dsq.h>

#include "detect/task.h"

struct dsq_prepared_size {
    int32_t width, height;                   /* of the network's input, padding included */
    int32_t content_width, content_height;   /* of the resized picture in its upper left corner */
    float scale_x, scale_y;                  /* input = picture * scale */
    int32_t original_width, original_height; /* of the picture */
};

/* The sizes that a picture of width x height gets; no side shrinks below one pixel. SHAPE when the
 * input would be absurdly large (more than 2^28 pixels). */
enum dsq_status dsq_prepare_size(const struct dsq_task *task, int32_t width, int32_t height,
                                 struct dsq_prepared_size *ps, struct dsq_diag *d) DSQ_MUST_CHECK;

/* Fill dst with [3][ps->height][ps->width] floats (DSQ_NCHW) or [ps->height][ps->width][3]
 * (DSQ_NHWC): (pixel - mean) / std in float. ps must come from dsq_prepare_size for this task and
 * picture. */
enum dsq_status dsq_prepare(const struct dsq_task *task, const struct dsq_picture *picture,
                            const struct dsq_prepared_size *ps, float *dst, enum dsq_layout layout,
                            struct dsq_diag *d) DSQ_MUST_CHECK;

#endif
