/* SPDX-License-Identifier: Apache-2.0 */
/* The operators' table, made from ops.def. */
#include <assert.h>
#include <string.h>

#include "graph/graph.h"

enum {
    NONE = DSQ_OPF_NONE,
    HOST = DSQ_OPF_HOST,
    LAYOUT = DSQ_OPF_LAYOUT,
    NHWC = DSQ_OPF_NHWC,
    SAME_Q = DSQ_OPF_SAME_Q
};

static const struct dsq_op_info infos[] = {
#define OP(ID, name, in_min, in_max, out_min, out_max, attr, flags)                                \
    [DSQ_OP_##ID] = {#name, in_min, in_max, out_min, out_max, &dsq_attr_##attr, flags},
#include "graph/ops.def"
#undef OP
};

const struct dsq_op_info *dsq_op_info(enum dsq_op op)
{
    assert((unsigned)op < DSQ_OP_COUNT);
    return &infos[op];
}

bool dsq_op_find(const char *name, enum dsq_op *op)
{
    for (int i = 0; i < DSQ_OP_COUNT; i++) {
        if (strcmp(infos[i].name, name) == 0) {
            *op = (enum dsq_op)i;
            return true;
        }
    }
    return false;
}
