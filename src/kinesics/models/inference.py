"""Decode a temporal model's outputs into scored events."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from kinesics.errors import KinesicsError
from kinesics.models.decoding import FLOOR, calibrated, soft_nms
from kinesics.models.method import ENCODER, Method, Model, Segments, network_of, read, settings_of
from kinesics.models.sequences import Scaling, Sequence, sequences
from kinesics.signals.event_assembly import assemble
from kinesics.signals.recording import Clip
from kinesics.structures.events import BOX


def scaled(model: Model, clip: Clip, encoder: str | None = ENCODER) -> list[Sequence]:
    """Return the clip's sequences in the model's scale. Raises KinesicsError for tracks of another rate."""
    if clip.tracks.rate_hz != settings_of(model)["rate_hz"]:
        raise KinesicsError(
            f"tracks of {clip.tracks.video!r} have {clip.tracks.rate_hz:g} Hz, but the model learned at "
            f"{settings_of(model)['rate_hz']:g} Hz: track again at that rate"
        )
    scale = Scaling(*(model[f"scaling.{name}"] for name in Scaling.__dataclass_fields__))
    return [scale.apply(one) for one in sequences(clip, encoder)]


def events_of(method: Method, model: Model, clip: Clip) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return events and tubes of a clip: candidates, soft-NMS a label, calibrated scores of at least FLOOR."""
    labels = settings_of(model)["labels"]
    return assemble(
        clip.tracks,
        [
            (sequence.person, labels[label], start, stop, score)
            for sequence, segments in _found(method, model, clip)
            for start, stop, label, score in segments
        ],
    )


def times_of(method: Method, model: Model, clip: Clip) -> pd.DataFrame:
    """Return the events of ``events_of`` without boxes: all that scores in time need."""
    return events_without_boxes(_found(method, model, clip), settings_of(model)["labels"])


def _found(method: Method, model: Model, clip: Clip) -> list[tuple[Sequence, Segments]]:
    network, settings = network_of(method, model), settings_of(model)
    found = []
    for sequence in scaled(model, clip):
        table = np.array(suppressed(method, method.outputs(network, sequence), sequence, settings), float).reshape(
            -1, 4
        )
        if "calibration" in model:
            table[:, 3] = calibrated(table[:, 3], table[:, 2].astype(int), model["calibration"])
        kept = table[table[:, 3] >= FLOOR]
        found.append((sequence, [(start, stop, int(label), score) for start, stop, label, score in kept.tolist()]))
    return found


def suppressed(method: Method, outputs: Any, sequence: Sequence, settings: dict) -> Segments:
    """Return the candidates, cut at the video's ends, with their scores after soft-NMS."""
    table = np.array(method.candidates(outputs, settings), float).reshape(-1, 4)
    table[:, :2] = table[:, :2].clip(0, len(sequence.stream))
    table = table[(table[:, 1] - table[:, 0] >= 1) & (table[:, 3] >= FLOOR)]
    kept = []
    for label in range(len(settings["labels"])):
        mine = table[table[:, 2] == label]
        scores = soft_nms(mine[:, :2], mine[:, 3], settings["sigma"])
        kept += [(start, stop, label, score) for (start, stop), score in zip(mine[:, :2], scores, strict=True) if score]
    return kept


def events_without_boxes(found: list[tuple[Sequence, Segments]], labels: list[str]) -> pd.DataFrame:
    """Return events without boxes: all that average precision needs."""
    rows = [
        (one.video, one.person, labels[label], start / one.rate_hz, stop / one.rate_hz, score)
        for one, segments in found
        for start, stop, label, score in segments
    ]
    table = pd.DataFrame(rows, columns=["video", "person", "label", "start_s", "end_s", "score"])
    return table.assign(**dict.fromkeys(BOX, np.nan))


def detect(method: Method, clip: Clip, model: Path, seed: int = 0) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return events and tubes with the model of this file. ``seed`` is not used."""
    return events_of(method, read(method, model), clip)
