/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Operators that only move data: reshape, flatten, squeeze, unsqueeze, transpose, slice;
 * and cast, which also changes its type. All but cast come down to a copy between two views of
 * equal dimensions, so any element type and, unless said otherwise, any strides will do.
 */
#include <string.h>

#include "backend/cpu/nd.h"
#include "graph/element.h"
#include "graph/infer.h"

/* ---- reshape, flatten, squeeze, unsqueeze: the same elements in ONNX order ---- */

static enum dsq_status reshape_run(const struct dsq_prepared *p, const struct dsq_call *c,
                                   struct dsq_diag *d)
{
    const struct dsq_view *x = dsq_cpu_in(c, 0), *y = dsq_cpu_out(c, 0);
    if (dsq_view_elements(x) != dsq_view_elements(y))
        return dsq_cpu_fail(p, d, DSQ_SHAPE, "input and output differ in size");
    if (y->data == x->data)
        return DSQ_OK; /* the planner has made it a view of its input */
    /* One side must be dense in ONNX order; it then takes the other's dimensions. */
    bool y_plain = dsq_view_is_dense(y, DSQ_NCHW);
    if (!y_plain && !dsq_view_is_dense(x, DSQ_NCHW))
        return dsq_cpu_fail(p, d, DSQ_UNSUPPORTED, "neither side is dense in ONNX order");
    struct dsq_view as = y_plain ? *x : *y;
    as.layout = DSQ_NCHW;
    as.data = y_plain ? y->data : x->data;
    dsq_view_set_dense(&as);
    dsq_cpu_copy(p->device->rows, c->pool, y_plain ? &as : y, y_plain ? x : &as);
    return DSQ_OK;
}

const struct dsq_cpu_op dsq_cpu_reshape = {
    .memory = DSQ_MEM_READS_ANY,
    .supports = dsq_cpu_same_type,
    .run = reshape_run,
};

/* ---- transpose ---- */

static enum dsq_status transpose_run(const struct dsq_prepared *p, const struct dsq_call *c,
                                     struct dsq_diag *d)
{
    const struct dsq_perm_attr *a = c->node->attr;
    const struct dsq_view *x = dsq_cpu_in(c, 0), *y = dsq_cpu_out(c, 0);
    struct dsq_view turned = *y;
    turned.data = x->data;
    for (int32_t i = 0; i < y->rank; i++) {
        int64_t from = a->n > 0 && i < a->n ? a->perm[i] : y->rank - 1 - i;
        if (from < 0 || from >= x->rank || x->dims[from] != y->dims[i])
            return dsq_cpu_fail(p, d, DSQ_SHAPE, "its permutation does not fit its input");
        turned.strides[i] = x->strides[from];
    }
    dsq_cpu_copy(p->device->rows, c->pool, y, &turned);
    return DSQ_OK;
}

const struct dsq_cpu_op dsq_cpu_transpose = {
    .memory = DSQ_MEM_READS_ANY | DSQ_MEM_WRITES_ANY | DSQ_MEM_WRITES_PIXELS,
    .supports = dsq_cpu_same_type,
    .run = transpose_run,
};

/* ---- slice ---- */

static bool is_integers(const struct dsq_graph *g, const struct dsq_node *n, int32_t i)
{
    if (i >= n->n_in || n->in[i] == DSQ_NO_VALUE)
        return true;
    enum dsq_dtype t = g->value[n->in[i]].dtype;
    return t == DSQ_S64 || t == DSQ_S32;
}

static bool slice_supports(const struct dsq_graph *g, const struct dsq_node *n, char *why,
                           size_t bytes)
{
    for (int32_t i = 1; i < 5; i++)
        if (!is_integers(g, n, i))
            return dsq_cpu_refuse(why, bytes, "input %d is neither s64 nor s32", (int)i);
    return dsq_cpu_same_type(g, n, why, bytes);
}

static enum dsq_status slice_run(const struct dsq_prepared *p, const struct dsq_call *c,
                                 struct dsq_diag *d)
{
    const struct dsq_view *x = dsq_cpu_in(c, 0), *y = dsq_cpu_out(c, 0), *starts = dsq_cpu_in(c, 1);
    const struct dsq_view *axes = dsq_cpu_optional(c, 3), *steps = dsq_cpu_optional(c, 4);
    struct dsq_view part = *y;
    memcpy(part.strides, x->strides, sizeof part.strides);
    int64_t offset = 0, n = (int64_t)dsq_view_elements(starts);
    if ((axes && (int64_t)dsq_view_elements(axes) != n) ||
        (steps && (int64_t)dsq_view_elements(steps) != n))
        return dsq_cpu_fail(p, d, DSQ_SHAPE, "starts, axes and steps differ in length");
    for (int64_t i = 0; i < n; i++) {
        int64_t axis = axes ? dsq_cpu_integer(axes, i) : i,
                step = steps ? dsq_cpu_integer(steps, i) : 1;
        axis = axis < 0 ? axis + x->rank : axis;
        if (axis < 0 || axis >= x->rank || step == 0)
            return dsq_cpu_fail(p, d, DSQ_SHAPE, "axis %lld or step %lld does not fit its input",
                                (long long)axis, (long long)step);
        int64_t start = dsq_slice_first(x->dims[axis], dsq_cpu_integer(starts, i), step);
        if (y->dims[axis] > 0) {
            /* |step| beyond the size reaches one element only, and its stride is never used. */
            int64_t last = y->dims[axis] > 1 ? start + (y->dims[axis] - 1) * step : start;
            if (start >= x->dims[axis] || last < 0 || last >= x->dims[axis])
                return dsq_cpu_fail(p, d, DSQ_SHAPE, "it leaves its input along dimension %lld",
                                    (long long)axis);
            offset += start * x->strides[axis];
        }
        part.strides[axis] = y->dims[axis] > 1 ? x->strides[axis] * step : x->strides[axis];
    }
    part.data = (char *)x->data + offset * (int64_t)dsq_dtype_bytes(x->dtype);
    if (part.data != y->data) /* else the planner has made it a view of its input */
        dsq_cpu_copy(p->device->rows, c->pool, y, &part);
    return DSQ_OK;
}

const struct dsq_cpu_op dsq_cpu_slice = {
    .memory = DSQ_MEM_READS_ANY | DSQ_MEM_WRITES_ANY | DSQ_MEM_WRITES_PIXELS,
    .supports = slice_supports,
    .run = slice_run,
};

/* ---- cast ---- */

struct cast_job {
    const void *x;
    void *y;
    enum dsq_dtype from, to;
};

static int64_t load_integer(enum dsq_dtype t, const void *x, int64_t i)
{
    switch (t) {
    case DSQ_S64:
        return ((const int64_t *)x)[i];
    case DSQ_S32:
        return ((const int32_t *)x)[i];
    default:
        return ((const uint8_t *)x)[i];
    }
}

/* Integers that do not fit wrap around. */
static void store_integer(enum dsq_dtype t, void *y, int64_t i, int64_t v)
{
    switch (t) {
    case DSQ_F32:
        ((float *)y)[i] = (float)v;
        break;
    case DSQ_S64:
        ((int64_t *)y)[i] = v;
        break;
    case DSQ_S32:
        ((int32_t *)y)[i] = (int32_t)v;
        break;
    case DSQ_BOOL:
        ((uint8_t *)y)[i] = v != 0;
        break;
    default:
        ((uint8_t *)y)[i] = (uint8_t)v;
        break;
    }
}

static void store_float(enum dsq_dtype t, void *y, int64_t i, float v)
{
    if (t == DSQ_F32)
        ((float *)y)[i] = v;
    else if (t == DSQ_BOOL)
        ((uint8_t *)y)[i] = v != 0.0f;
    else
        store_integer(t, y, i, t == DSQ_S64 ? dsq_element_to_s64(v) : dsq_element_to_s32(v));
}

static void cast_run_elements(void *arg, int64_t n, const int64_t *offset, const int64_t *step,
                              int worker)
{
    (void)worker;
    const struct cast_job *j = arg;
    for (int64_t i = 0; i < n; i++) {
        int64_t x = offset[1] + i * step[1], y = offset[0] + i * step[0];
        if (j->from == DSQ_F32)
            store_float(j->to, j->y, y, ((const float *)j->x)[x]);
        else
            store_integer(j->to, j->y, y, load_integer(j->from, j->x, x));
    }
}

static bool is_castable(enum dsq_dtype t)
{
    return t == DSQ_F32 || t == DSQ_S32 || t == DSQ_S64 || t == DSQ_BOOL || t == DSQ_U8;
}

static bool cast_supports(const struct dsq_graph *g, const struct dsq_node *n, char *why,
                          size_t bytes)
{
    const struct dsq_value *x = &g->value[n->in[0]], *y = &g->value[n->out[0]];
    if (x->q.scale > 0 || y->q.scale > 0)
        return dsq_cpu_refuse(why, bytes, "quantized values are not cast");
    if (!is_castable(x->dtype) || !is_castable(y->dtype))
        return dsq_cpu_refuse(why, bytes, "%s to %s: only f32, s32, s64, bool, u8",
                              dsq_dtype_name(x->dtype), dsq_dtype_name(y->dtype));
    return true;
}

static enum dsq_status cast_run(const struct dsq_prepared *p, const struct dsq_call *c,
                                struct dsq_diag *d)
{
    const struct dsq_view *views[2] = {dsq_cpu_out(c, 0), dsq_cpu_in(c, 0)};
    struct cast_job j = {views[1]->data, views[0]->data, views[1]->dtype, views[0]->dtype};
    struct dsq_nd nd;
    if (!dsq_nd_init(&nd, 2, views))
        return dsq_cpu_fail(p, d, DSQ_SHAPE, "input and output differ in shape");
    dsq_nd_run(&nd, c->pool, cast_run_elements, &j);
    return DSQ_OK;
}

const struct dsq_cpu_op dsq_cpu_cast = {
    .memory = DSQ_MEM_READS_ANY | DSQ_MEM_WRITES_ANY | DSQ_MEM_WRITES_PIXELS,
    .supports = cast_supports,
    .run = cast_run,
};
