/* SPDX-License-Identifier: Apache-2.0 */
/* dsq_quantize with a folder of tensors: what it writes, that the same bits come out in any number
 * of threads, what strict means, and that a failure leaves no file. */
#define _DEFAULT_SOURCE
#include "calib_test.h"
#include "counting.h"

#include <dirent.h>
#include <math.h>
#include <sys/stat.h>

static const char model[] = "tests/onnx/detector.onnx";

struct call {
    struct dsq_common common;
    struct dsq_quantize_settings s;
    struct dsq_quantize_result r;
    char tensors[160], out[160];
};

static void prepare(struct call *c, const char *out, int threads)
{
    *c = (struct call){.common = {.size = sizeof c->common, .threads = threads, .log = &log_kept},
                       .r = {.size = sizeof c->r}};
    strcpy(c->tensors, in_folder("tensors"));
    strcpy(c->out, in_folder(out));
    c->s = (struct dsq_quantize_settings){.size = sizeof c->s,
                                          .common = &c->common,
                                          .tensors = c->tensors,
                                          .task = "retinanet-mmdet",
                                          .out_dir = c->out};
    said[0] = 0;
}

/* Three inputs of different sizes; `bad` is the first number of the last. */
static void write_tensors(float bad)
{
    uint64_t seed = 99;
    assert_int_equal(mkdir(in_folder("tensors"), 0777), 0);
    for (int i = 0; i < 3; i++) {
        struct dsq_tensor t = {.dtype = DSQ_F32, .rank = 4, .dims = {1, 3, 16 + 8 * i, 24}};
        size_t n = (size_t)(3 * t.dims[2] * t.dims[3]);
        float *x = t.data = malloc(n * sizeof *x);
        assert_non_null(x);
        for (size_t k = 0; k < n; k++)
            x[k] = random_normal(&seed);
        x[0] = i == 2 ? bad : x[0];
        char name[32];
        snprintf(name, sizeof name, "tensors/%d.npy", i);
        OK(dsq_npy_write(&t, in_folder(name), &diag));
        free(x);
    }
}

static int count_files(const char *path)
{
    DIR *dir = opendir(path);
    int n = 0;
    if (!dir)
        return 0;
    for (const struct dirent *e; (e = readdir(dir));)
        n += e->d_name[0] != '.';
    closedir(dir);
    return n;
}

static void assert_same_files(const char *a, const char *b)
{
    char command[1100];
    snprintf(command, sizeof command, "cmp '%s' '%s'", a, b);
    assert_int_equal(system(command), 0);
}

static void test_tensors(void **state)
{
    (void)state;
    struct call one, four;
    write_tensors(0.5f);
    prepare(&one, "one", 1);
    OK(dsq_quantize(model, &one.s, &one.r, &diag));
    assert_true(one.r.pictures == 3 && one.r.int8_nodes == 2 && one.r.float_nodes == 0);
    assert_true(one.r.tensors > 2 && one.r.size == sizeof one.r);
    assert_int_equal(count_files(one.out), 2);
    prepare(&four, "four", 4);
    OK(dsq_quantize(model, &four.s, &four.r, &diag));
    assert_same_files(one.r.onnx_path, four.r.onnx_path);
    assert_same_files(one.r.json_path, four.r.json_path);
    /* What was written builds without a warning, strictly. */
    struct dsq_engine_file *file = NULL;
    struct dsq_common strict = {.size = sizeof strict, .strict = true};
    const struct dsq_build_settings b = {
        .size = sizeof b, .common = &strict, .quant = one.r.json_path};
    int32_t int8 = 0;
    OK(dsq_engine_file_build(&file, one.r.onnx_path, &b, &diag));
    dsq_engine_file_precision(file, &int8, NULL, NULL);
    assert_int_equal(int8, 2);
    dsq_engine_file_free(&file);
}

static void test_older_result(void **state)
{
    (void)state;
    struct call c;
    write_tensors(0.5f);
    prepare(&c, "out", 1);
    memset(&c.r, 0xee, sizeof c.r);
    c.r.size = offsetof(struct dsq_quantize_result, int8_nodes);
    OK(dsq_quantize(model, &c.s, &c.r, &diag));
    assert_int_equal(c.r.pictures, 3);
    assert_int_equal((uint32_t)c.r.int8_nodes, 0xeeeeeeee); /* past what this program knows of */
    assert_int_equal(c.r.size, offsetof(struct dsq_quantize_result, int8_nodes));
}

static void refuse(struct call *c, const char *path, enum dsq_status status, const char *word)
{
    assert_int_equal(dsq_quantize(path, &c->s, &c->r, &diag), status);
    if (!strstr(diag.text, word))
        fail_msg("no '%s' in '%s'", word, diag.text);
    assert_int_equal(count_files(c->out), 0);
}

static void test_failures_leave_no_file(void **state)
{
    (void)state;
    struct call c;
    write_tensors(NAN);
    prepare(&c, "out", 2);
    c.common.strict = true;
    refuse(&c, model, DSQ_MALFORMED, "NaN");
    c.common.strict = false;
    c.s.method = "guess";
    refuse(&c, model, DSQ_ARGUMENT, "minmax, ");
    c.s.method = NULL;
    c.s.images = "both";
    refuse(&c, model, DSQ_ARGUMENT, "one folder");
    c.s.images = NULL;
    c.s.task = NULL; /* the model carries one, which is none */
    refuse(&c, model, DSQ_MALFORMED, "detector.onnx: its own: task: field 'family'");
    c.s.task = "retinanet";
    refuse(&c, model, DSQ_ARGUMENT, "retinanet-mmdet, ");
    c.s.task = "retinanet-mmdet";
    refuse(&c, "tests/onnx/nothing.onnx", DSQ_IO, "nothing.onnx");
    refuse(&c, "tests/onnx/tail.onnx", DSQ_UNSUPPORTED, "NonMaxSuppression");
    write_text("tensors/3.npy", "no numbers");
    refuse(&c, model, DSQ_MALFORMED, "3.npy");
    /* A tensor that is no input of this model: the file is named, and the dimension. */
    struct dsq_tensor wide = {.dtype = DSQ_F32, .rank = 4, .dims = {1, 5, 2, 2}};
    float x[20] = {0};
    wide.data = x;
    OK(dsq_npy_write(&wide, in_folder("tensors/3.npy"), &diag));
    refuse(&c, model, DSQ_SHAPE, "3.npy: input 'x' dimension 1");
    /* The second of the two files cannot be written: the first does not stay. */
    assert_int_equal(unlink(in_folder("tensors/3.npy")), 0);
    assert_int_equal(mkdir(c.out, 0777), 0);
    assert_int_equal(mkdir(in_folder("out/detector.json"), 0777), 0);
    assert_int_equal(dsq_quantize(model, &c.s, &c.r, &diag), DSQ_IO);
    assert_non_null(strstr(diag.text, "detector.json"));
    assert_int_equal(count_files(c.out), 1);
    assert_int_equal(rmdir(in_folder("out/detector.json")), 0);
    OK(dsq_quantize(model, &c.s, &c.r, &diag));
    assert_non_null(strstr(said, "NaN"));
    assert_int_equal(count_files(c.out), 2);
    /* Its own output is a model again, which it must not overwrite. */
    struct call again = c;
    again.s.out_dir = c.out;
    assert_int_equal(dsq_quantize(c.r.onnx_path, &again.s, &again.r, &diag), DSQ_ARGUMENT);
    assert_non_null(strstr(diag.text, "overwrite"));
}

/* One thread: the allocator is called from it alone, and fails at the same place each time. */
/* A model with weights that are no numbers runs in float; it is not calibrated first to be refused
 * then. */
static void test_weights_that_are_no_numbers(void **state)
{
    (void)state;
    struct call c;
    struct dsq_engine_file *file = NULL;
    write_tensors(0.5f);
    prepare(&c, "nan", 1);
    said[0] = 0;
    assert_int_equal(dsq_quantize("tests/onnx/not_finite.onnx", &c.s, &c.r, &diag), DSQ_MALFORMED);
    assert_string_equal(diag.text, "tests/onnx/not_finite.onnx: weights 'w': element 5 is nan; "
                                   "only numbers can be quantized");
    assert_string_equal(said, "");
    assert_int_equal(count_files(c.out), 0);
    OK(dsq_engine_file_build(&file, "tests/onnx/not_finite.onnx", NULL, &diag));
    dsq_engine_file_free(&file);
}

static void test_out_of_memory(void **state)
{
    (void)state;
    enum dsq_status status = DSQ_NOMEM;
    write_tensors(0.5f);
    for (size_t n = 1; status != DSQ_OK; n += 1 + n / 50) {
        struct counting count;
        struct call c;
        counting_init(&count);
        count.fail_at = n;
        prepare(&c, "out", 1);
        c.common.allocator = &count.allocator;
        status = dsq_quantize(model, &c.s, &c.r, &diag);
        assert_int_equal(count.n_live, 0);
        if (status == DSQ_OK)
            break;
        if (status != DSQ_NOMEM)
            fail_msg("request %zu: %s: %s", n, dsq_status_name(status), diag.text);
        assert_int_equal(count_files(c.out), 0);
        assert_true(n < 1000000);
    }
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, make_folder, remove_folder)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_tensors),
        TEST(test_older_result),
        TEST(test_failures_leave_no_file),
        TEST(test_weights_that_are_no_numbers),
        TEST(test_out_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
