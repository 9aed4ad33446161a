/* SPDX-License-Identifier: Apache-2.0 */
/* Ranges and their JSON: bits, order, errors. */
#define _POSIX_C_SOURCE 200809L
#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/memory.h"
#include "quant/ranges.h"
#include "quant_random.h"

static struct dsq_ranges *parse(const char *text)
{
    struct dsq_ranges *r = NULL;
    struct dsq_diag d = {0};
    if (dsq_ranges_parse_json(&r, text, strlen(text), "r.json", NULL, &d) != DSQ_OK)
        fail_msg("%s", d.text);
    return r;
}

static void test_set_and_get(void **state)
{
    (void)state;
    enum { MANY = 5000 };
    struct dsq_ranges *r = NULL;
    struct dsq_diag d;
    char name[32];
    double range = -5.0;
    assert_int_equal(dsq_ranges_create(&r, NULL, &d), DSQ_OK);
    assert_false(dsq_ranges_get(r, "a", &range));
    assert_true(range == -5.0);
    for (int pass = 0; pass < 2; pass++) /* the second replaces */
        for (int i = 0; i < MANY; i++) {
            snprintf(name, sizeof name, "tensor/%d:0", i);
            assert_int_equal(dsq_ranges_set(r, name, i + pass * 0.5, &d), DSQ_OK);
        }
    assert_int_equal(dsq_ranges_count(r), MANY);
    for (int i = 0; i < MANY; i++) {
        snprintf(name, sizeof name, "tensor/%d:0", i);
        assert_string_equal(dsq_ranges_name(r, (size_t)i), name);
        assert_true(dsq_ranges_get(r, name, &range) && range == i + 0.5);
    }
    assert_true(dsq_ranges_get(r, "tensor/0:0", NULL));
    assert_false(dsq_ranges_get(r, "tensor/0:", &range));
    dsq_ranges_free(&r);
    assert_null(r);
    dsq_ranges_free(&r);
}

static void test_set_refuses(void **state)
{
    (void)state;
    static const double wrong[] = {-1e-300, -1.0, NAN, INFINITY, -INFINITY, 1e300};
    struct dsq_ranges *r = NULL;
    struct dsq_diag d;
    double range;
    assert_int_equal(dsq_ranges_create(&r, NULL, &d), DSQ_OK);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        assert_int_equal(dsq_ranges_set(r, "conv1", wrong[i], &d), DSQ_ARGUMENT);
        assert_non_null(strstr(d.text, "'conv1'"));
    }
    assert_int_equal(dsq_ranges_count(r), 0);
    assert_int_equal(dsq_ranges_set(r, "conv1", -0.0, &d), DSQ_OK);
    assert_true(dsq_ranges_get(r, "conv1", &range) && range == 0.0 && !signbit(range));
    dsq_ranges_free(&r);
}

/* Doubles with every kind of mantissa come back with the same bits, in the same order. */
static void test_round_trip(void **state)
{
    (void)state;
    enum { MANY = 3000 };
    struct dsq_ranges *r = NULL, *back = NULL;
    struct dsq_diag d;
    struct dsq_writer first, second;
    uint64_t seed = 11;
    char name[64];
    assert_int_equal(dsq_ranges_create(&r, NULL, &d), DSQ_OK);
    assert_int_equal(dsq_ranges_set(r, "quoted \"x\" \\ \t \xc3\xa9: 1", 5e-324, &d), DSQ_OK);
    assert_int_equal(dsq_ranges_set(r, "zero", 0.0, &d), DSQ_OK);
    assert_int_equal(dsq_ranges_set(r, "whole", 381.0, &d), DSQ_OK);
    assert_int_equal(dsq_ranges_set(r, "large", 127.0 * FLT_MAX, &d), DSQ_OK);
    for (int i = 0; i < MANY; i++) {
        snprintf(name, sizeof name, "(Unnamed Layer* %u) [x]_output", random_u32(&seed));
        double v = ldexp(random_unit(&seed) + random_unit(&seed) * 0x1p-30, (int)(i % 120) - 60);
        assert_int_equal(dsq_ranges_set(r, name, v, &d), DSQ_OK);
    }
    dsq_writer_init(&first, NULL);
    dsq_writer_init(&second, NULL);
    assert_int_equal(dsq_ranges_to_json(r, &first, &d), DSQ_OK);
    assert_int_equal(dsq_ranges_parse_json(&back, first.data, first.bytes, "x", NULL, &d), DSQ_OK);
    assert_int_equal(dsq_ranges_count(back), dsq_ranges_count(r));
    for (size_t i = 0; i < dsq_ranges_count(r); i++) {
        double a = -1.0, b = -2.0;
        assert_string_equal(dsq_ranges_name(r, i), dsq_ranges_name(back, i));
        assert_true(dsq_ranges_get(r, dsq_ranges_name(r, i), &a));
        assert_true(dsq_ranges_get(back, dsq_ranges_name(r, i), &b));
        assert_memory_equal(&a, &b, sizeof a);
    }
    assert_int_equal(dsq_ranges_to_json(back, &second, &d), DSQ_OK);
    assert_int_equal(first.bytes, second.bytes);
    assert_memory_equal(first.data, second.data, first.bytes);
    dsq_writer_free(&first);
    dsq_writer_free(&second);
    dsq_ranges_free(&back);
    dsq_ranges_free(&r);
}

static void test_format(void **state)
{
    (void)state;
    struct dsq_ranges *r = parse("{\"act_quant_info\": {\"b\": 3, \"a\": 0.1}}");
    struct dsq_diag d;
    struct dsq_writer w;
    static const char expected[] = "{\n    \"act_quant_info\": {\n        \"b\": 3.0,\n"
                                   "        \"a\": 0.10000000000000001\n    }\n}\n";
    dsq_writer_init(&w, NULL);
    assert_int_equal(dsq_ranges_to_json(r, &w, &d), DSQ_OK);
    assert_int_equal(w.bytes, sizeof expected - 1);
    assert_memory_equal(w.data, expected, w.bytes);
    dsq_writer_free(&w);
    dsq_ranges_free(&r);
}

static void test_errors(void **state)
{
    (void)state;
    static const struct {
        const char *text, *says;
    } cases[] = {
        {"", "r.json:1:0"},
        {"[1]", "object"},
        {"{}", "act_quant_info"},
        {"{\"act_quant_info\": []}", "act_quant_info"},
        {"{\"act_quant_info\": {\"conv1\": \"3\"}}", "'conv1' is no number"},
        {"{\"act_quant_info\": {\"conv1\": null}}", "'conv1' is no number"},
        {"{\"act_quant_info\": {\"conv1\": [1]}}", "'conv1' is no number"},
        {"{\"act_quant_info\": {\"conv1\": -2.5}}", "'conv1' is -2.5"},
        {"{\"act_quant_info\": {\"conv1\": 1e300}}", "'conv1' is 1e+300"},
        {"{\"act_quant_info\":\n {\"conv1\": NaN}}", "r.json:2:"},
        {"{\"act_quant_info\": {\"conv1\": Infinity}}", "r.json:1:"},
        {"{\"act_quant_info\": {\"conv1\": 1e999}}", "r.json:1:"},
        {"{\"act_quant_info\": {\"conv1\": 1, \"conv1\": 2}}", "duplicate"},
        {"{\"act_quant_info\": {\"conv1\": 1}} x", "r.json:1:"},
        {"{\"act_quant_info\": {\"conv1\": 1}", "r.json:1:"},
        {"{\"act_quant_info\": {\"\\u0000\": 1}}", "r.json:1:"},
        {"{\"act_quant_info\": {\"\xff\": 1}}", "r.json:1:"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct dsq_ranges *r = NULL;
        struct dsq_diag d = {0};
        enum dsq_status s =
            dsq_ranges_parse_json(&r, cases[i].text, strlen(cases[i].text), "r.json", NULL, &d);
        if (s != DSQ_MALFORMED || r || !strstr(d.text, cases[i].says) || !strstr(d.text, "r.json"))
            fail_msg("%s: status %d, '%s'", cases[i].text, (int)s, d.text);
    }
}

static void test_files(void **state)
{
    (void)state;
    char path[] = "/tmp/dsq_rangesXXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    close(fd);
    struct dsq_ranges *r = parse("{\"other\": 1, \"act_quant_info\": {\"x\": 1.25}}"), *back = NULL;
    struct dsq_diag d;
    double v = 0.0;
    assert_int_equal(dsq_ranges_write_json(r, path, &d), DSQ_OK);
    assert_int_equal(dsq_ranges_read_json(&back, path, NULL, &d), DSQ_OK);
    assert_true(dsq_ranges_get(back, "x", &v) && v == 1.25);
    dsq_ranges_free(&back);
    unlink(path);
    assert_int_equal(dsq_ranges_read_json(&back, path, NULL, &d), DSQ_IO);
    assert_non_null(strstr(d.text, path));
    dsq_ranges_free(&r);
}

/* ---- memory runs out at every place once ---- */

struct failing {
    int left;
};

static void *failing_alloc(void *user, size_t bytes)
{
    struct failing *f = user;
    if (f->left-- <= 0)
        return NULL;
    return aligned_alloc(64, dsq_align_up(bytes ? bytes : 1, 64));
}

static void failing_free(void *user, void *memory)
{
    (void)user;
    free(memory);
}

static void test_out_of_memory(void **state)
{
    (void)state;
    char text[4096] = "{\"act_quant_info\": {\"first\": 1";
    for (int i = 0; i < 100; i++)
        snprintf(text + strlen(text), sizeof text - strlen(text), ", \"tensor%d\": %d", i, i);
    strcat(text, "}}");
    enum dsq_status s = DSQ_NOMEM;
    int n = 0;
    for (; s == DSQ_NOMEM && n < 1000; n++) {
        struct failing f = {n};
        struct dsq_allocator a = {&f, failing_alloc, failing_free};
        struct dsq_ranges *r = NULL;
        struct dsq_diag d;
        s = dsq_ranges_parse_json(&r, text, strlen(text), "r.json", &a, &d);
        assert_true((s == DSQ_OK) == (r != NULL));
        dsq_ranges_free(&r);
    }
    assert_int_equal(s, DSQ_OK);
    assert_true(n > 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_set_and_get),   cmocka_unit_test(test_set_refuses),
        cmocka_unit_test(test_round_trip),    cmocka_unit_test(test_format),
        cmocka_unit_test(test_errors),        cmocka_unit_test(test_files),
        cmocka_unit_test(test_out_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
