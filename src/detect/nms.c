/* SPDX-License-Identifier: Apache-2.0 */
/* Ordering candidates, and greedy class-wise suppression in one sweep that ends when enough are
 * kept. */
#include "detect/nms.h"

#include <stdbool.h>
#include <stdlib.h>

static int by_rank(const void *left, const void *right)
{
    const struct dsq_candidate *a = left, *b = right;
    if (a->score != b->score)
        return a->score > b->score ? -1 : 1;
    if (a->level != b->level)
        return a->level < b->level ? -1 : 1;
    return (a->index > b->index) - (a->index < b->index);
}

void dsq_candidates_sort(struct dsq_candidate *c, size_t n)
{
    if (n > 1)
        qsort(c, n, sizeof *c, by_rank);
}

static double overlap(double a0, double a1, double b0, double b1)
{
    double low = a0 > b0 ? a0 : b0, high = a1 < b1 ? a1 : b1;
    return high > low ? high - low : 0.0;
}

static double area(const struct dsq_candidate *c)
{
    return ((double)c->x1 - c->x0) * ((double)c->y1 - c->y0);
}

/* intersection / union > threshold, without dividing. */
static bool suppresses(const struct dsq_candidate *a, const struct dsq_candidate *b,
                       double threshold)
{
    double both = overlap(a->x0, a->x1, b->x0, b->x1) * overlap(a->y0, a->y1, b->y0, b->y1);
    return both > threshold * (area(a) + area(b) - both);
}

size_t dsq_nms(struct dsq_candidate *c, size_t n, double threshold, size_t max)
{
    size_t kept = 0;
    for (size_t i = 0; i < n && kept < max; i++) {
        bool keep = true;
        for (size_t k = 0; keep && k < kept; k++)
            keep = c[k].label != c[i].label || !suppresses(&c[k], &c[i], threshold);
        if (keep)
            c[kept++] = c[i];
    }
    return kept;
}
