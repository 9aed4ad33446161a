/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rewrites of the graph, from what the importer made to what the engine stores.
 *
 * A pass is one file with one exported function; passes.def lists them in order and says why there.
 * The runner times each, drops what it left dead, sorts, and checks the graph after every one that
 * ran. Passes rely on rank, channel count and provable equality of shapes alone, so their result
 * holds for every input size. docs/passes.md has the invariants.
 *
 * Not thread safe: a graph belongs to one caller at a time.
 */
#ifndef DSQ_PASS_PASS_H
#define DSQ_PASS_PASS_H

#include "base/bytes.h"
#include "graph/graph.h"
#include "quant/decisions.h"
#include "quant/ranges.h"

struct dsq_pass_settings {
    /* Both NULL: a float graph. With ranges, quantize_int8 runs; decisions may then say more. */
    const struct dsq_ranges *ranges;
    const struct dsq_decisions *decisions;
    const char *dump_after; /* pass name, or "all": print the graph after it, to `dump` or `log` */
    const char *stop_after; /* pass name: the rest does not run */
    const char *skip;       /* pass names, separated by commas */
    const struct dsq_log *log;
    bool verify; /* after each pass: print, parse back, print again, compare */
    struct dsq_writer *dump;
};

/* A node that could have been INT8 but computes in float. Strings live in the graph's arena. */
struct dsq_pass_fallback {
    const char *node;   /* its label, as in messages */
    const char *output; /* its first output's name */
    const char *reason; /* "tensor 'x' has no range" */
};

enum { DSQ_PASS_MAX = 16 };
struct dsq_pass_time {
    const char *pass;
    double seconds;
    bool changed;
};

struct dsq_pass_report {
    struct dsq_pass_fallback *fallback; /* in the graph's arena */
    /* The first n_fallbacks of n_reasons are convolutions that lack a range or whose weights do not
     * allow integers. The rest is as it should be: decided to be float, or read in float anyway. */
    int32_t n_fallbacks, n_reasons;
    int32_t n_int8, n_float; /* convolutions of each kind, before gathering */
    struct dsq_pass_time time[DSQ_PASS_MAX];
    int32_t n_times;
};

/* All passes, in order. `s` and `r` may be NULL (defaults; not wanted). ARGUMENT for an unknown
 * pass name; MALFORMED or UNSUPPORTED for a graph that cannot be right; the graph is then of no
 * use. */
enum dsq_status dsq_passes_run(struct dsq_graph *g, const struct dsq_pass_settings *s,
                               struct dsq_pass_report *r, struct dsq_diag *d) DSQ_MUST_CHECK;

/* Everything before quantize_int8: the graph that placement looks at. */
enum dsq_status dsq_passes_run_float_part(struct dsq_graph *g, const struct dsq_pass_settings *s,
                                          struct dsq_pass_report *r,
                                          struct dsq_diag *d) DSQ_MUST_CHECK;

/* One pass by name, with the runner's clean-up and checks. `changed` may be NULL. */
enum dsq_status dsq_pass_run_one(struct dsq_graph *g, const char *name,
                                 const struct dsq_pass_settings *s, bool *changed,
                                 struct dsq_diag *d) DSQ_MUST_CHECK;

/* The names in order; NULL past the end. */
const char *dsq_pass_name(int i);

/* ---- for the passes themselves ---- */

struct dsq_pass {
    struct dsq_graph *g;
    const struct dsq_pass_settings *settings; /* never NULL */
    struct dsq_pass_report *report;           /* never NULL */
};

/* Rewrites p->g; sets *changed (false on entry) if it did. May leave nodes out of order and killed
 * nodes behind. */
typedef enum dsq_status dsq_pass_fn(struct dsq_pass *p, bool *changed, struct dsq_diag *d);

#define PASS(NAME, WHEN, FLAGS) dsq_pass_fn dsq_pass_##NAME;
#include "pass/passes.def"
#undef PASS

/* Kill nodes whose outputs nobody needs, then compact. The runner does this after every pass. */
enum dsq_status dsq_pass_sweep(struct dsq_graph *g, struct dsq_diag *d) DSQ_MUST_CHECK;

#endif
