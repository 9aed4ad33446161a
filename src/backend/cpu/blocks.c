/* SPDX-License-Identifier: Apache-2.0 */
/*
 * depth_to_space and space_to_depth: one copy between views of six dimensions, in which channels
 * stand as [block row][block column][rest] (crd: [rest][block row][block column]) and rows and
 * columns as [block][within it].
 */
#include "backend/cpu/nd.h"

/* The tensor with many channels and the one with many pixels, dims (picture, block row, block
 * column, rest of the channels, row of blocks, column of blocks). */
static void open_views(const struct dsq_block_attr *a, const struct dsq_view *deep,
                       const struct dsq_view *wide, struct dsq_view *deep6, struct dsq_view *wide6)
{
    const int64_t b = a->size, rest = wide->dims[1], channel = deep->strides[1];
    const bool dcr = a->mode == DSQ_BLOCK_DCR;
    const int64_t dims[] = {deep->dims[0], b, b, rest, deep->dims[2], deep->dims[3]};
    const int64_t deep_strides[] = {deep->strides[0],           channel * b * (dcr ? rest : 1),
                                    channel * (dcr ? rest : 1), channel * (dcr ? 1 : b * b),
                                    deep->strides[2],           deep->strides[3]};
    const int64_t wide_strides[] = {wide->strides[0], wide->strides[2],     wide->strides[3],
                                    wide->strides[1], wide->strides[2] * b, wide->strides[3] * b};
    *deep6 = *deep;
    *wide6 = *wide;
    deep6->layout = wide6->layout = DSQ_NCHW;
    deep6->rank = wide6->rank = 6;
    for (int32_t i = 0; i < 6; i++) {
        deep6->dims[i] = wide6->dims[i] = dims[i];
        deep6->strides[i] = deep_strides[i];
        wide6->strides[i] = wide_strides[i];
    }
}

static enum dsq_status run(const struct dsq_prepared *p, const struct dsq_call *c, bool to_space,
                           struct dsq_diag *d)
{
    const struct dsq_view *x = dsq_cpu_in(c, 0), *y = dsq_cpu_out(c, 0);
    const struct dsq_view *deep = to_space ? x : y, *wide = to_space ? y : x;
    const struct dsq_block_attr *a = c->node->attr;
    struct dsq_view deep6, wide6;
    if (deep->dims[1] != wide->dims[1] * a->size * a->size ||
        wide->dims[2] != deep->dims[2] * a->size || wide->dims[3] != deep->dims[3] * a->size)
        return dsq_cpu_fail(p, d, DSQ_SHAPE, "its input and output do not fit its blocks");
    open_views(a, deep, wide, &deep6, &wide6);
    dsq_cpu_copy(p->device->rows, c->pool, to_space ? &wide6 : &deep6, to_space ? &deep6 : &wide6);
    return DSQ_OK;
}

static enum dsq_status depth_to_space_run(const struct dsq_prepared *p, const struct dsq_call *c,
                                          struct dsq_diag *d)
{
    return run(p, c, true, d);
}

static enum dsq_status space_to_depth_run(const struct dsq_prepared *p, const struct dsq_call *c,
                                          struct dsq_diag *d)
{
    return run(p, c, false, d);
}

const struct dsq_cpu_op dsq_cpu_depth_to_space = {
    .memory = DSQ_MEM_READS_ANY | DSQ_MEM_WRITES_ANY | DSQ_MEM_WRITES_PIXELS,
    .supports = dsq_cpu_same_type,
    .run = depth_to_space_run,
};

const struct dsq_cpu_op dsq_cpu_space_to_depth = {
    .memory = DSQ_MEM_READS_ANY | DSQ_MEM_WRITES_ANY | DSQ_MEM_WRITES_PIXELS,
    .supports = dsq_cpu_same_type,
    .run = space_to_depth_run,
};
