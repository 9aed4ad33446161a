/* SPDX-License-Identifier: Apache-2.0 */
/* Convolution of floats: packing for igemm_f32, and its call. */
#include <stdio.h>

#include "backend/cpu/conv.h"

static enum dsq_status pack_f32(struct dsq_conv *cv, struct dsq_diag *d)
{
    const struct dsq_igemm_f32_kernel *k = cv->head.device->igemm_f32;
    cv->mr = k->mr;
    cv->nr = k->nr;
    cv->group_blocks = (cv->group_out + k->nr - 1) / k->nr;
    size_t block_floats = dsq_igemm_f32_block_floats(k, cv->taps, cv->kc);
    cv->block_bytes = block_floats * sizeof(float);
    snprintf(cv->head.kernel, sizeof cv->head.kernel, "%s", k->name);
    void *packed;
    bool fresh;
    DSQ_TRY(dsq_conv_packed(cv, k, &packed, &fresh, d));
    const float *src = cv->weights;
    for (size_t g = 0; fresh && g < cv->groups; g++)
        dsq_igemm_f32_pack(k, cv->group_out, cv->taps, cv->kc,
                           src + g * cv->group_out * cv->taps * cv->kc,
                           (float *)packed + g * cv->group_blocks * block_floats);
    return DSQ_OK;
}

static void run_tile_f32(const struct dsq_conv *cv, const struct dsq_conv_segment *s,
                         const struct dsq_conv_tile *t)
{
    struct dsq_igemm_f32 p = {cv->kc, cv->taps, cv->act};
    const float *r = s->r;
    if (r)
        r += t->pixel * s->r_pixel + (int64_t)t->channel;
    cv->head.device->igemm_f32->run(&p, t->mr, t->n_channels, (const float *const *)t->rows,
                                    (const float *)(cv->packed + t->block * cv->block_bytes),
                                    cv->bias + t->channel, r, (size_t)s->r_pixel, t->y,
                                    t->y_stride);
}

const struct dsq_conv_type dsq_conv_f32 = {
    .pack = pack_f32,
    .run_tile = run_tile_f32,
};
