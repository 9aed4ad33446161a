/* SPDX-License-Identifier: Apache-2.0 */
/* Placement of operators that are no convolutions: those that compute and those that move bytes. */
#include "placement_test.h"

/* Functions of one number and products run on integers between convolutions that write and read
 * them; so does a squeeze-and-excitation block, though its product depends on itself being INT8. */
static void test_computing(void **state)
{
    (void)state;
    conv("x", NULL, "a");
    node(DSQ_OP_SILU, "a", NULL, "b");
    conv("b", NULL, "gate");
    node(DSQ_OP_MUL, "b", "gate", "m");
    conv("m", NULL, "c");
    node(DSQ_OP_EXP, "c", NULL, "e");
    node(DSQ_OP_MUL, "e", "c", "late");
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

/* Pools of every kind, changes of shape, padding with zero; not padding with another number. */
static void test_more_operators(void **state)
{
    (void)state;
    static const float numbers[] = {0.0f, 1.0f};
    const struct dsq_shape scalar = {0, {0}};
    dsq_vid number[2];
    for (int k = 0; k < 2; k++)
        OK(dsq_graph_add_const(g, k ? "one" : "nought", DSQ_F32, &scalar, &numbers[k], 4,
                               &number[k], &diag));
    conv("x", NULL, "a");
    node(DSQ_OP_AVGPOOL, "a", NULL, "mean");
    dsq_vid in[] = {value("mean"), DSQ_NO_VALUE, number[0]}, out[] = {value("padded")};
    OK(dsq_graph_add_node(g, DSQ_OP_PAD, "padded", 3, in, 1, out, NULL, NULL, &diag));
    node(DSQ_OP_TRANSPOSE, "padded", NULL, "turned");
    conv("turned", NULL, "b");
    dsq_vid in2[] = {value("b"), DSQ_NO_VALUE, number[1]}, out2[] = {value("ones")};
    OK(dsq_graph_add_node(g, DSQ_OP_PAD, "ones", 3, in2, 1, out2, NULL, NULL, &diag));
    conv("ones", NULL, "y");
    io("x", "y", NULL);
    const char *names[] = {"x", "a", "mean", "b", "ones"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        range(names[i], (double)(i + 1));
    struct dsq_placement p = place();
    expect(&p, "a", DSQ_FORM_S8, 2);
    expect(&p, "mean", DSQ_FORM_S8, 3);
    expect(&p, "padded", DSQ_FORM_S8, 3);
    expect(&p, "turned", DSQ_FORM_S8, 3);
    expect_float(&p, "ones", NULL);
    expect(&p, "b", DSQ_FORM_F32, 4);
    expect(&p, "ones", DSQ_FORM_COPY, 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_computing),
        TEST(test_moving),
        TEST(test_split_read_in_float),
        TEST(test_more_operators),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
