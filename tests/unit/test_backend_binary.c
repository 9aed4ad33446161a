/* SPDX-License-Identifier: Apache-2.0 */
/* Operators of two and three operands beside the four that test_backend_float.c knows: on integers,
 * bools and floats, against numbers worked out by hand; s8 multiplication against its formula. */
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

enum { N = 6 };

/* %y of each body over these inputs. */
static const int64_t a[N] = {7, -7, 7, -7, 5, 0}, b[N] = {3, 3, -3, -3, 1, 0};
static const float p[N] = {1.5f, -2.0f, 4.0f, NAN, 0.0f, -0.5f};
static const float q[N] = {2.0f, 3.0f, 0.5f, 1.0f, NAN, -0.5f};

static const struct {
    const char *body;
    double y[N];
} cases[] = {
    {"%r s64 [6] = add(%a, %b)", {10, -4, 4, -10, 6, 0}},
    {"%r s64 [6] = div(%a, %b)", {2, -2, -2, 2, 5, 0}},
    {"%r s64 [6] = mod(%a, %b)", {1, 2, -2, -1, 0, 0}},
    {"%r s64 [6] = fmod(%a, %b)", {1, -1, 1, -1, 0, 0}},
    {"%r s64 [6] = min(%a, %b)", {3, -7, -3, -7, 1, 0}},
    {"%r s64 [6] = max(%a, %b)", {7, 3, 7, -3, 5, 0}},
    {"%r s64 [6] = pow(%a, %b)", {343, -343, 0, 0, 5, 1}},
    {"%r s64 [6] = pow(%a, %q)", {49, -343, 2, -7, INT64_MIN, INT64_MIN}},
    {"%c s32 [6] = cast(%a) {to=s32}\n%d s32 [6] = cast(%b) {to=s32}\n%r s32 [6] = mul(%c, %d)",
     {21, -21, -21, 21, 5, 0}},
    {"%r bool [6] = equals(%a, %b)", {0, 0, 0, 0, 0, 1}},
    {"%r bool [6] = greater(%a, %b)", {1, 0, 1, 0, 1, 0}},
    {"%r bool [6] = greater_equal(%a, %b)", {1, 0, 1, 0, 1, 1}},
    {"%r bool [6] = equals(%p, %q)", {0, 0, 0, 0, 0, 1}},
    {"%r bool [6] = greater(%p, %q)", {0, 0, 1, 0, 0, 0}},
    {"%r bool [6] = greater_equal(%p, %q)", {0, 0, 1, 0, 0, 1}},
    {"%r f32 [6] = min(%p, %q)", {1.5, -2, 0.5, NAN, NAN, -0.5}},
    {"%r f32 [6] = max(%p, %q)", {2, 3, 4, NAN, NAN, -0.5}},
    {"%r f32 [6] = fmod(%p, %q)", {1.5, -2, 0, NAN, NAN, 0}},
    {"%r f32 [6] = prelu(%p, %q)", {1.5, -6, 4, NAN, 0, 0.25}},
    {"%r f32 [6] = pow(%p, %q)", {2.25, -8, 2, NAN, NAN, NAN}},
    {"%r f32 [6] = pow(%p, %b)", {3.375, -8, 0.015625, NAN, 0, 1}},
    {"const %two f32 [] {2}\n%r f32 [6] = pow(%p, %two)", {2.25, 4, 16, NAN, 0, 0.25}},
    {"%c bool [6] = cast(%a) {to=bool}\n%d bool [6] = cast(%p) {to=bool}\n%r bool [6] = and(%c, "
     "%d)",
     {1, 1, 1, 1, 0, 0}},
    {"%c bool [6] = cast(%a) {to=bool}\n%d bool [6] = cast(%p) {to=bool}\n%r bool [6] = or(%c, %d)",
     {1, 1, 1, 1, 1, 1}},
    {"%c bool [6] = cast(%a) {to=bool}\n%d bool [6] = cast(%p) {to=bool}\n%r bool [6] = xor(%c, "
     "%d)",
     {0, 0, 0, 0, 1, 1}},
    {"%c bool [6] = cast(%p) {to=bool}\n%r bool [6] = not(%c)", {0, 0, 0, 0, 1, 0}},
    {"%c bool [6] = greater(%a, %b)\n%r s64 [6] = where(%c, %a, %b)", {7, 3, 7, -3, 5, 0}},
    {"%c bool [6] = greater(%a, %b)\n%r f32 [6] = where(%c, %p, %q)", {1.5, 3, 4, 1, 0, -0.5}},
    {"%r s32 [6] = cast(%p) {to=s32}", {1, -2, 4, INT32_MIN, 0, 0}},
    {"%r u8 [6] = cast(%a) {to=u8}", {7, 249, 7, 249, 5, 0}},
    {"%r u8 [6] = cast(%p) {to=u8}", {1, 254, 4, 0, 0, 0}},
};

static void bind(struct fixture *f, int32_t input, enum dsq_dtype t, const void *data)
{
    struct dsq_tensor x = {.dtype = t, .rank = 1, .dims = {N}};
    memcpy(&x.data, &data, sizeof data); /* the descriptor serves outputs too */
    assert_ok(dsq_context_set_input(f->context, input, &x, diag));
}

static void test_by_hand(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[512];
        struct fixture f;
        struct dsq_tensor y;
        snprintf(text, sizeof text,
                 "graph \"g\"\ninput %%a s64 [N]\ninput %%b s64 [N]\ninput %%p f32 [N]\n"
                 "input %%q f32 [N]\n%s\n%%y f32 [6] = cast(%%r) {to=f32}\noutput %%y\n",
                 cases[i].body);
        open_text(&f, text);
        bind(&f, 0, DSQ_S64, a);
        bind(&f, 1, DSQ_S64, b);
        bind(&f, 2, DSQ_F32, p);
        bind(&f, 3, DSQ_F32, q);
        assert_ok(dsq_context_run(f.context, diag));
        assert_ok(dsq_context_output(f.context, 0, &y, diag));
        for (int k = 0; k < N; k++) {
            const double got = (double)((const float *)y.data)[k], want = cases[i].y[k];
            if (got != want && !(isnan(got) && isnan(want)))
                fail_msg("%s: element %d is %g instead of %g", cases[i].body, k, got, want);
        }
        close_all(&f);
    }
}

/* Three operands of different ranks. */
static void test_where_broadcasts(void **state)
{
    (void)state;
    struct fixture f;
    struct dsq_tensor y;
    uint8_t choice[2] = {1, 0};
    float row[3] = {1, 2, 3}, column[2] = {10, 20};
    static const float want[6] = {1, 2, 3, 20, 20, 20};
    struct dsq_tensor in[3] = {{.dtype = DSQ_BOOL, .rank = 2, .dims = {2, 1}, .data = choice},
                               {.dtype = DSQ_F32, .rank = 1, .dims = {3}, .data = row},
                               {.dtype = DSQ_F32, .rank = 2, .dims = {2, 1}, .data = column}};
    open_text(&f, "graph \"g\"\ninput %c bool [2,1]\ninput %r f32 [3]\ninput %k f32 [2,1]\n"
                  "%y f32 [2,3] = where(%c, %r, %k)\noutput %y\n");
    for (int32_t k = 0; k < 3; k++)
        assert_ok(dsq_context_set_input(f.context, k, &in[k], diag));
    assert_ok(dsq_context_run(f.context, diag));
    assert_ok(dsq_context_output(f.context, 0, &y, diag));
    assert_memory_equal(y.data, want, sizeof want);
    close_all(&f);
}

enum { C = 5, H = 6, W = 60 };

/* x [1,C,H,W] times k, one factor a channel or one a pixel, both s8. */
static void check_mul_s8(bool a_channel)
{
    char text[640];
    struct fixture f;
    struct dsq_tensor y;
    float x[C * H * W], k[C * H * W];
    uint64_t random = 11;
    snprintf(text, sizeof text,
             "graph \"g\"\ninput %%x f32 [1,5,H,W] nchw\ninput %%k f32 %s nchw\n"
             "%%a s8 [1,5,H,W] nhwc scale=0x1p-5 zp=2 q=-128..127 = quantize(%%x)\n"
             "%%b s8 %s nhwc scale=0x1p-7 zp=-128 q=-128..127 = quantize(%%k)\n"
             "%%m s8 [1,5,H,W] nhwc scale=0x1p-6 zp=1 q=-120..127 = mul(%%a, %%b)\n"
             "%%y f32 [1,5,H,W] nchw = dequantize(%%m)\noutput %%y\n",
             a_channel ? "[1,5,1,1]" : "[1,1,H,W]", a_channel ? "[1,5,1,1]" : "[1,1,H,W]");
    open_text(&f, text);
    for (int i = 0; i < C * H * W; i++) {
        x[i] = (float)random_int(&random, -128 - 2, 127 - 2) / 32.0f;
        k[i] = (float)random_int(&random, 0, 255) / 128.0f;
    }
    struct dsq_tensor in[2] = {{.dtype = DSQ_F32, .rank = 4, .dims = {1, C, H, W}, .data = x},
                               {.dtype = DSQ_F32, .rank = 4, .dims = {1, 1, H, W}, .data = k}};
    if (a_channel)
        memcpy(in[1].dims, (const int64_t[4]){1, C, 1, 1}, 4 * sizeof(int64_t));
    assert_ok(dsq_context_set_input(f.context, 0, &in[0], diag));
    assert_ok(dsq_context_set_input(f.context, 1, &in[1], diag));
    assert_ok(dsq_context_run(f.context, diag));
    assert_ok(dsq_context_output(f.context, 0, &y, diag));
    for (int i = 0; i < C * H * W; i++) {
        /* Every product is a multiple of 2^-12 below 2^5, so float holds it exactly. */
        const float factor = a_channel ? k[i / (H * W)] : k[i % (H * W)];
        const float scaled = nearbyintf(x[i] * factor * 64.0f + 1.0f);
        const float want = (scaled < -120 ? -120 : scaled > 127 ? 127 : scaled) - 1.0f;
        if (((const float *)y.data)[i] != want / 64.0f)
            fail_msg("%g times %g: %g instead of %g", (double)x[i], (double)factor,
                     (double)((const float *)y.data)[i], (double)want / 64.0);
    }
    close_all(&f);
}

static void test_mul_s8(void **state)
{
    (void)state;
    check_mul_s8(true);
    check_mul_s8(false);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_by_hand),
        cmocka_unit_test(test_where_broadcasts),
        cmocka_unit_test(test_mul_s8),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
