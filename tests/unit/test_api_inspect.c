/* SPDX-License-Identifier: Apache-2.0 */
/* dsq_inspect over every kind of file, those of others included, and what build notes for it. */
#define _DEFAULT_SOURCE
#include "calib_test.h"

#include <jansson.h>

#include "base/bytes.h"

static void keep_text(void *user, const char *text, size_t bytes)
{
    dsq_write_bytes(user, text, bytes);
}

/* The description as JSON; what people are told is made too, and has to hold `word`. */
static json_t *inspect(const char *path, const char *word)
{
    struct dsq_writer json, text;
    dsq_writer_init(&json, NULL);
    dsq_writer_init(&text, NULL);
    OK(dsq_inspect(path, true, NULL, keep_text, &json, &diag));
    OK(dsq_inspect(path, false, NULL, keep_text, &text, &diag));
    json_t *o = json_loads(json.data, 0, NULL);
    if (!o || !strstr(text.data, word))
        fail_msg("%s: no '%s' in\n%s\n%s", path, word, json.data, text.data);
    dsq_writer_free(&json);
    dsq_writer_free(&text);
    return o;
}

static const char *text_at(const json_t *o, const char *key)
{
    const char *s = json_string_value(json_object_get(o, key));
    return s ? s : "";
}

static const json_t *item(const json_t *o, const char *key, size_t i)
{
    return json_array_get(json_object_get(o, key), i);
}

static void test_model(void **state)
{
    (void)state;
    json_t *o = inspect("tests/onnx/detector.onnx", "carries no quantization");
    assert_string_equal(text_at(o, "kind"), "model");
    assert_true(json_is_false(json_object_get(o, "quantized")));
    assert_string_equal(text_at(item(o, "inputs", 0), "name"), "x");
    assert_string_equal(json_string_value(item(item(o, "inputs", 0), "shape", 2)), "H");
    assert_int_equal(json_integer_value(item(item(o, "inputs", 0), "shape", 1)), 3);
    assert_string_equal(json_string_value(item(item(o, "outputs", 0), "shape", 2)), "(H+1)/2");
    assert_string_equal(text_at(item(o, "layers", 0), "op"), "conv");
    json_decref(o);
}

/* Layers with integer outputs are layers; what only computes sizes is none. */
static void test_integer_layers(void **state)
{
    (void)state;
    json_t *o = inspect("tests/onnx/moving8.onnx", "argmax");
    size_t i, argmax = 0, shapes = 0;
    json_t *layer;
    json_array_foreach(json_object_get(o, "layers"), i, layer) {
        argmax += strcmp(text_at(layer, "op"), "argmax") == 0;
        shapes += strcmp(text_at(layer, "op"), "shape") == 0;
        assert_null(json_object_get(layer, "segments"));
    }
    assert_int_equal(argmax, 1);
    assert_int_equal(shapes, 0);
    json_decref(o);
}

static void test_ranges(void **state)
{
    (void)state;
    write_text("r.json", "\n {\"act_quant_info\": {\"a \\u00e9\": 1.5, \"b\": 0.25}}");
    json_t *o = inspect(in_folder("r.json"), "ranges of 2 tensors");
    assert_string_equal(text_at(o, "kind"), "ranges");
    const json_t *range = json_object_get(json_object_get(o, "tensors"), "a \xc3\xa9");
    assert_true(json_real_value(range) == 1.5);
    json_decref(o);
}

/* Build with these ranges into NAME, in the folder. */
static enum dsq_status build(const char *name, const char *ranges, bool strict)
{
    char model[160], quant[160];
    strcpy(model, "tests/onnx/detector.onnx");
    strcpy(quant, in_folder("ranges.json"));
    write_text("ranges.json", ranges);
    const struct dsq_common common = {
        .size = sizeof common, .log = &log_kept, .strict = strict, .threads = 1};
    const struct dsq_build_settings s = {.size = sizeof s,
                                         .common = &common,
                                         .quant = quant,
                                         .task = "retinanet-mmdet",
                                         .min_shapes = "x:1x3x32x32",
                                         .opt_shapes = "x:1x3x64x96",
                                         .max_shapes = "x:2x3x128x128"};
    struct dsq_engine_file *file = NULL;
    said[0] = 0;
    enum dsq_status status = dsq_engine_file_build(&file, model, &s, &diag);
    if (status == DSQ_OK)
        OK(dsq_engine_file_save(file, in_folder(name), &diag));
    dsq_engine_file_free(&file);
    return status;
}

static void test_engine_lists_fallbacks(void **state)
{
    (void)state;
    static const char ranges[] = "{\"act_quant_info\": {\"x\": 2.0}}";
    OK(build("a.engine", ranges, false));
    assert_non_null(strstr(said, "run in float"));
    json_t *o = inspect(in_folder("a.engine"), "fell back to float (1)");
    assert_string_equal(text_at(o, "kind"), "engine");
    assert_string_equal(text_at(o, "model"), "detector.onnx");
    assert_string_equal(text_at(o, "dsq"), dsq_version());
    assert_int_equal(json_integer_value(item(item(o, "inputs", 0), "opt", 3)), 96);
    assert_int_equal(json_integer_value(json_object_get(o, "convolutions_int8")), 1);
    assert_int_equal(json_integer_value(json_object_get(o, "convolutions_fp32")), 1);
    assert_int_equal(json_array_size(json_object_get(o, "fallbacks")), 1);
    assert_non_null(strstr(text_at(item(o, "fallbacks", 0), "reason"), "range"));
    assert_true(text_at(item(o, "layers", 0), "kernel")[0]);
    json_decref(o);
    struct dsq_engine_file *file = NULL;
    int32_t int8, other, fallbacks;
    OK(dsq_engine_file_open(&file, in_folder("a.engine"), NULL, &diag));
    dsq_engine_file_precision(file, &int8, &other, &fallbacks);
    assert_true(int8 == 1 && other == 1 && fallbacks == 1);
    dsq_engine_file_free(&file);
    assert_int_equal(build("a.engine", ranges, true), DSQ_UNSUPPORTED);
    assert_non_null(strstr(diag.text, "detector.onnx"));
}

static void test_unknown_names_warn(void **state)
{
    (void)state;
    static const char ranges[] = "{\"act_quant_info\": {\"x\": 2.0, \"r1\": 1.0, \"p1\": 1.0, "
                                 "\"r2\": 1.0, \"nobody\": 1.0}}";
    OK(build("b.engine", ranges, false));
    assert_non_null(strstr(said, "'nobody'"));
    assert_null(strstr(said, "'r1'")); /* folded into its convolution, but known */
    assert_int_equal(build("b.engine", ranges, true), DSQ_ARGUMENT);
    assert_non_null(strstr(diag.text, "'nobody'"));
}

/* An engine says in META what it likes. */
static void test_hostile_meta(void **state)
{
    (void)state;
    static const char *const metas[] = {
        ("{\"inputs\": [{\"name\": 1, \"min\": [null], \"shape\": [null, {}]}], \"kind\": 5,"
         " \"layers\": [1, null], \"fallbacks\": [null, 3, {\"name\": []}], \"model\": {}}"),
        "[1]", "{", "",
        "{\"fallbacks\": 7, \"convolutions_int8\": \"x\", \"tensors\": {\"a\": []}}"};
    for (size_t i = 0; i < sizeof metas / sizeof metas[0]; i++) {
        struct dsq_engine_file *file = NULL;
        struct dsq_graph *g = make_detector();
        OK(dsq_passes_run(g, NULL, NULL, &diag));
        OK(dsq_engine_file_create(&file, g, NULL, NULL, metas[i], "x", NULL, &diag));
        OK(dsq_engine_file_save(file, in_folder("m.engine"), &diag));
        dsq_engine_file_free(&file);
        json_t *o = inspect(in_folder("m.engine"), "no task");
        assert_string_equal(text_at(o, "kind"), "engine");
        assert_string_equal(text_at(item(o, "inputs", 0), "name"), "x");
        json_decref(o);
    }
}

/* A name in Latin-1, of the file and so of the model: described, and its fallbacks are not lost. */
static void test_names_that_are_no_text(void **state)
{
    (void)state;
    char model[160], command[512];
    strcpy(model, in_folder("caf\xe9.onnx"));
    snprintf(command, sizeof command, "cp tests/onnx/detector.onnx '%s'", model);
    assert_int_equal(system(command), 0);
    json_t *o = inspect(model, "model");
    assert_non_null(strstr(text_at(o, "file"), "caf?.onnx"));
    json_decref(o);
    char quant[160];
    strcpy(quant, in_folder("r.json"));
    write_text("r.json", "{\"act_quant_info\": {\"x\": 2.0}}");
    const struct dsq_build_settings s = {
        .size = sizeof s, .quant = quant, .task = "retinanet-mmdet"};
    struct dsq_engine_file *file = NULL;
    int32_t fallbacks = 0;
    OK(dsq_engine_file_build(&file, model, &s, &diag));
    dsq_engine_file_precision(file, NULL, NULL, &fallbacks);
    assert_int_equal(fallbacks, 1);
    OK(dsq_engine_file_save(file, in_folder("latin1.engine"), &diag));
    dsq_engine_file_free(&file);
    o = inspect(in_folder("latin1.engine"), "made from caf?.onnx");
    json_decref(o);
}

static void refuse(const char *path, const char *word)
{
    struct dsq_writer w;
    dsq_writer_init(&w, NULL);
    assert_int_not_equal(dsq_inspect(path, false, NULL, keep_text, &w, &diag), DSQ_OK);
    assert_int_equal(w.bytes, 0);
    if (!strstr(diag.text, word) || !strstr(diag.text, path))
        fail_msg("%s: no '%s' in '%s'", path, word, diag.text);
    dsq_writer_free(&w);
}

static void test_other_files(void **state)
{
    (void)state;
    write_text("noise", "\x07\x13 not one of ours");
    refuse(in_folder("noise"), "of no kind that dsq knows; as a model");
    write_text("empty", "");
    refuse(in_folder("empty"), "empty");
    write_text("other.json", "{\"a\": 1}");
    refuse(in_folder("other.json"), "act_quant_info");
    write_text("cut.engine", "DSQENGIN\x01");
    refuse(in_folder("cut.engine"), "cut off");
    refuse(in_folder("nothing"), "No such file");
    refuse(folder, "not a regular file");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, make_folder, remove_folder)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_model),
        TEST(test_integer_layers),
        TEST(test_ranges),
        TEST(test_engine_lists_fallbacks),
        TEST(test_unknown_names_warn),
        TEST(test_hostile_meta),
        TEST(test_names_that_are_no_text),
        TEST(test_other_files),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
