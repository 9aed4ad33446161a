/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Four bytes of a row as one 32-bit word, first byte lowest, for kernels that multiply four at a
 * time. Where kc is no multiple of 4, a row's last word holds its kc % 4 last bytes, then zeros.
 * Nothing here reads outside the row: a row of more than 4 bytes gives its last four (last4), to be
 * shifted right by tail_shift(kc) bits; a shorter one is put together (short_tail).
 */
#ifndef DSQ_KERNELS_GROUP4_H
#define DSQ_KERNELS_GROUP4_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

static inline int32_t load4(const int8_t *at)
{
    int32_t word;
    memcpy(&word, at, sizeof word);
    return word;
}

static inline int32_t last4(const int8_t *row, size_t kc)
{
    return load4(row + kc - 4);
}

static inline int tail_shift(size_t kc)
{
    return 8 * (4 - (int)(kc % 4));
}

/* kc in [1, 3] */
static inline int32_t short_tail(const int8_t *row, size_t kc)
{
    const uint8_t *b = (const uint8_t *)row;
    uint32_t word = b[0];
    if (kc == 1)
        return (int32_t)word;
    return (int32_t)(word | (uint32_t)b[1] << 8 | (uint32_t)b[kc - 1] << (8 * (kc - 1)));
}

#endif
