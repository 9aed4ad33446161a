/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pad, tile and expand: the input lands in a part of the output; the rest of the output is copied
 * from there, one axis after the other, so that corners come by themselves.
 */
#include <string.h>

#include "backend/cpu/nd.h"

enum { FROM_ANY_TO_ANY = DSQ_MEM_READS_ANY | DSQ_MEM_WRITES_ANY | DSQ_MEM_WRITES_PIXELS };

/* ---- pad ---- */

struct padding {
    int64_t first[DSQ_MAX_RANK]; /* where the input begins in the output, */
    int64_t size[DSQ_MAX_RANK];  /* how much of it is kept, */
    int64_t from[DSQ_MAX_RANK];  /* and from where on */
    const struct dsq_view *y;
    union {
        float f32;
        int64_t s64;
        int8_t s8;
    } value;
};

/* Part [first, first + size) of y along each axis. */
static struct dsq_view part_of(const struct dsq_view *y, const int64_t *first, const int64_t *size)
{
    struct dsq_view part = *y;
    int64_t offset = 0;
    for (int32_t i = 0; i < y->rank; i++) {
        part.dims[i] = size[i];
        offset += first[i] * y->strides[i];
    }
    part.data = (char *)y->data + offset * (int64_t)dsq_dtype_bytes(y->dtype);
    return part;
}

static enum dsq_status read_pads(const struct dsq_prepared *p, const struct dsq_call *c,
                                 struct padding *pad, struct dsq_diag *d)
{
    const struct dsq_view *x = dsq_cpu_in(c, 0), *y = dsq_cpu_out(c, 0), *pads = dsq_cpu_in(c, 1);
    const struct dsq_view *axes = dsq_cpu_optional(c, 3);
    const int64_t n = (int64_t)dsq_view_elements(pads) / 2;
    if (n > x->rank || (axes && (int64_t)dsq_view_elements(axes) != n))
        return dsq_cpu_fail(p, d, DSQ_SHAPE, "its pads and axes do not fit its input");
    *pad = (struct padding){.y = y};
    memcpy(pad->size, x->dims, sizeof pad->size);
    for (int64_t i = 0; i < n; i++) {
        const int64_t named = axes ? dsq_cpu_integer(axes, i) : i;
        const int64_t axis = named < 0 ? named + x->rank : named;
        if (axis < 0 || axis >= x->rank)
            return dsq_cpu_fail(p, d, DSQ_SHAPE, "it has no axis %lld", (long long)named);
        const int64_t before = dsq_cpu_integer(pads, i), behind = dsq_cpu_integer(pads, i + n);
        pad->first[axis] = before > 0 ? before : 0;
        pad->from[axis] = before < 0 ? -before : 0;
        pad->size[axis] -= pad->from[axis] + (behind < 0 ? -behind : 0);
    }
    for (int32_t i = 0; i < x->rank; i++)
        if (pad->size[i] < 0 || pad->first[i] + pad->size[i] > y->dims[i])
            return dsq_cpu_fail(p, d, DSQ_SHAPE, "its pads do not fit its output");
    return DSQ_OK;
}

/* Which of `n` elements stands at position i, i < 0 or i >= n. */
static int64_t source_of(enum dsq_pad_mode mode, int64_t i, int64_t n)
{
    if (mode == DSQ_PAD_EDGE || n == 1)
        return i < 0 ? 0 : n - 1;
    const int64_t period = mode == DSQ_PAD_WRAP ? n : 2 * (n - 1);
    i %= period;
    i += i < 0 ? period : 0;
    return i < n ? i : period - i;
}

/* Positions [from, to) of an axis. The axes before it are whole already, those behind it are not.
 */
static void fill_axis(const struct padding *pad, enum dsq_pad_mode mode, int32_t axis, int64_t from,
                      int64_t to, const struct dsq_rows_kernels *rows, struct dsq_pool *pool)
{
    int64_t first[DSQ_MAX_RANK], size[DSQ_MAX_RANK];
    for (int32_t i = 0; i < pad->y->rank; i++) {
        first[i] = i < axis ? 0 : pad->first[i];
        size[i] = i < axis ? pad->y->dims[i] : pad->size[i];
    }
    if (mode == DSQ_PAD_CONSTANT) {
        first[axis] = from;
        size[axis] = to - from;
        struct dsq_view dst = part_of(pad->y, first, size), src = dst;
        memset(src.strides, 0, sizeof src.strides);
        src.data = (void *)(uintptr_t)&pad->value;
        dsq_cpu_copy(rows, pool, &dst, &src);
        return;
    }
    size[axis] = 1;
    for (int64_t i = from; i < to; i++) {
        first[axis] = i;
        struct dsq_view dst = part_of(pad->y, first, size);
        first[axis] = pad->first[axis] + source_of(mode, i - pad->first[axis], pad->size[axis]);
        struct dsq_view src = part_of(pad->y, first, size);
        dsq_cpu_copy(rows, pool, &dst, &src);
    }
}

/* The value to pad with, as an element of y. */
static void read_value(const struct dsq_prepared *p, const struct dsq_call *c, struct padding *pad)
{
    const struct dsq_view *value = dsq_cpu_optional(c, 2);
    const struct dsq_value *y = &c->graph->value[c->node->out[0]];
    if (y->dtype == DSQ_S8) {
        const struct dsq_rows_quant q = dsq_cpu_quant(&y->q);
        const float zero = 0.0f;
        p->device->rows->quantize(1, value ? value->data : &zero, &q, &pad->value.s8);
    } else if (value) {
        memcpy(&pad->value, value->data, dsq_dtype_bytes(y->dtype));
    }
}

static enum dsq_status pad_run(const struct dsq_prepared *p, const struct dsq_call *c,
                               struct dsq_diag *d)
{
    const struct dsq_rows_kernels *rows = p->device->rows;
    const enum dsq_pad_mode mode =
        (enum dsq_pad_mode)((const struct dsq_pad_attr *)c->node->attr)->mode;
    const struct dsq_view *y = dsq_cpu_out(c, 0);
    struct padding pad;
    DSQ_TRY(read_pads(p, c, &pad, d));
    read_value(p, c, &pad);
    struct dsq_view dst = part_of(y, pad.first, pad.size);
    struct dsq_view src = part_of(dsq_cpu_in(c, 0), pad.from, pad.size);
    dsq_cpu_copy(rows, c->pool, &dst, &src);
    for (int32_t axis = 0; axis < y->rank; axis++) {
        const int64_t end = pad.first[axis] + pad.size[axis];
        if (mode != DSQ_PAD_CONSTANT && pad.size[axis] == 0 && y->dims[axis] > 0)
            return dsq_cpu_fail(p, d, DSQ_SHAPE, "nothing to repeat along dimension %d", (int)axis);
        fill_axis(&pad, mode, axis, 0, pad.first[axis], rows, c->pool);
        fill_axis(&pad, mode, axis, end, y->dims[axis], rows, c->pool);
    }
    return DSQ_OK;
}

static bool pad_supports(const struct dsq_graph *g, const struct dsq_node *n, char *why,
                         size_t bytes)
{
    if (n->n_in > 2 && n->in[2] != DSQ_NO_VALUE) {
        size_t elements;
        if (!dsq_shape_elements(&g->value[n->in[2]].shape, &elements) || elements != 1)
            return dsq_cpu_refuse(why, bytes, "its value must be one number");
    }
    return dsq_cpu_same_type(g, n, why, bytes);
}

const struct dsq_cpu_op dsq_cpu_pad = {
    .memory = FROM_ANY_TO_ANY,
    .supports = pad_supports,
    .run = pad_run,
};

/* ---- tile ---- */

static enum dsq_status tile_run(const struct dsq_prepared *p, const struct dsq_call *c,
                                struct dsq_diag *d)
{
    const struct dsq_view *x = dsq_cpu_in(c, 0), *y = dsq_cpu_out(c, 0);
    int64_t first[DSQ_MAX_RANK] = {0}, size[DSQ_MAX_RANK];
    memcpy(size, x->dims, sizeof size);
    for (int32_t i = 0; i < y->rank; i++)
        if (x->dims[i] == 0 || y->dims[i] % x->dims[i])
            return dsq_cpu_fail(p, d, DSQ_SHAPE, "dimension %d is not repeated whole", (int)i);
    struct dsq_view src = part_of(y, first, size);
    dsq_cpu_copy(p->device->rows, c->pool, &src, x);
    for (int32_t axis = y->rank - 1; axis >= 0; axis--) {
        src = part_of(y, first, size);
        for (first[axis] = x->dims[axis]; first[axis] < y->dims[axis];
             first[axis] += x->dims[axis]) {
            struct dsq_view dst = part_of(y, first, size);
            dsq_cpu_copy(p->device->rows, c->pool, &dst, &src);
        }
        first[axis] = 0;
        size[axis] = y->dims[axis];
    }
    return DSQ_OK;
}

const struct dsq_cpu_op dsq_cpu_tile = {
    .memory = FROM_ANY_TO_ANY,
    .supports = dsq_cpu_same_type,
    .run = tile_run,
};

/* ---- expand: strides of 0 ---- */

static enum dsq_status expand_run(const struct dsq_prepared *p, const struct dsq_call *c,
                                  struct dsq_diag *d)
{
    const struct dsq_view *x = dsq_cpu_in(c, 0), *y = dsq_cpu_out(c, 0);
    for (int32_t i = 0; i < x->rank; i++)
        if (x->rank > y->rank || (x->dims[i] != 1 && x->dims[i] != y->dims[i + y->rank - x->rank]))
            return dsq_cpu_fail(p, d, DSQ_SHAPE, "its input does not expand to its output");
    dsq_cpu_copy(p->device->rows, c->pool, y, x);
    return DSQ_OK;
}

const struct dsq_cpu_op dsq_cpu_expand = {
    .memory = FROM_ANY_TO_ANY,
    .supports = dsq_cpu_same_type,
    .run = expand_run,
};
