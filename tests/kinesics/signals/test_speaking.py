"""Who speaks: articulation of the mouth, the sound, and both."""

import numpy as np
import pytest
from support.toy import mesh

from kinesics.signals.cues import CHIN, FOREHEAD, LOWER_LIP, UPPER_LIP
from kinesics.signals.speaking import ENCODER, articulation, speaking
from kinesics.structures.features import CropFeatures, Features
from kinesics.structures.tracks import FACE_BOX, PERSON_BOX, TracksWriter, read_tracks

HEIGHT = 40.0  # of the toy's face, in pixels of its frame of 200 x 100


def syllables(count, rate_hz=10.0):
    """Return an opening of the lips, in heights of the face, that goes up and down three times a second."""
    return 0.03 + 0.03 * np.sin(2 * np.pi * 3.1 * np.arange(count) / rate_hz)


def tracked(folder, openings, rate_hz=10.0, shots=None):
    """Return tracks of people whose lips are open by some heights of the face, NaN for no face."""
    count = len(openings[0])
    path = folder / "toy.parquet"
    with TracksWriter(path, "toy", rate_hz, 200, 100) as writer:
        for k in range(count):
            for person, opening in enumerate(openings):
                row = {"frame": k, "time_s": k / rate_hz, "person": person, "shot": 0 if shots is None else shots[k]}
                if np.isfinite(opening[k]):
                    face = mesh()
                    face[[UPPER_LIP, LOWER_LIP]] = face[[FOREHEAD, CHIN]].mean(0)
                    face[LOWER_LIP, 1] += opening[k] * HEIGHT / 100
                    row |= {"face": face, **dict.fromkeys(FACE_BOX, 0.5)}
                writer.add(row | dict.fromkeys(PERSON_BOX, 0.5))
        writer.close(count / rate_hz)
    return read_tracks(path)


def heard(speech, rate_hz=10.0):
    tokens = np.zeros((len(speech), 6), np.float32)
    tokens[:, 0] = speech
    times = np.arange(len(speech)) / rate_hz
    return Features("toy", ENCODER, rate_hz, {"sound": CropFeatures(times, np.full(len(speech), -1, np.int32), tokens)})


def test_of_two_people_the_one_whose_lips_move_speaks(tmp_path):
    still = np.full(100, 0.02)
    moving = np.where(np.arange(100) < 50, syllables(100), 0.02)
    other = np.where(np.arange(100) >= 50, syllables(100), 0.02)
    speaks = speaking(tracked(tmp_path, [moving, other, still]), heard(np.ones(100)))
    assert (speaks[0][:45] > 0.9).all()
    assert (speaks[0][55:] < 0.1).all()
    assert (speaks[1][:45] < 0.1).all()
    assert (speaks[1][55:] > 0.9).all()
    assert (speaks[2] < 0.1).all()


def test_silence_is_not_speech_though_lips_move(tmp_path):
    moving = np.clip(syllables(100), 0, 0.03)
    speech = np.repeat([1.0, 0.0], 50)
    tracks = tracked(tmp_path, [moving])
    speaks = speaking(tracks, heard(speech))[0]
    assert speaks[:45].min() > speaks[55:].max() + 0.3
    alone = speaking(tracks)[0]
    assert abs(np.median(alone[:50]) - np.median(alone[50:])) < 0.05, "without sound nothing tells the halves apart"


def test_speech_of_somebody_out_of_view_is_nobodys(tmp_path):
    assert (speaking(tracked(tmp_path, [np.full(60, 0.01)]), heard(np.ones(60)))[0] < 0.1).all()


@pytest.mark.parametrize(
    ("movement", "opening"),
    [
        ("smile", np.concatenate([np.zeros(30), np.linspace(0, 0.05, 10), np.full(60, 0.05)])),
        ("chewing with closed lips", np.abs(0.003 * np.sin(2 * np.pi * 1.5 * np.arange(100) / 10))),
        ("yawn", 0.3 * np.sin(np.pi * np.arange(100) / 100) ** 2),
    ],
)
def test_slow_or_closed_movements_are_no_articulation(tmp_path, movement, opening):
    folders = [tmp_path / name for name in ("other", "speech")]
    for folder in folders:
        folder.mkdir()
    other, speech = (
        speaking(tracked(folder, [values]))[0]
        for folder, values in zip(folders, [opening, syllables(100)], strict=True)
    )
    assert (speech > 0.5).all()
    assert (other < 0.5).all(), movement


def test_unknown_without_a_face_and_across_long_gaps(tmp_path):
    opening = syllables(60)
    opening[[20, 21]] = np.nan
    opening[40:50] = np.nan
    values = articulation(tracked(tmp_path, [opening]), 0)
    assert np.isnan(values).tolist() == np.isnan(opening).tolist()
    assert values[np.isfinite(values)].min() > 0.005


def test_a_cut_is_no_movement(tmp_path):
    opening = np.repeat([0.0, 0.05], 30)
    tracks = tracked(tmp_path, [opening], shots=np.repeat([0, 1], 30))
    assert np.nanmax(articulation(tracks, 0)) < 1e-6


@pytest.mark.parametrize("rate_hz", [10.0, 12.5, 25.0, 30.0])
def test_the_rate_of_the_tracks_hardly_matters(tmp_path, rate_hz):
    count = round(10 * rate_hz)
    values = articulation(tracked(tmp_path, [syllables(count, rate_hz)], rate_hz), 0)
    assert len(values) == count
    assert 0.015 < np.median(values) < 0.03, "0.021 is the deviation of the movement"


def test_too_few_frames_a_second_tell_nothing(tmp_path):
    assert np.isnan(speaking(tracked(tmp_path, [np.zeros(20)], rate_hz=4.0))[0]).all()


def test_sound_of_another_rate_and_length(tmp_path):
    tracks = tracked(tmp_path, [syllables(100)])
    speaks = speaking(tracks, heard(np.ones(100), rate_hz=20.0))[0]  # ends after five seconds
    alone = speaking(tracks)[0]
    assert np.array_equal(speaks[55:], alone[55:]), "without sound the mouth alone"
    assert (speaks[:45] != alone[:45]).all()
    nothing = Features(
        "toy", ENCODER, 10.0, {"sound": CropFeatures(np.zeros(0), np.zeros(0, np.int32), np.zeros((0, 6)))}
    )
    assert np.array_equal(speaking(tracks, nothing)[0], alone)
