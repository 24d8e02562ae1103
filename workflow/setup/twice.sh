#!/bin/sh
# Build the committed state twice from nothing, in two fresh clones, and compare the bytes of every result.
# The clones share this folder's environment; sources are fetched anew for each. Prints one line; fails on a difference.
set -eu
cd "$(dirname "$0")/../.."
root=$PWD
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT INT TERM
for build in one two; do
    git clone --quiet "$root" "$folder/$build"
    ln -s "$root/.venv" "$folder/$build/.venv"
    echo "building $build of two"
    (cd "$folder/$build" && snakemake --cores all --quiet) >"$folder/$build.log" 2>&1 || {
        tail -n 20 "$folder/$build.log" >&2
        exit 1
    }
    (cd "$folder/$build" && find results paper/generated paper/main.pdf -type f \
        ! -path 'results/logs/*' ! -name README.md -exec sha256sum {} + | LC_ALL=C sort -k 2) >"$folder/$build.sums"
done
if ! diff "$folder/one.sums" "$folder/two.sums" >"$folder/diff"; then
    echo "the two builds differ in:" >&2
    sed -n 's/^< [0-9a-f]*  //p' "$folder/diff" >&2
    exit 1
fi
echo "$(wc -l <"$folder/one.sums") files, the same bytes in both builds"
