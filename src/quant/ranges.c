/* SPDX-License-Identifier: Apache-2.0 */
/* Ranges by tensor name, and PPQ's JSON file of them. jansson reads and writes the JSON. */
#include "quant/ranges.h"

#include <float.h>
#include <jansson.h>

#include "quant/json.h"
#include "quant/names.h"

#define KEY "act_quant_info"

struct dsq_ranges {
    struct dsq_names names;
    double *range; /* by name */
    size_t capacity;
};

enum dsq_status dsq_ranges_create(struct dsq_ranges **out, const struct dsq_allocator *a,
                                  struct dsq_diag *d)
{
    *out = dsq_calloc(a, 1, sizeof **out);
    if (!*out)
        return dsq_fail(d, DSQ_NOMEM, "no memory for ranges");
    dsq_names_init(&(*out)->names, a);
    return DSQ_OK;
}

void dsq_ranges_free(struct dsq_ranges **ranges)
{
    struct dsq_ranges *r = *ranges;
    if (!r)
        return;
    const struct dsq_allocator *a = r->names.arena.allocator;
    dsq_release(a, r->range);
    dsq_names_free(&r->names);
    dsq_release(a, r);
    *ranges = NULL;
}

enum dsq_status dsq_ranges_set(struct dsq_ranges *r, const char *name, double range,
                               struct dsq_diag *d)
{
    if (!(range >= 0.0))
        return dsq_fail(d, DSQ_ARGUMENT, "range of tensor '%s' is %g: expected a number >= 0", name,
                        range);
    if (range / 127.0 > (double)FLT_MAX)
        return dsq_fail(d, DSQ_ARGUMENT, "range of tensor '%s' is %g: expected at most %g", name,
                        range, 127.0 * (double)FLT_MAX);
    size_t i;
    DSQ_TRY(dsq_names_add(&r->names, name, &i, NULL, d));
    void *array = r->range;
    enum dsq_status status =
        dsq_names_grow(&r->names, &array, &r->capacity, i, sizeof *r->range, d);
    r->range = array;
    DSQ_TRY(status);
    r->range[i] = range + 0.0; /* no -0 */
    return DSQ_OK;
}

bool dsq_ranges_get(const struct dsq_ranges *r, const char *name, double *range)
{
    int64_t i = dsq_names_find(&r->names, name);
    if (i < 0)
        return false;
    if (range)
        *range = r->range[i];
    return true;
}

size_t dsq_ranges_count(const struct dsq_ranges *r)
{
    return r->names.n;
}

const char *dsq_ranges_name(const struct dsq_ranges *r, size_t i)
{
    return r->names.name[i];
}

enum dsq_status dsq_ranges_from_object(struct dsq_ranges *r, json_t *object, const char *file,
                                       struct dsq_diag *d)
{
    const char *name;
    json_t *value;
    json_object_foreach(object, name, value)
    {
        if (!json_is_number(value))
            return dsq_fail(d, DSQ_MALFORMED, "%s: range of tensor '%s' is no number", file, name);
        enum dsq_status status = dsq_ranges_set(r, name, json_number_value(value), d);
        if (status != DSQ_OK)
            return dsq_fail_in(d, status == DSQ_ARGUMENT ? DSQ_MALFORMED : status, "%s", file);
    }
    return DSQ_OK;
}

enum dsq_status dsq_ranges_to_object(const struct dsq_ranges *r, json_t **out, struct dsq_diag *d)
{
    json_t *object = json_object();
    for (size_t i = 0; object && i < r->names.n; i++)
        if (json_object_set_new(object, r->names.name[i], json_real(r->range[i])) != 0) {
            json_decref(object);
            return dsq_fail(d, DSQ_MALFORMED,
                            "tensor name '%s' is no valid UTF-8, which JSON needs",
                            r->names.name[i]);
        }
    *out = object;
    return object ? DSQ_OK : dsq_fail(d, DSQ_NOMEM, "no memory for JSON");
}

enum dsq_status dsq_ranges_parse_json(struct dsq_ranges **out, const char *text, size_t bytes,
                                      const char *name, const struct dsq_allocator *a,
                                      struct dsq_diag *d)
{
    enum dsq_status status;
    struct dsq_ranges *r = NULL;
    json_t *root = NULL;
    *out = NULL;
    DSQ_GUARD(dsq_json_parse(&root, text, bytes, name, d));
    json_t *object = json_object_get(root, KEY);
    if (!json_is_object(object)) {
        status = dsq_fail(d, DSQ_MALFORMED, "%s: expected an object {\"" KEY "\": {...}}", name);
        goto fail;
    }
    DSQ_GUARD(dsq_ranges_create(&r, a, d));
    DSQ_GUARD(dsq_ranges_from_object(r, object, name, d));
    *out = r;
    r = NULL;
fail:
    dsq_ranges_free(&r);
    json_decref(root);
    return status;
}

enum dsq_status dsq_ranges_to_json(const struct dsq_ranges *r, struct dsq_writer *w,
                                   struct dsq_diag *d)
{
    json_t *object = NULL;
    DSQ_TRY(dsq_ranges_to_object(r, &object, d));
    json_t *root = json_object();
    enum dsq_status status;
    if (json_object_set_new(root, KEY, object) != 0)
        status = dsq_fail(d, DSQ_NOMEM, "no memory for JSON");
    else
        status = dsq_json_print(root, JSON_INDENT(4) | JSON_REAL_PRECISION(17), w, d);
    dsq_write_text(w, "\n");
    json_decref(root);
    return status;
}

enum dsq_status dsq_ranges_read_json(struct dsq_ranges **out, const char *path,
                                     const struct dsq_allocator *a, struct dsq_diag *d)
{
    void *text = NULL;
    size_t bytes;
    *out = NULL;
    DSQ_TRY(dsq_file_read(path, a, &text, &bytes, d));
    enum dsq_status status = dsq_ranges_parse_json(out, text, bytes, path, a, d);
    dsq_release(a, text);
    return status;
}

enum dsq_status dsq_ranges_write_json(const struct dsq_ranges *r, const char *path,
                                      struct dsq_diag *d)
{
    struct dsq_writer w;
    dsq_writer_init(&w, r->names.arena.allocator);
    enum dsq_status status = dsq_ranges_to_json(r, &w, d);
    if (status == DSQ_OK && w.failed)
        status = dsq_fail(d, DSQ_NOMEM, "%s: no memory for %zu ranges", path, r->names.n);
    if (status == DSQ_OK)
        status = dsq_file_write(path, w.data, w.bytes, d);
    dsq_writer_free(&w);
    return status;
}
