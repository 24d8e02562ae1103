"""Detectors that are temporal models: training, decoding and calibration are those of ``kinesics.models``."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from kinesics.detectors.base import Arrays, EventsAndTubes
from kinesics.models.fitting import default_options, fit_model
from kinesics.models.inference import detect_events
from kinesics.models.temporal_model import TemporalModel, read_model_checkpoint, settings_of
from kinesics.signals.recording import Recording
from kinesics.structures.vocabulary import LABELS


@dataclass(frozen=True)
class TemporalDetector:
    """A ``Temporal`` detector. Of its labels it outputs those that occur in its training annotations."""

    model: TemporalModel
    labels: tuple[str, ...] = tuple(LABELS.index)

    @property
    def name(self) -> str:
        """The model's name."""
        return self.model.name

    @property
    def options(self) -> Mapping[str, float]:
        """The model's training options with their defaults."""
        return default_options(self.model)

    def fit(
        self,
        recordings: list[Recording],
        truth: list[pd.DataFrame],
        seed: int,
        validation: Sequence[Recording] = (),
        **options: float,
    ) -> Arrays:
        """Return the checkpoint of the model trained with ``options`` in place of its own (``fit_model``)."""
        return fit_model(self.model, recordings, truth, seed, validation, **options)

    def detect(self, recording: Recording, model: Path | None, seed: int = 0) -> EventsAndTubes:
        """Return events and tubes with the checkpoint of this file. ``seed`` is not used."""
        return detect_events(self.model, recording, model)

    def read(self, path: Path) -> Arrays:
        """Read and check a checkpoint. Raises KinesicsError naming the file."""
        return read_model_checkpoint(self.model, path)

    def rate_hz(self, checkpoint: Arrays) -> float:
        """Return the frame rate that a checkpoint was trained at."""
        return settings_of(checkpoint)["rate_hz"]
