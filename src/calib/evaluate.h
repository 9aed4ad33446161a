/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Evaluation: every annotated picture through an engine, and COCO's judgement of what it found.
 *
 * For each picture: decode and prepare (pre), network, decode and suppress (post). With several
 * threads the network has them all, and the next picture's pre and the last one's post run as
 * background jobs on the same pool, so that `threads` is all of the process's working threads. With
 * one thread everything is serial.
 *
 * These are dsq_eval_engine and dsq_eval_detections without the reading of settings: `s` and
 * s->common must be complete (dsq_settings_read, dsq_common_read).
 */
#ifndef DSQ_CALIB_EVALUATE_H
#define DSQ_CALIB_EVALUATE_H

#include <dsq/dsq.h>

#include "eval/coco.h"

/* The task is s->task, else the engine's own; then s->resize and s->pad. UNSUPPORTED without any.
 * ARGUMENT when classes have no category (some are listed); IO naming a
 * picture that is not there, unless s->skip_missing. */
enum dsq_status dsq_evaluate_engine(const struct dsq_engine_file *file,
                                    const struct dsq_eval_settings *s,
                                    struct dsq_eval_result *result,
                                    struct dsq_diag *d) DSQ_MUST_CHECK;

/* Judge a COCO results file. */
enum dsq_status dsq_evaluate_detections(const char *path, const struct dsq_eval_settings *s,
                                        struct dsq_eval_result *result,
                                        struct dsq_diag *d) DSQ_MUST_CHECK;

#endif
