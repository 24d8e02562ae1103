#!/bin/sh
# Resolve the dependencies of pyproject.toml in an environment of their own; write requirements.lock, with the hashes of every
# file that the index has of each version, and environment.yml.
set -eu
cd "$(dirname "$0")/../.."
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder"
# torch first: what depends on it then keeps this build of it, whichever index it came from.
torch=$(grep -o 'torch==[0-9.]*' pyproject.toml)
"$folder/bin/pip" install --quiet "$torch" setuptools wheel
"$folder/bin/pip" install --quiet ".[all,workflow,cluster,test]"
# A local version (+cpu) names a build that other machines may not have. trackeval wants opencv-python, whose files are all in
# opencv-contrib-python, which mediapipe wants: of the two, one can be installed.
"$folder/bin/pip" freeze --all --exclude pip --exclude kinesics --exclude opencv-python | sed 's/+[a-z0-9.]*$//' | LC_ALL=C sort -f >"$folder/pins"
"$folder/bin/pip" install --quiet uv
"$folder/bin/uv" pip compile --quiet --no-deps --generate-hashes --no-header --no-annotate \
    --python-version "$("$folder/bin/python" -c 'import platform; print(platform.python_version())')" \
    "$folder/pins" --output-file "$folder/lock"
# The build of torch that this machine takes may be another than the index's.
"$folder/bin/pip" download --quiet --no-deps --dest "$folder/torch" "$torch"
build=$(sha256sum "$folder"/torch/* | cut -d ' ' -f 1)
grep -q "$build" "$folder/lock" || sed -i "s/^$torch \\\\\$/&\n    --hash=sha256:$build \\\\/" "$folder/lock"
{
    cat workflow/setup/environment.head.yml
    sed 's/^/      - /' "$folder/pins"
} >"$folder/environment.yml"
mv "$folder/lock" requirements.lock
mv "$folder/environment.yml" environment.yml
