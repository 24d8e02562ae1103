"""Score frozen features on a benchmark: the linear probe of ``detectors.probe`` in the official splits.

Clips: the mean token of the main person; the likeliest label wins. Accuracy is the weighted average recall (WAR), the mean
of the recalls of the classes the unweighted one (UAR), and weighted F1 the mean of the classes' F1 by their numbers.
Frames: the same at each instant for which the encoder has a token, with the mean of the classes' F1 (macro F1). Events and
boxes: the detector's scores, smoothed and cut by hysteresis, against the true segments in time, and the tubes of a benchmark
with boxes in space (``metrics.scoring.score``, where ``key`` of the benchmark's row names the official measure). With boxes,
the labels of a tracked person are those of the true boxes that overlap theirs by half (IoU). Intervals are over videos.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn.metrics import accuracy_score, f1_score, recall_score

from kinesics.detectors import probe
from kinesics.errors import KinesicsError
from kinesics.metrics.matching import MAP_TIOUS
from kinesics.metrics.scoring import score
from kinesics.metrics.tubes import ROUNDING_S, select_events
from kinesics.signals.event_assembly import events_from_scores
from kinesics.signals.recording import Recording
from kinesics.structures import timegrid
from kinesics.structures.boxes import box_iou
from kinesics.structures.events import BOX
from kinesics.structures.features import read_features
from kinesics.structures.tracks import PERSON_BOX, Tracks, read_tracks
from kinesics_paper.datasets.base import AnnotatedDataset, benchmark_row
from kinesics_paper.datasets.index import is_ignored, load_index

#: The most examples that a probe is trained on; of more, evenly spaced ones are taken.
EXAMPLES = 200_000
SAME_IOU = 0.5


@dataclass(frozen=True)
class ProbeData:
    """A benchmark, its row of ``benchmarks.csv``, and the tracks and features file of each of its videos."""

    dataset: AnnotatedDataset
    row: Mapping[str, str]
    tracks: Mapping[str, Path]
    features: Mapping[str, Path]
    encoder: str

    @property
    def boxed(self) -> bool:
        """Whether the truth has boxes."""
        return self.row["level"] == "box"

    def recording(self, video: str) -> Recording:
        """Return the tracks and features of a video."""
        return Recording(read_tracks(self.tracks[video]), {self.encoder: read_features(self.features[video])})

    def main_tokens(self, video: str) -> tuple[np.ndarray, np.ndarray]:
        """Return times (n,) and tokens (n, D) of the main person of a video; none without tracked persons."""
        features = {self.encoder: read_features(self.features[video])}
        person = main_person(read_tracks(self.tracks[video]), video)
        return probe.crops(features, -1 if person is None else person)


def evaluate(
    name: str, index: str | Path, tracks: list[str], features: list[str], encoder: str, *, resamples: int, seed: int = 0
) -> dict[str, Any]:
    """Return the scores of an encoder on a benchmark: ``folds`` and, of clips and frames, their ``mean``.

    ``tracks`` and ``features`` are the folders of all shards. Raises KinesicsError naming a video without its files.
    """
    data = ProbeData(load_index(index), benchmark_row(name), _files(tracks), _files(features), encoder)
    if missing := sorted(set(data.dataset.videos["video"]) - (set(data.features) & set(data.tracks))):
        raise KinesicsError(f"{missing[0]}: no tracks or features of this video of {name}; run its shard again")
    level, folds = data.row["level"], {}
    for fold, (train, test) in data.dataset.splits.items():
        if not train or not test:
            raise KinesicsError(f"{name}: fold {fold} has no videos in its {'test' if train else 'training'} part")
        if level == "clip":
            folds[fold] = classify_clips(data, train, test, seed)
        elif level == "frame":
            folds[fold] = classify_frames(data, train, test, seed)
        else:
            folds[fold] = detect_events(data, train, test, resamples=resamples, seed=seed)
    result = {"benchmark": name, "encoder": encoder, "level": level, "metric": data.row["metric"], "folds": folds}
    if level in ("clip", "frame"):
        metrics = next(iter(folds.values()))["metrics"]
        result["mean"] = {key: float(np.mean([scores["metrics"][key] for scores in folds.values()])) for key in metrics}
    return result


def _files(folders: list[str]) -> dict[str, Path]:
    return {path.stem: path for folder in folders for path in sorted(Path(folder).iterdir())}


def main_person(tracks: Tracks, video: str) -> int | None:
    """Return the person that the labels of a video refer to: person 0; the outermost if its name ends in left or right."""
    if not tracks.persons or not video.endswith(("_left", "_right")):
        return min(tracks.persons, default=None)
    middle = {person: np.nanmean(tracks.dense(person, [PERSON_BOX[0], PERSON_BOX[2]])) for person in tracks.persons}
    return (min if video.endswith("_left") else max)(middle, key=middle.get)


def classify_clips(data: ProbeData, train: Sequence[str], test: Sequence[str], seed: int) -> dict[str, Any]:
    """Return the scores of clips with one label each; ``unseen`` counts the clips without a tracked person."""
    label_of = data.dataset.events.set_index("video")["label"]
    examples, unseen = [], 0
    for videos in (train, test):
        tokens = [data.main_tokens(video)[1] for video in videos]
        means = [one.mean(0) if len(one) else np.zeros(one.shape[1]) for one in tokens]
        examples += [np.stack(means), label_of[videos].to_numpy()]
        unseen += sum(not len(one) for one in tokens)
    return _classify(*examples, seed) | {"unseen": unseen}


def classify_frames(data: ProbeData, train: Sequence[str], test: Sequence[str], seed: int) -> dict[str, Any]:
    """Return the scores of the labels at the instants of the tokens, of those that have a label."""
    examples = []
    for videos in (train, test):
        tokens, labels = [], []
        for video in videos:
            times, tokens_of_video = data.main_tokens(video)
            events = data.dataset.events[data.dataset.events["video"] == video]
            label_at = np.full(len(times), "", object)
            for event in events.itertuples():
                label_at[(times >= event.start_s) & (times < event.end_s)] = event.label
            keep = ~is_ignored(data.dataset, video, times) & (label_at != "")
            tokens.append(tokens_of_video[keep])
            labels.append(label_at[keep])
        examples += [np.concatenate(tokens), np.concatenate(labels)]
    return _classify(*examples, seed) | {"instants": len(examples[3])}


def _classify(x: np.ndarray, y: np.ndarray, x_test: np.ndarray, y_test: np.ndarray, seed: int) -> dict:
    """Train on x (n, D) and y (n,), classify x_test; return numbers and the measures against y_test."""
    if not len(y) or not len(y_test):
        raise KinesicsError("no person was tracked in the videos of the training or of the test part")
    classes = sorted(set(y))
    keep = _evenly_spaced(len(y))
    weights_of = probe.learn(x[keep], y[keep][:, None] == np.array(classes, object), classes, seed)
    trained = [label for label in classes if f"{label}.weight" in weights_of]
    if not trained:
        raise KinesicsError("no class has two training examples")
    weights = np.stack([weights_of[f"{label}.weight"] for label in trained])
    scores = (x_test - weights_of["mean"]) / weights_of["scale"] @ weights[:, :-1].T + weights[:, -1]
    predicted = np.array(trained, object)[scores.argmax(1)]
    measures = {
        "WAR": accuracy_score(y_test, predicted),
        "UAR": recall_score(y_test, predicted, labels=sorted(set(y_test)), average="macro", zero_division=0),
        "weighted F1": f1_score(y_test, predicted, average="weighted", zero_division=0),
        "macro F1": f1_score(y_test, predicted, labels=sorted(set(y_test)), average="macro", zero_division=0),
    }
    metrics = {name: round(float(value), 6) for name, value in measures.items()}
    return {"metrics": metrics, "n_train": len(y), "n_test": len(y_test), "classes": len(classes)}


def _evenly_spaced(count: int) -> np.ndarray:
    return np.unique(np.linspace(0, count - 1, min(count, EXAMPLES)).round().astype(int))


def detect_events(
    data: ProbeData, train: Sequence[str], test: Sequence[str], *, resamples: int, seed: int
) -> dict[str, Any]:
    """Return the scores of events, and of tubes if the truth has boxes, on the test part of a fold."""
    dataset, row = data.dataset, data.row
    labels = sorted(set(dataset.events["label"]))
    predicted, predicted_tubes = _predict_events(data, _train_events(data, train, labels, seed), test, labels)
    durations = dataset.videos.set_index("video")["duration_s"]
    tested = dataset.events["video"].isin(test).to_numpy()
    truth = dataset.events[tested].reset_index(drop=True)
    space = {}
    if data.boxed:
        if row["boxes_hz"]:
            predicted_tubes = _at_keyframes(predicted_tubes, float(row["boxes_hz"]))
            space["rate_hz"] = float(row["boxes_hz"])
        space["tubes"] = {"truth": select_events(dataset.tubes, tested), "predicted": predicted_tubes}
    result = score(
        truth,
        predicted,
        **space,
        durations={video: float(durations[video]) for video in test},
        labels=[label for label in labels if (truth["label"] == label).any()],
        map_tious=[float(value) for value in row["tious"].split()] or MAP_TIOUS,
        match_person=False,
        block_s=float("inf"),
        resamples=resamples,
        seed=seed,
    )
    return {
        "metrics": result["metrics"],
        "n_truth": len(truth),
        "n_predicted": result["n_predicted"],
        "n_test": len(test),
    }


def _train_events(data: ProbeData, train: Sequence[str], labels: list[str], seed: int) -> dict[str, np.ndarray]:
    """Return the weights of a probe of all labels."""
    tokens, targets = [], []
    for video in train:
        for tokens_of_person, active in _examples(data, video, labels):
            tokens.append(tokens_of_person)
            targets.append(active)
    x, y = np.concatenate(tokens), np.concatenate(targets)
    keep = _evenly_spaced(len(x))
    return probe.learn(x[keep], y[keep], labels, seed)


def _predict_events(
    data: ProbeData, weights: Mapping[str, np.ndarray], test: Sequence[str], labels: list[str]
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return events and tubes of the test videos; without boxes in the truth, those of the main person alone."""
    tables, tubes_tables = [], []
    for video in test:
        recording = data.recording(video)
        scores = probe.scores(recording, weights, labels)
        if not data.boxed:
            person = main_person(recording.tracks, video)
            scores = {key: value for key, value in scores.items() if key[0] == person}
        events, tubes = events_from_scores(recording, scores, probe.ON, probe.OFF)
        if not data.boxed:
            events = events.assign(person=0)  # as in the truth: a sequence is a video's
        keep = ~_mostly_ignored(data.dataset, video, events)
        tubes = select_events(tubes, keep)
        tubes_tables.append(tubes.assign(event=tubes["event"] + sum(map(len, tables))))
        tables.append(events[keep])
    return pd.concat(tables, ignore_index=True), pd.concat(tubes_tables, ignore_index=True)


def _at_keyframes(tubes: pd.DataFrame, rate_hz: float) -> pd.DataFrame:
    """Return the boxes that stand at the keyframes, ``rate_hz`` of them per second from time 0."""
    place = tubes["time_s"].to_numpy(float) * rate_hz
    return tubes[np.abs(place - place.round()) < ROUNDING_S].reset_index(drop=True)


def _examples(data: ProbeData, video: str, labels: list[str]) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield tokens (n, D) and their labels, bool (n, labels), of each person that the labels of a video refer to."""
    recording = data.recording(video)
    events = data.dataset.events[data.dataset.events["video"] == video]
    for person in recording.tracks.persons if data.boxed else [main_person(recording.tracks, video)]:
        times, tokens = probe.crops(recording.features, -1 if person is None else person)
        keep = ~is_ignored(data.dataset, video, times)
        active = np.zeros((len(times), len(labels)), bool)
        for number, event in events.iterrows():
            on = (times >= event["start_s"]) & (times < event["end_s"])
            if data.boxed:
                on[on] = _overlaps(data.dataset.tubes, number, recording.tracks, person, times[on])
            active[:, labels.index(event["label"])] |= on
        yield tokens[keep], active[keep]


def _overlaps(tubes: pd.DataFrame, event: int, tracks: Tracks, person: int, times_s: np.ndarray) -> np.ndarray:
    """Return at which times (n,) the box of a person overlaps that of an event (of the tube, the one nearest in time)."""
    tube = tubes[tubes["event"] == event]
    nearest = np.abs(tube["time_s"].to_numpy() - times_s[:, None]).argmin(1)
    boxes = tracks.dense(person, PERSON_BOX)
    frame = timegrid.index(times_s, tracks.rate_hz).clip(max=len(boxes) - 1)
    iou = box_iou(tube[BOX].to_numpy()[nearest], boxes[frame])
    return np.nan_to_num(iou) >= SAME_IOU


def _mostly_ignored(dataset: AnnotatedDataset, video: str, events: pd.DataFrame) -> np.ndarray:
    """Return which events (n,) lie for at least half in time that the protocol ignores."""
    spans = dataset.ignored[dataset.ignored["video"] == video]
    start, end = events["start_s"].to_numpy()[:, None], events["end_s"].to_numpy()[:, None]
    inside = np.minimum(end, spans["end_s"].to_numpy()) - np.maximum(start, spans["start_s"].to_numpy())
    return inside.clip(min=0).sum(1) >= 0.5 * (end - start)[:, 0]
