/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A mutator for libFuzzer that knows protobuf's wire format
 * (https://protobuf.dev/programming-guides/encoding): it changes, drops or doubles one field
 * somewhere in the tree of messages and puts the lengths around it right. Plain mutation breaks a
 * length nearly always, and the walker before the parser then stops it at the door. It knows
 * nothing of ONNX.
 */
#include "fuzz.h"

size_t LLVMFuzzerMutate(uint8_t *data, size_t bytes, size_t max_bytes);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t bytes, size_t max_bytes, unsigned int seed);

enum { VARINT = 0, FIXED64 = 1, LENGTH = 2, FIXED32 = 5 };
enum { MOST_FIELDS = 256, MOST_DEPTH = 32, VARINT_BYTES = 10 };

/* Offsets: the tag's, the value's (behind a length), and that of the next field. */
struct field {
    size_t start, value, end;
    int wire;
};

static uint32_t next(uint32_t *seed)
{
    *seed = *seed * 1664525u + 1013904223u;
    return *seed >> 8;
}

static bool read_varint(const uint8_t *data, size_t bytes, size_t *at, uint64_t *v)
{
    *v = 0;
    for (int shift = 0; *at < bytes && shift < 64; shift += 7) {
        uint8_t b = data[(*at)++];
        *v |= (uint64_t)(b & 0x7f) << shift;
        if (b < 0x80)
            return true;
    }
    return false;
}

static size_t write_varint(uint8_t *to, uint64_t v)
{
    size_t n = 0;
    for (; v > 0x7f; v >>= 7)
        to[n++] = (uint8_t)(v | 0x80);
    to[n++] = (uint8_t)v;
    return n;
}

/* The fields of a message; 0 when it is none, or has too many. */
static size_t list_fields(const uint8_t *data, size_t bytes, struct field *field)
{
    size_t n = 0, at = 0;
    for (; at < bytes && n < MOST_FIELDS; n++) {
        uint64_t tag, v = 0;
        struct field *f = &field[n];
        f->start = at;
        if (!read_varint(data, bytes, &at, &tag) || tag < 8)
            return 0;
        f->wire = (int)(tag & 7);
        f->value = at;
        if ((f->wire == VARINT || f->wire == LENGTH) && !read_varint(data, bytes, &at, &v))
            return 0;
        if (f->wire == VARINT)
            v = 0;
        else if (f->wire == LENGTH)
            f->value = at;
        else if (f->wire == FIXED64 || f->wire == FIXED32)
            v = f->wire == FIXED64 ? 8 : 4;
        else
            return 0;
        if (v > bytes - at)
            return 0;
        f->end = at += (size_t)v;
    }
    return at == bytes ? n : 0;
}

/* Put `n` bytes in the place of those in [from, to); false when that would be too many. */
static bool splice(uint8_t *data, size_t *bytes, size_t max, size_t from, size_t to,
                   const uint8_t *with, size_t n)
{
    if (*bytes - (to - from) + n > max)
        return false;
    memmove(data + from + n, data + to, *bytes - to);
    memcpy(data + from, with, n);
    *bytes = *bytes - (to - from) + n;
    return true;
}

static uint64_t odd_number(uint64_t v, uint32_t *seed)
{
    static const uint64_t odd[] = {0,
                                   1,
                                   2,
                                   3,
                                   7,
                                   64,
                                   UINT64_MAX,
                                   INT32_MAX,
                                   INT64_MAX,
                                   (uint64_t)INT64_MIN,
                                   (uint64_t)1 << 32};
    uint32_t r = next(seed) % 16;
    return r < 11 ? odd[r] : r < 13 ? v + 1 : r < 15 ? v - 1 : next(seed) % 1000;
}

static size_t mutate_message(uint8_t *data, size_t bytes, size_t max, int depth, uint32_t *seed);

/* A field's new value, with its length before it. */
static void mutate_field(uint8_t *data, size_t *bytes, size_t max, const struct field *f, int depth,
                         uint32_t *seed)
{
    uint8_t number[VARINT_BYTES];
    size_t n = f->end - f->value, at = f->value;
    uint64_t v;
    if (f->wire == VARINT && read_varint(data, *bytes, &at, &v)) {
        splice(data, bytes, max, f->value, f->end, number,
               write_varint(number, odd_number(v, seed)));
    } else if (f->wire == LENGTH) {
        size_t room = n + (max - *bytes), tag_end = f->start;
        uint8_t *value = malloc(room + 1);
        if (!value || !read_varint(data, *bytes, &tag_end, &v)) {
            free(value);
            return;
        }
        memcpy(value, data + f->value, n);
        n = mutate_message(value, n, room, depth + 1, seed);
        size_t at_value = f->value, value_end = f->end;
        if (splice(data, bytes, max, at_value, value_end, value, n))
            splice(data, bytes, max, tag_end, at_value, number, write_varint(number, n));
        free(value);
    } else {
        LLVMFuzzerMutate(data + f->value, n, n);
    }
}

static size_t mutate_message(uint8_t *data, size_t bytes, size_t max, int depth, uint32_t *seed)
{
    struct field field[MOST_FIELDS];
    size_t n = depth < MOST_DEPTH ? list_fields(data, bytes, field) : 0;
    if (n == 0 || next(seed) % 16 == 0)
        return max ? LLVMFuzzerMutate(data, bytes, max) : 0;
    const struct field *f = &field[next(seed) % n], *to = &field[next(seed) % n];
    uint32_t what = next(seed) % 10;
    if (what == 0) {
        splice(data, &bytes, max, f->start, f->end, data, 0);
    } else if (what == 1) {
        uint8_t *copy = malloc(f->end - f->start);
        if (copy) {
            memcpy(copy, data + f->start, f->end - f->start);
            splice(data, &bytes, max, to->start, to->start, copy, f->end - f->start);
        }
        free(copy);
    } else {
        mutate_field(data, &bytes, max, f, depth, seed);
    }
    return bytes;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t bytes, size_t max_bytes, unsigned int seed)
{
    uint32_t state = seed;
    return mutate_message(data, bytes, max_bytes, 0, &state);
}
