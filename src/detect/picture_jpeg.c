/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JPEG through libjpeg-turbo's TurboJPEG API, whose errors come back as codes: nothing is printed,
 * nothing jumps. The default transform (accurate integer) and upsampling (fancy) give the pixels
 * that OpenCV and Pillow read.
 *
 * libjpeg calls most damage a "warning" and fills in grey. Here a warning is an error, save for
 * those that leave every pixel as it was meant.
 */
#include <stdio.h>
#include <string.h>
#include <turbojpeg.h>

#include "detect/picture.h"

static bool is_harmless(const char *warning)
{
    static const char *const harmless[] = {"extraneous bytes before marker",
                                           "Adobe color transform", "JFIF major revision",
                                           "bad ICC marker"};
    for (size_t i = 0; i < sizeof harmless / sizeof harmless[0]; i++)
        if (strstr(warning, harmless[i]))
            return true;
    return false;
}

static bool decompress(tjhandle handle, const void *data, size_t bytes, int w, int h, int format,
                       uint8_t *pixels)
{
    int flags = TJFLAG_STOPONWARNING | TJFLAG_LIMITSCANS;
    if (tjDecompress2(handle, data, (unsigned long)bytes, pixels, w, 0, h, format, flags) == 0)
        return true;
    if (tjGetErrorCode(handle) != TJERR_WARNING || !is_harmless(tjGetErrorStr2(handle)))
        return false;
    flags = TJFLAG_LIMITSCANS;
    if (tjDecompress2(handle, data, (unsigned long)bytes, pixels, w, 0, h, format, flags) == 0)
        return true;
    return tjGetErrorCode(handle) == TJERR_WARNING && is_harmless(tjGetErrorStr2(handle));
}

/* Files hold inverted inks: 255 is none. The same arithmetic as OpenCV's. */
static void rgb_from_cmyk(uint8_t *rgb, const uint8_t *cmyk, size_t pixels)
{
    for (size_t i = 0; i < pixels; i++) {
        int k = cmyk[i * 4 + 3];
        for (size_t c = 0; c < 3; c++)
            rgb[i * 3 + c] = (uint8_t)(k - (((255 - cmyk[i * 4 + c]) * k) >> 8));
    }
}

static bool decompress_cmyk(tjhandle handle, const void *data, size_t bytes, struct dsq_picture *p,
                            bool *no_memory)
{
    size_t pixels = (size_t)p->width * (size_t)p->height;
    uint8_t *cmyk = dsq_alloc(p->allocator, pixels * 4);
    *no_memory = !cmyk;
    bool ok = cmyk && decompress(handle, data, bytes, p->width, p->height, TJPF_CMYK, cmyk);
    if (ok)
        rgb_from_cmyk(p->rgb, cmyk, pixels);
    dsq_release(p->allocator, cmyk);
    return ok;
}

static enum dsq_status decode(tjhandle handle, struct dsq_picture **out, const void *data,
                              size_t bytes, const char *name, const struct dsq_allocator *a,
                              struct dsq_diag *d)
{
    int w = 0, h = 0, sampling = 0, colors = -1;
    /* It also fails for sampling factors that it has no name for, yet decodes: then w and h are
     * set. */
    if (tjDecompressHeader3(handle, data, (unsigned long)bytes, &w, &h, &sampling, &colors) != 0 &&
        (w <= 0 || h <= 0 || sampling >= 0))
        return dsq_fail(d, DSQ_MALFORMED, "%s: JPEG: %s", name, tjGetErrorStr2(handle));
    DSQ_TRY(dsq_picture_create(out, (size_t)w, (size_t)h, name, a, d));
    bool no_memory = false, ok;
    if (colors == TJCS_CMYK || colors == TJCS_YCCK)
        ok = decompress_cmyk(handle, data, bytes, *out, &no_memory);
    else
        ok = decompress(handle, data, bytes, w, h, TJPF_RGB, (*out)->rgb);
    if (ok)
        return DSQ_OK;
    dsq_picture_free(out);
    if (no_memory)
        return dsq_fail(d, DSQ_NOMEM, "%s: no memory for its pixels", name);
    return dsq_fail(d, DSQ_MALFORMED, "%s: JPEG: %s", name, tjGetErrorStr2(handle));
}

enum dsq_status dsq_picture_decode_jpeg(struct dsq_picture **out, const void *data, size_t bytes,
                                        const char *name, const struct dsq_allocator *a,
                                        struct dsq_diag *d)
{
    tjhandle handle = tjInitDecompress();
    if (!handle)
        return dsq_fail(d, DSQ_NOMEM, "%s: no memory for the JPEG decoder", name);
    enum dsq_status status = decode(handle, out, data, bytes, name, a, d);
    tjDestroy(handle);
    return status;
}
