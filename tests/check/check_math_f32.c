/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The functions against libm in double, in units of the last place, over every 1021st float; the
 * seed chooses which, so that 1021 seeds cover them all. The limits are those that math_f32.h
 * states. Over every fifth float the errors are at most 0.888 (exp), 0.940, 0.856, 2.463 (sigmoid),
 * 2.494, 1.908, 3.861 (mish) and 1.016 units.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "kernels/math_f32.h"

enum { STEP = 1021, N_BENCH = 1024 };

static double sigmoid_double(double x)
{
    return 1.0 / (1.0 + exp(-x));
}

static double softplus_double(double x)
{
    return x > 100.0 ? x : log1p(exp(x));
}

static double mish_double(double x)
{
    return x > 100.0 ? x : x * tanh(log1p(exp(x)));
}

/* The distance between two floats around |x|, 2^-149 for the smallest. */
static double ulp(double x)
{
    int exponent;
    frexp(x, &exponent);
    return ldexp(1.0, exponent < -125 ? -149 : exponent - 24);
}

/* The functions are their own definition, so beyond being accurate they must give the same bits
 * from every compiler on every machine: FNV-1a over the results for every 4099th float, all NaN as
 * one. */
static uint64_t hash_bits(float (*f)(float), double to)
{
    uint64_t hash = 0xcbf29ce484222325u;
    for (uint64_t bits = 0; bits <= UINT32_MAX; bits += 4099) {
        uint32_t word = (uint32_t)bits;
        float x;
        memcpy(&x, &word, sizeof x);
        if ((double)x > to)
            continue;
        float y = f(x);
        memcpy(&word, &y, sizeof word);
        hash = (hash ^ (isnan(y) ? 0x7fc00000u : word)) * 0x100000001b3u;
    }
    return hash;
}

static const struct function {
    const char *name, *work;
    float (*f)(float);
    double (*f_double)(double);
    double max_ulp;
    double from; /* below, the results are so small that only their difference counts */
    double to;   /* above, the function is not defined */
    uint64_t hash;
} functions[] = {
    {"dsq_exp_f32", "exp_f32, one by one", dsq_exp_f32, exp, 1.0, -INFINITY, INFINITY,
     0xbd8ac3939f67fe6eu},
    {"dsq_expm1_f32", "expm1_f32, one by one", dsq_expm1_f32, expm1, 1.0, -INFINITY, 0.0,
     0x09eef0ffe7f15274u},
    {"dsq_log_f32", "log_f32, one by one", dsq_log_f32, log, 1.0, -INFINITY, INFINITY,
     0x41cc5517bbe0553au},
    {"dsq_sigmoid_f32", "sigmoid_f32, one by one", dsq_sigmoid_f32, sigmoid_double, 2.5, -88.0,
     INFINITY, 0x8ac0b6ab253d750du},
    {"dsq_tanh_f32", "tanh_f32, one by one", dsq_tanh_f32, tanh, 2.6, -INFINITY, INFINITY,
     0x2076fa0f2381ffcdu},
    {"dsq_softplus_f32", "softplus_f32, one by one", dsq_softplus_f32, softplus_double, 2.0,
     -INFINITY, INFINITY, 0xb66e6e856201f4aeu},
    {"dsq_mish_f32", "mish_f32, one by one", dsq_mish_f32, mish_double, 4.0, -80.0, INFINITY,
     0x2a210daab6364963u},
    {"dsq_erf_f32", "erf_f32, one by one", dsq_erf_f32, erf, 1.05, -INFINITY, INFINITY,
     0xa0e2bb0574dc2b7bu},
};
enum { N_FUNCTIONS = sizeof functions / sizeof functions[0] };

static bool check_value(struct check *c, const struct function *f, float x)
{
    if ((double)x > f->to)
        return true;
    float got = f->f(x);
    double want = f->f_double((double)x);
    if (isnan(want) || (float)want == got)
        return isnan(want) == isnan(got) ||
               check_fail(c, "x = %a: expected %a, got %a", (double)x, want, (double)got);
    double error = fabs((double)got - want) / ulp((double)x < f->from ? 0x1p-100 : want);
    return error <= f->max_ulp || check_fail(c, "x = %a: expected %a, got %a, %g units off",
                                             (double)x, want, (double)got, error);
}

static bool check(struct check *c, size_t i)
{
    static const float special[] = {
        0.0f,    -0.0f,    INFINITY,        -INFINITY, NAN,   0x1p-149f, 1.0f,
        -1.0f,   88.7228f, 88.7229f,        88.8f,     89.0f, -87.3365f, -103.9f,
        -104.0f, -105.0f,  0x1.fffffep+127f};
    const struct function *f = &functions[i];
    for (size_t k = 0; k < sizeof special / sizeof special[0]; k++) {
        check_case(c, "a special value");
        if (!check_value(c, f, special[k]))
            return false;
    }
    check_case(c, "the bits of every 4099th float");
    uint64_t hash = hash_bits(f->f, f->to);
    if (hash != f->hash)
        return check_fail(c, "hash %016llx, the definition's is %016llx", (unsigned long long)hash,
                          (unsigned long long)f->hash);
    const size_t first = check_below(c, STEP);
    check_case(c, "every %dst float from %zu on", STEP, first);
    for (uint64_t bits = first; bits <= UINT32_MAX; bits += STEP) {
        uint32_t low = (uint32_t)bits;
        float x;
        memcpy(&x, &low, sizeof x);
        if (!check_value(c, f, x))
            return false;
    }
    return true;
}

static void bench_run(void *arg)
{
    const struct function *f = arg;
    volatile float sink;
    for (int i = 0; i < N_BENCH; i++)
        sink = f->f((float)(i - N_BENCH / 2) * 0.02f);
    (void)sink;
}

static void bench(struct check_bench *b, size_t i)
{
    struct function f = functions[i];
    check_time(b, f.name, f.work, N_BENCH, PEAK_NONE, bench_run, &f);
}

static size_t count(void)
{
    return N_FUNCTIONS;
}

static const char *variant(size_t i, uint32_t *needs)
{
    *needs = 0;
    return functions[i].name;
}

const struct check_family check_family_math_f32 = {"math_f32", count, variant, check, bench, NULL};
