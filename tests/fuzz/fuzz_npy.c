/* SPDX-License-Identifier: Apache-2.0 */
/* numpy files: what is read is written and read again. */
#include "base/npy.h"
#include "fuzz.h"

static void round_trip(const struct dsq_tensor *t)
{
    struct dsq_diag d = {0};
    struct dsq_writer w;
    struct dsq_tensor again;
    dsq_writer_init(&w, NULL);
    FUZZ_CHECK(dsq_npy_format(&w, t, "again", &d) == DSQ_OK && !w.failed);
    FUZZ_CHECK(dsq_npy_parse(&again, w.data, w.bytes, "again", NULL, &d) == DSQ_OK);
    FUZZ_CHECK(again.rank == t->rank && again.dtype == t->dtype);
    size_t bytes = dsq_dtype_bytes(t->dtype);
    for (int32_t i = 0; i < t->rank; i++) {
        FUZZ_CHECK(again.dims[i] == t->dims[i] && again.strides[i] == t->strides[i]);
        bytes *= (size_t)t->dims[i];
    }
    FUZZ_CHECK(memcmp(again.data, t->data, bytes) == 0);
    dsq_npy_free(&again, NULL);
    dsq_writer_free(&w);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    struct dsq_diag d = {0};
    struct dsq_tensor t = {0};
    enum dsq_status status = dsq_npy_parse(&t, data, bytes, "input", NULL, &d);
    fuzz_check_answer(status, t.data, &d);
    if (status == DSQ_OK)
        round_trip(&t);
    dsq_npy_free(&t, NULL);
    return 0;
}
