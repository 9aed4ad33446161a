/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The kernel harness: what a family's check file uses.
 *
 * A family lists its variants, checks one of them at a time and times it. A check draws its cases
 * from the seeded generator, says before each call what the case is (so that a crash can be
 * reported with it), and compares with an oracle made from unpacked data in plain code of its own.
 * Every buffer lies against a guard page, at its end or at its beginning, and outputs are compared
 * with all that surrounds them. The harness needs libc and libm only, so that it can be carried to
 * any machine.
 */
#ifndef DSQ_CHECK_H
#define DSQ_CHECK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One variant's check. Each runs in a process of its own. */
struct check {
    uint64_t state;   /* of the generator */
    const char *name; /* of the variant */
    struct check_report {
        char where[512]; /* the case in progress */
        size_t n_cases;
    } * report; /* shared with the parent process */
};

/* ---- random.c: splitmix64 (Steele, Lea, Flood, OOPSLA 2014) and values that find bugs ---- */
uint64_t check_random(struct check *c);
size_t check_below(struct check *c, size_t n);
float check_uniform(struct check *c, float lo, float hi);
/* Anything a float can be: bit patterns, special values, small numbers, ties. */
float check_any_f32(struct check *c);
/* extremes, near-extremes, 0 and 1, the full range */
enum { CHECK_FILLS = 4 };
/* An integer within [lo, hi] (they contain 0 and 1) of that fill. */
int8_t check_s8(struct check *c, int fill, int lo, int hi);

/* ---- memory.c ---- */
enum check_side { CHECK_END, CHECK_BEGIN };
struct check_buffer {
    uint8_t *pages, *shadow;
    size_t bytes; /* whole pages */
};
/* Pages for at least max_bytes between two guard pages. Exits when the system gives none. */
void check_buffer_open(struct check_buffer *b, size_t max_bytes);
void check_buffer_close(struct check_buffer *b);
/* Where `bytes` lie so that they touch the guard page on that side. */
void *check_place(const struct check_buffer *b, size_t bytes, enum check_side side);
/* Fill the pages and their shadow with one random byte. */
void check_prefill(struct check *c, struct check_buffer *b);
/* What is expected at p, to be written before check_untouched. */
void *check_shadow(const struct check_buffer *b, const void *p);
/* All pages equal their shadow; else says where not, and fails. */
bool check_untouched(struct check *c, const struct check_buffer *b);
/* malloc that exits when memory is out. */
void *check_alloc(size_t bytes);

/* ---- report.c ---- */
/* Say what the next call is. */
void check_case(struct check *c, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Print the variant, the case and the text; gives false. */
bool check_fail(struct check *c, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* The same bits, or both NaN. */
bool check_same_f32(float a, float b);
/* Compare n_rows x n_cols elements; on a mismatch print both tiles and a map. In elements. */
bool check_tile_f32(struct check *c, size_t n_rows, size_t n_cols, const float *want,
                    size_t want_stride, const float *got, size_t got_stride);
bool check_tile_s8(struct check *c, size_t n_rows, size_t n_cols, const int8_t *want,
                   size_t want_stride, const int8_t *got, size_t got_stride);

/* ---- bench.c, peak.c ---- */
double check_now_ns(void); /* monotonic */
enum check_peak {
    PEAK_NONE,
    PEAK_FMA_AVX2,
    PEAK_FMA_AVX512,
    PEAK_MADDUBS_AVX2,
    PEAK_DPBUSD_AVX512,
    PEAK_COPY,
    N_PEAKS
};
/* Operations (2 a multiply-add; bytes for PEAK_COPY) a nanosecond, measured at the first request; 0
 * when the machine lacks the instruction. */
double check_peak(enum check_peak which);
const char *check_peak_name(enum check_peak which);

struct check_timing {
    char kernel[64], work[64];
    double min_ns, median_ns, rate; /* rate: operations or bytes a nanosecond, at the minimum */
    enum check_peak peak;
    double peak_rate;
};
struct check_bench {
    struct check_timing *timings;
    size_t n_timings;
};
/* Time run(arg), which does `amount` operations or bytes, and keep the result. */
void check_time(struct check_bench *b, const char *kernel, const char *work, double amount,
                enum check_peak peak, void (*run)(void *), void *arg);
/* All results as a table or as JSON. Ratios are to __ref at the same work. */
void check_print_timings(const struct check_bench *b, bool json);

/* ---- families ---- */
struct check_family {
    const char *name;
    size_t (*count)(void);
    const char *(*variant)(size_t i, uint32_t *needs); /* its name and CPU flags */
    bool (*check)(struct check *c, size_t i);
    void (*bench)(struct check_bench *b, size_t i);
    bool (*select)(uint32_t cpu); /* the choice for these flags is a legal one */
};
#define FAMILY(name) extern const struct check_family check_family_##name;
#include "families.def"
#undef FAMILY

#endif
