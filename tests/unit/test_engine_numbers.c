/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Random small graphs, float and INT8, at random sizes: every node against the reference, and the
 * same bits at every CPU level and with 1, 2 and 3 threads.
 */
#include "engine_support.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/cpu.h"

enum { GRAPHS = 60, MOST_VALUES = 24 };

/* Values made so far. Values of one class have the same height and width at every input size. */
struct made {
    dsq_vid v;
    int channels, height_class;
};
struct maker {
    struct dsq_graph *g;
    uint64_t random;
    bool s8;
    struct made made[MOST_VALUES];
    int n_made, n_classes;
};

static struct dsq_quant random_quant(struct maker *m)
{
    float scale = 0.01f + fabsf(random_float(&m->random)) * 0.05f;
    if (random_int(&m->random, 0, 3) == 0)
        return quant_of(scale, random_int(&m->random, -128, 127), -128, 127);
    return quant_of(scale, 0, random_int(&m->random, 0, 1) ? 0 : -127, 127);
}

static dsq_vid new_value(struct maker *m, int channels, int height_class, const struct dsq_quant *q)
{
    struct dsq_shape shape = {
        4, {dsq_dim_symbol(&m->g->dims, "N"), channels, DSQ_DIM_UNKNOWN, DSQ_DIM_UNKNOWN}};
    struct dsq_quant fresh = random_quant(m);
    dsq_vid v = add_value(m->g, m->s8 ? DSQ_S8 : DSQ_F32, DSQ_NHWC, &shape,
                          m->s8 ? (q ? q : &fresh) : NULL);
    m->made[m->n_made++] = (struct made){v, channels, height_class};
    return v;
}

static struct made pick(struct maker *m)
{
    return m->made[random_int(&m->random, 0, m->n_made - 1)];
}

/* Another value of the same class, and of as many channels if wanted; or none. */
static dsq_vid pick_like(struct maker *m, int height_class, int channels)
{
    int start = random_int(&m->random, 0, m->n_made - 1);
    for (int i = 0; i < m->n_made; i++) {
        struct made o = m->made[(start + i) % m->n_made];
        if (o.height_class == height_class && (channels == 0 || o.channels == channels))
            return o.v;
    }
    return DSQ_NO_VALUE;
}

static dsq_vid float_vector(struct maker *m, int n, float low, float high)
{
    float data[64];
    for (int i = 0; i < n; i++)
        data[i] = low + (high - low) * fabsf(random_float(&m->random));
    struct dsq_shape shape = {1, {n}};
    return add_const(m->g, DSQ_F32, &shape, data, (size_t)n * sizeof *data);
}

static dsq_vid weights(struct maker *m, const int64_t dim[4])
{
    size_t n = (size_t)(dim[0] * dim[1] * dim[2] * dim[3]);
    struct dsq_shape shape = {4, {dim[0], dim[1], dim[2], dim[3]}};
    float *f = malloc(n * sizeof *f);
    int8_t *q = malloc(n);
    for (size_t i = 0; i < n; i++) {
        f[i] = random_float(&m->random);
        q[i] = (int8_t)random_int(&m->random, -127, 127);
    }
    dsq_vid v = m->s8 ? add_const(m->g, DSQ_S8, &shape, q, n)
                      : add_const(m->g, DSQ_F32, &shape, f, n * sizeof *f);
    free(f);
    free(q);
    return v;
}

static void random_window(struct maker *m, struct dsq_window *w, bool same)
{
    for (int i = 0; i < 2; i++) {
        w->kernel[i] = random_int(&m->random, 0, 2) ? 3 : random_int(&m->random, 1, 7);
        w->dilation[i] = random_int(&m->random, 0, 4) ? 1 : 2;
        w->stride[i] = same ? 1 : random_int(&m->random, 1, 2);
        int64_t reach = (w->kernel[i] - 1) * w->dilation[i];
        w->pad[i] = same ? reach / 2 : random_int(&m->random, 0, (int)reach / 2 + 1);
        w->pad[2 + i] = same ? reach - reach / 2 : reach;
    }
}

/* Strides up to 3, phases without taps, and padding that leaves something at every size. */
static void transpose_window(struct maker *m, struct dsq_conv_attr *a)
{
    a->transposed = 1;
    for (int i = 0; i < 2; i++) {
        a->win.kernel[i] = random_int(&m->random, 1, 5);
        a->win.stride[i] = random_int(&m->random, 1, m->n_made > 4 ? 1 : 3);
        int reach = (int)((a->win.kernel[i] - 1) * a->win.dilation[i]);
        a->win.pad[i] = random_int(&m->random, 0, reach / 2);
        a->win.pad[2 + i] = random_int(&m->random, 0, reach / 2);
        a->out_pad[i] = random_int(&m->random, 0, (int)a->win.stride[i] - 1);
    }
}

static void add_conv(struct maker *m)
{
    struct made x = pick(m);
    bool same = random_int(&m->random, 0, 2) > 0;
    struct dsq_conv_attr a = {.group = 1};
    random_window(m, &a.win, same);
    if (!same && random_int(&m->random, 0, 1))
        transpose_window(m, &a);
    a.out_channels = random_int(&m->random, 1, 40);
    if (random_int(&m->random, 0, 3) == 0 && x.channels % 2 == 0 && x.channels <= 40) {
        a.group = random_int(&m->random, 0, 1) ? 2 : x.channels;
        bool depthwise = a.group == x.channels && random_int(&m->random, 0, 2) > 0;
        a.out_channels = a.group * (depthwise ? 1 : random_int(&m->random, 1, 40 / (int)a.group));
    }
    a.act = random_int(&m->random, 0, random_int(&m->random, 0, 1) ? 2 : DSQ_ACT_SOFTPLUS);
    a.act_alpha = a.act == DSQ_ACT_LEAKY_RELU ? 0.1f : 0.2f;
    a.act_beta = 0.5f;
    a.act_lo = a.act == DSQ_ACT_CLIP ? -0.5f : a.act == DSQ_ACT_RELU ? 0.0f : -INFINITY;
    a.act_hi = a.act == DSQ_ACT_CLIP ? 1.5f : INFINITY;
    int64_t dim[4] = {a.out_channels, a.win.kernel[0], a.win.kernel[1], x.channels / a.group};
    dsq_vid in[5] = {weights(m, dim), DSQ_NO_VALUE, x.v, DSQ_NO_VALUE, DSQ_NO_VALUE};
    if (random_int(&m->random, 0, 2))
        in[1] = float_vector(m, (int)a.out_channels, -1, 1);
    if (same && random_int(&m->random, 0, 1))
        in[3] = pick_like(m, x.height_class, (int)a.out_channels);
    if (m->s8)
        in[4] = float_vector(m, (int)a.out_channels, 1e-5f, 1e-3f);
    dsq_vid y = new_value(m, (int)a.out_channels, same ? x.height_class : m->n_classes++, NULL);
    add_node(m->g, DSQ_OP_CONV, in, 5, &y, 1, &a);
}

static void add_other(struct maker *m)
{
    struct made x = pick(m);
    struct dsq_quant q = m->g->value[x.v].q;
    int kind = random_int(&m->random, 0, 4);
    if (kind == 0) {
        struct dsq_pool_attr a = {.win = {{3, 3}, {1, 1}, {1, 1}, {1, 1, 1, 1}, 0, 0}};
        a.win.stride[0] = a.win.stride[1] = 2;
        dsq_vid y = new_value(m, x.channels, m->n_classes++, &q);
        add_node(m->g, DSQ_OP_MAXPOOL, &x.v, 1, &y, 1, &a);
    } else if (kind == 1) {
        struct dsq_resize_attr a = {.coord = DSQ_COORD_ASYMMETRIC, .round = DSQ_ROUND_FLOOR};
        struct dsq_shape four = {1, {4}};
        const float scales[4] = {1, 1, 2, 2};
        dsq_vid in[3] = {x.v, DSQ_NO_VALUE, add_const(m->g, DSQ_F32, &four, scales, sizeof scales)};
        dsq_vid y = new_value(m, x.channels, m->n_classes++, &q);
        add_node(m->g, DSQ_OP_RESIZE, in, 3, &y, 1, &a);
    } else if (kind == 2) {
        dsq_vid in[2] = {x.v, pick_like(m, x.height_class, x.channels)};
        dsq_vid y = new_value(m, x.channels, x.height_class, NULL);
        add_node(m->g, DSQ_OP_ADD, in, 2, &y, 1, NULL);
    } else if (kind == 3) {
        dsq_vid y = new_value(m, x.channels, x.height_class, NULL);
        const struct dsq_clip_attr clip = {-0.25f, 0.75f};
        int op = random_int(&m->random, 0, 2);
        add_node(m->g,
                 op == 0   ? DSQ_OP_RELU
                 : op == 1 ? DSQ_OP_CLIP
                           : DSQ_OP_SIGMOID,
                 &x.v, 1, &y, 1, op == 1 ? &clip : NULL);
    } else if (m->s8) {
        dsq_vid y = new_value(m, x.channels, x.height_class, NULL);
        add_node(m->g, DSQ_OP_REQUANTIZE, &x.v, 1, &y, 1, NULL);
    }
}

/* Fresh values of one scale, then a concat of them (and sometimes of a value with other readers).
 */
static void add_concat(struct maker *m)
{
    struct made x = pick(m);
    struct dsq_quant q = random_quant(m);
    dsq_vid in[2];
    for (int k = 0; k < 2; k++) {
        struct dsq_conv_attr a = {.group = 1, .act_lo = -INFINITY, .act_hi = INFINITY};
        a.win = (struct dsq_window){{1, 1}, {1, 1}, {1, 1}, {0, 0, 0, 0}, 0, 0};
        a.out_channels = random_int(&m->random, 1, 35);
        int64_t dim[4] = {a.out_channels, 1, 1, x.channels};
        dsq_vid conv[5] = {weights(m, dim), DSQ_NO_VALUE, x.v, DSQ_NO_VALUE, DSQ_NO_VALUE};
        if (m->s8)
            conv[4] = float_vector(m, (int)a.out_channels, 1e-4f, 1e-2f);
        in[k] = new_value(m, (int)a.out_channels, x.height_class, &q);
        add_node(m->g, DSQ_OP_CONV, conv, 5, &in[k], 1, &a);
    }
    int channels = m->made[m->n_made - 1].channels + m->made[m->n_made - 2].channels;
    if (random_int(&m->random, 0, 2))
        m->n_made -= 2; /* nobody else reads them */
    struct dsq_axis_attr axis = {1};
    dsq_vid y = new_value(m, channels, x.height_class, &q);
    add_node(m->g, DSQ_OP_CONCAT, in, 2, &y, 1, &axis);
}

static void add_input(struct maker *m, int channels)
{
    struct dsq_shape shape = {4,
                              {dsq_dim_symbol(&m->g->dims, "N"), channels,
                               dsq_dim_symbol(&m->g->dims, "H"), dsq_dim_symbol(&m->g->dims, "W")}};
    dsq_vid input = add_value(m->g, DSQ_F32, DSQ_NCHW, &shape, NULL);
    dsq_vid x = new_value(m, channels, m->n_classes++, NULL);
    add_node(m->g, m->s8 ? DSQ_OP_QUANTIZE : DSQ_OP_RELAYOUT, &input, 1, &x, 1, NULL);
    assert_ok(dsq_graph_set_io(m->g, &input, 1, NULL, 0, diag));
}

/* The last values leave the graph: as they are in float, through a convolution to float from s8. */
static void add_outputs(struct maker *m)
{
    dsq_vid out[3];
    int n = 0;
    for (int i = m->n_made - 1; i >= 0 && n < 3; i--) {
        out[n++] = m->made[i].v;
        if (!m->s8)
            continue;
        struct dsq_shape shape = m->g->value[m->made[i].v].shape;
        dsq_vid y = add_value(m->g, DSQ_F32, DSQ_NHWC, &shape, NULL);
        add_node(m->g, DSQ_OP_DEQUANTIZE, &m->made[i].v, 1, &y, 1, NULL);
        out[n - 1] = y;
    }
    dsq_vid input = m->g->input[0];
    assert_ok(dsq_graph_set_io(m->g, &input, 1, out, n, diag));
}

static struct dsq_graph *random_graph(uint64_t seed, int channels)
{
    struct maker m = {.random = seed};
    m.s8 = seed % 3 != 0;
    assert_ok(dsq_graph_create(&m.g, "random", NULL, diag));
    add_input(&m, channels);
    for (int steps = random_int(&m.random, 2, 7); steps > 0; steps--) {
        int kind = random_int(&m.random, 0, 5);
        if (kind < 3)
            add_conv(&m);
        else if (kind < 5)
            add_other(&m);
        else
            add_concat(&m);
    }
    add_outputs(&m);
    return m.g;
}

static void run_at(struct run *r, float *data, int channels, const int *size)
{
    struct dsq_tensor t = {
        .dtype = DSQ_F32, .rank = 4, .data = data, .dims = {size[0], channels, size[1], size[2]}};
    assert_ok(dsq_context_set_input(r->context, 0, &t, diag));
    run_once(r);
}

/* A failing check ends the test at once: the line that reproduces it is printed on the way out. */
static uint64_t current_seed;

static int print_seed(void **state)
{
    (void)state;
    if (current_seed)
        print_error("last graph: DSQ_TEST_SEED=%llu\n", (unsigned long long)current_seed);
    return 0;
}

static void check_graph(uint64_t seed)
{
    uint64_t random = seed * 77 + 1;
    int channels = random_int(&random, 1, 6);
    struct dsq_engine_file *f = file_of(random_graph(seed, channels), NULL);
    float *data = malloc(sizeof(float) * 2 * 6 * 40 * 40);
    int n_levels;
    const struct dsq_cpu_level *levels = dsq_cpu_levels(&n_levels);
    struct run first;
    run_open(&first, f, "ref", 1);
    for (int shape = 0; shape < 2; shape++) {
        const int size[3] = {random_int(&random, 1, 2), random_int(&random, 9, 24),
                             random_int(&random, 9, 24)};
        for (int i = 0; i < size[0] * channels * size[1] * size[2]; i++)
            data[i] = 3 * random_float(&random);
        run_at(&first, data, channels, size);
        assert_nodes_right(&first);
        for (int k = 0; k < n_levels * 3; k++) {
            if (levels[k / 3].flags & ~dsq_cpu_detect())
                continue;
            struct run other;
            run_open(&other, f, levels[k / 3].name, k % 3 + 1);
            run_at(&other, data, channels, size);
            assert_same_run(&first, &other);
            run_close(&other);
        }
    }
    run_close(&first);
    free(data);
    dsq_engine_file_free(&f);
}

static void test_random_graphs(void **state)
{
    (void)state;
    const char *text = getenv("DSQ_TEST_SEED");
    if (text) {
        check_graph(strtoull(text, NULL, 10));
        return;
    }
    for (uint64_t seed = 1; seed <= GRAPHS; seed++) {
        current_seed = seed;
        check_graph(seed);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_random_graphs, print_seed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
