"""The shapes of inputs and outputs that ``registry.csv`` declares of each encoder."""

import math
from dataclasses import dataclass

import numpy as np

from kinesics.encoders import registry


@dataclass(frozen=True)
class EncoderShape:
    """The type of input of an encoder, the shape of one input (empty for a text), and the length of a feature vector."""

    kind: str
    input: tuple[int, ...]
    dim: int

    @property
    def dtype(self) -> type[np.generic]:
        """The type of the numbers of an input that is no text."""
        return np.float32 if self.kind == "sound" else np.uint8

    @property
    def bytes(self) -> int:
        """The size of one input in bytes."""
        return math.prod(self.input) * np.dtype(self.dtype).itemsize


def encoder_shape(name: str) -> EncoderShape:
    """Return the shapes that the table declares of an encoder. Raises KinesicsError for an unknown name."""
    registry.check_encoder(name)
    row = registry.ENCODERS[name]
    frames, size = int(row["frames"]), int(row["size"])
    inputs = {"image": (size, size, 3), "clip": (frames, size, size, 3), "sound": (frames,), "text": ()}
    return EncoderShape(row["input"], inputs[row["input"]], int(row["dim"]))
