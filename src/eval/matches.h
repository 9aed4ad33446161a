/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an evaluation found out about every picture: which detections were right. Enough to compute
 * AP again over any choice of the pictures, each counted any number of times, without matching
 * again.
 *
 * That gives the interval around an AP, and around the difference of two: a paired bootstrap over
 * pictures (Efron & Tibshirani, "An Introduction to the Bootstrap", 1993, ch. 13). As many pictures
 * as there are, drawn with replacement, the same draw for both; the interval holds the middle part
 * (90 %, say) of what the draws give.
 */
#ifndef DSQ_EVAL_MATCHES_H
#define DSQ_EVAL_MATCHES_H

#include "base/memory.h"
#include "base/status.h"

/* One detection. Bit t of the sets: IoU threshold .50 + .05 t. */
struct dsq_match {
    int32_t image;
    uint16_t matched, ignored;
};

/* A picture's annotations of a class that must be found. */
struct dsq_objects {
    int32_t image;
    uint32_t n;
};

struct dsq_class_matches {
    double ap, ap50, ap75; /* NaN without ground truth */
    size_t n_objects;
    size_t first_match, n_matches; /* by falling score */
    size_t first_picture, n_pictures;
};

struct dsq_matches {
    const struct dsq_allocator *allocator;
    size_t n_images, n_classes;
    struct dsq_class_matches *class_at;
    struct dsq_match *match;
    struct dsq_objects *picture; /* by class: those that have objects of it */
    size_t n_matches, n_pictures, match_capacity, picture_capacity;
};

/* Empty, for so many classes and pictures; matches->allocator is set. */
enum dsq_status dsq_matches_init(struct dsq_matches *m, size_t n_classes, size_t n_images,
                                 struct dsq_diag *d) DSQ_MUST_CHECK;
void dsq_matches_free(struct dsq_matches *m);

/* Append to the class that is being filled; false when memory is out. */
bool dsq_matches_add(struct dsq_matches *m, struct dsq_match match);
bool dsq_matches_add_objects(struct dsq_matches *m, struct dsq_objects objects);

/* AP where picture i counts weight[i] times: what dsq_map_evaluate gives for a data set that holds
 * it so often. NaN without ground truth. `scratch` holds m->n_matches entries. */
struct dsq_hit {
    double hits, precision;
};
double dsq_matches_ap(const struct dsq_matches *m, const uint32_t *weight, struct dsq_hit *scratch);

struct dsq_interval {
    double low, high;
};

/* `resamples` draws. ap: interval of `m`'s AP; change: of its AP less `first`'s (first may be NULL:
 * then NaN). Both must be of the same pictures. The same seed gives the same draws. */
enum dsq_status dsq_bootstrap(const struct dsq_matches *m, const struct dsq_matches *first,
                              int32_t resamples, uint64_t seed, double confidence,
                              struct dsq_interval *ap, struct dsq_interval *change,
                              struct dsq_diag *d) DSQ_MUST_CHECK;

#endif
