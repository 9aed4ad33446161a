/* SPDX-License-Identifier: Apache-2.0 */
/* What the ONNX tests share: cmocka, reading the models in tests/onnx, looking around in a graph.
 */
#ifndef TESTS_UNIT_ONNX_MODELS_H
#define TESTS_UNIT_ONNX_MODELS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/memory.h"
#include "graph/infer.h"
#include "onnx/onnx.h"

/* The graph of tests/onnx/NAME.onnx; fails the test with the reason otherwise. */
static inline struct dsq_graph *graph_of(const char *name)
{
    struct dsq_onnx *m = NULL;
    struct dsq_graph *g = NULL;
    struct dsq_diag d = {0};
    char path[200];
    snprintf(path, sizeof path, "tests/onnx/%s.onnx", name);
    enum dsq_status s = dsq_onnx_read(&m, path, NULL, &d);
    if (s == DSQ_OK)
        s = dsq_onnx_to_graph(m, &g, &d);
    dsq_onnx_free(&m);
    if (s != DSQ_OK)
        fail_msg("%s: %s", dsq_status_name(s), d.text);
    return g;
}

static inline const struct dsq_value *value_of(const struct dsq_graph *g, const char *name)
{
    dsq_vid v = dsq_graph_find(g, name, NULL);
    if (v == DSQ_NO_VALUE)
        fail_msg("no value '%s'", name);
    return &g->value[v];
}

/* The node that makes the value of this name. */
static inline const struct dsq_node *node_of(const struct dsq_graph *g, const char *output)
{
    for (int32_t i = 0; i < g->n_nodes; i++)
        if (strcmp(g->value[g->node[i].out[0]].name, output) == 0)
            return &g->node[i];
    fail_msg("no node makes '%s'", output);
    return NULL;
}

/* The name of input i of a node; "" when absent. */
static inline const char *in_name(const struct dsq_graph *g, const struct dsq_node *n, int32_t i)
{
    return i < n->n_in && n->in[i] != DSQ_NO_VALUE ? g->value[n->in[i]].name : "";
}

/* Does the shape of this value print like that? */
static inline void assert_shape(struct dsq_graph *g, const char *name, const char *expected)
{
    struct dsq_writer w;
    dsq_writer_init(&w, NULL);
    dsq_shape_print(&g->dims, &value_of(g, name)->shape, &w);
    assert_string_equal(w.data, expected);
    dsq_writer_free(&w);
}

static inline void assert_ints(const struct dsq_graph *g, const char *name, const int64_t *expected,
                               size_t n)
{
    const struct dsq_value *v = value_of(g, name);
    assert_int_equal(v->dtype, DSQ_S64);
    assert_int_equal(v->bytes, n * sizeof *expected);
    assert_memory_equal(v->data, expected, v->bytes);
}

#endif
