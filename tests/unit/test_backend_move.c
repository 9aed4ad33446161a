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
    const char *body; /* of the graph; its outputs follow */
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
        {"input %x f32 [1,4,1,3]\n" NHWC("x") "const %n s64 [3] {1,0,3}\n"
         "%a f32 [1,1,1,3] nhwc, %b f32 [1,0,1,3] nhwc, %y f32 [1,3,1,3] nhwc"
         " = split(%xh, %n) {axis=1}",
         "1,3,1,3", "3 4 5 6 7 8 9 10 11"},
        {"input %x s64 [5]\nconst %n s32 [2] {3,2}\n"
         "%a s64 [3], %y s64 [2] = split(%x, %n)",
         "2", "3 4"},
    };
    RUN(cases);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_split),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
