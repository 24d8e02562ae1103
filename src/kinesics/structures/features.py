"""Features: the tokens of a frozen encoder for crops of each person, with their times.

One safetensors file per video and encoder. For every crop type (``face``, ``person``, or ``sound``, ``text``) three tensors
with N rows, sorted by time, then person: ``<crop>.time_s`` float64 (N,), ``<crop>.person`` int32 (N,), ``<crop>.tokens``
float32 (N, D). The header's metadata names the video, the encoder and the sampling rate in Hz; of videos with several streams
the one that was read, and of a damaged video the time up to which it is whole.
"""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from kinesics.errors import KinesicsError
from kinesics.io.files import replacing

TENSORS = ("time_s", "person", "tokens")


@dataclass(frozen=True)
class CropFeatures:
    """Tokens of one crop type: ``time_s`` (N,) seconds, ``person`` (N,), ``tokens`` (N, D)."""

    time_s: np.ndarray
    person: np.ndarray
    tokens: np.ndarray

    def of(self, person: int) -> tuple[np.ndarray, np.ndarray]:
        """Return times (n,) and tokens (n, D) of one person."""
        rows = self.person == person
        return self.time_s[rows], self.tokens[rows]


@dataclass(frozen=True)
class Features:
    """The features of one video from one encoder; ``crops`` maps the crop type to its tokens.

    ``stream`` is the number of the stream of images or sound, where the video has others; ``damaged_after_s`` is set for a
    damaged video, and is the time up to which it is whole.
    """

    video: str
    encoder: str
    rate_hz: float
    crops: dict[str, CropFeatures]
    stream: int | None = None
    damaged_after_s: float | None = None


def write_features(features: Features, path: str | Path) -> None:
    """Write features as safetensors, atomically."""
    types = {"time_s": np.float64, "person": np.int32, "tokens": np.float32}
    tensors = {
        f"{crop}.{name}": np.ascontiguousarray(getattr(values, name), types[name])
        for crop, values in sorted(features.crops.items())
        for name in TENSORS
    }
    info = {"video": features.video, "encoder": features.encoder, "rate_hz": float(features.rate_hz)}
    optional = {"stream": features.stream, "damaged_after_s": features.damaged_after_s}
    info |= {name: value for name, value in optional.items() if value is not None}
    with replacing(path) as temporary:
        # safetensors writes the keys of its metadata in random order: one key gives the same bytes every time
        save_file(tensors, temporary, {"kinesics": json.dumps(info, sort_keys=True)})


def read_features(path: str | Path) -> Features:
    """Read a features file. Raises KinesicsError, naming the file, if it is none."""
    try:
        with safe_open(path, "np") as file:
            metadata: dict[str, str] = file.metadata() or {}
            info = json.loads(metadata["kinesics"])
            crops = sorted({key.split(".")[0] for key in file.keys()})  # noqa: SIM118 - not a dict
            values = {crop: CropFeatures(*(file.get_tensor(f"{crop}.{name}") for name in TENSORS)) for crop in crops}
        features = Features(
            info["video"], info["encoder"], info["rate_hz"], values, info.get("stream"), info.get("damaged_after_s")
        )
    except FileNotFoundError:
        raise KinesicsError(f"{path}: no such file; make it with: kinesics encode") from None
    except (OSError, SafetensorError, KeyError, ValueError, TypeError) as error:
        raise KinesicsError(f"{path}: not a features file of kinesics: {error}") from None
    for crop, rows in values.items():
        times, person, tokens = rows.time_s, rows.person, rows.tokens
        if times.ndim != 1 or person.shape != times.shape or tokens.ndim != 2 or len(tokens) != len(times):
            raise KinesicsError(f"{path}: damaged: not one time, person and token each of {crop!r}; make it again")
        if not (np.isfinite(tokens).all() and (times >= 0).all()):
            raise KinesicsError(f"{path}: damaged: a token or a time of {crop!r} cannot be; make it again")
    return features
