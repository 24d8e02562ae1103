"""Cache the features of inputs on disk, so that a run that was killed, or a denser one, computes only what is missing.

One SQLite file per encoder. A row's key is the hash of the pixels (or audio, or text) and of all else that the features
depend on: the encoder, its weights, the arithmetic and the libraries. Rows are committed a batch at a time; SQLite keeps
them whole when a process or the machine dies, and several processes may share a file.
"""

import hashlib
import sqlite3
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np

from kinesics.encoders.base import Encode
from kinesics.encoders.registry import is_downloadable
from kinesics.errors import KinesicsError
from kinesics.io.files import sha256

_WAIT_S = 60  # for another process that is writing


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

    ``prefix`` is the ``cache_key`` of the encoder. Raises KinesicsError naming the file if it is not such a cache.
    """
    try:
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        file = sqlite3.connect(path, timeout=_WAIT_S)
        file.execute("CREATE TABLE IF NOT EXISTS tokens (key BLOB PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID")
    except (OSError, sqlite3.Error) as error:
        raise KinesicsError(f"{path}: not a cache of features: {error}; delete it, or name another place") from None

    def cached_encode(inputs: Any) -> np.ndarray:
        keys = [_hash(prefix, value) for value in inputs]
        cached = {}
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
            with file:
                file.executemany(
                    "INSERT OR IGNORE INTO tokens VALUES (?, ?)",
                    [(key, value.tobytes()) for key, value in zip(new, features, strict=True)],
                )
            cached |= dict(zip(new, features, strict=True))
        return np.stack([cached[key] for key in keys])

    return cached_encode


def _hash(prefix: bytes, value: np.ndarray | str) -> bytes:
    if isinstance(value, str):
        return hashlib.blake2b(value.encode(), key=prefix, digest_size=20).digest()
    return hashlib.blake2b(np.ascontiguousarray(value).data, key=prefix, digest_size=20).digest()
