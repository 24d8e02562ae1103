"""Detectors after the conventions of scikit-learn: ``fit`` learns, what is learned ends in ``_``, parameters are arguments."""

import inspect
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Self

import pandas as pd

from kinesics import api
from kinesics.api import training
from kinesics.api.annotation import annotate
from kinesics.detectors.packaged import needs_model
from kinesics.errors import KinesicsError
from kinesics.io.files import replacing, temporary_folder


class Detector:
    """A detector of behavioural events that is fitted on annotated videos and applied to others.

    ``detector`` is a name of ``detectors.registry`` (default: ``ranked``). One that does not learn, or that comes with a
    checkpoint, needs no ``fit``. ``model`` is the checkpoint of one that was trained before. The other parameters are those of
    ``training.train`` and ``annotation.annotate``.

    ``checkpoint_`` holds what ``fit`` has learned, as the bytes of a safetensors file.
    """

    def __init__(  # noqa: PLR0913 - parameters are keyword-only settings
        self,
        detector: str | None = None,
        *,
        model: str | Path | None = None,
        options: Mapping[str, float] | None = None,
        labels: Sequence[str] = (),
        min_score: float = 0.0,
        rate_hz: float = api.RATE_HZ,
        max_people: int = api.MAX_PEOPLE,
        seed: int = 0,
        cache: str | Path | None = None,
        data: str | Path | None = None,
    ):
        self.detector = detector
        self.model = model
        self.options = options
        self.labels = labels
        self.min_score = min_score
        self.rate_hz = rate_hz
        self.max_people = max_people
        self.seed = seed
        self.cache = cache
        self.data = data

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Return the parameters by name."""
        return {name: getattr(self, name) for name in inspect.signature(type(self)).parameters}

    def set_params(self, **params: Any) -> Self:
        """Set parameters. Raises ValueError for an unknown one."""
        known = self.get_params()
        for name, value in params.items():
            if name not in known:
                raise ValueError(f"{name!r} is not a parameter. The parameters are {', '.join(known)}.")
            setattr(self, name, value)
        return self

    def __repr__(self) -> str:
        defaults = inspect.signature(type(self)).parameters
        changed = [f"{n}={v!r}" for n, v in self.get_params().items() if v != defaults[n].default]
        return f"Detector({', '.join(changed)})"

    def fit(
        self,
        videos: Sequence[str | Path],
        truth: training.Truth | Sequence[training.Truth],
        validation: Sequence[str | Path] = (),
    ) -> Self:
        """Learn from annotated videos; see ``training.train``. Raises KinesicsError if the detector does not learn."""
        annotators = [truth] if isinstance(truth, training.Truth) else list(truth)
        with temporary_folder() as folder:
            training.train(
                videos,
                annotators,
                folder / "model.safetensors",
                detector=self.detector or api.DEFAULT_DETECTOR,
                validation=validation,
                seed=self.seed,
                options=self.options,
                rate_hz=self.rate_hz,
                max_people=self.max_people,
                cache=self.cache,
                data=self.data,
            )
            self.checkpoint_ = (folder / "model.safetensors").read_bytes()
        return self

    def predict(self, video: str | Path) -> pd.DataFrame:
        """Return the events of a video as a table (``structures.events``).

        Raises KinesicsError for bad input, and if the detector learns and was not fitted.
        """
        options: dict[str, Any] = {
            "labels": tuple(self.labels),
            "min_score": self.min_score,
            "rate_hz": self.rate_hz,
            "max_people": self.max_people,
            "seed": self.seed,
            "data": self.data,
        }
        if not hasattr(self, "checkpoint_"):
            if self.detector and needs_model(self.detector) and not self.model:
                raise KinesicsError(f"{self!r} is not fitted: call fit(videos, truth) first, or give its model")
            model = Path(self.model) if self.model else None
            return annotate(video, detector=self.detector, model=model, **options)
        with temporary_folder() as folder:
            path = folder / "model.safetensors"
            path.write_bytes(self.checkpoint_)
            return annotate(video, detector=self.detector, model=path, **options)

    def save(self, path: str | Path) -> None:
        """Write what was learned as a checkpoint, for ``model`` or ``kinesics annotate --model``.

        Raises KinesicsError if nothing was learned.
        """
        if not hasattr(self, "checkpoint_"):
            raise KinesicsError(f"{self!r} is not fitted: there is nothing to save")
        with replacing(path) as temporary:
            temporary.write_bytes(self.checkpoint_)
