/* SPDX-License-Identifier: Apache-2.0 */
/* Tokens of the IR's text. printf's %a and strtod are not used: they follow the process's locale.
 */
#include "graph/token.h"

#include <math.h>
#include <string.h>

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static int hex_value(char c)
{
    if (is_digit(c))
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

bool dsq_token_is_name_char(char c)
{
    return is_letter(c) || is_digit(c) || c == '.' || c == '/' || c == ':' || c == '-';
}

bool dsq_token_is_name(const char *s)
{
    const char *at = s;
    while (dsq_token_is_name_char(*at))
        at++;
    return at != s && !*at;
}

bool dsq_token_is_symbol(const char *s)
{
    const char *at = s;
    while (is_letter(*at) || (at != s && is_digit(*at)))
        at++;
    return at != s && !*at;
}

void dsq_token_write_quoted(struct dsq_writer *w, const char *s)
{
    static const char plain[] = "\"\\\n\t\r", escape[] = "\"\\ntr";
    dsq_write_bytes(w, "\"", 1);
    for (; *s; s++) {
        const char *special = strchr(plain, *s);
        if (special)
            dsq_write_format(w, "\\%c", escape[special - plain]);
        else if ((unsigned char)*s < 0x20 || *s == 0x7f)
            dsq_write_format(w, "\\x%02x", (unsigned)*s);
        else
            dsq_write_bytes(w, s, 1);
    }
    dsq_write_bytes(w, "\"", 1);
}

void dsq_token_write_float(struct dsq_writer *w, double v)
{
    if (isnan(v)) {
        dsq_write_text(w, "nan");
        return;
    }
    if (signbit(v))
        dsq_write_text(w, "-");
    if (isinf(v) || v == 0) {
        dsq_write_text(w, v == 0 ? "0" : "inf");
        return;
    }
    int exponent;
    uint64_t mantissa =
        (uint64_t)ldexp(frexp(fabs(v), &exponent), 53); /* 1.xxx has 52 bits below */
    uint64_t fraction = mantissa & ((UINT64_C(1) << 52) - 1);
    int digits = 13;
    while (digits && !(fraction & 15)) {
        fraction >>= 4;
        digits--;
    }
    dsq_write_text(w, "0x1");
    if (digits)
        dsq_write_format(w, ".%0*llx", digits, (unsigned long long)fraction);
    dsq_write_format(w, "p%+d", exponent - 1);
}

/* One character of a quoted string at *at, past the escape; -1 when it is malformed. */
static int scan_char(const char **at)
{
    static const char plain[] = "\"\\\n\t\r", escape[] = "\"\\ntr";
    char c = *(*at)++;
    if ((unsigned char)c < 0x20)
        return -1;
    if (c != '\\')
        return (unsigned char)c;
    c = *(*at)++;
    if (c == 'x') {
        int high = hex_value((*at)[0]), low = high < 0 ? -1 : hex_value((*at)[1]);
        if (low < 0 || high * 16 + low == 0)
            return -1;
        *at += 2;
        return high * 16 + low;
    }
    const char *special = c ? strchr(escape, c) : NULL;
    return special ? plain[special - escape] : -1;
}

bool dsq_token_scan_quoted(const char **text, struct dsq_arena *arena, const char **out)
{
    if (**text != '"')
        return false;
    const char *begin = *text + 1, *at = begin;
    size_t n = 0;
    while (*at != '"') {
        if (scan_char(&at) < 0)
            return false;
        n++;
    }
    *text = at + 1;
    char *copy = dsq_arena_alloc(arena, n + 1);
    at = begin;
    for (size_t i = 0; copy && i < n; i++)
        copy[i] = (char)scan_char(&at);
    *out = copy;
    return true;
}

bool dsq_token_scan_int(const char **text, int64_t *out)
{
    const char *at = *text;
    bool negative = *at == '-';
    at += negative;
    if (!is_digit(*at))
        return false;
    int64_t v = 0; /* counted downwards, so that INT64_MIN fits */
    for (; is_digit(*at); at++)
        if (__builtin_mul_overflow(v, 10, &v) || __builtin_sub_overflow(v, *at - '0', &v))
            return false;
    if (!negative && v == INT64_MIN)
        return false;
    *out = negative ? v : -v;
    *text = at;
    return true;
}

static bool scan_word(const char **at, const char *word)
{
    size_t n = strlen(word);
    if (strncmp(*at, word, n) != 0)
        return false;
    *at += n;
    return true;
}

/* An exponent after its letter, far outside any float's range at most. */
static bool scan_exponent(const char **at, int *out)
{
    int64_t v;
    *at += **at == '+' && is_digit((*at)[1]);
    if (!dsq_token_scan_int(at, &v) || v < -10000 || v > 10000)
        return false;
    *out = (int)v;
    return true;
}

/* Up to `max` digits of `base` with a point among them: mantissa * base^-scale. */
static bool scan_digits(const char **at, int base, int max, uint64_t *mantissa, int *scale)
{
    int n = 0, point = -1;
    *mantissa = 0;
    for (;; (*at)++) {
        int digit = hex_value(**at);
        if (**at == '.' && point < 0) {
            point = n;
        } else if (digit >= 0 && digit < base) {
            if (n++ == max)
                return false;
            *mantissa = *mantissa * (uint64_t)base + (uint64_t)digit;
        } else {
            break;
        }
    }
    *scale = point < 0 ? 0 : n - point;
    return n > 0;
}

static bool scan_hex_float(const char **at, double *out)
{
    uint64_t mantissa;
    int scale, exponent;
    if (!scan_digits(at, 16, 14, &mantissa, &scale) || *(*at)++ != 'p' ||
        !scan_exponent(at, &exponent))
        return false;
    *out = ldexp((double)mantissa, exponent - 4 * scale);
    return true;
}

/* Exact: 15 digits and 10^22 are doubles, and one operation rounds once (W. D. Clinger, "How to
 * read floating point numbers accurately", 1990). */
static bool scan_decimal(const char **at, double *out)
{
    uint64_t mantissa;
    int scale, exponent = 0;
    if (!scan_digits(at, 10, 15, &mantissa, &scale))
        return false;
    if (**at == 'e') {
        (*at)++;
        if (!scan_exponent(at, &exponent))
            return false;
    }
    exponent -= scale;
    if (exponent < -22 || exponent > 22)
        return false;
    double power = 1;
    for (int i = 0; i < (exponent < 0 ? -exponent : exponent); i++)
        power *= 10;
    *out = exponent < 0 ? (double)mantissa / power : (double)mantissa * power;
    return true;
}

bool dsq_token_scan_float(const char **text, double *out)
{
    const char *at = *text;
    double v;
    bool negative = *at == '-';
    at += negative;
    if (scan_word(&at, "inf"))
        v = INFINITY;
    else if (scan_word(&at, "nan"))
        v = NAN;
    else if (!(scan_word(&at, "0x") ? scan_hex_float(&at, &v) : scan_decimal(&at, &v)))
        return false;
    *out = negative ? -v : v;
    *text = at;
    return true;
}
