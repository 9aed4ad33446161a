/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Operators that move data, case by case: a graph as text, whose inputs hold 0, 1, 2, ..., and the
 * numbers that %y must get, in ONNX order. Each runs on one thread and on three.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine_support.h"

struct move_case {
    const char *body;            /* of the graph; its outputs follow */
    const char *shape, *numbers; /* of %y */
};

static void count_up(struct run *r)
{
    for (int32_t i = 0; i < r->graph->n_inputs; i++) {
        const struct dsq_value *v = &r->graph->value[r->graph->input[i]];
        struct dsq_tensor t = {.dtype = v->dtype, .rank = v->shape.rank};
        size_t n;
        assert_true(dsq_shape_elements(&v->shape, &n));
        memcpy(t.dims, v->shape.dim, sizeof t.dims);
        t.data = malloc(n * 8 + 1);
        for (size_t k = 0; k < n; k++) {
            if (v->dtype == DSQ_F32)
                ((float *)t.data)[k] = (float)k;
            else if (v->dtype == DSQ_S64)
                ((int64_t *)t.data)[k] = (int64_t)k;
            else
                ((uint8_t *)t.data)[k] = (uint8_t)(v->dtype == DSQ_BOOL ? k % 2 : k);
        }
        assert_ok(dsq_context_set_input(r->context, i, &t, diag));
    }
}

static void free_inputs(struct run *r)
{
    for (int32_t i = 0; i < r->graph->n_inputs; i++)
        free(r->context->input[i].data);
}

static double number_at(const struct captured *c, size_t i)
{
    switch (c->dtype) {
    case DSQ_F32:
        return (double)((const float *)c->data)[i];
    case DSQ_S64:
        return (double)((const int64_t *)c->data)[i];
    case DSQ_S32:
        return ((const int32_t *)c->data)[i];
    case DSQ_S8:
        return ((const int8_t *)c->data)[i];
    default:
        return ((const uint8_t *)c->data)[i];
    }
}

static void check_value(const struct move_case *m, const struct captured *c)
{
    char shape[200] = "";
    const char *at = m->numbers;
    for (int32_t i = 0; i < c->rank; i++)
        snprintf(shape + strlen(shape), sizeof shape - strlen(shape), "%s%lld", i ? "," : "",
                 (long long)c->dims[i]);
    if (strcmp(shape, m->shape) != 0)
        fail_msg("%s: shape %s instead of %s", m->body, shape, m->shape);
    for (size_t i = 0; i < c->n; i++) {
        char *end;
        double expected = strtod(at, &end), is = number_at(c, i);
        expected = c->dtype == DSQ_F32 ? (double)(float)expected : expected;
        if (end == at || !(is == expected || (is != is && expected != expected)))
            fail_msg("%s: element %zu is %.9g instead of %.9g", m->body, i, is, expected);
        at = end;
    }
    if (at[strspn(at, " ")])
        fail_msg("%s: more is expected: %s", m->body, at);
}

static void run_case(const struct move_case *m)
{
    char text[4096];
    snprintf(text, sizeof text, "graph \"g\"\n%s\noutput %%y\n", m->body);
    struct dsq_engine_file *f = file_of(graph_of(text), NULL);
    for (int threads = 1; threads <= 3; threads += 2) {
        struct run r;
        run_open(&r, f, NULL, threads);
        count_up(&r);
        run_once(&r);
        dsq_vid y = dsq_graph_find(r.graph, "y", NULL);
        assert_true(y >= 0 && r.value[y].there);
        check_value(m, &r.value[y]);
        free_inputs(&r);
        run_close(&r);
    }
    dsq_engine_file_free(&f);
}

#define RUN(cases)                                                                                 \
    do {                                                                                           \
        for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)                                  \
            run_case(&cases[i]);                                                                   \
    } while (0)

#define NHWC(x) "%" x "h f32 [1,4,1,3] nhwc = relayout(%" x ")\n"

static void test_split(void **state)
{
    (void)state;
    static const struct move_case cases[] = {
        {"input %x f32 [1,4,1,3]\n"
         "%y f32 [1,2,1,3], %z f32 [1,2,1,3] = split(%x) {axis=1}",
         "1,2,1,3", "0 1 2 3 4 5"},
        {"input %x f32 [1,4,1,3]\n"
         "%z f32 [1,2,1,3], %y f32 [1,2,1,3] = split(%x) {axis=-3}",
         "1,2,1,3", "6 7 8 9 10 11"},
        {"input %x f32 [1,4,1,3]\n"
         "%a f32 [1,4,1,2], %y f32 [1,4,1,1] = split(%x) {axis=3 uneven=1}",
         "1,4,1,1", "2 5 8 11"},
        {"input %x f32 [1,4,1,3]\n" NHWC(
             "x") "const %n s64 [3] {1,0,3}\n"
                  "%a f32 [1,1,1,3] nhwc, %b f32 [1,0,1,3] nhwc, %y f32 [1,3,1,3] nhwc"
                  " = split(%xh, %n) {axis=1}",
         "1,3,1,3", "3 4 5 6 7 8 9 10 11"},
        {"input %x s64 [5]\nconst %n s32 [2] {3,2}\n"
         "%a s64 [3], %y s64 [2] = split(%x, %n)",
         "2", "3 4"},
    };
    RUN(cases);
}

#define INTS(name, n, list) "const %" name " s64 [" n "] {" list "}\n"

/* x = 0 1 2 / 3 4 5 */
static void test_pad(void **state)
{
    (void)state;
#define PADDED(pads, rest) "input %x f32 [2,3]\n" INTS("p", "4", pads) "%y f32 ? = pad(%x, %p" rest
    static const struct move_case cases[] = {
        {PADDED("1,0,0,2", ")"), "3,5", "0 0 0 0 0  0 1 2 0 0  3 4 5 0 0"},
        {"const %v f32 [] {-1.5}\n" PADDED("0,1,1,0", ", %v)"), "3,4",
         "-1.5 0 1 2  -1.5 3 4 5  -1.5 -1.5 -1.5 -1.5"},
        {PADDED("-1,1,0,-1", ")"), "1,3", "0 3 4"},
        {PADDED("1,1,0,2", ") {mode=edge}"), "3,6", "0 0 1 2 2 2  0 0 1 2 2 2  3 3 4 5 5 5"},
        {PADDED("1,3,0,5", ") {mode=reflect}"), "3,11",
         "4 5 4 3 4 5 4 3 4 5 4  1 2 1 0 1 2 1 0 1 2 1  4 5 4 3 4 5 4 3 4 5 4"},
        {PADDED("0,2,0,4", ") {mode=wrap}"), "2,9", "1 2 0 1 2 0 1 2 0  4 5 3 4 5 3 4 5 3"},
        {PADDED("0,-1,0,2", ") {mode=reflect}"), "2,4", "1 2 1 2  4 5 4 5"},
        {"input %x f32 [2,3]\n" INTS("p", "2", "1,0")
             INTS("a", "1", "-1") "%y f32 ? = pad(%x, %p, _, %a)",
         "2,4", "0 0 1 2  0 3 4 5"},
        {"input %x s64 [2]\nconst %v s64 [] {-7}\n" INTS("p", "2",
                                                         "1,0") "%y s64 ? = pad(%x, %p, %v)",
         "3", "-7 0 1"},
        {"input %x f32 [1,4,1,3]\n" NHWC("x")
             INTS("p", "8", "0,1,0,0,0,0,0,1") "%y f32 [1,5,1,4] nhwc = pad(%xh, %p)",
         "1,5,1,4", "0 0 0 0  0 1 2 0  3 4 5 0  6 7 8 0  9 10 11 0"},
        /* s8: the value is quantized, 0 when there is none */
        {"input %x f32 [2]\nconst %v f32 [] {2.6}\n%q s8 [2] scale=1 zp=3 q=-127..127"
         " = quantize(%x)\n" INTS("p", "2", "1,1") "%y s8 [4] scale=1 zp=3 q=-127..127"
                                                   " = pad(%q, %p, %v)",
         "4", "6 3 4 6"},
        {"input %x f32 [2]\n%q s8 [2] scale=1 zp=3 q=-127..127 = quantize(%x)\n" INTS(
             "p", "2", "1,0") "%y s8 [3] scale=1 zp=3 q=-127..127 = pad(%q, %p)",
         "3", "3 3 4"},
    };
    RUN(cases);
}

static void test_growing(void **state)
{
    (void)state;
    static const struct move_case cases[] = {
        {"input %x f32 [2,2]\n" INTS("r", "2", "2,3") "%y f32 ? = tile(%x, %r)", "4,6",
         "0 1 0 1 0 1  2 3 2 3 2 3  0 1 0 1 0 1  2 3 2 3 2 3"},
        {"input %x f32 [1,4,1,3]\n" NHWC("x")
             INTS("r", "4", "1,1,2,1") "%y f32 [1,4,2,3] nhwc = tile(%xh, %r)",
         "1,4,2,3", "0 1 2 0 1 2  3 4 5 3 4 5  6 7 8 6 7 8  9 10 11 9 10 11"},
        {"input %x f32 [2,1]\n" INTS("s", "3", "2,1,3") "%y f32 ? = expand(%x, %s)", "2,2,3",
         "0 0 0 1 1 1  0 0 0 1 1 1"},
        {"input %x s64 [1]\n" INTS("s", "1", "0") "%z s64 ? = expand(%x, %s)\n" INTS(
             "t", "1", "1") "%y s64 ? = expand(%x, %t)",
         "1", "0"},
        /* More numbers than the host computes with, from sizes. */
        {"input %x f32 [70]\nconst %o s64 [] {0}\nconst %d s64 [] {1}\n%s s64 ? = shape(%x)\n"
         "%n s64 ? = gather(%s, %o)\n%r s64 ? = range(%d, %n, %d)\n" INTS("b", "1", "-2")
             INTS("e", "1", "99") INTS("a", "1", "0") "%y s64 ? = slice(%r, %b, %e, %a)",
         "2", "68 69"},
        {"input %x f32 [5]\nconst %z f32 [] {0.5}\nconst %o f32 [] {2}\nconst %k s64 [] {0}\n"
         "%s s64 ? = shape(%x)\n%w s64 ? = gather(%s, %k)\n%f f32 ? = cast(%w) {to=f32}\n"
         "%y f32 ? = range(%z, %f, %o)",
         "3", "0.5 2.5 4.5"},
        {"const %o f32 [] {1}\nconst %e f32 [] {-2}\nconst %d f32 [] {-0.5}\n"
         "%y f32 ? = range(%o, %e, %d)",
         "6", "1 0.5 0 -0.5 -1 -1.5"},
        {"const %o s32 [] {5}\nconst %e s32 [] {-70}\nconst %d s32 [] {-30}\n"
         "%z s32 ? = range(%o, %e, %d)\n%y f32 ? = cast(%z) {to=f32}",
         "3", "5 -25 -55"},
    };
    RUN(cases);
}

static void test_blocks(void **state)
{
    (void)state;
    /* x[c][h][w] = 2 c + w */
    static const struct move_case cases[] = {
        {"input %x f32 [1,8,1,2]\n%y f32 ? = depth_to_space(%x) {size=2}", "1,2,2,4",
         "0 4 1 5  8 12 9 13  2 6 3 7  10 14 11 15"},
        {"input %x f32 [1,8,1,2]\n%y f32 ? = depth_to_space(%x) {size=2 mode=crd}", "1,2,2,4",
         "0 2 1 3  4 6 5 7  8 10 9 11  12 14 13 15"},
        {"input %x f32 [1,8,1,2]\n%a f32 ? = depth_to_space(%x) {size=2}\n"
         "%y f32 ? = space_to_depth(%a) {size=2}",
         "1,8,1,2", "0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15"},
        {"input %x f32 [1,4,1,3]\n" NHWC(
             "x") "%y f32 [1,1,2,6] nhwc = depth_to_space(%xh) {size=2}",
         "1,1,2,6", "0 3 1 4 2 5  6 9 7 10 8 11"},
    };
    RUN(cases);
}

static void test_gather(void **state)
{
    (void)state;
    static const struct move_case cases[] = {
        {"input %x f32 [2,3]\n" INTS("i", "2,2", "1,-3,0,2") "%y f32 ? = gather(%x, %i) {axis=1}",
         "2,2,2", "1 0 0 2  4 3 3 5"},
        {"input %x f32 [2,3]\nconst %i s32 [] {-1}\n%y f32 ? = gather(%x, %i)", "3", "3 4 5"},
        {"input %x s64 [1,4,1,3]\n%xh s64 [1,4,1,3] nhwc = relayout(%x)\n" INTS(
             "i", "2", "3,0") "%y s64 ? = gather(%xh, %i) {axis=1}",
         "1,2,1,3", "9 10 11 0 1 2"},
        {"input %x f32 [2,3]\n" INTS("i", "1,4",
                                     "1,-1,0,2") "%y f32 ? = gather_elements(%x, %i) {axis=1}",
         "1,4", "1 2 0 2"},
        {"input %x f32 [2,3]\n" INTS("i", "2,2", "1,0,-1,-2") "%y f32 ? = gather_elements(%x, %i)",
         "2,2", "3 1 3 1"},
    };
    RUN(cases);
}

/* x = 0 1 2 / 3 4 5, or the constant %c = 2 -3 1 / -1 4 4 */
static void test_reduce(void **state)
{
    (void)state;
#define C "const %c f32 [2,3] {2,-3,1,-1,4,4}\n"
#define I                                                                                          \
    "const %c s64 [2,3] {2,-3,1,-1,4,4}\nconst %n s64 [2] {1,1}\n%x s64 [2,3] = tile(%c, %n)\n"
    static const struct move_case cases[] = {
        {C INTS("a", "1", "0") "%y f32 ? = reduce(%c, %a) {kind=sum}", "3", "1 1 5"},
        {C INTS("a", "1", "-1") "%y f32 ? = reduce(%c, %a) {kind=mean keepdims=1}", "2,1",
         "0 2.33333325"},
        {C "%y f32 ? = reduce(%c) {kind=sum}", "", "7"},
        {C INTS("a", "1", "1") "%y f32 ? = reduce(%c, %a) {kind=max}", "2", "2 4"},
        {C INTS("a", "1", "1") "%y f32 ? = reduce(%c, %a) {kind=min}", "2", "-3 -1"},
        {C INTS("a", "1", "1") "%y f32 ? = reduce(%c, %a) {kind=prod}", "2", "-6 -16"},
        {C INTS("a", "1", "1") "%y f32 ? = reduce(%c, %a) {kind=l1}", "2", "6 9"},
        {C "%y f32 ? = reduce(%c) {kind=l2}", "", "6.85565471"},
        {C INTS("a", "1", "1") "%y f32 ? = reduce(%c, %a) {kind=sum_square}", "2", "14 33"},
        {C INTS("a", "1", "0") "%y f32 ? = reduce(%c, %a) {kind=log_sum}", "3", "0 0 1.60943794"},
        {C INTS("a", "1", "1") "%y f32 ? = reduce(%c, %a) {kind=log_sum_exp}", "2",
         "2.31817532 4.69651032"},
        {"const %c f32 [2] {1000,1000}\n%y f32 ? = reduce(%c) {kind=log_sum_exp}", "",
         "1000.69318"},
        {"const %c f32 [2] {-inf,-inf}\n%y f32 ? = reduce(%c) {kind=log_sum_exp}", "", "-inf"},
        {"const %c f32 [3] {1,nan,3}\n%y f32 ? = reduce(%c) {kind=max}", "", "nan"},
        {C INTS("a", "0", "") "%y f32 ? = reduce(%c, %a) {kind=l1 noop=1}", "2,3", "2 3 1 1 4 4"},
        {I INTS("a", "1", "1") "%y s64 ? = reduce(%x, %a) {kind=mean}", "2", "0 2"},
        {I INTS("a", "1", "1") "%y s64 ? = reduce(%x, %a) {kind=l1}", "2", "6 9"},
        {I INTS("a", "1", "0") "%y s64 ? = reduce(%x, %a) {kind=prod}", "3", "-2 -12 4"},
        {I "%y s64 ? = reduce(%x) {kind=min}", "", "-3"},
        /* 2^24 + 1 is no float: sums are made in double */
        {"const %c f32 [4] {16777216,1,1,-16777216}\n%y f32 ? = reduce(%c) {kind=sum}", "", "2"},
        {"input %x f32 [1,4,2,3]\n%xh f32 [1,4,2,3] nhwc = relayout(%x)\n" INTS(
             "a", "2", "2,3") "%y f32 [1,4,1,1] nhwc = reduce(%xh, %a) {kind=mean keepdims=1}",
         "1,4,1,1", "2.5 8.5 14.5 20.5"},
        {"input %x f32 [1,4,2,3]\n%xh f32 [1,4,2,3] nhwc = relayout(%x)\n" INTS(
             "a", "2", "3,1") "%y f32 [1,2] = reduce(%xh, %a) {kind=sum}",
         "1,2", "120 156"},
        {"input %x f32 [2,20,3]\n" INTS("a", "1", "1") "%y f32 ? = reduce(%x, %a) {kind=sum}",
         "2,3", "570 590 610 1770 1790 1810"},
        {"input %x f32 [2,20,3]\n" INTS("a", "2", "0,2") "%y f32 ? = reduce(%x, %a) {kind=max}",
         "20", "62 65 68 71 74 77 80 83 86 89 92 95 98 101 104 107 110 113 116 119"},
    };
    RUN(cases);
}

static void test_best(void **state)
{
    (void)state;
#define B "const %c f32 [2,4] {2,5,1,5,-1,nan,4,-1}\n"
    static const struct move_case cases[] = {
        {B "%y s64 ? = argmax(%c) {axis=1}", "2", "1 1"},
        {B "%y s64 ? = argmax(%c) {axis=1 last=1 keepdims=1}", "2,1", "3 1"},
        {B "%y s64 ? = argmin(%c) {axis=-1}", "2", "2 0"},
        {B "%y s64 ? = argmin(%c) {axis=1 last=1}", "2", "2 3"},
        {"const %c s64 [3,2] {1,9,7,9,7,2}\n%y s64 ? = argmax(%c)", "2", "1 0"},
        {"input %x f32 [1,4,1,3]\n" NHWC("x") "%y s64 [1,1,1,3] nhwc = argmax(%xh)"
                                              " {axis=1 keepdims=1}",
         "1,1,1,3", "3 3 3"},
        {B INTS("k", "1", "3") "%y f32 ?, %z s64 ? = topk(%c, %k) {axis=1 largest=1}", "2,3",
         "5 5 2 nan 4 -1"},
        {B INTS("k", "1", "3") "%z f32 ?, %y s64 ? = topk(%c, %k) {axis=1 largest=1}", "2,3",
         "1 3 0 1 2 0"},
        {B INTS("k", "1", "4") "%z f32 ?, %y s64 ? = topk(%c, %k) {axis=1}", "2,4",
         "2 0 1 3 0 3 2 1"},
        {B INTS("k", "1", "1") "%z f32 ?, %y s64 ? = topk(%c, %k)", "1,4", "1 0 0 1"},
        {"const %c s32 [5] {3,-1,3,9,0}\n" INTS(
             "k", "1", "2") "%y s32 ?, %z s64 ? = topk(%c, %k) {largest=1}",
         "2", "9 3"},
    };
    RUN(cases);
}

static void test_softmax(void **state)
{
    (void)state;
    static const struct move_case cases[] = {
        {"const %c f32 [2,2] {1000,1000,-inf,3}\n%y f32 ? = softmax(%c) {axis=1}", "2,2",
         "0.5 0.5 0 1"},
        {"const %c f32 [2,2] {0,0,0,0}\n%y f32 ? = softmax(%c) {flat=1}", "2,2",
         "0.25 0.25 0.25 0.25"},
        {"const %c f32 [2,2] {0,0,0,0}\n%y f32 ? = softmax(%c) {axis=2 flat=1}", "2,2", "1 1 1 1"},
        {"const %c f32 [1,4,1,2] {1,2,1,2,1,2,1,2}\n%h f32 [1,4,1,2] nhwc = relayout(%c)\n"
         "%y f32 [1,4,1,2] nhwc = softmax(%h) {axis=1}",
         "1,4,1,2", "0.25 0.25 0.25 0.25 0.25 0.25 0.25 0.25"},
        {"const %c f32 [1,4,1,2] {1,2,1,2,1,2,1,2}\n%y f32 ? = softmax(%c) {axis=1}", "1,4,1,2",
         "0.25 0.25 0.25 0.25 0.25 0.25 0.25 0.25"},
        /* The same bits in both layouts: over channels, and over all but the picture. */
        {"input %x f32 [1,21,2,3]\nconst %k f32 [] {0.01}\n%s f32 [1,21,2,3] = mul(%x, %k)\n"
         "%a f32 [1,21,2,3] = softmax(%s) {axis=1}\n%h f32 [1,21,2,3] nhwc = relayout(%s)\n"
         "%b f32 [1,21,2,3] nhwc = softmax(%h) {axis=1}\n%c f32 [1,21,2,3] = relayout(%b)\n"
         "%d f32 [1,21,2,3] = sub(%a, %c)\n%y f32 [] = reduce(%d) {kind=l1}",
         "", "0"},
        {"input %x f32 [1,21,2,3]\nconst %k f32 [] {0.01}\n%s f32 [1,21,2,3] = mul(%x, %k)\n"
         "%a f32 [1,21,2,3] = softmax(%s) {axis=1 flat=1}\n"
         "%h f32 [1,21,2,3] nhwc = relayout(%s)\n"
         "%b f32 [1,21,2,3] nhwc = softmax(%h) {axis=1 flat=1}\n"
         "%c f32 [1,21,2,3] = relayout(%b)\n"
         "%d f32 [1,21,2,3] = sub(%a, %c)\n%y f32 [] = reduce(%d) {kind=l1}",
         "", "0"},
        {"input %x f32 [1,21,2,3]\nconst %k f32 [] {0.01}\n%s f32 [1,21,2,3] = mul(%x, %k)\n"
         "%a f32 [] = reduce(%s) {kind=log_sum_exp}\n%h f32 [1,21,2,3] nhwc = relayout(%s)\n"
         "%b f32 [] = reduce(%h) {kind=log_sum_exp}\n%y f32 [] = sub(%a, %b)",
         "", "0"},
        {"const %c f32 [2] {5,5}\n%y f32 ? = log_softmax(%c)", "2", "-0.693147182 -0.693147182"},
        {"const %c f32 [1,2] {0x1p100,-0x1p100}\n%y f32 ? = log_softmax(%c) {axis=1}", "1,2",
         "0 -0x1p101"},
    };
    RUN(cases);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_split),   cmocka_unit_test(test_pad),
        cmocka_unit_test(test_growing), cmocka_unit_test(test_blocks),
        cmocka_unit_test(test_gather),  cmocka_unit_test(test_reduce),
        cmocka_unit_test(test_best),    cmocka_unit_test(test_softmax),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
