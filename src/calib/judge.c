/* SPDX-License-Identifier: Apache-2.0 */
/* The pictures of a data set on disk, and mAP as a public result. */
#define _POSIX_C_SOURCE 200809L
#include "calib/judge.h"

#include <string.h>
#include <unistd.h>

#include "base/settings.h"
#include "eval/map.h"

/* Keep the pictures with keep[i] (and their annotations); path keeps step. */
static enum dsq_status take_out(struct dsq_coco_dataset *dataset, const bool *keep,
                                const char **path, struct dsq_arena *arena, struct dsq_diag *d)
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
    return DSQ_OK;
}

enum dsq_status dsq_find_pictures(struct dsq_coco_dataset *dataset, const char *folder,
                                  bool skip_missing, const struct dsq_log *log,
                                  struct dsq_arena *arena, const char ***path, struct dsq_diag *d)
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
    dsq_log_text(log, DSQ_LOG_WARNING, "%zu of %zu annotated pictures are missing and left out",
                 n_missing, n);
    if (n_missing == n)
        return dsq_fail(d, DSQ_IO, "%s: none of the %zu annotated pictures is there", folder, n);
    return take_out(dataset, keep, p, arena, d);
}

static enum dsq_status name_classes(const struct dsq_coco_dataset *dataset, const double *ap,
                                    struct dsq_class_aps *classes, struct dsq_diag *d)
{
    struct dsq_arena *arena = &classes->arena;
    classes->item = dsq_arena_calloc(arena, dataset->n_categories + 1, sizeof *classes->item);
    for (size_t i = 0; classes->item && i < dataset->n_categories; i++) {
        const char *name = dataset->category[i].name;
        classes->item[i].name = dsq_arena_string(arena, name, strlen(name));
        classes->item[i].ap = ap[i];
        if (!classes->item[i].name)
            classes->item = NULL;
    }
    classes->n = dataset->n_categories;
    return classes->item ? DSQ_OK : dsq_fail(d, DSQ_NOMEM, "no memory for %zu classes", classes->n);
}

enum dsq_status dsq_judge(const struct dsq_coco_dataset *dataset,
                          const struct dsq_coco_results *results, struct dsq_eval_result *result,
                          struct dsq_class_aps *classes, struct dsq_diag *d)
{
    struct dsq_map_result map;
    double *ap = NULL;
    if (classes) {
        ap = dsq_arena_calloc(&classes->arena, dataset->n_categories + 1, sizeof *ap);
        if (!ap)
            return dsq_fail(d, DSQ_NOMEM, "no memory for %zu classes", dataset->n_categories);
    }
    DSQ_TRY(dsq_map_evaluate(dataset, results, &map, ap, d));
    result->ap = map.ap;
    result->ap50 = map.ap50;
    result->ap75 = map.ap75;
    result->ap_small = map.ap_small;
    result->ap_medium = map.ap_medium;
    result->ap_large = map.ap_large;
    result->ar1 = map.ar1;
    result->ar10 = map.ar10;
    result->ar100 = map.ar100;
    result->ar_small = map.ar_small;
    result->ar_medium = map.ar_medium;
    result->ar_large = map.ar_large;
    result->images = (int32_t)dataset->n_images;
    return classes ? name_classes(dataset, ap, classes, d) : DSQ_OK;
}
