# SPDX-License-Identifier: Apache-2.0
dsq_add_test(api_profile tests/unit/test_api_profile.c)
include(tests/cli/cli.cmake OPTIONAL)
include(tests/e2e/e2e.cmake)
