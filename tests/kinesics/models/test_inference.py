"""Recordings that do not match a checkpoint are refused; segments become events."""

import numpy as np
import pytest
from support.networks import random_sequence
from support.toy import RATE, untrained

from kinesics.detectors import budgeted
from kinesics.errors import KinesicsError
from kinesics.models.inference import events_without_boxes, predict_events, suppress_overlaps
from kinesics.signals.recording import Recording
from kinesics.structures.events import BOX
from kinesics.structures.features import CropFeatures, Features
from kinesics.structures.tracks import TracksWriter, read_tracks


@pytest.mark.slow
def test_other_features_and_rates_are_refused(training, tmp_path):
    recordings, truth = training
    checkpoint = untrained(budgeted.MODEL, recordings[:1], truth)
    crops = {"face": CropFeatures(np.zeros(1), np.zeros(1, int), np.ones((1, 7), np.float32))}
    other = Recording(recordings[0].tracks, {"vit_s_focus": Features("v0", "vit_s_focus", 2.0, crops)})
    with pytest.raises(KinesicsError, match="7 numbers, but the model learned on 12"):
        predict_events(budgeted.MODEL, checkpoint, other)
    with TracksWriter(tmp_path / "w.parquet", "w", 25.0, 200, 100) as writer:
        writer.close(2.0)
    with pytest.raises(KinesicsError, match="25 Hz, but the model learned at 10 Hz"):
        predict_events(budgeted.MODEL, checkpoint, Recording(read_tracks(tmp_path / "w.parquet"), {}))


class Candidates:
    """A model whose outputs are its candidates."""

    @staticmethod
    def candidates(outputs, settings):
        return outputs


def test_segments_are_cut_at_the_ends_and_suppressed_per_label():
    sequence, settings = random_sequence(100), {"labels": ["a", "b"], "sigma": 0.4}
    segments = [(-5, 20, 0, 0.9), (0, 20, 0, 0.5), (0, 20, 1, 0.5), (99.5, 120, 0, 0.9), (40, 60, 1, 0.001)]
    kept = suppress_overlaps(Candidates, segments, sequence, settings)
    assert [row[:3] for row in kept] == [(0, 20, 0), (0, 20, 0), (0, 20, 1)]
    assert [row[3] for row in kept] == pytest.approx([0.9, 0.5 * np.exp(-1 / 0.4), 0.5])
    events = events_without_boxes([(sequence, kept)], settings["labels"])
    assert events["label"].tolist() == ["a", "a", "b"]
    assert events["end_s"].tolist() == [20 / RATE] * 3
    assert events[BOX].isna().all(axis=None)
