/* SPDX-License-Identifier: Apache-2.0 */
/* Functions of one number as operators: every one of them against libm in double, on floats in any
 * strides; on s8 against quantize(f(dequantize)); those that know integers on integers. */
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

static double sigmoid(double x)
{
    return 1.0 / (1.0 + exp(-x));
}
static double between(double x, double lo, double hi)
{
    return x < lo ? lo : x > hi ? hi : x;
}
static double relu(double x)
{
    return x < 0.0 ? 0.0 : x;
}
static double clip(double x)
{
    return between(x, -0.5, 2.0);
}
static double leaky_relu(double x)
{
    return x < 0.0 ? 0.125 * x : x;
}
static double hardsigmoid(double x)
{
    return between(0.25 * x + 0.375, 0.0, 1.0);
}
static double hardswish(double x)
{
    return x * between(x / 6.0 + 0.5, 0.0, 1.0);
}
static double silu(double x)
{
    return x * sigmoid(x);
}
static double elu(double x)
{
    return x < 0.0 ? 1.5 * expm1(x) : x;
}
static double gelu(double x)
{
    return 0.5 * x * (1.0 + erf(x * sqrt(0.5)));
}
static double gelu_tanh(double x)
{
    return 0.5 * x * (1.0 + tanh(sqrt(2.0 / acos(-1.0)) * (x + 0.044715 * x * x * x)));
}
static double softplus(double x)
{
    return log1p(exp(x));
}
static double mish(double x)
{
    return x * tanh(softplus(x));
}
static double reciprocal(double x)
{
    return 1.0 / x;
}
static double negative(double x)
{
    return -x;
}
static double sign(double x)
{
    return (x > 0.0) - (x < 0.0);
}

static const struct function {
    const char *op, *attributes;
    double (*exact)(double);
    double absolute, relative; /* error allowed; both 0: the float nearest to the exact result */
} functions[] = {
    {"relu", "", relu, 0, 0},
    {"clip", " {lo=-0.5 hi=2}", clip, 0, 0},
    {"sigmoid", "", sigmoid, 0, 3e-7},
    {"leaky_relu", " {alpha=0.125}", leaky_relu, 0, 0},
    {"hardsigmoid", " {alpha=0.25 beta=0.375}", hardsigmoid, 0, 0},
    {"hardswish", "", hardswish, 2e-7, 3e-7},
    {"tanh", "", tanh, 0, 3e-7},
    {"silu", "", silu, 0, 4e-7},
    {"elu", " {alpha=1.5}", elu, 0, 3e-7},
    {"gelu", "", gelu, 4e-7, 3e-7},
    {"gelu_tanh", "", gelu_tanh, 4e-7, 6e-7},
    {"mish", "", mish, 0, 4e-7},
    {"softplus", "", softplus, 0, 3e-7},
    {"erf", "", erf, 0, 2e-7},
    {"exp", "", exp, 0, 2e-7},
    {"log", "", log, 0, 2e-7},
    {"sqrt", "", sqrt, 0, 0},
    {"reciprocal", "", reciprocal, 0, 0},
    {"abs", "", fabs, 0, 0},
    {"neg", "", negative, 0, 0},
    {"sign", "", sign, 0, 0},
    {"floor", "", floor, 0, 0},
    {"ceil", "", ceil, 0, 0},
    {"round", "", nearbyint, 0, 0},
};
enum { N_FUNCTIONS = sizeof functions / sizeof functions[0] };

static void assert_near(const struct function *f, float x, float y)
{
    const double exact = f->exact((double)x);
    const double allowed = f->absolute + f->relative * fabs(exact);
    if (isnan(exact) ? isnan(y) : y == (float)exact || fabs((double)y - exact) <= allowed)
        return;
    fail_msg("%s(%a) = %a, exactly %a", f->op, (double)x, (double)y, exact);
}

/* Dense as it comes, and read across another order of dimensions. */
static void check_floats(const struct function *f, bool strided)
{
    enum { H = 40, W = 50 };
    char text[512];
    struct fixture fixture;
    snprintf(text, sizeof text,
             "graph \"g\"\ninput %%x f32 [1,2,H,W] nchw\n%%r f32 [1,2,H,W] nhwc = relayout(%%x)\n"
             "%%y f32 [1,2,H,W] %s = %s(%%%s)%s\noutput %%y\n",
             strided ? "nhwc" : "nchw", f->op, strided ? "r" : "x", f->attributes);
    open_text(&fixture, text);
    float x[2 * H * W];
    for (int i = 0; i < 2 * H * W; i++)
        x[i] = (float)(i - H * W) / 256.0f; /* -7.8 to 7.8, halves and 0 among them */
    struct dsq_tensor in = {.dtype = DSQ_F32, .rank = 4, .dims = {1, 2, H, W}, .data = x}, y;
    assert_ok(dsq_context_set_input(fixture.context, 0, &in, diag));
    assert_ok(dsq_context_run(fixture.context, diag));
    assert_ok(dsq_context_output(fixture.context, 0, &y, diag));
    for (int i = 0; i < 2 * H * W; i++)
        assert_near(f, x[i], ((const float *)y.data)[i]);
    close_all(&fixture);
}

static void test_floats(void **state)
{
    (void)state;
    for (size_t i = 0; i < N_FUNCTIONS; i++) {
        check_floats(&functions[i], false);
        check_floats(&functions[i], true);
    }
}

/* All 256 integers; where the exact result is not close to a half, rounding is not in doubt. */
static void check_s8(const struct function *f)
{
    char text[512];
    struct fixture fixture;
    snprintf(text, sizeof text,
             "graph \"g\"\ninput %%x f32 [N]\n"
             "%%q s8 [N] scale=0x1p-5 zp=3 q=-128..127 = quantize(%%x)\n"
             "%%r s8 [N] scale=0x1p-4 zp=-2 q=-100..120 = %s(%%q)%s\n"
             "%%y f32 [N] = dequantize(%%r)\noutput %%y\n",
             f->op, f->attributes);
    open_text(&fixture, text);
    float x[256];
    for (int i = 0; i < 256; i++)
        x[i] = (float)(i - 128 - 3) / 32.0f;
    struct dsq_tensor in = {.dtype = DSQ_F32, .rank = 1, .dims = {256}, .data = x}, y;
    assert_ok(dsq_context_set_input(fixture.context, 0, &in, diag));
    assert_ok(dsq_context_run(fixture.context, diag));
    assert_ok(dsq_context_output(fixture.context, 0, &y, diag));
    for (int i = 0; i < 256; i++) {
        double exact = f->exact((double)x[i]) * 16.0 - 2.0;
        float q = ((const float *)y.data)[i] * 16.0f - 2.0f;
        double want = isnan(exact) ? -2.0 : nearbyint(between(exact, -100.0, 120.0));
        bool doubt = fabs(fabs(exact - floor(exact)) - 0.5) < 1e-4;
        if ((double)q != want && !(doubt && fabs((double)q - exact) < 0.6))
            fail_msg("%s of %a: %a, expected %a", f->op, (double)x[i], (double)q, want);
    }
    close_all(&fixture);
}

static void test_s8(void **state)
{
    (void)state;
    for (size_t i = 0; i < N_FUNCTIONS; i++)
        check_s8(&functions[i]);
}

static void check_integers(const char *op, const char *type, const int64_t *want)
{
    static const int64_t x[5] = {-7, 0, 3, INT32_MAX, -INT32_MAX};
    char text[256];
    struct fixture f;
    snprintf(
        text, sizeof text,
        "graph \"g\"\ninput %%x s64 [5]\n%%c %s [5] = cast(%%x) {to=%s}\n%%z %s [5] = %s(%%c)\n"
        "%%y s64 [5] = cast(%%z) {to=s64}\noutput %%y\n",
        type, type, type, op);
    open_text(&f, text);
    int64_t data[5];
    memcpy(data, x, sizeof x);
    struct dsq_tensor in = {.dtype = DSQ_S64, .rank = 1, .dims = {5}, .data = data}, y;
    assert_ok(dsq_context_set_input(f.context, 0, &in, diag));
    assert_ok(dsq_context_run(f.context, diag));
    assert_ok(dsq_context_output(f.context, 0, &y, diag));
    assert_memory_equal(y.data, want, sizeof x);
    close_all(&f);
}

static void test_integers(void **state)
{
    (void)state;
    static const int64_t magnitude[5] = {7, 0, 3, INT32_MAX, INT32_MAX};
    static const int64_t minus[5] = {7, 0, -3, -INT32_MAX, INT32_MAX};
    static const int64_t signs[5] = {-1, 0, 1, 1, -1};
    static const int64_t positive[5] = {0, 0, 3, INT32_MAX, 0};
    for (int i = 0; i < 2; i++) {
        const char *type = i ? "s32" : "s64";
        check_integers("abs", type, magnitude);
        check_integers("neg", type, minus);
        check_integers("sign", type, signs);
        check_integers("relu", type, positive);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_floats),
        cmocka_unit_test(test_s8),
        cmocka_unit_test(test_integers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
