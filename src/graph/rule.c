/* SPDX-License-Identifier: Apache-2.0 */
/* What all shape rules share. */
#include "graph/rule.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const struct dsq_shape unknown_shape = {.rank = -1};

static dsq_vid input(const struct dsq_rule *r, int32_t k)
{
    return k < r->node->n_in ? r->node->in[k] : DSQ_NO_VALUE;
}

bool dsq_rule_has(const struct dsq_rule *r, int32_t k)
{
    return input(r, k) >= 0;
}

const struct dsq_shape *dsq_rule_in(const struct dsq_rule *r, int32_t k)
{
    dsq_vid v = input(r, k);
    return v < 0 ? &unknown_shape : &r->sizes->shape[v];
}

struct dsq_shape *dsq_rule_out(const struct dsq_rule *r, int32_t k)
{
    return &r->sizes->shape[r->node->out[k]];
}

const struct dsq_host_data *dsq_rule_host(const struct dsq_rule *r, int32_t k)
{
    dsq_vid v = input(r, k);
    int32_t slot = v < 0 ? -1 : r->sizes->host_slot[v];
    return slot >= 0 && r->sizes->host[slot].known ? &r->sizes->host[slot] : NULL;
}

struct dsq_host_data *dsq_rule_host_out(const struct dsq_rule *r)
{
    return &r->sizes->host[r->sizes->host_slot[r->node->out[0]]];
}

static bool is_symbolic(const struct dsq_host_data *h, int32_t i)
{
    return h->symbolic >> i & 1;
}

dsq_dim dsq_host_dim(const struct dsq_host_data *h, int32_t i)
{
    return is_symbolic(h, i) || (!h->is_float && h->e[i] >= 0) ? h->e[i] : DSQ_DIM_UNKNOWN;
}

bool dsq_host_int(const struct dsq_host_data *h, int32_t i, int64_t *out)
{
    *out = h->e[i];
    return !is_symbolic(h, i);
}

bool dsq_host_float(const struct dsq_host_data *h, int32_t i, float *out)
{
    const uint32_t bits = (uint32_t)h->e[i];
    memcpy(out, &bits, sizeof *out);
    return !is_symbolic(h, i);
}

void dsq_host_put_float(struct dsq_host_data *h, int32_t i, float v)
{
    uint32_t bits;
    memcpy(&bits, &v, sizeof bits);
    dsq_host_put_int(h, i, bits);
}

void dsq_host_put_int(struct dsq_host_data *h, int32_t i, int64_t v)
{
    h->e[i] = v;
    h->symbolic &= ~(UINT64_C(1) << i);
}

void dsq_host_put_dim(struct dsq_host_data *h, int32_t i, dsq_dim d)
{
    dsq_host_put_int(h, i, d);
    if (!dsq_dim_is_number(d))
        h->symbolic |= UINT64_C(1) << i;
}

void dsq_host_copy(struct dsq_host_data *to, int32_t i, const struct dsq_host_data *from, int32_t k)
{
    if (is_symbolic(from, k))
        dsq_host_put_dim(to, i, from->e[k]);
    else
        dsq_host_put_int(to, i, from->e[k]);
}

static bool begin(const struct dsq_rule *r, int32_t k, struct dsq_host_data *out)
{
    size_t n;
    if (!dsq_shape_elements(dsq_rule_out(r, k), &n) || n > DSQ_HOST_ELEMENTS)
        return false;
    out->known = true;
    out->is_float = r->graph->value[r->node->out[k]].dtype == DSQ_F32;
    out->n = (int32_t)n;
    for (int32_t i = 0; i < out->n; i++)
        dsq_host_put_dim(out, i, DSQ_DIM_UNKNOWN);
    return true;
}

bool dsq_host_begin(const struct dsq_rule *r, struct dsq_host_data *out)
{
    return begin(r, 0, out);
}

struct dsq_host_data *dsq_host_begin_output(const struct dsq_rule *r, int32_t k)
{
    struct dsq_host_data *out = &r->sizes->host[r->sizes->host_slot[r->node->out[k]]];
    return begin(r, k, out) ? out : NULL;
}

void dsq_host_steps(const struct dsq_shape *s, int64_t *step)
{
    int64_t elements = 1;
    for (int32_t k = s->rank - 1; k >= 0; k--) {
        step[k] = elements;
        elements *= s->dim[k];
    }
}

void dsq_host_pick(const struct dsq_rule *r, const struct dsq_host_data *from, int64_t origin,
                   const int64_t *step)
{
    const struct dsq_shape *y = dsq_rule_out(r, 0);
    struct dsq_host_data *out = dsq_rule_host_out(r);
    for (int32_t i = 0; i < out->n; i++) {
        int64_t rest = i, at = origin;
        for (int32_t k = y->rank - 1; k >= 0; k--) {
            at += rest % y->dim[k] * step[k];
            rest /= y->dim[k];
        }
        if (at >= 0 && at < from->n)
            dsq_host_copy(out, i, from, (int32_t)at);
    }
}

enum dsq_status dsq_rule_axis(const struct dsq_rule *r, int64_t axis, int32_t rank, int32_t *out)
{
    if (axis < -rank || axis >= rank)
        return dsq_rule_fail(r, "axis %lld is outside a tensor of rank %d", (long long)axis,
                             (int)rank);
    *out = (int32_t)(axis < 0 ? axis + rank : axis);
    return DSQ_OK;
}

enum dsq_status dsq_rule_same_dim(const struct dsq_rule *r, const char *what, dsq_dim a, dsq_dim b,
                                  dsq_dim *out)
{
    if (dsq_dim_is_number(a) && dsq_dim_is_number(b) && a != b)
        return dsq_rule_fail(r, "%s: %lld and %lld must be equal", what, (long long)a,
                             (long long)b);
    if (a == b || dsq_dim_is_number(a) || b == DSQ_DIM_UNKNOWN)
        *out = a;
    else
        *out = dsq_dim_is_number(b) || a == DSQ_DIM_UNKNOWN ? b : DSQ_DIM_UNKNOWN;
    return DSQ_OK;
}

enum dsq_status dsq_rule_broadcast_dim(const struct dsq_rule *r, int32_t axis, dsq_dim a, dsq_dim b,
                                       dsq_dim *out)
{
    if (dsq_dim_equal(a, b) || b == 1)
        *out = a;
    else if (a == 1)
        *out = b;
    else if (dsq_dim_is_number(a) && dsq_dim_is_number(b))
        return dsq_rule_fail(r, "inputs do not fit together: dimension %d is %lld and %lld",
                             (int)axis, (long long)a, (long long)b);
    else if (dsq_dim_is_number(a) || dsq_dim_is_number(b))
        *out = dsq_dim_is_number(a) ? a : b;
    else
        *out = DSQ_DIM_UNKNOWN;
    return DSQ_OK;
}

void dsq_rule_unknown_dims(struct dsq_shape *s, int32_t rank)
{
    s->rank = rank;
    for (int32_t i = 0; i < rank; i++)
        s->dim[i] = DSQ_DIM_UNKNOWN;
}

enum dsq_status dsq_rule_fail(const struct dsq_rule *r, const char *format, ...)
{
    char label[384], text[512];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    return dsq_fail(r->diag, DSQ_SHAPE, "%s: %s",
                    dsq_node_describe(r->graph, r->index, label, sizeof label), text);
}
