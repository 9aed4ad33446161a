/* SPDX-License-Identifier: Apache-2.0 */
/* The graph's functions with allocation 0, 1, 2, ... failing: an error, never a crash or a leak. */
#include "graph_test.h"

/* Enough values that every array and the table of names grow. */
static void write_graph(struct dsq_writer *w)
{
    dsq_writer_init(w, NULL);
    dsq_write_text(w, "graph \"g\"\ninput %v0 f32 [N,3,H,W] nchw\nconst %two s64 [] {2}\n");
    for (int i = 0; i < 300; i++)
        dsq_write_format(w,
                         "%%v%d f32 ? nchw alias=\"a%d\",\"b%d\" = maxpool(%%v%d) {kernel=%d,1 "
                         "stride=1,1 dilation=1,1 pad=%d,0,0,0}\n",
                         i + 1, i, i, i, i % 5 + 1, i % 3);
    dsq_write_text(w,
                   "%s s64 ? nchw = shape(%v300)\n%h s64 ? nchw = gather(%s, %two)\noutput %v300\n"
                   "output %h\n");
}

static enum dsq_status all_of_it(const struct dsq_writer *source, const struct dsq_allocator *a)
{
    struct dsq_graph *g = NULL, *copy = NULL;
    struct dsq_writer text, blob;
    struct dsq_arena arena;
    struct dsq_uses uses;
    enum dsq_status status;
    dsq_vid twin;
    dsq_writer_init(&text, a);
    dsq_writer_init(&blob, a);
    dsq_arena_init(&arena, a);
    DSQ_GUARD(dsq_graph_parse(&g, source->data, source->bytes, NULL, 0, false, a, NULL));
    DSQ_GUARD(dsq_graph_shape_twin(g, 299, &twin, NULL));
    g->node[300].in[0] = twin;
    DSQ_GUARD(dsq_graph_infer(g, NULL));
    DSQ_GUARD(dsq_graph_compact(g, NULL));
    DSQ_GUARD(dsq_graph_clone(&copy, g, NULL));
    DSQ_GUARD(dsq_graph_infer(copy, NULL));
    DSQ_GUARD(dsq_graph_check(copy, false, NULL));
    DSQ_GUARD(dsq_graph_uses(copy, &arena, &uses, NULL));
    DSQ_GUARD(dsq_graph_print(copy, &text, &blob, NULL));
fail:
    dsq_graph_free(&g);
    dsq_graph_free(&copy);
    dsq_writer_free(&text);
    dsq_writer_free(&blob);
    dsq_arena_free(&arena);
    return status;
}

static void test_every_allocation(void **state)
{
    (void)state;
    struct dsq_writer source;
    write_graph(&source);
    for (long n = 0;; n++) {
        struct counted c = {n, 0, 0};
        const struct dsq_allocator a = {&c, counted_alloc, counted_free};
        enum dsq_status s = all_of_it(&source, &a);
        assert_int_equal(c.in_use, 0);
        if (s == DSQ_OK) {
            assert_true(n > 20);
            break;
        }
        assert_int_equal(s, DSQ_NOMEM);
    }
    dsq_writer_free(&source);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_every_allocation)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
