/* SPDX-License-Identifier: Apache-2.0 */
/* Matching a model's classes to a data set's categories. */
#include <stdio.h>
#include <string.h>

#include "calib/judge.h"

enum { LISTED = 5 };

static enum dsq_status by_order_of_file(const struct dsq_task *task,
                                        const struct dsq_coco_dataset *dataset, int32_t *category,
                                        size_t n, struct dsq_diag *d)
{
    if (n > dataset->n_categories)
        return dsq_fail(d, DSQ_ARGUMENT,
                        "the task has %zu classes, the annotations %zu categories: they cannot be "
                        "matched by order",
                        n, dataset->n_categories);
    for (size_t i = 0; i < n; i++)
        category[i] = task->classes.n && !*task->classes.v[i] ? -1 : (int32_t)i;
    return DSQ_OK;
}

static enum dsq_status by_name(const struct dsq_task *task, const struct dsq_coco_dataset *dataset,
                               int32_t *category, struct dsq_diag *d)
{
    char names[256] = "";
    size_t n_missing = 0;
    for (int32_t i = 0; i < task->classes.n; i++) {
        const char *name = task->classes.v[i];
        category[i] = *name ? dsq_coco_category_by_name(dataset, name) : -1;
        if (!*name || category[i] >= 0)
            continue;
        size_t at = strlen(names);
        if (n_missing++ < LISTED)
            snprintf(names + at, sizeof names - at, "%s'%s'", at ? ", " : "", name);
    }
    if (n_missing)
        return dsq_fail(
            d, DSQ_ARGUMENT,
            "%zu of %d classes are no category of the annotations: %s%s (classes can also "
            "be matched by order)",
            n_missing, (int)task->classes.n, names, n_missing > LISTED ? ", ..." : "");
    return DSQ_OK;
}

enum dsq_status dsq_match_classes(const struct dsq_task *task,
                                  const struct dsq_coco_dataset *dataset, bool by_order,
                                  struct dsq_arena *arena, int32_t **category, size_t *n,
                                  struct dsq_diag *d)
{
    if (task->classes.n == 0 && !by_order)
        return dsq_fail(d, DSQ_ARGUMENT,
                        "the task names no classes, so they can only be matched to "
                        "the annotations' categories by order");
    *n = task->classes.n ? (size_t)task->classes.n : dataset->n_categories;
    *category = dsq_arena_calloc(arena, *n + 1, sizeof **category);
    if (!*category)
        return dsq_fail(d, DSQ_NOMEM, "no memory for %zu classes", *n);
    return by_order ? by_order_of_file(task, dataset, *category, *n, d)
                    : by_name(task, dataset, *category, d);
}
