/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Convolution: its geometry at a shape, and sharing the work among threads. conv.h has the picture
 * and says what the other files do.
 */
#include "backend/cpu/conv.h"

#include <string.h>

#include "graph/infer.h"

enum {
    PANEL_BYTES = 512 * 1024, /* packed weights that stay in the second-level cache */
    SCATTER_PIXELS = 64,      /* pixels gathered before they are scattered */
    STAGE_BYTES = 16 * 1024,  /* floats of all channels that stay in the first-level cache */
    TASKS_PER_THREAD = 8,
};

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
    size_t chunk_tiles; /* tiles computed before the next block's weights are touched, where a block
                           is scattered; where all of a panel's channels are activated together */
    size_t stage_tiles;
    char *threads;
    size_t rows_bytes, step_bytes, tile_bytes, bytes_bytes, scratch_bytes, thread_bytes;
};

static void size_thread_parts(struct conv_run *run)
{
    const struct dsq_conv *cv = run->cv;
    size_t tiles = SCATTER_PIXELS / cv->mr > 1 ? SCATTER_PIXELS / cv->mr : 1;
    size_t wide_bytes = cv->mr * cv->groups * cv->group_out * sizeof(float); /* of a tile */
    run->chunk_tiles = tiles;
    run->stage_tiles = STAGE_BYTES / wide_bytes < tiles ? STAGE_BYTES / wide_bytes : tiles;
    run->stage_tiles = run->stage_tiles > 1 ? run->stage_tiles : 1;
    size_t tile_bytes = tiles * cv->mr * cv->nr * sizeof(float);
    if (cv->staged && run->stage_tiles * wide_bytes > tile_bytes)
        tile_bytes = run->stage_tiles * wide_bytes;
    run->rows_bytes = dsq_align_up(tiles * cv->taps * cv->mr * sizeof(void *), 64);
    run->step_bytes = dsq_align_up(tiles * sizeof(int64_t), 64);
    run->tile_bytes = dsq_align_up(tile_bytes, 64);
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

/* Tiles on their way through scratch memory: n channels from `channel` on. */
static struct dsq_conv_staged stage(const struct dsq_conv_segment *s, const struct thread_part *t,
                                    int64_t first_pixel, size_t n_pixels, size_t channel, size_t n)
{
    int64_t left = s->pixels - first_pixel;
    return (struct dsq_conv_staged){
        .tile = t->tile,
        .bytes = t->bytes,
        .pixel = first_pixel,
        .n_pixels = left < (int64_t)n_pixels ? (size_t)left : n_pixels,
        .channel = channel,
        .n_channels = n,
    };
}

/* One block of channels over the tiles of a chunk, to `out` or, if that is NULL, to y. */
static void run_block(const struct conv_run *run, const struct dsq_conv_segment *s,
                      int64_t first_pixel, size_t n_tiles, struct dsq_conv_tile tile,
                      const struct thread_part *t, const struct dsq_conv_staged *out)
{
    const struct dsq_conv *cv = run->cv;
    for (size_t i = 0; i < n_tiles; i++) {
        tile.rows = t->rows + i * cv->taps * cv->mr;
        tile.step = t->step[i];
        tile.pixel = first_pixel + (int64_t)(i * cv->mr);
        int64_t left = s->pixels - tile.pixel;
        tile.mr = left < (int64_t)cv->mr ? (size_t)left : cv->mr;
        tile.y_stride = out ? out->n_channels : (size_t)s->y_stride[3];
        if (out)
            tile.y = out->tile + i * cv->mr * out->n_channels + (tile.channel - out->channel);
        else
            tile.y = (char *)s->y +
                     (tile.pixel * s->y_stride[3] + (int64_t)tile.channel) * (int64_t)s->y_element;
        cv->type->run_tile(cv, s, &tile);
    }
}

/* Block `in_group` of `group`. */
static struct dsq_conv_tile block_of(const struct dsq_conv *cv, size_t group, size_t in_group)
{
    size_t left = cv->group_out - in_group * cv->nr;
    return (struct dsq_conv_tile){.block = group * cv->group_blocks + in_group,
                                  .channel = group * cv->group_out + in_group * cv->nr,
                                  .n_channels = left < cv->nr ? left : cv->nr};
}

/* Channels from that of block `block` on to the end of block `end` - 1. */
static size_t panel_channels(const struct dsq_conv *cv, size_t block, size_t end, size_t *first)
{
    const size_t last = end - 1;
    const struct dsq_conv_tile a = block_of(cv, block / cv->group_blocks, block % cv->group_blocks);
    const struct dsq_conv_tile b = block_of(cv, last / cv->group_blocks, last % cv->group_blocks);
    *first = a.channel;
    return b.channel + b.n_channels - a.channel;
}

/* Addresses of the next n tiles, their channels those of `group`. */
static void fill_rows(const struct dsq_conv *cv, const struct dsq_conv_segment *s,
                      struct dsq_conv_cursor *at, size_t n, size_t group,
                      const struct thread_part *t)
{
    const size_t rows = cv->taps * cv->mr;
    for (size_t i = 0; i < n; i++) {
        t->step[i] = dsq_conv_tile_rows(cv, s, at, t->rows + i * rows,
                                        t->scratch + i * rows * cv->kc * cv->element);
        for (size_t g = 0; g < group; g++)
            dsq_conv_next_group(cv, t->rows + i * rows);
    }
    dsq_conv_prefetch(cv, s, at, (int64_t)(n * cv->mr));
}

/* The next n tiles by blocks [block, end). `panel`: channels that are activated together, or NULL.
 */
static void run_chunk(const struct conv_run *run, const struct dsq_conv_segment *s,
                      struct dsq_conv_cursor *at, size_t n, size_t block, size_t end,
                      const struct thread_part *t, const size_t *panel)
{
    const struct dsq_conv *cv = run->cv;
    const int64_t first_pixel = at->pixel;
    size_t group = cv->groups == 1 ? 0 : block / cv->group_blocks;
    size_t in_group = block - group * cv->group_blocks;
    struct dsq_conv_staged out;
    if (panel)
        out = stage(s, t, first_pixel, n * cv->mr, panel[0], panel[1]);
    fill_rows(cv, s, at, n, group, t);
    for (; block < end; block++, in_group++) {
        if (in_group == cv->group_blocks) {
            in_group = 0;
            group++;
            for (size_t i = 0; i < n; i++)
                dsq_conv_next_group(cv, t->rows + i * cv->taps * cv->mr);
        }
        const struct dsq_conv_tile tile = block_of(cv, group, in_group);
        const bool alone = !s->direct && !panel;
        if (alone)
            out = stage(s, t, first_pixel, n * cv->mr, tile.channel, tile.n_channels);
        run_block(run, s, first_pixel, n, tile, t, alone || panel ? &out : NULL);
        if (alone)
            dsq_conv_way_out(cv, s, &out);
    }
    if (panel)
        dsq_conv_way_out(cv, s, &out);
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
    /* Activated together where the output is a matrix; scattered block by block. */
    size_t panel_at[2], chunk = run->chunk_tiles;
    const bool wide = cv->staged && s->direct;
    if (s->direct)
        chunk = wide ? run->stage_tiles : 1;
    if (wide)
        panel_at[1] = panel_channels(cv, block, end, &panel_at[0]);
    struct dsq_conv_cursor at;
    dsq_conv_start(s, tile * (int64_t)cv->mr, &at);
    for (; tile < last; tile += (int64_t)chunk) {
        size_t n = last - tile < (int64_t)chunk ? (size_t)(last - tile) : chunk;
        run_chunk(run, s, &at, n, block, end, &part, wide ? panel_at : NULL);
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
    .supports = dsq_conv_supports,
    .prepare = dsq_conv_prepare,
    .reset = dsq_conv_reset,
    .workspace = conv_workspace,
    .run = conv_run,
};
