/* SPDX-License-Identifier: Apache-2.0 */
/* Judgements: made, asked, compared. */
#include "calib/judgement.h"

#include <string.h>

#include "base/settings.h"

struct dsq_judgement {
    struct dsq_arena arena; /* of the names and ids */
    const char **name;      /* by class */
    int64_t *category_id;
    int64_t *image_id; /* by picture */
    struct dsq_matches matches;
};

enum dsq_status dsq_judgement_create(struct dsq_judgement **out,
                                     const struct dsq_coco_dataset *dataset,
                                     const struct dsq_allocator *a, struct dsq_diag *d)
{
    size_t n = dataset->n_categories;
    struct dsq_judgement *j = dsq_calloc(a, 1, sizeof *j);
    if (!j)
        return dsq_fail(d, DSQ_NOMEM, "no memory to judge");
    dsq_arena_init(&j->arena, a);
    j->matches.allocator = a;
    j->name = dsq_arena_calloc(&j->arena, n + 1, sizeof *j->name);
    j->category_id = dsq_arena_calloc(&j->arena, n + 1, sizeof *j->category_id);
    j->image_id = dsq_arena_calloc(&j->arena, dataset->n_images + 1, sizeof *j->image_id);
    bool complete = j->name && j->category_id && j->image_id;
    for (size_t i = 0; complete && i < n; i++) {
        const char *name = dataset->category[i].name;
        j->name[i] = dsq_arena_string(&j->arena, name, strlen(name));
        j->category_id[i] = dataset->category[i].id;
        complete = j->name[i] != NULL;
    }
    for (size_t i = 0; complete && i < dataset->n_images; i++)
        j->image_id[i] = dataset->image[i].id;
    enum dsq_status status = complete ? dsq_matches_init(&j->matches, n, dataset->n_images, d)
                                      : dsq_fail(d, DSQ_NOMEM, "no memory to judge %zu classes", n);
    if (status != DSQ_OK)
        dsq_judgement_free(&j);
    *out = j;
    return status;
}

void dsq_judgement_free(struct dsq_judgement **judgement)
{
    struct dsq_judgement *j = judgement ? *judgement : NULL;
    if (!j)
        return;
    const struct dsq_allocator *a = j->arena.allocator;
    dsq_matches_free(&j->matches);
    dsq_arena_free(&j->arena);
    dsq_release(a, j);
    *judgement = NULL;
}

struct dsq_matches *dsq_judgement_matches(struct dsq_judgement *judgement)
{
    return &judgement->matches;
}

int32_t dsq_judgement_classes(const struct dsq_judgement *judgement)
{
    return (int32_t)judgement->matches.n_classes;
}

enum dsq_status dsq_judgement_class(const struct dsq_judgement *judgement, int32_t i,
                                    struct dsq_class_result *result)
{
    if (!judgement || !result || i < 0 || (size_t)i >= judgement->matches.n_classes)
        return DSQ_ARGUMENT;
    const struct dsq_class_matches *c = &judgement->matches.class_at[i];
    struct dsq_class_result r = {
        .size = sizeof r,
        .name = judgement->name[i],
        .category_id = judgement->category_id[i],
        .objects = (int64_t)c->n_objects,
        .detections = (int64_t)c->n_matches,
        .ap = c->ap,
        .ap50 = c->ap50,
        .ap75 = c->ap75,
    };
    struct dsq_diag d;
    if (dsq_result_check(result, "struct dsq_class_result", &d) != DSQ_OK)
        return DSQ_ARGUMENT;
    dsq_result_write(result, &r, sizeof r);
    return DSQ_OK;
}

/* Pictures and objects must be the same, or a paired comparison means nothing. */
static enum dsq_status check_pair(const struct dsq_judgement *a, const struct dsq_judgement *b,
                                  struct dsq_diag *d)
{
    const struct dsq_matches *x = &a->matches, *y = &b->matches;
    bool same = x->n_images == y->n_images && x->n_classes == y->n_classes;
    for (size_t i = 0; same && i < x->n_images; i++)
        same = a->image_id[i] == b->image_id[i];
    for (size_t i = 0; same && i < x->n_classes; i++)
        same = a->category_id[i] == b->category_id[i] &&
               x->class_at[i].n_objects == y->class_at[i].n_objects;
    if (same)
        return DSQ_OK;
    return dsq_fail(d, DSQ_ARGUMENT,
                    "only judgements of the same pictures and annotations can be compared");
}

enum dsq_status dsq_judgement_interval(const struct dsq_judgement *judgement,
                                       const struct dsq_judgement *first,
                                       const struct dsq_interval_settings *settings,
                                       struct dsq_interval_result *result, struct dsq_diag *diag)
{
    struct dsq_interval_settings s = {.size = sizeof s};
    struct dsq_interval ap, change;
    if (!judgement || !result)
        return dsq_fail(diag, DSQ_ARGUMENT, "an interval needs a judgement and a result to fill");
    DSQ_TRY(dsq_settings_read(&s, sizeof s, settings, "struct dsq_interval_settings", diag));
    DSQ_TRY(dsq_result_check(result, "struct dsq_interval_result", diag));
    s.resamples = s.resamples ? s.resamples : 1000;
    s.confidence = s.confidence > 0 ? s.confidence : 0.9;
    if (s.resamples < 2 || s.resamples > 10000000 || !(s.confidence < 1))
        return dsq_fail(diag, DSQ_ARGUMENT,
                        "%d resamples for an interval of %g: expected 2 to 10000000, and a "
                        "confidence between 0 and 1",
                        (int)s.resamples, s.confidence);
    if (first)
        DSQ_TRY(check_pair(judgement, first, diag));
    DSQ_TRY(dsq_bootstrap(&judgement->matches, first ? &first->matches : NULL, s.resamples, s.seed,
                          s.confidence, &ap, &change, diag));
    struct dsq_interval_result r = {.size = sizeof r,
                                    .ap_low = ap.low,
                                    .ap_high = ap.high,
                                    .change_low = change.low,
                                    .change_high = change.high};
    dsq_result_write(result, &r, sizeof r);
    return DSQ_OK;
}
