/* SPDX-License-Identifier: Apache-2.0 */
/*
 * COCO's mean average precision and recall, category by category.
 *
 * Detections and annotations are sorted by category, then picture; a "cell" is what one picture has
 * of one category. Matching fills two sets of bits for each detection, one bit a threshold:
 * matched, and ignored (neither right nor wrong). Accumulation then goes over the category's
 * detections by falling score. All of it is in double and in pycocotools' order of operations.
 */
#include "eval/map.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { N_THRESHOLDS = DSQ_MAP_THRESHOLDS, N_RECALLS = DSQ_MAP_RECALLS };
enum { N_AREAS = 4, N_LIMITS = 3, MOST_DETECTIONS = 100 };
enum { T50 = 0, T75 = 5 }; /* indices of IoU thresholds .5 and .75 */
enum { ALL = 0 };          /* the area range that takes all */

static const double area_range[N_AREAS][2] = {{0, 1e10}, {0, 1024}, {1024, 9216}, {9216, 1e10}};
static const int detection_limit[N_LIMITS] = {1, 10, MOST_DETECTIONS};

/* numpy.linspace(.5, .95, 10), to the bit. */
static double iou_threshold(int t)
{
    return t == N_THRESHOLDS - 1 ? 0.95 : t * ((0.95 - 0.5) / (N_THRESHOLDS - 1)) + 0.5;
}

/* A detection, or an annotation, with its place in the input. */
struct entry {
    int32_t category, image;
    double score; /* 0 for annotations */
    size_t index;
};

/* One detection of the category at hand. */
struct judged {
    double score;
    int32_t image;
    size_t order; /* among the category's detections: by picture, then best first */
    int rank;     /* among its picture's, best is 0 */
    uint16_t matched[N_AREAS], ignored[N_AREAS];
};

struct sum {
    double total;
    size_t n;
};

struct evaluation {
    const struct dsq_coco_dataset *dataset;
    const struct dsq_coco_results *results;
    struct entry *detection, *annotation; /* by category, picture, falling score, input order */
    struct judged *judged;                /* the category's, n_judged */
    size_t n_judged;
    size_t n_positives[N_AREAS]; /* the category's annotations that are not ignored */
    double *iou;                 /* [detection][annotation] of a cell */
    size_t *gt_order;            /* a cell's annotations, those to ignore last */
    bool *gt_ignored, *gt_taken; /* in the cell's own order */
    double *precision;           /* one for each of the category's detections */
    size_t *hits;                /* true positives up to and with each */
    struct sum ap[N_AREAS], ap50, ap75, ar[N_AREAS], ar_limit[N_LIMITS];
    struct sum class_ap, class_ap50, class_ap75;
    struct dsq_matches *matches; /* NULL, or what is to be filled */
    bool no_memory;              /* for them */
};

/* ---- sorting into cells ---- */

static int compare_entries(const void *x, const void *y)
{
    const struct entry *a = x, *b = y;
    if (a->category != b->category)
        return a->category < b->category ? -1 : 1;
    if (a->image != b->image)
        return a->image < b->image ? -1 : 1;
    if (a->score != b->score)
        return a->score > b->score ? -1 : 1;
    return (a->index > b->index) - (a->index < b->index);
}

static int compare_judged(const void *x, const void *y)
{
    const struct judged *a = x, *b = y;
    if (a->score != b->score)
        return a->score > b->score ? -1 : 1;
    return (a->order > b->order) - (a->order < b->order);
}

static size_t count_category(const struct entry *entry, size_t n, int32_t category)
{
    size_t i = 0;
    while (i < n && entry[i].category == category)
        i++;
    return i;
}

static size_t count_image(const struct entry *entry, size_t n, int32_t image)
{
    size_t i = 0;
    while (i < n && entry[i].image == image)
        i++;
    return i;
}

/* The most entries that one call of count_* will find in one cell (by_image) or category. */
static size_t largest_group(const struct entry *entry, size_t n, bool by_image)
{
    size_t most = 0;
    for (size_t i = 0; i < n;) {
        size_t count = count_category(entry + i, n - i, entry[i].category);
        if (by_image)
            count = count_image(entry + i, count, entry[i].image);
        if (count > most)
            most = count;
        i += count;
    }
    return most;
}

/* ---- matching ---- */

/* Intersection over union; over the detection's own area where the annotation is a crowd. */
static double box_iou(const double d[4], const double g[4], bool crowd)
{
    double w = fmin(d[2] + d[0], g[2] + g[0]) - fmax(d[0], g[0]);
    if (w <= 0)
        return 0;
    double h = fmin(d[3] + d[1], g[3] + g[1]) - fmax(d[1], g[1]);
    if (h <= 0)
        return 0;
    double inner = w * h, area = d[2] * d[3];
    return inner / (crowd ? area : area + g[2] * g[3] - inner);
}

static bool outside(double area, int range)
{
    return area < area_range[range][0] || area > area_range[range][1];
}

/* A cell: its entries, and where its detections stand in `judged`. */
struct cell {
    const struct entry *detection, *annotation;
    size_t n_detections, n_annotations;
    struct judged *judged;
};

static const struct dsq_coco_annotation *annotation_of(const struct evaluation *e,
                                                       const struct cell *c, size_t g)
{
    return &e->dataset->annotation[c->annotation[g].index];
}

/* Sort the cell's annotations for an area range: those to ignore last, else in the file's order. */
static void order_annotations(struct evaluation *e, const struct cell *c, int range)
{
    size_t n = 0;
    for (size_t g = 0; g < c->n_annotations; g++) {
        const struct dsq_coco_annotation *a = annotation_of(e, c, g);
        e->gt_ignored[g] = a->crowd || outside(a->area, range);
        if (!e->gt_ignored[g])
            e->gt_order[n++] = g;
    }
    e->n_positives[range] += n;
    for (size_t g = 0; g < c->n_annotations; g++)
        if (e->gt_ignored[g])
            e->gt_order[n++] = g;
}

/* The free annotation that detection `d` overlaps best, by at least `least`; -1 without one. Of
 * equals the last wins; once a real one is found, those to ignore are not looked at. */
static ptrdiff_t best_annotation(const struct evaluation *e, const struct cell *c, size_t d,
                                 double least)
{
    const double *iou = e->iou + d * c->n_annotations;
    ptrdiff_t best = -1;
    for (size_t i = 0; i < c->n_annotations; i++) {
        size_t g = e->gt_order[i];
        if (e->gt_taken[g] && !annotation_of(e, c, g)->crowd)
            continue;
        if (best >= 0 && !e->gt_ignored[best] && e->gt_ignored[g])
            break;
        if (iou[g] < least)
            continue;
        least = iou[g];
        best = (ptrdiff_t)g;
    }
    return best;
}

static void match_cell(struct evaluation *e, const struct cell *c, int range, int t)
{
    const uint16_t bit = (uint16_t)(1u << t);
    memset(e->gt_taken, 0, c->n_annotations * sizeof *e->gt_taken);
    for (size_t d = 0; d < c->n_detections; d++) {
        struct judged *j = &c->judged[d];
        ptrdiff_t g = best_annotation(e, c, d, fmin(iou_threshold(t), 1 - 1e-10));
        if (g >= 0) {
            e->gt_taken[g] = true;
            if (e->gt_ignored[g])
                j->ignored[range] |= bit;
            if (annotation_of(e, c, (size_t)g)->id != 0)
                j->matched[range] |= bit;
        }
        const double *box = e->results->item[c->detection[d].index].box;
        if (!(j->matched[range] & bit) && outside(box[2] * box[3], range))
            j->ignored[range] |= bit;
    }
}

static void keep_objects(struct evaluation *e, const struct cell *c, size_t n)
{
    if (!e->matches || n == 0)
        return;
    struct dsq_objects objects = {c->annotation[0].image, (uint32_t)n};
    e->no_memory |= !dsq_matches_add_objects(e->matches, objects);
}

static void judge_cell(struct evaluation *e, const struct cell *c)
{
    for (size_t d = 0; d < c->n_detections; d++) {
        c->judged[d] = (struct judged){.score = c->detection[d].score,
                                       .image = c->detection[d].image,
                                       .order = (size_t)(c->judged - e->judged) + d,
                                       .rank = (int)d};
        for (size_t g = 0; g < c->n_annotations; g++) {
            const struct dsq_coco_annotation *a = annotation_of(e, c, g);
            e->iou[d * c->n_annotations + g] =
                box_iou(e->results->item[c->detection[d].index].box, a->box, a->crowd);
        }
    }
    for (int range = 0; range < N_AREAS; range++) {
        size_t before = e->n_positives[range];
        order_annotations(e, c, range);
        if (range == ALL)
            keep_objects(e, c, e->n_positives[range] - before);
        for (int t = 0; t < N_THRESHOLDS; t++)
            match_cell(e, c, range, t);
    }
}

/* Judge all cells of a category, whose entries are given. Of a picture's detections only the best
 * MOST_DETECTIONS count. */
static void judge_category(struct evaluation *e, const struct entry *detection, size_t n_detections,
                           const struct entry *annotation, size_t n_annotations)
{
    e->n_judged = 0;
    memset(e->n_positives, 0, sizeof e->n_positives);
    while (n_detections || n_annotations) {
        int32_t image = n_detections ? detection->image : annotation->image;
        if (n_annotations && annotation->image < image)
            image = annotation->image;
        size_t nd = count_image(detection, n_detections, image);
        size_t ng = count_image(annotation, n_annotations, image);
        struct cell c = {detection, annotation, nd < MOST_DETECTIONS ? nd : MOST_DETECTIONS, ng,
                         e->judged + e->n_judged};
        judge_cell(e, &c);
        e->n_judged += c.n_detections;
        detection += nd;
        n_detections -= nd;
        annotation += ng;
        n_annotations -= ng;
    }
    qsort(e->judged, e->n_judged, sizeof *e->judged, compare_judged);
}

/* ---- accumulation ---- */

static void add(struct sum *s, double value)
{
    s->total += value;
    s->n++;
}

/* Read the precision at the 101 recalls: at each, the best precision at this recall or a higher
 * one. */
static void add_precisions(struct evaluation *e, size_t n, int range, int t)
{
    for (size_t i = n; i-- > 1;)
        if (e->precision[i] > e->precision[i - 1])
            e->precision[i - 1] = e->precision[i];
    const double positives = (double)e->n_positives[range];
    size_t i = 0;
    for (int r = 0; r < N_RECALLS; r++) {
        while (i < n && (double)e->hits[i] / positives < dsq_map_recall(r))
            i++;
        double p = i < n ? e->precision[i] : 0;
        add(&e->ap[range], p);
        if (range != ALL)
            continue;
        add(&e->class_ap, p);
        if (t == T50) {
            add(&e->ap50, p);
            add(&e->class_ap50, p);
        }
        if (t == T75) {
            add(&e->ap75, p);
            add(&e->class_ap75, p);
        }
    }
}

/* One area range, threshold and limit of detections a picture. */
static void accumulate_one(struct evaluation *e, int range, int t, int limit)
{
    size_t n = 0, hits = 0, misses = 0;
    for (size_t i = 0; i < e->n_judged; i++) {
        const struct judged *j = &e->judged[i];
        if (j->rank >= detection_limit[limit])
            continue;
        if (!(j->ignored[range] >> t & 1)) {
            bool hit = j->matched[range] >> t & 1;
            hits += hit;
            misses += !hit;
        }
        e->hits[n] = hits;
        e->precision[n++] = (double)hits / ((double)(misses + hits) + DBL_EPSILON);
    }
    double recall = (double)hits / (double)e->n_positives[range];
    if (range == ALL)
        add(&e->ar_limit[limit], recall);
    if (detection_limit[limit] != MOST_DETECTIONS)
        return;
    add(&e->ar[range], recall);
    add_precisions(e, n, range, t);
}

static void accumulate_category(struct evaluation *e)
{
    e->class_ap = e->class_ap50 = e->class_ap75 = (struct sum){0};
    for (int range = 0; range < N_AREAS; range++) {
        if (e->n_positives[range] == 0)
            continue;
        for (int t = 0; t < N_THRESHOLDS; t++)
            for (int limit = range == ALL ? 0 : N_LIMITS - 1; limit < N_LIMITS; limit++)
                accumulate_one(e, range, t, limit);
    }
}

/* ---- the whole ---- */

static void free_evaluation(struct evaluation *e)
{
    const struct dsq_allocator *a = e->results->allocator;
    dsq_release(a, e->detection);
    dsq_release(a, e->annotation);
    dsq_release(a, e->judged);
    dsq_release(a, e->iou);
    dsq_release(a, e->gt_order);
    dsq_release(a, e->gt_ignored);
    dsq_release(a, e->gt_taken);
    dsq_release(a, e->precision);
    dsq_release(a, e->hits);
}

static bool sort_entries(struct evaluation *e)
{
    const struct dsq_coco_dataset *s = e->dataset;
    e->detection = dsq_calloc(e->results->allocator, e->results->n, sizeof *e->detection);
    e->annotation = dsq_calloc(e->results->allocator, s->n_annotations, sizeof *e->annotation);
    if (!e->detection || !e->annotation)
        return false;
    for (size_t i = 0; i < e->results->n; i++) {
        const struct dsq_coco_detection *item = &e->results->item[i];
        e->detection[i] = (struct entry){item->category, item->image, item->score, i};
    }
    for (size_t i = 0; i < s->n_annotations; i++)
        e->annotation[i] = (struct entry){s->annotation[i].category, s->annotation[i].image, 0, i};
    qsort(e->detection, e->results->n, sizeof *e->detection, compare_entries);
    qsort(e->annotation, s->n_annotations, sizeof *e->annotation, compare_entries);
    return true;
}

static bool allocate_scratch(struct evaluation *e)
{
    const struct dsq_allocator *a = e->results->allocator;
    size_t n_judged = largest_group(e->detection, e->results->n, false);
    size_t n_gt = largest_group(e->annotation, e->dataset->n_annotations, true), n_iou;
    if (!dsq_mul(n_gt, MOST_DETECTIONS, &n_iou))
        return false;
    e->judged = dsq_calloc(a, n_judged, sizeof *e->judged);
    e->precision = dsq_calloc(a, n_judged, sizeof *e->precision);
    e->hits = dsq_calloc(a, n_judged, sizeof *e->hits);
    e->iou = dsq_calloc(a, n_iou, sizeof *e->iou);
    e->gt_order = dsq_calloc(a, n_gt, sizeof *e->gt_order);
    e->gt_ignored = dsq_calloc(a, n_gt, sizeof *e->gt_ignored);
    e->gt_taken = dsq_calloc(a, n_gt, sizeof *e->gt_taken);
    return e->judged && e->precision && e->hits && e->iou && e->gt_order && e->gt_ignored &&
           e->gt_taken;
}

static double mean(struct sum s)
{
    return s.n ? s.total / (double)s.n : NAN;
}

/* The category just judged, into the matches; its objects are there. */
static void keep_category(struct evaluation *e, size_t k)
{
    struct dsq_matches *m = e->matches;
    struct dsq_class_matches *c = &m->class_at[k];
    size_t first_match = k ? m->class_at[k - 1].first_match + m->class_at[k - 1].n_matches : 0;
    size_t first_picture = k ? m->class_at[k - 1].first_picture + m->class_at[k - 1].n_pictures : 0;
    *c = (struct dsq_class_matches){.ap = mean(e->class_ap),
                                    .ap50 = mean(e->class_ap50),
                                    .ap75 = mean(e->class_ap75),
                                    .n_objects = e->n_positives[ALL],
                                    .first_match = first_match,
                                    .n_matches = e->n_judged,
                                    .first_picture = first_picture,
                                    .n_pictures = m->n_pictures - first_picture};
    for (size_t i = 0; i < e->n_judged && !e->no_memory; i++) {
        const struct judged *j = &e->judged[i];
        struct dsq_match match = {j->image, j->matched[ALL], j->ignored[ALL]};
        e->no_memory = !dsq_matches_add(m, match);
    }
}

static void evaluate_categories(struct evaluation *e)
{
    const struct entry *detection = e->detection, *annotation = e->annotation;
    size_t left_d = e->results->n, left_g = e->dataset->n_annotations;
    for (size_t k = 0; k < e->dataset->n_categories && !e->no_memory; k++) {
        size_t nd = count_category(detection, left_d, (int32_t)k);
        size_t ng = count_category(annotation, left_g, (int32_t)k);
        judge_category(e, detection, nd, annotation, ng);
        accumulate_category(e);
        if (e->matches)
            keep_category(e, k);
        detection += nd;
        left_d -= nd;
        annotation += ng;
        left_g -= ng;
    }
}

enum dsq_status dsq_map_evaluate(const struct dsq_coco_dataset *dataset,
                                 const struct dsq_coco_results *results,
                                 struct dsq_map_result *result, struct dsq_matches *matches,
                                 struct dsq_diag *d)
{
    struct evaluation e = {.dataset = dataset, .results = results, .matches = matches};
    enum dsq_status status = DSQ_OK;
    if (!sort_entries(&e) || !allocate_scratch(&e)) {
        status = dsq_fail(d, DSQ_NOMEM, "no memory to judge %zu detections", results->n);
        goto done;
    }
    evaluate_categories(&e);
    if (e.no_memory) {
        status = dsq_fail(d, DSQ_NOMEM, "no memory for the matches of %zu detections", results->n);
        goto done;
    }
    *result = (struct dsq_map_result){
        .ap = mean(e.ap[ALL]),
        .ap50 = mean(e.ap50),
        .ap75 = mean(e.ap75),
        .ap_small = mean(e.ap[1]),
        .ap_medium = mean(e.ap[2]),
        .ap_large = mean(e.ap[3]),
        .ar1 = mean(e.ar_limit[0]),
        .ar10 = mean(e.ar_limit[1]),
        .ar100 = mean(e.ar_limit[2]),
        .ar_small = mean(e.ar[1]),
        .ar_medium = mean(e.ar[2]),
        .ar_large = mean(e.ar[3]),
    };
done:
    free_evaluation(&e);
    return status;
}
