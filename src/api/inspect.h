/* SPDX-License-Identifier: Apache-2.0 */
/* The description of a file that dsq_inspect prints, as JSON inside. */
#ifndef DSQ_API_INSPECT_H
#define DSQ_API_INSPECT_H

#include <dsq/dsq.h>
#include <jansson.h>

#include "base/bytes.h"

/* Describe an engine into the object `o`; it is loaded for this machine to tell its kernels. */
enum dsq_status dsq_describe_engine(const struct dsq_engine_file *file,
                                    const struct dsq_common *common, json_t *o,
                                    struct dsq_diag *d) DSQ_MUST_CHECK;

/* Files that are no models: a picture, a tensor (.npy), and JSON of every kind. `data` is the whole
 * file. Facts go into `o` under the keys that people read too. */
enum dsq_status dsq_describe_picture(const char *path, const void *data, size_t bytes, json_t *o,
                                     const struct dsq_common *common,
                                     struct dsq_diag *d) DSQ_MUST_CHECK;
enum dsq_status dsq_describe_tensor(const char *path, json_t *o, const struct dsq_common *common,
                                    struct dsq_diag *d) DSQ_MUST_CHECK;
enum dsq_status dsq_describe_json_file(const char *path, const char *text, size_t bytes, json_t *o,
                                       const struct dsq_common *common,
                                       struct dsq_diag *d) DSQ_MUST_CHECK;

/* Print a description. A failed allocation sticks in `w`. */
void dsq_describe_json(const json_t *o, struct dsq_writer *w);
void dsq_describe_text(json_t *o, struct dsq_writer *w);

#endif
