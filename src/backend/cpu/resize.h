/* SPDX-License-Identifier: Apache-2.0 */
/* resize on the CPU: one file a mode; resize.c chooses. */
#ifndef DSQ_BACKEND_CPU_RESIZE_H
#define DSQ_BACKEND_CPU_RESIZE_H

#include "backend/cpu/backend_cpu.h"
#include "graph/resize.h"

/* One run. x and y have rank 4, equal N and C, and channels side by side. */
struct dsq_cpu_resize {
    const struct dsq_prepared *p;
    const struct dsq_view *x, *y;
    struct dsq_resize_axis axis[2]; /* height, width */
    void *workspace;
    struct dsq_pool *pool;
};

/* Bytes of workspace for views of these dims; and the work. */
size_t dsq_cpu_resize_linear_bytes(const struct dsq_view *y, int threads);
void dsq_cpu_resize_linear(const struct dsq_cpu_resize *r);

#endif
