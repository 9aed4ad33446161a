/* SPDX-License-Identifier: Apache-2.0 */
/* The JSON file of activation ranges: what is read is written and read again. */
#include "fuzz.h"
#include "quant/ranges.h"

static void round_trip(const struct dsq_ranges *ranges)
{
    struct dsq_diag d = {0};
    struct dsq_writer w;
    struct dsq_ranges *again = NULL;
    dsq_writer_init(&w, NULL);
    FUZZ_CHECK(dsq_ranges_to_json(ranges, &w, &d) == DSQ_OK && !w.failed);
    FUZZ_CHECK(dsq_ranges_parse_json(&again, w.data, w.bytes, "again", NULL, &d) == DSQ_OK);
    FUZZ_CHECK(dsq_ranges_count(again) == dsq_ranges_count(ranges));
    for (size_t i = 0; i < dsq_ranges_count(ranges); i++) {
        double is = -1, was = -2;
        const char *name = dsq_ranges_name(ranges, i);
        FUZZ_CHECK(strcmp(name, dsq_ranges_name(again, i)) == 0);
        FUZZ_CHECK(dsq_ranges_get(ranges, name, &was) && dsq_ranges_get(again, name, &is));
        FUZZ_CHECK(is == was);
    }
    dsq_ranges_free(&again);
    dsq_writer_free(&w);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    struct dsq_diag d = {0};
    struct dsq_ranges *ranges = NULL;
    enum dsq_status status =
        dsq_ranges_parse_json(&ranges, (const char *)data, bytes, "input", NULL, &d);
    fuzz_check_answer(status, ranges, &d);
    if (ranges)
        round_trip(ranges);
    dsq_ranges_free(&ranges);
    return 0;
}
