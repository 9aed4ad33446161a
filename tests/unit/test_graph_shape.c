/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every shape rule, case by case. A case is the body of a graph; the shape (or the error) that it
 * must give for %y stands beside it. Inputs: %x [N,3,H,W], %n [2,3,8,9], %m [1,3,1,9].
 */
#include "graph_test.h"

static const char head[] = "graph \"g\"\n"
                           "input %x f32 [N,3,H,W] nchw\n"
                           "input %n f32 [2,3,8,9] nchw\n"
                           "input %m f32 [1,3,1,9] nchw\n"
                           "input %u f32 ? nchw\n";

struct shape_case {
    const char *body, *shape; /* of %y */
};

static void run_case(const struct shape_case *c)
{
    char text[4096];
    snprintf(text, sizeof text, "%s%s\noutput %%y\n", head, c->body);
    struct dsq_graph *g = parse_graph(text);
    struct dsq_diag d = {0};
    if (dsq_graph_infer(g, &d) != DSQ_OK)
        fail_msg("%s: %s", c->body, d.text);
    if (strcmp(shape_of(g, "y"), c->shape) != 0)
        fail_msg("%s: %s instead of %s", c->body, shape_of(g, "y"), c->shape);
    check_graph(g, false);
    dsq_graph_free(&g);
}

/* The error must name the node and say `shape` (as a case's field) somewhere. */
static void run_error(const struct shape_case *c)
{
    char text[4096];
    snprintf(text, sizeof text, "%s%s\noutput %%y\n", head, c->body);
    struct dsq_graph *g = parse_graph(text);
    struct dsq_diag d = {0};
    if (dsq_graph_infer(g, &d) != DSQ_SHAPE)
        fail_msg("%s: no error but %s", c->body, shape_of(g, "y"));
    if (!strstr(d.text, "'y'") || !strstr(d.text, c->shape))
        fail_msg("%s: the message is: %s", c->body, d.text);
    dsq_graph_free(&g);
}

#define RUN(run, cases)                                                                            \
    do {                                                                                           \
        for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)                                  \
            run(&cases[i]);                                                                        \
    } while (0)

#define W_DEPTH "const %w f32 [3,1,1,1] {1,1,1}\n"
#define WIN "kernel=3,3 dilation=1,1"

static void test_windows(void **state)
{
    (void)state;
    static const struct shape_case cases[] = {
        {"const %w f32 [6,1,1,3] {1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1}\n%y f32 ? = conv(%w, _, %x, "
         "_, _)"
         " {kernel=1,1 stride=1,1 dilation=1,1 group=1 out_channels=6}",
         "[N,6,H,W]"},
        {W_DEPTH "%y f32 ? = conv(%w, _, %x, _, _)"
                 " {kernel=1,1 stride=2,2 dilation=1,1 group=3 out_channels=3}",
         "[N,3,(H+1)/2,(W+1)/2]"},
        {W_DEPTH "%z f32 ?, %y f32 ? = conv(%w, _, %x, _, _, %n, _, _)"
                 " {kernel=1,1 stride=1,2 dilation=1,1 pad=1,0,2,3 group=3 out_channels=3}",
         "[2,3,11,6]"},
        {W_DEPTH "%y f32 ? = conv(%w, _, %x, %n, _)"
                 " {kernel=1,1 stride=1,1 dilation=1,1 group=3 out_channels=3}",
         "[2,3,8,9]"}, /* the residual knows more */
        {W_DEPTH "%r f32 [N,3,W,?] nchw = transpose(%x) {n=4 perm=0,1,3,2}\n"
                 "const %s f32 [4] {1,1,0.3,0.3}\n%q f32 ? = resize(%r, _, %s)\n"
                 "%y f32 ? = conv(%w, _, %x, %q, _)"
                 " {kernel=1,1 stride=1,1 dilation=1,1 group=3 out_channels=3}",
         "[N,3,H,W]"}, /* the residual knows less, */
        {W_DEPTH "%r f32 ? = transpose(%x) {n=4 perm=0,1,3,2}\n%y f32 ? = conv(%w, _, %x, %r, _)"
                 " {kernel=1,1 stride=1,1 dilation=1,1 group=3 out_channels=3}",
         "[N,3,H,W]"}, /* or something else */
        {W_DEPTH "%y f32 ? = conv(%w, _, %x, _, _) {kernel=1,1 stride=2,3 dilation=1,1 group=3"
                 " out_channels=3 transposed=1 out_pad=1,0 pad=0,0,0,1}",
         "[N,3,2*H,3*W-3]"},
        {W_DEPTH "%y f32 ? = conv(%w, _, %x, _, _) {kernel=1,1 stride=2,2 dilation=1,1 group=3"
                 " out_channels=3 transposed=1 out_size=17,20}",
         "[N,3,17,20]"},
        {"%y f32 ? = maxpool(%x) {" WIN " stride=2,2 pad=1,1,1,1}", "[N,3,(H+1)/2,(W+1)/2]"},
        {"%y f32 ? = maxpool(%n) {" WIN " stride=2,2 pad=0,0,1,1}", "[2,3,4,4]"},
        {"%y f32 ? = maxpool(%n) {" WIN " stride=2,2 ceil_mode=1}", "[2,3,4,4]"},
        {"%y f32 ? = maxpool(%x) {" WIN " stride=2,2 auto_pad=same_upper}",
         "[N,3,(H+1)/2,(W+1)/2]"},
        {"%y f32 ? = maxpool(%n) {" WIN " stride=2,2 auto_pad=valid}", "[2,3,3,4]"},
        {"%y f32 ? = maxpool(%u) {" WIN " stride=2,2}", "?"},
        {"%y f32 ? = avgpool(%x) {" WIN " stride=2,2 pad=1,1,1,1}", "[N,3,(H+1)/2,(W+1)/2]"},
        {"%y f32 ? = avgpool(%n) {" WIN " stride=2,2 ceil_mode=1}", "[2,3,4,4]"},
        {"%y f32 ? = global_avgpool(%x)", "[N,3,1,1]"},
        {"%y f32 ? = global_maxpool(%n)", "[2,3,1,1]"},
        {"%y f32 ? = global_maxpool(%u)", "?"},
    };
    RUN(run_case, cases);
    static const struct shape_case errors[] = {
        {"%y f32 ? = maxpool(%m) {" WIN " stride=1,1}", "does not fit"},
        {"const %w f32 [1,1,1,2] {1,1}\n%y f32 ? = conv(%w, _, %x, _, _)"
         " {kernel=1,1 stride=1,1 dilation=1,1 group=1 out_channels=1}",
         "3 and 2"},
        {W_DEPTH "%y f32 ? = conv(%w, _, %n, %m, _)"
                 " {kernel=1,1 stride=1,1 dilation=1,1 group=3 out_channels=3}",
         "1 and 2"},
        {W_DEPTH "%y f32 ? = conv(%w, _, %n, _, _) {kernel=1,1 stride=1,1 dilation=1,1 group=3"
                 " out_channels=3 transposed=1 pad=0,5,0,5}",
         "width"},
        {"%y f32 ? = maxpool(%x) {kernel=0,1 stride=1,1 dilation=1,1}", "fit"},
        {"const %v f32 [4] {1,2,3,4}\n%y f32 ? = maxpool(%v) {" WIN " stride=1,1}", "rank 1"},
        {"const %v f32 [4] {1,2,3,4}\n%y f32 ? = global_avgpool(%v)", "rank 1"},
    };
    RUN(run_error, errors);
}

static void test_elementwise(void **state)
{
    (void)state;
    static const struct shape_case cases[] = {
        {"%y f32 ? = relu(%x)", "[N,3,H,W]"},
        {"%y f32 ? = clip(%x) {lo=-1 hi=6}", "[N,3,H,W]"},
        {"%y f32 ? = sigmoid(%u)", "?"},
        {"%y f32 ? = identity(%n)", "[2,3,8,9]"},
        {"%y f32 ? = relayout(%n)", "[2,3,8,9]"},
        {"const %c f32 [3] {1,2,3}\n%y f32 ? = batchnorm(%x, %c, %c, %c, %c) {epsilon=0.001}",
         "[N,3,H,W]"},
        {"%y f32 ? = add(%n, %m)", "[2,3,8,9]"},
        {"%y f32 ? = sub(%m, %n)", "[2,3,8,9]"},
        {"%y f32 ? = mul(%x, %x)", "[N,3,H,W]"},
        {"%y f32 ? = add(%x, %n)", "[2,3,8,9]"}, /* a symbol is that number, or 1 */
        {"%y f32 ? = add(%x, %m)", "[N,3,H,9]"},
        {"%t f32 ? = transpose(%x) {n=4 perm=0,1,3,2}\n%y f32 ? = add(%x, %t)", "[N,3,?,?]"},
        {"const %c f32 [] {2}\n%y f32 ? = div(%x, %c)", "[N,3,H,W]"},
        {"const %c f32 [3,1,1] {1,2,3}\n%y f32 ? = mul(%c, %x)", "[N,3,H,W]"},
        {"%y f32 ? = add(%x, %u)", "?"},
    };
    RUN(run_case, cases);
    static const struct shape_case errors[] = {
        {"%t f32 ? = maxpool(%n) {kernel=1,1 stride=2,2 dilation=1,1}\n%y f32 ? = add(%n, %t)",
         "8 and 4"},
        {"const %c f32 [2] {1,2}\n%y f32 ? = batchnorm(%x, %c, %c, %c, %c)", "3 and 2"},
    };
    RUN(run_error, errors);
}

static void test_joining(void **state)
{
    (void)state;
    static const struct shape_case cases[] = {
        {"%y f32 ? = concat(%x, %x) {axis=1}", "[N,6,H,W]"},
        {"%y f32 ? = concat(%x, %n) {axis=-1}", "[2,3,8,W+9]"},
        {"%y f32 ? = concat(%x, %x) {axis=2}", "[N,3,2*H,W]"},
        {"%p f32 ? = maxpool(%x) {kernel=1,1 stride=2,1 dilation=1,1}\n"
         "%y f32 ? = concat(%p, %x) {axis=2}",
         "[N,3,?,W]"},
        {"%y f32 ? = concat(%x, %u) {axis=1}", "?"},
        {"const %s f32 [4] {1,1,0.3,1}\n%r f32 ? = resize(%x, _, %s)\n"
         "%y f32 ? = concat(%r, %x) {axis=3}",
         "[N,3,H,2*W]"}, /* what is unknown must be as the other */
        {"%y f32 ? = concat(%x)", "[N,3,H,W]"},
        {"const %i s64 [] {1}\n%y f32 ? = gather(%x, %i) {axis=-2}", "[N,3,W]"},
        {"const %i s64 [2,2] {0,1,1,0}\n%y f32 ? = gather(%x, %i) {axis=1}", "[N,2,2,H,W]"},
    };
    RUN(run_case, cases);
    static const struct shape_case errors[] = {
        {"%y f32 ? = concat(%n, %m) {axis=1}", "2 and 1"},
        {"%y f32 ? = concat(%n, %n) {axis=4}", "axis 4"},
        {"const %c f32 [1] {1}\n%y f32 ? = concat(%n, %c) {axis=0}", "rank 1"},
        {"const %i s64 [2,1,1,1,1,1] {0,0}\n%y f32 ? = gather(%x, %i)", "more than 8"},
    };
    RUN(run_error, errors);
}

#define SLICE(starts, ends, axes, steps)                                                           \
    "const %s s64 [1] {" starts "}\nconst %e s64 [1] {" ends "}\nconst %a s64 [1] {" axes          \
    "}\nconst %t s64 [1] {" steps "}\n%y f32 ? = slice("
#define MAX "9223372036854775807"
#define MIN "-9223372036854775808"

static void test_slices(void **state)
{
    (void)state;
    static const struct shape_case cases[] = {
        {SLICE("0", MAX, "2", "2") "%x, %s, %e, %a, %t)", "[N,3,(H+1)/2,W]"},
        {SLICE("1", MAX, "-1", "2") "%x, %s, %e, %a, %t)", "[N,3,H,W/2]"},
        {SLICE("1", "2147483647", "-1", "1") "%x, %s, %e, %a)", "[N,3,H,W-1]"},
        {SLICE("0", "-1", "2", "1") "%x, %s, %e, %a, %t)", "[N,3,H-1,W]"},
        {SLICE("0", "4", "2", "1") "%x, %s, %e, %a, %t)", "[N,3,?,W]"},
        {SLICE("-1", MAX, "2", "1") "%x, %s, %e, %a, %t)", "[N,3,?,W]"},
        {SLICE("0", "1", "0", "1") "%n, %s, %e)", "[1,3,8,9]"},
        {SLICE("2", "-2", "3", "1") "%n, %s, %e, %a, %t)", "[2,3,8,5]"},
        {SLICE("-3", MAX, "3", "1") "%n, %s, %e, %a, %t)", "[2,3,8,3]"},
        {SLICE("-100", "100", "3", "4") "%n, %s, %e, %a, %t)", "[2,3,8,3]"},
        {SLICE("5", "2", "3", "1") "%n, %s, %e, %a, %t)", "[2,3,8,0]"},
        {SLICE("-1", MIN, "3", "-1") "%n, %s, %e, %a, %t)", "[2,3,8,9]"},
        {SLICE(MAX, MIN, "3", "-3") "%n, %s, %e, %a, %t)", "[2,3,8,3]"},
        {SLICE(MAX, MIN, "3", MIN) "%n, %s, %e, %a, %t)", "[2,3,8,1]"},
        {SLICE("0", MAX, "3", MAX) "%n, %s, %e, %a, %t)", "[2,3,8,1]"},
        {SLICE("-100", "-200", "3", "-1") "%n, %s, %e, %a, %t)", "[2,3,8,1]"}, /* not numpy's 0 */
        {SLICE("-100", "0", "3", "-1") "%n, %s, %e, %a, %t)", "[2,3,8,0]"},
    };
    RUN(run_case, cases);
    static const struct shape_case errors[] = {
        {SLICE("0", "1", "3", "0") "%n, %s, %e, %a, %t)", "step"},
        {SLICE("0", "1", "4", "1") "%n, %s, %e, %a, %t)", "axis 4"},
    };
    RUN(run_error, errors);
}

/* Where a slice begins: starts in the axis, from its end, and outside it on both sides. */
static void test_slice_first(void **state)
{
    (void)state;
    static const struct {
        int64_t size, start, step, first;
    } cases[] = {
        {9, 2, 1, 2},         {9, -3, 4, 6},         {9, -9, 1, 0},         {9, -10, 1, 0},
        {9, 9, 1, 9},         {9, 10, 1, 9},         {9, INT64_MIN, 1, 0},  {9, INT64_MAX, 1, 9},
        {9, 2, -1, 2},        {9, -3, -4, 6},        {9, -9, -1, 0},        {9, -10, -1, 0},
        {9, 9, -1, 8},        {9, INT64_MIN, -1, 0}, {9, INT64_MAX, -1, 8}, {0, 0, 1, 0},
        {0, INT64_MAX, 1, 0}, {0, INT64_MIN, 1, 0},  {0, 0, -1, -1},        {0, -5, -1, -1},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        if (dsq_slice_first(cases[i].size, cases[i].start, cases[i].step) != cases[i].first)
            fail_msg("case %zu", i);
}

static void test_reshaping(void **state)
{
    (void)state;
    static const struct shape_case cases[] = {
        {"const %s s64 [3] {0,3,-1}\n%y f32 ? = reshape(%x, %s)",
         "[N,3,?]"}, /* H * W has no form */
        {"const %q s64 [5] {0,3,0,1,-1}\n%y f32 ? = reshape(%x, %q)", "[N,3,H,1,W]"},
        {"const %q s64 [4] {0,1,-1,3}\n%t f32 ? = maxpool(%n) {kernel=1,1 stride=1,1 "
         "dilation=1,1}\n"
         "%y f32 ? = reshape(%t, %q)",
         "[2,1,72,3]"},
        {"const %s s64 [2] {2,-1}\n%y f32 ? = reshape(%n, %s)", "[2,216]"},
        {"const %s s64 [1] {-1}\n%y f32 ? = reshape(%n, %s)", "[432]"},
        {"const %s s64 [2] {3,0}\nconst %z f32 [0,3] {}\n%y f32 ? = reshape(%z, %s) {allow_zero=1}",
         "[3,0]"},
        {"input %s s64 [3] nchw\n%y f32 ? = reshape(%x, %s)", "[?,?,?]"},
        {"%y f32 ? = flatten(%n) {axis=1}", "[2,216]"},
        {"%y f32 ? = flatten(%n) {axis=0}", "[1,432]"},
        {"%y f32 ? = flatten(%n) {axis=-1}", "[48,9]"},
        {"%y f32 ? = flatten(%n) {axis=4}", "[432,1]"},
        {"%y f32 ? = flatten(%x) {axis=3}", "[?,W]"},
        {"%y f32 ? = transpose(%x) {n=4 perm=0,2,3,1}", "[N,H,W,3]"},
        {"%y f32 ? = transpose(%x)", "[W,H,3,N]"},
        {"const %a s64 [2] {0,-2}\n%y f32 ? = squeeze(%m, %a)", "[3,9]"},
        {"%y f32 ? = squeeze(%m)", "[3,9]"},
        {"%y f32 ? = squeeze(%x)", "?"},
        {"const %a s64 [2] {-1,0}\n%y f32 ? = unsqueeze(%x, %a)", "[1,N,3,H,W,1]"},
    };
    RUN(run_case, cases);
    static const struct shape_case errors[] = {
        {"const %s s64 [2] {5,-1}\n%y f32 ? = reshape(%n, %s)", "432"},
        {"const %s s64 [2] {5,5}\n%y f32 ? = reshape(%n, %s)", "25"},
        {"const %s s64 [2] {-1,-1}\n%y f32 ? = reshape(%n, %s)", "-1"},
        {"const %s s64 [2] {-2,1}\n%y f32 ? = reshape(%n, %s)", "-2"},
        {"const %s s64 [5] {1,1,1,1,0}\n%y f32 ? = reshape(%n, %s)", "element 4"},
        {"const %s s64 [2] {0,-1}\n%y f32 ? = reshape(%n, %s) {allow_zero=1}", "rows of 0"},
        {"%y f32 ? = flatten(%n) {axis=5}", "axis 5"},
        {"%y f32 ? = transpose(%n) {n=4 perm=0,1,1,2}", "twice"},
        {"%y f32 ? = transpose(%n) {n=3 perm=0,1,2}", "rank 4"},
        {"%y f32 ? = transpose(%n) {n=4 perm=0,1,2,4}", "axis 4"},
        {"const %a s64 [1] {1}\n%y f32 ? = squeeze(%m, %a)", "is 3"},
        {"const %a s64 [2] {1,-5}\n%y f32 ? = unsqueeze(%m, %a)", "twice"},
        {"const %a s64 [5] {0,1,2,3,4}\n%y f32 ? = unsqueeze(%n, %a)", "more than 8"},
    };
    RUN(run_error, errors);
}

static void test_resizes(void **state)
{
    (void)state;
    static const struct shape_case cases[] = {
        {"const %s f32 [4] {1,1,2,0.5}\n%y f32 ? = resize(%x, _, %s)", "[N,3,2*H,W/2]"},
        {"const %s f32 [4] {1,1,1.5,0.3}\n%y f32 ? = resize(%x, _, %s)", "[N,3,(3*H)/2,?]"},
        {"const %s f32 [4] {1,1,1.5,0.4}\n%y f32 ? = resize(%n, _, %s)", "[2,3,12,3]"},
        {"const %s s64 [4] {1,3,20,30}\n%y f32 ? = resize(%x, %s, _)", "[1,3,20,30]"},
        {"input %s s64 [4] nchw\n%y f32 ? = resize(%x, %s, _)", "[?,?,?,?]"},
        {"const %s s64 [2] {30,20}\n%y f32 ? = resize(%x, %s, _) {n_axes=2 axes=3,-2}",
         "[N,3,20,30]"},
        {"input %s s64 [1] nchw\n%y f32 ? = resize(%x, %s, _) {n_axes=1 axes=3}", "[N,3,H,?]"},
        {"const %s f32 [1] {2}\n%y f32 ? = resize(%x, _, %s) {n_axes=1 axes=2}", "[N,3,2*H,W]"},
        {"const %s s64 [4] {2,3,13,18}\n%y f32 ? = resize(%n, %s, _) "
         "{policy=not_larger n_axes=4 axes=0,1,2,3}",
         "[2,3,8,9]"},
        /* 8 by 9: 13/8 is less than 18/9, and leaves 14.6 of the width */
        {"const %s s64 [2] {13,18}\n%y f32 ? = resize(%n, %s, _) "
         "{policy=not_larger n_axes=2 axes=2,3}",
         "[2,3,13,15]"},
        {"const %s s64 [2] {13,18}\n%y f32 ? = resize(%n, %s, _) "
         "{policy=not_smaller n_axes=2 axes=2,3}",
         "[2,3,16,18]"},
        {"const %s s64 [2] {13,18}\n%y f32 ? = resize(%x, %s, _) "
         "{policy=not_smaller n_axes=2 axes=2,3}",
         "[N,3,?,?]"},
        {"const %s f32 [4] {1,1,2,2}\n%y f32 ? = resize(%u, _, %s)", "?"},
        {"%h s64 ? = shape(%n)\n%f f32 ? = cast(%h) {to=f32}\nconst %t f32 [4] {2,3,20,4}\n"
         "%s f32 ? = div(%t, %f)\n%y f32 ? = resize(%n, _, %s)",
         "[2,3,20,4]"},
        /* A symbol through two roundings has no form; it is not guessed. */
        {"const %s f32 [4] {1,1,2,2}\n%p f32 ? = maxpool(%x) {kernel=1,1 stride=2,2 dilation=1,1}\n"
         "%y f32 ? = resize(%p, _, %s)",
         "[N,3,?,?]"},
    };
    RUN(run_case, cases);
    static const struct shape_case errors[] = {
        {"const %s f32 [3] {1,2,2}\n%y f32 ? = resize(%x, _, %s)", "4 floats"},
        {"const %s f32 [4] {1,1,0,2}\n%y f32 ? = resize(%x, _, %s)", "not positive"},
        {"const %s f32 [4] {1,1,inf,2}\n%y f32 ? = resize(%x, _, %s)", "not positive"},
        {"const %s f32 [4] {1,1,0.1,2}\n%y f32 ? = resize(%n, _, %s)", "nothing is left"},
        {"const %s s64 [3] {3,20,30}\n%y f32 ? = resize(%x, %s, _)", "3 sizes"},
        {"const %s s64 [4] {1,3,0,30}\n%y f32 ? = resize(%x, %s, _)", "resized to 0"},
        {"%y f32 ? = resize(%x, _, _)", "neither"},
        {"%h s64 ? = shape(%n)\n%f f32 ? = cast(%h) {to=f32}\nconst %t f32 [4] {2,3,-1,4}\n"
         "%s f32 ? = mul(%t, %f)\n%y f32 ? = resize(%n, _, %s)",
         "not positive"},
        {"const %s s64 [4] {1,4,20,30}\n%y f32 ? = resize(%x, %s, _)",
         "channels cannot be resized"},
        {"const %s s64 [1] {20}\n%y f32 ? = resize(%x, %s, _) {n_axes=1 axes=4}", "none of"},
        {"const %s s64 [1] {20}\n%y f32 ? = resize(%x, %s, _) {n_axes=9 axes=3}", "none of"},
        {"const %s s64 [2] {20,30}\n%y f32 ? = resize(%x, %s, _) {n_axes=1 axes=3}", "2 sizes"},
        {"const %v f32 [4] {1,2,3,4}\nconst %s s64 [1] {20}\n%y f32 ? = resize(%v, %s, _)",
         "rank 1"},
    };
    RUN(run_error, errors);
}

static void test_types(void **state)
{
    (void)state;
    struct dsq_graph *g = parse_graph("graph \"g\"\n"
                                      "input %x f32 [N,3,H,W] nchw\n"
                                      "%s f32 ? = shape(%x)\n"
                                      "%c f32 ? = cast(%s) {to=s32}\n"
                                      "%q f32 ? = quantize(%x)\n"
                                      "%p f32 ? = dequantize(%q)\n"
                                      "%r s64 ? = relu(%p)\n"
                                      "output %r\n");
    infer_graph(g);
    static const char *const names[] = {"s", "c", "q", "p", "r"};
    static const enum dsq_dtype types[] = {DSQ_S64, DSQ_S32, DSQ_S8, DSQ_F32, DSQ_F32};
    for (int i = 0; i < 5; i++)
        assert_int_equal(g->value[dsq_graph_find(g, names[i], NULL)].dtype, types[i]);
    dsq_graph_free(&g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_windows),     cmocka_unit_test(test_elementwise),
        cmocka_unit_test(test_joining),     cmocka_unit_test(test_slices),
        cmocka_unit_test(test_slice_first), cmocka_unit_test(test_reshaping),
        cmocka_unit_test(test_resizes),     cmocka_unit_test(test_types),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
