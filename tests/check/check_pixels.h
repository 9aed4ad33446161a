/* SPDX-License-Identifier: Apache-2.0 */
/* One case of pixels, shared by the checks of resizing and of pooling. */
#ifndef DSQ_CHECK_PIXELS_H
#define DSQ_CHECK_PIXELS_H

#include "check.h"
#include "kernels/pixels.h"

enum { MAX_PIXELS = 9, MAX_TAPS = 9, MAX_ROWS = 6, MAX_CHANNELS = 300, MAX_GAP = 9 };
enum { MAX_ELEMENTS = 2 * (MAX_PIXELS + MAX_TAPS + MAX_ROWS) * (MAX_CHANNELS + MAX_GAP) };

/* One case: n output pixels from a row of m input pixels; both buffers against guard pages. */
struct pixels {
    const struct dsq_pixels_kernels *k;
    struct check_buffer x, y;
    enum check_side side;
    size_t n, m, channels, x_stride, y_stride;
    struct dsq_lerp at[MAX_PIXELS];
};

/* The output, in pages of one byte; what is expected goes into its shadow. */
void *check_pixels_place(struct check *c, struct pixels *s, size_t element);
bool check_pixels_same_f32(struct check *c, struct pixels *s, const float *y);
bool check_pixels_same_s8(struct check *c, struct pixels *s, const int8_t *y);

/* check_pools.c */
bool check_pixels_pools(struct check *c, struct pixels *s);

#endif
