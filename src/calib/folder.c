/* SPDX-License-Identifier: Apache-2.0 */
/* Listing a folder. */
#define _POSIX_C_SOURCE 200809L
#include "calib/folder.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static bool ends_in(const char *name, const char *const *endings)
{
    size_t n = strlen(name);
    for (; *endings; endings++) {
        size_t m = strlen(*endings);
        if (n > m && strcasecmp(name + n - m, *endings) == 0)
            return true;
    }
    return false;
}

static int by_bytes(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Append, doubling the array inside the arena. */
static bool append(struct dsq_folder *f, size_t *capacity, const char *folder, const char *name)
{
    if (f->n == *capacity) {
        size_t grown = *capacity ? 2 * *capacity : 64;
        const char **path = dsq_arena_calloc(&f->arena, grown, sizeof *path);
        if (!path)
            return false;
        if (f->n)
            memcpy(path, f->path, f->n * sizeof *path);
        f->path = path;
        *capacity = grown;
    }
    f->path[f->n] = dsq_arena_printf(&f->arena, "%s/%s", folder, name);
    return f->path[f->n++] != NULL;
}

static enum dsq_status fail_empty(const char *path, const char *const *endings, struct dsq_diag *d)
{
    char text[128] = "";
    for (; *endings; endings++) {
        strncat(text, " *", sizeof text - strlen(text) - 1);
        strncat(text, *endings, sizeof text - strlen(text) - 1);
    }
    return dsq_fail(d, DSQ_ARGUMENT, "%s: the folder holds no file of these:%s", path, text);
}

enum dsq_status dsq_folder_list(struct dsq_folder *out, const char *path,
                                const char *const *endings, const struct dsq_allocator *a,
                                struct dsq_diag *d)
{
    *out = (struct dsq_folder){0};
    dsq_arena_init(&out->arena, a);
    DIR *dir = opendir(path);
    if (!dir)
        return dsq_fail(d, DSQ_IO, "%s: cannot read the folder: %s", path, strerror(errno));
    enum dsq_status status = DSQ_OK;
    size_t capacity = 0;
    for (;;) {
        errno = 0;
        const struct dirent *entry = readdir(dir);
        if (!entry)
            break;
        if (entry->d_name[0] == '.' || !ends_in(entry->d_name, endings))
            continue;
        if (!append(out, &capacity, path, entry->d_name)) {
            status = dsq_fail(d, DSQ_NOMEM, "%s: no memory for %zu file names", path, out->n + 1);
            break;
        }
    }
    if (status == DSQ_OK && errno)
        status = dsq_fail(d, DSQ_IO, "%s: cannot read the folder: %s", path, strerror(errno));
    closedir(dir);
    if (status == DSQ_OK && out->n == 0)
        status = fail_empty(path, endings, d);
    if (status == DSQ_OK)
        qsort(out->path, out->n, sizeof *out->path, by_bytes);
    else
        dsq_folder_free(out);
    return status;
}

void dsq_folder_free(struct dsq_folder *folder)
{
    const struct dsq_allocator *a = folder->arena.allocator;
    dsq_arena_free(&folder->arena);
    *folder = (struct dsq_folder){0};
    dsq_arena_init(&folder->arena, a);
}
