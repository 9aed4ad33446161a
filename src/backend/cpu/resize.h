/* SPDX-License-Identifier: Apache-2.0 */
/* resize on the CPU: one file a mode; resize.c chooses. */
#ifndef DSQ_BACKEND_CPU_RESIZE_H
#define DSQ_BACKEND_CPU_RESIZE_H

#include "backend/cpu/backend_cpu.h"
#include "graph/resize.h"

/* One run. x and y have rank 4, equal N and C, and channels side by side; none is empty. */
struct dsq_cpu_resize {
    const struct dsq_prepared *p;
    const struct dsq_view *x, *y;
    struct dsq_resize_axis axis[2]; /* height, width */
    void *workspace;
    struct dsq_pool *pool;
};

/* Bytes of workspace (data and workspace are not looked at), and the work. */
size_t dsq_cpu_resize_linear_bytes(const struct dsq_cpu_resize *r);
void dsq_cpu_resize_linear(const struct dsq_cpu_resize *r);
size_t dsq_cpu_resize_mix_bytes(const struct dsq_cpu_resize *r);
void dsq_cpu_resize_mix(const struct dsq_cpu_resize *r);

/* A pixel of what lies outside. */
static inline void dsq_cpu_resize_fill(int64_t channels, float v, float *y)
{
    for (int64_t c = 0; c < channels; c++)
        y[c] = v;
}

#endif
