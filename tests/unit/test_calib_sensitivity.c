/* SPDX-License-Identifier: Apache-2.0 */
/* The error at outputs, the choice of layers, and both on a network with one bad range. */
#define _DEFAULT_SOURCE
#include <math.h>

#include "calib/noise.h"
#include "calib/sensitivity.h"
#include "calib_test.h"

/* ---- error over signal ---- */

enum { C = 2, H = 3, W = 4, N_ELEMENTS = C * H * W };

static struct dsq_tensor tensor(float *data, bool nhwc)
{
    struct dsq_tensor t = {.dtype = DSQ_F32, .rank = 4, .dims = {1, C, H, W}, .data = data};
    const int64_t nchw_strides[] = {4 * N_ELEMENTS, 4 * H * W, 4 * W, 4};
    const int64_t nhwc_strides[] = {4 * N_ELEMENTS, 4, 4 * W * C, 4 * C};
    memcpy(t.strides, nhwc ? nhwc_strides : nchw_strides, sizeof nchw_strides);
    t.layout = nhwc ? DSQ_NHWC : DSQ_NCHW;
    return t;
}

/* Channel 0: 10 + (-1, 1, -1, 1 ...), channel 1: constant; then `error` added to everything. */
static void fill(float *data, bool nhwc, float error)
{
    for (int c = 0; c < C; c++)
        for (int p = 0; p < H * W; p++)
            data[nhwc ? p * C + c : c * H * W + p] =
                (c == 0 ? 10.0f + (p % 2 ? 1.0f : -1.0f) : 5.0f) + error;
}

static void see(struct dsq_noise *z, const char *name, bool nhwc, float error)
{
    float data[N_ELEMENTS];
    fill(data, nhwc, error);
    const struct dsq_tensor t = tensor(data, nhwc);
    dsq_noise_see(z, name, &t);
}

/* The signal is what varies within a channel: 12 in channel 0 of a tensor, none in channel 1. */
static void test_noise(void **state)
{
    (void)state;
    const char *names[] = {"a", "b"};
    struct dsq_noise *z;
    OK(dsq_noise_create(&z, names, 2, NULL, &diag));
    dsq_noise_begin(z, true);
    for (int input = 0; input < 2; input++) {
        see(z, "a", false, 0.0f);
        see(z, "b", false, 0.0f);
        see(z, "other", false, 7.0f);
    }
    dsq_noise_begin(z, false);
    for (int input = 0; input < 2; input++) {
        see(z, "b", true, 0.0f); /* the same numbers in another layout */
        see(z, "a", false, input ? 0.5f : 0.0f);
    }
    /* a: 24 * 0.25 of 24; b: nothing */
    assert_float_equal(dsq_noise_ratio(z), 0.5 * 0.25, 1e-12);
    dsq_noise_begin(z, false);
    for (int input = 0; input < 2; input++)
        see(z, "a", true, 1.0f);
    assert_float_equal(dsq_noise_ratio(z), 0.5 * 2.0, 1e-12);
    dsq_noise_begin(z, false);
    see(z, "a", false, NAN);
    assert_true(isinf(dsq_noise_ratio(z)));
    assert_false(dsq_noise_failed(z));
    dsq_noise_free(&z);
}

/* ---- the choice ---- */

static void test_choice(void **state)
{
    (void)state;
    const double noise[] = {0.5, 0.2, 0.1, 0.0, 0.01}, cost[] = {50, 2, 5, 1, 42};
    bool is_float[5];
    /* Enough already. */
    assert_float_equal(dsq_choose_layers(noise, cost, 5, 1.0, 1.0, is_float), 0.81, 1e-12);
    for (int i = 0; i < 5; i++)
        assert_false(is_float[i]);
    /* Noise per cost: layer 1, then 2, then 0, which is too dear; then 4, too. */
    assert_float_equal(dsq_choose_layers(noise, cost, 5, 0.1, 0.2, is_float), 0.51, 1e-12);
    assert_true(is_float[1] && is_float[2]);
    assert_false(is_float[0] || is_float[3] || is_float[4]);
    /* No more than needed. */
    assert_float_equal(dsq_choose_layers(noise, cost, 5, 0.61, 0.2, is_float), 0.61, 1e-9);
    assert_true(is_float[1] && !is_float[2]);
    /* A layer without noise never. */
    assert_float_equal(dsq_choose_layers(noise, cost, 5, 0.0, 1.0, is_float), 0.0, 1e-12);
    assert_true(is_float[0] && is_float[4] && !is_float[3]);
    assert_float_equal(dsq_choose_layers(noise, cost, 0, 0.0, 1.0, is_float), 0.0, 0.0);
}

/* ---- a network: x -> a (small) -> b (large) -> output ---- */

static struct dsq_graph *make_network(void)
{
    struct dsq_graph *g = NULL;
    uint64_t seed = 3;
    OK(dsq_graph_create(&g, "network", NULL, &diag));
    struct dsq_shape shape = {4,
                              {dsq_dim_symbol(&g->dims, "N"), 3, dsq_dim_symbol(&g->dims, "H"),
                               dsq_dim_symbol(&g->dims, "W")}};
    dsq_vid x;
    OK(dsq_graph_add_value(g, "x", DSQ_F32, &shape, &x, &diag));
    dsq_vid a = add_conv(g, x, "a", 4, 1, 3, 1.0f, false, &seed);
    dsq_vid b = add_conv(g, a, "b", 64, 4, 4, 1.0f, false, &seed);
    OK(dsq_graph_set_io(g, &x, 1, &b, 1, &diag));
    OK(dsq_graph_infer(g, &diag));
    return g;
}

static enum dsq_status compile(void *user, const struct dsq_decisions *decisions,
                               struct dsq_engine_file **out, struct dsq_diag *d)
{
    const struct dsq_pass_settings s = {.ranges = user, .decisions = decisions};
    struct dsq_pass_report report = {0};
    struct dsq_graph *g = make_network();
    enum dsq_status status = dsq_passes_run(g, &s, &report, d);
    assert_int_equal(status, DSQ_OK);
    return dsq_engine_file_create(out, g, NULL, detector_task, NULL, "network", NULL, d);
}

static struct dsq_sensitivity choose(double range_of_x, struct dsq_decisions *decisions)
{
    struct dsq_graph *g = make_network();
    struct dsq_engine_file *reference = NULL;
    struct dsq_ranges *ranges = NULL;
    struct dsq_task *task = NULL;
    OK(dsq_ranges_create(&ranges, NULL, &diag));
    OK(dsq_ranges_set(ranges, "x", range_of_x, &diag));
    OK(dsq_ranges_set(ranges, "a", 8.0, &diag));
    OK(dsq_task_parse(&task, detector_task, NULL, 0, NULL, &diag));
    OK(compile(NULL, NULL, &reference, &diag));
    const struct dsq_sensitivity_settings s = {.task = task,
                                               .images = folder,
                                               .graph = g,
                                               .ranges = ranges,
                                               .compile = compile,
                                               .user = ranges};
    struct dsq_sensitivity r;
    OK(dsq_choose_float(decisions, &r, reference, &s, &diag));
    dsq_task_free(&task);
    dsq_ranges_free(&ranges);
    dsq_engine_file_free(&reference);
    dsq_graph_free(&g);
    return r;
}

/* With a range that leaves a few steps for the input, the small convolution is float and the large
 * one, which is beyond the share, is not. With a good range nothing is decided. */
static void test_network(void **state)
{
    (void)state;
    for (int i = 0; i < 6; i++) {
        char name[16];
        snprintf(name, sizeof name, "%d.png", i);
        write_picture(name, 64 + 16 * i, 48, (uint64_t)i + 1);
    }
    struct dsq_decisions *decisions = NULL;
    OK(dsq_decisions_create(&decisions, NULL, &diag));
    struct dsq_sensitivity good = choose(3.0, decisions), bad = choose(400.0, decisions);
    assert_true(good.noise_int8 > 0.0 && good.noise_int8 < DSQ_NOISE_GOAL);
    assert_int_equal(good.n_float, 0);
    assert_true(bad.noise_int8 > DSQ_NOISE_GOAL && bad.noise < DSQ_NOISE_GOAL);
    assert_int_equal(bad.n_float, 1);
    /* 3 * 4 multiplications a pixel; 4 * 4 * 4 * 64 for each block of 16 */
    assert_float_equal(bad.float_share, 12.0 / (12.0 + 256.0), 1e-9);
    assert_int_equal(dsq_decisions_precisions(decisions), 1);
    assert_int_equal(dsq_decisions_precision(decisions, "a"), DSQ_PRECISION_FLOAT);
    dsq_decisions_free(&decisions);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_noise),
        cmocka_unit_test(test_choice),
        cmocka_unit_test_setup_teardown(test_network, make_folder, remove_folder),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
