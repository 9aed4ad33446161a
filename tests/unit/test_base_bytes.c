/* SPDX-License-Identifier: Apache-2.0 */
/* The bounded reader never leaves its bytes and its failure sticks; the writer grows and its too.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "base/memory.h"

static void test_reading_numbers(void **state)
{
    (void)state;
    static const uint8_t data[] = {1, 2, 0, 0, 0x80, 1, 2, 3, 4, 5, 6, 7, 8, 0xac, 0x02};
    struct dsq_reader r;
    dsq_reader_init(&r, data, sizeof data);
    assert_int_equal(dsq_read_u8(&r), 1);
    assert_int_equal(dsq_read_u32(&r), 0x80000002);
    assert_true(dsq_read_u64(&r) == 0x0807060504030201);
    assert_int_equal(dsq_read_varint(&r), 300);
    assert_int_equal(dsq_reader_left(&r), 0);
    assert_int_equal(dsq_reader_offset(&r), sizeof data);
    assert_false(dsq_reader_failed(&r));
    assert_int_equal(dsq_read_u8(&r), 0);
    assert_true(dsq_reader_failed(&r));
}

static void test_failure_sticks(void **state)
{
    (void)state;
    static const uint8_t data[] = {1, 2, 3};
    struct dsq_reader r;
    dsq_reader_init(&r, data, sizeof data);
    assert_int_equal(dsq_read_u32(&r), 0);
    assert_true(dsq_reader_failed(&r));
    assert_int_equal(dsq_read_u8(&r), 0); /* three bytes are there, but it is too late */
    assert_int_equal(dsq_reader_left(&r), 0);
    assert_null(dsq_read_bytes(&r, 0));
}

static void test_sub_reader_stays_inside(void **state)
{
    (void)state;
    static const uint8_t data[] = {1, 2, 3, 4};
    struct dsq_reader r;
    dsq_reader_init(&r, data, sizeof data);
    struct dsq_reader sub = dsq_read_sub(&r, 2);
    assert_int_equal(dsq_read_u8(&sub), 1);
    assert_int_equal(dsq_read_u8(&sub), 2);
    assert_int_equal(dsq_read_u8(&sub), 0);
    assert_true(dsq_reader_failed(&sub));
    assert_false(dsq_reader_failed(&r));
    assert_int_equal(dsq_read_u8(&r), 3);
    sub = dsq_read_sub(&r, SIZE_MAX);
    assert_true(dsq_reader_failed(&sub) && dsq_reader_failed(&r));
    dsq_reader_init(&r, NULL, 0);
    assert_int_equal(dsq_reader_left(&r), 0);
    assert_non_null(dsq_read_bytes(&r, 0));
}

static void test_varints(void **state)
{
    (void)state;
    static const uint8_t most[] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01};
    static const uint8_t endless[] = {0x80, 0x80, 0x80, 0x80, 0x80, 0x80,
                                      0x80, 0x80, 0x80, 0x80, 0x01};
    static const uint8_t cut[] = {0x80};
    struct dsq_reader r;
    dsq_reader_init(&r, most, sizeof most);
    assert_true(dsq_read_varint(&r) == UINT64_MAX);
    dsq_reader_init(&r, endless, sizeof endless);
    assert_int_equal(dsq_read_varint(&r), 0);
    assert_true(dsq_reader_failed(&r));
    dsq_reader_init(&r, cut, sizeof cut);
    assert_int_equal(dsq_read_varint(&r), 0);
    assert_true(dsq_reader_failed(&r));
}

static void test_writing(void **state)
{
    (void)state;
    struct dsq_writer w;
    dsq_writer_init(&w, NULL);
    dsq_write_u32(&w, 0x04030201);
    dsq_write_u64(&w, 0x0c0b0a0908070605);
    for (uint8_t i = 0; i < 12; i++)
        assert_int_equal(w.data[i], i + 1);
    dsq_write_zeros(&w, 3);
    dsq_write_text(&w, "text");
    dsq_write_format(&w, " %d", 7);
    assert_memory_equal(w.data + 12, "\0\0\0text 7", 9 + 1); /* and a NUL past the end */
    for (int i = 0; i < 10000; i++)
        dsq_write_format(&w, "%04d", i);
    assert_int_equal(w.bytes, 12 + 3 + 6 + 40000);
    assert_memory_equal(w.data + w.bytes - 8, "99989999", 8);
    assert_false(w.failed);
    dsq_writer_free(&w);
    assert_null(w.data);
}

static void *no_memory(void *user, size_t bytes)
{
    (void)user;
    (void)bytes;
    return NULL;
}

static void never_free(void *user, void *memory)
{
    (void)user;
    fail_msg("%p was never given out", memory);
}

static void test_writer_without_memory(void **state)
{
    (void)state;
    const struct dsq_allocator a = {NULL, no_memory, never_free};
    struct dsq_writer w;
    dsq_writer_init(&w, &a);
    dsq_write_text(&w, "x");
    dsq_write_format(&w, "%d", 1);
    dsq_write_zeros(&w, 1);
    assert_true(w.failed && w.bytes == 0);
    dsq_writer_free(&w);
}

static void test_checksum(void **state)
{
    (void)state;
    assert_int_equal(dsq_checksum("123456789", 9), 0xcbf43926); /* CRC-32's check value */
    assert_int_equal(dsq_checksum("", 0), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reading_numbers),
        cmocka_unit_test(test_failure_sticks),
        cmocka_unit_test(test_sub_reader_stays_inside),
        cmocka_unit_test(test_varints),
        cmocka_unit_test(test_writing),
        cmocka_unit_test(test_writer_without_memory),
        cmocka_unit_test(test_checksum),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
