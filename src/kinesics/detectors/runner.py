"""Train and run detectors on files.

Detectors are described in ``base``; a file may be read for several seeds at once.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from kinesics.detectors import registry
from kinesics.detectors.base import Temporal, Trainable
from kinesics.errors import KinesicsError
from kinesics.io.checkpoints import decision_threshold, write_checkpoint
from kinesics.signals.descriptor import ENCODERS
from kinesics.signals.recording import Recording, read_recordings
from kinesics.structures.events import (
    keep_events,
    read_events_csv,
    write_events_csv,
    write_tubes,
)


def fit_files(
    detector: str,
    tracks: list[str | Path],
    features: list[str | Path],
    truth: list[str | Path],
    out: str | Path,
    seed: int = 0,
    validation: list[str | Path] = (),
    options: Mapping[str, float] | None = None,
) -> None:
    """Train a detector on the clips of these files and write what it learned (safetensors, atomically).

    ``validation`` are tracks files of clips that calibrate its scores; ``features`` and ``truth`` may speak of both.
    ``options`` replace its training options: steps, batch, rate, decay and its own.
    """
    fit_seeds(detector, tracks, features, truth, {seed: out}, validation, options)


def fit_seeds(
    detector: str,
    tracks: list[str | Path],
    features: list[str | Path],
    truth: list[str | Path],
    outs: dict[int, str | Path],
    validation: list[str | Path] = (),
    options: Mapping[str, float] | None = None,
) -> None:
    """Do what ``fit_files`` does for every seed and its file: files are read, and networks compiled, once for all."""
    trainable = registry.find_detector(detector)
    if not isinstance(trainable, Trainable):
        raise KinesicsError(f"detector {detector!r} does not learn: it cannot be trained")
    if options and not isinstance(trainable, Temporal):
        raise KinesicsError(f"detector {detector!r} is not trained by steps: it has no options")
    read = {Path(path).resolve() for part in (tracks, features, truth, validation) for path in part}
    for out in outs.values():
        if Path(out).resolve() in read:
            raise KinesicsError(f"{out} would be overwritten: give another name for what is written")
    training, held_out = (read_recordings(part, features) for part in (tracks, validation))
    for clip in [*training, *held_out]:
        check_features(detector, clip)
    if both := {clip.tracks.video for clip in training} & {clip.tracks.video for clip in held_out}:
        raise KinesicsError(f"{min(both)!r} is a training and a validation video: a clip can be only one of them")
    coders = [read_events_csv(path) for path in truth]
    for path, events in zip(truth, coders, strict=True):
        _refuse_other_truth(path, events, training, held_out)
    for seed, out in outs.items():
        learned = trainable.fit(training, coders, seed, held_out, **(options or {}))
        write_checkpoint(trainable.name, learned, out)


class Run(NamedTuple):
    """Files of one run of a detector on one video: what it reads, what it writes."""

    tracks: str | Path
    features: Sequence[str | Path]
    seed: int
    model: str | Path | None
    events: str | Path
    tubes: str | Path | None = None


def detect_files(
    detector: str,
    tracks: str | Path,
    features: list[str],
    model: str | Path | None,
    events_out: str | Path,
    tubes_out: str | Path | None = None,
    seed: int = 0,
    confident_only: bool = False,
) -> pd.DataFrame:
    """Run a detector on the recording of these files; write its events table and tubes; return the events.

    With ``confident_only``, only the events that reach the decision threshold that the model learned on its validation
    recordings, if it has one: average precision wants all candidates, a reader those that are more right than wrong.
    """
    return detect_runs(detector, [Run(tracks, features, seed, model, events_out, tubes_out)], confident_only)[0]


def detect_runs(detector: str, runs: Sequence[Run], confident_only: bool = False) -> list[pd.DataFrame]:
    """Do what ``detect_files`` does for several runs; those of one video in a row share its recording, which is read once."""
    method = registry.find_detector(detector)
    tables, before, recording = [], None, None
    for run in runs:
        if (run.tracks, run.features) != before:
            before, recording = (run.tracks, run.features), read_recordings([run.tracks], run.features)[0]
            check_features(detector, recording)
        events, tubes = method.detect(recording, Path(run.model) if run.model else None, run.seed)
        if confident_only and run.model:
            events, tubes = keep_events(events, tubes, events["score"].to_numpy() >= decision_threshold(run.model))
        if run.tubes:
            write_tubes(tubes, run.tubes)
        write_events_csv(events, run.events)
        tables.append(events)
    return tables


def _refuse_other_truth(
    path: str | Path, events: pd.DataFrame, training: list[Recording], held_out: list[Recording]
) -> None:
    """Raise KinesicsError naming the truth if it has an event after a video's end, or none in the validation videos."""
    for clip in [*training, *held_out]:
        starts = events.loc[events["video"] == clip.tracks.video, "start_s"]
        if len(starts) and starts.max() >= clip.tracks.duration_s:
            raise KinesicsError(
                f"{path}: an event of {clip.tracks.video!r} starts at {starts.max():g} s, but its tracks last "
                f"{clip.tracks.duration_s:g} s"
            )
    if held_out and not events["video"].isin([clip.tracks.video for clip in held_out]).any():
        raise KinesicsError(f"{path}: no event lies in a validation video: scores cannot be calibrated")


def check_features(detector: str, clip: Recording) -> None:
    """Raise KinesicsError if a recording lacks features that the detector reads, or has some of another encoder."""
    for encoder in registry.required_encoders(detector):
        if encoder not in clip.features:
            raise KinesicsError(
                f"detector {detector!r} reads features of {encoder!r}, but none of {clip.tracks.video!r} were given"
            )
        sizes = {values.tokens.shape[1] for values in clip.features[encoder].crops.values()}
        if encoder in ENCODERS and sizes - {ENCODERS[encoder]}:
            raise KinesicsError(
                f"features of {encoder!r} on {clip.tracks.video!r} have {max(sizes)} numbers a row, not "
                f"{ENCODERS[encoder]}: make them again with kinesics encode"
            )
