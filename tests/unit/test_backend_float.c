/* SPDX-License-Identifier: Apache-2.0 */
/* The float operators that passes leave behind, against their definitions: add, sub, mul and div
 * with every kind of broadcasting, batchnorm, and sigmoid's accuracy against double. */
#include "engine_support.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct fixture {
    struct dsq_engine_file *file;
    struct dsq_engine *engine;
    struct dsq_context *context;
};

static void open_text(struct fixture *f, const char *text)
{
    struct dsq_common common = {.size = sizeof common, .threads = 2};
    struct dsq_context_settings s = {.size = sizeof s, .common = &common};
    f->file = file_of(graph_of(text), NULL);
    assert_ok(dsq_engine_load(&f->engine, f->file, NULL, diag));
    assert_ok(dsq_context_create(&f->context, f->engine, &s, diag));
}

static void close_all(struct fixture *f)
{
    dsq_context_free(&f->context);
    dsq_engine_free(&f->engine);
    dsq_engine_file_free(&f->file);
}

static size_t count_elements(const int64_t *dims, int32_t rank)
{
    size_t n = 1;
    for (int32_t i = 0; i < rank; i++)
        n *= (size_t)dims[i];
    return n;
}

/* Element i of the output, in ONNX order, reads this element of an operand of these dims. */
static size_t broadcast_index(size_t i, const int64_t *out, int32_t rank, const int64_t *dims,
                              int32_t operand_rank)
{
    size_t index = 0, step = 1;
    for (int32_t k = rank - 1; k >= 0; k--) {
        size_t at = i % (size_t)out[k];
        int32_t own = k - (rank - operand_rank);
        i /= (size_t)out[k];
        if (own < 0)
            continue;
        index += dims[own] == 1 ? 0 : at * step;
        step *= (size_t)dims[own];
    }
    return index;
}

static float *random_floats(uint64_t *random, size_t n)
{
    float *x = malloc(n * sizeof *x);
    assert_non_null(x);
    for (size_t i = 0; i < n; i++) {
        x[i] = random_float(random) * 3.0f;
        x[i] += x[i] < 0 ? -0.5f : 0.5f; /* divisors */
    }
    return x;
}

struct shapes {
    int32_t a_rank, b_rank, y_rank;
    int64_t a[4], b[4], y[4];
};

static int write_dims(char *text, const int64_t *dims, int32_t rank)
{
    int n = sprintf(text, "[");
    for (int32_t i = 0; i < rank; i++)
        n += sprintf(text + n, "%s%lld", i ? "," : "", (long long)dims[i]);
    return n + sprintf(text + n, "]");
}

static void check_binary(const char *op, const struct shapes *s, uint64_t *random)
{
    char text[512];
    int n = sprintf(text, "graph \"g\"\ninput %%a f32 ");
    n += write_dims(text + n, s->a, s->a_rank);
    n += sprintf(text + n, "\ninput %%b f32 ");
    n += write_dims(text + n, s->b, s->b_rank);
    n += sprintf(text + n, "\n%%y f32 ");
    n += write_dims(text + n, s->y, s->y_rank);
    sprintf(text + n, " = %s(%%a, %%b)\noutput %%y\n", op);
    struct fixture f;
    open_text(&f, text);
    struct dsq_tensor a = {.dtype = DSQ_F32, .rank = s->a_rank}, b = {.dtype = DSQ_F32}, y;
    b.rank = s->b_rank;
    memcpy(a.dims, s->a, sizeof s->a);
    memcpy(b.dims, s->b, sizeof s->b);
    float *p = a.data = random_floats(random, count_elements(s->a, s->a_rank));
    float *q = b.data = random_floats(random, count_elements(s->b, s->b_rank));
    assert_ok(dsq_context_set_input(f.context, 0, &a, diag));
    assert_ok(dsq_context_set_input(f.context, 1, &b, diag));
    assert_ok(dsq_context_run(f.context, diag));
    assert_ok(dsq_context_output(f.context, 0, &y, diag));
    const float *result = y.data;
    for (size_t i = 0; i < count_elements(s->y, s->y_rank); i++) {
        float u = p[broadcast_index(i, s->y, s->y_rank, s->a, s->a_rank)];
        float v = q[broadcast_index(i, s->y, s->y_rank, s->b, s->b_rank)];
        float expected = *op == 'a' ? u + v : *op == 's' ? u - v : *op == 'm' ? u * v : u / v;
        if (result[i] != expected)
            fail_msg("%s, element %zu: %a and %a give %a, expected %a\n%s", op, i, (double)u,
                     (double)v, (double)result[i], (double)expected, text);
    }
    free(p);
    free(q);
    close_all(&f);
}

static void test_binary_broadcasts(void **state)
{
    (void)state;
    static const struct shapes shapes[] = {
        {4, 4, 4, {2, 3, 4, 5}, {2, 3, 4, 5}, {2, 3, 4, 5}},
        {4, 4, 4, {2, 3, 4, 5}, {1, 3, 1, 1}, {2, 3, 4, 5}},
        {4, 4, 4, {1, 3, 1, 1}, {2, 3, 4, 5}, {2, 3, 4, 5}},
        {4, 4, 4, {2, 1, 4, 1}, {1, 3, 1, 5}, {2, 3, 4, 5}},
        {4, 3, 4, {2, 3, 4, 5}, {3, 1, 1}, {2, 3, 4, 5}},
        {4, 1, 4, {2, 3, 4, 5}, {5}, {2, 3, 4, 5}},
        {4, 0, 4, {2, 3, 4, 5}, {0}, {2, 3, 4, 5}},
        {0, 4, 4, {0}, {2, 3, 4, 5}, {2, 3, 4, 5}},
        {1, 2, 2, {7}, {40, 1}, {40, 7}},
        {0, 0, 0, {0}, {0}, {0}},
        {2, 2, 2, {3, 30000}, {3, 1}, {3, 30000}},
    };
    static const char *const ops[] = {"add", "sub", "mul", "div"};
    uint64_t random = 17;
    for (int op = 0; op < 4; op++)
        for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++)
            check_binary(ops[op], &shapes[i], &random);
}

/* A channel factor meets NHWC inside: planes in, rows of channels between, planes out. */
static void test_binary_in_nhwc(void **state)
{
    (void)state;
    enum { C = 3, H = 4, W = 5 };
    struct fixture f;
    open_text(&f, "graph \"g\"\n"
                  "input %x f32 [N,3,H,W] nchw\n"
                  "const %k f32 [1,3,1,1] {2, 4, 8}\n"
                  "%a f32 [N,3,H,W] nhwc = relayout(%x)\n"
                  "%d f32 [N,3,H,W] nhwc = div(%a, %k)\n"
                  "%y f32 [N,3,H,W] nhwc = sub(%d, %a)\n"
                  "output %y\n");
    float x[2 * C * H * W];
    uint64_t random = 3;
    for (size_t i = 0; i < sizeof x / sizeof *x; i++)
        x[i] = random_float(&random);
    struct dsq_tensor in = {.dtype = DSQ_F32, .rank = 4, .dims = {2, C, H, W}, .data = x}, y;
    assert_ok(dsq_context_set_input(f.context, 0, &in, diag));
    assert_ok(dsq_context_run(f.context, diag));
    assert_ok(dsq_context_output(f.context, 0, &y, diag));
    for (size_t i = 0; i < sizeof x / sizeof *x; i++) {
        float k = (float)(2 << i / (H * W) % C);
        assert_true(((const float *)y.data)[i] == x[i] / k - x[i]);
    }
    close_all(&f);
}

static void test_batchnorm(void **state)
{
    (void)state;
    enum { C = 3, H = 4, W = 5 };
    static const float scale[C] = {2.0f, -0.5f, 1.0f}, bias[C] = {1.0f, 0.25f, -3.0f};
    static const float mean[C] = {0.5f, -2.0f, 0.0f}, var[C] = {4.0f, 0.25f, 9.0f};
    struct fixture f;
    open_text(&f, "graph \"g\"\n"
                  "input %x f32 [N,3,H,W] nchw\n"
                  "const %s f32 [3] {2, -0.5, 1}\n"
                  "const %b f32 [3] {1, 0.25, -3}\n"
                  "const %m f32 [3] {0.5, -2, 0}\n"
                  "const %v f32 [3] {4, 0.25, 9}\n"
                  "%a f32 [N,3,H,W] nhwc = relayout(%x)\n"
                  "%y f32 [N,3,H,W] nhwc = batchnorm(%a, %s, %b, %m, %v) {epsilon=0.125}\n"
                  "output %y\n");
    float x[2 * C * H * W];
    uint64_t random = 5;
    for (size_t i = 0; i < sizeof x / sizeof *x; i++)
        x[i] = 4.0f * random_float(&random);
    struct dsq_tensor in = {.dtype = DSQ_F32, .rank = 4, .dims = {2, C, H, W}, .data = x}, y;
    assert_ok(dsq_context_set_input(f.context, 0, &in, diag));
    assert_ok(dsq_context_run(f.context, diag));
    assert_ok(dsq_context_output(f.context, 0, &y, diag));
    for (size_t i = 0; i < sizeof x / sizeof *x; i++) {
        size_t c = i / (H * W) % C;
        double exact =
            ((double)x[i] - (double)mean[c]) / sqrt((double)var[c] + 0.125) * (double)scale[c] +
            (double)bias[c];
        /* A few roundings of numbers below 16. */
        assert_true(fabs((double)((const float *)y.data)[i] - exact) < 4e-6);
    }
    close_all(&f);
}

static void test_sigmoid(void **state)
{
    (void)state;
    enum { N = 20001 };
    struct fixture f;
    open_text(&f, "graph \"g\"\ninput %x f32 [N]\n%y f32 [N] = sigmoid(%x)\noutput %y\n");
    float *x = malloc(N * sizeof *x);
    assert_non_null(x);
    for (int i = 0; i < N - 3; i++)
        x[i] = (float)(i - N / 2) / 100.0f; /* -100 to 100 */
    x[N - 3] = INFINITY;
    x[N - 2] = -INFINITY;
    x[N - 1] = NAN;
    struct dsq_tensor in = {.dtype = DSQ_F32, .rank = 1, .dims = {N}, .data = x}, y;
    assert_ok(dsq_context_set_input(f.context, 0, &in, diag));
    assert_ok(dsq_context_run(f.context, diag));
    assert_ok(dsq_context_output(f.context, 0, &y, diag));
    const float *p = y.data;
    for (int i = 0; i < N - 3; i++) {
        double exact = 1.0 / (1.0 + exp(-(double)x[i]));
        double error = fabs((double)p[i] - exact);
        if (x[i] > -87.0f ? error > 2.5 * exact * 1.1920929e-7 : error > 2e-38)
            fail_msg("sigmoid(%a) = %a, exactly %a", (double)x[i], (double)p[i], exact);
    }
    assert_true(p[N - 3] == 1.0f && p[N - 2] == 0.0f && isnan(p[N - 1]));
    free(x);
    close_all(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_binary_broadcasts),
        cmocka_unit_test(test_binary_in_nhwc),
        cmocka_unit_test(test_batchnorm),
        cmocka_unit_test(test_sigmoid),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
