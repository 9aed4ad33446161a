/* SPDX-License-Identifier: Apache-2.0 */
/* Sizes computed on the host: symbols at import, numbers at run time, no memory in between. */
#include "graph_test.h"

/* An FPN's top-down step as exporters write it: take the finer map's size, resize the coarser one
 * to it. */
static const char fpn[] =
    "graph \"fpn\"\n"
    "input %x f32 [N,8,H,W] nchw\n"
    "const %zero s64 [] {0}\n"
    "const %two s64 [] {2}\n"
    "const %three s64 [] {-1}\n"
    "const %axes s64 [1] {0}\n"
    "const %start s64 [1] {0}\n"
    "const %end s64 [1] {2}\n"
    "const %w f32 [8,1,1,1] {1,1,1,1,1,1,1,1}\n"
    "%fine f32 ? = maxpool(%x) {kernel=3,3 stride=2,2 dilation=1,1 pad=1,1,1,1}\n"
    "%coarse f32 ? = conv(%w, _, %fine, _, _)"
    " {kernel=1,1 stride=2,2 dilation=1,1 group=8 out_channels=8}\n"
    "%fine_shape s64 ? = shape(%fine)\n"
    "%h s64 ? = gather(%fine_shape, %two) {axis=0}\n"
    "%w_ s64 ? = gather(%fine_shape, %three) {axis=0}\n"
    "%h1 s64 ? = unsqueeze(%h, %axes)\n"
    "%w1 s64 ? = unsqueeze(%w_, %axes)\n"
    "%hw s64 ? = concat(%h1, %w1) {axis=0}\n"
    "%hw32 s32 ? = cast(%hw) {to=s32}\n"
    "%hw64 s64 ? = cast(%hw32) {to=s64}\n"
    "%coarse_shape s64 ? = shape(%coarse)\n"
    "%nc s64 ? = slice(%coarse_shape, %start, %end, %axes)\n"
    "%sizes s64 ? = concat(%nc, %hw64) {axis=0}\n"
    "%up f32 ? = resize(%coarse, %sizes, _) name=\"/fpn/Resize\"\n"
    "%sum f32 ? = add(%up, %fine) name=\"/fpn/Add\"\n"
    "output %sum\n";

static void test_fpn_symbols(void **state)
{
    (void)state;
    struct dsq_graph *g = parse_graph(fpn);
    infer_graph(g);
    check_graph(g, false);
    assert_string_equal(shape_of(g, "coarse"), "[N,8,(H+3)/4,(W+3)/4]");
    assert_string_equal(shape_of(g, "up"), "[N,8,(H+1)/2,(W+1)/2]");
    assert_string_equal(shape_of(g, "sum"), "[N,8,(H+1)/2,(W+1)/2]");
    assert_string_equal(shape_of(g, "sizes"), "[4]");
    dsq_graph_free(&g);
}

struct run {
    struct dsq_arena arena;
    struct dsq_sizes s;
};

static void begin(struct run *r, struct dsq_graph *g)
{
    dsq_arena_init(&r->arena, NULL);
    assert_int_equal(dsq_sizes_create(&r->s, g, &r->arena, NULL), DSQ_OK);
}

static void set_input(struct run *r, const struct dsq_graph *g, int64_t n, int64_t c, int64_t h,
                      int64_t w)
{
    r->s.shape[g->input[0]] = (struct dsq_shape){.rank = 4, .dim = {n, c, h, w}};
}

static void test_fpn_numbers(void **state)
{
    (void)state;
    struct dsq_graph *g = parse_graph(fpn);
    struct run r;
    infer_graph(g);
    begin(&r, g);
    dsq_vid sum = dsq_graph_find(g, "sum", NULL), sizes = dsq_graph_find(g, "sizes", NULL);
    size_t arena_bytes = g->arena.total_bytes, arena_used = g->arena.used;
    for (int64_t h = 1; h < 70; h++) {
        struct dsq_diag d = {0};
        set_input(&r, g, 2, 8, h, 2 * h + 1);
        if (dsq_sizes_infer(&r.s, g, NULL, &d) != DSQ_OK)
            fail_msg("%s", d.text);
        const struct dsq_shape expected = {.rank = 4, .dim = {2, 8, (h + 1) / 2, h + 1}};
        assert_true(dsq_shape_equal(&r.s.shape[sum], &expected));
        const struct dsq_host_data *e = &r.s.host[r.s.host_slot[sizes]];
        assert_true(e->known && e->n == 4 && e->symbolic == 0);
        for (int i = 0; i < 4; i++)
            assert_int_equal(e->e[i], expected.dim[i]);
    }
    assert_int_equal(g->arena.total_bytes, arena_bytes);
    assert_int_equal(g->arena.used, arena_used);
    dsq_arena_free(&r.arena);
    dsq_graph_free(&g);
}

static void test_on_host(void **state)
{
    (void)state;
    struct dsq_graph *g = parse_graph(fpn);
    struct run r;
    infer_graph(g);
    begin(&r, g);
    for (int32_t i = 0; i < g->n_nodes; i++) {
        bool host = g->value[g->node[i].out[0]].dtype != DSQ_F32;
        assert_int_equal(dsq_node_on_host(g, &r.s, i), host);
    }
    dsq_arena_free(&r.arena);
    dsq_graph_free(&g);
}

/* Every operator that ops.def flags HOST runs there, and no other does. */
static void test_host_flags(void **state)
{
    (void)state;
    const struct dsq_shape one = {.rank = 1, .dim = {1}};
    const int64_t data = 0;
    for (int op = 0; op < DSQ_OP_COUNT; op++) {
        const struct dsq_op_info *info = dsq_op_info((enum dsq_op)op);
        struct dsq_graph *g;
        struct run r;
        dsq_vid in[8], out;
        assert_int_equal(dsq_graph_create(&g, "g", NULL, NULL), DSQ_OK);
        assert_int_equal(dsq_graph_add_const(g, "c", DSQ_S64, &one, &data, 8, &in[0], NULL),
                         DSQ_OK);
        for (int i = 1; i < 8; i++)
            in[i] = in[0];
        assert_int_equal(dsq_graph_add_value(g, "y", DSQ_S64, &one, &out, NULL), DSQ_OK);
        assert_int_equal(
            dsq_graph_add_node(g, (enum dsq_op)op, "", info->in_min, in, 1, &out, NULL, NULL, NULL),
            DSQ_OK);
        begin(&r, g);
        assert_int_equal(dsq_node_on_host(g, &r.s, 0), (info->flags & DSQ_OPF_HOST) != 0);
        dsq_arena_free(&r.arena);
        dsq_graph_free(&g);
    }
}

static void test_sizes_that_disagree(void **state)
{
    (void)state;
    struct dsq_graph *g =
        parse_graph("graph \"g\"\n"
                    "input %x f32 [N,8,H,W] nchw\n"
                    "const %scale f32 [4] {1,1,2,2}\n"
                    "%p f32 ? = maxpool(%x) {kernel=1,1 stride=2,2 dilation=1,1}\n"
                    "%up f32 ? = resize(%p, _, %scale)\n"
                    "%sum f32 ? = add(%up, %x) name=\"/fpn/Add\"\n"
                    "output %sum\n");
    struct dsq_diag d = {0};
    struct run r;
    infer_graph(g); /* symbols only: nothing disagrees yet */
    begin(&r, g);
    set_input(&r, g, 1, 8, 32, 64);
    assert_int_equal(dsq_sizes_infer(&r.s, g, NULL, &d), DSQ_OK);
    set_input(&r, g, 1, 8, 33, 64);
    assert_int_equal(dsq_sizes_infer(&r.s, g, NULL, &d), DSQ_SHAPE);
    assert_non_null(strstr(d.text, "/fpn/Add"));
    assert_non_null(strstr(d.text, "34 and 33"));
    set_input(&r, g, 1, 8, 32, 64); /* a failure leaves nothing behind */
    assert_int_equal(dsq_sizes_infer(&r.s, g, NULL, &d), DSQ_OK);
    set_input(&r, g, 1 << 20, 1 << 20, 32, 64);
    assert_int_equal(dsq_sizes_infer(&r.s, g, NULL, &d), DSQ_SHAPE);
    set_input(&r, g, 1, 8, DSQ_DIM_UNKNOWN, 64);
    assert_int_equal(dsq_sizes_infer(&r.s, g, NULL, &d), DSQ_SHAPE);
    assert_non_null(strstr(d.text, "'x'"));
    dsq_arena_free(&r.arena);
    dsq_graph_free(&g);
}

static void test_size_from_data(void **state)
{
    (void)state;
    struct dsq_graph *g = parse_graph("graph \"g\"\n"
                                      "input %x f32 [N,8,H,W] nchw\n"
                                      "input %s s64 [4] nchw\n"
                                      "%y f32 ? = resize(%x, %s, _)\n"
                                      "output %y\n");
    struct dsq_diag d = {0};
    struct run r;
    infer_graph(g);
    begin(&r, g);
    set_input(&r, g, 1, 8, 32, 64);
    r.s.shape[g->input[1]] = (struct dsq_shape){.rank = 1, .dim = {4}};
    assert_int_equal(dsq_sizes_infer(&r.s, g, NULL, &d), DSQ_SHAPE);
    assert_non_null(strstr(d.text, "'y'"));
    dsq_arena_free(&r.arena);
    dsq_graph_free(&g);
}

/* Contents of %y, at import as text and at run time (x = [2,8,5,7]) as numbers. */
static const struct {
    const char *body, *symbols;
    int64_t numbers[4];
} contents[] = {
    {"%y s64 ? = shape(%x)", "N,8,H,W", {2, 8, 5, 7}},
    {"%s s64 ? = shape(%x)\n%y s64 ? = gather(%s, %back)", "W,H", {7, 5}},
    {"%s s64 ? = shape(%x)\n%y s64 ? = slice(%s, %last, %far, %axis, %step)", "W,H,8", {7, 5, 8}},
    {"%s s64 ? = shape(%x)\n%y s64 ? = add(%s, %one)", "N+1,9,H+1,W+1", {3, 9, 6, 8}},
    {"%s s64 ? = shape(%x)\n%y s64 ? = add(%one, %s)", "N+1,9,H+1,W+1", {3, 9, 6, 8}},
    {"%s s64 ? = shape(%x)\n%y s64 ? = sub(%s, %one)", "N-1,7,H-1,W-1", {1, 7, 4, 6}},
    {"%s s64 ? = shape(%x)\n%y s64 ? = sub(%one, %s)", "?,-7,?,?", {-1, -7, -4, -6}},
    {"%s s64 ? = shape(%x)\n%y s64 ? = sub(%s, %s)", "0,0,0,0", {0, 0, 0, 0}},
    {"%s s64 ? = shape(%x)\n%y s64 ? = mul(%s, %three)", "3*N,24,3*H,3*W", {6, 24, 15, 21}},
    {"%s s64 ? = shape(%x)\n%y s64 ? = mul(%zero, %s)", "0,0,0,0", {0, 0, 0, 0}},
    {"%s s64 ? = shape(%x)\n%y s64 ? = div(%s, %three)", "N/3,2,H/3,W/3", {0, 2, 1, 2}},
    {"%s s64 ? = shape(%x)\n%y s64 ? = div(%one, %s)", "?,0,?,?", {0, 0, 0, 0}},
    {"%y s64 ? = div(%minus, %three)", "-2", {-2}}, /* towards zero, as ONNX */
    {"%s s64 ? = shape(%x)\n%y s32 ? = cast(%s) {to=s32}", "N,8,H,W", {2, 8, 5, 7}},
    {"%s s64 ? = shape(%x)\n%y bool ? = cast(%s) {to=bool}", "?,1,?,?", {1, 1, 1, 1}},
    {"%s s64 ? = shape(%x)\n%y s64 ? = identity(%s)", "N,8,H,W", {2, 8, 5, 7}},
    {"%y s64 ? = concat(%minus, %back) {axis=0}", "-7,-1,-2", {-7, -1, -2}},
    {"%s s64 ? = shape(%x)\n%r s64 ? = reshape(%s, %square)\n%y s64 ? = reshape(%r, %flat)",
     "N,8,H,W",
     {2, 8, 5, 7}},
#define SQUARE "%s s64 ? = shape(%x)\n%r s64 ? = reshape(%s, %square)\n"
    {SQUARE "%y s64 ? = transpose(%r)", "N,H,8,W", {2, 5, 8, 7}},
    {SQUARE "%y s64 ? = gather(%r, %back) {axis=1}", "8,N,W,H", {8, 2, 7, 5}},
    {SQUARE "%y s64 ? = gather(%r, %one) {axis=0}", "H,W", {5, 7}},
    {SQUARE "%y s64 ? = slice(%r, %last, %far, %axis, %step)", "H,W", {5, 7}},
    {SQUARE "%y s64 ? = slice(%r, %far, %last, %last)", "N,H", {2, 5}},
    {SQUARE "%a s64 ? = gather(%r, %axis) {axis=1}\n%y s64 ? = concat(%a, %a) {axis=1}",
     "N,N,H,H",
     {2, 2, 5, 5}},
    {"%y s64 ? = expand(%back, %square)", "-1,-2,-1,-2", {-1, -2, -1, -2}},
    {"%y s64 ? = range(%minus, %zero, %three)", "-7,-4,-1", {-7, -4, -1}},
    {"%y s64 ? = range(%one, %minus, %step3)", "1,-2,-5", {1, -2, -5}},
    {SQUARE "%y s64 ? = reduce(%r, %axis) {kind=sum}", "?,W+8", {7, 15}},
    {SQUARE "%y s64 ? = reduce(%r, %last) {kind=prod}", "8*N,?", {16, 35}},
    {"%s s64 ? = shape(%x)\n%y s64 ? = reduce(%s) {kind=prod}", "?", {560}},
    {"%y s64 ? = reduce(%back) {kind=max}", "-1", {-1}},
    {"%y s64 ? = reduce(%back) {kind=min keepdims=1}", "-2", {-2}},
    {"%y s64 ? = reduce(%back) {kind=mean}", "-1", {-1}},
    {"%y s64 ? = reduce(%back) {kind=l1}", "3", {3}},
    {"%y s64 ? = reduce(%back) {kind=sum_square}", "5", {5}},
    {"%y s64 ? = reduce(%none) {kind=prod}", "1", {1}},
    {"%s s64 ? = shape(%x)\n%a s64 ?, %y s64 ? = split(%s)", "H,W", {5, 7}},
    {SQUARE "%a s64 ?, %y s64 ? = split(%r) {axis=1}", "8,W", {8, 7}},
    {"%u s64 ? = unsqueeze(%back, %axis)\n%y s64 ? = squeeze(%u)", "-1,-2", {-1, -2}},
    {"%s s64 ? = shape(%x)\n%y s64 ? = max(%s, %three)", "?,8,?,?", {3, 8, 5, 7}},
    {"%s s64 ? = shape(%x)\n%y s64 ? = max(%last, %s)", "N,8,H,W", {2, 8, 5, 7}},
    {"%s s64 ? = shape(%x)\n%y s64 ? = min(%s, %three)", "?,3,?,?", {2, 3, 3, 3}},
    {"%s s64 ? = shape(%x)\n%y s64 ? = min(%s, %s)", "N,8,H,W", {2, 8, 5, 7}},
    {"%s s64 ? = shape(%x)\n%y s64 ? = mod(%s, %three)", "?,2,?,?", {2, 2, 2, 1}},
    {"%y s64 ? = mod(%minus, %three)", "2", {2}},
    {"%y s64 ? = fmod(%minus, %three)", "-1", {-1}},
    {"%s s64 ? = shape(%x)\n%y bool ? = equals(%s, %last)", "0,0,0,0", {0, 0, 0, 0}},
    {"%s s64 ? = shape(%x)\n%y bool ? = equals(%s, %s)", "1,1,1,1", {1, 1, 1, 1}},
    {"%s s64 ? = shape(%x)\n%y bool ? = greater(%s, %three)", "?,1,?,?", {0, 1, 1, 1}},
    {"%s s64 ? = shape(%x)\n%m s64 ? = sub(%s, %three)\n%y bool ? = greater_equal(%m, %zero)",
     "?,1,?,?",
     {0, 1, 1, 1}},
    {"%s s64 ? = shape(%x)\n%c bool ? = greater_equal(%s, %zero)\n%y s64 ? = where(%c, %s, %last)",
     "N,8,H,W",
     {2, 8, 5, 7}},
    {"%s s64 ? = shape(%x)\n%c bool ? = greater(%s, %three)\n%d bool ? = not(%c)\n%y s64 ? = "
     "where(%d, %s, %last)",
     "?,-1,?,?",
     {2, -1, -1, -1}},
    {"%s s64 ? = shape(%x)\n%c bool ? = greater(%s, %three)\n%d bool ? = equals(%s, %three)\n%e "
     "bool ? = or(%c, %d)\n%y bool ? = and(%e, %c)",
     "?,1,?,?",
     {0, 1, 1, 1}},
    {"%s s64 ? = shape(%x)\n%y s64 ? = neg(%s)", "?,-8,?,?", {-2, -8, -5, -7}},
    /* by way of floats */
    {"%s s64 ? = shape(%x)\n%f f32 ? = cast(%s) {to=f32}\n%y s64 ? = cast(%f) {to=s64}",
     "N,8,H,W",
     {2, 8, 5, 7}},
    {"%s s64 ? = shape(%x)\n%f f32 ? = cast(%s) {to=f32}\nconst %k f32 [] {2}\n%g f32 ? = mul(%f, "
     "%k)\n%h f32 ? = floor(%g)\n%y s64 ? = cast(%h) {to=s64}",
     "2*N,16,2*H,2*W",
     {4, 16, 10, 14}},
    {"%s s64 ? = shape(%x)\n%f f32 ? = cast(%s) {to=f32}\nconst %k f32 [] {0.5}\n%g f32 ? = "
     "mul(%f, %k)\n%h f32 ? = floor(%g)\n%y s64 ? = cast(%h) {to=s64}",
     "?,4,?,?",
     {1, 4, 2, 3}},
    {"%s s64 ? = shape(%x)\n%f f32 ? = cast(%s) {to=f32}\nconst %k f32 [4] {4,4,4,4}\n%g f32 ? = "
     "div(%f, %k)\n%h f32 ? = ceil(%g)\n%y s32 ? = cast(%h) {to=s32}",
     "?,2,?,?",
     {1, 2, 2, 2}},
    {"%s s64 ? = shape(%x)\n%f f32 ? = cast(%s) {to=f32}\nconst %k f32 [] {0.5}\n%g f32 ? = "
     "mul(%f, %k)\n%h f32 ? = round(%g)\n%y s64 ? = cast(%h) {to=s64}",
     "?,4,?,?",
     {1, 4, 2, 4}},
    {"%s s64 ? = shape(%x)\n%f f32 ? = cast(%s) {to=f32}\nconst %k f32 [] {-3}\n%g f32 ? = add(%f, "
     "%k)\n%y s64 ? = cast(%g) {to=s64}",
     "N-3,5,H-3,W-3",
     {-1, 5, 2, 4}},
    {"%s s64 ? = shape(%x)\n%f f32 ? = cast(%s) {to=f32}\nconst %k f32 [] {5.5}\n%c bool ? = "
     "greater(%f, %k)\n%g f32 ? = where(%c, %f, %k)\n%y s64 ? = cast(%g) {to=s64}",
     "?,8,?,?",
     {5, 8, 5, 7}},
    {"%s s64 ? = shape(%x)\n%f f32 ? = cast(%s) {to=f32}\n%a f32 ? = gather(%f, %back)\n%b f32 ? = "
     "concat(%a, %a) {axis=0}\n%y s64 ? = cast(%b) {to=s64}",
     "W,H,W,H",
     {7, 5, 7, 5}},
};

static void print_contents(const struct dsq_graph *g, const struct dsq_host_data *h, char *text,
                           size_t n)
{
    struct dsq_writer w;
    dsq_writer_init(&w, NULL);
    dsq_write_text(&w, "");
    for (int32_t i = 0; i < h->n; i++) {
        if (i)
            dsq_write_text(&w, ",");
        if (h->symbolic >> i & 1)
            dsq_dim_print(&g->dims, h->e[i], &w);
        else
            dsq_write_format(&w, "%lld", (long long)h->e[i]);
    }
    snprintf(text, n, "%s", w.data);
    dsq_writer_free(&w);
}

static struct dsq_graph *contents_graph(const char *body)
{
    char text[2048];
    snprintf(text, sizeof text,
             "graph \"g\"\ninput %%x f32 [N,8,H,W] nchw\n"
             "const %%zero s64 [] {0}\nconst %%one s64 [] {1}\nconst %%three s64 [1] {3}\n"
             "const %%minus s64 [1] {-7}\nconst %%back s64 [2] {-1,-2}\n"
             "const %%far s64 [1] {0}\nconst %%axis s64 [1] {0}\nconst %%step s64 [1] {-1}\n"
             "const %%square s64 [2] {2,2}\nconst %%flat s64 [1] {-1}\nconst %%last s64 [1] {-1}\n"
             "const %%step3 s64 [] {-3}\nconst %%none s64 [0] {}\n%s\noutput %%y\n",
             body);
    return parse_graph(text);
}

static void test_contents(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof contents / sizeof *contents; i++) {
        struct dsq_graph *g = contents_graph(contents[i].body);
        struct dsq_diag d = {0};
        struct run r;
        char text[256];
        infer_graph(g);
        begin(&r, g);
        r.s.shape[g->input[0]] = g->value[g->input[0]].shape;
        if (dsq_sizes_infer(&r.s, g, &g->dims, &d) != DSQ_OK)
            fail_msg("%s: %s", contents[i].body, d.text);
        const struct dsq_host_data *h = &r.s.host[r.s.host_slot[dsq_graph_find(g, "y", NULL)]];
        assert_true(h->known);
        print_contents(g, h, text, sizeof text);
        if (strcmp(text, contents[i].symbols) != 0)
            fail_msg("%s: %s instead of %s", contents[i].body, text, contents[i].symbols);
        set_input(&r, g, 2, 8, 5, 7);
        if (dsq_sizes_infer(&r.s, g, NULL, &d) != DSQ_OK)
            fail_msg("%s: %s", contents[i].body, d.text);
        for (int32_t k = 0; k < h->n; k++)
            assert_int_equal(h->e[k], contents[i].numbers[k]);
        dsq_arena_free(&r.arena);
        dsq_graph_free(&g);
    }
}

/* A -1 that reaches Reshape through the host. */
static void test_computed_reshape(void **state)
{
    (void)state;
    struct dsq_graph *g = parse_graph("graph \"g\"\n"
                                      "input %x f32 [N,36,H,W] nchw\n"
                                      "const %rest s64 [2] {-1,4}\n"
                                      "const %i s64 [1] {0}\n"
                                      "%s s64 ? = shape(%x)\n"
                                      "%n s64 ? = gather(%s, %i)\n"
                                      "%to s64 ? = concat(%n, %rest) {axis=0}\n"
                                      "%y f32 ? = reshape(%x, %to)\n"
                                      "output %y\n");
    struct run r;
    infer_graph(g);
    assert_string_equal(shape_of(g, "y"), "[N,?,4]");
    begin(&r, g);
    set_input(&r, g, 3, 36, 5, 7);
    assert_int_equal(dsq_sizes_infer(&r.s, g, NULL, NULL), DSQ_OK);
    assert_string_equal(shape_text(g, &r.s.shape[g->output[0]]), "[3,315,4]");
    dsq_arena_free(&r.arena);
    dsq_graph_free(&g);
}

static void test_bad_arithmetic(void **state)
{
    (void)state;
    static const char *const bodies[] = {
        "%y s64 [] = div(%one, %zero)",
        "const %big s64 [] {9223372036854775807}\n%y s64 [] = add(%big, %one)",
        "const %low s64 [] {-9223372036854775808}\n%y s64 [1] = div(%low, %last)",
        "const %big s64 [] {9223372036854775807}\n%y s64 [1] = mul(%big, %three)",
        "%y s64 [1] = mod(%three, %zero)",
        "const %big s64 [] {2147483648}\n%y s32 [] = cast(%big) {to=s32}",
        "const %at s64 [] {2}\n%y s64 [] = gather(%back, %at)",
        "const %at s64 [] {-3}\n%y s64 [] = gather(%back, %at)",
    };
    for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++) {
        struct dsq_graph *g = contents_graph(bodies[i]);
        struct dsq_diag d = {0};
        if (dsq_graph_infer(g, &d) != DSQ_SHAPE)
            fail_msg("%s gave no error", bodies[i]);
        assert_non_null(strstr(d.text, "'y'"));
        dsq_graph_free(&g);
    }
}

/* Floats have contents on the way from sizes; where data flows from them they are data too. A table
 * beside them, of floats alone, has none. */
static void test_floats_on_host(void **state)
{
    (void)state;
    struct dsq_graph *g = parse_graph("graph \"g\"\n"
                                      "input %x f32 [N,8,H,W] nchw\n"
                                      "const %half f32 [] {0.5}\nconst %table f32 [2] {1,2}\n"
                                      "%s s64 ? = shape(%x)\n"
                                      "%f f32 ? = cast(%s) {to=f32}\n"
                                      "%m f32 ? = mul(%f, %half)\n"
                                      "%t f32 ? = add(%table, %table)\n"
                                      "%w f32 ? = mul(%x, %half)\n"
                                      "output %m\noutput %t\noutput %w\n");
    struct run r;
    infer_graph(g);
    begin(&r, g);
    for (int32_t i = 0; i < 5; i++)
        assert_int_equal(dsq_node_on_host(g, &r.s, i), i < 3);
    set_input(&r, g, 2, 8, 5, 7);
    assert_int_equal(dsq_sizes_infer(&r.s, g, NULL, NULL), DSQ_OK);
    const struct dsq_host_data *m = &r.s.host[r.s.host_slot[dsq_graph_find(g, "m", NULL)]];
    float data[4];
    assert_true(m->is_float);
    assert_true(dsq_host_write(m, DSQ_F32, data) && data[0] == 1.0f && data[2] == 2.5f &&
                data[3] == 3.5f);
    assert_false(dsq_host_write(m, DSQ_S64, data));
    dsq_arena_free(&r.arena);
    dsq_graph_free(&g);
}

/* Contents end at 64 elements; what is larger is data, not an overflow. */
static void test_too_many_elements(void **state)
{
    (void)state;
    struct dsq_graph *g = parse_graph("graph \"g\"\n"
                                      "input %x f32 [1,2,3,4,5,6,7,8] nchw\n"
                                      "%a s64 ? = shape(%x)\n"
                                      "%b s64 ? = concat(%a, %a, %a, %a) {axis=0}\n"
                                      "%c s64 ? = concat(%b, %b) {axis=0}\n"
                                      "%d s64 ? = concat(%c, %a) {axis=0}\n"
                                      "output %d\n");
    struct run r;
    infer_graph(g);
    assert_string_equal(shape_of(g, "d"), "[72]");
    begin(&r, g);
    assert_true(dsq_node_on_host(g, &r.s, 2));
    assert_false(dsq_node_on_host(g, &r.s, 3));
    r.s.shape[g->input[0]] = g->value[g->input[0]].shape;
    assert_int_equal(dsq_sizes_infer(&r.s, g, NULL, NULL), DSQ_OK);
    assert_int_equal(r.s.host[r.s.host_slot[g->node[2].out[0]]].n, 64);
    dsq_arena_free(&r.arena);
    dsq_graph_free(&g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fpn_symbols),
        cmocka_unit_test(test_fpn_numbers),
        cmocka_unit_test(test_on_host),
        cmocka_unit_test(test_host_flags),
        cmocka_unit_test(test_sizes_that_disagree),
        cmocka_unit_test(test_size_from_data),
        cmocka_unit_test(test_contents),
        cmocka_unit_test(test_computed_reshape),
        cmocka_unit_test(test_bad_arithmetic),
        cmocka_unit_test(test_floats_on_host),
        cmocka_unit_test(test_too_many_elements),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
