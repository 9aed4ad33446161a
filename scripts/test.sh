#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# test.sh BUILD JOBS: all tests of the build; says how to run those that were skipped.
build=$1 jobs=$2
(cd "$build" && ctest --output-on-failure -j"$jobs")
status=$?
python=${DSQ_PYTHON:-.venv/bin/python}
[ -x "$python" ] || echo "Tests that compare with other programs were skipped: \`make oracles\` installs those."
exit $status
