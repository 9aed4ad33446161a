/* SPDX-License-Identifier: Apache-2.0 */
/* Which graphs work at sizes other than their header's, and who is named when they do not. The
 * input is %x [n,4,h,w], the header's size 1x4x52x52; `batch`: n is freed too. */
#include "graph_test.h"

#include "graph/freed.h"

struct freed_case {
    bool batch;
    const char *body;
    const char *text; /* of the error; NULL: it works */
};

static void run_case(const struct freed_case *c)
{
    static const struct dsq_freed_dim freed[] = {{0, 2, 52}, {0, 3, 52}, {0, 0, 1}};
    char text[2048];
    struct dsq_diag d = {0};
    snprintf(text, sizeof text, "graph \"g\"\ninput %%x f32 [%s,4,h,w] nchw\n%s\noutput %%y\n",
             c->batch ? "n" : "1", c->body);
    struct dsq_graph *g = parse_graph(text);
    infer_graph(g);
    enum dsq_status s = dsq_graph_check_freed(g, freed, c->batch ? 3 : 2, &d);
    if (s != (c->text ? DSQ_SHAPE : DSQ_OK) || (c->text && !strstr(d.text, c->text)))
        fail_msg("%s: %s: %s", c->body, dsq_status_name(s), d.text);
    dsq_graph_free(&g);
}

#define QUARTER "1,1,1,1,1,1,1,1,1,1,1,1,1" /* a quarter of 52 */
#define RESHAPE(NUMBERS, N)                                                                        \
    "const %s s64 [" #N "] {" NUMBERS "}\n%y f32 ? = reshape(%x, %s) {allow_zero=0}"

static void test_sizes(void **state)
{
    (void)state;
    static const char baked[] = "node of output 'y' (reshape): its constant sizes";
    static const struct freed_case cases[] = {
        {false, "%y f32 ? = relu(%x)", NULL},
        {false, RESHAPE("1,4,-1", 3), NULL},
        {false, RESHAPE("1,2,2,-1", 4), NULL},
        {false, RESHAPE("-1,4", 2), NULL},
        {false, RESHAPE("0,2,-1,0", 4), NULL},
        {false, RESHAPE("1,2,2,52,52", 5), baked},
        {false, RESHAPE("1,2,2,0,52", 5), baked},
        {false, RESHAPE("1,-1,52,4", 4), baked}, /* even where both sizes are multiples of 52 */
        {false, RESHAPE("-1,10816", 2), baked},
        {false, RESHAPE("0,8,-1,0", 4), baked},
        /* Of merged sizes only numbers tell. */
        {false,
         "const %r s64 [2] {4,-1}\nconst %s s64 [3] {2,-1,2704}\n"
         "%m f32 ? = reshape(%x, %r) {allow_zero=0}\n%y f32 ? = reshape(%m, %s) {allow_zero=0}",
         "'y' (reshape)"},
        {false,
         "const %g f32 [1,1,1,52] {" QUARTER "," QUARTER "," QUARTER "," QUARTER "}\n"
         "%y f32 ? = add(%x, %g)",
         "'y' (add)"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        run_case(&cases[i]);
}

static void test_batch(void **state)
{
    (void)state;
    static const struct freed_case cases[] = {
        {true, "%y f32 ? = sigmoid(%x)", NULL},
        {true, RESHAPE("0,4,-1", 3), NULL},
        {true, RESHAPE("0,2,2,-1", 4), NULL},
        {true, "%y f32 ? = flatten(%x) {axis=1}", NULL},
        {true, "%y f32 ? = transpose(%x) {n=4 perm=0,2,3,1,0,0,0,0}", NULL},
        {true, RESHAPE("1,4,-1", 3), "'y' (reshape): its output does not keep the batch"},
        {true, "%y f32 ? = flatten(%x) {axis=2}", "'y' (flatten): its output does not keep"},
        {true, "%y f32 ? = concat(%x, %x) {axis=0}", "'y' (concat): its output does not keep"},
        {true, "%y f32 ? = transpose(%x) {n=4 perm=1,0,2,3,0,0,0,0}",
         "the first dimension of output 'y' is not the batch"},
        /* Scrambled, with sizes that fit again at the end. */
        {true,
         "const %a s64 [3] {1,4,-1}\nconst %b s64 [3] {-1,2,2}\n"
         "%m f32 ? = reshape(%x, %a) {allow_zero=0}\n%y f32 ? = reshape(%m, %b) {allow_zero=0}",
         "'m' (reshape): its output does not keep the batch"},
        /* The batch through the integers that compute sizes. */
        {true,
         "const %zero s64 [1] {0}\nconst %rest s64 [2] {4,-1}\n%shape s64 ? = shape(%x)\n"
         "%n s64 ? = gather(%shape, %zero) {axis=0}\n%sizes s64 ? = concat(%n, %rest) {axis=0}\n"
         "%y f32 ? = reshape(%x, %sizes) {allow_zero=0}",
         NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        run_case(&cases[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sizes),
        cmocka_unit_test(test_batch),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
