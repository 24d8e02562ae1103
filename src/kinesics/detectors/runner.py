"""Train and run detectors (``detectors.base``) on files, each of which is read once for all seeds."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from kinesics.detectors import registry
from kinesics.detectors.base import Temporal, Trainable
from kinesics.errors import KinesicsError
from kinesics.io.checkpoints import decision_threshold, write_checkpoint
from kinesics.signals.descriptor import ENCODERS
from kinesics.signals.recording import Recording, read_recordings
from kinesics.structures.events import keep_events, read_events_csv, write_events_csv, write_tubes


def fit_seeds(
    detector: str,
    tracks: Sequence[str | Path],
    features: Sequence[str | Path],
    truth: Sequence[str | Path],
    outs: Mapping[int, str | Path],
    validation: Sequence[str | Path] = (),
    options: Mapping[str, float] | None = None,
) -> None:
    """Train a detector on the recordings of these files and write one checkpoint per seed (safetensors, atomically).

    ``truth`` has one events table per annotator; ``outs`` maps each seed to its checkpoint. ``validation`` are the tracks
    files of recordings that only calibrate scores; ``features`` and ``truth`` may cover both. ``options`` replace the
    detector's training options: steps, batch, rate, decay and its own. Networks are compiled once for all seeds.

    Raises KinesicsError if the detector cannot be trained, a file cannot be read or would be overwritten, features are
    missing, or a recording is in training and validation.
    """
    trainable = registry.find_detector(detector)
    if not isinstance(trainable, Trainable):
        raise KinesicsError(f"detector {detector!r} does not learn: it cannot be trained")
    if options and not isinstance(trainable, Temporal):
        raise KinesicsError(f"detector {detector!r} is not trained by steps: it has no options")
    inputs = {Path(path).resolve() for part in (tracks, features, truth, validation) for path in part}
    for out in outs.values():
        if Path(out).resolve() in inputs:
            raise KinesicsError(f"{out} would be overwritten: give another name for what is written")
    training, held_out = (read_recordings(part, features) for part in (tracks, validation))
    for recording in [*training, *held_out]:
        check_features(detector, recording)
    if both := _videos(training) & _videos(held_out):
        raise KinesicsError(f"{min(both)!r} is a training and a validation video: a clip can be only one of them")
    annotators = [read_events_csv(path) for path in truth]
    for path, events in zip(truth, annotators, strict=True):
        _check_truth(path, events, training, held_out)
    for seed, out in outs.items():
        learned = trainable.fit(training, annotators, seed, held_out, **(options or {}))
        write_checkpoint(trainable.name, learned, out)


@dataclass(frozen=True)
class Run:
    """The files of one run of a detector on one video: inputs, and the events and tubes to write."""

    tracks: str | Path
    features: Sequence[str | Path]
    seed: int
    model: str | Path | None
    events: str | Path
    tubes: str | Path | None = None


def detect_runs(detector: str, runs: Sequence[Run], confident_only: bool = False) -> list[pd.DataFrame]:
    """Run a detector on recordings, write the events and tubes of each run, and return the events tables.

    Consecutive runs of one video share its recording, which is read once. With ``confident_only``, only events that reach the
    decision threshold of the model are kept, if it has one: average precision is computed from all candidates, while a reader
    wants those that are more likely right than wrong.
    """
    method = registry.find_detector(detector)
    tables, previous, recording = [], None, None
    for run in runs:
        if (run.tracks, run.features) != previous:
            previous, recording = (run.tracks, run.features), read_recordings([run.tracks], run.features)[0]
            check_features(detector, recording)
        events, tubes = method.detect(recording, Path(run.model) if run.model else None, run.seed)
        if confident_only and run.model:
            events, tubes = keep_events(events, tubes, events["score"].to_numpy() >= decision_threshold(run.model))
        if run.tubes:
            write_tubes(tubes, run.tubes)
        write_events_csv(events, run.events)
        tables.append(events)
    return tables


def check_features(detector: str, recording: Recording) -> None:
    """Raise KinesicsError if a recording lacks features that the detector reads, or has some of another size."""
    for encoder in registry.required_encoders(detector):
        if encoder not in recording.features:
            raise KinesicsError(
                f"detector {detector!r} reads features of {encoder!r}, but of {recording.tracks.video!r} only those of "
                f"{', '.join(sorted(recording.features)) or 'no encoder'} were given: make them with kinesics encode"
            )
        sizes = {values.tokens.shape[1] for values in recording.features[encoder].crops.values()}
        if encoder in ENCODERS and sizes - {ENCODERS[encoder]}:
            raise KinesicsError(
                f"features of {encoder!r} on {recording.tracks.video!r} have {max(sizes)} numbers a row, not "
                f"{ENCODERS[encoder]}: make them again with kinesics encode"
            )


def _check_truth(
    path: str | Path, events: pd.DataFrame, training: Sequence[Recording], held_out: Sequence[Recording]
) -> None:
    """Raise KinesicsError naming the truth if an event starts after its video's end, or none is in a validation video."""
    for recording in [*training, *held_out]:
        tracks = recording.tracks
        starts = events.loc[events["video"] == tracks.video, "start_s"]
        if len(starts) and starts.max() >= tracks.duration_s:
            raise KinesicsError(
                f"{path}: an event of {tracks.video!r} starts at {starts.max():g} s, but its tracks last "
                f"{tracks.duration_s:g} s"
            )
    if held_out and not events["video"].isin(_videos(held_out)).any():
        raise KinesicsError(f"{path}: no event lies in a validation video: scores cannot be calibrated")


def _videos(recordings: Sequence[Recording]) -> set[str]:
    return {recording.tracks.video for recording in recordings}
