/* SPDX-License-Identifier: Apache-2.0 */
/* dw_s8 against sums of products over unpacked numbers and an epilogue of the harness's own; bit by
 * bit. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cpu.h"
#include "check_epilogue.h"
#include "kernels/dw_s8.h"

enum { MAX_STRIDE = 80, MAX_MR = 32, MAX_TAPS = 49, N_SETS = 3 };

static const size_t tap_counts[] = {1, 2, 3, 4, 5, 9, 25, 49};
enum { N_TAP_COUNTS = sizeof tap_counts / sizeof tap_counts[0] };

/* Pixels and weights of 2 blocks of channels; every tile size and epilogue is tried on them. */
struct problem {
    const struct dsq_dw_s8_kernel *k;
    size_t taps, channels;
    int fill;
    int8_t *a, *w;             /* [taps][MR][channels], [channels][taps] */
    int32_t *acc, *w_sum;      /* [MR][channels], [channels] */
    int32_t acc_max;           /* the largest |acc| */
    struct check_buffer *rows; /* [taps][MR] */
    struct check_buffer packed, m, bias, r, y;
};

static void multiply(struct problem *p)
{
    const size_t mr = p->k->mr;
    p->acc_max = 1;
    for (size_t j = 0; j < p->channels; j++) {
        p->w_sum[j] = 0;
        for (size_t t = 0; t < p->taps; t++)
            p->w_sum[j] += p->w[j * p->taps + t];
        for (size_t i = 0; i < mr; i++) {
            int32_t acc = 0;
            for (size_t t = 0; t < p->taps; t++)
                acc += p->a[(t * mr + i) * p->channels + j] * p->w[j * p->taps + t];
            p->acc[i * p->channels + j] = acc;
            p->acc_max = abs(acc) > p->acc_max ? abs(acc) : p->acc_max;
        }
    }
}

static void make_problem(struct check *c, struct problem *p)
{
    const bool nonnegative = check_below(c, 2);
    for (size_t i = 0; i < p->taps * p->k->mr * p->channels; i++)
        p->a[i] = check_s8(c, p->fill, nonnegative ? 0 : -128, 127);
    for (size_t i = 0; i < p->channels * p->taps; i++)
        p->w[i] = check_s8(c, p->fill, -127, 127);
    multiply(p);
}

struct tile {
    size_t mr, nr, first; /* first: where the block's channels begin */
    size_t a_step;        /* 0: rows by their addresses */
    enum check_side side;
    bool residual, in_place;
    size_t r_stride, y_stride;
    struct dsq_dw_s8 params;
};

static struct tile draw_tile(struct check *c, const struct problem *p, size_t mr, size_t nr)
{
    struct tile t = {.mr = mr,
                     .nr = nr,
                     .first = check_below(c, 2) * p->k->nr,
                     .side = check_below(c, 2) ? CHECK_END : CHECK_BEGIN,
                     .residual = check_below(c, 2),
                     .y_stride = nr + (check_below(c, 2) ? check_below(c, 40) : 0)};
    t.params = (struct dsq_dw_s8){p->taps, check_draw_zero(c), check_draw_epilogue(c)};
    t.in_place = t.residual && !t.params.out.y_is_float && check_below(c, 2);
    if (mr == p->k->mr && check_below(c, 4))
        t.a_step = nr + check_below(c, 2) * check_below(c, MAX_STRIDE);
    t.r_stride = t.in_place ? t.y_stride : nr + check_below(c, 40);
    return t;
}

/* Row pointers such that the tile's channels touch the guard page; rows past mr repeat the last.
 * Stepped rows lie in one buffer a tap, whose other pointers are not to be used. */
static void point_at_rows(const struct problem *p, const struct tile *t, const int8_t **a)
{
    const size_t mr = p->k->mr, bytes = t->nr;
    for (size_t i = 0; i < p->taps * mr; i++) {
        size_t row = i % mr < t->mr ? i : i / mr * mr + t->mr - 1;
        int8_t *at = check_place(&p->rows[row], bytes, t->side);
        if (t->a_step) {
            at = check_place(&p->rows[i / mr * mr], (mr - 1) * t->a_step + bytes, t->side);
            at += i % mr * t->a_step;
        }
        memcpy(at, p->a + row * p->channels + t->first, bytes);
        a[i] = t->a_step && i % mr > 0 ? NULL : at - t->first;
    }
}

/* What the tile should be, into the shadow of y. */
static void expect(const struct problem *p, const struct tile *t, const float *m, const float *bias,
                   const int8_t *r, void *want)
{
    for (size_t i = 0; i < t->mr; i++)
        for (size_t j = 0; j < t->nr; j++) {
            const size_t channel = t->first + j;
            const int32_t acc =
                p->acc[i * p->channels + channel] - t->params.a_zero * p->w_sum[channel];
            check_finish_s8(&t->params.out, fmaf((float)acc, m[j], bias[j]),
                            r ? &r[i * t->r_stride + j] : NULL, want, i * t->y_stride + j);
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

static void describe(struct check *c, const struct problem *p, const struct tile *t)
{
    char epilogue[CHECK_TEXT];
    check_describe_epilogue(&t->params.out, epilogue);
    check_case(c,
               "taps %zu, fill %d, mr %zu, nr %zu, first %zu, a_step %zu, buffers at the %s, r %s "
               "(stride %zu), y stride %zu, a zero %d, %s",
               p->taps, p->fill, t->mr, t->nr, t->first, t->a_step,
               t->side == CHECK_END ? "end" : "begin",
               !t->residual  ? "none"
               : t->in_place ? "is y"
                             : "apart",
               t->r_stride, t->y_stride, t->params.a_zero, epilogue);
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

static bool check_tile(struct check *c, struct problem *p, const struct tile *t)
{
    const struct dsq_dw_s8_kernel *k = p->k;
    const size_t block_bytes = dsq_dw_s8_block_bytes(k, p->taps), block = t->first / k->nr;
    uint8_t *packed = check_place(&p->packed, (block + 1) * block_bytes, t->side);
    dsq_dw_s8_pack(k, t->first + t->nr, p->taps, p->w, packed);
    const int8_t *a[MAX_TAPS * MAX_MR];
    point_at_rows(p, t, a);
    float *m = check_place(&p->m, t->nr * sizeof(float), t->side);
    float *bias = check_place(&p->bias, t->nr * sizeof(float), t->side);
    check_draw_columns(c, p->acc_max, t->nr, m, bias);
    void *y = place_tile(c, &p->y, t, t->y_stride, t->params.out.y_is_float ? sizeof(float) : 1);
    const int8_t *r = draw_residual(c, p, t, y);
    void *want = check_shadow(&p->y, y);
    expect(p, t, m, bias, r, want);

    describe(c, p, t);
    k->run(&t->params, t->mr, t->nr, a, t->first, t->a_step, packed + block * block_bytes, m, bias,
           r, t->r_stride, y, t->y_stride);
    return compare(c, p, t, want, y);
}

static bool check_sizes(struct check *c, struct problem *p)
{
    const size_t nr = p->k->nr;
    const size_t widths[] = {1,          2,      nr / 8,     nr / 4 - 1, nr / 4, nr / 4 + 1,
                             nr / 2 - 1, nr / 2, nr / 2 + 1, nr - 1,     nr};
    for (size_t rows = 1; rows <= p->k->mr; rows++)
        for (size_t i = 0; i < sizeof widths / sizeof widths[0]; i++) {
            struct tile t = draw_tile(c, p, rows, widths[i]);
            if (!check_tile(c, p, &t))
                return false;
        }
    return true;
}

static void open_problem(struct problem *p, const struct dsq_dw_s8_kernel *k)
{
    *p = (struct problem){.k = k, .channels = 2u * k->nr};
    const size_t tile = k->mr * (size_t)(k->nr + MAX_STRIDE);
    p->a = check_alloc(MAX_TAPS * k->mr * p->channels);
    p->w = check_alloc(p->channels * MAX_TAPS);
    p->acc = check_alloc(k->mr * p->channels * sizeof(int32_t));
    p->w_sum = check_alloc(p->channels * sizeof(int32_t));
    p->rows = check_alloc(MAX_TAPS * k->mr * sizeof *p->rows);
    for (size_t i = 0; i < MAX_TAPS * (size_t)k->mr; i++)
        check_buffer_open(&p->rows[i], k->mr * (size_t)(k->nr + MAX_STRIDE));
    check_buffer_open(&p->packed, 2 * dsq_dw_s8_block_bytes(k, MAX_TAPS));
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
    open_problem(&p, &dsq_dw_s8_all(&n)[i]);
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

/* ---- timing: a strip of a picture, as a convolution sees it ---- */

struct bench_run {
    const struct dsq_dw_s8_kernel *k;
    struct dsq_dw_s8 params;
    size_t channels, step;
    const int8_t *a[MAX_TAPS * MAX_MR];
    int8_t *data, *w, *y;
    uint8_t *packed;
    float *m;
};

static void bench_run(void *arg)
{
    const struct bench_run *b = arg;
    const size_t block_bytes = dsq_dw_s8_block_bytes(b->k, b->params.taps);
    for (size_t at = 0; at < b->channels; at += b->k->nr) {
        const size_t left = b->channels - at;
        b->k->run(&b->params, b->k->mr, left < b->k->nr ? left : b->k->nr, b->a, at, b->step,
                  b->packed + at / b->k->nr * block_bytes, b->m + at, b->m + at, NULL, 0, b->y + at,
                  b->channels);
    }
}

/* Aligned as an arena's tensors are: vectors that span cache lines are half as fast. */
static size_t round64(size_t bytes)
{
    return (bytes + 63) / 64 * 64;
}

static void bench_case(struct check_bench *bench, const struct dsq_dw_s8_kernel *k, size_t channels,
                       size_t side, enum check_peak peak)
{
    const size_t taps = side * side, width = k->mr + side;
    struct bench_run b = {.k = k,
                          .params = {taps, 0, {.act.hi = INFINITY, .y_inv_scale = 1, .y_max = 127}},
                          .channels = channels,
                          .step = channels};
    b.data = aligned_alloc(64, round64(side * width * channels));
    b.w = calloc(channels, taps);
    b.packed = aligned_alloc(64, (channels + k->nr - 1) / k->nr * dsq_dw_s8_block_bytes(k, taps));
    b.m = calloc(channels, sizeof(float));
    b.y = aligned_alloc(64, round64(k->mr * channels));
    if (b.data && b.w && b.packed && b.m && b.y) {
        memset(b.data, 0, side * width * channels);
        dsq_dw_s8_pack(k, channels, taps, b.w, b.packed);
        for (size_t i = 0; i < taps * k->mr; i++) {
            const size_t tap = i / k->mr, x = i % k->mr + tap % side;
            b.a[i] = b.data + (tap / side * width + x) * channels;
        }
        char work[64];
        snprintf(work, sizeof work, "dw_s8 channels=%zu taps=%zu", channels, taps);
        check_time(bench, k->name, work, 2.0 * (double)(k->mr * channels * taps), peak, bench_run,
                   &b);
    }
    free(b.data);
    free(b.w);
    free(b.packed);
    free(b.m);
    free(b.y);
}

static void bench(struct check_bench *b, size_t i)
{
    size_t n;
    const struct dsq_dw_s8_kernel *k = &dsq_dw_s8_all(&n)[i];
    const enum check_peak peak = !k->needs                  ? PEAK_NONE
                                 : k->needs == DSQ_CPU_AVX2 ? PEAK_MADDUBS_AVX2
                                                            : PEAK_DPBUSD_AVX512;
    static const size_t work[][2] = {{8, 3}, {16, 3}, {32, 3}, {64, 3}, {128, 3}, {64, 5}};
    for (size_t j = 0; j < sizeof work / sizeof work[0]; j++)
        bench_case(b, k, work[j][0], work[j][1], peak);
}

static size_t count(void)
{
    size_t n;
    dsq_dw_s8_all(&n);
    return n;
}

static const char *variant(size_t i, uint32_t *needs)
{
    size_t n;
    const struct dsq_dw_s8_kernel *k = &dsq_dw_s8_all(&n)[i];
    *needs = k->needs;
    return k->name;
}

static bool select_is_legal(uint32_t cpu)
{
    return (dsq_dw_s8_select(cpu)->needs & ~cpu) == 0;
}

const struct check_family check_family_dw_s8 = {"dw_s8", count, variant,
                                                check,   bench, select_is_legal};
