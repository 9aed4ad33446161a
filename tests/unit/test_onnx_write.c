/* SPDX-License-Identifier: Apache-2.0 */
#define _POSIX_C_SOURCE 200809L
/* Metadata: reading it, and writing a model whose metadata alone has changed. */
#include "onnx_models.h"

#include <stdlib.h>
#include <unistd.h>

static const char source[] = "tests/onnx/detector.onnx"; /* author, dsq.task, license */

struct fixture {
    struct dsq_onnx *model;
    char path[64];
    struct dsq_diag diag;
};

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    *state = f;
    strcpy(f->path, "/tmp/dsq_onnx_XXXXXX");
    int fd = mkstemp(f->path);
    if (fd < 0)
        return -1;
    close(fd);
    return dsq_onnx_read(&f->model, source, NULL, &f->diag) == DSQ_OK ? 0 : -1;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    dsq_onnx_free(&f->model);
    unlink(f->path);
    free(f);
    return 0;
}

static void write_and_read_back(struct fixture *f, const struct dsq_onnx_meta *set, size_t n,
                                struct dsq_onnx **back)
{
    if (dsq_onnx_write(f->model, f->path, set, n, &f->diag) != DSQ_OK ||
        dsq_onnx_read(back, f->path, NULL, &f->diag) != DSQ_OK)
        fail_msg("%s", f->diag.text);
}

static void reads(void **state)
{
    struct fixture *f = *state;
    assert_string_equal(dsq_onnx_metadata(f->model, "author"), "somebody");
    assert_string_equal(dsq_onnx_metadata(f->model, "dsq.task"), "{}");
    assert_null(dsq_onnx_metadata(f->model, "dsq.quant"));
    assert_null(dsq_onnx_metadata(f->model, ""));
}

/* The file as it is on disk; free with dsq_release. */
static void *bytes_of(const char *path, size_t *bytes)
{
    void *data;
    assert_int_equal(dsq_file_read(path, NULL, &data, bytes, NULL), DSQ_OK);
    return data;
}

static void changes_nothing_by_itself(void **state)
{
    struct fixture *f = *state;
    size_t n_a, n_b;
    assert_int_equal(dsq_onnx_write(f->model, f->path, NULL, 0, &f->diag), DSQ_OK);
    char *a = bytes_of(source, &n_a), *b = bytes_of(f->path, &n_b);
    assert_int_equal(n_a, n_b);
    assert_memory_equal(a, b, n_a);
    dsq_release(NULL, a);
    dsq_release(NULL, b);
}

static void sets_replaces_removes(void **state)
{
    struct fixture *f = *state;
    struct dsq_onnx *back = NULL;
    char long_value[301];
    memset(long_value, 'v', 300);
    long_value[300] = 0;
    const struct dsq_onnx_meta set[] = {{"dsq.quant", long_value},
                                        {"dsq.task", "{\"x\":1}"},
                                        {"license", NULL},
                                        {"not there", NULL},
                                        {"empty", ""}};
    write_and_read_back(f, set, sizeof set / sizeof set[0], &back);
    assert_string_equal(dsq_onnx_metadata(back, "author"), "somebody");
    assert_string_equal(dsq_onnx_metadata(back, "dsq.quant"), long_value);
    assert_string_equal(dsq_onnx_metadata(back, "dsq.task"), "{\"x\":1}");
    assert_string_equal(dsq_onnx_metadata(back, "empty"), "");
    assert_null(dsq_onnx_metadata(back, "license"));
    assert_null(dsq_onnx_metadata(back, "not there"));

    /* Put back what was there: the same bytes again, but for "license", which now stands at the
     * end. */
    const struct dsq_onnx_meta undo[] = {
        {"dsq.quant", NULL}, {"dsq.task", "{}"}, {"empty", NULL}, {"license", "Apache-2.0"}};
    assert_int_equal(dsq_onnx_write(back, f->path, undo, 4, &f->diag), DSQ_OK);
    dsq_onnx_free(&back);
    size_t n_a, n_b;
    char *a = bytes_of(source, &n_a), *b = bytes_of(f->path, &n_b);
    assert_int_equal(n_a, n_b);
    assert_memory_equal(a, b, n_a - 100); /* "license" is within the last 100 bytes */
    dsq_release(NULL, a);
    dsq_release(NULL, b);
}

/* A model of a later schema: fields that we do not know stay, in the model and inside of the graph;
 * a key that is there twice becomes one. */
static void keeps_unknown_fields(void **state)
{
    struct fixture *f = *state;
    static const char later[] =
        "\xfa\x7f\x03new"                    /* field 2047 */
        "\x3a\x0b\x12\x01g\xfa\x7f\x05inner" /* graph with name and field 2047 */
        "\x72\x06\x0a\x01k\x12\x01"
        "1" /* metadata k=1 */
        "\x72\x06\x0a\x01k\x12\x01"
        "2"                        /* k=2 */
        "\xf5\x7f\x01\x02\x03\x04" /* field 2046, 32 bits */
        "\xf1\x7f\x01\x02\x03\x04\x05\x06\x07\x08";
    static const char expected[] = "\xfa\x7f\x03new"
                                   "\x3a\x0b\x12\x01g\xfa\x7f\x05inner"
                                   "\x72\x06\x0a\x01k\x12\x01"
                                   "3"
                                   "\xf5\x7f\x01\x02\x03\x04"
                                   "\xf1\x7f\x01\x02\x03\x04\x05\x06\x07\x08";
    const struct dsq_onnx_meta set = {"k", "3"};
    struct dsq_onnx *m = NULL;
    if (dsq_onnx_parse(&m, later, sizeof later - 1, "later", NULL, &f->diag) != DSQ_OK)
        fail_msg("%s", f->diag.text);
    assert_int_equal(dsq_onnx_write(m, f->path, &set, 1, &f->diag), DSQ_OK);
    size_t n;
    char *b = bytes_of(f->path, &n);
    assert_int_equal(n, sizeof expected - 1);
    assert_memory_equal(b, expected, n);
    dsq_release(NULL, b);
    dsq_onnx_free(&m);
}

static void refuses(void **state)
{
    struct fixture *f = *state;
    const struct dsq_onnx_meta twice[] = {{"a", "1"}, {"a", "2"}};
    assert_int_equal(dsq_onnx_write(f->model, f->path, twice, 2, &f->diag), DSQ_ARGUMENT);
    assert_string_equal(f->diag.text, "metadata key 'a' is given twice");
    assert_int_equal(dsq_onnx_write(f->model, "/nowhere/at/all.onnx", twice, 1, &f->diag), DSQ_IO);
    assert_non_null(strstr(f->diag.text, "/nowhere/at/all.onnx"));
    struct dsq_onnx *m = NULL;
    assert_int_equal(dsq_onnx_read(&m, "tests/onnx/nowhere.onnx", NULL, &f->diag), DSQ_IO);
    assert_null(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(reads, setup, teardown),
        cmocka_unit_test_setup_teardown(changes_nothing_by_itself, setup, teardown),
        cmocka_unit_test_setup_teardown(sets_replaces_removes, setup, teardown),
        cmocka_unit_test_setup_teardown(keeps_unknown_fields, setup, teardown),
        cmocka_unit_test_setup_teardown(refuses, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
