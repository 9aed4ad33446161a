/* SPDX-License-Identifier: Apache-2.0 */
/* Describing pictures, tensors, and JSON: ranges, tasks, annotations, detections. */
#include <math.h>
#include <string.h>

#include "api/inspect.h"
#include "api/json_text.h"
#include "base/npy.h"
#include "base/settings.h"
#include "detect/picture.h"
#include "detect/task.h"
#include "eval/coco.h"
#include "quant/ranges.h"

static void set_kind(json_t *o, const char *kind)
{
    json_object_set_new(o, "kind", json_string(kind));
}

static void set_count(json_t *o, const char *key, size_t n)
{
    json_object_set_new(o, key, json_integer((json_int_t)n));
}

/* ---- pictures and tensors ---- */

enum dsq_status dsq_describe_picture(const char *path, const void *data, size_t bytes, json_t *o,
                                     const struct dsq_common *common, struct dsq_diag *d)
{
    struct dsq_picture *picture = NULL;
    DSQ_TRY(dsq_picture_decode(&picture, data, bytes, path, false, common->allocator, d));
    set_kind(o, "picture");
    json_object_set_new(o, "format", json_string(*(const uint8_t *)data == 0xff ? "JPEG" : "PNG"));
    set_count(o, "width", (size_t)picture->width);
    set_count(o, "height", (size_t)picture->height);
    set_count(o, "exif_orientation", (size_t)dsq_exif_orientation(data, bytes));
    dsq_picture_free(&picture);
    return DSQ_OK;
}

static double element(const struct dsq_tensor *t, size_t i)
{
    switch (t->dtype) {
    case DSQ_F32:
        return (double)((const float *)t->data)[i];
    case DSQ_S8:
        return ((const int8_t *)t->data)[i];
    case DSQ_S32:
        return ((const int32_t *)t->data)[i];
    case DSQ_S64:
        return (double)((const int64_t *)t->data)[i];
    default:
        return ((const uint8_t *)t->data)[i];
    }
}

/* Of the finite numbers; how many are not is told too. */
static void describe_numbers(json_t *o, const struct dsq_tensor *t, size_t n)
{
    double low = INFINITY, high = -INFINITY, sum = 0;
    size_t odd = 0;
    for (size_t i = 0; i < n; i++) {
        double v = element(t, i);
        if (!isfinite(v)) {
            odd++;
            continue;
        }
        low = v < low ? v : low;
        high = v > high ? v : high;
        sum += v;
    }
    if (n > odd) {
        json_object_set_new(o, "min", json_real(low));
        json_object_set_new(o, "max", json_real(high));
        json_object_set_new(o, "mean", json_real(sum / (double)(n - odd)));
    }
    set_count(o, "not_finite", odd);
}

enum dsq_status dsq_describe_tensor(const char *path, json_t *o, const struct dsq_common *common,
                                    struct dsq_diag *d)
{
    struct dsq_tensor t;
    DSQ_TRY(dsq_npy_read(&t, path, common->allocator, d));
    size_t n = 1;
    json_t *shape = json_array();
    for (int32_t i = 0; i < t.rank; i++) {
        n *= (size_t)t.dims[i];
        json_array_append_new(shape, json_integer(t.dims[i]));
    }
    set_kind(o, "tensor");
    json_object_set_new(o, "dtype", json_string(dsq_dtype_name(t.dtype)));
    json_object_set_new(o, "shape", shape);
    describe_numbers(o, &t, n);
    dsq_npy_free(&t, common->allocator);
    return DSQ_OK;
}

/* ---- JSON ---- */

static enum dsq_status describe_ranges(const char *path, const char *text, size_t bytes, json_t *o,
                                       const struct dsq_common *common, struct dsq_diag *d)
{
    struct dsq_ranges *ranges = NULL;
    DSQ_TRY(dsq_ranges_parse_json(&ranges, text, bytes, path, common->allocator, d));
    set_kind(o, "ranges");
    json_t *tensors = json_object();
    for (size_t i = 0; i < dsq_ranges_count(ranges); i++) {
        const char *name = dsq_ranges_name(ranges, i);
        double range = 0;
        dsq_ranges_get(ranges, name, &range);
        json_object_set_new_nocheck(tensors, name, json_real(range));
    }
    json_object_set_new(o, "tensors", tensors);
    dsq_ranges_free(&ranges);
    return DSQ_OK;
}

/* In its canonical form, so that what a preset brings is seen. */
static enum dsq_status describe_task(const char *path, const char *text, json_t *o,
                                     const struct dsq_common *common, struct dsq_diag *d)
{
    struct dsq_task *task = NULL;
    char *canonical = NULL;
    enum dsq_status status = dsq_task_parse(&task, text, NULL, 0, common->allocator, d);
    if (status == DSQ_OK)
        status = dsq_task_to_json(task, &canonical, common->allocator, d);
    if (status == DSQ_OK) {
        set_kind(o, "task");
        json_object_set_new(o, "fields", json_loads(canonical, 0, NULL));
    }
    dsq_release(common->allocator, canonical);
    dsq_task_free(&task);
    return status == DSQ_OK ? DSQ_OK : dsq_fail_in(d, status, "%s", path);
}

static enum dsq_status describe_categories(json_t *o, const struct dsq_coco_dataset *s,
                                           const struct dsq_common *common, struct dsq_diag *d)
{
    size_t *n = dsq_calloc(common->allocator, s->n_categories + 1, sizeof *n);
    if (!n)
        return dsq_fail(d, DSQ_NOMEM, "no memory for %zu categories", s->n_categories);
    for (size_t i = 0; i < s->n_annotations; i++)
        n[s->annotation[i].category]++;
    json_t *list = json_array();
    for (size_t i = 0; i < s->n_categories; i++) {
        json_t *category = json_object();
        json_object_set_new(category, "id", json_integer(s->category[i].id));
        json_object_set_new(category, "name", dsq_json_text(s->category[i].name));
        set_count(category, "objects", n[i]);
        json_array_append_new(list, category);
    }
    json_object_set_new(o, "classes", list);
    dsq_release(common->allocator, n);
    return DSQ_OK;
}

static enum dsq_status describe_annotations(const char *path, const char *text, size_t bytes,
                                            json_t *o, const struct dsq_common *common,
                                            struct dsq_diag *d)
{
    struct dsq_coco_dataset *s = NULL;
    DSQ_TRY(dsq_coco_parse(&s, text, bytes, path, common->allocator, d));
    size_t crowds = 0;
    for (size_t i = 0; i < s->n_annotations; i++)
        crowds += s->annotation[i].crowd;
    set_kind(o, "annotations");
    set_count(o, "images", s->n_images);
    set_count(o, "annotations", s->n_annotations);
    set_count(o, "crowds", crowds);
    set_count(o, "left_out", s->n_strays);
    set_count(o, "categories", s->n_categories);
    enum dsq_status status = describe_categories(o, s, common, d);
    dsq_coco_free(&s);
    return status;
}

/* A COCO results file. */
static enum dsq_status describe_detections(const char *path, const json_t *list, json_t *o,
                                           struct dsq_diag *d)
{
    size_t i;
    json_t *item, *images = json_object(), *categories = json_object();
    double low = INFINITY, high = -INFINITY;
    enum dsq_status status = DSQ_OK;
    json_array_foreach(list, i, item)
    {
        const json_t *image = json_object_get(item, "image_id");
        const json_t *category = json_object_get(item, "category_id");
        const json_t *score = json_object_get(item, "score");
        if (!json_is_integer(image) || !json_is_integer(category) || !json_is_number(score) ||
            json_array_size(json_object_get(item, "bbox")) != 4) {
            status = dsq_fail(d, DSQ_MALFORMED,
                              "%s: item %zu is no detection: expected image_id, category_id, bbox "
                              "of 4 numbers and score",
                              path, i);
            break;
        }
        char key[32];
        snprintf(key, sizeof key, "%lld", (long long)json_integer_value(image));
        json_object_set_new(images, key, json_null());
        snprintf(key, sizeof key, "%lld", (long long)json_integer_value(category));
        json_object_set_new(categories, key, json_null());
        low = fmin(low, json_number_value(score));
        high = fmax(high, json_number_value(score));
    }
    set_kind(o, "detections");
    set_count(o, "detections", json_array_size(list));
    set_count(o, "images", json_object_size(images));
    set_count(o, "categories", json_object_size(categories));
    if (json_array_size(list) > 0) {
        json_object_set_new(o, "lowest_score", json_real(low));
        json_object_set_new(o, "highest_score", json_real(high));
    }
    json_decref(images);
    json_decref(categories);
    return status;
}

static bool has(const json_t *object, const char *key)
{
    return json_object_get(object, key) != NULL;
}

enum dsq_status dsq_describe_json_file(const char *path, const char *text, size_t bytes, json_t *o,
                                       const struct dsq_common *common, struct dsq_diag *d)
{
    json_error_t error;
    json_t *root = json_loadb(text, bytes, 0, &error);
    if (!root)
        return dsq_fail(d, DSQ_MALFORMED, "%s: line %d, column %d: %s", path, error.line,
                        error.column, error.text);
    enum dsq_status status;
    if (json_is_array(root))
        status = describe_detections(path, root, o, d);
    else if (has(root, "act_quant_info"))
        status = describe_ranges(path, text, bytes, o, common, d);
    else if (has(root, "preset") || has(root, "family"))
        status = describe_task(path, text, o, common, d);
    else if (has(root, "images") || has(root, "categories"))
        status = describe_annotations(path, text, bytes, o, common, d);
    else
        status = dsq_fail(d, DSQ_MALFORMED,
                          "%s: a JSON object, but neither ranges (act_quant_info) nor a task "
                          "(preset, family) nor annotations (images, categories)",
                          path);
    json_decref(root);
    return status;
}
