"""What kinds of error a detector makes, what each costs, and which events it misses: after DETAD.

Alwassel, Caba Heilbron, Escorcia and Ghanem, Diagnosing Error in Temporal Action Detectors, ECCV 2018. DETAD is for
labels that exclude each other. Behaviours do not (one smiles and speaks), so that here a true event of the prediction's
own label goes before those of other labels; ``exclusive=True`` gives DETAD's rule.
"""

import itertools
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from kinesics.metrics.agreement import RATE_HZ
from kinesics.metrics.average_precision import interpolated_ap
from kinesics.metrics.inputs import Tables, prepare_tables
from kinesics.metrics.matching import match_ranked, mean_defined, overlaps, ranking, ratio
from kinesics.metrics.tubes import select_events, spatial_iou
from kinesics.structures.boxes import box_iou
from kinesics.structures.events import BOX

TIOU, LOW_TIOU = 0.5, 0.1
PLACE_IOU = 0.5
TOP = 10

#: What a prediction can be. All but the first are false.
TYPES = ("true positive", "double detection", "wrong label", "localisation", "confusion", "background")
#: Where a prediction that is right in time and label can be.
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
    """Return what each prediction is, a number in ``TYPES``: int (P,). Tables are sorted (``sorted_events``).

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
    """Return where each prediction is that is right in time and label, a number in ``PLACES``, else -1: int (P,).

    Right in time and label: a truth of its video and label, of any person, has at least ``tiou``. It is in the right
    place if one of these is of its person and their boxes have at least ``iou``; in the wrong place if one is of its
    person, but no box fits; without a box if there is none to compare; and else it is given to the wrong person.
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
    # The best of a prediction's pairs decides; PLACES has them from good to bad, but for what cannot be compared.
    rank = np.select([same & (fit >= iou), same & (fit < iou), same], [0, 1, 2], 3)
    best = np.full(len(predicted), 4)
    np.minimum.at(best, p, rank)
    return np.array([0, 1, PLACES.index("no box"), PLACES.index("wrong person"), -1])[best]


def characteristics(truth: pd.DataFrame, durations: Mapping[str, float]) -> pd.DataFrame:
    """Return the bucket of each true event for each of ``BUCKETS`` (categories): a row an event, a column each."""
    start, end = truth["start_s"].to_numpy(), truth["end_s"].to_numpy()
    length = end - start
    instances = truth.groupby(["video", "label"])["start_s"].transform("size").to_numpy(float)
    context = np.zeros(len(truth))
    for rows in truth.groupby("video").indices.values():
        # Others that begin before the neighbourhood ends, less those that end before it begins.
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
    coders and seeds:

    - ``types``: the number of kept predictions of each of ``TYPES``; ``profile``: the same for the first N of each label,
      the next N, and so on, a list of ``top``, in shares of the true events: a row sums to 1 while predictions last
    - ``map``: mAP at ``tiou`` of the kept ones; ``impact``: what it would gain were the errors of a type gone
    - ``missed``: the share of true events that no kept prediction found; ``ap_n``: the mean over labels of AP_N, the AP
      with precision R N / (R N + FP), where R is recall, FP false positives and N the mean number of true events a
      label, so that it does not depend on how rare a label is (Hoiem et al., ECCV 2012)
    - ``sensitivity``: for each of ``BUCKETS`` and each bucket the number ``n`` of true events, and ``missed`` and ``ap_n``
      of those alone; predictions that found others are left out
    - ``places``: with boxes, the number of predictions, right in time and label, in each of ``PLACES``
    """
    footage, tables = prepare_tables({"truth": truth, "predicted": predicted}, durations, labels, np.inf, tubes)
    pairs = [
        _diagnose(footage, *pair, tiou, low, match_person, exclusive, top, rate_hz)
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


def _diagnose(footage, true, guess, tiou, low, match_person, exclusive, top, rate_hz) -> dict[str, np.ndarray]:  # noqa: PLR0913 - all settings of ``diagnose``
    tables, tubes = [], []
    for events, boxes in (true, guess):
        keep = events["label"].isin(footage.labels).to_numpy()
        tables.append(events[keep].reset_index(drop=True))
        tubes.append(None if boxes is None else select_events(boxes, keep))
    truth, predicted = tables
    labels = sorted(truth["label"].unique())
    total = truth["label"].value_counts().reindex(labels).to_numpy(int)
    order = ranking(predicted)
    label = pd.Index(labels).get_indexer(predicted["label"])
    place = np.empty(len(predicted), int)
    place[order] = predicted.iloc[order].groupby("label", sort=False).cumcount()
    tier = np.where(label >= 0, place // np.append(total, 1)[label], top)
    kept = np.flatnonzero(tier < top)
    place = places(
        truth, predicted, tuple(tubes) if all(t is not None for t in tubes) else None, tiou, PLACE_IOU, rate_hz
    )
    if not match_person:
        truth, predicted = truth.assign(person=0), predicted.assign(person=0)
    predicted, tier, label = predicted.iloc[kept].reset_index(drop=True), tier[kept], label[kept]
    kind = error_types(truth, predicted, tiou, low, match_person, exclusive)
    found = match_ranked(truth, predicted, (tiou,), match_person)[0]
    profile = np.zeros((top, len(TYPES)))
    np.add.at(profile, (tier, kind), 1)

    order = ranking(predicted)
    rows = [order[label[order] == number] for number in range(len(labels))]
    without = kind[:, None] != np.arange(len(TYPES))  # (P, types): column 0, without the true ones, is of no use
    without[:, 0] = True
    ap = [
        interpolated_ap(found[row] >= 0, without[row].astype(float), np.full(len(TYPES), n))
        for row, n in zip(rows, total, strict=True)
    ]
    ap = mean_defined(np.reshape(ap, (-1, len(TYPES))), 0)

    buckets = characteristics(truth, footage.durations)
    inside = np.stack(
        [np.ones(len(truth), bool)]
        + [(buckets[name] == bucket).to_numpy() for name, (_, names) in BUCKETS.items() for bucket in names],
        1,
    )  # (N, 1 + buckets)
    hit = np.zeros(len(truth), bool)
    hit[found[found >= 0]] = True
    missed = ratio((inside & ~hit[:, None]).sum(0), inside.sum(0))
    usual = ratio(len(truth), len(labels))
    normalised = []
    for number, row in enumerate(rows):
        of_label = inside[(truth["label"] == labels[number]).to_numpy()].sum(0)  # (1 + buckets,)
        true = found[row] >= 0
        weight = np.ones((len(row), inside.shape[1]))
        # Each hit weighs as if the label had the usual number of events: precision is then the normalised one.
        weight[true] = inside[found[row][true]] * ratio(usual, of_label)
        normalised.append(interpolated_ap(true, np.nan_to_num(weight), np.where(of_label > 0, usual, 0)))
    normalised = mean_defined(np.reshape(normalised, (-1, inside.shape[1])), 0)
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


def _number(value: float) -> float | None:
    return round(float(value), 6) + 0.0 if np.isfinite(value) else None  # + 0.0: no -0.0
