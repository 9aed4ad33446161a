/* SPDX-License-Identifier: Apache-2.0 */
/* relayout and identity: the same elements, dense in the output's layout. */
#include "backend/cpu/nd.h"

static bool relayout_supports(const struct dsq_graph *g, const struct dsq_node *n, char *why,
                              size_t bytes)
{
    const struct dsq_value *x = &g->value[n->in[0]], *y = &g->value[n->out[0]];
    if (x->dtype != y->dtype)
        return dsq_cpu_refuse(why, bytes, "input is %s, output %s", dsq_dtype_name(x->dtype),
                              dsq_dtype_name(y->dtype));
    return true;
}

static enum dsq_status relayout_run(const struct dsq_prepared *p, const struct dsq_call *c,
                                    struct dsq_diag *d)
{
    (void)d;
    dsq_cpu_copy(p->device->rows, c->pool, dsq_cpu_out(c, 0), dsq_cpu_in(c, 0));
    return DSQ_OK;
}

const struct dsq_cpu_op dsq_cpu_relayout = {
    .memory = DSQ_MEM_READS_ANY | DSQ_MEM_WRITES_ANY | DSQ_MEM_WRITES_PIXELS,
    .supports = relayout_supports,
    .run = relayout_run,
};
