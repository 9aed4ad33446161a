/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading one RetinaNet level. Nearly all scores are far below the threshold, so the work is a
 * scan: blocks are compared at once (the compiler makes vectors of that loop) and only what passes
 * is looked at. The best K live in a heap whose worst is on top; once it is full its worst is the
 * threshold.
 */
#include "detect/decode_retinanet.h"

#include <math.h>

#include "detect/anchors.h"
#include "kernels/math_f32.h"

struct pick {
    float value;
    int64_t index;
};

struct selection {
    const struct dsq_map *map;
    int32_t n_classes;   /* > 0: only the best class of each anchor */
    float lowest, limit; /* of the task; of the heap: values must be greater */
    struct pick *heap;
    size_t n, capacity;
};

float dsq_score_limit(const struct dsq_task *task)
{
    double t = task->score_threshold;
    if (task->score_activation == DSQ_SCORE_SIGMOID)
        t = log(t / (1.0 - t));
    float limit = (float)t;
    return (double)limit > t ? nextafterf(limit, -INFINITY) : limit;
}

size_t dsq_level_capacity(const struct dsq_task *task, const struct dsq_level *level)
{
    size_t all = (size_t)(level->score.channels * level->score.height * level->score.width);
    size_t most = (size_t)task->candidates_per_level;
    return all < most ? all : most;
}

/* ---- the best K ---- */

static bool is_worse(const struct pick *a, const struct pick *b)
{
    return a->value < b->value || (a->value == b->value && a->index > b->index);
}

static void swap_picks(struct pick *a, struct pick *b)
{
    struct pick t = *a;
    *a = *b;
    *b = t;
}

static void sift_up(struct pick *heap, size_t i)
{
    for (; i > 0 && is_worse(&heap[i], &heap[(i - 1) / 2]); i = (i - 1) / 2)
        swap_picks(&heap[i], &heap[(i - 1) / 2]);
}

static void sift_down(struct pick *heap, size_t n)
{
    size_t i = 0;
    for (;;) {
        size_t worst = i;
        for (size_t child = 2 * i + 1; child < n && child <= 2 * i + 2; child++)
            if (is_worse(&heap[child], &heap[worst]))
                worst = child;
        if (worst == i)
            return;
        swap_picks(&heap[i], &heap[worst]);
        i = worst;
    }
}

/* The first of the highest classes of its anchor? */
static bool is_best_class(const struct selection *s, float value, int64_t index)
{
    const struct dsq_map *m = s->map;
    int64_t pixel = index / m->channels, channel = index % m->channels;
    int64_t first = channel - channel % s->n_classes;
    const float *p = m->data + pixel / m->width * m->step_y + pixel % m->width * m->step_x;
    for (int64_t c = first; c < first + s->n_classes; c++) {
        float other = p[c * m->step_c];
        if (other > value || (other == value && c < channel))
            return false;
    }
    return true;
}

static void offer(struct selection *s, float value, int64_t index)
{
    struct pick pick = {value, index};
    if (s->n_classes > 0 && !is_best_class(s, value, index))
        return;
    if (s->n < s->capacity) {
        s->heap[s->n] = pick;
        sift_up(s->heap, s->n++);
    } else if (is_worse(&s->heap[0], &pick)) {
        s->heap[0] = pick;
        sift_down(s->heap, s->n);
    }
    if (s->n == s->capacity) { /* equal values may still win by their index */
        float limit = nextafterf(s->heap[0].value, -INFINITY);
        s->limit = limit > s->lowest ? limit : s->lowest;
    }
}

/* ---- the scan ---- */

/* n neighbouring floats whose indices are first, first + step, ... */
static void scan_run(struct selection *s, const float *p, int64_t n, int64_t first, int64_t step)
{
    enum { BLOCK = 64 };
    int64_t i = 0;
    for (; i + BLOCK <= n; i += BLOCK) {
        float limit = s->limit;
        int any = 0;
        for (int j = 0; j < BLOCK; j++)
            any |= p[i + j] > limit;
        if (!any)
            continue;
        for (int j = 0; j < BLOCK; j++)
            if (p[i + j] > s->limit)
                offer(s, p[i + j], first + (i + j) * step);
    }
    for (; i < n; i++)
        if (p[i] > s->limit)
            offer(s, p[i], first + i * step);
}

/* Any strides, channel by channel. */
static void scan_scattered(struct selection *s)
{
    const struct dsq_map *m = s->map;
    for (int64_t pixel = 0; pixel < m->height * m->width; pixel++) {
        const float *p = m->data + pixel / m->width * m->step_y + pixel % m->width * m->step_x;
        for (int64_t c = 0; c < m->channels; c++)
            if (p[c * m->step_c] > s->limit)
                offer(s, p[c * m->step_c], pixel * m->channels + c);
    }
}

static void scan(struct selection *s)
{
    const struct dsq_map *m = s->map;
    int64_t row = m->width * m->channels;
    if (m->step_c == 1 && m->step_x == m->channels && m->step_y == row) {
        scan_run(s, m->data, m->height * row, 0, 1);
    } else if (m->step_c == 1) {
        for (int64_t y = 0; y < m->height; y++)
            for (int64_t x = 0; x < m->width; x++)
                scan_run(s, m->data + y * m->step_y + x * m->step_x, m->channels,
                         y * row + x * m->channels, 1);
    } else if (m->step_x == 1) {
        for (int64_t c = 0; c < m->channels; c++)
            for (int64_t y = 0; y < m->height; y++)
                scan_run(s, m->data + c * m->step_c + y * m->step_y, m->width, y * row + c,
                         m->channels);
    } else {
        scan_scattered(s);
    }
}

/* ---- boxes ---- */

struct box_coding {
    const struct dsq_task *task;
    float delta_low, delta_high; /* of dw, dh */
    float limit_x, limit_y;      /* of the clip; infinite without one */
    float low;                   /* 0, or minus infinity without a clip */
    struct dsq_anchor anchors[DSQ_MAX_ANCHORS];
};

static void make_coding(struct box_coding *b, const struct dsq_task *task,
                        const struct dsq_level *level, const struct dsq_prepared_size *ps)
{
    float limit = (float)fabs(log(task->box_clamp_ratio));
    bool picture = task->clip == DSQ_CLIP_PICTURE, none = task->clip == DSQ_CLIP_NONE;
    b->task = task;
    b->delta_high = task->box_clamp == DSQ_CLAMP_NONE ? INFINITY : limit;
    b->delta_low = task->box_clamp == DSQ_CLAMP_BOTH ? -limit : -INFINITY;
    b->low = none ? -INFINITY : 0.0f;
    b->limit_x = none ? INFINITY : (float)(picture ? ps->content_width : ps->width);
    b->limit_y = none ? INFINITY : (float)(picture ? ps->content_height : ps->height);
    dsq_anchors_make(task, level->level, level->stride_x, level->stride_y, b->anchors);
}

/* NaN stays NaN. */
static float clamp(float v, float low, float high)
{
    return v < low ? low : v > high ? high : v;
}

/* The clipped box of an anchor at a grid position; false when nothing is left of it. */
static bool make_box(const struct box_coding *b, const struct dsq_level *level, int64_t x,
                     int64_t y, int64_t anchor, struct dsq_candidate *c)
{
    const struct dsq_anchor *at = &b->anchors[anchor];
    const struct dsq_map *m = &level->box;
    const float *p = m->data + anchor * 4 * m->step_c + y * m->step_y + x * m->step_x;
    float d[4];
    for (int i = 0; i < 4; i++)
        d[i] = p[i * m->step_c] * (float)b->task->box_stds.v[i] + (float)b->task->box_means.v[i];
    float cx = (float)x * level->stride_x + at->center_x + d[0] * at->width;
    float cy = (float)y * level->stride_y + at->center_y + d[1] * at->height;
    float half_w = 0.5f * at->width * dsq_exp_f32(clamp(d[2], b->delta_low, b->delta_high));
    float half_h = 0.5f * at->height * dsq_exp_f32(clamp(d[3], b->delta_low, b->delta_high));
    c->x0 = clamp(cx - half_w, b->low, b->limit_x);
    c->y0 = clamp(cy - half_h, b->low, b->limit_y);
    c->x1 = clamp(cx + half_w, b->low, b->limit_x);
    c->y1 = clamp(cy + half_h, b->low, b->limit_y);
    return c->x1 > c->x0 && c->y1 > c->y0 && isfinite(c->x1 - c->x0) && isfinite(c->y1 - c->y0);
}

static size_t make_candidates(const struct dsq_task *task, const struct dsq_level *level,
                              const struct dsq_prepared_size *ps, const struct selection *s,
                              struct dsq_candidate *candidates)
{
    struct box_coding coding;
    size_t n = 0;
    make_coding(&coding, task, level, ps);
    for (size_t i = 0; i < s->n; i++) {
        const struct pick *pick = &s->heap[i];
        struct dsq_candidate *c = &candidates[n];
        int64_t pixel = pick->index / level->score.channels;
        int64_t channel = pick->index % level->score.channels;
        int32_t label = (int32_t)(channel % level->n_classes);
        if (task->classes.n > 0 && !dsq_task_class_name(task, label)[0])
            continue;
        if (!make_box(&coding, level, pixel % level->score.width, pixel / level->score.width,
                      channel / level->n_classes, c))
            continue;
        bool sigmoid = task->score_activation == DSQ_SCORE_SIGMOID;
        c->score = sigmoid ? dsq_sigmoid_f32(pick->value) : pick->value;
        c->label = label;
        c->level = level->level;
        c->index = pick->index;
        n++;
    }
    return n;
}

enum dsq_status dsq_decode_retinanet(const struct dsq_task *task, const struct dsq_level *level,
                                     const struct dsq_prepared_size *ps,
                                     struct dsq_candidate *candidates, size_t *n,
                                     const struct dsq_allocator *a, struct dsq_diag *d)
{
    struct selection s = {.map = &level->score, .lowest = dsq_score_limit(task)};
    s.n_classes = task->classes_per_box == DSQ_CLASSES_BEST ? level->n_classes : 0;
    s.limit = s.lowest;
    s.capacity = dsq_level_capacity(task, level);
    s.heap = dsq_calloc(a, s.capacity ? s.capacity : 1, sizeof *s.heap);
    if (!s.heap)
        return dsq_fail(d, DSQ_NOMEM, "no memory for %zu candidates", s.capacity);
    if (s.capacity > 0)
        scan(&s);
    *n = make_candidates(task, level, ps, &s, candidates);
    dsq_release(a, s.heap);
    return DSQ_OK;
}
