/* SPDX-License-Identifier: Apache-2.0 */
/* Preparation: the two resizing filters against OpenCV's and Pillow's pixels, sizes, normalization,
 * padding. */
#include "unit/detect_test.h"

#include <math.h>

#include "detect/picture.h"
#include "detect/prepare.h"
#include "detect/resize.h"
#include "unit/detect_expected.h"

static const struct {
    int h, w, new_h, new_w;
    const uint8_t *linear, *antialias;
} resizes[] = {
    {5, 7, 9, 13, linear_0, antialias_0}, {9, 11, 4, 5, linear_1, antialias_1},
    {8, 6, 4, 3, linear_2, antialias_2},  {3, 10, 7, 10, linear_3, antialias_3},
    {6, 1, 2, 3, linear_4, antialias_4},
};
enum { N_RESIZES = sizeof resizes / sizeof resizes[0] };

static void test_resize(void **state)
{
    (void)state;
    for (size_t i = 0; i < N_RESIZES; i++) {
        int w = resizes[i].w, h = resizes[i].h, nw = resizes[i].new_w, nh = resizes[i].new_h;
        uint8_t *src = malloc((size_t)(w * h * 3)), *dst = malloc((size_t)(nw * nh * 3));
        struct dsq_diag d = {0};
        noise_pixels(src, (size_t)(w * h * 3), 100 + i);
        assert_ok(dsq_resize_linear(src, w, h, dst, nw, nh, NULL, &d), d);
        assert_memory_equal(dst, resizes[i].linear, (size_t)(nw * nh * 3));
        assert_ok(dsq_resize_antialias(src, w, h, dst, nw, nh, NULL, &d), d);
        assert_memory_equal(dst, resizes[i].antialias, (size_t)(nw * nh * 3));
        free(src);
        free(dst);
    }
}

/* A flat picture stays flat, at any size, up to 255. */
static void test_resize_flat(void **state)
{
    (void)state;
    uint8_t src[17 * 3 * 3], dst[40 * 31 * 3];
    for (int v = 0; v < 256; v += 51)
        for (int w = 1; w <= 31; w++)
            for (int h = 1; h <= 40; h += 3) {
                struct dsq_diag d = {0};
                memset(src, v, sizeof src);
                assert_ok(dsq_resize_linear(src, 17, 3, dst, w, h, NULL, &d), d);
                for (int i = 0; i < w * h * 3; i++)
                    assert_int_equal(dst[i], v);
                assert_ok(dsq_resize_antialias(src, 17, 3, dst, w, h, NULL, &d), d);
                for (int i = 0; i < w * h * 3; i++)
                    assert_int_equal(dst[i], v);
            }
}

static struct dsq_task *parse(const char *text)
{
    struct dsq_task *task = NULL;
    struct dsq_diag d = {0};
    assert_ok(dsq_task_parse(&task, text, NULL, 0, NULL, &d), d);
    return task;
}

struct size_case {
    const char *resize, *rounding, *way_back;
    int pad, w, h;
    int content_w, content_h, padded_w, padded_h;
    double scale_x, scale_y;
};

static const struct size_case sizes[] = {
    {"none", "half-up", "per-axis", 1, 641, 479, 641, 479, 641, 479, 1.0, 1.0},
    {"none", "half-up", "per-axis", 32, 641, 479, 641, 479, 672, 480, 1.0, 1.0},
    {"short:800,1333", "half-up", "per-axis", 32, 640, 480, 1067, 800, 1088, 800, 1067.0 / 640,
     800.0 / 480},
    {"short:800,1333", "floor", "one-ratio", 128, 640, 480, 1066, 800, 1152, 896, 800.0 / 480,
     800.0 / 480},
    {"short:800,1333", "half-up", "per-axis", 32, 1000, 300, 1333, 400, 1344, 416, 1.333,
     400.0 / 300},
    {"stretch:416x320", "floor", "one-ratio", 1, 640, 480, 320, 416, 320, 416, 0.5, 416.0 / 480},
    {"fit:416x416", "floor", "one-ratio", 1, 640, 427, 416, 277, 416, 416, 0.65, 0.65},
    {"fit:100x416", "floor", "per-axis", 32, 50, 40, 125, 100, 416, 128, 2.5, 2.5},
    {"short:8,16", "floor", "per-axis", 1, 5000, 10, 16, 1, 16, 1, 16.0 / 5000, 0.1},
};

static void test_sizes(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        const struct size_case *c = &sizes[i];
        char text[256];
        snprintf(text, sizeof text,
                 "{\"preset\": \"retinanet-mmdet\", \"resize\": \"%s\", \"pad\": %d, "
                 "\"size_rounding\": \"%s\", \"way_back\": \"%s\"}",
                 c->resize, c->pad, c->rounding, c->way_back);
        struct dsq_task *task = parse(text);
        struct dsq_prepared_size ps;
        struct dsq_diag d = {0};
        assert_ok(dsq_prepare_size(task, c->w, c->h, &ps, &d), d);
        assert_int_equal(ps.content_width, c->content_w);
        assert_int_equal(ps.content_height, c->content_h);
        assert_int_equal(ps.width, c->padded_w);
        assert_int_equal(ps.height, c->padded_h);
        assert_true(ps.scale_x == (float)c->scale_x && ps.scale_y == (float)c->scale_y);
        assert_int_equal(ps.original_width, c->w);
        assert_int_equal(ps.original_height, c->h);
        dsq_task_free(&task);
    }
}

static void test_absurd_sizes(void **state)
{
    (void)state;
    struct dsq_task *task =
        parse("{\"preset\": \"retinanet-mmdet\", \"resize\": \"stretch:99999x99999\"}");
    struct dsq_prepared_size ps;
    struct dsq_diag d = {0};
    assert_int_equal(dsq_prepare_size(task, 10, 10, &ps, &d), DSQ_SHAPE);
    assert_says(d, "10 x 10 pixels would become 100000 x 100000");
    assert_int_equal(dsq_prepare_size(task, 0, 10, &ps, &d), DSQ_ARGUMENT);
    dsq_task_free(&task);
    task = parse("{\"preset\": \"retinanet-mmdet\", \"resize\": \"short:9999999,9999999\"}");
    assert_int_equal(dsq_prepare_size(task, 1, 60000, &ps, &d), DSQ_SHAPE);
    dsq_task_free(&task);
}

static struct dsq_picture *picture_of_noise(int w, int h, uint64_t seed)
{
    struct dsq_picture *p = NULL;
    struct dsq_diag d = {0};
    uint8_t *rgb = malloc((size_t)(w * h * 3));
    noise_pixels(rgb, (size_t)(w * h * 3), seed);
    assert_ok(dsq_picture_from_rgb(&p, w, h, rgb, NULL, &d), d);
    free(rgb);
    return p;
}

/* numpy's floats, bit by bit; NHWC holds the same numbers. */
static void test_prepare(void **state)
{
    (void)state;
    struct dsq_task *task =
        parse("{\"preset\": \"retinanet-mmdet\", \"resize\": \"none\", \"pad\": 4,"
              "\"color\": \"bgr\", \"mean\": [103.53, 116.28, 123.675],"
              "\"std\": [57.375, 57.12, 58.395], \"pad_value\": 114,"
              "\"pad_before_normalization\": true}");
    struct dsq_picture *p = picture_of_noise(3, 2, 200);
    struct dsq_prepared_size ps;
    struct dsq_diag d = {0};
    float planes[3 * 16], interleaved[16 * 3];
    assert_ok(dsq_prepare_size(task, 3, 2, &ps, &d), d);
    assert_int_equal(ps.width * ps.height, 16);
    assert_ok(dsq_prepare(task, p, &ps, planes, DSQ_NCHW, &d), d);
    assert_ok(dsq_prepare(task, p, &ps, interleaved, DSQ_NHWC, &d), d);
    for (int i = 0; i < 48; i++) {
        assert_true(planes[i] == prepared[i]);
        assert_true(interleaved[i % 16 * 3 + i / 16] == prepared[i]);
    }
    ps.original_width = 4;
    assert_int_equal(dsq_prepare(task, p, &ps, planes, DSQ_NCHW, &d), DSQ_ARGUMENT);
    dsq_picture_free(&p);
    dsq_task_free(&task);
}

/* Padding after normalization holds the value itself; the content is the resized picture. */
static void test_prepare_resized(void **state)
{
    (void)state;
    static const char *const filters[] = {"opencv-linear", "pil-antialias"};
    for (int f = 0; f < 2; f++) {
        char text[256];
        snprintf(text, sizeof text,
                 "{\"preset\": \"retinanet-mmdet\", \"resize\": \"stretch:4x5\", "
                 "\"pad\": 8, \"filter\": \"%s\", \"mean\": [0,0,0], \"std\": [1,1,1], "
                 "\"pad_value\": -3}",
                 filters[f]);
        struct dsq_task *task = parse(text);
        struct dsq_picture *p = picture_of_noise(11, 9, 101);
        struct dsq_prepared_size ps;
        struct dsq_diag d = {0};
        float out[3 * 64];
        assert_ok(dsq_prepare_size(task, 11, 9, &ps, &d), d);
        assert_ok(dsq_prepare(task, p, &ps, out, DSQ_NCHW, &d), d);
        const uint8_t *expected = f == 0 ? linear_1 : antialias_1;
        for (int c = 0; c < 3; c++)
            for (int y = 0; y < 8; y++)
                for (int x = 0; x < 8; x++) {
                    float v = y < 4 && x < 5 ? (float)expected[(y * 5 + x) * 3 + c] : -3.0f;
                    assert_true(out[c * 64 + y * 8 + x] == v);
                }
        dsq_picture_free(&p);
        dsq_task_free(&task);
    }
}

static void test_out_of_memory(void **state)
{
    (void)state;
    uint8_t src[9 * 11 * 3] = {0}, dst[4 * 5 * 3];
    for (int f = 0; f < 2; f++) {
        long n = 0;
        for (;; n++) {
            struct failing failing;
            struct dsq_diag d = {0};
            failing_init(&failing, n);
            enum dsq_status status = (f ? dsq_resize_antialias : dsq_resize_linear)(
                src, 11, 9, dst, 5, 4, &failing.allocator, &d);
            assert_int_equal(failing.live, 0);
            if (status == DSQ_OK)
                break;
            assert_int_equal(status, DSQ_NOMEM);
        }
        assert_true(n >= 4);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_resize),        cmocka_unit_test(test_resize_flat),
        cmocka_unit_test(test_sizes),         cmocka_unit_test(test_absurd_sizes),
        cmocka_unit_test(test_prepare),       cmocka_unit_test(test_prepare_resized),
        cmocka_unit_test(test_out_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
