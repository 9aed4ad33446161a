/* SPDX-License-Identifier: Apache-2.0 */
/* igemm_f32 against one chain of fmaf an output over unpacked matrices; bit by bit. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cpu.h"
#include "check_epilogue.h"
#include "kernels/igemm_f32.h"

enum { MAX_STRIDE = 64, BENCH_BLOCKS = 4 };

static const size_t depths[] = {1, 2, 3, 4, 5, 7, 8, 16, 21, 32, 64, 65};
static const size_t tap_counts[] = {1, 2, 7, 9, 49};
enum { N_DEPTHS = sizeof depths / sizeof depths[0], MAX_KC = 65 };
enum { N_TAP_COUNTS = sizeof tap_counts / sizeof tap_counts[0], MAX_TAPS = 49 };

/* One pair of matrices; every tile size and epilogue is tried on it. */
struct problem {
    const struct dsq_igemm_f32_kernel *k;
    size_t kc, taps, n_cols; /* n_cols: 2 blocks */
    int fill;
    float *a, *w;              /* [taps][MR][kc], [n_cols][taps][kc] */
    float *bias, *chain;       /* [n_cols], [MR][n_cols] */
    struct check_buffer *rows; /* [taps][MR], a row at each end of each */
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
    const size_t mr = p->k->mr, depth = p->taps * p->kc;
    for (size_t i = 0; i < mr * depth; i++)
        p->a[i] = value(c, p->fill);
    for (size_t i = 0; i < p->n_cols * depth; i++)
        p->w[i] = value(c, p->fill);
    for (size_t j = 0; j < p->n_cols; j++)
        p->bias[j] = check_below(c, 10) == 0 ? check_any_f32(c) : check_uniform(c, -9.0f, 9.0f);
    for (size_t i = 0; i < mr; i++)
        for (size_t j = 0; j < p->n_cols; j++) {
            float acc = p->bias[j];
            for (size_t t = 0; t < p->taps; t++)
                for (size_t k = 0; k < p->kc; k++)
                    acc =
                        fmaf(p->a[(t * mr + i) * p->kc + k], p->w[j * depth + t * p->kc + k], acc);
            p->chain[i * p->n_cols + j] = acc;
        }
    const size_t row_bytes = p->kc * sizeof(float);
    for (size_t i = 0; i < p->taps * mr; i++) {
        memcpy(check_place(&p->rows[i], row_bytes, CHECK_END), p->a + i * p->kc, row_bytes);
        memcpy(check_place(&p->rows[i], row_bytes, CHECK_BEGIN), p->a + i * p->kc, row_bytes);
    }
}

struct tile {
    size_t mr, nr, block; /* block: which of the two */
    enum check_side side;
    bool residual, in_place;
    size_t r_stride, y_stride;
    struct dsq_activate act;
};

static struct tile draw_tile(struct check *c, size_t mr, size_t nr)
{
    struct tile t = {.mr = mr,
                     .nr = nr,
                     .block = check_below(c, 2),
                     .side = check_below(c, 2) ? CHECK_END : CHECK_BEGIN,
                     .residual = check_below(c, 2),
                     .y_stride = nr + (check_below(c, 2) ? check_below(c, 40) : 0),
                     .act = check_draw_activate(c)};
    t.in_place = t.residual && check_below(c, 2);
    t.r_stride = t.in_place ? t.y_stride : nr + check_below(c, 40);
    return t;
}

/* What the tile should be, into the shadow of y. */
static void expect(const struct problem *p, const struct tile *t, const float *r, float *want)
{
    for (size_t i = 0; i < t->mr; i++)
        for (size_t j = 0; j < t->nr; j++) {
            float v = p->chain[i * p->n_cols + t->block * p->k->nr + j];
            if (r)
                v += r[i * t->r_stride + j];
            want[i * t->y_stride + j] = check_activate(&t->act, v);
        }
}

static float *place_tile(struct check *c, struct check_buffer *b, const struct tile *t,
                         size_t stride)
{
    check_prefill(c, b);
    size_t bytes = ((t->mr - 1) * stride + t->nr) * sizeof(float);
    return check_place(b, bytes, t->side);
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

static bool check_tile(struct check *c, struct problem *p, const struct tile *t)
{
    const struct dsq_igemm_f32_kernel *k = p->k;
    const size_t n = t->block * k->nr + t->nr, row_bytes = p->kc * sizeof(float);
    const size_t block_floats = dsq_igemm_f32_block_floats(k, p->taps, p->kc);
    float *packed = check_place(&p->packed, (t->block + 1) * block_floats * sizeof(float), t->side);
    dsq_igemm_f32_pack(k, n, p->taps, p->kc, p->w, packed);
    const float *a[MAX_TAPS * 32];
    for (size_t i = 0; i < p->taps * k->mr; i++) {
        size_t row = i % k->mr < t->mr ? i : i / k->mr * k->mr + t->mr - 1;
        a[i] = check_place(&p->rows[row], row_bytes, t->side);
    }
    float *bias = check_place(&p->bias_at, t->nr * sizeof(float), t->side);
    memcpy(bias, p->bias + t->block * k->nr, t->nr * sizeof(float));
    float *y = place_tile(c, &p->y, t, t->y_stride);
    const float *r = draw_residual(c, p, t, y);
    float *want = check_shadow(&p->y, y);
    expect(p, t, r, want);

    char act[CHECK_TEXT];
    check_describe_activate(&t->act, act);
    check_case(c,
               "kc %zu, taps %zu, fill %d, mr %zu, nr %zu, block %zu, buffers at the %s, r %s "
               "(stride %zu), y_stride %zu, %s",
               p->kc, p->taps, p->fill, t->mr, t->nr, t->block,
               t->side == CHECK_END ? "end" : "begin",
               !r            ? "none"
               : t->in_place ? "is y"
                             : "apart",
               t->r_stride, t->y_stride, act);
    const struct dsq_igemm_f32 params = {p->kc, p->taps, t->act};
    k->run(&params, t->mr, t->nr, a, packed + t->block * block_floats, bias, r, t->r_stride, y,
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
            struct tile t = draw_tile(c, rows, widths[i]);
            if (!check_tile(c, p, &t))
                return false;
        }
    return true;
}

static void open_problem(struct problem *p, const struct dsq_igemm_f32_kernel *k)
{
    *p = (struct problem){.k = k, .n_cols = 2u * k->nr};
    const size_t depth = MAX_KC * MAX_TAPS, tile_bytes = k->mr * (size_t)(k->nr + MAX_STRIDE) * 4;
    p->a = check_alloc(k->mr * depth * sizeof(float));
    p->w = check_alloc(p->n_cols * depth * sizeof(float));
    p->bias = check_alloc(p->n_cols * sizeof(float));
    p->chain = check_alloc(k->mr * p->n_cols * sizeof(float));
    p->rows = check_alloc(MAX_TAPS * k->mr * sizeof *p->rows);
    for (size_t i = 0; i < MAX_TAPS * (size_t)k->mr; i++)
        check_buffer_open(&p->rows[i], 2 * MAX_KC * sizeof(float));
    check_buffer_open(&p->packed, 2 * k->nr * depth * sizeof(float));
    check_buffer_open(&p->bias_at, k->nr * sizeof(float));
    check_buffer_open(&p->r, tile_bytes);
    check_buffer_open(&p->y, tile_bytes);
}

static void close_problem(struct problem *p)
{
    for (size_t i = 0; i < MAX_TAPS * (size_t)p->k->mr; i++)
        check_buffer_close(&p->rows[i]);
    check_buffer_close(&p->packed);
    check_buffer_close(&p->bias_at);
    check_buffer_close(&p->r);
    check_buffer_close(&p->y);
    free(p->a);
    free(p->w);
    free(p->bias);
    free(p->chain);
    free(p->rows);
}

static bool check(struct check *c, size_t i)
{
    size_t n;
    struct problem p;
    open_problem(&p, &dsq_igemm_f32_all(&n)[i]);
    bool ok = true;
    for (size_t at = 0; ok && at < CHECK_FILLS * N_DEPTHS * N_TAP_COUNTS; at++) {
        p.fill = (int)(at % CHECK_FILLS);
        p.kc = depths[at / CHECK_FILLS % N_DEPTHS];
        p.taps = tap_counts[at / CHECK_FILLS / N_DEPTHS];
        make_problem(c, &p);
        ok = check_sizes(c, &p);
    }
    close_problem(&p);
    return ok;
}

/* ---- timing: a strip of a picture, as a convolution sees it ---- */

struct bench_run {
    const struct dsq_igemm_f32_kernel *k;
    struct dsq_igemm_f32 params;
    const float *a[MAX_TAPS * 32];
    float *data, *packed, *bias, *y;
};

static void bench_run(void *arg)
{
    const struct bench_run *b = arg;
    const size_t block_floats = dsq_igemm_f32_block_floats(b->k, b->params.taps, b->params.kc);
    for (size_t i = 0; i < BENCH_BLOCKS; i++)
        b->k->run(&b->params, b->k->mr, b->k->nr, b->a, b->packed + i * block_floats,
                  b->bias + i * b->k->nr, NULL, 0, b->y + i * b->k->nr, BENCH_BLOCKS * b->k->nr);
}

static void bench_case(struct check_bench *bench, const struct dsq_igemm_f32_kernel *k, size_t kc,
                       size_t taps, enum check_peak peak)
{
    struct bench_run b = {.k = k, .params = {kc, taps, {.hi = INFINITY}}};
    const size_t n = BENCH_BLOCKS * k->nr, n_data = (k->mr + taps) * kc;
    b.data = calloc(n_data, sizeof(float));
    b.packed = aligned_alloc(64, BENCH_BLOCKS * dsq_igemm_f32_block_floats(k, taps, kc) * 4);
    b.bias = calloc(n, sizeof(float));
    b.y = calloc(n * k->mr, sizeof(float));
    float *w = calloc(n * taps * kc, sizeof(float));
    if (b.data && b.packed && b.bias && b.y && w) {
        dsq_igemm_f32_pack(k, n, taps, kc, w, b.packed);
        for (size_t i = 0; i < taps * k->mr; i++)
            b.a[i] = b.data + (i / k->mr + i % k->mr) * kc;
        char work[64];
        snprintf(work, sizeof work, "igemm_f32 kc=%zu taps=%zu", kc, taps);
        check_time(bench, k->name, work, 2.0 * (double)(k->mr * n * taps * kc), peak, bench_run,
                   &b);
    }
    free(b.data);
    free(b.packed);
    free(b.bias);
    free(b.y);
    free(w);
}

static void bench(struct check_bench *b, size_t i)
{
    size_t n;
    const struct dsq_igemm_f32_kernel *k = &dsq_igemm_f32_all(&n)[i];
    const enum check_peak peak = k->needs & DSQ_CPU_AVX512VNNI ? PEAK_FMA_AVX512
                                 : k->needs                    ? PEAK_FMA_AVX2
                                                               : PEAK_NONE;
    bench_case(b, k, 64, 9, peak);
    bench_case(b, k, 256, 9, peak);
    bench_case(b, k, 256, 1, peak);
    bench_case(b, k, 64, 1, peak);
    bench_case(b, k, 3, 9, peak);
    bench_case(b, k, 21, 7, peak);
}

static size_t count(void)
{
    size_t n;
    dsq_igemm_f32_all(&n);
    return n;
}

static const char *variant(size_t i, uint32_t *needs)
{
    size_t n;
    const struct dsq_igemm_f32_kernel *k = &dsq_igemm_f32_all(&n)[i];
    *needs = k->needs;
    return k->name;
}

static bool select_is_legal(uint32_t cpu)
{
    return (dsq_igemm_f32_select(cpu)->needs & ~cpu) == 0;
}

const struct check_family check_family_igemm_f32 = {"igemm_f32", count, variant,
                                                    check,       bench, select_is_legal};
