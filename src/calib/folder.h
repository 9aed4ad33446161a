/* SPDX-License-Identifier: Apache-2.0 */
/* The files of a folder by ending, sorted. */
#ifndef DSQ_CALIB_FOLDER_H
#define DSQ_CALIB_FOLDER_H

#include "base/memory.h"
#include "base/status.h"

struct dsq_folder {
    struct dsq_arena arena;
    const char **path; /* folder and name, by rising bytes of the name */
    size_t n;
};

/* All entries of `path` that end in one of `endings` (NULL-terminated, lower case with the dot;
 * case of the name does not matter), without hidden ones. IO when the folder cannot be read;
 * ARGUMENT when it holds none. On failure `out` is empty; dsq_folder_free is allowed in any case
 * after a call. */
enum dsq_status dsq_folder_list(struct dsq_folder *out, const char *path,
                                const char *const *endings, const struct dsq_allocator *a,
                                struct dsq_diag *d) DSQ_MUST_CHECK;
void dsq_folder_free(struct dsq_folder *folder);

#endif
