/* SPDX-License-Identifier: Apache-2.0 */
/* Greedy-by-size placement; see arena_plan.h. Quadratic in the number of blocks, which is a few
 * hundred. */
#include "plan/arena_plan.h"

static bool goes_before(const struct dsq_arena_block_plan *block, int32_t a, int32_t b)
{
    if (block[a].bytes != block[b].bytes)
        return block[a].bytes > block[b].bytes;
    return a < b;
}

/* Heap sort: no allocation, no worst case. */
static void sift_down(const struct dsq_arena_block_plan *block, int32_t *order, int32_t root,
                      int32_t n)
{
    for (int32_t child; (child = 2 * root + 1) < n; root = child) {
        if (child + 1 < n && goes_before(block, order[child], order[child + 1]))
            child++;
        if (goes_before(block, order[child], order[root]))
            return;
        int32_t t = order[root];
        order[root] = order[child];
        order[child] = t;
    }
}

static void sort_by_size(const struct dsq_arena_block_plan *block, int32_t *order, int32_t n)
{
    for (int32_t i = n / 2 - 1; i >= 0; i--)
        sift_down(block, order, i, n);
    for (int32_t end = n - 1; end > 0; end--) {
        int32_t t = order[0];
        order[0] = order[end];
        order[end] = t;
        sift_down(block, order, 0, end);
    }
}

static size_t whole(size_t bytes)
{
    return dsq_align_up(bytes, DSQ_ARENA_ALIGNMENT);
}

/* The smallest gap that holds block b between blocks placed before (sorted by offset) and alive
 * with it; or behind them all. */
static size_t best_gap(const struct dsq_arena_block_plan *block, const int32_t *placed,
                       int32_t n_placed, const struct dsq_arena_block_plan *b)
{
    size_t end = 0, best = SIZE_MAX, best_bytes = SIZE_MAX;
    for (int32_t i = 0; i < n_placed; i++) {
        const struct dsq_arena_block_plan *o = &block[placed[i]];
        if (o->first > b->last || o->last < b->first)
            continue;
        if (o->offset > end && o->offset - end >= b->bytes && o->offset - end < best_bytes) {
            best = end;
            best_bytes = o->offset - end;
        }
        if (o->offset + whole(o->bytes) > end)
            end = o->offset + whole(o->bytes);
    }
    return best != SIZE_MAX ? best : end;
}

bool dsq_arena_plan(struct dsq_arena_block_plan *block, int32_t n, int32_t *order, size_t *total)
{
    int32_t *placed = order + n, n_placed = 0;
    size_t sum = 0;
    for (int32_t i = 0; i < n; i++) {
        order[i] = i;
        block[i].offset = 0;
        if (block[i].bytes > SIZE_MAX / 2 || !dsq_add(sum, whole(block[i].bytes), &sum))
            return false;
    }
    sort_by_size(block, order, n);
    *total = 0;
    for (int32_t i = 0; i < n && block[order[i]].bytes > 0; i++) {
        struct dsq_arena_block_plan *b = &block[order[i]];
        b->offset = best_gap(block, placed, n_placed, b);
        int32_t at = n_placed++;
        for (; at > 0 && block[placed[at - 1]].offset > b->offset; at--)
            placed[at] = placed[at - 1];
        placed[at] = order[i];
        if (b->offset + whole(b->bytes) > *total)
            *total = b->offset + whole(b->bytes);
    }
    return true;
}
