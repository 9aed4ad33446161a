/* SPDX-License-Identifier: Apache-2.0 */
/* concat: each input is copied to its part of the output. The planner lets producers write there
 * themselves where it can; such an input already is that part, and nothing is left to do. */
#include "backend/cpu/nd.h"

static bool concat_supports(const struct dsq_graph *g, const struct dsq_node *n, char *why,
                            size_t bytes)
{
    const struct dsq_value *y = &g->value[n->out[0]];
    for (int32_t i = 0; i < n->n_in; i++)
        if (n->in[i] == DSQ_NO_VALUE || g->value[n->in[i]].dtype != y->dtype)
            return dsq_cpu_refuse(why, bytes, "input %d is not %s as the output is", (int)i,
                                  dsq_dtype_name(y->dtype));
    return true;
}

static enum dsq_status concat_run(const struct dsq_prepared *p, const struct dsq_call *c,
                                  struct dsq_diag *d)
{
    const struct dsq_axis_attr *a = c->node->attr;
    const struct dsq_view *y = dsq_cpu_out(c, 0);
    int64_t axis = a->axis < 0 ? a->axis + y->rank : a->axis, at = 0;
    for (int32_t i = 0; i < c->node->n_in; i++) {
        const struct dsq_view *x = dsq_cpu_in(c, i);
        struct dsq_view part = *y;
        if (at + x->dims[axis] > y->dims[axis])
            return dsq_cpu_fail(p, d, DSQ_SHAPE, "its inputs are longer than its output");
        part.dims[axis] = x->dims[axis];
        part.data = (char *)y->data + at * y->strides[axis] * (int64_t)dsq_dtype_bytes(y->dtype);
        at += x->dims[axis];
        if (part.data != x->data)
            dsq_cpu_copy(p->device->rows, c->pool, &part, x);
    }
    return DSQ_OK;
}

const struct dsq_cpu_op dsq_cpu_concat = {
    .memory = DSQ_MEM_READS_ANY | DSQ_MEM_WRITES_ANY | DSQ_MEM_WRITES_PIXELS,
    .supports = concat_supports,
    .run = concat_run,
};
