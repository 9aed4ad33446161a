/* SPDX-License-Identifier: Apache-2.0 */
/* A graph as text and back. */
#include "round_trip.h"

#include "base/bytes.h"
#include "fuzz.h"
#include "graph/text.h"

void fuzz_round_trip(const struct dsq_graph *g)
{
    struct dsq_diag d = {0};
    struct dsq_writer text, blob, again, again_blob;
    struct dsq_graph *copy = NULL;
    dsq_writer_init(&text, NULL);
    dsq_writer_init(&blob, NULL);
    dsq_writer_init(&again, NULL);
    dsq_writer_init(&again_blob, NULL);
    if (dsq_graph_print(g, &text, &blob, &d) == DSQ_OK && !text.failed && !blob.failed) {
        enum dsq_status status =
            dsq_graph_parse(&copy, text.data, text.bytes, blob.data, blob.bytes, false, NULL, &d);
        if (status != DSQ_OK)
            fprintf(stderr, "%s\n%.*s\n", d.text, (int)text.bytes, text.data);
        FUZZ_CHECK(status == DSQ_OK);
        FUZZ_CHECK(dsq_graph_print(copy, &again, &again_blob, &d) == DSQ_OK);
        FUZZ_CHECK(again.bytes == text.bytes && memcmp(again.data, text.data, text.bytes) == 0);
        FUZZ_CHECK(again_blob.bytes == blob.bytes);
    }
    dsq_graph_free(&copy);
    dsq_writer_free(&text);
    dsq_writer_free(&blob);
    dsq_writer_free(&again);
    dsq_writer_free(&again_blob);
}
