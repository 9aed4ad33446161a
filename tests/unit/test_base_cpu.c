/* SPDX-License-Identifier: Apache-2.0 */
/* CPU levels: each includes those below, and detection gives one of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "base/cpu.h"
#include "base/settings.h"

static void test_levels(void **state)
{
    (void)state;
    int n;
    const struct dsq_cpu_level *levels = dsq_cpu_levels(&n);
    assert_true(n >= 1);
    assert_string_equal(levels[0].name, "ref");
    assert_int_equal(levels[0].flags, DSQ_CPU_NONE);
    for (int i = 0; i < n; i++) {
        assert_ptr_equal(dsq_cpu_level_find(levels[i].name), &levels[i]);
        assert_string_equal(dsq_cpu_level_name(levels[i].flags), levels[i].name);
        if (i)
            assert_int_equal(levels[i - 1].flags & ~levels[i].flags, 0);
    }
    assert_null(dsq_cpu_level_find("AVX2"));
    assert_null(dsq_cpu_level_find(""));
}

static void test_detection(void **state)
{
    (void)state;
    uint32_t flags = dsq_cpu_detect();
    assert_int_equal(flags, dsq_cpu_detect());
    assert_non_null(dsq_cpu_level_find(dsq_cpu_level_name(flags)));
    assert_int_equal(flags, dsq_cpu_level_find(dsq_cpu_level_name(flags))->flags);
}

static void test_mask(void **state)
{
    (void)state;
    struct dsq_diag d = {0};
    uint32_t flags = 99;
    assert_int_equal(dsq_cpu_flags("ref", &flags, &d), DSQ_OK);
    assert_int_equal(flags, DSQ_CPU_NONE);
    assert_int_equal(dsq_cpu_flags(NULL, &flags, &d), DSQ_OK);
    assert_int_equal(flags, dsq_cpu_detect());
    assert_int_equal(dsq_cpu_flags("sse9", &flags, &d), DSQ_ARGUMENT);
    assert_non_null(strstr(d.text, "sse9"));
    assert_non_null(strstr(d.text, "avx2"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_levels),
        cmocka_unit_test(test_detection),
        cmocka_unit_test(test_mask),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
