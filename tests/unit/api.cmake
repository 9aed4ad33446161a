# SPDX-License-Identifier: Apache-2.0
dsq_add_test(api_profile tests/unit/test_api_profile.c)
dsq_add_test(api_contract tests/unit/test_api_contract.c)
dsq_add_test(api_inspect tests/unit/test_api_inspect.c)
dsq_add_test(api_layers tests/unit/test_api_layers.c)
dsq_add_test(api_quantize tests/unit/test_api_quantize.c)
include(tests/cli/cli.cmake OPTIONAL)
include(tests/e2e/e2e.cmake)
include(tests/fuzz/fuzz.cmake)
