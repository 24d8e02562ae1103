"""A zoo of footage: in every container and codec the frames and the sound of a time are those of that time."""

import av
import numpy as np
import pytest
from support.footage import RATE, beeps, remux, time_of, write_footage

from kinesics.errors import KinesicsError
from kinesics.media import video
from kinesics.media.audio import read_sound, read_sound_windows
from kinesics.media.video import probe_video, read_frame_at, read_frames

#: Name of a file: arguments of ``write_footage``.
ZOO = {
    "plain.mp4": {},
    "plain.mkv": {},
    "plain.ts": {"options": {"bf": "3"}},
    "camcorder.mts": {"options": {"bf": "3"}, "format": "mpegts", "container_options": {"mpegts_m2ts_mode": "1"}},
    "plain.mpg": {"codec": "mpeg2video", "sound_codec": "mp2"},
    "plain.avi": {"codec": "mpeg4", "sound_codec": "libmp3lame"},
    "plain.wmv": {"codec": "wmv2", "sound_codec": "wmav2", "options": {"bf": "0"}},
    "plain.webm": {
        "codec": "libvpx-vp9",
        "sound_codec": "libopus",
        "options": {"bf": "0", "cpu-used": "8", "deadline": "realtime"},
    },
    "open_groups.mp4": {"codec": "libx265", "options": {"x265-params": "open-gop=1:keyint=50:log-level=none"}},
    "open_groups_h264.mp4": {"options": {"x264-params": "open-gop=1:keyint=50"}},
    "fragments.mp4": {"container_options": {"movflags": "frag_keyframe+empty_moov"}},
    "plain.mov": {"codec": "mjpeg", "sound_codec": "pcm_s16le", "pix_fmt": "yuvj420p", "options": {"bf": "0"}},
}
FAST = ("plain.mp4", "plain.ts")
EACH = [pytest.param(name, marks=() if name in FAST else pytest.mark.slow) for name in ZOO]
FRAME_S = 1.5 / RATE


@pytest.fixture(scope="module")
def zoo(tmp_path_factory):
    folder = tmp_path_factory.mktemp("zoo")
    return lambda name: folder / name if (folder / name).exists() else write_footage(folder / name, **ZOO[name])


@pytest.mark.parametrize("name", EACH)
def test_frames_and_sound_of_a_time_are_those_of_that_time(zoo, name):
    path = zoo(name)
    info = probe_video(path)
    assert info.duration_s == pytest.approx(8, abs=0.1)
    for _, time_s, frame in read_frames(path, 5):
        assert time_of(frame) == pytest.approx(time_s, abs=FRAME_S)
    times = [6.7, 0.3, 2.02, 4.1, 1.98]
    for time_s, frame in zip(times, read_frame_at(path, times), strict=True):
        assert time_of(frame) == pytest.approx(time_s, abs=FRAME_S)
    in_order = {time_s: frame for _, time_s, frame in read_frames(path, 2)}
    for time_s, frame in zip(in_order, read_frame_at(path, list(in_order)), strict=True):
        np.testing.assert_array_equal(frame, in_order[time_s])
    assert beeps(read_sound(path)) == pytest.approx(range(8), abs=0.06)


@pytest.mark.parametrize(
    "name",
    [
        "plain.mp4",
        "plain.mkv",
        *(pytest.param(f"{name}.mp4", marks=pytest.mark.slow) for name in ("open_groups", "open_groups_h264")),
    ],
)
def test_frames_are_sought_in_containers_that_name_their_key_images(zoo, name, monkeypatch):
    path, times = zoo(name), [6.7, 0.3, 2.02, 4.1, 1.98]
    expected = {time_s: frame for _, time_s, frame in read_frames(path, 50)}
    monkeypatch.setattr(video, "_shown", lambda *_: pytest.fail("decoded from the start"))
    for time_s, frame in zip(times, video.read_frame_at(path, times), strict=True):
        np.testing.assert_array_equal(frame, expected[time_s])


def gap(packet) -> bool:
    return packet.stream.type == "video" or not 3.2 < float(packet.pts * packet.time_base) < 5.2


@pytest.mark.parametrize(("name", "copy"), [("plain.mp4", "gap.mp4"), ("plain.webm", "gap.mkv")])
def test_silence_fills_the_gaps_of_the_sound(zoo, tmp_path, name, copy):
    path = remux(zoo(name), tmp_path / copy, gap)
    assert beeps(read_sound(path)) == pytest.approx([0, 1, 2, 3, 6, 7], abs=0.06)
    (window,) = (sound for time_s, sound in read_sound_windows(path, 1, 16_000) if time_s == 6)
    assert beeps(window) == pytest.approx([0.5], abs=0.06)


@pytest.mark.parametrize("suffix", [".mpg", ".ts"])
def test_stamps_that_start_anew_are_joined(tmp_path, suffix):
    codecs = {"codec": "mpeg2video", "sound_codec": "mp2"}
    parts = [write_footage(tmp_path / f"{k}{suffix}", seconds=(4 * k, 4 * k + 4), **codecs) for k in range(2)]
    path = tmp_path / f"both{suffix}"
    path.write_bytes(b"".join(part.read_bytes() for part in parts))
    assert probe_video(path).duration_s == pytest.approx(8, abs=0.1)
    for _, time_s, frame in read_frames(path, 5):
        assert time_of(frame) == pytest.approx(time_s, abs=2 * FRAME_S)
    times = [1.3, 5.3, 7.7]
    for time_s, frame in zip(times, read_frame_at(path, times), strict=True):
        assert time_of(frame) == pytest.approx(time_s, abs=2 * FRAME_S)
    assert beeps(read_sound(path)) == pytest.approx(range(8), abs=0.1)


@pytest.mark.parametrize("name", ["plain.webm", "plain.mkv"])
def test_a_cut_off_file_that_declares_its_length_is_refused(zoo, tmp_path, name):
    path, data = tmp_path / name, zoo(name).read_bytes()
    path.write_bytes(data[: len(data) * 6 // 10])
    with pytest.raises(KinesicsError, match=r"cut off: it holds \d\.\d\d s of 8\.\d\d s"):
        probe_video(path)


def test_packets_that_were_lost_on_the_way_leave_the_rest_whole(zoo, tmp_path):
    path, data = tmp_path / "lost.ts", zoo("plain.ts").read_bytes()
    at = 188 * (len(data) // 188 // 3)
    path.write_bytes(data[:at] + data[at + 2 * 188 :])
    assert probe_video(path).duration_s == pytest.approx(8, abs=0.1)
    assert all(abs(time_of(frame) - time_s) < 0.6 for _, time_s, frame in read_frames(path, 5) if time_s > 5)
    assert beeps(read_sound(path))[-3:] == pytest.approx([5, 6, 7], abs=0.06)


def test_the_default_track_is_heard_and_a_thumbnail_is_no_video(tmp_path):
    talk, silent = write_footage(tmp_path / "talk.mp4"), tmp_path / "two.mkv"
    with av.open(str(talk)) as read, av.open(str(silent), "w") as written:
        still = written.add_stream("mjpeg", rate=1)
        still.width, still.height, still.pix_fmt = 32, 32, "yuvj420p"
        image = written.add_stream_from_template(read.streams.video[0])
        quiet = written.add_stream("aac", rate=48_000, layout="mono")
        sound = written.add_stream_from_template(read.streams.audio[0])
        quiet.disposition, sound.disposition = av.stream.Disposition(0), av.stream.Disposition.default
        written.mux(still.encode(av.VideoFrame.from_ndarray(np.zeros((32, 32, 3), np.uint8), format="rgb24")))
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), format="fltp", layout="mono")
        frame.sample_rate, frame.pts = 48_000, 0
        written.mux(quiet.encode(frame))
        written.mux(quiet.encode())
        for packet in read.demux():
            if packet.dts is not None:
                packet.stream = image if packet.stream.type == "video" else sound
                written.mux(packet)
    info = probe_video(silent)
    assert (info.width, info.height) == (160, 64)
    assert info.duration_s == pytest.approx(8, abs=0.1)
    assert beeps(read_sound(silent)) == pytest.approx(range(8), abs=0.06)


def test_sound_that_changes_its_channels_midway_is_heard_on(tmp_path):
    parts = []
    for k, layout in enumerate(("mono", "stereo")):
        with av.open(str(tmp_path / f"{k}.ts"), "w") as container:
            video = container.add_stream("mpeg2video", rate=RATE)
            video.width, video.height, video.pix_fmt = 64, 48, "yuv420p"
            sound = container.add_stream("mp2", rate=48_000, layout=layout)
            for n in range(2 * RATE):
                frame = av.VideoFrame.from_ndarray(np.zeros((48, 64, 3), np.uint8), format="rgb24")
                frame.pts = n
                container.mux(video.encode(frame))
            container.mux(video.encode())
            for n in range(2 * 48_000 // 1152):
                loud = np.full((1, 1152 * (1 + k)), 16_000 if n % 40 < 4 else 0, np.int16)
                frame = av.AudioFrame.from_ndarray(loud, format="s16", layout=layout)
                frame.sample_rate, frame.pts = 48_000, n * 1152
                container.mux(sound.encode(frame))
            container.mux(sound.encode())
        parts.append((tmp_path / f"{k}.ts").read_bytes())
    path = tmp_path / "both.ts"
    path.write_bytes(b"".join(parts))
    each = [n * 1152 / 48_000 for n in range(0, 2 * 48_000 // 1152, 40)]
    # the beep that ends the first part and the one that begins the second are one
    assert beeps(read_sound(path)) == pytest.approx([*each, *(2 + time_s for time_s in each[1:])], abs=0.06)


@pytest.mark.parametrize("suffix", [".mp4", ".ts"])
def test_interlaced_frames_are_made_full_images(tmp_path, suffix):
    path = tmp_path / f"woven{suffix}"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=RATE, options={"x264-params": "tff=1"})
        stream.width, stream.height, stream.pix_fmt = 160, 96, "yuv420p"
        for k in range(RATE):
            image = np.full((96, 160, 3), 16, np.uint8)
            for field in range(2):  # lines of the second field are half a frame later
                image[field::2, 4 * k + 8 * field : 4 * k + 8 * field + 40] = 235
            frame = av.VideoFrame.from_ndarray(image, format="rgb24")
            frame.pts = k
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    images = [image[..., 1].astype(int) for _, _, image in read_frames(path, RATE)]
    assert len(images) == RATE
    with av.open(str(path)) as container:
        stored = [frame.to_ndarray(format="gray").astype(int) for frame in container.decode(video=0)]
    combs = [
        np.mean([(np.abs(2 * image[1:-1] - image[:-2] - image[2:]) > 150).sum() for image in group[1:-1]])
        for group in (images, stored)
    ]
    assert combs[0] < combs[1] / 50
    for time_s, image in zip((0.2, 0.6), read_frame_at(path, [0.2, 0.6]), strict=True):
        np.testing.assert_array_equal(image[..., 1], images[round(time_s * RATE)])
