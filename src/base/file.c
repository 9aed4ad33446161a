/* SPDX-License-Identifier: Apache-2.0 */
/* Whole files: read at once, written under a temporary name and renamed. */
#define _POSIX_C_SOURCE 200809L
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/memory.h"

static enum dsq_status read_stream(FILE *f, const char *path, const struct dsq_allocator *a,
                                   void **data, size_t *bytes, struct dsq_diag *d)
{
    struct stat st;
    if (fstat(fileno(f), &st) != 0)
        return dsq_fail(d, DSQ_IO, "%s: %s", path, strerror(errno));
    if (!S_ISREG(st.st_mode))
        return dsq_fail(d, DSQ_IO, "%s: not a regular file", path);
    size_t n = (size_t)st.st_size;
    char *p = n < SIZE_MAX ? dsq_alloc(a, n + 1) : NULL;
    if (!p)
        return dsq_fail(d, DSQ_NOMEM, "%s: no memory for its %zu bytes", path, n);
    if (fread(p, 1, n, f) != n) {
        dsq_release(a, p);
        return dsq_fail(d, DSQ_IO, "%s: it could not be read to its end", path);
    }
    p[n] = 0;
    *data = p;
    *bytes = n;
    return DSQ_OK;
}

enum dsq_status dsq_file_read(const char *path, const struct dsq_allocator *a, void **data,
                              size_t *bytes, struct dsq_diag *d)
{
    FILE *f = fopen(path, "rb");
    if (!f)
        return dsq_fail(d, DSQ_IO, "%s: %s", path, strerror(errno));
    enum dsq_status status = read_stream(f, path, a, data, bytes, d);
    fclose(f);
    return status;
}

/* PATH.tmp-<pid>, from malloc; NULL when memory is out. */
static char *temporary_name(const char *path)
{
    size_t n = strlen(path) + 32;
    char *name = malloc(n);
    if (name)
        snprintf(name, n, "%s.tmp-%ld", path, (long)getpid());
    return name;
}

enum dsq_status dsq_file_can_write(const char *path, struct dsq_diag *d)
{
    char *temporary = temporary_name(path);
    if (!temporary)
        return dsq_fail(d, DSQ_NOMEM, "%s: out of memory", path);
    FILE *f = fopen(temporary, "wb");
    int reason = errno;
    if (f) {
        fclose(f);
        unlink(temporary);
    }
    free(temporary);
    return f ? DSQ_OK : dsq_fail(d, DSQ_IO, "%s: cannot be written: %s", path, strerror(reason));
}

enum dsq_status dsq_file_write(const char *path, const void *data, size_t bytes, struct dsq_diag *d)
{
    char *temporary = temporary_name(path);
    if (!temporary)
        return dsq_fail(d, DSQ_NOMEM, "%s: out of memory", path);
    FILE *f = fopen(temporary, "wb");
    bool ok = f && fwrite(data, 1, bytes, f) == bytes && fflush(f) == 0;
    int reason = errno;
    if (f && fclose(f) != 0 && ok) {
        ok = false;
        reason = errno;
    }
    if (ok && rename(temporary, path) != 0) {
        ok = false;
        reason = errno;
    }
    if (!ok && f)
        unlink(temporary);
    free(temporary);
    return ok ? DSQ_OK : dsq_fail(d, DSQ_IO, "%s: cannot be written: %s", path, strerror(reason));
}

enum dsq_status dsq_make_folder(const char *path, struct dsq_diag *d)
{
    char part[4096];
    size_t n = strlen(path);
    if (n == 0 || n >= sizeof part)
        return dsq_fail(d, DSQ_ARGUMENT, "'%s' is no folder name", path);
    memcpy(part, path, n + 1);
    for (size_t i = 1; i <= n; i++) {
        if (part[i] != '/' && part[i] != 0)
            continue;
        char c = part[i];
        part[i] = 0;
        if (mkdir(part, 0777) != 0 && errno != EEXIST)
            return dsq_fail(d, DSQ_IO, "%s: %s", part, strerror(errno));
        part[i] = c;
    }
    struct stat st;
    if (stat(path, &st) != 0 || !S_ISDIR(st.st_mode))
        return dsq_fail(d, DSQ_IO, "%s: exists and is no folder", path);
    return DSQ_OK;
}
