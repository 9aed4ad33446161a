/* SPDX-License-Identifier: Apache-2.0 */
/* The method "kl": see entropy.c. */
#ifndef DSQ_QUANT_ENTROPY_H
#define DSQ_QUANT_ENTROPY_H

#include "quant/histogram.h"

enum { DSQ_KL_LEVELS = 128 };

/* The threshold that loses least information, at most max |x|; 0 for an all-zero tensor. */
double dsq_kl_range(const struct dsq_histogram *h);

#endif
