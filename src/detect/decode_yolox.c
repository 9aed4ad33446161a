/* SPDX-License-Identifier: Apache-2.0 */
/*
 * YOLOX (Ge et al., 2021): one box a cell, channels x, y, w, h, objectness, then the classes:
 *   center = ((x, y) + cell) * stride;  sides = exp(w, h) * stride;  score = objectness * class
 * Outputs: one list of all cells, level after level; or one map for each level.
 */
#include "detect/family.h"
#include "kernels/math_f32.h"

enum { OBJECTNESS = 4, CLASSES = 5 };

static enum dsq_status open_maps(const struct dsq_task *task, const struct dsq_outputs *o,
                                 struct dsq_level *levels, struct dsq_diag *d)
{
    for (int32_t i = 0; i < dsq_task_levels(task); i++) {
        int32_t output = 0;
        DSQ_TRY(dsq_output_find(o, &task->outputs, i, i, &output, d));
        DSQ_TRY(dsq_output_map(o, output, &levels[i].score, d));
        levels[i].level = i;
        levels[i].score_name = dsq_output_name(o, output);
    }
    return DSQ_OK;
}

static enum dsq_status open_levels(const struct dsq_task *task, const struct dsq_outputs *o,
                                   const struct dsq_prepared_size *ps, struct dsq_level *levels,
                                   struct dsq_diag *d)
{
    int32_t n = dsq_task_levels(task), given = task->outputs.n ? task->outputs.n : o->n, output = 0;
    if (given != 1 && given != n)
        return dsq_fail(d, DSQ_SHAPE,
                        "the model has %d outputs, expected one list of cells or a map for each of "
                        "the task's %d levels; name what counts in outputs",
                        (int)given, (int)n);
    DSQ_TRY(dsq_output_find(o, &task->outputs, 0, 0, &output, d));
    bool rows = given == 1 && (n > 1 || o->tensor[output].rank == 3);
    DSQ_TRY(rows ? dsq_levels_of_rows(task, o, output, ps, levels, d)
                 : open_maps(task, o, levels, d));
    for (int32_t i = 0; i < n; i++) {
        struct dsq_level *l = &levels[i];
        DSQ_TRY(dsq_level_classes(task, l, l->score.channels, CLASSES, d));
        l->anchors = 1;
        l->stride_x = l->stride_y = (float)task->strides.v[i];
    }
    return DSQ_OK;
}

/* Class scores are at most 1, so cells of low objectness are done with one look. */
static enum dsq_status select_scores(const struct dsq_task *task, const struct dsq_level *l,
                                     struct dsq_selection *s, const struct dsq_allocator *a,
                                     struct dsq_diag *d)
{
    bool sigmoid = task->score_activation == DSQ_SCORE_SIGMOID;
    ptrdiff_t step = l->score.step_c;
    float *score = dsq_calloc(a, (size_t)l->n_classes, sizeof *score);
    if (!score)
        return dsq_fail(d, DSQ_NOMEM, "no memory for %d classes", (int)l->n_classes);
    dsq_select_start(s, task, false);
    for (int64_t cell = 0; cell < l->score.height * l->score.width; cell++) {
        const float *p = dsq_map_cell(&l->score, cell);
        float object = p[OBJECTNESS * step];
        object = sigmoid ? dsq_sigmoid_f32(object) : object;
        if (!(object > s->limit))
            continue;
        for (int32_t c = 0; c < l->n_classes; c++) {
            float v = p[(CLASSES + c) * step];
            score[c] = object * (sigmoid ? dsq_sigmoid_f32(v) : v);
        }
        dsq_select_scores(s, score, l->n_classes, cell * l->n_classes);
    }
    dsq_release(a, score);
    return DSQ_OK;
}

static void make_boxes(const struct dsq_task *task, const struct dsq_level *l,
                       const struct dsq_pick *pick, size_t n, struct dsq_candidate *c)
{
    (void)task;
    ptrdiff_t step = l->score.step_c;
    for (size_t i = 0; i < n; i++) {
        int64_t cell = pick[i].index / l->n_classes;
        const float *p = dsq_map_cell(&l->score, cell);
        float cx = (p[0] + (float)(cell % l->score.width)) * l->stride_x;
        float cy = (p[step] + (float)(cell / l->score.width)) * l->stride_y;
        float half_w = 0.5f * l->stride_x * dsq_exp_f32(p[2 * step]);
        float half_h = 0.5f * l->stride_y * dsq_exp_f32(p[3 * step]);
        c[i].x0 = cx - half_w;
        c[i].y0 = cy - half_h;
        c[i].x1 = cx + half_w;
        c[i].y1 = cy + half_h;
    }
}

const struct dsq_family dsq_family_yolox = {open_levels, select_scores, make_boxes};
