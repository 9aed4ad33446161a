/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How far the outputs of one engine are from those of another over the same inputs, as the ratio of
 * two powers: the error's, and the signal's around its mean in each channel (a constant offset
 * carries no information). Tensors are sampled, some pixels with all their channels.
 */
#ifndef DSQ_CALIB_NOISE_H
#define DSQ_CALIB_NOISE_H

#include <dsq/dsq.h>

#include "base/memory.h"
#include "base/status.h"

struct dsq_noise;

/* Watch these tensors (rank 4, f32); `names` are copied. */
enum dsq_status dsq_noise_create(struct dsq_noise **out, const char *const *names, size_t n,
                                 const struct dsq_allocator *a, struct dsq_diag *d) DSQ_MUST_CHECK;
void dsq_noise_free(struct dsq_noise **noise);

/* The next inputs, always the same in the same order, are to be kept (reference) or compared. */
void dsq_noise_begin(struct dsq_noise *noise, bool reference);
/* A tensor comes by; nothing happens unless it is watched. Running out of memory sticks. */
void dsq_noise_see(struct dsq_noise *noise, const char *name, const struct dsq_tensor *tensor);
bool dsq_noise_failed(const struct dsq_noise *noise);
/* Error over signal since the last begin, the mean over all watched tensors that vary; infinite
 * when something is not finite. */
double dsq_noise_ratio(const struct dsq_noise *noise);

#endif
