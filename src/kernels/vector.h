/* SPDX-License-Identifier: Apache-2.0 */
/* The widest vectors that the file being compiled may use: for text that serves several instruction
 * sets. */
#ifndef DSQ_KERNELS_VECTOR_H
#define DSQ_KERNELS_VECTOR_H

#ifdef __AVX512F__
#include "kernels/vector_avx512vnni.h"
#else
#include "kernels/vector_avx2.h"
#endif

#endif
