"""Compare detectors: paired differences with intervals, permutation tests, scores by subset."""

import itertools
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from kinesics.errors import KinesicsError
from kinesics.metrics.bootstrap import BLOCK_S, add_holm, bootstrap_weights, permutation_p, permutation_signs
from kinesics.metrics.counts import MetricCounts, merge_rankings
from kinesics.metrics.inputs import Tables, prepare_tables
from kinesics.metrics.scoring import (
    SHORT,
    Clustering,
    Thresholds,
    cluster_units,
    count_tables,
    metric_samples,
    resample_weights,
    summarise,
)


def compare(  # noqa: PLR0913 - keyword-only settings
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
    all tables are judged unless ``labels`` is given. An interval without 0 shows that the two differ on videos like these.

    With ``permutations`` each entry also has ``p``, that of the paired permutation test (``bootstrap.permutation_p``): in
    a random half of the units (or clusters) the two change places, each seed of the one with each of the other. With several
    comparisons correct it by ``bootstrap.holm``. For AP the two are mixed by rank, since their scores need not mean the
    same (``average_precision.merge_ranked``).
    """
    groups = {"truth": truth, "first": first, "second": second}
    evaluation_set, tables = prepare_tables(groups, durations, labels, block_s, tubes)
    clustering = cluster_units(evaluation_set, clusters)
    weights = resample_weights(clustering, resamples, seed)
    if permutations < 0:
        raise KinesicsError(f"permutations {permutations} is negative; 0 gives no test")
    a, b = (count_tables(evaluation_set, tables, group, measures, thresholds) for group in ("first", "second"))
    of_a, of_b = metric_samples(a, weights), metric_samples(b, weights)
    p = _permutation_test(a, b, len(tables["truth"]), clustering, permutations, seed) if permutations else {}
    difference = {key: of_a[key] - of_b[key] for key in of_a}
    summary = summarise(evaluation_set, tables, a, difference, weights, clustering.cluster, p)
    return {"labels": evaluation_set.labels, **summary}


def _permutation_test(
    first: Sequence[MetricCounts],
    second: Sequence[MetricCounts],
    n_annotators: int,
    clustering: Clustering,
    permutations: int,
    seed: int,
) -> dict[str, np.ndarray]:
    """Return the p of each metric: (1 + L,), or (1,) where it has no labels. Counts are those of ``count_tables``."""
    swapped = permutation_signs(clustering.n_clusters, permutations, seed, clustering.n_blocks)[clustering.cluster]
    sides = np.concatenate([1 - swapped, swapped]), np.concatenate([swapped, 1 - swapped])
    a, b = len(first) // n_annotators, len(second) // n_annotators  # their seeds
    mixed = [
        merge_rankings(first[i], second[j])
        for k in range(n_annotators)
        for i, j in itertools.product(range(k * a, (k + 1) * a), range(k * b, (k + 1) * b))
    ]
    there, back = (metric_samples(mixed, side) for side in sides)
    return {key: permutation_p(there[key] - back[key]) for key in there}


def compare_to_reference(
    reference: str,
    truth: Tables,
    predicted: Mapping[str, Sequence[pd.DataFrame]],
    thresholds: Mapping[str, Sequence[float | Mapping[str, float]]],
    tubes: Mapping[str, Tables] | None = None,
    **settings: Any,
) -> dict[str, dict[str, dict[str, Any]]]:
    """Compare every detector to the reference; return its entries of the metrics of ``SHORT``: {metric: {detector: entry}}.

    ``predicted`` and ``thresholds`` are by detector, a table and a threshold per seed; ``tubes`` are by detector and of
    ``truth``. An entry is that of ``compare``, whose settings these are, with ``p_holm`` besides, corrected for the number
    of detectors.
    """
    entries: dict[str, dict[str, dict[str, Any]]] = {metric: {} for metric in SHORT}
    for name in (name for name in predicted if name != reference):
        sides = {"first": name, "second": reference}
        boxes = {"truth": tubes["truth"]} | {side: tubes[of] for side, of in sides.items()} if tubes else None
        least = {side: thresholds[of] for side, of in sides.items()}
        difference = compare(truth, predicted[name], predicted[reference], thresholds=least, tubes=boxes, **settings)
        for metric in entries.keys() & difference["metrics"].keys():
            entries[metric][name] = difference["metrics"][metric]
    for of_metric in entries.values():
        add_holm(of_metric)
    return entries


def score_subsets(  # noqa: PLR0913 - keyword-only settings
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
    groups = {"truth": truth, "predicted": predicted}
    evaluation_set, tables = prepare_tables(groups, durations, labels, np.inf, tubes)
    if baseline is not None and baseline not in subsets:
        raise KinesicsError(f"baseline {baseline!r} is not a subset; there are {', '.join(subsets)}")
    of_video = evaluation_set.units.of_video
    for subset, videos in subsets.items():
        if unknown := [video for video in videos if video not in of_video]:
            raise KinesicsError(f"subset {subset!r}: video {unknown[0]!r} has no duration and no event")
    counts = count_tables(evaluation_set, tables, "predicted", measures, thresholds)
    member = np.array([[video in set(videos) for video in of_video] for videos in subsets.values()])
    draws = _draw_by_subsets(member, cluster_units(evaluation_set, clusters), resamples, seed)
    result: dict[str, dict[str, Any]] = {}
    weights = {subset: draws * held[:, None] for subset, held in zip(subsets, member, strict=True)}
    samples = {subset: metric_samples(counts, weight) for subset, weight in weights.items()}
    units = np.arange(len(evaluation_set.units))
    for subset, weight in weights.items():
        summary = summarise(evaluation_set, tables, counts, samples[subset], weight, units)
        result[subset] = {"videos": len(subsets[subset]), **summary}
        if baseline is not None and subset != baseline:
            difference = {key: value - samples[baseline][key] for key, value in samples[subset].items()}
            summary = summarise(evaluation_set, tables, counts, difference, weight, units)
            result[subset]["difference"] = summary["metrics"]
    return result


def _draw_by_subsets(member: np.ndarray, clustering: Clustering, resamples: int, seed: int) -> np.ndarray:
    """Return weights of whole videos (V, 1 + resamples): clusters that lie in the same subsets are drawn together.

    member: bool (subsets, V), whether a video is in a subset.
    """
    draws = np.ones((member.shape[1], 1 + resamples))
    where = np.array([member[:, clustering.cluster == k].any(1) for k in range(clustering.n_clusters)])
    for number, pattern in enumerate(np.unique(where, axis=0)):
        alike = np.flatnonzero((where == pattern).all(1))
        drawn = bootstrap_weights(len(alike), resamples, [seed, number])
        for row, k in enumerate(alike):
            draws[clustering.cluster == k] = drawn[row]
    return draws
