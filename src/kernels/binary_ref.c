/* SPDX-License-Identifier: Apache-2.0 */
/* binary, the definitions: one element after the other. Never optimised. */
#include "kernels/binary.h"
#include "kernels/math_f32.h"

static float binary(enum dsq_binary_kind kind, float a, float b)
{
    switch (kind) {
    case DSQ_BINARY_ADD:
        return a + b;
    case DSQ_BINARY_SUB:
        return a - b;
    case DSQ_BINARY_MUL:
        return a * b;
    case DSQ_BINARY_DIV:
        return a / b;
    case DSQ_BINARY_MIN:
        return a < b || a != a ? a : b;
    case DSQ_BINARY_MAX:
        return a > b || a != a ? a : b;
    case DSQ_BINARY_PRELU:
        return a < 0.0f ? b * a : a;
    default:
        return dsq_pow_f32(a, b);
    }
}

void dsq_binary__ref(enum dsq_binary_kind kind, size_t n, const float *a, size_t sa, const float *b,
                     size_t sb, float *y)
{
    for (size_t i = 0; i < n; i++)
        y[i] = binary(kind, a[i * sa], b[i * sb]);
}
