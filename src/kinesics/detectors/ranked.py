"""Events of unseen people from few weights: frame scores, levels adapted to the person, ranked candidate segments.

1. A logistic regression a label on the few columns of ``ranked.csv`` (signals.coefficients) gives the log-odds of each frame.
2. Two levels of these, off and on, are adapted to the person (models.levels).
3. Runs of both above many levels are candidates. A second logistic regression, over all labels, estimates the probability
   that a candidate overlaps an annotated event by half from how it stands out of its surroundings and how long it is.
4. Of all sets of candidates that do not touch, the one with the largest sum of probability less a cost is detected; the cost
   is that which gives the best F1 on training people left out.

Steps 2 and 3 learn from scores of people that step 1 did not learn from, as they will be for a stranger.
"""

import csv
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from kinesics.detectors.base import Arrays, EventsAndTubes, LearnedDetector
from kinesics.errors import KinesicsError
from kinesics.io.checkpoints import read_checkpoint
from kinesics.io.package_data import package_file
from kinesics.models.levels import LevelPrior, adapted, fit_prior
from kinesics.models.logistic import Logistic, fit_logistic
from kinesics.signals.coefficients import Signals, quiet_levels, recording_columns, recording_signals
from kinesics.signals.event_assembly import GAP_S, SPEECH_GAP_S, assemble_events
from kinesics.signals.recording import Recording
from kinesics.signals.segments import PER_SCORE, best_set, candidate_segments, describe
from kinesics.structures.timegrid import rasterise, seconds, smooth

with package_file("kinesics.detectors", "ranked.csv").open(newline="") as _file:
    #: Columns and smoothing widths in seconds of each label.
    COLUMNS = {
        row["label"]: (row["columns"].split(), [float(width) for width in row["widths_s"].split()])
        for row in csv.DictReader(_file)
    }
LABELS = tuple(COLUMNS)

FOLDS = 6
FRAME_RIDGE, SEGMENT_RIDGE = 30.0, 10.0
COSTS = (0.15, 0.2, 0.25, 0.3)
# A label with fewer annotated frames than this (a third of a second) has no regression.
LEAST_FRAMES = 3
# Log-odds of a label that could not be learned.
NEVER = -6.0
_ODDS_LIMIT = 9.0


@dataclass(frozen=True)
class Stream:
    """A person of a recording: columns of its frames, annotated segments in seconds a label and pass, and its group."""

    group: str
    rate_hz: float
    columns: Signals
    truth: Mapping[str, Sequence[np.ndarray]]

    @property
    def frames(self) -> int:
        """The number of frames."""
        return len(self.columns["smile"])

    def active(self, label: str) -> np.ndarray:
        """Return the share of passes in which the label is on at each frame: (frames,)."""
        return np.mean([rasterise(part, self.frames, self.rate_hz) for part in self.truth[label]], 0)


def fit(
    recordings: list[Recording],
    truth: list[pd.DataFrame],
    seed: int,
    validation: Sequence[Recording] = (),
    groups: Mapping[tuple[str, int], str] | None = None,
) -> Arrays:
    """Return the learned arrays. ``seed`` and ``validation`` are not used: nothing is drawn.

    ``truth`` has one table per annotation pass. ``groups`` names who (video, person) is, so that a person of several videos
    is left out as a whole; without it a video is a group. Raises KinesicsError for fewer than two groups.
    """
    people = [(recording, recording_signals(recording)) for recording in recordings]
    quiet = quiet_levels([signals for _, everyone in people for signals in everyone.values()])
    streams = []
    for recording, everyone in people:
        tracks = recording.tracks
        for person, columns in recording_columns(everyone, quiet, tracks.rate_hz).items():
            who = (groups or {}).get((tracks.video, person), tracks.video)
            rows = [t[(t["video"] == tracks.video) & (t["person"] == person)] for t in truth]
            events = {
                label: [part.loc[part["label"] == label, ["start_s", "end_s"]].to_numpy(float) for part in rows]
                for label in LABELS
            }
            streams.append(Stream(who, tracks.rate_hz, columns, events))
    if len({stream.group for stream in streams}) < 2:
        raise KinesicsError(
            "detector 'ranked' judges what it learns by people left out: give two training videos or more, of two people"
        )
    return learn(streams) | {"quiet": np.array(list(quiet.values()))}


def learn(streams: list[Stream]) -> Arrays:
    """Return the learned arrays of streams, without the quiet levels."""
    folds = _folds(streams)
    learned: Arrays = {}
    rows, targets, weights, members = [], [], [], []
    for label in LABELS:
        scored, model = _cross_fitted(streams, label, folds)
        prior = fit_prior([smooth(s, 5) for s in scored], [s.active(label) for s in streams])
        length = _length(streams, label)
        learned[f"{label}.length"] = np.array(length)
        if model is None or prior is None:
            continue
        learned |= {f"{label}.mean": model.mean, f"{label}.scale": model.scale, f"{label}.weights": model.weights}
        learned[f"{label}.levels"] = prior.array()
        for stream, odds in zip(streams, scored, strict=True):
            segments, described = _described(label, odds, prior, length, stream.rate_hz)
            if len(segments):
                rows.append(described)
                targets.append(_overlap(seconds(segments, stream.rate_hz), stream.truth[label]))
                weights.append(np.full(len(segments), len(segments) ** -0.5))
                members.append((stream, label, segments))
    if not rows:
        raise KinesicsError("'ranked' learns a label from events of at least two people, and no label has them")
    learned |= _arrays("segments", _regression(rows, targets, weights, SEGMENT_RIDGE))
    learned["cost"] = learned["threshold"] = np.array([_cost(rows, targets, weights, members, folds)])
    return learned


def detect(recording: Recording, model: Path | None, seed: int = 0) -> EventsAndTubes:
    """Return events and tubes with the checkpoint ``model``; the score is the probability of overlapping a true event.

    ``seed`` is not used.
    """
    if model is None:
        raise KinesicsError("detector 'ranked' has to be trained first: give its --model")
    return detect_with(read_checkpoint(model, "ranked"), recording, str(model))


def detect_with(learned: Arrays, recording: Recording, where: str = "model") -> EventsAndTubes:
    """Return events and tubes with the learned arrays of a file ``where``.

    Raises KinesicsError if they are not of this version.
    """
    rate = recording.tracks.rate_hz
    try:
        found = [
            (person, *event)
            for person, columns in _columns_of(learned, recording).items()
            for event in person_events(learned, columns, rate)
        ]
    except (KeyError, ValueError) as error:
        raise KinesicsError(f"{where}: not learned by this version of 'ranked' ({error}): train it again") from None
    return assemble_events(recording.tracks, found)


def scored_candidates(learned: Arrays, recording: Recording) -> Iterator[tuple[int, str, np.ndarray, np.ndarray]]:
    """Yield each person and label with its candidates, (N, 2) in frames, and their probabilities (N,).

    Raises KeyError or ValueError if the learned arrays are not of this version.
    """
    for person, columns in _columns_of(learned, recording).items():
        for candidates in person_candidates(learned, columns, recording.tracks.rate_hz):
            yield person, *candidates


def person_events(learned: Arrays, columns: Signals, rate_hz: float) -> list[tuple[str, float, float, float]]:
    """Return the events of a person from its columns: label, start and stop in frames, probability.

    ``learned`` may come from ``learn`` alone, without quiet levels. Raises as ``scored_candidates``.
    """
    cost = float(learned["cost"][0])
    return [
        (label, float(segments[row, 0]), float(segments[row, 1]), float(probability[row]))
        for label, segments, probability in person_candidates(learned, columns, rate_hz)
        for row in best_set(segments, probability - cost, _gap(label, rate_hz))
    ]


def person_candidates(
    learned: Arrays, columns: Signals, rate_hz: float
) -> Iterator[tuple[str, np.ndarray, np.ndarray]]:
    """Yield each label with the candidates of a person and their probabilities, as ``scored_candidates``."""
    ranking = _logistic("segments", learned)
    for label in learned_labels(learned):
        odds = frame_odds(learned, columns, label, rate_hz)
        mean, deviation = learned[f"{label}.length"].tolist()
        prior = LevelPrior(*learned[f"{label}.levels"])
        segments, described = _described(label, odds, prior, (mean, deviation), rate_hz)
        if len(segments):
            yield label, segments, ranking.probability(described)


def learned_labels(learned: Arrays) -> list[str]:
    """Return the labels that there were enough events of to learn."""
    return [label for label in LABELS if f"{label}.weights" in learned]


def frame_odds(learned: Arrays, columns: Signals, label: str, rate_hz: float) -> np.ndarray:
    """Return the log-odds of a learned label at each frame of a person's columns: (frames,)."""
    odds = _logistic(label, learned).log_odds(_matrix(columns, label, rate_hz))
    return np.clip(odds, -_ODDS_LIMIT, _ODDS_LIMIT)


def _columns_of(learned: Arrays, recording: Recording) -> dict[int, Signals]:
    quiet = dict(zip(quiet_levels([]), learned["quiet"].tolist(), strict=True))
    return recording_columns(recording_signals(recording), quiet, recording.tracks.rate_hz)


def _matrix(columns: Signals, label: str, rate_hz: float) -> np.ndarray:
    """Return a label's columns, averaged over each of its widths: (frames, columns times widths)."""
    names, widths = COLUMNS[label]
    values = np.stack([columns[name] for name in names], 1)
    return np.concatenate([smooth(values, max(round(width * rate_hz), 1)) for width in widths], 1)


def _folds(streams: list[Stream]) -> list[set[str]]:
    """Return groups of groups with about equal footage, at most ``FOLDS``; more footage counts by its root."""
    size: dict[str, int] = {}
    for stream in streams:
        size[stream.group] = size.get(stream.group, 0) + stream.frames
    folds: list[set[str]] = [set() for _ in range(min(FOLDS, len(size)))]
    load = [0.0] * len(folds)
    for group in sorted(size, key=lambda name: (-size[name], name)):
        k = int(np.argmin(load))
        folds[k].add(group)
        load[k] += size[group] ** 0.5
    return folds


def _cross_fitted(streams: list[Stream], label: str, folds: list[set[str]]) -> tuple[list[np.ndarray], Logistic | None]:
    """Return the log-odds of the streams from regressions on other folds, and the regression on all."""
    matrices = [_matrix(s.columns, label, s.rate_hz) for s in streams]
    active = [s.active(label) for s in streams]
    # footage of one person repeats itself: its frames weigh less the more there are
    weights = [np.full(s.frames, (s.frames / (3 * s.rate_hz)) ** -0.5) for s in streams]

    def regression(left_out: set[str]) -> Logistic | None:
        rows = [k for k, s in enumerate(streams) if s.group not in left_out]
        if not rows or sum(active[k].sum() for k in rows) < LEAST_FRAMES:
            return None
        x, y, weight = ([part[k] for k in rows] for part in (matrices, active, weights))
        return _regression(x, y, weight, FRAME_RIDGE)

    odds: dict[int, np.ndarray] = {}
    for fold in folds:
        model = regression(fold)
        for k, s in enumerate(streams):
            if s.group in fold:
                raw = model.log_odds(matrices[k]) if model else np.full(s.frames, NEVER)
                odds[k] = np.clip(raw, -_ODDS_LIMIT, _ODDS_LIMIT)
    return [odds[k] for k in range(len(streams))], regression(set())


def _described(
    label: str, odds: np.ndarray, prior: LevelPrior, length: tuple[float, float], rate_hz: float
) -> tuple[np.ndarray, np.ndarray]:
    """Return the candidates of a label, (N, 2) in frames, and the columns of their regression."""
    scores = (odds, adapted(smooth(odds, 5), prior))
    segments = candidate_segments(scores, SPEECH_GAP_S if label == "speaking" else GAP_S, rate_hz)
    if not len(segments):
        return segments, np.zeros((0, 0))
    x = np.clip(describe(segments, scores, length, rate_hz), -12, 12)
    level, other = np.tanh(x[:, [0, 2, 8]] / 3), np.tanh(x[:, [PER_SCORE, PER_SCORE + 2, PER_SCORE + 8]] / 3)
    usual = x[:, 2 * PER_SCORE + 1]
    kind, own = np.zeros((len(x), len(LABELS))), np.zeros((len(x), 3 * len(LABELS)))
    k = LABELS.index(label)
    kind[:, k], own[:, 3 * k : 3 * k + 3] = 0.5, np.column_stack([level[:, 0], other[:, 0], level[:, 2]])
    both = np.column_stack([usual**2, level[:, 0] * other[:, 0], level[:, 2] * other[:, 2]])
    return segments, np.concatenate([np.tanh(x[:, : 2 * PER_SCORE] / 3), x[:, 2 * PER_SCORE :], both, kind, own], 1)


def _overlap(segments_s: np.ndarray, passes: Sequence[np.ndarray]) -> np.ndarray:
    """Return how well segments (N, 2) match an event, mean over passes: 0 below a tIoU of 0.4, 3/4 from 0.5, 1 from 0.6."""
    total = np.zeros(len(segments_s))
    for events in passes:
        if len(events):
            best = _tiou(segments_s, events).max(1)
            total += (best >= 0.4) / 4 + (best >= 0.5) / 2 + (best >= 0.6) / 4
    return total / len(passes)


def _tiou(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return the temporal intersection over union of segments (N, 2) and (M, 2): (N, M)."""
    shared = (np.minimum(a[:, None, 1], b[:, 1]) - np.maximum(a[:, None, 0], b[:, 0])).clip(0)
    return shared / (np.diff(a) + np.diff(b)[:, 0] - shared)


def _length(streams: list[Stream], label: str) -> tuple[float, float]:
    """Return mean and deviation of the logarithm of the events' seconds, those of all labels together if there are few."""
    logs = [np.log(np.diff(part)).ravel() for s in streams for part in s.truth[label]]
    known = np.concatenate(logs) if logs else np.zeros(0)
    return (float(known.mean()), max(float(known.std()), 0.3)) if len(known) > 3 else (0.5, 0.8)


def _cost(
    rows: list[np.ndarray],
    targets: list[np.ndarray],
    weights: list[np.ndarray],
    members: list[tuple[Stream, str, np.ndarray]],
    folds: list[set[str]],
) -> float:
    """Return the cost of ``COSTS`` with the highest F1, the mean over tIoU 0.4 to 0.6 and passes, on streams left out."""
    hits, detected = np.zeros(len(COSTS)), np.zeros(len(COSTS))
    for fold in folds:
        inside = [k for k, (stream, _, _) in enumerate(members) if stream.group in fold]
        outside = sorted(set(range(len(members))) - set(inside))
        if not inside or not outside:
            continue
        x, y, weight = ([part[k] for k in outside] for part in (rows, targets, weights))
        model = _regression(x, y, weight, SEGMENT_RIDGE)
        for k in inside:
            stream, label, segments = members[k]
            probability = model.probability(rows[k])
            for c, cost in enumerate(COSTS):
                chosen = best_set(segments, probability - cost, _gap(label, stream.rate_hz))
                hits[c] += targets[k][chosen].sum()
                detected[c] += len(chosen)
    streams = {id(s): s for s, _, _ in members}.values()
    true = sum(np.mean([len(part) for part in s.truth[label]]) for s in streams for label in LABELS)
    return COSTS[int(np.argmax(2 * hits / np.maximum(detected + true, 1)))]


def _regression(
    matrices: list[np.ndarray], targets: list[np.ndarray], weights: list[np.ndarray], ridge: float
) -> Logistic:
    return fit_logistic(np.concatenate(matrices), np.concatenate(targets), np.concatenate(weights), ridge)


def _gap(label: str, rate_hz: float) -> int:
    return round((SPEECH_GAP_S if label == "speaking" else GAP_S) * rate_hz)


def _arrays(name: str, model: Logistic) -> Arrays:
    return {f"{name}.mean": model.mean, f"{name}.scale": model.scale, f"{name}.weights": model.weights}


def _logistic(name: str, learned: Arrays) -> Logistic:
    return Logistic(*(learned[f"{name}.{part}"] for part in ("mean", "scale", "weights")))


DETECTOR = LearnedDetector("ranked", LABELS, detect, fit)
