/* SPDX-License-Identifier: Apache-2.0 */
/* Shape profiles: trtexec's spelling, names with colons, and every way to get them wrong. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "api/profile.h"

struct fixture {
    struct dsq_graph *g;
    struct dsq_arena arena;
    struct dsq_profile_input *profile;
    struct dsq_diag d;
};

static int set_up(void **state)
{
    static struct fixture f;
    memset(&f, 0, sizeof f);
    dsq_arena_init(&f.arena, NULL);
    assert_int_equal(dsq_graph_create(&f.g, "test", NULL, &f.d), DSQ_OK);
    struct dsq_shape picture = {.rank = 4};
    picture.dim[0] = dsq_dim_symbol(&f.g->dims, "N");
    picture.dim[1] = 3;
    picture.dim[2] = dsq_dim_symbol(&f.g->dims, "H");
    picture.dim[3] = dsq_dim_symbol(&f.g->dims, "W");
    struct dsq_shape fixed = {.rank = 2, .dim = {1, 8}};
    dsq_vid in[2];
    assert_int_equal(dsq_graph_add_value(f.g, "in:0", DSQ_F32, &picture, &in[0], &f.d), DSQ_OK);
    assert_int_equal(dsq_graph_add_value(f.g, "extra", DSQ_F32, &fixed, &in[1], &f.d), DSQ_OK);
    assert_int_equal(dsq_graph_set_io(f.g, in, 2, in, 1, &f.d), DSQ_OK);
    *state = &f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    dsq_arena_free(&f->arena);
    dsq_graph_free(&f->g);
    return 0;
}

static enum dsq_status parse(struct fixture *f, const char *min, const char *opt, const char *max)
{
    return dsq_profile_from_shapes(f->g, min, opt, max, &f->arena, &f->profile, &f->d);
}

static void test_accepts(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(parse(f, NULL, NULL, NULL), DSQ_OK);
    assert_null(f->profile);
    assert_int_equal(parse(f, "in:0:1x3x32x64", "in:0:2x3x480x640", "in:0:4x3x1344x1344"), DSQ_OK);
    const int64_t min[] = {1, 3, 32, 64}, opt[] = {2, 3, 480, 640}, max[] = {4, 3, 1344, 1344};
    assert_string_equal(f->profile[0].name, "in:0");
    assert_memory_equal(f->profile[0].min, min, sizeof min);
    assert_memory_equal(f->profile[0].opt, opt, sizeof opt);
    assert_memory_equal(f->profile[0].max, max, sizeof max);
    assert_int_equal(f->profile[1].max[1], 8); /* not named: fixed by the model */
    assert_int_equal(parse(f, "extra:1x8,in:0:1x3x8x8", "in:0:1x3x8x8,extra:1x8", "in:0:1x3x8x8"),
                     DSQ_OK);
}

static void expect(struct fixture *f, const char *min, const char *opt, const char *max,
                   const char *text)
{
    assert_int_equal(parse(f, min, opt, max), DSQ_ARGUMENT);
    if (!strstr(f->d.text, text))
        fail_msg("expected '%s' in '%s'", text, f->d.text);
}

static void test_refuses(void **state)
{
    struct fixture *f = *state;
    const char *ok = "in:0:1x3x64x64";
    expect(f, ok, NULL, ok, "needs all of --minShapes");
    expect(f, "in:0:1x3x64", ok, ok, "has 4 dimensions, not 3");
    expect(f, "nope:1x3x64x64", ok, ok, "no input 'nope'");
    expect(f, "in:0:1x3x64x", ok, ok, "is not a shape");
    expect(f, "in:0:1x3x-1x64", ok, ok, "is not a shape");
    expect(f, "in:0:1x3x0x64", ok, ok, "is not a shape");
    expect(f, "in:0:1x3x99999999999999999999x64", ok, ok, "is not a shape");
    expect(f, "in:0:1x1x1x1x1x1x1x1x1", ok, ok, "is not a shape");
    expect(f, "1x3x64x64", ok, ok, "is not NAME:DIMS");
    expect(f, ok, "in:0:1x3x32x64", ok, "dimension 2: min 64, opt 32, max 64 are not in order");
    expect(f, ok, ok, "extra:1x8", "needs all of");
    expect(f, "extra:1x8", "extra:1x8", "extra:1x8", "'in:0' needs all of");
}

/* Which of the model's numbers a profile has other sizes for. */
static void test_other_dims(void **state)
{
    struct fixture *f = *state;
    const struct dsq_shape fixed = {.rank = 4, .dim = {1, 3, 416, 416}};
    struct dsq_profile_input p = {
        .rank = 4, .min = {1, 3, 320, 416}, .opt = {1, 3, 416, 416}, .max = {1, 3, 416, 640}};
    assert_int_equal(dsq_profile_other_dims(&p, &fixed), 1 << 2 | 1 << 3);
    assert_int_equal(dsq_profile_other_dims(&p, &f->g->value[f->g->input[0]].shape), 0);
    p.max[1] = 4;
    assert_int_equal(dsq_profile_other_dims(&p, &fixed), 1 << 1 | 1 << 2 | 1 << 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_accepts, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_refuses, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_other_dims, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
