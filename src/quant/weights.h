/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Weights to s8, symmetric per output channel: scale = (float)(max |w| / 127), 1 for an all-zero
 * channel; q = round half even(w / scale) in double, clamped to [-127, 127].
 */
#ifndef DSQ_QUANT_WEIGHTS_H
#define DSQ_QUANT_WEIGHTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* `w` is [n_out][per_channel] (OHWI is that), scale [n_out]. False when a weight is NaN or
 * infinite; its channel's scale then comes from the other weights. */
bool dsq_weight_scales(const float *w, size_t n_out, size_t per_channel, float *scale);

/* q is [n_out][per_channel]. NaN gives 0. */
void dsq_weight_quantize(const float *w, size_t n_out, size_t per_channel, const float *scale,
                         int8_t *q);

#endif
