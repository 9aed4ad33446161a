/* SPDX-License-Identifier: Apache-2.0 */
/* What the tests of placement share: graphs by a few words, and what is expected of a placement. */
#ifndef DSQ_TESTS_PLACEMENT_TEST_H
#define DSQ_TESTS_PLACEMENT_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "quant/placement.h"

/* ---- a small builder: values by name, failing the test when something is wrong ---- */

static struct dsq_graph *g;
static struct dsq_ranges *ranges;
static struct dsq_decisions *decisions;
static struct dsq_arena arena;
static struct dsq_diag diag;

#define OK(call) assert_int_equal(call, DSQ_OK)

static inline dsq_vid value(const char *name)
{
    dsq_vid v = dsq_graph_find(g, name, NULL);
    struct dsq_shape shape = {4, {1, 8, DSQ_DIM_UNKNOWN, DSQ_DIM_UNKNOWN}};
    if (v == DSQ_NO_VALUE)
        OK(dsq_graph_add_value(g, name, DSQ_F32, &shape, &v, &diag));
    return v;
}

static inline dsq_vid constant(const char *name, int64_t o, int64_t inner)
{
    struct dsq_shape shape = {4, {o, 1, 1, inner}};
    size_t bytes = (size_t)(o * inner) * sizeof(float);
    float *data = calloc(1, bytes);
    dsq_vid v;
    OK(dsq_graph_add_const(g, name, DSQ_F32, &shape, data, bytes, &v, &diag));
    free(data);
    return v;
}

static inline void conv_wide(const char *x, const char *r, const char *y, int64_t inner)
{
    char name[64];
    snprintf(name, sizeof name, "%s.w", y);
    dsq_vid in[] = {constant(name, 8, inner), DSQ_NO_VALUE, value(x), r ? value(r) : DSQ_NO_VALUE,
                    DSQ_NO_VALUE};
    dsq_vid out[] = {value(y)};
    OK(dsq_graph_add_node(g, DSQ_OP_CONV, y, 5, in, 1, out, NULL, NULL, &diag));
}

static inline void conv(const char *x, const char *r, const char *y)
{
    conv_wide(x, r, y, 8);
}

static inline void node(enum dsq_op op, const char *a, const char *b, const char *y)
{
    dsq_vid in[] = {value(a), b ? value(b) : DSQ_NO_VALUE, DSQ_NO_VALUE}, out[] = {value(y)};
    int32_t n_in = op == DSQ_OP_RESIZE ? 3 : b ? 2 : 1;
    OK(dsq_graph_add_node(g, op, y, n_in, in, 1, out, NULL, NULL, &diag));
}

static inline void io(const char *x, const char *y, const char *y2)
{
    dsq_vid in[] = {value(x)}, out[] = {value(y), y2 ? value(y2) : DSQ_NO_VALUE};
    OK(dsq_graph_set_io(g, in, 1, out, y2 ? 2 : 1, &diag));
}

static inline void range(const char *name, double r)
{
    OK(dsq_ranges_set(ranges, name, r, &diag));
}

static inline struct dsq_placement place(void)
{
    struct dsq_placement p;
    OK(dsq_place(g, ranges, decisions, &p, &arena, &diag));
    return p;
}

static inline int32_t node_of(const char *y)
{
    for (int32_t i = 0; i < g->n_nodes; i++)
        for (int32_t k = 0; k < g->node[i].n_out; k++)
            if (g->node[i].out[k] == value(y))
                return i;
    fail_msg("no node makes %s", y);
    return -1;
}

static inline void expect_int8(const struct dsq_placement *p, const char *y)
{
    if (!p->node_int8[node_of(y)])
        fail_msg("'%s' is float: %s", y, p->node_reason[node_of(y)]);
    assert_null(p->node_reason[node_of(y)]);
}

static inline void expect_float(const struct dsq_placement *p, const char *y, const char *reason)
{
    assert_false(p->node_int8[node_of(y)]);
    if (reason)
        assert_string_equal(p->node_reason[node_of(y)], reason);
    else
        assert_null(p->node_reason[node_of(y)]);
}

static inline void expect(const struct dsq_placement *p, const char *name, enum dsq_form form,
                          double r)
{
    if (p->value_form[value(name)] != (uint8_t)form || p->value_range[value(name)] != r)
        fail_msg("'%s': form %d, range %g", name, p->value_form[value(name)],
                 p->value_range[value(name)]);
}

static inline int setup(void **state)
{
    (void)state;
    OK(dsq_graph_create(&g, "test", NULL, &diag));
    OK(dsq_ranges_create(&ranges, NULL, &diag));
    OK(dsq_decisions_create(&decisions, NULL, &diag));
    dsq_arena_init(&arena, NULL);
    return 0;
}

static inline int teardown(void **state)
{
    (void)state;
    dsq_arena_free(&arena);
    dsq_decisions_free(&decisions);
    dsq_ranges_free(&ranges);
    dsq_graph_free(&g);
    return 0;
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

#endif
