#!/bin/sh
# Renews the locks from pyproject.toml. Needs uv (pip install uv).
set -eu
cd "$(dirname "$0")/.."

lock() {
    uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --upgrade \
        --custom-compile-command deploy/lock.sh "$@"
}

lock pyproject.toml --extra offline --extra offline-ru --extra traces --output-file deploy/requirements.lock
python3 -c 'import tomllib; print(*tomllib.load(open("pyproject.toml", "rb"))["build-system"]["requires"], "cyclonedx-bom", sep="\n")' \
    | lock - --output-file deploy/build.lock
