"""The proposal learns small synthetic recordings, with the same bytes each time.

All tests that train it share one compiled program, of one number of steps and one width, and stay in this file.
"""

import numpy as np
import pandas as pd
import pytest
from safetensors.numpy import save
from support.toy import RATE

from kinesics.detectors import budgeted, hmm, linear
from kinesics.errors import KinesicsError
from kinesics.metrics.average_precision import average_precision
from kinesics.models.fitting import default_options, prepare_training
from kinesics.models.inference import predict_events
from kinesics.models.temporal_model import Checkpoint
from kinesics.signals.recording import Recording
from kinesics.structures.events import BOX
from kinesics.structures.features import CropFeatures, Features
from kinesics.structures.timegrid import rasterise

#: Little decay: a few steps on a few recordings leave nothing to regularise.
OPTIONS = {"steps": 150, "width": 32, "decay": 0.05}


@pytest.fixture(scope="module")
def checkpoint(training) -> Checkpoint:
    recordings, truth = training
    return budgeted.DETECTOR.fit(recordings[:3], [truth], 0, recordings[2:3], **OPTIONS)


@pytest.mark.slow
def test_the_proposal_learns_and_needs_its_tokens(training, checkpoint):
    recordings, truth = training
    assert checkpoint["curve"][-10:].mean() < 0.3 * checkpoint["curve"][:5].mean()
    true = truth[truth["video"] == recordings[0].tracks.video]
    events, tubes = predict_events(budgeted.MODEL, checkpoint, recordings[0])
    assert average_precision(true, events)[0.5].mean() > 0.7
    # On a recording outside of the training: events of the training could be memorised from the descriptor.
    unseen = recordings[3]
    true = truth[truth["video"] == unseen.tracks.video]
    without_tokens = Recording(unseen.tracks, {"fer": unseen.features["fer"]})
    whole, without = (
        average_precision(true, predict_events(budgeted.MODEL, checkpoint, recording)[0])[0.5]
        for recording in (unseen, without_tokens)
    )
    assert without["disgust"] < whole["disgust"] - 0.3
    assert without["hand_to_face"] > 0.7
    assert set(tubes["event"]) == set(np.flatnonzero(events[BOX].notna().all(axis=1)))
    assert predict_events(budgeted.MODEL, checkpoint, recordings[0])[0].equals(events)


def speak_during(recording: Recording, truth: pd.DataFrame, label: str) -> Recording:
    """Return the recording without tokens, with speech in its sound during the events of a label."""
    video = recording.tracks.video
    times = np.arange(round(recording.tracks.duration_s * RATE)) / RATE
    events = truth[(truth["video"] == video) & (truth["label"] == label)]
    sound = np.zeros((len(times), 6), np.float32)
    sound[:, 0] = rasterise(events[["start_s", "end_s"]].to_numpy(), len(times), RATE)
    crops = {"sound": CropFeatures(times, np.full(len(times), -1, np.int32), sound)}
    return Recording(
        recording.tracks,
        {"fer": recording.features["fer"], "audio_activity": Features(video, "audio_activity", RATE, crops)},
    )


@pytest.mark.slow
def test_events_that_only_sound_shows_are_learned(training):
    recordings, truth = training
    with_sound = [speak_during(recording, truth, "disgust") for recording in recordings]
    checkpoint = budgeted.DETECTOR.fit(with_sound[:3], [truth], 0, **OPTIONS)
    unseen = with_sound[3]
    silent = Recording(unseen.tracks, {"fer": unseen.features["fer"]})
    true = truth[truth["video"] == unseen.tracks.video]
    whole, without = (
        average_precision(true, predict_events(budgeted.MODEL, checkpoint, recording)[0])[0.5]["disgust"]
        for recording in (unseen, silent)
    )
    assert whole > without + 0.5


@pytest.mark.slow
def test_the_same_seed_gives_the_same_bytes(training, checkpoint):
    recordings, truth = training
    again, other = (budgeted.DETECTOR.fit(recordings[:3], [truth], seed, recordings[2:3], **OPTIONS) for seed in (0, 1))
    assert save(again) == save(checkpoint) != save(other)
    one, two, other = (
        save(hmm.DETECTOR.fit(recordings[:1], [truth], seed, recordings[1:2], steps=3)) for seed in (0, 0, 1)
    )
    assert one == two != other


@pytest.mark.slow
def test_training_without_events_people_or_options_is_refused(training):
    recordings, truth = training
    with pytest.raises(KinesicsError, match="no event of the truth lies in a training video"):
        budgeted.DETECTOR.fit(recordings[:1], [truth[truth["video"] == "elsewhere"]], 0)
    with pytest.raises(KinesicsError, match="no event of the truth is of a person in the training tracks"):
        prepare_training(linear.MODEL, recordings[:1], [truth.assign(person=7)])
    with pytest.raises(KinesicsError, match=r"'width' is not an option of linear\. Its options are steps, rate, decay"):
        prepare_training(linear.MODEL, recordings[:1], [truth], width=3)
    assert default_options(linear.MODEL) == {
        "steps": 500,
        "rate": 1e-2,
        "decay": 4.0,
        "batch": 2,
        "directions": 48,
        "sigma": 0.4,
        "smooth_s": 0.5,
    }
