/* SPDX-License-Identifier: Apache-2.0 */
/* Order of candidates, and suppression: ties, classes, limits, the threshold itself. */
#include "unit/detect_test.h"

#include "detect/nms.h"

static struct dsq_candidate box(float x0, float x1, float score, int32_t label, int32_t level,
                                int64_t index)
{
    return (struct dsq_candidate){x0, 0, x1, 10, score, label, level, index};
}

static void test_order(void **state)
{
    (void)state;
    struct dsq_candidate c[] = {box(0, 1, .5f, 0, 1, 3), box(0, 1, .5f, 1, 0, 9),
                                box(0, 1, .9f, 2, 4, 7), box(0, 1, .5f, 3, 1, 2),
                                box(0, 1, .5f, 4, 0, 8), box(0, 1, .1f, 5, 0, 0)};
    static const int32_t expected[] = {2, 4, 1, 3, 0, 5};
    dsq_candidates_sort(c, 6);
    for (int i = 0; i < 6; i++)
        assert_int_equal(c[i].label, expected[i]);
    dsq_candidates_sort(NULL, 0);
}

/* Boxes [0, 10) and [k, 10 + k) overlap by (10 - k) / (10 + k): one half is not reached nor passed
 * at 10 / 3. */
static void test_threshold(void **state)
{
    (void)state;
    struct dsq_candidate near[] = {box(0, 10, .9f, 0, 0, 0), box(3, 13, .8f, 0, 0, 1)};
    struct dsq_candidate far[] = {box(0, 10, .9f, 0, 0, 0), box(4, 14, .8f, 0, 0, 1)};
    /* exactly one half: [0, 9) and [3, 12) share 6 of 12 */
    struct dsq_candidate exact[] = {box(0, 9, .9f, 0, 0, 0), box(3, 12, .8f, 0, 0, 1)};
    struct dsq_candidate same[] = {box(0, 9, .9f, 0, 0, 0), box(0, 9, .8f, 0, 0, 1)};
    assert_int_equal(dsq_nms(near, 2, 0.5, 100), 1);
    assert_int_equal(dsq_nms(far, 2, 0.5, 100), 2);
    assert_int_equal(dsq_nms(exact, 2, 0.5, 100), 2);
    assert_int_equal(dsq_nms(same, 2, 1.0, 100), 2);
    assert_int_equal(dsq_nms(same, 2, 0.999, 100), 1);
}

static void test_classes(void **state)
{
    (void)state;
    struct dsq_candidate c[] = {box(0, 10, .9f, 0, 0, 0), box(0, 10, .8f, 1, 0, 1),
                                box(0, 10, .7f, 0, 0, 2), box(1, 11, .6f, 1, 0, 3)};
    assert_int_equal(dsq_nms(c, 4, 0.5, 100), 2);
    assert_int_equal(c[0].label, 0);
    assert_int_equal(c[1].label, 1);
}

/* A suppressed box suppresses nothing. */
static void test_chain(void **state)
{
    (void)state;
    struct dsq_candidate c[] = {box(0, 10, .9f, 0, 0, 0), box(3, 13, .8f, 0, 0, 1),
                                box(6, 16, .7f, 0, 0, 2)};
    assert_int_equal(dsq_nms(c, 3, 0.5, 100), 2);
    assert_int_equal(c[1].index, 2);
}

static void test_limit(void **state)
{
    (void)state;
    struct dsq_candidate c[300];
    for (int i = 0; i < 300; i++)
        c[i] = box((float)(20 * i), (float)(20 * i + 10), 1.0f - (float)i / 1000.0f, 0, 0, i);
    assert_int_equal(dsq_nms(c, 300, 0.5, 100), 100);
    assert_int_equal(c[99].index, 99);
    assert_int_equal(dsq_nms(c, 0, 0.5, 100), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_order),   cmocka_unit_test(test_threshold),
        cmocka_unit_test(test_classes), cmocka_unit_test(test_chain),
        cmocka_unit_test(test_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
