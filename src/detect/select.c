/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Nearly all scores are far below the threshold, so selecting is a scan: blocks are compared at
 * once (the compiler makes vectors of that loop) and only what passes is looked at.
 */
#include "detect/select.h"

#include <math.h>

float dsq_select_limit(const struct dsq_task *task, bool logits)
{
    double t = task->score_threshold;
    if (logits)
        t = log(t / (1.0 - t));
    float limit = (float)t;
    return (double)limit > t ? nextafterf(limit, -INFINITY) : limit;
}

void dsq_select_start(struct dsq_selection *s, const struct dsq_task *task, bool logits)
{
    s->logits = logits;
    s->best_class = task->classes_per_box == DSQ_CLASSES_BEST;
    s->limit = s->lowest = dsq_select_limit(task, logits);
    s->n = 0;
}

/* ---- the best K ---- */

static bool is_worse(const struct dsq_pick *a, const struct dsq_pick *b)
{
    return a->value < b->value || (a->value == b->value && a->index > b->index);
}

static void swap_picks(struct dsq_pick *a, struct dsq_pick *b)
{
    struct dsq_pick t = *a;
    *a = *b;
    *b = t;
}

static void sift_up(struct dsq_pick *heap, size_t i)
{
    for (; i > 0 && is_worse(&heap[i], &heap[(i - 1) / 2]); i = (i - 1) / 2)
        swap_picks(&heap[i], &heap[(i - 1) / 2]);
}

static void sift_down(struct dsq_pick *heap, size_t n)
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

static void offer(struct dsq_selection *s, float value, int64_t index)
{
    struct dsq_pick pick = {value, index};
    if (s->n < s->capacity) {
        s->heap[s->n] = pick;
        sift_up(s->heap, s->n++);
    } else if (s->n > 0 && is_worse(&s->heap[0], &pick)) {
        s->heap[0] = pick;
        sift_down(s->heap, s->n);
    }
    if (s->n == s->capacity && s->n > 0) { /* equal values may still win by their index */
        float limit = nextafterf(s->heap[0].value, -INFINITY);
        s->limit = limit > s->lowest ? limit : s->lowest;
    }
}

/* ---- the scan of a map ---- */

struct scan {
    struct dsq_selection *s;
    const struct dsq_map *map;
    int32_t n_classes;
};

/* The first of the highest classes of its anchor? */
static bool is_best_class(const struct scan *scan, float value, int64_t index)
{
    const struct dsq_map *m = scan->map;
    int64_t channel = index % m->channels, first = channel - channel % scan->n_classes;
    const float *p = dsq_map_cell(m, index / m->channels);
    for (int64_t c = first; c < first + scan->n_classes; c++) {
        float other = p[c * m->step_c];
        if (other > value || (other == value && c < channel))
            return false;
    }
    return true;
}

static void look_at(const struct scan *scan, float value, int64_t index)
{
    if (!scan->s->best_class || is_best_class(scan, value, index))
        offer(scan->s, value, index);
}

/* n neighbouring floats whose indices are first, first + step, ... */
static void scan_run(const struct scan *scan, const float *p, int64_t n, int64_t first,
                     int64_t step)
{
    enum { BLOCK = 64 };
    const struct dsq_selection *s = scan->s;
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
                look_at(scan, p[i + j], first + (i + j) * step);
    }
    for (; i < n; i++)
        if (p[i] > s->limit)
            look_at(scan, p[i], first + i * step);
}

/* Any strides, channel by channel. */
static void scan_scattered(const struct scan *scan)
{
    const struct dsq_map *m = scan->map;
    for (int64_t pixel = 0; pixel < m->height * m->width; pixel++) {
        const float *p = dsq_map_cell(m, pixel);
        for (int64_t c = 0; c < m->channels; c++)
            if (p[c * m->step_c] > scan->s->limit)
                look_at(scan, p[c * m->step_c], pixel * m->channels + c);
    }
}

void dsq_select_map(struct dsq_selection *s, const struct dsq_map *m, int32_t n_classes)
{
    const struct scan scan = {s, m, n_classes};
    int64_t row = m->width * m->channels;
    if (m->step_c == 1 && m->step_x == m->channels && m->step_y == row) {
        scan_run(&scan, m->data, m->height * row, 0, 1);
    } else if (m->step_c == 1) {
        for (int64_t y = 0; y < m->height; y++)
            for (int64_t x = 0; x < m->width; x++)
                scan_run(&scan, m->data + y * m->step_y + x * m->step_x, m->channels,
                         y * row + x * m->channels, 1);
    } else if (m->step_x == 1) {
        for (int64_t c = 0; c < m->channels; c++)
            for (int64_t y = 0; y < m->height; y++)
                scan_run(&scan, m->data + c * m->step_c + y * m->step_y, m->width, y * row + c,
                         m->channels);
    } else {
        scan_scattered(&scan);
    }
}

/* ---- one anchor ---- */

void dsq_select_scores(struct dsq_selection *s, const float *score, int32_t n_classes,
                       int64_t first)
{
    int32_t best = 0;
    for (int32_t c = 1; c < n_classes && s->best_class; c++)
        if (score[c] > score[best] || isnan(score[best]))
            best = c;
    for (int32_t c = 0; c < n_classes; c++)
        if (score[c] > s->limit && (!s->best_class || c == best))
            offer(s, score[c], first + c);
}
