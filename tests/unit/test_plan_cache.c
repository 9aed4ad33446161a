/* SPDX-License-Identifier: Apache-2.0 */
/* The cache of plans: found by all inputs' dims, the one used longest ago goes, none half made is
 * found. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "plan/plan.h"

static int64_t *key_of(int64_t first, int64_t last)
{
    static int64_t key[2 * DSQ_MAX_RANK];
    memset(key, 0, sizeof key);
    key[0] = first;
    key[2 * DSQ_MAX_RANK - 1] = last;
    return key;
}

static struct dsq_plan *keep(struct dsq_plan_cache *c, int64_t first, int64_t last)
{
    struct dsq_plan *p = dsq_plan_cache_take(c, key_of(first, last));
    assert_non_null(p);
    dsq_plan_cache_commit(c, p);
    return p;
}

static void test_least_recently_used_goes(void **state)
{
    (void)state;
    struct dsq_graph g = {.n_values = 3, .n_inputs = 2, .n_outputs = 1};
    struct dsq_plan_cache c;
    assert_int_equal(dsq_plan_cache_create(&c, &g, 2, NULL, NULL), DSQ_OK);
    assert_null(dsq_plan_cache_find(&c, key_of(1, 1)));
    struct dsq_plan *a = keep(&c, 1, 1), *b = keep(&c, 1, 2);
    assert_ptr_not_equal(a, b);
    assert_ptr_equal(dsq_plan_cache_find(&c, key_of(1, 1)), a); /* now b is the older one */
    assert_ptr_equal(keep(&c, 2, 1), b);
    assert_null(dsq_plan_cache_find(&c, key_of(1, 2)));
    assert_ptr_equal(dsq_plan_cache_find(&c, key_of(1, 1)), a);
    assert_ptr_equal(dsq_plan_cache_find(&c, key_of(2, 1)), b);
    dsq_plan_cache_free(&c);
}

static void test_uncommitted_is_not_found(void **state)
{
    (void)state;
    struct dsq_graph g = {.n_values = 1, .n_inputs = 2, .n_outputs = 1};
    struct dsq_plan_cache c;
    assert_int_equal(dsq_plan_cache_create(&c, &g, 1, NULL, NULL), DSQ_OK);
    assert_non_null(dsq_plan_cache_take(&c, key_of(5, 5)));
    assert_null(dsq_plan_cache_find(&c, key_of(5, 5)));
    keep(&c, 5, 5);
    assert_non_null(dsq_plan_cache_find(&c, key_of(5, 5)));
    dsq_plan_cache_free(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_least_recently_used_goes),
        cmocka_unit_test(test_uncommitted_is_not_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
