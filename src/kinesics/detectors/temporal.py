"""Detectors that are temporal networks: training, decoding and calibration are those of ``kinesics.models``."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from kinesics.detectors.base import Arrays, EventsAndTubes
from kinesics.models.fitting import default_options, fit_model
from kinesics.models.inference import detect_events
from kinesics.models.method import TemporalModel, read_model_checkpoint, settings_of
from kinesics.signals.recording import Recording
from kinesics.structures.vocabulary import LABELS


@dataclass(frozen=True)
class TemporalDetector:
    """A ``Temporal`` detector. Its labels are those of the vocabulary that occur in its training truth."""

    model: TemporalModel
    labels: tuple[str, ...] = tuple(LABELS.index)

    @property
    def name(self) -> str:
        return self.model.name

    @property
    def options(self) -> Mapping[str, float]:
        return default_options(self.model)

    def fit(
        self,
        recordings: list[Recording],
        truth: list[pd.DataFrame],
        seed: int,
        validation: Sequence[Recording] = (),
        **options: float,
    ) -> Arrays:
        return fit_model(self.model, recordings, truth, seed, validation, **options)

    def detect(self, recording: Recording, model: Path | None, seed: int = 0) -> EventsAndTubes:
        return detect_events(self.model, recording, model, seed)

    def read(self, path: Path) -> Arrays:
        return read_model_checkpoint(self.model, path)

    def rate_hz(self, checkpoint: Arrays) -> float:
        return settings_of(checkpoint)["rate_hz"]
