/* SPDX-License-Identifier: Apache-2.0 */
/* Placement on small graphs: which nodes, which forms, which ranges, which reasons. */
#include <math.h>

#include "placement_test.h"

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

/* Linear resizing keeps the scale, its means lie between what they are made of; cubic overshoots.
 */
static void test_resizes(void **state)
{
    (void)state;
    struct dsq_resize_attr linear = {.mode = DSQ_RESIZE_LINEAR}, cubic = {.mode = DSQ_RESIZE_CUBIC};
    conv("x", NULL, "a");
    dsq_vid in[] = {value("a"), DSQ_NO_VALUE, DSQ_NO_VALUE}, out[] = {value("b")};
    OK(dsq_graph_add_node(g, DSQ_OP_RESIZE, "b", 3, in, 1, out, &linear, NULL, &diag));
    conv("b", NULL, "c");
    dsq_vid in2[] = {value("c"), DSQ_NO_VALUE, DSQ_NO_VALUE}, out2[] = {value("d")};
    OK(dsq_graph_add_node(g, DSQ_OP_RESIZE, "d", 3, in2, 1, out2, &cubic, NULL, &diag));
    conv("d", NULL, "y");
    io("x", "y", NULL);
    range("x", 1);
    range("a", 2);
    range("c", 3);
    struct dsq_placement p = place();
    expect(&p, "b", DSQ_FORM_S8, 2);
    expect_float(&p, "d", NULL);
    expect_float(&p, "y", "tensor 'd' has no range");
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

/* Rows that import has made of a matrix are observed under the matrix's name, once. */
static void test_observed_rows(void **state)
{
    (void)state;
    node(DSQ_OP_EXP, "x", NULL, "m");
    node(DSQ_OP_UNSQUEEZE, "m", NULL, "p.rows");
    conv("p.rows", NULL, "p");
    node(DSQ_OP_UNSQUEEZE, "m", NULL, "q.rows");
    conv("q.rows", NULL, "q");
    io("x", "p", "q");
    const char **name;
    size_t n;
    OK(dsq_place_observed(g, &name, &n, &arena, &diag));
    assert_int_equal(n, 1);
    assert_string_equal(name[0], "m");
    range("m", 1);
    struct dsq_placement p = place();
    expect_int8(&p, "p");
    expect_int8(&p, "q");
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
        TEST(test_resizes),
        TEST(test_decisions),
        TEST(test_weights),
        TEST(test_observed),
        TEST(test_observed_rows),
        TEST(test_segments),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
