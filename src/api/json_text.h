/* SPDX-License-Identifier: Apache-2.0 */
/* JSON strings of bytes that need not be text: file names, and names in models. */
#ifndef DSQ_API_JSON_TEXT_H
#define DSQ_API_JSON_TEXT_H

#include <jansson.h>

/* A string; bytes that are no UTF-8 become '?'. NULL when memory is out. */
json_t *dsq_json_text(const char *text);

#endif
