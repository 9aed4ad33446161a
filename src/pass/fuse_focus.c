/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The "focus" of the YOLO family, which takes every other row and column of a picture four times:
 *
 *   concat(x[.., 0::2, 0::2], x[.., 1::2, 0::2], ...) -> conv of K x K with stride S
 *
 * is one convolution of x by 2K x 2K with stride 2S: pixel (y, x) of a slice that begins at (h, w)
 * is pixel (2y + h, 2x + w) of the picture, so tap (i, j) of that slice's channels becomes tap (2i
 * + h, 2j + w). The weights are the same numbers in another place, and the products are the same;
 * their order in the sum is not. For few channels only: more of them are better read side by side.
 * A picture of odd size, for which the slices do not fit together, loses its last row or column.
 */
#include "pass/match.h"

#include <stdio.h>
#include <string.h>

enum { PARTS = 4, MOST_CHANNELS = 4 };

struct part {
    dsq_vid x;
    int64_t first[2]; /* row, column */
    bool cut[2];
};

/* Element k of a constant s64 vector; `none` for an input that is left out. */
static bool element(const struct dsq_graph *g, const struct dsq_node *n, int32_t input, int64_t k,
                    int64_t none, int64_t *out)
{
    *out = none;
    if (n->n_in <= input || n->in[input] == DSQ_NO_VALUE)
        return true;
    const struct dsq_value *v = &g->value[n->in[input]];
    if (!dsq_value_is_const(g, n->in[input]) || v->dtype != DSQ_S64 ||
        (size_t)k >= v->bytes / sizeof(int64_t))
        return false;
    *out = ((const int64_t *)v->data)[k];
    return true;
}

/* A slice that takes every other row or column, or both, from the first or second on to the end. */
static bool take_slice(const struct dsq_graph *g, const struct dsq_node *n, struct part *p)
{
    const struct dsq_value *starts = &g->value[n->in[1]];
    const int64_t n_axes = (int64_t)(starts->bytes / sizeof(int64_t));
    for (int64_t k = 0; k < n_axes; k++) {
        int64_t start, end, axis, step;
        if (!element(g, n, 1, k, 0, &start) || !element(g, n, 2, k, 0, &end) ||
            !element(g, n, 3, k, k, &axis) || !element(g, n, 4, k, 1, &step))
            return false;
        axis = axis < 0 ? axis + 4 : axis;
        if (axis < 2 || axis > 3 || p->cut[axis - 2] || step != 2 || (start != 0 && start != 1))
            return false;
        const dsq_dim size = g->value[n->in[0]].shape.dim[axis];
        if (end < INT32_MAX && !(dsq_dim_is_number(size) && end >= (int64_t)size))
            return false;
        p->cut[axis - 2] = true;
        p->first[axis - 2] = start;
    }
    p->x = n->in[0];
    return n_axes > 0;
}

static bool find_part(const struct dsq_match *m, dsq_vid v, struct part *p)
{
    *p = (struct part){.x = v};
    while (!p->cut[0] || !p->cut[1]) {
        const int32_t i = dsq_match_producer(m, p->x, DSQ_OP_SLICE);
        if (i < 0 || m->g->value[m->g->node[i].in[0]].shape.rank != 4 ||
            !take_slice(m->g, &m->g->node[i], p))
            return false;
    }
    return true;
}

/* The four parts of v, each corner once and all of the same value. */
static bool find_parts(const struct dsq_match *m, dsq_vid v, struct part part[PARTS])
{
    const int32_t i = dsq_match_producer(m, v, DSQ_OP_CONCAT);
    if (i < 0 || !dsq_match_used_once(m, v) || m->g->node[i].n_in != PARTS)
        return false;
    const struct dsq_axis_attr *a = m->g->node[i].attr;
    int corners = 0;
    for (int k = 0; k < PARTS; k++) {
        if (!find_part(m, m->g->node[i].in[k], &part[k]) || part[k].x != part[0].x)
            return false;
        corners |= 1 << (2 * part[k].first[0] + part[k].first[1]);
    }
    return (a->axis == 1 || a->axis == -3) && corners == (1 << PARTS) - 1;
}

static bool conv_fits(const struct dsq_graph *g, int32_t i, dsq_dim channels)
{
    const struct dsq_node *n = &g->node[i];
    const struct dsq_conv_attr *a = n->attr;
    if (n->n_out != 1 || !dsq_conv_is_const_f32(g, i) || a->group != 1 ||
        a->win.auto_pad != DSQ_PAD_EXPLICIT || a->win.dilation[0] != 1 || a->win.dilation[1] != 1)
        return false;
    return dsq_dim_is_number(channels) && channels <= MOST_CHANNELS &&
           g->value[n->in[DSQ_CONV_W]].shape.dim[3] == PARTS * channels;
}

/* OHWI of [O, K, K, 4C] to [O, 2K, 2K, C]. */
static void spread(const float *w, const struct dsq_shape *from, const struct part part[PARTS],
                   float *out)
{
    const int64_t kh = from->dim[1], kw = from->dim[2], c = from->dim[3] / PARTS;
    for (int64_t o = 0; o < from->dim[0]; o++)
        for (int64_t i = 0; i < kh; i++)
            for (int64_t j = 0; j < kw; j++)
                for (int p = 0; p < PARTS; p++, w += c) {
                    const int64_t row = (o * 2 * kh + 2 * i + part[p].first[0]) * 2 * kw;
                    memcpy(out + (row + 2 * j + part[p].first[1]) * c, w, (size_t)c * sizeof *w);
                }
}

static enum dsq_status add_weights(struct dsq_match *m, dsq_vid old, const struct part part[PARTS],
                                   dsq_vid *fresh, struct dsq_diag *d)
{
    struct dsq_graph *g = m->g;
    const struct dsq_value w = g->value[old];
    struct dsq_shape shape = w.shape;
    shape.dim[1] *= 2;
    shape.dim[2] *= 2;
    shape.dim[3] /= PARTS;
    const size_t name_bytes = strlen(w.name) + sizeof "*focus";
    float *data = dsq_arena_calloc(&m->scratch, w.bytes / sizeof(float), sizeof(float));
    char *name = dsq_arena_calloc(&m->scratch, name_bytes, 1);
    if (name)
        snprintf(name, name_bytes, "%s*focus", w.name);
    const char *unused = name ? dsq_graph_fresh_name(g, name) : NULL;
    if (!data || !unused)
        return dsq_fail(d, DSQ_NOMEM, "constant '%s': no memory", w.name);
    spread(w.data, &w.shape, part, data);
    DSQ_TRY(dsq_graph_add_const(g, unused, DSQ_F32, &shape, data, w.bytes, fresh, d));
    return dsq_keep_const_name(g, old, *fresh, d);
}

static enum dsq_status rewrite(struct dsq_match *m, int32_t i, bool *hit, struct dsq_diag *d)
{
    struct dsq_graph *g = m->g;
    struct part part[PARTS];
    if (g->node[i].op != DSQ_OP_CONV || !find_parts(m, dsq_conv_x(&g->node[i], 0), part) ||
        !conv_fits(g, i, g->value[part[0].x].shape.dim[1]))
        return DSQ_OK;
    dsq_vid fresh;
    DSQ_TRY(add_weights(m, g->node[i].in[DSQ_CONV_W], part, &fresh, d));
    struct dsq_window *win = &((struct dsq_conv_attr *)g->node[i].attr)->win;
    for (int axis = 0; axis < 2; axis++) {
        win->kernel[axis] *= 2;
        win->stride[axis] *= 2;
        win->pad[axis] *= 2;
        win->pad[axis + 2] *= 2;
    }
    g->node[i].in[DSQ_CONV_W] = fresh;
    g->node[i].in[DSQ_CONV_FIXED] = part[0].x;
    *hit = true;
    return DSQ_OK;
}

enum dsq_status dsq_pass_fuse_focus(struct dsq_pass *p, bool *changed, struct dsq_diag *d)
{
    return dsq_match_each(p->g, rewrite, changed, d);
}
