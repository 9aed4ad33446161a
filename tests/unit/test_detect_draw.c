/* SPDX-License-Identifier: Apache-2.0 */
/* Drawing: lines where the box is, labels that differ from their ground, nothing outside, nothing
 * under the threshold. */
#include "unit/detect_test.h"

#include <math.h>

#include "detect/font.h"
#include "detect/picture.h"

static struct dsq_picture *flat(int w, int h, int value)
{
    struct dsq_picture *p = NULL;
    struct dsq_diag d = {0};
    assert_ok(dsq_picture_create(&p, (size_t)w, (size_t)h, "flat", NULL, &d), d);
    memset(p->rgb, value, (size_t)(w * h * 3));
    return p;
}

static const uint8_t *at(const struct dsq_picture *p, int x, int y)
{
    return p->rgb + (y * p->width + x) * 3;
}

static bool same(const uint8_t *a, const uint8_t *b)
{
    return memcmp(a, b, 3) == 0;
}

static void draw(struct dsq_picture *p, struct dsq_box *boxes, size_t n, float min_score)
{
    struct dsq_detections found = {.box = boxes, .n = n};
    struct dsq_diag d = {0};
    assert_ok(dsq_draw(p, &found, min_score, &d), d);
}

/* The frame is closed, of one colour, and its inside untouched, on black, grey and white. */
static void test_frame(void **state)
{
    (void)state;
    for (int ground = 0; ground <= 255; ground += 51) {
        struct dsq_picture *p = flat(120, 100, ground);
        struct dsq_box box = {20, 40, 90, 80, 0.75f, 3, "cat"};
        const uint8_t grey[3] = {(uint8_t)ground, (uint8_t)ground, (uint8_t)ground};
        draw(p, &box, 1, 0.5f);
        const uint8_t *color = at(p, 20, 60);
        assert_false(same(color, grey));
        for (int x = 20; x < 90; x++)
            assert_true(same(at(p, x, 40), color) && same(at(p, x, 79), color));
        for (int y = 40; y < 80; y++)
            assert_true(same(at(p, 20, y), color) && same(at(p, 89, y), color));
        for (int y = 50; y < 70; y++)
            for (int x = 30; x < 80; x++)
                assert_true(same(at(p, x, y), grey));
        assert_true(same(at(p, 5, 5), grey) && same(at(p, 115, 95), grey));
        dsq_picture_free(&p);
    }
}

/* The label's first letter is the font's 'C', dot by dot, in a colour unlike its ground, which has
 * a dark rim. */
static void test_label(void **state)
{
    (void)state;
    struct dsq_picture *p = flat(120, 100, 128);
    struct dsq_box box = {20, 40, 90, 80, 0.75f, 3, "C"};
    draw(p, &box, 1, 0.5f);
    const int top =
        39 - (DSQ_FONT_HEIGHT + 3); /* above the box's dark rim: rim and margin of one */
    const uint8_t *ground = at(p, 20, top), *rows = dsq_font_glyph('C');
    for (int x = 19; x < 50; x++)
        assert_true(at(p, x, top - 1)[0] < 32 && at(p, x, 38)[0] < 32);
    for (int y = 0; y < DSQ_FONT_HEIGHT; y++)
        for (int x = 0; x < DSQ_FONT_WIDTH; x++) {
            bool dot = rows[y] >> (DSQ_FONT_WIDTH - 1 - x) & 1;
            const uint8_t *pixel = at(p, 22 + x, top + 1 + y);
            assert_true(same(pixel, ground) == !dot);
            int contrast =
                abs(pixel[0] - ground[0]) + abs(pixel[1] - ground[1]) + abs(pixel[2] - ground[2]);
            assert_true(!dot || contrast > 150);
        }
    dsq_picture_free(&p);
}

/* Pixels that a drawing changed outside of a box and its rim: the label's. */
static void find_label(const struct dsq_picture *p, const struct dsq_box *b, int ground, int *edge)
{
    edge[0] = p->width, edge[1] = p->height, edge[2] = edge[3] = -1;
    for (int y = 0; y < p->height; y++)
        for (int x = 0; x < p->width; x++) {
            bool in_box = (float)x >= b->x0 - 1 && (float)x < b->x1 + 1 && (float)y >= b->y0 - 1 &&
                          (float)y < b->y1 + 1;
            if (in_box || at(p, x, y)[0] == ground)
                continue;
            edge[0] = x < edge[0] ? x : edge[0];
            edge[1] = y < edge[1] ? y : edge[1];
            edge[2] = x > edge[2] ? x : edge[2];
            edge[3] = y > edge[3] ? y : edge[3];
        }
}

/* Wherever the box is, the whole label is in the picture: its dark rim is closed. */
static void test_labels_stay_inside(void **state)
{
    (void)state;
    static const float places[][2] = {{50, 50},  {112, 50}, {0, 50},   {50, 92},
                                      {112, 92}, {0, 92},   {112, 20}, {0, 20}};
    enum { WIDTH = 8 * (DSQ_FONT_WIDTH + 1) - 1 + 4 + 2, HEIGHT = DSQ_FONT_HEIGHT + 2 + 2 };
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        struct dsq_picture *p = flat(120, 100, 128);
        struct dsq_box box = {
            places[i][0], places[i][1], places[i][0] + 8, places[i][1] + 8, 0.75f, 3, "cat"};
        int edge[4];
        draw(p, &box, 1, 0.5f);
        find_label(p, &box, 128, edge);
        assert_int_equal(edge[2] - edge[0] + 1, WIDTH);
        assert_int_equal(edge[3] - edge[1] + 1, HEIGHT);
        for (int x = edge[0]; x <= edge[2]; x++)
            assert_true(at(p, x, edge[1])[0] < 32 && at(p, x, edge[3])[0] < 32);
        for (int y = edge[1]; y <= edge[3]; y++)
            assert_true(at(p, edge[0], y)[0] < 32 && at(p, edge[2], y)[0] < 32);
        dsq_picture_free(&p);
    }
}

/* A label makes way for a better one: both can be read, whatever is drawn first. */
static void test_labels_keep_clear(void **state)
{
    (void)state;
    struct dsq_picture *both = flat(200, 100, 128), *one = flat(200, 100, 128);
    struct dsq_box boxes[2] = {{60, 40, 90, 80, 0.9f, 1, "first"},
                               {64, 42, 94, 82, 0.8f, 1, "next"}};
    int edge[4];
    draw(one, &boxes[1], 1, 0.5f);
    find_label(one, &boxes[1], 128, edge);
    draw(both, boxes, 2, 0.5f);
    int same_there = 0, total = 0, anywhere = 0;
    for (int y = edge[1]; y <= edge[3]; y++)
        for (int x = edge[0]; x <= edge[2]; x++, total++)
            same_there += same(at(one, x, y), at(both, x, y));
    assert_true(same_there < total); /* it had to leave that place */
    for (int dy = -50; dy <= 60 && !anywhere; dy++)
        for (int dx = -80; dx <= 80 && !anywhere; dx++) {
            bool whole =
                edge[0] + dx >= 0 && edge[2] + dx < 200 && edge[1] + dy >= 0 && edge[3] + dy < 100;
            for (int y = edge[1]; whole && y <= edge[3]; y++)
                for (int x = edge[0]; whole && x <= edge[2]; x++)
                    whole = same(at(one, x, y), at(both, x + dx, y + dy));
            anywhere = whole;
        }
    assert_true(anywhere);
    dsq_picture_free(&both);
    dsq_picture_free(&one);
}

static void test_threshold_and_order(void **state)
{
    (void)state;
    struct dsq_picture *p = flat(60, 60, 9), *untouched = flat(60, 60, 9);
    struct dsq_box boxes[2] = {{5, 20, 40, 50, 0.9f, 1, "a"}, {5, 20, 40, 50, 0.4f, 2, "b"}};
    draw(p, boxes, 2, 0.95f);
    assert_memory_equal(p->rgb, untouched->rgb, 60 * 60 * 3);
    draw(p, boxes, 2, 0.1f);
    draw(untouched, boxes, 1, 0.1f);
    assert_true(same(at(p, 5, 35), at(untouched, 5, 35))); /* the best is on top */
    dsq_picture_free(&p);
    dsq_picture_free(&untouched);
}

/* Any box on any picture, down to one pixel: a sanitizer sees what leaves it. */
static void test_odd_boxes(void **state)
{
    (void)state;
    static const float edges[] = {-1e30f, -5.0f, 0.0f, 0.4f, 7.0f, 20.0f, 1e30f, NAN, INFINITY};
    enum { N = sizeof edges / sizeof edges[0] };
    for (int size = 1; size <= 641; size += 320)
        for (int i = 0; i < N * N; i++) {
            struct dsq_picture *p = flat(size, size > 1 ? 33 : 1, 50);
            struct dsq_box box = {edges[i % N],
                                  edges[i / N],
                                  edges[i / N],
                                  edges[i % N],
                                  1.0f,
                                  i * 1000003,
                                  i % 2 ? "na\xc3\xafve ~\x7f" : NULL};
            if (i == 3)
                box.label = INT32_MIN;
            draw(p, &box, 1, 0.0f);
            dsq_picture_free(&p);
        }
    struct dsq_diag d = {0};
    assert_int_equal(dsq_draw(NULL, NULL, 0, &d), DSQ_ARGUMENT);
}

static void test_font(void **state)
{
    (void)state;
    for (uint32_t c = 33; c < 127; c++) {
        for (uint32_t other = 32; other < c; other++)
            if (memcmp(dsq_font_glyph(c), dsq_font_glyph(other), DSQ_FONT_HEIGHT) == 0)
                fail_msg("'%c' and '%c' look the same", (int)c, (int)other);
        for (int y = 0; y < DSQ_FONT_HEIGHT; y++)
            assert_true(dsq_font_glyph(c)[y] < 1 << DSQ_FONT_WIDTH);
    }
    assert_ptr_equal(dsq_font_glyph(200), dsq_font_glyph('?'));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_frame),
        cmocka_unit_test(test_label),
        cmocka_unit_test(test_labels_stay_inside),
        cmocka_unit_test(test_labels_keep_clear),
        cmocka_unit_test(test_threshold_and_order),
        cmocka_unit_test(test_odd_boxes),
        cmocka_unit_test(test_font),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
