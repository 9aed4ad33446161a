# SPDX-License-Identifier: Apache-2.0
# The command-line tool. It sees <dsq/dsq.h> only.
set(DSQ_TOOL_SOURCES tools/dsq/main.c tools/dsq/opt.c tools/dsq/tool.c tools/dsq/progress.c
    tools/dsq/json.c tools/dsq/table.c tools/dsq/bench_layers.c tools/dsq/cmd_bench.c tools/dsq/cmd_build.c
    tools/dsq/cmd_detect.c tools/dsq/cmd_eval.c tools/dsq/cmd_inspect.c tools/dsq/cmd_quantize.c
    tools/dsq/cmd_run.c tools/dsq/eval_rows.c tools/dsq/shapes.c)
