/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The two resizing filters. Their integer definitions follow from what OpenCV (imgproc, resize) and
 * Pillow (libImaging, Resample) compute on 8-bit pixels; both are separable.
 */
#include "detect/resize.h"

#include <math.h>
#include <string.h>

/* ---- linear ---- */

enum { LINEAR_BITS = 11 };

/* Per output position: the left (upper) of its two sources, before clamping, and both weights. */
struct linear_tap {
    int32_t at;
    int32_t w0, w1;
};

static void linear_taps(struct linear_tap *taps, int32_t n_src, int32_t n_dst)
{
    double scale = 1.0 / ((double)n_dst / n_src);
    const float one = (float)(1 << LINEAR_BITS);
    for (int32_t i = 0; i < n_dst; i++) {
        float f = (float)((i + 0.5) * scale - 0.5);
        float whole = floorf(f);
        f -= whole;
        taps[i].at = (int32_t)whole;
        taps[i].w0 = (int32_t)lrintf((1.0f - f) * one);
        taps[i].w1 = (int32_t)lrintf(f * one);
    }
}

static int32_t clamp_index(int32_t i, int32_t n)
{
    return i < 0 ? 0 : i >= n ? n - 1 : i;
}

/* Columns outside the picture take the border pixel with full weight. */
static void clamp_columns(struct linear_tap *taps, int32_t n_src, int32_t n_dst)
{
    for (int32_t i = 0; i < n_dst; i++)
        if (taps[i].at < 0 || taps[i].at >= n_src - 1)
            taps[i] = (struct linear_tap){clamp_index(taps[i].at, n_src), 1 << LINEAR_BITS, 0};
}

static void linear_row(int32_t *dst, const uint8_t *src, const struct linear_tap *columns,
                       int32_t n_src, int32_t n_dst)
{
    for (int32_t x = 0; x < n_dst; x++) {
        const uint8_t *p = src + (size_t)columns[x].at * 3;
        const uint8_t *q = columns[x].at + 1 < n_src ? p + 3 : p;
        for (size_t c = 0; c < 3; c++)
            dst[(size_t)x * 3 + c] = p[c] * columns[x].w0 + q[c] * columns[x].w1;
    }
}

/* The rounding in steps is part of the definition. Weights sum to 2^11 within 1, so 255 is not
 * passed. */
static void linear_blend(uint8_t *dst, const int32_t *upper, const int32_t *lower, int32_t w0,
                         int32_t w1, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        int32_t v = ((w0 * (upper[i] >> 4)) >> 16) + ((w1 * (lower[i] >> 4)) >> 16);
        v = (v + 2) >> 2;
        dst[i] = (uint8_t)(v > 255 ? 255 : v);
    }
}

/* Keep the two latest source rows, so that each is filtered once. */
struct linear_rows {
    int32_t *row[2];
    int32_t index[2];
    int next;
};

static const int32_t *linear_get_row(struct linear_rows *rows, int32_t y, const uint8_t *src,
                                     int32_t src_width, const struct linear_tap *columns,
                                     int32_t dst_width)
{
    for (int i = 0; i < 2; i++)
        if (rows->index[i] == y) {
            rows->next = 1 - i;
            return rows->row[i];
        }
    int i = rows->next;
    linear_row(rows->row[i], src + (size_t)y * (size_t)src_width * 3, columns, src_width,
               dst_width);
    rows->index[i] = y;
    rows->next = 1 - i;
    return rows->row[i];
}

enum dsq_status dsq_resize_linear(const uint8_t *src, int32_t src_width, int32_t src_height,
                                  uint8_t *dst, int32_t dst_width, int32_t dst_height,
                                  const struct dsq_allocator *a, struct dsq_diag *d)
{
    enum dsq_status status = DSQ_OK;
    size_t n = (size_t)dst_width * 3;
    struct linear_tap *columns = dsq_calloc(a, (size_t)dst_width, sizeof *columns);
    struct linear_tap *lines = dsq_calloc(a, (size_t)dst_height, sizeof *lines);
    struct linear_rows rows = {
        {dsq_calloc(a, n, sizeof(int32_t)), dsq_calloc(a, n, sizeof(int32_t))}, {-1, -1}, 0};
    if (!columns || !lines || !rows.row[0] || !rows.row[1]) {
        status = dsq_fail(d, DSQ_NOMEM, "no memory to resize to %d x %d", (int)dst_width,
                          (int)dst_height);
        goto done;
    }
    linear_taps(columns, src_width, dst_width);
    clamp_columns(columns, src_width, dst_width);
    linear_taps(lines, src_height, dst_height);
    for (int32_t y = 0; y < dst_height; y++) {
        int32_t y0 = clamp_index(lines[y].at, src_height);
        int32_t y1 = clamp_index(lines[y].at + 1, src_height);
        const int32_t *upper = linear_get_row(&rows, y0, src, src_width, columns, dst_width);
        const int32_t *lower = linear_get_row(&rows, y1, src, src_width, columns, dst_width);
        linear_blend(dst + (size_t)y * n, upper, lower, lines[y].w0, lines[y].w1, n);
    }
done:
    dsq_release(a, columns);
    dsq_release(a, lines);
    dsq_release(a, rows.row[0]);
    dsq_release(a, rows.row[1]);
    return status;
}

/* ---- antialias ---- */

enum { ANTIALIAS_BITS = 22 };

/* Output i is the sum of `count[i]` sources from first[i] on, weights at weight + i * taps. */
struct antialias_axis {
    int32_t *first, *count, *weight;
    int32_t taps;
};

static void free_axis(struct antialias_axis *axis, const struct dsq_allocator *a)
{
    dsq_release(a, axis->first);
    dsq_release(a, axis->count);
    dsq_release(a, axis->weight);
}

/* Triangle weights of output i, normalized in double, then fixed. `w` holds axis->taps doubles. */
static void antialias_weights(struct antialias_axis *axis, int32_t i, int32_t n_src, double scale,
                              double support, double *w)
{
    double center = (i + 0.5) * scale, step = 1.0 / (scale < 1.0 ? 1.0 : scale), sum = 0.0;
    int32_t first = (int32_t)(center - support + 0.5), last = (int32_t)(center + support + 0.5);
    first = first < 0 ? 0 : first;
    last = last > n_src ? n_src : last;
    for (int32_t k = 0; k < last - first; k++) {
        double x = fabs((k + first - center + 0.5) * step);
        w[k] = x < 1.0 ? 1.0 - x : 0.0;
        sum += w[k];
    }
    axis->first[i] = first;
    axis->count[i] = last - first;
    int32_t *fixed = axis->weight + (size_t)i * (size_t)axis->taps;
    for (int32_t k = 0; k < last - first; k++)
        fixed[k] = (int32_t)(0.5 + (sum != 0.0 ? w[k] / sum : w[k]) * (1 << ANTIALIAS_BITS));
}

static enum dsq_status make_axis(struct antialias_axis *axis, int32_t n_src, int32_t n_dst,
                                 const struct dsq_allocator *a, struct dsq_diag *d)
{
    double scale = (double)n_src / n_dst, support = scale < 1.0 ? 1.0 : scale;
    size_t n = (size_t)n_dst;
    axis->taps = (int32_t)ceil(support) * 2 + 1;
    size_t taps = (size_t)axis->taps, n_weights;
    double *w = dsq_calloc(a, taps, sizeof *w);
    axis->first = dsq_calloc(a, n, sizeof *axis->first);
    axis->count = dsq_calloc(a, n, sizeof *axis->count);
    if (dsq_mul(n, taps, &n_weights))
        axis->weight = dsq_calloc(a, n_weights, sizeof *axis->weight);
    bool ok = w && axis->first && axis->count && axis->weight;
    for (int32_t i = 0; ok && i < n_dst; i++)
        antialias_weights(axis, i, n_src, scale, support, w);
    dsq_release(a, w);
    return ok ? DSQ_OK : dsq_fail(d, DSQ_NOMEM, "no memory to resize to %d", (int)n_dst);
}

/* Output i of an axis whose neighbours lie `stride` bytes apart. */
static uint8_t antialias_sum(const struct antialias_axis *axis, int32_t i, const uint8_t *src,
                             size_t stride)
{
    const int32_t *weight = axis->weight + (size_t)i * (size_t)axis->taps;
    const uint8_t *p = src + (size_t)axis->first[i] * stride;
    int32_t sum = 1 << (ANTIALIAS_BITS - 1);
    for (int32_t k = 0; k < axis->count[i]; k++)
        sum += p[(size_t)k * stride] * weight[k];
    sum >>= ANTIALIAS_BITS;
    return (uint8_t)(sum > 255 ? 255 : sum);
}

static void antialias_columns(const struct antialias_axis *axis, const uint8_t *src,
                              int32_t src_width, uint8_t *dst, int32_t dst_width, int32_t height)
{
    for (int32_t y = 0; y < height; y++) {
        const uint8_t *row = src + (size_t)y * (size_t)src_width * 3;
        uint8_t *out = dst + (size_t)y * (size_t)dst_width * 3;
        for (int32_t x = 0; x < dst_width; x++)
            for (size_t c = 0; c < 3; c++)
                out[(size_t)x * 3 + c] = antialias_sum(axis, x, row + c, 3);
    }
}

/* Row by row, so that memory is read in order: `sums` holds n numbers. */
static void antialias_lines(const struct antialias_axis *axis, const uint8_t *src, uint8_t *dst,
                            size_t n, int32_t dst_height, int32_t *sums)
{
    for (int32_t y = 0; y < dst_height; y++) {
        const int32_t *weight = axis->weight + (size_t)y * (size_t)axis->taps;
        for (size_t i = 0; i < n; i++)
            sums[i] = 1 << (ANTIALIAS_BITS - 1);
        for (int32_t k = 0; k < axis->count[y]; k++) {
            const uint8_t *row = src + (size_t)(axis->first[y] + k) * n;
            for (size_t i = 0; i < n; i++)
                sums[i] += row[i] * weight[k];
        }
        for (size_t i = 0; i < n; i++) {
            int32_t v = sums[i] >> ANTIALIAS_BITS;
            dst[(size_t)y * n + i] = (uint8_t)(v > 255 ? 255 : v);
        }
    }
}

enum dsq_status dsq_resize_antialias(const uint8_t *src, int32_t src_width, int32_t src_height,
                                     uint8_t *dst, int32_t dst_width, int32_t dst_height,
                                     const struct dsq_allocator *a, struct dsq_diag *d)
{
    enum dsq_status status;
    struct antialias_axis columns = {0}, lines = {0};
    size_t n = (size_t)dst_width * 3;
    uint8_t *between = NULL;
    int32_t *sums = NULL;
    if (dst_width == src_width && dst_height == src_height) {
        memcpy(dst, src, n * (size_t)dst_height);
        return DSQ_OK;
    }
    DSQ_GUARD(make_axis(&columns, src_width, dst_width, a, d));
    DSQ_GUARD(make_axis(&lines, src_height, dst_height, a, d));
    between = dsq_alloc(a, (size_t)src_height * n);
    sums = dsq_calloc(a, n, sizeof *sums);
    if (!between || !sums) {
        status = dsq_fail(d, DSQ_NOMEM, "no memory to resize to %d x %d", (int)dst_width,
                          (int)dst_height);
        goto fail;
    }
    if (dst_width == src_width)
        memcpy(between, src, n * (size_t)src_height);
    else
        antialias_columns(&columns, src, src_width, between, dst_width, src_height);
    if (dst_height == src_height)
        memcpy(dst, between, n * (size_t)dst_height);
    else
        antialias_lines(&lines, between, dst, n, dst_height, sums);
fail:
    free_axis(&columns, a);
    free_axis(&lines, a);
    dsq_release(a, between);
    dsq_release(a, sums);
    return status;
}
