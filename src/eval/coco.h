/* SPDX-License-Identifier: Apache-2.0 */
/*
 * COCO's files: the annotations of a data set ("instances" JSON) and detections ("results" JSON).
 *
 * Both are read with pycocotools' meaning: annotations on pictures or of categories that the file
 * does not list take no part; a missing `iscrowd` is 0 and a missing `area` is width * height. What
 * pycocotools would get wrong without a word is an error here: an id given twice, a field of the
 * wrong type. Inside, pictures and categories are indices into the data set, never ids.
 *
 * Not here: what the numbers mean (map.h), and pictures themselves.
 */
#ifndef DSQ_EVAL_COCO_H
#define DSQ_EVAL_COCO_H

#include "base/memory.h"
#include "base/status.h"

struct dsq_coco_image {
    int64_t id;
    const char *file_name; /* "" when the file gives none */
    int32_t width, height; /* 0 when the file gives none */
};

struct dsq_coco_category {
    int64_t id;
    const char *name; /* "" when the file gives none */
};

struct dsq_coco_annotation {
    int64_t id;
    int32_t image, category; /* indices */
    double box[4];           /* x, y, width, height in pixels */
    double area;
    bool crowd;
};

/* Where the category of an id is. */
struct dsq_coco_key {
    int64_t id;
    int32_t index;
};

struct dsq_coco_dataset {
    struct dsq_arena arena;             /* everything below */
    struct dsq_coco_image *image;       /* by rising id, the order in which pycocotools judges */
    struct dsq_coco_category *category; /* in the file's order: what "by position" means */
    struct dsq_coco_annotation *annotation; /* in the file's order */
    size_t n_images, n_categories, n_annotations;
    struct dsq_coco_key *category_key; /* n_categories, by rising id */
    size_t n_strays;  /* annotations left out: their picture or category is not listed */
    bool has_id_zero; /* an annotation has id 0; see map.h */
};

/* Read an instances JSON. MALFORMED names the file, line and column, or the entry. Free with
 * dsq_coco_free. dsq_coco_parse does the same from memory; `name` is for messages. */
enum dsq_status dsq_coco_read(struct dsq_coco_dataset **out, const char *path,
                              const struct dsq_allocator *a, struct dsq_diag *d) DSQ_MUST_CHECK;
enum dsq_status dsq_coco_parse(struct dsq_coco_dataset **out, const char *text, size_t bytes,
                               const char *name, const struct dsq_allocator *a,
                               struct dsq_diag *d) DSQ_MUST_CHECK;
void dsq_coco_free(struct dsq_coco_dataset **dataset);

/* Indices, or -1. By name: the first category of exactly that name. */
int32_t dsq_coco_image_by_id(const struct dsq_coco_dataset *dataset, int64_t id);
int32_t dsq_coco_category_by_id(const struct dsq_coco_dataset *dataset, int64_t id);
int32_t dsq_coco_category_by_name(const struct dsq_coco_dataset *dataset, const char *name);

/* Tell people, through `log` (may be NULL), what about the data set deserves a look: an annotation
 * with id 0, annotations left out. With `strict` the first of these is the MALFORMED answer. */
enum dsq_status dsq_coco_warn(const struct dsq_coco_dataset *dataset, const char *name,
                              const struct dsq_log *log, bool strict,
                              struct dsq_diag *d) DSQ_MUST_CHECK;

struct dsq_coco_detection {
    int32_t image, category; /* indices into the data set */
    double box[4];           /* x, y, width, height in pixels */
    double score;
};

/* A growing list of detections. Order matters: of equal scores, the earlier one comes first. */
struct dsq_coco_results {
    const struct dsq_allocator *allocator;
    struct dsq_coco_detection *item;
    size_t n, capacity;
    size_t n_strays; /* read, but of a category that the data set does not list: left out */
};

void dsq_coco_results_init(struct dsq_coco_results *results, const struct dsq_allocator *a);
void dsq_coco_results_free(struct dsq_coco_results *results);
enum dsq_status dsq_coco_results_add(struct dsq_coco_results *results,
                                     const struct dsq_coco_detection *detection,
                                     struct dsq_diag *d) DSQ_MUST_CHECK;

/* Append the detections of a results JSON (any tool's). One at a time: memory is the file and the
 * list. A detection on a picture that the data set does not list is MALFORMED, as in pycocotools'
 * loadRes; one of an unknown category takes no part (pycocotools' way) and is counted in n_strays.
 */
enum dsq_status dsq_coco_results_read(struct dsq_coco_results *results,
                                      const struct dsq_coco_dataset *dataset, const char *path,
                                      struct dsq_diag *d) DSQ_MUST_CHECK;
enum dsq_status dsq_coco_results_parse(struct dsq_coco_results *results,
                                       const struct dsq_coco_dataset *dataset, const char *text,
                                       size_t bytes, const char *name,
                                       struct dsq_diag *d) DSQ_MUST_CHECK;
/* Write a results JSON, whole or not at all; reading it back gives the same doubles. ARGUMENT for a
 * value that is not finite. */
enum dsq_status dsq_coco_results_write(const struct dsq_coco_results *results,
                                       const struct dsq_coco_dataset *dataset, const char *path,
                                       struct dsq_diag *d) DSQ_MUST_CHECK;

#endif
