/* SPDX-License-Identifier: Apache-2.0 */
/* unary for AVX-512, 16 floats at a time; the text is unary_vector.h's. */
#include "kernels/unary_vector.h"

void dsq_unary__avx512vnni(const struct dsq_unary *u, size_t n, const float *x, float *y)
{
    run_unary(u, n, x, y);
}
