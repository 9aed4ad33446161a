/* SPDX-License-Identifier: Apache-2.0 */
/* Statuses and the texts of failures; settings of older and newer programs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "base/settings.h"
#include "base/status.h"

static void test_names(void **state)
{
    (void)state;
    assert_string_equal(dsq_status_name(DSQ_OK), "OK");
    assert_string_equal(dsq_status_name(DSQ_MALFORMED), "MALFORMED");
    assert_string_equal(dsq_status_text(DSQ_NOMEM), "out of memory");
    assert_non_null(dsq_status_name((enum dsq_status)99));
    assert_non_null(dsq_status_text((enum dsq_status)99));
}

static void test_texts(void **state)
{
    (void)state;
    struct dsq_diag d = {0};
    assert_int_equal(dsq_fail(&d, DSQ_SHAPE, "node '%s'", "a\nb"), DSQ_SHAPE);
    assert_int_equal(d.status, DSQ_SHAPE);
    assert_string_equal(d.text,
                        "node 'a?b'"); /* one printable line, whatever a file calls its nodes */
    assert_int_equal(dsq_fail_in(&d, DSQ_IO, "file %d", 3), DSQ_IO);
    assert_string_equal(d.text, "file 3: node 'a?b'");
    assert_int_equal(dsq_fail(NULL, DSQ_IO, "nobody reads this"), DSQ_IO);
    assert_int_equal(dsq_fail_in(NULL, DSQ_IO, "nor this"), DSQ_IO);
}

static void test_long_texts_are_cut(void **state)
{
    (void)state;
    struct dsq_diag d = {0};
    char text[3000];
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = 0;
    (void)dsq_fail(&d, DSQ_IO, "%s", text);
    assert_int_equal(strlen(d.text), sizeof d.text - 1);
    for (int i = 0; i < 3; i++)
        (void)dsq_fail_in(&d, DSQ_IO, "%s", text + 2000);
    assert_int_equal(strlen(d.text), sizeof d.text - 1);
}

static void test_settings_of_other_versions(void **state)
{
    (void)state;
    struct dsq_diag d = {0};
    struct dsq_context_settings known = {.size = sizeof known}, older = {0};
    const size_t older_size = offsetof(struct dsq_context_settings, pool);
    older.size = older_size;
    older.plan_cache = 5;
    older.pool = (struct dsq_pool *)&d; /* past what this program knows of: not looked at */
    assert_int_equal(dsq_settings_read(&known, sizeof known, &older, "settings", &d), DSQ_OK);
    assert_true(known.plan_cache == 5 && !known.pool);
    assert_int_equal(dsq_settings_read(&known, sizeof known, NULL, "settings", &d), DSQ_OK);
    assert_int_equal(known.plan_cache, 5);
    older.size = 0;
    assert_int_equal(dsq_settings_read(&known, sizeof known, &older, "settings", &d), DSQ_ARGUMENT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_texts),
        cmocka_unit_test(test_long_texts_are_cut),
        cmocka_unit_test(test_settings_of_other_versions),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
