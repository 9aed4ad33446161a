/* SPDX-License-Identifier: Apache-2.0 */
/* Weight scales and weight quantization against the definition. */
#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "quant/scale.h"
#include "quant/weights.h"
#include "quant_random.h"

enum { O = 7, K = 501 };

static void test_random_weights(void **state)
{
    (void)state;
    static float w[O * K];
    static int8_t q[O * K];
    float scale[O];
    uint64_t seed = 5;
    for (int i = 0; i < O * K; i++)
        w[i] = i / K == 3 ? 0.0f : ldexpf(random_normal(&seed), i / K * 5 - 20);
    assert_true(dsq_weight_scales(w, O, K, scale));
    dsq_weight_quantize(w, O, K, scale, q);
    for (int o = 0; o < O; o++) {
        double most = 0.0;
        int extreme = 0;
        for (int i = 0; i < K; i++)
            most = fmax(most, fabs((double)w[o * K + i]));
        assert_true(scale[o] == (o == 3 ? 1.0f : (float)(most / 127.0)));
        for (int i = 0; i < K; i++) {
            double v = rint((double)w[o * K + i] / (double)scale[o]); /* half to even */
            assert_int_equal(q[o * K + i], (int)fmax(-127.0, fmin(127.0, v)));
            extreme |= abs(q[o * K + i]) == 127;
        }
        assert_int_equal(extreme, o != 3);
    }
}

static void test_halves_go_to_even(void **state)
{
    (void)state;
    static const float w[] = {0.5f, 1.5f, 2.5f, -0.5f, -1.5f, -2.5f, 126.5f, 127.5f, -300.0f, NAN};
    static const int8_t expected[] = {0, 2, 2, 0, -2, -2, 126, 127, -127, 0};
    const float one = 1.0f;
    int8_t q[10];
    dsq_weight_quantize(w, 1, 10, &one, q);
    assert_memory_equal(q, expected, 10);
}

static void test_not_finite(void **state)
{
    (void)state;
    static const float w[] = {1.0f, NAN, -254.0f, 1.0f, 1.0f, 1.0f, 2.0f, -INFINITY, 12.7f};
    float scale[3];
    assert_false(dsq_weight_scales(w, 3, 3, scale));
    assert_true(scale[0] == 2.0f);
    assert_true(scale[2] == (float)((double)12.7f / 127.0));
    assert_true(dsq_weight_scales(w + 3, 1, 3, scale));
}

static void test_scales_are_normal(void **state)
{
    (void)state;
    assert_true(dsq_scale_of_range(0.0) == 1.0f);
    assert_true(dsq_scale_of_range(1e-45) == FLT_MIN);
    assert_true(isfinite(1.0f / dsq_scale_of_range(1e-45)));
    assert_true(isfinite(dsq_scale_of_range(1e300)));
    assert_true(dsq_scale_of_range(25.4) == (float)(25.4 / 127.0));
    struct dsq_quant q = dsq_quant_of_range(127.0 / 4.0);
    assert_true(q.scale == 0.25f && q.inv_scale == 4.0f && q.zero_point == 0);
    assert_true(q.qmin == -127 && q.qmax == 127);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random_weights),
        cmocka_unit_test(test_halves_go_to_even),
        cmocka_unit_test(test_not_finite),
        cmocka_unit_test(test_scales_are_normal),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
