/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The fields of a task, listed once: reading, printing and range checks go by this table. To add a
 * field: 1 a member of struct dsq_task, 2 a row in task_fields.c, 3 its value in every preset, 4
 * docs/tasks.md.
 */
#ifndef DSQ_DETECT_TASK_FIELDS_H
#define DSQ_DETECT_TASK_FIELDS_H

#include <jansson.h>

#include "detect/task.h"

enum dsq_task_kind {
    DSQ_TASK_TEXT,    /* const char * */
    DSQ_TASK_WORD,    /* int32_t: index into words */
    DSQ_TASK_BOOL,    /* bool */
    DSQ_TASK_INTEGER, /* int32_t */
    DSQ_TASK_NUMBER,  /* double */
    DSQ_TASK_NUMBERS, /* struct dsq_task_numbers */
    DSQ_TASK_NAMES,   /* struct dsq_task_names */
    DSQ_TASK_RESIZE,  /* struct dsq_task_resize, a string in JSON */
};

struct dsq_task_field {
    const char *name;
    enum dsq_task_kind kind;
    size_t offset;
    uint32_t families;        /* which use it: 1 << enum dsq_task_family, or'ed */
    bool optional;            /* may be missing without a preset: empty then, or the first word */
    int32_t count;            /* NUMBERS: exactly so many; 0: 1 to DSQ_TASK_MAX_NUMBERS */
    double min, max;          /* INTEGER, NUMBER, NUMBERS: inclusive */
    const char *const *words; /* WORD: NULL-terminated, in the enumeration's order */
};

const struct dsq_task_field *dsq_task_fields(size_t *n);
const struct dsq_task_field *dsq_task_field_find(const char *name);
/* "retinanet", ... */
const char *dsq_task_family_name(int32_t family);

/* Set the field from a JSON value; MALFORMED says what was expected. Strings go to task->arena. */
enum dsq_status dsq_task_field_read(struct dsq_task *task, const struct dsq_task_field *field,
                                    const json_t *value, struct dsq_diag *d) DSQ_MUST_CHECK;
/* A new reference, or NULL when memory is out. */
json_t *dsq_task_field_write(const struct dsq_task *task, const struct dsq_task_field *field);

static inline bool dsq_task_field_used(const struct dsq_task_field *field, int32_t family)
{
    return (field->families >> family & 1) != 0;
}

#endif
