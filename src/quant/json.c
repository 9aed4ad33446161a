/* SPDX-License-Identifier: Apache-2.0 */
/* jansson in, jansson out, with dsq's errors. */
#include "quant/json.h"

enum dsq_status dsq_json_parse(json_t **out, const char *text, size_t bytes, const char *name,
                               struct dsq_diag *d)
{
    json_error_t error;
    *out = json_loadb(text, bytes, JSON_REJECT_DUPLICATES, &error);
    if (!*out)
        return dsq_fail(
            d, json_error_code(&error) == json_error_out_of_memory ? DSQ_NOMEM : DSQ_MALFORMED,
            "%s:%d:%d: %s", name, error.line, error.column, error.text);
    if (json_is_object(*out))
        return DSQ_OK;
    json_decref(*out);
    *out = NULL;
    return dsq_fail(d, DSQ_MALFORMED, "%s: expected a JSON object", name);
}

static int to_writer(const char *text, size_t bytes, void *writer)
{
    dsq_write_bytes(writer, text, bytes);
    return 0;
}

enum dsq_status dsq_json_print(const json_t *json, size_t flags, struct dsq_writer *w,
                               struct dsq_diag *d)
{
    if (json_dump_callback(json, to_writer, w, flags) != 0)
        return dsq_fail(d, DSQ_NOMEM, "no memory for JSON");
    return DSQ_OK;
}
