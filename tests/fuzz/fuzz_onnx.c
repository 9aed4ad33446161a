/* SPDX-License-Identifier: Apache-2.0 */
/* A model: parsed, imported, and through all passes, once in float and once with a range for every
 * tensor. The graphs before and after are printed, parsed back and compared. What the library holds
 * at a time is bounded: a small file asks for little. */
#include "base/memory.h"
#include "fuzz.h"
#include "onnx/onnx.h"
#include "pass/pass.h"
#include "round_trip.h"

enum { MOST_BYTES = 512 << 20, HEAD_BYTES = 64 };
static size_t live_bytes;

static void *bounded_alloc(void *user, size_t bytes)
{
    (void)user;
    FUZZ_CHECK(bytes < MOST_BYTES && live_bytes + bytes < MOST_BYTES);
    char *p = aligned_alloc(HEAD_BYTES, dsq_align_up(HEAD_BYTES + bytes, HEAD_BYTES));
    if (!p)
        return NULL;
    memcpy(p, &bytes, sizeof bytes);
    live_bytes += bytes;
    return p + HEAD_BYTES;
}

static void bounded_free(void *user, void *memory)
{
    (void)user;
    char *p = (char *)memory - HEAD_BYTES;
    size_t bytes;
    memcpy(&bytes, p, sizeof bytes);
    live_bytes -= bytes;
    free(p);
}

static const struct dsq_allocator bounded = {NULL, bounded_alloc, bounded_free};

/* Every value has a range: whatever can be INT8 will be. NULL when a name is refused. */
static struct dsq_ranges *ranges_of(const struct dsq_graph *g, struct dsq_diag *d)
{
    struct dsq_ranges *ranges = NULL;
    enum dsq_status status = dsq_ranges_create(&ranges, g->arena.allocator, d);
    for (int32_t v = 0; v < g->n_values && status == DSQ_OK; v++)
        status = dsq_ranges_set(ranges, g->value[v].name, 0.5 + v % 7, d);
    if (status != DSQ_OK)
        dsq_ranges_free(&ranges);
    return ranges;
}

static void import_and_compile(const struct dsq_onnx *m, bool quantize)
{
    struct dsq_diag d = {0};
    struct dsq_graph *g = NULL;
    enum dsq_status status = dsq_onnx_to_graph(m, &g, &d);
    fuzz_check_answer(status, g, &d);
    if (!g)
        return;
    struct dsq_ranges *ranges = quantize ? ranges_of(g, &d) : NULL;
    struct dsq_pass_settings s = {.ranges = ranges};
    fuzz_round_trip(g);
    if (fuzz_ok(dsq_passes_run(g, &s, NULL, &d), &d))
        fuzz_round_trip(g);
    dsq_ranges_free(&ranges);
    dsq_graph_free(&g);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    struct dsq_diag d = {0};
    struct dsq_onnx *m = NULL;
    enum dsq_status status = dsq_onnx_parse(&m, data, bytes, "input", &bounded, &d);
    fuzz_check_answer(status, m, &d);
    if (m) {
        (void)dsq_onnx_metadata(m, "dsq.quant");
        import_and_compile(m, false);
        import_and_compile(m, true);
    }
    dsq_onnx_free(&m);
    FUZZ_CHECK(live_bytes == 0);
    return 0;
}
