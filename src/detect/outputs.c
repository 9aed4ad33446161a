/* SPDX-License-Identifier: Apache-2.0 */
/* Finding outputs by name or order, and opening them as maps. */
#include "detect/outputs.h"

#include <stdio.h>
#include <string.h>

const char *dsq_output_name(const struct dsq_outputs *o, int32_t i)
{
    return o->name && o->name[i] ? o->name[i] : "";
}

/* "a, b, c": the first few. */
static void list_names(const struct dsq_outputs *o, char *text, size_t bytes)
{
    text[0] = 0;
    for (int32_t i = 0; i < o->n; i++) {
        size_t used = strlen(text);
        if (used + 32 > bytes) {
            snprintf(text + used, bytes - used, ", ...");
            return;
        }
        snprintf(text + used, bytes - used, "%s%.20s", i ? ", " : "", dsq_output_name(o, i));
    }
}

enum dsq_status dsq_output_find(const struct dsq_outputs *o, const struct dsq_task_names *wanted,
                                int32_t which, int32_t by_order, int32_t *found, struct dsq_diag *d)
{
    char names[256];
    *found = by_order;
    if (wanted->n == 0)
        return DSQ_OK;
    for (int32_t i = 0; i < o->n; i++)
        if (strcmp(dsq_output_name(o, i), wanted->v[which]) == 0) {
            *found = i;
            return DSQ_OK;
        }
    list_names(o, names, sizeof names);
    return dsq_fail(d, DSQ_SHAPE,
                    "the task's output '%s' is not among the model's outputs (%s); the task names "
                    "them",
                    wanted->v[which], names);
}

/* Steps in floats, by dimension: the tensor's strides, or dense when all of them are zero. */
static enum dsq_status find_steps(const struct dsq_outputs *o, int32_t i, int64_t *step,
                                  struct dsq_diag *d)
{
    const struct dsq_tensor *t = &o->tensor[i];
    bool dense = true;
    int64_t size = 1;
    for (int32_t k = 0; k < t->rank; k++)
        dense = dense && t->strides[k] == 0;
    for (int32_t k = t->rank - 1; k >= 0; size *= t->dims[k--])
        step[k] = size;
    if (dense && t->rank == 4 && t->layout == DSQ_NHWC) {
        step[1] = 1;
        step[2] = t->dims[3] * t->dims[1];
        step[3] = t->dims[1];
    }
    for (int32_t k = 0; k < t->rank && !dense; k++) {
        if (t->strides[k] % (int64_t)sizeof(float) != 0)
            return dsq_fail(d, DSQ_ARGUMENT, "output '%s': a stride of %lld bytes",
                            dsq_output_name(o, i), (long long)t->strides[k]);
        step[k] = t->strides[k] / (int64_t)sizeof(float);
    }
    return DSQ_OK;
}

static enum dsq_status open_tensor(const struct dsq_outputs *o, int32_t i, int32_t rank,
                                   const char *what, int64_t *step, const float **data,
                                   struct dsq_diag *d)
{
    const struct dsq_tensor *t = &o->tensor[i];
    const char *name = dsq_output_name(o, i);
    if (t->dtype != DSQ_F32 || t->rank != rank || t->device_type != DSQ_DEVICE_CPU || !t->data)
        return dsq_fail(d, DSQ_SHAPE,
                        "output '%s': expected a float %s of rank %d in CPU memory, got "
                        "%s of rank %d",
                        name, what, (int)rank, dsq_dtype_name(t->dtype), (int)t->rank);
    if (o->batch_index < 0 || o->batch_index >= t->dims[0])
        return dsq_fail(d, DSQ_ARGUMENT, "output '%s': picture %d of a batch of %lld", name,
                        (int)o->batch_index, (long long)t->dims[0]);
    DSQ_TRY(find_steps(o, i, step, d));
    *data = (const float *)t->data + o->batch_index * step[0];
    return DSQ_OK;
}

enum dsq_status dsq_output_map(const struct dsq_outputs *o, int32_t i, struct dsq_map *map,
                               struct dsq_diag *d)
{
    int64_t step[DSQ_MAX_RANK] = {0};
    const int64_t *dims = o->tensor[i].dims;
    DSQ_TRY(open_tensor(o, i, 4, "map", step, &map->data, d));
    map->channels = dims[1];
    map->height = dims[2];
    map->width = dims[3];
    map->step_c = (ptrdiff_t)step[1];
    map->step_y = (ptrdiff_t)step[2];
    map->step_x = (ptrdiff_t)step[3];
    return DSQ_OK;
}

enum dsq_status dsq_output_rows(const struct dsq_outputs *o, int32_t i, struct dsq_map *map,
                                struct dsq_diag *d)
{
    int64_t step[DSQ_MAX_RANK] = {0};
    const int64_t *dims = o->tensor[i].dims;
    DSQ_TRY(open_tensor(o, i, 3, "list of cells", step, &map->data, d));
    map->channels = dims[2];
    map->height = 1;
    map->width = dims[1];
    map->step_c = (ptrdiff_t)step[2];
    map->step_y = 0;
    map->step_x = (ptrdiff_t)step[1];
    return DSQ_OK;
}

struct dsq_map dsq_map_of_rows(const struct dsq_map *rows, int64_t first, int64_t height,
                               int64_t width)
{
    struct dsq_map m = *rows;
    m.data += first * rows->step_x;
    m.height = height;
    m.width = width;
    m.step_y = (ptrdiff_t)width * rows->step_x;
    return m;
}

struct dsq_map dsq_map_channels(const struct dsq_map *map, int64_t first, int64_t n)
{
    struct dsq_map m = *map;
    m.data += first * map->step_c;
    m.channels = n;
    return m;
}
