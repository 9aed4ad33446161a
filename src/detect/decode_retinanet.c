/* SPDX-License-Identifier: Apache-2.0 */
/*
 * RetinaNet and RetinaFace: from a score map and a box map to boxes.
 *
 * Score channel = anchor * classes + class, a background being the first or last of the classes;
 * box channel = anchor * 4 + {dx, dy, dw, dh}. A box:
 *   center = anchor center + d * anchor side;  side = anchor side * exp(clamped d)
 */
#include <math.h>
#include <string.h>

#include "detect/anchors.h"
#include "detect/family.h"
#include "kernels/math_f32.h"

static int32_t background(const struct dsq_task *task)
{
    return task->background != DSQ_BACKGROUND_NONE;
}

/* ---- levels ---- */

static enum dsq_status check_channels(const struct dsq_task *task, struct dsq_level *l,
                                      struct dsq_diag *d)
{
    int64_t anchors = dsq_anchor_count(task), classes = task->classes.n, other = background(task);
    int64_t channels = l->score.channels;
    if (classes > 0 && channels != anchors * (classes + other))
        return dsq_fail(d, DSQ_SHAPE,
                        "output '%s' has %lld channels; %d anchors of %lld classes%s need %lld "
                        "(the task's \"classes\" may be another model's)",
                        l->score_name, (long long)channels, (int)anchors, (long long)classes,
                        other ? " and background" : "", (long long)(anchors * (classes + other)));
    if (channels % anchors != 0 || channels <= anchors * other)
        return dsq_fail(d, DSQ_SHAPE, "output '%s' has %lld channels, no multiple of %d anchors%s",
                        l->score_name, (long long)channels, (int)anchors,
                        other ? " of a class and background" : "");
    if (l->box.channels != anchors * 4)
        return dsq_fail(d, DSQ_SHAPE,
                        "output '%s' has %lld channels; %d anchors of 4 numbers need %d",
                        l->box_name, (long long)l->box.channels, (int)anchors, (int)anchors * 4);
    l->anchors = (int32_t)anchors;
    l->n_classes = (int32_t)(channels / anchors - other);
    return DSQ_OK;
}

static enum dsq_status set_stride(const struct dsq_task *task, const struct dsq_prepared_size *ps,
                                  struct dsq_level *l, struct dsq_diag *d)
{
    if (task->stride_rule == DSQ_STRIDE_FIXED) {
        l->stride_x = l->stride_y = (float)task->strides.v[l->level];
        return DSQ_OK;
    }
    if (l->score.width < 1 || l->score.width > ps->width || l->score.height < 1 ||
        l->score.height > ps->height)
        return dsq_fail(d, DSQ_SHAPE,
                        "output '%s' is %lld x %lld (height x width) for an input of %d x %d",
                        l->score_name, (long long)l->score.height, (long long)l->score.width,
                        (int)ps->height, (int)ps->width);
    l->stride_x = (float)(ps->width / l->score.width);
    l->stride_y = (float)(ps->height / l->score.height);
    return DSQ_OK;
}

static enum dsq_status open_levels(const struct dsq_task *task, const struct dsq_outputs *o,
                                   const struct dsq_prepared_size *ps, struct dsq_level *levels,
                                   struct dsq_diag *d)
{
    DSQ_TRY(dsq_levels_of_maps(task, o, levels, d));
    for (int32_t i = 0; i < dsq_task_levels(task); i++) {
        DSQ_TRY(check_channels(task, &levels[i], d));
        DSQ_TRY(set_stride(task, ps, &levels[i], d));
    }
    return DSQ_OK;
}

/* ---- scores ---- */

/* The scores of one anchor of a map with background: activated over all its n channels. */
static void activate(const struct dsq_task *task, const float *p, ptrdiff_t step, int32_t n,
                     float *score)
{
    float most = p[0], sum = 0.0f;
    for (int32_t c = 0; c < n; c++) {
        score[c] = p[c * step];
        most = score[c] > most ? score[c] : most;
    }
    if (task->score_activation == DSQ_SCORE_NONE)
        return;
    for (int32_t c = 0; c < n; c++) {
        bool softmax = task->score_activation == DSQ_SCORE_SOFTMAX;
        score[c] = softmax ? dsq_exp_f32(score[c] - most) : dsq_sigmoid_f32(score[c]);
        sum += score[c];
    }
    for (int32_t c = 0; c < n && task->score_activation == DSQ_SCORE_SOFTMAX; c++)
        score[c] /= sum;
}

static enum dsq_status select_scores(const struct dsq_task *task, const struct dsq_level *l,
                                     struct dsq_selection *s, const struct dsq_allocator *a,
                                     struct dsq_diag *d)
{
    bool softmax = task->score_activation == DSQ_SCORE_SOFTMAX;
    if (!softmax && !background(task)) {
        dsq_select_start(s, task, task->score_activation == DSQ_SCORE_SIGMOID);
        dsq_select_map(s, &l->score, l->n_classes);
        return DSQ_OK;
    }
    int32_t n = l->n_classes + background(task), skip = task->background == DSQ_BACKGROUND_FIRST;
    float *score = dsq_calloc(a, (size_t)n, sizeof *score);
    if (!score)
        return dsq_fail(d, DSQ_NOMEM, "no memory for %d classes", (int)n);
    dsq_select_start(s, task, false);
    for (int64_t cell = 0; cell < l->score.height * l->score.width; cell++) {
        const float *p = dsq_map_cell(&l->score, cell);
        for (int64_t anchor = 0; anchor < l->anchors; anchor++) {
            activate(task, p + anchor * n * l->score.step_c, l->score.step_c, n, score);
            dsq_select_scores(s, score + skip, l->n_classes,
                              (cell * l->anchors + anchor) * l->n_classes);
        }
    }
    dsq_release(a, score);
    return DSQ_OK;
}

/* ---- boxes ---- */

struct box_coding {
    float mean[4], std[4];
    float delta_low, delta_high; /* of dw, dh */
    struct dsq_anchor anchors[DSQ_MAX_ANCHORS];
};

static void make_coding(struct box_coding *b, const struct dsq_task *task,
                        const struct dsq_level *level)
{
    float limit = (float)fabs(log(task->box_clamp_ratio));
    b->delta_high = task->box_clamp == DSQ_CLAMP_NONE ? INFINITY : limit;
    b->delta_low = task->box_clamp == DSQ_CLAMP_BOTH ? -limit : -INFINITY;
    for (int i = 0; i < 4; i++) {
        b->mean[i] = (float)task->box_means.v[i];
        b->std[i] = (float)task->box_stds.v[i];
    }
    dsq_anchors_make(task, level->level, level->stride_x, level->stride_y, b->anchors);
}

/* NaN stays NaN. */
static float clamp(float v, float low, float high)
{
    return v < low ? low : v > high ? high : v;
}

static void make_box(const struct box_coding *b, const struct dsq_level *l, int64_t cell,
                     int64_t anchor, struct dsq_candidate *c)
{
    const struct dsq_anchor *at = &b->anchors[anchor];
    const float *p = dsq_map_cell(&l->box, cell) + anchor * 4 * l->box.step_c;
    float d[4];
    for (int i = 0; i < 4; i++)
        d[i] = p[i * l->box.step_c] * b->std[i] + b->mean[i];
    int64_t x = cell % l->box.width, y = cell / l->box.width;
    float cx = (float)x * l->stride_x + at->center_x + d[0] * at->width;
    float cy = (float)y * l->stride_y + at->center_y + d[1] * at->height;
    float half_w = 0.5f * at->width * dsq_exp_f32(clamp(d[2], b->delta_low, b->delta_high));
    float half_h = 0.5f * at->height * dsq_exp_f32(clamp(d[3], b->delta_low, b->delta_high));
    c->x0 = cx - half_w;
    c->y0 = cy - half_h;
    c->x1 = cx + half_w;
    c->y1 = cy + half_h;
}

static void make_boxes(const struct dsq_task *task, const struct dsq_level *l,
                       const struct dsq_pick *pick, size_t n, struct dsq_candidate *c)
{
    struct box_coding coding;
    make_coding(&coding, task, l);
    for (size_t i = 0; i < n; i++) {
        int64_t box = pick[i].index / l->n_classes;
        make_box(&coding, l, box / l->anchors, box % l->anchors, &c[i]);
    }
}

const struct dsq_family dsq_family_retinanet = {open_levels, select_scores, make_boxes};
