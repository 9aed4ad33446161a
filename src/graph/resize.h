/* SPDX-License-Identifier: Apache-2.0 */
/* resize: where an output pixel comes from, one axis at a time. Computed on the host, once a run;
 * every backend takes its indices and weights from here. In float where ONNX Runtime is: where the
 * true position is that of a pixel, floor and ceil hang on the last bit. */
#ifndef DSQ_GRAPH_RESIZE_H
#define DSQ_GRAPH_RESIZE_H

#include "graph/attr.h"

/* Output numbers are input numbers: nothing is mixed or made up. */
static inline bool dsq_resize_keeps_numbers(const struct dsq_resize_attr *a)
{
    return a->mode == DSQ_RESIZE_NEAREST && a->coord != DSQ_COORD_TF_CROP_AND_RESIZE;
}

/* What mixes integers is one formula, that of plain linear resizing (kernels/pixels.h). */
static inline bool dsq_resize_takes_integers(const struct dsq_resize_attr *a)
{
    return a->coord != DSQ_COORD_TF_CROP_AND_RESIZE && a->mode != DSQ_RESIZE_CUBIC &&
           !(a->mode == DSQ_RESIZE_LINEAR && a->antialias);
}

/* Which of the numbers in sizes and scales is for dimension `dim` of `rank`; -1: none, it stays. */
int32_t dsq_resize_entry(const struct dsq_resize_attr *a, int32_t dim, int32_t rank);

/* keep_aspect_ratio_policy: the one ratio num / den for all n axes, the smallest or the largest of
 * size / in, all at least 1; and what it makes of an axis, rounded half up. */
struct dsq_ratio {
    int64_t num, den;
};
struct dsq_ratio dsq_resize_ratio(int64_t policy, int32_t n, const int64_t *size,
                                  const int64_t *in);
int64_t dsq_resize_by_ratio(struct dsq_ratio r, int64_t in);

struct dsq_resize_axis {
    const struct dsq_resize_attr *attr;
    int64_t in, out; /* sizes, at least 1 */
    double scale;    /* as given, or out / in */
    float roi[2];    /* begin and end, of tf_crop_and_resize */
};

/* Of output pixel i: its input pixel for mode nearest; -1: it lies outside and is extrapolated. */
int64_t dsq_resize_from(const struct dsq_resize_axis *axis, int64_t i);
/* Its two input pixels for mode linear, and the weight of the second. Beyond the first and the last
 * pixel, these go on. Not for antialias and tf_crop_and_resize. */
void dsq_resize_between(const struct dsq_resize_axis *axis, int64_t i, int64_t between[2],
                        float *weight);
/* All others: how many input pixels each output pixel has; which ones, with weights that sum up to
 * 1. False: extrapolated. */
int64_t dsq_resize_n_taps(const struct dsq_resize_axis *axis);
bool dsq_resize_taps(const struct dsq_resize_axis *axis, int64_t i, int64_t *index, float *weight);

#endif
