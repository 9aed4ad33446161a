/* SPDX-License-Identifier: Apache-2.0 */
/* Timing: the minimum and the median of many short samples, and the table or JSON of all results.
 */
#define _POSIX_C_SOURCE 200809L
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "check.h"

enum { N_SAMPLES = 101, SAMPLE_NS = 100000 };

double check_now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double time_calls(size_t n_calls, void (*run)(void *), void *arg)
{
    double begin = check_now_ns();
    for (size_t i = 0; i < n_calls; i++)
        run(arg);
    return (check_now_ns() - begin) / (double)n_calls;
}

void check_time(struct check_bench *b, const char *kernel, const char *work, double amount,
                enum check_peak peak, void (*run)(void *), void *arg)
{
    double samples[N_SAMPLES];
    run(arg);
    size_t n_calls = 1 + (size_t)(SAMPLE_NS / time_calls(3, run, arg));
    for (int i = 0; i < N_SAMPLES; i++)
        samples[i] = time_calls(n_calls, run, arg);
    qsort(samples, N_SAMPLES, sizeof samples[0], by_value);

    struct check_timing *grown = realloc(b->timings, (b->n_timings + 1) * sizeof *grown);
    if (!grown) {
        perror("dsq_check: memory");
        exit(1);
    }
    b->timings = grown;
    struct check_timing *t = &b->timings[b->n_timings++];
    snprintf(t->kernel, sizeof t->kernel, "%s", kernel);
    snprintf(t->work, sizeof t->work, "%s", work);
    t->min_ns = samples[0];
    t->median_ns = samples[N_SAMPLES / 2];
    t->rate = amount / t->min_ns;
    t->peak = peak;
    t->peak_rate = check_peak(peak);
}

/* How many times faster than the reference at the same work; 0 when that was not timed. */
static double ratio_to_ref(const struct check_bench *b, const struct check_timing *t)
{
    for (size_t i = 0; i < b->n_timings; i++)
        if (strcmp(b->timings[i].work, t->work) == 0 && strstr(b->timings[i].kernel, "__ref"))
            return t->rate / b->timings[i].rate;
    return 0;
}

static void print_json(const struct check_bench *b, const struct check_timing *t)
{
    const double ratio = ratio_to_ref(b, t);
    printf("{\"kernel\": \"%s\", \"work\": \"%s\", \"min_ns\": %.1f, \"median_ns\": %.1f, "
           "\"%s\": %.3f, ",
           t->kernel, t->work, t->min_ns, t->median_ns,
           t->peak == PEAK_COPY ? "gbytes_per_s" : "gops_per_s", t->rate);
    if (ratio > 0)
        printf("\"ratio_to_ref\": %.2f, ", ratio);
    else
        printf("\"ratio_to_ref\": null, ");
    if (t->peak_rate > 0)
        printf("\"peak\": \"%s\", \"peak_rate\": %.1f, \"peak_share\": %.3f}",
               check_peak_name(t->peak), t->peak_rate, t->rate / t->peak_rate);
    else
        printf("\"peak\": null, \"peak_rate\": null, \"peak_share\": null}");
}

static void print_row(const struct check_bench *b, const struct check_timing *t)
{
    const double ratio = ratio_to_ref(b, t);
    printf("%-40s %-30s %11.1f %11.1f %10.2f ", t->kernel, t->work, t->min_ns, t->median_ns,
           t->rate);
    if (ratio > 0)
        printf("%8.2f ", ratio);
    else
        printf("%8s ", "-");
    if (t->peak_rate > 0)
        printf("%5.1f%%  %.1f, %s\n", 100 * t->rate / t->peak_rate, t->peak_rate,
               check_peak_name(t->peak));
    else
        printf("%6s\n", "-");
}

void check_print_timings(const struct check_bench *b, bool json)
{
    if (!json)
        printf("%-40s %-30s %11s %11s %10s %8s %6s  %s\n", "kernel", "work", "min ns", "median ns",
               "G/s", "x ref", "share", "of");
    for (size_t i = 0; i < b->n_timings; i++) {
        if (json)
            printf(i ? ",\n " : "[");
        (json ? print_json : print_row)(b, &b->timings[i]);
    }
    if (json)
        printf(b->n_timings ? "]\n" : "[]\n");
}
