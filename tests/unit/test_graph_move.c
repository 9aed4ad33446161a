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
        {"const %s s64 [2] {1,7}\n%y f32 ?, %z f32 ? = split(%n, %s) {axis=1}", "8 together", NULL},
        {"const %s s64 [2] {-1,4}\n%y f32 ?, %z f32 ? = split(%n, %s) {axis=1}", "size -1", NULL},
        {"const %s s64 [3] {1,1,1}\n%y f32 ?, %z f32 ? = split(%n, %s) {axis=1}",
         "3 sizes for 2 outputs", NULL},
    };
    RUN(run_error, errors);
}

#define INTS(name, n, list) "const %" name " s64 [" n "] {" list "}\n"

static void test_pad(void **state)
{
    (void)state;
    static const struct shape_case cases[] = {
        {INTS("p", "8", "0,0,1,2,0,0,3,4") "%y f32 ? = pad(%x, %p)", "[N,8,H+4,W+6]", NULL},
        {INTS("p", "8", "0,-1,0,0,0,-2,0,-9") "%y f32 ? = pad(%n, %p)", "[2,0,8,0]", NULL},
        {INTS("p", "4", "1,2,3,4") INTS("a", "2", "-1,1") "%y f32 ? = pad(%x, %p, _, %a)",
         "[N,14,H,W+4]", NULL},
        {INTS("p", "2", "0,-1") INTS("a", "1", "2") "%y f32 ? = pad(%x, %p, _, %a) {mode=edge}",
         "[N,8,H-1,W]", NULL},
        {"%s s64 ? = shape(%x)\n%p s64 ? = concat(%s, %s) {axis=0}\n%y f32 ? = pad(%n, %p)",
         "[?,19,?,?]", NULL},
    };
    RUN(run_case, cases);
    static const struct shape_case errors[] = {
        {INTS("p", "6", "0,0,0,0,0,0") "%y f32 ? = pad(%n, %p)", "6 pads for 4 axes", NULL},
        {INTS("p", "8", "0,0,0,-5,0,0,0,-5") "%y f32 ? = pad(%n, %p)", "cannot lose 5 and 5", NULL},
        {INTS("p", "2", "1,1") INTS("a", "1", "4") "%y f32 ? = pad(%n, %p, _, %a)", "axis 4", NULL},
        {INTS("p", "4", "1,1,1,1") INTS("a", "2", "1,-3") "%y f32 ? = pad(%n, %p, _, %a)",
         "named twice", NULL},
    };
    RUN(run_error, errors);
}

static void test_growing(void **state)
{
    (void)state;
    static const struct shape_case cases[] = {
        {INTS("r", "4", "1,2,3,1") "%y f32 ? = tile(%x, %r)", "[N,16,3*H,W]", NULL},
        {INTS("r", "4", "1,0,1,1") "%y f32 ? = tile(%n, %r)", "[2,0,8,9]", NULL},
        {INTS("s", "5", "4,1,3,8,1") "%y f32 ? = expand(%n, %s)", "[4,2,3,8,9]", NULL},
        {INTS("s", "1", "9") "%y f32 ? = expand(%x, %s)", "[N,8,H,9]", NULL},
        {"const %one f32 [] {1}\n%s s64 ? = shape(%x)\n%y f32 ? = expand(%one, %s)", "[N,8,H,W]",
         NULL},
        {"%y f32 ? = depth_to_space(%x) {size=2}", "[N,2,2*H,2*W]", NULL},
        {"%y f32 ? = space_to_depth(%x) {size=2}", "[N,32,H/2,W/2]", NULL},
        {"const %o s64 [] {1}\nconst %e s64 [] {10}\nconst %d s64 [] {3}\n"
         "%y s64 ? = range(%o, %e, %d)",
         "[3]", NULL},
        {"const %o f32 [] {1}\nconst %e f32 [] {-2}\nconst %d f32 [] {-0.4}\n"
         "%y f32 ? = range(%o, %e, %d)",
         "[8]", NULL},
        {"const %z f32 [] {0}\nconst %o f32 [] {1}\nconst %k s64 [] {3}\n%s s64 ? = shape(%x)\n"
         "%w s64 ? = gather(%s, %k)\n%f f32 ? = cast(%w) {to=f32}\n%y f32 ? = range(%z, %f, %o)",
         "[W]", NULL},
        {"const %z s64 [] {0}\nconst %o s64 [] {1}\nconst %k s64 [] {3}\n%s s64 ? = shape(%x)\n"
         "%w s64 ? = gather(%s, %k)\n%y s64 ? = range(%z, %w, %o)",
         "[W]", NULL},
    };
    RUN(run_case, cases);
    static const struct shape_case errors[] = {
        {INTS("r", "3", "1,1,1") "%y f32 ? = tile(%n, %r)", "3 repeats", NULL},
        {INTS("r", "4", "1,-1,1,1") "%y f32 ? = tile(%n, %r)", "-1 times", NULL},
        {INTS("s", "2", "8,8") "%y f32 ? = expand(%n, %s)", "9 and 8", NULL},
        {INTS("s", "2", "8,-1") "%y f32 ? = expand(%n, %s)", "cannot be -1", NULL},
        {"%y f32 ? = depth_to_space(%n) {size=2}", "3, is no multiple of 4", NULL},
        {"%y f32 ? = space_to_depth(%n) {size=2}", "width, 9, is no multiple of 2", NULL},
        {"%y f32 ? = space_to_depth(%n)", "block size of 0", NULL},
        {"const %z s64 [] {0}\n%y s64 ? = range(%z, %z, %z)", "step of 0", NULL},
        {"const %z f32 [] {0}\nconst %o f32 [] {1}\n%y f32 ? = range(%z, %o, %z)", "by 0", NULL},
    };
    RUN(run_error, errors);
}

static void test_whole_axes(void **state)
{
    (void)state;
    static const struct shape_case cases[] = {
        {INTS("a", "2", "2,-1") "%y f32 ? = reduce(%x, %a) {kind=mean keepdims=1}", "[N,8,1,1]",
         NULL},
        {INTS("a", "2", "2,-1") "%y f32 ? = reduce(%x, %a) {kind=mean}", "[N,8]", NULL},
        {"%y f32 ? = reduce(%x) {kind=sum}", "[]", NULL},
        {INTS("a", "0", "") "%y f32 ? = reduce(%x, %a) {kind=sum keepdims=1}", "[1,1,1,1]", NULL},
        {INTS("a", "0", "") "%y f32 ? = reduce(%x, %a) {kind=sum noop=1}", "[N,8,H,W]", NULL},
        {"%y s64 ? = argmax(%x) {axis=1 keepdims=1}", "[N,1,H,W]", NULL},
        {"%y s64 ? = argmin(%x) {axis=-1}", "[N,8,H]", NULL},
        {INTS("k", "1", "5") "%y f32 ?, %z s64 ? = topk(%x, %k) {axis=1}", "[N,5,H,W]",
         "[N,5,H,W]"},
        {"%y f32 ? = softmax(%x) {axis=1}", "[N,8,H,W]", NULL},
        {"%y f32 ? = log_softmax(%x) {axis=4 flat=1}", "[N,8,H,W]", NULL},
        {"input %i s64 [2,1,5,9] nchw\n%y f32 ? = gather_elements(%n, %i) {axis=2}", "[2,1,5,9]",
         NULL},
    };
    RUN(run_case, cases);
    static const struct shape_case errors[] = {
        {INTS("a", "1", "4") "%y f32 ? = reduce(%n, %a)", "axis 4", NULL},
        {"%y s64 ? = argmax(%n) {axis=4}", "axis 4", NULL},
        {INTS("k", "1", "4") "%y f32 ?, %z s64 ? = topk(%n, %k) {axis=1}", "4 of 3", NULL},
        {"%y f32 ? = softmax(%n) {axis=4}", "axis 4", NULL},
        {INTS("i", "1", "0") "%y f32 ? = gather_elements(%n, %i)", "the indices have 1", NULL},
        {"input %i s64 [2,4,5,9] nchw\n%y f32 ? = gather_elements(%n, %i) {axis=2}",
         "indices is 4, of the data 3", NULL},
    };
    RUN(run_error, errors);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_split),
        cmocka_unit_test(test_pad),
        cmocka_unit_test(test_growing),
        cmocka_unit_test(test_whole_axes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
