/* SPDX-License-Identifier: Apache-2.0 */
/* The generator of the harness, and distributions that find bugs sooner than uniform ones. */
#include <math.h>
#include <string.h>

#include "check.h"

uint64_t check_random(struct check *c)
{
    uint64_t z = c->state += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

size_t check_below(struct check *c, size_t n)
{
    return (size_t)(check_random(c) >> 32) % n;
}

float check_uniform(struct check *c, float lo, float hi)
{
    return lo + (hi - lo) * ((float)(check_random(c) >> 40) * 0x1p-24f);
}

float check_any_f32(struct check *c)
{
    static const float special[] = {0.0f, -0.0f,     INFINITY, -INFINITY,  NAN,
                                    1.0f, 0x1p-149f, 0x1p127f, -0x1p-126f, 0.5f};
    uint32_t bits = (uint32_t)check_random(c);
    float f;
    switch (check_below(c, 8)) {
    case 0:
        memcpy(&f, &bits, sizeof f);
        return f;
    case 1:
        return special[check_below(c, sizeof special / sizeof special[0])];
    case 2:
        return (float)((int32_t)check_below(c, 1200) - 600) * 0.5f;
    default:
        return check_uniform(c, -200.0f, 200.0f);
    }
}

int8_t check_s8(struct check *c, int fill, int lo, int hi)
{
    uint64_t r = check_random(c) >> 20;
    int near = (int)((r >> 8) % 3);
    switch (fill) {
    case 0:
        return (int8_t)(r & 1 ? lo : hi);
    case 1:
        return (int8_t)(r & 1 ? lo + near : hi - near);
    case 2:
        return (int8_t)(r & 1);
    default:
        return (int8_t)(lo + (int)(r % (uint64_t)(hi - lo + 1)));
    }
}
