/* SPDX-License-Identifier: Apache-2.0 */
/* JPEG and PNG files of every kind become the right RGB pixels; damaged ones are errors. */
#define _POSIX_C_SOURCE 200809L
#include "unit/detect_test.h"

#include <unistd.h>

#include "detect/picture.h"

static const char *const files[] = {
    "rgb8.png",
    "rgb8_interlaced.png",
    "rgb16.png",
    "rgba8.png",
    "rgba16.png",
    "grey1.png",
    "grey4.png",
    "grey8.png",
    "grey16.png",
    "greya8.png",
    "palette4.png",
    "palette8_trns_interlaced.png",
    "exif6.png",
    "color420.jpg",
    "grey.jpg",
    "color444_progressive.jpg",
    "color422_restarts.jpg",
    "cmyk.jpg",
};
enum { N_FILES = sizeof files / sizeof files[0] };

static void file_path(char *path, size_t bytes, const char *name, const char *suffix)
{
    snprintf(path, bytes, TEST_DATA "%s%s", name, suffix);
}

/* NAME.rgb: width, height, pixels. */
static void test_pixels(void **state)
{
    (void)state;
    for (size_t i = 0; i < N_FILES; i++) {
        char path[256], expected_path[256];
        size_t bytes = 0;
        struct dsq_diag d = {0};
        struct dsq_picture *p = NULL;
        file_path(path, sizeof path, files[i], "");
        file_path(expected_path, sizeof expected_path, files[i], ".rgb");
        uint8_t *expected = read_all(expected_path, &bytes);
        assert_ok(dsq_picture_read(&p, path, false, NULL, &d), d);
        int32_t w = dsq_picture_width(p), h = dsq_picture_height(p);
        assert_int_equal(w, expected[0]);
        assert_int_equal(h, expected[4]);
        assert_int_equal(bytes, 8 + w * h * 3);
        if (memcmp(dsq_picture_pixels(p), expected + 8, bytes - 8) != 0)
            fail_msg("%s: other pixels than expected", files[i]);
        dsq_picture_free(&p);
        assert_null(p);
        dsq_release(NULL, expected);
    }
}

/* A copy of exact size, so that a sanitizer sees any read past the end. */
static enum dsq_status decode_copy(const uint8_t *data, size_t bytes, struct dsq_diag *d)
{
    struct dsq_picture *p = NULL;
    uint8_t *copy = malloc(bytes ? bytes : 1);
    memcpy(copy, data, bytes);
    enum dsq_status status = dsq_picture_decode(&p, copy, bytes, "cut file", true, NULL, d);
    free(copy);
    assert_true((status == DSQ_OK) == (p != NULL));
    dsq_picture_free(&p);
    return status;
}

static void test_every_length(void **state)
{
    (void)state;
    for (size_t i = 0; i < N_FILES; i++) {
        char path[256];
        size_t bytes = 0;
        file_path(path, sizeof path, files[i], "");
        uint8_t *data = read_all(path, &bytes);
        bool jpeg = strstr(files[i], ".jpg") != NULL;
        /* a JPEG that lacks only its end marker has all its pixels */
        size_t last = jpeg ? bytes - 3 : bytes - 1;
        for (size_t n = 0; n <= last; n++) {
            struct dsq_diag d = {0};
            if (decode_copy(data, n, &d) != DSQ_MALFORMED)
                fail_msg("%s: %zu of %zu bytes were taken", files[i], n, bytes);
            assert_says(d, "cut file: ");
        }
        dsq_release(NULL, data);
    }
}

/* Every byte changed: success or MALFORMED, never a crash. In a PNG the checksums find nearly all.
 */
static void test_every_byte(void **state)
{
    (void)state;
    for (size_t i = 0; i < N_FILES; i++) {
        char path[256];
        size_t bytes = 0, refused = 0;
        file_path(path, sizeof path, files[i], "");
        uint8_t *data = read_all(path, &bytes);
        for (size_t n = 0; n < bytes; n++) {
            struct dsq_diag d = {0};
            uint8_t was = data[n];
            data[n] ^= (uint8_t)(1 + 255 * noise(n, i));
            enum dsq_status status = decode_copy(data, bytes, &d);
            assert_true(status == DSQ_OK || status == DSQ_MALFORMED);
            refused += status != DSQ_OK;
            data[n] = was;
        }
        if (strstr(files[i], ".png"))
            assert_true(refused > bytes / 3);
        dsq_release(NULL, data);
    }
}

static void refuse(const void *data, size_t bytes, const char *says)
{
    struct dsq_picture *p = NULL;
    struct dsq_diag d = {0};
    assert_int_equal(dsq_picture_decode(&p, data, bytes, "x.bin", false, NULL, &d), DSQ_MALFORMED);
    assert_null(p);
    assert_says(d, "x.bin: ");
    assert_says(d, says);
}

static void test_absurd_sizes(void **state)
{
    (void)state;
    size_t bytes = 0;
    uint8_t *data = read_all(TEST_DATA "rgb8.png", &bytes);
    memcpy(data + 16, "\0\x0f\x42\x40\0\x0f\x42\x40", 8); /* a million squared */
    uint32_t crc = dsq_checksum(data + 12, 17);
    for (int i = 0; i < 4; i++)
        data[29 + i] = (uint8_t)(crc >> (24 - 8 * i));
    refuse(data, bytes, "1000000 x 1000000 pixels; at most");
    dsq_release(NULL, data);
    data = read_all(TEST_DATA "color420.jpg", &bytes);
    for (size_t i = 0; i + 9 < bytes; i++)
        if (data[i] == 0xff && data[i + 1] == 0xc0)
            memset(data + i + 5, 0xfd, 4);
    refuse(data, bytes, "65021 x 65021 pixels; at most");
    dsq_release(NULL, data);
    refuse("GIF89a", 6, "neither a JPEG nor a PNG");
    refuse("", 0, "neither a JPEG nor a PNG");
}

static void test_missing_file(void **state)
{
    (void)state;
    struct dsq_picture *p = NULL;
    struct dsq_diag d = {0};
    assert_int_equal(dsq_picture_read(&p, "no/such.jpg", false, NULL, &d), DSQ_IO);
    assert_says(d, "no/such.jpg");
    assert_int_equal(dsq_picture_read(&p, "tests", false, NULL, &d), DSQ_IO);
}

static void test_write_and_read(void **state)
{
    (void)state;
    char folder[] = "/tmp/dsq_picture_XXXXXX", path[64];
    uint8_t rgb[11 * 5 * 3];
    struct dsq_picture *p = NULL, *again = NULL;
    struct dsq_diag d = {0};
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/a.png", folder);
    noise_pixels(rgb, sizeof rgb, 7);
    assert_ok(dsq_picture_from_rgb(&p, 11, 5, rgb, NULL, &d), d);
    assert_ok(dsq_picture_write(p, path, &d), d);
    assert_ok(dsq_picture_read(&again, path, true, NULL, &d), d);
    assert_int_equal(dsq_picture_width(again), 11);
    assert_int_equal(dsq_picture_height(again), 5);
    assert_memory_equal(dsq_picture_pixels(again), rgb, sizeof rgb);
    unlink(path);
    assert_int_equal(rmdir(folder), 0); /* nothing else was left in it */
    assert_int_equal(dsq_picture_write(p, path, &d), DSQ_IO);
    assert_says(d, path);
    dsq_picture_free(&p);
    dsq_picture_free(&again);
    assert_int_equal(dsq_picture_from_rgb(&p, 0, 5, rgb, NULL, &d), DSQ_ARGUMENT);
    assert_int_equal(dsq_picture_from_rgb(&p, 5, 5, NULL, NULL, &d), DSQ_ARGUMENT);
}

static void test_out_of_memory(void **state)
{
    (void)state;
    static const char *const some[] = {"exif6.png", "cmyk.jpg", "color420.jpg"};
    for (size_t i = 0; i < 3; i++) {
        char path[256];
        struct dsq_picture *p = NULL;
        file_path(path, sizeof path, some[i], "");
        long n = 0;
        for (;; n++) {
            struct failing f;
            struct dsq_diag d = {0};
            failing_init(&f, n);
            enum dsq_status status = dsq_picture_read(&p, path, true, &f.allocator, &d);
            dsq_picture_free(&p);
            assert_int_equal(f.live, 0);
            if (status == DSQ_OK)
                break;
            assert_int_equal(status, DSQ_NOMEM);
            assert_says(d, "memory");
        }
        assert_true(n >= 3);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pixels),        cmocka_unit_test(test_every_length),
        cmocka_unit_test(test_every_byte),    cmocka_unit_test(test_absurd_sizes),
        cmocka_unit_test(test_missing_file),  cmocka_unit_test(test_write_and_read),
        cmocka_unit_test(test_out_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
