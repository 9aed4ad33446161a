/* SPDX-License-Identifier: Apache-2.0 */
/* A file's description for people: headings, one line an input, one row a layer. */

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

static void print_summary(const json_t *o, struct dsq_writer *w)
{
    dsq_write_format(w, "%s: %s\n", text_of(o, "file"), text_of(o, "kind"));
    if (json_object_get(o, "convolutions_int8"))
        dsq_write_format(w, "made from %s; %lld convolutions in INT8, %lld in FP32\n",
                         text_of(o, "model"),
                         (long long)json_integer_value(json_object_get(o, "convolutions_int8")),
                         (long long)json_integer_value(json_object_get(o, "convolutions_fp32")));
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

void dsq_describe_text(const json_t *o, struct dsq_writer *w)
{
    print_summary(o, w);
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
