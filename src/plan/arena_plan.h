/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Arena layout: offsets for blocks that live through ranges of steps, so that blocks alive at the
 * same time never overlap and the whole stays small.
 *
 * The largest block first, each into the smallest gap that holds it among the blocks placed before
 * it that are alive with it ("greedy by size", Pisarchyk and Lee, "Efficient Memory Management for
 * Deep Neural Net Inference", 2020). Deterministic.
 */
#ifndef DSQ_PLAN_ARENA_PLAN_H
#define DSQ_PLAN_ARENA_PLAN_H

#include "base/memory.h"

enum { DSQ_ARENA_ALIGNMENT = 64 };

struct dsq_arena_block_plan {
    size_t bytes;        /* in; 0 takes no room */
    int32_t first, last; /* in: alive through these steps, both included */
    size_t offset;       /* out: a multiple of DSQ_ARENA_ALIGNMENT */
};

/* Give every block its offset; the bytes needed go to *total. `order` is scratch of 2 * n numbers.
 * False if sizes overflow. */
bool dsq_arena_plan(struct dsq_arena_block_plan *block, int32_t n, int32_t *order, size_t *total);

#endif
