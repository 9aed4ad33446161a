/* SPDX-License-Identifier: Apache-2.0 */
/* Engine files: a round trip keeps everything; cut off, damaged, foreign and hostile files are
 * refused with the reason and leak nothing. */
#define _POSIX_C_SOURCE 200809L
#include "engine_support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "graph/text.h"

static const char *const text = "graph \"small\"\n"
                                "input %x f32 [N,2,H,W] nchw\n"
                                "%a f32 [N,2,H,W] nhwc = relayout(%x)\n"
                                "%y f32 [N,2,H,W] nhwc = relu(%a)\n"
                                "output %y\n";

static struct dsq_engine_file *small_file(const struct dsq_allocator *a)
{
    const struct dsq_profile_input p = {"x", 4, {1, 2, 8, 8}, {1, 2, 16, 16}, {2, 2, 64, 32}};
    struct dsq_engine_file *f = NULL;
    assert_ok(dsq_engine_file_create(&f, graph_of(text), &p, "{\"task\": 1}",
                                     "{\"fallbacks\": [\"a\"]}", "small", a, diag));
    return f;
}

static struct dsq_writer bytes_of(const struct dsq_engine_file *f)
{
    struct dsq_writer w;
    dsq_writer_init(&w, NULL);
    assert_ok(dsq_engine_file_serialize(f, &w, diag));
    return w;
}

static void test_round_trip(void **state)
{
    (void)state;
    struct dsq_engine_file *f = small_file(NULL), *g = NULL;
    struct dsq_writer w = bytes_of(f);
    assert_true(dsq_engine_file_is_engine(w.data, w.bytes));
    assert_ok(dsq_engine_file_open_memory(&g, w.data, w.bytes, NULL, diag));
    assert_string_equal(dsq_engine_file_task(g), "{\"task\": 1}");
    assert_string_equal(g->meta_json, "{\"fallbacks\": [\"a\"]}");
    assert_memory_equal(g->profile->max, f->profile->max, sizeof f->profile->max);
    int32_t fallbacks;
    dsq_engine_file_precision(g, NULL, NULL, &fallbacks);
    assert_int_equal(fallbacks, 1);
    struct dsq_writer again = bytes_of(g);
    assert_int_equal(again.bytes, w.bytes);
    assert_memory_equal(again.data, w.data, w.bytes);
    dsq_writer_free(&again);
    dsq_writer_free(&w);
    dsq_engine_file_free(&f);
    dsq_engine_file_free(&g);
}

static void test_save_and_open(void **state)
{
    (void)state;
    char path[] = "/tmp/dsq-test-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    close(fd);
    struct dsq_engine_file *f = small_file(NULL), *g = NULL;
    assert_ok(dsq_engine_file_save(f, path, diag));
    assert_ok(dsq_engine_file_open(&g, path, NULL, diag));
    assert_string_equal(g->path, path);
    dsq_engine_file_free(&g);
    unlink(path);
    struct dsq_diag d;
    assert_int_equal(dsq_engine_file_open(&g, path, NULL, &d), DSQ_IO);
    assert_null(g);
    dsq_engine_file_free(&f);
}

static enum dsq_status open_bytes(const struct counting *c, const void *data, size_t bytes,
                                  struct dsq_diag *d)
{
    struct dsq_engine_file *f = NULL;
    struct dsq_common common = {.size = sizeof common, .allocator = &c->allocator};
    enum dsq_status s = dsq_engine_file_open_memory(&f, data, bytes, &common, d);
    dsq_engine_file_free(&f);
    assert_int_equal(c->n_live, 0);
    return s;
}

static void test_every_length(void **state)
{
    (void)state;
    struct counting c;
    struct dsq_diag d;
    counting_init(&c);
    struct dsq_engine_file *f = small_file(NULL);
    struct dsq_writer w = bytes_of(f);
    for (size_t n = 0; n < w.bytes; n++)
        assert_int_equal(open_bytes(&c, w.data, n, &d), DSQ_MALFORMED);
    assert_ok(open_bytes(&c, w.data, w.bytes, diag));
    dsq_write_zeros(&w, 1);
    assert_int_equal(open_bytes(&c, w.data, w.bytes, &d), DSQ_MALFORMED);
    assert_non_null(strstr(d.text, "padded"));
    dsq_writer_free(&w);
    dsq_engine_file_free(&f);
}

/* A flipped bit is refused, or lies in the zeros between chunks. */
static void test_every_bit(void **state)
{
    (void)state;
    struct counting c;
    struct dsq_diag d;
    counting_init(&c);
    struct dsq_engine_file *f = small_file(NULL);
    struct dsq_writer w = bytes_of(f);
    size_t harmless = 0;
    for (size_t i = 0; i < w.bytes * 8; i++) {
        uint8_t *byte = (uint8_t *)w.data + i / 8, bit = (uint8_t)(1u << i % 8);
        bool zero = *byte == 0;
        *byte ^= bit;
        enum dsq_status s = open_bytes(&c, w.data, w.bytes, &d);
        *byte ^= bit;
        assert_true(s == DSQ_MALFORMED || (s == DSQ_OK && zero));
        harmless += s == DSQ_OK;
    }
    assert_true(harmless < 5 * 64 * 8); /* at most the padding of five chunks */
    dsq_writer_free(&w);
    dsq_engine_file_free(&f);
}

/* Recompute the checksums after an edit, so that what lies behind them is reached. */
static void put_u32(char *at, uint32_t v)
{
    for (int i = 0; i < 4; i++)
        at[i] = (char)(v >> (8 * i));
}

static uint32_t get_u32(const char *at)
{
    uint32_t v = 0;
    for (int i = 0; i < 4; i++)
        v |= (uint32_t)(uint8_t)at[i] << (8 * i);
    return v;
}

static void seal(struct dsq_writer *w)
{
    uint32_t n = get_u32(w->data + 12);
    for (uint32_t i = 0; i < n; i++) {
        char *entry = w->data + 32 + 32 * i;
        uint64_t offset = get_u32(entry + 8), bytes = get_u32(entry + 16);
        if (offset + bytes <= w->bytes)
            put_u32(entry + 24, dsq_checksum(w->data + offset, (size_t)bytes));
    }
    put_u32(w->data + 24, dsq_checksum(w->data + 32, 32 * (size_t)n));
    put_u32(w->data + 28, dsq_checksum(w->data, 28));
}

static void expect_edit(size_t at, uint32_t v, enum dsq_status status, const char *reason)
{
    struct counting c;
    struct dsq_diag d = {DSQ_OK, ""};
    counting_init(&c);
    struct dsq_engine_file *f = small_file(NULL);
    struct dsq_writer w = bytes_of(f);
    put_u32(w.data + at, v);
    seal(&w);
    assert_int_equal(open_bytes(&c, w.data, w.bytes, &d), status);
    if (reason && !strstr(d.text, reason))
        fail_msg("'%s' does not say '%s'", d.text, reason);
    dsq_writer_free(&w);
    dsq_engine_file_free(&f);
}

static void test_foreign_and_newer(void **state)
{
    (void)state;
    struct counting c;
    struct dsq_diag d;
    counting_init(&c);
    assert_int_equal(open_bytes(&c, "\x08\x07\x12\x07pytorch....", 15, &d), DSQ_MALFORMED);
    assert_non_null(strstr(d.text, "not an engine file"));
    expect_edit(8, 2, DSQ_UNSUPPORTED, "version 2");
    expect_edit(12, 2, DSQ_MALFORMED, "missing");
    expect_edit(32, 0x4b4b4b4b, DSQ_UNSUPPORTED, "unknown and required");
    expect_edit(32 + 3 * 32, 0x4b4b4b4b, DSQ_OK, NULL); /* TASK is optional: skipped */
    expect_edit(32 + 32, get_u32("GRPH"), DSQ_MALFORMED, "twice");
    expect_edit(32 + 8, 1 << 20, DSQ_MALFORMED, "outside");
    expect_edit(32 + 8, 65, DSQ_MALFORMED, "outside");
}

static void test_bad_profiles(void **state)
{
    (void)state;
    static const struct {
        struct dsq_profile_input p;
        const char *reason;
    } cases[] = {
        {{"z", 4, {1, 2, 8, 8}, {1, 2, 8, 8}, {1, 2, 8, 8}}, "expected input 'x'"},
        {{"x", 3, {1, 2, 8}, {1, 2, 8}, {1, 2, 8}}, "rank"},
        {{"x", 4, {1, 2, 8, 9}, {1, 2, 8, 8}, {1, 2, 8, 8}}, "out of order"},
        {{"x", 4, {1, 1, 8, 8}, {1, 2, 8, 8}, {1, 2, 8, 8}}, "fixed to 2"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct dsq_engine_file *f = NULL;
        struct dsq_diag d = {DSQ_OK, ""};
        assert_int_equal(
            dsq_engine_file_create(&f, graph_of(text), &cases[i].p, NULL, NULL, "t", NULL, &d),
            DSQ_MALFORMED);
        assert_non_null(strstr(d.text, cases[i].reason));
        assert_null(f);
    }
}

/* Every allocation fails once: no crash, no leak, NOMEM. */
static void test_out_of_memory(void **state)
{
    (void)state;
    struct dsq_engine_file *f = small_file(NULL);
    struct dsq_writer w = bytes_of(f);
    enum dsq_status s = DSQ_NOMEM;
    for (size_t n = 1; s != DSQ_OK; n++) {
        struct counting c;
        struct dsq_diag d;
        counting_init(&c);
        c.fail_at = n;
        s = open_bytes(&c, w.data, w.bytes, &d);
        assert_true(s == DSQ_OK || s == DSQ_NOMEM);
        assert_true(n < 1000);
    }
    dsq_writer_free(&w);
    dsq_engine_file_free(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip),        cmocka_unit_test(test_save_and_open),
        cmocka_unit_test(test_every_length),      cmocka_unit_test(test_every_bit),
        cmocka_unit_test(test_foreign_and_newer), cmocka_unit_test(test_bad_profiles),
        cmocka_unit_test(test_out_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
