/* SPDX-License-Identifier: Apache-2.0 */
/* dsq_graph_check: a good graph passes, and each kind of damage is found and named. */
#include "graph_test.h"

#define CONV1 "{kernel=1,1 stride=1,1 dilation=1,1 group=1 out_channels=2}"

static const char good[] =
    "graph \"g\"\n"
    "input %x f32 [N,2,H,W] nchw\n"
    "const %w f32 [2,1,1,2] {1,2,3,4}\n"
    "const %w8 s8 [2,1,1,2] {1,2,3,4}\n"
    "const %b f32 [2] {1,2}\n"
    "const %m f32 [2] {1,2}\n"
    "%n f32 [N,2,H,W] nhwc = relayout(%x)\n"
    "%c f32 [N,2,H,W] nhwc = conv(%w, %b, %n, %n, _) name=\"float\" " CONV1 "\n"
    "%q s8 [N,2,H,W] nhwc scale=0.5 = quantize(%c)\n"
    "%d s8 [N,2,H,W] nhwc scale=0.5 = conv(%w8, _, %q, %q, %m) name=\"integer\" " CONV1 "\n"
    "%p s8 [N,2,H,W] nhwc scale=0.5 = maxpool(%d) {kernel=1,1 stride=1,1 dilation=1,1}\n"
    "%y f32 [N,2,H,W] nhwc = conv(%w8, %b, %p, _, %m) " CONV1 "\n"
    "output %y\n";

static void test_good(void **state)
{
    (void)state;
    struct dsq_graph *g = parse_graph(good);
    check_graph(g, false);
    check_graph(g, true);
    dsq_graph_free(&g);
}

struct bad_case {
    const char *body, *text;
};

static void expect_bad(const char *text, bool layouts, const char *message)
{
    struct dsq_graph *g = parse_graph(text);
    struct dsq_diag d = {0};
    if (dsq_graph_check(g, layouts, &d) != DSQ_MALFORMED)
        fail_msg("passed:\n%s", text);
    if (!strstr(d.text, message))
        fail_msg("the message is: %s\nfor\n%s", d.text, text);
    dsq_graph_free(&g);
}

/* Graphs that parse but are not whole. */
static const struct bad_case bad_text[] = {
    {"%y f32 ? = relu(%x, %x)", "number of inputs"},
    {"%y f32 ? = relu()", "number of inputs"},
    {"%y f32 ?, %z f32 ? = relu(%x)", "number of outputs"},
    {"_ = relu(%x)\n%y f32 ? = relu(%x)", "no value"},
    {"%y f32 ? = relu(_)", "absent"},
    {"%y f32 ? = relu(%y)", "no earlier node"},
    {"value %v f32 [1]\n%y f32 ? = relu(%v)", "no earlier node"},
    {"value %y f32 [1]", "nothing computes"},
    {"%y f32 ? = conv(%w, _, %x, _) " CONV1, "3 for each output"},
    {"%y f32 ? = conv(_, _, %x, _, _) " CONV1, "absent"},
    {"%y f32 ? = conv(%w, _, _, _, _) " CONV1, "absent"},
    {"%y f32 ? = conv(%x, _, %x, _, _) " CONV1, "weights"},
    {"%y f32 ? = conv(%w, %x, %x, _, _) " CONV1, "bias"},
    {"%y f32 ? = conv(%w, _, %x, _, %b) " CONV1, "multipliers"},
    {"%y f32 ? = conv(%w, _, %x, _, _) {kernel=3,1 stride=1,1 dilation=1,1 group=1 "
     "out_channels=2}",
     "[O,KH,KW,I/group]"},
    {"%y f32 ? = conv(%w, _, %x, _, _) {kernel=1,1 stride=0,1 dilation=1,1 group=1 "
     "out_channels=2}",
     "stride"},
    {"%y f32 ? = conv(%w, _, %x, _, _) {kernel=1,1 stride=1,1 dilation=1,1 group=2 "
     "out_channels=3}",
     "multiple"},
    {"%y f32 ? = maxpool(%x) {kernel=1,1 stride=1,1 dilation=1,1 pad=0,0,0,-1}", "padding"},
    {"%y f32 ? = resize(%x, _, _)", "absent"},
    {"%y f32 ? = clip(%x) {lo=nan}", "not a number"},
    {"%y s8 ? scale=1 = conv(%w, _, %x, _, _) " CONV1, "float convolution"},
    {"%q s8 ? scale=1 = quantize(%x)\n%y f32 ? = conv(%w8, _, %q, _, _) " CONV1, "multipliers"},
    {"%q s8 ? scale=1 = quantize(%x)\n%y f32 ? = conv(%w, _, %q, _, %b) " CONV1, "differ in type"},
    {"%q s8 ? scale=1 = quantize(%x)\n%y f32 ? = conv(%w8, _, %q, %x, %b) " CONV1, "residual"},
    {"%q s8 ? = quantize(%x)\n%y f32 ? = dequantize(%q)", "needs a scale"},
    {"%y f32 ? scale=1 = relu(%x)", "only s8"},
    {"%q s8 ? scale=1e-22 = quantize(%x)\n%r s8 ? scale=1 q=5..3 = requantize(%q)\n"
     "%y f32 ? = dequantize(%r)",
     "outside s8"},
    {"%q s8 ? scale=0x1p-149 = quantize(%x)\n%y f32 ? = dequantize(%q)", "normal"},
    {"%q s8 ? scale=1 = quantize(%x)\n%r s8 ? scale=2 = identity(%q)\n%y f32 ? = "
     "dequantize(%r)",
     "scales must be equal"},
    {"%y f32 ? = dequantize(%x)", "types"},
    {"%y s8 ? scale=1 = relu(%x)", "types"},
    {"%y s32 ? = shape(%x)", "types"},
    {"%y s32 ? = cast(%x) {to=s64}", "types"},
    {"%y f32 ? = reshape(%x, %b)", "types"},
    {"%s s64 ? = shape(%x)\n%y f32 ? = add(%x, %s)", "types"},
    {"%y f32 [1,2] nhwc = relu(%x)", "rank 4"},
    {"%t f32 ? = shape_only relu(%x)\n%y f32 ? = relu(%t)", "for its shape"},
    {"%y f32 ? = shape_only relu(%x)", "nothing computes"},
};

static void test_bad_text(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof bad_text / sizeof *bad_text; i++) {
        char text[2048];
        snprintf(text, sizeof text,
                 "graph \"g\"\ninput %%x f32 [N,2,H,W] nchw\nconst %%w f32 [2,1,1,2] {1,2,3,4}\n"
                 "const %%w8 s8 [2,1,1,2] {1,2,3,4}\nconst %%b f32 [2] {1,2}\n%s\noutput %%y\n",
                 bad_text[i].body);
        expect_bad(text, false, bad_text[i].text);
    }
}

static void test_layouts(void **state)
{
    (void)state;
    static const struct bad_case cases[] = {
        {"%y f32 [N,2,H,W] nchw = maxpool(%x) {kernel=1,1 stride=1,1 dilation=1,1}",
         "must be NHWC"},
        {"%y f32 [N,2,H,W] nhwc = maxpool(%x) {kernel=1,1 stride=1,1 dilation=1,1}",
         "must be NHWC"},
        {"%y f32 [N,2,H,W] nhwc = relu(%x)", "differ in layout"},
        {"%y f32 [N,2,2,2] nhwc = add(%z, %full)", "differ in layout"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[2048];
        snprintf(text, sizeof text,
                 "graph \"g\"\ninput %%x f32 [N,2,H,W] nchw\ninput %%z f32 [N,2,2,2] nhwc\n"
                 "const %%full f32 [1,2,2,2] {1,2,3,4,5,6,7,8}\nconst %%c f32 [1,2,1,1] {1,2}\n%s\n"
                 "output %%y\n",
                 cases[i].body);
        struct dsq_graph *g = parse_graph(text);
        check_graph(g, false);
        dsq_graph_free(&g);
        expect_bad(text, true, cases[i].text);
    }
    /* Constants with one pixel, and quantization on the way, go with either. */
    struct dsq_graph *g = parse_graph("graph \"g\"\ninput %x f32 [N,2,H,W] nchw\n"
                                      "const %c f32 [1,2,1,1] {1,2}\n"
                                      "%q s8 [N,2,H,W] nhwc scale=1 = quantize(%x)\n"
                                      "%d f32 [N,2,H,W] nhwc = dequantize(%q)\n"
                                      "%y f32 [N,2,H,W] nhwc = add(%d, %c)\noutput %y\n");
    check_graph(g, true);
    dsq_graph_free(&g);
}

/* Damage that no text can express. */
static void break_id(struct dsq_graph *g)
{
    g->node[1].in[2] = g->n_values;
}
static void break_low_id(struct dsq_graph *g)
{
    g->node[1].in[2] = -2;
}
static void break_output_id(struct dsq_graph *g)
{
    g->node[1].out[0] = -1;
}
static void break_graph_output(struct dsq_graph *g)
{
    g->output[0] = -1;
}
static void break_op(struct dsq_graph *g)
{
    g->node[2].op = DSQ_OP_COUNT;
}
static void break_attr(struct dsq_graph *g)
{
    g->node[1].attr = NULL;
}
static void break_enum(struct dsq_graph *g)
{
    ((struct dsq_conv_attr *)g->node[1].attr)->act = 1000;
}
static void break_name(struct dsq_graph *g)
{
    g->value[1].name = g->value[0].name;
}
static void break_empty_name(struct dsq_graph *g)
{
    g->value[1].name = "";
}
static void break_dtype(struct dsq_graph *g)
{
    g->value[0].dtype = DSQ_DTYPE_COUNT;
}
static void break_rank(struct dsq_graph *g)
{
    g->value[0].shape.rank = DSQ_MAX_RANK + 1;
}
static void break_dim(struct dsq_graph *g)
{
    g->value[0].shape.dim[0] = -1000;
}
static void break_bytes(struct dsq_graph *g)
{
    g->value[1].bytes -= 4;
}
static void break_alignment(struct dsq_graph *g)
{
    g->value[1].data = (const char *)g->value[1].data + 4;
}
static void break_order(struct dsq_graph *g)
{
    struct dsq_node n = g->node[0];
    g->node[0] = g->node[1];
    g->node[1] = n;
}
static void break_producer(struct dsq_graph *g)
{
    g->node[1].out[0] = g->node[0].out[0];
}
static void break_const_producer(struct dsq_graph *g)
{
    g->node[1].out[0] = 1;
}
static void break_input(struct dsq_graph *g)
{
    g->input[0] = 1;
}

static void test_broken(void **state)
{
    (void)state;
    static const struct {
        void (*damage)(struct dsq_graph *g);
        const char *text;
    } cases[] = {
        {break_id, "'float' (conv): an input or output is no value"},
        {break_low_id, "no value"},
        {break_output_id, "no value"},
        {break_graph_output, "input or output of the graph"},
        {break_op, "operator"},
        {break_attr, "missing"},
        {break_enum, "no such value"},
        {break_name, "'x'"},
        {break_empty_name, "no name"},
        {break_dtype, "type"},
        {break_rank, "rank"},
        {break_dim, "form"},
        {break_bytes, "'w'"},
        {break_alignment, "aligned"},
        {break_order, "no earlier node"},
        {break_producer, "twice"},
        {break_const_producer, "twice"},
        {break_input, "constant"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct dsq_graph *g = parse_graph(good);
        struct dsq_diag d = {0};
        cases[i].damage(g);
        if (dsq_graph_check(g, false, &d) != DSQ_MALFORMED || !strstr(d.text, cases[i].text))
            fail_msg("case %zu: %s", i, d.text);
        dsq_graph_free(&g);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good),
        cmocka_unit_test(test_bad_text),
        cmocka_unit_test(test_layouts),
        cmocka_unit_test(test_broken),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
