"""Cache the features of inputs on disk, so that a run that was killed, or a denser one, computes only what is missing.

One SQLite file per encoder. A row's key is the hash of the pixels (or audio, or text) and of all else that the features
depend on: the encoder, its weights, the arithmetic and the libraries. Rows are committed a batch at a time; SQLite keeps
them whole when a process or the machine dies, and several processes may share a file.
"""

import hashlib
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np

from kinesics.encoders.base import Encode
from kinesics.encoders.registry import is_downloadable
from kinesics.errors import KinesicsError
from kinesics.io.files import is_full, sha256

_WAIT_S = 60  # for another process that is writing
_PAGE = 4096  # bytes that SQLite writes at once


def cache_key(name: str, weights: str | Path) -> bytes:
    """Return the hash of what an encoder's features depend on besides the input; reads all weights."""
    path = Path(weights)
    files = [path] if path.is_file() else sorted(file for file in path.iterdir() if file.is_file())
    parts = [name, *(f"{file.name} {sha256(file)}" for file in files)]
    parts += [f"{library} {metadata.version(library)}" for library in ("torch", "transformers")]
    if not is_downloadable(name):
        from kinesics.encoders import pretrained

        parts += [f"{pretrained.precision()} {pretrained.device()}"]
    return hashlib.sha256("\n".join(parts).encode()).digest()


def with_cache(encode: Encode, prefix: bytes, path: str | Path) -> Encode:
    """Return ``encode`` with a cache: it runs the network only on inputs that are not in the file at ``path``.

    ``prefix`` is the ``cache_key`` of the encoder. Raises KinesicsError naming the file if it is not such a cache, or cannot
    be written; what a cache holds already stays.
    """
    with _explained(path):
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        file = sqlite3.connect(path, timeout=_WAIT_S)
        file.execute("CREATE TABLE IF NOT EXISTS tokens (key BLOB PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID")
        file.execute("SELECT key, value FROM tokens LIMIT 1").fetchone()

    def cached_encode(inputs: Any) -> np.ndarray:
        keys = [_hash(prefix, value) for value in inputs]
        cached = {}
        with _explained(path):
            for key in keys:
                row = file.execute("SELECT value FROM tokens WHERE key = ?", (key,)).fetchone()
                if row:
                    cached[key] = np.frombuffer(row[0], np.float32)
        new = {key: k for k, key in enumerate(keys) if key not in cached}  # equal inputs once
        if new or not keys:
            places = list(new.values())
            features = encode(inputs[places] if isinstance(inputs, np.ndarray) else [inputs[k] for k in places])
            if not keys:
                return features
            with _explained(path), file:
                file.executemany(
                    "INSERT OR IGNORE INTO tokens VALUES (?, ?)",
                    [(key, value.tobytes()) for key, value in zip(new, features, strict=True)],
                )
            cached |= dict(zip(new, features, strict=True))
        return np.stack([cached[key] for key in keys])

    return cached_encode


@contextmanager
def _explained(path: str | Path) -> Iterator[None]:
    """Turn errors of SQLite into a KinesicsError that says whether a cache is damaged, or only cannot be used now."""
    try:
        yield
    except (OSError, sqlite3.Error) as error:
        code = getattr(error, "sqlite_errorcode", None)
        full = shutil.disk_usage(_existing(Path(path))).free < _PAGE
        if (
            is_full(error)
            or code == sqlite3.SQLITE_FULL
            or (code is not None and code & 0xFF == sqlite3.SQLITE_IOERR and full)
        ):
            problem = (
                "no space left on the device: the features that it holds are good; make room, and run again to go on"
            )
        elif code in (sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_ERROR):
            problem = f"not a cache of features: {error}; delete it, or name another place"
        else:
            problem = f"the cache cannot be used: {error}; run again when it can, or name another place"
        raise KinesicsError(f"{path}: {problem}") from None


def _existing(path: Path) -> Path:
    return next(place for place in [path, *path.absolute().parents] if place.exists())


def _hash(prefix: bytes, value: np.ndarray | str) -> bytes:
    if isinstance(value, str):
        return hashlib.blake2b(value.encode(), key=prefix, digest_size=20).digest()
    return hashlib.blake2b(np.ascontiguousarray(value).data, key=prefix, digest_size=20).digest()
