/* SPDX-License-Identifier: Apache-2.0 */
/* JSON strings of any bytes. jansson judges what is UTF-8. */
#define _POSIX_C_SOURCE 200809L
#include "api/json_text.h"

#include <stdlib.h>
#include <string.h>

/* How many bytes the UTF-8 character at `text` has; 0: it is none. */
static size_t character_bytes(const char *text)
{
    size_t most = strnlen(text, 4);
    for (size_t n = 1; n <= most; n++) {
        json_t *one = json_stringn(text, n);
        json_decref(one);
        if (one)
            return n;
    }
    return 0;
}

json_t *dsq_json_text(const char *text)
{
    json_t *whole = json_string(text);
    if (whole)
        return whole;
    size_t n = strlen(text), to = 0;
    char *clean = malloc(n + 1);
    if (!clean)
        return NULL;
    for (size_t at = 0; at < n;) {
        size_t bytes = character_bytes(text + at);
        if (bytes)
            memcpy(clean + to, text + at, bytes);
        else
            clean[to] = '?';
        at += bytes ? bytes : 1;
        to += bytes ? bytes : 1;
    }
    whole = json_stringn(clean, to);
    free(clean);
    return whole;
}
