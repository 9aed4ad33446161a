/* SPDX-License-Identifier: Apache-2.0 */
/* Outputs become levels: two maps a level, or all cells of all levels in one list. */
#include "detect/family.h"

enum dsq_status dsq_levels_of_maps(const struct dsq_task *task, const struct dsq_outputs *o,
                                   struct dsq_level *levels, struct dsq_diag *d)
{
    int32_t n = dsq_task_levels(task), score = 0, box = 0;
    if (task->score_outputs.n == 0 && o->n != 2 * n)
        return dsq_fail(d, DSQ_SHAPE,
                        "the model has %d outputs, the task's %d levels need a score map and a "
                        "box map each; name them in score_outputs and box_outputs",
                        (int)o->n, (int)n);
    for (int32_t i = 0; i < n; i++) {
        struct dsq_level *l = &levels[i];
        DSQ_TRY(dsq_output_find(o, &task->score_outputs, i, i, &score, d));
        DSQ_TRY(dsq_output_find(o, &task->box_outputs, i, i + n, &box, d));
        DSQ_TRY(dsq_output_map(o, score, &l->score, d));
        DSQ_TRY(dsq_output_map(o, box, &l->box, d));
        l->level = i;
        l->score_name = dsq_output_name(o, score);
        l->box_name = dsq_output_name(o, box);
        if (l->box.height != l->score.height || l->box.width != l->score.width)
            return dsq_fail(d, DSQ_SHAPE,
                            "output '%s' is %lld x %lld (height x width), '%s' is %lld x %lld",
                            l->box_name, (long long)l->box.height, (long long)l->box.width,
                            l->score_name, (long long)l->score.height, (long long)l->score.width);
    }
    return DSQ_OK;
}

static int64_t cells_of(int32_t side, double stride)
{
    int64_t whole = (int64_t)stride;
    return (side + whole - 1) / whole;
}

enum dsq_status dsq_levels_of_rows(const struct dsq_task *task, const struct dsq_outputs *o,
                                   int32_t output, const struct dsq_prepared_size *ps,
                                   struct dsq_level *levels, struct dsq_diag *d)
{
    struct dsq_map rows;
    int64_t cells = 0;
    int32_t n = dsq_task_levels(task);
    DSQ_TRY(dsq_output_rows(o, output, &rows, d));
    for (int32_t i = 0; i < n; i++)
        cells += cells_of(ps->height, task->strides.v[i]) * cells_of(ps->width, task->strides.v[i]);
    if (cells != rows.width)
        return dsq_fail(d, DSQ_SHAPE,
                        "output '%s' has %lld cells; an input of %d x %d (height x width) has %lld "
                        "at the task's %d strides",
                        dsq_output_name(o, output), (long long)rows.width, (int)ps->height,
                        (int)ps->width, (long long)cells, (int)n);
    cells = 0;
    for (int32_t i = 0; i < n; i++) {
        struct dsq_level *l = &levels[i];
        l->level = i;
        l->score_name = l->box_name = dsq_output_name(o, output);
        l->score = dsq_map_of_rows(&rows, cells, cells_of(ps->height, task->strides.v[i]),
                                   cells_of(ps->width, task->strides.v[i]));
        cells += l->score.height * l->score.width;
    }
    return DSQ_OK;
}

enum dsq_status dsq_level_classes(const struct dsq_task *task, struct dsq_level *l,
                                  int64_t channels, int64_t other, struct dsq_diag *d)
{
    int64_t wanted = task->classes.n;
    if (wanted > 0 && channels != wanted + other)
        return dsq_fail(d, DSQ_SHAPE,
                        "output '%s' has %lld channels; %lld classes need %lld (the task's "
                        "\"classes\" may be another model's)",
                        l->score_name, (long long)channels, (long long)wanted,
                        (long long)(wanted + other));
    if (channels <= other || channels > other + DSQ_TASK_MAX_NAMES)
        return dsq_fail(d, DSQ_SHAPE,
                        "output '%s' has %lld channels; expected %lld and one for "
                        "each class",
                        l->score_name, (long long)channels, (long long)other);
    l->n_classes = (int32_t)(channels - other);
    return DSQ_OK;
}
