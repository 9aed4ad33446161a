/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the processor can do, and what it may use.
 *
 * Kernels are chosen by `detected & mask`. The mask comes from the caller (--cpu=LEVEL), so that
 * every level can be tested on one machine. A level includes all below it. Detection believes AVX
 * and AVX-512 only when the operating system saves those registers (XCR0).
 */
#ifndef DSQ_BASE_CPU_H
#define DSQ_BASE_CPU_H

#include <stdbool.h>
#include <stdint.h>

enum dsq_cpu_flag {
    DSQ_CPU_NONE = 0,            /* plain C */
    DSQ_CPU_AVX2 = 1 << 0,       /* AVX2, FMA */
    DSQ_CPU_AVX512VNNI = 1 << 1, /* AVX-512 F, BW, VL, DQ and VNNI */
};

struct dsq_cpu_level {
    const char *name; /* "ref", "avx2", "avx512vnni" */
    uint32_t flags;   /* everything the level may use */
};

/* All levels, slowest first. */
const struct dsq_cpu_level *dsq_cpu_levels(int *n);
/* The level of that name, or NULL. */
const struct dsq_cpu_level *dsq_cpu_level_find(const char *name);
/* The flags this machine has. Cheap after the first call; thread safe. */
uint32_t dsq_cpu_detect(void);
/* The name of the best level within `flags`. */
const char *dsq_cpu_level_name(uint32_t flags);

#endif
