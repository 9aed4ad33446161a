/* SPDX-License-Identifier: Apache-2.0 */
/* Quantization as the harness sees it: shared by the checks of kernels on rows and pixels. */
#ifndef DSQ_CHECK_QUANT_H
#define DSQ_CHECK_QUANT_H

#include "check.h"
#include "kernels/rows.h"

/* Powers of two and others, zero points at the ends, ranges of one value. */
struct dsq_rows_quant check_draw_quant(struct check *c);
/* (x - zero) scale, and the way back. */
float check_deq(int8_t x, const struct dsq_rows_quant *q);
int8_t check_quantized(float x, const struct dsq_rows_quant *q);

#endif
