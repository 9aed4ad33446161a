/* SPDX-License-Identifier: Apache-2.0 */
/* Around COCO's judgement: which category a class is, which pictures take part, the numbers as a
 * result. */
#ifndef DSQ_CALIB_JUDGE_H
#define DSQ_CALIB_JUDGE_H

#include <dsq/dsq.h>

#include "calib/evaluate.h"
#include "detect/task.h"
#include "eval/coco.h"

/* Which category each label is: *category has *n entries (from `arena`), -1 for labels that are
 * never reported. By name; with by_order label i is the i-th category of the file. ARGUMENT listing
 * classes without a category. */
enum dsq_status dsq_match_classes(const struct dsq_task *task,
                                  const struct dsq_coco_dataset *dataset, bool by_order,
                                  struct dsq_arena *arena, int32_t **category, size_t *n,
                                  struct dsq_diag *d) DSQ_MUST_CHECK;

/* The files of the data set's pictures in `folder`, in the data set's order (from `arena`). A
 * picture that is not there is IO, naming the first and how many; with skip_missing it is taken out
 * of the data set, with its annotations and what `results` (may be NULL) found in it. */
enum dsq_status dsq_find_pictures(struct dsq_coco_dataset *dataset, const char *folder,
                                  bool skip_missing, struct dsq_coco_results *results,
                                  const struct dsq_log *log, struct dsq_arena *arena,
                                  const char ***path, struct dsq_diag *d) DSQ_MUST_CHECK;

/* Judge, and fill the twelve numbers and `images` of `result`. `judgement` may be NULL. */
enum dsq_status dsq_judge(const struct dsq_coco_dataset *dataset,
                          const struct dsq_coco_results *results, struct dsq_eval_result *result,
                          struct dsq_judgement **judgement, struct dsq_diag *d) DSQ_MUST_CHECK;

#endif
