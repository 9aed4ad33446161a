/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Shape rules of operators that move data: a graph's body, and the shapes that its outputs %y and
 * %z must get (or the error). Inputs: %x [N,8,H,W], %n [2,3,8,9], %u of unknown rank.
 */
#include "graph_test.h"

static const char head[] = "graph \"g\"\n"
                           "input %x f32 [N,8,H,W] nchw\n"
                           "input %n f32 [2,3,8,9] nchw\n"
                           "input %u f32 ? nchw\n";

struct shape_case {
    const char *body, *shape, *z; /* z NULL: no %z */
};

static struct dsq_graph *graph_of_case(const struct shape_case *c)
{
    char text[4096];
    snprintf(text, sizeof text, "%s%s\noutput %%y\n", head, c->body);
    return parse_graph(text);
}

static void run_case(const struct shape_case *c)
{
    struct dsq_graph *g = graph_of_case(c);
    struct dsq_diag d = {0};
    if (dsq_graph_infer(g, &d) != DSQ_OK)
        fail_msg("%s: %s", c->body, d.text);
    if (strcmp(shape_of(g, "y"), c->shape) != 0)
        fail_msg("%s: %s instead of %s", c->body, shape_of(g, "y"), c->shape);
    if (c->z && strcmp(shape_of(g, "z"), c->z) != 0)
        fail_msg("%s: z is %s instead of %s", c->body, shape_of(g, "z"), c->z);
    check_graph(g, false);
    dsq_graph_free(&g);
}

/* The error must say `shape` somewhere. */
static void run_error(const struct shape_case *c)
{
    struct dsq_graph *g = graph_of_case(c);
    struct dsq_diag d = {0};
    if (dsq_graph_infer(g, &d) != DSQ_SHAPE)
        fail_msg("%s: no error but %s", c->body, shape_of(g, "y"));
    if (!strstr(d.text, c->shape))
        fail_msg("%s: the message is: %s", c->body, d.text);
    dsq_graph_free(&g);
}

#define RUN(run, cases)                                                                            \
    do {                                                                                           \
        for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)                                  \
            run(&cases[i]);                                                                        \
    } while (0)

static void test_split(void **state)
{
    (void)state;
    static const struct shape_case cases[] = {
        {"%y f32 ?, %z f32 ? = split(%x) {axis=1}", "[N,4,H,W]", "[N,4,H,W]"},
        {"%y f32 ?, %z f32 ? = split(%x) {axis=-1}", "[N,8,H,W/2]", "[N,8,H,W/2]"},
        {"%y f32 ?, %z f32 ? = split(%x) {axis=3 uneven=1}", "[N,8,H,?]", "[N,8,H,?]"},
        {"%y f32 ?, %z f32 ? = split(%n) {axis=3 uneven=1}", "[2,3,8,5]", "[2,3,8,4]"},
        {"%y f32 ?, %a f32 ?, %z f32 ? = split(%n) {axis=2 uneven=1}", "[2,3,3,9]", "[2,3,2,9]"},
        {"const %s s64 [2] {1,7}\n%y f32 ?, %z f32 ? = split(%x, %s) {axis=1}", "[N,1,H,W]",
         "[N,7,H,W]"},
        {"const %s s32 [2] {0,3}\n%y f32 ?, %z f32 ? = split(%x, %s) {axis=2}", "[N,8,0,W]",
         "[N,8,3,W]"},
        {"%y f32 ?, %z f32 ? = split(%u) {axis=1}", "?", "?"},
    };
    RUN(run_case, cases);
    static const struct shape_case errors[] = {
        {"%y f32 ?, %z f32 ? = split(%n) {axis=3}", "2 equal parts", NULL},
        {"%y f32 ?, %a f32 ?, %b f32 ?, %z f32 ?, %c f32 ? = split(%n) {axis=1 uneven=1}",
         "5 equal parts", NULL},
        {"%y f32 ?, %z f32 ? = split(%n) {axis=4}", "axis 4", NULL},
        {"const %s s64 [2] {1,7}\n%y f32 ?, %z f32 ? = split(%n, %s) {axis=1}", "8 together",
         NULL},
        {"const %s s64 [2] {-1,4}\n%y f32 ?, %z f32 ? = split(%n, %s) {axis=1}", "size -1", NULL},
        {"const %s s64 [3] {1,1,1}\n%y f32 ?, %z f32 ? = split(%n, %s) {axis=1}",
         "3 sizes for 2 outputs", NULL},
    };
    RUN(run_error, errors);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_split),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
