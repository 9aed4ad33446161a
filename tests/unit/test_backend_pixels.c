/* SPDX-License-Identifier: Apache-2.0 */
/* Resizing and pooling pictures against plain loops over planes: the same bits, whatever the
 * number of channels, the size and the number of threads. */
#include "engine_support.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_SIDE = 40, MAX_CHANNELS = 40, MAX_ELEMENTS = 2 * MAX_CHANNELS * MAX_SIDE * MAX_SIDE };

/* x (f32, planes) through a graph, whose output is f32 too. */
static void run_text(const char *text, int threads, struct dsq_tensor *x, float *y, int64_t *dims)
{
    struct dsq_common common = {.size = sizeof common, .threads = threads};
    struct dsq_context_settings s = {.size = sizeof s, .common = &common};
    struct dsq_engine_file *file = file_of(graph_of(text), NULL);
    struct dsq_engine *engine;
    struct dsq_context *context;
    struct dsq_tensor out;
    assert_ok(dsq_engine_load(&engine, file, NULL, diag));
    assert_ok(dsq_context_create(&context, engine, &s, diag));
    assert_ok(dsq_context_set_input(context, 0, x, diag));
    assert_ok(dsq_context_run(context, diag));
    assert_ok(dsq_context_output(context, 0, &out, diag));
    memcpy(dims, out.dims, sizeof out.dims);
    memcpy(y, out.data, (size_t)(dims[0] * dims[1] * dims[2] * dims[3]) * sizeof *y);
    dsq_context_free(&context);
    dsq_engine_free(&engine);
    dsq_engine_file_free(&file);
}

/* ---- linear resizing ---- */

/* Output pixel i of n_out lies between these two of n_in. */
struct between {
    int64_t a, b;
    float w;
};

static struct between between_of(const char *coord, int64_t i, int64_t n_in, int64_t n_out,
                                 float scale)
{
    float x = ((float)i + 0.5f) / scale - 0.5f;
    if (strcmp(coord, "asymmetric") == 0)
        x = (float)i / scale;
    if (strcmp(coord, "align_corners") == 0)
        x = n_out == 1 ? 0 : (float)i * (float)(n_in - 1) / (float)(n_out - 1);
    if (x < 0 || (n_out == 1 && strcmp(coord, "pytorch_half_pixel") == 0))
        x = 0;
    if (x > (float)(n_in - 1))
        x = (float)(n_in - 1);
    const int64_t a = (int64_t)x;
    return (struct between){a, a + 1 < n_in ? a + 1 : a, x - (float)a};
}

static float mix(float w, float a, float b)
{
    return fmaf(w, b - a, a);
}

static float linear_at(const float *plane, int64_t width, struct between h, struct between w)
{
    const float left = mix(h.w, plane[h.a * width + w.a], plane[h.b * width + w.a]);
    const float right = mix(h.w, plane[h.a * width + w.b], plane[h.b * width + w.b]);
    return mix(w.w, left, right);
}

static void check_linear(const char *coord, const struct dsq_tensor *x, const int64_t *dims,
                         const float *y)
{
    const int64_t height = x->dims[2], width = x->dims[3];
    for (int64_t plane = 0; plane < dims[0] * dims[1]; plane++)
        for (int64_t i = 0; i < dims[2] * dims[3]; i++) {
            struct between h = between_of(coord, i / dims[3], height, dims[2],
                                          (float)((double)dims[2] / (double)height));
            struct between w = between_of(coord, i % dims[3], width, dims[3],
                                          (float)((double)dims[3] / (double)width));
            const float expected =
                linear_at((const float *)x->data + plane * height * width, width, h, w);
            const float got = y[plane * dims[2] * dims[3] + i];
            if (got != expected)
                fail_msg("%s, %lldx%lldx%lld to %lldx%lld, plane %lld, pixel %lld: %a, not %a",
                         coord, (long long)x->dims[1], (long long)height, (long long)width,
                         (long long)dims[2], (long long)dims[3], (long long)plane, (long long)i,
                         (double)got, (double)expected);
        }
}

static void test_resize_linear(void **state)
{
    (void)state;
    static const char *const coords[] = {"half_pixel", "asymmetric", "pytorch_half_pixel",
                                         "align_corners"};
    static float x[MAX_ELEMENTS], y[MAX_ELEMENTS];
    uint64_t random = 11;
    for (int i = 0; i < 60; i++) {
        struct dsq_tensor in = {.dtype = DSQ_F32, .rank = 4, .data = x};
        const char *coord = coords[i % 4];
        const int h = i % 8 ? random_int(&random, 1, MAX_SIDE) : 1;
        const int w = random_int(&random, 1, MAX_SIDE);
        char text[512];
        int64_t dims[DSQ_MAX_RANK];
        for (int k = 0; k < 4; k++)
            in.dims[k] = random_int(&random, 1, k == 0 ? 2 : MAX_SIDE);
        for (size_t k = 0; k < MAX_ELEMENTS; k++)
            x[k] = random_float(&random);
        sprintf(text,
                "graph \"g\"\ninput %%x f32 [N,%lld,H,W] nhwc\n"
                "const %%s s64 [4] {%lld, %lld, %d, %d}\n"
                "%%y f32 [N,%lld,%d,%d] nhwc = resize(%%x, %%s, _) {mode=linear coord=%s}\n"
                "output %%y\n",
                (long long)in.dims[1], (long long)in.dims[0], (long long)in.dims[1], h, w,
                (long long)in.dims[1], h, w, coord);
        run_text(text, 1 + i % 3, &in, y, dims);
        assert_int_equal(dims[2], h);
        assert_int_equal(dims[3], w);
        check_linear(coord, &in, dims, y);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_resize_linear),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
