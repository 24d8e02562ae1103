"""Contracts of detectors, on which the runner, the studies and the command line rely.

A detector maps a ``Recording`` (tracks and features of one video) to an events table and its tubes (see
``structures.events``). Each detector is one file of this package that defines ``DETECTOR``, an instance that fulfils
one or more of these protocols, and one row of ``registry.csv``.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, runtime_checkable

import numpy as np
import pandas as pd

from kinesics.signals.recording import Recording

#: Learned arrays by name, as in a checkpoint (safetensors).
Arrays = dict[str, np.ndarray]
#: An events table, and the box of every frame of every event.
EventsAndTubes = tuple[pd.DataFrame, pd.DataFrame]
#: How useful a query is expected to be, by person and crop type: (frames,), at least 0.
Utility = dict[tuple[int, str], np.ndarray]


@runtime_checkable
class Detector(Protocol):
    """A method that detects events in a recording."""

    @property
    def name(self) -> str:
        """The name that checkpoints record."""
        ...

    @property
    def labels(self) -> tuple[str, ...]:
        """The labels that it can output."""
        ...

    def detect(self, recording: Recording, model: Path | None, seed: int = 0) -> EventsAndTubes:
        """Return events and tubes. ``model`` is the file of released or learned weights, or None."""
        ...


@runtime_checkable
class Trainable(Detector, Protocol):
    """A detector that learns from annotated recordings."""

    def fit(
        self,
        recordings: list[Recording],
        truth: list[pd.DataFrame],
        seed: int,
        validation: Sequence[Recording] = (),
        **options: float,
    ) -> Arrays:
        """Return learned arrays.

        ``truth`` has one events table per annotator. ``validation`` recordings only calibrate scores and set thresholds.
        """
        ...


@runtime_checkable
class Temporal(Trainable, Protocol):
    """A temporal network, optimised in steps at a fixed frame rate."""

    @property
    def options(self) -> Mapping[str, float]:
        """Training options with their defaults: steps, rate, decay, and the network's own."""
        ...

    def read(self, path: Path) -> Arrays:
        """Read and check a checkpoint. Raises KinesicsError naming the file."""
        ...

    def rate_hz(self, checkpoint: Arrays) -> float:
        """Return the frame rate that the network was trained at."""
        ...


@runtime_checkable
class Budgeted(Temporal, Protocol):
    """A detector that needs only a share of an encoder's tokens."""

    @property
    def encoder(self) -> str:
        """The encoder whose queries a token budget limits."""
        ...

    def uncertainty(self, checkpoint: Arrays, recording: Recording) -> Utility:
        """Return the entropy of the labels without any token, the utility of the policy ``uncertain``."""
        ...


@dataclass(frozen=True)
class FixedDetector:
    """A ``Detector`` made of a function."""

    name: str
    labels: tuple[str, ...]
    detect: Callable[..., EventsAndTubes]


@dataclass(frozen=True)
class LearnedDetector(FixedDetector):
    """A ``Trainable`` made of two functions."""

    fit: Callable[..., Arrays]
