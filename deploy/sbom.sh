#!/bin/sh
# Writes the bill of materials (CycloneDX 1.6, JSON) of what is installed for a Python: deploy/sbom.sh PYTHON FILE
# Needs cyclonedx-py (pip install cyclonedx-bom). The same environment makes the same file.
set -eu
cd "$(dirname "$0")/.."
cyclonedx-py environment --pyproject pyproject.toml --mc-type application --output-reproducible --no-validate \
    --spec-version 1.6 --output-format JSON --output-file "$2" "$1"
