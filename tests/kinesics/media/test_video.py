"""kinesics.media.video: the right frames at the right times, upright, and one clear error for each kind of bad file."""

from fractions import Fraction

import numpy as np
import pytest
from support.clips import number, numbered, write_sound, write_video

from kinesics.errors import KinesicsError
from kinesics.media.audio import read_sound
from kinesics.media.video import probe_video, read_frame_at, read_frames, read_windows


def numbers(path, rate_hz=10.0):
    return [number(frame) for _, _, frame in read_frames(path, rate_hz)]


def test_video_info(tmp_path):
    video = write_video(tmp_path / "a.mp4", numbered(20), audio=True)
    info = probe_video(video)
    assert (info.width, info.height, info.has_audio) == (64, 48, True)
    assert info.duration_s == pytest.approx(2.0)
    assert info.rate_hz == pytest.approx(10.0)


def test_frames_at_lower_equal_and_higher_rates(tmp_path):
    video = write_video(tmp_path / "a.mp4", numbered(10))
    assert numbers(video) == list(range(10))
    assert numbers(video, 5) == [0, 2, 4, 6, 8]
    assert numbers(video, 20) == [k // 2 for k in range(20)]
    assert [(k, t) for k, t, _ in read_frames(video, 4)] == [(0, 0.0), (1, 0.25), (2, 0.5), (3, 0.75)]


def test_variable_frame_rate(tmp_path):
    video = write_video(tmp_path / "a.mp4", numbered(6), times_s=[0, 0.1, 0.15, 0.9, 1.0, 1.7])
    assert numbers(video) == [0, 1, 2, 2, 2, 2, 2, 2, 2, 3, 4, 4, 4, 4, 4, 4, 4, 5]


@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
def test_first_frame_is_time_zero(tmp_path, suffix):
    video = write_video(tmp_path / f"a{suffix}", numbered(10), times_s=[5 + 0.1 * k for k in range(10)])
    assert probe_video(video).duration_s == pytest.approx(1.0)
    assert numbers(video) == list(range(10))
    assert [number(frame) for frame in read_frame_at(video, [0.9, 0.0, 0.45])] == [9, 0, 4]


@pytest.mark.parametrize(("rotation", "corner"), [(0, (0, 0)), (90, (-1, 0)), (180, (-1, -1)), (-90, (0, -1))])
def test_rotated_phone_video_is_upright(tmp_path, rotation, corner):
    video = write_video(tmp_path / "a.mp4", numbered(3), rotation=rotation)
    shape = (48, 64, 3) if rotation % 180 == 0 else (64, 48, 3)
    assert (probe_video(video).height, probe_video(video).width, 3) == shape
    for _, _, frame in read_frames(video, 10):
        assert frame.shape == shape
        assert frame[corner].min() > 240, "the white corner turns counter-clockwise with the display matrix"


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("plain.mp4", {}),
        ("rotated.mp4", {"rotation": 90}),
        ("variable.mp4", {"times_s": [0, 0.1, 0.15, 0.9, 1.0, 1.7]}),
        ("anamorphic.mp4", {"aspect": Fraction(4, 3)}),
        ("deep.mkv", {"codec": "ffv1", "pix_fmt": "yuv420p10le"}),
        ("old.avi", {"codec": "mpeg4"}),
    ],
)
def test_random_access_agrees_with_streaming(tmp_path, name, options):
    video = write_video(tmp_path / name, numbered(6), **options)
    streamed = {time_s: frame for _, time_s, frame in read_frames(video, 10)}
    times = list(streamed)[::-1]
    for time_s, frame in zip(times, read_frame_at(video, times), strict=True):
        np.testing.assert_array_equal(frame, streamed[time_s])


def test_frames_hidden_by_an_edit_list_are_not_shown(tmp_path):
    video = write_video(tmp_path / "a.mp4", numbered(10), times_s=[0.1 * k - 0.3 for k in range(10)])
    assert probe_video(video).duration_s == pytest.approx(0.7)
    assert numbers(video) == [3, 4, 5, 6, 7, 8, 9]
    assert [number(frame) for frame in read_frame_at(video, [0.6, 0.0])] == [9, 3]


def test_pixels_become_square(tmp_path):
    video = write_video(tmp_path / "a.mp4", numbered(2), aspect=Fraction(3, 2))
    assert probe_video(video).width == 96
    assert next(read_frames(video, 10))[2].shape == (48, 96, 3)


@pytest.mark.parametrize(
    ("pix_fmt", "size"), [("gray", (64, 48)), ("yuv420p10le", (64, 48)), ("yuv444p", (63, 47)), ("yuv420p", (66, 50))]
)
def test_pixel_formats_and_sizes(tmp_path, pix_fmt, size):
    video = write_video(tmp_path / "a.mkv", numbered(4, *size), codec="ffv1", pix_fmt=pix_fmt)
    for k, _, frame in read_frames(video, 10):
        assert frame.shape == (size[1], size[0], 3)
        assert frame.flags.c_contiguous, "MediaPipe reads padded rows as pixels"
        assert number(frame) == k


def test_one_frame(tmp_path):
    video = write_video(tmp_path / "a.mp4", numbered(1))
    assert numbers(video) == [0]
    assert read_frame_at(video, [0.05]).shape == (1, 48, 64, 3)


def test_no_times_give_no_frames(tmp_path):
    assert read_frame_at(write_video(tmp_path / "a.mp4", numbered(2)), []).shape == (0, 48, 64, 3)


def bad_files(folder):
    whole = write_video(folder / "whole.mp4", numbered(25) * 3, options={"movflags": "faststart"}).read_bytes()
    plain = write_video(folder / "plain.mp4", numbered(25) * 3).read_bytes()
    (folder / "empty.mp4").touch()
    (folder / "text.mp4").write_text("This is no video.\n" * 100)
    (folder / "notes.txt").write_text("This is no video.\n" * 100)
    write_sound(folder / "sound.m4a")
    (folder / "no_index.mp4").write_bytes(plain[: len(plain) // 2])
    (folder / "cut.mp4").write_bytes(whole[: len(whole) * 3 // 4])


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("missing.mp4", "no such file"),
        ("empty.mp4", "empty"),
        ("text.mp4", "not a video"),
        ("notes.txt", "not a video"),
        ("sound.m4a", "no video stream"),
        ("no_index.mp4", "cut off"),
        ("cut.mp4", r"cut off: it holds \d\.\d+ s of 7\.50 s"),
        ("", "folder"),
    ],
)
def test_bad_files(tmp_path, name, words):
    bad_files(tmp_path)
    for read in (probe_video, lambda path: list(read_frames(path, 10)), lambda path: read_frame_at(path, [0.0])):
        with pytest.raises(KinesicsError, match=words) as error:
            read(tmp_path / name)
        assert str(tmp_path / name) in str(error.value)


def test_damage_in_the_middle_is_reported_with_the_time_reached(tmp_path):
    noise = np.random.default_rng(0).integers(0, 256, (30, 48, 64, 3), np.uint8)
    video = write_video(tmp_path / "a.mp4", list(noise))
    data = bytearray(video.read_bytes())
    middle = len(data) // 2
    data[middle : middle + 8000] = bytes(8000)
    video.write_bytes(data)
    decoded = []
    with pytest.raises(KinesicsError, match=r"damaged after \d\.\d\d s of 3\.00 s"):
        decoded.extend(k for k, _, _ in read_frames(video, 10))
    assert decoded, "what comes before the damage is given"


@pytest.mark.parametrize("time_s", [-0.1, 0.2, float("nan")])
def test_time_outside(tmp_path, time_s):
    with pytest.raises(KinesicsError, match="outside"):
        read_frame_at(write_video(tmp_path / "a.mp4", numbered(2)), [time_s])


def test_rate_must_be_positive(tmp_path):
    with pytest.raises(KinesicsError, match="0 Hz"):
        list(read_frames(write_video(tmp_path / "a.mp4", numbered(2)), 0))


def test_windows_hold_the_frames_about_each_instant(tmp_path):
    video = write_video(tmp_path / "film.mp4", numbered(24), rate=10)
    windows = {time_s: [number(frame) for frame in frames] for time_s, frames in read_windows(video, 1, 4, 0.4)}
    assert windows == {0: [0, 0, 0, 1], 1: [8, 9, 10, 11], 2: [18, 19, 20, 21]}
    last = [[number(frame) for frame in frames] for _, frames in read_windows(video, 10, 5, 0.5)][-2:]
    assert last == [[20, 21, 22, 23, 23], [21, 22, 23, 23, 23]]
    assert len(list(read_windows(video, 3, 16, 10))) == 8  # longer than the video


@pytest.mark.parametrize(
    "name", ["10:30 talk.mp4", "http:talk.mp4", "concat:a|b.mp4", "subfile,,start,0,,:.mp4", "-i.mp4"]
)
def test_a_name_is_not_taken_for_a_protocol(tmp_path, monkeypatch, name):
    write_video(tmp_path / name, numbered(6), audio=True)
    monkeypatch.chdir(tmp_path)
    assert probe_video(name).duration_s == pytest.approx(0.6)
    assert numbers(name) == list(range(6))
    assert [number(frame) for frame in read_frame_at(name, [0.5, 0.0])] == [5, 0]
    assert len(read_sound(name)) > 0


def test_the_proposed_command_quotes_the_path(tmp_path):
    whole = write_video(tmp_path / "whole.mp4", numbered(25) * 3, options={"movflags": "faststart"}).read_bytes()
    (tmp_path / "a cut talk.mp4").write_bytes(whole[: len(whole) * 3 // 4])
    with pytest.raises(KinesicsError, match=r"ffmpeg -i 'file:/.*/a cut talk\.mp4' -t \d\.\d\d whole\.mp4"):
        probe_video(tmp_path / "a cut talk.mp4")
