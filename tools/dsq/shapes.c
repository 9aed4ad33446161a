/* SPDX-License-Identifier: Apache-2.0 */
/* Shapes for benchmarks: parsing and drawing them. */
#define _POSIX_C_SOURCE 200809L
#include "shapes.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

uint64_t random_next(uint64_t *state)
{
    uint64_t z = (*state += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

void shapes_free(struct shape_list *list)
{
    for (int i = 0; i < list->n; i++) {
        free(list->item[i].dims);
        free(list->item[i].picture);
    }
    free(list->item);
    *list = (struct shape_list){NULL, 0};
}

static struct shape_case *add_case(struct shape_list *list, int32_t n_inputs)
{
    list->item = tool_realloc(list->item, ((size_t)list->n + 1) * sizeof *list->item);
    struct shape_case *c = &list->item[list->n++];
    size_t bytes = ((size_t)n_inputs + 1) * sizeof *c->dims;
    *c = (struct shape_case){.dims = tool_realloc(NULL, bytes)};
    memset(c->dims, 0, bytes);
    return c;
}

/* What `info` lacks when the call failed cannot happen for i in range; then rank 0 is harmless. */
static struct dsq_io_info input_info(const struct dsq_engine *engine, int32_t i)
{
    struct dsq_io_info info = {.name = ""};
    return dsq_engine_input_info(engine, i, &info) == DSQ_OK ? info
                                                             : (struct dsq_io_info){.name = ""};
}

static void name_case(const struct dsq_engine *engine, struct shape_case *c)
{
    int32_t n = dsq_engine_inputs(engine);
    size_t used = 0;
    for (int32_t i = 0; i < n && used < sizeof c->text; i++) {
        struct dsq_io_info info = input_info(engine, i);
        char shape[128];
        tool_shape_text(c->dims[i], info.rank, shape);
        used += (size_t)snprintf(c->text + used, sizeof c->text - used, "%s%s%s%s", i ? "+" : "",
                                 n > 1 ? info.name : "", n > 1 ? ":" : "", shape);
    }
}

/* "1x3x480x640" of exactly `rank` dimensions. */
static bool parse_dims(const char *text, size_t length, int32_t rank, int64_t *dims)
{
    const char *end = text + length;
    for (int32_t i = 0; i < rank; i++) {
        char *after;
        if (*text < '0' || *text > '9')
            return false;
        dims[i] = strtoll(text, &after, 10);
        text = after;
        if (dims[i] < 1 || dims[i] > INT32_MAX || text > end)
            return false;
        if (i + 1 < rank && *text++ != 'x')
            return false;
    }
    return text == end;
}

/* One input's part of a case: "1x3x480x640" or "NAME:1x3x480x640". Answers the input or -1. */
static int32_t parse_part(const struct dsq_engine *engine, const char *text, size_t length,
                          struct shape_case *c)
{
    int32_t n = dsq_engine_inputs(engine);
    for (int32_t i = 0; i < n; i++) {
        struct dsq_io_info info = input_info(engine, i);
        size_t name = strlen(info.name);
        if (length > name && memcmp(text, info.name, name) == 0 && text[name] == ':')
            return parse_dims(text + name + 1, length - name - 1, info.rank, c->dims[i]) ? i : -1;
    }
    if (n != 1 || !parse_dims(text, length, input_info(engine, 0).rank, c->dims[0]))
        return -1;
    return 0;
}

static int parse_case(struct tool *t, const struct dsq_engine *engine, const char *text,
                      size_t length, struct shape_list *list)
{
    int32_t n = dsq_engine_inputs(engine), given = 0;
    struct shape_case *c = add_case(list, n);
    const char *end = text + length;
    for (const char *part = text; part <= end; given++) {
        const char *plus = memchr(part, '+', (size_t)(end - part));
        size_t part_length = (size_t)((plus ? plus : end) - part);
        if (parse_part(engine, part, part_length, c) < 0)
            return opt_usage_error(t->command,
                                   "--shapes: '%.*s' is no shape of an input: expected %d "
                                   "dimensions for '%s', as in 1x3x480x640",
                                   (int)part_length, part, input_info(engine, 0).rank,
                                   input_info(engine, 0).name);
        part += part_length + 1;
    }
    for (int32_t i = 0; i < n; i++)
        if (given < n || (input_info(engine, i).rank > 0 && c->dims[i][0] == 0))
            return opt_usage_error(t->command,
                                   "--shapes: '%.*s': expected a shape for each of the %d inputs, "
                                   "as in a:1x3x32x32+b:1x8",
                                   (int)length, text, n);
    name_case(engine, c);
    return EXIT_OK;
}

static int parse_cases(struct tool *t, const struct dsq_engine *engine, const char *text,
                       struct shape_list *list)
{
    for (;;) {
        const char *comma = strchr(text, ',');
        size_t length = comma ? (size_t)(comma - text) : strlen(text);
        int code = parse_case(t, engine, text, length, list);
        if (code != EXIT_OK || !comma)
            return code;
        text = comma + 1;
    }
}

/* Each free dimension uniformly from its range in the profile. */
static int draw_case(struct tool *t, const struct dsq_engine *engine, uint64_t *state,
                     struct shape_list *list)
{
    int32_t n = dsq_engine_inputs(engine);
    struct shape_case *c = add_case(list, n);
    for (int32_t i = 0; i < n; i++) {
        struct dsq_io_info info = input_info(engine, i);
        for (int32_t k = 0; k < info.rank; k++) {
            if (info.dims[k] < 0 && !info.has_profile)
                return tool_fail_text(t,
                                      "input '%s' has no profile to draw shapes from: build "
                                      "with --minShapes, --optShapes and --maxShapes",
                                      info.name);
            int64_t low = info.dims[k], high = low;
            if (low < 0) {
                low = info.min[k];
                high = info.max[k];
            }
            c->dims[i][k] = low + (int64_t)(random_next(state) % (uint64_t)(high - low + 1));
        }
    }
    name_case(engine, c);
    return EXIT_OK;
}

static int usual_case(struct tool *t, const struct dsq_engine *engine, struct shape_list *list)
{
    int32_t n = dsq_engine_inputs(engine);
    struct shape_case *c = add_case(list, n);
    for (int32_t i = 0; i < n; i++) {
        struct dsq_io_info info = input_info(engine, i);
        for (int32_t k = 0; k < info.rank; k++) {
            c->dims[i][k] = info.has_profile ? info.opt[k] : info.dims[k];
            if (c->dims[i][k] < 0)
                return opt_usage_error(t->command,
                                       "input '%s' has no fixed shape and no profile: expected "
                                       "--shapes, as in --shapes=1x3x480x640",
                                       info.name);
        }
    }
    name_case(engine, c);
    return EXIT_OK;
}

int shapes_make(struct tool *t, const struct dsq_engine *engine, const char *text, int32_t n_random,
                uint64_t seed, struct shape_list *list)
{
    *list = (struct shape_list){NULL, 0};
    int code = EXIT_OK;
    if (text)
        code = parse_cases(t, engine, text, list);
    for (int32_t i = 0; i < n_random && code == EXIT_OK; i++)
        code = draw_case(t, engine, &seed, list);
    if (!text && n_random == 0)
        code = usual_case(t, engine, list);
    if (code != EXIT_OK)
        shapes_free(list);
    return code;
}

/* ---- pictures ---- */

static bool is_picture_name(const char *name)
{
    static const char *const endings[] = {".jpg", ".jpeg", ".png"};
    size_t n = strlen(name);
    for (size_t i = 0; i < sizeof endings / sizeof endings[0]; i++) {
        size_t k = strlen(endings[i]);
        if (name[0] != '.' && n > k && strcasecmp(name + n - k, endings[i]) == 0)
            return true;
    }
    return false;
}

static int keep_picture(const struct dirent *entry)
{
    return is_picture_name(entry->d_name);
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

/* One picture's size: a new case, or one more of a known one. */
static int count_picture(struct tool *t, const struct tool_engine *e, const char *path,
                         struct shape_list *list)
{
    struct dsq_picture *picture = NULL;
    struct dsq_tensor input;
    enum dsq_status status = dsq_picture_read(&picture, path, false, NULL, &t->diag);
    if (status == DSQ_OK)
        status = dsq_prepare_input(e->context, picture, &input, &t->diag);
    dsq_picture_free(&picture);
    if (status != DSQ_OK)
        return tool_fail(t);
    for (int i = 0; i < list->n; i++)
        if (memcmp(list->item[i].dims[0], input.dims, sizeof input.dims) == 0) {
            list->item[i].n_pictures++;
            return EXIT_OK;
        }
    struct shape_case *c = add_case(list, 1);
    memcpy(c->dims[0], input.dims, sizeof input.dims);
    tool_shape_text(c->dims[0], input.rank, c->text);
    c->picture = tool_realloc(NULL, strlen(path) + 1);
    strcpy(c->picture, path);
    c->n_pictures = 1;
    return EXIT_OK;
}

int shapes_of_pictures(struct tool *t, const struct tool_engine *e, const char *folder,
                       struct shape_list *list)
{
    struct dirent **entry = NULL;
    int n = scandir(folder, &entry, keep_picture, by_name), code = EXIT_OK;
    *list = (struct shape_list){NULL, 0};
    if (n <= 0)
        code = tool_fail_text(t, "%s: %s", folder,
                              n < 0 ? strerror(errno) : "no JPEG or PNG files there");
    for (int i = 0; i < n; i++) {
        char path[4096];
        snprintf(path, sizeof path, "%s/%s", folder, entry[i]->d_name);
        if (code == EXIT_OK)
            code = count_picture(t, e, path, list);
        free(entry[i]);
    }
    free(entry);
    if (code != EXIT_OK)
        shapes_free(list);
    return code;
}
