/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Evaluators of constants. Most operators are one strided copy: Transpose permutes strides, Slice
 * moves the origin and multiplies strides. Everything is checked
 * against the shapes that inference gave; what does not fit is not folded, and fails later where
 * the message is better. Arithmetic is in fold_elements.c.
 */
#include "pass/fold_eval.h"

#include <string.h>

#include "graph/infer.h"

/* A read of a dense constant in another order: element (i0, i1, ...) of the result is at byte
 * origin + sum i_k * step[k] of src. */
struct view {
    const char *src;
    int64_t origin, step[DSQ_MAX_RANK];
};

static void dense_steps(const struct dsq_shape *s, int64_t element, int64_t *step)
{
    for (int32_t k = s->rank - 1; k >= 0; k--) {
        step[k] = element;
        element *= s->dim[k];
    }
}

static void copy_view(const struct view *v, const struct dsq_shape *shape, size_t element,
                      char *dst)
{
    int64_t index[DSQ_MAX_RANK] = {0};
    size_t n = 0;
    if (!dsq_shape_elements(shape, &n))
        return;
    int64_t at = v->origin;
    for (size_t i = 0; i < n; i++) {
        memcpy(dst + i * element, v->src + at, element);
        for (int32_t k = shape->rank - 1; k >= 0; k--) {
            at += v->step[k];
            if (++index[k] < shape->dim[k])
                break;
            at -= v->step[k] * index[k];
            index[k] = 0;
        }
    }
}

static const struct dsq_value *input(const struct dsq_graph *g, const struct dsq_node *n, int32_t k)
{
    return k < n->n_in && dsq_value_is_const(g, n->in[k]) ? &g->value[n->in[k]] : NULL;
}

/* An integer constant's element. */
static bool integer_at(const struct dsq_value *v, size_t i, int64_t *out)
{
    if (!v || (v->dtype != DSQ_S64 && v->dtype != DSQ_S32) ||
        i >= v->bytes / dsq_dtype_bytes(v->dtype))
        return false;
    *out = v->dtype == DSQ_S64 ? ((const int64_t *)v->data)[i] : ((const int32_t *)v->data)[i];
    return true;
}

static bool fold_same_bytes(const struct dsq_value *x, const struct dsq_value *y, void *dst)
{
    size_t n;
    if (x->dtype != y->dtype || !dsq_shape_elements(&y->shape, &n) ||
        n * dsq_dtype_bytes(y->dtype) != x->bytes)
        return false;
    memcpy(dst, x->data, x->bytes);
    return true;
}

static bool fold_transpose(const struct dsq_perm_attr *a, const struct dsq_value *x,
                           const struct dsq_value *y, void *dst)
{
    const int32_t rank = x->shape.rank;
    if (rank != y->shape.rank || (a->n != 0 && a->n != rank))
        return false;
    int64_t step[DSQ_MAX_RANK];
    dense_steps(&x->shape, (int64_t)dsq_dtype_bytes(x->dtype), step);
    struct view v = {.src = x->data};
    for (int32_t k = 0; k < rank; k++) {
        const int64_t from = a->n ? a->perm[k] : rank - 1 - k;
        if (from < 0 || from >= rank || y->shape.dim[k] != x->shape.dim[from])
            return false;
        v.step[k] = step[from];
    }
    copy_view(&v, &y->shape, dsq_dtype_bytes(x->dtype), dst);
    return true;
}

/* Slice along one axis: where it starts, after ONNX's wrapping and clamping. y knows the size. */
static bool slice_axis(const struct dsq_graph *g, const struct dsq_node *n, size_t i,
                       const struct dsq_shape *x, int64_t *axis, int64_t *start, int64_t *step)
{
    const struct dsq_value *axes = input(g, n, 3), *steps = input(g, n, 4);
    *axis = (int64_t)i;
    *step = 1;
    if (!integer_at(input(g, n, 1), i, start) || (axes && !integer_at(axes, i, axis)) ||
        (steps && !integer_at(steps, i, step)) || *step == 0 || *step < -(1 << 30) ||
        *step > 1 << 30)
        return false;
    *axis += *axis < 0 ? x->rank : 0;
    if (*axis < 0 || *axis >= x->rank)
        return false;
    *start = dsq_slice_first(x->dim[*axis], *start, *step);
    return true;
}

static bool fold_slice(const struct dsq_graph *g, const struct dsq_node *n,
                       const struct dsq_value *x, const struct dsq_value *y, void *dst)
{
    struct view v = {.src = x->data};
    const struct dsq_value *starts = input(g, n, 1);
    size_t n_starts;
    if (!starts || !dsq_shape_elements(&starts->shape, &n_starts) || x->shape.rank != y->shape.rank)
        return false;
    dense_steps(&x->shape, (int64_t)dsq_dtype_bytes(x->dtype), v.step);
    bool seen[DSQ_MAX_RANK] = {false};
    for (size_t i = 0; i < n_starts; i++) {
        int64_t axis, start, step;
        if (!slice_axis(g, n, i, &x->shape, &axis, &start, &step) || seen[axis])
            return false;
        seen[axis] = true;
        const int64_t size = y->shape.dim[axis], end = start + (size - 1) * step;
        if (size > 0 && (end < 0 || end >= x->shape.dim[axis]))
            return false;
        v.origin += start * v.step[axis];
        v.step[axis] *= step;
    }
    for (int32_t k = 0; k < x->shape.rank; k++)
        if (!seen[k] && x->shape.dim[k] != y->shape.dim[k])
            return false;
    copy_view(&v, &y->shape, dsq_dtype_bytes(x->dtype), dst);
    return true;
}

/* Bytes from one index of `axis` to the next, and how many such rows lie outside it. */
static bool split_at(const struct dsq_value *x, int64_t axis, size_t *outer, size_t *inner_bytes)
{
    if (axis < 0 || axis >= x->shape.rank)
        return false;
    *outer = 1;
    *inner_bytes = dsq_dtype_bytes(x->dtype);
    for (int32_t k = 0; k < x->shape.rank; k++) {
        if (k < axis)
            *outer *= (size_t)x->shape.dim[k];
        else if (k > axis)
            *inner_bytes *= (size_t)x->shape.dim[k];
    }
    return true;
}

static bool fold_gather(const struct dsq_axis_attr *a, const struct dsq_value *x,
                        const struct dsq_value *index, const struct dsq_value *y, void *dst)
{
    const int64_t axis = a->axis + (a->axis < 0 ? x->shape.rank : 0);
    size_t outer, inner, n_index, n_y;
    if (!index || !split_at(x, axis, &outer, &inner) ||
        !dsq_shape_elements(&index->shape, &n_index) || !dsq_shape_elements(&y->shape, &n_y) ||
        n_y * dsq_dtype_bytes(y->dtype) != outer * n_index * inner)
        return false;
    const size_t size = (size_t)x->shape.dim[axis];
    char *to = dst;
    for (size_t o = 0; o < outer; o++) {
        for (size_t i = 0; i < n_index; i++, to += inner) {
            int64_t at;
            if (!integer_at(index, i, &at))
                return false;
            at += at < 0 ? (int64_t)size : 0;
            if (at < 0 || at >= (int64_t)size)
                return false;
            memcpy(to, (const char *)x->data + (o * size + (size_t)at) * inner, inner);
        }
    }
    return true;
}

static bool fold_concat(const struct dsq_graph *g, const struct dsq_node *n,
                        const struct dsq_value *y, char *dst)
{
    const struct dsq_axis_attr *a = n->attr;
    const int64_t axis = a->axis + (a->axis < 0 ? y->shape.rank : 0);
    size_t outer, inner, at = 0;
    if (!split_at(y, axis, &outer, &inner))
        return false;
    const size_t row = (size_t)y->shape.dim[axis] * inner;
    for (int32_t k = 0; k < n->n_in; k++) {
        const struct dsq_value *x = input(g, n, k);
        size_t x_outer, x_inner;
        if (!x || x->dtype != y->dtype || x->shape.rank != y->shape.rank ||
            !split_at(x, axis, &x_outer, &x_inner) || x_outer != outer || x_inner != inner)
            return false;
        const size_t part = (size_t)x->shape.dim[axis] * inner;
        if (part > row - at)
            return false;
        for (size_t o = 0; o < outer; o++)
            memcpy(dst + o * row + at, (const char *)x->data + o * part, part);
        at += part;
    }
    return at == row;
}

static bool broadcast_view(const struct dsq_value *x, const struct dsq_shape *y, struct view *v)
{
    const int32_t skip = y->rank - x->shape.rank;
    int64_t step[DSQ_MAX_RANK];
    if (x->shape.rank < 0 || skip < 0)
        return false;
    dense_steps(&x->shape, (int64_t)dsq_dtype_bytes(x->dtype), step);
    *v = (struct view){.src = x->data};
    for (int32_t k = 0; k < x->shape.rank; k++) {
        if (x->shape.dim[k] != 1 && x->shape.dim[k] != y->dim[k + skip])
            return false;
        v->step[k + skip] = x->shape.dim[k] == 1 ? 0 : step[k];
    }
    return true;
}

static bool fold_expand(const struct dsq_value *x, const struct dsq_value *y, void *dst)
{
    struct view v;
    if (x->dtype != y->dtype || !broadcast_view(x, &y->shape, &v))
        return false;
    copy_view(&v, &y->shape, dsq_dtype_bytes(y->dtype), dst);
    return true;
}

/* start + i * step */
static bool fold_range(const struct dsq_value *start, const struct dsq_value *step,
                       const struct dsq_value *y, void *dst)
{
    int64_t first, by;
    if (!step || start->dtype != y->dtype || step->dtype != y->dtype || y->shape.rank != 1)
        return false;
    for (int64_t i = 0; i < y->shape.dim[0]; i++) {
        if (y->dtype == DSQ_F32)
            ((float *)dst)[i] = *(const float *)start->data + (float)i * *(const float *)step->data;
        else if (!integer_at(start, 0, &first) || !integer_at(step, 0, &by))
            return false;
        else if (y->dtype == DSQ_S64)
            ((int64_t *)dst)[i] = (int64_t)((uint64_t)first + (uint64_t)i * (uint64_t)by);
        else
            ((int32_t *)dst)[i] = (int32_t)(uint32_t)((uint64_t)first + (uint64_t)i * (uint64_t)by);
    }
    return true;
}

bool dsq_fold_node(const struct dsq_graph *g, int32_t i, void *dst)
{
    const struct dsq_node *n = &g->node[i];
    const struct dsq_value *x = input(g, n, 0), *y = &g->value[n->out[0]];
    if (!x || n->n_out != 1)
        return false;
    switch (n->op) {
    case DSQ_OP_RESHAPE:
    case DSQ_OP_FLATTEN:
    case DSQ_OP_SQUEEZE:
    case DSQ_OP_UNSQUEEZE:
    case DSQ_OP_IDENTITY:
        return fold_same_bytes(x, y, dst);
    case DSQ_OP_TRANSPOSE:
        return fold_transpose(n->attr, x, y, dst);
    case DSQ_OP_SLICE:
        return fold_slice(g, n, x, y, dst);
    case DSQ_OP_GATHER:
        return fold_gather(n->attr, x, input(g, n, 1), y, dst);
    case DSQ_OP_CONCAT:
        return fold_concat(g, n, y, dst);
    case DSQ_OP_EXPAND:
        return fold_expand(x, y, dst);
    case DSQ_OP_RANGE:
        return fold_range(x, input(g, n, 2), y, dst);
    default:
        return dsq_fold_elements(g, n, dst);
    }
}
