/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs the passes of passes.def: which of them, in order, each timed, swept, checked and, on
 * request, dumped or verified. What a pass does is its own file's matter.
 */
#include "pass/pass.h"

#include <string.h>

#include "base/parallel.h"
#include "graph/check.h"
#include "graph/infer.h"
#include "graph/text.h"

enum when { WHEN_FLOAT, WHEN_INT8, WHEN_FINAL };
enum { FLAG_NONE = 0, FLAG_INFER = 1, FLAG_LAID = 2 };

static const char ALL[] = "all"; /* for dump_after */

struct row {
    const char *name;
    dsq_pass_fn *run;
    enum when when;
    uint32_t flags;
};

static const struct row rows[] = {
#define PASS(NAME, WHEN, FLAGS) {#NAME, dsq_pass_##NAME, WHEN_##WHEN, FLAG_##FLAGS},
#include "pass/passes.def"
#undef PASS
};
enum { N_ROWS = sizeof rows / sizeof rows[0] };
_Static_assert((int)N_ROWS <= (int)DSQ_PASS_MAX, "the report has room for every pass");

const char *dsq_pass_name(int i)
{
    return i >= 0 && i < N_ROWS ? rows[i].name : NULL;
}

/* Is `name` (of n characters) one of the comma-separated names in `list`? */
static bool listed(const char *list, const char *name, size_t n)
{
    while (list && *list) {
        const size_t length = strcspn(list, ",");
        if (length == n && memcmp(list, name, n) == 0)
            return true;
        list += length + (list[length] == ',');
    }
    return false;
}

static enum dsq_status check_name(const char *option, const char *name, size_t n,
                                  struct dsq_diag *d)
{
    for (int i = 0; i < N_ROWS; i++)
        if (strlen(rows[i].name) == n && memcmp(rows[i].name, name, n) == 0)
            return DSQ_OK;
    char all[512] = "";
    size_t at = 0;
    for (int i = 0; i < N_ROWS; i++) {
        const size_t length = strlen(rows[i].name);
        if (at + length + 3 > sizeof all)
            break;
        memcpy(all + at, i ? ", " : "", i ? 2 : 0);
        at += i ? 2 : 0;
        memcpy(all + at, rows[i].name, length + 1);
        at += length;
    }
    return dsq_fail(d, DSQ_ARGUMENT, "%s: no pass is called '%.*s'; there are %s", option,
                    (int)(n < 64 ? n : 64), name, all);
}

static enum dsq_status check_names(const char *option, const char *list, struct dsq_diag *d)
{
    while (list && *list) {
        const size_t n = strcspn(list, ",");
        DSQ_TRY(check_name(option, list, n, d));
        list += n + (list[n] == ',');
    }
    return DSQ_OK;
}

/* ---- after a pass ---- */

static void log_lines(const struct dsq_log *log, char *text)
{
    if (!log || !log->message)
        return;
    for (char *line = text; line && *line;) {
        char *end = strchr(line, '\n');
        if (end)
            *end = '\0';
        log->message(log->user, DSQ_LOG_INFO, line);
        line = end ? end + 1 : NULL;
    }
}

static bool is_dumped(const char *dump_after, const char *pass)
{
    return dump_after && (!strcmp(dump_after, ALL) || !strcmp(dump_after, pass));
}

/* Of all passes, each graph is told by a comment in front. */
static enum dsq_status dump(struct dsq_pass *p, const char *pass, struct dsq_diag *d)
{
    struct dsq_writer w;
    dsq_writer_init(&w, p->g->arena.allocator);
    if (!strcmp(p->settings->dump_after, ALL))
        dsq_write_format(&w, "# after %s\n", pass);
    enum dsq_status status = dsq_graph_print(p->g, &w, NULL, d);
    if (status == DSQ_OK && p->settings->dump) {
        dsq_write_bytes(p->settings->dump, w.data, w.bytes);
    } else if (status == DSQ_OK) {
        dsq_write_zeros(&w, 1);
        if (!w.failed)
            log_lines(p->settings->log, w.data);
    }
    dsq_writer_free(&w);
    return status;
}

/* Printing, parsing and printing again gives the same text and the same constants. */
static enum dsq_status verify(struct dsq_pass *p, const char *pass, struct dsq_diag *d)
{
    const struct dsq_allocator *a = p->g->arena.allocator;
    struct dsq_writer text[2], blob[2];
    struct dsq_graph *back = NULL;
    enum dsq_status status = DSQ_OK;
    for (int k = 0; k < 2; k++) {
        dsq_writer_init(&text[k], a);
        dsq_writer_init(&blob[k], a);
    }
    DSQ_GUARD(dsq_graph_print(p->g, &text[0], &blob[0], d));
    DSQ_GUARD(dsq_graph_parse(&back, text[0].data, text[0].bytes, blob[0].data, blob[0].bytes, true,
                              a, d));
    DSQ_GUARD(dsq_graph_print(back, &text[1], &blob[1], d));
    if (text[0].failed || text[1].failed || blob[0].failed || blob[1].failed)
        status = dsq_fail(d, DSQ_NOMEM, "no memory to print the graph");
    else if (text[0].bytes != text[1].bytes || blob[0].bytes != blob[1].bytes ||
             memcmp(text[0].data, text[1].data, text[0].bytes) != 0 ||
             (blob[0].bytes && memcmp(blob[0].data, blob[1].data, blob[0].bytes) != 0))
        status = dsq_fail(d, DSQ_MALFORMED, "after %s: the graph reads back differently", pass);
fail:
    dsq_graph_free(&back);
    for (int k = 0; k < 2; k++) {
        dsq_writer_free(&text[k]);
        dsq_writer_free(&blob[k]);
    }
    return status;
}

static enum dsq_status run_row(struct dsq_pass *p, const struct row *row, bool *changed,
                               struct dsq_diag *d)
{
    const double start = dsq_now();
    *changed = false;
    DSQ_TRY(row->run(p, changed, d));
    if (*changed)
        DSQ_TRY(dsq_pass_sweep(p->g, d));
    if (*changed && (row->flags & FLAG_INFER))
        DSQ_TRY(dsq_graph_infer(p->g, d));
    struct dsq_pass_report *r = p->report;
    if (r->n_times < DSQ_PASS_MAX)
        r->time[r->n_times++] = (struct dsq_pass_time){row->name, dsq_now() - start, *changed};
    return DSQ_OK;
}

/* One pass and everything that the runner does around it. `laid`: layouts are assigned by now. */
static enum dsq_status run_checked(struct dsq_pass *p, const struct row *row, bool laid,
                                   bool *changed, struct dsq_diag *d)
{
    enum dsq_status status = run_row(p, row, changed, d);
    if (status == DSQ_OK)
        status = dsq_graph_check(p->g, laid, d);
    if (status == DSQ_OK && p->settings->verify)
        status = verify(p, row->name, d);
    if (status == DSQ_OK && is_dumped(p->settings->dump_after, row->name))
        status = dump(p, row->name, d);
    return status == DSQ_OK ? status : dsq_fail_in(d, status, "pass %s", row->name);
}

static enum dsq_status run_until(struct dsq_graph *g, enum when end,
                                 const struct dsq_pass_settings *s, struct dsq_pass_report *r,
                                 struct dsq_diag *d)
{
    static const struct dsq_pass_settings defaults;
    struct dsq_pass_report own;
    struct dsq_pass p = {.g = g, .settings = s ? s : &defaults, .report = r ? r : &own};
    memset(p.report, 0, sizeof *p.report);
    if (!g)
        return dsq_fail(d, DSQ_ARGUMENT, "passes: no graph given");
    if (p.settings->dump_after && strcmp(p.settings->dump_after, ALL))
        DSQ_TRY(check_names("dump_after", p.settings->dump_after, d));
    DSQ_TRY(check_names("stop_after", p.settings->stop_after, d));
    DSQ_TRY(check_names("skip", p.settings->skip, d));
    bool laid = false;
    for (int i = 0; i < N_ROWS && rows[i].when <= end; i++) {
        const struct row *row = &rows[i];
        const bool skipped = listed(p.settings->skip, row->name, strlen(row->name)) ||
                             (row->when == WHEN_INT8 && !p.settings->ranges);
        laid = laid || (!skipped && (row->flags & FLAG_LAID));
        bool changed = false;
        if (!skipped)
            DSQ_TRY(run_checked(&p, row, laid, &changed, d));
        if (p.settings->stop_after && !strcmp(p.settings->stop_after, row->name))
            break;
    }
    return DSQ_OK;
}

enum dsq_status dsq_passes_run(struct dsq_graph *g, const struct dsq_pass_settings *s,
                               struct dsq_pass_report *r, struct dsq_diag *d)
{
    return run_until(g, WHEN_FINAL, s, r, d);
}

enum dsq_status dsq_passes_run_float_part(struct dsq_graph *g, const struct dsq_pass_settings *s,
                                          struct dsq_pass_report *r, struct dsq_diag *d)
{
    return run_until(g, WHEN_FLOAT, s, r, d);
}

enum dsq_status dsq_pass_run_one(struct dsq_graph *g, const char *name,
                                 const struct dsq_pass_settings *s, bool *changed,
                                 struct dsq_diag *d)
{
    static const struct dsq_pass_settings defaults;
    struct dsq_pass_report report = {0};
    struct dsq_pass p = {.g = g, .settings = s ? s : &defaults, .report = &report};
    bool own = false;
    if (!g || !name)
        return dsq_fail(d, DSQ_ARGUMENT, "pass: no graph or no name given");
    DSQ_TRY(check_name("pass", name, strlen(name), d));
    for (int i = 0; i < N_ROWS; i++) {
        if (strcmp(rows[i].name, name) != 0)
            continue;
        return run_checked(&p, &rows[i], (rows[i].flags & FLAG_LAID) != 0, changed ? changed : &own,
                           d);
    }
    return DSQ_OK;
}
