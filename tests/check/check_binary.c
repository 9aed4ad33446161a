/* SPDX-License-Identifier: Apache-2.0 */
/* binary: every kind with every pair of steps against plain formulas, bit by bit; pow against libm
 * in double. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "kernels/binary.h"

enum { MAX_N = 300, N_CASES = 2000, BENCH_N = 2048 };

static const char *const names[DSQ_BINARY_COUNT] = {"add", "sub", "mul",   "div",
                                                    "min", "max", "prelu", "pow"};

static float expected(enum dsq_binary_kind kind, float a, float b)
{
    switch (kind) {
    case DSQ_BINARY_ADD:
        return a + b;
    case DSQ_BINARY_SUB:
        return a - b;
    case DSQ_BINARY_MUL:
        return a * b;
    case DSQ_BINARY_DIV:
        return a / b;
    case DSQ_BINARY_MIN:
        return isnan(a) || isnan(b) ? NAN : b <= a ? b : a;
    case DSQ_BINARY_MAX:
        return isnan(a) || isnan(b) ? NAN : b >= a ? b : a;
    case DSQ_BINARY_PRELU:
        return a < 0 ? a * b : a;
    default:
        return (float)pow((double)a, (double)b);
    }
}

/* pow may be the float next to libm's, where double is close to the middle between two. */
static float settle(enum dsq_binary_kind kind, float want, float got)
{
    return kind == DSQ_BINARY_POW && (nextafterf(want, got) == got) ? got : want;
}

struct binary {
    const struct dsq_binary_kernel *k;
    struct check_buffer a, b, y;
};

static float *draw(struct check *c, struct check_buffer *b, size_t n, enum check_side side)
{
    float *x = check_place(b, n * sizeof *x, side);
    const bool small = check_below(c, 2);
    for (size_t i = 0; i < n; i++)
        x[i] = small ? check_uniform(c, -9.0f, 9.0f) : check_any_f32(c);
    return x;
}

static bool check_row(struct check *c, struct binary *s, enum dsq_binary_kind kind)
{
    const size_t n = check_below(c, 4) == 0 ? 256 + check_below(c, 40) : check_below(c, 70);
    const enum check_side side = check_below(c, 2) ? CHECK_END : CHECK_BEGIN;
    const size_t sa = check_below(c, 4) != 0, sb = check_below(c, 3) != 0;
    const size_t where = check_below(c, 3); /* y apart, is a, is b */
    check_prefill(c, &s->y);
    float *a = draw(c, where == 1 && sa ? &s->y : &s->a, sa || n == 0 ? n : 1, side);
    float *b = draw(c, where == 2 && sb ? &s->y : &s->b, sb || n == 0 ? n : 1, side);
    float *y = check_place(&s->y, n * sizeof *y, side), *want = check_shadow(&s->y, y);
    for (size_t i = 0; i < n; i++)
        want[i] = expected(kind, a[i * sa], b[i * sb]);
    check_case(c, "%s, n %zu, steps %zu, %zu, y %s", names[kind], n, sa, sb,
               where == 0   ? "apart"
               : where == 1 ? "is a"
                            : "is b");
    s->k->run(kind, n, a, sa, b, sb, y);
    for (size_t i = 0; i < n; i++)
        want[i] = settle(kind, want[i], y[i]);
    if (!check_tile_f32(c, 1, n, want, 0, y, 0))
        return false;
    memcpy(want, y, n * sizeof *y); /* one NaN may have other bits than another */
    return check_untouched(c, &s->y);
}

static bool check(struct check *c, size_t i)
{
    size_t n;
    struct binary s = {.k = &dsq_binary_all(&n)[i]};
    check_buffer_open(&s.a, MAX_N * sizeof(float));
    check_buffer_open(&s.b, MAX_N * sizeof(float));
    check_buffer_open(&s.y, MAX_N * sizeof(float));
    bool ok = true;
    for (int kind = 0; ok && kind < DSQ_BINARY_COUNT; kind++)
        for (int at = 0; ok && at < N_CASES; at++)
            ok = check_row(c, &s, (enum dsq_binary_kind)kind);
    check_buffer_close(&s.a);
    check_buffer_close(&s.b);
    check_buffer_close(&s.y);
    return ok;
}

/* ---- timing: rows that stay in the first-level cache, as bytes read and written ---- */

struct bench_run {
    const struct dsq_binary_kernel *k;
    enum dsq_binary_kind kind;
    float a[BENCH_N], b[BENCH_N], y[BENCH_N];
};

static void run(void *arg)
{
    struct bench_run *b = arg;
    b->k->run(b->kind, BENCH_N, b->a, 1, b->b, 1, b->y);
}

static void bench(struct check_bench *results, size_t i)
{
    size_t n;
    struct bench_run *b = check_alloc(sizeof *b);
    b->k = &dsq_binary_all(&n)[i];
    for (size_t j = 0; j < BENCH_N; j++) {
        b->a[j] = (float)(j % 97) / 8.0f + 0.125f;
        b->b[j] = (float)(j % 89) / 16.0f - 2.0f;
    }
    for (int kind = 0; kind < DSQ_BINARY_COUNT; kind++) {
        b->kind = (enum dsq_binary_kind)kind;
        check_time(results, b->k->name, names[kind], (double)(3 * BENCH_N * sizeof(float)),
                   PEAK_COPY, run, b);
    }
    free(b);
}

static size_t count(void)
{
    size_t n;
    dsq_binary_all(&n);
    return n;
}

static const char *variant(size_t i, uint32_t *needs)
{
    size_t n;
    const struct dsq_binary_kernel *k = &dsq_binary_all(&n)[i];
    *needs = k->needs;
    return k->name;
}

static bool select_is_legal(uint32_t cpu)
{
    return (dsq_binary_select(cpu)->needs & ~cpu) == 0;
}

const struct check_family check_family_binary = {"binary", count, variant,
                                                 check,    bench, select_is_legal};
