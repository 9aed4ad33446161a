/* SPDX-License-Identifier: Apache-2.0 */
/* The seconds that a context adds up by node. */
#include "engine_support.h"

#include <string.h>

enum { N_NODES = 3, H = 5, W = 7 };

static const char *const text = "graph \"profiled\"\n"
                                "input %x f32 [1,3,H,W] nchw\n"
                                "%a f32 [1,3,H,W] nhwc = relayout(%x)\n"
                                "%y f32 [1,3,H,W] nhwc = relu(%a)\n"
                                "%s s64 [4] = shape(%y)\n"
                                "output %y\n"
                                "output %s\n";

/* They go to the nodes that run, run after run, until the profile is ended. */
static void test_profile(void **state)
{
    (void)state;
    struct dsq_engine_file *file = file_of(graph_of(text), NULL);
    struct dsq_engine *engine = NULL;
    struct dsq_context *context = NULL;
    float x[3 * H * W] = {1};
    double seconds[N_NODES] = {0}, after[N_NODES];
    assert_int_equal(file->graph->n_nodes, N_NODES);
    assert_ok(dsq_engine_load(&engine, file, NULL, diag));
    assert_ok(dsq_context_create(&context, engine, NULL, diag));
    struct dsq_tensor in = {.dtype = DSQ_F32, .rank = 4, .dims = {1, 3, H, W}, .data = x};
    assert_ok(dsq_context_set_input(context, 0, &in, diag));
    dsq_context_profile(context, seconds);
    for (int i = 0; i < 100; i++) /* a clock's tick may be longer than a node */
        assert_ok(dsq_context_run(context, diag));
    for (int32_t i = 0; i < N_NODES; i++)
        assert_true(file->graph->node[i].op == DSQ_OP_SHAPE ? seconds[i] == 0 : seconds[i] > 0);
    memcpy(after, seconds, sizeof after);
    dsq_context_profile(context, NULL);
    assert_ok(dsq_context_run(context, diag));
    assert_memory_equal(after, seconds, sizeof after);
    dsq_context_free(&context);
    dsq_engine_free(&engine);
    dsq_engine_file_free(&file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_profile)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
