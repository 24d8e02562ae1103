#!/bin/sh
# Resolve the dependencies of pyproject.toml in an environment of their own; write requirements.lock and environment.yml.
set -eu
cd "$(dirname "$0")/../.."
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder"
# torch first: what depends on it then keeps this build of it, whichever index it came from.
"$folder/bin/pip" install --quiet "$(grep -o 'torch==[0-9.]*' pyproject.toml)" setuptools wheel
"$folder/bin/pip" install --quiet ".[workflow,cluster,test]"
# A local version (+cpu) names a build that other machines may not have.
"$folder/bin/pip" freeze --all --exclude pip --exclude kinesics | sed 's/+[a-z0-9.]*$//' | LC_ALL=C sort -f >"$folder/lock"
{
    cat workflow/setup/environment.head.yml
    sed 's/^/      - /' "$folder/lock"
} >"$folder/environment.yml"
mv "$folder/lock" requirements.lock
mv "$folder/environment.yml" environment.yml
