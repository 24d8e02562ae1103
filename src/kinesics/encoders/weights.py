"""Find the weights of encoders, check copies of downloaded ones, and explain how to get what is missing.

The column ``weights`` of ``registry.csv`` names sources of ``downloads.csv``, which kinesics downloads, or a repository of
the Hugging Face hub (or one file of it, ``organisation/name:path``), whose weights the user places.
"""

import shlex
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from kinesics.encoders.registry import ENCODERS, is_downloadable, required_downloads
from kinesics.errors import KinesicsError
from kinesics.io.downloads import read_downloads
from kinesics.io.files import sha256


def weights_path(name: str, data: str | Path) -> Path:
    """Return the place of an encoder's weights below the folder of downloaded files: a file or a folder."""
    weights = ENCODERS[name]["weights"]
    if is_downloadable(name):
        source = required_downloads(name)[0]
        return Path(data) / source / read_downloads()[source][0]["file"]
    return Path(data) / name / weights.partition(":")[2]


def install_hint(name: str, at: str | Path) -> str:
    """Return what to do for the weights of an encoder to be at a path: the licence to accept, and the command."""
    row = ENCODERS[name]
    if is_downloadable(name):
        return f"get the weights of {name} with: kinesics fetch {row['weights']}"
    repository, _, file = row["weights"].partition(":")
    parent = Path(at)
    for _ in Path(file).parts:
        parent = parent.parent
    page = f"https://huggingface.co/{repository}"
    licence = f"their licence is {row['licence'] if row['licence'] != 'unknown' else 'not known to kinesics'}"
    terms = {
        "yes": f"accept their licence ({row['licence']}) at {page}, log in with 'hf auth login', then",
        "no": f"{licence}, see {page};",
        "unknown": f"{licence}; if {page} asks to accept it, log in with 'hf auth login'; then",
    }[row["gated"]]
    command = " ".join(["hf download", repository, *([file] if file else []), "--local-dir", shlex.quote(str(parent))])
    return f"get the weights of {name}: {terms} run: {command}"


def local_weights(name: str, weights: str | Path) -> Path:
    """Return the path of weights: the one given, or if that is the encoder's repository of the hub, its downloaded folder."""
    if not is_downloadable(name) and str(weights) == ENCODERS[name]["weights"]:
        from kinesics.encoders import pretrained

        return pretrained.hub_folder(weights)
    return Path(weights)


@contextmanager
def compared_with_source(source: str, weights: Path) -> Iterator[None]:
    """Compare weights with the pinned files of a source before they are loaded, in the context.

    Networks have no checksum of their own: bytes that were flipped in a copy would load as other weights. So a file that
    has the size of the pinned one, but another SHA-256, is taken for a damaged copy: raises KinesicsError naming it. A file
    of another size may be a network of the user's own; once it has loaded, one line on stderr says that it is not the
    pinned one. ``weights`` is the source's file under any name or, of a source of several files, their folder or one of them.
    """
    changed = _changed_files(source, weights)
    yield
    if changed:
        names = ", ".join(map(str, changed))
        print(
            f"kinesics: {names}: not the pinned file of {source!r}; features may differ from published ones",
            file=sys.stderr,
        )


def _changed_files(source: str, weights: Path) -> list[Path]:
    """Return the files whose size is not the pinned one. Raises KinesicsError for damaged copies."""
    rows = read_downloads()[source]
    folder = weights if weights.is_dir() else weights.parent
    changed = []
    for row in rows:
        path = weights if len(rows) == 1 else folder / row["file"]
        if not path.is_file():
            continue  # the loader of the network names what it lacks
        if path.stat().st_size != int(row["bytes"]):
            changed.append(path)
        elif sha256(path) != row["sha256"]:
            raise KinesicsError(
                f"{path}: damaged: it has the {row['bytes']} bytes of the pinned file of {source!r}, but another SHA-256; "
                f"get it again with: kinesics fetch {source}"
            )
    return changed
