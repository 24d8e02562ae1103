"""What ``ranked`` owes to its parts and to the number of people, on people left out."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import replace
from types import ModuleType
from typing import Any

import numpy as np
import pandas as pd

from kinesics.detectors import ranked
from kinesics.errors import KinesicsError
from kinesics.metrics.matching import f1_score, match_events
from kinesics.metrics.paired import bca_interval, compare_people
from kinesics.signals import coefficients
from kinesics_paper.studies.people_data import People, balanced_folds, read_people_data
from kinesics_paper.studies.people_left_out import COLUMNS, FEW_FOLDS, ranked_events, rules

#: A table without events.
NOTHING = pd.DataFrame(columns=COLUMNS).astype({"decision": bool, "person": int, "start_s": float, "end_s": float})
#: Numbers of groups of people in the learning curve, beside all of a fold, and how often they are drawn.
AMOUNTS, REPEATS = (2, 4, 8, 16), 2


def ablate(tracks: Sequence[str], features: Sequence[str], passes: Sequence[str], settings: Mapping[str, Any]) -> dict:
    """Return ``variants`` of ``ranked`` in folds of people, each with its difference to the whole, and ``curve``.

    A point of the curve has the number of groups that were learned from and the F1 of ``ranked`` and ``rules``, mean over
    people and repeats; ``settings`` are resamples and seed.
    """
    data = read_people_data(tracks, features, passes)
    resampling = {key: settings[key] for key in ("resamples", "seed")}
    scores = {name: people_f1(data, _run(data, variant)) for name, variant in VARIANTS.items()}
    variants = {}
    for name, values in scores.items():
        low, high = bca_interval(values, **resampling)
        variants[name] = {"f1_50": {"value": float(values.mean()), "low": low, "high": high}}
        if name != "whole":
            variants[name]["difference"] = compare_people(values, scores["whole"], **resampling)
    return {"variants": variants, "curve": _curve(data, scores["whole"])}


@contextmanager
def _replaced(module: ModuleType, name: str, value: object) -> Iterator[None]:
    """Let a module use another function, or number, in this block."""
    before = getattr(module, name)
    setattr(module, name, value)
    try:
        yield
    finally:
        setattr(module, name, before)


def _angle(quantile: float) -> Callable[[np.ndarray, float, float], float]:
    def usual(angle: np.ndarray, width: float, rate_hz: float) -> float:
        known = angle[np.isfinite(angle)]
        return float(np.quantile(known, quantile)) if len(known) else 0.0

    return usual


def _without(data: People, encoder: str) -> People:
    """Return the people without the features of one encoder."""
    return replace(
        data,
        recordings=[
            replace(r, features={name: part for name, part in r.features.items() if name != encoder})
            for r in data.recordings
        ],
    )


_LOG_ODDS = coefficients._log_odds


def _linear(probability: np.ndarray, least: float) -> np.ndarray:
    """Return the coefficients whose changes are motion in units of a tenth, instead of their log-odds."""
    return 10 * probability if least == coefficients.LEAST_MOVING else _LOG_ODDS(probability, least)


#: Variants: what replaces a part of the detector, and which features the people are without.
VARIANTS: dict[str, tuple[tuple[ModuleType, str, object] | None, str]] = {
    "whole": (None, ""),
    "heading: median": ((coefficients, "usual_heading", _angle(0.5)), ""),
    "heading: lower quartile": ((coefficients, "usual_heading", _angle(0.25)), ""),
    "heading: none": ((coefficients, "usual_heading", lambda angle, width, rate_hz: 0.0), ""),
    "movement: population's quiet level": ((coefficients, "PRIOR_S", 1e9), ""),
    "levels not adapted": ((ranked, "adapted", lambda score, prior: score), ""),
    "mouth in coefficients": ((coefficients, "_log_odds", _linear), ""),
    "no sound": (None, "audio_activity"),
    "no expression classifier": (None, "fer"),
}


def _run(data: People, variant: tuple[tuple[ModuleType, str, object] | None, str]) -> pd.DataFrame:
    change, encoder = variant
    people = _without(data, encoder) if encoder else data
    with _replaced(*change) if change else nullcontext():
        return pd.concat([ranked_events(people, fold) for fold in balanced_folds(data, FEW_FOLDS)], ignore_index=True)


def people_f1(data: People, events: pd.DataFrame) -> np.ndarray:
    """Return the F1 of each person with an annotated event, at a tIoU of one half, mean over passes."""
    found = events[events["decision"]].reset_index(drop=True)
    who = np.array([data.person.get((v, int(p)), "") for v, p in zip(found["video"], found["person"], strict=True)])
    judged = sorted({name for table in data.truth for name in table["person_id"]})
    scores = []
    for true in data.truth:
        hit = match_events(true, found, 0.5) >= 0
        counts = [
            (int(hit[own].sum()), int((who == name).sum()), int(own.sum()))
            for name in judged
            for own in [(true["person_id"] == name).to_numpy()]
        ]
        hits, detected, expected = np.array(counts).T
        scores.append(np.nan_to_num(f1_score(hits, detected - hits, expected - hits)))
    return np.mean(scores, 0)


def _curve(data: People, whole: np.ndarray) -> list[dict[str, Any]]:
    folds = balanced_folds(data, FEW_FOLDS)
    points = []
    for amount in AMOUNTS:
        scores: dict[str, list[float]] = {"ranked": [], "rules": []}
        for repeat in range(REPEATS):
            tables: dict[str, list[pd.DataFrame]] = {"ranked": [], "rules": []}
            for k, fold in enumerate(folds):
                others = [name for name in data.groups if name not in fold]
                drawn = np.random.default_rng([amount, repeat, k]).permutation(len(others))[:amount]
                some = data.only([*fold, *(others[n] for n in drawn)])
                with suppress(KinesicsError):  # of too few people nothing is learned, and nothing detected
                    tables["ranked"].append(ranked_events(some, fold))
                tables["rules"].append(rules(some, fold))
            for name, parts in tables.items():
                scores[name].append(float(people_f1(data, pd.concat([NOTHING, *parts], ignore_index=True)).mean()))
        points.append({"groups": amount, **{name: float(np.mean(values)) for name, values in scores.items()}})
    every = pd.concat([rules(data, fold) for fold in folds], ignore_index=True)
    mean = float(np.mean([len(data.groups) - len(fold) for fold in folds]))
    points.append({"groups": round(mean), "ranked": float(whole.mean()), "rules": float(people_f1(data, every).mean())})
    return points
