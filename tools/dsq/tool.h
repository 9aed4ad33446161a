/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the commands share: common options, failures and exit codes, opening models and engines.
 *
 * The tool uses <dsq/dsq.h> only: what it needs beyond that, the API lacks.
 */
#ifndef DSQ_TOOLS_TOOL_H
#define DSQ_TOOLS_TOOL_H

#include <dsq/dsq.h>

#include "opt.h"
#include "progress.h"

struct tool {
    const char *command; /* for messages */
    /* options */
    int32_t threads;
    const char *cpu, *device;
    bool strict, quiet, json;
    /* made of them by tool_start */
    struct dsq_common common;
    enum dsq_device_type device_type;
    int32_t device_id;
    struct dsq_log log;
    struct progress progress;
    struct dsq_diag diag; /* of every call of the library */
};

/* Rows of a command's option table. */
#define TOOL_COMMON_OPTIONS(t)                                                                     \
    {"threads", 0, OPT_COUNT, &(t)->threads, "N", "all working threads [one a processor]"},        \
        {"cpu", 0, OPT_TEXT, &(t)->cpu, "LEVEL", "use no more than ref, avx2 or avx512vnni"},      \
        {"device", 0, OPT_TEXT, &(t)->device, "DEVICE", "cpu or cuda[:N] [cpu]"},                  \
        {"strict", 0, OPT_FLAG, &(t)->strict, NULL, "warnings become errors"},                     \
    {                                                                                              \
        "quiet", 0, OPT_FLAG, &(t)->quiet, NULL, "no progress, no messages but warnings"           \
    }
#define TOOL_JSON_OPTION(t)                                                                        \
    {                                                                                              \
        "json", 0, OPT_FLAG, &(t)->json, NULL, "print the results as JSON"                         \
    }

/* After parsing: make t->common and what belongs to it. EXIT_OK, or EXIT_USAGE having said why. A
 * command whose jobs choose no device (any_device false) refuses all but the CPU. */
int tool_start(struct tool *t, bool any_device);

/* Say t->diag (of the call that just failed) on stderr; answers the exit code. */
int tool_fail(struct tool *t);
/* Say something else that failed; EXIT_FAILED. */
int tool_fail_text(struct tool *t, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* An engine and a context on it, from an engine file or a model (compiled in memory). */
struct tool_engine {
    struct dsq_engine_file *file;
    struct dsq_engine *engine;
    struct dsq_context *context;
};
/* The file alone: told by its first bytes whether it is an engine, else taken for ONNX. */
enum dsq_status tool_open_file(struct tool *t, const char *path, struct dsq_engine_file **file);
enum dsq_status tool_open(struct tool *t, const char *path, struct tool_engine *e);
void tool_close(struct tool_engine *e);

/* mkdir -p; false having said why not. */
bool tool_make_folder(struct tool *t, const char *path);
/* "1x3x480x640" into text; "scalar" for rank 0. */
const char *tool_shape_text(const int64_t *dims, int32_t rank, char text[128]);
/* realloc that ends the program when memory is out. */
void *tool_realloc(void *memory, size_t bytes);

#endif
