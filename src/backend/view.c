/* SPDX-License-Identifier: Apache-2.0 */
/* Views: strides of dense tensors, and what can be said about given strides. */
#include "backend/backend.h"

#include <string.h>

/* Dimensions from the innermost out. */
static const int8_t *memory_order(enum dsq_layout layout, int32_t rank)
{
    static const int8_t nhwc[DSQ_MAX_RANK] = {1, 3, 2, 0};
    static const int8_t plain[DSQ_MAX_RANK][DSQ_MAX_RANK] = {
        {0},          {1, 0},          {2, 1, 0},          {3, 2, 1, 0},
        {4, 3, 2, 1}, {5, 4, 3, 2, 1}, {6, 5, 4, 3, 2, 1}, {7, 6, 5, 4, 3, 2, 1}};
    if (layout == DSQ_NHWC && rank == 4)
        return nhwc;
    return plain[rank > 0 ? rank - 1 : 0];
}

static void dense_strides(enum dsq_layout layout, int32_t rank, const int64_t *dims,
                          int64_t *strides)
{
    const int8_t *order = memory_order(layout, rank);
    int64_t step = 1;
    for (int32_t i = 0; i < rank; i++) {
        strides[order[i]] = step;
        step *= dims[order[i]] > 0 ? dims[order[i]] : 1;
    }
}

void dsq_view_set_dense(struct dsq_view *v)
{
    dense_strides(v->layout, v->rank, v->dims, v->strides);
}

bool dsq_view_is_dense(const struct dsq_view *v, enum dsq_layout layout)
{
    int64_t strides[DSQ_MAX_RANK];
    dense_strides(layout, v->rank, v->dims, strides);
    for (int32_t i = 0; i < v->rank; i++)
        if (v->dims[i] != 1 && v->strides[i] != strides[i])
            return false;
    return true;
}

bool dsq_view_is_pixels(const struct dsq_view *v)
{
    if (v->rank != 4 || (v->dims[1] != 1 && v->strides[1] != 1))
        return false;
    int64_t pixel = v->strides[3];
    if (v->dims[2] != 1 && v->strides[2] != v->dims[3] * pixel)
        return false;
    return v->dims[0] == 1 || v->strides[0] == v->dims[2] * v->dims[3] * pixel;
}

size_t dsq_view_elements(const struct dsq_view *v)
{
    size_t n = 1;
    for (int32_t i = 0; i < v->rank; i++)
        n *= (size_t)v->dims[i];
    return n;
}

void dsq_view_to_tensor(const struct dsq_view *v, struct dsq_tensor *t)
{
    memset(t, 0, sizeof *t);
    t->dtype = v->dtype;
    t->layout = v->layout;
    t->rank = v->rank;
    t->data = v->data;
    for (int32_t i = 0; i < v->rank; i++) {
        t->dims[i] = v->dims[i];
        t->strides[i] = v->strides[i] * (int64_t)dsq_dtype_bytes(v->dtype);
    }
}
