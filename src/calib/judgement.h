/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is kept of an evaluation (struct dsq_judgement in dsq.h): each class's numbers, and what was
 * right in which picture, for intervals.
 */
#ifndef DSQ_CALIB_JUDGEMENT_H
#define DSQ_CALIB_JUDGEMENT_H

#include <dsq/dsq.h>

#include "eval/coco.h"
#include "eval/matches.h"

/* Ready for dsq_map_evaluate: classes and pictures of the data set, judgement->matches empty. */
enum dsq_status dsq_judgement_create(struct dsq_judgement **out,
                                     const struct dsq_coco_dataset *dataset,
                                     const struct dsq_allocator *a,
                                     struct dsq_diag *d) DSQ_MUST_CHECK;
struct dsq_matches *dsq_judgement_matches(struct dsq_judgement *judgement);

#endif
