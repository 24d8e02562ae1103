"""Cuts: found where clips are spliced, and not where light, camera or people change."""

import cv2
import numpy as np
import pytest

from kinesics.media.video import read_frames
from kinesics.perception.shots import number_shots

CLIPS = ["single_face", "franck", "cap12_edit", "obama_speech", "WolfgangLanger_Pexels"]
SIZE = (320, 180)


def shots(frames):
    """Return the number of each frame's shot, after a check that the frames come out as they went in."""
    frames = list(frames)
    out = list(number_shots((k, k / 10, frame) for k, frame in enumerate(frames)))
    assert [k for k, *_ in out] == list(range(len(frames)))
    assert all(np.array_equal(shown, frame) for (_, _, shown, _), frame in zip(out, frames, strict=True))
    return [shot for *_, shot in out]


def cuts(frames):
    return [k for k, step in enumerate(np.diff(shots(frames)), 1) if step]


@pytest.fixture(scope="module")
def beginnings(clip):
    """The first two seconds of each clip at 10 Hz, in one size."""

    def beginning(name):
        frames = read_frames(clip(name), 10)
        return [cv2.resize(next(frames)[2], SIZE, interpolation=cv2.INTER_AREA) for _ in range(20)]

    return {name: beginning(name) for name in CLIPS}


def test_each_pair_of_clips_has_one_cut_where_they_meet(beginnings):
    pairs = [(a, b) for a in CLIPS for b in CLIPS if a != b]
    assert [cuts(beginnings[a] + beginnings[b]) for a, b in pairs] == [[20]] * len(pairs)


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=() if name == "single_face" else pytest.mark.slow) for name in CLIPS]
)
def test_no_cut_within_a_clip(clip, name):
    frames = (item for item in read_frames(clip(name), 10) if item[0] < 600)
    assert {shot for *_, shot in number_shots(frames)} == {0}


def test_numbers_count_up(beginnings):
    frames = beginnings["franck"] + beginnings["obama_speech"] + beginnings["franck"]
    assert shots(frames) == [0] * 20 + [1] * 20 + [2] * 20


def test_fade_through_black_is_one_cut(beginnings):
    a, b = (beginnings[name] for name in ("franck", "cap12_edit"))
    weights = np.linspace(1, 0, 8)
    out = [(a[-1] * w).astype(np.uint8) for w in weights]
    back = [(b[0] * w).astype(np.uint8) for w in weights[::-1]]
    (cut,) = cuts(a + out + back + b)
    assert 20 + 8 <= cut <= 20 + 8 + 3, "where the picture comes back"


def test_blank_pictures_at_the_beginning_are_of_the_first_shot(beginnings):
    black = [np.zeros((SIZE[1], SIZE[0], 3), np.uint8)] * 5
    assert set(shots(black + beginnings["franck"])) == {0}


@pytest.mark.parametrize("length", [1, 2])
def test_flash_is_no_cut(beginnings, length):
    frames = [frame.copy() for frame in beginnings["WolfgangLanger_Pexels"]]
    for k in range(10, 10 + length):
        frames[k] = np.clip(frames[k] * 1.6 + 90.0, 0, 255).astype(np.uint8)
    assert cuts(frames) == []


def moved(picture, steps, zooms):
    """Return views of a picture, shifted by some pixels to the right and enlarged."""
    width, height = SIZE
    views = []
    for step, zoom in zip(steps, zooms, strict=True):
        matrix = np.array([[zoom, 0, width / 2 * (1 - zoom) - step], [0, zoom, height / 2 * (1 - zoom)]])
        views.append(cv2.warpAffine(picture, matrix, SIZE, borderMode=cv2.BORDER_REFLECT))
    return views


def test_fast_pan_and_zoom_are_no_cuts(beginnings):
    picture = beginnings["obama_speech"][0]
    pan = np.concatenate([np.zeros(5), np.arange(10) * 32.0, np.full(5, 288.0)])  # a width a second
    zoom = np.concatenate([np.ones(5), np.geomspace(1, 3, 10), np.full(5, 3.0)])
    assert cuts(moved(picture, pan, np.ones(20))) == []
    assert cuts(moved(picture, np.zeros(20), zoom)) == []


def test_somebody_who_passes_by_is_no_cut(beginnings):
    frames = [frame.copy() for frame in beginnings["franck"]]
    for k in range(8):
        x = -120 + 55 * k
        left, right = max(x, 0), min(x + 160, SIZE[0])
        frames[6 + k][:, left:right] = beginnings["cap12_edit"][0][:, left - x : right - x]
    assert cuts(frames) == []


def test_frames_shown_several_times_hide_no_cut_and_make_none(beginnings):
    a, b = (beginnings[name][:10] for name in ("WolfgangLanger_Pexels", "obama_speech"))
    frames = [frame for frame in a + b for _ in range(3)]
    assert cuts(frames) == [30]


def test_stills_of_any_length(beginnings):
    a, b = (beginnings[name][0] for name in ("single_face", "franck"))
    assert cuts([a] * 57 + [b] * 31) == [57]
    assert shots([a]) == [0]
    assert shots([]) == []


def test_few_frames_are_held(beginnings):
    read = 0

    def endless():
        nonlocal read
        for k in range(300):
            read += 1
            yield k, k / 10, beginnings["single_face"][0].copy()

    behind = [read - 1 - k for k, *_ in number_shots(endless())]
    assert len(behind) == 300
    assert max(behind) <= 30, "three pictures of ten equal frames"


def test_a_cut_depends_on_near_frames_only(beginnings):
    frames = beginnings["franck"] + beginnings["cap12_edit"] + beginnings["obama_speech"]
    assert [k + 15 for k in cuts(frames[15:45])] == [k for k in cuts(frames) if k < 43]
