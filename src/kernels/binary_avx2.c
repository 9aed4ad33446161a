/* SPDX-License-Identifier: Apache-2.0 */
/*
 * binary for AVX2, 8 floats at a time. Where a step is 0 the one number is spread over a vector
 * before the loop. pow is computed one by one.
 */
#include "kernels/binary.h"
#include "kernels/vector_avx2.h"

typedef vf binary_kind_fn(vf a, vf b);

static vf min_kind(vf a, vf b)
{
    return vf_select(vf_is_nan(a), a, vf_min(a, b));
}
static vf max_kind(vf a, vf b)
{
    return vf_select(vf_is_nan(a), a, vf_max(a, b));
}
static vf prelu_kind(vf a, vf b)
{
    return vf_select(vf_less(a, vf_set(0.0f)), vf_mul(b, a), a);
}

/* Inlined with a constant f and constant steps, so that each has a loop of its own. */
__attribute__((always_inline)) static inline void binary_loop(binary_kind_fn *f, size_t n,
                                                              const float *a, size_t sa,
                                                              const float *b, size_t sb, float *y)
{
    if (n == 0)
        return;
    const vf one_a = vf_set(*a), one_b = vf_set(*b);
    size_t i = 0;
    for (; n - i >= LANES; i += LANES)
        vf_store(y + i, f(sa ? vf_load(a + i, LANES) : one_a, sb ? vf_load(b + i, LANES) : one_b),
                 LANES);
    if (i < n)
        vf_store(y + i, f(sa ? vf_load(a + i, n - i) : one_a, sb ? vf_load(b + i, n - i) : one_b),
                 n - i);
}

__attribute__((always_inline)) static inline void binary_steps(binary_kind_fn *f, size_t n,
                                                               const float *a, size_t sa,
                                                               const float *b, size_t sb, float *y)
{
    if (sa && sb)
        binary_loop(f, n, a, 1, b, 1, y);
    else if (sa)
        binary_loop(f, n, a, 1, b, 0, y);
    else
        binary_loop(f, n, a, 0, b, sb, y);
}

void dsq_binary__avx2(enum dsq_binary_kind kind, size_t n, const float *a, size_t sa,
                      const float *b, size_t sb, float *y)
{
    switch (kind) {
    case DSQ_BINARY_ADD:
        binary_steps(vf_add, n, a, sa, b, sb, y);
        break;
    case DSQ_BINARY_SUB:
        binary_steps(vf_sub, n, a, sa, b, sb, y);
        break;
    case DSQ_BINARY_MUL:
        binary_steps(vf_mul, n, a, sa, b, sb, y);
        break;
    case DSQ_BINARY_DIV:
        binary_steps(vf_div, n, a, sa, b, sb, y);
        break;
    case DSQ_BINARY_MIN:
        binary_steps(min_kind, n, a, sa, b, sb, y);
        break;
    case DSQ_BINARY_MAX:
        binary_steps(max_kind, n, a, sa, b, sb, y);
        break;
    case DSQ_BINARY_PRELU:
        binary_steps(prelu_kind, n, a, sa, b, sb, y);
        break;
    default:
        dsq_binary__ref(kind, n, a, sa, b, sb, y);
        break;
    }
}
