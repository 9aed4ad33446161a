/* SPDX-License-Identifier: Apache-2.0 */
/* Decisions by name, to and from the JSON that travels in a model's metadata. */
#include "quant/decisions.h"

#include <float.h>
#include <string.h>

#include "quant/json.h"
#include "quant/names.h"

enum { VERSION = 1 };

static const char where[] = "metadata '" DSQ_DECISIONS_KEY "'"; /* for messages */

struct weight {
    const float *scale; /* in the names' arena */
    size_t n;
};

struct dsq_decisions {
    struct dsq_names weight_names, precision_names;
    struct weight *weight;         /* by name */
    enum dsq_precision *precision; /* by name */
    size_t weight_capacity, precision_capacity;
    struct dsq_ranges *ranges;
};

enum dsq_status dsq_decisions_create(struct dsq_decisions **out, const struct dsq_allocator *a,
                                     struct dsq_diag *d)
{
    *out = NULL;
    struct dsq_decisions *t = dsq_calloc(a, 1, sizeof *t);
    if (!t)
        return dsq_fail(d, DSQ_NOMEM, "no memory for decisions");
    dsq_names_init(&t->weight_names, a);
    dsq_names_init(&t->precision_names, a);
    enum dsq_status status = dsq_ranges_create(&t->ranges, a, d);
    if (status != DSQ_OK)
        dsq_decisions_free(&t);
    *out = t;
    return status;
}

void dsq_decisions_free(struct dsq_decisions **decisions)
{
    struct dsq_decisions *t = *decisions;
    if (!t)
        return;
    const struct dsq_allocator *a = t->weight_names.arena.allocator;
    dsq_ranges_free(&t->ranges);
    dsq_release(a, t->weight);
    dsq_release(a, t->precision);
    dsq_names_free(&t->weight_names);
    dsq_names_free(&t->precision_names);
    dsq_release(a, t);
    *decisions = NULL;
}

/* ---- asking and setting ---- */

enum dsq_status dsq_decisions_set_weight(struct dsq_decisions *t, const char *name,
                                         const float *scale, size_t n, struct dsq_diag *d)
{
    if (n == 0)
        return dsq_fail(d, DSQ_ARGUMENT, "weight '%s' has no scales", name);
    for (size_t i = 0; i < n; i++)
        if (!(scale[i] >= FLT_MIN && scale[i] <= FLT_MAX))
            return dsq_fail(d, DSQ_ARGUMENT,
                            "scale %zu of weight '%s' is %g: expected a positive normal float", i,
                            name, (double)scale[i]);
    struct dsq_names *names = &t->weight_names;
    const float *copy = dsq_arena_copy(&names->arena, scale, n * sizeof *scale);
    if (!copy)
        return dsq_fail(d, DSQ_NOMEM, "no memory for the scales of '%s'", name);
    size_t i;
    DSQ_TRY(dsq_names_add(names, name, &i, NULL, d));
    void *array = t->weight;
    enum dsq_status status =
        dsq_names_grow(names, &array, &t->weight_capacity, i, sizeof *t->weight, d);
    t->weight = array;
    DSQ_TRY(status);
    t->weight[i] = (struct weight){copy, n};
    return DSQ_OK;
}

bool dsq_decisions_weight(const struct dsq_decisions *t, const char *name, const float **scale,
                          size_t *n)
{
    int64_t i = dsq_names_find(&t->weight_names, name);
    if (i < 0)
        return false;
    *scale = t->weight[i].scale;
    *n = t->weight[i].n;
    return true;
}

enum dsq_status dsq_decisions_set_precision(struct dsq_decisions *t, const char *name,
                                            enum dsq_precision precision, struct dsq_diag *d)
{
    size_t i;
    DSQ_TRY(dsq_names_add(&t->precision_names, name, &i, NULL, d));
    void *array = t->precision;
    enum dsq_status status = dsq_names_grow(&t->precision_names, &array, &t->precision_capacity, i,
                                            sizeof *t->precision, d);
    t->precision = array;
    DSQ_TRY(status);
    t->precision[i] = precision;
    return DSQ_OK;
}

enum dsq_precision dsq_decisions_precision(const struct dsq_decisions *t, const char *name)
{
    int64_t i = dsq_names_find(&t->precision_names, name);
    return i < 0 ? DSQ_PRECISION_UNDECIDED : t->precision[i];
}

struct dsq_ranges *dsq_decisions_ranges(struct dsq_decisions *t)
{
    return t->ranges;
}

const struct dsq_ranges *dsq_decisions_ranges_const(const struct dsq_decisions *t)
{
    return t->ranges;
}

size_t dsq_decisions_weights(const struct dsq_decisions *t)
{
    return t->weight_names.n;
}

size_t dsq_decisions_precisions(const struct dsq_decisions *t)
{
    return t->precision_names.n;
}

/* ---- writing ---- Each part is printed by itself, since the number of digits goes with the call.
 */

static json_t *weights_json(const struct dsq_decisions *t)
{
    json_t *object = json_object();
    for (size_t i = 0; object && i < t->weight_names.n; i++) {
        json_t *array = json_array();
        for (size_t k = 0; k < t->weight[i].n; k++)
            json_array_append_new(array, json_real((double)t->weight[i].scale[k]));
        if (json_array_size(array) != t->weight[i].n ||
            json_object_set(object, t->weight_names.name[i], array) != 0) {
            json_decref(object);
            object = NULL;
        }
        json_decref(array);
    }
    return object;
}

static json_t *precision_json(const struct dsq_decisions *t)
{
    json_t *object = json_object();
    for (size_t i = 0; object && i < t->precision_names.n; i++) {
        if (t->precision[i] == DSQ_PRECISION_UNDECIDED)
            continue;
        json_t *word = json_string(t->precision[i] == DSQ_PRECISION_INT8 ? "int8" : "float");
        if (json_object_set_new(object, t->precision_names.name[i], word) != 0) {
            json_decref(object);
            object = NULL;
        }
    }
    return object;
}

static enum dsq_status print_part(json_t *part, const char *key, int digits, struct dsq_writer *w,
                                  struct dsq_diag *d)
{
    if (!part)
        return dsq_fail(d, DSQ_MALFORMED, "no JSON for '%s': a name is no valid UTF-8", key);
    dsq_write_format(w, ",\"%s\":", key);
    enum dsq_status status =
        dsq_json_print(part, JSON_COMPACT | JSON_REAL_PRECISION((size_t)digits), w, d);
    json_decref(part);
    return status;
}

enum dsq_status dsq_decisions_to_json(const struct dsq_decisions *t, struct dsq_writer *w,
                                      struct dsq_diag *d)
{
    dsq_write_format(w, "{\"version\":%d", VERSION);
    DSQ_TRY(print_part(weights_json(t), "weights", 9, w, d));
    DSQ_TRY(print_part(precision_json(t), "precision", 0, w, d));
    if (dsq_ranges_count(t->ranges)) {
        json_t *ranges = NULL;
        DSQ_TRY(dsq_ranges_to_object(t->ranges, &ranges, d));
        DSQ_TRY(print_part(ranges, "ranges", 17, w, d));
    }
    dsq_write_text(w, "}");
    return w->failed ? dsq_fail(d, DSQ_NOMEM, "no memory for JSON") : DSQ_OK;
}

/* ---- reading ---- */

static enum dsq_status parse_scales(struct dsq_decisions *t, const char *name, json_t *array,
                                    struct dsq_diag *d)
{
    const struct dsq_allocator *a = t->weight_names.arena.allocator;
    size_t n = json_array_size(array); /* 0 for anything but an array */
    float *scale = dsq_calloc(a, n + 1, sizeof *scale);
    if (!scale)
        return dsq_fail(d, DSQ_NOMEM, "no memory for the scales of '%s'", name);
    enum dsq_status status = DSQ_OK;
    for (size_t i = 0; i < n && status == DSQ_OK; i++) {
        json_t *number = json_array_get(array, i);
        double v = json_number_value(number);
        bool fits = v > 0.0 && v < 0x1.ffffffp127; /* half a step beyond FLT_MAX: rounds to inf */
        scale[i] = fits ? (float)v : 0.0f;
        if (!json_is_number(number) || scale[i] < FLT_MIN)
            status = dsq_fail(d, DSQ_MALFORMED,
                              "%s: scale %zu of weight '%s' is no positive normal float", where, i,
                              name);
    }
    if (status == DSQ_OK && n == 0)
        status =
            dsq_fail(d, DSQ_MALFORMED, "%s: weight '%s' needs an array of scales", where, name);
    if (status == DSQ_OK)
        status = dsq_decisions_set_weight(t, name, scale, n, d);
    dsq_release(a, scale);
    return status;
}

static enum dsq_status parse_precision(struct dsq_decisions *t, const char *name, json_t *word,
                                       struct dsq_diag *d)
{
    const char *text = json_is_string(word) ? json_string_value(word) : "";
    if (strcmp(text, "int8") == 0)
        return dsq_decisions_set_precision(t, name, DSQ_PRECISION_INT8, d);
    if (strcmp(text, "float") == 0)
        return dsq_decisions_set_precision(t, name, DSQ_PRECISION_FLOAT, d);
    return dsq_fail(d, DSQ_MALFORMED, "%s: precision of '%s': expected \"int8\" or \"float\"",
                    where, name);
}

typedef enum dsq_status entry_fn(struct dsq_decisions *t, const char *name, json_t *value,
                                 struct dsq_diag *d);

static enum dsq_status parse_part(struct dsq_decisions *t, json_t *root, const char *key,
                                  entry_fn *parse_entry, struct dsq_diag *d)
{
    json_t *object = json_object_get(root, key);
    if (!object)
        return DSQ_OK;
    if (!json_is_object(object))
        return dsq_fail(d, DSQ_MALFORMED, "%s: '%s' is no object", where, key);
    const char *name;
    json_t *value;
    json_object_foreach(object, name, value) DSQ_TRY(parse_entry(t, name, value, d));
    return DSQ_OK;
}

static enum dsq_status parse_root(struct dsq_decisions *t, json_t *root, struct dsq_diag *d)
{
    json_t *version = json_object_get(root, "version");
    if (!json_is_integer(version))
        return dsq_fail(d, DSQ_MALFORMED, "%s: 'version' is no integer", where);
    if (json_integer_value(version) != VERSION)
        return dsq_fail(d, DSQ_UNSUPPORTED, "%s: version %lld: this library reads version %d",
                        where, (long long)json_integer_value(version), VERSION);
    DSQ_TRY(parse_part(t, root, "weights", parse_scales, d));
    DSQ_TRY(parse_part(t, root, "precision", parse_precision, d));
    json_t *ranges = json_object_get(root, "ranges");
    if (ranges && !json_is_object(ranges))
        return dsq_fail(d, DSQ_MALFORMED, "%s: 'ranges' is no object", where);
    return ranges ? dsq_ranges_from_object(t->ranges, ranges, where, d) : DSQ_OK;
}

enum dsq_status dsq_decisions_parse(struct dsq_decisions **out, const char *text,
                                    const struct dsq_allocator *a, struct dsq_diag *d)
{
    enum dsq_status status;
    struct dsq_decisions *t = NULL;
    json_t *root = NULL;
    *out = NULL;
    DSQ_GUARD(dsq_json_parse(&root, text, strlen(text), where, d));
    DSQ_GUARD(dsq_decisions_create(&t, a, d));
    DSQ_GUARD(parse_root(t, root, d));
    *out = t;
    t = NULL;
fail:
    dsq_decisions_free(&t);
    json_decref(root);
    return status;
}
