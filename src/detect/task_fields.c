/* SPDX-License-Identifier: Apache-2.0 */
/* The table of a task's fields, and each kind's way from JSON and back. Files and presets: task.c.
 */
#include "detect/task_fields.h"

#include <math.h>
#include <string.h>

static const char *const colors[] = {"rgb", "bgr", NULL};
static const char *const filters[] = {"opencv-linear", "pil-antialias", NULL};
static const char *const roundings[] = {"floor", "half-up", NULL};
static const char *const ways_back[] = {"one-ratio", "per-axis", NULL};
static const char *const clips[] = {"picture", "input", "none", NULL};
static const char *const families[] = {"retinanet", "nanodet", "yolox", "raw", NULL};
static const char *const activations[] = {"sigmoid", "none", "softmax", NULL};
static const char *const backgrounds[] = {"none", "first", "last", NULL};
static const char *const stride_rules[] = {"fixed", "grid", NULL};
static const char *const orders[] = {"ratio-major", "scale-major", NULL};
static const char *const anchor_roundings[] = {"none", "base", "corners", NULL};
static const char *const extents[] = {"exclusive", "inclusive", NULL};
static const char *const clamps[] = {"both", "above", "none", NULL};
static const char *const classes_per_box[] = {"all", "best", NULL};

/* clang-format off */
enum {
    RETINANET = 1 << DSQ_FAMILY_RETINANET,
    NANODET = 1 << DSQ_FAMILY_NANODET,
    YOLOX = 1 << DSQ_FAMILY_YOLOX,
    BOXES = RETINANET | NANODET | YOLOX,
    ALL = BOXES | 1 << DSQ_FAMILY_RAW,
};

#define AT(member) offsetof(struct dsq_task, member)
#define ROW(kind_, families_, member, ...) \
    {.name = #member, .kind = DSQ_TASK_##kind_, .offset = AT(member), .families = families_, \
     __VA_ARGS__}
#define TEXT(families, member)               ROW(TEXT, families, member, .optional = true)
#define NAMES(families, member)              ROW(NAMES, families, member, .optional = true)
#define BOOL(families, member)               ROW(BOOL, families, member, .optional = false)
#define RESIZE(families, member)             ROW(RESIZE, families, member, .optional = false)
#define WORD(families, member, list)         ROW(WORD, families, member, .words = list)
#define OPTION(families, member, list) \
    ROW(WORD, families, member, .words = list, .optional = true)
#define INTEGER(families, member, low, high) ROW(INTEGER, families, member, .min = low, .max = high)
#define NUMBER(families, member, low, high)  ROW(NUMBER, families, member, .min = low, .max = high)
#define NUMBERS(families, member, n, low, high) \
    ROW(NUMBERS, families, member, .count = n, .min = low, .max = high)
/* clang-format on */

static const struct dsq_task_field fields[] = {
    TEXT(ALL, name),
    WORD(ALL, color, colors),
    NUMBERS(ALL, mean, 3, -1e6, 1e6),
    NUMBERS(ALL, std, 3, 1e-6, 1e6),
    RESIZE(ALL, resize),
    WORD(ALL, filter, filters),
    WORD(ALL, size_rounding, roundings),
    INTEGER(ALL, pad, 1, 4096),
    NUMBER(ALL, pad_value, -1e6, 1e6),
    BOOL(ALL, pad_before_normalization),
    WORD(BOXES, way_back, ways_back),
    WORD(BOXES, clip, clips),
    WORD(ALL, family, families),
    NAMES(RETINANET | NANODET, score_outputs),
    NAMES(RETINANET | NANODET, box_outputs),
    NAMES(NANODET | YOLOX, outputs),
    WORD(BOXES, score_activation, activations),
    OPTION(RETINANET, background, backgrounds),
    WORD(RETINANET, stride_rule, stride_rules),
    NUMBERS(BOXES, strides, 0, 1, 65536),
    NUMBERS(RETINANET, anchor_base_sizes, 0, 1e-3, 1e6),
    NUMBERS(RETINANET, anchor_scales, 0, 1e-6, 1e6),
    NUMBERS(RETINANET, anchor_ratios, 0, 1e-3, 1e3),
    WORD(RETINANET, anchor_order, orders),
    NUMBER(RETINANET | NANODET, anchor_center_offset, -1, 1),
    WORD(RETINANET, anchor_rounding, anchor_roundings),
    WORD(RETINANET, anchor_extent, extents),
    WORD(RETINANET, box_extent, extents),
    NUMBERS(RETINANET, box_means, 4, -1e6, 1e6),
    NUMBERS(RETINANET, box_stds, 4, 1e-6, 1e6),
    WORD(RETINANET, box_clamp, clamps),
    NUMBER(RETINANET, box_clamp_ratio, 1e-6, 1),
    INTEGER(NANODET, distance_bins, 2, DSQ_TASK_MAX_BINS),
    WORD(BOXES, classes_per_box, classes_per_box),
    NUMBER(BOXES, score_threshold, 1e-6, 0.999999),
    INTEGER(BOXES, candidates_per_level, 1, 100000),
    INTEGER(BOXES, candidates_per_picture, 0, 1000000),
    NUMBER(BOXES, nms_threshold, 0, 1),
    INTEGER(BOXES, max_detections, 1, 100000),
    NAMES(BOXES, classes),
};

const struct dsq_task_field *dsq_task_fields(size_t *n)
{
    *n = sizeof fields / sizeof fields[0];
    return fields;
}

const struct dsq_task_field *dsq_task_field_find(const char *name)
{
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++)
        if (strcmp(fields[i].name, name) == 0)
            return &fields[i];
    return NULL;
}

const char *dsq_task_family_name(int32_t family)
{
    return families[family];
}

static enum dsq_status wrong(struct dsq_diag *d, const char *name, const char *expected)
{
    return dsq_fail(d, DSQ_MALFORMED, "field '%s': expected %s", name, expected);
}

static enum dsq_status read_text(struct dsq_task *task, const char *name, const json_t *value,
                                 const char **out, struct dsq_diag *d)
{
    if (!json_is_string(value))
        return wrong(d, name, "a string");
    *out = dsq_arena_string(&task->arena, json_string_value(value), json_string_length(value));
    return *out ? DSQ_OK : dsq_fail(d, DSQ_NOMEM, "out of memory");
}

static enum dsq_status read_word(const struct dsq_task_field *f, const json_t *value, int32_t *out,
                                 struct dsq_diag *d)
{
    char expected[256] = "one of";
    const char *text = json_is_string(value) ? json_string_value(value) : "";
    for (int32_t i = 0; f->words[i]; i++) {
        if (strcmp(f->words[i], text) == 0) {
            *out = i;
            return DSQ_OK;
        }
        size_t used = strlen(expected);
        snprintf(expected + used, sizeof expected - used, "%s \"%s\"", i ? "," : "", f->words[i]);
    }
    return wrong(d, f->name, expected);
}

static enum dsq_status read_number(const struct dsq_task_field *f, const json_t *value, double *out,
                                   struct dsq_diag *d)
{
    char expected[128];
    double v = json_number_value(value);
    bool integer = f->kind == DSQ_TASK_INTEGER;
    if (json_is_number(value) && v >= f->min && v <= f->max && (!integer || v == floor(v))) {
        *out = v;
        return DSQ_OK;
    }
    snprintf(expected, sizeof expected, "%s from %.10g to %.10g",
             integer ? "an integer" : "a number", f->min, f->max);
    return wrong(d, f->name, expected);
}

static enum dsq_status read_numbers(const struct dsq_task_field *f, const json_t *value,
                                    struct dsq_task_numbers *out, struct dsq_diag *d)
{
    char expected[64];
    size_t n = json_array_size(value);
    size_t least = f->count ? (size_t)f->count : 1;
    size_t most = f->count ? (size_t)f->count : DSQ_TASK_MAX_NUMBERS;
    if (!json_is_array(value) || n < least || n > most) {
        if (f->count)
            snprintf(expected, sizeof expected, "an array of %d numbers", (int)f->count);
        else
            snprintf(expected, sizeof expected, "an array of 1 to %d numbers",
                     DSQ_TASK_MAX_NUMBERS);
        return wrong(d, f->name, expected);
    }
    memset(out, 0, sizeof *out);
    out->n = (int32_t)n;
    for (size_t i = 0; i < n; i++)
        DSQ_TRY(read_number(f, json_array_get(value, i), &out->v[i], d));
    return DSQ_OK;
}

static enum dsq_status read_names(struct dsq_task *task, const struct dsq_task_field *f,
                                  const json_t *value, struct dsq_task_names *out,
                                  struct dsq_diag *d)
{
    size_t n = json_array_size(value);
    if (!json_is_array(value) || n > DSQ_TASK_MAX_NAMES)
        return wrong(d, f->name, "an array of strings");
    out->n = 0;
    out->v = dsq_arena_calloc(&task->arena, n ? n : 1, sizeof *out->v);
    if (!out->v)
        return dsq_fail(d, DSQ_NOMEM, "out of memory");
    for (size_t i = 0; i < n; i++)
        DSQ_TRY(read_text(task, f->name, json_array_get(value, i), &out->v[i], d));
    out->n = (int32_t)n;
    return DSQ_OK;
}

enum dsq_status dsq_task_field_read(struct dsq_task *task, const struct dsq_task_field *field,
                                    const json_t *value, struct dsq_diag *d)
{
    void *at = (char *)task + field->offset;
    double v = 0;
    switch (field->kind) {
    case DSQ_TASK_TEXT:
        return read_text(task, field->name, value, at, d);
    case DSQ_TASK_WORD:
        return read_word(field, value, at, d);
    case DSQ_TASK_BOOL:
        if (!json_is_boolean(value))
            return wrong(d, field->name, "true or false");
        *(bool *)at = json_is_true(value);
        return DSQ_OK;
    case DSQ_TASK_INTEGER:
        DSQ_TRY(read_number(field, value, &v, d));
        *(int32_t *)at = (int32_t)v;
        return DSQ_OK;
    case DSQ_TASK_NUMBER:
        return read_number(field, value, at, d);
    case DSQ_TASK_NUMBERS:
        return read_numbers(field, value, at, d);
    case DSQ_TASK_NAMES:
        return read_names(task, field, value, at, d);
    case DSQ_TASK_RESIZE:
        if (!json_is_string(value) || !dsq_task_resize_parse(json_string_value(value), at))
            return wrong(d, field->name,
                         "\"none\", \"stretch:HxW\", \"fit:HxW\" or \"short:S,MAX\"");
        return DSQ_OK;
    }
    return DSQ_OK;
}

static json_t *write_numbers(const struct dsq_task_numbers *numbers)
{
    json_t *array = json_array();
    for (int32_t i = 0; array && i < numbers->n; i++)
        if (json_array_append_new(array, json_real(numbers->v[i])) != 0) {
            json_decref(array);
            return NULL;
        }
    return array;
}

static json_t *write_names(const struct dsq_task_names *names)
{
    json_t *array = json_array();
    for (int32_t i = 0; array && i < names->n; i++)
        if (json_array_append_new(array, json_string(names->v[i])) != 0) {
            json_decref(array);
            return NULL;
        }
    return array;
}

json_t *dsq_task_field_write(const struct dsq_task *task, const struct dsq_task_field *field)
{
    const void *at = (const char *)task + field->offset;
    char text[64];
    switch (field->kind) {
    case DSQ_TASK_TEXT:
        return json_string(*(const char *const *)at);
    case DSQ_TASK_WORD:
        return json_string(field->words[*(const int32_t *)at]);
    case DSQ_TASK_BOOL:
        return json_boolean(*(const bool *)at);
    case DSQ_TASK_INTEGER:
        return json_integer(*(const int32_t *)at);
    case DSQ_TASK_NUMBER:
        return json_real(*(const double *)at);
    case DSQ_TASK_NUMBERS:
        return write_numbers(at);
    case DSQ_TASK_NAMES:
        return write_names(at);
    case DSQ_TASK_RESIZE:
        dsq_task_resize_format(at, text, sizeof text);
        return json_string(text);
    }
    return NULL;
}
