/* SPDX-License-Identifier: Apache-2.0 */
/* igemm_s8 against sums of products over unpacked matrices and an epilogue of its own; bit by bit.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cpu.h"
#include "check_epilogue.h"
#include "kernels/igemm_s8.h"

enum { MAX_STRIDE = 80, MAX_MR = 32, BENCH_BLOCKS = 4 };

static const size_t depths[] = {1, 2, 3, 4, 5, 7, 8, 16, 21, 32, 64, 65};
static const size_t tap_counts[] = {1, 2, 7, 9, 49};
enum { N_DEPTHS = sizeof depths / sizeof depths[0], MAX_KC = 65 };
enum { N_TAP_COUNTS = sizeof tap_counts / sizeof tap_counts[0], MAX_TAPS = 49 };

/* One pair of matrices; every tile size and epilogue is tried on it. */
struct problem {
    const struct dsq_igemm_s8_kernel *k;
    size_t kc, taps, n_cols; /* n_cols: 2 blocks */
    int fill;
    bool nonnegative;
    int8_t *a, *w;             /* [taps][MR][kc], [n_cols][taps][kc] */
    int32_t *acc, *w_sum;      /* [MR][n_cols], [n_cols] */
    int32_t acc_max;           /* the largest |acc| */
    struct check_buffer *rows; /* [taps][MR], a row at each end of each */
    struct check_buffer packed, m, bias, r, y;
};

static void multiply(struct problem *p)
{
    const size_t mr = p->k->mr, depth = p->taps * p->kc;
    p->acc_max = 1;
    for (size_t j = 0; j < p->n_cols; j++) {
        p->w_sum[j] = 0;
        for (size_t i = 0; i < depth; i++)
            p->w_sum[j] += p->w[j * depth + i];
        for (size_t i = 0; i < mr; i++) {
            int32_t acc = 0;
            for (size_t t = 0; t < p->taps; t++)
                for (size_t k = 0; k < p->kc; k++)
                    acc += p->a[(t * mr + i) * p->kc + k] * p->w[j * depth + t * p->kc + k];
            p->acc[i * p->n_cols + j] = acc;
            p->acc_max = abs(acc) > p->acc_max ? abs(acc) : p->acc_max;
        }
    }
}

static void make_problem(struct check *c, struct problem *p)
{
    const size_t mr = p->k->mr, depth = p->taps * p->kc;
    p->nonnegative = check_below(c, 2);
    for (size_t i = 0; i < mr * depth; i++)
        p->a[i] = check_s8(c, p->fill, p->nonnegative ? 0 : -128, 127);
    for (size_t i = 0; i < p->n_cols * depth; i++)
        p->w[i] = check_s8(c, p->fill, -127, 127);
    multiply(p);
    for (size_t i = 0; i < p->taps * mr; i++) {
        memcpy(check_place(&p->rows[i], p->kc, CHECK_END), p->a + i * p->kc, p->kc);
        memcpy(check_place(&p->rows[i], p->kc, CHECK_BEGIN), p->a + i * p->kc, p->kc);
    }
}

struct tile {
    size_t mr, nr, block; /* block: which of the two */
    enum check_side side;
    bool residual, in_place;
    size_t r_stride, y_stride;
    struct dsq_igemm_s8 params;
};

static void draw_params(struct check *c, const struct problem *p, struct dsq_igemm_s8 *s)
{
    int32_t a_zero = check_draw_zero(c);
    *s = (struct dsq_igemm_s8){
        .kc = p->kc,
        .taps = p->taps,
        .a_zero = p->nonnegative && a_zero < 0 ? -(a_zero + 1) : a_zero,
        .a_nonnegative = p->nonnegative,
        .out = check_draw_epilogue(c),
    };
}

static struct tile draw_tile(struct check *c, const struct problem *p, size_t mr, size_t nr)
{
    struct tile t = {.mr = mr,
                     .nr = nr,
                     .block = check_below(c, 2),
                     .side = check_below(c, 2) ? CHECK_END : CHECK_BEGIN,
                     .residual = check_below(c, 2),
                     .y_stride = nr + (check_below(c, 2) ? check_below(c, 40) : 0)};
    draw_params(c, p, &t.params);
    t.in_place = t.residual && !t.params.out.y_is_float && check_below(c, 2);
    t.r_stride = t.in_place ? t.y_stride : nr + check_below(c, 40);
    return t;
}

/* What the tile should be, into the shadow of y. */
static void expect(const struct problem *p, const struct tile *t, const float *m, const float *bias,
                   const int8_t *r, void *want)
{
    const struct dsq_igemm_s8 *s = &t->params;
    for (size_t i = 0; i < t->mr; i++)
        for (size_t j = 0; j < t->nr; j++) {
            const size_t col = t->block * p->k->nr + j, at = i * t->y_stride + j;
            int32_t acc = p->acc[i * p->n_cols + col] - s->a_zero * p->w_sum[col];
            check_finish_s8(&s->out, fmaf((float)acc, m[j], bias[j]),
                            r ? &r[i * t->r_stride + j] : NULL, want, at);
        }
}

static void *place_tile(struct check *c, struct check_buffer *b, const struct tile *t,
                        size_t stride, size_t element)
{
    check_prefill(c, b);
    return check_place(b, ((t->mr - 1) * stride + t->nr) * element, t->side);
}

static const int8_t *draw_residual(struct check *c, struct problem *p, const struct tile *t,
                                   void *y)
{
    if (!t->residual)
        return NULL;
    int8_t *r = t->in_place ? y : place_tile(c, &p->r, t, t->r_stride, 1);
    for (size_t i = 0; i < t->mr; i++)
        for (size_t j = 0; j < t->nr; j++)
            r[i * t->r_stride + j] = check_s8(c, (int)check_below(c, CHECK_FILLS), -128, 127);
    return r;
}

static void describe(struct check *c, const struct problem *p, const struct tile *t,
                     const int8_t *r)
{
    const struct dsq_igemm_s8 *s = &t->params;
    char epilogue[CHECK_TEXT];
    check_describe_epilogue(&s->out, epilogue);
    check_case(
        c,
        "kc %zu, taps %zu, fill %d, mr %zu, nr %zu, block %zu, buffers at the %s, r %s "
        "(stride %zu), y stride %zu, a %s (zero %d), %s",
        p->kc, p->taps, p->fill, t->mr, t->nr, t->block, t->side == CHECK_END ? "end" : "begin",
        !r            ? "none"
        : t->in_place ? "is y"
                      : "apart",
        t->r_stride, t->y_stride, s->a_nonnegative ? "nonnegative" : "signed", s->a_zero, epilogue);
}

/* Row pointers on the tile's side; rows past mr repeat the last. */
static void point_at_rows(const struct problem *p, const struct tile *t, const int8_t **a)
{
    const size_t mr = p->k->mr;
    for (size_t i = 0; i < p->taps * mr; i++) {
        size_t row = i % mr < t->mr ? i : i / mr * mr + t->mr - 1;
        a[i] = check_place(&p->rows[row], p->kc, t->side);
    }
}

static bool compare(struct check *c, struct problem *p, const struct tile *t, void *want, void *y)
{
    if (!t->params.out.y_is_float)
        return check_tile_s8(c, t->mr, t->nr, want, t->y_stride, y, t->y_stride) &&
               check_untouched(c, &p->y);
    if (!check_tile_f32(c, t->mr, t->nr, want, t->y_stride, y, t->y_stride))
        return false;
    for (size_t i = 0; i < t->mr; i++) /* one NaN may have other bits than another */
        memcpy((float *)want + i * t->y_stride, (float *)y + i * t->y_stride,
               t->nr * sizeof(float));
    return check_untouched(c, &p->y);
}

/* Which weight of a tap lies at `at` among its groups' bytes; kc: none, a zero. A last group that
 * is not whole is that of the row's last kr, those of the group before it left out. */
static size_t weight_at(size_t at, size_t kc, size_t kr)
{
    const size_t whole = kc / kr * kr;
    if (at < whole || kc < kr)
        return at < kc ? at : kc;
    const size_t k = kc - kr + (at - whole);
    return k < whole ? kc : k;
}

/* The packed block is what igemm_s8.h says, byte by byte: sums, then [tap][group][column][kr]. */
static bool check_packed(struct check *c, const struct problem *p, const struct tile *t,
                         const uint8_t *block)
{
    const size_t nr = p->k->nr, kr = p->k->kr, groups = (p->kc + kr - 1) / kr;
    for (size_t j = 0; j < nr; j++) {
        const size_t col = t->block * nr + j;
        int32_t sum;
        memcpy(&sum, block + j * sizeof sum, sizeof sum);
        if (sum != (j < t->nr ? p->w_sum[col] : 0))
            return check_fail(c, "packed sum of column %zu is %d", j, sum);
        for (size_t at = 0; at < p->taps * groups * kr; at++) {
            const size_t tap = at / (groups * kr), k = weight_at(at % (groups * kr), p->kc, kr);
            const bool inside = j < t->nr && k < p->kc;
            int want = inside ? p->w[(col * p->taps + tap) * p->kc + k] : 0;
            int got = block[nr * sizeof sum + at / kr * nr * kr + j * kr + at % kr];
            if (got != (uint8_t)want)
                return check_fail(c, "packed weight of column %zu, tap %zu, k %zu is %d, not %d", j,
                                  tap, k, got, (uint8_t)want);
        }
    }
    return true;
}

static bool check_tile(struct check *c, struct problem *p, const struct tile *t)
{
    const struct dsq_igemm_s8_kernel *k = p->k;
    const size_t block_bytes = dsq_igemm_s8_block_bytes(k, p->taps, p->kc);
    uint8_t *packed = check_place(&p->packed, (t->block + 1) * block_bytes, t->side);
    dsq_igemm_s8_pack(k, t->block * k->nr + t->nr, p->taps, p->kc, p->w, packed);
    const int8_t *a[MAX_TAPS * MAX_MR];
    point_at_rows(p, t, a);
    float *m = check_place(&p->m, t->nr * sizeof(float), t->side);
    float *bias = check_place(&p->bias, t->nr * sizeof(float), t->side);
    check_draw_columns(c, p->acc_max, t->nr, m, bias);
    void *y = place_tile(c, &p->y, t, t->y_stride, t->params.out.y_is_float ? sizeof(float) : 1);
    const int8_t *r = draw_residual(c, p, t, y);
    void *want = check_shadow(&p->y, y);
    expect(p, t, m, bias, r, want);

    describe(c, p, t, r);
    if (t->mr == 1 && !check_packed(c, p, t, packed + t->block * block_bytes))
        return false;
    k->run(&t->params, t->mr, t->nr, a, packed + t->block * block_bytes, m, bias, r, t->r_stride, y,
           t->y_stride);
    return compare(c, p, t, want, y);
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

static void open_problem(struct problem *p, const struct dsq_igemm_s8_kernel *k)
{
    *p = (struct problem){.k = k, .n_cols = 2u * k->nr};
    const size_t depth = MAX_KC * MAX_TAPS, tile = k->mr * (size_t)(k->nr + MAX_STRIDE);
    p->a = check_alloc(k->mr * depth);
    p->w = check_alloc(p->n_cols * depth);
    p->acc = check_alloc(k->mr * p->n_cols * sizeof(int32_t));
    p->w_sum = check_alloc(p->n_cols * sizeof(int32_t));
    p->rows = check_alloc(MAX_TAPS * k->mr * sizeof *p->rows);
    for (size_t i = 0; i < MAX_TAPS * (size_t)k->mr; i++)
        check_buffer_open(&p->rows[i], 2 * MAX_KC);
    check_buffer_open(&p->packed, 2 * dsq_igemm_s8_block_bytes(k, MAX_TAPS, MAX_KC));
    check_buffer_open(&p->m, k->nr * sizeof(float));
    check_buffer_open(&p->bias, k->nr * sizeof(float));
    check_buffer_open(&p->r, tile);
    check_buffer_open(&p->y, tile * sizeof(float));
}

static void close_problem(struct problem *p)
{
    for (size_t i = 0; i < MAX_TAPS * (size_t)p->k->mr; i++)
        check_buffer_close(&p->rows[i]);
    struct check_buffer *all[] = {&p->packed, &p->m, &p->bias, &p->r, &p->y};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        check_buffer_close(all[i]);
    free(p->a);
    free(p->w);
    free(p->acc);
    free(p->w_sum);
    free(p->rows);
}

static bool check(struct check *c, size_t i)
{
    size_t n;
    struct problem p;
    open_problem(&p, &dsq_igemm_s8_all(&n)[i]);
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
    const struct dsq_igemm_s8_kernel *k;
    struct dsq_igemm_s8 params;
    const int8_t *a[MAX_TAPS * MAX_MR];
    int8_t *data, *y;
    uint8_t *packed;
    float *m;
};

static void bench_run(void *arg)
{
    const struct bench_run *b = arg;
    const size_t block_bytes = dsq_igemm_s8_block_bytes(b->k, b->params.taps, b->params.kc);
    for (size_t i = 0; i < BENCH_BLOCKS; i++) {
        const float *m = b->m + i * b->k->nr;
        b->k->run(&b->params, b->k->mr, b->k->nr, b->a, b->packed + i * block_bytes, m, m, NULL, 0,
                  b->y + i * b->k->nr, BENCH_BLOCKS * b->k->nr);
    }
}

static void bench_case(struct check_bench *bench, const struct dsq_igemm_s8_kernel *k, size_t kc,
                       size_t taps, bool nonnegative, enum check_peak peak)
{
    struct bench_run b = {.k = k,
                          .params = {.kc = kc,
                                     .taps = taps,
                                     .a_nonnegative = nonnegative,
                                     .out = {.act.hi = INFINITY, .y_inv_scale = 1, .y_max = 127}}};
    const size_t n = BENCH_BLOCKS * k->nr;
    b.data = calloc(k->mr + taps, kc);
    b.packed = aligned_alloc(64, BENCH_BLOCKS * dsq_igemm_s8_block_bytes(k, taps, kc));
    b.m = calloc(n, sizeof(float));
    b.y = calloc(n, k->mr);
    int8_t *w = calloc(n, taps * kc);
    if (b.data && b.packed && b.m && b.y && w) {
        dsq_igemm_s8_pack(k, n, taps, kc, w, b.packed);
        for (size_t i = 0; i < taps * k->mr; i++)
            b.a[i] = b.data + (i / k->mr + i % k->mr) * kc;
        char work[64];
        snprintf(work, sizeof work, "igemm_s8 kc=%zu taps=%zu %s", kc, taps,
                 nonnegative ? "a>=0" : "signed");
        check_time(bench, k->name, work, 2.0 * (double)(k->mr * n * taps * kc), peak, bench_run,
                   &b);
    }
    free(b.data);
    free(b.packed);
    free(b.m);
    free(b.y);
    free(w);
}

static void bench(struct check_bench *b, size_t i)
{
    static const size_t work[][2] = {{64, 9}, {256, 9}, {256, 1}, {64, 1}, {3, 9}, {21, 7}};
    size_t n;
    const struct dsq_igemm_s8_kernel *k = &dsq_igemm_s8_all(&n)[i];
    const enum check_peak peak = !k->needs                  ? PEAK_NONE
                                 : k->needs == DSQ_CPU_AVX2 ? PEAK_MADDUBS_AVX2
                                                            : PEAK_DPBUSD_AVX512;
    for (size_t j = 0; j < sizeof work / sizeof work[0]; j++) {
        bench_case(b, k, work[j][0], work[j][1], false, peak);
        bench_case(b, k, work[j][0], work[j][1], true, peak);
    }
}

static size_t count(void)
{
    size_t n;
    dsq_igemm_s8_all(&n);
    return n;
}

static const char *variant(size_t i, uint32_t *needs)
{
    size_t n;
    const struct dsq_igemm_s8_kernel *k = &dsq_igemm_s8_all(&n)[i];
    *needs = k->needs;
    return k->name;
}

static bool select_is_legal(uint32_t cpu)
{
    return (dsq_igemm_s8_select(cpu)->needs & ~cpu) == 0;
}

const struct check_family check_family_igemm_s8 = {"igemm_s8", count, variant,
                                                   check,      bench, select_is_legal};
