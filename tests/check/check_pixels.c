/* SPDX-License-Identifier: Apache-2.0 */
/* pixels against plain formulas, one element at a time; bit by bit. Pooling is in check_pools.c. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "check_pixels.h"
#include "quant.h"

enum { N_CASES = 3000 };

static size_t span(size_t n, size_t channels, size_t stride)
{
    return n ? (n - 1) * stride + channels : 0;
}

static void draw_sizes(struct check *c, struct pixels *s)
{
    s->side = check_below(c, 2) ? CHECK_END : CHECK_BEGIN;
    s->n = check_below(c, MAX_PIXELS);
    s->m = 1 + check_below(c, MAX_PIXELS);
    s->channels = check_below(c, 5) ? 1 + check_below(c, 70) : 256 + check_below(c, 40);
    s->x_stride = s->channels + check_below(c, 2) * check_below(c, MAX_GAP);
    s->y_stride = s->channels + check_below(c, 2) * check_below(c, MAX_GAP);
    for (size_t p = 0; p < s->n; p++) {
        static const float weights[] = {0.0f, 1.0f, 0.5f, 0.25f};
        s->at[p].a = (int64_t)(check_below(c, s->m) * s->x_stride);
        s->at[p].b = (int64_t)(check_below(c, s->m) * s->x_stride);
        s->at[p].w = check_below(c, 2) ? weights[check_below(c, 4)] : check_uniform(c, 0, 1);
    }
}

static void describe(struct check *c, const struct pixels *s, const char *function)
{
    check_case(c, "%s, %zu of %zu pixels, channels %zu, strides %zu, %zu, buffers at the %s",
               function, s->n, s->m, s->channels, s->x_stride, s->y_stride,
               s->side == CHECK_END ? "end" : "begin");
}

static float *draw_f32(struct check *c, struct pixels *s)
{
    const size_t n = span(s->m, s->channels, s->x_stride);
    float *x = check_place(&s->x, n * sizeof *x, s->side);
    for (size_t i = 0; i < n; i++)
        x[i] = check_any_f32(c);
    return x;
}

static int8_t *draw_s8(struct check *c, struct pixels *s)
{
    const int fill = (int)check_below(c, CHECK_FILLS);
    const size_t n = span(s->m, s->channels, s->x_stride);
    int8_t *x = check_place(&s->x, n, s->side);
    for (size_t i = 0; i < n; i++)
        x[i] = check_s8(c, fill, -128, 127);
    return x;
}

void *check_pixels_place(struct check *c, struct pixels *s, size_t element)
{
    check_prefill(c, &s->y);
    return check_place(&s->y, span(s->n, s->channels, s->y_stride) * element, s->side);
}

bool check_pixels_same_f32(struct check *c, struct pixels *s, const float *y)
{
    float *want = check_shadow(&s->y, y);
    if (!check_tile_f32(c, s->n, s->channels, want, s->y_stride, y, s->y_stride))
        return false;
    for (size_t p = 0; p < s->n; p++) /* one NaN may have other bits than another */
        memcpy(want + p * s->y_stride, y + p * s->y_stride, s->channels * sizeof *y);
    return check_untouched(c, &s->y);
}

bool check_pixels_same_s8(struct check *c, struct pixels *s, const int8_t *y)
{
    return check_tile_s8(c, s->n, s->channels, check_shadow(&s->y, y), s->y_stride, y,
                         s->y_stride) &&
           check_untouched(c, &s->y);
}

static float mixed(float w, float a, float b)
{
    const float difference = b - a;
    return fmaf(w, difference, a);
}

static bool check_lerp_f32(struct check *c, struct pixels *s)
{
    const float *x = draw_f32(c, s);
    float *y = check_pixels_place(c, s, sizeof *y), *want = check_shadow(&s->y, y);
    for (size_t p = 0; p < s->n; p++)
        for (size_t i = 0; i < s->channels; i++)
            want[p * s->y_stride + i] = mixed(s->at[p].w, (x + s->at[p].a)[i], (x + s->at[p].b)[i]);
    describe(c, s, "lerp_f32");
    s->k->lerp_f32(s->n, s->channels, x, s->at, y, s->y_stride);
    return check_pixels_same_f32(c, s, y);
}

static bool check_lerp_s8(struct check *c, struct pixels *s)
{
    const struct dsq_rows_quant q = check_draw_quant(c);
    const int8_t *x = draw_s8(c, s);
    float *y = check_pixels_place(c, s, sizeof *y), *want = check_shadow(&s->y, y);
    for (size_t p = 0; p < s->n; p++)
        for (size_t i = 0; i < s->channels; i++)
            want[p * s->y_stride + i] = mixed(s->at[p].w, check_deq((x + s->at[p].a)[i], &q),
                                              check_deq((x + s->at[p].b)[i], &q));
    describe(c, s, "lerp_s8");
    s->k->lerp_s8(s->n, s->channels, x, &q, s->at, y, s->y_stride);
    return check_pixels_same_f32(c, s, y);
}

static bool check_lerp_f32_s8(struct check *c, struct pixels *s)
{
    const struct dsq_rows_quant q = check_draw_quant(c);
    const float *x = draw_f32(c, s);
    int8_t *y = check_pixels_place(c, s, sizeof *y), *want = check_shadow(&s->y, y);
    for (size_t p = 0; p < s->n; p++)
        for (size_t i = 0; i < s->channels; i++)
            want[p * s->y_stride + i] =
                check_quantized(mixed(s->at[p].w, (x + s->at[p].a)[i], (x + s->at[p].b)[i]), &q);
    describe(c, s, "lerp_f32_s8");
    s->k->lerp_f32_s8(s->n, s->channels, x, s->at, &q, y, s->y_stride);
    return check_pixels_same_s8(c, s, y);
}

static bool check_mix_f32(struct check *c, struct pixels *s)
{
    const size_t taps = 1 + check_below(c, MAX_TAPS);
    int64_t at[MAX_PIXELS * MAX_TAPS];
    float w[MAX_PIXELS * MAX_TAPS];
    const float *x = draw_f32(c, s);
    float *y = check_pixels_place(c, s, sizeof *y), *want = check_shadow(&s->y, y);
    for (size_t i = 0; i < s->n * taps; i++) {
        at[i] = (int64_t)(check_below(c, s->m) * s->x_stride);
        w[i] = check_uniform(c, -1, 1);
    }
    for (size_t p = 0; p < s->n; p++)
        for (size_t i = 0; i < s->channels; i++) {
            float v = w[p * taps] * (x + at[p * taps])[i];
            for (size_t t = 1; t < taps; t++)
                v = fmaf(w[p * taps + t], (x + at[p * taps + t])[i], v);
            want[p * s->y_stride + i] = v;
        }
    describe(c, s, "mix_f32");
    s->k->mix_f32(s->n, s->channels, taps, x, at, w, y, s->y_stride);
    return check_pixels_same_f32(c, s, y);
}

static bool check_copy(struct check *c, struct pixels *s)
{
    const uint8_t *x = (const uint8_t *)draw_s8(c, s);
    uint8_t *y = check_pixels_place(c, s, 1), *want = check_shadow(&s->y, y);
    int64_t at[MAX_PIXELS];
    for (size_t p = 0; p < s->n; p++) {
        at[p] = s->at[p].a;
        for (size_t i = 0; i < s->channels; i++)
            want[p * s->y_stride + i] = x[(size_t)at[p] + i];
    }
    describe(c, s, "copy");
    s->k->copy(s->n, s->channels, x, at, y, s->y_stride);
    return check_untouched(c, &s->y);
}

static bool check(struct check *c, size_t i)
{
    size_t n;
    struct pixels s = {.k = &dsq_pixels_all(&n)[i]};
    bool ok = true;
    check_buffer_open(&s.x, MAX_ELEMENTS * sizeof(float));
    check_buffer_open(&s.y, MAX_ELEMENTS * sizeof(float));
    for (int at = 0; ok && at < N_CASES; at++) {
        draw_sizes(c, &s);
        ok = check_lerp_f32(c, &s) && check_lerp_s8(c, &s) && check_lerp_f32_s8(c, &s) &&
             check_mix_f32(c, &s) && check_copy(c, &s) && check_pixels_pools(c, &s);
    }
    check_buffer_close(&s.x);
    check_buffer_close(&s.y);
    return ok;
}

/* ---- timing: what fits into the first-level cache, as bytes read and written ---- */

enum { BENCH_PIXELS = 32, BENCH_CHANNELS = 64, BENCH_N = BENCH_PIXELS * BENCH_CHANNELS };

struct bench_run {
    const struct dsq_pixels_kernels *k;
    struct dsq_lerp at[BENCH_PIXELS];
    float f[BENCH_N + 2 * BENCH_CHANNELS], g[BENCH_N];
    int32_t s[BENCH_N + 2 * BENCH_CHANNELS];
    int8_t q[BENCH_N + 2 * BENCH_CHANNELS], p[BENCH_N];
};

static const struct dsq_rows_quant bench_quant = {0.5f, 2.0f, 0, -127, 127};

static void run_lerp_f32(void *arg)
{
    struct bench_run *b = arg;
    b->k->lerp_f32(BENCH_PIXELS, BENCH_CHANNELS, b->f, b->at, b->g, BENCH_CHANNELS);
}

static void run_lerp_s8(void *arg)
{
    struct bench_run *b = arg;
    b->k->lerp_s8(BENCH_PIXELS, BENCH_CHANNELS, b->q, &bench_quant, b->at, b->g, BENCH_CHANNELS);
}

static void run_lerp_f32_s8(void *arg)
{
    struct bench_run *b = arg;
    b->k->lerp_f32_s8(BENCH_PIXELS, BENCH_CHANNELS, b->f, b->at, &bench_quant, b->p,
                      BENCH_CHANNELS);
}

static void run_mix_f32(void *arg)
{
    static const int64_t at[4] = {0, BENCH_CHANNELS, 2 * BENCH_CHANNELS, 3 * BENCH_CHANNELS};
    static const float w[4] = {-0.1f, 0.6f, 0.6f, -0.1f};
    struct bench_run *b = arg;
    for (int p = 0; p + 2 < BENCH_PIXELS; p++)
        b->k->mix_f32(1, BENCH_CHANNELS, 4, b->f + p * BENCH_CHANNELS, at, w,
                      b->g + p * BENCH_CHANNELS, 0);
}

/* Three taps side by side: the reading of a 3 x 3 window along a row. */
static const struct dsq_taps bench_taps = {
    BENCH_PIXELS, BENCH_CHANNELS, BENCH_CHANNELS, BENCH_CHANNELS, 3, BENCH_CHANNELS, 1, 0, false};

static void run_max_f32(void *arg)
{
    struct bench_run *b = arg;
    b->k->max_f32(&bench_taps, b->f, b->g);
}

static void run_max_s8(void *arg)
{
    struct bench_run *b = arg;
    b->k->max_s8(&bench_taps, b->q, b->p);
}

static void run_sum_f32(void *arg)
{
    struct bench_run *b = arg;
    b->k->sum_f32(&bench_taps, b->f, b->g);
}

static void run_sum_s8(void *arg)
{
    struct bench_run *b = arg;
    b->k->sum_s8(&bench_taps, b->q, (int32_t *)(void *)b->g);
}

static void run_mean_f32(void *arg)
{
    struct bench_run *b = arg;
    b->k->mean_f32(&bench_taps, b->f, 9.0f, b->g);
}

static void run_mean_s32_s8(void *arg)
{
    static const struct dsq_mean_s8 mean = {0, 0.1f, {0.5f, 2.0f, 0, -127, 127}};
    struct bench_run *b = arg;
    b->k->mean_s32_s8(&bench_taps, b->s, &mean, b->p);
}

static void run_copy(void *arg)
{
    static const int64_t at[4] = {0, 0, BENCH_CHANNELS, BENCH_CHANNELS};
    struct bench_run *b = arg;
    for (int p = 0; p < BENCH_PIXELS; p += 4)
        b->k->copy(4, BENCH_CHANNELS, (const uint8_t *)b->q + p * BENCH_CHANNELS, at,
                   (uint8_t *)b->p + p * BENCH_CHANNELS, BENCH_CHANNELS);
}

static void bench(struct check_bench *results, size_t i)
{
    static const struct {
        const char *work;
        void (*run)(void *);
        size_t bytes; /* read and written, per element */
    } works[] = {
        {"lerp_f32 of 64", run_lerp_f32, 12},      {"lerp_s8 of 64", run_lerp_s8, 6},
        {"lerp_f32_s8 of 64", run_lerp_f32_s8, 9}, {"mix_f32 4 of 64", run_mix_f32, 20},
        {"max_f32 3 of 64", run_max_f32, 16},      {"max_s8 3 of 64", run_max_s8, 4},
        {"sum_f32 3 of 64", run_sum_f32, 16},      {"sum_s8 3 of 64", run_sum_s8, 7},
        {"mean_f32 3 of 64", run_mean_f32, 16},    {"mean_s32_s8 3 of 64", run_mean_s32_s8, 13},
        {"copy of 64 bytes", run_copy, 2},
    };
    size_t n;
    struct bench_run *b = check_alloc(sizeof *b);
    memset(b, 0, sizeof *b);
    b->k = &dsq_pixels_all(&n)[i];
    for (int p = 0; p < BENCH_PIXELS; p++)
        b->at[p] = (struct dsq_lerp){p * BENCH_CHANNELS, (p + 1) * BENCH_CHANNELS, 0.25f};
    for (size_t w = 0; w < sizeof works / sizeof works[0]; w++)
        check_time(results, b->k->name, works[w].work, (double)(works[w].bytes * BENCH_N),
                   PEAK_COPY, works[w].run, b);
    free(b);
}

static size_t count(void)
{
    size_t n;
    dsq_pixels_all(&n);
    return n;
}

static const char *variant(size_t i, uint32_t *needs)
{
    size_t n;
    const struct dsq_pixels_kernels *k = &dsq_pixels_all(&n)[i];
    *needs = k->needs;
    return k->name;
}

static bool select_is_legal(uint32_t cpu)
{
    return (dsq_pixels_select(cpu)->needs & ~cpu) == 0;
}

const struct check_family check_family_pixels = {"pixels", count, variant,
                                                 check,    bench, select_is_legal};
