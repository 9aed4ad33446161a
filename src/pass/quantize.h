/* SPDX-License-Identifier: Apache-2.0 */
/* Between the files of pass quantize_int8: the integers of the weights (quantize_weights.c), and
 * who gets which scale and the rewrite itself (quantize_int8.c). */
#ifndef DSQ_PASS_QUANTIZE_H
#define DSQ_PASS_QUANTIZE_H

#include "pass/match.h"

/* One weight constant and what became of it, shared by all convolutions that use it. */
struct dsq_quantized_weight {
    dsq_vid f32;
    dsq_vid s8, zero_bias; /* DSQ_NO_VALUE until needed */
    int8_t *q;
    float *scale;        /* [out_channels] */
    const char *refused; /* why it cannot be s8; NULL if it can */
};

struct dsq_quantized_weights {
    struct dsq_graph *g;
    struct dsq_arena *scratch;
    const struct dsq_decisions *decisions; /* or NULL */
    struct dsq_quantized_weight *item;
    int32_t n, capacity;
};

/* The weight of convolution i as s8, computed at the first request. Not an error: *out has
 * `refused`. */
enum dsq_status dsq_quantize_weight(struct dsq_quantized_weights *t, int32_t i,
                                    struct dsq_quantized_weight **out,
                                    struct dsq_diag *d) DSQ_MUST_CHECK;
/* Give convolution i (one segment) its s8 weights, a bias, and m = scale_x * scale_w. */
enum dsq_status dsq_quantize_conv_constants(struct dsq_quantized_weights *t, int32_t i,
                                            float scale_x, struct dsq_diag *d) DSQ_MUST_CHECK;
/* At the end: names of f32 weights that nobody uses any more stay known. */
enum dsq_status dsq_quantized_weights_finish(struct dsq_quantized_weights *t,
                                             struct dsq_diag *d) DSQ_MUST_CHECK;

#endif
