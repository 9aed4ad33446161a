/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Decoding: a detector's raw outputs become boxes on the original picture: scores over the
 * threshold, the best candidates of each level, boxes, class-wise suppression, the way back.
 *
 * Order everywhere: score descending, then level, then index in the level's map (pixel by pixel in
 * row order, then channel), so that results are the same on every machine and layout.
 */
#ifndef DSQ_DETECT_DECODE_H
#define DSQ_DETECT_DECODE_H

#include <dsq/dsq.h>

#include "detect/prepare.h"
#include "detect/task.h"

/* Decode picture `batch_index` of the outputs (f32, in CPU memory, any strides; all-zero strides
 * mean dense in the tensor's layout). Outputs are found by the task's names, or by order when it
 * has none: the score maps first. Detections replace what `out` held; out->box grows as needed.
 * box[i].name belongs to the task. SHAPE names the output whose shape does not fit. */
enum dsq_status dsq_decode(const struct dsq_task *task, const struct dsq_tensor *outputs,
                           const char *const *names, int32_t n_outputs, int32_t batch_index,
                           const struct dsq_prepared_size *ps, struct dsq_detections *out,
                           struct dsq_diag *d) DSQ_MUST_CHECK;

#endif
