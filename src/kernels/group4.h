/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Four bytes of a row as one 32-bit word, first byte lowest, for kernels that multiply four at a
 * time. Nothing here reads outside the row: where kc is no multiple of 4, the last group of a row
 * of more than 4 bytes is its last four (the packed weights are 0 for those that were there before,
 * see igemm_s8.h); a shorter row is put together (short_tail), zeros behind it.
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
