#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Run a Python test with the oracles' interpreter ($DSQ_PYTHON or .venv), or skip.
python=${DSQ_PYTHON:-.venv/bin/python}
if [ ! -x "$python" ]; then
    echo "skipped: no $python (make oracles)"
    exit 77
fi
exec "$python" "$@"
