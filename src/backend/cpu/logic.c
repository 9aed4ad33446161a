/* SPDX-License-Identifier: Apache-2.0 */
/* Comparisons, logic of bools, and where: plain loops, broadcasting as ONNX does. A bool in memory
 * is a byte, 0 or not. */
#include <string.h>

#include "backend/cpu/nd.h"
#include "graph/element.h"

struct logic_job {
    enum dsq_op op;
    enum dsq_dtype type; /* of the operands */
    const void *in[3];
    uint8_t *y;
    size_t element; /* bytes, of where */
};

static int64_t integer_at(const struct logic_job *j, int32_t k, int64_t i)
{
    if (j->type == DSQ_S64)
        return ((const int64_t *)j->in[k])[i];
    if (j->type == DSQ_S32)
        return ((const int32_t *)j->in[k])[i];
    return ((const uint8_t *)j->in[k])[i] != 0;
}

/* Comparisons, and, or, xor. */
static void run_pairs(void *arg, int64_t n, const int64_t *offset, const int64_t *step, int worker)
{
    (void)worker;
    const struct logic_job *j = arg;
    for (int64_t i = 0; i < n; i++) {
        const int64_t a = offset[1] + i * step[1], b = offset[2] + i * step[2];
        int64_t y;
        if (j->type == DSQ_F32)
            y = dsq_element_compare_f32(j->op, ((const float *)j->in[0])[a],
                                        ((const float *)j->in[1])[b]);
        else
            (void)dsq_element_int(j->op, integer_at(j, 0, a), integer_at(j, 1, b), &y);
        j->y[offset[0] + i * step[0]] = (uint8_t)y;
    }
}

static void run_not(void *arg, int64_t n, const int64_t *offset, const int64_t *step, int worker)
{
    (void)worker;
    const struct logic_job *j = arg;
    for (int64_t i = 0; i < n; i++)
        j->y[offset[0] + i * step[0]] = !integer_at(j, 0, offset[1] + i * step[1]);
}

static void run_where(void *arg, int64_t n, const int64_t *offset, const int64_t *step, int worker)
{
    (void)worker;
    const struct logic_job *j = arg;
    const size_t size = j->element;
    for (int64_t i = 0; i < n; i++) {
        const bool first = ((const uint8_t *)j->in[0])[offset[1] + i * step[1]] != 0;
        const int64_t from = first ? offset[2] + i * step[2] : offset[3] + i * step[3];
        const char *x = j->in[first ? 1 : 2];
        memcpy(j->y + (size_t)(offset[0] + i * step[0]) * size, x + (size_t)from * size, size);
    }
}

static enum dsq_status logic_run(const struct dsq_prepared *p, const struct dsq_call *c,
                                 struct dsq_diag *d)
{
    const struct dsq_node *n = c->node;
    const struct dsq_view *views[4] = {dsq_cpu_out(c, 0)};
    struct logic_job j = {.op = n->op,
                          .type = dsq_cpu_in(c, 0)->dtype,
                          .y = views[0]->data,
                          .element = dsq_dtype_bytes(views[0]->dtype)};
    for (int32_t k = 0; k < n->n_in; k++) {
        views[k + 1] = dsq_cpu_in(c, k);
        j.in[k] = views[k + 1]->data;
    }
    struct dsq_nd nd;
    if (!dsq_nd_init(&nd, n->n_in + 1, views))
        return dsq_cpu_fail(p, d, DSQ_SHAPE, "its inputs do not broadcast to its output");
    dsq_nd_run(&nd, c->pool,
               n->op == DSQ_OP_WHERE ? run_where
               : n->op == DSQ_OP_NOT ? run_not
                                     : run_pairs,
               &j);
    return DSQ_OK;
}

static bool logic_supports(const struct dsq_graph *g, const struct dsq_node *n, char *why,
                           size_t bytes)
{
    const struct dsq_value *y = &g->value[n->out[0]];
    if (y->dtype != DSQ_S8)
        return true; /* the graph's check has looked at types */
    return dsq_cpu_refuse(why, bytes, "quantized values are not chosen from");
}

const struct dsq_cpu_op dsq_cpu_logic = {
    .memory = DSQ_MEM_READS_ANY | DSQ_MEM_WRITES_ANY | DSQ_MEM_WRITES_PIXELS,
    .supports = logic_supports,
    .run = logic_run,
};
