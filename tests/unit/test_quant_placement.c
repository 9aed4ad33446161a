/* SPDX-License-Identifier: Apache-2.0 */
/* Placement on small graphs: which nodes, which forms, which ranges, which reasons. */
#include <math.h>
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

static dsq_vid value(const char *name)
{
    dsq_vid v = dsq_graph_find(g, name, NULL);
    struct dsq_shape shape = {4, {1, 8, DSQ_DIM_UNKNOWN, DSQ_DIM_UNKNOWN}};
    if (v == DSQ_NO_VALUE)
        OK(dsq_graph_add_value(g, name, DSQ_F32, &shape, &v, &diag));
    return v;
}

static dsq_vid constant(const char *name, int64_t o, int64_t inner)
{
    struct dsq_shape shape = {4, {o, 1, 1, inner}};
    size_t bytes = (size_t)(o * inner) * sizeof(float);
    float *data = calloc(1, bytes);
    dsq_vid v;
    OK(dsq_graph_add_const(g, name, DSQ_F32, &shape, data, bytes, &v, &diag));
    free(data);
    return v;
}

static void conv_wide(const char *x, const char *r, const char *y, int64_t inner)
{
    char name[64];
    snprintf(name, sizeof name, "%s.w", y);
    dsq_vid in[] = {constant(name, 8, inner), DSQ_NO_VALUE, value(x), r ? value(r) : DSQ_NO_VALUE,
                    DSQ_NO_VALUE};
    dsq_vid out[] = {value(y)};
    OK(dsq_graph_add_node(g, DSQ_OP_CONV, y, 5, in, 1, out, NULL, NULL, &diag));
}

static void conv(const char *x, const char *r, const char *y)
{
    conv_wide(x, r, y, 8);
}

static void node(enum dsq_op op, const char *a, const char *b, const char *y)
{
    dsq_vid in[] = {value(a), b ? value(b) : DSQ_NO_VALUE, DSQ_NO_VALUE}, out[] = {value(y)};
    int32_t n_in = op == DSQ_OP_RESIZE ? 3 : b ? 2 : 1;
    OK(dsq_graph_add_node(g, op, y, n_in, in, 1, out, NULL, NULL, &diag));
}

static void io(const char *x, const char *y, const char *y2)
{
    dsq_vid in[] = {value(x)}, out[] = {value(y), y2 ? value(y2) : DSQ_NO_VALUE};
    OK(dsq_graph_set_io(g, in, 1, out, y2 ? 2 : 1, &diag));
}

static void range(const char *name, double r)
{
    OK(dsq_ranges_set(ranges, name, r, &diag));
}

static struct dsq_placement place(void)
{
    struct dsq_placement p;
    OK(dsq_place(g, ranges, decisions, &p, &arena, &diag));
    return p;
}

static int32_t node_of(const char *y)
{
    for (int32_t i = 0; i < g->n_nodes; i++)
        for (int32_t k = 0; k < g->node[i].n_out; k++)
            if (g->node[i].out[k] == value(y))
                return i;
    fail_msg("no node makes %s", y);
    return -1;
}

static void expect_int8(const struct dsq_placement *p, const char *y)
{
    if (!p->node_int8[node_of(y)])
        fail_msg("'%s' is float: %s", y, p->node_reason[node_of(y)]);
    assert_null(p->node_reason[node_of(y)]);
}

static void expect_float(const struct dsq_placement *p, const char *y, const char *reason)
{
    assert_false(p->node_int8[node_of(y)]);
    if (reason)
        assert_string_equal(p->node_reason[node_of(y)], reason);
    else
        assert_null(p->node_reason[node_of(y)]);
}

static void expect(const struct dsq_placement *p, const char *name, enum dsq_form form, double r)
{
    if (p->value_form[value(name)] != (uint8_t)form || p->value_range[value(name)] != r)
        fail_msg("'%s': form %d, range %g", name, p->value_form[value(name)],
                 p->value_range[value(name)]);
}

static int setup(void **state)
{
    (void)state;
    OK(dsq_graph_create(&g, "test", NULL, &diag));
    OK(dsq_ranges_create(&ranges, NULL, &diag));
    OK(dsq_decisions_create(&decisions, NULL, &diag));
    dsq_arena_init(&arena, NULL);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    dsq_arena_free(&arena);
    dsq_decisions_free(&decisions);
    dsq_ranges_free(&ranges);
    dsq_graph_free(&g);
    return 0;
}

/* ---- tests ---- */

/* The input is quantized, what lies between is s8, the last convolution writes float. */
static void test_chain(void **state)
{
    (void)state;
    conv("x", NULL, "a");
    node(DSQ_OP_MAXPOOL, "a", NULL, "b");
    conv("b", NULL, "c");
    conv("c", "b", "y");
    io("x", "y", NULL);
    range("x", 1);
    range("a", 2);
    range("b", 1.5);
    range("c", 4);
    range("y", 9);
    struct dsq_placement p = place();
    expect_int8(&p, "a");
    expect_int8(&p, "b");
    expect_int8(&p, "y");
    expect(&p, "x", DSQ_FORM_COPY, 1);
    expect(&p, "a", DSQ_FORM_S8, 2);
    expect(&p, "b", DSQ_FORM_S8, 2); /* maxpool copies bytes */
    expect(&p, "c", DSQ_FORM_S8, 4);
    expect(&p, "y", DSQ_FORM_F32, 9);
    assert_int_equal(p.n_int8, 3);
    assert_int_equal(p.n_float, 0);
    assert_int_equal(p.n_fallbacks, 0);
}

static void test_missing_range(void **state)
{
    (void)state;
    conv("x", NULL, "a");
    conv("a", NULL, "b");
    conv("b", "r", "c");
    conv("c", NULL, "y");
    io("x", "y", NULL);
    range("x", 1);
    range("b", 2);
    range("c", 3);
    struct dsq_placement p = place();
    expect_int8(&p, "a");
    expect(&p, "a", DSQ_FORM_F32, -1);
    expect_float(&p, "b", "tensor 'a' has no range");
    expect_float(&p, "c", "tensor 'r' has no range");
    expect(&p, "b", DSQ_FORM_F32, 2);
    expect(&p, "c", DSQ_FORM_COPY, 3);
    expect_int8(&p, "y");
    assert_int_equal(p.n_int8, 2);
    assert_int_equal(p.n_float, 2);
    assert_int_equal(p.n_fallbacks, 2);
}

/* What any float node or the caller reads stays float; INT8 readers get a copy. */
static void test_float_readers(void **state)
{
    (void)state;
    conv("x", NULL, "a");
    node(DSQ_OP_SIGMOID, "a", NULL, "s");
    conv("a", NULL, "b");
    conv("b", NULL, "y");
    io("x", "s", "b");
    range("x", 1);
    range("a", 2);
    range("b", 3);
    struct dsq_placement p = place();
    expect(&p, "a", DSQ_FORM_COPY, 2);
    expect(&p, "b", DSQ_FORM_COPY, 3);
    expect_float(&p, "s", "graph output 's' stays float");
    expect_int8(&p, "y");
}

/* A maxpool in front of a graph output, of a float node, of nothing in INT8. */
static void test_copying_nodes_that_do_not_pay(void **state)
{
    (void)state;
    conv("x", NULL, "a");
    node(DSQ_OP_MAXPOOL, "a", NULL, "y");
    conv("x", NULL, "b");
    node(DSQ_OP_MAXPOOL, "b", NULL, "c");
    node(DSQ_OP_SIGMOID, "c", NULL, "d");
    conv("x", NULL, "e");
    node(DSQ_OP_MAXPOOL, "e", NULL, "f");
    node(DSQ_OP_SIGMOID, "f", NULL, "f2");
    conv("f", NULL, "f3");
    io("x", "y", "d");
    for (const char *n = "xabcef"; *n; n++)
        range((char[]){*n, 0}, 1);
    struct dsq_placement p = place();
    expect_float(&p, "y", "graph output 'y' stays float");
    expect_float(&p, "c", "nothing reads 'c' in INT8");
    expect_float(&p, "f", "output 'f' is also read in float");
    expect(&p, "a", DSQ_FORM_F32, 1);
    expect(&p, "e", DSQ_FORM_F32, 1);
    expect(&p, "f", DSQ_FORM_COPY, 1);
    assert_int_equal(p.n_fallbacks, 0);
}

/* FPN: a resize and a lateral convolution that owns the Add; an Add that was not fused. */
static void test_add(void **state)
{
    (void)state;
    conv("x", NULL, "a");
    conv("x", NULL, "b");
    node(DSQ_OP_RESIZE, "a", NULL, "up");
    node(DSQ_OP_ADD, "up", "b", "sum");
    conv("sum", NULL, "y");
    node(DSQ_OP_SIGMOID, "x", NULL, "s");
    node(DSQ_OP_ADD, "s", "b", "sum2");
    conv("sum2", NULL, "z");
    io("x", "y", "z");
    range("x", 1);
    range("a", 2);
    range("b", 3);
    range("sum", 4);
    range("s", 1);
    range("sum2", 5);
    struct dsq_placement p = place();
    expect_float(&p, "sum2", "input 's' is written in float");
    /* b is read by sum2 in float, so it is written in float, and sum loses its s8 input too. */
    expect_float(&p, "sum", "input 'b' is written in float");
    expect(&p, "b", DSQ_FORM_F32, 3);
    expect(&p, "sum", DSQ_FORM_COPY, 4);
    expect(&p, "up", DSQ_FORM_F32, 2); /* derived from a */
}

static void test_add_in_int8(void **state)
{
    (void)state;
    conv("x", NULL, "a");
    conv("x", NULL, "b");
    node(DSQ_OP_RESIZE, "a", NULL, "up");
    node(DSQ_OP_ADD, "up", "b", "sum");
    conv("sum", NULL, "y");
    io("x", "y", NULL);
    range("x", 1);
    range("a", 2);
    range("b", 3);
    range("sum", 4);
    struct dsq_placement p = place();
    expect_int8(&p, "sum");
    expect(&p, "up", DSQ_FORM_S8, 2);
    expect(&p, "b", DSQ_FORM_S8, 3);
    expect(&p, "sum", DSQ_FORM_S8, 4);
}

/* SPP: x and pools of x joined; all take the concat's range, for nobody else reads them in INT8. */
static void test_concat_decides(void **state)
{
    (void)state;
    conv("x", NULL, "a");
    node(DSQ_OP_MAXPOOL, "a", NULL, "p1");
    node(DSQ_OP_MAXPOOL, "a", NULL, "p2");
    node(DSQ_OP_CONCAT, "p1", "p2", "c1");
    node(DSQ_OP_CONCAT, "a", "c1", "c2");
    conv("c2", NULL, "y");
    io("x", "y", NULL);
    range("x", 1);
    range("a", 4);
    range("p1", 3);
    range("p2", 2);
    range("c1", 3.5);
    range("c2", 3.75);
    struct dsq_placement p = place();
    expect_int8(&p, "c1");
    expect_int8(&p, "c2");
    for (int i = 0; i < 2; i++)
        expect(&p, i ? "c1" : "c2", DSQ_FORM_S8, 3.75);
    /* a's group {a, p1, p2} is read by both concats: it keeps its range and c2 requantizes. */
    expect(&p, "a", DSQ_FORM_S8, 4);
    expect(&p, "p1", DSQ_FORM_S8, 4);
}

static void test_concat_of_pools(void **state)
{
    (void)state;
    conv("x", NULL, "a");
    node(DSQ_OP_MAXPOOL, "a", NULL, "p1");
    node(DSQ_OP_CONCAT, "a", "p1", "c");
    conv("x", NULL, "b");
    node(DSQ_OP_CONCAT, "c", "b", "c2");
    conv("b", NULL, "z");
    conv("c2", NULL, "y");
    io("x", "y", "z");
    range("x", 1);
    range("a", 4);
    range("b", 6);
    range("c", 5);
    range("c2", 7);
    struct dsq_placement p = place();
    for (int i = 0; i < 4; i++)
        expect(&p, ((const char *[]){"a", "p1", "c", "c2"})[i], DSQ_FORM_S8, 7);
    expect(&p, "b", DSQ_FORM_S8, 6); /* z reads it too */
}

/* Ranges missing around operators that only move numbers. */
static void test_propagation(void **state)
{
    (void)state;
    conv("x", NULL, "a");
    conv("x", NULL, "b");
    node(DSQ_OP_MAXPOOL, "a", NULL, "a1");
    node(DSQ_OP_RESIZE, "a1", NULL, "a2");
    node(DSQ_OP_CONCAT, "a2", "b", "c"); /* forward: the larger */
    conv("c", NULL, "d");
    node(DSQ_OP_MAXPOOL, "d", NULL, "d1"); /* backward: d has no other reader */
    conv("d1", NULL, "e");
    node(DSQ_OP_MAXPOOL, "e", NULL, "e1"); /* not backward: f reads e too */
    conv("e", "e1", "f");
    io("x", "f", NULL);
    range("x", 1);
    range("a", 2);
    range("b", 3);
    range("d1", 5);
    range("e1", 6);
    struct dsq_placement p = place();
    expect(&p, "c", DSQ_FORM_S8, 3);
    expect(&p, "a2", DSQ_FORM_S8, 3); /* the concat's: nobody else reads it */
    expect(&p, "d", DSQ_FORM_S8, 5);
    expect(&p, "e", DSQ_FORM_F32, -1);
    expect_float(&p, "f", "tensor 'e' has no range");
}

static void test_linear_resize_stays_float(void **state)
{
    (void)state;
    struct dsq_resize_attr linear = {.mode = DSQ_RESIZE_LINEAR};
    conv("x", NULL, "a");
    dsq_vid in[] = {value("a"), DSQ_NO_VALUE, DSQ_NO_VALUE}, out[] = {value("b")};
    OK(dsq_graph_add_node(g, DSQ_OP_RESIZE, "b", 3, in, 1, out, &linear, NULL, &diag));
    conv("b", NULL, "y");
    io("x", "y", NULL);
    range("x", 1);
    range("a", 2);
    struct dsq_placement p = place();
    expect_float(&p, "b", NULL);
    expect_float(&p, "y", "tensor 'b' has no range");
}

static void test_decisions(void **state)
{
    (void)state;
    conv("x", NULL, "a");
    node(DSQ_OP_MAXPOOL, "a", NULL, "b");
    conv("b", NULL, "c");
    conv("b", NULL, "y");
    io("x", "y", "c");
    range("x", 1);
    range("a", 2);
    range("b", 3);
    OK(dsq_decisions_set_precision(decisions, "c", DSQ_PRECISION_FLOAT, &diag));
    OK(dsq_decisions_set_precision(decisions, "y", DSQ_PRECISION_INT8, &diag));
    struct dsq_placement p = place();
    expect_float(&p, "c", "'c' is set to float");
    expect(&p, "b", DSQ_FORM_COPY, 3); /* c reads it in float */
    expect_float(&p, "b", "output 'b' is also read in float");
    expect_int8(&p, "y");
    assert_int_equal(p.n_fallbacks, 0);
    OK(dsq_decisions_set_precision(decisions, "b", DSQ_PRECISION_FLOAT, &diag));
    p = place();
    expect_float(&p, "b", "'b' is set to float");
}

static void test_weights(void **state)
{
    (void)state;
    conv_wide("x", NULL, "a", 133144);
    conv_wide("x", NULL, "b", 133145);
    dsq_vid in[] = {value("computed"), DSQ_NO_VALUE, value("x"), DSQ_NO_VALUE, DSQ_NO_VALUE};
    dsq_vid out[] = {value("c")};
    OK(dsq_graph_add_node(g, DSQ_OP_CONV, "c", 5, in, 1, out, NULL, NULL, &diag));
    io("x", "a", "b");
    range("x", 1);
    struct dsq_placement p = place();
    expect_int8(&p, "a");
    expect_float(&p, "b", "weights 'b.w': the 32-bit accumulator could overflow");
    expect_float(&p, "c", "weights 'computed' are not constant f32");
}

/* What is observed is what is placed when all of it has a range; without the output. */
/* Functions of one number and products run on integers between convolutions that write and read
 * them; so does a squeeze-and-excitation block, though its product depends on itself being INT8. */
static void test_computing(void **state)
{
    (void)state;
    conv("x", NULL, "a");
    node(DSQ_OP_SILU, "a", NULL, "b");
    conv("b", NULL, "gate");
    node(DSQ_OP_ADD, "b", "gate", "m");
    conv("m", NULL, "c");
    node(DSQ_OP_EXP, "c", NULL, "e");
    node(DSQ_OP_ADD, "e", "c", "late");
    conv("late", NULL, "y");
    io("x", "y", NULL);
    const char *names[] = {"x", "a", "b", "gate", "m", "c", "e", "late"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        range(names[i], (double)(i + 1));
    struct dsq_placement p = place();
    expect_int8(&p, "b");
    expect_int8(&p, "m");
    expect(&p, "a", DSQ_FORM_S8, 2);
    expect(&p, "b", DSQ_FORM_S8, 3);
    expect(&p, "m", DSQ_FORM_S8, 5);
    expect_float(&p, "e", NULL);
    expect_float(&p, "late", "input 'e' is written in float");
    expect(&p, "late", DSQ_FORM_COPY, 8);
}

/* What moves bytes shares its input's range, all outputs of a split, one of them unread, included.
 * Slices of a graph input are slices of its one quantized copy. */
static void test_moving(void **state)
{
    (void)state;
    node(DSQ_OP_SLICE, "x", NULL, "s");
    node(DSQ_OP_SLICE, "s", NULL, "t");
    conv("t", NULL, "a");
    dsq_vid in[] = {value("a")}, out[] = {value("p0"), value("p1"), value("p2")};
    OK(dsq_graph_add_node(g, DSQ_OP_SPLIT, "split", 1, in, 3, out, NULL, NULL, &diag));
    conv("p0", NULL, "b");
    conv("p2", NULL, "y");
    io("x", "y", "b");
    range("x", 3);
    range("a", 5);
    struct dsq_placement p = place();
    expect(&p, "x", DSQ_FORM_COPY, 3);
    expect(&p, "s", DSQ_FORM_S8, 3);
    expect(&p, "t", DSQ_FORM_S8, 3);
    expect(&p, "a", DSQ_FORM_S8, 5);
    expect(&p, "p0", DSQ_FORM_S8, 5);
    expect(&p, "p1", DSQ_FORM_S8, 5);
    expect(&p, "p2", DSQ_FORM_S8, 5);
    assert_int_equal(p.n_fallbacks, 0);
}

/* One part of a split that is read in float keeps all of it in float. */
static void test_split_read_in_float(void **state)
{
    (void)state;
    conv("x", NULL, "a");
    dsq_vid in[] = {value("a")}, out[] = {value("p0"), value("p1")};
    OK(dsq_graph_add_node(g, DSQ_OP_SPLIT, "split", 1, in, 2, out, NULL, NULL, &diag));
    conv("p0", NULL, "y");
    node(DSQ_OP_EXP, "p1", NULL, "e");
    io("x", "y", "e");
    range("x", 3);
    range("a", 5);
    struct dsq_placement p = place();
    expect_float(&p, "p0", "nothing reads 'p1' in INT8");
    expect(&p, "a", DSQ_FORM_F32, 5);
    expect(&p, "p0", DSQ_FORM_COPY, 5);
}

static void test_observed(void **state)
{
    (void)state;
    conv("x", NULL, "a");
    node(DSQ_OP_MAXPOOL, "a", NULL, "b");
    node(DSQ_OP_EXP, "b", NULL, "s");
    conv("s", NULL, "t");
    node(DSQ_OP_EXP, "t", NULL, "y");
    io("x", "y", NULL);
    const char **name;
    size_t n;
    OK(dsq_place_observed(g, &name, &n, &arena, &diag));
    assert_int_equal(n, 2);
    assert_string_equal(name[0], "x");
    assert_string_equal(name[1], "s");
    range("x", 1);
    range("s", 1);
    struct dsq_placement p = place();
    assert_int_equal(p.n_int8, 2);
    /* The maxpool has no range, but INT8 would not have paid there: no fallback. */
    assert_int_equal(p.n_fallbacks, 0);
    expect_float(&p, "b", "nothing reads 'b' in INT8");
    assert_int_equal(dsq_place(g, NULL, NULL, &p, &arena, &diag), DSQ_ARGUMENT);
}

/* One convolution node of two segments: both inputs need a range. */
static void test_segments(void **state)
{
    (void)state;
    dsq_vid w = constant("w", 8, 8);
    dsq_vid in[] = {w,           DSQ_NO_VALUE, value("x"),  DSQ_NO_VALUE, DSQ_NO_VALUE,
                    value("x2"), DSQ_NO_VALUE, DSQ_NO_VALUE};
    dsq_vid out[] = {value("y"), value("y2")};
    OK(dsq_graph_add_node(g, DSQ_OP_CONV, "heads", 8, in, 2, out, NULL, NULL, &diag));
    io("x", "y", "y2");
    range("x", 1);
    struct dsq_placement p = place();
    expect_float(&p, "y", "tensor 'x2' has no range");
    range("x2", 1);
    p = place();
    expect_int8(&p, "y");
    expect(&p, "y2", DSQ_FORM_F32, -1);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_chain),
        TEST(test_missing_range),
        TEST(test_float_readers),
        TEST(test_copying_nodes_that_do_not_pay),
        TEST(test_add),
        TEST(test_add_in_int8),
        TEST(test_concat_decides),
        TEST(test_concat_of_pools),
        TEST(test_propagation),
        TEST(test_linear_resize_stays_float),
        TEST(test_decisions),
        TEST(test_weights),
        TEST(test_computing),
        TEST(test_moving),
        TEST(test_split_read_in_float),
        TEST(test_observed),
        TEST(test_segments),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
