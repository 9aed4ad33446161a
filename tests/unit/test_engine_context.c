/* SPDX-License-Identifier: Apache-2.0 */
/* Contexts: bindings in any layout, errors that name what is wrong, outputs that others read too,
 * plans that are kept, and no allocation in run. */
#include "engine_support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const forked = "graph \"forked\"\n"
                                  "input %x f32 [N,3,H,W] nchw\n"
                                  "%a f32 [N,3,H,W] nhwc = relayout(%x)\n"
                                  "%y f32 [N,3,H,W] nhwc = relu(%a)\n"
                                  "%z f32 [N,3,H,W] nhwc = add(%y, %a)\n"
                                  "%s s64 [4] = shape(%z)\n"
                                  "output %y\n"
                                  "output %z\n"
                                  "output %x\n"
                                  "output %z\n"
                                  "output %s\n";

enum { C = 3, H = 5, W = 7, N_ELEMENTS = C * H * W };

static void fill(float *x, size_t n)
{
    for (size_t i = 0; i < n; i++)
        x[i] = (float)((int)(i * 37 % 101) - 50) / 8;
}

static struct dsq_tensor tensor_of(float *data, int64_t h, int64_t w)
{
    return (struct dsq_tensor){.dtype = DSQ_F32, .rank = 4, .dims = {1, C, h, w}, .data = data};
}

struct fixture {
    struct dsq_engine_file *file;
    struct dsq_engine *engine;
    struct dsq_context *context;
};

static void open_text(struct fixture *f, const char *text, const struct dsq_profile_input *profile,
                      const struct dsq_context_settings *s)
{
    f->file = file_of(graph_of(text), profile);
    assert_ok(dsq_engine_load(&f->engine, f->file, NULL, diag));
    assert_ok(dsq_context_create(&f->context, f->engine, s, diag));
}

static void close_all(struct fixture *f)
{
    dsq_context_free(&f->context);
    dsq_engine_free(&f->engine);
    dsq_engine_file_free(&f->file);
}

static const float *output(const struct fixture *f, int i, struct dsq_tensor *t)
{
    assert_ok(dsq_context_output(f->context, i, t, diag));
    assert_non_null(t->data);
    return t->data;
}

static void test_outputs_others_read(void **state)
{
    (void)state;
    float x[N_ELEMENTS];
    struct fixture f;
    struct dsq_tensor in = tensor_of(x, H, W), y, z, same, twice, shape;
    fill(x, N_ELEMENTS);
    open_text(&f, forked, NULL, NULL);
    assert_ok(dsq_context_set_input(f.context, 0, &in, diag));
    assert_ok(dsq_context_run(f.context, diag));
    const float *py = output(&f, 0, &y), *pz = output(&f, 1, &z), *px = output(&f, 2, &same);
    const float *pt = output(&f, 3, &twice);
    const int64_t *ps = (const int64_t *)(const void *)output(&f, 4, &shape);
    for (int i = 0; i < N_ELEMENTS; i++) {
        float relu = x[i] < 0 ? 0 : x[i];
        assert_true(py[i] == relu && pz[i] == relu + x[i] && px[i] == x[i] && pt[i] == pz[i]);
    }
    assert_true(ps[0] == 1 && ps[1] == C && ps[2] == H && ps[3] == W);
    assert_int_equal(shape.rank, 1);
    close_all(&f);
}

/* Where element (c, h, w) of a tensor lies. */
static float element(const struct dsq_tensor *t, int c, int h, int w)
{
    const char *at =
        (const char *)t->data + c * t->strides[1] + h * t->strides[2] + w * t->strides[3];
    float v;
    memcpy(&v, at, sizeof v);
    return v;
}

static void test_layouts_and_strides(void **state)
{
    (void)state;
    float x[N_ELEMENTS], nhwc[N_ELEMENTS], wide[C * 6 * 9 * 2];
    struct fixture f;
    fill(x, N_ELEMENTS);
    for (int i = 0; i < N_ELEMENTS; i++)
        nhwc[i % (H * W) * C + i / (H * W)] = x[i];
    struct dsq_tensor in = tensor_of(nhwc, H, W), y, z;
    in.layout = DSQ_NHWC;
    open_text(&f, forked, NULL, NULL);
    assert_ok(dsq_context_set_input(f.context, 0, &in, diag));
    /* Output 0 in the context's memory as NHWC, output 1 in the caller's with gaps everywhere. */
    struct dsq_tensor layout = {.layout = DSQ_NHWC}, mine = tensor_of(wide, H, W);
    const int64_t gaps[4] = {0, 6 * 9 * 2 * 4, 9 * 2 * 4, 2 * 4};
    memcpy(mine.strides, gaps, sizeof gaps);
    for (size_t i = 0; i < sizeof wide / sizeof wide[0]; i++)
        wide[i] = 777;
    assert_ok(dsq_context_set_output(f.context, 0, &layout, diag));
    assert_ok(dsq_context_set_output(f.context, 1, &mine, diag));
    assert_ok(dsq_context_run(f.context, diag));
    output(&f, 0, &y);
    output(&f, 1, &z);
    assert_int_equal(y.layout, DSQ_NHWC);
    assert_int_equal(y.strides[1], sizeof(float));
    assert_ptr_equal(z.data, wide);
    int written = 0;
    for (size_t i = 0; i < sizeof wide / sizeof wide[0]; i++)
        written += wide[i] != 777;
    assert_int_equal(written, N_ELEMENTS);
    for (int i = 0; i < N_ELEMENTS; i++) {
        int c = i / (H * W), h = i / W % H, w = i % W;
        float relu = x[i] < 0 ? 0 : x[i];
        assert_true(element(&y, c, h, w) == relu && element(&z, c, h, w) == relu + x[i]);
    }
    close_all(&f);
}

static void expect(enum dsq_status is, enum dsq_status wanted, const struct dsq_diag *d,
                   const char *message)
{
    assert_int_equal(is, wanted);
    assert_string_equal(d->text, message);
}

static void test_messages(void **state)
{
    (void)state;
    const struct dsq_profile_input p = {"x", 4, {1, 3, 4, 4}, {1, 3, 8, 8}, {2, 3, 16, 16}};
    float x[C * 17 * 17];
    struct fixture f;
    struct dsq_diag d;
    struct dsq_tensor in = tensor_of(x, 17, 8), out;
    open_text(&f, forked, &p, NULL);
    expect(dsq_context_run(f.context, &d), DSQ_ARGUMENT, &d, "input 'x' is not set");
    expect(dsq_context_output(f.context, 0, &out, &d), DSQ_ARGUMENT, &d,
           "output 'y' has no shape before a reshape or run");
    expect(dsq_context_set_input(f.context, 0, &in, &d), DSQ_SHAPE, &d,
           "input 'x' dimension 2 (H) is 17, profile allows 4..16");
    in.dims[1] = 4;
    expect(dsq_context_set_input(f.context, 0, &in, &d), DSQ_SHAPE, &d,
           "input 'x' dimension 1 is 4, the model fixes it to 3");
    in.rank = 3;
    expect(dsq_context_set_input(f.context, 0, &in, &d), DSQ_SHAPE, &d,
           "input 'x' has rank 4, the tensor given has 3");
    in.dtype = DSQ_S8;
    expect(dsq_context_set_input(f.context, 0, &in, &d), DSQ_ARGUMENT, &d,
           "input 'x' is f32, the tensor given is s8");
    in = tensor_of(x, 8, 8);
    assert_ok(dsq_context_set_input(f.context, 0, &in, diag));
    struct dsq_tensor small = tensor_of(x, 8, 7);
    assert_ok(dsq_context_set_output(f.context, 0, &small, diag));
    expect(dsq_context_run(f.context, &d), DSQ_SHAPE, &d,
           "output 'y' dimension 3 is 8, in the tensor bound to it 7");
    assert_ok(dsq_context_set_output(f.context, 0, NULL, diag));
    assert_ok(dsq_context_run(f.context, diag));
    close_all(&f);
}

static void test_cpu_levels(void **state)
{
    (void)state;
    struct dsq_common common = {.size = sizeof common, .cpu_level = "sse9"};
    struct dsq_engine_settings s = {.size = sizeof s, .common = &common};
    struct dsq_engine_file *file = file_of(graph_of(forked), NULL);
    struct dsq_engine *e = NULL;
    struct dsq_diag d;
    assert_int_equal(dsq_engine_load(&e, file, &s, &d), DSQ_ARGUMENT);
    assert_non_null(strstr(d.text, "'sse9' is unknown"));
    assert_non_null(strstr(d.text, "ref"));
    assert_null(e);
    s.device_type = DSQ_DEVICE_CUDA;
    common.cpu_level = NULL;
    assert_int_equal(dsq_engine_load(&e, file, &s, &d),
                     dsq_backend_find(DSQ_DEVICE_CUDA) ? DSQ_OK : DSQ_DEVICE);
    dsq_engine_free(&e);
    dsq_engine_file_free(&file);
}

/* ---- the hook ---- */

struct seen {
    char text[256];
};

static void note(void *user, const char *node, const char *tensor, const struct dsq_tensor *t)
{
    struct seen *s = user;
    size_t at = strlen(s->text);
    snprintf(s->text + at, sizeof s->text - at, "%s>%s:%d ", node, tensor, (int)t->layout);
}

static void test_hook(void **state)
{
    (void)state;
    static const char *const text = "graph \"g\"\n"
                                    "input %x f32 [N,3,H,W] nchw\n"
                                    "%a f32 [N,3,H,W] nhwc = relayout(%x) name=\"in\"\n"
                                    "%y f32 [N,3,H,W] nhwc = relu(%a) name=\"act\"\n"
                                    "output %y\n";
    float x[N_ELEMENTS];
    struct fixture f;
    struct seen seen = {""};
    struct dsq_tensor in = tensor_of(x, H, W);
    fill(x, N_ELEMENTS);
    open_text(&f, text, NULL, NULL);
    assert_ok(dsq_context_set_input(f.context, 0, &in, diag));
    dsq_context_on_tensor(f.context, note, &seen);
    assert_ok(dsq_context_run(f.context, diag));
    assert_string_equal(seen.text, ">x:0 in>a:1 act>y:0 ");
    dsq_context_on_tensor(f.context, NULL, NULL);
    assert_ok(dsq_context_run(f.context, diag));
    assert_int_equal(strlen(seen.text), strlen(">x:0 in>a:1 act>y:0 "));
    close_all(&f);
}

/* ---- a graph with convolutions: segments, shared weights, memory ---- */

static dsq_vid conv_of(struct dsq_graph *g, const float *w, const dsq_vid *x, int n)
{
    struct dsq_shape ws = {4, {40, 3, 3, 3}};
    struct dsq_conv_attr a = {.win = {{3, 3}, {2, 2}, {1, 1}, {1, 1, 1, 1}, 0, 0},
                              .group = 1,
                              .out_channels = 40,
                              .act = DSQ_ACT_RELU,
                              .act_hi = 1e30f};
    dsq_vid in[8] = {add_const(g, DSQ_F32, &ws, w, 40 * 27 * 4), DSQ_NO_VALUE}, out[2];
    for (int s = 0; s < n; s++) {
        struct dsq_shape ys = {4,
                               {g->value[x[s]].shape.dim[0], 40, DSQ_DIM_UNKNOWN, DSQ_DIM_UNKNOWN}};
        in[2 + 3 * s] = x[s];
        in[3 + 3 * s] = in[4 + 3 * s] = DSQ_NO_VALUE;
        out[s] = add_value(g, DSQ_F32, DSQ_NHWC, &ys, NULL);
    }
    add_node(g, DSQ_OP_CONV, in, 2 + 3 * n, out, n, &a);
    return out[0];
}

/* y0, y1 = conv over two sizes at once; y2 = the same weights, given twice, over the first alone */
static struct dsq_engine_file *conv_file(void)
{
    float w[40 * 27];
    fill(w, 40 * 27);
    struct dsq_graph *g = graph_of("graph \"g\"\n"
                                   "input %p f32 [N,3,H,W] nchw\n"
                                   "input %q f32 [N,3,I,J] nchw\n"
                                   "%a f32 [N,3,H,W] nhwc = relayout(%p)\n"
                                   "%b f32 [N,3,I,J] nhwc = relayout(%q)\n"
                                   "output %a\n");
    dsq_vid x[2] = {dsq_graph_find(g, "a", NULL), dsq_graph_find(g, "b", NULL)}, out[3];
    out[0] = conv_of(g, w, x, 2);
    out[1] = out[0] + 1;
    out[2] = conv_of(g, w, x, 1);
    dsq_vid in[2] = {g->input[0], g->input[1]};
    assert_ok(dsq_graph_set_io(g, in, 2, out, 3, diag));
    return file_of(g, NULL);
}

static void set_two(struct dsq_context *c, float *x, int64_t h, int64_t w)
{
    struct dsq_tensor p = tensor_of(x, h, w), q = tensor_of(x, (h + 1) / 2, (w + 1) / 2);
    assert_ok(dsq_context_set_input(c, 0, &p, diag));
    assert_ok(dsq_context_set_input(c, 1, &q, diag));
}

static void test_segments_and_shared_weights(void **state)
{
    (void)state;
    float *x = malloc(3 * 40 * 40 * sizeof *x);
    fill(x, 3 * 40 * 40);
    struct dsq_engine_file *file = conv_file();
    for (int threads = 1; threads <= 3; threads++) {
        struct run r;
        struct dsq_tensor a, b;
        run_open(&r, file, NULL, threads);
        set_two(r.context, x, 33, 20);
        run_once(&r);
        assert_nodes_right(&r);
        assert_ok(dsq_context_output(r.context, 0, &a, diag));
        assert_ok(dsq_context_output(r.context, 2, &b, diag));
        assert_int_equal(a.dims[2], 17);
        assert_memory_equal(a.data, b.data, 40 * 17 * 10 * sizeof(float));
        /* One packed copy: fewer bytes than two would have. */
        assert_true(dsq_engine_packed_bytes(r.engine) < 2 * 40 * 27 * sizeof(float));
        run_close(&r);
    }
    dsq_engine_file_free(&file);
    free(x);
}

static void test_no_allocation_in_run(void **state)
{
    (void)state;
    struct counting count;
    counting_init(&count);
    float *x = malloc(3 * 64 * 64 * sizeof *x);
    fill(x, 3 * 64 * 64);
    struct dsq_common common = {.size = sizeof common, .allocator = &count.allocator, .threads = 2};
    struct dsq_context_settings s = {.size = sizeof s, .common = &common, .plan_cache = 2};
    struct dsq_engine_settings es = {.size = sizeof es, .common = &common};
    struct dsq_engine_file *file = conv_file();
    struct dsq_engine *e = NULL;
    struct dsq_context *c = NULL;
    assert_ok(dsq_engine_load(&e, file, &es, diag));
    assert_ok(dsq_context_create(&c, e, &s, diag));
    set_two(c, x, 64, 64);
    assert_ok(dsq_context_run(c, diag));
    size_t large = dsq_context_activation_bytes(c);
    set_two(c, x, 16, 24);
    assert_ok(dsq_context_reshape(c, diag));
    assert_true(dsq_context_activation_bytes(c) < large);
    assert_ok(dsq_context_run(c, diag));
    size_t before = count.n_allocs;
    for (int i = 0; i < 4; i++) {
        set_two(c, x, i % 2 ? 16 : 64, i % 2 ? 24 : 64); /* both kept */
        assert_ok(dsq_context_run(c, diag));
    }
    assert_int_equal(count.n_allocs, before);
    set_two(c, x, 30, 30); /* takes the memory of the older plan */
    assert_ok(dsq_context_run(c, diag));
    assert_int_equal(count.n_allocs, before);
    dsq_context_free(&c);
    dsq_engine_free(&e);
    assert_int_equal(count.n_live, 0);
    dsq_engine_file_free(&file);
    free(x);
}

static enum dsq_status load_and_run(const struct dsq_engine_file *file, struct counting *count,
                                    float *x)
{
    struct dsq_common common = {
        .size = sizeof common, .allocator = &count->allocator, .threads = 1};
    struct dsq_context_settings s = {.size = sizeof s, .common = &common};
    struct dsq_engine_settings es = {.size = sizeof es, .common = &common};
    struct dsq_engine *e = NULL;
    struct dsq_context *c = NULL;
    struct dsq_diag d;
    enum dsq_status status = dsq_engine_load(&e, file, &es, &d);
    if (status == DSQ_OK)
        status = dsq_context_create(&c, e, &s, &d);
    if (status == DSQ_OK) {
        set_two(c, x, 16, 16);
        status = dsq_context_run(c, &d);
    }
    dsq_context_free(&c);
    dsq_engine_free(&e);
    assert_int_equal(count->n_live, 0);
    return status;
}

static void test_out_of_memory(void **state)
{
    (void)state;
    float x[3 * 16 * 16];
    fill(x, 3 * 16 * 16);
    struct dsq_engine_file *file = conv_file();
    enum dsq_status s = DSQ_NOMEM;
    for (size_t n = 1; s != DSQ_OK; n++) {
        struct counting count;
        counting_init(&count);
        count.fail_at = n;
        s = load_and_run(file, &count, x);
        assert_true(s == DSQ_OK || s == DSQ_NOMEM);
        assert_true(n < 1000);
    }
    dsq_engine_file_free(&file);
}

/* ---- data that only moves ---- */

static void test_moving_data(void **state)
{
    (void)state;
    static const char *const text = "graph \"g\"\n"
                                    "input %x f32 [2,H,3]\n"
                                    "const %first s64 [1] {1}\n"
                                    "const %last s64 [1] {-1}\n"
                                    "const %one s64 [1] {1}\n"
                                    "const %two s64 [2] {2, 0}\n"
                                    "const %minus s64 [2] {-1, 2}\n"
                                    "%t f32 [H,3,2] = transpose(%x) {n=3 perm=1,2,0}\n"
                                    "%s f32 [H,2,2] = slice(%t, %first, %last, %last, _)\n"
                                    "%r f32 [H,6] = reshape(%t, %minus)\n"
                                    "%g f32 [2,H,2] = gather(%x, %two) {axis=2}\n"
                                    "%f f32 [2,?] = flatten(%x) {axis=1}\n"
                                    "%u f32 [2,1,H,3] = unsqueeze(%x, %one)\n"
                                    "%c s32 [2,H,3] = cast(%x) {to=s32}\n"
                                    "output %t\n"
                                    "output %g\n"
                                    "output %f\n"
                                    "output %u\n"
                                    "output %c\n";
    float x[2 * 4 * 3];
    for (int i = 0; i < 24; i++)
        x[i] = (float)i + 0.5f;
    struct fixture f;
    struct dsq_tensor in = {.dtype = DSQ_F32, .rank = 3, .dims = {2, 4, 3}, .data = x}, t;
    open_text(&f, text, NULL, NULL);
    assert_ok(dsq_context_set_input(f.context, 0, &in, diag));
    assert_ok(dsq_context_run(f.context, diag));
    const float *p = output(&f, 0, &t);
    for (int h = 0; h < 4; h++)
        for (int c = 0; c < 3; c++)
            for (int n = 0; n < 2; n++)
                assert_true(p[(h * 3 + c) * 2 + n] == x[(n * 4 + h) * 3 + c]);
    p = output(&f, 1, &t);
    for (int i = 0; i < 16; i++)
        assert_true(p[i] == x[i / 2 * 3 + (i % 2 ? 0 : 2)]);
    p = output(&f, 2, &t);
    assert_int_equal(t.dims[1], 12);
    assert_memory_equal(p, x, sizeof x);
    p = output(&f, 3, &t);
    assert_int_equal(t.rank, 4);
    assert_memory_equal(p, x, sizeof x);
    const int32_t *q = (const int32_t *)(const void *)output(&f, 4, &t);
    for (int i = 0; i < 24; i++)
        assert_int_equal(q[i], i);
    close_all(&f);
}

/* ---- a caller's own threads ---- */

static void run_backwards(void *user, void (*task)(void *arg, size_t i), void *arg, size_t n)
{
    *(size_t *)user += n;
    while (n > 0)
        task(arg, --n);
}

static void test_executor(void **state)
{
    (void)state;
    size_t n_tasks = 0;
    struct dsq_executor e = {&n_tasks, 4, run_backwards};
    struct dsq_common common = {.size = sizeof common, .executor = &e};
    struct dsq_context_settings s = {.size = sizeof s, .common = &common};
    struct dsq_engine_file *file = conv_file();
    struct dsq_engine *engine = NULL;
    struct dsq_context *c = NULL;
    struct run r;
    struct dsq_tensor a, b;
    float x[3 * 30 * 30];
    fill(x, 3 * 30 * 30);
    run_open(&r, file, NULL, 1);
    set_two(r.context, x, 30, 30);
    run_once(&r);
    assert_ok(dsq_engine_load(&engine, file, NULL, diag));
    assert_ok(dsq_context_create(&c, engine, &s, diag));
    set_two(c, x, 30, 30);
    assert_ok(dsq_context_run(c, diag));
    assert_true(n_tasks > 0);
    assert_ok(dsq_context_output(r.context, 0, &a, diag));
    assert_ok(dsq_context_output(c, 0, &b, diag));
    assert_memory_equal(a.data, b.data, 40 * 15 * 15 * sizeof(float));
    dsq_context_free(&c);
    dsq_engine_free(&engine);
    run_close(&r);
    dsq_engine_file_free(&file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_outputs_others_read),
        cmocka_unit_test(test_layouts_and_strides),
        cmocka_unit_test(test_messages),
        cmocka_unit_test(test_cpu_levels),
        cmocka_unit_test(test_hook),
        cmocka_unit_test(test_segments_and_shared_weights),
        cmocka_unit_test(test_no_allocation_in_run),
        cmocka_unit_test(test_out_of_memory),
        cmocka_unit_test(test_moving_data),
        cmocka_unit_test(test_executor),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
