/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The addresses that a convolution's tile reads, computed from offsets on the spot: nothing here
 * grows with the picture. And the way out for outputs that are not matrices of pixels (a caller's
 * NCHW memory).
 */
#include <string.h>

#include "backend/cpu/conv.h"

enum { MOST_ROWS = 256 }; /* a kernel's mr is a byte */

/* Where one output pixel's window begins in the input; it may begin outside. */
struct corner {
    int64_t n, ih, iw;
};

static struct corner corner_of(const struct dsq_conv *cv, const struct dsq_conv_segment *s,
                               int64_t pixel)
{
    int64_t plane = s->oh * s->ow;
    int64_t n = pixel / plane, at = pixel % plane;
    return (struct corner){n, at / s->ow * cv->win.stride[0] - s->pad_top,
                           at % s->ow * cv->win.stride[1] - s->pad_left};
}

static bool row_inside(const struct dsq_conv_segment *s, int64_t ih)
{
    return (uint64_t)ih < (uint64_t)s->h;
}

/* Addresses of one pixel, whose window may leave the picture. */
static void border_rows(const struct dsq_conv *cv, const struct dsq_conv_segment *s,
                        struct corner c, const void **rows)
{
    int64_t element = (int64_t)cv->element;
    for (int64_t kh = 0; kh < cv->win.kernel[0]; kh++) {
        int64_t ih = c.ih + kh * cv->win.dilation[0];
        for (int64_t kw = 0; kw < cv->win.kernel[1]; kw++, rows += cv->mr) {
            int64_t iw = c.iw + kw * cv->win.dilation[1];
            bool inside = row_inside(s, ih) && (uint64_t)iw < (uint64_t)s->w;
            *rows =
                inside ? s->x + (c.n * s->x_n + ih * s->x_h + iw * s->x_w) * element : s->zero_row;
        }
    }
}

static bool window_inside(const struct dsq_conv *cv, const struct dsq_conv_segment *s,
                          struct corner c)
{
    int64_t last_h = c.ih + (cv->win.kernel[0] - 1) * cv->win.dilation[0];
    int64_t last_w = c.iw + (cv->win.kernel[1] - 1) * cv->win.dilation[1];
    return c.ih >= 0 && c.iw >= 0 && last_h < s->h && last_w < s->w;
}

/* Addresses of mr pixels whose windows lie inside: the first tap's, moved on by each tap's offset.
 */
static void inner_rows(const struct dsq_conv *cv, const struct dsq_conv_segment *s,
                       const void *const *first, const void **rows)
{
    int64_t element = (int64_t)cv->element;
    int64_t down = cv->win.dilation[0] * s->x_h * element;
    int64_t right = cv->win.dilation[1] * s->x_w * element;
    size_t mr = cv->mr;
    for (int64_t kh = 0; kh < cv->win.kernel[0]; kh++)
        for (int64_t kw = 0; kw < cv->win.kernel[1]; kw++, rows += mr)
            for (size_t i = 0; i < mr; i++)
                rows[i] = (const char *)first[i] + kh * down + kw * right;
}

/* One tap a window position, without copies. */
static void plain_rows(const struct dsq_conv *cv, const struct dsq_conv_segment *s,
                       const struct corner *corner, const void **rows)
{
    const void *first[MOST_ROWS];
    bool inside = true;
    for (size_t i = 0; i < cv->mr; i++)
        inside = inside && window_inside(cv, s, corner[i]);
    for (size_t i = 0; i < cv->mr; i++) {
        struct corner c = corner[i];
        if (inside)
            first[i] = s->x + (c.n * s->x_n + c.ih * s->x_h + c.iw * s->x_w) * (int64_t)cv->element;
        else
            border_rows(cv, s, c, rows + i);
    }
    if (inside)
        inner_rows(cv, s, first, rows);
}

/* One window row of KW pixels, side by side in `to`. */
static void copy_window(const struct dsq_conv *cv, const struct dsq_conv_segment *s,
                        const char *row, int64_t iw, char *to)
{
    size_t pixel_bytes = cv->group_in * cv->element;
    for (int64_t kw = 0; kw < cv->win.kernel[1]; kw++, to += pixel_bytes) {
        bool inside = (uint64_t)(iw + kw) < (uint64_t)s->w;
        memcpy(to, inside ? row + (iw + kw) * s->x_w * (int64_t)cv->element : s->zero_row,
               pixel_bytes);
    }
}

/* Merged taps: one address a window row. `scratch` has room for the pixel's taps * kc elements. */
static void merged_rows(const struct dsq_conv *cv, const struct dsq_conv_segment *s,
                        struct corner c, const void **rows, char *scratch)
{
    int64_t element = (int64_t)cv->element;
    bool contiguous = s->x_w == (int64_t)cv->group_in;
    bool across = c.iw >= 0 && c.iw + cv->win.kernel[1] <= s->w;
    for (int64_t kh = 0; kh < cv->win.kernel[0]; kh++, rows += cv->mr) {
        int64_t ih = c.ih + kh * cv->win.dilation[0];
        if (!row_inside(s, ih)) {
            *rows = s->zero_row;
            continue;
        }
        const char *row = s->x + (c.n * s->x_n + ih * s->x_h) * element;
        if (contiguous && across) {
            *rows = row + c.iw * s->x_w * element;
            continue;
        }
        copy_window(cv, s, row, c.iw, scratch);
        *rows = scratch;
        scratch += cv->kc * cv->element;
    }
}

/* Short copies of a length known only at run time: two overlapping fixed ones. */
static void copy_short(char *to, const char *from, size_t n)
{
    if (n >= 16 && n <= 32) {
        char head[16], tail[16];
        memcpy(head, from, 16);
        memcpy(tail, from + n - 16, 16);
        memcpy(to, head, 16);
        memcpy(to + n - 16, tail, 16);
        return;
    }
    memcpy(to, from, n);
}

/* The whole window, side by side in `scratch`. */
static void gathered_row(const struct dsq_conv *cv, const struct dsq_conv_segment *s,
                         struct corner c, const void **rows, char *scratch)
{
    int64_t element = (int64_t)cv->element;
    size_t row_bytes = (size_t)cv->win.kernel[1] * cv->group_in * cv->element;
    bool contiguous = s->x_w == (int64_t)cv->group_in;
    bool across = c.iw >= 0 && c.iw + cv->win.kernel[1] <= s->w;
    *rows = scratch;
    for (int64_t kh = 0; kh < cv->win.kernel[0]; kh++, scratch += row_bytes) {
        int64_t ih = c.ih + kh * cv->win.dilation[0];
        const char *row = s->x + (row_inside(s, ih) ? (c.n * s->x_n + ih * s->x_h) * element : 0);
        if (!row_inside(s, ih))
            copy_short(scratch, s->zero_row, row_bytes);
        else if (contiguous && across)
            copy_short(scratch, row + c.iw * s->x_w * element, row_bytes);
        else
            copy_window(cv, s, row, c.iw, scratch);
    }
}

/* The corners of mr pixels from `pixel` on; the last pixel repeats. */
static void tile_corners(const struct dsq_conv *cv, const struct dsq_conv_segment *s, int64_t pixel,
                         struct corner *corner)
{
    struct corner c = corner_of(cv, s, pixel);
    int64_t end_w = s->ow * cv->win.stride[1] - s->pad_left;
    int64_t end_h = s->oh * cv->win.stride[0] - s->pad_top;
    for (size_t i = 0; i < cv->mr; i++) {
        corner[i] = c;
        if (++pixel >= s->pixels)
            continue;
        c.iw += cv->win.stride[1];
        if (c.iw < end_w)
            continue;
        c.iw = -s->pad_left;
        c.ih += cv->win.stride[0];
        if (c.ih < end_h)
            continue;
        c.ih = -s->pad_top;
        c.n++;
    }
}

void dsq_conv_tile_rows(const struct dsq_conv *cv, const struct dsq_conv_segment *s, int64_t pixel,
                        const void **rows, char *scratch)
{
    struct corner corner[MOST_ROWS];
    size_t pixel_scratch = cv->taps * cv->kc * cv->element;
    tile_corners(cv, s, pixel, corner);
    if (!cv->merged) {
        plain_rows(cv, s, corner, rows);
        return;
    }
    for (size_t i = 0; i < cv->mr; i++)
        if (cv->gathered)
            gathered_row(cv, s, corner[i], rows + i, scratch + i * pixel_scratch);
        else
            merged_rows(cv, s, corner[i], rows + i, scratch + i * pixel_scratch);
}

void dsq_conv_next_group(const struct dsq_conv *cv, const void **rows)
{
    for (size_t i = 0; i < cv->taps * cv->mr; i++)
        rows[i] = (const char *)rows[i] + cv->kc * cv->element;
}

/* Pixels of one plane that lie one stride apart: whole planes if rows follow each other, else rows.
 */
static int64_t run_length(const struct dsq_conv_segment *s, int64_t at)
{
    int64_t plane = s->oh * s->ow;
    if (s->y_stride[2] == s->ow * s->y_stride[3] || s->oh == 1)
        return plane - at;
    return s->ow - at % s->ow;
}

static void scatter_run(const struct dsq_conv *cv, const int64_t *stride, const float *tile,
                        float *y, size_t n_pixels, size_t n_channels)
{
    if (stride[3] == 1 && stride[1] > 0) {
        cv->head.device->rows->transpose_b4(n_pixels, n_channels,
                                            (const uint32_t *)(const void *)tile, cv->nr,
                                            (uint32_t *)(void *)y, (size_t)stride[1]);
        return;
    }
    for (size_t i = 0; i < n_pixels; i++)
        for (size_t c = 0; c < n_channels; c++)
            y[(int64_t)i * stride[3] + (int64_t)c * stride[1]] = tile[i * cv->nr + c];
}

void dsq_conv_scatter(const struct dsq_conv *cv, const struct dsq_conv_segment *s,
                      const float *tile, int64_t pixel, size_t n_pixels, size_t channel,
                      size_t n_channels)
{
    int64_t plane = s->oh * s->ow, left = (int64_t)n_pixels;
    while (left > 0) {
        int64_t n = pixel / plane, at = pixel % plane;
        int64_t length = run_length(s, at);
        if (length > left)
            length = left;
        float *y = (float *)s->y + n * s->y_stride[0] + at / s->ow * s->y_stride[2] +
                   at % s->ow * s->y_stride[3] + (int64_t)channel * s->y_stride[1];
        scatter_run(cv, s->y_stride, tile, y, (size_t)length, n_channels);
        tile += length * (int64_t)cv->nr;
        pixel += length;
        left -= length;
    }
}
