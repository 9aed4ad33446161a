/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the binary operators do to one pair of elements: one definition for sizes computed on the
 * host, for constants that are folded and for the back ends' plain loops.
 */
#ifndef DSQ_GRAPH_ELEMENT_H
#define DSQ_GRAPH_ELEMENT_H

#include "graph/graph.h"

/* equal, greater, greater_equal: of numbers to bool. */
static inline bool dsq_op_compares(enum dsq_op op)
{
    return op == DSQ_OP_EQUAL || op == DSQ_OP_GREATER || op == DSQ_OP_GREATER_EQUAL;
}

/* a op b for add, sub, mul, div (which truncates, as in ONNX and C), min, max, mod (the sign of b),
 * fmod (the sign of a), and, or, xor and comparisons (0 or 1). False where the result has no value:
 * then *out is what fits of it (overflow), or 0 (division by 0). */
bool dsq_element_int(enum dsq_op op, int64_t a, int64_t b, int64_t *out);

/* a op b for add, sub, mul, div, min, max (a NaN wins) and fmod, in float. */
float dsq_element_f32(enum dsq_op op, float a, float b);
bool dsq_element_compare_f32(enum dsq_op op, float a, float b);

/* A float as an integer as ONNX Runtime has it on x86: cut off towards 0, and what does not fit
 * (NaN too) is the smallest integer of the type. ONNX leaves it open. */
int32_t dsq_element_to_s32(float x);
int64_t dsq_element_to_s64(float x);

#endif
