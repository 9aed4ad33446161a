/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every tests/graph/NAME.before.txt goes through the passes it names; the result must be
 * NAME.after.txt. DSQ_REWRITE=1 in the environment writes the after files instead.
 *
 * A before file is the IR's text, plus comment lines that this program reads itself:
 *   # pass: fuse_bias remove_dead      run these one by one
 *   # range: x=12.7 y=1.27             activation ranges for quantize_int8
 *   # scale: w=0.5,0.25                decided weight scales
 *   # float: y                         decided precision
 *   # expect: TEXT                     the last pass fails with TEXT in its message
 * Constants refer to a blob that is the same for all tests (see make_blob). An after file ends with
 * the first elements of every constant that is not written out in the text.
 */
#define _POSIX_C_SOURCE 200809L
#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "graph/check.h"
#include "graph/infer.h"
#include "graph/text.h"
#include "pass/pass.h"

enum { BLOB_FLOATS = 16384, MAX_TESTS = 128, NAME_BYTES = 96 };
static const char folder[] = "tests/graph";

/* First half: multiples of 1/32 of both signs. Second half, from byte 32768 on: 0.5, 0.75,
 * ... 4.25. */
static float *make_blob(void)
{
    float *blob = aligned_alloc(64, BLOB_FLOATS * sizeof *blob);
    assert_non_null(blob);
    for (int i = 0; i < BLOB_FLOATS; i++)
        blob[i] = i < BLOB_FLOATS / 2 ? (float)((i * 37) % 64 - 32) / 32.0f
                                      : 0.5f + 0.25f * (float)((i * 5) % 16);
    return blob;
}

struct job {
    char *text;       /* without comments */
    char *directives; /* comments only */
    struct dsq_ranges *ranges;
    struct dsq_decisions *decisions;
};

static char *read_text(const char *name, const char *suffix)
{
    char path[256];
    void *data;
    size_t bytes;
    struct dsq_diag d = {0};
    snprintf(path, sizeof path, "%s/%s.%s.txt", folder, name, suffix);
    if (dsq_file_read(path, NULL, &data, &bytes, &d) != DSQ_OK)
        return NULL;
    return data;
}

static void split_comments(struct job *job, char *file)
{
    job->text = calloc(1, strlen(file) + 1);
    job->directives = calloc(1, strlen(file) + 1);
    assert_true(job->text && job->directives);
    for (char *line = file, *next; *line; line = next) {
        next = strchr(line, '\n') ? strchr(line, '\n') + 1 : line + strlen(line);
        strncat(*line == '#' ? job->directives : job->text, line, (size_t)(next - line));
    }
}

/* The words of all lines "# KEY: ...", one by one; *at walks through the directives. */
static bool next_word(const char **at, const char *key, char *word, size_t bytes)
{
    char head[32];
    snprintf(head, sizeof head, "# %s:", key);
    for (;;) {
        *at += strspn(*at, " ");
        if (**at && **at != '\n' && **at != '#') {
            size_t n = strcspn(*at, " \n");
            assert_true(n < bytes);
            memcpy(word, *at, n);
            word[n] = '\0';
            *at += n;
            return true;
        }
        const char *line = strstr(*at, head);
        if (!line)
            return false;
        *at = line + strlen(head);
    }
}

static void read_settings(struct job *job)
{
    char word[256];
    assert_int_equal(dsq_ranges_create(&job->ranges, NULL, NULL), DSQ_OK);
    assert_int_equal(dsq_decisions_create(&job->decisions, NULL, NULL), DSQ_OK);
    for (const char *at = job->directives; next_word(&at, "range", word, sizeof word);) {
        char *value = strrchr(word, '=');
        *value++ = '\0';
        assert_int_equal(dsq_ranges_set(job->ranges, word, strtod(value, NULL), NULL), DSQ_OK);
    }
    for (const char *at = job->directives; next_word(&at, "scale", word, sizeof word);) {
        float scale[16];
        size_t n = 0;
        char *value = strrchr(word, '=');
        for (*value++ = '\0'; *value; value += *value == ',')
            scale[n++] = strtof(value, &value);
        assert_int_equal(dsq_decisions_set_weight(job->decisions, word, scale, n, NULL), DSQ_OK);
    }
    for (const char *at = job->directives; next_word(&at, "float", word, sizeof word);)
        assert_int_equal(
            dsq_decisions_set_precision(job->decisions, word, DSQ_PRECISION_FLOAT, NULL), DSQ_OK);
}

/* "# %name = 1 2 3 ..." for constants that live in the blob. */
static void write_elements(const struct dsq_graph *g, struct dsq_writer *w)
{
    for (dsq_vid v = 0; v < g->n_values; v++) {
        const struct dsq_value *x = &g->value[v];
        const size_t n = x->data ? x->bytes / dsq_dtype_bytes(x->dtype) : 0;
        if (n < 2 || (x->dtype != DSQ_F32 && x->dtype != DSQ_S8))
            continue;
        dsq_write_format(w, "# %s =", x->name);
        for (size_t i = 0; i < n && i < 8; i++)
            if (x->dtype == DSQ_F32)
                dsq_write_format(w, " %.9g", (double)((const float *)x->data)[i]);
            else
                dsq_write_format(w, " %d", ((const int8_t *)x->data)[i]);
        dsq_write_text(w, n > 8 ? " ...\n" : "\n");
    }
}

static void write_report(const struct dsq_pass_report *r, struct dsq_writer *w)
{
    for (int32_t i = 0; i < r->n_reasons; i++)
        dsq_write_format(w, "# %s %s: %s\n", i < r->n_fallbacks ? "fallback" : "float",
                         r->fallback[i].node, r->fallback[i].reason);
}

/* The passes that the test names, with quantize_int8's report. */
static enum dsq_status run_passes(struct dsq_graph *g, const struct job *job,
                                  struct dsq_pass_report *report, struct dsq_diag *d)
{
    struct dsq_pass_settings s = {
        .ranges = job->ranges, .decisions = job->decisions, .verify = true};
    char word[64], skip[512];
    for (const char *at = job->directives; next_word(&at, "pass", word, sizeof word);) {
        if (strcmp(word, "quantize_int8") != 0) {
            DSQ_TRY(dsq_pass_run_one(g, word, &s, NULL, d));
            continue;
        }
        skip[0] = '\0'; /* the runner gives the report: everything else is skipped */
        for (int i = 0; dsq_pass_name(i); i++)
            if (strcmp(dsq_pass_name(i), word) != 0)
                strcat(strcat(skip, dsq_pass_name(i)), ",");
        s.skip = skip;
        DSQ_TRY(dsq_passes_run(g, &s, report, d));
        s.skip = NULL;
    }
    return DSQ_OK;
}

static void compare(const char *name, const struct dsq_writer *got)
{
    char path[256];
    snprintf(path, sizeof path, "%s/%s.after.txt", folder, name);
    if (getenv("DSQ_REWRITE")) {
        assert_int_equal(dsq_file_write(path, got->data, got->bytes, NULL), DSQ_OK);
        return;
    }
    char *want = read_text(name, "after");
    if (!want)
        fail_msg("%s is missing; DSQ_REWRITE=1 writes it", path);
    if (strlen(want) != got->bytes || memcmp(want, got->data, got->bytes) != 0)
        fail_msg("%s differs (DSQ_REWRITE=1 writes it); now:\n%.*s", path, (int)got->bytes,
                 got->data);
    dsq_release(NULL, want);
}

static void test_one(void **state)
{
    const char *name = *state;
    struct dsq_diag d = {0};
    struct job job = {0};
    struct dsq_graph *g = NULL;
    struct dsq_pass_report report = {0};
    float *blob = make_blob();
    char *file = read_text(name, "before");
    assert_non_null(file);
    split_comments(&job, file);
    read_settings(&job);
    enum dsq_status status = dsq_graph_parse(&g, job.text, strlen(job.text), blob,
                                             BLOB_FLOATS * sizeof *blob, false, NULL, &d);
    if (status == DSQ_OK)
        status = dsq_graph_infer(g, &d);
    if (status == DSQ_OK)
        status = dsq_graph_check(g, false, &d);
    if (status != DSQ_OK)
        fail_msg("%s.before.txt: %s", name, d.text);

    status = run_passes(g, &job, &report, &d);
    const char *expect = strstr(job.directives, "# expect: ");
    struct dsq_writer text, data;
    dsq_writer_init(&text, NULL);
    dsq_writer_init(&data, NULL);
    if (expect) {
        assert_int_not_equal(status, DSQ_OK);
        dsq_write_format(&text, "%s\n", d.text);
        char wanted[256] = "";
        sscanf(expect, "# expect: %255[^\n]", wanted);
        if (!strstr(d.text, wanted))
            fail_msg("%s: expected '%s', got '%s'", name, wanted, d.text);
    } else {
        if (status != DSQ_OK)
            fail_msg("%s: %s", name, d.text);
        assert_int_equal(dsq_graph_print(g, &text, &data, &d), DSQ_OK);
        write_elements(g, &text);
        write_report(&report, &text);
        compare(name, &text);
    }
    dsq_writer_free(&text);
    dsq_writer_free(&data);
    dsq_graph_free(&g);
    dsq_ranges_free(&job.ranges);
    dsq_decisions_free(&job.decisions);
    free(job.text);
    free(job.directives);
    dsq_release(NULL, file);
    free(blob);
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct CMUnitTest *)a)->name, ((const struct CMUnitTest *)b)->name);
}

int main(void)
{
    static char names[MAX_TESTS][NAME_BYTES];
    static struct CMUnitTest tests[MAX_TESTS];
    size_t n = 0;
    DIR *dir = opendir(folder);
    if (!dir) {
        fprintf(stderr, "cannot open %s: run from the source folder\n", folder);
        return 1;
    }
    for (struct dirent *e; (e = readdir(dir)) && n < MAX_TESTS;) {
        const size_t length = strlen(e->d_name), tail = strlen(".before.txt");
        if (length <= tail || length - tail >= NAME_BYTES ||
            strcmp(e->d_name + length - tail, ".before.txt") != 0)
            continue;
        memcpy(names[n], e->d_name, length - tail);
        tests[n] = (struct CMUnitTest){names[n], test_one, NULL, NULL, names[n]};
        n++;
    }
    closedir(dir);
    if (n == 0)
        return 1;
    qsort(tests, n, sizeof tests[0], by_name);
    return _cmocka_run_group_tests("pass_graph", tests, n, NULL, NULL);
}
