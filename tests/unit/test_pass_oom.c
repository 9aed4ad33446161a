/* SPDX-License-Identifier: Apache-2.0 */
/* From the ONNX file through all passes, with allocation 0, 1, 2, ... failing: an error, never a
 * crash or a leak. */
#include "graph_test.h"
#include "onnx/onnx.h"
#include "pass/pass.h"

static const char path[] = "tests/onnx/detector.onnx";

static enum dsq_status import_and_pass(const struct dsq_ranges *ranges,
                                       const struct dsq_allocator *a, struct dsq_graph **g)
{
    const struct dsq_pass_settings settings = {.ranges = ranges, .verify = true};
    struct dsq_onnx *m = NULL;
    enum dsq_status status;
    *g = NULL;
    DSQ_GUARD(dsq_onnx_read(&m, path, a, NULL));
    DSQ_GUARD(dsq_onnx_to_graph(m, g, NULL));
    DSQ_GUARD(dsq_passes_run(*g, &settings, NULL, NULL));
fail:
    dsq_onnx_free(&m);
    return status;
}

/* One for every value, so that everything that can becomes INT8. */
static struct dsq_ranges *make_ranges(void)
{
    struct dsq_ranges *r;
    struct dsq_graph *g;
    struct dsq_diag d = {0};
    assert_int_equal(dsq_ranges_create(&r, NULL, &d), DSQ_OK);
    assert_int_equal(import_and_pass(NULL, NULL, &g), DSQ_OK);
    for (dsq_vid v = 0; v < g->n_values; v++)
        if (!g->value[v].data && g->value[v].dtype == DSQ_F32)
            assert_int_equal(dsq_ranges_set(r, g->value[v].name, 3.0, &d), DSQ_OK);
    dsq_graph_free(&g);
    return r;
}

static bool has_s8(const struct dsq_graph *g)
{
    for (dsq_vid v = 0; v < g->n_values; v++)
        if (g->value[v].dtype == DSQ_S8)
            return true;
    return false;
}

static void test_every_allocation(void **state)
{
    (void)state;
    struct dsq_ranges *ranges = make_ranges();
    enum dsq_status status = DSQ_NOMEM;
    for (long n = 0; status != DSQ_OK; n++) {
        struct counted c = {n, 0, 0};
        const struct dsq_allocator a = {&c, counted_alloc, counted_free};
        struct dsq_graph *g;
        status = import_and_pass(ranges, &a, &g);
        if (status != DSQ_OK && status != DSQ_NOMEM)
            fail_msg("allocation %ld failed: %s", n, dsq_status_name(status));
        assert_true(status != DSQ_OK || (c.requests <= n && has_s8(g)));
        dsq_graph_free(&g);
        assert_int_equal(c.in_use, 0);
    }
    dsq_ranges_free(&ranges);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_every_allocation)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
