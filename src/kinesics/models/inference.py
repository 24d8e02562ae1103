"""Decode a temporal model's outputs into scored events."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from kinesics.errors import KinesicsError
from kinesics.models.decoding import FLOOR, apply_calibration, soft_nms
from kinesics.models.sequences import PersonSequence, Scaling, person_sequences
from kinesics.models.temporal_model import (
    ENCODER,
    Checkpoint,
    Segments,
    TemporalModel,
    build_network,
    read_model_checkpoint,
    settings_of,
)
from kinesics.signals.event_assembly import assemble_events
from kinesics.signals.recording import Recording
from kinesics.structures.events import BOX


def scaled_sequences(
    checkpoint: Checkpoint, recording: Recording, encoder: str | None = ENCODER
) -> list[PersonSequence]:
    """Return a recording's sequences in the checkpoint's scale. Raises KinesicsError for tracks of another rate."""
    rate_hz = settings_of(checkpoint)["rate_hz"]
    if recording.tracks.rate_hz != rate_hz:
        raise KinesicsError(
            f"tracks of {recording.tracks.video!r} have {recording.tracks.rate_hz:g} Hz, but the model learned at "
            f"{rate_hz:g} Hz: track again at that rate"
        )
    scaling = Scaling(*(checkpoint[f"scaling.{name}"] for name in Scaling.__dataclass_fields__))
    return [scaling.apply(sequence) for sequence in person_sequences(recording, encoder)]


def predict_events(
    model: TemporalModel, checkpoint: Checkpoint, recording: Recording
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return events and tubes of a recording: candidates, soft-NMS per label, calibrated scores of at least FLOOR."""
    labels = settings_of(checkpoint)["labels"]
    return assemble_events(
        recording.tracks,
        [
            (sequence.person, labels[label], start, stop, score)
            for sequence, segments in _scored_segments(model, checkpoint, recording)
            for start, stop, label, score in segments
        ],
    )


def predict_times(model: TemporalModel, checkpoint: Checkpoint, recording: Recording) -> pd.DataFrame:
    """Return the events of ``predict_events`` without boxes, enough for metrics over time."""
    return events_without_boxes(_scored_segments(model, checkpoint, recording), settings_of(checkpoint)["labels"])


def _scored_segments(
    model: TemporalModel, checkpoint: Checkpoint, recording: Recording
) -> list[tuple[PersonSequence, Segments]]:
    """Return the segments of each person, calibrated if the checkpoint is, with scores of at least FLOOR."""
    network, settings = build_network(model, checkpoint), settings_of(checkpoint)
    results = []
    for sequence in scaled_sequences(checkpoint, recording):
        segments = suppress_overlaps(model, model.outputs(network, sequence), sequence, settings)
        table = np.array(segments, float).reshape(-1, 4)
        if "calibration" in checkpoint:
            table[:, 3] = apply_calibration(table[:, 3], table[:, 2].astype(int), checkpoint["calibration"])
        kept = table[table[:, 3] >= FLOOR]
        results.append((sequence, [(start, stop, int(label), score) for start, stop, label, score in kept.tolist()]))
    return results


def suppress_overlaps(model: TemporalModel, outputs: Any, sequence: PersonSequence, settings: dict) -> Segments:
    """Return a sequence's candidates, cut at the video's ends, with their scores after soft-NMS."""
    table = np.array(model.candidates(outputs, settings), float).reshape(-1, 4)
    table[:, :2] = table[:, :2].clip(0, len(sequence.descriptor))
    table = table[(table[:, 1] - table[:, 0] >= 1) & (table[:, 3] >= FLOOR)]
    kept = []
    for label in range(len(settings["labels"])):
        rows = table[table[:, 2] == label]
        scores = soft_nms(rows[:, :2], rows[:, 3], settings["sigma"])
        kept += [(start, stop, label, score) for (start, stop), score in zip(rows[:, :2], scores, strict=True) if score]
    return kept


def events_without_boxes(segments: list[tuple[PersonSequence, Segments]], labels: list[str]) -> pd.DataFrame:
    """Return the events of each person's segments without boxes, enough for average precision."""
    rows = [
        (
            sequence.video,
            sequence.person,
            labels[label],
            start / sequence.rate_hz,
            stop / sequence.rate_hz,
            score,
        )
        for sequence, part in segments
        for start, stop, label, score in part
    ]
    table = pd.DataFrame(rows, columns=["video", "person", "label", "start_s", "end_s", "score"])
    return table.assign(**dict.fromkeys(BOX, np.nan))


def detect_events(model: TemporalModel, recording: Recording, path: Path) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return events and tubes of a recording with the checkpoint of this file."""
    return predict_events(model, read_model_checkpoint(model, path), recording)
