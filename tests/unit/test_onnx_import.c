/* SPDX-License-Identifier: Apache-2.0 */
/* Import of models that are as they should be: every operator, its old forms, ways to store
 * tensors. */
#include "onnx_models.h"

#include <math.h>

static const float act_none[2] = {-INFINITY, INFINITY};

static void detector_convs(void **state)
{
    (void)state;
    struct dsq_graph *g = graph_of("detector");
    assert_int_equal(g->n_inputs, 1);
    assert_int_equal(g->n_outputs, 1);
    assert_string_equal(g->value[g->output[0]].name, "y");
    assert_shape(g, "x", "[N,3,H,W]");

    const struct dsq_node *c = node_of(g, "c1");
    const struct dsq_conv_attr *a = c->attr;
    assert_int_equal(c->op, DSQ_OP_CONV);
    assert_string_equal(c->name, "conv");
    assert_int_equal(c->n_in, 5);
    assert_string_equal(in_name(g, c, 0), "w");
    assert_string_equal(in_name(g, c, 1), "b");
    assert_string_equal(in_name(g, c, 2), "x");
    assert_int_equal(c->in[3], DSQ_NO_VALUE);
    assert_int_equal(c->in[4], DSQ_NO_VALUE);
    const struct dsq_window w = {
        .kernel = {3, 3}, .stride = {2, 2}, .dilation = {1, 1}, .pad = {1, 0, 1, 2}};
    assert_memory_equal(&a->win, &w, sizeof w);
    assert_int_equal(a->group, 1);
    assert_int_equal(a->out_channels, 4);
    assert_int_equal(a->act, DSQ_ACT_NONE);
    assert_true(a->act_lo == act_none[0] && a->act_hi == act_none[1]);

    a = node_of(g, "c2")->attr;
    assert_int_equal(a->group, 4);
    assert_int_equal(node_of(g, "c2")->in[1], DSQ_NO_VALUE);
    assert_shape(g, "w_dw", "[4,3,3,1]");
    dsq_graph_free(&g);
}

/* numbers() of make_models.py at [o][i][y][x] must be found at [o][y][x][i]. */
static void weights_are_ohwi(void **state)
{
    (void)state;
    struct dsq_graph *g = graph_of("detector");
    assert_shape(g, "w", "[4,3,3,3]");
    const float *v = value_of(g, "w")->data;
    for (int o = 0; o < 4; o++)
        for (int i = 0; i < 3; i++)
            for (int k = 0; k < 9; k++)
                assert_true(v[(o * 9 + k) * 3 + i] == (float)((o * 3 + i) * 9 + k - 54) / 8);
    dsq_graph_free(&g);
}

static void detector_rest(void **state)
{
    (void)state;
    struct dsq_graph *g = graph_of("detector");
    assert_true(((struct dsq_batchnorm_attr *)node_of(g, "n1")->attr)->epsilon == 0.001f);
    assert_string_equal(in_name(g, node_of(g, "n1"), 4), "var");
    const struct dsq_pool_attr *pool = node_of(g, "p1")->attr;
    assert_int_equal(pool->win.ceil_mode, 1);
    assert_int_equal(pool->win.pad[3], 1);
    const struct dsq_clip_attr *clip = node_of(g, "r2")->attr;
    assert_true(clip->lo == 0 && clip->hi == 6);
    const struct dsq_node *up = node_of(g, "up");
    const struct dsq_resize_attr *resize = up->attr;
    assert_string_equal(in_name(g, up, 1), "size");
    assert_int_equal(up->in[2], DSQ_NO_VALUE);
    assert_int_equal(resize->mode, DSQ_RESIZE_NEAREST);
    assert_int_equal(resize->coord, DSQ_COORD_ASYMMETRIC);
    assert_int_equal(resize->round, DSQ_ROUND_FLOOR);
    assert_int_equal(((struct dsq_axis_attr *)node_of(g, "cat")->attr)->axis, 1);
    assert_int_equal(value_of(g, "size")->dtype, DSQ_S64);
    assert_shape(g, "p1", "[N,4,(H+5)/4,(W+5)/4]");
    assert_shape(g, "y", "[N,8,(H+1)/2,(W+1)/2]");
    dsq_graph_free(&g);
}

static void forms_of_opset_7(void **state)
{
    (void)state;
    struct dsq_graph *g = graph_of("opset7");
    assert_int_equal(g->n_inputs, 1); /* the other one is an initializer */
    const struct dsq_clip_attr *clip = node_of(g, "k")->attr;
    assert_true(clip->lo == 0 && clip->hi == 6);
    assert_ints(g, "s.starts", (int64_t[]){1, 0}, 2);
    assert_ints(g, "s.ends", (int64_t[]){9, 2}, 2);
    assert_ints(g, "s.axes", (int64_t[]){2, 1}, 2);
    assert_ints(g, "u.axes", (int64_t[]){0}, 1);
    assert_ints(g, "q.axes", (int64_t[]){0}, 1);
    const struct dsq_node *up = node_of(g, "up");
    const float scales[] = {1, 1, 2, 2};
    assert_memory_equal(g->value[up->in[2]].data, scales, sizeof scales);
    assert_int_equal(((struct dsq_resize_attr *)up->attr)->coord, DSQ_COORD_ASYMMETRIC);
    assert_int_equal(((struct dsq_resize_attr *)up->attr)->round, DSQ_ROUND_FLOOR);
    assert_int_equal(node_of(g, "y")->op, DSQ_OP_IDENTITY); /* Dropout */
    dsq_graph_free(&g);
}

static void resizes_before_opset_11(void **state)
{
    (void)state;
    struct dsq_graph *g = graph_of("opset9");
    assert_shape(g, "y", "[N,3,4*H,9*W]");
    assert_int_equal(((struct dsq_resize_attr *)node_of(g, "y")->attr)->mode, DSQ_RESIZE_LINEAR);
    dsq_graph_free(&g);
    g = graph_of("opset10");
    const struct dsq_resize_attr *a = node_of(g, "a")->attr, *b = node_of(g, "b")->attr;
    assert_int_equal(a->round, DSQ_ROUND_SIMPLE); /* down where it grows, up where it shrinks */
    assert_int_equal(b->round, DSQ_ROUND_SIMPLE);
    const struct dsq_node *slice = node_of(g, "y");
    assert_int_equal(slice->in[3], DSQ_NO_VALUE);
    assert_string_equal(in_name(g, slice, 4), "step");
    dsq_graph_free(&g);
    g = graph_of("opset11"); /* roi and scales without elements */
    const struct dsq_node *r = node_of(g, "y");
    assert_string_equal(in_name(g, r, 1), "size");
    assert_int_equal(r->in[2], DSQ_NO_VALUE);
    assert_shape(g, "y", "[1,3,8,8]");
    dsq_graph_free(&g);
}

static void forms_of_opset_18(void **state)
{
    (void)state;
    struct dsq_graph *g = graph_of("opset18");
    assert_string_equal(in_name(g, node_of(g, "b"), 1), "axes");
    /* Shape with start and end is a slice of the shape. */
    assert_int_equal(node_of(g, "nc")->op, DSQ_OP_SLICE);
    assert_int_equal(node_of(g, "nc.shape")->op, DSQ_OP_SHAPE);
    assert_ints(g, "nc.end", (int64_t[]){-2}, 1);
    assert_ints(g, "hw.start", (int64_t[]){2}, 1);
    assert_int_equal(((struct dsq_cast_attr *)node_of(g, "shape32")->attr)->to, DSQ_S32);
    assert_int_equal(((struct dsq_reshape_attr *)node_of(g, "d")->attr)->allow_zero, 1);
    assert_shape(g, "d", "[1,3,H,W]");
    assert_int_equal(((struct dsq_resize_attr *)node_of(g, "e")->attr)->coord,
                     DSQ_COORD_HALF_PIXEL);
    const struct dsq_clip_attr *clip = node_of(g, "g")->attr;
    assert_true(clip->lo == -INFINITY && clip->hi == 6);
    const struct dsq_perm_attr *perm = node_of(g, "h")->attr;
    assert_int_equal(perm->n, 4);
    assert_int_equal(perm->perm[1], 2);
    assert_int_equal(((struct dsq_axis_attr *)node_of(g, "y")->attr)->axis, 2);
    dsq_graph_free(&g);
}

static void weights_are_shared(void **state)
{
    (void)state;
    struct dsq_graph *g = graph_of("shared");
    const struct dsq_node *first = node_of(g, "c1"), *third = node_of(g, "c3");
    bool folded = false;
    assert_string_equal(in_name(g, first, 0), "w");
    assert_int_equal(node_of(g, "c2")->in[0], first->in[0]);
    assert_int_equal(third->in[0], first->in[0]); /* through Identity */
    assert_int_equal(third->in[1], first->in[1]);
    assert_int_equal(dsq_graph_find(g, "b_again", &folded), first->in[1]);
    assert_true(folded);
    assert_int_equal(dsq_graph_find(g, "w_again", NULL), first->in[0]);
    /* Read as plain data too: another value, in ONNX's order. */
    const struct dsq_node *add = node_of(g, "e");
    assert_string_equal(in_name(g, add, 1), "w~1");
    assert_shape(g, "w~1", "[3,3,1,1]");
    assert_string_equal(in_name(g, node_of(g, "c4"), 0), "k"); /* from a Constant node */
    assert_true(*(const float *)value_of(g, "grain2")->data == 2.0f);
    assert_true(*(const float *)value_of(g, "grain")->data == 0.5f);
    dsq_graph_free(&g);
}

/* The nodes were stored last first. */
static void nodes_are_sorted(void **state)
{
    (void)state;
    struct dsq_graph *g = graph_of("shared");
    assert_int_equal(g->n_nodes, 8);
    assert_string_equal(g->node[0].name, "first");
    assert_string_equal(g->node[7].name, "last");
    dsq_graph_free(&g);
}

static void ways_to_store_numbers(void **state)
{
    (void)state;
    static const char *const floats[] = {"raw",        "typed",      "half_raw",
                                         "half_typed", "double_raw", "double_typed"};
    const float v[] = {-0.125f, 0, 0.125f};
    struct dsq_graph *g = graph_of("storage");
    for (size_t i = 0; i < sizeof floats / sizeof floats[0]; i++) {
        const struct dsq_value *value = value_of(g, floats[i]);
        assert_int_equal(value->dtype, DSQ_F32);
        assert_int_equal(value->bytes, sizeof v);
        assert_memory_equal(value->data, v, sizeof v);
    }
    const float edges[] = {0x1p-24f, 65504, -0x1p-14f};
    assert_memory_equal(value_of(g, "half_edges")->data, edges, sizeof edges);
    const int32_t i32[] = {1, -2};
    assert_memory_equal(value_of(g, "i32_raw")->data, i32, sizeof i32);
    assert_memory_equal(value_of(g, "i32_typed")->data, i32, sizeof i32);
    assert_ints(g, "i64_raw", (int64_t[]){3, INT64_C(1) << 40}, 2);
    assert_ints(g, "i64_typed", (int64_t[]){3, INT64_C(1) << 40}, 2);
    dsq_graph_free(&g);
}

static void names_of_dimensions(void **state)
{
    (void)state;
    struct dsq_graph *g = graph_of("dimensions");
    const struct dsq_shape *x = &value_of(g, "x")->shape, *z = &value_of(g, "z")->shape;
    assert_shape(g, "x", "[batch_size_2,3,x_d2_2,x_d2]");
    assert_shape(g, "z", "[batch_size,batch_size_2,z_d2,5]");
    assert_true(dsq_dim_equal(x->dim[0], z->dim[1]));  /* "batch size" both */
    assert_false(dsq_dim_equal(x->dim[0], z->dim[0])); /* "batch size", "batch_size" */
    dsq_graph_free(&g);
}

static void assert_node(const struct dsq_graph *g, const char *output, enum dsq_op op,
                        const char *in0, const char *in1)
{
    const struct dsq_node *n = node_of(g, output);
    if (n->op != op || strcmp(in_name(g, n, 0), in0) != 0 || strcmp(in_name(g, n, 1), in1) != 0)
        fail_msg("%s is %s of '%s' and '%s'", output, dsq_op_info(n->op)->name, in_name(g, n, 0),
                 in_name(g, n, 1));
}

/* What has no operator of its own is made of others. */
static void elements_of_others(void **state)
{
    (void)state;
    struct dsq_graph *g = graph_of("elements");
    assert_node(g, "selu", DSQ_OP_MUL, "selu.elu", "selu.factor");
    const struct dsq_unary_attr *elu = node_of(g, "selu.elu")->attr;
    assert_true(elu->alpha == 1.67326319217681884765625f);
    assert_node(g, "celu", DSQ_OP_MUL, "celu.elu", "celu.factor~1");
    assert_node(g, "celu.elu", DSQ_OP_ELU, "celu.scaled", "");
    assert_node(g, "softsign", DSQ_OP_DIV, "celu", "softsign.sum");
    assert_node(g, "gelu", DSQ_OP_GELU_TANH, "softsign", "");
    assert_node(g, "mean", DSQ_OP_DIV, "mean.partial~1", "mean.count");
    assert_true(*(const float *)value_of(g, "mean.count")->data == 3.0f);
    assert_node(g, "one", DSQ_OP_IDENTITY, "mean", "");
    assert_node(g, "three", DSQ_OP_MIN, "three.partial", "z");
    assert_node(g, "less", DSQ_OP_GREATER, "x", "three");
    assert_node(g, "less_equal", DSQ_OP_GREATER_EQUAL, "z", "x");
    assert_node(g, "clip_computed", DSQ_OP_MIN, "clip_computed.max", "x");
    const struct dsq_clip_attr *crossed = node_of(g, "clip_crossed")->attr;
    assert_true(crossed->lo == -1.0f && crossed->hi == -1.0f); /* the upper bound wins */
    assert_node(g, "clip_int", DSQ_OP_MAX, "k", "int_lo");
    assert_node(g, "mod", DSQ_OP_MOD, "clip_int", "k");
    assert_node(g, "fmod", DSQ_OP_FMOD, "mod", "k");
    const struct dsq_unary_attr *hard = node_of(g, "hard")->attr;
    assert_true(hard->alpha == 0.2f && hard->beta == 0.5f);
    assert_true(((const struct dsq_unary_attr *)node_of(g, "leaky")->attr)->alpha == 0.01f);
    assert_int_equal(value_of(g, "both")->dtype, DSQ_BOOL);
    assert_int_equal(value_of(g, "chosen")->dtype, DSQ_F32);
    assert_int_equal(value_of(g, "fmod")->dtype, DSQ_S64);
    dsq_graph_free(&g);
}

static void tail_can_be_cut_off(void **state)
{
    (void)state;
    struct dsq_onnx *m = NULL;
    struct dsq_graph *g = NULL;
    struct dsq_diag d = {0};
    static const char *const cut[] = {"scores", "boxes"}, *const unknown[] = {"score"};
    static const struct dsq_onnx_options cut_here = {.outputs = cut, .n_outputs = 2};
    static const struct dsq_onnx_options nowhere = {.outputs = unknown, .n_outputs = 1};
    assert_int_equal(dsq_onnx_read(&m, "tests/onnx/tail.onnx", NULL, &d), DSQ_OK);
    assert_int_equal(dsq_onnx_to_graph(m, &g, &d), DSQ_UNSUPPORTED);
    assert_non_null(strstr(d.text,
                           "tests/onnx/tail.onnx: node 'nms' (NonMaxSuppression, opset 13): not "
                           "supported (nor are LSTM); if this is post-processing, cut it off"));
    assert_null(g);
    assert_int_equal(dsq_onnx_to_graph_at(m, &nowhere, &g, &d), DSQ_MALFORMED);
    assert_non_null(strstr(d.text, "'score' is no graph input"));
    assert_int_equal(dsq_onnx_to_graph_at(m, &cut_here, &g, &d), DSQ_OK);
    assert_int_equal(g->n_outputs, 2);
    assert_string_equal(g->value[g->output[0]].name, "scores");
    assert_int_equal(g->n_nodes, 2);
    dsq_graph_free(&g);
    dsq_onnx_free(&m);
}

/* u8 is stored minus 128; weights are floats again before anything looks at them. */
static void quantized(void **state)
{
    (void)state;
    static const float weights[] = {-64, 2, 10, 252};
    struct dsq_graph *g = graph_of("quantized");
    const struct dsq_value *q = value_of(g, "q");
    assert_int_equal(node_of(g, "q")->op, DSQ_OP_QUANTIZE);
    assert_int_equal(node_of(g, "d")->op, DSQ_OP_DEQUANTIZE);
    assert_int_equal(q->dtype, DSQ_S8);
    assert_true(q->q.scale == 0.25f && q->q.inv_scale == 4.0f);
    assert_int_equal(q->q.zero_point, 120 - 128);
    assert_int_equal(q->q.qmin, -128);
    assert_int_equal(q->q.qmax, 127);
    const struct dsq_value *w = &g->value[node_of(g, "y")->in[DSQ_CONV_W]];
    assert_int_equal(w->bytes, sizeof weights);
    assert_memory_equal(w->data, weights, sizeof weights);
    dsq_graph_free(&g);
}

/* The model that the demo is about: ten outputs, at strides 8 to 128, heads with shared weights. */
static void demo_model(void **state)
{
    (void)state;
    struct dsq_onnx *m = NULL;
    struct dsq_graph *g = NULL;
    struct dsq_diag d = {0};
    if (dsq_onnx_read(&m, "demo/retinanet_wo.onnx", NULL, &d) == DSQ_IO) {
        print_message("demo/retinanet_wo.onnx is not there\n");
        skip();
    }
    assert_int_equal(dsq_onnx_to_graph(m, &g, &d), DSQ_OK);
    assert_int_equal(g->n_inputs, 1);
    assert_int_equal(g->n_outputs, 10);
    for (int i = 0; i < 10; i++) {
        char name[20], shape[80];
        int stride = 8 << i % 5;
        snprintf(name, sizeof name, "output%d", i + 1);
        snprintf(shape, sizeof shape, "[N,%d,(H+%d)/%d,(W+%d)/%d]", i < 5 ? 720 : 36, stride - 1,
                 stride, stride - 1, stride);
        assert_string_equal(g->value[g->output[i]].name, name);
        assert_shape(g, name, shape);
        assert_int_equal(node_of(g, name)->in[0], node_of(g, i < 5 ? "output1" : "output6")->in[0]);
    }
    dsq_graph_free(&g);
    dsq_onnx_free(&m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(detector_convs),
        cmocka_unit_test(weights_are_ohwi),
        cmocka_unit_test(detector_rest),
        cmocka_unit_test(forms_of_opset_7),
        cmocka_unit_test(resizes_before_opset_11),
        cmocka_unit_test(forms_of_opset_18),
        cmocka_unit_test(weights_are_shared),
        cmocka_unit_test(nodes_are_sorted),
        cmocka_unit_test(ways_to_store_numbers),
        cmocka_unit_test(names_of_dimensions),
        cmocka_unit_test(elements_of_others),
        cmocka_unit_test(tail_can_be_cut_off),
        cmocka_unit_test(quantized),
        cmocka_unit_test(demo_model),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
