/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The runner: which passes run, what it dumps and reports, what it refuses, and that it survives
 * running out of memory at every single allocation.
 */
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

/* A lateral convolution whose size Resize asks for, BatchNorm, bias, ReLU, shared heads. */
static const char model[] =
    "graph \"small\"\n"
    "input %x f32 [N,2,H,W] nchw\n"
    "const %w f32 [2,1,1,2] @0:16\n"
    "const %g f32 [2] @64:8\n"
    "const %c f32 [1,2,1,1] @64:8\n"
    "const %axis s64 [1] {2}\n"
    "const %end s64 [1] {4}\n"
    "const %zero s64 [1] {0}\n"
    "%x1 f32 [N,2,H,W] nchw = identity(%x)\n"
    "%l f32 [N,2,H,W] nchw = conv(%w, _, %x1, _, _) name=\"l\" {kernel=1,1 stride=1,1 "
    "dilation=1,1 group=1 out_channels=2 act_lo=-inf act_hi=inf}\n"
    "%l1 f32 [N,2,H,W] nchw = batchnorm(%l, %g, %g, %g, %g)\n"
    "%p f32 [N,2,H,W] nchw = maxpool(%x1) {kernel=2,2 stride=2,2 dilation=1,1}\n"
    "%s s64 [4] nchw = shape(%l1)\n"
    "%hw s64 [2] nchw = slice(%s, %axis, %end, %zero, _)\n"
    "%sp s64 [4] nchw = shape(%p)\n"
    "%nc s64 [2] nchw = slice(%sp, %zero, %axis, %zero, _)\n"
    "%size s64 [4] nchw = concat(%nc, %hw) {axis=0}\n"
    "%up f32 [N,2,H,W] nchw = resize(%p, %size, _) {mode=nearest coord=asymmetric round=floor}\n"
    "%sum f32 [N,2,H,W] nchw = add(%up, %l1)\n"
    "%r f32 [N,2,H,W] nchw = relu(%sum)\n"
    "%h1 f32 [N,2,H,W] nchw = conv(%w, %g, %r, _, _) name=\"h1\" {kernel=1,1 stride=1,1 "
    "dilation=1,1 group=1 out_channels=2 act_lo=-inf act_hi=inf}\n"
    "%h2 f32 [N,2,H,W] nchw = conv(%w, %g, %p, _, _) name=\"h2\" {kernel=1,1 stride=1,1 "
    "dilation=1,1 group=1 out_channels=2 act_lo=-inf act_hi=inf}\n"
    "%y f32 [N,2,H,W] nchw = add(%h1, %c)\n"
    "output %y\n"
    "output %h2\n";

static _Alignas(64) const float blob[32] = {0.5f, -1.0f, 2.0f, 0.25f, [16] = 1.5f, 0.75f};

static struct dsq_graph *parse(const char *text, const struct dsq_allocator *a,
                               enum dsq_status *status)
{
    struct dsq_graph *g = NULL;
    struct dsq_diag d = {0};
    *status = dsq_graph_parse(&g, text, strlen(text), blob, sizeof blob, true, a, &d);
    if (*status == DSQ_OK)
        *status = dsq_graph_infer(g, &d);
    if (*status != DSQ_OK && !a)
        fail_msg("%s", d.text);
    return g;
}

static int count(const struct dsq_graph *g, enum dsq_op op)
{
    int n = 0;
    for (int32_t i = 0; i < g->n_nodes; i++)
        n += g->node[i].op == op && !g->node[i].shape_only;
    return n;
}

static struct dsq_graph *small(void)
{
    enum dsq_status status;
    return parse(model, NULL, &status);
}

/* How many passes come before this one; NULL: how many there are. */
static int place_of(const char *name)
{
    int i = 0;
    while (dsq_pass_name(i) && (!name || strcmp(dsq_pass_name(i), name) != 0))
        i++;
    return i;
}

static void test_all(void **state)
{
    (void)state;
    struct dsq_graph *g = small();
    struct dsq_diag d = {0};
    struct dsq_pass_report r;
    struct dsq_pass_settings s = {.verify = true};
    if (dsq_passes_run(g, &s, &r, &d) != DSQ_OK)
        fail_msg("%s", d.text);
    assert_int_equal(count(g, DSQ_OP_CONV), 3);
    assert_int_equal(count(g, DSQ_OP_RELAYOUT), 1);
    assert_int_equal(count(g, DSQ_OP_ADD) + count(g, DSQ_OP_RELU) + count(g, DSQ_OP_BATCHNORM), 0);
    assert_int_equal(r.n_times, place_of(NULL) - 1); /* all but quantize_int8 */
    for (int32_t i = 0; i < r.n_times; i++)
        assert_true(r.time[i].seconds >= 0);
    bool folded;
    assert_true(dsq_graph_find(g, "l1", &folded) >= 0 && folded);
    assert_true(dsq_graph_find(g, "sum", &folded) >= 0 && folded);
    assert_true(dsq_graph_find(g, "x1", &folded) >= 0 && folded);
    assert_int_equal(dsq_graph_find(g, "nobody", &folded), DSQ_NO_VALUE);
    /* A second run finds nothing more to do. */
    if (dsq_passes_run(g, &s, &r, &d) != DSQ_OK)
        fail_msg("%s", d.text);
    for (int32_t i = 0; i < r.n_times; i++)
        if (r.time[i].changed)
            fail_msg("%s changed the graph again", r.time[i].pass);
    dsq_graph_free(&g);
}

static void test_float_part(void **state)
{
    (void)state;
    struct dsq_graph *g = small();
    struct dsq_pass_report r;
    assert_int_equal(dsq_passes_run_float_part(g, NULL, &r, NULL), DSQ_OK);
    assert_int_equal(r.n_times, place_of("quantize_int8"));
    assert_int_equal(count(g, DSQ_OP_RELAYOUT), 0);
    assert_int_equal(count(g, DSQ_OP_RELU), 0);
    dsq_graph_free(&g);
}

static void test_skip_and_stop(void **state)
{
    (void)state;
    struct dsq_graph *g = small();
    struct dsq_pass_report r;
    struct dsq_pass_settings s = {.skip = "fuse_batchnorm,fuse_bias",
                                  .stop_after = "fuse_residual"};
    assert_int_equal(dsq_passes_run(g, &s, &r, NULL), DSQ_OK);
    assert_int_equal(r.n_times, place_of("fuse_residual") + 1 - 2);
    assert_string_equal(r.time[r.n_times - 1].pass, "fuse_residual");
    assert_int_equal(count(g, DSQ_OP_BATCHNORM), 1);
    assert_int_equal(count(g, DSQ_OP_RELU), 1);
    dsq_graph_free(&g);
}

static void test_dump(void **state)
{
    (void)state;
    struct dsq_graph *g = small();
    struct dsq_writer w;
    dsq_writer_init(&w, NULL);
    struct dsq_pass_settings s = {.dump_after = "fuse_batchnorm", .dump = &w};
    assert_int_equal(dsq_passes_run(g, &s, NULL, NULL), DSQ_OK);
    dsq_write_zeros(&w, 1);
    assert_non_null(strstr(w.data, " = relu(%sum)"));
    assert_null(strstr(w.data, "batchnorm"));
    assert_non_null(strstr(w.data, "alias=\"l\""));
    dsq_writer_free(&w);
    dsq_graph_free(&g);
}

static void count_line(void *user, enum dsq_log_level level, const char *text)
{
    int *lines = user;
    assert_int_equal(level, DSQ_LOG_INFO);
    assert_null(strchr(text, '\n'));
    ++*lines;
}

static void test_dump_to_log(void **state)
{
    (void)state;
    struct dsq_graph *g = small();
    int lines = 0;
    struct dsq_log log = {.user = &lines, .message = count_line};
    struct dsq_pass_settings s = {.dump_after = "remove_dead", .log = &log};
    assert_int_equal(dsq_passes_run(g, &s, NULL, NULL), DSQ_OK);
    assert_true(lines > 8);
    dsq_graph_free(&g);
}

static void test_refused(void **state)
{
    (void)state;
    struct dsq_graph *g = small();
    struct dsq_diag d = {0};
    struct dsq_pass_settings skip = {.skip = "fuse_bias,fuse_everything"};
    assert_int_equal(dsq_passes_run(g, &skip, NULL, &d), DSQ_ARGUMENT);
    assert_non_null(
        strstr(d.text, "skip: no pass is called 'fuse_everything'; there are fold_constants"));
    assert_non_null(strstr(d.text, "remove_dead"));
    struct dsq_pass_settings stop = {.stop_after = "fuse"};
    assert_int_equal(dsq_passes_run(g, &stop, NULL, &d), DSQ_ARGUMENT);
    assert_int_equal(dsq_pass_run_one(g, "fuse", NULL, NULL, &d), DSQ_ARGUMENT);
    assert_int_equal(dsq_pass_run_one(g, "quantize_int8", NULL, NULL, &d), DSQ_ARGUMENT);
    assert_non_null(strstr(d.text, "quantize_int8: no ranges given"));
    assert_int_equal(dsq_passes_run(NULL, NULL, NULL, &d), DSQ_ARGUMENT);
    assert_null(dsq_pass_name(-1));
    assert_null(dsq_pass_name(1000));
    assert_string_equal(dsq_pass_name(0), "fold_constants");
    dsq_graph_free(&g);
}

/* ---- accumulators ---- */

/* y sums 66000 products: 255 * 128 * 66000 does not fit 32 bits, so y stays float and reads what a
 * wrote as s8 through a dequantize node. b, below the limit, is INT8. */
static void test_overflow(void **state)
{
    (void)state;
    static const char text[] =
        "graph \"wide\"\n"
        "input %x f32 [1,1,H,W] nchw\n"
        "const %up f32 [66000,1,1,1] @0:264000\n"
        "const %down f32 [1,1,1,66000] @0:264000\n"
        "%a f32 ? nchw = conv(%up, _, %x, _, _) {kernel=1,1 stride=1,1 dilation=1,1 group=1 "
        "out_channels=66000 act_lo=-inf act_hi=inf}\n"
        "%b f32 ? nchw = conv(%up, _, %x, _, _) {kernel=1,1 stride=1,1 dilation=1,1 group=1 "
        "out_channels=66000 act_lo=-inf act_hi=inf}\n"
        "%y f32 ? nchw = conv(%down, _, %a, _, _) {kernel=1,1 stride=1,1 dilation=1,1 group=1 "
        "out_channels=1 act_lo=-inf act_hi=inf}\n"
        "output %y\noutput %b\n";
    float *data = aligned_alloc(64, 264064);
    assert_non_null(data);
    for (int i = 0; i < 66000; i++)
        data[i] = 0.5f;
    struct dsq_graph *g = NULL;
    struct dsq_ranges *ranges;
    struct dsq_pass_report r;
    struct dsq_diag d = {0};
    assert_int_equal(dsq_ranges_create(&ranges, NULL, NULL), DSQ_OK);
    assert_int_equal(dsq_ranges_set(ranges, "x", 1.0, NULL), DSQ_OK);
    assert_int_equal(dsq_ranges_set(ranges, "a", 1.0, NULL), DSQ_OK);
    if (dsq_graph_parse(&g, text, strlen(text), data, 264000, true, NULL, &d) != DSQ_OK ||
        dsq_graph_infer(g, &d) != DSQ_OK)
        fail_msg("%s", d.text);
    struct dsq_pass_settings s = {.ranges = ranges, .verify = true, .skip = "gather_segments"};
    if (dsq_passes_run(g, &s, &r, &d) != DSQ_OK)
        fail_msg("%s", d.text);
    assert_int_equal(r.n_int8, 2);
    assert_int_equal(r.n_float, 1);
    assert_int_equal(r.n_reasons, 1);
    assert_int_equal(r.n_fallbacks, 1);
    assert_string_equal(r.fallback[0].output, "y");
    assert_string_equal(r.fallback[0].reason, "sums of 66000 products may overflow 32 bits");
    assert_int_equal(count(g, DSQ_OP_QUANTIZE), 1);
    assert_int_equal(count(g, DSQ_OP_DEQUANTIZE), 1);
    assert_int_equal(g->value[dsq_graph_find(g, "a", NULL)].dtype, DSQ_S8);
    dsq_graph_free(&g);
    dsq_ranges_free(&ranges);
    free(data);
}

/* ---- out of memory ---- */

struct counter {
    int left;  /* requests that succeed */
    int alive; /* pieces not freed */
};

static void *counted_alloc(void *user, size_t bytes)
{
    struct counter *c = user;
    if (c->left-- <= 0)
        return NULL;
    c->alive++;
    return aligned_alloc(64, (bytes + 63) / 64 * 64);
}

static void counted_free(void *user, void *memory)
{
    struct counter *c = user;
    c->alive--;
    free(memory);
}

static struct dsq_ranges *some_ranges(void)
{
    static const char *const names[] = {"x", "p", "up", "r"};
    struct dsq_ranges *ranges;
    assert_int_equal(dsq_ranges_create(&ranges, NULL, NULL), DSQ_OK);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        assert_int_equal(dsq_ranges_set(ranges, names[i], 1.0 + (double)i, NULL), DSQ_OK);
    return ranges;
}

static void test_out_of_memory(void **state)
{
    (void)state;
    struct dsq_ranges *ranges = some_ranges();
    struct dsq_pass_settings s = {.ranges = ranges, .verify = true};
    bool through = false;
    for (int n = 0; n < 20000 && !through; n++) {
        struct counter c = {.left = n};
        const struct dsq_allocator a = {&c, counted_alloc, counted_free};
        enum dsq_status status;
        struct dsq_diag d = {0};
        struct dsq_graph *g = parse(model, &a, &status);
        if (status == DSQ_OK)
            status = dsq_passes_run(g, &s, NULL, &d);
        through = status == DSQ_OK;
        if (!through && status != DSQ_NOMEM)
            fail_msg("allocation %d: %s: %s", n, dsq_status_name(status), d.text);
        dsq_graph_free(&g);
        if (c.alive != 0)
            fail_msg("allocation %d: %d pieces leaked", n, c.alive);
    }
    assert_true(through);
    dsq_ranges_free(&ranges);
}

/* Two long chains over one weight: every node depends on all before it in its chain, so that only
 * pairs across merge. Looking at all paths for all pairs would take minutes. */
static void test_recurrent_weights(void **state)
{
    (void)state;
    enum { LENGTH = 4000 };
    struct dsq_writer w;
    dsq_writer_init(&w, NULL);
    dsq_write_text(&w, "graph \"chains\"\ninput %a0 f32 [N,2,H,W] nchw\n"
                       "input %b0 f32 [N,2,H,W] nchw\nconst %w f32 [2,1,1,2] @0:16\n");
    for (int i = 0; i < 2 * LENGTH; i++)
        dsq_write_format(&w,
                         "%%%c%d f32 [N,2,H,W] nchw = conv(%%w, _, %%%c%d, _, _) {kernel=1,1 "
                         "stride=1,1 dilation=1,1 group=1 out_channels=2 act_lo=-inf act_hi=inf}\n",
                         "ab"[i % 2], i / 2 + 1, "ab"[i % 2], i / 2);
    dsq_write_format(&w, "output %%a%d\noutput %%b%d\n", LENGTH, LENGTH);
    assert_false(w.failed);
    enum dsq_status status;
    struct dsq_graph *g = parse(w.data, NULL, &status);
    struct dsq_diag d = {0};
    if (dsq_pass_run_one(g, "gather_segments", NULL, NULL, &d) != DSQ_OK)
        fail_msg("%s", d.text);
    assert_int_equal(g->n_nodes, LENGTH);
    for (int32_t i = 0; i < g->n_nodes; i++)
        assert_int_equal(g->node[i].n_out, 2);
    dsq_graph_free(&g);
    dsq_writer_free(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all),
        cmocka_unit_test(test_float_part),
        cmocka_unit_test(test_skip_and_stop),
        cmocka_unit_test(test_dump),
        cmocka_unit_test(test_dump_to_log),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_overflow),
        cmocka_unit_test(test_out_of_memory),
        cmocka_unit_test(test_recurrent_weights),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
