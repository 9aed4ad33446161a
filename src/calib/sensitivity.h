/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which convolutions had better stay in float.
 *
 * The error that INT8 makes at the outputs is, near enough, the sum of what each convolution makes
 * alone. So, unless everything in INT8 is good enough already: each convolution is measured as the
 * only one in INT8; then those go to float that err most for their cost, until what remains is good
 * enough or float has had its share of the multiplications.
 */
#ifndef DSQ_CALIB_SENSITIVITY_H
#define DSQ_CALIB_SENSITIVITY_H

#include <dsq/dsq.h>

#include "detect/task.h"
#include "engine/file.h"
#include "graph/graph.h"
#include "quant/decisions.h"
#include "quant/ranges.h"

/* Error over signal at the last convolutions, 16 dB; and the most of all multiplications that may
 * stay in float. */
#define DSQ_NOISE_GOAL 0.025
#define DSQ_FLOAT_SHARE 0.1

struct dsq_sensitivity_settings {
    const struct dsq_common *common; /* or NULL */
    const struct dsq_task *task;     /* how to prepare `images` */
    const char *images, *tensors;    /* as for calibration; a few of them are used */
    const struct dsq_graph *graph;   /* after the float passes */
    const struct dsq_ranges *ranges;
    /* Make an INT8 engine with these decisions. */
    enum dsq_status (*compile)(void *user, const struct dsq_decisions *decisions,
                               struct dsq_engine_file **out, struct dsq_diag *d);
    void *user;
};

struct dsq_sensitivity {
    double noise_int8, noise; /* error over signal with all in INT8, and expected as decided */
    double float_share;       /* of the multiplications of all convolutions that could be INT8 */
    int32_t n_float;          /* convolutions decided to be float */
};

/* Error over signal with all in INT8; 0 when nothing can be. */
enum dsq_status dsq_int8_noise(double *noise, const struct dsq_engine_file *reference,
                               const struct dsq_sensitivity_settings *settings,
                               struct dsq_diag *d) DSQ_MUST_CHECK;

/* Set the precision of those convolutions in `decisions` to float; say nothing of the others.
 * `reference` is the float engine. */
enum dsq_status dsq_choose_float(struct dsq_decisions *decisions, struct dsq_sensitivity *result,
                                 const struct dsq_engine_file *reference,
                                 const struct dsq_sensitivity_settings *settings,
                                 struct dsq_diag *d) DSQ_MUST_CHECK;

/* The choice alone: of n layers that add noise[i] and cost cost[i], set is_float where noise per
 * cost is highest until the rest's noise is at most `goal`, never beyond `share` of all cost.
 * Returns the rest's noise. */
double dsq_choose_layers(const double *noise, const double *cost, size_t n, double goal,
                         double share, bool *is_float);

#endif
