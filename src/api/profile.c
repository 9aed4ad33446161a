/* SPDX-License-Identifier: Apache-2.0 */
/* Parsing --minShapes, --optShapes and --maxShapes, and checking them against the model's inputs.
 */
#include "api/profile.h"

#include <string.h>

enum bound { BOUND_MIN, BOUND_OPT, BOUND_MAX, BOUND_COUNT };
static const char *const bound_option[BOUND_COUNT] = {"--minShapes", "--optShapes", "--maxShapes"};

static int64_t *bound_dims(struct dsq_profile_input *p, enum bound b)
{
    return b == BOUND_MIN ? p->min : b == BOUND_OPT ? p->opt : p->max;
}

/* "1x3x320x320", at most `bytes` long. */
static bool parse_dims(const char *text, size_t bytes, int64_t *dims, int32_t *rank)
{
    const int64_t largest = 1 << 30;
    size_t i = 0;
    for (*rank = 0; *rank < DSQ_MAX_RANK; (*rank)++) {
        int64_t v = 0;
        size_t start = i;
        for (; i < bytes && text[i] >= '0' && text[i] <= '9' && v <= largest; i++)
            v = v * 10 + (text[i] - '0');
        if (i == start || v < 1 || v > largest)
            return false;
        dims[*rank] = v;
        if (i == bytes) {
            (*rank)++;
            return true;
        }
        if (text[i++] != 'x')
            return false;
    }
    return false;
}

static struct dsq_profile_input *find_input(struct dsq_profile_input *p, int32_t n,
                                            const char *name, size_t bytes)
{
    for (int32_t i = 0; i < n; i++)
        if (strlen(p[i].name) == bytes && memcmp(p[i].name, name, bytes) == 0)
            return &p[i];
    return NULL;
}

/* One "name:dims". The name may hold ':' (ONNX names do): dims have none, so the last one splits.
 */
static enum dsq_status parse_item(const char *item, size_t bytes, enum bound b, int32_t n,
                                  struct dsq_profile_input *profile, struct dsq_diag *d)
{
    size_t colon = bytes;
    while (colon > 0 && item[colon - 1] != ':')
        colon--;
    if (colon < 2)
        return dsq_fail(d, DSQ_ARGUMENT, "%s: '%.*s' is not NAME:DIMS, as in input:1x3x480x640",
                        bound_option[b], (int)bytes, item);
    struct dsq_profile_input *p = find_input(profile, n, item, colon - 1);
    if (!p)
        return dsq_fail(d, DSQ_ARGUMENT, "%s: the model has no input '%.*s' (its first is '%s')",
                        bound_option[b], (int)(colon - 1), item, n ? profile[0].name : "");
    int64_t dims[DSQ_MAX_RANK];
    int32_t rank;
    if (!parse_dims(item + colon, bytes - colon, dims, &rank))
        return dsq_fail(d, DSQ_ARGUMENT, "%s: '%.*s' is not a shape like 1x3x480x640",
                        bound_option[b], (int)(bytes - colon), item + colon);
    if (rank != p->rank)
        return dsq_fail(d, DSQ_ARGUMENT, "%s: input '%s' has %d dimensions, not %d",
                        bound_option[b], p->name, (int)p->rank, (int)rank);
    memcpy(bound_dims(p, b), dims, sizeof dims[0] * (size_t)rank);
    return DSQ_OK;
}

static enum dsq_status parse_bound(const char *text, enum bound b, int32_t n,
                                   struct dsq_profile_input *profile, struct dsq_diag *d)
{
    while (*text) {
        size_t bytes = strcspn(text, ",");
        DSQ_TRY(parse_item(text, bytes, b, n, profile, d));
        text += bytes + (text[bytes] == ',');
    }
    return DSQ_OK;
}

static enum dsq_status check_input(const struct dsq_profile_input *p, struct dsq_diag *d)
{
    for (int32_t i = 0; i < p->rank; i++) {
        if (p->min[i] == 0 || p->opt[i] == 0 || p->max[i] == 0)
            return dsq_fail(d, DSQ_ARGUMENT, "input '%s' needs all of %s, %s and %s", p->name,
                            bound_option[0], bound_option[1], bound_option[2]);
        if (p->min[i] > p->opt[i] || p->opt[i] > p->max[i])
            return dsq_fail(
                d, DSQ_ARGUMENT,
                "input '%s' dimension %d: min %lld, opt %lld, max %lld are not in order", p->name,
                (int)i, (long long)p->min[i], (long long)p->opt[i], (long long)p->max[i]);
    }
    return DSQ_OK;
}

enum dsq_status dsq_profile_from_shapes(const struct dsq_graph *g, const char *min, const char *opt,
                                        const char *max, struct dsq_arena *arena,
                                        struct dsq_profile_input **out, struct dsq_diag *d)
{
    *out = NULL;
    if (!min && !opt && !max)
        return DSQ_OK;
    if (!min || !opt || !max)
        return dsq_fail(d, DSQ_ARGUMENT, "a profile needs all of %s, %s and %s", bound_option[0],
                        bound_option[1], bound_option[2]);
    int32_t n = g->n_inputs;
    struct dsq_profile_input *p = dsq_arena_calloc(arena, (size_t)n, sizeof *p);
    if (!p)
        return dsq_fail(d, DSQ_NOMEM, "no memory for the profile");
    for (int32_t i = 0; i < n; i++) {
        const struct dsq_value *v = &g->value[g->input[i]];
        p[i].name = v->name;
        p[i].rank = v->shape.rank;
        for (int32_t k = 0; k < p[i].rank; k++)
            if (dsq_dim_is_number(v->shape.dim[k]))
                p[i].min[k] = p[i].opt[k] = p[i].max[k] = v->shape.dim[k];
    }
    DSQ_TRY(parse_bound(min, BOUND_MIN, n, p, d));
    DSQ_TRY(parse_bound(opt, BOUND_OPT, n, p, d));
    DSQ_TRY(parse_bound(max, BOUND_MAX, n, p, d));
    for (int32_t i = 0; i < n; i++)
        DSQ_TRY(check_input(&p[i], d));
    *out = p;
    return DSQ_OK;
}

uint32_t dsq_profile_other_dims(const struct dsq_profile_input *p, const struct dsq_shape *s)
{
    uint32_t dims = 0;
    for (int32_t i = 0; i < s->rank; i++)
        if (dsq_dim_is_number(s->dim[i]) && (p->min[i] != s->dim[i] || p->max[i] != s->dim[i]))
            dims |= 1u << i;
    return dims;
}
