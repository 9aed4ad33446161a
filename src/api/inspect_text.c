/* SPDX-License-Identifier: Apache-2.0 */
/* A file's description for people: headings, one line an input, one row a layer. */
#include <string.h>

#include "api/inspect.h"

static const char *text_of(const json_t *o, const char *key)
{
    const char *s = json_string_value(json_object_get(o, key));
    return s ? s : "";
}

static void print_shape(const json_t *shape, const char *separator, struct dsq_writer *w)
{
    size_t i;
    json_t *dim;
    json_array_foreach(shape, i, dim)
    {
        if (i)
            dsq_write_text(w, separator);
        if (json_is_integer(dim))
            dsq_write_format(w, "%lld", (long long)json_integer_value(dim));
        else
            dsq_write_text(w, json_string_value(dim));
    }
}

static void print_values(const char *heading, const json_t *values, struct dsq_writer *w)
{
    size_t i;
    json_t *v;
    dsq_write_format(w, "\n%s\n", heading);
    json_array_foreach(values, i, v)
    {
        dsq_write_format(w, "  %-12s %s [", text_of(v, "name"), text_of(v, "dtype"));
        print_shape(json_object_get(v, "shape"), ", ", w);
        dsq_write_text(w, "]");
        if (json_object_get(v, "min")) {
            dsq_write_text(w, "  min ");
            print_shape(json_object_get(v, "min"), "x", w);
            dsq_write_text(w, ", opt ");
            print_shape(json_object_get(v, "opt"), "x", w);
            dsq_write_text(w, ", max ");
            print_shape(json_object_get(v, "max"), "x", w);
        }
        dsq_write_text(w, "\n");
    }
}

static void print_layers(const json_t *layers, struct dsq_writer *w)
{
    size_t i;
    json_t *l;
    dsq_write_format(w, "\nlayers (%zu)\n  %-10s %-18s %-8s %-36s %s\n", json_array_size(layers),
                     "op", "precision", "levels", "first output", "kernel");
    json_array_foreach(layers, i, l)
    {
        const json_t *out = json_array_get(json_object_get(l, "outputs"), 0);
        json_int_t segments = json_integer_value(json_object_get(l, "segments"));
        dsq_write_format(w, "  %-10s %-18s %-8lld %-36s %s", text_of(l, "op"),
                         text_of(l, "precision"), (long long)(segments ? segments : 1),
                         text_of(out, "name"), text_of(l, "kernel"));
        if (*text_of(l, "why"))
            dsq_write_format(w, " (%s)", text_of(l, "why"));
        dsq_write_text(w, "\n");
    }
}

static void print_fallbacks(const json_t *list, struct dsq_writer *w)
{
    size_t i;
    json_t *f;
    if (json_array_size(list) == 0)
        return;
    dsq_write_format(w, "\nfell back to float (%zu)\n", json_array_size(list));
    json_array_foreach(list, i, f)
        dsq_write_format(w, "  %s: %s\n", text_of(f, "name"), text_of(f, "reason"));
}

static void print_ranges(json_t *tensors, struct dsq_writer *w)
{
    const char *name;
    json_t *range;
    dsq_write_format(w, "\nranges of %zu tensors: the numbers lie in [-range, range]\n",
                     json_object_size(tensors));
    json_object_foreach(tensors, name, range)
        dsq_write_format(w, "  %12.6g  %s\n", json_real_value(range), name);
}

/* What is one word or number (or a list of numbers), a line each. */
static void print_fact(const char *key, const json_t *v, struct dsq_writer *w)
{
    size_t i;
    json_t *item;
    dsq_write_format(w, "  %-26s ", key);
    if (json_is_string(v))
        dsq_write_text(w, json_string_value(v));
    else if (json_is_integer(v))
        dsq_write_format(w, "%lld", (long long)json_integer_value(v));
    else if (json_is_real(v))
        dsq_write_format(w, "%g", json_real_value(v));
    else if (json_is_boolean(v))
        dsq_write_text(w, json_is_true(v) ? "true" : "false");
    json_array_foreach(v, i, item)
    {
        if (json_is_string(item))
            dsq_write_format(w, "%s%s", i ? ", " : "", json_string_value(item));
        else
            dsq_write_format(w, "%s%g", i ? " " : "", json_number_value(item));
    }
    dsq_write_text(w, "\n");
}

static void print_facts(json_t *o, struct dsq_writer *w)
{
    const char *key;
    json_t *v;
    json_object_foreach(o, key, v) if (strcmp(key, "file") != 0 && strcmp(key, "kind") != 0 &&
                                       strcmp(key, "classes") != 0) print_fact(key, v, w);
}

static void print_categories(const json_t *list, struct dsq_writer *w)
{
    size_t i;
    json_t *c;
    dsq_write_format(w, "\nobjects of each category (%zu)\n", json_array_size(list));
    json_array_foreach(list, i, c) dsq_write_format(
        w, "  %8lld  %s (id %lld)\n", (long long)json_integer_value(json_object_get(c, "objects")),
        text_of(c, "name"), (long long)json_integer_value(json_object_get(c, "id")));
}

static void print_refusal(const json_t *o, struct dsq_writer *w)
{
    size_t i;
    json_t *n;
    const json_t *list = json_object_get(o, "unsupported");
    dsq_write_format(w, "\ncannot be imported: %s\n", text_of(o, "refused"));
    if (json_array_size(list) > 0)
        dsq_write_format(w, "\nnodes of operators that are not supported (%zu)\n",
                         json_array_size(list));
    json_array_foreach(list, i, n) dsq_write_format(
        w, "  %-20s %-28s makes '%s': %s\n", text_of(n, "op"),
        *text_of(n, "name") ? text_of(n, "name") : "-", text_of(n, "output"), text_of(n, "reason"));
}

/* Files that are neither models nor engines. */
static bool is_plain(const json_t *o)
{
    static const char *const kinds[] = {"picture", "tensor", "annotations", "detections"};
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        if (strcmp(text_of(o, "kind"), kinds[i]) == 0)
            return true;
    return false;
}

static void print_summary(const json_t *o, struct dsq_writer *w)
{
    dsq_write_format(w, "%s: %s\n", text_of(o, "file"), text_of(o, "kind"));
    if (json_object_get(o, "convolutions_int8"))
        dsq_write_format(w, "made from %s; %lld convolutions in INT8, %lld in FP32\n",
                         text_of(o, "model"),
                         (long long)json_integer_value(json_object_get(o, "convolutions_int8")),
                         (long long)json_integer_value(json_object_get(o, "convolutions_fp32")));
    if (json_object_get(o, "opset"))
        dsq_write_format(w, "opset %lld, %lld nodes\n",
                         (long long)json_integer_value(json_object_get(o, "opset")),
                         (long long)json_integer_value(json_object_get(o, "nodes")));
    if (json_object_get(o, "quantized"))
        dsq_write_format(w, "%s\n",
                         json_is_true(json_object_get(o, "quantized"))
                             ? "carries quantization decisions (dsq.quant)"
                             : "carries no quantization");
    const json_t *task = json_object_get(o, "task");
    if (json_is_object(task)) {
        const char *name = text_of(task, "name");
        dsq_write_format(w, "task: %s, %zu classes\n", *name ? name : "unnamed",
                         json_array_size(json_object_get(task, "classes")));
    } else if (task) {
        dsq_write_text(w, "no task: pictures cannot be prepared or boxes decoded (--task)\n");
    }
}

void dsq_describe_text(json_t *o, struct dsq_writer *w)
{
    print_summary(o, w);
    if (is_plain(o))
        print_facts(o, w);
    if (strcmp(text_of(o, "kind"), "annotations") == 0)
        print_categories(json_object_get(o, "classes"), w);
    if (strcmp(text_of(o, "kind"), "task") == 0) {
        const char *key;
        json_t *v;
        json_object_foreach(json_object_get(o, "fields"), key, v) print_fact(key, v, w);
    }
    if (json_object_get(o, "refused"))
        print_refusal(o, w);
    if (json_object_get(o, "tensors"))
        print_ranges(json_object_get(o, "tensors"), w);
    if (json_object_get(o, "inputs"))
        print_values("inputs", json_object_get(o, "inputs"), w);
    if (json_object_get(o, "outputs"))
        print_values("outputs", json_object_get(o, "outputs"), w);
    if (json_object_get(o, "layers"))
        print_layers(json_object_get(o, "layers"), w);
    print_fallbacks(json_object_get(o, "fallbacks"), w);
}

static int write_chunk(const char *text, size_t bytes, void *user)
{
    struct dsq_writer *w = user;
    dsq_write_bytes(w, text, bytes);
    return w->failed ? -1 : 0;
}

void dsq_describe_json(const json_t *o, struct dsq_writer *w)
{
    if (json_dump_callback(o, write_chunk, w, JSON_INDENT(2) | JSON_PRESERVE_ORDER) != 0)
        w->failed = true;
    dsq_write_text(w, "\n");
}
