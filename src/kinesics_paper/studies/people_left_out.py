"""Detect the events of annotated people with detectors that learned from the others, one function a family of detectors.

Each function of ``DETECTORS`` takes the people and a fold, the groups to leave out, and returns events of the fold's
recordings. A table of events has, beside the columns of events, ``decision``: events that are detected, against candidates
that are only ranked; and ``seed``.
"""

import tempfile
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd

from kinesics.detectors import ranked, registry
from kinesics.io.checkpoints import decision_threshold, write_checkpoint
from kinesics.models.decoding import soft_nms
from kinesics.models.logistic import fit_logistic
from kinesics.signals.coefficients import Signals, quiet_levels, recording_columns
from kinesics.signals.recording import Recording
from kinesics.signals.rule_table import GRID
from kinesics.structures.events import write_parquet
from kinesics.structures.timegrid import rasterise, seconds, smooth
from kinesics_paper.studies.people_data import Key, People, balanced_folds, leave_each_out, read_people_data
from kinesics_paper.studies.threshold_search import (
    PROBABILITIES,
    SIGMA,
    Found,
    Segments,
    choose,
    decide,
    rank,
    settings,
)

#: Folds of people for detectors whose training is long, and of the training people on whose scores thresholds are chosen.
FEW_FOLDS, INNER_FOLDS = 5, 4
#: Smoothing widths in seconds of the columns of a regression on all columns.
WIDTHS_S = (0.5, 1.5)
RIDGE = 30.0
#: Seconds that events of the matched filter may last, and the share of each flank.
DURATIONS_S = (0.7, 1.0, 1.5, 2.2, 3.3, 5.0)
FLANK = 0.5
#: Quantiles of the training people's responses that are tried as thresholds.
QUANTILES = np.linspace(0.3, 0.995, 40)
#: Training steps of networks on people: there is a tenth of the synthetic benchmark's footage.
STEPS = 200
CHANCE_SEEDS = 5
COLUMNS = ["video", "person", "label", "start_s", "end_s", "score", "decision", "seed"]

#: Scores of frames of all people for a label, by models that saw neither these people nor, in training, the fold's.
FrameModel = Callable[[Mapping[Key, np.ndarray], Mapping[Key, np.ndarray]], Callable[[np.ndarray], np.ndarray]]


def detect_left_out(
    tracks: Sequence[str],
    features: Sequence[str],
    passes: Sequence[str],
    detector: str,
    out: str | Path,
    models: Sequence[str] = (),
) -> None:
    """Write the events of a detector (a key of ``DETECTORS``) on all people, each left out of its training (Parquet).

    ``models`` are checkpoints that learned from synthetic videos, one per seed, for detectors that did.
    """
    data = read_people_data(tracks, features, passes)
    if models:
        tables = [_run(detector, Path(path), data.recordings, seed) for seed, path in enumerate(models)]
    else:
        detect, few = DETECTORS[detector]
        folds = balanced_folds(data, FEW_FOLDS) if few else leave_each_out(data)
        tables = [detect(data, fold) for fold in folds]
    table = pd.concat(tables, ignore_index=True)[COLUMNS].sort_values(COLUMNS, kind="stable", ignore_index=True)
    write_parquet(table.astype({"person": "int32", "seed": "int32", "decision": bool}), out)


def rules(data: People, fold: Sequence[str]) -> pd.DataFrame:
    """Return the events of rules: each label's column of ``rule_table``, its setting chosen on the other people."""
    train, test = columns_of(data, fold)
    truth = segments_of(data, train)
    found, candidates = [], []
    for label, (column, thresholds) in GRID.items():
        scores = {key: columns[column] for key, columns in train.items()}
        rule = choose(settings(label, thresholds), scores, truth[label], _rate(data))
        if rule:
            own = {key: columns[column] for key, columns in test.items()}
            found += decide(rule, own, _rate(data))
            candidates += rank(rule, own, _rate(data))
    return _table(found, candidates, _rate(data))


def logistic(x: Sequence[np.ndarray], y: Sequence[np.ndarray]) -> Callable[[np.ndarray], np.ndarray]:
    """Return the probability of rows by a ridge logistic regression."""
    weights = [np.full(len(part), (len(part) / 30) ** -0.5) for part in x]
    return fit_logistic(np.concatenate(x), np.concatenate(y), np.concatenate(weights), RIDGE).probability


def boosting(x: Sequence[np.ndarray], y: Sequence[np.ndarray]) -> Callable[[np.ndarray], np.ndarray]:
    """Return the probability of rows by gradient boosted trees (scikit-learn); soft targets are rows with two weights."""
    from sklearn.ensemble import HistGradientBoostingClassifier

    weights = np.concatenate([np.full(len(part), (len(part) / 30) ** -0.5) for part in x])
    rows, share = np.concatenate(x), np.concatenate(y)
    model = HistGradientBoostingClassifier(
        max_iter=30, max_leaf_nodes=6, max_bins=31, min_samples_leaf=30, l2_regularization=5.0, random_state=0
    )
    on, off = share > 0, share < 1
    model.fit(
        np.concatenate([rows[on], rows[off]]),
        np.repeat([1, 0], [on.sum(), off.sum()]),
        np.concatenate([(weights * share)[on], (weights * (1 - share))[off]]),
    )
    return lambda values: model.predict_proba(values)[:, 1]


def frames(
    data: People,
    fold: Sequence[str],
    fit: Callable[[Sequence[np.ndarray], Sequence[np.ndarray]], Callable[[np.ndarray], np.ndarray]],
    own_columns: bool = False,
) -> pd.DataFrame:
    """Return the events of a classifier of frames, whose settings are chosen on scores of people it did not learn from.

    Its inputs are all columns, or with ``own_columns`` those of ``ranked`` for the label.
    """
    train, test = columns_of(data, fold)
    truth, rate = segments_of(data, train), _rate(data)
    inner = _split(data, train, INNER_FOLDS)
    found, candidates = [], []
    everything = None if own_columns else {key: _all(columns, rate) for key, columns in (train | test).items()}
    for label in ranked.LABELS:
        x = everything or {key: _of(columns, label, rate) for key, columns in (train | test).items()}
        y = {
            key: np.mean([rasterise(part.get(key, np.zeros((0, 2))), len(x[key]), rate) for part in truth[label]], 0)
            for key in train
        }
        scores: dict[Key, np.ndarray] = {}
        for held in inner:
            rest = [key for key in train if key not in held]
            if _learnable(y, rest):
                model = fit([x[key] for key in rest], [y[key] for key in rest])
                scores |= {key: model(x[key]) for key in held}
        if len(scores) < len(train):
            continue
        rule = choose(settings(label, PROBABILITIES), scores, truth[label], rate)
        if rule:
            model = fit([x[key] for key in train], [y[key] for key in train])
            own = {key: model(x[key]) for key in test}
            found += decide(rule, own, rate)
            candidates += rank(rule, own, rate)
    return _table(found, candidates, rate)


def matched(data: People, fold: Sequence[str]) -> pd.DataFrame:
    """Return the events of a matched filter: a label's column against templates that rise, hold and fall.

    The response to a template is the mean inside less the mean of its flanks, in deviations of the column over the training
    people; events are the largest responses that do not overlap, above a threshold chosen on the training people.
    """
    train, test = columns_of(data, fold)
    truth, rate = segments_of(data, train), _rate(data)
    found, candidates = [], []
    for label, (column, _) in GRID.items():
        spread = np.concatenate([columns[column] for columns in train.values()]).std() + 1e-6
        ranked_train = {key: _responses(columns[column] / spread, rate) for key, columns in train.items()}
        strengths = np.concatenate([rows[:, 2] for rows in ranked_train.values()])
        levels = np.unique(np.quantile(strengths, QUANTILES)) if len(strengths) else strengths
        best, threshold = 0.0, None
        true = sum(len(segments) for part in truth[label] for segments in part.values()) / len(truth[label])
        for level in levels:
            hits = detected = 0.0
            for key, rows in ranked_train.items():
                chosen = rows[rows[:, 2] >= level]
                detected += len(chosen)
                for part in truth[label]:
                    hits += _matches(chosen[:, :2] / rate, part.get(key, np.zeros((0, 2)))) / len(truth[label])
            if (score := 2 * hits / max(detected + true, 1)) > best:
                best, threshold = score, level
        if threshold is None:
            continue
        for key, columns in test.items():
            for start, stop, response in _responses(columns[column] / spread, rate):
                event = (key, label, int(start), int(stop), float(response / threshold))
                candidates.append(event)
                if response >= threshold:
                    found.append(event)
    return _table(found, candidates, rate)


def ranked_events(data: People, fold: Sequence[str]) -> pd.DataFrame:
    """Return the events of ``ranked``, with the probabilities of all its candidates after soft-NMS."""
    training = data.recordings_of(fold, inside=False)
    learned = ranked.fit(training, data.truth_of(training), 0, groups=data.person)
    tables = []
    for recording in data.recordings_of(fold, inside=True):
        events, _ = ranked.detect_with(learned, recording)
        tables.append(events.assign(decision=True, seed=0))
        tables.append(_candidates(learned, recording).assign(decision=False, seed=0))
    return pd.concat(tables, ignore_index=True)


def chance(data: People, fold: Sequence[str]) -> pd.DataFrame:
    """Return events drawn at the rates and with the lengths of the other people's."""
    return _trained("chance", data, fold, seeds=range(CHANCE_SEEDS))


def network(data: People, fold: Sequence[str], name: str) -> pd.DataFrame:
    """Return the events of a temporal network, whose settings and calibration come from a fourth of the training people."""
    return _trained(name, data, fold, seeds=[0], steps=STEPS)


def _trained(name: str, data: People, fold: Sequence[str], seeds: Sequence[int], **options: float) -> pd.DataFrame:
    training = data.recordings_of(fold, inside=False)
    detector = registry.find_detector(name)
    validation: list[Recording] = []
    if options:
        held = _validation_groups(data, training)
        validation = [r for r in training if data.group[r.tracks.video] in held]
        training = [r for r in training if data.group[r.tracks.video] not in held]
    tables = []
    for seed in seeds:
        learned = detector.fit(training, data.truth_of([*training, *validation]), seed, validation, **options)
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "model.safetensors"
            write_checkpoint(detector.name, learned, path)
            tables.append(_run(name, path, data.recordings_of(fold, inside=True), seed))
    return pd.concat(tables, ignore_index=True)


def _run(name: str, model: Path, recordings: Sequence[Recording], seed: int) -> pd.DataFrame:
    """Return the candidates and decisions of a checkpoint on recordings."""
    detector, threshold = registry.find_detector(name), decision_threshold(model)
    tables = []
    for recording in recordings:
        events, _ = detector.detect(recording, model, seed)
        tables.append(events.assign(decision=False, seed=seed))
        tables.append(events[events["score"] >= threshold].assign(decision=True, seed=seed))
    return pd.concat(tables, ignore_index=True)


def _candidates(learned: Mapping[str, np.ndarray], recording: Recording) -> pd.DataFrame:
    """Return all candidates of ``ranked`` in a recording with their probabilities after soft-NMS."""
    tracks = recording.tracks
    found: list[Found] = []
    for person, label, segments, probability in ranked.scored_candidates(dict(learned), recording):
        scores = soft_nms(segments, probability, SIGMA)
        found += [
            ((tracks.video, person), label, int(a), int(b), float(s))
            for (a, b), s in zip(segments, scores, strict=True)
            if s > 0
        ]
    return _table([], found, tracks.rate_hz)


def columns_of(data: People, fold: Sequence[str]) -> tuple[dict[Key, Signals], dict[Key, Signals]]:
    """Return the columns of the training people and of the fold's, by the quiet levels of the former."""
    signals = data.signals
    inside = {r.tracks.video for r in data.recordings_of(fold, inside=True)}
    quiet = quiet_levels([own for video, of in signals.items() if video not in inside for own in of.values()])
    columns = {
        (video, person): own
        for video, of in signals.items()
        for person, own in recording_columns(of, quiet, _rate(data)).items()
    }
    train = {key: own for key, own in columns.items() if key[0] not in inside}
    return train, {key: own for key, own in columns.items() if key[0] in inside}


def segments_of(data: People, train: Mapping[Key, Signals]) -> dict[str, Segments]:
    """Return the annotated segments of each label by person, one mapping per pass."""
    by_label: dict[str, list[dict[Key, np.ndarray]]] = {
        label: [{} for _ in data.truth] for label in {*GRID, *ranked.LABELS}
    }
    for k, table in enumerate(data.truth):
        for (video, person, label), rows in table.groupby(["video", "person", "label"]):
            if (video, person) in train and label in by_label:
                by_label[label][k][video, int(person)] = rows[["start_s", "end_s"]].to_numpy(float)
    return by_label


def _split(data: People, train: Mapping[Key, Signals], count: int) -> list[list[Key]]:
    """Return the training people in folds of groups, those with much footage spread."""
    frames_of: dict[str, int] = {}
    for (video, _), columns in train.items():
        frames_of[data.group[video]] = frames_of.get(data.group[video], 0) + len(columns["smile"])
    order = sorted(frames_of, key=lambda name: (-frames_of[name], name))
    part = {name: k % count for k, name in enumerate(order)}
    return [[key for key in train if part[data.group[key[0]]] == k] for k in range(count)]


def _validation_groups(data: People, training: Sequence[Recording]) -> set[str]:
    """Return every fourth of the training groups by falling number of events, from the third on: large and small ones."""
    events = pd.concat(data.truth_of(training))["video"].map(data.group).value_counts()
    names = {data.group[recording.tracks.video] for recording in training}
    return set(sorted(names, key=lambda name: (-events.get(name, 0), name))[2::4])


def _learnable(y: Mapping[Key, np.ndarray], keys: Sequence[Key]) -> bool:
    return sum(y[key].sum() for key in keys) >= ranked.LEAST_FRAMES


def _all(columns: Signals, rate_hz: float) -> np.ndarray:
    values = np.stack([columns[name] for name in sorted(columns)], 1)
    return np.concatenate([smooth(values, round(width * rate_hz)) for width in WIDTHS_S], 1)


def _of(columns: Signals, label: str, rate_hz: float) -> np.ndarray:
    names, widths = ranked.COLUMNS[label]
    values = np.stack([columns[name] for name in names], 1)
    return np.concatenate([smooth(values, max(round(width * rate_hz), 1)) for width in widths], 1)


def _responses(values: np.ndarray, rate_hz: float) -> np.ndarray:
    """Return the largest responses of a column (frames,) that do not overlap: rows of start, stop, response."""
    frames, sums = len(values), np.append(0, np.cumsum(values))
    rows = []
    for duration in DURATIONS_S:
        size, flank = round(duration * rate_hz), max(round(FLANK * duration * rate_hz), 3)
        start = np.arange(max(frames - size + 1, 0))
        stop, before, after = start + size, np.maximum(start - flank, 0), np.minimum(start + size + flank, frames)
        outside = (start - before) + (after - stop)
        rest = (sums[start] - sums[before] + sums[after] - sums[stop]) / np.maximum(outside, 1)
        response = (sums[stop] - sums[start]) / size - np.where(outside > 0, rest, 0)
        rows.append(np.column_stack([start, stop, response]))
    table = np.concatenate(rows)
    table = table[np.argsort(-table[:, 2], kind="stable")]
    kept: list[np.ndarray] = []
    taken = np.zeros(frames, bool)
    for row in table[table[:, 2] > 0]:
        a, b = int(row[0]), int(row[1])
        if not taken[a:b].any():
            taken[a:b] = True
            kept.append(row)
    return np.array(kept).reshape(-1, 3)


def _matches(found: np.ndarray, true: np.ndarray) -> int:
    """Return how many segments in seconds match at a tIoU of one half."""
    if not len(found) or not len(true):
        return 0
    shared = (np.minimum(found[:, None, 1], true[:, 1]) - np.maximum(found[:, None, 0], true[:, 0])).clip(0)
    return int((shared / (np.diff(found) + np.diff(true)[:, 0] - shared) >= 0.5).any(0).sum())


def _rate(data: People) -> float:
    return data.recordings[0].tracks.rate_hz


def _table(found: Sequence[Found], candidates: Sequence[Found], rate_hz: float) -> pd.DataFrame:
    rows = [
        (*key, label, seconds(start, rate_hz), seconds(stop, rate_hz), score, decision, 0)
        for part, decision in ((found, True), (candidates, False))
        for key, label, start, stop, score in part
    ]
    return pd.DataFrame(rows, columns=COLUMNS)


#: The function of each detector, and whether it learns on ``FEW_FOLDS`` folds of people instead of leaving each out.
DETECTORS: dict[str, tuple[Callable[[People, Sequence[str]], pd.DataFrame], bool]] = {
    "rules": (rules, False),
    "ranked": (ranked_events, False),
    "logistic": (partial(frames, fit=logistic), False),
    "frames": (partial(frames, fit=logistic, own_columns=True), False),
    "boosting": (partial(frames, fit=boosting, own_columns=True), True),
    "matched": (matched, False),
    "chance": (chance, False),
    **{name: (partial(network, name=name), True) for name in ("linear", "hmm", "windows", "mstcn", "actionformer")},
}
