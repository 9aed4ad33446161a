/* SPDX-License-Identifier: Apache-2.0 */
/*
 * NanoDet: one box a cell, given by the distances of its four sides from the cell's center point.
 * Each distance is a distribution over bins 0, 1, ... (in strides):
 *   distance = stride * sum(i * softmax(bins)[i]),  box channel = side * bins + bin
 * (Li et al., "Generalized Focal Loss", 2020; sides: left, top, right, bottom). Outputs: a score
 * map and a box map for each level, or one list of all cells with the scores before the distances.
 */
#include "base/cpu.h"
#include "detect/family.h"
#include "kernels/unary.h"

static enum dsq_status open_rows(const struct dsq_task *task, const struct dsq_outputs *o,
                                 const struct dsq_prepared_size *ps, struct dsq_level *levels,
                                 struct dsq_diag *d)
{
    int32_t output = 0;
    int64_t distances = 4 * (int64_t)task->distance_bins;
    DSQ_TRY(dsq_output_find(o, &task->outputs, 0, 0, &output, d));
    DSQ_TRY(dsq_levels_of_rows(task, o, output, ps, levels, d));
    for (int32_t i = 0; i < dsq_task_levels(task); i++) {
        struct dsq_level *l = &levels[i];
        DSQ_TRY(dsq_level_classes(task, l, l->score.channels, distances, d));
        l->box = dsq_map_channels(&l->score, l->n_classes, distances);
        l->score = dsq_map_channels(&l->score, 0, l->n_classes);
    }
    return DSQ_OK;
}

static enum dsq_status open_maps(const struct dsq_task *task, const struct dsq_outputs *o,
                                 struct dsq_level *levels, struct dsq_diag *d)
{
    DSQ_TRY(dsq_levels_of_maps(task, o, levels, d));
    for (int32_t i = 0; i < dsq_task_levels(task); i++) {
        struct dsq_level *l = &levels[i];
        DSQ_TRY(dsq_level_classes(task, l, l->score.channels, 0, d));
        if (l->box.channels != 4 * (int64_t)task->distance_bins)
            return dsq_fail(d, DSQ_SHAPE,
                            "output '%s' has %lld channels; 4 sides of %d distance_bins need %d",
                            l->box_name, (long long)l->box.channels, (int)task->distance_bins,
                            4 * (int)task->distance_bins);
    }
    return DSQ_OK;
}

static enum dsq_status open_levels(const struct dsq_task *task, const struct dsq_outputs *o,
                                   const struct dsq_prepared_size *ps, struct dsq_level *levels,
                                   struct dsq_diag *d)
{
    bool rows = task->outputs.n > 0 || (task->score_outputs.n == 0 && o->n == 1);
    DSQ_TRY(rows ? open_rows(task, o, ps, levels, d) : open_maps(task, o, levels, d));
    for (int32_t i = 0; i < dsq_task_levels(task); i++) {
        levels[i].anchors = 1;
        levels[i].stride_x = levels[i].stride_y = (float)task->strides.v[i];
    }
    return DSQ_OK;
}

static enum dsq_status select_scores(const struct dsq_task *task, const struct dsq_level *l,
                                     struct dsq_selection *s, const struct dsq_allocator *a,
                                     struct dsq_diag *d)
{
    (void)a, (void)d;
    dsq_select_start(s, task, task->score_activation == DSQ_SCORE_SIGMOID);
    dsq_select_map(s, &l->score, l->n_classes);
    return DSQ_OK;
}

/* The mean bin of each side's distribution, given by logits. */
static void expectations(const float *p, ptrdiff_t step, int32_t bins, float *side)
{
    static const struct dsq_unary exp_of = {.kind = DSQ_UNARY_EXP};
    float e[4 * DSQ_TASK_MAX_BINS];
    for (int32_t k = 0; k < 4; k++, p += bins * step) {
        float most = p[0];
        for (int32_t i = 1; i < bins; i++)
            most = p[i * step] > most ? p[i * step] : most;
        for (int32_t i = 0; i < bins; i++)
            e[k * bins + i] = p[i * step] - most;
    }
    dsq_unary_select(dsq_cpu_detect())->run(&exp_of, (size_t)(4 * bins), e, e);
    for (int32_t k = 0; k < 4; k++) {
        float sum = 0.0f, weighted = 0.0f;
        for (int32_t i = 0; i < bins; i++) {
            sum += e[k * bins + i];
            weighted += (float)i * e[k * bins + i];
        }
        side[k] = weighted / sum;
    }
}

static void make_boxes(const struct dsq_task *task, const struct dsq_level *l,
                       const struct dsq_pick *pick, size_t n, struct dsq_candidate *c)
{
    int32_t bins = task->distance_bins;
    float offset = (float)task->anchor_center_offset;
    for (size_t i = 0; i < n; i++) {
        int64_t cell = pick[i].index / l->n_classes;
        const float *p = dsq_map_cell(&l->box, cell);
        float cx = ((float)(cell % l->box.width) + offset) * l->stride_x;
        float cy = ((float)(cell / l->box.width) + offset) * l->stride_y;
        float side[4];
        expectations(p, l->box.step_c, bins, side);
        c[i].x0 = cx - side[0] * l->stride_x;
        c[i].y0 = cy - side[1] * l->stride_y;
        c[i].x1 = cx + side[2] * l->stride_x;
        c[i].y1 = cy + side[3] * l->stride_y;
    }
}

const struct dsq_family dsq_family_nanodet = {open_levels, select_scores, make_boxes};
