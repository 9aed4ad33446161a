/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Small random networks before and after all float passes must compute the same, as a plain
 * reference interpreter in double sees them; and every one must survive quantize_int8 with the
 * checks on.
 *
 *   test_pass_random [SEED [COUNT]]    a failure prints the seed that reproduces it
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "graph/infer.h"
#include "graph/text.h"
#include "pass/pass.h"
#include "quant/placement.h"
#include "unit/pass_interpreter.h"

enum { BLOB_FLOATS = 1 << 16, N_STEPS = 24, MAX_VALUES = 64 };
static uint64_t first_seed = 1;
static int n_networks = 150;

static uint64_t state_of_random;
static uint32_t draw(uint32_t n) /* xorshift64*, Vigna, https://arxiv.org/abs/1402.6246 */
{
    state_of_random ^= state_of_random >> 12;
    state_of_random ^= state_of_random << 25;
    state_of_random ^= state_of_random >> 27;
    return (uint32_t)((state_of_random * UINT64_C(2685821657736338717)) >> 33) % n;
}

/* ---- a random network as text ---- */

struct made {
    int channels, level; /* level: how often halved */
};
struct network {
    struct dsq_writer w;
    struct made value[MAX_VALUES];
    int n, n_const, offset;
    int last_w, last_w_in; /* a 1x1 weight of equally many outputs that can be shared; -1: none */
};

static int new_const(struct network *net, const char *shape, int elements, bool positive)
{
    const int half = BLOB_FLOATS / 2;
    net->offset = (net->offset + 16 * (1 + (int)draw(8))) % (half - 4096);
    dsq_write_format(&net->w, "const %%k%d f32 %s @%d:%d\n", net->n_const, shape,
                     (net->offset / 16 * 16 + (positive ? half : 0)) * 4, elements * 4);
    return net->n_const++;
}

static int new_vector(struct network *net, int n, bool positive)
{
    char shape[32];
    snprintf(shape, sizeof shape, "[%d]", n);
    return new_const(net, shape, n, positive);
}

static void add_value(struct network *net, int channels, int level)
{
    net->value[net->n++] = (struct made){channels, level};
}

static void add_unary(struct network *net, int x, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
static void add_unary(struct network *net, int x, const char *format, ...)
{
    char text[256];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    dsq_write_format(&net->w, "%%v%d f32 ? nchw = %s\n", net->n, text);
    add_value(net, net->value[x].channels, net->value[x].level);
}

static void add_conv(struct network *net, int x)
{
    const int in = net->value[x].channels, kernel = draw(2) ? 3 : 1;
    const bool halve = kernel == 3 && draw(3) == 0, depthwise = draw(4) == 0;
    const int out = depthwise ? in : 2 + 2 * (int)draw(3), group = depthwise ? in : 1;
    const bool share = kernel == 1 && !depthwise && net->last_w >= 0 && net->last_w_in == in;
    char shape[64], bias[16] = "_";
    snprintf(shape, sizeof shape, "[%d,%d,%d,%d]", share ? in : out, kernel, kernel, in / group);
    const int w =
        share ? net->last_w : new_const(net, shape, out * kernel * kernel * in / group, false);
    if (kernel == 1 && out == in && !depthwise) {
        net->last_w = w;
        net->last_w_in = in;
    }
    const int channels = share ? in : out;
    if (draw(2))
        snprintf(bias, sizeof bias, "%%k%d", new_vector(net, channels, false));
    const int pad = kernel / 2, stride = halve ? 2 : 1;
    dsq_write_format(
        &net->w,
        "%%v%d f32 ? nchw = conv(%%k%d, %s, %%v%d, _, _) {kernel=%d,%d stride=%d,%d "
        "dilation=1,1 pad=%d,%d,%d,%d group=%d out_channels=%d act_lo=-inf act_hi=inf}\n",
        net->n, w, bias, x, kernel, kernel, stride, stride, pad, pad, pad, pad, group, channels);
    add_value(net, channels, net->value[x].level + halve);
}

static void add_batchnorm(struct network *net, int x)
{
    const int c = net->value[x].channels;
    const int g = new_vector(net, c, false), b = new_vector(net, c, false);
    const int m = new_vector(net, c, false), v = new_vector(net, c, true);
    add_unary(net, x, "batchnorm(%%v%d, %%k%d, %%k%d, %%k%d, %%k%d) {epsilon=0.001}", x, g, b, m,
              v);
}

static void add_affine(struct network *net, int x)
{
    static const char *const ops[] = {"add", "sub", "mul", "div"};
    char shape[32];
    const uint32_t op = draw(4);
    const int c = net->value[x].channels;
    snprintf(shape, sizeof shape, draw(2) ? "[1,%d,1,1]" : "[%d,1,1]", c);
    const int k = new_const(net, shape, c, op == 3);
    if (op != 3 && draw(2))
        add_unary(net, x, "%s(%%k%d, %%v%d)", ops[op], k, x);
    else
        add_unary(net, x, "%s(%%v%d, %%k%d)", ops[op], x, k);
}

/* Enlarge y to x's height and width, which host nodes find out, and add it to x. */
static void add_pyramid(struct network *net, int x, int y)
{
    const int n = net->n;
    dsq_write_format(
        &net->w,
        "%%s%d s64 ? nchw = shape(%%v%d)\n%%h%d s64 ? nchw = slice(%%s%d, %%two, %%four, "
        "%%zero, _)\n%%t%d s64 ? nchw = shape(%%v%d)\n%%c%d s64 ? nchw = slice(%%t%d, "
        "%%zero, %%two, %%zero, _)\n%%z%d s64 ? nchw = concat(%%c%d, %%h%d) {axis=0}\n",
        n, x, n, n, n, y, n, n, n, n, n);
    dsq_write_format(&net->w,
                     "%%v%d f32 ? nchw = resize(%%v%d, %%z%d, _) {mode=nearest coord=asymmetric "
                     "round=floor}\n",
                     n, y, n);
    add_value(net, net->value[y].channels, net->value[x].level);
    add_unary(net, x, "add(%%v%d, %%v%d)", x, n);
}

/* Another value to go with x; -1: none. */
static int partner(const struct network *net, int x, bool same_level, bool same_channels)
{
    for (int tries = 0; tries < 8; tries++) {
        const int y = (int)draw((uint32_t)net->n);
        if (y != x && (net->value[y].level == net->value[x].level) == same_level &&
            (!same_channels || net->value[y].channels == net->value[x].channels))
            return y;
    }
    return -1;
}

static void add_binary(struct network *net, int x)
{
    const uint32_t kind = draw(4);
    const int y = partner(net, x, kind != 3, kind != 2);
    if (y < 0 || net->n + 2 > MAX_VALUES)
        return;
    if (kind == 3) {
        add_pyramid(net, x, y);
    } else if (kind == 2) {
        add_unary(net, x, "concat(%%v%d, %%v%d) {axis=1}", x, y);
        net->value[net->n - 1].channels += net->value[y].channels;
    } else {
        add_unary(net, x, "add(%%v%d, %%v%d)", x, y);
    }
}

/* An activation, as one operator or spelled out. */
static void add_activation(struct network *net, int x)
{
    const int n = net->n;
    static const char *const plain[] = {"leaky_relu(%%v%d) {alpha=0.1}", "silu(%%v%d)",
                                        "hardsigmoid(%%v%d) {alpha=0.2 beta=0.5}", "tanh(%%v%d)"};
    switch (draw(8)) {
    case 0:
        dsq_write_format(&net->w, "%%e%d f32 ? nchw = sigmoid(%%v%d)\n", n, x);
        add_unary(net, x, "mul(%%e%d, %%v%d)", n, x);
        break;
    case 1:
        dsq_write_format(&net->w,
                         "%%e%d f32 ? nchw = add(%%v%d, %%three)\n%%f%d f32 ? nchw = clip(%%e%d) "
                         "{lo=0 hi=6}\n%%i%d f32 ? nchw = mul(%%v%d, %%f%d)\n",
                         n, x, n, n, n, x, n);
        add_unary(net, x, "div(%%i%d, %%six)", n);
        break;
    case 2:
        dsq_write_format(&net->w,
                         "%%e%d f32 ? nchw = add(%%v%d, %%three)\n%%f%d f32 ? nchw = clip(%%e%d) "
                         "{lo=0 hi=6}\n",
                         n, x, n, n);
        add_unary(net, x, "div(%%f%d, %%six)", n);
        break;
    case 3:
        dsq_write_format(&net->w,
                         "%%e%d f32 ? nchw = softplus(%%v%d)\n%%f%d f32 ? nchw = tanh(%%e%d)\n", n,
                         x, n, n);
        add_unary(net, x, "mul(%%v%d, %%f%d)", x, n);
        break;
    default:
        add_unary(net, x, plain[draw(4)], x);
        break;
    }
}

static void add_step(struct network *net)
{
    const int recent = net->n < 4 ? net->n : 4; /* chains are what fusions look for */
    const int x = net->n - 1 - (int)draw((uint32_t)(draw(3) ? 1 : recent));
    switch (draw(13)) {
    case 12:
        add_activation(net, x);
        break;
    case 0:
        add_unary(net, x, draw(3) ? "relu(%%v%d)" : "identity(%%v%d)", x);
        break;
    case 1:
        add_unary(net, x, "clip(%%v%d) {lo=-0.5 hi=1.25}", x);
        break;
    case 2:
        add_unary(net, x, "maxpool(%%v%d) {kernel=3,3 stride=2,2 dilation=1,1 pad=1,1,1,1}", x);
        net->value[net->n - 1].level++;
        break;
    case 3:
        add_unary(net, x, draw(4) ? "relu(%%v%d)" : "sigmoid(%%v%d)", x);
        break;
    case 4:
    case 5:
        add_batchnorm(net, x);
        break;
    case 6:
        add_affine(net, x);
        break;
    case 7:
    case 8:
        add_binary(net, x);
        break;
    default:
        if (net->value[x].level < 4 && net->value[x].channels <= 16)
            add_conv(net, x);
        break;
    }
}

static char *make_text(uint64_t seed)
{
    struct network net = {.last_w = -1};
    dsq_writer_init(&net.w, NULL);
    state_of_random = seed * UINT64_C(0x9e3779b97f4a7c15) + 1;
    dsq_write_text(&net.w,
                   "graph \"random\"\ninput %v0 f32 [1,4,H,W] nchw\nconst %zero s64 [1] {0}\n"
                   "const %two s64 [1] {2}\nconst %four s64 [1] {4}\n"
                   "const %three f32 [] {3}\nconst %six f32 [1] {6}\n");
    add_value(&net, 4, 0);
    add_conv(&net, 0);
    for (int i = 0; i < N_STEPS; i++)
        add_step(&net);
    dsq_write_format(&net.w, "output %%v%d\n", net.n - 1);
    for (int v = net.n - 2; v > 0; v -= 1 + (int)draw(9))
        if (draw(3) == 0)
            dsq_write_format(&net.w, "output %%v%d\n", v);
    dsq_write_zeros(&net.w, 1);
    return net.w.data;
}

/* ---- the test ---- */

static float *make_blob(void)
{
    float *blob = aligned_alloc(64, BLOB_FLOATS * sizeof *blob);
    assert_non_null(blob);
    state_of_random = 77;
    for (int i = 0; i < BLOB_FLOATS; i++)
        blob[i] = i < BLOB_FLOATS / 2 ? (float)draw(2001) / 2000.0f - 0.5f
                                      : 0.5f + (float)draw(1000) / 1000.0f;
    return blob;
}

static struct dsq_graph *parse(const char *text, const float *blob)
{
    struct dsq_graph *g = NULL;
    struct dsq_diag d = {0};
    if (dsq_graph_parse(&g, text, strlen(text), blob, BLOB_FLOATS * sizeof *blob, true, NULL, &d) !=
            DSQ_OK ||
        dsq_graph_infer(g, &d) != DSQ_OK)
        fail_msg("%s in\n%s", d.text, text);
    return g;
}

static void compare(uint64_t seed, struct dsq_graph *plain, struct dsq_graph *fused, int64_t h,
                    int64_t w)
{
    struct interpreter a, b;
    interpreter_run(&a, plain, h, w);
    interpreter_run(&b, fused, h, w);
    assert_int_equal(plain->n_outputs, fused->n_outputs);
    for (int32_t k = 0; k < plain->n_outputs; k++) {
        assert_string_equal(plain->value[plain->output[k]].name,
                            fused->value[fused->output[k]].name);
        const struct dims s = interpreter_dims(&a, plain->output[k]),
                          t = interpreter_dims(&b, fused->output[k]);
        assert_memory_equal(&s, &t, sizeof s);
        const double *x = a.data[plain->output[k]], *y = b.data[fused->output[k]];
        double peak = 1, worst = 0;
        for (int64_t i = 0; i < s.c * s.h * s.w; i++) {
            peak = fmax(peak, fabs(x[i]));
            worst = fmax(worst, fabs(x[i] - y[i]));
        }
        /* Constants are rounded to float at each fusion; nothing else differs. */
        if (!(worst <= 1e-5 * peak))
            fail_msg("seed %llu: output %d differs by %g of %g", (unsigned long long)seed, (int)k,
                     worst, peak);
    }
    dsq_arena_free(&a.arena);
    dsq_arena_free(&b.arena);
}

/* Every second value that matters has a range. */
static void quantize(uint64_t seed, struct dsq_graph *g)
{
    struct dsq_diag d = {0};
    struct dsq_ranges *ranges;
    struct dsq_arena arena;
    const char **name;
    size_t n;
    dsq_arena_init(&arena, NULL);
    assert_int_equal(dsq_ranges_create(&ranges, NULL, &d), DSQ_OK);
    assert_int_equal(dsq_passes_run_float_part(g, NULL, NULL, &d), DSQ_OK);
    assert_int_equal(dsq_place_observed(g, &name, &n, &arena, &d), DSQ_OK);
    state_of_random = seed + 5;
    for (size_t i = 0; i < n; i++)
        if (seed % 2 || draw(2))
            assert_int_equal(dsq_ranges_set(ranges, name[i], 1.0 + (double)draw(5), &d), DSQ_OK);
    const struct dsq_pass_settings s = {.ranges = ranges, .verify = true};
    if (dsq_passes_run(g, &s, NULL, &d) != DSQ_OK)
        fail_msg("seed %llu: %s", (unsigned long long)seed, d.text);
    dsq_ranges_free(&ranges);
    dsq_arena_free(&arena);
}

static void test_networks(void **state)
{
    (void)state;
    float *blob = make_blob();
    int nodes[2] = {0, 0};
    for (int i = 0; i < n_networks; i++) {
        const uint64_t seed = first_seed + (uint64_t)i;
        struct dsq_diag d = {0};
        const struct dsq_pass_settings s = {.verify = true};
        char *text = make_text(seed);
        struct dsq_graph *plain = parse(text, blob), *fused = parse(text, blob);
        if (dsq_passes_run(fused, &s, NULL, &d) != DSQ_OK)
            fail_msg("seed %llu: %s in\n%s", (unsigned long long)seed, d.text, text);
        compare(seed, plain, fused, 16, 16);
        compare(seed, plain, fused, 13, 7);
        nodes[0] += plain->n_nodes;
        nodes[1] += fused->n_nodes;
        quantize(seed, plain);
        dsq_graph_free(&plain);
        dsq_graph_free(&fused);
        dsq_release(NULL, text);
    }
    assert_true(nodes[1] < nodes[0]); /* the networks do give the passes something to do */
    free(blob);
}

int main(int argc, char **argv)
{
    if (argc > 1)
        first_seed = strtoull(argv[1], NULL, 10);
    if (argc > 2)
        n_networks = atoi(argv[2]);
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_networks)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
