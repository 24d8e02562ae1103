#!/bin/sh
# Typeset SOURCE.tex into OUTPUT.pdf with latexmk, or with tectonic where that is what there is.
# The build runs in a fresh folder, so that what an interrupted one left behind cannot matter.
set -eu
source=$1
output=$2
folder=$(dirname "$source")
name=$(basename "$source" .tex)
build=$(mktemp -d "$folder/build-XXXXXX")
trap 'rm -rf "$build"' EXIT INT TERM
export SOURCE_DATE_EPOCH="${SOURCE_DATE_EPOCH:-1767225600}" FORCE_SOURCE_DATE=1
# TeX breaks the lines of its log at 79 characters, and latexmk, which reads it, then misses what follows such a line.
export max_print_line=2000
if command -v latexmk >/dev/null 2>&1; then
    (cd "$folder" && latexmk -pdf -halt-on-error -interaction=nonstopmode -file-line-error \
        -e '$bibtex_fudge = 0' -bibtex -outdir="$(basename "$build")" "$name.tex")
else
    (cd "$folder" && tectonic --outdir "$(basename "$build")" "$name.tex")
fi
if grep -E "^LaTeX Warning: (Reference|Citation).*undefined" "$build/$name.log" 2>/dev/null; then
    echo "$source: undefined references or citations" >&2
    exit 1
fi
mv "$build/$name.pdf" "$output"
