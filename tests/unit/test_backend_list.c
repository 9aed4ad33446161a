/* SPDX-License-Identifier: Apache-2.0 */
/* The backends' list, and what the CPU says about operators it cannot run. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "backend/backend.h"
#include "graph/text.h"

static void test_find(void **state)
{
    (void)state;
    int n;
    const struct dsq_backend *const *all = dsq_backends(&n);
    assert_true(n >= 1);
    for (int i = 0; i < n; i++)
        assert_ptr_equal(dsq_backend_find(all[i]->type), all[i]);
    assert_string_equal(dsq_backend_find(DSQ_DEVICE_CPU)->name, "cpu");
    assert_null(dsq_backend_find((enum dsq_device_type)99));
}

static void expect_refusal(const char *text, int32_t node, const char *reason)
{
    struct dsq_graph *g = NULL;
    struct dsq_diag d = {DSQ_OK, ""};
    char why[128] = "";
    enum dsq_status s = dsq_graph_parse(&g, text, strlen(text), NULL, 0, false, NULL, &d);
    if (s != DSQ_OK)
        print_error("%s\n", d.text);
    assert_int_equal(s, DSQ_OK);
    assert_false(dsq_backend_find(DSQ_DEVICE_CPU)->supports(g, node, why, sizeof why));
    assert_string_equal(why, reason);
    dsq_graph_free(&g);
}

static void test_refusals_say_why(void **state)
{
    (void)state;
    expect_refusal("graph \"g\"\n"
                   "input %x f32 [1,4,H,W] nhwc\n"
                   "const %s s64 [4] {1, 4, 20, 30}\n"
                   "%a s8 [1,4,H,W] nhwc scale=0.5 zp=0 q=-127..127 = quantize(%x)\n"
                   "%b s8 [1,4,20,30] nhwc scale=0.5 zp=0 q=-127..127 = resize(%a, %s, _) "
                   "{mode=cubic}\n"
                   "%y f32 [1,4,20,30] nhwc = dequantize(%b)\n"
                   "output %y\n",
                   1, "cubic of integers: only nearest and plain linear");
    expect_refusal("graph \"g\"\n"
                   "input %x bool [4]\n"
                   "%y bool [4] = add(%x, %x)\n"
                   "output %y\n",
                   0, "bool and bool to bool: only f32, s32, s64 and s8");
    expect_refusal("graph \"g\"\n"
                   "input %x f32 [1,4,H,W] nhwc\n"
                   "%y s64 [4] = shape(%x)\n"
                   "output %y\n",
                   0, "'shape' runs on sizes only, not on data");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_find),
        cmocka_unit_test(test_refusals_say_why),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
