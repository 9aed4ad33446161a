/* SPDX-License-Identifier: Apache-2.0 */
/* What the checks of convolution kernels share: epilogue.h, drawn at random and computed by code of
 * the harness's own. */
#ifndef DSQ_CHECK_EPILOGUE_H
#define DSQ_CHECK_EPILOGUE_H

#include "check.h"
#include "kernels/epilogue.h"

enum { CHECK_TEXT = 256 };

/* A zero point; a scale near `near`, often a power of two, so that quantized values fall on the
 * middle between two integers. */
int32_t check_draw_zero(struct check *c);
float check_draw_scale(struct check *c, float near);
struct dsq_activate check_draw_activate(struct check *c);
struct dsq_epilogue_s8 check_draw_epilogue(struct check *c);
/* n multipliers that bring the largest sum to a few hundred, and biases; now and then anything. */
void check_draw_columns(struct check *c, int32_t acc_max, size_t n, float *m, float *bias);

float check_activate(const struct dsq_activate *a, float y);
/* From y = fmaf(acc, m, bias) on; r NULL: none. Writes element `at` of want. */
void check_finish_s8(const struct dsq_epilogue_s8 *e, float y, const int8_t *r, void *want,
                     size_t at);

/* The parameters as words. */
void check_describe_activate(const struct dsq_activate *a, char text[CHECK_TEXT]);
void check_describe_epilogue(const struct dsq_epilogue_s8 *e, char text[CHECK_TEXT]);

#endif
