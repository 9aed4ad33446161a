/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pictures: 8-bit RGB pixels. The public functions are in dsq.h; this is what the module shares
 * inside.
 *
 * JPEG goes through libjpeg-turbo, PNG through libpng. Whatever the file holds becomes 8-bit RGB by
 * these rules: grey is replicated, a palette is looked up, 16 bits keep their high byte,
 * transparency and gamma are ignored (the colour stored is the colour taken), CMYK is multiplied
 * out (r = c * k / 255 on the inverted inks that files store). A file that ends early is an error.
 */
#ifndef DSQ_DETECT_PICTURE_H
#define DSQ_DETECT_PICTURE_H

#include <dsq/dsq.h>

#include "base/bytes.h"
#include "base/memory.h"
#include "base/status.h"

#define DSQ_PICTURE_MAX_PIXELS ((size_t)1 << 28)

struct dsq_picture {
    const struct dsq_allocator *allocator;
    int32_t width, height;
    uint8_t *rgb; /* height rows of width * 3 bytes */
};

/* Room for width x height pixels, not set. MALFORMED for sizes that are not positive or beyond
 * DSQ_PICTURE_MAX_PIXELS; `name` is for messages. */
enum dsq_status dsq_picture_create(struct dsq_picture **out, size_t width, size_t height,
                                   const char *name, const struct dsq_allocator *a,
                                   struct dsq_diag *d) DSQ_MUST_CHECK;

enum dsq_status dsq_picture_decode_jpeg(struct dsq_picture **out, const void *data, size_t bytes,
                                        const char *name, const struct dsq_allocator *a,
                                        struct dsq_diag *d) DSQ_MUST_CHECK;
enum dsq_status dsq_picture_decode_png(struct dsq_picture **out, const void *data, size_t bytes,
                                       const char *name, const struct dsq_allocator *a,
                                       struct dsq_diag *d) DSQ_MUST_CHECK;

/* EXIF orientation, 1..8, of a JPEG or PNG file in memory; 1 when there is none or it makes no
 * sense. */
int dsq_exif_orientation(const void *data, size_t bytes);

/* Turn the picture so that it stands as orientation 1..8 says. */
enum dsq_status dsq_picture_orient(struct dsq_picture *picture, int orientation,
                                   struct dsq_diag *d) DSQ_MUST_CHECK;

#endif
