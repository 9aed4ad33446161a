/* SPDX-License-Identifier: Apache-2.0 */
/* The version of dsq. The build system reads it from here. */
#ifndef DSQ_VERSION_H
#define DSQ_VERSION_H

#define DSQ_VERSION_MAJOR 0
#define DSQ_VERSION_MINOR 1
#define DSQ_VERSION_PATCH 0

#endif
