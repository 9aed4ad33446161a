/* SPDX-License-Identifier: Apache-2.0 */
/* The demo model from ONNX through all passes, in float and in INT8: what must be left, and what
 * not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "graph/infer.h"
#include "onnx/onnx.h"
#include "pass/pass.h"
#include "quant/placement.h"

static const char path[] = "demo/retinanet_wo.onnx";

static struct dsq_graph *load(void)
{
    struct dsq_diag d = {0};
    struct dsq_onnx *m = NULL;
    struct dsq_graph *g = NULL;
    if (dsq_onnx_read(&m, path, NULL, &d) != DSQ_OK || dsq_onnx_to_graph(m, &g, &d) != DSQ_OK)
        fail_msg("%s", d.text);
    dsq_onnx_free(&m);
    return g;
}

struct counts {
    int op[DSQ_OP_COUNT], twins, host;
    int gathered, segments; /* convolutions of five segments; segments in all */
};

static struct counts count(struct dsq_graph *g)
{
    struct counts c = {0};
    for (int32_t i = 0; i < g->n_nodes; i++) {
        const struct dsq_node *n = &g->node[i];
        if (n->shape_only) {
            c.twins++;
            continue;
        }
        c.op[n->op]++;
        const enum dsq_dtype t = g->value[n->out[0]].dtype;
        c.host += t == DSQ_S64 || t == DSQ_S32;
        c.segments += n->op == DSQ_OP_CONV ? n->n_out : 0;
        c.gathered += n->op == DSQ_OP_CONV && n->n_out == 5;
    }
    return c;
}

static void assert_same_outputs(const struct dsq_graph *g)
{
    assert_int_equal(g->n_outputs, 10);
    for (int32_t i = 0; i < g->n_outputs; i++) {
        char name[24];
        snprintf(name, sizeof name, "output%d", (int)i + 1);
        assert_string_equal(g->value[g->output[i]].name, name);
        assert_int_equal(g->value[g->output[i]].dtype, DSQ_F32);
        assert_int_equal(g->value[g->output[i]].layout, DSQ_NHWC);
    }
}

static void test_float(void **state)
{
    (void)state;
    struct dsq_graph *g = load();
    struct dsq_diag d = {0};
    struct dsq_pass_report r;
    const struct dsq_pass_settings s = {.verify = true};
    const int imported_convs = count(g).op[DSQ_OP_CONV];
    assert_int_equal(imported_convs, 78);
    if (dsq_passes_run(g, &s, &r, &d) != DSQ_OK)
        fail_msg("%s", d.text);
    const struct counts c = count(g);
    /* 28 of the backbone and the pyramid, 10 of the heads over five levels each */
    assert_int_equal(c.op[DSQ_OP_CONV], 38);
    assert_int_equal(c.gathered, 10);
    assert_int_equal(c.segments, imported_convs);
    assert_int_equal(c.op[DSQ_OP_MAXPOOL], 1);
    assert_int_equal(c.op[DSQ_OP_RESIZE], 2);
    assert_int_equal(c.op[DSQ_OP_RELAYOUT], 1);
    assert_int_equal(c.twins, 2); /* the two lateral convolutions whose size Resize asks for */
    assert_int_equal(c.host + c.op[DSQ_OP_CONV] + 1 + 2 + 1, g->n_nodes - c.twins);
    assert_same_outputs(g);
    dsq_graph_free(&g);
}

static void test_int8(void **state)
{
    (void)state;
    struct dsq_graph *g = load();
    struct dsq_diag d = {0};
    struct dsq_pass_report r;
    struct dsq_ranges *ranges;
    struct dsq_arena arena;
    const char **name;
    size_t n;
    dsq_arena_init(&arena, NULL);
    assert_int_equal(dsq_ranges_create(&ranges, NULL, &d), DSQ_OK);
    if (dsq_passes_run_float_part(g, NULL, NULL, &d) != DSQ_OK)
        fail_msg("%s", d.text);
    assert_int_equal(dsq_place_observed(g, &name, &n, &arena, &d), DSQ_OK);
    for (size_t i = 0; i < n; i++)
        assert_int_equal(dsq_ranges_set(ranges, name[i], 1.0 + 0.125 * (double)i, &d), DSQ_OK);
    const struct dsq_pass_settings s = {.ranges = ranges, .verify = true};
    if (dsq_passes_run(g, &s, &r, &d) != DSQ_OK)
        fail_msg("%s", d.text);
    const struct counts c = count(g);
    assert_int_equal(r.n_int8, 78);
    assert_int_equal(r.n_reasons, 0);
    assert_int_equal(c.op[DSQ_OP_CONV], 38);
    assert_int_equal(c.op[DSQ_OP_QUANTIZE], 1);
    assert_int_equal(c.op[DSQ_OP_DEQUANTIZE] + c.op[DSQ_OP_REQUANTIZE] + c.op[DSQ_OP_RELAYOUT], 0);
    for (int32_t i = 0; i < g->n_nodes; i++)
        if (g->node[i].op == DSQ_OP_CONV && !g->node[i].shape_only)
            assert_int_equal(g->value[g->node[i].in[DSQ_CONV_W]].dtype, DSQ_S8);
    assert_same_outputs(g);
    dsq_ranges_free(&ranges);
    dsq_arena_free(&arena);
    dsq_graph_free(&g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_float), cmocka_unit_test(test_int8)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
