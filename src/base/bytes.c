/* SPDX-License-Identifier: Apache-2.0 */
/* The bounded reader and the growing writer. Files are in file.c. */
#include "base/bytes.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <zlib.h>

#include "base/memory.h"

void dsq_reader_init(struct dsq_reader *r, const void *data, size_t bytes)
{
    static const uint8_t empty = 0;
    r->begin = r->at = data ? data : &empty;
    r->end = r->begin + (data ? bytes : 0);
    r->failed = false;
}

const void *dsq_read_bytes(struct dsq_reader *r, size_t n)
{
    if (r->failed || n > (size_t)(r->end - r->at)) {
        r->failed = true;
        return NULL;
    }
    const void *p = r->at;
    r->at += n;
    return p;
}

uint8_t dsq_read_u8(struct dsq_reader *r)
{
    const uint8_t *p = dsq_read_bytes(r, 1);
    return p ? *p : 0;
}

uint32_t dsq_read_u32(struct dsq_reader *r)
{
    const uint8_t *p = dsq_read_bytes(r, 4);
    return p ? p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24 : 0;
}

uint64_t dsq_read_u64(struct dsq_reader *r)
{
    uint64_t low = dsq_read_u32(r);
    return low | (uint64_t)dsq_read_u32(r) << 32;
}

uint64_t dsq_read_varint(struct dsq_reader *r)
{
    uint64_t v = 0;
    for (int shift = 0; shift < 64; shift += 7) {
        uint8_t b = dsq_read_u8(r);
        if (r->failed)
            return 0;
        v |= (uint64_t)(b & 0x7f) << shift;
        if (!(b & 0x80))
            return v;
    }
    r->failed = true;
    return 0;
}

struct dsq_reader dsq_read_sub(struct dsq_reader *r, size_t n)
{
    struct dsq_reader sub;
    const void *p = dsq_read_bytes(r, n);
    dsq_reader_init(&sub, p, n);
    sub.failed = !p;
    return sub;
}

void dsq_writer_init(struct dsq_writer *w, const struct dsq_allocator *a)
{
    *w = (struct dsq_writer){.allocator = a};
}

void dsq_writer_free(struct dsq_writer *w)
{
    dsq_release(w->allocator, w->data);
    dsq_writer_init(w, w->allocator);
}

/* Room for n more bytes and a NUL. */
static bool reserve(struct dsq_writer *w, size_t n)
{
    size_t need;
    if (w->failed || !dsq_add(w->bytes, n, &need) || !dsq_add(need, 1, &need)) {
        w->failed = true;
        return false;
    }
    if (need <= w->capacity)
        return true;
    size_t capacity = w->capacity ? w->capacity : 1024;
    while (capacity < need)
        capacity = capacity > SIZE_MAX / 2 ? need : capacity * 2;
    char *grown = dsq_alloc(w->allocator, capacity);
    if (!grown) {
        w->failed = true;
        return false;
    }
    if (w->bytes)
        memcpy(grown, w->data, w->bytes);
    dsq_release(w->allocator, w->data);
    w->data = grown;
    w->capacity = capacity;
    return true;
}

void dsq_write_bytes(struct dsq_writer *w, const void *data, size_t n)
{
    if (!reserve(w, n))
        return;
    if (n)
        memcpy(w->data + w->bytes, data, n);
    w->bytes += n;
    w->data[w->bytes] = 0;
}

void dsq_write_zeros(struct dsq_writer *w, size_t n)
{
    if (!reserve(w, n))
        return;
    memset(w->data + w->bytes, 0, n + 1);
    w->bytes += n;
}

void dsq_write_u32(struct dsq_writer *w, uint32_t v)
{
    uint8_t b[4] = {(uint8_t)v, (uint8_t)(v >> 8), (uint8_t)(v >> 16), (uint8_t)(v >> 24)};
    dsq_write_bytes(w, b, 4);
}

void dsq_write_u64(struct dsq_writer *w, uint64_t v)
{
    dsq_write_u32(w, (uint32_t)v);
    dsq_write_u32(w, (uint32_t)(v >> 32));
}

void dsq_write_text(struct dsq_writer *w, const char *text)
{
    dsq_write_bytes(w, text, strlen(text));
}

void dsq_write_format(struct dsq_writer *w, const char *format, ...)
{
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    int n = vsnprintf(NULL, 0, format, args);
    va_end(args);
    if (n >= 0 && reserve(w, (size_t)n)) {
        vsnprintf(w->data + w->bytes, (size_t)n + 1, format, again);
        w->bytes += (size_t)n;
    } else {
        w->failed = true;
    }
    va_end(again);
}

uint32_t dsq_checksum(const void *data, size_t bytes)
{
    uLong crc = crc32(0, NULL, 0);
    const Bytef *p = data;
    while (bytes) {
        uInt step = bytes > (1u << 30) ? 1u << 30 : (uInt)bytes;
        crc = crc32(crc, p, step);
        p += step;
        bytes -= step;
    }
    return (uint32_t)crc;
}
