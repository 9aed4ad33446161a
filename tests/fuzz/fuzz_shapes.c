/* SPDX-License-Identifier: Apache-2.0 */
/* Shapes in trtexec's spelling, three texts separated by line ends; the first is tried as a task's
 * resize rule too. */
#include "api/profile.h"
#include "detect/task.h"
#include "fuzz.h"
#include "graph/text.h"

static const char model[] = "graph \"g\"\n"
                            "input %input f32 [N,3,H,W]\n"
                            "input %a:b f32 [2,W]\n"
                            "%y f32 [N,3,H,W] = relu(%input)\n"
                            "output %y\n";

static void parse_profile(const char *min, const char *opt, const char *max)
{
    struct dsq_diag d = {0};
    struct dsq_graph *g = NULL;
    struct dsq_arena arena;
    struct dsq_profile_input *p = NULL;
    dsq_arena_init(&arena, NULL);
    if (dsq_graph_parse(&g, model, strlen(model), NULL, 0, false, NULL, &d) != DSQ_OK) {
        fprintf(stderr, "%s\n", d.text);
        abort();
    }
    enum dsq_status status = dsq_profile_from_shapes(g, min, opt, max, &arena, &p, &d);
    fuzz_check_answer(status, p, &d);
    for (int32_t i = 0; p && i < g->n_inputs; i++)
        for (int32_t k = 0; k < p[i].rank; k++)
            FUZZ_CHECK(0 < p[i].min[k] && p[i].min[k] <= p[i].opt[k] && p[i].opt[k] <= p[i].max[k]);
    dsq_arena_free(&arena);
    dsq_graph_free(&g);
}

static void parse_resize(const char *text)
{
    struct dsq_task_resize rule, again;
    char printed[64];
    if (!dsq_task_resize_parse(text, &rule))
        return;
    dsq_task_resize_format(&rule, printed, sizeof printed);
    FUZZ_CHECK(dsq_task_resize_parse(printed, &again));
    FUZZ_CHECK(again.rule == rule.rule && again.a == rule.a && again.b == rule.b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    char *text = fuzz_text(data, bytes), *part[3];
    char *at = text;
    for (int i = 0; text && i < 3; i++) {
        part[i] = at;
        at += strcspn(at, "\n");
        if (*at)
            *at++ = 0;
    }
    if (text) {
        parse_resize(part[0]);
        parse_profile(part[0], part[1], part[2]);
    }
    free(text);
    return 0;
}
