/* SPDX-License-Identifier: Apache-2.0 */
/*
 * PNG through libpng, from memory. libpng reports errors by a jump: read_guarded holds the only
 * setjmp, keeps no local variable across it, and everything it makes hangs on struct png_job, which
 * its caller frees.
 */
#include <png.h>
#include <setjmp.h>
#include <stdio.h>

#include "detect/picture.h"

struct png_job {
    png_structp png;
    png_infop info;
    struct dsq_reader reader;
    const char *name;
    const struct dsq_allocator *allocator;
    struct dsq_picture *picture;
    struct dsq_diag *diag;
    enum dsq_status status;
    int passes;
    char reason[160];
};

static void on_error(png_structp png, png_const_charp text)
{
    struct png_job *job = png_get_error_ptr(png);
    snprintf(job->reason, sizeof job->reason, "%s", text);
    png_longjmp(png, 1);
}

static void on_warning(png_structp png, png_const_charp text)
{
    (void)png;
    (void)text;
}

static void on_read(png_structp png, png_bytep to, size_t n)
{
    struct png_job *job = png_get_io_ptr(png);
    const uint8_t *from = dsq_read_bytes(&job->reader, n);
    if (!from)
        png_error(png, "the file ends early");
    for (size_t i = 0; i < n; i++)
        to[i] = from[i];
}

/* Whatever it is: 8-bit RGB. Alpha goes without blending; gamma is not applied. */
static void set_transformations(struct png_job *job)
{
    int type = png_get_color_type(job->png, job->info);
    if (type == PNG_COLOR_TYPE_PALETTE)
        png_set_palette_to_rgb(job->png);
    if (type == PNG_COLOR_TYPE_GRAY)
        png_set_expand_gray_1_2_4_to_8(job->png);
    if (!(type & PNG_COLOR_MASK_COLOR))
        png_set_gray_to_rgb(job->png);
    png_set_strip_16(job->png);
    png_set_strip_alpha(job->png);
    job->passes = png_set_interlace_handling(job->png);
    png_read_update_info(job->png, job->info);
}

static bool read_guarded(struct png_job *job)
{
    if (setjmp(png_jmpbuf(job->png)))
        return false;
    png_read_info(job->png, job->info);
    set_transformations(job);
    size_t width = png_get_image_width(job->png, job->info);
    size_t height = png_get_image_height(job->png, job->info);
    job->status =
        dsq_picture_create(&job->picture, width, height, job->name, job->allocator, job->diag);
    if (job->status != DSQ_OK)
        return true;
    if (png_get_rowbytes(job->png, job->info) != width * 3)
        png_error(job->png, "its pixels do not become RGB");
    for (int pass = 0; pass < job->passes; pass++)
        for (size_t y = 0; y < height; y++)
            png_read_row(job->png, job->picture->rgb + y * width * 3, NULL);
    png_read_end(job->png, NULL);
    return true;
}

enum dsq_status dsq_picture_decode_png(struct dsq_picture **out, const void *data, size_t bytes,
                                       const char *name, const struct dsq_allocator *a,
                                       struct dsq_diag *d)
{
    struct png_job job = {.name = name, .allocator = a, .diag = d};
    dsq_reader_init(&job.reader, data, bytes);
    job.png = png_create_read_struct(PNG_LIBPNG_VER_STRING, &job, on_error, on_warning);
    if (job.png)
        job.info = png_create_info_struct(job.png);
    if (!job.info) {
        png_destroy_read_struct(&job.png, &job.info, NULL);
        return dsq_fail(d, DSQ_NOMEM, "%s: no memory for the PNG decoder", name);
    }
    png_set_read_fn(job.png, &job, on_read);
    if (!read_guarded(&job))
        job.status = dsq_fail(d, DSQ_MALFORMED, "%s: PNG: %s", name, job.reason);
    png_destroy_read_struct(&job.png, &job.info, NULL);
    if (job.status == DSQ_OK)
        *out = job.picture;
    else
        dsq_picture_free(&job.picture);
    return job.status;
}
