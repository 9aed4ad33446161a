/* SPDX-License-Identifier: Apache-2.0 */
/* The annotations of a data set. Detections are in results.c. */
#include "eval/coco.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/settings.h"
#include "eval/fields.h"

/* A file being read: what every helper needs. */
struct reading {
    struct dsq_coco_dataset *dataset;
    const char *name;
    struct dsq_diag *diag;
};

static enum dsq_status no_memory(const struct reading *r)
{
    return dsq_fail(r->diag, DSQ_NOMEM, "%s: no memory for its annotations", r->name);
}

static enum dsq_status bad_field(const struct reading *r, const char *list, size_t i,
                                 const char *field, const char *expected)
{
    return dsq_fail(r->diag, DSQ_MALFORMED, "%s: %s[%zu]: '%s' is missing or not %s", r->name, list,
                    i, field, expected);
}

static int compare_ids(int64_t a, int64_t b)
{
    return (a > b) - (a < b);
}

static int compare_images(const void *a, const void *b)
{
    return compare_ids(((const struct dsq_coco_image *)a)->id,
                       ((const struct dsq_coco_image *)b)->id);
}

static int compare_keys(const void *a, const void *b)
{
    return compare_ids(((const struct dsq_coco_key *)a)->id, ((const struct dsq_coco_key *)b)->id);
}

static int compare_plain_ids(const void *a, const void *b)
{
    return compare_ids(*(const int64_t *)a, *(const int64_t *)b);
}

/* A copy of the text field, "" when there is none; NULL when memory is out. */
static const char *copy_text(const struct reading *r, const json_t *object, const char *key)
{
    const json_t *v = json_object_get(object, key);
    const char *text = json_is_string(v) ? json_string_value(v) : "";
    return dsq_arena_string(&r->dataset->arena, text, strlen(text));
}

/* A picture's width or height; 0 when the file gives none or none that makes sense. */
static int32_t size_field(const json_t *object, const char *key)
{
    double v;
    if (!dsq_coco_field_number(object, key, &v) || !(v >= 1 && v <= INT32_MAX))
        return 0;
    return (int32_t)v;
}

/* The list `key` of the file, of objects, not too long for an int32_t. */
static enum dsq_status get_list(const struct reading *r, const json_t *root, const char *key,
                                const json_t **list, size_t *n)
{
    *list = json_object_get(root, key);
    if (!json_is_array(*list))
        return dsq_fail(r->diag, DSQ_MALFORMED,
                        "%s: no array '%s': expected COCO's instances format", r->name, key);
    *n = json_array_size(*list);
    if (*n > INT32_MAX)
        return dsq_fail(r->diag, DSQ_UNSUPPORTED, "%s: %zu %s are too many", r->name, *n, key);
    return DSQ_OK;
}

static enum dsq_status read_images(const struct reading *r, const json_t *root)
{
    struct dsq_coco_dataset *s = r->dataset;
    const json_t *list;
    DSQ_TRY(get_list(r, root, "images", &list, &s->n_images));
    s->image = dsq_arena_calloc(&s->arena, s->n_images, sizeof *s->image);
    if (!s->image)
        return no_memory(r);
    for (size_t i = 0; i < s->n_images; i++) {
        const json_t *entry = json_array_get(list, i);
        struct dsq_coco_image *image = &s->image[i];
        if (!dsq_coco_field_id(entry, "id", &image->id))
            return bad_field(r, "images", i, "id", "an integer");
        image->file_name = copy_text(r, entry, "file_name");
        image->width = size_field(entry, "width");
        image->height = size_field(entry, "height");
        if (!image->file_name)
            return no_memory(r);
    }
    qsort(s->image, s->n_images, sizeof *s->image, compare_images);
    for (size_t i = 1; i < s->n_images; i++)
        if (s->image[i].id == s->image[i - 1].id)
            return dsq_fail(r->diag, DSQ_MALFORMED, "%s: two images have the id %lld", r->name,
                            (long long)s->image[i].id);
    return DSQ_OK;
}

static enum dsq_status read_categories(const struct reading *r, const json_t *root)
{
    struct dsq_coco_dataset *s = r->dataset;
    const json_t *list;
    DSQ_TRY(get_list(r, root, "categories", &list, &s->n_categories));
    s->category = dsq_arena_calloc(&s->arena, s->n_categories, sizeof *s->category);
    s->category_key = dsq_arena_calloc(&s->arena, s->n_categories, sizeof *s->category_key);
    if (!s->category || !s->category_key)
        return no_memory(r);
    for (size_t i = 0; i < s->n_categories; i++) {
        const json_t *entry = json_array_get(list, i);
        struct dsq_coco_category *category = &s->category[i];
        if (!dsq_coco_field_id(entry, "id", &category->id))
            return bad_field(r, "categories", i, "id", "an integer");
        category->name = copy_text(r, entry, "name");
        if (!category->name)
            return no_memory(r);
        s->category_key[i] = (struct dsq_coco_key){category->id, (int32_t)i};
    }
    qsort(s->category_key, s->n_categories, sizeof *s->category_key, compare_keys);
    for (size_t i = 1; i < s->n_categories; i++)
        if (s->category_key[i].id == s->category_key[i - 1].id)
            return dsq_fail(r->diag, DSQ_MALFORMED, "%s: two categories have the id %lld", r->name,
                            (long long)s->category_key[i].id);
    return DSQ_OK;
}

/* Missing and null are the same: the default. A crowd is anything but 0 and false. */
static bool read_crowd(const json_t *entry, bool *crowd)
{
    const json_t *v = json_object_get(entry, "iscrowd");
    *crowd = json_is_true(v) || (json_is_number(v) && json_number_value(v) != 0);
    return !v || json_is_null(v) || json_is_boolean(v) || json_is_number(v);
}

static bool read_area(const json_t *entry, const double box[4], double *area)
{
    const json_t *v = json_object_get(entry, "area");
    *area = json_is_number(v) ? json_number_value(v) : box[2] * box[3];
    return !v || json_is_null(v) || json_is_number(v);
}

static enum dsq_status read_annotation(const struct reading *r, const json_t *entry, size_t i,
                                       struct dsq_coco_annotation *out)
{
    static const char list[] = "annotations";
    int64_t image, category;
    if (!dsq_coco_field_id(entry, "id", &out->id))
        return bad_field(r, list, i, "id", "an integer");
    if (!dsq_coco_field_id(entry, "image_id", &image))
        return bad_field(r, list, i, "image_id", "an integer");
    if (!dsq_coco_field_id(entry, "category_id", &category))
        return bad_field(r, list, i, "category_id", "an integer");
    out->image = dsq_coco_image_by_id(r->dataset, image);
    out->category = dsq_coco_category_by_id(r->dataset, category);
    if (!dsq_coco_field_box(entry, "bbox", out->box))
        return bad_field(r, list, i, "bbox", "[x, y, width, height]");
    if (!read_crowd(entry, &out->crowd))
        return bad_field(r, list, i, "iscrowd", "0 or 1");
    if (!read_area(entry, out->box, &out->area))
        return bad_field(r, list, i, "area", "a number");
    return DSQ_OK;
}

/* `ids` of all annotations, those left out too. */
static enum dsq_status check_annotation_ids(const struct reading *r, int64_t *ids, size_t n)
{
    qsort(ids, n, sizeof *ids, compare_plain_ids);
    for (size_t i = 1; i < n; i++)
        if (ids[i] == ids[i - 1])
            return dsq_fail(r->diag, DSQ_MALFORMED, "%s: two annotations have the id %lld", r->name,
                            (long long)ids[i]);
    return DSQ_OK;
}

static enum dsq_status read_annotations(const struct reading *r, const json_t *root)
{
    struct dsq_coco_dataset *s = r->dataset;
    const json_t *list;
    size_t n = 0;
    DSQ_TRY(get_list(r, root, "annotations", &list, &n));
    s->annotation = dsq_arena_calloc(&s->arena, n, sizeof *s->annotation);
    int64_t *ids = dsq_calloc(s->arena.allocator, n, sizeof *ids);
    enum dsq_status status = DSQ_OK;
    if (!s->annotation || !ids) {
        status = no_memory(r);
        goto done;
    }
    for (size_t i = 0; i < n; i++) {
        struct dsq_coco_annotation *a = &s->annotation[s->n_annotations];
        status = read_annotation(r, json_array_get(list, i), i, a);
        if (status != DSQ_OK)
            goto done;
        ids[i] = a->id;
        if (a->image < 0 || a->category < 0) {
            s->n_strays++;
            continue;
        }
        s->n_annotations++;
        s->has_id_zero |= a->id == 0;
    }
    status = check_annotation_ids(r, ids, n);
done:
    dsq_release(s->arena.allocator, ids);
    return status;
}

static enum dsq_status read_root(const struct reading *r, const json_t *root)
{
    if (!json_is_object(root))
        return dsq_fail(r->diag, DSQ_MALFORMED,
                        "%s: not an object: expected COCO's instances format with images, "
                        "annotations and categories",
                        r->name);
    DSQ_TRY(read_images(r, root));
    DSQ_TRY(read_categories(r, root));
    return read_annotations(r, root);
}

enum dsq_status dsq_coco_parse(struct dsq_coco_dataset **out, const char *text, size_t bytes,
                               const char *name, const struct dsq_allocator *a, struct dsq_diag *d)
{
    *out = NULL;
    json_error_t error;
    json_t *root = json_loadb(text, bytes, 0, &error);
    if (!root)
        return dsq_fail(d, DSQ_MALFORMED, "%s:%d:%d: %s", name, error.line, error.column,
                        error.text);
    struct dsq_coco_dataset *dataset = dsq_calloc(a, 1, sizeof *dataset);
    enum dsq_status status;
    if (dataset) {
        dsq_arena_init(&dataset->arena, a);
        status = read_root(&(struct reading){dataset, name, d}, root);
    } else {
        status = dsq_fail(d, DSQ_NOMEM, "%s: no memory for its annotations", name);
    }
    json_decref(root);
    if (status != DSQ_OK)
        dsq_coco_free(&dataset);
    *out = dataset;
    return status;
}

enum dsq_status dsq_coco_read(struct dsq_coco_dataset **out, const char *path,
                              const struct dsq_allocator *a, struct dsq_diag *d)
{
    *out = NULL;
    void *text;
    size_t bytes;
    DSQ_TRY(dsq_file_read(path, a, &text, &bytes, d));
    enum dsq_status status = dsq_coco_parse(out, text, bytes, path, a, d);
    dsq_release(a, text);
    return status;
}

void dsq_coco_free(struct dsq_coco_dataset **dataset)
{
    if (!*dataset)
        return;
    const struct dsq_allocator *a = (*dataset)->arena.allocator;
    dsq_arena_free(&(*dataset)->arena);
    dsq_release(a, *dataset);
    *dataset = NULL;
}

int32_t dsq_coco_image_by_id(const struct dsq_coco_dataset *dataset, int64_t id)
{
    struct dsq_coco_image key = {.id = id};
    const struct dsq_coco_image *found =
        bsearch(&key, dataset->image, dataset->n_images, sizeof *dataset->image, compare_images);
    return found ? (int32_t)(found - dataset->image) : -1;
}

int32_t dsq_coco_category_by_id(const struct dsq_coco_dataset *dataset, int64_t id)
{
    struct dsq_coco_key key = {.id = id};
    const struct dsq_coco_key *found = bsearch(&key, dataset->category_key, dataset->n_categories,
                                               sizeof *dataset->category_key, compare_keys);
    return found ? found->index : -1;
}

int32_t dsq_coco_category_by_name(const struct dsq_coco_dataset *dataset, const char *name)
{
    for (size_t i = 0; i < dataset->n_categories; i++)
        if (strcmp(dataset->category[i].name, name) == 0)
            return (int32_t)i;
    return -1;
}

enum dsq_status dsq_coco_warn(const struct dsq_coco_dataset *dataset, const char *name,
                              const struct dsq_log *log, bool strict, struct dsq_diag *d)
{
    const struct dsq_common common = {.size = sizeof common, .log = log, .strict = strict};
    if (dataset->has_id_zero)
        DSQ_TRY(dsq_warn(&common, d, DSQ_MALFORMED,
                         "%s: an annotation has the id 0: a detection that matches it counts as a "
                         "false positive, as it does in pycocotools; number from 1",
                         name));
    if (dataset->n_strays)
        DSQ_TRY(dsq_warn(&common, d, DSQ_MALFORMED,
                         "%s: %zu annotations take no part: their image_id or category_id is not "
                         "listed",
                         name, dataset->n_strays));
    return DSQ_OK;
}
