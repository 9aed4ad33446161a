# SPDX-License-Identifier: Apache-2.0
# The command-line tool: commands with their expected output and exit code, as files.
add_test(NAME cli COMMAND tests/cli/run.sh $<TARGET_FILE:dsq>
         WORKING_DIRECTORY ${PROJECT_SOURCE_DIR})
