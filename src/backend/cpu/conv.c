/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Convolution: what it supports, preparing it, its geometry at a shape, and sharing the work. The
 * kernels are called in conv_f32.c, conv_s8.c and conv_depthwise.c, addresses in conv_tile.c;
 * conv.h has the picture.
 */
#include "backend/cpu/conv.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "graph/infer.h"

enum {
    PANEL_BYTES = 512 * 1024, /* packed weights that stay in the second-level cache */
    SCATTER_PIXELS = 64,      /* pixels gathered before they are scattered */
    MERGE_CHANNELS = 4,       /* at most this many channels make a window row one tap */
    TASKS_PER_THREAD = 8,
    MAX_PHASES = 4096, /* of a transposed convolution */
};

/* ---- supports ---- */

static bool is_const(const struct dsq_graph *g, dsq_vid v, enum dsq_dtype dtype, size_t elements)
{
    return dsq_value_is_const(g, v) && g->value[v].dtype == dtype &&
           g->value[v].bytes == elements * dsq_dtype_bytes(dtype);
}

static bool weights_fit(const struct dsq_graph *g, const struct dsq_node *n, char *why,
                        size_t bytes)
{
    const struct dsq_conv_attr *a = n->attr;
    const struct dsq_value *w = &g->value[n->in[DSQ_CONV_W]];
    if (!w->data || (w->dtype != DSQ_F32 && w->dtype != DSQ_S8))
        return dsq_cpu_refuse(why, bytes, "weights '%s' are not an f32 or s8 constant", w->name);
    const dsq_dim *dim = w->shape.dim;
    size_t elements;
    if (w->shape.rank != 4 || dim[0] != a->out_channels || dim[1] != a->win.kernel[0] ||
        dim[2] != a->win.kernel[1] || !dsq_shape_elements(&w->shape, &elements) || elements == 0 ||
        elements * dsq_dtype_bytes(w->dtype) != w->bytes)
        return dsq_cpu_refuse(why, bytes, "weights '%s' do not have the shape the window has",
                              w->name);
    if (a->group < 1 || a->out_channels % a->group != 0)
        return dsq_cpu_refuse(why, bytes, "%lld channels in %lld groups",
                              (long long)a->out_channels, (long long)a->group);
    dsq_vid b = n->in[DSQ_CONV_B];
    if (b != DSQ_NO_VALUE && !is_const(g, b, DSQ_F32, (size_t)dim[0]))
        return dsq_cpu_refuse(why, bytes, "the bias is not an f32 constant, one number a channel");
    return true;
}

static bool segment_fits(const struct dsq_graph *g, const struct dsq_node *n, int32_t s, char *why,
                         size_t bytes)
{
    const struct dsq_value *x = &g->value[dsq_conv_x(n, s)], *y = &g->value[n->out[s]];
    dsq_vid r = dsq_conv_r(n, s);
    enum dsq_dtype type = g->value[n->in[DSQ_CONV_W]].dtype;
    if (x->dtype != type)
        return dsq_cpu_refuse(why, bytes, "input '%s' is %s, the weights are %s", x->name,
                              dsq_dtype_name(x->dtype), dsq_dtype_name(type));
    if (r != DSQ_NO_VALUE && g->value[r].dtype != type)
        return dsq_cpu_refuse(why, bytes, "residual '%s' is %s, the weights are %s",
                              g->value[r].name, dsq_dtype_name(g->value[r].dtype),
                              dsq_dtype_name(type));
    if (y->dtype != DSQ_F32 && (type != DSQ_S8 || y->dtype != DSQ_S8))
        return dsq_cpu_refuse(why, bytes, "output '%s' is %s", y->name, dsq_dtype_name(y->dtype));
    size_t channels = (size_t)((const struct dsq_conv_attr *)n->attr)->out_channels;
    if (type == DSQ_S8 && !is_const(g, dsq_conv_m(n, s), DSQ_F32, channels))
        return dsq_cpu_refuse(why, bytes, "segment %d has no multipliers, one number a channel",
                              (int)s);
    return true;
}

static bool conv_supports(const struct dsq_graph *g, const struct dsq_node *n, char *why,
                          size_t bytes)
{
    const struct dsq_conv_attr *a = n->attr;
    if (a->transposed && a->win.stride[0] * a->win.stride[1] > MAX_PHASES)
        return dsq_cpu_refuse(why, bytes, "transposed with strides %lld and %lld",
                              (long long)a->win.stride[0], (long long)a->win.stride[1]);
    if (!weights_fit(g, n, why, bytes))
        return false;
    for (int32_t s = 0; s < dsq_conv_segments(n); s++)
        if (!segment_fits(g, n, s, why, bytes))
            return false;
    return true;
}

/* ---- prepare ---- */

/* Activations that are computed after the kernels. */
static const enum dsq_unary_kind unary_of[] = {
    [DSQ_ACT_SIGMOID] = DSQ_UNARY_SIGMOID,     [DSQ_ACT_HARDSIGMOID] = DSQ_UNARY_HARDSIGMOID,
    [DSQ_ACT_TANH] = DSQ_UNARY_TANH,           [DSQ_ACT_SILU] = DSQ_UNARY_SILU,
    [DSQ_ACT_HARDSWISH] = DSQ_UNARY_HARDSWISH, [DSQ_ACT_ELU] = DSQ_UNARY_ELU,
    [DSQ_ACT_GELU] = DSQ_UNARY_GELU,           [DSQ_ACT_GELU_TANH] = DSQ_UNARY_GELU_TANH,
    [DSQ_ACT_MISH] = DSQ_UNARY_MISH,           [DSQ_ACT_SOFTPLUS] = DSQ_UNARY_SOFTPLUS,
};

static void set_activation(struct dsq_conv *cv, const struct dsq_conv_attr *a)
{
    cv->act = (struct dsq_activate){.lo = -INFINITY, .hi = INFINITY};
    if (a->act == DSQ_ACT_RELU)
        cv->act.lo = 0.0f;
    if (a->act == DSQ_ACT_CLIP)
        cv->act.lo = a->act_lo, cv->act.hi = a->act_hi;
    cv->act.leaky = a->act == DSQ_ACT_LEAKY_RELU;
    cv->act.slope = a->act_alpha;
    cv->staged = a->act > DSQ_ACT_LEAKY_RELU;
    if (cv->staged)
        cv->unary = (struct dsq_unary){unary_of[a->act], a->act_alpha, a->act_beta};
}

static void set_groups(struct dsq_conv *cv, const struct dsq_conv_attr *a, size_t group_in)
{
    cv->depthwise = a->group > 1 && group_in == 1 && a->out_channels == a->group;
    cv->groups = cv->depthwise ? 1 : (size_t)a->group;
    cv->group_in = cv->depthwise ? (size_t)a->group : group_in;
    cv->group_out = (size_t)a->out_channels / cv->groups;
    cv->merged = !a->transposed && cv->groups == 1 && cv->group_in <= MERGE_CHANNELS &&
                 !cv->depthwise && a->win.kernel[1] > 1 && a->win.dilation[1] == 1;
}

static void set_taps(struct dsq_conv *cv)
{
    size_t kh = (size_t)cv->win.kernel[0], kw = (size_t)cv->win.kernel[1];
    cv->taps = cv->merged ? kh : kh * kw;
    cv->kc = cv->depthwise ? 1 : cv->merged ? cv->group_in * kw : cv->group_in;
}

static enum dsq_status make_zero_rows(struct dsq_conv *cv, struct dsq_diag *d)
{
    const struct dsq_graph *g = cv->head.graph;
    const struct dsq_node *n = cv->head.node;
    size_t row = cv->groups * cv->group_in > cv->kc ? cv->groups * cv->group_in : cv->kc;
    cv->zero_row_bytes = dsq_align_up(row * cv->element, 64);
    cv->zero_rows = dsq_calloc(cv->head.device->allocator, (size_t)n->n_out, cv->zero_row_bytes);
    if (!cv->zero_rows)
        return dsq_cpu_fail(&cv->head, d, DSQ_NOMEM, "no memory to prepare it");
    for (int32_t s = 0; s < n->n_out && cv->element == 1; s++)
        memset(cv->zero_rows + (size_t)s * cv->zero_row_bytes,
               g->value[dsq_conv_x(n, s)].q.zero_point, cv->zero_row_bytes);
    return DSQ_OK;
}

enum dsq_status dsq_conv_packed(struct dsq_conv *cv, const void *kernel, void **packed, bool *fresh,
                                struct dsq_diag *d)
{
    const struct dsq_value *w = &cv->head.graph->value[cv->head.node->in[DSQ_CONV_W]];
    struct dsq_packed_key key = {.tag = kernel,
                                 .groups = cv->groups,
                                 .n = cv->group_out,
                                 .taps = cv->taps,
                                 .kc = cv->kc,
                                 .source = w->data,
                                 .source_bytes = w->bytes};
    memcpy(key.part, cv->part, sizeof key.part);
    *packed = dsq_cpu_packed_get(cv->head.device, &key,
                                 cv->groups * cv->group_blocks * cv->block_bytes, fresh);
    cv->packed = *packed;
    return *packed ? DSQ_OK
                   : dsq_cpu_fail(&cv->head, d, DSQ_NOMEM, "no memory for its packed weights");
}

static enum dsq_status conv_prepare(struct dsq_prepared *p, struct dsq_diag *d)
{
    struct dsq_conv *cv = (struct dsq_conv *)p;
    const struct dsq_conv_attr *a = p->node->attr;
    const struct dsq_value *w = &p->graph->value[p->node->in[DSQ_CONV_W]];
    dsq_vid b = p->node->in[DSQ_CONV_B];
    bool is_s8 = w->dtype == DSQ_S8;
    cv->win = a->win;
    cv->element = is_s8 ? 1 : sizeof(float);
    set_groups(cv, a, (size_t)w->shape.dim[3]);
    if (cv->depthwise)
        cv->type = is_s8 ? &dsq_conv_depthwise_s8 : &dsq_conv_depthwise_f32;
    else
        cv->type = is_s8 ? &dsq_conv_s8 : &dsq_conv_f32;
    set_taps(cv);
    set_activation(cv, a);
    if (b == DSQ_NO_VALUE) {
        cv->own_bias = dsq_calloc(p->device->allocator, (size_t)a->out_channels, sizeof(float));
        if (!cv->own_bias)
            return dsq_cpu_fail(p, d, DSQ_NOMEM, "no memory to prepare it");
    }
    cv->bias = cv->own_bias ? cv->own_bias : p->graph->value[b].data;
    DSQ_TRY(make_zero_rows(cv, d));
    cv->weights = w->data;
    DSQ_TRY(a->transposed ? dsq_conv_make_phases(cv, d) : cv->type->pack(cv, d));
    snprintf(p->why, sizeof p->why, "%s, %d segment%s%s%s", is_s8 ? "INT8" : "FP32",
             (int)p->node->n_out, p->node->n_out == 1 ? "" : "s",
             cv->depthwise ? ", depthwise"
             : cv->merged  ? ", window rows as single taps"
                           : "",
             a->transposed ? ", transposed" : "");
    return DSQ_OK;
}

static void conv_reset(struct dsq_prepared *p)
{
    struct dsq_conv *cv = (struct dsq_conv *)p;
    dsq_release(p->device->allocator, cv->phases);
    dsq_release(p->device->allocator, cv->own_bias);
    dsq_release(p->device->allocator, cv->zero_rows);
}

/* ---- workspace: one header with the segments, then a part a thread ---- */

struct thread_part {
    const void **rows; /* of up to chunk_tiles tiles */
    int64_t *step;     /* of each of them; see dsq_conv_tile */
    float *tile;       /* for staged tiles */
    int8_t *bytes;
    char *scratch;
};

struct conv_run {
    const struct dsq_conv *cv;
    struct dsq_conv_segment *segment;
    int32_t n_segments;
    size_t n_blocks, panel_blocks; /* blocks of all groups; blocks a panel */
    size_t panel_tasks;            /* tasks of one panel */
    size_t chunk_tiles;            /* tiles computed before the next block's weights are touched */
    char *threads;
    size_t rows_bytes, step_bytes, tile_bytes, bytes_bytes, scratch_bytes, thread_bytes;
};

static void size_thread_parts(struct conv_run *run)
{
    const struct dsq_conv *cv = run->cv;
    size_t tiles = SCATTER_PIXELS / cv->mr > 1 ? SCATTER_PIXELS / cv->mr : 1;
    run->chunk_tiles = tiles;
    run->rows_bytes = dsq_align_up(tiles * cv->taps * cv->mr * sizeof(void *), 64);
    run->step_bytes = dsq_align_up(tiles * sizeof(int64_t), 64);
    run->tile_bytes = dsq_align_up(tiles * cv->mr * cv->nr * sizeof(float), 64);
    run->bytes_bytes = run->tile_bytes / sizeof(float);
    run->scratch_bytes =
        cv->merged ? dsq_align_up(tiles * cv->mr * cv->taps * cv->kc * cv->element, 64) : 0;
    run->thread_bytes = dsq_align_up(run->rows_bytes + run->step_bytes + run->tile_bytes +
                                         run->scratch_bytes + run->bytes_bytes,
                                     64);
}

static struct thread_part thread_part(const struct conv_run *run, int worker)
{
    char *at = run->threads + (size_t)worker * run->thread_bytes;
    struct thread_part t = {.rows = (const void **)(void *)at};
    t.step = (int64_t *)(void *)(at + run->rows_bytes);
    t.tile = (float *)(void *)(at + run->rows_bytes + run->step_bytes);
    t.scratch = (char *)t.tile + run->tile_bytes;
    t.bytes = (int8_t *)t.scratch + run->scratch_bytes;
    return t;
}

static size_t header_bytes(int32_t n_segments)
{
    return dsq_align_up((size_t)n_segments * sizeof(struct dsq_conv_segment), 64);
}

static enum dsq_status conv_workspace(const struct dsq_prepared *p, const struct dsq_call *c,
                                      size_t *bytes, struct dsq_diag *d)
{
    const struct dsq_conv *cv = (const struct dsq_conv *)p;
    const struct dsq_node *n = c->node;
    for (int32_t s = 0; s < n->n_out; s++) {
        const struct dsq_view *x = &c->view[dsq_conv_x(n, s)], *y = &c->view[n->out[s]];
        dsq_vid r = dsq_conv_r(n, s);
        if (x->dims[1] != (int64_t)(cv->groups * cv->group_in))
            return dsq_cpu_fail(p, d, DSQ_SHAPE, "its input has %lld channels, its weights %zu",
                                (long long)x->dims[1], cv->groups * cv->group_in);
        if (x->dims[1] != 1 && x->strides[1] != 1)
            return dsq_cpu_fail(p, d, DSQ_UNSUPPORTED,
                                "the channels of its input do not lie side by side");
        if (y->dtype == DSQ_S8 && !dsq_view_is_pixels(y))
            return dsq_cpu_fail(p, d, DSQ_UNSUPPORTED, "its s8 output is not rows of channels");
        if (r == DSQ_NO_VALUE)
            continue;
        for (int i = 0; i < 4; i++)
            if (c->view[r].dims[i] != y->dims[i])
                return dsq_cpu_fail(
                    p, d, DSQ_SHAPE,
                    "its residual has size %lld along dimension %d, its output %lld",
                    (long long)c->view[r].dims[i], i, (long long)y->dims[i]);
        if (!dsq_view_is_pixels(&c->view[r]))
            return dsq_cpu_fail(p, d, DSQ_UNSUPPORTED, "its residual is not rows of channels");
    }
    size_t each = 0; /* a thread's part, for the largest phase */
    for (size_t i = 0; i < (cv->phases ? cv->n_phases : 1); i++) {
        struct conv_run run = {.cv = cv->phases ? &cv->phases[i] : cv};
        size_thread_parts(&run);
        each = run.thread_bytes > each ? run.thread_bytes : each;
    }
    *bytes = 2 * header_bytes(n->n_out) + each * (size_t)dsq_pool_threads(c->pool);
    return DSQ_OK;
}

/* ---- run ---- */

static void set_segment(const struct dsq_conv *cv, const struct dsq_call *c, int32_t i,
                        struct dsq_conv_segment *s)
{
    const struct dsq_node *n = c->node;
    const struct dsq_view *x = &c->view[dsq_conv_x(n, i)], *y = &c->view[n->out[i]];
    dsq_vid r = dsq_conv_r(n, i), m = dsq_conv_m(n, i);
    struct dsq_window_axis v = {0}, h = {0};
    dsq_conv_axis(NULL, n->attr, 0, x->dims[2], &v);
    dsq_conv_axis(NULL, n->attr, 1, x->dims[3], &h);
    *s = (struct dsq_conv_segment){
        .x_value = &c->graph->value[dsq_conv_x(n, i)],
        .y_value = &c->graph->value[n->out[i]],
        .x = x->data,
        .x_n = x->strides[0],
        .x_h = x->strides[2],
        .x_w = x->strides[3],
        .h = x->dims[2],
        .w = x->dims[3],
        .oh = y->dims[2],
        .ow = y->dims[3],
        .pixels = y->dims[0] * y->dims[2] * y->dims[3],
        .pad_top = v.pad_before,
        .pad_left = h.pad_before,
        .y = y->data,
        .y_element = dsq_dtype_bytes(y->dtype),
        .direct = dsq_view_is_pixels(y),
        .zero_row = cv->zero_rows + (size_t)i * cv->zero_row_bytes,
    };
    memcpy(s->y_stride, y->strides, sizeof s->y_stride);
    if (r != DSQ_NO_VALUE) {
        s->r_value = &c->graph->value[r];
        s->r = c->view[r].data;
        s->r_pixel = c->view[r].strides[3];
    }
    if (m != DSQ_NO_VALUE)
        s->m = c->graph->value[m].data;
    s->tiles = dsq_ceil_div(s->pixels, (int64_t)cv->mr);
}

/* Panels so small that they stay in cache, and still enough tasks when there are few pixels. */
static void share_work(struct conv_run *run, int n_threads)
{
    const struct dsq_conv *cv = run->cv;
    int64_t tiles = 0;
    for (int32_t i = 0; i < run->n_segments; i++)
        tiles += run->segment[i].tiles;
    run->n_blocks = cv->groups * cv->group_blocks;
    run->panel_blocks = PANEL_BYTES / cv->block_bytes > 1 ? PANEL_BYTES / cv->block_bytes : 1;
    size_t wanted = n_threads == 1 ? 1 : (size_t)n_threads * TASKS_PER_THREAD;
    if ((size_t)tiles < wanted) {
        size_t split = wanted / ((size_t)tiles > 0 ? (size_t)tiles : 1);
        size_t most = (run->n_blocks + split - 1) / split;
        run->panel_blocks = most < run->panel_blocks ? most : run->panel_blocks;
    }
    /* Neighbouring panels come out equally large. */
    size_t n_panels = (run->n_blocks + run->panel_blocks - 1) / run->panel_blocks;
    run->panel_blocks = (run->n_blocks + n_panels - 1) / n_panels;
    int64_t per_task = dsq_ceil_div(tiles, (int64_t)wanted);
    run->panel_tasks = 0;
    for (int32_t i = 0; i < run->n_segments; i++) {
        struct dsq_conv_segment *s = &run->segment[i];
        s->tiles_per_task = per_task > 0 ? per_task : 1;
        s->first_task = run->panel_tasks;
        s->n_tasks = (size_t)dsq_ceil_div(s->tiles, s->tiles_per_task);
        run->panel_tasks += s->n_tasks;
    }
}

/* One block of channels over the tiles of a chunk. */
static void run_block(const struct conv_run *run, const struct dsq_conv_segment *s,
                      int64_t first_pixel, size_t n_tiles, size_t group, size_t in_group,
                      const struct thread_part *t)
{
    const struct dsq_conv *cv = run->cv;
    size_t left = cv->group_out - in_group * cv->nr;
    struct dsq_conv_tile tile = {.block = group * cv->group_blocks + in_group,
                                 .channel = group * cv->group_out + in_group * cv->nr,
                                 .n_channels = left < cv->nr ? left : cv->nr};
    int64_t pixels = s->pixels - first_pixel;
    if (pixels > (int64_t)(n_tiles * cv->mr))
        pixels = (int64_t)(n_tiles * cv->mr);
    bool staged = cv->staged || !s->direct;
    for (size_t i = 0; i < n_tiles; i++) {
        int64_t done = (int64_t)(i * cv->mr);
        tile.rows = t->rows + i * cv->taps * cv->mr;
        tile.step = t->step[i];
        tile.pixel = first_pixel + done;
        tile.mr = pixels - done < (int64_t)cv->mr ? (size_t)(pixels - done) : cv->mr;
        tile.y_stride = staged ? tile.n_channels : (size_t)s->y_stride[3];
        tile.y = staged ? (char *)(t->tile + (size_t)done * tile.n_channels)
                        : (char *)s->y + (tile.pixel * s->y_stride[3] + (int64_t)tile.channel) *
                                             (int64_t)s->y_element;
        cv->type->run_tile(cv, s, &tile);
    }
    struct dsq_conv_staged out = {t->tile,        t->bytes,     first_pixel,
                                  (size_t)pixels, tile.channel, tile.n_channels};
    if (staged)
        dsq_conv_way_out(cv, s, &out);
}

/* The next n tiles by blocks [block, end). */
static void run_chunk(const struct conv_run *run, const struct dsq_conv_segment *s,
                      struct dsq_conv_cursor *at, size_t n, size_t block, size_t end,
                      const struct thread_part *t)
{
    const struct dsq_conv *cv = run->cv;
    const size_t rows = cv->taps * cv->mr;
    const int64_t first_pixel = at->pixel;
    size_t group = cv->groups == 1 ? 0 : block / cv->group_blocks;
    size_t in_group = block - group * cv->group_blocks;
    for (size_t i = 0; i < n; i++) {
        t->step[i] = dsq_conv_tile_rows(cv, s, at, t->rows + i * rows,
                                        t->scratch + i * rows * cv->kc * cv->element);
        for (size_t g = 0; g < group; g++)
            dsq_conv_next_group(cv, t->rows + i * rows);
    }
    if (0)
        dsq_conv_prefetch(cv, s, at, (int64_t)(n * cv->mr));
    for (; block < end; block++, in_group++) {
        if (in_group == cv->group_blocks) {
            in_group = 0;
            group++;
            for (size_t i = 0; i < n; i++)
                dsq_conv_next_group(cv, t->rows + i * rows);
        }
        run_block(run, s, first_pixel, n, group, in_group, t);
    }
}

static void conv_task(void *arg, size_t index, int worker)
{
    const struct conv_run *run = arg;
    const struct dsq_conv *cv = run->cv;
    size_t panel = index / run->panel_tasks, task = index % run->panel_tasks;
    const struct dsq_conv_segment *s = run->segment;
    while (task >= s->first_task + s->n_tasks)
        s++;
    size_t block = panel * run->panel_blocks, end = block + run->panel_blocks;
    if (end > run->n_blocks)
        end = run->n_blocks;
    int64_t tile = (int64_t)(task - s->first_task) * s->tiles_per_task;
    int64_t last = tile + s->tiles_per_task < s->tiles ? tile + s->tiles_per_task : s->tiles;
    struct thread_part part = thread_part(run, worker);
    size_t chunk = s->direct && !cv->staged ? 1 : run->chunk_tiles;
    struct dsq_conv_cursor at;
    dsq_conv_start(s, tile * (int64_t)cv->mr, &at);
    for (; tile < last; tile += (int64_t)chunk) {
        size_t n = last - tile < (int64_t)chunk ? (size_t)(last - tile) : chunk;
        run_chunk(run, s, &at, n, block, end, &part);
    }
}

static void run_segments(const struct dsq_conv *cv, const struct dsq_call *c,
                         struct dsq_conv_segment *segment)
{
    struct conv_run run = {.cv = cv,
                           .segment = segment,
                           .n_segments = c->node->n_out,
                           .threads = (char *)c->workspace + 2 * header_bytes(c->node->n_out)};
    size_thread_parts(&run);
    share_work(&run, dsq_pool_threads(c->pool));
    size_t n_panels = (run.n_blocks + run.panel_blocks - 1) / run.panel_blocks;
    dsq_parallel_for(c->pool, n_panels * run.panel_tasks, conv_task, &run);
}

static enum dsq_status conv_run(const struct dsq_prepared *p, const struct dsq_call *c,
                                struct dsq_diag *d)
{
    (void)d;
    const struct dsq_conv *cv = (const struct dsq_conv *)p;
    const int32_t n = c->node->n_out;
    struct dsq_conv_segment *whole = c->workspace;
    struct dsq_conv_segment *share = (void *)((char *)c->workspace + header_bytes(n));
    for (int32_t i = 0; i < n; i++)
        set_segment(cv, c, i, &whole[i]);
    for (int32_t i = 0; i < n && !cv->phases; i++)
        dsq_conv_join_rows(cv, &c->view[dsq_conv_x(c->node, i)], &whole[i]);
    if (!cv->phases)
        run_segments(cv, c, whole);
    for (size_t k = 0; cv->phases && k < cv->n_phases; k++) {
        for (int32_t i = 0; i < n; i++)
            dsq_conv_phase_segment(cv, &cv->phases[k], &whole[i], &share[i]);
        run_segments(&cv->phases[k], c, share);
    }
    return DSQ_OK;
}

const struct dsq_cpu_op dsq_cpu_conv = {
    .prepared_bytes = sizeof(struct dsq_conv),
    .memory = DSQ_MEM_READS_PIXELS | DSQ_MEM_WRITES_ANY | DSQ_MEM_WRITES_PIXELS,
    .supports = conv_supports,
    .prepare = conv_prepare,
    .reset = conv_reset,
    .workspace = conv_workspace,
    .run = conv_run,
};
