/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fields of COCO's JSON objects, shared by annotations and results: an id is an integer (or a
 * number without a fraction, which Python takes for the same key), a box is four numbers. Each
 * answers false when the field is missing or of another type.
 */
#ifndef DSQ_EVAL_FIELDS_H
#define DSQ_EVAL_FIELDS_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

bool dsq_coco_field_id(const json_t *object, const char *key, int64_t *id);
bool dsq_coco_field_box(const json_t *object, const char *key, double box[4]);
bool dsq_coco_field_number(const json_t *object, const char *key, double *number);

#endif
