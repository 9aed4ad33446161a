/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Counting, in blocks that stay in the first-level cache. A first look at a block finds minimum,
 * maximum, zeros and anything not finite; it works on the floats' bits as integers, because
 * compilers vectorize integer reductions. The second turns |x| into bin numbers (times a power of
 * two, truncated: exact) and counts.
 */
#include "quant/histogram.h"

#include <math.h>
#include <string.h>

enum {
    BLOCK = 2048,
    TABLES = 4, /* neighbours often fall into one bin: four tables keep their counts apart */
    TABLES_FROM = 1 << 15, /* values; below, clearing and adding up the tables costs more */
    BINS_LOG2 = 13,
};
#define FINITE_MAX_BITS 0x7f7fffff

_Static_assert(1 << BINS_LOG2 == DSQ_HISTOGRAM_BINS, "BINS_LOG2");

void dsq_histogram_init(struct dsq_histogram *h)
{
    memset(h, 0, sizeof *h);
    h->min = INFINITY;
    h->max = -INFINITY;
    h->exponent = DSQ_HISTOGRAM_MIN_EXPONENT;
}

double dsq_histogram_max_abs(const struct dsq_histogram *h)
{
    if (h->n_finite == 0)
        return 0.0;
    float below = fabsf(h->min), above = fabsf(h->max);
    return (double)(below > above ? below : above);
}

double dsq_histogram_width(const struct dsq_histogram *h)
{
    return ldexp(1.0, h->exponent);
}

/* The smallest exponent whose bins hold `most`. */
static int32_t exponent_for(float most)
{
    int e;
    frexpf(most, &e); /* most < 2^e */
    e -= BINS_LOG2;
    return most > 0.0f && e > DSQ_HISTOGRAM_MIN_EXPONENT ? e : DSQ_HISTOGRAM_MIN_EXPONENT;
}

/* Add bins of a histogram whose width is 2^-shift of ours. */
static void add_bins(uint64_t *bin, const uint64_t *from, int32_t shift)
{
    for (int32_t i = 0; i < DSQ_HISTOGRAM_BINS; i++)
        bin[shift < BINS_LOG2 ? i >> shift : 0] += from[i];
}

static void widen(struct dsq_histogram *h, int32_t exponent)
{
    if (exponent <= h->exponent)
        return;
    uint64_t bin[DSQ_HISTOGRAM_BINS];
    if (h->n_finite > 0) {
        memcpy(bin, h->bin, sizeof bin);
        memset(h->bin, 0, sizeof h->bin);
        add_bins(h->bin, bin, exponent - h->exponent);
    }
    h->exponent = exponent;
}

/* ---- the first look ---- */

struct look {
    int32_t least, most; /* ordered keys, see key() */
    int32_t magnitude;   /* largest bits of |x| */
    int32_t n_zero;
};

static inline int32_t bits_of(float x)
{
    int32_t b;
    memcpy(&b, &x, sizeof b);
    return b;
}

static inline float float_of(int32_t b)
{
    float x;
    memcpy(&x, &b, sizeof x);
    return x;
}

/* Integers in the order of the floats (-0 just below +0); its own inverse. */
static inline int32_t key(int32_t bits)
{
    return bits ^ ((bits >> 31) & INT32_MAX);
}

static struct look look_at(const float *x, size_t n)
{
    struct look l = {INT32_MAX, INT32_MIN, 0, 0};
    for (size_t i = 0; i < n; i++) {
        int32_t b = bits_of(x[i]), k = key(b), m = b & INT32_MAX;
        l.least = k < l.least ? k : l.least;
        l.most = k > l.most ? k : l.most;
        l.magnitude = m > l.magnitude ? m : l.magnitude;
        l.n_zero += m == 0;
    }
    return l;
}

/* ---- counting ---- */

/* Count finite values that the bins hold. n <= BLOCK. */
static void count_direct(struct dsq_histogram *h, const float *x, size_t n)
{
    float inverse = ldexpf(1.0f, -h->exponent);
    for (size_t i = 0; i < n; i++)
        h->bin[(int32_t)(fabsf(x[i]) * inverse)]++;
}

static void count_in_tables(uint32_t table[TABLES][DSQ_HISTOGRAM_BINS], float inverse,
                            const float *x, size_t n)
{
    int32_t index[BLOCK];
    for (size_t i = 0; i < n; i++)
        index[i] = (int32_t)(fabsf(x[i]) * inverse);
    size_t i = 0;
    for (; i + TABLES <= n; i += TABLES) {
        table[0][index[i]]++;
        table[1][index[i + 1]]++;
        table[2][index[i + 2]]++;
        table[3][index[i + 3]]++;
    }
    for (; i < n; i++)
        table[0][index[i]]++;
}

static void empty_tables(struct dsq_histogram *h, uint32_t table[TABLES][DSQ_HISTOGRAM_BINS])
{
    for (size_t i = 0; i < DSQ_HISTOGRAM_BINS; i++)
        h->bin[i] += (uint64_t)table[0][i] + table[1][i] + table[2][i] + table[3][i];
    memset(table, 0, TABLES * sizeof table[0]);
}

/* Drop what is not finite; how many are left in `kept`. */
static size_t keep_finite(struct dsq_histogram *h, const float *x, size_t n, float *kept)
{
    size_t n_kept = 0;
    for (size_t i = 0; i < n; i++) {
        if (isnan(x[i]))
            h->n_nan++;
        else if (isinf(x[i]))
            h->n_inf++;
        else
            kept[n_kept++] = x[i];
    }
    return n_kept;
}

/* Count up to 2^31 values; large calls count in `table` (all zero, and left so), small ones
 * directly. */
static void add_part(struct dsq_histogram *h, const float *x, size_t n,
                     uint32_t table[TABLES][DSQ_HISTOGRAM_BINS])
{
    float finite[BLOCK];
    bool waiting = false; /* counts in the tables, of the present width */
    for (size_t done = 0; done < n; done += BLOCK) {
        size_t m = n - done < BLOCK ? n - done : BLOCK;
        const float *block = x + done;
        struct look l = look_at(block, m);
        if (l.magnitude > FINITE_MAX_BITS) {
            m = keep_finite(h, block, m, finite);
            block = finite;
            l = look_at(block, m);
        }
        if (m == 0)
            continue;
        int32_t exponent = exponent_for(float_of(l.magnitude));
        if (exponent > h->exponent) {
            if (waiting)
                empty_tables(h, table);
            waiting = false;
            widen(h, exponent);
        }
        h->n_finite += m;
        h->n_zero += (uint64_t)l.n_zero;
        float least = float_of(key(l.least)), most = float_of(key(l.most));
        h->min = key(bits_of(least)) < key(bits_of(h->min)) ? least : h->min;
        h->max = key(bits_of(most)) > key(bits_of(h->max)) ? most : h->max;
        if (table)
            count_in_tables(table, ldexpf(1.0f, -h->exponent), block, m);
        else
            count_direct(h, block, m);
        waiting = table != NULL;
    }
    if (waiting)
        empty_tables(h, table);
}

static void add_large(struct dsq_histogram *h, const float *x, size_t n)
{
    uint32_t table[TABLES][DSQ_HISTOGRAM_BINS];
    const size_t part = (size_t)1 << 31; /* what 32-bit counters surely hold */
    memset(table, 0, sizeof table);
    for (size_t done = 0; done < n; done += part)
        add_part(h, x + done, n - done < part ? n - done : part, table);
}

void dsq_histogram_add(struct dsq_histogram *h, const float *x, size_t n)
{
    if (n < TABLES_FROM)
        add_part(h, x, n, NULL);
    else
        add_large(h, x, n);
}

void dsq_histogram_merge(struct dsq_histogram *h, const struct dsq_histogram *from)
{
    widen(h, from->exponent);
    if (from->n_finite > 0) {
        add_bins(h->bin, from->bin, h->exponent - from->exponent);
        h->min = key(bits_of(from->min)) < key(bits_of(h->min)) ? from->min : h->min;
        h->max = key(bits_of(from->max)) > key(bits_of(h->max)) ? from->max : h->max;
    }
    h->n_finite += from->n_finite;
    h->n_zero += from->n_zero;
    h->n_nan += from->n_nan;
    h->n_inf += from->n_inf;
}
