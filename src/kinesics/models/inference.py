"""Decode a temporal model's outputs into scored events."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from kinesics.errors import KinesicsError
from kinesics.models.decoding import FLOOR, apply_calibration, soft_nms
from kinesics.models.method import (
    ENCODER,
    Checkpoint,
    Segments,
    TemporalModel,
    build_network,
    read_model_checkpoint,
    settings_of,
)
from kinesics.models.sequences import PersonSequence, Scaling, person_sequences
from kinesics.signals.event_assembly import assemble_events
from kinesics.signals.recording import Recording
from kinesics.structures.events import BOX


def scaled_sequences(model: Checkpoint, clip: Recording, encoder: str | None = ENCODER) -> list[PersonSequence]:
    """Return the clip's sequences in the model's scale. Raises KinesicsError for tracks of another rate."""
    if clip.tracks.rate_hz != settings_of(model)["rate_hz"]:
        raise KinesicsError(
            f"tracks of {clip.tracks.video!r} have {clip.tracks.rate_hz:g} Hz, but the model learned at "
            f"{settings_of(model)['rate_hz']:g} Hz: track again at that rate"
        )
    scale = Scaling(*(model[f"scaling.{name}"] for name in Scaling.__dataclass_fields__))
    return [scale.apply(one) for one in person_sequences(clip, encoder)]


def predict_events(method: TemporalModel, model: Checkpoint, clip: Recording) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return events and tubes of a clip: candidates, soft-NMS a label, calibrated scores of at least FLOOR."""
    labels = settings_of(model)["labels"]
    return assemble_events(
        clip.tracks,
        [
            (sequence.person, labels[label], start, stop, score)
            for sequence, segments in _found(method, model, clip)
            for start, stop, label, score in segments
        ],
    )


def predict_times(method: TemporalModel, model: Checkpoint, clip: Recording) -> pd.DataFrame:
    """Return the events of ``events_of`` without boxes: all that scores in time need."""
    return events_without_boxes(_found(method, model, clip), settings_of(model)["labels"])


def _found(method: TemporalModel, model: Checkpoint, clip: Recording) -> list[tuple[PersonSequence, Segments]]:
    network, settings = build_network(method, model), settings_of(model)
    found = []
    for sequence in scaled_sequences(model, clip):
        table = np.array(
            suppress_overlaps(method, method.outputs(network, sequence), sequence, settings), float
        ).reshape(-1, 4)
        if "calibration" in model:
            table[:, 3] = apply_calibration(table[:, 3], table[:, 2].astype(int), model["calibration"])
        kept = table[table[:, 3] >= FLOOR]
        found.append((sequence, [(start, stop, int(label), score) for start, stop, label, score in kept.tolist()]))
    return found


def suppress_overlaps(method: TemporalModel, outputs: Any, sequence: PersonSequence, settings: dict) -> Segments:
    """Return the candidates, cut at the video's ends, with their scores after soft-NMS."""
    table = np.array(method.candidates(outputs, settings), float).reshape(-1, 4)
    table[:, :2] = table[:, :2].clip(0, len(sequence.descriptor))
    table = table[(table[:, 1] - table[:, 0] >= 1) & (table[:, 3] >= FLOOR)]
    kept = []
    for label in range(len(settings["labels"])):
        mine = table[table[:, 2] == label]
        scores = soft_nms(mine[:, :2], mine[:, 3], settings["sigma"])
        kept += [(start, stop, label, score) for (start, stop), score in zip(mine[:, :2], scores, strict=True) if score]
    return kept


def events_without_boxes(found: list[tuple[PersonSequence, Segments]], labels: list[str]) -> pd.DataFrame:
    """Return events without boxes: all that average precision needs."""
    rows = [
        (one.video, one.person, labels[label], start / one.rate_hz, stop / one.rate_hz, score)
        for one, segments in found
        for start, stop, label, score in segments
    ]
    table = pd.DataFrame(rows, columns=["video", "person", "label", "start_s", "end_s", "score"])
    return table.assign(**dict.fromkeys(BOX, np.nan))


def detect_events(
    method: TemporalModel, clip: Recording, model: Path, seed: int = 0
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return events and tubes with the model of this file. ``seed`` is not used."""
    return predict_events(method, read_model_checkpoint(method, model), clip)
