/* SPDX-License-Identifier: Apache-2.0 */
/* Buffers between guard pages, and shadows that know what each byte should be. */
#define _DEFAULT_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "check.h"

static void out_of_memory(void)
{
    perror("dsq_check: memory");
    exit(1);
}

void *check_alloc(size_t bytes)
{
    void *p = malloc(bytes ? bytes : 1);
    if (!p)
        out_of_memory();
    return p;
}

void check_buffer_open(struct check_buffer *b, size_t max_bytes)
{
    const size_t page = (size_t)sysconf(_SC_PAGESIZE);
    b->bytes = (max_bytes + page) / page * page;
    uint8_t *all = mmap(NULL, b->bytes + 2 * page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (all == MAP_FAILED || mprotect(all + page, b->bytes, PROT_READ | PROT_WRITE) != 0)
        out_of_memory();
    b->pages = all + page;
    b->shadow = check_alloc(b->bytes);
}

void check_buffer_close(struct check_buffer *b)
{
    const size_t page = (size_t)sysconf(_SC_PAGESIZE);
    munmap(b->pages - page, b->bytes + 2 * page);
    free(b->shadow);
}

void *check_place(const struct check_buffer *b, size_t bytes, enum check_side side)
{
    if (bytes > b->bytes) {
        fprintf(stderr, "dsq_check: a buffer of %zu bytes cannot hold %zu\n", b->bytes, bytes);
        exit(1);
    }
    return side == CHECK_END ? b->pages + b->bytes - bytes : b->pages;
}

void check_prefill(struct check *c, struct check_buffer *b)
{
    int byte = (int)(check_random(c) & 0xff);
    memset(b->pages, byte, b->bytes);
    memset(b->shadow, byte, b->bytes);
}

void *check_shadow(const struct check_buffer *b, const void *p)
{
    return b->shadow + ((const uint8_t *)p - b->pages);
}

bool check_untouched(struct check *c, const struct check_buffer *b)
{
    if (memcmp(b->pages, b->shadow, b->bytes) == 0)
        return true;
    size_t i = 0;
    while (b->pages[i] == b->shadow[i])
        i++;
    return check_fail(c,
                      "wrote outside its output: byte %zu of the output's pages was %02x, is %02x",
                      i, b->shadow[i], b->pages[i]);
}
