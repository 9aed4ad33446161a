/* SPDX-License-Identifier: Apache-2.0 */
/* What dsq eval prints: a row for each engine or file of detections. */
#ifndef DSQ_TOOLS_EVAL_ROWS_H
#define DSQ_TOOLS_EVAL_ROWS_H

#include <dsq/dsq.h>

struct eval_row {
    const char *model;
    struct dsq_eval_result result;
    struct dsq_judgement *judgement; /* with per_class or resamples */
    struct dsq_interval_result interval;
};

struct eval_view {
    bool per_class;
    int32_t resamples, seed; /* resamples 0: no intervals */
};

enum { EVAL_CONFIDENCE = 90 }; /* percent */

void eval_print_json(const struct eval_row *row, int n, const struct eval_view *view);
/* Tables: the rows, the intervals, the classes. */
void eval_print_tables(const struct eval_row *row, int n, const struct eval_view *view);

#endif
