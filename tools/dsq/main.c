/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dsq: the command-line tool. Finds the command and runs it.
 *
 * Results go to stdout, messages and progress to stderr. Exit codes: 0 done, 1 failed, 2 wrong
 * usage.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "commands.h"
#include "opt.h"

#include <dsq/dsq.h>

/* To add a command: 1. write cmd_NAME.c with its option table; 2. declare it in commands.h; 3. add
 * a row here; 4. add the file to sources.cmake; 5. add cases to tests/cli. */
static const struct command {
    const char *name;
    int (*run)(int argc, char **argv); /* answers the exit code */
    const char *about;
} commands[] = {
    {"quantize", cmd_quantize, "calibrate a model for INT8"},
    {"build", cmd_build, "compile a model into an engine file"},
    {"run", cmd_run, "run raw tensors (.npy) through an engine"},
    {"detect", cmd_detect, "find objects in pictures"},
    {"eval", cmd_eval, "measure COCO mAP and speed"},
    {"bench", cmd_bench, "time an engine at many input sizes"},
    {"inspect", cmd_inspect, "describe a model, an engine or a ranges file"},
};
enum { N_COMMANDS = sizeof commands / sizeof commands[0] };

static void print_help(FILE *out)
{
    fputs("Usage: dsq COMMAND [options]\n\n"
          "INT8 object detectors at any input size.\n\nCommands:\n",
          out);
    for (int i = 0; i < N_COMMANDS; i++)
        fprintf(out, "  %-10s %s\n", commands[i].name, commands[i].about);
    fputs("\n'dsq help COMMAND' or 'dsq COMMAND --help' tells a command's options; 'dsq --version' "
          "this version.\n",
          out);
}

static const struct command *find_command(const char *name)
{
    const struct command *near = NULL;
    int best = 0;
    for (int i = 0; i < N_COMMANDS; i++) {
        int distance = opt_distance(name, commands[i].name);
        if (strcmp(name, commands[i].name) == 0)
            return &commands[i];
        if (!near || distance < best) {
            near = &commands[i];
            best = distance;
        }
    }
    fprintf(stderr, "dsq: unknown %s '%s'", name[0] == '-' ? "option" : "command", name);
    if (opt_is_near(name, best))
        fprintf(stderr, "; did you mean '%s'?", near->name);
    fputs("\nTry 'dsq help'.\n", stderr);
    return NULL;
}

static int run_command(int argc, char **argv)
{
    if (argc < 2) {
        print_help(stderr);
        return EXIT_USAGE;
    }
    const char *name = argv[1];
    if (strcmp(name, "--version") == 0) {
        printf("dsq %s\n", dsq_version());
        return EXIT_OK;
    }
    bool help = strcmp(name, "help") == 0;
    if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0 || (help && argc == 2)) {
        print_help(stdout);
        return EXIT_OK;
    }
    const struct command *c = find_command(help ? argv[2] : name);
    if (!c)
        return EXIT_USAGE;
    if (!help)
        return c->run(argc - 1, argv + 1);
    char *help_argv[] = {argv[2], (char[]){"--help"}, NULL};
    return c->run(2, help_argv);
}

/* What was printed may be waiting still, and may not arrive: a full disk is a failure too. */
static bool close_stdout(void)
{
    bool failed = ferror(stdout) != 0;
    errno = 0;
    if (fclose(stdout) != 0 || failed) {
        fprintf(stderr, "dsq: cannot write to stdout%s%s\n", errno ? ": " : "",
                errno ? strerror(errno) : "");
        return false;
    }
    return true;
}

int main(int argc, char **argv)
{
    int code = run_command(argc, argv);
    if (!close_stdout() && code == EXIT_OK)
        code = EXIT_FAILED;
    return code;
}
