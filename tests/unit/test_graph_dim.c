/* SPDX-License-Identifier: Apache-2.0 */
/* Dimensions: exact arithmetic on symbols, unique forms, text. */
#include "graph_test.h"

struct fixture {
    struct dsq_arena arena;
    struct dsq_dims t;
};

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    dsq_arena_init(&f->arena, NULL);
    dsq_dims_init(&f->t, &f->arena);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    dsq_arena_free(&f->arena);
    free(f);
    return 0;
}

/* Independent of dim.c's own division. */
static int64_t floor_division(int64_t a, int64_t b)
{
    int64_t q = a / b;
    return q * b > a ? q - 1 : q;
}

static int64_t value_of(const struct dsq_dims *t, dsq_dim d, int64_t symbol)
{
    const struct dsq_dim_form *f = dsq_dim_form_of(t, d);
    return f ? floor_division(symbol * f->mul + f->add, f->div) : d;
}

static const char *text_of(const struct dsq_dims *t, dsq_dim d)
{
    static char text[128];
    struct dsq_writer w;
    dsq_writer_init(&w, NULL);
    dsq_dim_print(t, d, &w);
    snprintf(text, sizeof text, "%s", w.data);
    dsq_writer_free(&w);
    return text;
}

static void test_numbers(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(dsq_dim_affine(NULL, 7, 2, 1, 3), 5);
    assert_int_equal(dsq_dim_affine(NULL, 2, 1, -5, 2), DSQ_DIM_UNKNOWN); /* negative */
    assert_int_equal(dsq_dim_affine(NULL, INT64_MAX, 2, 0, 3), DSQ_DIM_UNKNOWN);
    assert_int_equal(dsq_dim_affine(NULL, INT64_MAX, 1, 1, 1), DSQ_DIM_UNKNOWN);
    assert_int_equal(dsq_dim_affine(NULL, 5, 0, 1, 1), DSQ_DIM_UNKNOWN);
    assert_int_equal(dsq_dim_affine(NULL, 5, 1, 1, 0), DSQ_DIM_UNKNOWN);
    assert_int_equal(dsq_dim_affine(&f->t, DSQ_DIM_UNKNOWN, 1, 0, 1), DSQ_DIM_UNKNOWN);
    assert_int_equal(dsq_dim_add(&f->t, 3, 4), 7);
    assert_int_equal(dsq_dim_mul(&f->t, 3, 4), 12);
    assert_int_equal(dsq_dim_mul(&f->t, DSQ_DIM_UNKNOWN, 0), 0);
    assert_false(dsq_dim_equal(DSQ_DIM_UNKNOWN, DSQ_DIM_UNKNOWN));
}

static void test_same_form_same_dim(void **state)
{
    struct dsq_dims *t = &((struct fixture *)*state)->t;
    dsq_dim h = dsq_dim_symbol(t, "H"), w = dsq_dim_symbol(t, "W");
    assert_true(dsq_dim_is_symbolic(h));
    assert_int_equal(dsq_dim_symbol(t, "H"), h);
    assert_int_not_equal(h, w);
    /* (H-1)/2+1 == (H+1)/2 */
    dsq_dim a = dsq_dim_affine(t, dsq_dim_affine(t, h, 1, -1, 2), 1, 1, 1);
    assert_int_equal(a, dsq_dim_affine(t, h, 1, 1, 2));
    assert_int_equal(dsq_dim_affine(t, h, 2, 3, 2), dsq_dim_affine(t, h, 1, 1, 1));
    assert_int_equal(dsq_dim_affine(t, dsq_dim_affine(t, h, 4, 0, 1), 1, 0, 4), h);
    /* 5 times a convolution of stride 2 is (H+31)/32, whatever its pads are called */
    dsq_dim d = h;
    for (int i = 0; i < 5; i++)
        d = dsq_dim_affine(t, d, 1, 1, 2);
    assert_string_equal(text_of(t, d), "(H+31)/32");
    /* What has no form is unknown, not wrong */
    assert_int_equal(dsq_dim_affine(t, d, 3, 0, 1), DSQ_DIM_UNKNOWN);
    assert_int_equal(dsq_dim_add(t, h, w), DSQ_DIM_UNKNOWN);
    assert_int_equal(dsq_dim_mul(t, h, w), DSQ_DIM_UNKNOWN);
    assert_int_equal(dsq_dim_affine(t, dsq_dim_affine(t, h, INT64_MAX, 0, 1), 3, 0, 1),
                     DSQ_DIM_UNKNOWN);
    assert_int_equal(dsq_dim_affine(NULL, h, 1, 0, 1), DSQ_DIM_UNKNOWN);
}

/* Random chains: whenever there is a form it agrees with step by step evaluation at every size. */
static void test_random_chains(void **state)
{
    struct dsq_dims *t = &((struct fixture *)*state)->t;
    uint64_t seed = 20240607;
    int with_form = 0;
    for (int chain = 0; chain < 3000; chain++) {
        dsq_dim d = dsq_dim_symbol(t, "H");
        struct {
            int64_t mul, add, div;
        } step[5];
        int n = 1 + (int)(next_random(&seed) % 5), done = 0;
        for (; done < n; done++) {
            step[done].mul = 1 + next_random(&seed) % (next_random(&seed) % 3 ? 1 : 4);
            step[done].add = (int64_t)(next_random(&seed) % 21) - 10;
            step[done].div = 1 + next_random(&seed) % 5;
            dsq_dim next = dsq_dim_affine(t, d, step[done].mul, step[done].add, step[done].div);
            if (next == DSQ_DIM_UNKNOWN)
                break;
            d = next;
        }
        with_form += done == n;
        for (int64_t h = 0; h < 300; h++) {
            int64_t v = h;
            for (int i = 0; i < done; i++)
                v = floor_division(v * step[i].mul + step[i].add, step[i].div);
            assert_int_equal(value_of(t, d, h), v);
        }
    }
    assert_true(with_form > 1000);
}

/* Forms that agree everywhere are one form. */
static void test_forms_are_unique(void **state)
{
    struct dsq_dims *t = &((struct fixture *)*state)->t;
    dsq_dim h = dsq_dim_symbol(t, "H"), d[400];
    int n = 0;
    for (int64_t mul = 1; mul <= 4; mul++)
        for (int64_t add = -3; add <= 4; add++)
            for (int64_t div = 1; div <= 6; div++)
                d[n++] = dsq_dim_affine(t, h, mul, add, div);
    for (int i = 0; i < n; i++) {
        for (int j = 0; j < i; j++) {
            bool same = true;
            for (int64_t x = 0; x < 60; x++)
                same = same && value_of(t, d[i], x) == value_of(t, d[j], x);
            assert_int_equal(same, d[i] == d[j]);
        }
    }
}

static void test_text(void **state)
{
    struct dsq_dims *t = &((struct fixture *)*state)->t;
    static const char *const good[] = {"0",
                                       "64",
                                       "?",
                                       "N",
                                       "H/2",
                                       "2*H",
                                       "H+1",
                                       "H-1",
                                       "(H+1)/2",
                                       "(H-7)/16",
                                       "(2*H+3)/5",
                                       "(3*H)/2",
                                       "_x9",
                                       "\"height / 2\"",
                                       "(3*\"a\\\"b\"+1)/2"};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        const char *at = good[i];
        dsq_dim d;
        struct dsq_diag diag;
        if (dsq_dim_parse(t, &at, &d, &diag) != DSQ_OK)
            fail_msg("%s: %s", good[i], diag.text);
        assert_string_equal(at, "");
        assert_string_equal(text_of(t, d), good[i]);
    }
    static const char *const bad[] = {"",
                                      "-1",
                                      "+",
                                      "2*",
                                      "2*3",
                                      "(H",
                                      "(H+1",
                                      "(H+1)/0",
                                      "(H+1)/-2",
                                      "(H+1)/",
                                      "H/0",
                                      "0*H",
                                      "-2*H",
                                      "\"H",
                                      "9x",
                                      "H+",
                                      "99999999999999999999",
                                      "H+99999999999999999999"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        const char *at = bad[i];
        dsq_dim d;
        if (dsq_dim_parse(t, &at, &d, NULL) == DSQ_OK && !*at)
            fail_msg("'%s' parsed as %s", bad[i], text_of(t, d));
    }
}

static void test_shapes(void **state)
{
    struct dsq_dims *t = &((struct fixture *)*state)->t;
    dsq_dim h = dsq_dim_symbol(t, "H");
    struct dsq_shape a = {.rank = 2, .dim = {3, h}}, b = a;
    size_t n;
    assert_true(dsq_shape_equal(&a, &b));
    assert_false(dsq_shape_elements(&a, &n));
    b.dim[1] = DSQ_DIM_UNKNOWN;
    assert_false(dsq_shape_equal(&b, &b));
    b.dim[1] = 5;
    assert_true(dsq_shape_elements(&b, &n));
    assert_int_equal(n, 15);
    b.dim[0] = INT64_MAX;
    assert_false(dsq_shape_elements(&b, &n));
    b.rank = 0;
    assert_true(dsq_shape_elements(&b, &n));
    assert_int_equal(n, 1);
    b.rank = -1;
    assert_false(dsq_shape_elements(&b, &n));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_numbers, setup, teardown),
        cmocka_unit_test_setup_teardown(test_same_form_same_dim, setup, teardown),
        cmocka_unit_test_setup_teardown(test_random_chains, setup, teardown),
        cmocka_unit_test_setup_teardown(test_forms_are_unique, setup, teardown),
        cmocka_unit_test_setup_teardown(test_text, setup, teardown),
        cmocka_unit_test_setup_teardown(test_shapes, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
