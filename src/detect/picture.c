/* SPDX-License-Identifier: Apache-2.0 */
/* Pictures: making, reading (by what the bytes are, not the file's name), turning and writing them.
 */
#include "detect/picture.h"

#include <png.h>
#include <string.h>

enum dsq_status dsq_picture_create(struct dsq_picture **out, size_t width, size_t height,
                                   const char *name, const struct dsq_allocator *a,
                                   struct dsq_diag *d)
{
    if (width == 0 || height == 0)
        return dsq_fail(d, DSQ_MALFORMED, "%s: %zu x %zu pixels are no picture", name, width,
                        height);
    if (width > DSQ_PICTURE_MAX_PIXELS / height)
        return dsq_fail(d, DSQ_MALFORMED, "%s: %zu x %zu pixels; at most %zu are read", name, width,
                        height, DSQ_PICTURE_MAX_PIXELS);
    struct dsq_picture *p = dsq_calloc(a, 1, sizeof *p);
    uint8_t *rgb = dsq_alloc(a, width * height * 3);
    if (!p || !rgb) {
        dsq_release(a, p);
        dsq_release(a, rgb);
        return dsq_fail(d, DSQ_NOMEM, "%s: no memory for %zu x %zu pixels", name, width, height);
    }
    *p = (struct dsq_picture){a, (int32_t)width, (int32_t)height, rgb};
    *out = p;
    return DSQ_OK;
}

void dsq_picture_free(struct dsq_picture **picture)
{
    struct dsq_picture *p = picture ? *picture : NULL;
    if (!p)
        return;
    dsq_release(p->allocator, p->rgb);
    dsq_release(p->allocator, p);
    *picture = NULL;
}

int32_t dsq_picture_width(const struct dsq_picture *picture)
{
    return picture->width;
}

int32_t dsq_picture_height(const struct dsq_picture *picture)
{
    return picture->height;
}

uint8_t *dsq_picture_pixels(struct dsq_picture *picture)
{
    return picture->rgb;
}

enum dsq_status dsq_picture_from_rgb(struct dsq_picture **out, int32_t width, int32_t height,
                                     const uint8_t *rgb, const struct dsq_allocator *allocator,
                                     struct dsq_diag *diag)
{
    if (out)
        *out = NULL;
    if (!out || !rgb || width <= 0 || height <= 0)
        return dsq_fail(diag, DSQ_ARGUMENT, "picture: %d x %d pixels at %p", (int)width,
                        (int)height, (const void *)rgb);
    DSQ_TRY(dsq_picture_create(out, (size_t)width, (size_t)height, "picture", allocator, diag));
    memcpy((*out)->rgb, rgb, (size_t)width * (size_t)height * 3);
    return DSQ_OK;
}

enum dsq_status dsq_picture_decode(struct dsq_picture **out, const void *data, size_t bytes,
                                   const char *name, bool obey_exif,
                                   const struct dsq_allocator *allocator, struct dsq_diag *diag)
{
    static const uint8_t png[8] = {0x89, 'P', 'N', 'G', 0x0d, 0x0a, 0x1a, 0x0a};
    static const uint8_t jpeg[3] = {0xff, 0xd8, 0xff};
    struct dsq_picture *p = NULL;
    enum dsq_status status;
    if (!out || !data)
        return dsq_fail(diag, DSQ_ARGUMENT, "dsq_picture_decode needs 'out' and 'data'");
    *out = NULL;
    name = name ? name : "picture";
    if (bytes >= sizeof jpeg && memcmp(data, jpeg, sizeof jpeg) == 0)
        status = dsq_picture_decode_jpeg(&p, data, bytes, name, allocator, diag);
    else if (bytes >= sizeof png && memcmp(data, png, sizeof png) == 0)
        status = dsq_picture_decode_png(&p, data, bytes, name, allocator, diag);
    else
        status = dsq_fail(diag, DSQ_MALFORMED, "%s: neither a JPEG nor a PNG file", name);
    if (status == DSQ_OK && obey_exif)
        status = dsq_picture_orient(p, dsq_exif_orientation(data, bytes), diag);
    if (status != DSQ_OK) {
        dsq_picture_free(&p);
        return status;
    }
    *out = p;
    return DSQ_OK;
}

enum dsq_status dsq_picture_read(struct dsq_picture **out, const char *path, bool obey_exif,
                                 const struct dsq_allocator *allocator, struct dsq_diag *diag)
{
    void *data = NULL;
    size_t bytes = 0;
    if (!out || !path)
        return dsq_fail(diag, DSQ_ARGUMENT, "dsq_picture_read needs 'out' and 'path'");
    *out = NULL;
    DSQ_TRY(dsq_file_read(path, allocator, &data, &bytes, diag));
    enum dsq_status status = dsq_picture_decode(out, data, bytes, path, obey_exif, allocator, diag);
    dsq_release(allocator, data);
    return status;
}

/* Where pixel (x, y) of the turned picture comes from in the stored one of w x h. */
static void turned_from(int orientation, size_t w, size_t h, size_t x, size_t y, size_t *sx,
                        size_t *sy)
{
    bool swapped = orientation >= 5;
    size_t u = swapped ? y : x, v = swapped ? x : y;
    bool from_right = orientation == 2 || orientation == 3 || orientation == 7 || orientation == 8;
    bool from_below = orientation == 3 || orientation == 4 || orientation == 6 || orientation == 7;
    *sx = from_right ? w - 1 - u : u;
    *sy = from_below ? h - 1 - v : v;
}

enum dsq_status dsq_picture_orient(struct dsq_picture *picture, int orientation, struct dsq_diag *d)
{
    if (orientation <= 1 || orientation > 8)
        return DSQ_OK;
    size_t w = (size_t)picture->width, h = (size_t)picture->height, sx, sy;
    size_t turned_w = orientation >= 5 ? h : w, turned_h = orientation >= 5 ? w : h;
    uint8_t *turned = dsq_alloc(picture->allocator, w * h * 3);
    if (!turned)
        return dsq_fail(d, DSQ_NOMEM, "no memory to turn %zu x %zu pixels", w, h);
    for (size_t y = 0; y < turned_h; y++)
        for (size_t x = 0; x < turned_w; x++) {
            turned_from(orientation, w, h, x, y, &sx, &sy);
            memcpy(turned + (y * turned_w + x) * 3, picture->rgb + (sy * w + sx) * 3, 3);
        }
    dsq_release(picture->allocator, picture->rgb);
    picture->rgb = turned;
    picture->width = (int32_t)turned_w;
    picture->height = (int32_t)turned_h;
    return DSQ_OK;
}

enum dsq_status dsq_picture_write(const struct dsq_picture *picture, const char *path,
                                  struct dsq_diag *diag)
{
    png_image image;
    if (!picture || !path)
        return dsq_fail(diag, DSQ_ARGUMENT, "dsq_picture_write needs a picture and a path");
    memset(&image, 0, sizeof image);
    image.version = PNG_IMAGE_VERSION;
    image.width = (png_uint_32)picture->width;
    image.height = (png_uint_32)picture->height;
    image.format = PNG_FORMAT_RGB;
    png_alloc_size_t bytes = PNG_IMAGE_PNG_SIZE_MAX(image);
    void *data = dsq_alloc(picture->allocator, bytes);
    if (!data)
        return dsq_fail(diag, DSQ_NOMEM, "%s: no memory to compress the picture", path);
    enum dsq_status status;
    if (png_image_write_to_memory(&image, data, &bytes, 0, picture->rgb, 0, NULL))
        status = dsq_file_write(path, data, bytes, diag);
    else
        status = dsq_fail(diag, DSQ_IO, "%s: cannot be written as PNG: %s", path, image.message);
    png_image_free(&image);
    dsq_release(picture->allocator, data);
    return status;
}
