"""Time of mAP on 200 videos x 200 classes x 100,000 detections, against the toolkit's loop over detections.

    python benchmarks/map.py [--full]

Prints the seconds of ``average_precision`` and, for the loop of the toolkit, the seconds of ten classes scaled
to all (--full runs all). On one core: 0.4 s against 63 s.
"""

import argparse
import time

import numpy as np
import pandas as pd

from kinesics.evaluation.detection import MAP_TIOUS, average_precision, sorted_events
from kinesics.evaluation.score import score
from kinesics.events import check_events

VIDEOS, CLASSES, DETECTIONS, TRUTHS, DURATION_S = 200, 200, 100_000, 20_000, 300.0


def events(rng: np.random.Generator, n: int) -> pd.DataFrame:
    start = rng.uniform(0, DURATION_S, n)
    table = pd.DataFrame(
        {"start_s": start, "end_s": start + rng.uniform(1, 30, n), "score": rng.random(n), "person": 0}
    )
    table["video"] = rng.integers(VIDEOS, size=n).astype(str)
    table["label"] = rng.integers(CLASSES, size=n).astype(str)
    return table


def study(seed: int = 0) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return truth, and predictions of which a third are true events with shifted ends."""
    rng = np.random.default_rng(seed)
    truth = events(rng, TRUTHS)
    near = truth.iloc[rng.integers(TRUTHS, size=DETECTIONS // 3)].copy()
    near["start_s"] = (near["start_s"] + rng.normal(0, 2, len(near))).clip(lower=0)
    near["end_s"] = np.maximum(near["end_s"] + rng.normal(0, 2, len(near)), near["start_s"] + 0.5)
    near["score"] = rng.random(len(near)) ** 0.5
    predicted = pd.concat([near, events(rng, DETECTIONS - len(near))])
    return check_events(truth), check_events(predicted)


def naive(truth: pd.DataFrame, predicted: pd.DataFrame, label: str) -> list[float]:
    """Return the AP of one class by a loop over detections, thresholds and truths, in the toolkit's manner."""
    truth, predicted = truth[truth.label == label].reset_index(drop=True), predicted[predicted.label == label]
    by_video = dict(list(truth.groupby("video")))
    hits = np.zeros((len(MAP_TIOUS), len(predicted)))
    locked: list[set[int]] = [set() for _ in MAP_TIOUS]
    for i, (_, event) in enumerate(predicted.sort_values("score", ascending=False, kind="stable").iterrows()):
        if event.video not in by_video:
            continue
        here = by_video[event.video]
        inter = (np.minimum(here.end_s, event.end_s) - np.maximum(here.start_s, event.start_s)).clip(0)
        iou = (inter / ((here.end_s - here.start_s) + (event.end_s - event.start_s) - inter)).to_numpy()
        for k, tiou in enumerate(MAP_TIOUS):
            for j in iou.argsort()[::-1]:
                if iou[j] < tiou:
                    break
                if here.index[j] not in locked[k]:
                    locked[k].add(here.index[j])
                    hits[k, i] = 1
                    break
    precision = hits.cumsum(1) / np.arange(1, len(predicted) + 1)
    best = np.maximum.accumulate(precision[:, ::-1], 1)[:, ::-1]
    return list((hits * best).sum(1) / len(truth))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--full", action="store_true", help="run the loop on all classes")
    full = parser.parse_args().full
    truth, predicted = study()
    start = time.perf_counter()
    ap = average_precision(truth, predicted)
    ours = time.perf_counter() - start
    print(f"average_precision: {ours:.2f} s; mAP {ap.to_numpy().mean():.6f}")
    labels = list(ap.index) if full else list(ap.index[:10])
    start = time.perf_counter()
    table = np.array([naive(sorted_events(truth), sorted_events(predicted), label) for label in labels])
    loop = (time.perf_counter() - start) * len(ap) / len(labels)
    print(f"loop: {loop:.0f} s{'' if full else ', from ten classes'}; ratio {loop / ours:.0f}")
    print(f"largest difference of an AP: {np.abs(table - ap.loc[labels].to_numpy()).max():.1e}")
    start = time.perf_counter()
    score(truth, predicted, durations={str(i): 2 * DURATION_S for i in range(VIDEOS)}, block_s=np.inf)
    print(f"score, all metrics with 2000 resamples of videos: {time.perf_counter() - start:.0f} s")


if __name__ == "__main__":
    main()
