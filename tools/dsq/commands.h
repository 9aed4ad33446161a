/* SPDX-License-Identifier: Apache-2.0 */
/* The commands: each parses argv (argv[0] is its own name), does its work and answers the exit
 * code. */
#ifndef DSQ_TOOLS_COMMANDS_H
#define DSQ_TOOLS_COMMANDS_H

int cmd_bench(int argc, char **argv);
int cmd_build(int argc, char **argv);
int cmd_detect(int argc, char **argv);
int cmd_eval(int argc, char **argv);
int cmd_inspect(int argc, char **argv);
int cmd_quantize(int argc, char **argv);
int cmd_run(int argc, char **argv);

#endif
