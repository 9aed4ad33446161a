/* SPDX-License-Identifier: Apache-2.0 */
/* Sizes by the task's resize rule, and the picture's way into the network's input. */
#include "detect/prepare.h"

#include <math.h>
#include <string.h>

#include "detect/picture.h"
#include "detect/resize.h"

static double smaller(double a, double b)
{
    return a < b ? a : b;
}

/* The ratio of the rules that keep the sides' proportion. */
static double common_scale(const struct dsq_task_resize *r, double width, double height)
{
    if (r->rule == DSQ_RESIZE_FIT)
        return smaller(r->a / height, r->b / width);
    if (r->rule == DSQ_RESIZE_SHORT)
        return smaller(r->a / smaller(width, height), r->b / (width > height ? width : height));
    return 1.0;
}

/* At least one pixel; a side too long for int32 is clipped and refused by the area check. */
static int32_t scaled_side(int32_t side, double scale, int32_t rounding)
{
    double v = floor(side * scale + (rounding == DSQ_SIZE_HALF_UP ? 0.5 : 0.0));
    return v < 1.0 ? 1 : v > 1e9 ? 1000000000 : (int32_t)v;
}

static int64_t padded_side(int64_t side, int32_t multiple)
{
    return (side + multiple - 1) / multiple * multiple;
}

static int32_t larger(int32_t a, int32_t b)
{
    return a > b ? a : b;
}

enum dsq_status dsq_prepare_size(const struct dsq_task *task, int32_t width, int32_t height,
                                 struct dsq_prepared_size *ps, struct dsq_diag *d)
{
    const struct dsq_task_resize *r = &task->resize;
    if (width <= 0 || height <= 0)
        return dsq_fail(d, DSQ_ARGUMENT, "a picture of %d x %d pixels", (int)width, (int)height);
    double scale = common_scale(r, width, height);
    int32_t w = scaled_side(width, scale, task->size_rounding);
    int32_t h = scaled_side(height, scale, task->size_rounding);
    if (r->rule == DSQ_RESIZE_NONE || r->rule == DSQ_RESIZE_STRETCH) {
        w = r->rule == DSQ_RESIZE_NONE ? width : r->b;
        h = r->rule == DSQ_RESIZE_NONE ? height : r->a;
    }
    bool fit = r->rule == DSQ_RESIZE_FIT;
    int64_t padded_w = padded_side(fit ? larger(w, r->b) : w, task->pad);
    int64_t padded_h = padded_side(fit ? larger(h, r->a) : h, task->pad);
    if (padded_w > (int64_t)(DSQ_PICTURE_MAX_PIXELS / (size_t)padded_h))
        return dsq_fail(d, DSQ_SHAPE,
                        "a picture of %d x %d pixels would become %lld x %lld; at most "
                        "%zu pixels are prepared",
                        (int)width, (int)height, (long long)padded_w, (long long)padded_h,
                        DSQ_PICTURE_MAX_PIXELS);
    bool one_ratio = task->way_back == DSQ_BACK_ONE_RATIO && r->rule != DSQ_RESIZE_STRETCH;
    *ps = (struct dsq_prepared_size){
        .width = (int32_t)padded_w,
        .height = (int32_t)padded_h,
        .content_width = w,
        .content_height = h,
        .scale_x = one_ratio ? (float)scale : (float)((double)w / width),
        .scale_y = one_ratio ? (float)scale : (float)((double)h / height),
        .original_width = width,
        .original_height = height,
    };
    return DSQ_OK;
}

/* What each 8-bit value becomes, per channel of the network; and what padding holds. */
struct normalization {
    float value[3][256];
    float pad[3];
    size_t source[3]; /* which of R, G, B the channel reads */
};

static void make_normalization(struct normalization *n, const struct dsq_task *task)
{
    for (size_t c = 0; c < 3; c++) {
        float mean = (float)task->mean.v[c], std = (float)task->std.v[c];
        for (int v = 0; v < 256; v++)
            n->value[c][v] = ((float)v - mean) / std;
        n->pad[c] = (float)task->pad_value;
        if (task->pad_before_normalization)
            n->pad[c] = (n->pad[c] - mean) / std;
        n->source[c] = task->color == DSQ_COLOR_BGR ? 2 - c : c;
    }
}

static void fill(float *dst, size_t n, float v)
{
    for (size_t i = 0; i < n; i++)
        dst[i] = v;
}

static void write_planes(float *dst, const struct normalization *n, const uint8_t *rgb,
                         const struct dsq_prepared_size *ps)
{
    size_t width = (size_t)ps->width, height = (size_t)ps->height;
    size_t w = (size_t)ps->content_width, h = (size_t)ps->content_height;
    for (size_t c = 0; c < 3; c++) {
        float *plane = dst + c * width * height;
        for (size_t y = 0; y < h; y++) {
            const uint8_t *src = rgb + y * w * 3 + n->source[c];
            for (size_t x = 0; x < w; x++)
                plane[y * width + x] = n->value[c][src[x * 3]];
            fill(plane + y * width + w, width - w, n->pad[c]);
        }
        fill(plane + h * width, (height - h) * width, n->pad[c]);
    }
}

static void pad_pixels(float *dst, const struct normalization *n, size_t pixels)
{
    for (size_t i = 0; i < pixels * 3; i++)
        dst[i] = n->pad[i % 3];
}

static void write_pixels(float *dst, const struct normalization *n, const uint8_t *rgb,
                         const struct dsq_prepared_size *ps)
{
    size_t width = (size_t)ps->width, height = (size_t)ps->height;
    size_t w = (size_t)ps->content_width, h = (size_t)ps->content_height;
    for (size_t y = 0; y < h; y++) {
        float *row = dst + y * width * 3;
        const uint8_t *src = rgb + y * w * 3;
        for (size_t x = 0; x < w; x++, row += 3, src += 3) {
            row[0] = n->value[0][src[n->source[0]]];
            row[1] = n->value[1][src[n->source[1]]];
            row[2] = n->value[2][src[n->source[2]]];
        }
        pad_pixels(row, n, width - w);
    }
    pad_pixels(dst + h * width * 3, n, (height - h) * width);
}

enum dsq_status dsq_prepare(const struct dsq_task *task, const struct dsq_picture *picture,
                            const struct dsq_prepared_size *ps, float *dst, enum dsq_layout layout,
                            struct dsq_diag *d)
{
    struct normalization n;
    uint8_t *resized = NULL;
    const uint8_t *rgb = picture->rgb;
    int32_t w = ps->content_width, h = ps->content_height;
    if (picture->width != ps->original_width || picture->height != ps->original_height)
        return dsq_fail(d, DSQ_ARGUMENT,
                        "sizes were made for a picture of %d x %d pixels, this is "
                        "%d x %d",
                        (int)ps->original_width, (int)ps->original_height, (int)picture->width,
                        (int)picture->height);
    if (w != picture->width || h != picture->height) {
        resized = dsq_alloc(picture->allocator, (size_t)w * (size_t)h * 3);
        if (!resized)
            return dsq_fail(d, DSQ_NOMEM, "no memory to resize to %d x %d", (int)w, (int)h);
        enum dsq_status status =
            (task->filter == DSQ_FILTER_PIL_ANTIALIAS ? dsq_resize_antialias : dsq_resize_linear)(
                rgb, picture->width, picture->height, resized, w, h, picture->allocator, d);
        if (status != DSQ_OK) {
            dsq_release(picture->allocator, resized);
            return status;
        }
        rgb = resized;
    }
    make_normalization(&n, task);
    (layout == DSQ_NHWC ? write_pixels : write_planes)(dst, &n, rgb, ps);
    dsq_release(picture->allocator, resized);
    return DSQ_OK;
}
