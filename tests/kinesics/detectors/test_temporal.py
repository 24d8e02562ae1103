"""All temporal networks: bounded receptive fields, and recordings with little to go by."""

from functools import partial

import numpy as np
import pytest
from support.networks import NETWORKS, SETTINGS, module_name, random_sequence, with_large_weights
from support.toy import RATE, toy_recording, untrained

from kinesics.detectors import linear, mstcn
from kinesics.models.inference import predict_events
from kinesics.models.optimization import initial_weights
from kinesics.models.pyramid import REACH, grid
from kinesics.models.sequences import CROPS, SLOT, PersonSequence
from kinesics.signals.recording import Recording
from kinesics.structures.tracks import TracksWriter, read_tracks

#: All networks, of which those that take seconds to compile are slow.
EACH = [
    pytest.param(one, marks=() if one in (linear, mstcn) else pytest.mark.slow, id=module_name(one)) for one in NETWORKS
]


@pytest.mark.slow
@pytest.mark.parametrize("module", EACH)
def test_inputs_beyond_the_margin_have_no_influence(module):
    network = with_large_weights(initial_weights(partial(module.MODEL.make, SETTINGS), 0))
    one = random_sequence(800)
    other = PersonSequence("v", 0, RATE, one.descriptor.copy(), one.tokens.copy(), one.observed)
    other.descriptor[: 400 - REACH] += 1
    other.tokens[: (400 - REACH) // SLOT] += 1
    usual = np.zeros((1, len(CROPS), 5), np.float32)
    valid = np.ones((1, 800), np.float32)
    outs = [network(x.descriptor[None], x.tokens[None], x.observed[None], usual, valid) for x in (one, other)]
    outs = [out if isinstance(out, tuple) else (out,) for out in outs]
    middle, _ = grid(800)
    for a, b in zip(*outs, strict=True):
        at = middle if a.shape[1] == len(middle) else np.arange(800)
        np.testing.assert_allclose(a[0][at >= 400], b[0][at >= 400], atol=1e-5)
        assert not np.allclose(a[0][at < 40], b[0][at < 40], atol=1e-3)


@pytest.fixture(scope="module")
def training(tmp_path_factory):
    return toy_recording(tmp_path_factory.mktemp("toy"), "v0", 0, 40)


@pytest.mark.slow
@pytest.mark.parametrize("module", EACH)
def test_recordings_with_few_or_no_people_are_processed(training, module, tmp_path):
    recording, truth = training
    checkpoint = untrained(module.MODEL, [recording], truth)
    with TracksWriter(tmp_path / "w.parquet", "w", RATE, 200, 100) as writer:
        writer.add({"frame": 3, "time_s": 0.3, "person": 5})
        writer.add({"frame": 4, "time_s": 0.4, "person": 7, "face": np.full((478, 3), np.nan, np.float32)})
        writer.close(2.0)
    with TracksWriter(tmp_path / "empty.parquet", "w", RATE, 200, 100) as writer:
        writer.close(2.0)
    for name in ("w", "empty"):
        other = Recording(read_tracks(tmp_path / f"{name}.parquet"), {})
        events, _ = predict_events(module.MODEL, checkpoint, other)
        assert set(events["person"]) <= {5, 7}
        assert np.isfinite(events["score"]).all()
