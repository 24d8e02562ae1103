"""Detectors: one file a method; a clip's tracks and features in, events and their tubes out.

A detector is a row of ``detectors.csv`` that names its module of this package, with

``LABELS``  the labels it speaks about;
``fit``     ``fit(clips, truth, seed, validation=()) -> dict of arrays``, only where it learns; ``truth`` is a list of events
            tables, one a coder; ``validation`` are clips from which only scores' calibration and thresholds come;
``detect``  ``detect(clip, model, seed) -> (events, tubes)``; ``model`` is the file of released or learned weights, or None.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import ModuleType

import numpy as np
import pandas as pd
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from kinesics import KinesicsError, catalogue
from kinesics.events import BOX, TUBE_COLUMNS, check_events, empty_events, read_events, write_events, write_tubes
from kinesics.features import Features, read_features
from kinesics.files import replacing
from kinesics.labels import FAMILY, LABELS
from kinesics.segments import hysteresis, seconds
from kinesics.streams import ENCODERS, PERSON, Layout, person_stream
from kinesics.tracks import FACE_BOX, PERSON_BOX, VISIBLE, Tracks, read_tracks

#: The smallest event of the coding manual and the gap over which it joins events of one label, in seconds.
MIN_S, GAP_S = 0.5, 0.5
#: Speech is joined over longer pauses.
SPEECH_GAP_S = 1.0
#: Pose landmarks of the hands: wrists, little fingers, index fingers, thumbs.
POSE_HANDS = list(range(15, 23))


@dataclass(frozen=True)
class Clip:
    """What a detector sees of a video: its tracks, and its features by encoder.

    ``streams`` holds the cheap streams once they were asked for, or those of data that have their own, whose columns are of
    another ``layout``; copies with other features of the slow encoders share it.
    """

    tracks: Tracks
    features: dict[str, Features]
    streams: dict[int, np.ndarray] = field(default_factory=dict, repr=False)
    layout: Layout = field(default=PERSON, repr=False)

    def stream(self, person: int) -> np.ndarray:
        """Return the cheap stream of a person: float32 (frames, D), not to be written into."""
        if person not in self.streams:
            self.streams[person] = person_stream(self.tracks, person, *map(self.features.get, ENCODERS))
        return self.streams[person]

    def asked(self, features: Features) -> "Clip":
        """Return the clip with other features of one encoder, such as those of fewer calls."""
        return replace(self, features=self.features | {features.encoder: features})


def read_model(path: Path, detector: str) -> dict[str, np.ndarray]:
    """Read what a detector has learned. Raises KinesicsError, naming the file, if it is none."""
    try:
        with safe_open(path, "np") as file:
            made_by = (file.metadata() or {}).get("detector", "").rpartition(".")[2]
            if made_by != detector:
                raise KinesicsError(
                    f"{path}: learned by {made_by or 'something else'!r}, not by detector {detector!r}: "
                    "give a file that `kinesics train` or the workflow wrote for it"
                )
            return {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - not a dict
    except FileNotFoundError:
        raise KinesicsError(f"{path}: no such file; detector {detector!r} has to be trained first") from None
    except (OSError, SafetensorError) as error:
        raise KinesicsError(f"{path}: not a model of detector {detector!r}: {error}") from None


def detector_of(path: str | Path) -> str:
    """Return the module of the detector that learned a model. Raises KinesicsError, naming the file, if it is none."""
    try:
        with safe_open(path, "np") as file:
            found = (file.metadata() or {}).get("detector", "").rpartition(".")[2]
    except FileNotFoundError:
        raise KinesicsError(f"{path}: no such file; make it with: kinesics train") from None
    except (OSError, SafetensorError) as error:
        raise KinesicsError(f"{path}: not a model: {error}") from None
    if not found:
        raise KinesicsError(
            f"{path}: not a model: it does not say which detector learned it; give a file that `kinesics train` wrote"
        )
    return found


def write_model(module: ModuleType, model: dict[str, np.ndarray], out: str | Path) -> None:
    """Write what the detector of this module has learned (safetensors, atomically)."""
    with replacing(out) as temporary:
        arrays = {name: np.ascontiguousarray(value) for name, value in sorted(model.items())}
        save_file(arrays, temporary, {"detector": module.__name__})


def threshold(path: str | Path) -> float:
    """Return the score from which on a model's events are decisions: what it learned on validation clips, or 0.

    Raises KinesicsError, naming the file, if it is no model.
    """
    if Path(path).suffix != ".safetensors":  # released weights of another kind
        return 0.0
    try:
        with safe_open(path, "np") as file:
            return float(file.get_tensor("threshold")[0]) if "threshold" in file.keys() else 0.0  # noqa: SIM118 - not a dict
    except (OSError, SafetensorError) as error:
        raise KinesicsError(f"{path}: not a model: {error}") from None


def boxes(tracks: Tracks, person: int, label: str) -> np.ndarray:
    """Return the box that an event of this label is drawn with, at every frame: (frames, 4), NaN where not seen.

    The kind of box (face, hands, person) is the label's in ``labels.csv``; the hands' box is that of the visible hand
    meshes, or else of the hands' points of the body pose.
    """
    kind = LABELS["box"].get(label, "person")
    if kind == "face":
        return tracks.dense(person, FACE_BOX)
    if kind == "person":
        return tracks.dense(person, PERSON_BOX)
    points = np.concatenate([tracks.dense(person, side)[..., :2] for side in ("left_hand", "right_hand")], 1)
    pose = tracks.dense(person, "pose")[:, POSE_HANDS]
    # The pose guesses hands that are hidden or outside the frame.
    pose = np.where(pose[..., 3:] >= VISIBLE, pose[..., :2], np.nan)
    unseen = np.isnan(points).all((1, 2))
    return np.where(unseen[:, None], _extent(pose), _extent(points))


def read_clips(tracks: list[str | Path], features: list[str | Path]) -> list[Clip]:
    """Read clips from their tracks files and any feature files, matched by the video they name.

    Raises KinesicsError if a video has two tracks, or two features of one encoder.
    """
    found: dict[str, dict[str, Features]] = {}
    for path in features:
        one = read_features(path)
        if one.encoder in found.setdefault(one.video, {}):
            raise KinesicsError(f"{path}: another file has features of {one.encoder!r} on {one.video!r} too: give one")
        found[one.video][one.encoder] = one
    clips: dict[str, Clip] = {}
    for path in tracks:
        track = read_tracks(path)
        if track.video in clips:
            raise KinesicsError(f"{path}: another file has tracks of {track.video!r} too: give one")
        clips[track.video] = Clip(track, found.get(track.video, {}))
    return list(clips.values())


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
    ``options`` replace those of its ``METHOD``: steps, batch, rate, decay and its own.
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
    module = catalogue.detector(detector)
    if options and not hasattr(module, "METHOD"):
        raise KinesicsError(f"detector {detector!r} is not trained by steps: it has no options")
    read = {Path(path).resolve() for part in (tracks, features, truth, validation) for path in part}
    for out in outs.values():
        if Path(out).resolve() in read:
            raise KinesicsError(f"{out} would be overwritten: give another name for what is written")
    training, held_out = (read_clips(part, features) for part in (tracks, validation))
    for clip in [*training, *held_out]:
        _refuse_missing(detector, clip)
    if both := {clip.tracks.video for clip in training} & {clip.tracks.video for clip in held_out}:
        raise KinesicsError(f"{min(both)!r} is a training and a validation video: a clip can be only one of them")
    coders = [read_events(path) for path in truth]
    for path, events in zip(truth, coders, strict=True):
        _refuse_other_truth(path, events, training, held_out)
    for seed, out in outs.items():
        write_model(module, module.fit(training, coders, seed, held_out, **(options or {})), out)


def detect_files(
    detector: str,
    tracks: str | Path,
    features: list[str],
    model: str | Path | None,
    events_out: str | Path,
    tubes_out: str | Path | None = None,
    seed: int = 0,
    sure: bool = False,
) -> pd.DataFrame:
    """Run a detector on the clip of these files; write its events table and tubes; return the events.

    With ``sure``, only the events that reach the threshold that the model learned on its validation clips, if it has one:
    average precision wants all candidates, a reader those that are more right than wrong.
    """
    return detect_seeds(detector, tracks, features, {seed: (model, events_out, tubes_out)}, sure)[seed]


def detect_seeds(
    detector: str,
    tracks: str | Path,
    features: list[str],
    runs: dict[int, tuple[str | Path | None, str | Path, str | Path | None]],
    sure: bool = False,
) -> dict[int, pd.DataFrame]:
    """Do what ``detect_files`` does for every seed and its model, events and tubes: the clip is read once for all."""
    module = catalogue.detector(detector)
    clip = read_clips([tracks], features)[0]
    _refuse_missing(detector, clip)
    found = {}
    for seed, (model, events_out, tubes_out) in runs.items():
        events, tubes = module.detect(clip, Path(model) if model else None, seed)
        if sure and model:
            kept = np.flatnonzero(events["score"] >= threshold(model))
            events = events.iloc[kept].reset_index(drop=True)
            tubes = tubes[tubes["event"].isin(kept)].assign(
                event=lambda rows, kept=kept: np.searchsorted(kept, rows["event"])
            )
        if tubes_out:
            write_tubes(tubes, tubes_out)
        write_events(events, events_out)
        found[seed] = events
    return found


def _refuse_other_truth(path: str | Path, events: pd.DataFrame, training: list[Clip], held_out: list[Clip]) -> None:
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


def _refuse_missing(detector: str, clip: Clip) -> None:
    for encoder in catalogue.encoders_of(detector):
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


def from_scores(
    clip: Clip, scores: dict[tuple[int, str], np.ndarray], on: float, off: float
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Turn the scores in [0, 1] of each (person, label), one a frame, into events and tubes by hysteresis.

    Minimum length and joining follow the coding manual; an event's score is the mean over its frames.
    """
    rate = clip.tracks.rate_hz
    found = []
    for (person, label), score in sorted(scores.items()):
        gap_s = SPEECH_GAP_S if label == "speaking" else GAP_S
        # Smoothing reaches beyond the frames in which the person was seen; an event does not.
        score = np.where(np.isfinite(clip.tracks.dense(person, PERSON_BOX[0])), score, np.nan)
        for start, stop in hysteresis(score, on, off, round(MIN_S * rate), round(gap_s * rate)):
            found.append((person, label, start, stop, float(np.nanmean(score[start:stop]))))
    return assemble(clip.tracks, found)


def assemble(tracks: Tracks, found: list[tuple[int, str, float, float, float]]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the events table and the tubes of (person, label, start, stop, score), start and stop in sampled frames.

    Start and stop may lie within a frame; a tube has every frame that its event touches.
    """
    if not found:
        return empty_events(), pd.DataFrame(columns=TUBE_COLUMNS, dtype=float)
    cache: dict[tuple[int, str], np.ndarray] = {}
    rows = []
    for person, label, start, stop, score in found:
        if (person, label) not in cache:
            cache[person, label] = boxes(tracks, person, label)
        first, last = int(np.floor(start)), int(np.ceil(stop))
        box = cache[person, label][first:last]
        seen = np.isfinite(box).all(1)
        middle = np.median(box[seen], 0) if seen.any() else np.full(4, np.nan)
        times = seconds(np.array([start, stop]), tracks.rate_hz)
        rows.append(
            {"video": tracks.video, "person": person, "label": label, "family": FAMILY.get(label, "")}
            | {"start_s": times[0], "end_s": min(times[1], tracks.duration_s), "score": score}
            | dict(zip(BOX, middle, strict=True))
            | {"first": first, "last": last}
        )
    table = (
        pd.DataFrame(rows).sort_values(["start_s", "end_s", "person", "label"], kind="stable").reset_index(drop=True)
    )
    events = check_events(table, f"events of {tracks.video}")
    parts = []
    columns = (table[name].tolist() for name in ("person", "label", "first", "last"))
    for event, (person, label, first, last) in enumerate(zip(*columns, strict=True)):
        box = cache[person, label][first:last]
        seen = np.flatnonzero(np.isfinite(box).all(1))
        parts.append((np.full(len(seen), event), seconds(first + seen, tracks.rate_hz), box[seen]))
    number, time_s, box = (np.concatenate(part) for part in zip(*parts, strict=True))
    return events, pd.DataFrame(box, columns=BOX).assign(event=number, time_s=time_s)[TUBE_COLUMNS]


def _extent(points: np.ndarray) -> np.ndarray:
    """Return the box around points (frames, n, 2), ignoring NaN: (frames, 4)."""
    low = np.where(np.isnan(points), np.inf, points).min(1)
    high = np.where(np.isnan(points), -np.inf, points).max(1)
    # Landmarks may be guessed outside the frame; a box may not.
    box = np.concatenate([low, high], 1).clip(0, 1)
    box[np.isinf(low).any(1)] = np.nan
    return box
