/* SPDX-License-Identifier: Apache-2.0 */
/*
 * COCO's twelve numbers for boxes, as pycocotools' COCOeval computes them (Lin et al., "Microsoft
 * COCO: Common Objects in Context", 2014; https://cocodataset.org/#detection-eval).
 *
 * For each category, area range and IoU threshold in .50:.05:.95, each picture's detections (best
 * first, at most 100) take the best free ground truth; precision is then read at 101 recalls. The
 * numbers are means over thresholds and over the categories that have ground truth.
 *
 * pycocotools stores the id of the matched annotation and later asks whether it is not 0. A match
 * with an annotation of id 0 thus counts as a false positive. So it does here; dsq_coco_warn says
 * so.
 */
#ifndef DSQ_EVAL_MAP_H
#define DSQ_EVAL_MAP_H

#include "eval/coco.h"
#include "eval/matches.h"

enum { DSQ_MAP_THRESHOLDS = 10, DSQ_MAP_RECALLS = 101 };

/* Recall r of the 101: numpy.linspace(0, 1, 101), to the bit. */
static inline double dsq_map_recall(int r)
{
    return r == DSQ_MAP_RECALLS - 1 ? 1.0 : r * (1.0 / 100);
}

struct dsq_map_result {
    /* NaN where there is no ground truth (pycocotools prints -1). small, medium, large: area up to
     * 32², up to 96², above. ar1, ar10, ar100: best recall with that many detections a picture. */
    double ap, ap50, ap75, ap_small, ap_medium, ap_large;
    double ar1, ar10, ar100, ar_small, ar_medium, ar_large;
};

/* Judge `results` on `dataset`. `matches` is NULL, or empty (dsq_matches_init) and then filled: one
 * class for each category. */
enum dsq_status dsq_map_evaluate(const struct dsq_coco_dataset *dataset,
                                 const struct dsq_coco_results *results,
                                 struct dsq_map_result *result, struct dsq_matches *matches,
                                 struct dsq_diag *d) DSQ_MUST_CHECK;

#endif
