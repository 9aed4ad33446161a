/* SPDX-License-Identifier: Apache-2.0 */
/* Which input sizes a benchmark runs: those named, random ones inside the profile, or the usual
 * one. */
#ifndef DSQ_TOOLS_SHAPES_H
#define DSQ_TOOLS_SHAPES_H

#include "tool.h"

/* One case: a shape for every input of the engine. */
struct shape_case {
    int64_t (*dims)[DSQ_MAX_RANK]; /* [input][dimension]; freed with the list */
    char text[256];                /* "1x3x480x640", or "a:1x3x32x32+b:1x8" */
    char *picture;                 /* path of the first picture of this size, or NULL */
    int n_pictures;                /* of this size */
};

struct shape_list {
    struct shape_case *item;
    int n;
};

/* `text`: cases apart by ',', each "1x3x480x640" or, with several inputs, "a:1x3x32x32+b:1x8". NULL
 * with n_random 0: the profile's usual shape, or the model's fixed one. EXIT_OK or an exit code,
 * having said what is wrong. */
int shapes_make(struct tool *t, const struct dsq_engine *engine, const char *text, int32_t n_random,
                uint64_t seed, struct shape_list *list);
/* The sizes that the pictures of a folder (JPEG, PNG; by name) get from the engine's task, in order
 * of their first picture. */
int shapes_of_pictures(struct tool *t, const struct tool_engine *e, const char *folder,
                       struct shape_list *list);
void shapes_free(struct shape_list *list);

/* Pseudorandom numbers, the same on every machine (splitmix64: Steele, Lea, Flood, "Fast Splittable
 * Pseudorandom Number Generators", 2014). */
uint64_t random_next(uint64_t *state);

#endif
