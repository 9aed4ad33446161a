/* SPDX-License-Identifier: Apache-2.0 */
/* One pair of elements; see element.h. */
#include "graph/element.h"

#include <math.h>

/* The remainder has the sign of a, as C's. */
static bool divide(int64_t a, int64_t b, int64_t *quotient, int64_t *remainder)
{
    *quotient = *remainder = 0;
    if (b == 0)
        return false;
    if (b == -1)
        return !__builtin_sub_overflow(0, a, quotient);
    *quotient = a / b;
    *remainder = a % b;
    return true;
}

bool dsq_element_int(enum dsq_op op, int64_t a, int64_t b, int64_t *out)
{
    int64_t other;
    switch (op) {
    case DSQ_OP_ADD:
        return !__builtin_add_overflow(a, b, out);
    case DSQ_OP_SUB:
        return !__builtin_sub_overflow(a, b, out);
    case DSQ_OP_MUL:
        return !__builtin_mul_overflow(a, b, out);
    case DSQ_OP_DIV:
        return divide(a, b, out, &other);
    case DSQ_OP_FMOD:
        divide(a, b, &other, out);
        return b != 0;
    case DSQ_OP_MOD:
        divide(a, b, &other, out);
        *out += *out != 0 && (*out < 0) != (b < 0) ? b : 0;
        return b != 0;
    case DSQ_OP_MIN:
        *out = a < b ? a : b;
        return true;
    case DSQ_OP_MAX:
        *out = a > b ? a : b;
        return true;
    case DSQ_OP_AND:
        *out = a && b;
        return true;
    case DSQ_OP_OR:
        *out = a || b;
        return true;
    case DSQ_OP_XOR:
        *out = !a != !b;
        return true;
    case DSQ_OP_EQUAL:
        *out = a == b;
        return true;
    case DSQ_OP_GREATER:
        *out = a > b;
        return true;
    case DSQ_OP_GREATER_EQUAL:
        *out = a >= b;
        return true;
    default:
        *out = 0;
        return false;
    }
}

float dsq_element_f32(enum dsq_op op, float a, float b)
{
    switch (op) {
    case DSQ_OP_ADD:
        return a + b;
    case DSQ_OP_SUB:
        return a - b;
    case DSQ_OP_MUL:
        return a * b;
    case DSQ_OP_DIV:
        return a / b;
    case DSQ_OP_MIN:
        return a < b || a != a ? a : b;
    case DSQ_OP_MAX:
        return a > b || a != a ? a : b;
    default:
        return fmodf(a, b);
    }
}

bool dsq_element_compare_f32(enum dsq_op op, float a, float b)
{
    return op == DSQ_OP_EQUAL ? a == b : op == DSQ_OP_GREATER ? a > b : a >= b;
}

int32_t dsq_element_to_s32(float x)
{
    return x >= -0x1p+31f && x < 0x1p+31f ? (int32_t)x : INT32_MIN;
}

int64_t dsq_element_to_s64(float x)
{
    return x >= -0x1p+63f && x < 0x1p+63f ? (int64_t)x : INT64_MIN;
}
