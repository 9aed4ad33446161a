/* SPDX-License-Identifier: Apache-2.0 */
/* The IR's text: parsed, checked, shapes inferred, printed and parsed again, then through the float
 * passes. The bytes up to the first NUL are the text, those behind it the constants' data. */
#include "base/memory.h"
#include "fuzz.h"
#include "graph/check.h"
#include "graph/infer.h"
#include "graph/text.h"
#include "pass/pass.h"
#include "round_trip.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    struct dsq_diag d = {0};
    struct dsq_graph *g = NULL;
    const uint8_t *end = bytes ? memchr(data, 0, bytes) : NULL;
    size_t text_bytes = end ? (size_t)(end - data) : bytes;
    size_t blob_bytes = end ? bytes - text_bytes - 1 : 0;
    char *text = fuzz_text(data, text_bytes);
    void *blob = dsq_alloc(NULL, blob_bytes);
    if (!text || !blob)
        goto done;
    if (blob_bytes)
        memcpy(blob, end + 1, blob_bytes);
    enum dsq_status status =
        dsq_graph_parse(&g, text, text_bytes, blob, blob_bytes, true, NULL, &d);
    fuzz_check_answer(status, g, &d);
    if (g && fuzz_ok(dsq_graph_check(g, false, &d), &d)) {
        fuzz_round_trip(g);
        (void)fuzz_ok(dsq_graph_check(g, true, &d), &d);
        if (fuzz_ok(dsq_graph_infer(g, &d), &d)) {
            fuzz_round_trip(g);
            if (fuzz_ok(dsq_passes_run(g, NULL, NULL, &d), &d))
                fuzz_round_trip(g);
        }
    }
done:
    dsq_graph_free(&g);
    dsq_release(NULL, blob);
    free(text);
    return 0;
}
