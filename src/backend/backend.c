/* SPDX-License-Identifier: Apache-2.0 */
/* The list of backends. */
#include "backend/backend.h"

#include "backend/cpu/backend_cpu.h"

static const struct dsq_backend *const backends[] = {
    &dsq_backend_cpu,
};

const struct dsq_backend *const *dsq_backends(int *n)
{
    *n = (int)(sizeof backends / sizeof backends[0]);
    return backends;
}

const struct dsq_backend *dsq_backend_find(enum dsq_device_type type)
{
    for (size_t i = 0; i < sizeof backends / sizeof backends[0]; i++)
        if (backends[i]->type == type)
            return backends[i];
    return NULL;
}
