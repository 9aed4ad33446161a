/* SPDX-License-Identifier: Apache-2.0 */
/* rows against plain formulas, one element at a time; bit by bit. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "kernels/rows.h"
#include "quant.h"

enum { MAX_N = 300, MAX_ROWS = 2, N_CASES = 3000, MAX_SIDE = 40, BENCH_N = 2048 };

/* Inputs and the output of one case, all against guard pages on the same side. */
struct rows {
    const struct dsq_rows_kernels *k;
    struct check_buffer x[MAX_ROWS], y;
    enum check_side side;
    size_t n;
};

/* Lengths around the vectors' and now and then longer. */
static void draw_length(struct check *c, struct rows *s, size_t least)
{
    s->side = check_below(c, 2) ? CHECK_END : CHECK_BEGIN;
    s->n = check_below(c, 4) == 0 ? 256 + check_below(c, 40) : check_below(c, 70);
    if (s->n < least)
        s->n = least;
}

static void describe(struct check *c, const struct rows *s, const char *function,
                     const struct dsq_rows_quant *x, const struct dsq_rows_quant *y, bool in_place)
{
    check_case(c,
               "%s, n %zu, buffers at the %s%s, x (scale %a, zero %d), y (inv_scale %a, zero %d, "
               "[%d, %d])",
               function, s->n, s->side == CHECK_END ? "end" : "begin", in_place ? ", in place" : "",
               (double)x->scale, x->zero, (double)y->inv_scale, y->zero, y->qmin, y->qmax);
}

static float *draw_f32(struct check *c, struct rows *s, size_t row)
{
    float *x = check_place(&s->x[row], s->n * sizeof *x, s->side);
    for (size_t i = 0; i < s->n; i++)
        x[i] = check_any_f32(c);
    return x;
}

static int8_t *draw_s8(struct check *c, struct rows *s, struct check_buffer *b)
{
    const int fill = (int)check_below(c, CHECK_FILLS);
    int8_t *x = check_place(b, s->n, s->side);
    for (size_t i = 0; i < s->n; i++)
        x[i] = check_s8(c, fill, -128, 127);
    return x;
}

static bool same_s8(struct check *c, struct rows *s, const int8_t *y)
{
    return check_tile_s8(c, 1, s->n, check_shadow(&s->y, y), 0, y, 0) && check_untouched(c, &s->y);
}

static bool same_f32(struct check *c, struct rows *s, const float *y)
{
    float *want = check_shadow(&s->y, y);
    if (!check_tile_f32(c, 1, s->n, want, 0, y, 0))
        return false;
    memcpy(want, y, s->n * sizeof *y); /* one NaN may have other bits than another */
    return check_untouched(c, &s->y);
}

static bool check_quantize(struct check *c, struct rows *s)
{
    const struct dsq_rows_quant q = check_draw_quant(c);
    float *x = draw_f32(c, s, 0);
    check_prefill(c, &s->y);
    int8_t *y = check_place(&s->y, s->n, s->side), *want = check_shadow(&s->y, y);
    for (size_t i = 0; i < s->n; i++)
        want[i] = check_quantized(x[i], &q);
    describe(c, s, "quantize", &q, &q, false);
    s->k->quantize(s->n, x, &q, y);
    return same_s8(c, s, y);
}

static bool check_dequantize(struct check *c, struct rows *s)
{
    const struct dsq_rows_quant q = check_draw_quant(c);
    int8_t *x = draw_s8(c, s, &s->x[0]);
    check_prefill(c, &s->y);
    float *y = check_place(&s->y, s->n * sizeof *y, s->side), *want = check_shadow(&s->y, y);
    for (size_t i = 0; i < s->n; i++)
        want[i] = check_deq(x[i], &q);
    describe(c, s, "dequantize", &q, &q, false);
    s->k->dequantize(s->n, x, &q, y);
    return same_f32(c, s, y);
}

/* In the long cases every s8 there is. */
static bool check_requantize(struct check *c, struct rows *s)
{
    const struct dsq_rows_quant qx = check_draw_quant(c), qy = check_draw_quant(c);
    const bool in_place = check_below(c, 2);
    check_prefill(c, &s->y);
    int8_t *x = draw_s8(c, s, in_place ? &s->y : &s->x[0]);
    for (size_t i = 0; s->n >= 256 && i < 256; i++)
        x[i] = (int8_t)((int)i - 128);
    int8_t *y = check_place(&s->y, s->n, s->side), *want = check_shadow(&s->y, y);
    for (size_t i = 0; i < s->n; i++)
        want[i] = check_quantized(check_deq(x[i], &qx), &qy);
    describe(c, s, "requantize", &qx, &qy, in_place);
    s->k->requantize(s->n, x, &qx, &qy, y);
    return same_s8(c, s, y);
}

static bool check_add_s8(struct check *c, struct rows *s)
{
    static const float bounds[][2] = {{-INFINITY, INFINITY}, {0, INFINITY}, {0, 6}, {-15, 22.25f}};
    const struct dsq_rows_quant qa = check_draw_quant(c), qb = check_draw_quant(c),
                                qy = check_draw_quant(c);
    const size_t bound = check_below(c, 4), where = check_below(c, 3); /* y apart, is a, is b */
    const float lo = bounds[bound][0], hi = bounds[bound][1];
    check_prefill(c, &s->y);
    int8_t *a = draw_s8(c, s, where == 1 ? &s->y : &s->x[0]);
    int8_t *b = draw_s8(c, s, where == 2 ? &s->y : &s->x[1]);
    int8_t *y = check_place(&s->y, s->n, s->side), *want = check_shadow(&s->y, y);
    for (size_t i = 0; i < s->n; i++) {
        float v = fmaf((float)(b[i] - qb.zero), qb.scale, check_deq(a[i], &qa));
        if (v < lo)
            v = lo;
        if (v > hi)
            v = hi;
        want[i] = check_quantized(v, &qy);
    }
    describe(c, s, "add_s8", &qa, &qy, where != 0);
    s->k->add_s8(s->n, a, &qa, b, &qb, lo, hi, &qy, y);
    return same_s8(c, s, y);
}

static bool check_mul_s8(struct check *c, struct rows *s)
{
    const struct dsq_rows_quant qa = check_draw_quant(c), qb = check_draw_quant(c),
                                qy = check_draw_quant(c);
    const size_t where = check_below(c, 3); /* y apart, is a, is b */
    check_prefill(c, &s->y);
    int8_t *a = draw_s8(c, s, where == 1 ? &s->y : &s->x[0]);
    int8_t *b = draw_s8(c, s, where == 2 ? &s->y : &s->x[1]);
    int8_t *y = check_place(&s->y, s->n, s->side), *want = check_shadow(&s->y, y);
    for (size_t i = 0; i < s->n; i++)
        want[i] = check_quantized(check_deq(a[i], &qa) * check_deq(b[i], &qb), &qy);
    describe(c, s, "mul_s8", &qa, &qy, where != 0);
    s->k->mul_s8(s->n, a, &qa, b, &qb, &qy, y);
    return same_s8(c, s, y);
}

static bool check_minmax_f32(struct check *c, struct rows *s)
{
    static const struct dsq_rows_quant none;
    const float *x = draw_f32(c, s, 0);
    float want[2] = {INFINITY, -INFINITY}, got[2];
    for (size_t i = 0; i < s->n; i++) {
        if (x[i] < want[0])
            want[0] = x[i];
        if (x[i] > want[1])
            want[1] = x[i];
    }
    for (int i = 0; i < 2; i++)
        if (want[i] == 0)
            want[i] = 0.0f;
    describe(c, s, "minmax_f32", &none, &none, false);
    s->k->minmax_f32(s->n, x, &got[0], &got[1]);
    return check_tile_f32(c, 1, 2, want, 0, got, 0);
}

/* One element of `size` bytes (1 or 4). */
static void copy_element(void *dst, const void *src, size_t to, size_t from, size_t size)
{
    memcpy((uint8_t *)dst + to * size, (const uint8_t *)src + from * size, size);
}

static bool check_transpose(struct check *c, struct rows *s, size_t size)
{
    const size_t cols = 1 + check_below(c, MAX_SIDE);
    const size_t rows = check_below(c, 4) == 0 ? 3 : 1 + check_below(c, MAX_SIDE); /* RGB: often */
    const size_t x_stride = cols + check_below(c, 3) * check_below(c, 9);
    const size_t y_stride = rows + check_below(c, 3) * check_below(c, 9);
    void *x = check_place(&s->x[0], ((rows - 1) * x_stride + cols) * size, s->side);
    for (size_t i = 0; i < ((rows - 1) * x_stride + cols) * size; i++)
        ((uint8_t *)x)[i] = (uint8_t)check_random(c);
    check_prefill(c, &s->y);
    void *y = check_place(&s->y, ((cols - 1) * y_stride + rows) * size, s->side);
    for (size_t i = 0; i < rows; i++)
        for (size_t j = 0; j < cols; j++)
            copy_element(check_shadow(&s->y, y), x, j * y_stride + i, i * x_stride + j, size);
    check_case(c, "transpose_b%zu, %zu x %zu, strides %zu, %zu, buffers at the %s", size, rows,
               cols, x_stride, y_stride, s->side == CHECK_END ? "end" : "begin");
    if (size == 1)
        s->k->transpose_b1(rows, cols, x, x_stride, y, y_stride);
    else
        s->k->transpose_b4(rows, cols, x, x_stride, y, y_stride);
    return check_untouched(c, &s->y);
}

static bool check_case_of_each(struct check *c, struct rows *s)
{
    draw_length(c, s, 0);
    return check_quantize(c, s) && check_dequantize(c, s) && check_requantize(c, s) &&
           check_add_s8(c, s) && check_mul_s8(c, s) && check_minmax_f32(c, s) &&
           check_transpose(c, s, 1) && check_transpose(c, s, 4);
}

static bool check(struct check *c, size_t i)
{
    size_t n;
    struct rows s = {.k = &dsq_rows_all(&n)[i]};
    const size_t bytes = (MAX_SIDE * (MAX_SIDE + 18) + MAX_N) * sizeof(float);
    for (size_t r = 0; r < MAX_ROWS; r++)
        check_buffer_open(&s.x[r], bytes);
    check_buffer_open(&s.y, bytes);
    bool ok = true;
    for (int at = 0; ok && at < N_CASES; at++)
        ok = check_case_of_each(c, &s);
    for (size_t r = 0; r < MAX_ROWS; r++)
        check_buffer_close(&s.x[r]);
    check_buffer_close(&s.y);
    return ok;
}

/* ---- timing: rows that stay in the first-level cache, as bytes read and written ---- */

struct bench_run {
    const struct dsq_rows_kernels *k;
    float f[4 * BENCH_N], g[BENCH_N];
    int8_t q[4 * BENCH_N], p[BENCH_N];
};

static const struct dsq_rows_quant bench_quant = {0.5f, 2.0f, 0, -127, 127};

static void run_quantize(void *arg)
{
    struct bench_run *b = arg;
    b->k->quantize(BENCH_N, b->f, &bench_quant, b->p);
}

static void run_dequantize(void *arg)
{
    struct bench_run *b = arg;
    b->k->dequantize(BENCH_N, b->q, &bench_quant, b->g);
}

static void run_requantize(void *arg)
{
    struct bench_run *b = arg;
    b->k->requantize(BENCH_N, b->q, &bench_quant, &bench_quant, b->p);
}

static void run_add_s8(void *arg)
{
    struct bench_run *b = arg;
    b->k->add_s8(BENCH_N, b->q, &bench_quant, b->q + BENCH_N, &bench_quant, 0, INFINITY,
                 &bench_quant, b->p);
}

static void run_mul_s8(void *arg)
{
    struct bench_run *b = arg;
    b->k->mul_s8(BENCH_N, b->q, &bench_quant, b->q + BENCH_N, &bench_quant, &bench_quant, b->p);
}

static void run_minmax_f32(void *arg)
{
    struct bench_run *b = arg;
    b->k->minmax_f32(BENCH_N, b->f, &b->g[0], &b->g[1]);
}

static void run_transpose_b1(void *arg)
{
    struct bench_run *b = arg;
    b->k->transpose_b1(32, 64, (const uint8_t *)b->q, 64, (uint8_t *)b->p, 32);
}

static void run_transpose_b4(void *arg)
{
    struct bench_run *b = arg;
    b->k->transpose_b4(32, 64, (const uint32_t *)(void *)b->f, 64, (uint32_t *)(void *)b->g, 32);
}

static void run_interleave_b4(void *arg)
{
    struct bench_run *b = arg;
    b->k->transpose_b4(3, 680, (const uint32_t *)(void *)b->f, 680, (uint32_t *)(void *)b->g, 3);
}

static void run_interleave_b1(void *arg)
{
    struct bench_run *b = arg;
    b->k->transpose_b1(3, 680, (const uint8_t *)b->q, 680, (uint8_t *)b->p, 3);
}

static void bench(struct check_bench *results, size_t i)
{
    static const struct {
        const char *work;
        void (*run)(void *);
        size_t bytes; /* read and written, per element */
    } works[] = {
        {"quantize", run_quantize, 5},
        {"dequantize", run_dequantize, 5},
        {"requantize", run_requantize, 2},
        {"add_s8", run_add_s8, 3},
        {"mul_s8", run_mul_s8, 3},
        {"minmax_f32", run_minmax_f32, 4},
        {"transpose_b1 32 x 64", run_transpose_b1, 2},
        {"transpose_b4 32 x 64", run_transpose_b4, 8},
        {"transpose_b1 3 x 680", run_interleave_b1, 2},
        {"transpose_b4 3 x 680", run_interleave_b4, 8},
    };
    size_t n;
    struct bench_run *b = check_alloc(sizeof *b);
    memset(b, 0, sizeof *b);
    b->k = &dsq_rows_all(&n)[i];
    for (size_t w = 0; w < sizeof works / sizeof works[0]; w++)
        check_time(results, b->k->name, works[w].work, (double)(works[w].bytes * BENCH_N),
                   PEAK_COPY, works[w].run, b);
    free(b);
}

static size_t count(void)
{
    size_t n;
    dsq_rows_all(&n);
    return n;
}

static const char *variant(size_t i, uint32_t *needs)
{
    size_t n;
    const struct dsq_rows_kernels *k = &dsq_rows_all(&n)[i];
    *needs = k->needs;
    return k->name;
}

static bool select_is_legal(uint32_t cpu)
{
    return (dsq_rows_select(cpu)->needs & ~cpu) == 0;
}

const struct check_family check_family_rows = {"rows", count, variant,
                                               check,  bench, select_is_legal};
