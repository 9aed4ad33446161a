/* SPDX-License-Identifier: Apache-2.0 */
/* Decisions and their JSON. */
#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "quant/decisions.h"
#include "quant_random.h"

static void assert_scales(const struct dsq_decisions *t, const char *name, const float *expected,
                          size_t n)
{
    const float *scale = NULL;
    size_t n_found = 0;
    assert_true(dsq_decisions_weight(t, name, &scale, &n_found));
    assert_int_equal(n_found, n);
    assert_memory_equal(scale, expected, n * sizeof *scale);
}

static void test_round_trip(void **state)
{
    (void)state;
    enum { CHANNELS = 4000 };
    static float scale[CHANNELS];
    static const float other[] = {FLT_MIN, FLT_MAX, 1.0f};
    struct dsq_decisions *t = NULL, *back = NULL;
    struct dsq_diag d;
    struct dsq_writer w;
    uint64_t seed = 2;
    double range = 0.0;
    for (int i = 0; i < CHANNELS; i++)
        scale[i] = ldexpf((float)(1.0 + random_unit(&seed)), (int)(random_u32(&seed) % 200) - 100);
    assert_int_equal(dsq_decisions_create(&t, NULL, &d), DSQ_OK);
    assert_int_equal(dsq_decisions_set_weight(t, "w \"1\"", other, 2, &d), DSQ_OK);
    assert_int_equal(dsq_decisions_set_weight(t, "w \"1\"", scale, CHANNELS, &d), DSQ_OK);
    assert_int_equal(dsq_decisions_set_weight(t, "w2", other, 3, &d), DSQ_OK);
    assert_int_equal(dsq_decisions_set_precision(t, "y1", DSQ_PRECISION_FLOAT, &d), DSQ_OK);
    assert_int_equal(dsq_decisions_set_precision(t, "y2", DSQ_PRECISION_INT8, &d), DSQ_OK);
    assert_int_equal(dsq_ranges_set(dsq_decisions_ranges(t), "x", 0.1, &d), DSQ_OK);
    dsq_writer_init(&w, NULL);
    assert_int_equal(dsq_decisions_to_json(t, &w, &d), DSQ_OK);
    dsq_write_bytes(&w, "", 1);
    assert_int_equal(dsq_decisions_parse(&back, w.data, NULL, &d), DSQ_OK);
    assert_scales(back, "w \"1\"", scale, CHANNELS);
    assert_scales(back, "w2", other, 3);
    assert_int_equal(dsq_decisions_weights(back), 2);
    assert_int_equal(dsq_decisions_precisions(back), 2);
    assert_int_equal(dsq_decisions_precision(back, "y1"), DSQ_PRECISION_FLOAT);
    assert_int_equal(dsq_decisions_precision(back, "y2"), DSQ_PRECISION_INT8);
    assert_int_equal(dsq_decisions_precision(back, "y3"), DSQ_PRECISION_UNDECIDED);
    assert_true(dsq_ranges_get(dsq_decisions_ranges_const(back), "x", &range) && range == 0.1);
    dsq_writer_free(&w);
    dsq_decisions_free(&back);
    dsq_decisions_free(&t);
    assert_null(t);
}

static void test_empty(void **state)
{
    (void)state;
    struct dsq_decisions *t = NULL;
    struct dsq_diag d;
    const float *scale;
    size_t n;
    assert_int_equal(dsq_decisions_parse(&t, "{\"version\":1}", NULL, &d), DSQ_OK);
    assert_false(dsq_decisions_weight(t, "w", &scale, &n));
    assert_int_equal(dsq_decisions_weights(t), 0);
    assert_int_equal(dsq_ranges_count(dsq_decisions_ranges(t)), 0);
    dsq_decisions_free(&t);
}

static void test_refuses(void **state)
{
    (void)state;
    static const float wrong[] = {0.0f, -1.0f, NAN, INFINITY, 1e-45f};
    struct dsq_decisions *t = NULL;
    struct dsq_diag d;
    assert_int_equal(dsq_decisions_create(&t, NULL, &d), DSQ_OK);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_int_equal(dsq_decisions_set_weight(t, "w", &wrong[i], 1, &d), DSQ_ARGUMENT);
    assert_int_equal(dsq_decisions_set_weight(t, "w", wrong, 0, &d), DSQ_ARGUMENT);
    assert_int_equal(dsq_decisions_weights(t), 0);
    dsq_decisions_free(&t);
}

static void test_errors(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum dsq_status status;
        const char *says;
    } cases[] = {
        {"x", DSQ_MALFORMED, ":1:"},
        {"[]", DSQ_MALFORMED, "object"},
        {"{}", DSQ_MALFORMED, "version"},
        {"{\"version\":\"1\"}", DSQ_MALFORMED, "version"},
        {"{\"version\":2}", DSQ_UNSUPPORTED, "version 2"},
        {"{\"version\":1,\"weights\":[]}", DSQ_MALFORMED, "'weights'"},
        {"{\"version\":1,\"weights\":{\"w\":[]}}", DSQ_MALFORMED, "'w'"},
        {"{\"version\":1,\"weights\":{\"w\":3}}", DSQ_MALFORMED, "'w'"},
        {"{\"version\":1,\"weights\":{\"w\":[1,0]}}", DSQ_MALFORMED, "scale 1 of weight 'w'"},
        {"{\"version\":1,\"weights\":{\"w\":[\"a\"]}}", DSQ_MALFORMED, "scale 0 of weight 'w'"},
        {"{\"version\":1,\"weights\":{\"w\":[1e39]}}", DSQ_MALFORMED, "scale 0 of weight 'w'"},
        {"{\"version\":1,\"precision\":{\"y\":\"fp16\"}}", DSQ_MALFORMED, "'y'"},
        {"{\"version\":1,\"precision\":{\"y\":8}}", DSQ_MALFORMED, "'y'"},
        {"{\"version\":1,\"ranges\":7}", DSQ_MALFORMED, "'ranges'"},
        {"{\"version\":1,\"ranges\":{\"x\":-1}}", DSQ_MALFORMED, "'x'"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct dsq_decisions *t = NULL;
        struct dsq_diag d = {0};
        enum dsq_status s = dsq_decisions_parse(&t, cases[i].text, NULL, &d);
        if (s != cases[i].status || t || !strstr(d.text, cases[i].says))
            fail_msg("%s: status %d, '%s'", cases[i].text, (int)s, d.text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_empty),
        cmocka_unit_test(test_refuses),
        cmocka_unit_test(test_errors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
