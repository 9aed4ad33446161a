/* SPDX-License-Identifier: Apache-2.0 */
/* Windows against counting positions one by one, numbers against symbols; nearest resizing against
 * ONNX's reference. */
#include "graph/resize.h"
#include "graph_resize_expected.h"
#include "graph_test.h"

struct axis {
    int64_t k, stride, dilation, begin, end;
    bool ceil;
};

static struct dsq_window window_of(const struct axis *a, int64_t auto_pad)
{
    return (struct dsq_window){.kernel = {a->k, 1},
                               .stride = {a->stride, 1},
                               .dilation = {a->dilation, 1},
                               .pad = {a->begin, 0, a->end, 0},
                               .auto_pad = auto_pad,
                               .ceil_mode = a->ceil};
}

/* Positions of a window, by definition: it ends inside the padded input; in ceil mode the first one
 * that does not still counts if the one before left something over and it begins before the end
 * padding. */
static int64_t count(const struct axis *a, int64_t in)
{
    int64_t reach = (a->k - 1) * a->dilation + 1, n = 0;
    for (int64_t at = 0;; at += a->stride, n++) {
        if (at + reach <= in + a->begin + a->end)
            continue;
        int64_t previous_end = at - a->stride + reach;
        bool gap = previous_end < in + a->begin + a->end;
        return n + (a->ceil && gap && at < in + a->begin);
    }
}

static void for_each_axis(void (*body)(const struct axis *, void *), void *arg)
{
    for (int64_t code = 0; code < 5 * 4 * 2 * 3 * 3 * 2; code++) {
        int64_t c = code;
        struct axis a;
        a.k = 1 + c % 5, c /= 5;
        a.stride = 1 + c % 4, c /= 4;
        a.dilation = 1 + c % 2, c /= 2;
        a.begin = c % 3, c /= 3;
        a.end = c % 3, c /= 3;
        a.ceil = c;
        if (a.begin < a.k && a.end < a.k) /* a pool window lies never in padding alone */
            body(&a, arg);
    }
}

static void compare_explicit(const struct axis *a, void *arg)
{
    struct dsq_dims *t = arg;
    struct dsq_window w = window_of(a, DSQ_PAD_EXPLICIT);
    struct dsq_window_axis number, symbol;
    assert_true(dsq_window_axis(t, &w, 0, dsq_dim_symbol(t, "H"), &symbol));
    const struct dsq_dim_form *f = dsq_dim_form_of(t, symbol.out);
    assert_non_null(f);
    for (int64_t in = 1; in < 30; in++) {
        int64_t expected = count(a, in);
        bool fits = dsq_window_axis(NULL, &w, 0, in, &number);
        assert_int_equal(fits, expected > 0);
        if (!fits)
            continue;
        assert_int_equal(number.out, expected);
        assert_int_equal(number.pad_before, a->begin);
        assert_int_equal(dsq_dim_affine(NULL, in, f->mul, f->add, f->div), expected);
    }
}

/* SAME: ceil(in / stride) outputs, total padding as small as it can be, its odd one last or first.
 */
static void compare_same(const struct axis *a, void *arg)
{
    (void)arg;
    for (int64_t in = 1; in < 30; in++) {
        int64_t out = (in + a->stride - 1) / a->stride;
        int64_t total = (out - 1) * a->stride + (a->k - 1) * a->dilation + 1 - in;
        struct dsq_window upper = window_of(a, DSQ_PAD_SAME_UPPER);
        struct dsq_window lower = window_of(a, DSQ_PAD_SAME_LOWER);
        struct dsq_window_axis u, l;
        assert_true(dsq_window_axis(NULL, &upper, 0, in, &u));
        assert_true(dsq_window_axis(NULL, &lower, 0, in, &l));
        assert_int_equal(u.out, out);
        assert_int_equal(l.out, out);
        assert_int_equal(u.pad_before + l.pad_before, total > 0 ? total : 0);
        assert_true(l.pad_before - u.pad_before == (total > 0 ? total % 2 : 0));
    }
}

static void with_dims(void (*body)(const struct axis *, void *))
{
    struct dsq_arena arena;
    struct dsq_dims t;
    dsq_arena_init(&arena, NULL);
    dsq_dims_init(&t, &arena);
    for_each_axis(body, &t);
    dsq_arena_free(&arena);
}

static void test_explicit(void **state)
{
    (void)state;
    with_dims(compare_explicit);
}

static void test_same(void **state)
{
    (void)state;
    with_dims(compare_same);
}

static void test_valid_ignores_pads(void **state)
{
    (void)state;
    struct axis a = {3, 2, 1, 1, 1, false};
    struct dsq_window w = window_of(&a, DSQ_PAD_VALID);
    struct dsq_window_axis o;
    assert_true(dsq_window_axis(NULL, &w, 0, 8, &o));
    assert_int_equal(o.out, 3);
    assert_int_equal(o.pad_before, 0);
    assert_false(dsq_window_axis(NULL, &w, 0, 2, &o));
}

static void test_absurd_windows(void **state)
{
    (void)state;
    struct dsq_window_axis o;
    for (int field = 0; field < 5; field++) {
        static const int64_t absurd[] = {INT64_MAX, INT64_MIN, -1, INT64_C(1) << 40};
        for (int i = 0; i < 4; i++) {
            struct axis a = {3, 1, 1, 1, 1, false};
            int64_t *const fields[] = {&a.k, &a.stride, &a.dilation, &a.begin, &a.end};
            *fields[field] = absurd[i];
            struct dsq_window w = window_of(&a, DSQ_PAD_EXPLICIT);
            assert_false(dsq_window_axis(NULL, &w, 0, 10, &o));
        }
    }
    struct axis widest = {1 << 30, 1, 1 << 30, 0, 0, false};
    struct dsq_window w = window_of(&widest, DSQ_PAD_SAME_UPPER);
    assert_true(dsq_window_axis(NULL, &w, 0, 10, &o));
    w.auto_pad = DSQ_PAD_EXPLICIT;
    assert_false(dsq_window_axis(NULL, &w, 0, INT64_C(1) << 40, &o));
}

static void test_nearest_index(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof resize_expected / sizeof *resize_expected; i++) {
        struct dsq_resize_attr a = {.coord = resize_expected[i].coord,
                                    .round = resize_expected[i].round};
        int n_in = resize_expected[i].n_in, n_out = resize_expected[i].n_out;
        struct dsq_resize_axis axis = {
            .attr = &a, .in = n_in, .out = n_out, .scale = resize_expected[i].scale};
        if (axis.scale <= 0)
            axis.scale = (double)n_out / n_in;
        for (int k = 0; k < n_out; k++)
            if (dsq_resize_from(&axis, k) != resize_expected[i].source[k])
                fail_msg("case %zu, index %d", i, k);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_explicit),           cmocka_unit_test(test_same),
        cmocka_unit_test(test_valid_ignores_pads), cmocka_unit_test(test_absurd_windows),
        cmocka_unit_test(test_nearest_index),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
