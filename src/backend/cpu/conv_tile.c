/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The addresses that a convolution's tile reads, computed from offsets on the spot: nothing here
 * grows with the picture.
 */
#include <string.h>

#include "backend/cpu/conv.h"

/* Neighbours in one output row: tile rows [first, first + n). Their windows begin in picture
 * `image` at row ih and columns iw, iw + stride, ...; they may begin outside. */
struct run {
    size_t first, n;
    int64_t image, ih, iw;
};

/* How many of n columns, `step` apart from column `from` on, lie left of column `end`. */
static size_t count_before(int64_t from, int64_t step, size_t n, int64_t end)
{
    if (from >= end)
        return 0;
    uint64_t distance = (uint64_t)(end - from);
    uint64_t count = step == 1 ? distance : (distance - 1) / (uint64_t)step + 1;
    return count < n ? (size_t)count : n;
}

/* Addresses of n pixels: `outside`, but for those in [lo, hi), which lie `step` bytes apart. */
static void fill_rows(const void **rows, size_t n, size_t lo, size_t hi, const char *inside,
                      int64_t step, const char *outside)
{
    size_t i = 0;
    for (; i < lo; i++)
        rows[i] = outside;
    for (; i < hi; i++, inside += step)
        rows[i] = inside;
    for (; i < n; i++)
        rows[i] = outside;
}

/* One tap a window position, without copies. */
static void plain_rows(const struct dsq_conv *cv, const struct dsq_conv_segment *s,
                       const struct run *r, const void **rows)
{
    int64_t element = (int64_t)cv->element, stride = cv->win.stride[1];
    int64_t step = stride * s->x_w * element;
    const char *image = s->x + r->image * s->x_n * element;
    for (int64_t kw = 0; kw < cv->win.kernel[1]; kw++) {
        int64_t iw = r->iw + kw * cv->win.dilation[1];
        size_t lo = count_before(iw, stride, r->n, 0);
        size_t hi = count_before(iw, stride, r->n, s->w);
        const void **to = rows + (size_t)kw * cv->mr + r->first;
        for (int64_t kh = 0; kh < cv->win.kernel[0]; kh++) {
            int64_t ih = r->ih + kh * cv->win.dilation[0];
            bool inside = hi > lo && (uint64_t)ih < (uint64_t)s->h;
            int64_t at = inside ? ih * s->x_h + (iw + (int64_t)lo * stride) * s->x_w : 0;
            fill_rows(to, r->n, inside ? lo : r->n, inside ? hi : r->n, image + at * element, step,
                      s->zero_row);
            to += (size_t)cv->win.kernel[1] * cv->mr;
        }
    }
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

/* Merged taps: one address a window row. Pixels [lo, hi) find theirs in the picture as it is; the
 * others' window rows are copied: `scratch` has room for taps * kc elements a pixel. */
static void merged_rows(const struct dsq_conv *cv, const struct dsq_conv_segment *s,
                        const struct run *r, const void **rows, char *scratch)
{
    int64_t element = (int64_t)cv->element, stride = cv->win.stride[1];
    bool contiguous = s->x_w == (int64_t)cv->group_in;
    size_t lo = contiguous ? count_before(r->iw, stride, r->n, 0) : r->n;
    size_t hi = count_before(r->iw, stride, r->n, s->w - cv->win.kernel[1] + 1);
    const void **to = rows + r->first;
    for (int64_t kh = 0; kh < cv->win.kernel[0]; kh++, to += cv->mr) {
        int64_t ih = r->ih + kh * cv->win.dilation[0];
        if ((uint64_t)ih >= (uint64_t)s->h) {
            fill_rows(to, r->n, r->n, r->n, NULL, 0, s->zero_row);
            continue;
        }
        const char *row = s->x + (r->image * s->x_n + ih * s->x_h) * element;
        if (hi > lo)
            fill_rows(to + lo, hi - lo, 0, hi - lo,
                      row + (r->iw + (int64_t)lo * stride) * s->x_w * element,
                      stride * s->x_w * element, NULL);
        for (size_t i = 0; i < r->n; i++) {
            if (i == lo && hi > lo)
                i = hi;
            if (i == r->n)
                break;
            char *copy = scratch + ((r->first + i) * cv->taps + (size_t)kh) * cv->kc * cv->element;
            copy_window(cv, s, row, r->iw + (int64_t)i * stride, copy);
            to[i] = copy;
        }
    }
}

/* Rows [n, mr) of every tap are row n - 1 again. */
static void repeat_last(const struct dsq_conv *cv, size_t n, const void **rows)
{
    for (size_t t = 0; n < cv->mr && t < cv->taps; t++, rows += cv->mr)
        fill_rows(rows + n, cv->mr - n, 0, 0, NULL, 0, rows[n - 1]);
}

void dsq_conv_start(const struct dsq_conv_segment *s, int64_t pixel, struct dsq_conv_cursor *at)
{
    int64_t line = pixel / s->ow;
    *at = (struct dsq_conv_cursor){pixel, line / s->oh, line % s->oh, pixel % s->ow};
}

static void advance(const struct dsq_conv_segment *s, struct dsq_conv_cursor *at, int64_t n)
{
    at->pixel += n;
    at->ow += n;
    while (at->ow >= s->ow) {
        at->ow -= s->ow;
        if (++at->oh == s->oh) {
            at->oh = 0;
            at->image++;
        }
    }
}

/* All of the tile's pixels lie in one output row, and no window crosses the left or right border.
 */
static bool is_inner(const struct dsq_conv *cv, const struct dsq_conv_segment *s,
                     const struct dsq_conv_cursor *at)
{
    int64_t iw = at->ow * cv->win.stride[1] - s->pad_left;
    int64_t last = iw + ((int64_t)cv->mr - 1) * cv->win.stride[1] +
                   (cv->win.kernel[1] - 1) * cv->win.dilation[1];
    return at->ow + (int64_t)cv->mr <= s->ow && iw >= 0 && last < s->w &&
           (!cv->merged || s->x_w == (int64_t)cv->group_in);
}

/* Such a tile's addresses: every tap's are one apart by the same step. */
static void inner_rows(const struct dsq_conv *cv, const struct dsq_conv_segment *s,
                       const struct dsq_conv_cursor *at, const void **to)
{
    const size_t mr = cv->mr;
    const int64_t pixel_bytes = s->x_w * (int64_t)cv->element;
    const int64_t step = cv->win.stride[1] * pixel_bytes, tap = cv->win.dilation[1] * pixel_bytes;
    const int64_t row_taps = cv->merged ? 1 : cv->win.kernel[1];
    const int64_t iw = at->ow * cv->win.stride[1] - s->pad_left;
    int64_t ih = at->oh * cv->win.stride[0] - s->pad_top;
    for (int64_t kh = 0; kh < cv->win.kernel[0]; kh++, ih += cv->win.dilation[0]) {
        const bool inside = (uint64_t)ih < (uint64_t)s->h;
        const char *row = s->zero_row;
        if (inside)
            row =
                s->x + (at->image * s->x_n + ih * s->x_h) * (int64_t)cv->element + iw * pixel_bytes;
        const int64_t pixel_step = inside ? step : 0, tap_step = inside ? tap : 0;
        for (int64_t k = 0; k < row_taps; k++, row += tap_step, to += mr)
            for (size_t i = 0; i < mr; i++)
                to[i] = row + (int64_t)i * pixel_step;
    }
}

/* Such a tile's first pixel, if no window crosses the upper or lower border either; gives the
 * pixels' distance, or 0. */
static int64_t stepped_rows(const struct dsq_conv *cv, const struct dsq_conv_segment *s,
                            const struct dsq_conv_cursor *at, const void **to)
{
    const int64_t ih = at->oh * cv->win.stride[0] - s->pad_top;
    const int64_t iw = at->ow * cv->win.stride[1] - s->pad_left;
    if (ih < 0 || ih + (cv->win.kernel[0] - 1) * cv->win.dilation[0] >= s->h)
        return 0;
    const char *row =
        s->x + (at->image * s->x_n + ih * s->x_h + iw * s->x_w) * (int64_t)cv->element;
    for (int64_t kh = 0; kh < cv->win.kernel[0]; kh++) {
        const char *tap = row;
        for (int64_t kw = 0; kw < cv->win.kernel[1]; kw++, to += cv->mr) {
            *to = tap;
            tap += cv->win.dilation[1] * s->x_w * (int64_t)cv->element;
        }
        row += cv->win.dilation[0] * s->x_h * (int64_t)cv->element;
    }
    return cv->win.stride[1] * s->x_w;
}

/* Any tile, run by run of neighbours in one output row. */
static void border_rows(const struct dsq_conv *cv, const struct dsq_conv_segment *s,
                        const struct dsq_conv_cursor *at, size_t pixels, const void **rows,
                        char *scratch)
{
    int64_t column = at->ow, oh = at->oh;
    struct run r = {.image = at->image};
    while (r.first < pixels) {
        r.n = pixels - r.first;
        if ((int64_t)r.n > s->ow - column)
            r.n = (size_t)(s->ow - column);
        r.ih = oh * cv->win.stride[0] - s->pad_top;
        r.iw = column * cv->win.stride[1] - s->pad_left;
        if (cv->merged)
            merged_rows(cv, s, &r, rows, scratch);
        else
            plain_rows(cv, s, &r, rows);
        r.first += r.n;
        column = 0;
        if (++oh == s->oh) {
            oh = 0;
            r.image++;
        }
    }
    repeat_last(cv, pixels, rows);
}

int64_t dsq_conv_tile_rows(const struct dsq_conv *cv, const struct dsq_conv_segment *s,
                           struct dsq_conv_cursor *at, const void **rows, char *scratch)
{
    int64_t step = 0, left = s->pixels - at->pixel;
    size_t pixels = left < (int64_t)cv->mr ? (size_t)left : cv->mr;
    if (!is_inner(cv, s, at))
        border_rows(cv, s, at, pixels, rows, scratch);
    else if (!cv->depthwise || (step = stepped_rows(cv, s, at, rows)) == 0)
        inner_rows(cv, s, at, rows);
    advance(s, at, (int64_t)pixels);
    return step;
}

static void prefetch(const char *from, int64_t bytes)
{
    enum { LINE = 64 };
    for (int64_t i = 0; i < bytes; i += LINE)
        __builtin_prefetch(from + i, 0, 2);
}

/* The lowest row of the windows of n pixels; at the end of a row of pixels, what follows it. */
static void prefetch_input(const struct dsq_conv *cv, const struct dsq_conv_segment *s,
                           const struct dsq_conv_cursor *from, int64_t n)
{
    int64_t element = (int64_t)cv->element, iw = from->ow * cv->win.stride[1];
    int64_t ih =
        from->oh * cv->win.stride[0] - s->pad_top + (cv->win.kernel[0] - 1) * cv->win.dilation[0];
    if (ih < 0 || ih >= s->h || iw >= s->w)
        return;
    int64_t at = ih * s->x_h + iw * s->x_w, end = (s->h - 1) * s->x_h + s->w * s->x_w;
    int64_t length = n * cv->win.stride[1] * s->x_w;
    prefetch(s->x + (from->image * s->x_n + at) * element,
             (length < end - at ? length : end - at) * element);
}

void dsq_conv_prefetch(const struct dsq_conv *cv, const struct dsq_conv_segment *s,
                       const struct dsq_conv_cursor *from, int64_t n)
{
    int64_t pixel = from->pixel;
    if (n > s->pixels - pixel)
        n = s->pixels - pixel;
    if (n <= 0)
        return;
    prefetch_input(cv, s, from, n);
    if (s->r)
        prefetch((const char *)s->r + pixel * s->r_pixel * (int64_t)cv->element,
                 n * s->r_pixel * (int64_t)cv->element);
    if (s->direct)
        prefetch((const char *)s->y + pixel * s->y_stride[3] * (int64_t)s->y_element,
                 n * s->y_stride[3] * (int64_t)s->y_element);
}

void dsq_conv_next_group(const struct dsq_conv *cv, const void **rows)
{
    for (size_t i = 0; i < cv->taps * cv->mr; i++)
        rows[i] = (const char *)rows[i] + cv->kc * cv->element;
}

void dsq_conv_join_rows(const struct dsq_conv *cv, const struct dsq_view *x,
                        struct dsq_conv_segment *s)
{
    const struct dsq_window *w = &cv->win;
    if (w->kernel[0] != 1 || w->kernel[1] != 1 || w->stride[0] != 1 || w->stride[1] != 1 ||
        s->oh != s->h || s->ow != s->w || !s->direct || !dsq_view_is_pixels(x))
        return;
    s->h = s->oh = 1;
    s->w = s->ow = s->pixels;
}
