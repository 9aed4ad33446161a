/* SPDX-License-Identifier: Apache-2.0 */
/* Shape profiles in trtexec's spelling: "input:1x3x320x320,other:1x8". */
#ifndef DSQ_API_PROFILE_H
#define DSQ_API_PROFILE_H

#include "base/memory.h"
#include "engine/file.h"

/* Fill *out with one entry a graph input, in `arena`, or NULL when all three texts are NULL. Inputs
 * that the texts leave out must have numbers only. Whether the sizes are those that the model fixes
 * is not looked at. ARGUMENT names the option, the input and the dimension. */
enum dsq_status dsq_profile_from_shapes(const struct dsq_graph *g, const char *min, const char *opt,
                                        const char *max, struct dsq_arena *arena,
                                        struct dsq_profile_input **out,
                                        struct dsq_diag *d) DSQ_MUST_CHECK;

/* Dimensions of the shape that are numbers and other ones in the profile: bit i, dimension i. */
uint32_t dsq_profile_other_dims(const struct dsq_profile_input *p, const struct dsq_shape *s);

#endif
