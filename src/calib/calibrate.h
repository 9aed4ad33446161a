/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Calibration: run a float engine over pictures (or prepared tensors) and watch the values that may
 * become s8. Each wanted value gets a histogram; a method (quant/methods.h) turns those into
 * ranges.
 *
 * The result is the same bits for any order of the pictures, any thread count and any split of the
 * work, and memory does not grow with the number of pictures: 64 KiB a wanted value. Pictures may
 * differ in size; each is one batch of its own.
 */
#ifndef DSQ_CALIB_CALIBRATE_H
#define DSQ_CALIB_CALIBRATE_H

#include <dsq/dsq.h>

#include "detect/task.h"
#include "quant/methods.h"
#include "quant/ranges.h"

struct dsq_calibrate_settings {
    const struct dsq_common *common; /* or NULL: threads, executor, CPU level, log, strict */
    const struct dsq_task *task;     /* how to prepare `images` */
    const char *images;              /* folder: *.jpg *.jpeg *.png, in any case, by rising name */
    const char *tensors;             /* folder of *.npy for the one input; exactly one of both */
    const char *const *wanted;       /* names of values, as dsq_place_observed lists them */
    size_t n_wanted;
};

struct dsq_calibration; /* the histograms */

/* Run. `file` holds a float engine. IO or MALFORMED naming the first picture (by name) that cannot
 * be read; ARGUMENT for an empty folder; UNSUPPORTED when the engine has several inputs. A value
 * with NaN or infinities is a warning, with strict an error; a wanted value that never appeared is
 * a warning. */
enum dsq_status dsq_calibrate(struct dsq_calibration **out, const struct dsq_engine_file *file,
                              const struct dsq_calibrate_settings *settings,
                              struct dsq_diag *d) DSQ_MUST_CHECK;
void dsq_calibration_free(struct dsq_calibration **calibration);

/* How many pictures (or tensors) it has seen. */
int32_t dsq_calibration_inputs(const struct dsq_calibration *calibration);
/* Ranges by one method, in the order of `wanted`, without values that never appeared. May be asked
 * for several methods. */
enum dsq_status dsq_calibration_ranges(const struct dsq_calibration *calibration,
                                       enum dsq_method method, struct dsq_ranges **out,
                                       struct dsq_diag *d) DSQ_MUST_CHECK;
/* The histogram of a wanted value, NULL if it never appeared. */
const struct dsq_histogram *dsq_calibration_histogram(const struct dsq_calibration *calibration,
                                                      const char *name);

#endif
