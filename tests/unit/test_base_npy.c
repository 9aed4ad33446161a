/* SPDX-License-Identifier: Apache-2.0 */
/* numpy files: round trips of every type, numpy's own bytes, strided and NHWC tensors, damage. */
#define _POSIX_C_SOURCE 200809L
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/memory.h"
#include "base/npy.h"

static struct dsq_tensor tensor(enum dsq_dtype dtype, int32_t rank, const int64_t *dims, void *data)
{
    struct dsq_tensor t = {.dtype = dtype, .rank = rank, .data = data};
    for (int32_t i = 0; i < rank; i++)
        t.dims[i] = dims[i];
    return t;
}

static void test_round_trips(void **state)
{
    (void)state;
    static const size_t element[] = {[DSQ_F32] = 4, [DSQ_S8] = 1,   [DSQ_U8] = 1, [DSQ_S32] = 4,
                                     [DSQ_S64] = 8, [DSQ_BOOL] = 1, [DSQ_F64] = 8};
    const int64_t dims[DSQ_MAX_RANK] = {2, 3, 1, 2, 1, 1, 2, 1};
    uint8_t data[24 * 8];
    struct dsq_diag d = {0};
    for (int type = 0; type < DSQ_DTYPE_COUNT; type++)
        for (int32_t rank = 0; rank <= DSQ_MAX_RANK; rank++) {
            for (size_t i = 0; i < sizeof data; i++)
                data[i] = type == DSQ_BOOL ? i % 2 : (uint8_t)(i * 7 + 1);
            struct dsq_tensor t = tensor((enum dsq_dtype)type, rank, dims, data), back;
            struct dsq_writer w;
            dsq_writer_init(&w, NULL);
            assert_int_equal(dsq_npy_format(&w, &t, "t", &d), DSQ_OK);
            size_t n = element[type];
            for (int32_t i = 0; i < rank; i++)
                n *= (size_t)dims[i];
            assert_int_equal((w.bytes - n) % 64, 0);
            assert_int_equal(dsq_npy_parse(&back, w.data, w.bytes, "t", NULL, &d), DSQ_OK);
            assert_int_equal(back.dtype, type);
            assert_int_equal(back.rank, rank);
            assert_memory_equal(back.dims, t.dims, sizeof t.dims);
            assert_memory_equal(back.data, data, n);
            dsq_npy_free(&back, NULL);
            dsq_npy_free(&back, NULL); /* again: nothing */
            /* No prefix of the file is taken for a file. */
            for (size_t k = 0; k < w.bytes; k++)
                assert_int_equal(dsq_npy_parse(&back, w.data, k, "t", NULL, &d), DSQ_MALFORMED);
            dsq_writer_free(&w);
        }
}

/* A file as numpy 1.x and 2.x write it: the header text, padded to 64 bytes. */
static size_t make_file(char *out, int major, const char *header, const void *data, size_t bytes)
{
    size_t n = strlen(header), fixed = major == 1 ? 10 : 12;
    memcpy(out, "\x93NUMPY", 6);
    out[6] = (char)major;
    out[7] = 0;
    out[8] = (char)n;
    out[9] = (char)(n >> 8);
    if (major > 1)
        out[10] = out[11] = 0;
    memcpy(out + fixed, header, n);
    if (bytes)
        memcpy(out + fixed + n, data, bytes);
    return fixed + n + bytes;
}

static void expect(const char *header, size_t bytes, enum dsq_status expected, const char *reason)
{
    char file[1024], data[256] = {0};
    struct dsq_diag d = {0};
    struct dsq_tensor t;
    size_t n = make_file(file, 1, header, data, bytes);
    enum dsq_status status = dsq_npy_parse(&t, file, n, "t.npy", NULL, &d);
    if (status != expected || (reason && !strstr(d.text, reason)))
        fail_msg("%s: %s %s", header, dsq_status_name(status), d.text);
    dsq_npy_free(&t, NULL);
}

static void test_headers(void **state)
{
    (void)state;
    expect("{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }        \n", 24, DSQ_OK,
           NULL);
    expect("{\"shape\":(2,3,),\"fortran_order\":False,\"descr\":\"<f4\"}", 24, DSQ_OK, NULL);
    expect("{'descr': '<i8', 'fortran_order': False, 'shape': (), }", 8, DSQ_OK, NULL);
    expect("{'descr': '<i8', 'fortran_order': False, 'shape': (0, 7), }", 0, DSQ_OK, NULL);
    expect("{'descr': '<f4', 'fortran_order': True, 'shape': (2, 3), }", 24, DSQ_UNSUPPORTED,
           "Fortran");
    expect("{'descr': '>f4', 'fortran_order': False, 'shape': (2,), }", 8, DSQ_UNSUPPORTED,
           "'>f4'");
    expect("{'descr': '<f2', 'fortran_order': False, 'shape': (2,), }", 4, DSQ_UNSUPPORTED,
           "'<f2'");
    expect("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (2,), }", 8, DSQ_MALFORMED,
           "header");
    expect("{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }", 9, DSQ_MALFORMED,
           "9 bytes");
    expect("{'descr': '<f4', 'fortran_order': False, 'shape': (-2,), }", 8, DSQ_MALFORMED,
           "header");
    expect("{'descr': '<f4', 'fortran_order': False, 'shape': (2, }", 8, DSQ_MALFORMED, "header");
    expect("{'descr': '<f4', 'fortran_order': False, 'shape': (1,1,1,1,1,1,1,1,1)}", 4,
           DSQ_MALFORMED, "rank");
    expect("{'descr': '<f4', 'fortran_order': False, 'shape': (9223372036854775807, 9)}", 8,
           DSQ_MALFORMED, NULL);
    expect("{'descr': '<f4', 'fortran_order': False, 'shape': (4611686018427387904, 4, 1)}", 0,
           DSQ_MALFORMED, NULL);
    expect("{'descr': '<f4', 'fortran_order': False}", 4, DSQ_MALFORMED, "header");
    expect("{'descr': '<f4', 'fortran_order': False, 'shape': (1,)} x", 4, DSQ_MALFORMED, "header");
    expect("{'descr': '<f4', 'fortran_order': Fals", 4, DSQ_MALFORMED, "header");
    expect("{'descr': 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa'}", 4, DSQ_MALFORMED, "header");
}

/* Whatever single bytes are changed: an answer, and when it is OK a tensor of just the file's
 * elements. */
static void test_damage(void **state)
{
    (void)state;
    static const char header[] = "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }";
    srand(1);
    for (int i = 0; i < 50000; i++) {
        char file[256], data[24] = {0};
        struct dsq_tensor t;
        size_t n = make_file(file, 1, header, data, sizeof data);
        for (int k = rand() % 3; k >= 0; k--)
            file[rand() % (int)n] = (char)rand();
        if (dsq_npy_parse(&t, file, n, "t.npy", NULL, NULL) == DSQ_OK) {
            int64_t elements = 1;
            for (int32_t k = 0; k < t.rank; k++)
                elements *= t.dims[k];
            assert_true(elements <= 24);
        } else {
            assert_null(t.data);
        }
        dsq_npy_free(&t, NULL);
    }
}

static void test_versions_and_magic(void **state)
{
    (void)state;
    static const char header[] = "{'descr': '|b1', 'fortran_order': False, 'shape': (3,), }\n";
    char file[256];
    struct dsq_diag d = {0};
    struct dsq_tensor t;
    for (int major = 1; major <= 3; major++) {
        size_t n = make_file(file, major, header, "\0\1\7", 3);
        assert_int_equal(dsq_npy_parse(&t, file, n, "t.npy", NULL, &d), DSQ_OK);
        assert_memory_equal(t.data, "\0\1\1", 3); /* 7 is as true as 1 */
        dsq_npy_free(&t, NULL);
    }
    size_t n = make_file(file, 4, header, "\0\1\7", 3);
    assert_int_equal(dsq_npy_parse(&t, file, n, "t.npy", NULL, &d), DSQ_UNSUPPORTED);
    file[1] = 'X';
    assert_int_equal(dsq_npy_parse(&t, file, n, "t.npy", NULL, &d), DSQ_MALFORMED);
    assert_non_null(strstr(d.text, "t.npy: not a numpy file"));
}

static void test_layouts_are_written_in_onnx_order(void **state)
{
    (void)state;
    /* [1][2][2][3]: element (0, c, y, x) is 100c + 10y + x. */
    const int64_t dims[4] = {1, 2, 2, 3};
    float nhwc[2][3][2], padded[2][4][2], expected[2][2][3];
    for (int c = 0; c < 2; c++)
        for (int y = 0; y < 2; y++)
            for (int x = 0; x < 3; x++)
                nhwc[y][x][c] = padded[y][x][c] = expected[c][y][x] = (float)(100 * c + 10 * y + x);
    struct dsq_tensor dense = tensor(DSQ_F32, 4, dims, nhwc), strided = dense, back;
    dense.layout = strided.layout = DSQ_NHWC;
    strided.data = padded;
    strided.strides[0] = sizeof padded;
    strided.strides[1] = sizeof(float);
    strided.strides[2] = sizeof padded[0];
    strided.strides[3] = sizeof padded[0][0];
    char path[] = "/tmp/dsq-npy-XXXXXX";
    close(mkstemp(path));
    const struct dsq_tensor *both[] = {&dense, &strided};
    for (int i = 0; i < 2; i++) {
        struct dsq_diag d = {0};
        assert_int_equal(dsq_npy_write(both[i], path, &d), DSQ_OK);
        assert_int_equal(dsq_npy_read(&back, path, NULL, &d), DSQ_OK);
        assert_memory_equal(back.data, expected, sizeof expected);
        assert_true(back.strides[3] == 4 && back.strides[2] == 12 && back.strides[1] == 24);
        dsq_npy_free(&back, NULL);
    }
    unlink(path);
}

static void test_what_cannot_be_written(void **state)
{
    (void)state;
    const int64_t dims[4] = {1, 2, -1, 3};
    float data[1] = {0};
    struct dsq_diag d = {0};
    struct dsq_tensor t = tensor(DSQ_F32, 4, dims, data);
    assert_int_equal(dsq_npy_write(&t, "/tmp/never.npy", &d), DSQ_ARGUMENT);
    assert_non_null(strstr(d.text, "dimension 2 is -1"));
    t = tensor(DSQ_F32, 2, dims, NULL);
    assert_int_equal(dsq_npy_write(&t, "/tmp/never.npy", &d), DSQ_ARGUMENT);
    t = tensor(DSQ_F32, 2, dims, data);
    t.layout = DSQ_NHWC;
    assert_int_equal(dsq_npy_write(&t, "/tmp/never.npy", &d), DSQ_ARGUMENT);
    t = tensor(DSQ_F32, 0, dims, data);
    t.device_type = DSQ_DEVICE_CUDA;
    assert_int_equal(dsq_npy_write(&t, "/tmp/never.npy", &d), DSQ_ARGUMENT);
    t = tensor(DSQ_F32, 0, dims, data);
    assert_int_equal(dsq_npy_write(&t, "/tmp/no/such/folder/x.npy", &d), DSQ_IO);
    assert_int_equal(dsq_npy_read(&t, "/tmp/no/such/folder/x.npy", NULL, &d), DSQ_IO);
    assert_int_not_equal(access("/tmp/never.npy", F_OK), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trips),
        cmocka_unit_test(test_headers),
        cmocka_unit_test(test_damage),
        cmocka_unit_test(test_versions_and_magic),
        cmocka_unit_test(test_layouts_are_written_in_onnx_order),
        cmocka_unit_test(test_what_cannot_be_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
