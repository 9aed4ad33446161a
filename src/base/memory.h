/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory: allocation through the caller's allocator, sizes that cannot overflow, and arenas.
 *
 * Everything the library allocates for itself goes through a struct dsq_allocator, so that a
 * program can count it and tests can make the Nth request fail. Memory is 64-byte aligned.
 */
#ifndef DSQ_BASE_MEMORY_H
#define DSQ_BASE_MEMORY_H

#include <dsq/types.h>

/* The allocator over aligned_alloc and free, used wherever the caller gives none. */
const struct dsq_allocator *dsq_default_allocator(void);

/* `a` may be NULL (the default). Return NULL when memory is out; a request of 0 bytes gives a valid
 * pointer. dsq_calloc also zeroes and checks n * size for overflow. */
void *dsq_alloc(const struct dsq_allocator *a, size_t bytes);
void *dsq_calloc(const struct dsq_allocator *a, size_t n, size_t size);
void dsq_release(const struct dsq_allocator *a, void *memory); /* accepts NULL */

/* Checked arithmetic on sizes: false and *out untouched on overflow. */
static inline bool dsq_mul(size_t a, size_t b, size_t *out)
{
    size_t r;
    if (__builtin_mul_overflow(a, b, &r))
        return false;
    *out = r;
    return true;
}
static inline bool dsq_add(size_t a, size_t b, size_t *out)
{
    size_t r;
    if (__builtin_add_overflow(a, b, &r))
        return false;
    *out = r;
    return true;
}
static inline size_t dsq_align_up(size_t n, size_t to)
{
    return (n + to - 1) / to * to;
}

/* An arena: many small pieces that live and die together (one graph, one parse). Pieces are never
 * freed singly. Not thread safe. */
struct dsq_arena {
    const struct dsq_allocator *allocator;
    struct dsq_arena_block *head;
    size_t used, total_bytes; /* used: of head; total_bytes: of all blocks */
    size_t limit_bytes;       /* 0: none; a request beyond it fails like out of memory */
};

void dsq_arena_init(struct dsq_arena *arena, const struct dsq_allocator *a);
void dsq_arena_free(struct dsq_arena *arena); /* all pieces; the arena may be used again */
/* 16-byte aligned, zeroed pieces; NULL when memory is out. dsq_arena_alloc64 aligns to 64. */
void *dsq_arena_alloc(struct dsq_arena *arena, size_t bytes);
void *dsq_arena_alloc64(struct dsq_arena *arena, size_t bytes);
void *dsq_arena_calloc(struct dsq_arena *arena, size_t n, size_t size);
void *dsq_arena_copy(struct dsq_arena *arena, const void *data, size_t bytes);
char *dsq_arena_string(struct dsq_arena *arena, const char *text, size_t length);
char *dsq_arena_printf(struct dsq_arena *arena, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
