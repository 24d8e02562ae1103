"""Where a frozen encoder looks: which person, which crop, which instants, for a share of all that it could be asked.

A call is one crop of one person at one instant; ``calls`` are a table ``crop,person,time_s``, sorted. A policy takes
all calls there could be and returns exactly ``count`` of them:

- ``uniform``: evenly spread in time, over the people and the kinds of crop;
- ``motion``: where most moves (face and head for the face's crop, hands and torso for the person's);
- ``uncertain``, the proposal: where the detector is uncertain about a label after the person descriptor alone;
- ``kts``: the middles of segments of the person descriptor (kernel temporal segmentation, Potapov et al. 2014, used to choose
  frames by Afham et al. 2023, arXiv:2309.11569).

``motion`` and ``uncertain`` take the call of highest demand, lower the demand around it, and go on: what was asked a
moment ago is half known, so calls do not pile up where the demand is.
"""

from collections.abc import Callable, Sequence
from functools import partial
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd

from kinesics.detectors.base import Budgeted, Utility
from kinesics.encoders import registry
from kinesics.encoders.extract import boxes_by_frame
from kinesics.errors import KinesicsError
from kinesics.signals.descriptor import COLUMNS
from kinesics.signals.facemesh import SIDES
from kinesics.signals.recording import Recording
from kinesics.structures.features import CropFeatures, Features
from kinesics.structures.timegrid import index, samples, seconds, smooth
from kinesics.structures.tracks import Tracks
from kinesics.structures.vocabulary import LABELS

POLICIES = ("uniform", "motion", "uncertain", "kts")
SHARES = (0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0)
# Seconds after which what was seen in one call says little: displays last a few seconds.
SPREAD_S = 1.0
# A call where nothing is in demand still counts for something, or the last calls of a large budget would have no order.
LEAST = 0.02
BLOCK = 240  # instants that are segmented at once: the cost of the search grows with their square
#: The columns of the descriptor whose movement each kind of crop shows.
MOVING = {
    "face": ("motion_face", "motion_head"),
    "person": ("motion_torso", *(f"motion_{part}_{side}" for part in ("hand", "wrist") for side in SIDES)),
}


def candidate_queries(tracks: Tracks, rate_hz: float, crops: Sequence[str]) -> pd.DataFrame:
    """Return every call that ``encode`` would make at ``rate_hz``: a table ``crop,person,time_s``, sorted."""
    rows = []
    for crop in sorted(crops):
        boxes = boxes_by_frame(tracks, crop)
        for k in range(samples(tracks.duration_s, rate_hz)):
            time_s = seconds(k, rate_hz)
            rows += [(crop, person, time_s) for person, _ in boxes.get(int(index(time_s, tracks.rate_hz)), ())]
    return pd.DataFrame(sorted(rows), columns=["crop", "person", "time_s"])


def query_budget(share: float, calls: int) -> int:
    """Return the number of calls that a share in [0, 1] allows. Raises KinesicsError for any other share."""
    if not 0 <= share <= 1:
        raise KinesicsError(f"a budget of {share} is not a share between 0 and 1 of the encoder's calls")
    return round(share * calls)


def select_queries(
    policy: str,
    share: float,
    clip: Recording,
    calls: pd.DataFrame,
    uncertainty: Callable[[Recording], Utility] | None = None,
) -> pd.DataFrame:
    """Return the calls that a policy makes: exactly ``allowance(share, len(calls))`` rows of ``calls``, in their order.

    ``uncertainty`` is the detector's, asked only by ``uncertain``; it must look at the person descriptor alone. Raises
    KinesicsError for an unknown policy and for ``uncertain`` with a detector that has no ``uncertainty``.
    """
    if policy not in POLICIES:
        raise KinesicsError(f"{policy!r} is not a policy. The policies are {', '.join(POLICIES)}.")
    count = query_budget(share, len(calls))
    if count == len(calls):
        return calls
    if policy == "uniform":
        chosen = ((np.arange(count) + 0.5) * len(calls) / max(count, 1)).astype(int)
    elif policy == "kts":
        chosen = _segmented(clip, calls, count)
    else:
        if policy == "uncertain" and uncertainty is None:
            raise KinesicsError(
                "policy 'uncertain' needs a detector that says where it is undecided, such as 'budgeted'"
            )
        demand = motion_utility(clip) if policy == "motion" else uncertainty(clip)
        chosen = _greedy(clip.tracks, calls, demand, count)
    return calls.iloc[np.sort(chosen)].reset_index(drop=True)


def acquire_queries(
    policy: str, share: float, recording: Recording, detector: Budgeted, model: str | Path
) -> pd.DataFrame:
    """Return the queries that a detector makes of its encoder on a recording whose person descriptor is known.

    ``model`` is the file of the detector's checkpoint.
    """
    encoder = registry.find_encoder(detector.encoder)
    checkpoint = detector.read(Path(model))
    queries = candidate_queries(recording.tracks, encoder.rate_hz, encoder.crops)
    return select_queries(policy, share, recording, queries, partial(detector.uncertainty, checkpoint))


def keep_queries(features: Features, calls: pd.DataFrame) -> Features:
    """Return the features as if only these calls had been made."""
    kept = {}
    for crop, values in features.crops.items():
        mine = calls[calls["crop"] == crop]
        asked = set(zip(mine["person"], index(mine["time_s"], features.rate_hz), strict=True))
        pairs = zip(values.person.tolist(), index(values.time_s, features.rate_hz).tolist(), strict=True)
        keep = np.array([pair in asked for pair in pairs], bool)
        kept[crop] = CropFeatures(values.time_s[keep], values.person[keep], values.tokens[keep])
    return Features(features.video, features.encoder, features.rate_hz, kept)


def motion_utility(clip: Recording) -> Utility:
    """Return how much moves: face and head for the face's crop, torso, hands and wrists for the person's."""
    demand = {}
    for person in clip.tracks.persons:
        descriptor = clip.descriptor(person)
        for crop, names in MOVING.items():
            demand[person, crop] = descriptor[:, [COLUMNS.index(name) for name in names]].mean(1)
    return demand


def crop_type_of(label: str) -> str:
    """Return the kind of crop in which a label shows: ``face`` or ``person``."""
    return "face" if LABELS["box"].get(label, "person") == "face" else "person"


def _greedy(tracks: Tracks, calls: pd.DataFrame, demand: Utility, count: int) -> np.ndarray:
    """Return the rows of ``count`` calls, each the one most in demand after those before it were made."""
    want = np.zeros(len(calls))
    group = calls.groupby(["crop", "person"], sort=False).ngroup().to_numpy()
    times = calls["time_s"].to_numpy()
    for (crop, person), rows in calls.groupby(["crop", "person"]).indices.items():
        values = np.asarray(demand[person, crop], float)
        # A token is read from half an instant before to half an instant after it.
        values = smooth(values, max(round(tracks.rate_hz / 2), 1))
        want[rows] = values[np.minimum(index(times[rows], tracks.rate_hz), len(values) - 1)]
    want = want / max(want.max(initial=0), 1e-9) + LEAST
    chosen = []
    for _ in range(count):
        best = int(want.argmax())
        chosen.append(best)
        low, high = np.searchsorted(
            times[group == group[best]], [times[best] - 4 * SPREAD_S, times[best] + 4 * SPREAD_S]
        )
        near = np.flatnonzero(group == group[best])[low:high]
        want[near] *= 1 - np.exp(-(((times[near] - times[best]) / SPREAD_S) ** 2) / 2)
        want[best] = -1
    return np.array(chosen, int)


def _segmented(clip: Recording, calls: pd.DataFrame, count: int) -> np.ndarray:
    """Return the rows of ``count`` calls: the middles of segments of each person's descriptor, shared out by length."""
    descriptors = {person: clip.descriptor(person) for person in clip.tracks.persons}
    blocks = [
        (person, rows[first : first + BLOCK])
        for (_, person), rows in calls.groupby(["crop", "person"]).indices.items()
        for first in range(0, len(rows), BLOCK)
    ]
    exact = np.array([len(rows) for _, rows in blocks]) * count / len(calls)
    share = np.floor(exact).astype(int)
    for k in np.argsort(share - exact, kind="stable")[: count - share.sum()]:  # the largest remainders
        share[k] += 1
    chosen = []
    for (person, rows), number in zip(blocks, share, strict=True):
        if number:
            frame = index(calls["time_s"].to_numpy()[rows], clip.tracks.rate_hz)
            edges = kernel_segments(descriptors[person][frame], int(number))
            chosen += [rows[(a + b) // 2] for a, b in pairwise(edges)]
    return np.array(chosen, int)


def kernel_segments(values: np.ndarray, count: int) -> np.ndarray:
    """Return the edges 0 = e_0 < ... < e_count = n of the segments of ``values`` (n, D) with the least scatter.

    Kernel temporal segmentation (Potapov et al., ECCV 2014) with the linear kernel and a given number of segments:
    dynamic programming over the sum of squared distances of each segment's rows to their mean.
    """
    n = len(values)
    total = np.concatenate([np.zeros((1, values.shape[1])), np.cumsum(values, 0, dtype=float)])
    square = np.concatenate([[0.0], np.cumsum((values.astype(float) ** 2).sum(1))])
    length = np.maximum(np.arange(n + 1)[None] - np.arange(n + 1)[:, None], 1)
    gram = total @ total.T
    norm = np.diag(gram)
    scatter = square[None] - square[:, None] - (norm[None] + norm[:, None] - 2 * gram) / length
    scatter[np.tril_indices(n + 1)] = np.inf
    cost, back = scatter[0], []
    for _ in range(count - 1):
        ways = cost[:, None] + scatter
        back.append(ways.argmin(0))
        cost = ways.min(0)
    edges = [n]
    for step in reversed(back):
        edges.insert(0, int(step[edges[0]]))
    return np.array([0, *edges])
