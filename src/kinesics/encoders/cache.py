"""What encoders have said is kept on disk by content, so that a run that was killed, or a denser one, goes on from there.

One SQLite file an encoder. A row's key is the hash of the pixels (or sound, or text) and of what the answer depends on
besides: the encoder, its weights, the arithmetic and the libraries. Rows are committed a batch at a time; SQLite keeps
them whole when a process or the machine dies, and several processes may share a file.
"""

import hashlib
import sqlite3
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path

import numpy as np

from kinesics.encoders.base import Encode, is_downloadable
from kinesics.errors import KinesicsError
from kinesics.io.files import sha256

_WAIT_S = 60  # for another process that is writing


def cache_key(name: str, weights: str | Path) -> bytes:
    """Return the hash of what an encoder's answers depend on besides the input; reads all weights."""
    path = Path(weights)
    files = [path] if path.is_file() else sorted(file for file in path.iterdir() if file.is_file())
    facts = [name, *(f"{file.name} {sha256(file)}" for file in files)]
    facts += [f"{library} {metadata.version(library)}" for library in ("torch", "transformers")]
    if not is_downloadable(name):
        from kinesics.encoders import pretrained

        facts += [f"{pretrained.precision()} {pretrained.device()}"]
    return hashlib.sha256("\n".join(facts).encode()).digest()


def with_cache(encode: Encode, prefix: bytes, path: str | Path) -> Encode:
    """Return ``encode``, which then asks the network only for inputs that are not in the file at ``path``.

    ``prefix`` is the ``key`` of the encoder. Raises KinesicsError naming the file if it is none of ours.
    """
    try:
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        file = sqlite3.connect(path, timeout=_WAIT_S)
        file.execute("CREATE TABLE IF NOT EXISTS tokens (key BLOB PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID")
    except (OSError, sqlite3.Error) as error:
        raise KinesicsError(f"{path}: not a cache of features: {error}; delete it, or name another place") from None

    def ask(inputs: Sequence) -> np.ndarray:
        keys = [_hash(prefix, value) for value in inputs]
        known = {}
        for one in keys:
            row = file.execute("SELECT value FROM tokens WHERE key = ?", (one,)).fetchone()
            if row:
                known[one] = np.frombuffer(row[0], np.float32)
        new = {one: k for k, one in enumerate(keys) if one not in known}  # one of each
        if new or not keys:
            places = list(new.values())
            tokens = encode(inputs[places] if isinstance(inputs, np.ndarray) else [inputs[k] for k in places])
            if not keys:
                return tokens
            with file:
                file.executemany(
                    "INSERT OR IGNORE INTO tokens VALUES (?, ?)",
                    [(one, value.tobytes()) for one, value in zip(new, tokens, strict=True)],
                )
            known |= dict(zip(new, tokens, strict=True))
        return np.stack([known[one] for one in keys])

    return ask


def _hash(prefix: bytes, value: np.ndarray | str) -> bytes:
    if isinstance(value, str):
        return hashlib.blake2b(value.encode(), key=prefix, digest_size=20).digest()
    return hashlib.blake2b(np.ascontiguousarray(value).data, key=prefix, digest_size=20).digest()
