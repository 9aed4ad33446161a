/* SPDX-License-Identifier: Apache-2.0 */
/* Resizing and pooling pictures against plain loops over planes: the same bits, whatever the
 * number of channels, the size and the number of threads. */
#include "backend_resize_expected.h"
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

/* One operator in a graph of its own, f32 or between quantize and dequantize. */
struct op_case {
    char op[200];        /* "maxpool(%a) {...}" */
    int64_t out[2];      /* height and width that come of it; 0: symbolic */
    bool s8, same_scale; /* same_scale: bytes are copied */
    int threads;
};
static const struct dsq_quant in_quant = {0.0078125f * 1.5f, 1.0f / (0.0078125f * 1.5f), 3, -128,
                                          127};
static const struct dsq_quant out_quant = {0.0078125f, 128.0f, -2, -127, 127};

static int write_quant(char *text, const struct dsq_quant *q)
{
    return sprintf(text, "scale=%a zp=%d q=%d..%d", (double)q->scale, (int)q->zero_point,
                   (int)q->qmin, (int)q->qmax);
}

static void run_op(const struct op_case *c, struct dsq_tensor *x, const char *constants, float *y,
                   int64_t *dims)
{
    char text[1024], from[100], to[100], size[60] = "P,Q";
    const long long channels = (long long)x->dims[1];
    write_quant(from, &in_quant);
    write_quant(to, c->same_scale ? &in_quant : &out_quant);
    if (c->out[0])
        sprintf(size, "%lld,%lld", (long long)c->out[0], (long long)c->out[1]);
    int n = sprintf(text, "graph \"g\"\ninput %%x f32 [N,%lld,H,W] nhwc\n%s", channels, constants);
    if (c->s8)
        sprintf(text + n,
                "%%a s8 [N,%lld,H,W] nhwc %s = quantize(%%x)\n"
                "%%b s8 [N,%lld,%s] nhwc %s = %s\n"
                "%%y f32 [N,%lld,%s] nhwc = dequantize(%%b)\noutput %%y\n",
                channels, from, channels, size, to, c->op, channels, size);
    else
        sprintf(text + n,
                "%%a f32 [N,%lld,H,W] nhwc = relayout(%%x)\n"
                "%%y f32 [N,%lld,%s] nhwc = %s\noutput %%y\n",
                channels, channels, size, c->op);
    run_text(text, c->threads, x, y, dims);
}

static int8_t quantized(float x, const struct dsq_quant *q)
{
    float v = x * q->inv_scale;
    if (q->zero_point)
        v += (float)q->zero_point;
    v = fminf(fmaxf(v, (float)q->qmin), (float)q->qmax);
    return (int8_t)nearbyintf(v);
}

static float dequantized(int q, const struct dsq_quant *of)
{
    return (float)(q - of->zero_point) * of->scale;
}

static void random_picture(uint64_t *random, struct dsq_tensor *t, float *x)
{
    *t = (struct dsq_tensor){.dtype = DSQ_F32, .rank = 4, .data = x};
    for (int k = 0; k < 4; k++)
        t->dims[k] = random_int(random, 1, k == 0 ? 2 : MAX_SIDE);
    for (int64_t k = 0; k < t->dims[0] * t->dims[1] * t->dims[2] * t->dims[3]; k++)
        x[k] = random_float(random);
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

/* Of a plane that has been quantized: as floats in between, as integers at the end. */
static float linear_s8_at(const float *plane, int64_t width, struct between h, struct between w)
{
    float corner[2][2];
    for (int i = 0; i < 4; i++) {
        const float x = plane[(i / 2 ? h.b : h.a) * width + (i % 2 ? w.b : w.a)];
        corner[i / 2][i % 2] = dequantized(quantized(x, &in_quant), &in_quant);
    }
    const float left = mix(h.w, corner[0][0], corner[1][0]);
    const float right = mix(h.w, corner[0][1], corner[1][1]);
    return dequantized(quantized(mix(w.w, left, right), &out_quant), &out_quant);
}

static void check_linear(const char *coord, const float *scale, bool s8, const struct dsq_tensor *x,
                         const int64_t *dims, const float *y)
{
    const int64_t height = x->dims[2], width = x->dims[3];
    for (int64_t plane = 0; plane < dims[0] * dims[1]; plane++)
        for (int64_t i = 0; i < dims[2] * dims[3]; i++) {
            struct between h = between_of(coord, i / dims[3], height, dims[2], scale[0]);
            struct between w = between_of(coord, i % dims[3], width, dims[3], scale[1]);
            const float expected = (s8 ? linear_s8_at : linear_at)(
                (const float *)x->data + plane * height * width, width, h, w);
            const float got = y[plane * dims[2] * dims[3] + i];
            if (got != expected)
                fail_msg("%s%s, %lldx%lldx%lld to %lldx%lld, plane %lld, pixel %lld: %a, not %a",
                         coord, s8 ? ", s8" : "", (long long)x->dims[1], (long long)height,
                         (long long)width, (long long)dims[2], (long long)dims[3], (long long)plane,
                         (long long)i, (double)got, (double)expected);
        }
}

static void test_resize_linear(void **state)
{
    (void)state;
    static const char *const coords[] = {"half_pixel", "asymmetric", "pytorch_half_pixel",
                                         "align_corners"};
    static float x[MAX_ELEMENTS], y[MAX_ELEMENTS];
    uint64_t random = 11;
    for (int i = 0; i < 80; i++) {
        struct dsq_tensor in;
        struct op_case c = {.s8 = i / 4 % 2, .threads = 1 + i % 3};
        char sizes[300];
        /* Scales from the input's size, for half a pixel more, which is cut off. */
        const bool computed = i % 5 == 4 && i % 4 != 3;
        float scale[2];
        int64_t dims[DSQ_MAX_RANK];
        random_picture(&random, &in, x);
        c.out[0] = i % 8 ? random_int(&random, 1, MAX_SIDE) : 1;
        c.out[1] = random_int(&random, 1, MAX_SIDE);
        sprintf(
            sizes,
            computed ? "const %%t f32 [4] {%lld, %lld, %lld.5, %lld.5}\n%%h s64 [4] = shape(%%x)\n"
                       "%%f f32 [4] = cast(%%h) {to=f32}\n%%s f32 [4] = div(%%t, %%f)\n"
                     : "const %%s s64 [4] {%lld, %lld, %lld, %lld}\n",
            (long long)in.dims[0], (long long)in.dims[1], (long long)c.out[0], (long long)c.out[1]);
        sprintf(c.op, "resize(%%a, %s) {mode=linear coord=%s}", computed ? "_, %s" : "%s, _",
                coords[i % 4]);
        run_op(&c, &in, sizes, y, dims);
        assert_int_equal(dims[2], c.out[0]);
        assert_int_equal(dims[3], c.out[1]);
        for (int k = 0; k < 2; k++)
            scale[k] = computed ? ((float)c.out[k] + 0.5f) / (float)in.dims[2 + k]
                                : (float)((double)c.out[k] / (double)in.dims[2 + k]);
        check_linear(coords[i % 4], scale, c.s8, &in, dims, y);
    }
}

/* ---- the other forms of resizing, against ONNX's node tests ---- */

static void test_resize_forms(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof resize_node_cases / sizeof *resize_node_cases; i++) {
        const struct resize_node_case *n = &resize_node_cases[i];
        float x[16], y[100];
        struct dsq_tensor in = {.dtype = DSQ_F32, .rank = 4, .data = x};
        struct op_case c = {.threads = 2};
        int64_t dims[DSQ_MAX_RANK];
        memcpy(x, n->x, sizeof x);
        in.dims[0] = in.dims[1] = 1;
        in.dims[2] = n->x_size[0];
        in.dims[3] = n->x_size[1];
        snprintf(c.op, sizeof c.op, "resize(%%a, %s) {%s}", n->inputs, n->attributes);
        run_op(&c, &in, n->constant, y, dims);
        if (dims[2] != n->y_size[0] || dims[3] != n->y_size[1])
            fail_msg("%s: %lld x %lld", n->name, (long long)dims[2], (long long)dims[3]);
        for (int64_t k = 0; k < dims[2] * dims[3]; k++)
            if (!(fabsf(y[k] - n->y[k]) <= 1e-5f * fmaxf(1.0f, fabsf(n->y[k]))))
                fail_msg("%s, pixel %lld: %a, not %a", n->name, (long long)k, (double)y[k],
                         (double)n->y[k]);
    }
}

/* ---- pools ---- */

struct window {
    int k[2], stride[2], dilation[2], pad[4]; /* global: k is the picture, nothing else */
    bool max, count_pads;
};

/* Down the columns first, then along the row. */
static float pooled_f32(const struct window *w, const float *plane, const int64_t *size, int64_t oh,
                        int64_t ow)
{
    float row = w->max ? -INFINITY : 0;
    int n_real = 0, counted = 0;
    for (int j = 0; j < w->k[1]; j++) {
        const int64_t iw = ow * w->stride[1] - w->pad[1] + j * w->dilation[1];
        float column = w->max ? -INFINITY : 0;
        int n_column = 0;
        for (int i = 0; i < w->k[0]; i++) {
            const int64_t ih = oh * w->stride[0] - w->pad[0] + i * w->dilation[0];
            counted += ih < size[0] + w->pad[2] && iw < size[1] + w->pad[3];
            if (ih < 0 || ih >= size[0] || iw < 0 || iw >= size[1])
                continue;
            const float x = plane[ih * size[1] + iw];
            column = w->max ? fmaxf(column, x) : n_column ? column + x : x;
            n_column++;
        }
        if (n_column)
            row = w->max ? fmaxf(row, column) : n_real ? row + column : column;
        n_real += n_column;
    }
    return w->max || n_real == 0 ? row : row / (float)(w->count_pads ? counted : n_real);
}

static float pooled_s8(const struct window *w, const float *plane, const int64_t *size, int64_t oh,
                       int64_t ow)
{
    int n_real = 0, counted = 0, sum = 0, best = in_quant.qmin;
    for (int at = 0; at < w->k[0] * w->k[1]; at++) {
        const int64_t ih = oh * w->stride[0] - w->pad[0] + at / w->k[1] * w->dilation[0];
        const int64_t iw = ow * w->stride[1] - w->pad[1] + at % w->k[1] * w->dilation[1];
        counted += ih < size[0] + w->pad[2] && iw < size[1] + w->pad[3];
        if (ih < 0 || ih >= size[0] || iw < 0 || iw >= size[1])
            continue;
        const int q = quantized(plane[ih * size[1] + iw], &in_quant);
        best = q > best ? q : best;
        sum += q;
        n_real++;
    }
    if (w->max)
        return dequantized(best, &in_quant);
    const float count = (float)(w->count_pads ? counted : n_real);
    const float mean =
        n_real ? (float)(sum - n_real * in_quant.zero_point) * (in_quant.scale / count) : 0;
    return dequantized(quantized(mean, &out_quant), &out_quant);
}

static void check_pool(const struct op_case *c, const struct window *w, const struct dsq_tensor *x,
                       const int64_t *dims, const float *y)
{
    const int64_t *size = &x->dims[2];
    for (int64_t i = 0; i < dims[0] * dims[1] * dims[2] * dims[3]; i++) {
        const int64_t plane = i / (dims[2] * dims[3]), oh = i / dims[3] % dims[2];
        const float expected = (c->s8 ? pooled_s8 : pooled_f32)(
            w, (const float *)x->data + plane * size[0] * size[1], size, oh, i % dims[3]);
        if (y[i] != expected)
            fail_msg("%s%s of %lldx%lldx%lld, plane %lld, %lld, %lld: %a, not %a", c->op,
                     c->s8 ? ", s8" : "", (long long)x->dims[1], (long long)size[0],
                     (long long)size[1], (long long)plane, (long long)oh, (long long)(i % dims[3]),
                     (double)y[i], (double)expected);
    }
}

/* A window that fits the picture when the padding is as drawn. */
static struct window random_window(uint64_t *random, const int64_t *size)
{
    struct window w = {.max = random_int(random, 0, 1), .count_pads = random_int(random, 0, 1)};
    for (int i = 0; i < 2; i++) {
        w.stride[i] = random_int(random, 1, 4);
        w.dilation[i] = random_int(random, 1, 3);
        do
            w.k[i] = random_int(random, 1, random_int(random, 0, 3) ? 4 : 13);
        while ((w.k[i] - 1) * w.dilation[i] >= size[i]);
        w.pad[i] = random_int(random, 0, w.k[i] - 1);
        w.pad[i + 2] = random_int(random, 0, w.k[i] - 1);
    }
    return w;
}

static void test_windows(void **state)
{
    (void)state;
    static float x[MAX_ELEMENTS], y[4 * MAX_ELEMENTS];
    uint64_t random = 23;
    for (int i = 0; i < 150; i++) {
        struct dsq_tensor in;
        struct op_case c = {.s8 = i % 2, .threads = 1 + i % 3};
        int64_t dims[DSQ_MAX_RANK];
        random_picture(&random, &in, x);
        const struct window w = random_window(&random, &in.dims[2]);
        const bool ceil_mode = random_int(&random, 0, 1);
        c.same_scale = w.max;
        sprintf(c.op,
                "%s(%%a) {kernel=%d,%d stride=%d,%d dilation=%d,%d pad=%d,%d,%d,%d ceil_mode=%d%s}",
                w.max ? "maxpool" : "avgpool", w.k[0], w.k[1], w.stride[0], w.stride[1],
                w.dilation[0], w.dilation[1], w.pad[0], w.pad[1], w.pad[2], w.pad[3], ceil_mode,
                !w.max && w.count_pads ? " count_include_pad=1" : "");
        run_op(&c, &in, "", y, dims);
        check_pool(&c, &w, &in, dims, y);
    }
}

static void test_global_pools(void **state)
{
    (void)state;
    static float x[MAX_ELEMENTS], y[2 * MAX_CHANNELS];
    uint64_t random = 29;
    for (int i = 0; i < 60; i++) {
        struct dsq_tensor in;
        struct op_case c = {.out = {1, 1}, .s8 = i % 2, .threads = 1 + i % 3};
        int64_t dims[DSQ_MAX_RANK];
        random_picture(&random, &in, x);
        struct window w = {.stride = {1, 1}, .dilation = {1, 1}, .max = i / 2 % 2};
        w.k[0] = (int)in.dims[2];
        w.k[1] = (int)in.dims[3];
        c.same_scale = w.max;
        strcpy(c.op, w.max ? "global_maxpool(%a)" : "global_avgpool(%a)");
        run_op(&c, &in, "", y, dims);
        assert_int_equal(dims[2] * dims[3], 1);
        check_pool(&c, &w, &in, dims, y);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_resize_linear),
        cmocka_unit_test(test_resize_forms),
        cmocka_unit_test(test_windows),
        cmocka_unit_test(test_global_pools),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
