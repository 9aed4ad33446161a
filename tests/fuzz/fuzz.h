/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the fuzz targets share.
 *
 * A target is one file with one function, LLVMFuzzerTestOneInput: it gives the bytes to one parser
 * and, where the parser takes them, to what comes right after it. Any answer is right as long as it
 * is one: a status with a reason, or a result that survives being written and read again. The
 * sanitizers judge memory and arithmetic, libFuzzer time and memory (docs/testing.md).
 *
 * The same files linked with replay.c instead of libFuzzer replay tests/fuzz/corpus in ctest.
 */
#ifndef TESTS_FUZZ_FUZZ_H
#define TESTS_FUZZ_FUZZ_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <dsq/dsq.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

/* A rule of the target's own that an input has broken. */
#define FUZZ_CHECK(rule)                                                                           \
    do {                                                                                           \
        if (!(rule)) {                                                                             \
            fprintf(stderr, "%s:%d: broken: %s\n", __FILE__, __LINE__, #rule);                     \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

/* Success has a result and no failure is without its reason. Forgets the reason. */
static inline void fuzz_check_answer(enum dsq_status status, const void *result, struct dsq_diag *d)
{
    FUZZ_CHECK((status == DSQ_OK) == (result != NULL));
    FUZZ_CHECK(status == DSQ_OK || (d->status == status && d->text[0] && !strchr(d->text, '\n')));
    d->text[0] = 0;
}

/* The same for steps that only answer. */
static inline bool fuzz_ok(enum dsq_status status, struct dsq_diag *d)
{
    fuzz_check_answer(status, status == DSQ_OK ? d : NULL, d);
    return status == DSQ_OK;
}

/* The bytes as a text that ends. NULL when memory is out. */
static inline char *fuzz_text(const uint8_t *data, size_t bytes)
{
    char *text = malloc(bytes + 1);
    if (text && bytes)
        memcpy(text, data, bytes);
    if (text)
        text[bytes] = 0;
    return text;
}

#endif
