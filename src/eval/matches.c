/* SPDX-License-Identifier: Apache-2.0 */
/* Matches of an evaluation: the list, and AP over weighted pictures. */
#include "eval/matches.h"

#include <float.h>
#include <math.h>
#include <string.h>

#include "eval/map.h"

enum dsq_status dsq_matches_init(struct dsq_matches *m, size_t n_classes, size_t n_images,
                                 struct dsq_diag *d)
{
    m->class_at = dsq_calloc(m->allocator, n_classes + 1, sizeof *m->class_at);
    if (!m->class_at)
        return dsq_fail(d, DSQ_NOMEM, "no memory for %zu classes", n_classes);
    m->n_classes = n_classes;
    m->n_images = n_images;
    return DSQ_OK;
}

void dsq_matches_free(struct dsq_matches *m)
{
    dsq_release(m->allocator, m->class_at);
    dsq_release(m->allocator, m->match);
    dsq_release(m->allocator, m->picture);
    *m = (struct dsq_matches){.allocator = m->allocator};
}

/* A list with room for one more, or NULL; the old one then stays. */
static void *grown(const struct dsq_allocator *a, void *list, size_t n, size_t *capacity,
                   size_t bytes)
{
    if (n < *capacity)
        return list;
    size_t more = *capacity ? *capacity * 2 : 256;
    void *larger = dsq_calloc(a, more, bytes);
    if (!larger)
        return NULL;
    if (n > 0)
        memcpy(larger, list, n * bytes);
    dsq_release(a, list);
    *capacity = more;
    return larger;
}

bool dsq_matches_add(struct dsq_matches *m, struct dsq_match match)
{
    struct dsq_match *list =
        grown(m->allocator, m->match, m->n_matches, &m->match_capacity, sizeof *list);
    if (!list)
        return false;
    m->match = list;
    m->match[m->n_matches++] = match;
    return true;
}

bool dsq_matches_add_objects(struct dsq_matches *m, struct dsq_objects objects)
{
    struct dsq_objects *list =
        grown(m->allocator, m->picture, m->n_pictures, &m->picture_capacity, sizeof *list);
    if (!list)
        return false;
    m->picture = list;
    m->picture[m->n_pictures++] = objects;
    return true;
}

/* The hits of a class at a threshold: what was found up to and with each, and the precision there.
 * Precision between hits only falls, so nothing else matters. */
static size_t find_hits(const struct dsq_matches *m, const struct dsq_class_matches *c, int t,
                        const uint32_t *weight, struct dsq_hit *hit)
{
    double hits = 0, misses = 0;
    size_t n = 0;
    for (size_t i = 0; i < c->n_matches; i++) {
        const struct dsq_match *match = &m->match[c->first_match + i];
        uint32_t w = weight[match->image];
        if (w == 0 || (match->ignored >> t & 1))
            continue;
        if (!(match->matched >> t & 1)) {
            misses += w;
            continue;
        }
        hits += w;
        hit[n++] = (struct dsq_hit){hits, hits / (misses + hits + DBL_EPSILON)};
    }
    return n;
}

/* The sum of the precisions at the 101 recalls. */
static double sum_precisions(struct dsq_hit *hit, size_t n, double objects)
{
    double sum = 0;
    for (size_t i = n; i-- > 1;)
        hit[i - 1].precision = fmax(hit[i - 1].precision, hit[i].precision);
    size_t i = 0;
    for (int r = 0; r < DSQ_MAP_RECALLS; r++) {
        while (i < n && hit[i].hits / objects < dsq_map_recall(r))
            i++;
        if (i == n)
            break;
        sum += hit[i].precision;
    }
    return sum;
}

double dsq_matches_ap(const struct dsq_matches *m, const uint32_t *weight, struct dsq_hit *scratch)
{
    double sum = 0, n_sums = 0;
    for (size_t k = 0; k < m->n_classes; k++) {
        const struct dsq_class_matches *c = &m->class_at[k];
        double objects = 0;
        for (size_t i = 0; i < c->n_pictures; i++) {
            const struct dsq_objects *o = &m->picture[c->first_picture + i];
            objects += (double)weight[o->image] * o->n;
        }
        if (objects <= 0)
            continue;
        for (int t = 0; t < DSQ_MAP_THRESHOLDS; t++)
            sum += sum_precisions(scratch, find_hits(m, c, t, weight, scratch), objects);
        n_sums += DSQ_MAP_THRESHOLDS * DSQ_MAP_RECALLS;
    }
    return n_sums > 0 ? sum / n_sums : NAN;
}
