/* SPDX-License-Identifier: Apache-2.0 */
/* dw_f32 against one chain of fmaf an output over unpacked numbers; bit by bit. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cpu.h"
#include "check_epilogue.h"
#include "kernels/dw_f32.h"

enum { MAX_STRIDE = 64, MAX_MR = 32, MAX_TAPS = 49, N_SETS = 3 };

static const size_t tap_counts[] = {1, 2, 3, 4, 5, 9, 25, 49};
enum { N_TAP_COUNTS = sizeof tap_counts / sizeof tap_counts[0] };

/* Pixels, weights and biases of 2 blocks of channels; every tile size is tried on them. */
struct problem {
    const struct dsq_dw_f32_kernel *k;
    size_t taps, channels;
    int fill;
    float *a, *w, *bias;       /* [taps][MR][channels], [channels][taps], [channels] */
    struct check_buffer *rows; /* [taps][MR] */
    struct check_buffer packed, bias_at, r, y;
};

static float value(struct check *c, int fill)
{
    static const float extremes[] = {0x1.fffffep+127f, -0x1.8p+126f, 0x1p-140f, -0x1p-126f, 1.0f};
    switch (fill) {
    case 0:
        return extremes[check_below(c, 5)];
    case 1: /* near 1, so that sums cancel */
        return (check_random(c) & 1 ? 1.0f : -1.0f) + check_uniform(c, -0x1p-20f, 0x1p-20f);
    case 2:
        return (float)(check_random(c) & 1);
    default:
        return check_below(c, 3000) == 0 ? check_any_f32(c) : check_uniform(c, -3.0f, 3.0f);
    }
}

static void make_problem(struct check *c, struct problem *p)
{
    for (size_t i = 0; i < p->taps * p->k->mr * p->channels; i++)
        p->a[i] = value(c, p->fill);
    for (size_t i = 0; i < p->channels * p->taps; i++)
        p->w[i] = value(c, p->fill);
    for (size_t j = 0; j < p->channels; j++)
        p->bias[j] = check_below(c, 10) == 0 ? check_any_f32(c) : check_uniform(c, -9.0f, 9.0f);
}

struct tile {
    size_t mr, nr, first; /* first: where the block's channels begin */
    size_t a_step;        /* 0: rows by their addresses */
    enum check_side side;
    bool residual, in_place;
    size_t r_stride, y_stride;
    struct dsq_activate act;
};

static struct tile draw_tile(struct check *c, const struct problem *p, size_t mr, size_t nr)
{
    struct tile t = {.mr = mr,
                     .nr = nr,
                     .first = check_below(c, 2) * p->k->nr,
                     .side = check_below(c, 2) ? CHECK_END : CHECK_BEGIN,
                     .residual = check_below(c, 2),
                     .y_stride = nr + (check_below(c, 2) ? check_below(c, 40) : 0),
                     .act = check_draw_activate(c)};
    t.in_place = t.residual && check_below(c, 2);
    if (mr == p->k->mr && check_below(c, 2))
        t.a_step = nr + check_below(c, 2) * check_below(c, MAX_STRIDE);
    t.r_stride = t.in_place ? t.y_stride : nr + check_below(c, 40);
    return t;
}

/* Row pointers such that the tile's channels touch the guard page; rows past mr repeat the last.
 * Stepped rows lie in one buffer a tap, whose other pointers are not to be used. */
static void point_at_rows(const struct problem *p, const struct tile *t, const float **a)
{
    const size_t mr = p->k->mr, bytes = t->nr * sizeof(float);
    for (size_t i = 0; i < p->taps * mr; i++) {
        size_t row = i % mr < t->mr ? i : i / mr * mr + t->mr - 1;
        float *at = check_place(&p->rows[row], bytes, t->side);
        if (t->a_step) {
            at = check_place(&p->rows[i / mr * mr], (mr - 1) * t->a_step * sizeof(float) + bytes,
                             t->side);
            at += i % mr * t->a_step;
        }
        memcpy(at, p->a + row * p->channels + t->first, bytes);
        a[i] = t->a_step && i % mr > 0 ? NULL : at - t->first;
    }
}

/* What the tile should be, into the shadow of y. */
static void expect(const struct problem *p, const struct tile *t, const float *r, float *want)
{
    for (size_t i = 0; i < t->mr; i++)
        for (size_t j = 0; j < t->nr; j++) {
            const size_t channel = t->first + j;
            float v = p->bias[channel];
            for (size_t tap = 0; tap < p->taps; tap++)
                v = fmaf(p->a[(tap * p->k->mr + i) * p->channels + channel],
                         p->w[channel * p->taps + tap], v);
            if (r)
                v += r[i * t->r_stride + j];
            want[i * t->y_stride + j] = check_activate(&t->act, v);
        }
}

static float *place_tile(struct check *c, struct check_buffer *b, const struct tile *t,
                         size_t stride)
{
    check_prefill(c, b);
    return check_place(b, ((t->mr - 1) * stride + t->nr) * sizeof(float), t->side);
}

/* Random residuals; those in y itself are part of what surrounds the output too. */
static const float *draw_residual(struct check *c, struct problem *p, const struct tile *t,
                                  float *y)
{
    if (!t->residual)
        return NULL;
    float *r = t->in_place ? y : place_tile(c, &p->r, t, t->r_stride);
    for (size_t i = 0; i < t->mr; i++)
        for (size_t j = 0; j < t->nr; j++)
            r[i * t->r_stride + j] = check_any_f32(c);
    return r;
}

static void describe(struct check *c, const struct problem *p, const struct tile *t)
{
    char act[CHECK_TEXT];
    check_describe_activate(&t->act, act);
    check_case(c,
               "taps %zu, fill %d, mr %zu, nr %zu, first %zu, a_step %zu, buffers at the %s, r %s "
               "(stride %zu), y_stride %zu, %s",
               p->taps, p->fill, t->mr, t->nr, t->first, t->a_step,
               t->side == CHECK_END ? "end" : "begin",
               !t->residual  ? "none"
               : t->in_place ? "is y"
                             : "apart",
               t->r_stride, t->y_stride, act);
}

static bool check_tile(struct check *c, struct problem *p, const struct tile *t)
{
    const struct dsq_dw_f32_kernel *k = p->k;
    const size_t n = t->first + t->nr, block = t->first * p->taps;
    float *packed = check_place(&p->packed, (t->first + k->nr) * p->taps * sizeof(float), t->side);
    dsq_dw_f32_pack(k, n, p->taps, p->w, packed);
    const float *a[MAX_TAPS * MAX_MR];
    point_at_rows(p, t, a);
    float *bias = check_place(&p->bias_at, t->nr * sizeof(float), t->side);
    memcpy(bias, p->bias + t->first, t->nr * sizeof(float));
    float *y = place_tile(c, &p->y, t, t->y_stride);
    const float *r = draw_residual(c, p, t, y);
    float *want = check_shadow(&p->y, y);
    expect(p, t, r, want);

    describe(c, p, t);
    const struct dsq_dw_f32 params = {p->taps, t->act};
    k->run(&params, t->mr, t->nr, a, t->first, t->a_step, packed + block, bias, r, t->r_stride, y,
           t->y_stride);
    if (!check_tile_f32(c, t->mr, t->nr, want, t->y_stride, y, t->y_stride))
        return false;
    for (size_t i = 0; i < t->mr; i++) /* one NaN may have other bits than another */
        memcpy(want + i * t->y_stride, y + i * t->y_stride, t->nr * sizeof(float));
    return check_untouched(c, &p->y);
}

static bool check_sizes(struct check *c, struct problem *p)
{
    const size_t nr = p->k->nr;
    const size_t widths[] = {1,          2,          nr / 4,         nr / 4 + 1, nr / 2 - 1, nr / 2,
                             nr / 2 + 1, 3 * nr / 4, 3 * nr / 4 + 1, nr - 1,     nr};
    for (size_t rows = 1; rows <= p->k->mr; rows++)
        for (size_t i = 0; i < sizeof widths / sizeof widths[0]; i++) {
            struct tile t = draw_tile(c, p, rows, widths[i]);
            if (!check_tile(c, p, &t))
                return false;
        }
    return true;
}

static void open_problem(struct problem *p, const struct dsq_dw_f32_kernel *k)
{
    *p = (struct problem){.k = k, .channels = 2u * k->nr};
    const size_t tile_bytes = k->mr * (size_t)(k->nr + MAX_STRIDE) * sizeof(float);
    p->a = check_alloc(MAX_TAPS * k->mr * p->channels * sizeof(float));
    p->w = check_alloc(p->channels * MAX_TAPS * sizeof(float));
    p->bias = check_alloc(p->channels * sizeof(float));
    p->rows = check_alloc(MAX_TAPS * k->mr * sizeof *p->rows);
    for (size_t i = 0; i < MAX_TAPS * (size_t)k->mr; i++)
        check_buffer_open(&p->rows[i], k->mr * (k->nr + MAX_STRIDE) * sizeof(float));
    check_buffer_open(&p->packed, p->channels * MAX_TAPS * sizeof(float));
    check_buffer_open(&p->bias_at, k->nr * sizeof(float));
    check_buffer_open(&p->r, tile_bytes);
    check_buffer_open(&p->y, tile_bytes);
}

static void close_problem(struct problem *p)
{
    for (size_t i = 0; i < MAX_TAPS * (size_t)p->k->mr; i++)
        check_buffer_close(&p->rows[i]);
    struct check_buffer *all[] = {&p->packed, &p->bias_at, &p->r, &p->y};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        check_buffer_close(all[i]);
    free(p->a);
    free(p->w);
    free(p->bias);
    free(p->rows);
}

static bool check(struct check *c, size_t i)
{
    size_t n;
    struct problem p;
    open_problem(&p, &dsq_dw_f32_all(&n)[i]);
    bool ok = true;
    for (size_t at = 0; ok && at < N_SETS * CHECK_FILLS * N_TAP_COUNTS; at++) {
        p.fill = (int)(at % CHECK_FILLS);
        p.taps = tap_counts[at / CHECK_FILLS % N_TAP_COUNTS];
        make_problem(c, &p);
        ok = check_sizes(c, &p);
    }
    close_problem(&p);
    return ok;
}

/* ---- timing: a strip of a picture with a window of 3 rows, as a convolution sees it ---- */

struct bench_run {
    const struct dsq_dw_f32_kernel *k;
    struct dsq_dw_f32 params;
    size_t channels, step;
    const float *a[MAX_TAPS * MAX_MR];
    float *data, *w, *packed, *bias, *y;
};

static void bench_run(void *arg)
{
    const struct bench_run *b = arg;
    for (size_t at = 0; at < b->channels; at += b->k->nr) {
        const size_t left = b->channels - at;
        b->k->run(&b->params, b->k->mr, left < b->k->nr ? left : b->k->nr, b->a, at, b->step,
                  b->packed + at * b->params.taps, b->bias + at, NULL, 0, b->y + at, b->channels);
    }
}

/* Aligned as an arena's tensors are: vectors that span cache lines are half as fast. */
static size_t round64(size_t bytes)
{
    return (bytes + 63) / 64 * 64;
}

static void bench_case(struct check_bench *bench, const struct dsq_dw_f32_kernel *k,
                       size_t channels, size_t side, enum check_peak peak)
{
    const size_t taps = side * side, width = k->mr + side;
    struct bench_run b = {
        .k = k, .params = {taps, {.hi = INFINITY}}, .channels = channels, .step = channels};
    const size_t n = (channels + k->nr - 1) / k->nr * k->nr;
    b.data = aligned_alloc(64, round64(side * width * channels * sizeof(float)));
    b.w = calloc(channels * taps, sizeof(float));
    b.packed = aligned_alloc(64, n * taps * sizeof(float));
    b.bias = calloc(channels, sizeof(float));
    b.y = aligned_alloc(64, round64(k->mr * channels * sizeof(float)));
    if (b.data && b.w && b.packed && b.bias && b.y) {
        memset(b.data, 0, side * width * channels * sizeof(float));
        dsq_dw_f32_pack(k, channels, taps, b.w, b.packed);
        for (size_t i = 0; i < taps * k->mr; i++) {
            const size_t tap = i / k->mr, x = i % k->mr + tap % side;
            b.a[i] = b.data + (tap / side * width + x) * channels;
        }
        char work[64];
        snprintf(work, sizeof work, "dw_f32 channels=%zu taps=%zu", channels, taps);
        check_time(bench, k->name, work, 2.0 * (double)(k->mr * channels * taps), peak, bench_run,
                   &b);
    }
    free(b.data);
    free(b.w);
    free(b.packed);
    free(b.bias);
    free(b.y);
}

static void bench(struct check_bench *b, size_t i)
{
    size_t n;
    const struct dsq_dw_f32_kernel *k = &dsq_dw_f32_all(&n)[i];
    const enum check_peak peak = k->needs & DSQ_CPU_AVX512VNNI ? PEAK_FMA_AVX512
                                 : k->needs                    ? PEAK_FMA_AVX2
                                                               : PEAK_NONE;
    static const size_t work[][2] = {{8, 3}, {16, 3}, {32, 3}, {64, 3}, {128, 3}, {64, 5}};
    for (size_t j = 0; j < sizeof work / sizeof work[0]; j++)
        bench_case(b, k, work[j][0], work[j][1], peak);
}

static size_t count(void)
{
    size_t n;
    dsq_dw_f32_all(&n);
    return n;
}

static const char *variant(size_t i, uint32_t *needs)
{
    size_t n;
    const struct dsq_dw_f32_kernel *k = &dsq_dw_f32_all(&n)[i];
    *needs = k->needs;
    return k->name;
}

static bool select_is_legal(uint32_t cpu)
{
    return (dsq_dw_f32_select(cpu)->needs & ~cpu) == 0;
}

const struct check_family check_family_dw_f32 = {"dw_f32", count, variant,
                                                 check,    bench, select_is_legal};
