/* SPDX-License-Identifier: Apache-2.0 */
/* Depthwise convolution, float and INT8: packing for dw_f32 and dw_s8, and their calls. */
#include <stdio.h>

#include "backend/cpu/conv.h"

static enum dsq_status pack_f32(struct dsq_conv *cv, struct dsq_diag *d)
{
    const struct dsq_dw_f32_kernel *k = cv->head.device->dw_f32;
    cv->mr = k->mr;
    cv->nr = k->nr;
    cv->group_blocks = (cv->group_out + k->nr - 1) / k->nr;
    cv->block_bytes = k->nr * cv->taps * sizeof(float);
    snprintf(cv->head.kernel, sizeof cv->head.kernel, "%s", k->name);
    void *packed;
    bool fresh;
    DSQ_TRY(dsq_conv_packed(cv, k, &packed, &fresh, d));
    if (fresh)
        dsq_dw_f32_pack(k, cv->group_out, cv->taps, cv->weights, packed);
    return DSQ_OK;
}

static enum dsq_status pack_s8(struct dsq_conv *cv, struct dsq_diag *d)
{
    const struct dsq_dw_s8_kernel *k = cv->head.device->dw_s8;
    DSQ_TRY(dsq_conv_check_s8(cv, cv->weights, d));
    cv->mr = k->mr;
    cv->nr = k->nr;
    cv->group_blocks = (cv->group_out + k->nr - 1) / k->nr;
    cv->block_bytes = dsq_dw_s8_block_bytes(k, cv->taps);
    snprintf(cv->head.kernel, sizeof cv->head.kernel, "%s", k->name);
    void *packed;
    bool fresh;
    DSQ_TRY(dsq_conv_packed(cv, k, &packed, &fresh, d));
    if (fresh)
        dsq_dw_s8_pack(k, cv->group_out, cv->taps, cv->weights, packed);
    return DSQ_OK;
}

static void run_tile_f32(const struct dsq_conv *cv, const struct dsq_conv_segment *s,
                         const struct dsq_conv_tile *t)
{
    const struct dsq_dw_f32 p = {cv->taps, cv->act};
    const float *r = s->r;
    if (r)
        r += t->pixel * s->r_pixel + (int64_t)t->channel;
    cv->head.device->dw_f32->run(&p, t->mr, t->n_channels, (const float *const *)t->rows,
                                 t->channel, (size_t)t->step,
                                 (const float *)(cv->packed + t->block * cv->block_bytes),
                                 cv->bias + t->channel, r, (size_t)s->r_pixel, t->y, t->y_stride);
}

static void run_tile_s8(const struct dsq_conv *cv, const struct dsq_conv_segment *s,
                        const struct dsq_conv_tile *t)
{
    const struct dsq_dw_s8 p = {cv->taps, s->x_value->q.zero_point, dsq_conv_epilogue_s8(cv, s)};
    const int8_t *r = s->r;
    if (r)
        r += t->pixel * s->r_pixel + (int64_t)t->channel;
    cv->head.device->dw_s8->run(&p, t->mr, t->n_channels, (const int8_t *const *)t->rows,
                                t->channel, (size_t)t->step,
                                cv->packed + t->block * cv->block_bytes, s->m + t->channel,
                                cv->bias + t->channel, r, (size_t)s->r_pixel, t->y, t->y_stride);
}

const struct dsq_conv_type dsq_conv_depthwise_f32 = {
    .pack = pack_f32,
    .run_tile = run_tile_f32,
};
const struct dsq_conv_type dsq_conv_depthwise_s8 = {
    .pack = pack_s8,
    .run_tile = run_tile_s8,
};
