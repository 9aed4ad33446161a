/* SPDX-License-Identifier: Apache-2.0 */
/* dsq inspect: describe a file. */
#include <stdio.h>

#include "commands.h"
#include "tool.h"

static void print_text(void *user, const char *text, size_t bytes)
{
    (void)user;
    fwrite(text, 1, bytes, stdout); /* main checks stdout at the end */
}

int cmd_inspect(int argc, char **argv)
{
    struct tool t = {.command = argv[0]};
    const struct opt options[] = {
        TOOL_JSON_OPTION(&t),
        TOOL_COMMON_OPTIONS(&t),
        {0},
    };
    const struct opt_command command = {
        .usage = "inspect FILE [options]",
        .about = "Describe a file: a model or an engine (inputs and outputs, layers with precision "
                 "and kernel, what fell back to float and why, what cannot be imported), ranges, "
                 "a task, COCO annotations or detections, a tensor (.npy), a picture.",
        .options = options,
        .min_args = 1,
        .max_args = 1,
        .args = "a file: dsq inspect FILE",
    };
    int code;
    if (opt_parse(&command, argc, argv, &code) < 0)
        return code;
    if ((code = tool_start(&t, false)) != EXIT_OK)
        return code;
    if (dsq_inspect(argv[1], t.json, &t.common, print_text, NULL, &t.diag) != DSQ_OK)
        return tool_fail(&t);
    return EXIT_OK;
}
