/* SPDX-License-Identifier: Apache-2.0 */
/* What the commands share. */
#define _POSIX_C_SOURCE 200809L
#include "tool.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

void *tool_realloc(void *memory, size_t bytes)
{
    void *p = realloc(memory, bytes);
    if (!p) {
        fputs("dsq: out of memory\n", stderr);
        exit(EXIT_FAILED);
    }
    return p;
}

/* "cpu", "cuda" or "cuda:N". */
static bool parse_device(struct tool *t)
{
    t->device_type = DSQ_DEVICE_CPU;
    t->device_id = 0;
    if (!t->device || strcmp(t->device, "cpu") == 0)
        return true;
    if (strncmp(t->device, "cuda", 4) != 0)
        return false;
    t->device_type = DSQ_DEVICE_CUDA;
    if (!t->device[4])
        return true;
    char *end;
    long id = strtol(t->device + 5, &end, 10);
    t->device_id = (int32_t)id;
    return t->device[4] == ':' && t->device[5] >= '0' && t->device[5] <= '9' && !*end && id < 1024;
}

int tool_start(struct tool *t, bool any_device)
{
    if (!parse_device(t))
        return opt_usage_error(t->command, "--device: '%s' is neither cpu nor cuda[:N]", t->device);
    if (!any_device && t->device_type != DSQ_DEVICE_CPU)
        return tool_fail_text(t, "--device=%s: this version of dsq %s works on the CPU only",
                              t->device, t->command);
    t->progress = (struct progress){.quiet = t->quiet, .terminal = isatty(STDERR_FILENO)};
    t->log = (struct dsq_log){&t->progress, progress_message, progress_step};
    t->common = (struct dsq_common){.size = sizeof t->common,
                                    .log = &t->log,
                                    .threads = t->threads,
                                    .cpu_level = t->cpu,
                                    .strict = t->strict};
    return EXIT_OK;
}

int tool_fail(struct tool *t)
{
    progress_clear(&t->progress);
    fprintf(stderr, "dsq %s: %s\n", t->command, t->diag.text);
    return t->diag.status == DSQ_ARGUMENT ? EXIT_USAGE : EXIT_FAILED;
}

int tool_fail_text(struct tool *t, const char *format, ...)
{
    va_list args;
    progress_clear(&t->progress);
    fprintf(stderr, "dsq %s: ", t->command);
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fputc('\n', stderr);
    return EXIT_FAILED;
}

/* False also when the file cannot be read: opening it then says why. */
static bool is_engine(const char *path)
{
    static const char magic[8] = {'D', 'S', 'Q', 'E', 'N', 'G', 'I', 'N'};
    char start[8];
    FILE *f = fopen(path, "rb");
    bool same = f && fread(start, 1, sizeof start, f) == sizeof start &&
                memcmp(start, magic, sizeof magic) == 0;
    if (f)
        fclose(f);
    return same;
}

enum dsq_status tool_open_file(struct tool *t, const char *path, struct dsq_engine_file **file)
{
    if (is_engine(path))
        return dsq_engine_file_open(file, path, &t->common, &t->diag);
    const struct dsq_build_settings s = {
        .size = sizeof s, .common = &t->common, .free_sizes = true};
    return dsq_engine_file_build(file, path, &s, &t->diag);
}

enum dsq_status tool_open(struct tool *t, const char *path, struct tool_engine *e)
{
    const struct dsq_engine_settings es = {.size = sizeof es,
                                           .common = &t->common,
                                           .device_type = t->device_type,
                                           .device_id = t->device_id};
    const struct dsq_context_settings cs = {.size = sizeof cs, .common = &t->common};
    *e = (struct tool_engine){NULL, NULL, NULL};
    enum dsq_status status = tool_open_file(t, path, &e->file);
    if (status == DSQ_OK)
        status = dsq_engine_load(&e->engine, e->file, &es, &t->diag);
    if (status == DSQ_OK)
        status = dsq_context_create(&e->context, e->engine, &cs, &t->diag);
    if (status != DSQ_OK)
        tool_close(e);
    return status;
}

void tool_close(struct tool_engine *e)
{
    dsq_context_free(&e->context);
    dsq_engine_free(&e->engine);
    dsq_engine_file_free(&e->file);
}

bool tool_make_folder(struct tool *t, const char *path)
{
    char part[4096];
    size_t n = strlen(path);
    if (n >= sizeof part) {
        tool_fail_text(t, "%s: too long a name", path);
        return false;
    }
    memcpy(part, path, n + 1);
    for (size_t i = 1; i <= n; i++) {
        if (part[i] != '/' && part[i])
            continue;
        char c = part[i];
        part[i] = 0;
        if (mkdir(part, 0777) != 0 && errno != EEXIST) {
            tool_fail_text(t, "%s: %s", part, strerror(errno));
            return false;
        }
        part[i] = c;
    }
    return true;
}

const char *tool_shape_text(const int64_t *dims, int32_t rank, char text[128])
{
    size_t n = 0;
    snprintf(text, 128, "scalar");
    for (int32_t i = 0; i < rank && n < 100; i++)
        n += (size_t)snprintf(text + n, 128 - n, i ? "x%lld" : "%lld", (long long)dims[i]);
    return text;
}
