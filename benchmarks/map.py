"""Time of mAP on 200 videos x 200 classes x 100,000 detections, against the toolkit's loop over detections.

    python benchmarks/map.py [--full]

Prints the seconds of ``average_precision`` and, for the loop of the toolkit, the seconds of ten classes scaled to all
(--full runs all), and their ratio. Then the seconds of the other measures on the same tables: average recall, the
diagnosis, tubes (of a tenth of the events, a box at 5 Hz) against a loop over pairs, and everything with intervals.
"""

import argparse
import time

import numpy as np
import pandas as pd

from kinesics.metrics.average_precision import average_precision, average_recall
from kinesics.metrics.diagnosis import diagnose
from kinesics.metrics.matching import MAP_TIOUS, sorted_events
from kinesics.metrics.scoring import score
from kinesics.metrics.tubes import tube_overlaps
from kinesics.structures.events import check_events

VIDEOS, CLASSES, DETECTIONS, TRUTHS, DURATION_S = 200, 200, 100_000, 20_000, 300.0
TUBE_HZ = 5.0


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


def tubes(table: pd.DataFrame) -> pd.DataFrame:
    """Return a still box for each event at every sample of TUBE_HZ."""
    first, last = (np.ceil(table[edge].to_numpy() * TUBE_HZ - 1e-6).astype(int) for edge in ("start_s", "end_s"))
    event = np.arange(len(table)).repeat(last - first)
    frame = np.concatenate([np.arange(a, b) for a, b in zip(first, last, strict=True)])
    left = table["score"].to_numpy()[event] / 4
    return pd.DataFrame({"event": event, "time_s": frame / TUBE_HZ, "x0": left, "y0": 0.0, "x1": left + 0.5, "y1": 0.5})


def naive_tube_iou(true: pd.Series, guess: pd.Series, boxes: tuple, t: int, p: int) -> float:
    """Return the tube IoU of one pair, frame by frame."""
    inter = min(true.end_s, guess.end_s) - max(true.start_s, guess.start_s)
    tiou = inter / ((true.end_s - true.start_s) + (guess.end_s - guess.start_s) - inter)
    sides = []
    for table, event in zip(boxes, (t, p), strict=True):
        rows = table[table["event"] == event]
        sides.append({round(row.time_s * TUBE_HZ): row for row in rows.itertuples()})
    ious = []
    for frame in sorted({*sides[0], *sides[1]}):
        if not max(true.start_s, guess.start_s) - 1e-6 < frame / TUBE_HZ < min(true.end_s, guess.end_s) - 1e-6:
            continue
        a, b = (side.get(frame) for side in sides)
        if a is None or b is None:
            ious.append(0.0)
            continue
        size = max(min(a.x1, b.x1) - max(a.x0, b.x0), 0) * max(min(a.y1, b.y1) - max(a.y0, b.y0), 0)
        ious.append(size / ((a.x1 - a.x0) * (a.y1 - a.y0) + (b.x1 - b.x0) * (b.y1 - b.y0) - size))
    return tiou * (sum(ious) / len(ious) if ious else 0.0)


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
    recall = average_recall(truth, predicted)
    print(f"average_recall: {time.perf_counter() - start:.2f} s; AR@100 {recall[100]:.6f}")
    start = time.perf_counter()
    diagnosis = diagnose(truth, predicted)
    print(f"diagnose: {time.perf_counter() - start:.2f} s; {diagnosis['types']['background']:.0f} background errors")
    few_truth, few = truth.iloc[::10].reset_index(drop=True), predicted.iloc[::10].reset_index(drop=True)
    boxes = tubes(few_truth), tubes(few)
    start = time.perf_counter()
    t, p, iou = tube_overlaps(few_truth, boxes[0], few, boxes[1], 0.2, TUBE_HZ)
    ours = time.perf_counter() - start
    print(f"tube_overlaps: {ours:.2f} s for {len(boxes[0]) + len(boxes[1])} boxes; {len(t)} pairs")
    start = time.perf_counter()
    some = range(0, len(t), max(len(t) // 200, 1))
    slow = [naive_tube_iou(few_truth.iloc[t[k]], few.iloc[p[k]], boxes, t[k], p[k]) for k in some]
    loop = (time.perf_counter() - start) * len(t) / len(slow)
    print(f"loop over the pairs found: {loop:.0f} s, from {len(slow)}; ratio {loop / ours:.0f}")
    print(f"largest difference of a tube IoU: {np.abs(np.array(slow) - iou[list(some)]).max():.1e}")
    start = time.perf_counter()
    score(truth, predicted, durations={str(i): 2 * DURATION_S for i in range(VIDEOS)}, block_s=np.inf)
    print(f"score, all metrics with 2000 resamples of videos: {time.perf_counter() - start:.0f} s")


if __name__ == "__main__":
    main()
