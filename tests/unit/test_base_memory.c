/* SPDX-License-Identifier: Apache-2.0 */
/* Allocation, checked sizes and arenas. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "base/memory.h"

struct counted {
    int left, in_use;
};

static void *counted_alloc(void *user, size_t bytes)
{
    struct counted *c = user;
    if (c->left == 0)
        return NULL;
    c->left--;
    c->in_use++;
    return dsq_alloc(NULL, bytes);
}

static void counted_free(void *user, void *memory)
{
    ((struct counted *)user)->in_use--;
    dsq_release(NULL, memory);
}

static void test_default_allocator(void **state)
{
    (void)state;
    for (size_t n = 0; n < 200; n += 7) {
        char *p = dsq_alloc(NULL, n);
        assert_non_null(p);
        assert_int_equal((uintptr_t)p % 64, 0);
        memset(p, 1, n);
        dsq_release(NULL, p);
    }
    assert_null(dsq_alloc(NULL, SIZE_MAX));
    assert_null(dsq_calloc(NULL, SIZE_MAX / 2, 3));
    dsq_release(NULL, NULL);
    int *zero = dsq_calloc(NULL, 100, sizeof *zero);
    for (int i = 0; i < 100; i++)
        assert_int_equal(zero[i], 0);
    dsq_release(NULL, zero);
}

static void test_callers_allocator(void **state)
{
    (void)state;
    struct counted c = {1, 0};
    const struct dsq_allocator a = {&c, counted_alloc, counted_free};
    void *p = dsq_alloc(&a, 10);
    assert_non_null(p);
    assert_null(dsq_alloc(&a, 10));
    assert_int_equal(c.in_use, 1);
    dsq_release(&a, p);
    assert_int_equal(c.in_use, 0);
}

static void test_checked_sizes(void **state)
{
    (void)state;
    size_t v = 5;
    assert_false(dsq_mul(SIZE_MAX, 2, &v));
    assert_false(dsq_add(SIZE_MAX, 1, &v));
    assert_int_equal(v, 5);
    assert_true(dsq_mul(6, 7, &v) && v == 42);
    assert_true(dsq_add(SIZE_MAX - 1, 1, &v) && v == SIZE_MAX);
    assert_int_equal(dsq_align_up(0, 64), 0);
    assert_int_equal(dsq_align_up(65, 64), 128);
}

static void test_arena_pieces(void **state)
{
    (void)state;
    struct dsq_arena arena;
    dsq_arena_init(&arena, NULL);
    unsigned char *piece[300];
    for (size_t i = 0; i < 300; i++) {
        size_t bytes = i * 37 % 5000;
        piece[i] = i % 2 ? dsq_arena_alloc(&arena, bytes) : dsq_arena_alloc64(&arena, bytes);
        assert_int_equal((uintptr_t)piece[i] % (i % 2 ? 16 : 64), 0);
        for (size_t k = 0; k < bytes; k++)
            assert_int_equal(piece[i][k], 0);
        memset(piece[i], (int)i, bytes);
    }
    for (size_t i = 0; i < 300; i++) /* nobody overwrote anybody */
        for (size_t k = 0; k < i * 37 % 5000; k++)
            assert_int_equal(piece[i][k], (unsigned char)i);
    assert_string_equal(dsq_arena_string(&arena, "abcdef", 3), "abc");
    assert_string_equal(dsq_arena_printf(&arena, "%s-%d", "x", 12), "x-12");
    assert_memory_equal(dsq_arena_copy(&arena, "12345", 5), "12345", 5);
    assert_null(dsq_arena_calloc(&arena, SIZE_MAX / 4, 8));
    assert_null(dsq_arena_alloc(&arena, SIZE_MAX));
    dsq_arena_free(&arena);
    assert_int_equal(arena.total_bytes, 0);
    assert_non_null(dsq_arena_alloc(&arena, 10)); /* may be used again */
    dsq_arena_free(&arena);
}

static void test_arena_gives_everything_back(void **state)
{
    (void)state;
    struct counted c = {3, 0};
    const struct dsq_allocator a = {&c, counted_alloc, counted_free};
    struct dsq_arena arena;
    dsq_arena_init(&arena, &a);
    int n = 0;
    while (dsq_arena_alloc(&arena, 3 << 20))
        n++;
    assert_int_equal(n, 3); /* then memory was out */
    dsq_arena_free(&arena);
    assert_int_equal(c.in_use, 0);
}

static void test_arena_limit(void **state)
{
    (void)state;
    struct dsq_arena arena;
    dsq_arena_init(&arena, NULL);
    arena.limit_bytes = 100000;
    assert_non_null(dsq_arena_alloc(&arena, 50000));
    assert_null(dsq_arena_alloc(&arena, 90000));
    assert_true(arena.total_bytes <= arena.limit_bytes);
    dsq_arena_free(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_default_allocator),
        cmocka_unit_test(test_callers_allocator),
        cmocka_unit_test(test_checked_sizes),
        cmocka_unit_test(test_arena_pieces),
        cmocka_unit_test(test_arena_gives_everything_back),
        cmocka_unit_test(test_arena_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
