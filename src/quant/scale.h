/* SPDX-License-Identifier: Apache-2.0 */
/* From a range to a scale: the one definition. */
#ifndef DSQ_QUANT_SCALE_H
#define DSQ_QUANT_SCALE_H

#include <float.h>

#include "graph/graph.h"

/* (float)(range / 127), kept a normal float; 1 for a tensor or channel that is all zero. */
static inline float dsq_scale_of_range(double range)
{
    if (!(range > 0.0))
        return 1.0f;
    double scale = range / 127.0;
    return scale < (double)FLT_MIN ? FLT_MIN : scale > (double)FLT_MAX ? FLT_MAX : (float)scale;
}

/* Symmetric s8 in [-127, 127]; a caller narrows qmin to 0 behind a ReLU. */
static inline struct dsq_quant dsq_quant_of_range(double range)
{
    float scale = dsq_scale_of_range(range);
    return (struct dsq_quant){
        .scale = scale, .inv_scale = 1.0f / scale, .zero_point = 0, .qmin = -127, .qmax = 127};
}

#endif
