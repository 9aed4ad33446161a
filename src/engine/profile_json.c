/* SPDX-License-Identifier: Apache-2.0 */
/* The shape profile as JSON: {"inputs": [{"name": "input", "min": [1, 3, 320, 320], "opt": ...,
 * "max": ...}]}; an empty list of inputs is an engine without a profile. */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "engine/engine.h"

static const char *const bounds[3] = {"min", "opt", "max"};

static void write_dims(struct dsq_writer *w, const char *name, const int64_t *dim, int32_t rank)
{
    dsq_write_format(w, ", \"%s\": [", name);
    for (int32_t i = 0; i < rank; i++)
        dsq_write_format(w, "%s%lld", i ? ", " : "", (long long)dim[i]);
    dsq_write_text(w, "]");
}

enum dsq_status dsq_profile_to_json(const struct dsq_profile_input *profile, int32_t n,
                                    struct dsq_writer *w, struct dsq_diag *d)
{
    dsq_write_text(w, "{\"inputs\": [");
    for (int32_t i = 0; i < n; i++) {
        json_t *name = json_string(profile[i].name);
        char *quoted = name ? json_dumps(name, JSON_ENCODE_ANY) : NULL;
        json_decref(name);
        if (!quoted)
            return dsq_fail(d, DSQ_MALFORMED, "input '%s': its name is not UTF-8", profile[i].name);
        dsq_write_format(w, "%s{\"name\": %s", i ? ", " : "", quoted);
        free(quoted);
        write_dims(w, bounds[0], profile[i].min, profile[i].rank);
        write_dims(w, bounds[1], profile[i].opt, profile[i].rank);
        write_dims(w, bounds[2], profile[i].max, profile[i].rank);
        dsq_write_text(w, "}");
    }
    dsq_write_text(w, "]}");
    return DSQ_OK;
}

static bool read_dims(const json_t *input, const char *name, int64_t *dim, int32_t *rank)
{
    const json_t *list = json_object_get(input, name);
    if (!json_is_array(list) || json_array_size(list) > DSQ_MAX_RANK)
        return false;
    *rank = (int32_t)json_array_size(list);
    for (int32_t i = 0; i < *rank; i++) {
        const json_t *number = json_array_get(list, (size_t)i);
        if (!json_is_integer(number))
            return false;
        dim[i] = json_integer_value(number);
    }
    return true;
}

static enum dsq_status read_input(struct dsq_profile_input *p, const json_t *input,
                                  const struct dsq_graph *g, int32_t i, struct dsq_diag *d)
{
    const char *expected = g->value[g->input[i]].name;
    const char *name = json_string_value(json_object_get(input, "name"));
    if (!name || strcmp(name, expected) != 0)
        return dsq_fail(d, DSQ_MALFORMED, "profile: input %d is not named '%s'", (int)i, expected);
    p->name = expected;
    int32_t rank[3];
    if (!read_dims(input, bounds[0], p->min, &rank[0]) ||
        !read_dims(input, bounds[1], p->opt, &rank[1]) ||
        !read_dims(input, bounds[2], p->max, &rank[2]) || rank[0] != rank[1] || rank[0] != rank[2])
        return dsq_fail(d, DSQ_MALFORMED,
                        "profile: input '%s' needs min, opt and max, integers, equally many", name);
    p->rank = rank[0];
    return DSQ_OK;
}

static enum dsq_status read_profile(struct dsq_profile_input **out, const json_t *root,
                                    const struct dsq_graph *g, struct dsq_arena *arena,
                                    struct dsq_diag *d)
{
    const json_t *inputs = json_object_get(root, "inputs");
    size_t n = json_array_size(inputs);
    if (!json_is_array(inputs) || (n != 0 && n != (size_t)g->n_inputs))
        return dsq_fail(d, DSQ_MALFORMED, "profile: %zu inputs, the graph has %d", n,
                        (int)g->n_inputs);
    if (n == 0)
        return DSQ_OK;
    struct dsq_profile_input *p = dsq_arena_calloc(arena, n, sizeof *p);
    if (!p)
        return dsq_fail(d, DSQ_NOMEM, "no memory for the profile");
    for (size_t i = 0; i < n; i++)
        DSQ_TRY(read_input(&p[i], json_array_get(inputs, i), g, (int32_t)i, d));
    DSQ_TRY(dsq_profile_check(p, g, d));
    *out = p;
    return DSQ_OK;
}

enum dsq_status dsq_profile_parse(struct dsq_profile_input **out, const struct dsq_graph *g,
                                  const char *text, size_t bytes, struct dsq_arena *arena,
                                  struct dsq_diag *d)
{
    *out = NULL;
    json_error_t error;
    json_t *root = json_loadb(text, bytes, JSON_REJECT_DUPLICATES, &error);
    if (!root)
        return dsq_fail(d, DSQ_MALFORMED, "profile: line %d, column %d: %s", error.line,
                        error.column, error.text);
    enum dsq_status status = read_profile(out, root, g, arena, d);
    json_decref(root);
    return status;
}

static enum dsq_status check_input(const struct dsq_profile_input *p, const struct dsq_value *v,
                                   struct dsq_diag *d)
{
    if (!p->name || strcmp(p->name, v->name) != 0)
        return dsq_fail(d, DSQ_MALFORMED, "profile: expected input '%s'", v->name);
    if (p->rank != v->shape.rank)
        return dsq_fail(d, DSQ_MALFORMED, "profile: input '%s' has rank %d, not %d", v->name,
                        (int)v->shape.rank, (int)p->rank);
    for (int32_t i = 0; i < p->rank; i++) {
        if (p->min[i] < 0 || p->min[i] > p->opt[i] || p->opt[i] > p->max[i])
            return dsq_fail(
                d, DSQ_MALFORMED,
                "profile: input '%s' dimension %d is %lld <= %lld <= %lld: out of order", v->name,
                (int)i, (long long)p->min[i], (long long)p->opt[i], (long long)p->max[i]);
        dsq_dim dim = v->shape.dim[i];
        if (dsq_dim_is_number(dim) && (p->min[i] != dim || p->max[i] != dim))
            return dsq_fail(d, DSQ_MALFORMED, "profile: input '%s' dimension %d is fixed to %lld",
                            v->name, (int)i, (long long)dim);
    }
    return DSQ_OK;
}

enum dsq_status dsq_profile_check(const struct dsq_profile_input *profile,
                                  const struct dsq_graph *g, struct dsq_diag *d)
{
    for (int32_t i = 0; i < g->n_inputs; i++)
        DSQ_TRY(check_input(&profile[i], &g->value[g->input[i]], d));
    return DSQ_OK;
}
