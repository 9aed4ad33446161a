/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The orientation tag (0x0112) of a JPEG's APP1 segment or a PNG's eXIf chunk: both hold a small
 * TIFF file. Only its first directory is looked at. Anything odd means "upright": a damaged tag is
 * no reason to refuse the pixels. (CIPA DC-008 "Exif 2.32", TIFF 6.0.)
 */
#include <string.h>

#include "detect/picture.h"

static uint32_t read_number(struct dsq_reader *r, int bytes, bool big)
{
    uint32_t v = 0;
    for (int i = 0; i < bytes; i++) {
        uint32_t b = dsq_read_u8(r);
        v = big ? v << 8 | b : v | b << (8 * i);
    }
    return v;
}

static int orientation_of_tiff(struct dsq_reader r)
{
    enum { ORIENTATION = 0x0112, SHORT = 3 };
    uint32_t order = read_number(&r, 2, true);
    if (order != 0x4949 && order != 0x4d4d)
        return 1;
    bool big = order == 0x4d4d;
    if (read_number(&r, 2, big) != 42)
        return 1;
    uint32_t offset = read_number(&r, 4, big);
    if (offset < 8)
        return 1;
    dsq_read_bytes(&r, offset - 8);
    uint32_t entries = read_number(&r, 2, big);
    for (uint32_t i = 0; i < entries && !dsq_reader_failed(&r); i++) {
        uint32_t tag = read_number(&r, 2, big), type = read_number(&r, 2, big);
        uint32_t count = read_number(&r, 4, big), value = read_number(&r, 2, big);
        read_number(&r, 2, big);
        if (tag != ORIENTATION || dsq_reader_failed(&r))
            continue;
        return type == SHORT && count == 1 && value >= 1 && value <= 8 ? (int)value : 1;
    }
    return 1;
}

/* Segments FF xx length...; ends at the first scan, where the tables and tags are over. */
static int orientation_of_jpeg(struct dsq_reader r)
{
    enum { APP1 = 0xe1, SOS = 0xda, EOI = 0xd9 };
    dsq_read_bytes(&r, 2);
    while (!dsq_reader_failed(&r)) {
        if (dsq_read_u8(&r) != 0xff)
            return 1;
        uint8_t marker = dsq_read_u8(&r);
        while (marker == 0xff)
            marker = dsq_read_u8(&r);
        if (marker == SOS || marker == EOI)
            return 1;
        uint32_t length = read_number(&r, 2, true);
        if (length < 2)
            return 1;
        struct dsq_reader segment = dsq_read_sub(&r, length - 2);
        if (marker != APP1)
            continue;
        const void *tag = dsq_read_bytes(&segment, 6);
        if (tag && memcmp(tag, "Exif\0", 6) == 0)
            return orientation_of_tiff(dsq_read_sub(&segment, dsq_reader_left(&segment)));
    }
    return 1;
}

/* Chunks: length, name, data, checksum. */
static int orientation_of_png(struct dsq_reader r)
{
    dsq_read_bytes(&r, 8);
    while (!dsq_reader_failed(&r)) {
        uint32_t length = read_number(&r, 4, true);
        const void *name = dsq_read_bytes(&r, 4);
        struct dsq_reader chunk = dsq_read_sub(&r, length);
        dsq_read_bytes(&r, 4);
        if (name && memcmp(name, "eXIf", 4) == 0)
            return orientation_of_tiff(chunk);
    }
    return 1;
}

int dsq_exif_orientation(const void *data, size_t bytes)
{
    struct dsq_reader r;
    dsq_reader_init(&r, data, bytes);
    const uint8_t *start = data;
    if (bytes >= 2 && start[0] == 0xff && start[1] == 0xd8)
        return orientation_of_jpeg(r);
    if (bytes >= 8 && start[0] == 0x89 && start[1] == 'P')
        return orientation_of_png(r);
    return 1;
}
