"""Chance draws events at the base rate of the training recordings."""

import numpy as np
import pandas as pd
import pytest

from kinesics.detectors import chance
from kinesics.io.checkpoints import write_checkpoint


@pytest.mark.slow
def test_events_are_drawn_at_the_base_rate_and_repeatably(tmp_path, annotated):
    recordings, truth = annotated
    checkpoint = chance.fit(recordings[:2], [truth], 0)
    assert checkpoint["happy.rate"][0] == pytest.approx(2 / 60)
    write_checkpoint("chance", checkpoint, tmp_path / "model.safetensors")
    counts = []
    for seed in range(200):
        events, _ = chance.detect(recordings[2], tmp_path / "model.safetensors", seed)
        assert ((events["end_s"] - events["start_s"]) < 8.001).all()
        counts.append(len(events))
    assert np.mean(counts) == pytest.approx(1, abs=0.2)
    again, _ = chance.detect(recordings[2], tmp_path / "model.safetensors", 7)
    pd.testing.assert_frame_equal(again, chance.detect(recordings[2], tmp_path / "model.safetensors", 7)[0])
