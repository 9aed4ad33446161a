/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Products of computed matrices and the normalizations against plain loops, and the same bits at
 * every CPU level and with 1 to 3 threads.
 */
#include "engine_support.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cpu.h"

enum { MAX_INPUTS = 5 };

struct operand {
    int32_t rank;
    int64_t dims[DSQ_MAX_RANK];
    float *data;
};

static size_t count(const struct operand *o)
{
    size_t n = 1;
    for (int32_t i = 0; i < o->rank; i++)
        n *= (size_t)o->dims[i];
    return n;
}

static struct operand random_operand(uint64_t *random, int32_t rank, const int64_t *dims)
{
    struct operand o = {.rank = rank};
    memcpy(o.dims, dims, (size_t)rank * sizeof *dims);
    size_t n = count(&o);
    o.data = malloc((n ? n : 1) * sizeof *o.data);
    assert_non_null(o.data);
    for (size_t i = 0; i < n; i++)
        o.data[i] = 3.0f * random_float(random) + 0.5f;
    return o;
}

static void bind(struct run *r, const struct operand *in, int n_in)
{
    for (int i = 0; i < n_in; i++) {
        struct dsq_tensor t = {.dtype = DSQ_F32, .rank = in[i].rank, .data = in[i].data};
        memcpy(t.dims, in[i].dims, sizeof t.dims);
        assert_ok(dsq_context_set_input(r->context, i, &t, diag));
    }
}

/* Run at every level with 1 to 3 threads; the first output, in ONNX order, to be freed. */
static float *run_all(const char *text, const struct operand *in, int n_in, size_t n_out)
{
    int n_levels;
    const struct dsq_cpu_level *levels = dsq_cpu_levels(&n_levels);
    struct dsq_engine_file *f = file_of(graph_of(text), NULL);
    struct run first, other;
    run_open(&first, f, levels[0].name, 1);
    bind(&first, in, n_in);
    run_once(&first);
    for (int k = 1; k < n_levels * 3; k++) {
        if (levels[k / 3].flags & ~dsq_cpu_detect())
            continue;
        run_open(&other, f, levels[k / 3].name, k % 3 + 1);
        bind(&other, in, n_in);
        run_once(&other);
        assert_same_run(&first, &other);
        run_close(&other);
    }
    const struct captured *y = &first.value[first.graph->output[0]];
    assert_int_equal(y->n, n_out);
    float *copy = malloc((n_out ? n_out : 1) * sizeof *copy);
    assert_non_null(copy);
    memcpy(copy, y->data, n_out * sizeof *copy);
    run_close(&first);
    dsq_engine_file_free(&f);
    return copy;
}

static int put_dims(char *to, const struct operand *o)
{
    int n = sprintf(to, "[");
    for (int32_t i = 0; i < o->rank; i++)
        n += sprintf(to + n, "%s%lld", i ? "," : "", (long long)o->dims[i]);
    return n + sprintf(to + n, "]");
}

/* ---- matmul ---- */

struct product {
    int32_t a_rank, b_rank, y_rank;
    int64_t a[4], b[4], y[4];
};

/* Sum k of a vector's or matrix's operands for output element i: one chain from 0. */
static float sum(const struct product *p, const struct operand *a, const struct operand *b,
                 size_t i)
{
    const int64_t depth = a->dims[a->rank - 1], n = b->rank > 1 ? b->dims[b->rank - 1] : 1;
    const int64_t m = a->rank > 1 ? a->dims[a->rank - 2] : 1;
    const int32_t batch = p->y_rank - (a->rank > 1) - (b->rank > 1);
    int64_t column = (int64_t)i % n, row = (int64_t)i / n % m, at = (int64_t)i / n / m;
    int64_t at_a = 0, at_b = 0, step_a = m * depth, step_b = n * depth;
    for (int32_t k = batch - 1; k >= 0; k--) {
        const int64_t here = at % p->y[k], own_a = a->rank - 2 - batch + k;
        const int64_t own_b = b->rank - 2 - batch + k;
        at /= p->y[k];
        if (own_a >= 0) {
            at_a += a->dims[own_a] == 1 ? 0 : here * step_a;
            step_a *= a->dims[own_a];
        }
        if (own_b >= 0) {
            at_b += b->dims[own_b] == 1 ? 0 : here * step_b;
            step_b *= b->dims[own_b];
        }
    }
    float acc = 0.0f;
    for (int64_t k = 0; k < depth; k++)
        acc = fmaf(a->data[at_a + row * depth + k], b->data[at_b + k * n + column], acc);
    return acc;
}

static void check_product(const struct product *p, uint64_t *random)
{
    struct operand in[2] = {random_operand(random, p->a_rank, p->a),
                            random_operand(random, p->b_rank, p->b)};
    struct operand out = {.rank = p->y_rank};
    memcpy(out.dims, p->y, sizeof p->y);
    char text[512];
    int n = sprintf(text, "graph \"g\"\ninput %%a f32 ");
    n += put_dims(text + n, &in[0]);
    n += sprintf(text + n, "\ninput %%b f32 ");
    n += put_dims(text + n, &in[1]);
    n += sprintf(text + n, "\n%%y f32 ");
    n += put_dims(text + n, &out);
    sprintf(text + n, " = matmul(%%a, %%b)\noutput %%y\n");
    float *y = run_all(text, in, 2, count(&out));
    for (size_t i = 0; i < count(&out); i++) {
        float expected = sum(p, &in[0], &in[1], i);
        if (y[i] != expected)
            fail_msg("element %zu is %a, expected %a\n%s", i, (double)y[i], (double)expected, text);
    }
    free(y);
    free(in[0].data);
    free(in[1].data);
}

static void test_matmul(void **state)
{
    (void)state;
    static const struct product products[] = {
        {2, 2, 2, {3, 4}, {4, 5}, {3, 5}},
        {2, 2, 2, {1, 1}, {1, 1}, {1, 1}},
        {2, 2, 2, {100, 33}, {33, 65}, {100, 65}},
        {2, 2, 2, {37, 0}, {0, 5}, {37, 5}},
        {1, 1, 0, {7}, {7}, {0}},
        {1, 2, 1, {7}, {7, 40}, {40}},
        {2, 1, 1, {40, 7}, {7}, {40}},
        {1, 3, 2, {4}, {3, 4, 5}, {3, 5}},
        {3, 1, 2, {3, 5, 4}, {4}, {3, 5}},
        {3, 2, 3, {2, 3, 4}, {4, 5}, {2, 3, 5}},
        {2, 3, 3, {3, 4}, {2, 4, 5}, {2, 3, 5}},
        {4, 4, 4, {2, 1, 3, 4}, {1, 3, 4, 6}, {2, 3, 3, 6}},
        {4, 3, 4, {2, 3, 13, 17}, {3, 17, 33}, {2, 3, 13, 33}},
        {4, 4, 4, {1, 2, 50, 16}, {1, 2, 16, 50}, {1, 2, 50, 50}},
    };
    uint64_t random = 29;
    for (size_t i = 0; i < sizeof products / sizeof *products; i++)
        check_product(&products[i], &random);
}

static void test_matmul_refuses(void **state)
{
    (void)state;
    struct dsq_diag d;
    struct dsq_graph *g = graph_of("graph \"g\"\ninput %a f32 [3,K]\ninput %b f32 [L,5]\n"
                                   "%y f32 [3,5] = matmul(%a, %b)\noutput %y\n");
    struct dsq_engine_file *f = file_of(g, NULL);
    struct run r;
    float data[40] = {0};
    struct operand in[2] = {{2, {3, 4}, data}, {2, {6, 5}, data}};
    run_open(&r, f, NULL, 1);
    bind(&r, in, 2);
    assert_int_equal(dsq_context_run(r.context, &d), DSQ_SHAPE);
    assert_non_null(strstr(d.text, "columns of the left and rows of the right matrix: 4 and 6"));
    run_close(&r);
    dsq_engine_file_free(&f);
}

/* ---- normalizations ---- */

/* Mean and 1 / deviation of every `step`-th of n numbers, without any cleverness. */
static void moments(const float *x, size_t n, double epsilon, double *mean, double *factor)
{
    double sum = 0, squares = 0;
    for (size_t i = 0; i < n; i++)
        sum += (double)x[i];
    *mean = sum / (double)n;
    for (size_t i = 0; i < n; i++)
        squares += ((double)x[i] - *mean) * ((double)x[i] - *mean);
    *factor = 1.0 / sqrt(squares / (double)n + epsilon);
}

static void check_near(const char *what, size_t i, float have, double expected)
{
    if (!(fabs((double)have - expected) <= 2e-6 * (1.0 + fabs(expected))))
        fail_msg("%s: element %zu is %.9g, expected %.9g", what, i, (double)have, expected);
}

/* x [N,C,H,W] as planes and, with relayouts around, as pixels; scale and bias of n_scale. */
static void check_groupnorm(const int64_t *dims, int groups, int64_t n_scale, bool pixels,
                            uint64_t *random)
{
    struct operand in[3] = {random_operand(random, 4, dims), random_operand(random, 1, &n_scale),
                            random_operand(random, 1, &n_scale)};
    char text[1024], shape[64], what[128];
    put_dims(shape, &in[0]);
    snprintf(what, sizeof what, "groupnorm %s, %d groups, %lld scales%s", shape, groups,
             (long long)n_scale, pixels ? ", pixels" : "");
    int n = sprintf(text,
                    "graph \"g\"\ninput %%x f32 %s nchw\ninput %%s f32 [%lld]\n"
                    "input %%b f32 [%lld]\n",
                    shape, (long long)n_scale, (long long)n_scale);
    sprintf(text + n,
            pixels ? "%%a f32 %s nhwc = relayout(%%x)\n"
                     "%%y f32 %s nhwc = groupnorm(%%a, %%s, %%b) {groups=%d epsilon=0.25}\n"
                     "output %%y\n"
                   : "%%a f32 %s nchw = relu(%%x)\n"
                     "%%y f32 %s nchw = groupnorm(%%x, %%s, %%b) {groups=%d epsilon=0.25}\n"
                     "output %%y\noutput %%a\n",
            shape, shape, groups);
    const size_t plane = (size_t)(dims[2] * dims[3]), channels = (size_t)dims[1];
    const size_t each = channels / (size_t)(groups ? groups : dims[1]); /* channels a group */
    float *y = run_all(text, in, 3, count(&in[0]));
    for (size_t i = 0; i < count(&in[0]); i++) {
        const size_t c = i / plane % channels, s = c * (size_t)n_scale / channels;
        const size_t first = i / plane / each * each * plane;
        double mean, factor;
        moments(in[0].data + first, each * plane, 0.25, &mean, &factor);
        check_near(what, i, y[i],
                   ((double)in[0].data[i] - mean) * factor * (double)in[1].data[s] +
                       (double)in[2].data[s]);
    }
    free(y);
    for (int i = 0; i < 3; i++)
        free(in[i].data);
}

static void test_groupnorm(void **state)
{
    (void)state;
    uint64_t random = 31;
    static const int64_t dims[][4] = {{1, 6, 4, 5}, {2, 6, 1, 1}, {3, 12, 20, 19}};
    for (size_t i = 0; i < sizeof dims / sizeof *dims; i++)
        for (int pixels = 0; pixels < 2; pixels++) {
            check_groupnorm(dims[i], 0, dims[i][1], pixels, &random);
            check_groupnorm(dims[i], 1, dims[i][1], pixels, &random);
            check_groupnorm(dims[i], 3, dims[i][1], pixels, &random);
            check_groupnorm(dims[i], 3, 3, pixels, &random);
        }
}

static void check_layernorm(const int64_t *dims, int axis, bool bias, uint64_t *random)
{
    const int first = axis < 0 ? axis + 3 : axis;
    struct operand in[3] = {random_operand(random, 3, dims),
                            random_operand(random, 3 - first, dims + first),
                            random_operand(random, 3 - first, dims + first)};
    char text[512], shape[64], row[64], what[96];
    put_dims(shape, &in[0]);
    put_dims(row, &in[1]);
    snprintf(what, sizeof what, "layernorm %s, axis %d", shape, axis);
    sprintf(text,
            "graph \"g\"\ninput %%x f32 %s\ninput %%s f32 %s\n%s%s%s"
            "%%y f32 %s = layernorm(%%x, %%s%s) {axis=%d epsilon=0.25}\noutput %%y\n",
            shape, row, bias ? "input %b f32 " : "", bias ? row : "", bias ? "\n" : "", shape,
            bias ? ", %b" : "", axis);
    const size_t length = count(&in[1]);
    float *y = run_all(text, in, bias ? 3 : 2, count(&in[0]));
    for (size_t i = 0; i < count(&in[0]); i++) {
        double mean, factor;
        moments(in[0].data + i / length * length, length, 0.25, &mean, &factor);
        check_near(what, i, y[i],
                   ((double)in[0].data[i] - mean) * factor * (double)in[1].data[i % length] +
                       (bias ? (double)in[2].data[i % length] : 0.0));
    }
    free(y);
    for (int i = 0; i < 3; i++)
        free(in[i].data);
}

static void test_layernorm(void **state)
{
    (void)state;
    uint64_t random = 37;
    static const int64_t dims[][3] = {{2, 3, 4}, {1, 1, 1}, {5, 40, 67}};
    for (size_t i = 0; i < sizeof dims / sizeof *dims; i++)
        for (int axis = -3; axis < 3; axis++)
            check_layernorm(dims[i], axis, axis % 2 == 0, &random);
}

/* Any rank from 2 on, and statistics that are computed. */
static void test_batchnorm(void **state)
{
    (void)state;
    uint64_t random = 41;
    static const int64_t dims[] = {2, 3, 2, 4, 5}, channels = 3;
    for (int32_t rank = 2; rank <= 5; rank++) {
        struct operand in[MAX_INPUTS];
        char text[512], shape[64];
        in[0] = random_operand(&random, rank, dims);
        for (int i = 1; i < MAX_INPUTS; i++)
            in[i] = random_operand(&random, 1, &channels);
        for (int i = 0; i < channels; i++)
            in[4].data[i] = fabsf(in[4].data[i]);
        put_dims(shape, &in[0]);
        sprintf(text,
                "graph \"g\"\ninput %%x f32 %s\ninput %%s f32 [3]\ninput %%b f32 [3]\n"
                "input %%m f32 [3]\ninput %%v f32 [3]\n"
                "%%y f32 %s = batchnorm(%%x, %%s, %%b, %%m, %%v) {epsilon=0.125}\noutput %%y\n",
                shape, shape);
        const size_t n = count(&in[0]), plane = n / 6;
        float *y = run_all(text, in, MAX_INPUTS, n);
        for (size_t i = 0; i < n; i++) {
            const size_t c = i / plane % 3;
            check_near("batchnorm", i, y[i],
                       ((double)in[0].data[i] - (double)in[3].data[c]) /
                               sqrt((double)in[4].data[c] + 0.125) * (double)in[1].data[c] +
                           (double)in[2].data[c]);
        }
        free(y);
        for (int i = 0; i < MAX_INPUTS; i++)
            free(in[i].data);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_matmul),    cmocka_unit_test(test_matmul_refuses),
        cmocka_unit_test(test_groupnorm), cmocka_unit_test(test_layernorm),
        cmocka_unit_test(test_batchnorm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
