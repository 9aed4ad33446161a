/* SPDX-License-Identifier: Apache-2.0 */
/* The version as text. */
#include <dsq/dsq.h>

#define TEXT2(x) #x
#define TEXT(x) TEXT2(x)

const char *dsq_version(void)
{
    return TEXT(DSQ_VERSION_MAJOR) "." TEXT(DSQ_VERSION_MINOR) "." TEXT(DSQ_VERSION_PATCH);
}
