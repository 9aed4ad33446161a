/* SPDX-License-Identifier: Apache-2.0 */
/* The pictures of a data set on disk, and mAP as a public result. */
#define _POSIX_C_SOURCE 200809L
#include "calib/judge.h"

#include <string.h>
#include <unistd.h>

#include "base/settings.h"
#include "calib/judgement.h"
#include "eval/map.h"

/* Keep the pictures with keep[i], their annotations and detections; path keeps step. */
static enum dsq_status take_out(struct dsq_coco_dataset *dataset, struct dsq_coco_results *results,
                                const bool *keep, const char **path, struct dsq_arena *arena,
                                struct dsq_diag *d)
{
    int32_t *moved = dsq_arena_calloc(arena, dataset->n_images + 1, sizeof *moved);
    if (!moved)
        return dsq_fail(d, DSQ_NOMEM, "no memory for %zu pictures", dataset->n_images);
    size_t n = 0;
    for (size_t i = 0; i < dataset->n_images; i++) {
        moved[i] = keep[i] ? (int32_t)n : -1;
        if (!keep[i])
            continue;
        dataset->image[n] = dataset->image[i];
        path[n++] = path[i];
    }
    dataset->n_images = n;
    n = 0;
    for (size_t i = 0; i < dataset->n_annotations; i++) {
        struct dsq_coco_annotation a = dataset->annotation[i];
        a.image = moved[a.image];
        if (a.image >= 0)
            dataset->annotation[n++] = a;
    }
    dataset->n_annotations = n;
    n = 0;
    for (size_t i = 0; results && i < results->n; i++) {
        struct dsq_coco_detection found = results->item[i];
        found.image = moved[found.image];
        if (found.image >= 0)
            results->item[n++] = found;
    }
    if (results)
        results->n = n;
    return DSQ_OK;
}

enum dsq_status dsq_find_pictures(struct dsq_coco_dataset *dataset, const char *folder,
                                  bool skip_missing, struct dsq_coco_results *results,
                                  const struct dsq_log *log, struct dsq_arena *arena,
                                  const char ***path, struct dsq_diag *d)
{
    size_t n = dataset->n_images, n_missing = 0, first = 0;
    bool *keep = dsq_arena_calloc(arena, n + 1, sizeof *keep);
    const char **p = *path = dsq_arena_calloc(arena, n + 1, sizeof *p);
    if (!keep || !p)
        return dsq_fail(d, DSQ_NOMEM, "no memory for %zu pictures", n);
    for (size_t i = 0; i < n; i++) {
        p[i] = dsq_arena_printf(arena, "%s/%s", folder, dataset->image[i].file_name);
        if (!p[i])
            return dsq_fail(d, DSQ_NOMEM, "no memory for %zu pictures", n);
        keep[i] = *dataset->image[i].file_name && access(p[i], F_OK) == 0;
        first = !keep[i] && n_missing == 0 ? i : first;
        n_missing += !keep[i];
    }
    if (n_missing == 0)
        return DSQ_OK;
    const char *why = *dataset->image[first].file_name ? "is not there" : "has no file name";
    if (!skip_missing)
        return dsq_fail(d, DSQ_IO, "%s: annotated picture %lld %s (%zu of %zu are missing)",
                        p[first], (long long)dataset->image[first].id, why, n_missing, n);
    if (n_missing == n)
        return dsq_fail(d, DSQ_IO, "%s: none of the %zu annotated pictures is there", folder, n);
    /* Asked for, so no warning that "strict" could turn into an error. */
    dsq_log_text(log, DSQ_LOG_INFO, "%zu of %zu annotated pictures are missing and left out",
                 n_missing, n);
    return take_out(dataset, results, keep, p, arena, d);
}

static void copy_numbers(struct dsq_eval_result *result, const struct dsq_map_result *map)
{
    result->ap = map->ap;
    result->ap50 = map->ap50;
    result->ap75 = map->ap75;
    result->ap_small = map->ap_small;
    result->ap_medium = map->ap_medium;
    result->ap_large = map->ap_large;
    result->ar1 = map->ar1;
    result->ar10 = map->ar10;
    result->ar100 = map->ar100;
    result->ar_small = map->ar_small;
    result->ar_medium = map->ar_medium;
    result->ar_large = map->ar_large;
}

enum dsq_status dsq_judge(const struct dsq_coco_dataset *dataset,
                          const struct dsq_coco_results *results, struct dsq_eval_result *result,
                          struct dsq_judgement **judgement, struct dsq_diag *d)
{
    struct dsq_map_result map;
    struct dsq_judgement *j = NULL;
    if (judgement)
        DSQ_TRY(dsq_judgement_create(&j, dataset, results->allocator, d));
    enum dsq_status status =
        dsq_map_evaluate(dataset, results, &map, j ? dsq_judgement_matches(j) : NULL, d);
    if (status != DSQ_OK) {
        dsq_judgement_free(&j);
        return status;
    }
    copy_numbers(result, &map);
    result->images = (int32_t)dataset->n_images;
    if (judgement)
        *judgement = j;
    return DSQ_OK;
}
