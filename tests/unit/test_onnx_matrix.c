/* SPDX-License-Identifier: Apache-2.0 */
/* Import of matrix products, transposed and one-dimensional convolutions, and of weights that come
 * by way of other nodes. */
#include "onnx_models.h"

/* numbers() of make_models.py. */
static float number(size_t i, size_t n)
{
    return (float)((int64_t)i - (int64_t)(n / 2)) / 8;
}

static const struct dsq_conv_attr *conv_of(const struct dsq_graph *g, const char *output)
{
    const struct dsq_node *n = node_of(g, output);
    assert_int_equal(n->op, DSQ_OP_CONV);
    assert_int_equal(n->n_in, 5);
    return n->attr;
}

/* [6,6] as it is, and transposed: two constants of one initializer. */
static void gemm_is_a_convolution(void **state)
{
    (void)state;
    struct dsq_graph *g = graph_of("matrices");
    assert_int_equal(node_of(g, "y1")->op, DSQ_OP_SQUEEZE);
    assert_int_equal(node_of(g, "y1.rows")->op, DSQ_OP_UNSQUEEZE);
    assert_int_equal(conv_of(g, "y1.product")->out_channels, 6);
    assert_string_equal(in_name(g, node_of(g, "y1.product"), 1), "bias");
    assert_shape(g, "y1.product", "[M,6,1,1]");
    assert_shape(g, "y1", "[M,6]");
    const struct dsq_node *as_is = node_of(g, "y1.product"), *turned = node_of(g, "y2.product");
    const float *w = g->value[as_is->in[0]].data, *t = g->value[turned->in[0]].data;
    for (size_t o = 0; o < 6; o++)
        for (size_t i = 0; i < 6; i++) {
            assert_true(w[o * 6 + i] == number(o * 6 + i, 36));
            assert_true(t[o * 6 + i] == number(i * 6 + o, 36));
        }
    assert_int_equal(node_of(g, "y2.scaled")->op, DSQ_OP_MUL);
    assert_string_equal(in_name(g, node_of(g, "y3.product"), 0), in_name(g, turned, 0));
    dsq_graph_free(&g);
}

static void matmul_keeps_leading_sizes(void **state)
{
    (void)state;
    struct dsq_graph *g = graph_of("matrices");
    assert_shape(g, "y3", "[N,4,6]");
    assert_int_equal(node_of(g, "y3")->op, DSQ_OP_RESHAPE);
    assert_int_equal(node_of(g, "y4")->op, DSQ_OP_MATMUL);
    assert_shape(g, "y4", "[N,4,K]");
    /* Its weights [6,2] are a transposed [2,6], which is how a convolution wants them. */
    const float *w = g->value[node_of(g, "y5.product")->in[0]].data;
    for (size_t i = 0; i < 12; i++)
        assert_true(w[i] == number(i, 12));
    assert_shape(g, "y5", "[M,2]");
    dsq_graph_free(&g);
}

static void one_dimension_is_a_picture(void **state)
{
    (void)state;
    struct dsq_graph *g = graph_of("matrices");
    const struct dsq_conv_attr *a = conv_of(g, "y6.picture");
    assert_int_equal(a->win.kernel[0], 1);
    assert_int_equal(a->win.kernel[1], 2);
    assert_int_equal(a->win.stride[0], 1);
    assert_int_equal(a->win.stride[1], 2);
    assert_shape(g, "y6", "[N,4,3]");
    a = conv_of(g, "y10.picture");
    assert_true(a->transposed);
    assert_shape(g, "y10", "[N,4,17]"); /* 3 * (6 - 1) + 2 */
    dsq_graph_free(&g);
}

/* [I, O/group, KH, KW] at [i][o][y][x] is at [group of i][o][y][x][i in its group]. */
static void transposed_weights_are_ohwi(void **state)
{
    (void)state;
    struct dsq_graph *g = graph_of("matrices");
    assert_shape(g, "ct", "[6,3,4,2]");
    const float *w = value_of(g, "ct")->data;
    for (size_t i = 0; i < 4; i++)
        for (size_t o = 0; o < 3; o++)
            for (size_t k = 0; k < 12; k++)
                assert_true(w[((i / 2 * 3 + o) * 12 + k) * 2 + i % 2] ==
                            number((i * 3 + o) * 12 + k, 144));
    dsq_graph_free(&g);
}

static void transposed_sizes(void **state)
{
    (void)state;
    struct dsq_graph *g = graph_of("matrices");
    const struct dsq_conv_attr *a = conv_of(g, "y7");
    static const int64_t pads[] = {1, 0, 1, 2}, same[] = {1, 1, 0, 1};
    assert_memory_equal(a->win.pad, pads, sizeof pads);
    assert_int_equal(a->out_pad[0], 1);
    assert_shape(g, "y7", "[N,6,2*H,2*W]"); /* 2 (H - 1) + 3 + 1 - 2, 2 (W - 1) + 4 - 2 */
    /* SAME: twice as large; of 1 and 2 surplus rows and columns the larger half goes in front. */
    a = conv_of(g, "y8");
    assert_int_equal(a->win.auto_pad, DSQ_PAD_EXPLICIT);
    assert_memory_equal(a->win.pad, same, sizeof same);
    assert_shape(g, "y8", "[N,6,2*H,2*W]");
    assert_shape(g, "y9", "[N,6,9,8]");
    dsq_graph_free(&g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gemm_is_a_convolution),      cmocka_unit_test(matmul_keeps_leading_sizes),
        cmocka_unit_test(one_dimension_is_a_picture), cmocka_unit_test(transposed_weights_are_ohwi),
        cmocka_unit_test(transposed_sizes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
