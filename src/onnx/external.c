/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Weights in files beside the model.
 *
 * A tensor may say that its bytes lie in another file: location (a path relative to the model),
 * offset and length. They are read into memory when the model is, and the tensor becomes one with
 * raw_data, so that nothing behind this file knows the difference.
 *
 * The location is the text of a stranger. It must be relative and without "..", and the file that
 * it leads to, through whatever links, must lie inside the model's folder: the one that was named,
 * or the one that the model file itself really lies in (download caches link model and weights from
 * one folder into another). Files are regular ones, ranges lie inside them, and all ranges together
 * take at most twice what the files hold, so that a small file cannot be asked for a thousand
 * times.
 */
#define _XOPEN_SOURCE 700
#include "onnx/model.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A file that was counted. */
struct source {
    struct source *next;
    dev_t device;
    ino_t inode;
};

struct loader {
    struct dsq_onnx *model;
    const char *path;                                   /* of the model; NULL: it has none */
    char named_folder[PATH_MAX], real_folder[PATH_MAX]; /* without links; "" until needed */
    struct source *sources;
    size_t available, wanted; /* bytes: of the sources, of the tensors */
    struct dsq_diag *diag;
};

/* What a tensor says about its data. */
struct range {
    const char *location;
    uint64_t offset, length;
    bool has_length;
};

/* ---- what the tensor says ---- */

static bool parse_number(const char *text, uint64_t *out)
{
    uint64_t v = 0;
    for (const char *p = text; *p; p++)
        if (*p < '0' || *p > '9' || __builtin_mul_overflow(v, 10u, &v) ||
            __builtin_add_overflow(v, (uint64_t)(*p - '0'), &v))
            return false;
    *out = v;
    return *text != 0;
}

/* Keys that are not known (checksum) change nothing about where the bytes are. */
static enum dsq_status read_range(const Onnx__TensorProto *p, struct range *r, struct dsq_diag *d)
{
    *r = (struct range){.location = ""};
    for (size_t i = 0; i < p->n_external_data; i++) {
        const char *key = p->external_data[i]->key, *value = p->external_data[i]->value;
        key = key ? key : "";
        value = value ? value : "";
        if (strcmp(key, "location") == 0)
            r->location = value;
        bool is_length = strcmp(key, "length") == 0;
        if (!is_length && strcmp(key, "offset") != 0)
            continue;
        if (!parse_number(value, is_length ? &r->length : &r->offset))
            return dsq_fail(d, DSQ_MALFORMED, "%s of its external data is '%.40s'", key, value);
        r->has_length |= is_length;
    }
    return *r->location ? DSQ_OK : dsq_fail(d, DSQ_MALFORMED, "its external data has no location");
}

static bool has_dot_dot(const char *path)
{
    for (const char *p = path; p; p = strchr(p, '/')) {
        p += *p == '/';
        if (p[0] == '.' && p[1] == '.' && (p[2] == '/' || p[2] == 0))
            return true;
    }
    return false;
}

/* ---- which file ---- */

static bool is_inside(const char *folder, const char *path)
{
    size_t n = strlen(folder);
    return n && strncmp(folder, path, n) == 0 && (path[n] == '/' || folder[n - 1] == '/');
}

/* The folder part of a path, "." without one. */
static void cut_name(char *path)
{
    char *slash = strrchr(path, '/');
    if (!slash)
        memcpy(path, ".", 2);
    else
        slash[slash == path] = 0;
}

static enum dsq_status find_folders(struct loader *l)
{
    char path[PATH_MAX];
    size_t n = strlen(l->path);
    if (l->named_folder[0])
        return DSQ_OK;
    if (n >= sizeof path || !realpath(l->path, l->real_folder))
        return dsq_fail(l->diag, DSQ_IO, "the model's folder: %s",
                        strerror(n < sizeof path ? errno : ENAMETOOLONG));
    memcpy(path, l->path, n + 1);
    cut_name(path);
    cut_name(l->real_folder);
    if (!realpath(path, l->named_folder))
        return dsq_fail(l->diag, DSQ_IO, "the model's folder: %s", strerror(errno));
    return DSQ_OK;
}

static enum dsq_status find_file(struct loader *l, const char *location, char real[PATH_MAX])
{
    if (!l->path)
        return dsq_fail(l->diag, DSQ_UNSUPPORTED,
                        "its data lies in another file, '%.200s', and a model in memory has none "
                        "beside it",
                        location);
    if (location[0] == '/' || has_dot_dot(location))
        return dsq_fail(l->diag, DSQ_MALFORMED,
                        "its data lies in '%.200s'; only files in the model's folder are read",
                        location);
    DSQ_TRY(find_folders(l));
    char path[2 * PATH_MAX];
    size_t folder = strlen(l->named_folder), n = strlen(location);
    if (n >= PATH_MAX)
        return dsq_fail(l->diag, DSQ_MALFORMED, "the location of its data is too long");
    memcpy(path, l->named_folder, folder);
    path[folder] = '/';
    memcpy(path + folder + 1, location, n + 1);
    if (!realpath(path, real))
        return dsq_fail(l->diag, DSQ_IO, "its data lies in '%.200s': %s", location,
                        strerror(errno));
    if (!is_inside(l->named_folder, real) && !is_inside(l->real_folder, real))
        return dsq_fail(l->diag, DSQ_MALFORMED,
                        "its data lies in '%.200s', which is a link out of the model's folder",
                        location);
    return DSQ_OK;
}

/* ---- reading ---- */

static enum dsq_status count_source(struct loader *l, const struct stat *st)
{
    for (const struct source *s = l->sources; s; s = s->next)
        if (s->device == st->st_dev && s->inode == st->st_ino)
            return DSQ_OK;
    struct source *s = dsq_arena_alloc(&l->model->arena, sizeof *s);
    if (!s || !dsq_add(l->available, (size_t)st->st_size, &l->available))
        return dsq_fail(l->diag, DSQ_NOMEM, "out of memory");
    *s = (struct source){l->sources, st->st_dev, st->st_ino};
    l->sources = s;
    return DSQ_OK;
}

static enum dsq_status check_range(struct loader *l, int file, const struct range *r, size_t bytes)
{
    struct stat st;
    if (fstat(file, &st) != 0 || !S_ISREG(st.st_mode))
        return dsq_fail(l->diag, DSQ_IO, "'%.200s' is not a regular file", r->location);
    uint64_t size = (uint64_t)st.st_size;
    if (r->offset > size || bytes > size - r->offset)
        return dsq_fail(l->diag, DSQ_MALFORMED,
                        "its data are %zu bytes from byte %llu on of '%.200s', which has %llu",
                        bytes, (unsigned long long)r->offset, r->location,
                        (unsigned long long)size);
    DSQ_TRY(count_source(l, &st));
    if (!dsq_add(l->wanted, bytes, &l->wanted) || l->wanted / 2 > l->available)
        return dsq_fail(l->diag, DSQ_MALFORMED,
                        "the tensors up to it want over twice what their files hold");
    return DSQ_OK;
}

static enum dsq_status read_bytes(struct loader *l, int file, const struct range *r, size_t bytes,
                                  uint8_t **out)
{
    DSQ_TRY(check_range(l, file, r, bytes));
    uint8_t *data = dsq_arena_alloc64(&l->model->arena, bytes);
    if (!data)
        return dsq_fail(l->diag, DSQ_NOMEM, "no memory for its %zu bytes", bytes);
    for (size_t at = 0; at < bytes;) {
        ssize_t n = pread(file, data + at, bytes - at, (off_t)(r->offset + at));
        if (n <= 0 && !(n < 0 && errno == EINTR))
            return dsq_fail(l->diag, DSQ_IO, "'%.200s' could not be read", r->location);
        at += n > 0 ? (size_t)n : 0;
    }
    *out = data;
    return DSQ_OK;
}

static enum dsq_status load(struct loader *l, Onnx__TensorProto *p, size_t bytes)
{
    struct range r;
    char real[PATH_MAX];
    uint8_t *data = NULL;
    DSQ_TRY(read_range(p, &r, l->diag));
    if (p->has_raw_data)
        return dsq_fail(l->diag, DSQ_MALFORMED, "has raw_data and external data");
    if (r.has_length && r.length != bytes)
        return dsq_fail(l->diag, DSQ_MALFORMED,
                        "%llu bytes of external data, its dimensions need %zu",
                        (unsigned long long)r.length, bytes);
    DSQ_TRY(find_file(l, r.location, real));
    int file = open(real, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (file < 0)
        return dsq_fail(l->diag, DSQ_IO, "'%.200s': %s", r.location, strerror(errno));
    enum dsq_status status = read_bytes(l, file, &r, bytes, &data);
    close(file);
    DSQ_TRY(status);
    p->has_raw_data = 1;
    p->raw_data = (ProtobufCBinaryData){bytes, data};
    p->data_location = ONNX__TENSOR_PROTO__DATA_LOCATION__DEFAULT;
    p->has_data_location = 0;
    p->n_external_data = 0;
    l->model->has_external = true;
    return DSQ_OK;
}

/* ---- which tensors ---- */

static enum dsq_status load_tensor(struct loader *l, Onnx__TensorProto *p)
{
    size_t bytes;
    if (!p || p->data_location != ONNX__TENSOR_PROTO__DATA_LOCATION__EXTERNAL)
        return DSQ_OK;
    const char *name = p->name ? p->name : "";
    DSQ_TRY(dsq_onnx_tensor_bytes(p, name, &bytes, l->diag));
    if (bytes == SIZE_MAX)
        return DSQ_OK; /* of a type that is refused where somebody reads it */
    enum dsq_status status = load(l, p, bytes);
    return status == DSQ_OK ? status : dsq_fail_in(l->diag, status, "tensor '%.200s'", name);
}

/* A graph's tensors, and those of the graphs in its attributes: the walk has bounded the depth. */
static enum dsq_status load_graph(struct loader *l, Onnx__GraphProto *g)
{
    for (size_t i = 0; i < g->n_initializer; i++)
        DSQ_TRY(load_tensor(l, g->initializer[i]));
    for (size_t i = 0; i < g->n_node; i++) {
        for (size_t k = 0; k < g->node[i]->n_attribute; k++) {
            Onnx__AttributeProto *a = g->node[i]->attribute[k];
            DSQ_TRY(load_tensor(l, a->t));
            for (size_t t = 0; t < a->n_tensors; t++)
                DSQ_TRY(load_tensor(l, a->tensors[t]));
            if (a->g)
                DSQ_TRY(load_graph(l, a->g));
            for (size_t t = 0; t < a->n_graphs; t++)
                DSQ_TRY(load_graph(l, a->graphs[t]));
        }
    }
    return DSQ_OK;
}

enum dsq_status dsq_onnx_load_external(struct dsq_onnx *m, const char *path, struct dsq_diag *d)
{
    struct loader *l = dsq_calloc(m->allocator, 1, sizeof *l);
    if (!l)
        return dsq_fail(d, DSQ_NOMEM, "out of memory");
    l->model = m;
    l->path = path;
    l->diag = d;
    m->arena.limit_bytes = 0; /* what the files hold is the limit here */
    enum dsq_status status = load_graph(l, m->proto->graph);
    dsq_release(m->allocator, l);
    return status;
}
