/* SPDX-License-Identifier: Apache-2.0 */
/* What the tests of src/detect share: noise, files, an allocator that fails on request. */
#ifndef DETECT_TEST_H
#define DETECT_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <dsq/dsq.h>

#include "base/bytes.h"
#include "base/memory.h"

#define TEST_DATA "tests/data/detect/"

/* Number i of a seed, in [0, 1): the same as in tests/data/detect/make.py. */
static inline double noise(uint64_t i, uint64_t seed)
{
    uint64_t x = (i + seed) * UINT64_C(0x9E3779B97F4A7C15);
    x ^= x >> 29;
    x *= UINT64_C(0xBF58476D1CE4E5B9);
    x ^= x >> 32;
    return (double)(x >> 40) / 16777216.0;
}

static inline void noise_pixels(uint8_t *rgb, size_t n, uint64_t seed)
{
    for (size_t i = 0; i < n; i++)
        rgb[i] = (uint8_t)(noise(i, seed) * 256.0);
}

static inline uint8_t *read_all(const char *path, size_t *bytes)
{
    struct dsq_diag d = {0};
    void *data = NULL;
    if (dsq_file_read(path, NULL, &data, bytes, &d) != DSQ_OK)
        fail_msg("%s", d.text);
    return data;
}

#define assert_ok(call, diag)                                                                      \
    do {                                                                                           \
        if ((call) != DSQ_OK)                                                                      \
            fail_msg("%s", (diag).text);                                                           \
    } while (0)

#define assert_says(diag, part)                                                                    \
    do {                                                                                           \
        if (!strstr((diag).text, part))                                                            \
            fail_msg("'%s' does not say '%s'", (diag).text, part);                                 \
    } while (0)

/* Counts live pieces; request number `fail_at` (from 0) and all later ones fail. */
struct failing {
    struct dsq_allocator allocator;
    long requests, fail_at, live;
};

static inline void *failing_alloc(void *user, size_t bytes)
{
    struct failing *f = user;
    if (f->requests++ >= f->fail_at)
        return NULL;
    void *p = aligned_alloc(64, dsq_align_up(bytes ? bytes : 1, 64));
    f->live += p != NULL;
    return p;
}

static inline void failing_free(void *user, void *memory)
{
    struct failing *f = user;
    f->live -= memory != NULL;
    free(memory);
}

static inline void failing_init(struct failing *f, long fail_at)
{
    *f = (struct failing){{f, failing_alloc, failing_free}, 0, fail_at, 0};
}

#endif
