/* SPDX-License-Identifier: Apache-2.0 */
/* Listing a folder: endings, order, errors. */
#define _DEFAULT_SOURCE
#include "calib_test.h"

#include "calib/folder.h"

static const char *const endings[] = {".jpg", ".png", NULL};

static void test_listing(void **state)
{
    (void)state;
    static const char *const names[] = {"b.jpg", "a.PNG", "c.txt", ".hidden.jpg", "10.jpg",
                                        "9.Jpg", "jpg",   ".jpg",  "d.jpg.bak"};
    static const char *const expected[] = {"10.jpg", "9.Jpg", "a.PNG", "b.jpg"};
    struct dsq_folder f;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        write_text(names[i], "x");
    OK(dsq_folder_list(&f, folder, endings, NULL, &diag));
    assert_int_equal(f.n, 4);
    for (size_t i = 0; i < f.n; i++)
        assert_string_equal(f.path[i], in_folder(expected[i]));
    dsq_folder_free(&f);
    assert_int_equal(f.n, 0);
}

static void test_many(void **state)
{
    (void)state;
    enum { MANY = 333 };
    char name[32];
    struct dsq_folder f;
    for (int i = 0; i < MANY; i++) {
        snprintf(name, sizeof name, "%06d.jpg", i * 7919 % 1000000);
        write_text(name, "x");
    }
    OK(dsq_folder_list(&f, folder, endings, NULL, &diag));
    assert_int_equal(f.n, MANY);
    for (size_t i = 1; i < f.n; i++)
        assert_true(strcmp(f.path[i - 1], f.path[i]) < 0);
    dsq_folder_free(&f);
}

static void test_errors(void **state)
{
    (void)state;
    struct dsq_folder f;
    assert_int_equal(dsq_folder_list(&f, folder, endings, NULL, &diag), DSQ_ARGUMENT);
    assert_non_null(strstr(diag.text, "*.jpg *.png"));
    assert_int_equal(dsq_folder_list(&f, in_folder("none"), endings, NULL, &diag), DSQ_IO);
    assert_non_null(strstr(diag.text, "none"));
    dsq_folder_free(&f);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, make_folder, remove_folder)

int main(void)
{
    const struct CMUnitTest tests[] = {TEST(test_listing), TEST(test_many), TEST(test_errors)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
