/* SPDX-License-Identifier: Apache-2.0 */
/* Import of operators that move data, in all their forms. */
#include "onnx_models.h"

static void split_parts(void **state)
{
    (void)state;
    struct dsq_graph *g = graph_of("split11"); /* parts in an attribute; in halves */
    assert_ints(g, "a.split", (int64_t[]){1, 2}, 2);
    assert_shape(g, "a", "[N,1,H,W]");
    assert_shape(g, "b", "[N,2,H,W]");
    assert_shape(g, "y", "[N,1,H,W]");
    assert_int_equal(((struct dsq_split_attr *)node_of(g, "y")->attr)->uneven, 0);
    assert_int_equal(node_of(g, "y")->n_in, 1);
    dsq_graph_free(&g);
    g = graph_of("split18"); /* parts in an input; a number of them, of which one is not read */
    assert_string_equal(in_name(g, node_of(g, "a"), 1), "parts");
    assert_shape(g, "b", "[N,2,8,W]");
    const struct dsq_node *n = node_of(g, "y");
    assert_int_equal(n->n_out, 3);
    assert_shape(g, g->value[n->out[1]].name, "[N,2,3,W]");
    assert_shape(g, "z", "[N,2,2,W]");
    dsq_graph_free(&g);
}

static void first_forms(void **state)
{
    (void)state;
    struct dsq_graph *g = graph_of("moving8");
    assert_ints(g, "p.pads", (int64_t[]){0, 0, 1, 2, 0, 0, 3, 4}, 8);
    assert_int_equal(((struct dsq_pad_attr *)node_of(g, "p")->attr)->mode, DSQ_PAD_REFLECT);
    assert_true(*(const float *)value_of(g, "q.value")->data == 1.5f);
    assert_shape(g, "p", "[N,4,H+4,W+6]");
    assert_shape(g, "t", "[N,8,3*H,W]");
    assert_shape(g, "e", "[N,4,H,W]");
    assert_shape(g, "g", "[N,2,H,W]");
    assert_shape(g, "d", "[N,1,2*H,2*W]");
    assert_shape(g, "s", "[N,16,H/2,W/2]");
    const struct dsq_reduce_attr *r = node_of(g, "r")->attr;
    assert_int_equal(r->kind, DSQ_REDUCE_L2);
    assert_int_equal(r->keepdims, 0);
    assert_ints(g, "r.axes", (int64_t[]){2, 3}, 2);
    assert_shape(g, "a", "[N,1,H,W]");
    assert_ints(g, "k.k", (int64_t[]){2}, 1);
    assert_int_equal(((struct dsq_topk_attr *)node_of(g, "k")->attr)->largest, 1);
    assert_shape(g, "l", "[N,2,H,W]");
    const struct dsq_softmax_attr *v = node_of(g, "v")->attr;
    assert_true(v->axis == 1 && v->flat);
    dsq_graph_free(&g);
}

static void last_forms(void **state)
{
    (void)state;
    struct dsq_graph *g = graph_of("moving18");
    const struct dsq_node *n = node_of(g, "p");
    assert_string_equal(in_name(g, n, 2), "one");
    assert_string_equal(in_name(g, n, 3), "axes");
    assert_shape(g, "p", "[N,4,H,W+3]");
    /* Size is the product of the shape. */
    n = node_of(g, "z");
    assert_int_equal(n->op, DSQ_OP_REDUCE);
    assert_int_equal(((struct dsq_reduce_attr *)n->attr)->kind, DSQ_REDUCE_PROD);
    assert_int_equal(node_of(g, "z.shape")->op, DSQ_OP_SHAPE);
    assert_string_equal(in_name(g, node_of(g, "r"), 1), "axes");
    assert_int_equal(((struct dsq_reduce_attr *)node_of(g, "n")->attr)->noop, 1);
    const struct dsq_arg_attr *a = node_of(g, "a")->attr;
    assert_true(a->axis == -1 && a->last && !a->keepdims);
    assert_int_equal(((struct dsq_topk_attr *)node_of(g, "k")->attr)->largest, 0);
    const struct dsq_softmax_attr *v = node_of(g, "v")->attr;
    assert_true(v->axis == -1 && !v->flat);
    /* ConstantOfShape is one element, expanded. */
    n = node_of(g, "c");
    assert_int_equal(n->op, DSQ_OP_EXPAND);
    assert_int_equal(value_of(g, "c")->dtype, DSQ_S32);
    assert_int_equal(*(const int32_t *)g->value[n->in[0]].data, 7);
    assert_int_equal(g->value[n->in[0]].shape.rank, 0);
    assert_shape(g, "o", "[W]");
    assert_shape(g, "u", "[N,4,H,W,1]"); /* its axis is computed */
    assert_shape(g, "s", "[N,4,H,1]");
    dsq_graph_free(&g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(split_parts),
        cmocka_unit_test(first_forms),
        cmocka_unit_test(last_forms),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
