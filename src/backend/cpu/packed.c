/* SPDX-License-Identifier: Apache-2.0 */
/* Packed weights, each content once: layers that share weights share their packed form too. */
#include <string.h>

#include "backend/cpu/backend_cpu.h"
#include "base/bytes.h"

struct dsq_cpu_packed {
    struct dsq_cpu_packed *next;
    struct dsq_packed_key key; /* key.source belongs to the graph, which outlives the device */
    uint32_t checksum;
    void *data;
};

static bool same_key(const struct dsq_packed_key *a, const struct dsq_packed_key *b)
{
    return a->tag == b->tag && a->groups == b->groups && a->n == b->n && a->taps == b->taps &&
           a->kc == b->kc && memcmp(a->part, b->part, sizeof a->part) == 0 &&
           a->source_bytes == b->source_bytes &&
           (a->source == b->source || memcmp(a->source, b->source, a->source_bytes) == 0);
}

void *dsq_cpu_packed_get(struct dsq_device *device, const struct dsq_packed_key *key, size_t bytes,
                         bool *fresh)
{
    uint32_t checksum = dsq_checksum(key->source, key->source_bytes);
    *fresh = false;
    for (struct dsq_cpu_packed *p = device->packed; p; p = p->next)
        if (p->checksum == checksum && same_key(&p->key, key))
            return p->data;
    struct dsq_cpu_packed *p = dsq_calloc(device->allocator, 1, sizeof *p);
    void *data = p ? dsq_calloc(device->allocator, 1, bytes) : NULL;
    if (!data) {
        dsq_release(device->allocator, p);
        return NULL;
    }
    *p = (struct dsq_cpu_packed){device->packed, *key, checksum, data};
    device->packed = p;
    device->packed_bytes += bytes;
    *fresh = true;
    return data;
}

void dsq_cpu_packed_free(struct dsq_device *device)
{
    while (device->packed) {
        struct dsq_cpu_packed *p = device->packed;
        device->packed = p->next;
        dsq_release(device->allocator, p->data);
        dsq_release(device->allocator, p);
    }
}
