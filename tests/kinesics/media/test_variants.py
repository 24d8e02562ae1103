"""Footage as people have it: offsets, joins, gaps, orders of frames and of streams; each time shows what it ought to."""

from fractions import Fraction

import av
import numpy as np
import pytest
from support.clips import number, numbered, write_video
from support.footage import RATE, beeps, mux_tracks, remux, time_of, write_footage

from kinesics.errors import KinesicsError
from kinesics.media.audio import read_sound
from kinesics.media.examination import reading_note
from kinesics.media.streams import ReadOptions
from kinesics.media.video import probe_video, read_frame_at, read_frames

FRAME_S = 2 / RATE
HEVC = {"codec": "libx265", "options": {"bf": "3", "x265-params": "open-gop=1:keyint=50:log-level=none"}}
SOURCES = {
    "plain.mp4": {"options": {"bf": "3", "g": "40"}},
    "open_groups.mp4": HEVC,
    "plain.mpg": {"codec": "mpeg2video", "sound_codec": "mp2"},
}
M2TS = {"mpegts_m2ts_mode": "1"}


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sources")
    return lambda name: folder / name if (folder / name).exists() else write_footage(folder / name, **SOURCES[name])


def check(path, sound=range(8), begin_s=0.0, end_s=8.0):
    """Assert that the frames and the sound of each time are those that were at ``begin_s`` later in the footage."""
    assert probe_video(path).duration_s == pytest.approx(end_s - begin_s, abs=0.1)
    for _, time_s, frame in read_frames(path, 5):
        assert time_of(frame) == pytest.approx(time_s + begin_s, abs=FRAME_S)
    times = [share * (end_s - begin_s) for share in (0.9, 0.1, 0.27, 0.5)]
    for time_s, frame in zip(times, read_frame_at(path, times), strict=True):
        assert time_of(frame) == pytest.approx(time_s + begin_s, abs=FRAME_S)
    assert beeps(read_sound(path)) == pytest.approx(list(sound), abs=0.06)
    assert reading_note(path, ReadOptions(accept_damaged=True), True) is None


@pytest.mark.parametrize(
    ("name", "format", "options"),
    [
        ("late.mkv", None, {}),
        pytest.param("late.mp4", None, {}, marks=pytest.mark.slow),
        pytest.param("late.ts", None, {}, marks=pytest.mark.slow),
        pytest.param("late.m2ts", "mpegts", M2TS, marks=pytest.mark.slow),
    ],
)
def test_stamps_may_begin_eight_hours_late(source, tmp_path, name, format, options):
    check(remux(source("plain.mp4"), tmp_path / name, shift_s=8 * 3600, format=format, options=options))


@pytest.mark.parametrize("name", ["plain.mp4", pytest.param("plain.mpg", marks=pytest.mark.slow)])
def test_stamps_of_33_bits_may_overflow(source, tmp_path, name):
    path = tmp_path / ("over.ts" if name == "plain.mp4" else "over.mpg")
    check(remux(source(name), path, shift_s=2**33 / 90_000 - 3))


@pytest.mark.slow
@pytest.mark.parametrize(
    "arguments",
    [
        {"sound_codec": "libmp3lame", "options": {"bf": "3"}},
        {"codec": "mpeg4", "sound_codec": "libmp3lame", "options": {"bf": "2"}},
        {"codec": "mpeg4", "sound_codec": "pcm_s16le", "options": {"bf": "2", "g": "12"}},
    ],
)
def test_avi_with_b_frames_has_no_stamps_but_the_order_of_decoding(tmp_path, arguments):
    check(write_footage(tmp_path / "b.avi", **arguments))


@pytest.mark.slow
@pytest.mark.parametrize("name", ["open.mkv", "open.ts", "open.m2ts", "open.mov"])
def test_hevc_with_open_groups(source, tmp_path, name):
    options = M2TS if name.endswith("m2ts") else {}
    check(remux(source("open_groups.mp4"), tmp_path / name, options=options))


@pytest.mark.parametrize("name", ["cut.mkv", pytest.param("cut.ts", marks=pytest.mark.slow)])
def test_images_before_the_first_key_image_of_a_cut_are_not_shown(source, tmp_path, name):
    kept = {
        "video": False
    }  # from the second key image on, with the images that are stored after it and shown before it

    def keep(packet):
        kept["video"] |= packet.stream.type == "video" and packet.is_keyframe and packet.pts * packet.time_base > 1
        return kept["video"]

    path = remux(source("open_groups.mp4"), tmp_path / name, keep)
    first = next(read_frames(path, 5))[2]
    check(path, sound=range(6), begin_s=2.0)
    assert time_of(first) == pytest.approx(2, abs=0.05)


@pytest.mark.parametrize("suffix", ["ts", pytest.param("mpg", marks=pytest.mark.slow)])
def test_a_broadcast_that_is_received_from_some_place_on_begins_with_its_first_key_image(tmp_path, suffix):
    codecs = {"codec": "mpeg2video", "sound_codec": "mp2"} if suffix == "mpg" else {}
    data = write_footage(tmp_path / f"whole.{suffix}", **codecs).read_bytes()
    path = tmp_path / f"received.{suffix}"
    path.write_bytes(data[len(data) // 5 // 188 * 188 :])
    begin_s = time_of(next(read_frames(path, 5))[2])
    assert 1 < begin_s < 5
    later = range(int(np.ceil(begin_s - 0.05)), 8)
    check(path, [k - begin_s for k in later], begin_s)


@pytest.mark.parametrize("later_s", [3, -3])
@pytest.mark.parametrize(
    "suffix", ["mkv", pytest.param("mp4", marks=pytest.mark.slow), pytest.param("ts", marks=pytest.mark.slow)]
)
def test_sound_may_begin_seconds_before_or_after_the_images(source, tmp_path, suffix, later_s):
    path = remux(source("plain.mp4"), tmp_path / f"v.{suffix}", sound_shift_s=later_s, shift_s=5)
    check(path, sound=[k + later_s for k in range(8) if k + later_s >= 0])


@pytest.mark.parametrize("suffix", ["mkv", pytest.param("mp4", marks=pytest.mark.slow)])
def test_sound_that_has_more_samples_than_its_stamps_span_follows_the_stamps(source, tmp_path, suffix):
    def slower(packet):
        if packet.stream.type == "audio":
            packet.pts = packet.dts = packet.pts * 9 // 10
        return True

    path = remux(source("plain.mp4"), tmp_path / f"slower.{suffix}", slower)
    assert beeps(read_sound(path)) == pytest.approx([0.9 * k for k in range(8)], abs=0.08)


@pytest.mark.parametrize("half", [0, 1])
def test_sound_may_last_for_half_of_the_video(source, tmp_path, half):
    def keep(packet):
        return packet.stream.type == "video" or (packet.pts * packet.time_base >= 3.98) == bool(half)

    beginning = [0, 1, 2, 3] if half == 0 else [4, 5, 6, 7]
    check(remux(source("plain.mp4"), tmp_path / "half.mkv", keep), sound=beginning)


@pytest.mark.slow
@pytest.mark.parametrize("begin_s", [0, 50, 300, 40_000])
def test_stamps_of_joined_streams_may_jump_back_by_any_time(tmp_path, begin_s):
    parts = [write_footage(tmp_path / f"{k}.ts", seconds=(4 * k, 4 * k + 4)) for k in range(2)]
    parts[0] = remux(parts[0], tmp_path / "late.ts", shift_s=begin_s)
    path = tmp_path / "both.ts"
    path.write_bytes(b"".join(part.read_bytes() for part in parts))
    check(path)


@pytest.mark.parametrize("silent", [[0], pytest.param([1], marks=pytest.mark.slow)])
@pytest.mark.parametrize("suffix", ["ts", pytest.param("mpg", marks=pytest.mark.slow)])
def test_sound_of_joined_parts_is_that_of_its_part_where_others_have_none(tmp_path, suffix, silent):
    codec, sound = ("mpeg2video", "mp2") if suffix == "mpg" else ("libx264", "aac")
    parts = [
        write_footage(tmp_path / f"{k}.{suffix}", codec, None if k in silent else sound, (2 * k, 2 * k + 2))
        for k in range(3)
    ]
    path = tmp_path / f"joined.{suffix}"
    path.write_bytes(b"".join(part.read_bytes() for part in parts))
    check(path, sound=[time_s for time_s in range(6) if time_s // 2 not in silent], end_s=6.0)


@pytest.mark.parametrize(
    "name",
    ["v.mp4", *(pytest.param(f"v.{suffix}", marks=pytest.mark.slow) for suffix in ("mkv", "ts", "mov", "webm"))],
)
def test_frames_may_last_for_seconds(tmp_path, name):
    times = [0, 0.1, 0.2, 30.2, 30.3, 41.0]
    codec = "libvpx-vp9" if name.endswith("webm") else "libx264"
    path = write_video(tmp_path / name, numbered(6), times_s=times, codec=codec)
    asked = [0.15, 0.3, 15.0, 30.0, 30.25, 31.0, 40.9, 41.05]
    expected = [1, 2, 2, 2, 3, 4, 4, 5]
    assert [number(frame) for frame in read_frame_at(path, asked)] == expected
    shown = {round(time_s, 3): number(frame) for _, time_s, frame in read_frames(path, 20)}
    assert [shown[time_s] for time_s in asked] == expected


@pytest.mark.parametrize("count", [1, 2])
@pytest.mark.parametrize(
    ("suffix", "codec"),
    [
        ("ts", "libx264"),
        ("wmv", "wmv2"),
        *(
            pytest.param(suffix, codec, marks=pytest.mark.slow)
            for suffix, codec in [("mp4", "libx264"), ("mkv", "libx264"), ("avi", "mpeg4"), ("webm", "libvpx-vp9")]
        ),
    ],
)
def test_videos_of_one_and_two_frames(tmp_path, suffix, codec, count):
    path = tmp_path / f"v.{suffix}"
    write_footage(path, codec, None, (0, count / RATE), options={"bf": "0"})
    assert probe_video(path).duration_s == pytest.approx(count / RATE, abs=1e-3)
    assert len(list(read_frames(path, RATE))) == count
    assert len(read_frame_at(path, [0])) == 1


@pytest.mark.parametrize("name", ["p.jpg", "p.png", "p.gif", "p.bmp", "p.tiff"])
def test_a_still_picture_is_no_video(tmp_path, name):
    codec = {"jpg": "mjpeg", "tiff": "tiff", "gif": "gif"}.get(name[2:], name[2:])
    pix_fmt = {"mjpeg": "yuvj420p", "gif": "rgb8", "bmp": "bgr24"}.get(codec, "rgb24")
    with av.open(str(tmp_path / name), "w", format="gif" if codec == "gif" else "image2") as container:
        stream = container.add_stream(codec, rate=1)
        stream.width, stream.height, stream.pix_fmt = 64, 48, pix_fmt
        container.mux(
            stream.encode(av.VideoFrame.from_ndarray(numbered(1)[0], format="rgb24").reformat(format=pix_fmt))
        )
        container.mux(stream.encode())
    with pytest.raises(KinesicsError, match="a still picture, not a video"):
        probe_video(tmp_path / name)


def test_turned_images_of_oblong_pixels(tmp_path):
    path = write_video(tmp_path / "v.mp4", numbered(4), rotation=90, aspect=Fraction(4, 3))
    assert next(read_frames(path, 10))[2].shape == read_frame_at(path, [0.1])[0].shape == (85, 48, 3)


def test_attachments_and_data_are_no_video(source, tmp_path):
    path = tmp_path / "v.mkv"
    with av.open(str(source("plain.mp4"))) as read, av.open(str(path), "w") as written:
        streams = {stream.index: written.add_stream_from_template(stream) for stream in read.streams}
        written.add_attachment("font.ttf", "application/x-truetype-font", bytes(1000))
        written.add_attachment("cover.png", "image/png", _picture())
        for packet in read.demux():
            if packet.dts is not None:
                packet.stream = streams[packet.stream_index]
                written.mux(packet)
    check(path)


def _picture() -> bytes:
    import cv2

    return cv2.imencode(".png", np.zeros((32, 32, 3), np.uint8))[1].tobytes()


@pytest.mark.parametrize("suffix", ["mkv", "mp4"])
def test_streams_are_taken_by_number_or_by_their_flag(source, tmp_path, suffix):
    tracks = [("video", True, "und"), ("silence", False, "deu"), ("audio", True, "fra")]
    path = mux_tracks(source("plain.mp4"), tmp_path / f"two.{suffix}", tracks)
    assert beeps(read_sound(path)) == pytest.approx(range(8), abs=0.06)
    assert beeps(read_sound(path, ReadOptions(audio_stream=1))) == []
    assert reading_note(path, ReadOptions(), False) is None
    assert "takes audio stream 2 of 1, 2 (another: --audio-stream)" in reading_note(path, ReadOptions(), True)
    for number_, listed in ((0, r"1 audio aac deu.*2 audio aac fra \(default\)"), (3, "0 video h264 160x64")):
        with pytest.raises(KinesicsError, match=rf"no audio stream {number_} that can be decoded; it has .*{listed}"):
            probe_video(path, ReadOptions(audio_stream=number_))


def test_a_second_stream_of_images_is_taken_by_number(source, tmp_path):
    late = write_footage(tmp_path / "late.mp4", seconds=(2, 8), sound_codec=None)
    path = tmp_path / "two.mkv"
    with av.open(str(source("plain.mp4"))) as one, av.open(str(late)) as two, av.open(str(path), "w") as written:
        streams = [written.add_stream_from_template(read.streams.video[0]) for read in (one, two)]
        for read, stream in zip((one, two), streams, strict=True):
            for packet in read.demux(video=0):
                if packet.dts is not None:
                    packet.stream = stream
                    written.mux(packet)
    for number_, begin_s in ((0, 0), (1, 2)):
        options = ReadOptions(video_stream=number_)
        assert probe_video(path, options).video_stream == number_
        for time_s, frame in zip((3, 1), read_frame_at(path, [3, 1], options), strict=True):
            assert time_of(frame) == pytest.approx(time_s + begin_s, abs=FRAME_S)
    assert "takes video stream 0 of 0, 1 (another: --video-stream)" in reading_note(path, ReadOptions(), True)
    with pytest.raises(KinesicsError, match="no video stream 2 that can be decoded; it has 0 video h264 160x64"):
        probe_video(path, ReadOptions(video_stream=2))
