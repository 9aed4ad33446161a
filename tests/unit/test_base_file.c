/* SPDX-License-Identifier: Apache-2.0 */
/* Whole files: what is read, and that a failing write leaves the old file and nothing beside it. */
#define _POSIX_C_SOURCE 200809L
#include <dirent.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "base/memory.h"

static char folder[] = "/tmp/dsq-file-XXXXXX";

static const char *in_folder(const char *name)
{
    static char path[256];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static int count_files(void)
{
    int n = 0;
    DIR *dir = opendir(folder);
    for (struct dirent *e; (e = readdir(dir));)
        n += e->d_name[0] != '.';
    closedir(dir);
    return n;
}

static void expect_content(const char *path, const char *text)
{
    void *data;
    size_t bytes;
    struct dsq_diag d = {0};
    assert_int_equal(dsq_file_read(path, NULL, &data, &bytes, &d), DSQ_OK);
    assert_int_equal(bytes, strlen(text));
    assert_string_equal(data, text); /* NUL past the end */
    dsq_release(NULL, data);
}

static void test_write_and_read(void **state)
{
    (void)state;
    struct dsq_diag d = {0};
    assert_int_equal(dsq_file_write(in_folder("a"), "old", 3, &d), DSQ_OK);
    expect_content(in_folder("a"), "old");
    assert_int_equal(dsq_file_write(in_folder("a"), "newer", 5, &d), DSQ_OK);
    expect_content(in_folder("a"), "newer");
    assert_int_equal(dsq_file_write(in_folder("a"), "", 0, &d), DSQ_OK);
    expect_content(in_folder("a"), "");
    assert_int_equal(count_files(), 1);
    unlink(in_folder("a"));
}

static void test_reading_what_cannot_be_read(void **state)
{
    (void)state;
    void *data;
    size_t bytes;
    struct dsq_diag d = {0};
    assert_int_equal(dsq_file_read(in_folder("none"), NULL, &data, &bytes, &d), DSQ_IO);
    assert_non_null(strstr(d.text, "none: No such file"));
    assert_int_equal(dsq_file_read(folder, NULL, &data, &bytes, &d), DSQ_IO);
    assert_non_null(strstr(d.text, "not a regular file"));
}

static void test_failing_write_leaves_nothing(void **state)
{
    (void)state;
    struct dsq_diag d = {0};
    assert_int_equal(dsq_file_write(in_folder("none/a"), "x", 1, &d), DSQ_IO);
    assert_non_null(strstr(d.text, "none/a: cannot be written: No such file"));
    assert_int_equal(count_files(), 0);
    /* The name is taken by a folder: all is written, then the rename fails. */
    assert_int_equal(mkdir(in_folder("taken"), 0777), 0);
    assert_int_equal(dsq_file_write(in_folder("taken"), "x", 1, &d), DSQ_IO);
    assert_int_equal(count_files(), 1);
    rmdir(in_folder("taken"));
}

static void test_full_disk_keeps_the_old_file(void **state)
{
    (void)state;
    struct dsq_diag d = {0};
    assert_int_equal(dsq_file_write(in_folder("a"), "old", 3, &d), DSQ_OK);
    struct rlimit before, tight;
    getrlimit(RLIMIT_FSIZE, &before);
    tight = before;
    tight.rlim_cur = 100000;
    signal(SIGXFSZ, SIG_IGN);
    setrlimit(RLIMIT_FSIZE, &tight);
    char *big = calloc(1, 1 << 20);
    enum dsq_status status = dsq_file_write(in_folder("a"), big, 1 << 20, &d);
    setrlimit(RLIMIT_FSIZE, &before);
    free(big);
    assert_int_equal(status, DSQ_IO);
    assert_non_null(strstr(d.text, "cannot be written"));
    expect_content(in_folder("a"), "old");
    assert_int_equal(count_files(), 1);
    unlink(in_folder("a"));
}

static void test_can_write(void **state)
{
    (void)state;
    struct dsq_diag d;
    int before = count_files();
    assert_int_equal(dsq_file_can_write(in_folder("new"), &d), DSQ_OK);
    assert_int_equal(count_files(), before);
    assert_int_equal(dsq_file_can_write(in_folder("no/such/folder"), &d), DSQ_IO);
    assert_non_null(strstr(d.text, "no/such/folder: cannot be written: No such file"));
    assert_int_equal(count_files(), before);
}

static void test_make_folder(void **state)
{
    (void)state;
    struct dsq_diag d = {0};
    char path[256];
    snprintf(path, sizeof path, "%s/x/y//z/", folder);
    assert_int_equal(dsq_make_folder(path, &d), DSQ_OK);
    assert_int_equal(dsq_make_folder(path, &d), DSQ_OK);
    assert_int_equal(dsq_file_write(in_folder("x/file"), "1", 1, &d), DSQ_OK);
    assert_int_equal(dsq_make_folder(in_folder("x/file"), &d), DSQ_IO);
    assert_int_equal(dsq_make_folder(in_folder("x/file/y"), &d), DSQ_IO);
    assert_int_equal(dsq_make_folder("", &d), DSQ_ARGUMENT);
    unlink(in_folder("x/file"));
    rmdir(in_folder("x/y/z"));
    rmdir(in_folder("x/y"));
    rmdir(in_folder("x"));
}

static int make_test_folder(void **state)
{
    (void)state;
    return mkdtemp(folder) ? 0 : -1;
}

static int remove_test_folder(void **state)
{
    (void)state;
    return rmdir(folder); /* fails when a test left something behind */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_write_and_read),
        cmocka_unit_test(test_reading_what_cannot_be_read),
        cmocka_unit_test(test_failing_write_leaves_nothing),
        cmocka_unit_test(test_full_disk_keeps_the_old_file),
        cmocka_unit_test(test_can_write),
        cmocka_unit_test(test_make_folder),
    };
    return cmocka_run_group_tests(tests, make_test_folder, remove_test_folder);
}
