"""Contracts of encoders: what extraction, detectors, studies and the command line may rely on.

An encoder is a frozen network that maps crops of people (images or clips), windows of audio, or texts to feature vectors.
Each encoder, or family of encoders, is one file of this package that defines ``ENCODER``, an instance that fulfils one of
these protocols, and each has one row of ``registry.csv``: its ``input`` (``image``, ``clip``, ``sound`` or ``text``), the
``frames`` of a clip or samples at 16 kHz of an audio window, the ``size`` of an image in pixels a side, the length ``dim``
of its feature vectors, and its ``weights``: sources of ``downloads.csv``, its own first, or a repository of the Hugging
Face hub (see ``weights``). Modules are imported when they are needed: torch and transformers take seconds.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import numpy as np

from kinesics.media.streams import ReadOptions

#: From N inputs to float32 (N, dim). Inputs are uint8 RGB images (N, height, width, 3), clips (N, frames, height, width, 3),
#: float32 audio in [-1, 1] (N, samples), or a list of N texts.
Encode = Callable[[Any], np.ndarray]


@runtime_checkable
class Encoder(Protocol):
    """A frozen network that outputs one feature vector per input."""

    @property
    def rate_hz(self) -> float:
        """Inputs a second, unless another rate is given."""
        ...

    def load(self, weights: Path) -> Encode:
        """Load the network from a file or folder. Raises KinesicsError, naming it, if it holds no such network."""
        ...


@runtime_checkable
class VisualEncoder(Encoder, Protocol):
    """An encoder of square crops of people: of single images, or of clips."""

    @property
    def crops(self) -> tuple[str, ...]:
        """The crop types that it is meant for: ``face``, ``person``."""
        ...

    @property
    def margin(self) -> float:
        """What is added on each side of a box, as a share of its longer side."""
        ...

    @property
    def span_s(self) -> float | None:
        """The length of a clip in seconds, or None for an encoder of images."""
        ...


@runtime_checkable
class AudioEncoder(Encoder, Protocol):
    """An encoder of windows of audio, centred on an instant."""

    @property
    def span_s(self) -> float:
        """The length of a window in seconds."""
        ...


@runtime_checkable
class TextEncoder(Encoder, Protocol):
    """An encoder of utterances, which it transcribes itself."""

    def utterances(
        self, video: str | Path, weights: str | Path, options: ReadOptions = ...
    ) -> Iterator[tuple[float, str]]:
        """Yield (start_s, text) of the utterances in a video, in the order of time; ``weights`` are the encoder's."""
        ...


@dataclass(frozen=True, kw_only=True)
class CropNetwork:
    """A ``VisualEncoder`` made of a function and its settings."""

    load: Callable[[Path], Encode]
    rate_hz: float
    crops: tuple[str, ...]
    margin: float
    span_s: float | None = None


@dataclass(frozen=True, kw_only=True)
class AudioNetwork:
    """An ``AudioEncoder`` made of a function and its settings."""

    load: Callable[[Path], Encode]
    rate_hz: float
    span_s: float


@dataclass(frozen=True, kw_only=True)
class TextNetwork:
    """A ``TextEncoder`` made of two functions and its rate."""

    load: Callable[[Path], Encode]
    rate_hz: float
    utterances: Callable[..., Iterator[tuple[float, str]]]  # of a video, weights and read options
