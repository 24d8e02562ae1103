"""Acquisition policies: select the queries of a frozen encoder that a token budget allows.

A query is one crop of one person at one instant; ``queries`` are a table ``crop,person,time_s``, sorted. A policy selects
exactly ``count`` of all candidate queries:

- ``uniform``: evenly spread in time, over people and crop types;
- ``motion``: where there is most motion (of face and head for the face's crop, of hands and torso for the person's);
- ``uncertain``, the article's policy: where the detector is uncertain about a label given the person descriptor alone.

``motion`` and ``uncertain`` are greedy: they select the query of highest utility and lower the utility around it, since
tokens of neighbouring instants are redundant, until the budget is spent.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
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

POLICIES = ("uniform", "motion", "uncertain")
SHARES = (0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0)
# Deviation, in seconds, of the Gaussian by which a query lowers the utility around it: expressions last a few seconds.
SPREAD_S = 1.0
# Utility that is added everywhere, or the last queries of a large budget would have no order.
LEAST = 0.02
#: The descriptor's columns of the motion that each crop type shows.
MOTION_COLUMNS = {
    "face": ("motion_face", "motion_head"),
    "person": ("motion_torso", *(f"motion_{part}_{side}" for part in ("hand", "wrist") for side in SIDES)),
}


def candidate_queries(tracks: Tracks, rate_hz: float, crops: Sequence[str]) -> pd.DataFrame:
    """Return every query that ``encode_crops`` makes at ``rate_hz``: a table ``crop,person,time_s``, sorted."""
    rows = []
    for crop in sorted(crops):
        boxes = boxes_by_frame(tracks, crop)
        for k in range(samples(tracks.duration_s, rate_hz)):
            time_s = seconds(k, rate_hz)
            rows += [(crop, person, time_s) for person, _ in boxes.get(int(index(time_s, tracks.rate_hz)), ())]
    return pd.DataFrame(sorted(rows), columns=["crop", "person", "time_s"])


def query_budget(share: float, queries: int) -> int:
    """Return the number of queries that a share in [0, 1] allows. Raises KinesicsError for any other share."""
    if not 0 <= share <= 1:
        raise KinesicsError(f"a budget of {share} is not a share between 0 and 1 of the encoder's queries")
    return round(share * queries)


def select_queries(
    policy: str,
    share: float,
    recording: Recording,
    queries: pd.DataFrame,
    uncertainty: Callable[[Recording], Utility] | None = None,
) -> pd.DataFrame:
    """Return the queries that a policy selects: ``query_budget(share, len(queries))`` rows of ``queries``, in their order.

    ``uncertainty`` is the detector's utility of a recording, from the person descriptor alone; only ``uncertain`` needs it.
    Raises KinesicsError for an unknown policy and for ``uncertain`` without ``uncertainty``.
    """
    if policy not in POLICIES:
        raise KinesicsError(f"{policy!r} is not a policy. The policies are {', '.join(POLICIES)}.")
    count = query_budget(share, len(queries))
    if count == len(queries):
        return queries
    if policy == "uniform":
        selected = ((np.arange(count) + 0.5) * len(queries) / max(count, 1)).astype(int)
    else:
        if policy == "uncertain" and uncertainty is None:
            raise KinesicsError("policy 'uncertain' needs a detector that outputs its uncertainty, such as 'budgeted'")
        utility = motion_utility(recording) if policy == "motion" else uncertainty(recording)
        selected = _greedy(recording.tracks, queries, utility, count)
    return queries.iloc[np.sort(selected)].reset_index(drop=True)


def acquire_queries(
    policy: str, share: float, recording: Recording, detector: Budgeted, model: str | Path
) -> pd.DataFrame:
    """Return the queries of a detector's encoder that a policy selects on a recording with the person descriptor's features.

    ``model`` is the file of the detector's checkpoint.
    """
    encoder = registry.find_encoder(detector.encoder)
    checkpoint = detector.read(Path(model))
    queries = candidate_queries(recording.tracks, encoder.rate_hz, encoder.crops)
    return select_queries(policy, share, recording, queries, partial(detector.uncertainty, checkpoint))


def keep_queries(features: Features, queries: pd.DataFrame) -> Features:
    """Return the features as if only these queries had been made."""
    kept = {}
    for crop, values in features.crops.items():
        rows = queries[queries["crop"] == crop]
        queried = set(zip(rows["person"], index(rows["time_s"], features.rate_hz), strict=True))
        pairs = zip(values.person.tolist(), index(values.time_s, features.rate_hz).tolist(), strict=True)
        keep = np.array([pair in queried for pair in pairs], bool)
        kept[crop] = CropFeatures(values.time_s[keep], values.person[keep], values.tokens[keep])
    return replace(features, crops=kept)


def motion_utility(recording: Recording) -> Utility:
    """Return the mean of the motion columns: face and head for the face's crop, torso, hands and wrists for the person's."""
    utility = {}
    for person in recording.tracks.persons:
        descriptor = recording.descriptor(person)
        for crop, names in MOTION_COLUMNS.items():
            utility[person, crop] = descriptor[:, [COLUMNS.index(name) for name in names]].mean(1)
    return utility


def crop_type_of(label: str) -> str:
    """Return the crop type in which a label shows: ``face`` or ``person``."""
    return "face" if LABELS["box"].get(label, "person") == "face" else "person"


def _greedy(tracks: Tracks, queries: pd.DataFrame, utility: Utility, count: int) -> np.ndarray:
    """Return the rows of ``count`` queries, each the one of highest utility given those before it."""
    remaining = np.zeros(len(queries))
    group = queries.groupby(["crop", "person"], sort=False).ngroup().to_numpy()
    times = queries["time_s"].to_numpy()
    for (crop, person), rows in queries.groupby(["crop", "person"]).indices.items():
        values = np.asarray(utility[person, crop], float)
        # A token stands for the half second about its instant.
        values = smooth(values, max(round(tracks.rate_hz / 2), 1))
        remaining[rows] = values[np.minimum(index(times[rows], tracks.rate_hz), len(values) - 1)]
    remaining = remaining / max(remaining.max(initial=0), 1e-9) + LEAST
    selected = []
    for _ in range(count):
        best = int(remaining.argmax())
        selected.append(best)
        low, high = np.searchsorted(
            times[group == group[best]], [times[best] - 4 * SPREAD_S, times[best] + 4 * SPREAD_S]
        )
        near = np.flatnonzero(group == group[best])[low:high]
        remaining[near] *= 1 - np.exp(-(((times[near] - times[best]) / SPREAD_S) ** 2) / 2)
        remaining[best] = -1
    return np.array(selected, int)
