/* SPDX-License-Identifier: Apache-2.0 */
/* The default allocator and arenas. */
#include "base/memory.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ALIGNMENT = 64, FIRST_BLOCK = 16 * 1024, BLOCK_HEAD = 64 };

static void *default_alloc(void *user, size_t bytes)
{
    (void)user;
    if (bytes > SIZE_MAX - ALIGNMENT)
        return NULL;
    return aligned_alloc(ALIGNMENT, dsq_align_up(bytes ? bytes : 1, ALIGNMENT));
}

static void default_free(void *user, void *memory)
{
    (void)user;
    free(memory);
}

const struct dsq_allocator *dsq_default_allocator(void)
{
    static const struct dsq_allocator plain = {NULL, default_alloc, default_free};
    return &plain;
}

void *dsq_alloc(const struct dsq_allocator *a, size_t bytes)
{
    if (!a)
        a = dsq_default_allocator();
    return a->alloc(a->user, bytes ? bytes : 1);
}

void *dsq_calloc(const struct dsq_allocator *a, size_t n, size_t size)
{
    size_t bytes;
    if (!dsq_mul(n, size, &bytes))
        return NULL;
    void *p = dsq_alloc(a, bytes);
    return p ? memset(p, 0, bytes ? bytes : 1) : NULL;
}

void dsq_release(const struct dsq_allocator *a, void *memory)
{
    if (!memory)
        return;
    if (!a)
        a = dsq_default_allocator();
    a->free(a->user, memory);
}

struct dsq_arena_block {
    struct dsq_arena_block *next;
    size_t bytes; /* usable, after BLOCK_HEAD */
};

void dsq_arena_init(struct dsq_arena *arena, const struct dsq_allocator *a)
{
    *arena = (struct dsq_arena){.allocator = a};
}

void dsq_arena_free(struct dsq_arena *arena)
{
    struct dsq_arena_block *b = arena->head;
    while (b) {
        struct dsq_arena_block *next = b->next;
        dsq_release(arena->allocator, b);
        b = next;
    }
    arena->head = NULL;
    arena->used = arena->total_bytes = 0;
}

static bool add_block(struct dsq_arena *arena, size_t need)
{
    size_t bytes = arena->head ? arena->head->bytes * 2 : FIRST_BLOCK;
    if (bytes > (1u << 20))
        bytes = 1u << 20;
    if (bytes < need)
        bytes = need;
    size_t whole;
    if (!dsq_add(bytes, BLOCK_HEAD, &whole))
        return false;
    if (arena->limit_bytes &&
        (whole > arena->limit_bytes || arena->total_bytes > arena->limit_bytes - whole))
        return false;
    struct dsq_arena_block *b = dsq_alloc(arena->allocator, whole);
    if (!b)
        return false;
    b->bytes = bytes;
    b->next = arena->head;
    arena->head = b;
    arena->used = 0;
    arena->total_bytes += whole;
    return true;
}

static void *arena_piece(struct dsq_arena *arena, size_t bytes, size_t alignment)
{
    if (bytes > SIZE_MAX / 2)
        return NULL;
    size_t at = arena->head ? dsq_align_up(arena->used, alignment) : 0;
    if (!arena->head || at > arena->head->bytes || bytes > arena->head->bytes - at) {
        if (!add_block(arena, bytes))
            return NULL;
        at = 0;
    }
    char *p = (char *)arena->head + BLOCK_HEAD + at;
    arena->used = at + bytes;
    return memset(p, 0, bytes);
}

void *dsq_arena_alloc(struct dsq_arena *arena, size_t bytes)
{
    return arena_piece(arena, bytes, 16);
}

void *dsq_arena_alloc64(struct dsq_arena *arena, size_t bytes)
{
    return arena_piece(arena, bytes, 64);
}

void *dsq_arena_calloc(struct dsq_arena *arena, size_t n, size_t size)
{
    size_t bytes;
    return dsq_mul(n, size, &bytes) ? dsq_arena_alloc(arena, bytes) : NULL;
}

void *dsq_arena_copy(struct dsq_arena *arena, const void *data, size_t bytes)
{
    void *p = arena_piece(arena, bytes, 64);
    if (p && bytes)
        memcpy(p, data, bytes);
    return p;
}

char *dsq_arena_string(struct dsq_arena *arena, const char *text, size_t length)
{
    char *p = arena_piece(arena, length + 1, 1);
    if (p && length)
        memcpy(p, text, length);
    return p;
}

char *dsq_arena_printf(struct dsq_arena *arena, const char *format, ...)
{
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    int n = vsnprintf(NULL, 0, format, args);
    va_end(args);
    char *p = n < 0 ? NULL : arena_piece(arena, (size_t)n + 1, 1);
    if (p)
        vsnprintf(p, (size_t)n + 1, format, again);
    va_end(again);
    return p;
}
