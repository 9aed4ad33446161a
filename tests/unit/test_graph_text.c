/* SPDX-License-Identifier: Apache-2.0 */
/* The IR's text: nothing is lost on the way, and nothing that comes in can do harm. */
#include <math.h>

#include "graph/token.h"
#include "graph_test.h"

/* A bit of everything that a graph can hold, in the form that the printer gives it. */
static const char everything[] =
    "graph \"a \\\"quoted\\\" name\\n\"\n"
    "input %input f32 [N,3,H,W] nchw\n"
    "input %\"name with spaces\" f32 [\"batch size\",4] nchw alias=\"an alias\",\"another \\\\ "
    "one\"\n"
    "const %w f32 [4,1,1,3] @0:48\n"
    "const %b f32 [4] alias=\"bias\" @64:16\n"
    "const %w8 s8 [4,1,1,3] {1, -2, 3, -4, 5, -6, 7, -8, 9, -10, 127, -127}\n"
    "const %m f32 [4] @64:16\n"
    "const %one f32 [] {0x1p+0}\n"
    "const %tiny f32 [1] {-0x1.8p-140}\n"
    "const %double f64 [1] {0x1.999999999999ap-4}\n"
    "const %nothing s64 [0] {}\n"
    "const %empty f32 [0,7] @0:0\n"
    "const %min s64 [2] {-9223372036854775808, 9223372036854775807}\n"
    "const %flags bool [3] {1, 0, 1}\n"
    "const %bytes u8 [2] {0, 255}\n"
    "%q s8 [N,3,H,W] nhwc scale=0x1.2p-5 zp=0 q=-127..127 = quantize(%input)\n"
    "%y1 s8 [N,4,(H+1)/2,(W+1)/2] nhwc scale=0x1.9p-3 inv=0x1.47ae16p+2 zp=-3 q=0..127"
    " alias=\"conv_out\", %y2 f32 [N,4,H/2,2*W-1] nhwc = conv(%w8, %b, %q, _, %m, %q, _, %m)"
    " name=\"/stem/Conv\" {kernel=1,1 stride=2,2 dilation=1,1 pad=0,1,0,2 group=1 out_channels=4"
    " act=relu act_hi=inf}\n"
    "%twin f32 ? nchw = shape_only conv(_, _, %input, _, _)"
    " {kernel=1,1 stride=1,1 dilation=1,1 group=1 out_channels=4}\n"
    "%t f32 [N,?,3] nchw = transpose(%input) {n=4 perm=0,2,3,1}\n"
    "%r f32 [] nchw = resize(%t, _, %b) {mode=linear coord=align_corners round=ceil}\n"
    "%c f32 [N,3,H,W] nchw = clip(%input) {lo=-0x1p+0 hi=0x1.8p+2}\n"
    "%d f64 [N] nchw = cast(%c) {to=f64}\n"
    "output %y2\n"
    "output %d\n";

static char *blob_of(size_t bytes)
{
    char *blob = dsq_alloc(NULL, bytes);
    for (size_t i = 0; i < bytes; i++)
        blob[i] = (char)(i * 37 + 11);
    return blob;
}

static void test_round_trip(void **state)
{
    (void)state;
    char *data = blob_of(80);
    for (int borrow = 0; borrow < 2; borrow++) {
        struct dsq_graph *g, *again;
        struct dsq_diag d = {0};
        struct dsq_writer text, blob, text2, blob2;
        if (dsq_graph_parse(&g, everything, strlen(everything), data, 80, borrow, NULL, &d) !=
            DSQ_OK)
            fail_msg("%s", d.text);
        print_graph(g, &text, &blob);
        assert_string_equal(text.data, everything);
        assert_int_equal(blob.bytes, 80);
        assert_memory_equal(blob.data, data, 48);
        assert_memory_equal(blob.data + 64, data + 64, 16);
        assert_int_equal(
            dsq_graph_parse(&again, text.data, text.bytes, blob.data, blob.bytes, borrow, NULL, &d),
            DSQ_OK);
        print_graph(again, &text2, &blob2);
        assert_string_equal(text2.data, everything);
        assert_memory_equal(blob2.data, blob.data, 80);
        dsq_graph_free(&again);
        dsq_graph_free(&g);
        dsq_writer_free(&text);
        dsq_writer_free(&blob);
        dsq_writer_free(&text2);
        dsq_writer_free(&blob2);
    }
    dsq_release(NULL, data);
}

static void test_borrowing(void **state)
{
    (void)state;
    char *data = blob_of(81);
    struct dsq_graph *g;
    struct dsq_diag d;
    assert_int_equal(dsq_graph_parse(&g, everything, strlen(everything), data, 80, true, NULL, &d),
                     DSQ_OK);
    const struct dsq_value *b = &g->value[dsq_graph_find(g, "b", NULL)];
    const struct dsq_value *m = &g->value[dsq_graph_find(g, "m", NULL)];
    assert_ptr_equal(b->data, data + 64);
    assert_ptr_equal(m->data, data + 64);
    dsq_graph_free(&g);
    assert_int_equal(
        dsq_graph_parse(&g, everything, strlen(everything), data + 1, 80, true, NULL, &d),
        DSQ_ARGUMENT);
    assert_null(g);
    assert_int_equal(
        dsq_graph_parse(&g, everything, strlen(everything), data + 1, 80, false, NULL, &d), DSQ_OK);
    memset(data, 0, 81);
    b = &g->value[dsq_graph_find(g, "b", NULL)];
    assert_int_equal((uintptr_t)b->data % 64, 0);
    assert_int_equal(*(const unsigned char *)b->data, (65 * 37 + 11) & 255);
    dsq_graph_free(&g);
    dsq_release(NULL, data);
}

/* Without a blob: for reading, not for parsing. Values that nothing produces are seen. */
static void test_dump(void **state)
{
    (void)state;
    struct dsq_graph *g =
        parse_graph("graph \"g\"\nvalue %v f32 [2] nchw\n"
                    "const %c f32 [2] {1, 0.5}\n%y f32 [2] nchw = add(%v, %c)\noutput %y\n");
    struct dsq_writer text;
    struct dsq_diag d;
    print_graph(g, &text, NULL);
    assert_string_equal(text.data, "graph \"g\"\nconst %c f32 [2] @-\nvalue %v f32 [2] nchw\n"
                                   "%y f32 [2] nchw = add(%v, %c)\noutput %y\n");
    dsq_graph_free(&g);
    assert_int_equal(dsq_graph_parse(&g, text.data, text.bytes, NULL, 0, true, NULL, &d),
                     DSQ_MALFORMED);
    assert_non_null(strstr(d.text, "without its data"));
    dsq_writer_free(&text);
}

static void test_written_by_hand(void **state)
{
    (void)state;
    struct dsq_graph *g = parse_graph("\n# a comment\ngraph \"g\" # here too\r\n\n"
                                      "\tinput  %x s8 [ 1 , 2 ] scale=0.05   \n"
                                      "  %y f32 ?=dequantize( %x )\n"
                                      "output %y");
    assert_int_equal(g->value[0].q.qmin, -127);
    assert_int_equal(g->value[0].q.qmax, 127);
    assert_true(g->value[0].q.scale == 0.05f);
    assert_true(g->value[0].q.inv_scale == 1.0f / 0.05f);
    dsq_graph_free(&g);
}

/* A line of a graph, and where its error must be found. */
static const struct {
    const char *line;
    int column;
    const char *text;
} bad_lines[] = {
    {"nonsense", 1, "statement"},
    {"input x f32 [1]", 7, "'%'"},
    {"input % f32 [1]", 8, "name"},
    {"input %x f16 [1]", 10, "f16"},
    {"input %x f32 1", 14, "'['"},
    {"input %x f32 [1", 16, "']'"},
    {"input %x f32 [-1]", 15, "negative"},
    {"input %x f32 [1,1,1,1,1,1,1,1,1]", 31, "8 dimensions"},
    {"input %x f32 [1] nchw nhwc", 23, "end of the line"},
    {"input %x f32 [1] alias=x", 24, "string"},
    {"input %x f32 [1] alias=\"\\q\"", 24, "string"},
    {"input %x s8 [1] scale=0", 24, "positive"},
    {"input %x s8 [1] scale=1 zp=200", 28, "-128 to 127"},
    {"input %x f32 [1]\ninput %x f32 [1]", 0, "named 'x'"},
    {"const %c f32 [N] {1}", 18, "numbers"},
    {"const %c f32 [2] {1}", 20, "','"},
    {"const %c f32 [2] {1, 2, 3}", 23, "'}'"},
    {"const %c s32 [1] {2147483648}", 19, "integer"},
    {"const %c s64 [1] {9223372036854775808}", 19, "integer"},
    {"const %c bool [1] {2}", 20, "0 to 1"},
    {"const %c f32 [1] {x}", 19, "float"},
    {"const %c f32 [1] {1.2345678901234567}", 19, "hexadecimal"},
    {"const %c f32 [99999999] {1}", 26, "fewer"},
    {"const %c f32 [4611686018427387904,4] {1}", 0, "numbers"},
    {"const %c f32 [32] @0:127", 25, "needs 128"},
    {"const %c f32 [32] @4:128", 25, "aligned"},
    {"const %c f32 [32] @64:128", 26, "outside"},
    {"const %c f32 [32] @9223372036854775744:128", 0, "outside"},
    {"const %c f32 [32] @-", 21, "without"},
    {"const %c f32 [32]", 18, "'@'"},
    {"%y f32 ? = relu(%z)", 17, "'z'"},
    {"%y f32 ? = rely()", 11, "rely"},
    {"%y f32 ? = relu(_", 18, "','"},
    {"%y f32 ? relu(_)", 10, "'='"},
    {"%y f32 ? = relu(_) {x=1}", 21, "'x'"},
    {"%y f32 ? = cast(_) {to=f16}", 24, "f16"},
    {"%y f32 ? = clip(_) {lo=0,1}", 26, "1 elements"},
    {"%y f32 ? = hardmax(_) {axis=", 11, "hardmax"},
    {"%y f32 ? = flatten(_) {axis=1", 30, "attribute"},
    {"%y f32 ? = flatten(_) name=x", 28, "string"},
    {"output %y", 8, "'y'"},
    {"output _", 9, "absent"},
};

static void test_errors(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof bad_lines / sizeof *bad_lines; i++) {
        char text[512], place[32];
        struct dsq_graph *g;
        struct dsq_diag d = {0};
        char *data = blob_of(128);
        snprintf(text, sizeof text, "graph \"g\"\n%s\n", bad_lines[i].line);
        snprintf(place, sizeof place, "line 2, column %d:", bad_lines[i].column);
        if (dsq_graph_parse(&g, text, strlen(text), data, 128, true, NULL, &d) != DSQ_MALFORMED)
            fail_msg("%s: no error", bad_lines[i].line);
        assert_null(g);
        if ((bad_lines[i].column && strncmp(d.text, place, strlen(place)) != 0) ||
            !strstr(d.text, bad_lines[i].text))
            fail_msg("%s: the message is: %s", bad_lines[i].line, d.text);
        dsq_release(NULL, data);
    }
}

/* An alias is no name: nothing can be read by it. */
static void test_alias_is_no_name(void **state)
{
    (void)state;
    static const char text[] = "graph \"g\"\ninput %x f32 [1] alias=\"z\"\n%y f32 ? = relu(%z)\n";
    struct dsq_graph *g;
    assert_int_equal(dsq_graph_parse(&g, text, sizeof text - 1, NULL, 0, true, NULL, NULL),
                     DSQ_MALFORMED);
    assert_int_equal(dsq_graph_parse(&g, text, sizeof text, NULL, 0, true, NULL, NULL),
                     DSQ_MALFORMED);
    assert_int_equal(dsq_graph_parse(&g, NULL, 0, NULL, 0, true, NULL, NULL), DSQ_MALFORMED);
}

static void test_floats(void **state)
{
    (void)state;
    uint64_t seed = 7;
    for (int i = 0; i < 200000; i++) {
        uint64_t bits = (uint64_t)next_random(&seed) << 33 ^ (uint64_t)next_random(&seed) << 2 ^
                        next_random(&seed);
        double v, back;
        struct dsq_writer w;
        if (i < 64) /* one bit: zero, subnormals, exponents */
            bits = UINT64_C(1) << i;
        memcpy(&v, &bits, sizeof v);
        if (i & 1 && !isnan(v))
            v = (double)(float)v;
        dsq_writer_init(&w, NULL);
        dsq_token_write_float(&w, v);
        const char *at = w.data;
        assert_true(dsq_token_scan_float(&at, &back));
        assert_string_equal(at, "");
        assert_true(isnan(v) ? isnan(back) : memcmp(&v, &back, sizeof v) == 0);
        assert_true(isnan(v) || v == strtod(w.data, NULL));
        dsq_writer_free(&w);
    }
    static const char *const decimals[] = {"0",    "-0",      "1",        "0.1", "123.456", "1e-7",
                                           "5e22", "-3.25e2", "0.000001", ".5",  "2."};
    for (size_t i = 0; i < sizeof decimals / sizeof *decimals; i++) {
        const char *at = decimals[i];
        double v;
        assert_true(dsq_token_scan_float(&at, &v));
        assert_true(v == strtod(decimals[i], NULL));
    }
}

/* Whatever comes in: an error, or a graph that can be printed, checked and, if whole, inferred. */
static void try_text(const char *text, size_t bytes, const char *data)
{
    struct dsq_graph *g;
    struct dsq_diag d = {0};
    struct dsq_writer w, blob;
    char *exact = malloc(bytes ? bytes : 1); /* so that reading past the end shows */
    memcpy(exact, text, bytes);
    enum dsq_status s = dsq_graph_parse(&g, exact, bytes, data, 80, true, NULL, &d);
    free(exact);
    if (s != DSQ_OK) {
        assert_true(s == DSQ_MALFORMED && !g);
        assert_true(strncmp(d.text, "line ", 5) == 0 || strstr(d.text, "zero byte"));
        return;
    }
    print_graph(g, &w, &blob);
    if (dsq_graph_check(g, false, &d) == DSQ_OK && dsq_graph_infer(g, &d) == DSQ_OK)
        assert_int_equal(dsq_graph_compact(g, &d), DSQ_OK);
    dsq_writer_free(&w);
    dsq_writer_free(&blob);
    dsq_graph_free(&g);
}

/* Checks out and infers, unlike `everything`, so that damage reaches further. */
static const char whole[] =
    "graph \"whole\"\n"
    "input %x f32 [N,3,H,W] nchw\n"
    "const %w f32 [4,1,1,3] @0:48\n"
    "const %b f32 [4] @64:16\n"
    "const %i s64 [2] {2, 3}\n"
    "const %o s64 [4] {0, 0, -1, 1}\n"
    "%y f32 ? nchw = conv(%w, %b, %x, _, _) {kernel=1,1 stride=2,2 dilation=1,1 group=1 "
    "out_channels=4}\n"
    "%p f32 ? nchw = maxpool(%y) {kernel=3,3 stride=2,2 dilation=1,1 pad=1,1,1,1 ceil_mode=1}\n"
    "%s s64 ? nchw = shape(%y)\n"
    "%hw s64 ? nchw = gather(%s, %i) {axis=0}\n"
    "%nc s64 ? nchw = gather(%s, %hw) {axis=0}\n"
    "%k s64 ? nchw = concat(%nc, %hw) {axis=0}\n"
    "%up f32 ? nchw = resize(%p, %k, _) {coord=asymmetric}\n"
    "%sum f32 ? nchw = add(%up, %y)\n"
    "%out f32 ? nchw = reshape(%sum, %o)\n"
    "output %out\n";

static void test_truncated(void **state)
{
    (void)state;
    char *data = blob_of(80);
    for (size_t n = 0; n < sizeof everything; n++)
        try_text(everything, n, data);
    for (size_t n = 0; n < sizeof whole; n++)
        try_text(whole, n, data);
    dsq_release(NULL, data);
}

static void damage(const char *source, size_t bytes, uint64_t seed, const char *data)
{
    char *text = malloc(bytes);
    memcpy(text, source, bytes);
    int n = 1 + (int)(next_random(&seed) % 4);
    for (int i = 0; i < n; i++) {
        size_t at = next_random(&seed) % bytes, from = next_random(&seed) % bytes;
        size_t length = 1 + next_random(&seed) % 8;
        if (at + length > bytes || from + length > bytes)
            continue;
        switch (next_random(&seed) % 4) {
        case 0: /* any byte */
            text[at] = (char)next_random(&seed);
            break;
        case 1: /* a digit, so that numbers change */
            text[at] = (char)('0' + next_random(&seed) % 10);
            break;
        case 2: /* a piece from elsewhere */
            memmove(text + at, text + from, length);
            break;
        default: /* a piece gone */
            memmove(text + at, text + at + length, bytes - at - length);
            bytes -= length;
            break;
        }
    }
    try_text(text, bytes, data);
    free(text);
}

static void test_damaged(void **state)
{
    (void)state;
    char *data = blob_of(80);
    for (uint64_t seed = 0; seed < 20000; seed++) {
        damage(everything, sizeof everything - 1, seed, data);
        damage(whole, sizeof whole - 1, seed, data);
    }
    dsq_release(NULL, data);
}

/* Memory grows with the text, not with the numbers in it. */
static void test_memory_is_bounded(void **state)
{
    (void)state;
    struct dsq_writer w;
    struct dsq_graph *g;
    char *data = blob_of(64);
    dsq_writer_init(&w, NULL);
    dsq_write_text(&w, "graph \"g\"\n");
    for (int i = 0; i < 20000; i++) /* 20000 copies of one range would be 1.2 MB */
        dsq_write_format(&w, "const %%c%d u8 [64] @0:64\n", i);
    assert_int_equal(dsq_graph_parse(&g, w.data, w.bytes, data, 64, false, NULL, NULL), DSQ_OK);
    assert_ptr_equal(g->value[0].data, g->value[19999].data);
    dsq_graph_free(&g);
    dsq_writer_free(&w);
    dsq_release(NULL, data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip), cmocka_unit_test(test_borrowing),
        cmocka_unit_test(test_dump),       cmocka_unit_test(test_written_by_hand),
        cmocka_unit_test(test_errors),     cmocka_unit_test(test_alias_is_no_name),
        cmocka_unit_test(test_floats),     cmocka_unit_test(test_truncated),
        cmocka_unit_test(test_damaged),    cmocka_unit_test(test_memory_is_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
