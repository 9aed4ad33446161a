/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Convolution weights to s8 constants "W:s8", once for each weight however many convolutions share
 * it, and the constants that go with them: m "Y:m", a zero bias "W:zero" where there was none.
 *
 * Accumulators are 32 bits wide. Kernels may shift inputs by 128 to unsigned, so a channel is safe
 * if 255 * sum |w| < 2^31; and packed kernels add blocks of bounded length, hence also 255 * 128 *
 * K < 2^31. Otherwise the convolution stays float.
 */
#include <math.h>
#include <string.h>

#include "pass/quantize.h"
#include "quant/weights.h"

enum { MAX_INPUT = 255, MAX_WEIGHT = 128 };

static const char *refuse_sums(struct dsq_graph *g, const struct dsq_quantized_weight *w,
                               size_t n_out, size_t per_channel)
{
    if (per_channel > (size_t)INT32_MAX / (MAX_INPUT * MAX_WEIGHT))
        return dsq_arena_printf(&g->arena, "sums of %zu products may overflow 32 bits",
                                per_channel);
    for (size_t c = 0; c < n_out; c++) {
        int64_t sum = 0;
        for (size_t k = 0; k < per_channel; k++)
            sum += w->q[c * per_channel + k] < 0 ? -w->q[c * per_channel + k]
                                                 : w->q[c * per_channel + k];
        if (sum > INT32_MAX / MAX_INPUT)
            return dsq_arena_printf(&g->arena, "the sum over channel %zu may overflow 32 bits", c);
    }
    return NULL;
}

/* Decided scales if there are any, else from the weights. */
static enum dsq_status find_scales(const struct dsq_quantized_weights *t,
                                   struct dsq_quantized_weight *w, const float *data, size_t n_out,
                                   size_t per_channel, struct dsq_diag *d)
{
    const char *name = t->g->value[w->f32].name;
    const float *decided;
    size_t n;
    if (!dsq_weight_scales(data, n_out, per_channel, w->scale)) {
        w->refused =
            dsq_arena_printf(&t->g->arena, "weight '%s' has elements that are not finite", name);
        return w->refused ? DSQ_OK : dsq_fail(d, DSQ_NOMEM, "weight '%s': no memory", name);
    }
    if (!t->decisions || !dsq_decisions_weight(t->decisions, name, &decided, &n))
        return DSQ_OK;
    if (n != n_out)
        return dsq_fail(d, DSQ_MALFORMED, "weight '%s': %zu decided scales for %zu channels", name,
                        n, n_out);
    memcpy(w->scale, decided, n_out * sizeof *decided);
    return DSQ_OK;
}

static enum dsq_status quantize(struct dsq_quantized_weights *t, struct dsq_quantized_weight *w,
                                struct dsq_diag *d)
{
    const struct dsq_value *v = &t->g->value[w->f32];
    const size_t n_out = (size_t)v->shape.dim[0];
    const size_t n = v->bytes / sizeof(float), per_channel = n / n_out;
    w->scale = dsq_arena_calloc(t->scratch, n_out, sizeof *w->scale);
    w->q = dsq_arena_alloc(t->scratch, n);
    if (!w->scale || !w->q)
        return dsq_fail(d, DSQ_NOMEM, "weight '%s': no memory to quantize it", v->name);
    DSQ_TRY(find_scales(t, w, v->data, n_out, per_channel, d));
    if (w->refused)
        return DSQ_OK;
    dsq_weight_quantize(v->data, n_out, per_channel, w->scale, w->q);
    w->refused = refuse_sums(t->g, w, n_out, per_channel);
    return DSQ_OK;
}

enum dsq_status dsq_quantize_weight(struct dsq_quantized_weights *t, int32_t i,
                                    struct dsq_quantized_weight **out, struct dsq_diag *d)
{
    const dsq_vid f32 = t->g->node[i].in[DSQ_CONV_W];
    for (int32_t k = 0; k < t->n; k++) {
        if (t->item[k].f32 == f32) {
            *out = &t->item[k];
            return DSQ_OK;
        }
    }
    if (t->n == t->capacity) {
        const int32_t capacity = t->capacity ? 2 * t->capacity : 64;
        struct dsq_quantized_weight *item =
            dsq_arena_calloc(t->scratch, (size_t)capacity, sizeof *item);
        if (!item)
            return dsq_fail(d, DSQ_NOMEM, "no memory to quantize weights");
        if (t->n)
            memcpy(item, t->item, (size_t)t->n * sizeof *item);
        t->item = item;
        t->capacity = capacity;
    }
    *out = &t->item[t->n++];
    **out =
        (struct dsq_quantized_weight){.f32 = f32, .s8 = DSQ_NO_VALUE, .zero_bias = DSQ_NO_VALUE};
    if (!dsq_conv_is_const_f32(t->g, i)) {
        (*out)->refused = "weights or bias are not float constants";
        return DSQ_OK;
    }
    return quantize(t, *out, d);
}

static const char *name_with(struct dsq_graph *g, dsq_vid v, const char *suffix)
{
    const char *name = dsq_arena_printf(&g->arena, "%s%s", g->value[v].name, suffix);
    return name ? name : suffix;
}

/* The s8 constant of *w, made when first used: a refused weight leaves nothing behind. */
static enum dsq_status need_s8(struct dsq_graph *g, struct dsq_quantized_weight *w,
                               struct dsq_diag *d)
{
    if (w->s8 != DSQ_NO_VALUE)
        return DSQ_OK;
    const struct dsq_shape shape = g->value[w->f32].shape;
    const size_t n = g->value[w->f32].bytes / sizeof(float);
    const char *name = dsq_graph_fresh_name(g, name_with(g, w->f32, ":s8"));
    if (!name)
        return dsq_fail(d, DSQ_NOMEM, "no memory for integer weights");
    return dsq_graph_add_const(g, name, DSQ_S8, &shape, w->q, n, &w->s8, d);
}

enum dsq_status dsq_quantize_conv_constants(struct dsq_quantized_weights *t, int32_t i,
                                            float scale_x, struct dsq_diag *d)
{
    struct dsq_graph *g = t->g;
    struct dsq_quantized_weight *w;
    DSQ_TRY(dsq_quantize_weight(t, i, &w, d));
    DSQ_TRY(need_s8(g, w, d));
    const size_t n = (size_t)((const struct dsq_conv_attr *)g->node[i].attr)->out_channels;
    float *m = dsq_arena_calloc(t->scratch, n, sizeof *m);
    if (!m)
        return dsq_fail(d, DSQ_NOMEM, "no memory for scales");
    if (g->node[i].in[DSQ_CONV_B] == DSQ_NO_VALUE) {
        if (w->zero_bias == DSQ_NO_VALUE) /* m is still all zeros */
            DSQ_TRY(
                dsq_add_vector(g, name_with(g, w->f32, ":zero"), DSQ_F32, m, n, &w->zero_bias, d));
        g->node[i].in[DSQ_CONV_B] = w->zero_bias;
    }
    for (size_t c = 0; c < n; c++)
        m[c] = scale_x * w->scale[c];
    dsq_vid id;
    DSQ_TRY(dsq_add_vector(g, name_with(g, g->node[i].out[0], ":m"), DSQ_F32, m, n, &id, d));
    g->node[i].in[DSQ_CONV_W] = w->s8;
    g->node[i].in[DSQ_CONV_FIXED + 2] = id;
    return DSQ_OK;
}

enum dsq_status dsq_quantized_weights_finish(struct dsq_quantized_weights *t, struct dsq_diag *d)
{
    struct dsq_arena scratch;
    struct dsq_uses uses;
    dsq_arena_init(&scratch, t->g->arena.allocator);
    enum dsq_status status = dsq_graph_uses(t->g, &scratch, &uses, d);
    for (int32_t k = 0; status == DSQ_OK && k < t->n; k++)
        if (t->item[k].s8 != DSQ_NO_VALUE && uses.n_uses[t->item[k].f32] == 0)
            status = dsq_graph_add_alias(t->g, t->item[k].s8, t->item[k].f32, d);
    dsq_arena_free(&scratch);
    return status;
}
