/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A scale and a shift per channel after a convolution become part of its constants:
 *
 *   (sum_i w_i x_i + b) * s + t  =  sum_i (w_i s) x_i + (b s + t)
 *
 * computed in double and rounded once to float. Shared by fuse_batchnorm and fuse_bias.
 */
#include "pass/match.h"

#include <math.h>
#include <string.h>

bool dsq_conv_is_const_f32(const struct dsq_graph *g, int32_t i)
{
    const struct dsq_node *n = &g->node[i];
    const struct dsq_conv_attr *a = n->attr;
    size_t n_w, n_b;
    if (!dsq_const_f32(g, n->in[DSQ_CONV_W], &n_w))
        return false;
    const struct dsq_value *w = &g->value[n->in[DSQ_CONV_W]];
    if (w->shape.rank != 4 || w->shape.dim[0] != a->out_channels || a->out_channels < 1)
        return false;
    const dsq_vid b = n->in[DSQ_CONV_B];
    if (b == DSQ_NO_VALUE)
        return true;
    return dsq_const_f32(g, b, &n_b) && n_b == (size_t)a->out_channels;
}

bool dsq_conv_can_scale_shift(const struct dsq_graph *g, int32_t i, const double *scale,
                              const double *shift)
{
    const struct dsq_value *w = &g->value[g->node[i].in[DSQ_CONV_W]];
    const dsq_vid bias = g->node[i].in[DSQ_CONV_B];
    const size_t n_out = (size_t)w->shape.dim[0], per_channel = w->bytes / sizeof(float) / n_out;
    for (size_t c = 0; c < n_out; c++) {
        const double b =
            bias == DSQ_NO_VALUE ? 0.0 : (double)((const float *)g->value[bias].data)[c];
        if (!isfinite((float)(b * scale[c] + shift[c])))
            return false;
        for (size_t k = c * per_channel; k < (c + 1) * per_channel; k++)
            if (!isfinite((float)((double)((const float *)w->data)[k] * scale[c])))
                return false;
    }
    return true;
}

/* The constant of that name if it holds these bytes, else a new one under a fresh name. */
static enum dsq_status intern(struct dsq_graph *g, const char *name, const struct dsq_shape *shape,
                              const float *data, size_t bytes, dsq_vid *out, struct dsq_diag *d)
{
    const dsq_vid known = dsq_graph_find(g, name, NULL);
    if (dsq_value_is_const(g, known)) {
        const struct dsq_value *v = &g->value[known];
        if (v->dtype == DSQ_F32 && v->bytes == bytes && dsq_shape_equal(&v->shape, shape) &&
            memcmp(v->data, data, bytes) == 0) {
            *out = known;
            return DSQ_OK;
        }
    }
    const char *fresh = dsq_graph_fresh_name(g, name);
    if (!fresh)
        return dsq_fail(d, DSQ_NOMEM, "constant '%s': no memory", name);
    return dsq_graph_add_const(g, fresh, DSQ_F32, shape, data, bytes, out, d);
}

enum dsq_status dsq_keep_const_name(struct dsq_graph *g, dsq_vid old, dsq_vid fresh,
                                    struct dsq_diag *d)
{
    int32_t uses = 0;
    for (int32_t i = 0; i < g->n_nodes; i++)
        for (int32_t k = 0; g->node[i].n_out > 0 && k < g->node[i].n_in; k++)
            uses += g->node[i].in[k] == old;
    return uses == 1 ? dsq_graph_add_alias(g, fresh, old, d) : DSQ_OK;
}

static enum dsq_status scale_weights(struct dsq_graph *g, int32_t i, const double *scale,
                                     const char *suffix, struct dsq_diag *d)
{
    const dsq_vid old = g->node[i].in[DSQ_CONV_W];
    const struct dsq_value w = g->value[old];
    const float *src = w.data;
    const size_t n_out = (size_t)w.shape.dim[0], per_channel = w.bytes / sizeof(float) / n_out;
    float *dst = dsq_alloc(g->arena.allocator, w.bytes);
    const char *name = dsq_arena_printf(&g->arena, "%s*%s", w.name, suffix);
    enum dsq_status status = DSQ_OK;
    if (!dst || !name) {
        status = dsq_fail(d, DSQ_NOMEM, "constant '%s': no memory to scale it", w.name);
        goto done;
    }
    for (size_t c = 0; c < n_out; c++)
        for (size_t k = 0; k < per_channel; k++)
            dst[c * per_channel + k] = (float)((double)src[c * per_channel + k] * scale[c]);
    dsq_vid fresh = DSQ_NO_VALUE;
    status = intern(g, name, &w.shape, dst, w.bytes, &fresh, d);
    if (status == DSQ_OK)
        status = dsq_keep_const_name(g, old, fresh, d);
    if (status == DSQ_OK)
        g->node[i].in[DSQ_CONV_W] = fresh;
done:
    dsq_release(g->arena.allocator, dst);
    return status;
}

static enum dsq_status change_bias(struct dsq_graph *g, int32_t i, const double *scale,
                                   const double *shift, const char *suffix, struct dsq_diag *d)
{
    const struct dsq_conv_attr *a = g->node[i].attr;
    const dsq_vid old = g->node[i].in[DSQ_CONV_B];
    const float *src = old == DSQ_NO_VALUE ? NULL : g->value[old].data;
    const size_t n = (size_t)a->out_channels;
    const char *base = g->value[old == DSQ_NO_VALUE ? g->node[i].in[DSQ_CONV_W] : old].name;
    const char *name = dsq_arena_printf(&g->arena, src && scale ? "%s*%s" : "%s+%s", base, suffix);
    float *dst = dsq_alloc(g->arena.allocator, n * sizeof *dst);
    enum dsq_status status = DSQ_OK;
    if (!dst || !name) {
        status = dsq_fail(d, DSQ_NOMEM, "constant '%s': no memory to change it", base);
        goto done;
    }
    for (size_t c = 0; c < n; c++) {
        const double b = (src ? (double)src[c] : 0.0) * (scale ? scale[c] : 1.0);
        dst[c] = (float)(b + (shift ? shift[c] : 0.0));
    }
    const struct dsq_shape shape = {1, {(dsq_dim)n}};
    dsq_vid fresh = DSQ_NO_VALUE;
    status = intern(g, name, &shape, dst, n * sizeof *dst, &fresh, d);
    if (status == DSQ_OK && src)
        status = dsq_keep_const_name(g, old, fresh, d);
    if (status == DSQ_OK)
        g->node[i].in[DSQ_CONV_B] = fresh;
done:
    dsq_release(g->arena.allocator, dst);
    return status;
}

enum dsq_status dsq_conv_scale_shift(struct dsq_graph *g, int32_t i, const double *scale,
                                     const double *shift, const char *suffix, struct dsq_diag *d)
{
    /* The bias first: without one, its new name comes from the weights' old one. */
    if (shift || g->node[i].in[DSQ_CONV_B] != DSQ_NO_VALUE)
        DSQ_TRY(change_bias(g, i, scale, shift, suffix, d));
    return scale ? scale_weights(g, i, scale, suffix, d) : DSQ_OK;
}
