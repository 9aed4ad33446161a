/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A network's outputs as maps: numbers on a grid of cells, `channels` of them at each cell, in
 * whatever order they lie in memory.
 */
#ifndef DSQ_DETECT_OUTPUTS_H
#define DSQ_DETECT_OUTPUTS_H

#include <dsq/dsq.h>

#include "detect/task.h"

/* What dsq_decode was given. */
struct dsq_outputs {
    const struct dsq_tensor *tensor;
    const char *const *name; /* may be NULL */
    int32_t n, batch_index;
};

/* One picture of one output; steps in floats between neighbours. */
struct dsq_map {
    const float *data;
    int64_t channels, height, width;
    ptrdiff_t step_c, step_y, step_x;
};

/* The output's name, "" without one. */
const char *dsq_output_name(const struct dsq_outputs *o, int32_t i);

/* Which output the task means: the one named wanted->v[which], or number `by_order` when the task
 * names none. SHAPE when no output has that name. */
enum dsq_status dsq_output_find(const struct dsq_outputs *o, const struct dsq_task_names *wanted,
                                int32_t which, int32_t by_order, int32_t *found,
                                struct dsq_diag *d) DSQ_MUST_CHECK;

/* (N, channels, height, width) as a map. SHAPE when the output is not a float map of rank 4. */
enum dsq_status dsq_output_map(const struct dsq_outputs *o, int32_t i, struct dsq_map *map,
                               struct dsq_diag *d) DSQ_MUST_CHECK;

/* (N, cells, channels) as a map of one row of all cells. SHAPE when it is not float of rank 3. */
enum dsq_status dsq_output_rows(const struct dsq_outputs *o, int32_t i, struct dsq_map *map,
                                struct dsq_diag *d) DSQ_MUST_CHECK;

/* Of such a row, `height` x `width` cells from number `first` on. */
struct dsq_map dsq_map_of_rows(const struct dsq_map *rows, int64_t first, int64_t height,
                               int64_t width);

/* Channels first ... first + n - 1 of a map. */
struct dsq_map dsq_map_channels(const struct dsq_map *map, int64_t first, int64_t n);

static inline const float *dsq_map_cell(const struct dsq_map *m, int64_t cell)
{
    return m->data + cell / m->width * m->step_y + cell % m->width * m->step_x;
}

#endif
