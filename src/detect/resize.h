/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Resizing of 8-bit RGB, in integers only past the weights: the same pixels on every machine.
 *
 * linear: two taps an axis at half-pixel centres, weights of 11 bits, no averaging when shrinking.
 * The pixels of OpenCV's cv::resize with INTER_LINEAR. antialias: a triangle filter as wide as the
 * step when shrinking, weights of 22 bits, columns first, 8 bits in between. The pixels of Pillow's
 * Image.resize with BILINEAR.
 *
 * src: src_height rows of src_width * 3 bytes; dst likewise; no overlap. NOMEM is the only failure.
 */
#ifndef DSQ_DETECT_RESIZE_H
#define DSQ_DETECT_RESIZE_H

#include "base/memory.h"
#include "base/status.h"

enum dsq_status dsq_resize_linear(const uint8_t *src, int32_t src_width, int32_t src_height,
                                  uint8_t *dst, int32_t dst_width, int32_t dst_height,
                                  const struct dsq_allocator *a, struct dsq_diag *d) DSQ_MUST_CHECK;
enum dsq_status dsq_resize_antialias(const uint8_t *src, int32_t src_width, int32_t src_height,
                                     uint8_t *dst, int32_t dst_width, int32_t dst_height,
                                     const struct dsq_allocator *a,
                                     struct dsq_diag *d) DSQ_MUST_CHECK;

#endif
