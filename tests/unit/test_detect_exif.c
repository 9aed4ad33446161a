/* SPDX-License-Identifier: Apache-2.0 */
/* EXIF orientation: found in both byte orders, obeyed when asked, harmless when damaged. */
#include "unit/detect_test.h"

#include "detect/picture.h"

/* An APP1 segment with one directory entry. Returns its length. */
static size_t make_segment(uint8_t *s, bool big, int orientation)
{
    static const uint8_t big_tiff[] = {'M', 'M', 0, 42, 0, 0, 0, 8, 0, 1, 1, 0x12, 0,
                                       3,   0,   0, 0,  1, 0, 0, 0, 0, 0, 0, 0,    0};
    static const uint8_t little_tiff[] = {'I', 'I', 42, 0, 8, 0, 0, 0, 1, 0, 0x12, 1, 3,
                                          0,   1,   0,  0, 0, 0, 0, 0, 0, 0, 0,    0, 0};
    const size_t n = sizeof big_tiff, head = 10;
    memcpy(s, "\xff\xe1\0\0Exif\0\0", head);
    s[3] = (uint8_t)(head - 2 + n);
    memcpy(s + head, big ? big_tiff : little_tiff, n);
    s[head + (big ? 19 : 18)] = (uint8_t)orientation;
    return head + n;
}

/* The JPEG with the segment after its SOI. */
static uint8_t *with_segment(const uint8_t *jpeg, size_t bytes, const uint8_t *segment, size_t n)
{
    uint8_t *out = malloc(bytes + n);
    memcpy(out, jpeg, 2);
    memcpy(out + 2, segment, n);
    memcpy(out + 2 + n, jpeg + 2, bytes - 2);
    return out;
}

/* What the EXIF standard says of the stored rows and columns: orientation 6's first stored row is
 * the right side as seen, its first stored column the top. */
static const uint8_t *stored_pixel(const uint8_t *rgb, int w, int h, int orientation, int x, int y)
{
    int column = x, row = y;
    switch (orientation) {
    case 2:
        column = w - 1 - x;
        break;
    case 3:
        column = w - 1 - x;
        row = h - 1 - y;
        break;
    case 4:
        row = h - 1 - y;
        break;
    case 5:
        column = y;
        row = x;
        break;
    case 6:
        column = y;
        row = h - 1 - x;
        break;
    case 7:
        column = w - 1 - y;
        row = h - 1 - x;
        break;
    case 8:
        column = w - 1 - y;
        row = x;
        break;
    default:
        break;
    }
    return rgb + (row * w + column) * 3;
}

static void check_turned(const uint8_t *file, size_t bytes, const uint8_t *rgb, int w, int h,
                         int orientation)
{
    struct dsq_picture *p = NULL;
    struct dsq_diag d = {0};
    assert_ok(dsq_picture_decode(&p, file, bytes, "turned", true, NULL, &d), d);
    int turned_w = orientation >= 5 ? h : w, turned_h = orientation >= 5 ? w : h;
    assert_int_equal(dsq_picture_width(p), turned_w);
    assert_int_equal(dsq_picture_height(p), turned_h);
    for (int y = 0; y < turned_h; y++)
        for (int x = 0; x < turned_w; x++)
            assert_memory_equal(dsq_picture_pixels(p) + (y * turned_w + x) * 3,
                                stored_pixel(rgb, w, h, orientation, x, y), 3);
    dsq_picture_free(&p);
    assert_ok(dsq_picture_decode(&p, file, bytes, "as stored", false, NULL, &d), d);
    assert_int_equal(dsq_picture_width(p), w);
    assert_memory_equal(dsq_picture_pixels(p), rgb, (size_t)(w * h * 3));
    dsq_picture_free(&p);
}

static void test_jpeg(void **state)
{
    (void)state;
    size_t bytes, rgb_bytes;
    uint8_t *jpeg = read_all(TEST_DATA "color420.jpg", &bytes), segment[64];
    uint8_t *rgb = read_all(TEST_DATA "color420.jpg.rgb", &rgb_bytes);
    for (int big = 0; big < 2; big++)
        for (int orientation = 1; orientation <= 8; orientation++) {
            size_t n = make_segment(segment, big, orientation);
            uint8_t *file = with_segment(jpeg, bytes, segment, n);
            assert_int_equal(dsq_exif_orientation(file, bytes + n), orientation);
            check_turned(file, bytes + n, rgb + 8, rgb[0], rgb[4], orientation);
            free(file);
        }
    dsq_release(NULL, jpeg);
    dsq_release(NULL, rgb);
}

static void test_png(void **state)
{
    (void)state;
    size_t bytes, rgb_bytes;
    uint8_t *png = read_all(TEST_DATA "exif6.png", &bytes);
    uint8_t *rgb = read_all(TEST_DATA "exif6.png.rgb", &rgb_bytes);
    assert_int_equal(dsq_exif_orientation(png, bytes), 6);
    check_turned(png, bytes, rgb + 8, rgb[0], rgb[4], 6);
    dsq_release(NULL, png);
    dsq_release(NULL, rgb);
}

/* Cut at every length and with every byte changed: an orientation, never a crash; 0 and 9 are none.
 */
static void test_damaged(void **state)
{
    (void)state;
    size_t bytes;
    uint8_t *jpeg = read_all(TEST_DATA "color420.jpg", &bytes), segment[64];
    size_t n = make_segment(segment, true, 6);
    uint8_t *file = with_segment(jpeg, bytes, segment, n);
    for (size_t k = 0; k <= bytes + n; k++) {
        uint8_t *cut = malloc(k ? k : 1);
        memcpy(cut, file, k);
        int o = dsq_exif_orientation(cut, k);
        assert_int_equal(o, k < 2 + n ? 1 : 6);
        free(cut);
    }
    for (size_t k = 0; k < bytes + n; k++)
        for (int v = 0; v < 256; v += 17) {
            uint8_t was = file[k];
            file[k] = (uint8_t)v;
            int o = dsq_exif_orientation(file, bytes + n);
            assert_true(o >= 1 && o <= 8);
            file[k] = was;
        }
    free(file);
    for (int bad = 0; bad <= 9; bad += 9) {
        n = make_segment(segment, false, bad);
        file = with_segment(jpeg, bytes, segment, n);
        assert_int_equal(dsq_exif_orientation(file, bytes + n), 1);
        free(file);
    }
    assert_int_equal(dsq_exif_orientation(jpeg, bytes), 1);
    dsq_release(NULL, jpeg);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_jpeg),
        cmocka_unit_test(test_png),
        cmocka_unit_test(test_damaged),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
