"""Match predicted persons to true ones by their boxes."""

import itertools
from collections.abc import Collection, Iterator

import numpy as np
import pandas as pd
from scipy.optimize import linear_sum_assignment
from scipy.sparse import csr_array
from scipy.sparse.csgraph import min_weight_full_bipartite_matching

from kinesics.metrics.matching import expand_ranges, overlaps, ratio
from kinesics.structures.boxes import box_iou
from kinesics.structures.events import BOX, MOST_PEOPLE
from kinesics.structures.timegrid import index, samples, seconds
from kinesics.structures.tracks import FACE_BOX, PERSON_BOX, Tracks
from kinesics.structures.vocabulary import LABELS

PARTS = ("face", "person")
LEAST_IOU = 0.1
FIT_POWER = 4
PAIRS_AT_ONCE = 1 << 18  # bounds the memory of match_persons_of_events() at about 100 MB beyond its result


def boxes_of_rows(table: pd.DataFrame) -> pd.DataFrame:
    """Return the boxes of a table with one row per frame and person and the columns of a tracks table: one row per box.

    In: time_s, person, ``face_x0`` .. ``face_y1``, ``person_x0`` .. ``person_y1``, null where not visible. Out: person, part
    (one of ``PARTS``), time_s, x0, y0, x1, y1.
    """
    parts: list[pd.DataFrame] = []
    for part in PARTS:
        boxes = table[["person", "time_s", *(f"{part}_{side}" for side in BOX)]].dropna()
        parts.append(boxes.set_axis(["person", "time_s", *BOX], axis=1).assign(part=part))
    return pd.concat(parts, ignore_index=True)


def boxes_of_tracks(tracks: Tracks) -> pd.DataFrame:
    """Return the face and person boxes of tracks as ``boxes_of_rows`` does."""
    return boxes_of_rows(tracks.table.select(["person", "time_s", *FACE_BOX, *PERSON_BOX]).to_pandas())


def boxes_of_tubes(events: pd.DataFrame, tubes: pd.DataFrame) -> pd.DataFrame:
    """Return the face and person boxes of events (``vocabulary.csv`` says which a label has) as ``boxes_of_rows`` does."""
    about = pd.DataFrame({"person": events["person"], "part": events["label"].map(LABELS["box"]).fillna("person")})
    boxes = tubes.join(about.reset_index(drop=True), on="event")
    boxes = boxes[boxes["part"].isin(PARTS)].drop_duplicates(["person", "part", "time_s"])
    return boxes[["person", "part", "time_s", *BOX]].reset_index(drop=True)


def match_persons(
    truth: pd.DataFrame, tracked: pd.DataFrame, rate_hz: float, least_iou: float = LEAST_IOU
) -> dict[int, int]:
    """Return the true person of each tracked person that is one, by their boxes in one video.

    Tables are of ``boxes_of_rows``; frames are the samples of a grid of ``rate_hz``. One to one, with the largest sum of
    mean IoU (the assignment problem of the identity measures: Ristani et al., ECCV Workshops 2016); pairs of less than
    ``least_iou`` do not match. The mean runs over all frames in which the true person has a box of a part, and a frame without
    a tracked one counts 0: over common frames alone, a short false track would beat a long true one.
    """
    tables = [
        table.assign(frame=index(table["time_s"].to_numpy(float), rate_hz)).drop_duplicates(["person", "part", "frame"])
        for table in (truth, tracked)
    ]
    both = tables[0].merge(tables[1], on=["part", "frame"], suffixes=("_a", "_b"))
    iou = np.nan_to_num(box_iou(*(both[[side + end for side in BOX]].to_numpy(float) for end in ("_a", "_b"))))
    true, other = (sorted(table["person"].unique()) for table in tables)
    total = np.zeros((len(true), len(other)))
    np.add.at(total, (pd.Index(true).get_indexer(both["person_a"]), pd.Index(other).get_indexer(both["person_b"])), iou)
    mean = total / tables[0].groupby("person").size().reindex(true).to_numpy()[:, None]
    pairs = zip(*linear_sum_assignment(mean, maximize=True), strict=True)
    return {int(other[b]): int(true[a]) for a, b in pairs if mean[a, b] >= least_iou}


def remap_persons(events: pd.DataFrame, numbers: dict[int, int], free: int) -> pd.DataFrame:
    """Return the events with their persons' ``numbers``; persons without one get numbers from ``free`` on, in their order."""
    others = sorted({*events["person"]} - {*numbers})
    number = numbers | {person: free + place for place, person in enumerate(others)}
    return events.assign(person=events["person"].map(number).astype("int64"))


def frames_of_events(events: pd.DataFrame, rate_hz: float) -> pd.DataFrame:
    """Return the boxes of the events of one video as runs of frames of a grid of ``rate_hz``: one row per run.

    Columns person, part (what ``vocabulary.csv`` gives for the label, else ``person``), first, stop, x0, y0, x1, y1, for the
    frames [first, stop). An event has its one box at every frame that it touches; where events of a person and part
    overlap, the box of the first row counts. Events without a box have no rows.
    """
    events = events.dropna(subset=BOX).reset_index(drop=True)
    first = index(np.asarray(events["start_s"], float), rate_hz)
    stop = np.array([samples(end_s, rate_hz) for end_s in events["end_s"]], int)
    part = events["label"].map(LABELS["box"]).fillna("person").rename("part")
    runs = [np.zeros((0, 3), int)]
    for rows in events.groupby(["person", part]).indices.values():
        edges = np.unique(np.concatenate([first[rows], stop[rows]]))
        owner = np.full(len(edges), -1)  # of the frames from each edge to the next
        for row in sorted(rows, reverse=True):
            owner[slice(*np.searchsorted(edges, (first[row], stop[row])))] = row
        change = np.flatnonzero(np.diff(owner, prepend=-1))
        ends = edges[np.append(change[1:], len(edges) - 1)] if len(change) else change
        runs.append(np.stack([owner[change], edges[change], ends], 1))
    row, first, stop = np.concatenate(runs).T
    held = row >= 0
    frames = pd.concat([events[["person", *BOX]], part], axis=1).iloc[row[held]].reset_index(drop=True)
    return frames.assign(first=first[held], stop=stop[held])


def boxes_of_events(events: pd.DataFrame, rate_hz: float) -> pd.DataFrame:
    """Return the boxes of the events of one video at each frame that they touch, as ``boxes_of_rows`` does."""
    runs = frames_of_events(events, rate_hz)
    runs = runs[runs["part"].isin(PARTS)].reset_index(drop=True)
    row, frame = expand_ranges(runs["first"].to_numpy(int), (runs["stop"] - runs["first"]).to_numpy(int))
    return runs.iloc[row][["person", "part", *BOX]].assign(time_s=seconds(frame, rate_hz)).reset_index(drop=True)


def match_persons_of_events(truth: pd.DataFrame, predicted: pd.DataFrame, rate_hz: float) -> dict[int, int]:
    """Return the true person of each predicted person that is one, by the boxes of their events in one video.

    One to one, with the largest total evidence. The evidence of a pair is n m ** ``FIT_POWER``, where n is the number of
    frames in which both have a box of a part and m the mean IoU of the two over these frames:

    - Frames in which only one of the two has a box do not count, since events cover little of a person's time. Were m taken
      over all frames of the true person or of both, a short event of a neighbour would count for more than the few
      predicted events of the right person.
    - Frames in which both have boxes that do not meet lower m: a person who was there for a moment is another one.
    - The more frames are shared, the more the pair counts, as in the identity measures, whose assignment has the most
      frames in common (Ristani et al., ECCV Workshops 2016). But a box that fits differs more from a neighbour's that
      overlaps it than their IoUs do: with a power of 4, a frame of IoU 1 counts for as much as 123 of IoU 0.3.

    Any overlap makes a pair that is taken if neither person has a better one. Memory and time depend on the numbers of
    events, and of pairs of events that overlap in time, in portions of ``PAIRS_AT_ONCE``.
    """
    tables = [frames_of_events(table, rate_hz) for table in (truth, predicted)]
    true, other = (np.unique(table["person"]) for table in tables)
    sums = [np.zeros((0, 3))]
    for a, b in _common_runs(tables[0], tables[1]):
        ends = [np.minimum, np.maximum]
        stop, first = (
            end(tables[0][name].to_numpy()[a], tables[1][name].to_numpy()[b])
            for end, name in zip(ends, ("stop", "first"), strict=True)
        )
        iou = np.nan_to_num(box_iou(tables[0][BOX].to_numpy()[a], tables[1][BOX].to_numpy()[b]))
        person_a = pd.Index(true).get_indexer(tables[0]["person"].to_numpy()[a])
        person_b = pd.Index(other).get_indexer(tables[1]["person"].to_numpy()[b])
        sums.append(_sum_by_key(person_a * len(other) + person_b, stop - first, iou * (stop - first)))
    key, n, total = _sum_by_key(*np.concatenate(sums).T).T
    evidence = n * ratio(total, n) ** FIT_POWER
    pair = np.flatnonzero(evidence > 0)
    a, b = np.divmod(key[pair].astype(int), max(len(other), 1))
    chosen = assign_largest(a, b, evidence[pair], (len(true), len(other)))
    return {int(other[b]): int(true[a]) for a, b in enumerate(chosen) if b >= 0}


def _common_runs(truth: pd.DataFrame, predicted: pd.DataFrame) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield the rows of runs of frames of the same part that overlap in time, ``PAIRS_AT_ONCE`` or a few more at once."""
    for part in sorted({*truth["part"]} & {*predicted["part"]}):
        rows = [np.flatnonzero(table["part"] == part) for table in (truth, predicted)]
        first, stop = (
            [np.asarray(table[name], int)[of] for table, of in zip((truth, predicted), rows, strict=True)]
            for name in ("first", "stop")
        )
        # Of two runs that overlap, either the second starts within the first, or the first within the second.
        for one, other in ((0, 1), (1, 0)):
            order = np.argsort(first[other], kind="stable")
            starts = first[other][order]
            begin: np.ndarray = np.searchsorted(starts, first[one], "left" if one == 0 else "right")
            size: np.ndarray = np.searchsorted(starts, stop[one], "left") - begin
            for piece in np.split(np.arange(len(size)), np.flatnonzero(np.diff(size.cumsum() // PAIRS_AT_ONCE)) + 1):
                row, place = expand_ranges(begin[piece], size[piece])
                of_one, of_other = rows[one][piece[row]], rows[other][order[place]]
                yield (of_one, of_other) if one == 0 else (of_other, of_one)


def _sum_by_key(key: np.ndarray, *amounts: np.ndarray) -> np.ndarray:
    """Return the sorted different keys and the sum of each of the amounts (N,) for each of them: float (K, 1 + amounts)."""
    keys, where = np.unique(key, return_inverse=True)
    return np.stack([keys, *(np.bincount(where, amount, len(keys)) for amount in amounts)], 1)


def assign_largest(row: np.ndarray, column: np.ndarray, value: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """Return the column of each row in the one-to-one assignment of largest sum of values, -1 for none: int (rows,).

    Pairs (K,) that are not given cannot be chosen; values are above 0. Sparse, so that memory follows the number of
    pairs (Jonker and Volgenant, Computing 38, 1987).
    """
    n_rows, n_columns = shape
    if not len(value):
        return np.full(n_rows, -1)
    none = float(value.min()) * 1e-6  # the value of a row without a pair, for which each has a column
    rows = np.arange(n_rows)
    graph = csr_array(
        (
            np.concatenate([value + none, np.full(n_rows, none)]),
            (np.concatenate([row, rows]), np.concatenate([column, n_columns + rows])),
        ),
        shape=(n_rows, n_columns + n_rows),
    )
    chosen = min_weight_full_bipartite_matching(graph, maximize=True)[1]
    return np.where(chosen < n_columns, chosen, -1)


def remap_by_boxes(
    truth: pd.DataFrame, events: pd.DataFrame, rate_hz: float
) -> tuple[pd.DataFrame, dict[str, dict[int, int]]]:
    """Return the events with the numbers of the true persons that their boxes meet, and these numbers by video.

    Within a video, persons of the events and of the truth match one to one (``match_persons_of_events``). The others, and
    those without a box, get numbers that the truth does not have. The rows keep their order.
    """
    person, numbers = events["person"].to_numpy(int).copy(), dict[str, dict[int, int]]()
    taken = set(truth["person"])
    true_rows = truth.groupby("video").indices
    for video, rows in events.groupby("video", sort=True).indices.items():
        true, of_video = truth.iloc[true_rows.get(video, [])], events.iloc[rows]
        numbers[video] = match_persons_of_events(true, of_video, rate_hz)
        others = sorted(set(of_video["person"]) - set(numbers[video]))
        new = numbers[video] | dict(zip(others, unused_numbers(taken, len(others)), strict=True))
        person[rows] = of_video["person"].map(new)
    return events.assign(person=person), numbers


def unused_numbers(taken: Collection[int], n: int) -> list[int]:
    """Return ``n`` numbers of persons that are not taken: those above all taken, or if they end, the lowest ones."""
    first = max(taken, default=-1) + 1
    if first + n - 1 <= MOST_PEOPLE:
        return list(range(first, first + n))
    return list(itertools.islice((number for number in itertools.count() if number not in taken), n))


def hits_by_number(truth: pd.DataFrame, predicted: pd.DataFrame, tiou: float = 0.5) -> tuple[int, int]:
    """Return how many true events match a prediction in time and label, with persons by number and numbered anew.

    The first is the number of true events with a prediction of their person of at least ``tiou``, the second that under
    the one-to-one numbering of the predicted persons of each video that makes it largest. Where the second is far larger,
    the tables number persons differently.
    """
    t, p, _ = overlaps(truth, predicted, tiou, match_person=False)
    tables = (truth, predicted)
    a, b = (table["person"].to_numpy()[rows] for table, rows in zip(tables, (t, p), strict=True))
    by_number = len(np.unique(t[a == b]))
    number = [
        table.groupby(["video", "person"]).ngroup().to_numpy()[rows] for table, rows in zip(tables, (t, p), strict=True)
    ]
    n_persons = [of.max(initial=-1) + 1 for of in number]
    once = np.unique(np.stack([t, number[1]], 1), axis=0, return_index=True)[1]  # a true event counts once per person
    key, n = _sum_by_key(number[0][once] * max(n_persons[1], 1) + number[1][once], np.ones(len(once))).T
    row, column = np.divmod(key.astype(int), max(n_persons[1], 1))
    chosen = assign_largest(row, column, n, tuple(n_persons))
    return by_number, int(n[chosen[row] == column].sum())
