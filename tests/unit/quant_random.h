/* SPDX-License-Identifier: Apache-2.0 */
/* Random floats of the kinds that activations are made of, for the tests of src/quant and
 * src/calib. */
#ifndef DSQ_TESTS_QUANT_RANDOM_H
#define DSQ_TESTS_QUANT_RANDOM_H

#include <math.h>
#include <stddef.h>
#include <stdint.h>

/* xorshift64* (Vigna 2014); the state must not be 0. */
static inline uint32_t random_u32(uint64_t *state)
{
    *state ^= *state >> 12;
    *state ^= *state << 25;
    *state ^= *state >> 27;
    return (uint32_t)((*state * 0x2545f4914f6cdd1du) >> 32);
}

static inline double random_unit(uint64_t *state) /* in (0, 1) */
{
    return (random_u32(state) + 0.5) / 4294967296.0;
}

static inline float random_normal(uint64_t *state)
{
    double r = sqrt(-2.0 * log(random_unit(state)));
    return (float)(r * cos(6.283185307179586 * random_unit(state)));
}

enum random_kind {
    RANDOM_NORMAL,
    RANDOM_RELU,
    RANDOM_HEAVY,
    RANDOM_SPARSE,
    RANDOM_UNIFORM,
    RANDOM_KINDS
};

static inline float random_value(uint64_t *state, enum random_kind kind)
{
    float x = random_normal(state);
    switch (kind) {
    case RANDOM_RELU:
        return x > 0.0f ? x : 0.0f;
    case RANDOM_HEAVY: /* of very different spread */
        return x * (float)exp((double)random_normal(state));
    case RANDOM_SPARSE:
        return random_unit(state) < 0.97 ? 0.0f : x;
    case RANDOM_UNIFORM:
        return (float)(2.0 * random_unit(state) - 1.0);
    default:
        return x;
    }
}

#endif
