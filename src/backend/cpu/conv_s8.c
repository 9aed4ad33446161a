/* SPDX-License-Identifier: Apache-2.0 */
/* Convolution of INT8: packing for igemm_s8 (and the check that no sum can overflow), and its call.
 */
#include <stdio.h>

#include "backend/cpu/conv.h"

/* 255 * sum |w| of a channel and 255 * 128 * its length must fit in s32; weights are in [-127,
 * 127]. */
enum dsq_status dsq_conv_check_s8(const struct dsq_conv *cv, const int8_t *w, struct dsq_diag *d)
{
    size_t length = cv->taps * cv->kc, n = cv->groups * cv->group_out;
    if (length > INT32_MAX / (255 * 128))
        return dsq_cpu_fail(&cv->head, d, DSQ_UNSUPPORTED,
                            "%zu products a sum may overflow 32 bits; at most %d", length,
                            INT32_MAX / (255 * 128));
    for (size_t i = 0; i < n * length; i++)
        if (w[i] == -128)
            return dsq_cpu_fail(&cv->head, d, DSQ_UNSUPPORTED,
                                "weight %zu of output channel %zu is -128; expected -127 to 127",
                                i % length, i / length);
    return DSQ_OK;
}

static enum dsq_status pack_s8(struct dsq_conv *cv, struct dsq_diag *d)
{
    const struct dsq_igemm_s8_kernel *k = cv->head.device->igemm_s8;
    DSQ_TRY(dsq_conv_check_s8(cv, cv->weights, d));
    cv->mr = k->mr;
    cv->nr = k->nr;
    cv->group_blocks = (cv->group_out + k->nr - 1) / k->nr;
    cv->block_bytes = dsq_igemm_s8_block_bytes(k, cv->taps, cv->kc);
    snprintf(cv->head.kernel, sizeof cv->head.kernel, "%s", k->name);
    void *packed;
    bool fresh;
    DSQ_TRY(dsq_conv_packed(cv, k, &packed, &fresh, d));
    const int8_t *src = cv->weights;
    for (size_t g = 0; fresh && g < cv->groups; g++)
        dsq_igemm_s8_pack(k, cv->group_out, cv->taps, cv->kc,
                          src + g * cv->group_out * cv->taps * cv->kc,
                          (char *)packed + g * cv->group_blocks * cv->block_bytes);
    return DSQ_OK;
}

struct dsq_epilogue_s8 dsq_conv_epilogue_s8(const struct dsq_conv *cv,
                                            const struct dsq_conv_segment *s)
{
    const struct dsq_quant *yq = &s->y_value->q;
    struct dsq_epilogue_s8 e = {.act = cv->act,
                                .y_is_float =
                                    cv->staged || !s->direct || s->y_element == sizeof(float),
                                .y_inv_scale = yq->inv_scale,
                                .y_zero = yq->zero_point,
                                .y_min = yq->qmin,
                                .y_max = yq->qmax};
    if (s->r) {
        e.r_zero = s->r_value->q.zero_point;
        e.r_scale = s->r_value->q.scale;
    }
    return e;
}

static void run_tile_s8(const struct dsq_conv *cv, const struct dsq_conv_segment *s,
                        const struct dsq_conv_tile *t)
{
    const struct dsq_quant *xq = &s->x_value->q;
    struct dsq_igemm_s8 p = {.kc = cv->kc,
                             .taps = cv->taps,
                             .a_zero = xq->zero_point,
                             .a_nonnegative = xq->qmin >= 0 && xq->zero_point >= 0,
                             .out = dsq_conv_epilogue_s8(cv, s)};
    const int8_t *r = s->r;
    if (r)
        r += t->pixel * s->r_pixel + (int64_t)t->channel;
    cv->head.device->igemm_s8->run(&p, t->mr, t->n_channels, (const int8_t *const *)t->rows,
                                   cv->packed + t->block * cv->block_bytes, s->m + t->channel,
                                   cv->bias + t->channel, r, (size_t)s->r_pixel, t->y, t->y_stride);
}

const struct dsq_conv_type dsq_conv_s8 = {
    .pack = pack_s8,
    .run_tile = run_tile_s8,
};
