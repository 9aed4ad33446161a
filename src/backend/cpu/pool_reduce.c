/* SPDX-License-Identifier: Apache-2.0 */
/* Pooling: the two steps of a reduction by their kernels, and what all pools check. */
#include "backend/cpu/pool.h"

#include <stdio.h>

/* Rows that are read side by side: few enough streams for the prefetchers. */
enum { ROWS_AT_ONCE = 8 };

bool dsq_pool_supports(const struct dsq_graph *g, const struct dsq_node *n, char *why, size_t bytes)
{
    const struct dsq_value *x = &g->value[n->in[0]];
    if (x->dtype != g->value[n->out[0]].dtype || (x->dtype != DSQ_F32 && x->dtype != DSQ_S8))
        return dsq_cpu_refuse(why, bytes, "input is %s: only f32 and s8", dsq_dtype_name(x->dtype));
    return true;
}

static bool is_max(const struct dsq_node *n)
{
    return n->op == DSQ_OP_MAXPOOL || n->op == DSQ_OP_GLOBAL_MAXPOOL;
}

enum dsq_status dsq_pool_prepare(struct dsq_prepared *p, struct dsq_diag *d)
{
    (void)d;
    const char *type = dsq_dtype_name(p->graph->value[p->node->in[0]].dtype);
    snprintf(p->kernel, sizeof p->kernel, "%s_%s__%s", is_max(p->node) ? "max" : "mean", type,
             p->device->pixels->name);
    snprintf(p->why, sizeof p->why, "down the columns, then along the row");
    return DSQ_OK;
}

enum dsq_status dsq_pool_begin(const struct dsq_prepared *p, const struct dsq_call *c,
                               struct dsq_pool_run *r, struct dsq_diag *d)
{
    const struct dsq_view *x = dsq_cpu_in(c, 0), *y = dsq_cpu_out(c, 0);
    if ((x->dims[1] != 1 && x->strides[1] != 1) || (y->dims[1] != 1 && y->strides[1] != 1))
        return dsq_cpu_fail(p, d, DSQ_UNSUPPORTED, "its channels do not lie side by side");
    *r = (struct dsq_pool_run){.p = p,
                               .x = x,
                               .y = y,
                               .k = p->device->pixels,
                               .is_max = is_max(p->node),
                               .q_in = p->graph->value[p->node->in[0]].q,
                               .q_out = p->graph->value[p->node->out[0]].q};
    r->middle_bytes = x->dtype == DSQ_S8 && r->is_max ? sizeof(int8_t) : sizeof(float);
    return DSQ_OK;
}

static void reduce(const struct dsq_pool_run *r, const struct dsq_taps *t, const void *x,
                   void *middle)
{
    if (r->x->dtype == DSQ_F32)
        (r->is_max ? r->k->max_f32 : r->k->sum_f32)(t, x, middle);
    else if (r->is_max)
        r->k->max_s8(t, x, middle);
    else
        r->k->sum_s8(t, x, middle);
}

void dsq_pool_down(const struct dsq_pool_run *r, const struct dsq_pool_rows *rows, int64_t first,
                   int64_t n, void *middle)
{
    const struct dsq_view *x = r->x;
    const int64_t element = (int64_t)dsq_dtype_bytes(x->dtype), row = rows->step * x->strides[2];
    const bool touching = x->strides[3] == x->dims[1];
    const char *at = (const char *)x->data + (rows->picture * x->strides[0] +
                                              rows->row * x->strides[2] + first * x->strides[3]) *
                                                 element;
    struct dsq_taps t = {.n = touching ? 1 : (size_t)n,
                         .channels = (size_t)(touching ? n * x->dims[1] : x->dims[1]),
                         .x_step = (size_t)x->strides[3],
                         .y_stride = (size_t)x->dims[1],
                         .tap_step = (size_t)row,
                         .rows = 1};
    for (int64_t done = 0; done < rows->taps; done += ROWS_AT_ONCE, t.onto = true) {
        const int64_t left = rows->taps - done;
        t.taps = (size_t)(left < ROWS_AT_ONCE ? left : ROWS_AT_ONCE);
        reduce(r, &t, at + done * row * element, middle);
    }
}

void dsq_pool_along(const struct dsq_pool_run *r, const struct dsq_taps *t, const void *middle,
                    int64_t real, int64_t counted, void *y)
{
    if (r->is_max && r->x->dtype == DSQ_F32) {
        r->k->max_f32(t, middle, y);
    } else if (r->is_max) {
        r->k->max_s8(t, middle, y);
    } else if (r->x->dtype == DSQ_F32) {
        r->k->mean_f32(t, middle, (float)counted, y);
    } else {
        const struct dsq_mean_s8 mean = {.offset = (int32_t)real * r->q_in.zero_point,
                                         .factor = r->q_in.scale / (float)counted,
                                         .q = dsq_cpu_quant(&r->q_out)};
        r->k->mean_s32_s8(t, middle, &mean, y);
    }
}
