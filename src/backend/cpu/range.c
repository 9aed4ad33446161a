/* SPDX-License-Identifier: Apache-2.0 */
/* range: start + i * step, for i from 0 on. */
#include "backend/cpu/nd.h"

static bool range_supports(const struct dsq_graph *g, const struct dsq_node *n, char *why,
                           size_t bytes)
{
    const enum dsq_dtype t = g->value[n->out[0]].dtype;
    if (t != DSQ_F32 && t != DSQ_S32 && t != DSQ_S64)
        return dsq_cpu_refuse(why, bytes, "of type %s", dsq_dtype_name(t));
    return dsq_cpu_same_type(g, n, why, bytes);
}

static enum dsq_status range_run(const struct dsq_prepared *p, const struct dsq_call *c,
                                 struct dsq_diag *d)
{
    (void)p;
    (void)d;
    const struct dsq_view *start = dsq_cpu_in(c, 0), *step = dsq_cpu_in(c, 2),
                          *y = dsq_cpu_out(c, 0);
    const int64_t stride = y->strides[0];
    const bool real = y->dtype == DSQ_F32;
    const uint64_t first = real ? 0 : (uint64_t)dsq_cpu_integer(start, 0);
    const uint64_t by = real ? 0 : (uint64_t)dsq_cpu_integer(step, 0);
    for (int64_t i = 0; i < y->dims[0]; i++) {
        const uint64_t at = first + (uint64_t)i * by;
        if (real)
            ((float *)y->data)[i * stride] =
                *(const float *)start->data + (float)i * *(const float *)step->data;
        else if (y->dtype == DSQ_S32)
            ((int32_t *)y->data)[i * stride] = (int32_t)(uint32_t)at;
        else
            ((int64_t *)y->data)[i * stride] = (int64_t)at;
    }
    return DSQ_OK;
}

const struct dsq_cpu_op dsq_cpu_range = {
    .memory = DSQ_MEM_READS_ANY | DSQ_MEM_WRITES_ANY,
    .supports = range_supports,
    .run = range_run,
};
