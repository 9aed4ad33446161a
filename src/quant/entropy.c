/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Entropy calibration, after S. Migacz, "8-bit Inference with TensorRT", GTC 2017: of all
 * thresholds T, take the one where 128 levels on [0, T] lose the least information about the
 * distribution of |x|.
 *
 *   h        the histogram without the exact zeros, which every scale represents exactly
 *   r        candidates: 128, 256, 384, ... bins, up to the first that holds max |x|; T = r bins
 *   P        h[0..r), the tail h[r..) added to the last bin
 *   Q        h[0..r) in 128 groups of r / 128 bins; each group's mean over its non-zero bins
 *   KL(r)    sum of P' ln(P' / Q'), P' and Q' normalized; infinite where P' > 0 = Q'
 *
 * The first minimum wins. The bins are those of the observer, whose largest value lies in the upper
 * half: 33 to 64 candidates, T in steps of 1/32 to 1/64 of the maximum.
 *
 * With sums over bins kept as prefixes a candidate costs 128 logarithms, not one a bin:
 *   N KL(r) = sum(P ln P) - sum over groups of (P in the group) ln(Q of the group) + N ln(C / N)
 * where N = sum h, C = sum h[0..r). The logarithm is our own: the C library's differs between
 * processors in the last bit, and that may decide between two candidates.
 */
#include "quant/entropy.h"

#include <math.h>

/* ln x for a finite x >= 2^-1000, from basic operations alone: x = m 2^e, sqrt(1/2) <= m < sqrt 2;
 * ln m = 2 artanh s, s = (m - 1) / (m + 1), |s| < 0.1716; twelve terms leave 1e-20. */
static double ln(double x)
{
    int e;
    double m = frexp(x, &e);
    if (m < 0x1.6a09e667f3bcdp-1) {
        m *= 2.0;
        e--;
    }
    double s = (m - 1.0) / (m + 1.0), z = s * s, sum = 0.0;
    for (int k = 23; k >= 3; k -= 2)
        sum = (sum + 1.0 / k) * z;
    return 2.0 * (s + s * sum) + e * 0x1.62e42fefa39efp-1;
}

struct prefixes {
    uint64_t count[DSQ_HISTOGRAM_BINS + 1];   /* values in bins below i, zeros left out */
    uint32_t nonzero[DSQ_HISTOGRAM_BINS + 1]; /* bins below i that hold any */
    double entropy[DSQ_HISTOGRAM_BINS + 1];   /* sum of h ln h over bins below i */
};

static double count_ln(uint64_t count)
{
    return count == 0 ? 0.0 : (double)count * ln((double)count);
}

static void make_prefixes(struct prefixes *p, const struct dsq_histogram *h)
{
    p->count[0] = 0;
    p->nonzero[0] = 0;
    p->entropy[0] = 0.0;
    for (size_t i = 0; i < DSQ_HISTOGRAM_BINS; i++) {
        uint64_t count = h->bin[i] - (i == 0 ? h->n_zero : 0);
        p->count[i + 1] = p->count[i] + count;
        p->nonzero[i + 1] = p->nonzero[i] + (count != 0);
        p->entropy[i + 1] = p->entropy[i] + count_ln(count);
    }
}

/* N KL(r), for a multiple r of 128. */
static double divergence(const struct prefixes *p, size_t r)
{
    uint64_t inside = p->count[r], all = p->count[DSQ_HISTOGRAM_BINS], tail = all - inside;
    uint64_t last = inside - p->count[r - 1];
    if (inside == 0 || (last == 0 && tail > 0))
        return INFINITY;
    double sum = p->entropy[r - 1] + count_ln(last + tail);
    size_t group = r / DSQ_KL_LEVELS;
    for (size_t g = 0; g < DSQ_KL_LEVELS; g++) {
        size_t begin = g * group, end = begin + group;
        uint64_t q = p->count[end] - p->count[begin];
        if (q == 0)
            continue;
        double mean = (double)q / (double)(p->nonzero[end] - p->nonzero[begin]);
        sum -= (double)(q + (end == r ? tail : 0)) * ln(mean);
    }
    return sum + (double)all * (ln((double)inside) - ln((double)all));
}

double dsq_kl_range(const struct dsq_histogram *h)
{
    struct prefixes p;
    make_prefixes(&p, h);
    double most = dsq_histogram_max_abs(h), width = dsq_histogram_width(h);
    double best = INFINITY, range = most;
    for (size_t r = DSQ_KL_LEVELS; r <= DSQ_HISTOGRAM_BINS; r += DSQ_KL_LEVELS) {
        double kl = divergence(&p, r);
        if (kl < best) {
            best = kl;
            range = (double)r * width;
        }
        if ((double)r * width > most)
            break;
    }
    return range < most ? range : most;
}
