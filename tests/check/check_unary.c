/* SPDX-License-Identifier: Apache-2.0 */
/*
 * unary: every variant against the definition, dsq_unary_f32, bit by bit (whose accuracy is judged
 * by check_math_f32.c and test_backend_unary.c): rows of all lengths around a vector's against
 * guard pages, and a sweep through all floats.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "kernels/unary.h"

enum { MAX_N = 300, N_CASES = 200, SWEEP_STEP = 8209, SWEEP_N = 4096, BENCH_N = 2048 };

static const char *const names[DSQ_UNARY_COUNT] = {
    "clamp",      "leaky_relu", "sigmoid", "hardsigmoid", "tanh",  "silu", "hardswish", "elu",
    "gelu",       "gelu_tanh",  "mish",    "softplus",    "erf",   "exp",  "log",       "sqrt",
    "reciprocal", "abs",        "neg",     "sign",        "floor", "ceil", "round"};

/* What models have, and the ends of what they could have. */
static struct dsq_unary draw_function(struct check *c, enum dsq_unary_kind kind)
{
    static const float alphas[] = {0.0f, 0.1f, 1.0f, -0.5f, -INFINITY, 1.6732632f, NAN};
    static const float betas[] = {INFINITY, 6.0f, 0.5f, 1.0f, -1.0f, 0.0f, NAN};
    struct dsq_unary u = {kind, alphas[check_below(c, 7)], betas[check_below(c, 7)]};
    if (check_below(c, 3) == 0)
        u.alpha = check_any_f32(c);
    return u;
}

static void describe(struct check *c, const struct dsq_unary *u, const char *format, size_t n)
{
    char what[128];
    snprintf(what, sizeof what, format, n);
    check_case(c, "%s, alpha %a, beta %a, %s", names[u->kind], (double)u->alpha, (double)u->beta,
               what);
}

struct unary {
    const struct dsq_unary_kernel *k;
    struct check_buffer x, y;
};

static bool check_row(struct check *c, struct unary *s, enum dsq_unary_kind kind)
{
    const struct dsq_unary u = draw_function(c, kind);
    const size_t n = check_below(c, 4) == 0 ? 256 + check_below(c, 40) : check_below(c, 70);
    const enum check_side side = check_below(c, 2) ? CHECK_END : CHECK_BEGIN;
    const bool in_place = check_below(c, 2);
    float *drawn = check_place(&s->x, n * sizeof *drawn, side);
    for (size_t i = 0; i < n; i++)
        drawn[i] = check_any_f32(c);
    check_prefill(c, &s->y);
    float *y = check_place(&s->y, n * sizeof *y, side), *want = check_shadow(&s->y, y);
    const float *x = in_place ? memcpy(y, drawn, n * sizeof *y) : drawn;
    for (size_t i = 0; i < n; i++)
        want[i] = dsq_unary_f32(&u, x[i]);
    describe(c, &u, in_place ? "n %zu, in place" : "n %zu", n);
    s->k->run(&u, n, x, y);
    if (!check_tile_f32(c, 1, n, want, 0, y, 0))
        return false;
    memcpy(want, y, n * sizeof *y); /* one NaN may have other bits than another */
    return check_untouched(c, &s->y);
}

/* Every 8209th float; the seed chooses which. */
static bool check_sweep(struct check *c, const struct dsq_unary_kernel *k, enum dsq_unary_kind kind,
                        float *x, float *y)
{
    const struct dsq_unary u = {kind, 0.1875f, 0.75f};
    uint64_t bits = check_below(c, SWEEP_STEP);
    describe(c, &u, "every 8209th float from %zu on", (size_t)bits);
    while (bits <= UINT32_MAX) {
        size_t n = 0;
        for (; n < SWEEP_N && bits <= UINT32_MAX; n++, bits += SWEEP_STEP) {
            uint32_t word = (uint32_t)bits;
            memcpy(&x[n], &word, sizeof word);
        }
        k->run(&u, n, x, y);
        for (size_t i = 0; i < n; i++) {
            const float want = dsq_unary_f32(&u, x[i]);
            if (!check_same_f32(want, y[i]))
                return check_fail(c, "x = %a: expected %a, got %a", (double)x[i], (double)want,
                                  (double)y[i]);
        }
    }
    return true;
}

static bool check(struct check *c, size_t i)
{
    size_t n;
    struct unary s = {.k = &dsq_unary_all(&n)[i]};
    float *x = check_alloc(SWEEP_N * sizeof *x), *y = check_alloc(SWEEP_N * sizeof *y);
    check_buffer_open(&s.x, MAX_N * sizeof(float));
    check_buffer_open(&s.y, MAX_N * sizeof(float));
    bool ok = true;
    for (int kind = 0; ok && kind < DSQ_UNARY_COUNT; kind++) {
        for (int at = 0; ok && at < N_CASES; at++)
            ok = check_row(c, &s, (enum dsq_unary_kind)kind);
        ok = ok && (s.k->needs == 0 || check_sweep(c, s.k, (enum dsq_unary_kind)kind, x, y));
    }
    check_buffer_close(&s.x);
    check_buffer_close(&s.y);
    free(x);
    free(y);
    return ok;
}

/* ---- timing: rows that stay in the first-level cache, as bytes read and written ---- */

struct bench_run {
    const struct dsq_unary_kernel *k;
    struct dsq_unary u;
    float x[BENCH_N], y[BENCH_N];
};

static void run(void *arg)
{
    struct bench_run *b = arg;
    b->k->run(&b->u, BENCH_N, b->x, b->y);
}

static void bench(struct check_bench *results, size_t i)
{
    size_t n;
    struct bench_run *b = check_alloc(sizeof *b);
    b->k = &dsq_unary_all(&n)[i];
    for (size_t j = 0; j < BENCH_N; j++)
        b->x[j] = (float)(j % 97) / 8.0f - 6.0f;
    for (int kind = 0; kind < DSQ_UNARY_COUNT; kind++) {
        b->u = (struct dsq_unary){(enum dsq_unary_kind)kind, 0.125f, 0.5f};
        check_time(results, b->k->name, names[kind], (double)(2 * BENCH_N * sizeof(float)),
                   PEAK_COPY, run, b);
    }
    free(b);
}

static size_t count(void)
{
    size_t n;
    dsq_unary_all(&n);
    return n;
}

static const char *variant(size_t i, uint32_t *needs)
{
    size_t n;
    const struct dsq_unary_kernel *k = &dsq_unary_all(&n)[i];
    *needs = k->needs;
    return k->name;
}

static bool select_is_legal(uint32_t cpu)
{
    return (dsq_unary_select(cpu)->needs & ~cpu) == 0;
}

const struct check_family check_family_unary = {"unary", count, variant,
                                                check,   bench, select_is_legal};
