/* SPDX-License-Identifier: Apache-2.0 */
/* batchnorm that no convolution could absorb: y = (x - mean) * (scale / sqrt(var + epsilon)) +
 * bias. */
#include <math.h>

#include "backend/cpu/nd.h"

struct batchnorm {
    struct dsq_prepared head;
    float *factor; /* [C] */
};

static bool batchnorm_supports(const struct dsq_graph *g, const struct dsq_node *n, char *why,
                               size_t bytes)
{
    const struct dsq_value *x = &g->value[n->in[0]];
    size_t channels = g->value[n->in[1]].bytes;
    if (x->dtype != DSQ_F32 || g->value[n->out[0]].dtype != DSQ_F32 || x->shape.rank != 4)
        return dsq_cpu_refuse(why, bytes, "input is %s of rank %d: only f32 of rank 4",
                              dsq_dtype_name(x->dtype), (int)x->shape.rank);
    for (int i = 1; i < 5; i++) {
        const struct dsq_value *v = &g->value[n->in[i]];
        if (!v->data || v->dtype != DSQ_F32 || v->bytes != channels)
            return dsq_cpu_refuse(why, bytes, "'%s' is not an f32 constant, one number a channel",
                                  v->name);
    }
    return true;
}

static const float *parameter(const struct dsq_prepared *p, int i)
{
    return p->graph->value[p->node->in[i]].data;
}

static enum dsq_status batchnorm_prepare(struct dsq_prepared *p, struct dsq_diag *d)
{
    struct batchnorm *b = (struct batchnorm *)p;
    const struct dsq_batchnorm_attr *a = p->node->attr;
    size_t n = p->graph->value[p->node->in[1]].bytes / sizeof(float);
    b->factor = dsq_calloc(p->device->allocator, n, sizeof(float));
    if (!b->factor)
        return dsq_cpu_fail(p, d, DSQ_NOMEM, "no memory to prepare it");
    for (size_t i = 0; i < n; i++)
        b->factor[i] = parameter(p, 1)[i] / sqrtf(parameter(p, 4)[i] + a->epsilon);
    return DSQ_OK;
}

static void batchnorm_reset(struct dsq_prepared *p)
{
    dsq_release(p->device->allocator, ((struct batchnorm *)p)->factor);
}

struct batchnorm_job {
    const struct batchnorm *b;
    const struct dsq_view *x, *y;
};

static void batchnorm_row(void *arg, size_t row, int worker)
{
    (void)worker;
    const struct batchnorm_job *j = arg;
    const struct dsq_view *x = j->x, *y = j->y;
    const float *mean = parameter(&j->b->head, 3), *bias = parameter(&j->b->head, 2);
    int64_t n = (int64_t)row / x->dims[2], h = (int64_t)row % x->dims[2];
    for (int64_t w = 0; w < x->dims[3]; w++) {
        const float *src =
            (const float *)x->data + n * x->strides[0] + h * x->strides[2] + w * x->strides[3];
        float *dst = (float *)y->data + n * y->strides[0] + h * y->strides[2] + w * y->strides[3];
        for (int64_t c = 0; c < x->dims[1]; c++)
            dst[c * y->strides[1]] = (src[c * x->strides[1]] - mean[c]) * j->b->factor[c] + bias[c];
    }
}

static enum dsq_status batchnorm_run(const struct dsq_prepared *p, const struct dsq_call *c,
                                     struct dsq_diag *d)
{
    struct batchnorm_job j = {(const struct batchnorm *)p, dsq_cpu_in(c, 0), dsq_cpu_out(c, 0)};
    if ((size_t)j.x->dims[1] * sizeof(float) != p->graph->value[p->node->in[1]].bytes)
        return dsq_cpu_fail(p, d, DSQ_SHAPE, "its input has %lld channels",
                            (long long)j.x->dims[1]);
    dsq_parallel_for(c->pool, (size_t)(j.y->dims[0] * j.y->dims[2]), batchnorm_row, &j);
    return DSQ_OK;
}

const struct dsq_cpu_op dsq_cpu_batchnorm = {
    .prepared_bytes = sizeof(struct batchnorm),
    .memory = DSQ_MEM_READS_ANY | DSQ_MEM_WRITES_ANY | DSQ_MEM_WRITES_PIXELS,
    .supports = batchnorm_supports,
    .prepare = batchnorm_prepare,
    .reset = batchnorm_reset,
    .run = batchnorm_run,
};
