"""How good frozen features are on a corpus: the linear probe of ``detectors.probe`` in the official splits.

Clips: the mean token of the main person; the likeliest label wins. Accuracy is the weighted average recall (WAR), the mean
of the recalls of the classes the unweighted one (UAR), and weighted F1 the mean of the classes' F1 by their numbers.
Frames: the same at each instant that the encoder was asked, with the mean of the classes' F1 (macro F1). Events and boxes:
the detector's scores, smoothed and cut by hysteresis, against the true segments in time, and the tubes of a corpus with boxes
in space (``evaluation.score``, where ``key`` of the corpus' row names the official measure). In a corpus with boxes a tracked
person does what is true in a box that overlaps theirs by half (IoU). Intervals are over videos.
"""

from collections.abc import Iterator
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
from kinesics_paper.datasets.index import left_out, load_index

#: The most examples a probe is learned from; of more, evenly spaced ones are taken.
EXAMPLES = 200_000
SAME_IOU = 0.5


def evaluate(
    name: str, index: str | Path, tracks: list[str], features: list[str], encoder: str, *, resamples: int, seed: int = 0
) -> dict[str, Any]:
    """Return the scores of an encoder on a data set: ``folds`` and, of clips and frames, their ``mean``.

    ``tracks`` and ``features`` are the folders of all shards. Raises KinesicsError naming a video without its files.
    """
    corpus, had = load_index(index), benchmark_row(name)
    files = {kind: _files(folders) for kind, folders in (("tracks", tracks), ("features", features))}
    if missing := sorted(
        set(corpus.videos["video"]) - set(files["features"]) | set(corpus.videos["video"]) - set(files["tracks"])
    ):
        raise KinesicsError(f"{missing[0]}: no tracks or features of this video of {name}; run its shard again")
    run = {"clip": _clips, "frame": _frames, "event": _events, "box": _events}[had["level"]]
    folds = {}
    for fold, (train, test) in corpus.splits.items():
        if not train or not test:
            raise KinesicsError(f"{name}: fold {fold} has no videos to {'learn from' if not train else 'test on'}")
        folds[fold] = run(corpus, had, files, encoder, train, test, resamples, seed)
    result = {"corpus": name, "encoder": encoder, "level": had["level"], "metric": had["metric"], "folds": folds}
    if had["level"] in ("clip", "frame"):
        numbers = next(iter(folds.values()))["metrics"]
        result["mean"] = {key: float(np.mean([one["metrics"][key] for one in folds.values()])) for key in numbers}
    return result


def _files(folders: list[str]) -> dict[str, Path]:
    return {path.stem: path for folder in folders for path in sorted(Path(folder).iterdir())}


def _clip(files: dict[str, dict[str, Path]], video: str, encoder: str) -> Recording:
    return Recording(read_tracks(files["tracks"][video]), {encoder: read_features(files["features"][video])})


def main_person(tracks: Tracks, video: str) -> int | None:
    """Return whom the labels of a video are about: person 0; the outermost one if the name says left or right."""
    if not tracks.persons or not video.endswith(("_left", "_right")):
        return min(tracks.persons, default=None)
    middle = {person: np.nanmean(tracks.dense(person, [PERSON_BOX[0], PERSON_BOX[2]])) for person in tracks.persons}
    return (min if video.endswith("_left") else max)(middle, key=middle.get)


def _tokens(files, video: str, encoder: str) -> tuple[np.ndarray, np.ndarray]:
    """Return times (n,) and tokens (n, D) of the main person of a video; none are there if nobody was seen."""
    found = {encoder: read_features(files["features"][video])}
    person = main_person(read_tracks(files["tracks"][video]), video)
    return probe.crops(found, -1 if person is None else person)


def _clips(corpus: AnnotatedDataset, had, files, encoder, train, test, resamples, seed) -> dict:
    labels = corpus.events.set_index("video")["label"]
    parts = []
    for videos in (train, test):
        found = [_tokens(files, video, encoder)[1] for video in videos]
        parts.append(
            (np.stack([tokens.mean(0) if len(tokens) else np.zeros(tokens.shape[1]) for tokens in found]), found)
        )
    unseen = sum(not len(tokens) for _, found in parts for tokens in found)
    truth = [labels[videos].to_numpy() for videos in (train, test)]
    return _classify(parts[0][0], truth[0], parts[1][0], truth[1], seed) | {"unseen": unseen}


def _frames(corpus: AnnotatedDataset, had, files, encoder, train, test, resamples, seed) -> dict:
    parts = []
    for videos in (train, test):
        tokens, labels = [], []
        for video in videos:
            times, found = _tokens(files, video, encoder)
            keep = ~left_out(corpus, video, times)
            mine = corpus.events[corpus.events["video"] == video]
            names = np.full(len(times), "", object)
            for event in mine.itertuples():
                names[(times >= event.start_s) & (times < event.end_s)] = event.label
            keep &= names != ""
            tokens.append(found[keep])
            labels.append(names[keep])
        parts += [np.concatenate(tokens), np.concatenate(labels)]
    return _classify(*parts, seed) | {"instants": len(parts[3])}


def _classify(x: np.ndarray, y: np.ndarray, x_test: np.ndarray, y_test: np.ndarray, seed: int) -> dict:
    """Learn on x (n, D) and y (n,), classify x_test; return numbers and the measures against y_test."""
    if not len(y) or not len(y_test):
        raise KinesicsError("nobody was seen in the videos to learn from or to test on")
    classes = sorted(set(y))
    keep = _spread(len(y))
    learned = probe.learn(x[keep], y[keep][:, None] == np.array(classes, object), classes, seed)
    known = [label for label in classes if f"{label}.weight" in learned]
    if not known:
        raise KinesicsError("no class has two examples to learn from")
    weights = np.stack([learned[f"{label}.weight"] for label in known])
    scores = (x_test - learned["mean"]) / learned["scale"] @ weights[:, :-1].T + weights[:, -1]
    found = np.array(known, object)[scores.argmax(1)]
    measures = {
        "WAR": accuracy_score(y_test, found),
        "UAR": recall_score(y_test, found, labels=sorted(set(y_test)), average="macro", zero_division=0),
        "weighted F1": f1_score(y_test, found, average="weighted", zero_division=0),
        "macro F1": f1_score(y_test, found, labels=sorted(set(y_test)), average="macro", zero_division=0),
    }
    metrics = {name: round(float(value), 6) for name, value in measures.items()}
    return {"metrics": metrics, "n_train": len(y), "n_test": len(y_test), "classes": len(classes)}


def _spread(count: int) -> np.ndarray:
    return np.unique(np.linspace(0, count - 1, min(count, EXAMPLES)).round().astype(int))


def _events(corpus: AnnotatedDataset, had, files, encoder, train, test, resamples, seed) -> dict:
    boxed = had["level"] == "box"
    labels = sorted(set(corpus.events["label"]))
    tokens, targets = [], []
    for video in train:
        for values, active in _examples(corpus, _clip(files, video, encoder), video, labels, boxed):
            tokens.append(values)
            targets.append(active)
    x, y = np.concatenate(tokens), np.concatenate(targets)
    keep = _spread(len(x))
    learned = probe.learn(x[keep], y[keep], labels, seed)
    found, found_tubes = [], []
    for video in test:
        clip = _clip(files, video, encoder)
        scores = probe.scores(clip, learned, labels)
        if not boxed:
            person = main_person(clip.tracks, video)
            scores = {key: value for key, value in scores.items() if key[0] == person}
        events, tubes = events_from_scores(clip, scores, probe.ON, probe.OFF)
        if not boxed:
            events = events.assign(person=0)  # as in the truth: a sequence is a video's
        keep = ~_mostly_ignored(corpus, video, events)
        tubes = select_events(tubes, keep)
        found_tubes.append(tubes.assign(event=tubes["event"] + sum(map(len, found))))
        found.append(events[keep])
    durations = corpus.videos.set_index("video")["duration_s"]
    judged = corpus.events["video"].isin(test).to_numpy()
    truth, predicted = corpus.events[judged].reset_index(drop=True), pd.concat(found, ignore_index=True)
    space = {}
    if boxed:
        boxes = {"truth": select_events(corpus.tubes, judged), "predicted": pd.concat(found_tubes, ignore_index=True)}
        if had["boxes_hz"]:
            boxes["predicted"] = _at_keyframes(boxes["predicted"], float(had["boxes_hz"]))
            space["rate_hz"] = float(had["boxes_hz"])
        space["tubes"] = boxes
    result = score(
        truth,
        predicted,
        **space,
        durations={video: float(durations[video]) for video in test},
        labels=[label for label in labels if (truth["label"] == label).any()],
        map_tious=[float(value) for value in had["tious"].split()] or MAP_TIOUS,
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


def _at_keyframes(tubes: pd.DataFrame, rate_hz: float) -> pd.DataFrame:
    """Return the boxes that stand at the keyframes, ``rate_hz`` of them a second from time 0."""
    place = tubes["time_s"].to_numpy(float) * rate_hz
    return tubes[np.abs(place - place.round()) < ROUNDING_S].reset_index(drop=True)


def _examples(corpus: AnnotatedDataset, clip: Recording, video: str, labels: list[str], boxed: bool) -> Iterator[tuple]:
    """Yield tokens (n, D) and what is on in them, bool (n, labels), of each person that the labels of a video are about."""
    mine = corpus.events[corpus.events["video"] == video]
    for person in clip.tracks.persons if boxed else [main_person(clip.tracks, video)]:
        times, values = probe.crops(clip.features, -1 if person is None else person)
        keep = ~left_out(corpus, video, times)
        active = np.zeros((len(times), len(labels)), bool)
        for number, event in mine.iterrows():
            on = (times >= event["start_s"]) & (times < event["end_s"])
            if boxed:
                on[on] = _overlaps(corpus.tubes, number, clip.tracks, person, times[on])
            active[:, labels.index(event["label"])] |= on
        yield values[keep], active[keep]


def _overlaps(tubes: pd.DataFrame, event: int, tracks: Tracks, person: int, times_s: np.ndarray) -> np.ndarray:
    """Return at which times (n,) the box of a person overlaps that of an event (of the tube, the one nearest in time)."""
    tube = tubes[tubes["event"] == event]
    nearest = np.abs(tube["time_s"].to_numpy() - times_s[:, None]).argmin(1)
    boxes = tracks.dense(person, PERSON_BOX)
    frame = timegrid.index(times_s, tracks.rate_hz).clip(max=len(boxes) - 1)
    iou = box_iou(tube[BOX].to_numpy()[nearest], boxes[frame])
    return np.nan_to_num(iou) >= SAME_IOU


def _mostly_ignored(corpus: AnnotatedDataset, video: str, events: pd.DataFrame) -> np.ndarray:
    """Return which events (n,) lie for at least half in time that the protocol ignores."""
    mine = corpus.ignored[corpus.ignored["video"] == video]
    start, end = events["start_s"].to_numpy()[:, None], events["end_s"].to_numpy()[:, None]
    inside = np.minimum(end, mine["end_s"].to_numpy()) - np.maximum(start, mine["start_s"].to_numpy())
    return inside.clip(min=0).sum(1) >= 0.5 * (end - start)[:, 0]
