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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(split_parts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
