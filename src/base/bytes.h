/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bytes in and out: the bounded reader for untrusted input, the growing writer, whole files.
 *
 * Nobody else does pointer arithmetic on input. A reader carries its own begin and end; a
 * sub-reader covers a length-delimited part and cannot outlive or leave it. The first failure
 * sticks: every later read gives 0, so parsing code reads straight on and asks once
 * (dsq_reader_failed). All numbers in our own files are little-endian.
 */
#ifndef DSQ_BASE_BYTES_H
#define DSQ_BASE_BYTES_H

#include "base/status.h"

struct dsq_reader {
    const uint8_t *begin, *at, *end;
    bool failed;
};

void dsq_reader_init(struct dsq_reader *r, const void *data, size_t bytes);
static inline bool dsq_reader_failed(const struct dsq_reader *r)
{
    return r->failed;
}
static inline size_t dsq_reader_left(const struct dsq_reader *r)
{
    return r->failed ? 0 : (size_t)(r->end - r->at);
}
static inline size_t dsq_reader_offset(const struct dsq_reader *r)
{
    return (size_t)(r->at - r->begin);
}

uint8_t dsq_read_u8(struct dsq_reader *r);
uint32_t dsq_read_u32(struct dsq_reader *r);
uint64_t dsq_read_u64(struct dsq_reader *r);
uint64_t dsq_read_varint(struct dsq_reader *r);                 /* protobuf's base 128 */
const void *dsq_read_bytes(struct dsq_reader *r, size_t n);     /* NULL when fewer are left */
struct dsq_reader dsq_read_sub(struct dsq_reader *r, size_t n); /* failed when fewer are left */

/* A growing buffer. The first failed allocation sticks. */
struct dsq_writer {
    const struct dsq_allocator *allocator;
    char *data;
    size_t bytes, capacity;
    bool failed;
};

void dsq_writer_init(struct dsq_writer *w, const struct dsq_allocator *a);
void dsq_writer_free(struct dsq_writer *w);
void dsq_write_bytes(struct dsq_writer *w, const void *data, size_t n);
void dsq_write_u32(struct dsq_writer *w, uint32_t v);
void dsq_write_u64(struct dsq_writer *w, uint64_t v);
void dsq_write_zeros(struct dsq_writer *w, size_t n);
void dsq_write_text(struct dsq_writer *w, const char *text);
void dsq_write_format(struct dsq_writer *w, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* A whole file in memory (NUL-terminated past its end). IO when it cannot be read, with the
 * system's reason. Release with dsq_release(a, *data). */
enum dsq_status dsq_file_read(const char *path, const struct dsq_allocator *a, void **data,
                              size_t *bytes, struct dsq_diag *d) DSQ_MUST_CHECK;

/* Write to PATH.tmp-<pid>, flush, then rename: PATH is either the old file or the whole new one,
 * and no temporary file stays behind a failure. */
enum dsq_status dsq_file_write(const char *path, const void *data, size_t bytes,
                               struct dsq_diag *d) DSQ_MUST_CHECK;

/* Whether dsq_file_write could begin to write PATH: asked before long work whose result goes there.
 */
enum dsq_status dsq_file_can_write(const char *path, struct dsq_diag *d) DSQ_MUST_CHECK;

/* mkdir -p. An existing folder is success. */
enum dsq_status dsq_make_folder(const char *path, struct dsq_diag *d) DSQ_MUST_CHECK;

/* CRC-32 as zlib computes it. */
uint32_t dsq_checksum(const void *data, size_t bytes);

#endif
