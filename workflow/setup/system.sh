#!/bin/sh
# Install the system packages that are missing, or print one line that says which, and stop.
set -eu

missing=""
need() { # need PACKAGE COMMAND...: the package is missing unless the command succeeds
    package=$1
    shift
    "$@" >/dev/null 2>&1 || missing="$missing $package"
}
library() { ldconfig -p 2>/dev/null | grep -q "$1" || ls "${CONDA_PREFIX:-/nonexistent}/lib/$1"*; }

if [ "$(uname)" = Linux ]; then
    need libegl1 library libEGL.so.1
    need libgles2 library libGLESv2.so.2
    need libgl1-mesa-dri eval 'ls /usr/lib/*/dri/swrast_dri.so /usr/lib/*/libgallium-*.so "${CONDA_PREFIX:-}"/lib/dri/swrast_dri.so 2>/dev/null | grep -q .'
    need util-linux command -v flock
fi
need npm command -v npm
need python3-venv "${PYTHON:-python3}" -c "import ensurepip"
if ! command -v tectonic >/dev/null 2>&1; then
    need latexmk command -v latexmk
    need texlive-latex-recommended command -v pdflatex
    need texlive-latex-extra kpsewhich enumitem.sty
    need texlive-fonts-recommended kpsewhich phvr8t.tfm
    need lmodern kpsewhich lmodern.sty
    need texlive-pictures kpsewhich tikz.sty
fi
missing=${missing# }
[ -n "$missing" ] || exit 0

if [ "$(id -u)" -eq 0 ]; then sudo=""; else sudo="sudo -n"; fi
if command -v apt-get >/dev/null 2>&1 && { [ -z "$sudo" ] || $sudo true 2>/dev/null; }; then
    echo "installing system packages: $missing"
    log=$(mktemp)
    # shellcheck disable=SC2086
    if { $sudo apt-get update && $sudo env DEBIAN_FRONTEND=noninteractive \
        apt-get install --yes --no-install-recommends $missing; } >"$log" 2>&1; then
        rm -f "$log"
        exit 0
    fi
    tail -n 5 "$log" >&2
    rm -f "$log"
fi
echo "These system packages are missing: install them and run make again: sudo apt-get install $missing" >&2
exit 1
