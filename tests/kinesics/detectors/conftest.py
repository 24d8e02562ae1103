"""Fixtures of the tests of detectors."""

import numpy as np
import pandas as pd
import pytest
from support.body_tracks import make_tracks

from kinesics.signals.recording import Recording
from kinesics.structures.events import check_events
from kinesics.structures.features import CropFeatures, Features


@pytest.fixture
def annotated(tmp_path) -> tuple[list[Recording], pd.DataFrame]:
    """Return three recordings of 30 s whose tokens have a large number while the person is happy, and the truth."""
    random = np.random.default_rng(0)
    recordings, rows = [], []
    for video in ("a", "b", "c"):
        tracks = make_tracks(tmp_path / f"{video}.parquet", 30, {}, video)
        times = np.arange(60) / 2
        start = random.integers(2, 15)
        tokens = random.normal(size=(60, 8)).astype(np.float32)
        tokens[(times >= start) & (times < start + 8), 3] += 6
        crop = CropFeatures(times, np.zeros(60, int), tokens)
        recordings.append(
            Recording(tracks, {"vit_s_focus": Features(video, "vit_s_focus", 2.0, {"face": crop, "person": crop})})
        )
        rows.append({"video": video, "person": 0, "label": "happy", "start_s": start, "end_s": start + 8})
    return recordings, check_events(pd.DataFrame(rows))
