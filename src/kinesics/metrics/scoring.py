"""Every metric of a detector's events against one or more coders, with intervals, ready for JSON.

Metrics, all over the same labels (the number in a name is the IoU threshold in percent):

- ``f1_30, f1_50``: event F1, micro: true and false positives pooled over labels; ``precision_*``, ``recall_*`` likewise
- ``f1_macro_30, f1_macro_50``: event F1, the mean over the labels that were true or predicted
- ``map_30 .. map_70``, ``map``: mean average precision over the labels that were true, and its mean over thresholds;
  of one label: ``ap_30 .. ap_70``, ``ap``
- ``kappa``: frame-wise Cohen's kappa, the mean over the labels that were true or predicted
- ``spatial_iou``: mean IoU of the boxes of the events matched at tIoU 0.3
- with tubes ``tube_map_20, tube_map_50``, ``tube_map`` (their mean) and ``frame_map_50``: mAP of tubes and of the boxes of
  single frames (``tubes``), whoever they are said to be
- ``ar_10, ar_100, ar_auc``: average recall with 10 and 100 proposals a video, and the area under it;
  how many proposals each video may have is counted on all footage, also for a resample
- ``war, uar, weighted_f1``: of the label that is given to each true event (``classification.answers``, tIoU 0.5)
- ``levenshtein, mean_jaccard``: of whole sequences (``sequences``); they have no interval if videos are cut into blocks
- ``ece``: expected calibration error of the scores, right being a true positive at tIoU 0.5; undefined if one is outside
  [0, 1]; ``ccc``: concordance of the scores of true and predicted events matched at tIoU 0.5, as of intensities

``n`` is what a metric counts: true events (F1, recall, AP, AR, WAR), predictions (precision, ECE), matched pairs with two
boxes (spatial IoU) or any (CCC), person-frames (kappa), boxes (frame mAP) or sequences (Levenshtein per video and
person, Jaccard per video), summed over coders; with several seeds their mean.
"""

import itertools
from collections.abc import Mapping, Sequence
from numbers import Real
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from kinesics import KinesicsError
from kinesics.evaluation.detection import sorted_events
from kinesics.evaluation.intervals import (
    BLOCK_S,
    block_units,
    bootstrap_weights,
    correct,
    percentile_interval,
    permutation_p,
    swaps,
)
from kinesics.evaluation.tally import MEASURES, Footage, Samples, Tally, decided, mean, merge, metrics, tally
from kinesics.evaluation.tubes import select, sorted_with_tubes
from kinesics.events import BOX, check_events, check_tubes, empty_events, read_events, read_events_and_tubes
from kinesics.files import sha256
from kinesics.labels import LABELS, in_order
from kinesics.stage.data import BESIDE

SIDES = {"predicted": "the prediction", "other": "the other detector"}  # of the truth, as notes and errors call them
FEW_UNITS = 10  # below it, percentile intervals are markedly too narrow
DIGITS = 6  # far finer than any interval, far coarser than the rounding in which processors differ
#: What ``to_text`` shows unless it is asked for everything.
SHORT = ("f1_30", "f1_50", "precision_50", "recall_50", "map", "kappa", "spatial_iou", "tube_map", "frame_map_50")

Tables = pd.DataFrame | Sequence[pd.DataFrame]
Paths = str | Path | Sequence[str | Path]
Coded = tuple[pd.DataFrame, pd.DataFrame | None]  # an events table and its tubes
Thresholds = float | Mapping[str, float | Sequence[float | Mapping[str, float]]]


def score(
    truth: Tables,
    predicted: Tables,
    *,
    durations: Mapping[str, float] | None = None,
    labels: Sequence[str] | None = None,
    tubes: Mapping[str, Tables] | None = None,
    thresholds: Thresholds | None = None,
    clusters: Mapping[str, str] | None = None,
    block_s: float = BLOCK_S,
    resamples: int = 2000,
    seed: int = 0,
    **measures: Any,
) -> dict[str, Any]:
    """Return all metrics of ``predicted`` against ``truth``, a table or one a coder, as a JSON-ready dict.

    ``predicted`` is likewise a table or one a seed of the detector. A metric is the mean of its values for each coder
    and seed that define it; its interval is that of this mean on other footage, not that of other seeds. The agreement
    of two coders is ``score(a, b)``: F1 and kappa are the same for ``score(b, a)`` (their intervals nearly, since a
    matched pair counts in the unit of its truth), precision and recall change places, AP ranks by the second's score.

    durations: seconds of each video, default the last event's end in any table; a video named here without events
    counts for kappa. labels: those to judge, default all that occur; a detector that knows a few is judged on those.
    tubes: the boxes of the events, ``{"truth": ..., "predicted": ...}``, as many as there are tables. thresholds:
    ``{"predicted": [one a table]}``, the scores from which on an event is a decision: those below count only for what judges
    the ranking (AP, AR, ECE, CCC), by default none is below; a table from several models has a mapping from videos to
    theirs, and a number alone holds for all. block_s: the length of a unit of the bootstrap, infinite for whole videos.
    clusters: of a video, such as its person: units of one cluster are drawn together, by default each alone. measures,
    with their defaults: f1_tious (0.3, 0.5), map_tious (0.3 to 0.7), tube_ious (0.2, 0.5), rate_hz 10 (of the frames that
    are compared), match_person True.

    Result: ``{labels, videos, units, n_truth: [per coder], n_predicted, settings, metrics: {name: entry}, per_label:
    {label: {name: entry}}}`` with entry ``{value, low, high, n}``; n_predicted is the mean over seeds. low and high are
    the 95 % percentile interval of the cluster bootstrap (``intervals``) over the resamples in which the metric is
    defined. None stands for an undefined value, and for the ends of an interval if all events lie in one unit, which
    says nothing of their spread.

    Raises KinesicsError if a table is not an events table or tubes are not its tubes, there is no table, a duration is
    missing, an event starts after its video's end, or a label, threshold, rate or number is not one.
    """
    footage, tables = prepare({"truth": truth, "predicted": predicted}, durations, labels, block_s, tubes)
    of = _cluster(footage, clusters)
    weights = _weights(of, resamples, seed)
    tallies = _tallies(footage, tables, "predicted", measures, thresholds)
    n_truth, n_predicted = (
        [int(events["label"].isin(footage.labels).sum()) for events, _ in tables[group]]
        for group in ("truth", "predicted")
    )
    settings = {"resamples": resamples, "seed": seed, "block_s": block_s if np.isfinite(block_s) else None}
    settings |= {
        key: list(value) if isinstance(value, tuple) else value for key, value in (MEASURES | measures).items()
    }
    return {
        "labels": footage.labels,
        "videos": len(footage.durations),
        "units": footage.n_units,
        "n_truth": n_truth,
        "n_predicted": round(sum(n_predicted) / len(n_predicted)),
        "settings": settings,
        **_summary(footage, tables, tallies, _samples(tallies, weights), weights, of),
    }


def compare(
    truth: Tables,
    first: Tables,
    second: Tables,
    *,
    durations: Mapping[str, float] | None = None,
    labels: Sequence[str] | None = None,
    tubes: Mapping[str, Tables] | None = None,
    thresholds: Thresholds | None = None,
    clusters: Mapping[str, str] | None = None,
    block_s: float = BLOCK_S,
    resamples: int = 2000,
    permutations: int = 0,
    seed: int = 0,
    **measures: Any,
) -> dict[str, Any]:
    """Return the difference of each metric, ``first`` minus ``second``, paired: both on the same resamples.

    Arguments and errors are those of ``score``; tubes are those of ``truth``, ``first`` and ``second``, thresholds those of
    the latter two. The result has its ``labels``, ``metrics`` and ``per_label``, with n that of ``first``. The labels of
    all tables are judged unless ``labels`` is given. An interval without 0 says that the two differ on footage like this.

    With ``permutations`` each entry also has ``p``, that of the paired permutation test (``intervals.permutation_p``): in
    a random half of the units (or clusters) the two change places, each seed of the one with each of the other. With several
    comparisons correct it by ``intervals.holm``. For AP the two are mixed by rank, since their scores need not mean the
    same (``detection.merge_ranked``).
    """
    groups = {"truth": truth, "first": first, "second": second}
    footage, tables = prepare(groups, durations, labels, block_s, tubes)
    of = _cluster(footage, clusters)
    weights = _weights(of, resamples, seed)
    if permutations < 0:
        raise KinesicsError(f"permutations {permutations} is negative; 0 gives no test")
    a, b = (_tallies(footage, tables, group, measures, thresholds) for group in ("first", "second"))
    of_a, of_b = _samples(a, weights), _samples(b, weights)
    p = {}
    if permutations:
        swapped = swaps(of.max(initial=-1) + 1, permutations, seed)[of].astype(float)
        sides = np.concatenate([1 - swapped, swapped]), np.concatenate([swapped, 1 - swapped])
        seeds = [len(tables[group]) for group in ("first", "second")]
        coders = (
            one[i * n : (i + 1) * n] for i in range(len(tables["truth"])) for one, n in zip((a, b), seeds, strict=True)
        )
        mixed = [merge(*pair) for both in zip(coders, coders, strict=True) for pair in itertools.product(*both)]
        there, back = (_samples(mixed, side) for side in sides)
        p = {key: permutation_p(there[key] - back[key]) for key in there}
    difference = {key: of_a[key] - of_b[key] for key in of_a}
    return {"labels": footage.labels, **_summary(footage, tables, a, difference, weights, of, p)}


def against(
    reference: str,
    truth: Tables,
    found: Mapping[str, Sequence[pd.DataFrame]],
    thresholds: Mapping[str, Sequence[float | Mapping[str, float]]],
    tubes: Mapping[str, Tables] | None = None,
    **settings: Any,
) -> dict[str, dict[str, dict[str, Any]]]:
    """Compare every detector to the reference; return its entries of the metrics of ``SHORT``: {metric: {detector: entry}}.

    ``found`` and ``thresholds`` are by detector, a table and a threshold a seed; ``tubes`` are by detector and of
    ``truth``. An entry is that of ``compare``, whose settings these are, with ``p_holm`` besides, corrected for the number
    of detectors.
    """
    entries: dict[str, dict[str, dict[str, Any]]] = {metric: {} for metric in SHORT}
    for name in (name for name in found if name != reference):
        sides = {"first": name, "second": reference}
        boxes = {"truth": tubes["truth"]} | {side: tubes[who] for side, who in sides.items()} if tubes else None
        least = {side: thresholds[who] for side, who in sides.items()}
        difference = compare(truth, found[name], found[reference], thresholds=least, tubes=boxes, **settings)
        for metric in entries.keys() & difference["metrics"].keys():
            entries[metric][name] = difference["metrics"][metric]
    for of_metric in entries.values():
        correct(of_metric)
    return entries


def by_subset(
    truth: Tables,
    predicted: Tables,
    subsets: Mapping[str, Sequence[str]],
    *,
    baseline: str | None = None,
    clusters: Mapping[str, str] | None = None,
    durations: Mapping[str, float] | None = None,
    labels: Sequence[str] | None = None,
    tubes: Mapping[str, Tables] | None = None,
    thresholds: Thresholds | None = None,
    resamples: int = 2000,
    seed: int = 0,
    **measures: Any,
) -> dict[str, dict[str, Any]]:
    """Return the metrics on each subset of the videos (lists of names), and their difference to those on ``baseline``.

    Whole videos are resampled, those of one cluster together (``clusters``: of a video, such as the script or the person;
    default the video itself): a cluster that has videos in two subsets is drawn for both, so that their difference is
    paired, and clusters that lie in other subsets are drawn apart. Other arguments and errors are those of ``score``.

    Result: ``{subset: {videos, metrics, per_label, difference}}`` with entries as of ``score``; ``difference``, the metrics of
    the subset minus those of the baseline, is missing without a baseline and from the baseline itself.
    """
    footage, tables = prepare({"truth": truth, "predicted": predicted}, durations, labels, np.inf, tubes)
    if baseline is not None and baseline not in subsets:
        raise KinesicsError(f"baseline {baseline!r} is not a subset; there are {', '.join(subsets)}")
    for subset, videos in subsets.items():
        if unknown := [video for video in videos if video not in footage.units]:
            raise KinesicsError(f"subset {subset!r}: video {unknown[0]!r} has no duration and no event")
    tallies = _tallies(footage, tables, "predicted", measures, thresholds)
    of = _cluster(footage, clusters)
    member = np.array([[video in set(videos) for video in footage.units] for videos in subsets.values()])
    draws = np.ones((footage.n_units, 1 + resamples))
    where = np.array([member[:, of == k].any(1) for k in range(of.max(initial=-1) + 1)])  # (clusters, subsets)
    for number, pattern in enumerate(np.unique(where, axis=0)):
        alike = np.flatnonzero((where == pattern).all(1))
        drawn = bootstrap_weights(len(alike), resamples, [seed, number])
        for row, k in enumerate(alike):
            draws[of == k] = drawn[row]
    result: dict[str, dict[str, Any]] = {}
    weights = {subset: draws * held[:, None] for subset, held in zip(subsets, member, strict=True)}
    samples = {subset: _samples(tallies, weight) for subset, weight in weights.items()}
    for subset, weight in weights.items():
        units = np.arange(footage.n_units)
        summary = _summary(footage, tables, tallies, samples[subset], weight, units)
        result[subset] = {"videos": len(subsets[subset]), **summary}
        if baseline is not None and subset != baseline:
            difference = {key: value - samples[baseline][key] for key, value in samples[subset].items()}
            result[subset]["difference"] = _summary(footage, tables, tallies, difference, weight, units)["metrics"]
    return result


def score_files(
    truth: Paths | Sequence[Paths],
    predicted: Paths | Sequence[Paths],
    *,
    other: Paths | Sequence[Paths] | None = None,
    tubes: Mapping[str, Paths | Sequence[Paths]] | None = None,
    diagnosis: bool = False,
    permutations: int = 2000,
    persons_by_boxes: bool = False,
    **settings: Any,
) -> dict[str, Any]:
    """Return ``score`` of events files: ``truth`` has one entry a coder, ``predicted`` one a seed.

    An entry is a CSV file, a folder of them, or a list of both that is read as one table; ``predicted`` may also be one
    entry. ``tubes`` are those of ``truth``, ``predicted`` and ``other``: as many Parquet files, or folders, in the same order.
    With ``other``, the events of another detector, the result also has ``compare``, the differences to it; with
    ``diagnosis`` also that. Of a folder, what ``kinesics stage`` writes beside the events and tubes is left out. With
    ``persons_by_boxes`` a predicted person is the true one whose events' boxes theirs meet (``persons.renumber_by_boxes``),
    whatever their numbers. Settings are those of ``score``. The result also has ``notes``, sentences on what may be a mistake:
    videos and labels that only one side knows, and scores that are no probabilities.

    Raises KinesicsError also if two files of one table name the same video, if persons have no boxes to be told by, if there
    is no event at all, and if truth and prediction have no video in common while no ``durations`` say which videos there are.
    """
    entries = {"truth": [truth] if isinstance(truth, str | Path) else list(truth), "predicted": _entries(predicted)}
    if other is not None:
        entries["other"] = _entries(other)
    boxes = {
        group: _entries(paths) if group != "truth" else [paths] if isinstance(paths, str | Path) else list(paths)
        for group, paths in (tubes or {}).items()
        if paths is not None
    }
    tables: dict[str, list[pd.DataFrame]] = {}
    read_boxes: dict[str, list[pd.DataFrame]] = {}
    for group, of in entries.items():
        if group in boxes and len(boxes[group]) != len(of):
            raise KinesicsError(
                f"{group}: {len(of)} events tables, but {len(boxes[group])} of tubes: give one for each"
            )
        pairs = [_read(*pair) for pair in zip(of, boxes.get(group, [None] * len(of)), strict=True)]
        tables[group] = [events for events, _ in pairs]
        if group in boxes:
            read_boxes[group] = [of_events for _, of_events in pairs]
    files = [tuple(sha256(file) for file in _files(paths, ".csv")) for paths in entries["truth"]]
    for number, (one, table) in enumerate(zip(files, tables["truth"], strict=True)):
        if len(table) and one in files[:number]:
            first = entries["truth"][files.index(one)]
            raise KinesicsError(
                f"{first} and {entries['truth'][number]} are the same, and no two coders: give one of them"
            )
    videos = [(number, set(table["video"])) for number, table in enumerate(tables["truth"]) if len(table)]
    for number, mine in videos[1:]:
        if not mine & videos[0][1]:
            one, other_one = (entries["truth"][k] for k in (videos[0][0], number))
            raise KinesicsError(
                f"{one} and {other_one} have no video in common, and are taken for two coders of the same videos: "
                "put the events of one coder into one table or folder"
            )
    known = {*LABELS.index}.union(*(events["label"] for group in tables.values() for events in group))
    if unknown := [label for label in settings.get("labels") or [] if label not in known]:
        raise KinesicsError(f"label {unknown[0]!r} is in no table; the labels are {', '.join(sorted(known))}")
    wanted = settings.get("labels")
    if not any(
        len(events if wanted is None else events[events["label"].isin(wanted)])
        for of in tables.values()
        for events in of
    ):
        of_them = "" if wanted is None else f" of {', '.join(wanted)}"
        raise KinesicsError(
            f"{entries['truth'][0]} and all other tables have no event{of_them}: there is nothing to score"
        )
    coded = set().union(*(events["video"] for events in tables["truth"]))
    for group, name in SIDES.items():
        found = set().union(*(events["video"] for events in tables.get(group, [])))
        if coded and found and not coded & found and settings.get("durations") is None:
            raise KinesicsError(
                f"no video is in both the truth and {name}: the truth has {', '.join(sorted(coded)[:3])}; "
                f"{name} has {', '.join(sorted(found)[:3])}"
            )
    told = []
    if persons_by_boxes:
        told = _renumber(tables, settings.get("rate_hz", MEASURES["rate_hz"]))
    of_pair = {group: read_boxes[group] for group in ("truth", "predicted") if group in read_boxes}
    result = score(tables["truth"], tables["predicted"], tubes=of_pair, **settings)
    by_number = settings.get("match_person", True) and not persons_by_boxes
    result["notes"] = told + _notes(tables, settings.get("labels"), by_number)
    if (units := result["units"]) < FEW_UNITS:
        least = "" if other is None else f" and no p is below {min(2 / 2**units, 1):.2g}"
        result["notes"].append(f"{_several(units, 'unit')}: few, so that intervals are too narrow{least}")
    if other is not None:
        names = {"truth": "truth", "predicted": "first", "other": "second"}
        all_tubes = len(read_boxes) == len(names)  # without those of all there is nothing to compare in space
        result["compare"] = compare(
            tables["truth"],
            tables["predicted"],
            tables["other"],
            tubes={names[group]: of_group for group, of_group in read_boxes.items()} if all_tubes else None,
            permutations=permutations,
            **settings,
        )
    if diagnosis:
        from kinesics.evaluation.diagnosis import diagnose

        shared = {key: settings[key] for key in ("durations", "labels", "match_person", "rate_hz") if key in settings}
        result["diagnosis"] = diagnose(tables["truth"], tables["predicted"], tubes=of_pair, **shared)
    return result


def _renumber(tables: dict[str, list[pd.DataFrame]], rate_hz: float) -> list[str]:
    """Give the persons of predictions their true numbers, by their boxes, in ``tables``; return how many were known."""
    from kinesics.evaluation.persons import renumber_by_boxes

    true, notes = pd.concat(tables["truth"], ignore_index=True), []
    _refuse_without_boxes(true, "the truth")
    for group, name in SIDES.items():
        for number, events in enumerate(tables.get(group, [])):
            _refuse_without_boxes(events, name)
            tables[group][number], found = renumber_by_boxes(true, events, rate_hz)
            known, of = sum(map(len, found.values())), len(events[["video", "person"]].drop_duplicates())
            notes.append(f"persons by their boxes: {known} of {_several(of, 'person')} of {name} found in the truth")
    return notes


def _refuse_without_boxes(events: pd.DataFrame, name: str) -> None:
    if len(events) and events[BOX].isna().any(axis=1).all():
        raise KinesicsError(
            f"{name} has no boxes (x0, y0, x1, y1): persons cannot be told by them; number them alike instead"
        )


def _notes(tables: Mapping[str, Sequence[pd.DataFrame]], labels: Sequence[str] | None, by_number: bool) -> list[str]:
    """Return sentences on what may be a mistake in the tables of ``score_files``."""
    notes = []
    true = pd.concat(tables["truth"])
    if by_number and max(true.groupby("video")["person"].nunique(), default=0) > 1:
        notes.append(
            "several people: the number of a person must be the same in truth and prediction; else "
            "--persons-by-boxes or --ignore-person"
        )
    for group, name in SIDES.items():
        if group not in tables:
            continue
        found = pd.concat(tables[group])
        for column in ("video", "label"):
            only = sorted(set(found[column]) - set(true[column]))
            if column == "label" and labels is not None:
                only = [label for label in only if label in labels]
            if only:
                n = int(found[column].isin(only).sum())
                notes.append(
                    f"{_several(len(only), column)} only in {name}; its events of them, {n}, count as false: "
                    + _some(only)
                )
        if missed := sorted(set(true["video"]) - set(found["video"])):
            notes.append(f"{_several(len(missed), 'video')} without an event of {name}: {_some(missed)}")
        if not found["score"].between(0, 1).all():
            notes.append(f"scores of {name} lie outside 0 to 1: they rank, but have no calibration error")
    return notes


def _several(n: int, what: str) -> str:
    return f"{n} {what}{'' if n == 1 else 's'}"


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:5]) + (", ..." if len(names) > 5 else "")


def to_text(result: dict[str, Any], everything: bool = False) -> str:
    """Return the result of ``score`` as Markdown tables that also read well in a terminal: metrics, then labels.

    Metrics are those of ``SHORT`` that are defined, or ``everything``. What ``score_files`` adds follows: differences to the
    other detector, and the diagnosis; its notes come first.
    """
    block = result["settings"]["block_s"]
    head = [
        f"{_several(result['videos'], 'video')} in {_several(result['units'], 'unit')} "
        f"({'whole videos' if block is None else f'stretches of {block:g} s'}, which the bootstrap draws); "
        f"true events {', '.join(map(str, result['n_truth']))}; predicted {result['n_predicted']}",
        "_30: at a tIoU of 0.3 or more; n: what a metric counts; no interval: all events lie in one unit",
        *(["levenshtein, mean_jaccard: of whole videos only (--by-video)"] if everything and block is not None else []),
        *(f"note: {note}" for note in result.get("notes", [])),
    ]
    shown = [key for key in result["metrics"] if everything or key in SHORT]
    if not everything:
        shown = [key for key in shown if result["metrics"][key]["value"] is not None or key == "f1_50"]
    rows = [[key, *_cells(result["metrics"][key]), str(result["metrics"][key]["n"])] for key in shown]
    parts = [head, _markdown(["metric", "value", "95 % interval", "n"], rows)]
    wanted = ["f1_30", "f1_50", "ap", "kappa", "spatial_iou", "tube_ap"]
    columns = [key for key in wanted if any(key in entry for entry in result["per_label"].values())]
    rows = [
        [label, str(entry["recall_50" if "recall_50" in entry else "ap"]["n"])]
        + [" ".join(_cells(entry[key])).strip() for key in columns]
        for label, entry in result["per_label"].items()
    ]
    parts.append(_markdown(["label", "n", *columns], rows))
    if "compare" in result:
        entries = {key: entry for key, entry in result["compare"]["metrics"].items() if key in shown}
        rows = [[key, *_cells(entry), _p(entry["p"])] for key, entry in entries.items()]
        parts.append(_markdown(["difference to the other", "value", "95 % interval", "p"], rows))
    if "diagnosis" in result:
        parts += _diagnosis_text(result["diagnosis"], result["n_predicted"])
    return "\n\n".join("\n".join(part) for part in parts) + "\n"


def _gain(value: float | None) -> list[str]:
    return ["" if value is None else f"+{value:.3f}"]


def _diagnosis_text(diagnosis: dict[str, Any], n_predicted: int) -> list[list[str]]:
    total = sum(diagnosis["types"].values()) or 1
    left_out = n_predicted - round(sum(diagnosis["types"].values()))
    rows = [
        [kind, f"{number:g}", f"{100 * number / total:.0f} %", *_gain(diagnosis["impact"].get(kind))]
        for kind, number in diagnosis["types"].items()
    ]
    parts = [_markdown([f"prediction at tIoU {diagnosis['tiou']:g}", "number", "share", "mAP without"], rows)]
    if left_out > 0:
        parts[0].append(
            f"left out: {left_out} predictions of labels without a true event, or beyond {len(diagnosis['profile'])} times as "
            "many as those"
        )
    rows = [
        [name, bucket, f"{entry['n']:g}"]
        + ["" if entry[key] is None else f"{entry[key]:.2f}" for key in ("missed", "ap_n")]
        for name, buckets in diagnosis["sensitivity"].items()
        for bucket, entry in buckets.items()
        if entry["n"]
    ]
    parts.append(_markdown(["true events by", "bucket", "n", "missed", "AP_N"], rows))
    if any(number for place, number in diagnosis["places"].items() if place != "no box"):
        rows = [[place, f"{number:g}"] for place, number in diagnosis["places"].items()]
        parts.append(_markdown(["right in time and label; place", "number"], rows))
    return parts


def prepare(
    groups: Mapping[str, Tables],
    durations: Mapping[str, float] | None,
    labels: Sequence[str] | None,
    block_s: float,
    tubes: Mapping[str, Tables] | None = None,
) -> tuple[Footage, dict[str, list[Coded]]]:
    """Check and sort the tables of each group, each with its tubes or None; say what footage and labels they are about.

    Errors and arguments are those of ``score``.
    """
    checked: dict[str, list[Coded]] = {}
    named: list[tuple[str, pd.DataFrame]] = []
    if unknown := sorted(set(tubes or {}) - set(groups)):
        raise KinesicsError(f"tubes of {unknown[0]!r}: there are {', '.join(groups)}")
    if tubes and (missing := [group for group in groups if group not in tubes]):
        raise KinesicsError(f"tubes are compared with tubes: those of {missing[0]!r} are missing")
    for group, given in groups.items():
        given = _listed(given)
        if not given:
            raise KinesicsError(f"{group} has no table: give at least one, which may have no rows")
        boxes = _listed(tubes[group]) if tubes and group in tubes else [None] * len(given)
        if len(boxes) != len(given):
            raise KinesicsError(f"{group} has {len(given)} events tables but {len(boxes)} tables of tubes")
        checked[group] = []
        for i, (events, of_events) in enumerate(zip(given, boxes, strict=True)):
            own = group if len(given) == 1 else f"{group} {i + 1}"
            if of_events is None:
                kept = sorted_events(check_events(events, own))
            else:
                kept, of_events = sorted_with_tubes(*check_tubes(events, of_events, own, f"tubes of {own}"))
            checked[group].append((kept, of_events))
            named.append((own, kept))
    everything = pd.concat([events for _, events in named])
    if durations is None:
        durations = everything.groupby("video")["end_s"].max()
    durations = {video: float(durations[video]) for video in sorted(durations.keys())}
    for own, events in named:
        for video, start in events.groupby("video")["start_s"].max().items():
            if video not in durations:
                raise KinesicsError(f"{own}: video {video!r} has no duration; known are {', '.join(durations)}")
            if start >= durations[video]:
                raise KinesicsError(
                    f"{own}: video {video!r}: an event starts at {start} s, the video ends at {durations[video]} s"
                )
    if labels is None:
        labels = in_order(everything["label"])
    if isinstance(labels, str) or len(set(labels)) != len(labels):
        raise KinesicsError(f"labels {labels!r} is not a list of different labels")
    return Footage(list(labels), durations, block_units(durations, block_s), block_s), checked


def _listed(tables: Tables) -> list[pd.DataFrame]:
    return [tables] if isinstance(tables, pd.DataFrame) else list(tables)


def _cluster(footage: Footage, clusters: Mapping[str, str] | None) -> np.ndarray:
    """Return the number of each unit's cluster, from 0 on: int (n_units,)."""
    if clusters is None:
        return np.arange(footage.n_units)
    named = [str(clusters.get(video, video)) for video, units in footage.units.items() for _ in units]
    return np.unique(named, return_inverse=True)[1]


def _weights(cluster: np.ndarray, resamples: int, seed: int) -> np.ndarray:
    if resamples < 0:
        raise KinesicsError(f"resamples {resamples} is negative; 0 gives values without intervals")
    return bootstrap_weights(cluster.max(initial=-1) + 1, resamples, seed)[cluster]


def _tallies(
    footage: Footage,
    tables: Mapping[str, list[Coded]],
    predicted: str,
    measures: dict[str, Any],
    thresholds: Thresholds | None = None,
) -> list[Tally]:
    """Return a tally of each coder and each seed, the seeds of the first coder first."""
    groups = [group for group in tables if group != "truth"]
    if isinstance(thresholds, Real):
        thresholds = dict.fromkeys(groups, thresholds)
    if not isinstance(thresholds, Mapping | None):
        raise KinesicsError(f"thresholds {thresholds!r}: neither a number nor {{{predicted!r}: [a number a table]}}")
    if unknown := set(thresholds or {}) - set(groups):
        raise KinesicsError(f"thresholds of {min(unknown)!r}, but the predictions are {', '.join(groups)}")
    least = (thresholds or {}).get(predicted, -np.inf)
    least = [least] * len(tables[predicted]) if isinstance(least, Real) else least
    if len(least) != len(tables[predicted]):
        raise KinesicsError(
            f"{predicted} has {len(tables[predicted])} tables but {len(least)} thresholds: give one each"
        )
    least = [one if isinstance(one, Mapping) else dict.fromkeys(footage.durations, one) for one in least]
    if missing := [video for one in least for video in footage.durations if video not in one]:
        raise KinesicsError(f"thresholds of {predicted}: video {missing[0]!r} has none")
    if odd := [one for of in least for one in of.values() if not isinstance(one, Real) or np.isnan(one)]:
        raise KinesicsError(f"threshold {odd[0]!r} of {predicted} is not a number")
    tallies = []
    for (true, true_tubes), ((found, found_tubes), threshold) in itertools.product(
        tables["truth"], list(zip(tables[predicted], least, strict=True))
    ):
        of_all = tally(footage, true, found, true_tubes, found_tubes, **(MEASURES | measures))
        sure = (found["score"] >= found["video"].map(threshold)).to_numpy()
        if not sure.all():
            few = found[sure].reset_index(drop=True), None if found_tubes is None else select(found_tubes, sure)
            of_all = decided(of_all, tally(footage, true, few[0], true_tubes, few[1], **(MEASURES | measures)))
        tallies.append(of_all)
    return tallies


def _samples(tallies: Sequence[Tally], weights: np.ndarray) -> Samples:
    """Return each metric's mean over tallies, (1 + L, B) with all labels first, or (1, B) where it has no labels."""
    # Of few units, many draws are the same.
    different, which = np.unique(weights, axis=1, return_inverse=True)
    each = [metrics(of, different) for of in tallies]
    return {key: mean(np.stack([values[key] for values in each]), 0)[:, which] for key in each[0]}


def _summary(
    footage: Footage,
    tables: Mapping[str, list[Coded]],
    tallies: Sequence[Tally],
    values: Samples,
    weights: np.ndarray,
    cluster: np.ndarray,
    p: Mapping[str, np.ndarray] | None = None,
) -> dict[str, Any]:
    """Turn samples (1 + L, B) into ``metrics`` and ``per_label``; column 0 of the weights says which units are judged.

    What lies in one ``cluster`` (n_units,) alone has no interval.
    """
    judged = weights[:, 0]
    everything = pd.concat([events for group in tables.values() for events, _ in group])
    held = np.zeros((len(footage.labels), footage.n_units), bool)
    label = pd.Index(footage.labels).get_indexer(everything["label"])
    unit = footage.unit(everything)
    mine = (label >= 0) & (judged[unit] > 0)
    held[label[mine], cluster[unit[mine]]] = True
    spread = np.concatenate([[held.any(0).sum() > 1], held.sum(1) > 1])
    summary: dict[str, Any] = {"metrics": {}, "per_label": {label: {} for label in footage.labels}}
    for key, sample in values.items():
        n = sum(of.n[key] @ judged for of in tallies) * len(tables["truth"]) / len(tallies)
        shown = spread[: len(sample)] & np.isfinite(sample[:, 0])
        low, high = (np.where(shown, end, np.nan) for end in percentile_interval(sample))
        entries = [
            {"value": _json(value), "low": _json(a), "high": _json(b), "n": round(number)}
            for value, a, b, number in zip(sample[:, 0], low, high, n[: len(sample)], strict=True)
        ]
        if p:
            entries = [entry | {"p": _json(one)} for entry, one in zip(entries, p[key], strict=True)]
        summary["metrics"][key] = entries[0]
        for label, entry in zip(footage.labels, entries[1:], strict=False):
            summary["per_label"][label][key.replace("map", "ap")] = entry
    return summary


def _json(value: float) -> float | None:
    return round(float(value), DIGITS) + 0.0 if np.isfinite(value) else None  # + 0.0: no -0.0


def _entries(paths: Paths | Sequence[Paths]) -> list[Paths]:
    """Return a list of entries, each of which is one table; one entry alone is a path or a list of paths."""
    if isinstance(paths, str | Path) or all(isinstance(path, str | Path) for path in paths):
        return [paths]
    return list(paths)


def _files(paths: Paths, suffix: str) -> list[Path]:
    paths = [paths] if isinstance(paths, str | Path) else paths
    return [
        file
        for path in map(Path, paths)
        for file in (sorted(path.glob(f"*{suffix}")) if path.is_dir() else [path])
        if not (path.is_dir() and file.name.endswith(BESIDE))
    ]


def _read(paths: Paths, tubes: Paths | None = None) -> Coded:
    """Read an entry of ``score_files``, one table of any number of files, with its tubes."""
    files = _files(paths, ".csv")
    if not files:
        paths = [paths] if isinstance(paths, str | Path) else paths
        raise KinesicsError(f"no events CSV in {', '.join(map(str, paths)) or 'an empty list of files'}")
    boxes: Sequence[Path | None] = [None] * len(files) if tubes is None else _files(tubes, ".parquet")
    if len(boxes) != len(files):
        raise KinesicsError(
            f"{len(files)} events files ({files[0]} ...) but {len(boxes)} files of tubes ({tubes}): "
            "give one for each, in their order"
        )
    origin: dict[str, Path] = {}
    tables, parts, n = [empty_events()], [], 0
    for file, of_file in zip(files, boxes, strict=True):
        events, part = (read_events(file), None) if of_file is None else read_events_and_tubes(file, of_file)
        for video in events["video"].unique():
            if video in origin:
                raise KinesicsError(f"video {video!r} is in both {origin[video]} and {file}")
            origin[video] = file
        tables.append(events)
        if part is not None:
            parts.append(part.assign(event=part["event"] + n))
        n += len(events)
    return pd.concat(tables, ignore_index=True), pd.concat(parts, ignore_index=True) if parts else None


def _cells(entry: dict[str, Any]) -> list[str]:
    value = "" if entry["value"] is None else f"{entry['value']:.3f}"
    return [value, "" if entry["low"] is None else f"[{entry['low']:.2f}, {entry['high']:.2f}]"]


def _p(p: float | None) -> str:
    return "" if p is None else f"{p:.3f}" if p >= 0.001 else "< 0.001"


def _markdown(header: list[str], rows: list[list[str]]) -> list[str]:
    width = [max(map(len, column)) for column in zip(header, *rows, strict=True)]
    lines = [header, ["-" * w for w in width], *rows]
    return ["| " + " | ".join(cell.ljust(w) for cell, w in zip(line, width, strict=True)) + " |" for line in lines]
