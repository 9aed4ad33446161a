/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Values that are views of their producer's input: which become one, that such a value holds the
 * same bytes as one with memory of its own (every value is made a graph output for that), and that
 * what it shows lives as long as it does.
 */
#include "engine_support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backend/cpu/backend_cpu.h"

#define W2 "const %w f32 [2,1,1,2] {1,2,-3,4}\n"
#define CONV1(out, in)                                                                             \
    "%" out " f32 [N,2,H,W] nhwc = conv(%w, _, %" in ", _, _)"                                     \
    " {kernel=1,1 stride=1,1 dilation=1,1 group=1 out_channels=2 act_lo=-inf act_hi=inf}\n"
#define UP(out, in) "%" out " f32 [N,4,H,W] nhwc = relu(%" in ")\n"

/* `views`: the names of all that must be views, each followed by a space. */
static const struct view_case {
    const char *body, *output, *views;
} cases[] = {
    /* Halves, read by a convolution and by something that reads any strides. */
    {W2 UP("a", "x") "%b f32 [N,2,H,W] nhwc, %c f32 [N,2,H,W] nhwc = split(%a) {axis=1}\n" CONV1(
         "d", "c") "%e f32 [N,2,H,W] nhwc = add(%b, %d)\n",
     "e", "b c "},
    /* A half that is one input of a concat alone is written there; of two readers, viewed. */
    {W2 UP("a", "x") "%b f32 [N,2,H,W] nhwc, %c f32 [N,2,H,W] nhwc = split(%a) {axis=-3}\n" CONV1(
         "d", "c") "%e f32 [N,6,H,W] nhwc = concat(%b, %c, %d) {axis=1}\n%f f32 [N,6,H,W] nhwc = "
                   "relu(%e)\n",
     "f", "c "},
    /* A slice of channels; not of columns, not every other channel. */
    {"const %s s64 [1] {-3}\nconst %t s64 [1] {-1}\nconst %one s64 [1] {1}\nconst %two s64 [1] "
     "{2}\n"
     "const %three s64 [1] {3}\n" UP(
         "a", "x") "%b f32 [N,2,H,W] nhwc = slice(%a, %s, %t, %one)\n"
                   "%c f32 [N,4,H,?] nhwc = slice(%a, %one, %three, %three)\n"
                   "%d f32 [N,2,H,W] nhwc = slice(%a, %one, %three, %one, %one)\n"
                   "%e f32 [N,1,H,W] nhwc = slice(%a, %one, %three, %one, %two)\n"
                   "%f f32 [N,2,H,W] nhwc = add(%b, %d)\n%g f32 [N,2,H,W] nhwc = mul(%f, %e)\n"
                   "%h f32 [N,1,1,1] nhwc = reduce(%c, %axes) {kind=sum keepdims=1}\n"
                   "%i f32 [N,2,H,W] nhwc = add(%g, %h)\n",
     "i", "b d "},
    /* Shapes, one after the other; a view of a view keeps the first value alive while others come
     * and go. */
    {"const %r s64 [2] {0,-1}\nconst %q s64 [3] {0,2,-1}\nconst %last s64 [1] {-1}\n"
     "%a f32 [N,4,H,W] = relu(%n)\n%b f32 [N,?] = reshape(%a, %r)\n%c f32 [N,2,?] = reshape(%b, "
     "%q)\n"
     "%p f32 [N,4,H,W] = mul(%n, %n)\n%s f32 [N,4,H,W] = mul(%p, %n)\n"
     "%t f32 [N,4,H,W] = mul(%s, %p)\n%u f32 [N,?] = flatten(%t) {axis=1}\n"
     "%v f32 [N,2,?] = reshape(%u, %q)\n%z f32 [N,2,?] = add(%c, %v)\n"
     "%y f32 [N,2,?,1] = unsqueeze(%z, %last)\n%k f32 [N,2,?,1] = sigmoid(%y)\n",
     "k", "b c u v y "},
    /* Not of the caller's memory, and not where the layout changes. */
    {"const %r s64 [2] {0,-1}\n%a f32 [N,?] = reshape(%n, %r)\n" UP(
         "b", "x") "%c f32 [N,?] = reshape(%b, %r)\n%d f32 [N,?] = add(%a, %c)\n",
     "d", ""},
};

/* The case as a graph; with every value an output, none is a view. */
static struct dsq_engine_file *file_of_case(const struct view_case *c, bool all_outputs)
{
    char text[4096];
    int n = snprintf(text, sizeof text,
                     "graph \"g\"\ninput %%x f32 [N,4,H,W] nhwc\ninput %%n f32 [N,4,H,W] nchw\n"
                     "const %%axes s64 [3] {1,2,3}\n%s",
                     c->body);
    for (const char *at = c->body; all_outputs && (at = strchr(at, '%')); at++)
        if ((at == c->body || at[-1] == '\n' || (at[-1] == ' ' && at[-2] == ',')) &&
            strncmp(at + 2, " f32 [N", 7) == 0 && at[1] != c->output[0])
            n += snprintf(text + n, sizeof text - (size_t)n, "output %%%c\n", at[1]);
    snprintf(text + n, sizeof text - (size_t)n, "output %%%s\n", c->output);
    return file_of(graph_of(text), NULL);
}

static void check_places(const struct view_case *c, const struct run *r)
{
    char views[100] = "";
    for (dsq_vid v = 0; v < r->graph->n_values; v++)
        if (r->engine->program.place[v] == DSQ_PLACE_VIEW) {
            strcat(views, r->graph->value[v].name);
            strcat(views, " ");
        }
    /* Values are numbered as they are first named, which is the order of the list. */
    if (strcmp(views, c->views) != 0)
        fail_msg("%s: views are %s, not %s", c->body, views, c->views);
}

static void run_case(const struct view_case *c, bool all_outputs, struct run *r,
                     struct dsq_engine_file **file)
{
    uint64_t random = 5;
    float x[2][2 * 4 * 3 * 5];
    *file = file_of_case(c, all_outputs);
    run_open(r, *file, NULL, 2);
    for (int i = 0; i < 2; i++) {
        struct dsq_tensor t = {.dtype = DSQ_F32,
                               .layout = i ? DSQ_NCHW : DSQ_NHWC,
                               .rank = 4,
                               .dims = {2, 4, 3, 5},
                               .data = x[i]};
        for (int k = 0; k < 120; k++)
            x[i][k] = random_float(&random);
        if (i < r->graph->n_inputs)
            assert_ok(dsq_context_set_input(r->context, i, &t, diag));
    }
    run_once(r);
}

static void test_views(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct run views, own;
        struct dsq_engine_file *views_file, *own_file;
        run_case(&cases[i], false, &views, &views_file);
        run_case(&cases[i], true, &own, &own_file);
        check_places(&cases[i], &views);
        for (dsq_vid v = 0; v < own.graph->n_values; v++)
            assert_int_not_equal(own.engine->program.place[v], DSQ_PLACE_VIEW);
        assert_same_run(&views, &own);
        run_close(&views);
        run_close(&own);
        dsq_engine_file_free(&views_file);
        dsq_engine_file_free(&own_file);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_views)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
