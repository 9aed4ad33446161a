/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tiles that pass through scratch memory on their way out: those whose activation is more than a
 * kernel's epilogue does (it is computed here, in float, on what is still in the first-level
 * cache), and those whose output is no matrix of pixels (a caller's NCHW memory).
 */
#include <string.h>

#include "backend/cpu/conv.h"

/* Pixels of one plane that lie one stride apart: whole planes if rows follow each other, else rows.
 */
static int64_t run_length(const struct dsq_conv_segment *s, int64_t at)
{
    int64_t plane = s->oh * s->ow;
    if (s->y_stride[2] == s->ow * s->y_stride[3] || s->oh == 1)
        return plane - at;
    return s->ow - at % s->ow;
}

/* Rows of row_bytes that lie side by side, to rows `stride` bytes apart. */
static void copy_rows(char *to, int64_t stride, const char *from, size_t row_bytes, size_t n)
{
    if (stride == (int64_t)row_bytes) {
        memcpy(to, from, n * row_bytes);
        return;
    }
    for (; n > 0; n--, to += stride, from += row_bytes)
        memcpy(to, from, row_bytes);
}

/* Floats to a place where channels do not lie side by side. */
static void scatter_floats(const struct dsq_conv *cv, const int64_t *stride, const float *tile,
                           float *y, size_t n_pixels, size_t n_channels)
{
    if (stride[3] == 1 && stride[1] > 0) {
        cv->head.device->rows->transpose_b4(n_pixels, n_channels,
                                            (const uint32_t *)(const void *)tile, n_channels,
                                            (uint32_t *)(void *)y, (size_t)stride[1]);
        return;
    }
    for (size_t i = 0; i < n_pixels; i++)
        for (size_t c = 0; c < n_channels; c++)
            y[(int64_t)i * stride[3] + (int64_t)c * stride[1]] = tile[i * n_channels + c];
}

/* A tile in the output's own type, to wherever its pixels are. */
static void scatter(const struct dsq_conv *cv, const struct dsq_conv_segment *s,
                    const struct dsq_conv_staged *t, const char *tile)
{
    int64_t plane = s->oh * s->ow, left = (int64_t)t->n_pixels, pixel = t->pixel;
    int64_t element = (int64_t)s->y_element;
    size_t row_bytes = t->n_channels * s->y_element;
    while (left > 0) {
        int64_t n = pixel / plane, at = pixel % plane;
        int64_t length = run_length(s, at);
        if (length > left)
            length = left;
        char *y =
            (char *)s->y + (n * s->y_stride[0] + at / s->ow * s->y_stride[2] +
                            at % s->ow * s->y_stride[3] + (int64_t)t->channel * s->y_stride[1]) *
                               element;
        if (s->y_stride[1] == 1)
            copy_rows(y, s->y_stride[3] * element, tile, row_bytes, (size_t)length);
        else
            scatter_floats(cv, s->y_stride, (const float *)(const void *)tile, (float *)(void *)y,
                           (size_t)length, t->n_channels);
        tile += (size_t)length * row_bytes;
        pixel += length;
        left -= length;
    }
}

void dsq_conv_way_out(const struct dsq_conv *cv, const struct dsq_conv_segment *s,
                      const struct dsq_conv_staged *t)
{
    const struct dsq_device *dev = cv->head.device;
    const size_t n = t->n_pixels * t->n_channels, row_bytes = t->n_channels * s->y_element;
    const int64_t stride = s->y_stride[3] * (int64_t)s->y_element;
    const bool floats = s->y_element == sizeof(float);
    const bool dense =
        s->direct && stride == (int64_t)row_bytes; /* the tile's own place is there */
    char *y = s->direct
                  ? (char *)s->y + t->pixel * stride + (int64_t)t->channel * (int64_t)s->y_element
                  : NULL;
    char *tile = dense ? y : floats ? (char *)t->tile : (char *)t->bytes;
    if (cv->staged)
        dev->unary->run(&cv->unary, n, t->tile, floats ? (float *)(void *)tile : t->tile);
    if (!floats) {
        struct dsq_rows_quant q = dsq_cpu_quant(&s->y_value->q);
        dev->rows->quantize(n, t->tile, &q, (int8_t *)tile);
    }
    if (!s->direct)
        scatter(cv, s, t, tile);
    else if (!dense)
        copy_rows(y, stride, tile, row_bytes, t->n_pixels);
}
