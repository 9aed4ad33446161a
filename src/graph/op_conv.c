/* SPDX-License-Identifier: Apache-2.0 */
/* Shape rules of the operators with a window: conv (segment by segment) and maxpool. */
#include "graph/rule.h"

static enum dsq_status window_fails(const struct dsq_rule *r, const struct dsq_window *w, int axis,
                                    dsq_dim in)
{
    const char *side = axis ? "width" : "height";
    long long kernel = (long long)w->kernel[axis];
    if (dsq_dim_is_number(in))
        return dsq_rule_fail(r, "a window of %s %lld does not fit an input of %lld", side, kernel,
                             (long long)in);
    return dsq_rule_fail(r, "a window of %s %lld with stride %lld fits no input", side, kernel,
                         (long long)w->stride[axis]);
}

/* [N, C, H, W] -> [N, channels, out h, out w] */
static enum dsq_status window_shape(const struct dsq_rule *r, const struct dsq_window *w,
                                    const struct dsq_shape *x, dsq_dim channels,
                                    struct dsq_shape *y)
{
    struct dsq_shape out = {.rank = 4, .dim = {x->dim[0], channels}};
    for (int axis = 0; axis < 2; axis++) {
        struct dsq_window_axis o;
        dsq_dim in = x->dim[2 + axis];
        if (!dsq_window_axis(r->dims, w, axis, in, &o))
            return window_fails(r, w, axis, in);
        out.dim[2 + axis] = o.out;
    }
    *y = out;
    return DSQ_OK;
}

/* The same of a convolution, which may be transposed. */
static enum dsq_status conv_shape(const struct dsq_rule *r, const struct dsq_conv_attr *a,
                                  const struct dsq_shape *x, struct dsq_shape *y)
{
    if (!a->transposed)
        return window_shape(r, &a->win, x, a->out_channels, y);
    struct dsq_shape out = {.rank = 4, .dim = {x->dim[0], a->out_channels}};
    for (int axis = 0; axis < 2; axis++) {
        struct dsq_window_axis o;
        if (!dsq_conv_axis(r->dims, a, axis, x->dim[2 + axis], &o))
            return dsq_rule_fail(r, "its padding leaves nothing of the output's %s",
                                 axis ? "width" : "height");
        out.dim[2 + axis] = o.out;
    }
    *y = out;
    return DSQ_OK;
}

static enum dsq_status conv_segment(const struct dsq_rule *r, int32_t s)
{
    const struct dsq_conv_attr *a = r->node->attr;
    const int32_t at = DSQ_CONV_FIXED + DSQ_CONV_PER_SEGMENT * s;
    const struct dsq_shape *w = dsq_rule_in(r, DSQ_CONV_W), *x = dsq_rule_in(r, at);
    const struct dsq_shape *residual = dsq_rule_in(r, at + 1);
    struct dsq_shape *y = dsq_rule_out(r, s);
    if (x->rank < 0)
        return DSQ_OK;
    if (x->rank != 4)
        return dsq_rule_fail(r, "the input has rank %d, need 4", (int)x->rank);
    dsq_dim channels = w->rank == 4 ? dsq_dim_mul(NULL, w->dim[3], a->group) : DSQ_DIM_UNKNOWN;
    DSQ_TRY(dsq_rule_same_dim(r, "channels of the input and of the weights", x->dim[1], channels,
                              &channels));
    DSQ_TRY(conv_shape(r, a, x, y));
    if (residual->rank >= 0 && residual->rank != 4)
        return dsq_rule_fail(r, "the residual has rank %d, need 4", (int)residual->rank);
    for (int i = 0; i < 4 && residual->rank == 4; i++) {
        dsq_dim both;
        DSQ_TRY(dsq_rule_same_dim(r, "sizes of the residual and of the output", residual->dim[i],
                                  y->dim[i], &both));
        if (both != DSQ_DIM_UNKNOWN) /* two symbols that must turn out equal: its own says more */
            y->dim[i] = both;
    }
    return DSQ_OK;
}

enum dsq_status dsq_shape_conv(const struct dsq_rule *r)
{
    const struct dsq_conv_attr *a = r->node->attr;
    if (a->group < 1 || a->out_channels < 1)
        return dsq_rule_fail(r, "%lld groups, %lld output channels", (long long)a->group,
                             (long long)a->out_channels);
    for (int32_t s = 0; s < r->node->n_out; s++)
        DSQ_TRY(conv_segment(r, s));
    return DSQ_OK;
}

static enum dsq_status check_rank(const struct dsq_rule *r)
{
    const int rank = dsq_rule_in(r, 0)->rank;
    return rank < 0 || rank == 4 ? DSQ_OK : dsq_rule_fail(r, "the input has rank %d, need 4", rank);
}

enum dsq_status dsq_shape_maxpool(const struct dsq_rule *r)
{
    const struct dsq_pool_attr *a = r->node->attr;
    const struct dsq_shape *x = dsq_rule_in(r, 0);
    DSQ_TRY(check_rank(r));
    return x->rank < 0 ? DSQ_OK : window_shape(r, &a->win, x, x->dim[1], dsq_rule_out(r, 0));
}

enum dsq_status dsq_shape_avgpool(const struct dsq_rule *r)
{
    return dsq_shape_maxpool(r);
}

enum dsq_status dsq_shape_global_maxpool(const struct dsq_rule *r)
{
    const struct dsq_shape *x = dsq_rule_in(r, 0);
    DSQ_TRY(check_rank(r));
    for (int i = 2; i < x->rank; i++)
        if (x->dim[i] == 0)
            return dsq_rule_fail(r, "dimension %d of the input is 0", i);
    if (x->rank == 4)
        *dsq_rule_out(r, 0) = (struct dsq_shape){4, {x->dim[0], x->dim[1], 1, 1}};
    return DSQ_OK;
}

enum dsq_status dsq_shape_global_avgpool(const struct dsq_rule *r)
{
    return dsq_shape_global_maxpool(r);
}
