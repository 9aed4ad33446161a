/* SPDX-License-Identifier: Apache-2.0 */
/* Typed access to the fields of COCO's JSON objects. */
#include "eval/fields.h"

bool dsq_coco_field_id(const json_t *object, const char *key, int64_t *id)
{
    const json_t *v = json_object_get(object, key);
    if (json_is_integer(v)) {
        *id = (int64_t)json_integer_value(v);
        return true;
    }
    if (!json_is_real(v))
        return false;
    double r = json_real_value(v);
    if (!(r >= -9007199254740992.0 && r <= 9007199254740992.0) || r != (double)(int64_t)r)
        return false;
    *id = (int64_t)r;
    return true;
}

bool dsq_coco_field_number(const json_t *object, const char *key, double *number)
{
    const json_t *v = json_object_get(object, key);
    if (!json_is_number(v))
        return false;
    *number = json_number_value(v);
    return true;
}

bool dsq_coco_field_box(const json_t *object, const char *key, double box[4])
{
    const json_t *v = json_object_get(object, key);
    if (!json_is_array(v) || json_array_size(v) != 4)
        return false;
    for (size_t i = 0; i < 4; i++) {
        const json_t *n = json_array_get(v, i);
        if (!json_is_number(n))
            return false;
        box[i] = json_number_value(n);
    }
    return true;
}
