/* SPDX-License-Identifier: Apache-2.0 */
/* The bitmap font of labels. */
#ifndef DSQ_DETECT_FONT_H
#define DSQ_DETECT_FONT_H

#include <stdint.h>

#define DSQ_FONT_WIDTH 5
#define DSQ_FONT_HEIGHT 9

/* DSQ_FONT_HEIGHT rows from the top, bit DSQ_FONT_WIDTH - 1 the leftmost dot; '?' for what it
 * lacks. */
const uint8_t *dsq_font_glyph(uint32_t character);

#endif
