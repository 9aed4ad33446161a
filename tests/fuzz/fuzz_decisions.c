/* SPDX-License-Identifier: Apache-2.0 */
/* The quantization decisions in a model's metadata: what is read prints, and prints the same after
 * being read again. */
#include "fuzz.h"
#include "quant/decisions.h"

static void round_trip(const struct dsq_decisions *decisions)
{
    struct dsq_diag d = {0};
    struct dsq_writer w, again;
    struct dsq_decisions *copy = NULL;
    dsq_writer_init(&w, NULL);
    dsq_writer_init(&again, NULL);
    FUZZ_CHECK(dsq_decisions_to_json(decisions, &w, &d) == DSQ_OK);
    dsq_write_bytes(&w, "", 1);
    FUZZ_CHECK(!w.failed && dsq_decisions_parse(&copy, w.data, NULL, &d) == DSQ_OK);
    FUZZ_CHECK(dsq_decisions_to_json(copy, &again, &d) == DSQ_OK && !again.failed);
    FUZZ_CHECK(again.bytes == w.bytes - 1 && memcmp(again.data, w.data, again.bytes) == 0);
    dsq_decisions_free(&copy);
    dsq_writer_free(&w);
    dsq_writer_free(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    struct dsq_diag d = {0};
    struct dsq_decisions *decisions = NULL;
    char *text = fuzz_text(data, bytes);
    if (!text)
        return 0;
    enum dsq_status status = dsq_decisions_parse(&decisions, text, NULL, &d);
    fuzz_check_answer(status, decisions, &d);
    if (decisions)
        round_trip(decisions);
    dsq_decisions_free(&decisions);
    free(text);
    return 0;
}
