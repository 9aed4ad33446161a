/* SPDX-License-Identifier: Apache-2.0 */
/* Building, names, uses, and the rewrites that every pass relies on. */
#include "graph_test.h"

static const struct dsq_shape scalar = {.rank = 0};

static dsq_vid find(const struct dsq_graph *g, const char *name)
{
    bool folded;
    dsq_vid v = dsq_graph_find(g, name, &folded);
    assert_true(v >= 0);
    assert_false(folded);
    return v;
}

static void test_ops_table(void **state)
{
    (void)state;
    for (int i = 0; i < DSQ_OP_COUNT; i++) {
        const struct dsq_op_info *info = dsq_op_info((enum dsq_op)i);
        enum dsq_op op;
        assert_true(dsq_op_find(info->name, &op));
        assert_int_equal(op, i);
        for (size_t k = 0; k < info->attr->n_fields; k++) {
            const struct dsq_attr_field *f = &info->attr->fields[k];
            size_t size = f->type == DSQ_FIELD_FLOAT ? sizeof(float) : sizeof(int64_t);
            assert_true(f->offset + f->count * size <= info->attr->bytes);
            assert_int_equal(f->type == DSQ_FIELD_ENUM, f->names != NULL);
        }
    }
    enum dsq_op op;
    assert_false(dsq_op_find("conv2", &op));
}

static void test_names(void **state)
{
    (void)state;
    enum { N = 5000 };
    struct dsq_graph *g;
    struct dsq_diag d;
    dsq_vid v[N], w;
    bool folded;
    assert_int_equal(dsq_graph_create(&g, "names", NULL, &d), DSQ_OK);
    assert_int_equal(dsq_graph_find(g, "v1", NULL), DSQ_NO_VALUE);
    for (int i = 0; i < N; i++) {
        char name[16];
        snprintf(name, sizeof name, "v%d", i);
        assert_int_equal(dsq_graph_add_value(g, name, DSQ_F32, &scalar, &v[i], &d), DSQ_OK);
    }
    for (int i = 0; i < N; i++) {
        char name[16];
        snprintf(name, sizeof name, "v%d", i);
        assert_int_equal(find(g, name), v[i]);
    }
    assert_int_equal(dsq_graph_add_value(g, "v7", DSQ_F32, &scalar, &w, &d), DSQ_MALFORMED);
    assert_non_null(strstr(d.text, "v7"));
    assert_int_equal(dsq_graph_add_value(g, "", DSQ_F32, &scalar, &w, &d), DSQ_MALFORMED);
    /* Aliases: found as folded, behind names, and with everything folded before. */
    assert_int_equal(dsq_graph_add_alias(g, v[1], v[0], &d), DSQ_OK);
    assert_int_equal(find(g, "v0"), v[0]);
    assert_int_equal(dsq_graph_add_alias_name(g, v[1], "once", &d), DSQ_OK);
    assert_int_equal(dsq_graph_add_alias(g, v[2], v[1], &d), DSQ_OK);
    assert_int_equal(g->value[v[2]].n_aliases, 3);
    assert_true(dsq_graph_find(g, "once", &folded) >= 0);
    assert_true(folded);
    assert_int_equal(dsq_graph_rename(g, v[3], "renamed", &d), DSQ_OK);
    assert_int_equal(find(g, "renamed"), v[3]);
    assert_int_equal(dsq_graph_find(g, "v3", NULL), DSQ_NO_VALUE);
    assert_int_equal(dsq_graph_rename(g, v[4], "renamed", &d), DSQ_MALFORMED);
    assert_string_equal(dsq_graph_fresh_name(g, "fresh"), "fresh");
    assert_string_equal(dsq_graph_fresh_name(g, "renamed"), "renamed~1");
    assert_string_equal(dsq_graph_fresh_name(g, "once"), "once~1");
    dsq_graph_free(&g);
    assert_null(g);
    dsq_graph_free(&g);
}

static void test_consts(void **state)
{
    (void)state;
    struct dsq_graph *g;
    struct dsq_diag d;
    dsq_vid v;
    const float data[3] = {1, 2, 3};
    const struct dsq_shape three = {.rank = 1, .dim = {3}},
                           unknown = {.rank = 1, .dim = {DSQ_DIM_UNKNOWN}};
    assert_int_equal(dsq_graph_create(&g, "consts", NULL, &d), DSQ_OK);
    assert_int_equal(dsq_graph_add_const(g, "c", DSQ_F32, &three, data, sizeof data, &v, &d),
                     DSQ_OK);
    assert_true(dsq_value_is_const(g, v));
    assert_memory_equal(g->value[v].data, data, sizeof data);
    assert_int_equal((uintptr_t)g->value[v].data % 64, 0);
    assert_int_equal(dsq_graph_add_const(g, "d", DSQ_F32, &three, data, 8, &v, &d), DSQ_MALFORMED);
    assert_int_equal(dsq_graph_add_const(g, "e", DSQ_F32, &unknown, data, 8, &v, &d),
                     DSQ_MALFORMED);
    dsq_graph_free(&g);
}

static const char diamond[] = "graph \"diamond\"\n"
                              "input %x f32 [N,3,H,W] nchw\n"
                              "const %unused f32 [1] {2}\n"
                              "%a f32 ? = relu(%x) name=\"first\"\n"
                              "%s s64 ? = shape(%a)\n"
                              "%b f32 ? = sigmoid(%a)\n"
                              "%c f32 ? = add(%b, %b) name=\"twice\"\n"
                              "%d f32 ? = add(%c, %x)\n"
                              "output %d\n"
                              "output %s\n";

static void test_uses(void **state)
{
    (void)state;
    struct dsq_graph *g = parse_graph(diamond);
    struct dsq_arena arena;
    struct dsq_uses u;
    dsq_arena_init(&arena, NULL);
    assert_int_equal(dsq_graph_uses(g, &arena, &u, NULL), DSQ_OK);
    dsq_vid x = find(g, "x"), a = find(g, "a"), b = find(g, "b"), d = find(g, "d");
    assert_int_equal(u.n_uses[x], 2);
    assert_int_equal(u.consumer[x], -1);
    assert_int_equal(u.producer[x], -1);
    assert_int_equal(u.producer[a], 0);
    assert_int_equal(u.n_uses[a], 1);
    assert_int_equal(u.n_shape_uses[a], 1);
    assert_int_equal(u.consumer[a], 2); /* the sigmoid: shape does not need its data */
    assert_int_equal(u.n_uses[b], 2);   /* twice by one node */
    assert_int_equal(u.consumer[b], -1);
    assert_int_equal(u.n_uses[d], 1); /* by the outside */
    assert_int_equal(u.consumer[d], -1);
    dsq_arena_free(&arena);
    dsq_graph_free(&g);
}

static void test_shape_twin(void **state)
{
    (void)state;
    static const char text[] = "graph \"twin\"\n"
                               "input %x f32 [1,2,H,W] nchw\n"
                               "const %w f32 [1,1,1,2] {1, 1}\n"
                               "%y f32 ? = conv(%w, _, %x, _, _) {kernel=1,1 stride=2,2 "
                               "dilation=1,1 group=1 out_channels=1}\n"
                               "%s s64 ? = shape(%y)\n"
                               "%z f32 ? = relu(%y)\n"
                               "output %z\n"
                               "output %s\n";
    struct dsq_graph *g = parse_graph(text);
    struct dsq_arena arena;
    struct dsq_uses u;
    dsq_vid twin;
    dsq_arena_init(&arena, NULL);
    assert_int_equal(dsq_graph_shape_twin(g, 0, &twin, NULL), DSQ_OK);
    g->node[1].in[0] = twin;
    assert_int_equal(dsq_graph_compact(g, NULL), DSQ_OK);
    infer_graph(g);
    check_graph(g, false);
    assert_string_equal(shape_of(g, "y~1"), "[1,1,(H+1)/2,(W+1)/2]");
    assert_int_equal(dsq_graph_uses(g, &arena, &u, NULL), DSQ_OK);
    assert_int_equal(u.n_uses[find(g, "w")], 1); /* twins have no weights */
    assert_int_equal(u.n_uses[find(g, "x")], 1);
    assert_int_equal(u.n_shape_uses[find(g, "x")], 1);
    assert_int_equal(u.n_shape_uses[find(g, "y")], 0);
    /* Nobody may read a twin's data. */
    struct dsq_diag d;
    g->output[0] = find(g, "y~1");
    assert_int_equal(dsq_graph_check(g, false, &d), DSQ_MALFORMED);
    dsq_arena_free(&arena);
    dsq_graph_free(&g);
}

static void test_compact_sorts(void **state)
{
    (void)state;
    struct dsq_graph *g = parse_graph(diamond);
    struct dsq_node first = g->node[0];
    g->node[0] = g->node[4]; /* the last one first */
    g->node[4] = first;
    assert_int_equal(dsq_graph_compact(g, NULL), DSQ_OK);
    check_graph(g, false);
    assert_int_equal(dsq_graph_find(g, "unused", NULL), DSQ_NO_VALUE);
    assert_int_equal(g->n_nodes, 5);
    assert_string_equal(g->value[g->output[1]].name, "s");
    dsq_graph_free(&g);
}

static void test_compact_keeps_order(void **state)
{
    (void)state;
    struct dsq_graph *g = parse_graph(diamond);
    assert_int_equal(dsq_graph_compact(g, NULL), DSQ_OK);
    static const char *const names[] = {"a", "s", "b", "c", "d"};
    for (int i = 0; i < 5; i++)
        assert_string_equal(g->value[g->node[i].out[0]].name, names[i]);
    dsq_graph_free(&g);
}

/* Dropping a node the way passes do: its name lives on as an alias, ids change, names stay right.
 */
static void test_fold_away(void **state)
{
    (void)state;
    struct dsq_graph *g = parse_graph(diamond);
    bool folded;
    dsq_vid a = find(g, "a"), x = find(g, "x");
    assert_int_equal(dsq_graph_add_alias(g, x, a, NULL), DSQ_OK);
    dsq_graph_replace_uses(g, a, x);
    dsq_graph_kill_node(g, 0);
    assert_int_equal(dsq_graph_compact(g, NULL), DSQ_OK);
    check_graph(g, false);
    assert_int_equal(g->n_nodes, 4);
    assert_int_equal(dsq_graph_find(g, "a", &folded), find(g, "x"));
    assert_true(folded);
    for (dsq_vid v = 0; v < g->n_values; v++)
        assert_int_equal(find(g, g->value[v].name), v);
    dsq_graph_free(&g);
}

static void test_cycle(void **state)
{
    (void)state;
    struct dsq_graph *g = parse_graph(diamond);
    struct dsq_diag d;
    g->node[0].in[0] = find(g, "c");
    assert_int_equal(dsq_graph_compact(g, &d), DSQ_MALFORMED);
    assert_non_null(strstr(d.text, "cycle"));
    assert_true(strstr(d.text, "first") || strstr(d.text, "twice") || strstr(d.text, "'b'"));
    dsq_graph_free(&g);
}

/* A chain long enough to overflow a recursive walk's stack, handed over back to front. */
static void test_deep_chain(void **state)
{
    (void)state;
    enum { N = 200000 };
    struct dsq_graph *g;
    const struct dsq_shape shape = {.rank = 1, .dim = {1}};
    dsq_vid first, last, *v = malloc((N + 1) * sizeof *v);
    assert_int_equal(dsq_graph_create(&g, "deep", NULL, NULL), DSQ_OK);
    for (int i = 0; i <= N; i++) {
        char name[16];
        snprintf(name, sizeof name, "v%d", i);
        assert_int_equal(dsq_graph_add_value(g, name, DSQ_F32, &shape, &v[i], NULL), DSQ_OK);
    }
    for (int i = N; i > 0; i--)
        assert_int_equal(
            dsq_graph_add_node(g, DSQ_OP_RELU, NULL, 1, &v[i - 1], 1, &v[i], NULL, NULL, NULL),
            DSQ_OK);
    first = v[0];
    last = v[N];
    free(v);
    assert_int_equal(dsq_graph_set_io(g, &first, 1, &last, 1, NULL), DSQ_OK);
    assert_int_equal(dsq_graph_compact(g, NULL), DSQ_OK);
    check_graph(g, false);
    dsq_graph_free(&g);
}

static void test_clone(void **state)
{
    (void)state;
    struct dsq_graph *g = parse_graph(diamond), *copy;
    struct dsq_writer a, b;
    assert_int_equal(dsq_graph_add_alias_name(g, 0, "nickname", NULL), DSQ_OK);
    infer_graph(g);
    print_graph(g, &a, NULL);
    assert_int_equal(dsq_graph_clone(&copy, g, NULL), DSQ_OK);
    assert_int_equal(dsq_graph_rename(g, 0, "gone", NULL), DSQ_OK);
    dsq_graph_free(&g);
    print_graph(copy, &b, NULL);
    assert_string_equal(a.data, b.data);
    check_graph(copy, false);
    assert_int_equal(dsq_graph_find(copy, "nickname", NULL), 0);
    dsq_writer_free(&a);
    dsq_writer_free(&b);
    dsq_graph_free(&copy);
}

static void test_labels(void **state)
{
    (void)state;
    struct dsq_graph *g = parse_graph(diamond);
    char small[12];
    assert_string_equal(dsq_node_label(g, 0), "node 'first' (relu)");
    assert_string_equal(dsq_node_label(g, 2), "node of output 'b' (sigmoid)");
    assert_string_equal(dsq_node_describe(g, 0, small, sizeof small), "node 'first");
    dsq_graph_free(&g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ops_table),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_consts),
        cmocka_unit_test(test_uses),
        cmocka_unit_test(test_shape_twin),
        cmocka_unit_test(test_compact_sorts),
        cmocka_unit_test(test_compact_keeps_order),
        cmocka_unit_test(test_fold_away),
        cmocka_unit_test(test_cycle),
        cmocka_unit_test(test_deep_chain),
        cmocka_unit_test(test_clone),
        cmocka_unit_test(test_labels),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
