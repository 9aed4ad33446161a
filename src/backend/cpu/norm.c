/* SPDX-License-Identifier: Apache-2.0 */
/*
 * batchnorm that no convolution could absorb, and groupnorm (instance norm is that with a group a
 * channel): y = (x - mean) * factor + bias, with three numbers for each picture and channel. They
 * are computed first, into the workspace; batchnorm's are the same for all pictures.
 *
 * Data is either pixels (NHWC; channels side by side) or planes (NCHW of any rank). Sums over
 * pixels go by parts whose size depends on the shape alone, so threads do not change them.
 */
#include <stdio.h>
#include <string.h>

#include "backend/cpu/norm.h"

enum { PARTS = 64, PART_PIXELS = 256, RUN_ELEMENTS = 16384 };

struct norm_run {
    const float *x;
    float *y;
    int64_t pictures, channels, groups; /* groups: of groupnorm */
    int64_t pixels, y_pixel;            /* a picture; y_pixel: stride, for pixels */
    bool planes;
    int64_t parts, part_pixels;
    float epsilon;
    const float *scale, *bias;
    int64_t channels_per_scale;   /* 1, or those of a group */
    float *mean, *factor, *shift; /* [pictures or 1][channels] */
    int64_t picture_step;         /* of those three */
    /* pixels: [picture][part], then sums [channel] and sums of squares [channel] */
    double *moments;
};

static bool norm_supports(const struct dsq_graph *g, const struct dsq_node *n, char *why,
                          size_t bytes)
{
    for (int32_t i = 0; i < n->n_in; i++) {
        const struct dsq_value *v = &g->value[n->in[i]];
        if (v->dtype != DSQ_F32)
            return dsq_cpu_refuse(why, bytes, "'%s' is %s: only f32", v->name,
                                  dsq_dtype_name(v->dtype));
    }
    return true;
}

static bool is_pixels(const struct dsq_view *x)
{
    return x->rank == 4 && x->layout == DSQ_NHWC;
}

static void set_sizes(struct norm_run *run, const struct dsq_call *c)
{
    const struct dsq_view *x = dsq_cpu_in(c, 0), *y = dsq_cpu_out(c, 0);
    run->x = x->data;
    run->y = y->data;
    run->pictures = x->dims[0];
    run->channels = x->dims[1];
    run->pixels = 1;
    for (int32_t i = 2; i < x->rank; i++)
        run->pixels *= x->dims[i];
    run->planes = !is_pixels(x);
    run->y_pixel = y->rank == 4 ? y->strides[3] : 1;
    run->part_pixels = dsq_ceil_div(run->pixels, PARTS);
    if (run->part_pixels < PART_PIXELS)
        run->part_pixels = PART_PIXELS;
    run->parts = dsq_ceil_div(run->pixels, run->part_pixels);
    run->scale = dsq_cpu_in(c, 1)->data;
    run->bias = dsq_cpu_in(c, 2)->data;
}

/* ---- memory ---- */

static size_t vector_bytes(const struct norm_run *run, int64_t pictures)
{
    return dsq_align_up((size_t)(pictures * run->channels) * sizeof(float), 64);
}

static void set_vectors(struct norm_run *run, void *workspace, int64_t pictures)
{
    char *at = workspace;
    size_t bytes = vector_bytes(run, pictures);
    run->mean = (float *)(void *)at;
    run->factor = (float *)(void *)(at + bytes);
    run->shift = (float *)(void *)(at + 2 * bytes);
    run->moments = (double *)(void *)(at + 3 * bytes);
    run->picture_step = pictures > 1 ? run->channels : 0;
}

static enum dsq_status batchnorm_workspace(const struct dsq_prepared *p, const struct dsq_call *c,
                                           size_t *bytes, struct dsq_diag *d)
{
    struct norm_run run;
    set_sizes(&run, c);
    for (int i = 1; i < 5; i++)
        if (dsq_cpu_in(c, i)->rank != 1 || dsq_cpu_in(c, i)->dims[0] != run.channels)
            return dsq_cpu_fail(p, d, DSQ_SHAPE, "its input has %lld channels, '%s' does not",
                                (long long)run.channels, c->graph->value[c->node->in[i]].name);
    *bytes = 3 * vector_bytes(&run, 1);
    return DSQ_OK;
}

static enum dsq_status groupnorm_workspace(const struct dsq_prepared *p, const struct dsq_call *c,
                                           size_t *bytes, struct dsq_diag *d)
{
    struct norm_run run;
    const struct dsq_groupnorm_attr *a = p->node->attr;
    set_sizes(&run, c);
    for (int i = 1; i < 3; i++) {
        const struct dsq_view *v = dsq_cpu_in(c, i);
        if (v->rank != 1 || (v->dims[0] != run.channels && v->dims[0] != a->groups) ||
            v->dims[0] != dsq_cpu_in(c, 1)->dims[0])
            return dsq_cpu_fail(p, d, DSQ_SHAPE,
                                "scale and bias must be one number a channel or one a group");
    }
    *bytes = 3 * vector_bytes(&run, run.pictures);
    if (!run.planes)
        *bytes += (size_t)(2 * run.pictures * run.parts * run.channels) * sizeof *run.moments;
    return DSQ_OK;
}

/* ---- y = (x - mean) * factor + shift ---- */

static void apply_plane(const struct norm_run *run, int64_t plane)
{
    const int64_t at = plane / run->channels * run->picture_step + plane % run->channels;
    const float mean = run->mean[at], factor = run->factor[at], shift = run->shift[at];
    const float *restrict x = run->x + plane * run->pixels;
    float *restrict y = run->y + plane * run->pixels;
    for (int64_t i = 0; i < run->pixels; i++)
        y[i] = (x[i] - mean) * factor + shift;
}

static void apply_pixels(const struct norm_run *run, int64_t picture, int64_t first, int64_t end)
{
    const int64_t channels = run->channels, at = picture * run->picture_step;
    const float *restrict mean = run->mean + at, *restrict factor = run->factor + at;
    const float *restrict shift = run->shift + at;
    const float *restrict x = run->x + (picture * run->pixels + first) * channels;
    float *restrict y = run->y + (picture * run->pixels + first) * run->y_pixel;
    for (int64_t i = first; i < end; i++, x += channels, y += run->y_pixel)
        for (int64_t c = 0; c < channels; c++)
            y[c] = (x[c] - mean[c]) * factor[c] + shift[c];
}

static void apply_task(void *arg, size_t index, int worker)
{
    (void)worker;
    const struct norm_run *run = arg;
    if (run->planes) {
        apply_plane(run, (int64_t)index);
        return;
    }
    const int64_t first = (int64_t)index % run->parts * run->part_pixels;
    const int64_t end = first + run->part_pixels;
    apply_pixels(run, (int64_t)index / run->parts, first, end < run->pixels ? end : run->pixels);
}

static void apply(struct norm_run *run, struct dsq_pool *pool)
{
    dsq_parallel_for(pool, (size_t)(run->pictures * (run->planes ? run->channels : run->parts)),
                     apply_task, run);
}

/* ---- batchnorm ---- */

static enum dsq_status batchnorm_run(const struct dsq_prepared *p, const struct dsq_call *c,
                                     struct dsq_diag *d)
{
    (void)d;
    struct norm_run run;
    const struct dsq_batchnorm_attr *a = p->node->attr;
    const float *mean = dsq_cpu_in(c, 3)->data, *variance = dsq_cpu_in(c, 4)->data;
    set_sizes(&run, c);
    set_vectors(&run, c->workspace, 1);
    for (int64_t i = 0; i < run.channels; i++) {
        run.mean[i] = mean[i];
        run.factor[i] = run.scale[i] / sqrtf(variance[i] + a->epsilon);
        run.shift[i] = run.bias[i];
    }
    apply(&run, c->pool);
    return DSQ_OK;
}

/* ---- groupnorm ---- */

/* The sums of one group of one picture are known: the numbers of its channels. */
static void finish_group(const struct norm_run *run, int64_t picture, int64_t group,
                         const struct dsq_moments *m)
{
    const int64_t n = run->channels / run->groups, first = group * n;
    double mean, factor;
    dsq_moments_finish(m, n * run->pixels, run->epsilon, &mean, &factor);
    for (int64_t c = first; c < first + n; c++) {
        const int64_t at = picture * run->picture_step + c, s = c / run->channels_per_scale;
        run->mean[at] = (float)mean;
        run->factor[at] = (float)(factor * (double)run->scale[s]);
        run->shift[at] = run->bias[s];
    }
}

/* Planes of a group follow each other. */
static void plane_sums_task(void *arg, size_t index, int worker)
{
    (void)worker;
    const struct norm_run *run = arg;
    const int64_t n = run->channels / run->groups * run->pixels;
    const struct dsq_moments m = dsq_moments_of(run->x + (int64_t)index * n, n);
    finish_group(run, (int64_t)index / run->groups, (int64_t)index % run->groups, &m);
}

/* The sums of each channel over one part of a picture. */
static void part_sums_task(void *arg, size_t index, int worker)
{
    (void)worker;
    const struct norm_run *run = arg;
    const int64_t first = (int64_t)index % run->parts * run->part_pixels, channels = run->channels;
    const int64_t left = run->pixels - first;
    const int64_t n = left < run->part_pixels ? left : run->part_pixels;
    const float *x = run->x + ((int64_t)index / run->parts * run->pixels + first) * channels;
    double *restrict sum = run->moments + (int64_t)index * 2 * channels;
    double *restrict squares = sum + channels;
    memset(sum, 0, (size_t)channels * 2 * sizeof *sum);
    for (int64_t i = 0; i < n; i++, x += channels)
        for (int64_t c = 0; c < channels; c++) {
            double v = (double)x[c];
            sum[c] += v;
            squares[c] += v * v;
        }
}

/* Channel after channel, part after part. */
static void join_parts(const struct norm_run *run, int64_t picture, int64_t group)
{
    const int64_t n = run->channels / run->groups;
    const double *sums = run->moments + picture * run->parts * 2 * run->channels;
    struct dsq_moments all = {0, 0};
    for (int64_t c = group * n; c < (group + 1) * n; c++)
        for (int64_t part = 0; part < run->parts; part++) {
            all.sum += sums[part * 2 * run->channels + c];
            all.squares += sums[(part * 2 + 1) * run->channels + c];
        }
    finish_group(run, picture, group, &all);
}

static enum dsq_status groupnorm_run(const struct dsq_prepared *p, const struct dsq_call *c,
                                     struct dsq_diag *d)
{
    (void)d;
    struct norm_run run;
    const struct dsq_groupnorm_attr *a = p->node->attr;
    set_sizes(&run, c);
    set_vectors(&run, c->workspace, run.pictures);
    run.groups = a->groups ? a->groups : run.channels;
    run.epsilon = a->epsilon;
    run.channels_per_scale = run.channels / dsq_cpu_in(c, 1)->dims[0];
    if (run.planes) {
        dsq_parallel_for(c->pool, (size_t)(run.pictures * run.groups), plane_sums_task, &run);
    } else {
        dsq_parallel_for(c->pool, (size_t)(run.pictures * run.parts), part_sums_task, &run);
        for (int64_t i = 0; i < run.pictures * run.groups; i++)
            join_parts(&run, i / run.groups, i % run.groups);
    }
    apply(&run, c->pool);
    return DSQ_OK;
}

const struct dsq_cpu_op dsq_cpu_batchnorm = {
    .memory = DSQ_MEM_WRITES_PIXELS,
    .supports = norm_supports,
    .workspace = batchnorm_workspace,
    .run = batchnorm_run,
};
const struct dsq_cpu_op dsq_cpu_groupnorm = {
    .memory = DSQ_MEM_WRITES_PIXELS,
    .supports = norm_supports,
    .workspace = groupnorm_workspace,
    .run = groupnorm_run,
};
