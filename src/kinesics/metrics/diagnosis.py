"""Diagnose the errors of a detector after DETAD: their types, what each costs, and which events are missed.

Alwassel, Caba Heilbron, Escorcia and Ghanem, Diagnosing Error in Temporal Action Detectors, ECCV 2018. DETAD is for
labels that exclude each other. Behaviours do not (one smiles and speaks), so that here a true event of the prediction's
own label has precedence over those of other labels; ``exclusive=True`` gives DETAD's rule.
"""

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from kinesics.metrics.agreement import RATE_HZ
from kinesics.metrics.average_precision import interpolated_ap
from kinesics.metrics.counts import EvaluationSet
from kinesics.metrics.inputs import Tables, prepare_tables
from kinesics.metrics.matching import match_ranked, mean_defined, overlaps, ranking, ratio
from kinesics.metrics.tubes import EventsAndTubes, select_events, spatial_iou
from kinesics.structures.boxes import box_iou
from kinesics.structures.events import BOX

TIOU, LOW_TIOU = 0.5, 0.1
PLACE_IOU = 0.5
TOP = 10

#: The types of predictions. All but the first are false.
TYPES = ("true positive", "double detection", "wrong label", "localisation", "confusion", "background")
#: The places of a prediction that is right in time and label.
PLACES = ("right", "wrong place", "wrong person", "no box")

#: Buckets (first, last] of what may make an event hard: the smallest and largest name a size as DETAD's do.
#: coverage: length / length of the video, DETAD's for THUMOS'14; length: seconds, from the coding manual's 0.5;
#: instances: true events of the label in the video; context: true events of any label or person that are on within one
#: length of the event before, during or after it. DETAD's context was judged by people; this one is counted.
BUCKETS: dict[str, tuple[list[float], list[str]]] = {
    "coverage": ([0, 0.02, 0.04, 0.06, 0.08, np.inf], ["XS", "S", "M", "L", "XL"]),
    "length": ([0, 1, 2, 4, 8, np.inf], ["XS", "S", "M", "L", "XL"]),
    "instances": ([0, 1, 4, 8, np.inf], ["XS", "S", "M", "L"]),
    "context": ([-1, 0, 2, 5, np.inf], ["none", "few", "some", "many"]),
}


def error_types(
    truth: pd.DataFrame,
    predicted: pd.DataFrame,
    tiou: float = TIOU,
    low: float = LOW_TIOU,
    match_person: bool = True,
    exclusive: bool = False,
) -> np.ndarray:
    """Return the type of each prediction, a number in ``TYPES``: int (P,). Tables are sorted (``sorted_events``).

    A true positive is one of ``average_precision`` at ``tiou``. Of the others, with the truth of largest tIoU (of its
    video and person): at ``tiou`` or more a double detection if that has its label, else a wrong label; at ``low`` or more
    a localisation error if that has its label, else a confusion; below that, background. Raises KinesicsError unless
    0 < low <= tiou <= 1.
    """
    hit = match_ranked(truth, predicted, (tiou,), match_person)[0] >= 0
    t, p, iou = overlaps(truth.assign(label=""), predicted.assign(label=""), min(low, tiou), match_person)
    same = truth["label"].to_numpy()[t] == predicted["label"].to_numpy()[p]
    own, other = np.zeros(len(predicted)), np.zeros(len(predicted))
    np.maximum.at(own, p[same], iou[same])
    np.maximum.at(other, p[~same], iou[~same])
    of_own = (own > 0) & (own >= other) if exclusive else own > 0
    best = np.where(of_own, own, other)
    kind = np.select([best >= tiou, best >= low], [np.where(of_own, 1, 2), np.where(of_own, 3, 4)], 5)
    return np.where(hit, 0, kind)


def places(
    truth: pd.DataFrame,
    predicted: pd.DataFrame,
    tubes: tuple[pd.DataFrame, pd.DataFrame] | None = None,
    tiou: float = TIOU,
    iou: float = PLACE_IOU,
    rate_hz: float = RATE_HZ,
) -> np.ndarray:
    """Return the place of each prediction that is right in time and label, a number in ``PLACES``, else -1: int (P,).

    Right in time and label: a truth of its video and label, of any person, has at least ``tiou``. It is in the right
    place if one of these is of its person and their boxes have at least ``iou``; in the wrong place if one is of its
    person, but no box fits; without a box if there is none to compare; and else it is of the wrong person.
    Boxes are the tubes, compared frame by frame (``spatial_iou``), or without tubes those of the events tables.
    """
    t, p, _ = overlaps(truth, predicted, tiou, match_person=False)
    a, b = (table[BOX].to_numpy(float) for table in (truth, predicted))
    if tubes:
        fit = spatial_iou((t, p), (truth, predicted), tubes, rate_hz)
        with_box = [
            np.isin(np.arange(len(table)), of["event"]) for table, of in zip((truth, predicted), tubes, strict=True)
        ]
        fit[~(with_box[0][t] & with_box[1][p])] = np.nan
    else:
        fit = box_iou(a[t], b[p])
    same = truth["person"].to_numpy()[t] == predicted["person"].to_numpy()[p]
    # The best of a prediction's pairs decides; PLACES is from good to bad, except for what cannot be compared.
    rank = np.select([same & (fit >= iou), same & (fit < iou), same], [0, 1, 2], 3)
    best = np.full(len(predicted), 4)
    np.minimum.at(best, p, rank)
    return np.array([0, 1, PLACES.index("no box"), PLACES.index("wrong person"), -1])[best]


def characteristics(truth: pd.DataFrame, durations: Mapping[str, float]) -> pd.DataFrame:
    """Return the bucket of each true event for each of ``BUCKETS`` (categories): one row per event."""
    start: np.ndarray = truth["start_s"].to_numpy()
    end: np.ndarray = truth["end_s"].to_numpy()
    length = end - start
    instances = truth.groupby(["video", "label"])["start_s"].transform("size").to_numpy(float)
    context = np.zeros(len(truth))
    for rows in truth.groupby("video").indices.values():
        # The events that begin before the neighbourhood ends, less those that end before it begins and the event itself.
        begun = np.searchsorted(np.sort(start[rows]), end[rows] + length[rows], "left")
        gone = np.searchsorted(np.sort(end[rows]), start[rows] - length[rows], "right")
        context[rows] = begun - gone - 1
    values = {
        "coverage": length / truth["video"].map(durations).to_numpy(float),
        "length": length,
        "instances": instances,
        "context": context,
    }
    return pd.DataFrame(
        {name: pd.cut(np.round(values[name], 9), edges, labels=names) for name, (edges, names) in BUCKETS.items()},
        index=truth.index,
    )


def diagnose(  # noqa: PLR0913 - keyword-only settings
    truth: Tables,
    predicted: Tables,
    *,
    durations: Mapping[str, float] | None = None,
    labels: Sequence[str] | None = None,
    tubes: Mapping[str, Tables] | None = None,
    tiou: float = TIOU,
    low: float = LOW_TIOU,
    match_person: bool = True,
    exclusive: bool = False,
    top: int = TOP,
    rate_hz: float = RATE_HZ,
) -> dict[str, Any]:
    """Return the diagnosis of a detector's errors as a JSON-ready dict; arguments are those of ``score``.

    Of each label with N true events the ``top`` x N predictions of largest score are kept. The result, the mean over
    annotators and seeds:

    - ``types``: the number of kept predictions of each of ``TYPES``; ``profile``: the same for the first N of each label,
      the next N, and so on, a list of ``top``, in shares of the true events: a row sums to 1 while predictions last
    - ``map``: mAP at ``tiou`` of the kept ones; ``impact``: what it would gain were the errors of a type gone
    - ``missed``: the share of true events that no kept prediction matches; ``ap_n``: the mean over labels of AP_N, the AP
      with precision R N / (R N + FP), where R is recall, FP false positives and N the mean number of true events per
      label, so that it does not depend on how rare a label is (Hoiem et al., ECCV 2012)
    - ``sensitivity``: for each of ``BUCKETS`` and each bucket the number ``n`` of true events, and ``missed`` and ``ap_n``
      of those alone; predictions that match others are left out
    - ``places``: with boxes, the number of predictions, right in time and label, in each of ``PLACES``
    """
    evaluation_set, tables = prepare_tables({"truth": truth, "predicted": predicted}, durations, labels, np.inf, tubes)
    settings = _Settings(tiou, low, match_person, exclusive, top, rate_hz)
    pairs = [
        _diagnose_pair(evaluation_set, *pair, settings)
        for pair in itertools.product(tables["truth"], tables["predicted"])
    ]
    values = {key: mean_defined(np.stack([pair[key] for pair in pairs]), 0) for key in pairs[0]}
    of_bucket = [(name, bucket) for name, (_, buckets) in BUCKETS.items() for bucket in buckets]
    sensitivity: dict[str, Any] = {name: {} for name in BUCKETS}
    for (name, bucket), *entry in zip(
        of_bucket, values["n"], values["bucket_missed"], values["bucket_ap_n"], strict=True
    ):
        sensitivity[name][bucket] = dict(zip(["n", "missed", "ap_n"], map(_number, entry), strict=True))
    return {
        "tiou": tiou,
        "n_truth": _number(values["n_truth"]),
        "types": dict(zip(TYPES, map(_number, values["types"]), strict=True)),
        "profile": [dict(zip(TYPES, map(_number, row), strict=True)) for row in values["profile"]],
        "map": _number(values["map"]),
        "impact": dict(zip(TYPES[1:], map(_number, values["impact"]), strict=True)),
        "missed": _number(values["missed"]),
        "ap_n": _number(values["ap_n"]),
        "sensitivity": sensitivity,
        "places": dict(zip(PLACES, map(_number, values["places"]), strict=True)),
    }


@dataclass(frozen=True)
class _Settings:
    """The settings of ``diagnose``."""

    tiou: float
    low: float
    match_person: bool
    exclusive: bool
    top: int
    rate_hz: float


def _diagnose_pair(
    evaluation_set: EvaluationSet, true: EventsAndTubes, predictions: EventsAndTubes, settings: _Settings
) -> dict[str, np.ndarray]:
    """Return the diagnosis of one table of predictions against one of true events, each number of it an array."""
    (truth, of_truth), (predicted, of_predicted) = (
        _keep_labels(*of, evaluation_set.labels) for of in (true, predictions)
    )
    tubes = None if of_truth is None or of_predicted is None else (of_truth, of_predicted)
    place = places(truth, predicted, tubes, settings.tiou, PLACE_IOU, settings.rate_hz)
    if not settings.match_person:
        truth, predicted = truth.assign(person=0), predicted.assign(person=0)
    labels = sorted(truth["label"].unique())
    tier, kept = _tiers(truth, predicted, labels, settings.top)
    predicted, tier = predicted.iloc[kept].reset_index(drop=True), tier[kept]
    kind = error_types(truth, predicted, settings.tiou, settings.low, settings.match_person, settings.exclusive)
    taken = match_ranked(truth, predicted, (settings.tiou,), settings.match_person)[0]
    order = ranking(predicted)
    label = pd.Index(labels).get_indexer(predicted["label"])
    rows = [order[label[order] == number] for number in range(len(labels))]
    profile = np.zeros((settings.top, len(TYPES)))
    np.add.at(profile, (tier, kind), 1)
    ap = _ap_without_errors(truth, labels, kind, taken, rows)
    inside = _buckets(truth, evaluation_set.durations)
    hit = np.zeros(len(truth), bool)
    hit[taken[taken >= 0]] = True
    missed = ratio((inside & ~hit[:, None]).sum(0), inside.sum(0))
    normalised = _normalised_ap(truth, labels, inside, taken, rows)
    return {
        "n_truth": np.array(len(truth)),
        "types": profile.sum(0),
        "profile": profile / max(len(truth), 1),
        "map": ap[0],
        "impact": ap[1:] - ap[0],
        "missed": missed[0],
        "ap_n": normalised[0],
        "n": inside.sum(0)[1:],
        "bucket_missed": missed[1:],
        "bucket_ap_n": normalised[1:],
        "places": np.array([(place == number).sum() for number in range(len(PLACES))]),
    }


def _keep_labels(events: pd.DataFrame, tubes: pd.DataFrame | None, labels: list[str]) -> EventsAndTubes:
    """Return the events of these labels, and their tubes if there are any."""
    keep = events["label"].isin(labels).to_numpy()
    return events[keep].reset_index(drop=True), None if tubes is None else select_events(tubes, keep)


def _tiers(truth: pd.DataFrame, predicted: pd.DataFrame, labels: list[str], top: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the tier of each prediction, and the rows of those below tier ``top``: int (P,) and (kept,).

    Of a label with N true events, the N predictions of largest score are in tier 0, the next N in tier 1, and so on; of a
    label without true events all are in tier ``top``.
    """
    total = truth["label"].value_counts().reindex(labels).to_numpy(int)
    label = pd.Index(labels).get_indexer(predicted["label"])
    order = ranking(predicted)
    rank = np.empty(len(predicted), int)
    rank[order] = predicted.iloc[order].groupby("label", sort=False).cumcount()
    tier = np.where(label >= 0, rank // np.append(total, 1)[label], top)
    return tier, np.flatnonzero(tier < top)


def _ap_without_errors(
    truth: pd.DataFrame, labels: list[str], kind: np.ndarray, taken: np.ndarray, rows: list[np.ndarray]
) -> np.ndarray:
    """Return the mAP of all predictions, and without the errors of each type but the first of ``TYPES``: (types,).

    rows: the predictions of each label by falling score; taken: the true event of each prediction, or -1.
    """
    without = kind[:, None] != np.arange(len(TYPES))  # (P, types)
    without[:, 0] = True  # the true positives are no error
    total = truth["label"].value_counts().reindex(labels).to_numpy(int)
    ap = [
        interpolated_ap(taken[row] >= 0, without[row].astype(float), np.full(len(TYPES), n))
        for row, n in zip(rows, total, strict=True)
    ]
    return mean_defined(np.reshape(ap, (-1, len(TYPES))), 0)


def _buckets(truth: pd.DataFrame, durations: Mapping[str, float]) -> np.ndarray:
    """Return which true events are in each bucket of ``BUCKETS``, all in column 0: bool (N, 1 + buckets)."""
    buckets = characteristics(truth, durations)
    inside = [(buckets[name] == bucket).to_numpy() for name, (_, names) in BUCKETS.items() for bucket in names]
    return np.stack([np.ones(len(truth), bool), *inside], 1)


def _normalised_ap(
    truth: pd.DataFrame, labels: list[str], inside: np.ndarray, taken: np.ndarray, rows: list[np.ndarray]
) -> np.ndarray:
    """Return the mean AP_N over labels (see ``diagnose``) of the true events of each bucket: (1 + buckets,)."""
    usual = ratio(len(truth), len(labels))
    normalised: list[np.ndarray] = []
    for label, row in zip(labels, rows, strict=True):
        of_label = inside[(truth["label"] == label).to_numpy()].sum(0)  # (1 + buckets,)
        right = taken[row] >= 0
        weight = np.ones((len(row), inside.shape[1]))
        # Each hit weighs as if the label had the usual number of events: precision is then the normalised one.
        weight[right] = inside[taken[row][right]] * ratio(usual, of_label)
        normalised.append(interpolated_ap(right, np.nan_to_num(weight), np.where(of_label > 0, usual, 0)))
    return mean_defined(np.reshape(normalised, (-1, inside.shape[1])), 0)


def _number(value: float | np.ndarray) -> float | None:
    return round(float(value), 6) + 0.0 if np.isfinite(value) else None  # + 0.0: no -0.0
