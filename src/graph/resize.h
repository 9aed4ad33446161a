/* SPDX-License-Identifier: Apache-2.0 */
/* resize: where an output pixel comes from, one axis at a time. Computed on the host, once a run;
 * every backend takes its indices and weights from here. In float where ONNX Runtime is: where the
 * true position is that of a pixel, floor and ceil hang on the last bit. */
#ifndef DSQ_GRAPH_RESIZE_H
#define DSQ_GRAPH_RESIZE_H

#include "graph/attr.h"

struct dsq_resize_axis {
    const struct dsq_resize_attr *attr;
    int64_t in, out; /* sizes, at least 1 */
    double scale;    /* as given, or out / in */
};

/* The input pixel of output pixel i for mode nearest. */
int64_t dsq_resize_from(const struct dsq_resize_axis *axis, int64_t i);
/* The two input pixels of output pixel i for mode linear, and the weight of the second. Beyond the
 * first and last pixel, these go on. */
void dsq_resize_between(const struct dsq_resize_axis *axis, int64_t i, int64_t between[2],
                       float *weight);

#endif
