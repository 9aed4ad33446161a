/* SPDX-License-Identifier: Apache-2.0 */
/* split: each output is a copy of its part of the input, with any strides on both sides; or a view
 * of it, if the planner has made it one. */
#include "backend/cpu/nd.h"

static bool split_supports(const struct dsq_graph *g, const struct dsq_node *n, char *why,
                           size_t bytes)
{
    const struct dsq_value *x = &g->value[n->in[0]];
    for (int32_t k = 0; k < n->n_out; k++)
        if (g->value[n->out[k]].dtype != x->dtype)
            return dsq_cpu_refuse(why, bytes, "output %d is not %s as the input is", (int)k,
                                  dsq_dtype_name(x->dtype));
    return true;
}

static enum dsq_status split_run(const struct dsq_prepared *p, const struct dsq_call *c,
                                 struct dsq_diag *d)
{
    const struct dsq_split_attr *a = c->node->attr;
    const struct dsq_view *x = dsq_cpu_in(c, 0);
    const int64_t axis = a->axis < 0 ? a->axis + x->rank : a->axis;
    int64_t at = 0;
    for (int32_t k = 0; k < c->node->n_out; k++) {
        const struct dsq_view *y = dsq_cpu_out(c, k);
        struct dsq_view part = *x;
        if (y->dims[axis] > x->dims[axis] - at)
            return dsq_cpu_fail(p, d, DSQ_SHAPE, "its outputs are longer than its input");
        part.dims[axis] = y->dims[axis];
        part.data = (char *)x->data + at * x->strides[axis] * (int64_t)dsq_dtype_bytes(x->dtype);
        at += y->dims[axis];
        if (part.data != y->data)
            dsq_cpu_copy(p->device->rows, c->pool, y, &part);
    }
    return DSQ_OK;
}

const struct dsq_cpu_op dsq_cpu_split = {
    .memory = DSQ_MEM_READS_ANY | DSQ_MEM_WRITES_ANY | DSQ_MEM_WRITES_PIXELS,
    .supports = split_supports,
    .run = split_run,
};
