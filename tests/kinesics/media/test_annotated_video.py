"""Copies of videos with events drawn into them."""

import av
import numpy as np
import pandas as pd
import pytest
from support.clips import number, numbered, write_video
from support.footage import beeps, write_footage

from kinesics.errors import KinesicsError
from kinesics.media.annotated_video import write_annotated_video
from kinesics.media.audio import read_sound
from kinesics.media.streams import ReadOptions
from kinesics.media.video import probe_video, read_frame_at
from kinesics.structures.events import Events

BOX = {"x0": 0.25, "y0": 0.5, "x1": 0.75, "y1": 0.9}


def drawn(frame: np.ndarray) -> np.ndarray:
    """Return which pixels are orange, as `happy` is in the vocabulary; all else is grey."""
    return frame[..., 0].astype(int) - frame[..., 2] > 60


def happy(start_s: float, end_s: float, tubes: pd.DataFrame | None = None) -> Events:
    row = {"video": "v", "person": 0, "label": "happy", "start_s": start_s, "end_s": end_s, "score": 0.5, **BOX}
    return Events(pd.DataFrame([row]), tubes)


def test_an_event_is_drawn_while_it_lasts_and_the_frames_keep_their_times(tmp_path):
    frames = numbered(20, 321, 241)  # odd sizes are cut to even ones
    video = write_video(tmp_path / "v.mkv", frames, codec="ffv1", pix_fmt="bgr0")
    write_annotated_video(video, happy(0.5, 1.0), tmp_path / "out.mp4")
    info = probe_video(tmp_path / "out.mp4")
    assert (info.width, info.height, info.has_audio) == (320, 240, False)
    assert info.duration_s == pytest.approx(2.0)
    copies = read_frame_at(tmp_path / "out.mp4", [k / 10 + 0.01 for k in range(20)])
    assert [number(frame[20:60]) for frame in copies] == list(range(20))
    shown = [bool(drawn(frame).any()) for frame in copies]
    assert shown == [5 <= k < 10 for k in range(20)]
    rows, columns = np.nonzero(drawn(copies[7]))
    assert (columns.min() / 320, columns.max() / 320) == pytest.approx((0.25, 0.75), abs=0.02)
    assert rows.max() / 240 == pytest.approx(0.9, abs=0.02)


def test_boxes_follow_the_tube(tmp_path):
    video = write_video(tmp_path / "v.mp4", [np.full((240, 320, 3), 128, np.uint8)] * 20)
    tube = pd.DataFrame(
        [{"event": 0, "time_s": k / 10, **BOX, "x0": 0.25 + k / 100, "x1": 0.55 + k / 100} for k in range(10)]
    )
    write_annotated_video(video, happy(0.0, 2.0, tube), tmp_path / "out.mp4")
    copies = read_frame_at(tmp_path / "out.mp4", [0.05, 0.85, 1.5])
    left = [np.nonzero(drawn(frame)[210])[0].min() / 320 for frame in copies[:2]]
    assert left == pytest.approx([0.25, 0.33], abs=0.015)
    assert not drawn(copies[2]).any()  # the tube ended


def test_sound_stays_where_it_was(tmp_path):
    video = write_footage(tmp_path / "v.mp4")
    write_annotated_video(video, happy(0.5, 1.0), tmp_path / "out.mp4")
    before, after = (beeps(read_sound(path)) for path in (video, tmp_path / "out.mp4"))
    assert len(after) > 1
    assert after == pytest.approx(before, abs=0.05)


def test_the_copy_is_of_the_stream_and_of_the_damaged_part_that_were_read(tmp_path):
    path = tmp_path / "two.mkv"
    with av.open(str(path), "w") as container:
        streams = [container.add_stream("ffv1", rate=10) for _ in range(2)]
        for stream in streams:
            stream.width, stream.height, stream.pix_fmt = 320, 240, "bgr0"
        for _ in range(10):
            for stream, grey in zip(streams, (50, 200), strict=True):
                frame = av.VideoFrame.from_ndarray(np.full((240, 320, 3), grey, np.uint8), format="rgb24")
                container.mux(stream.encode(frame.reformat(format="bgr0")))
        for stream in streams:
            container.mux(stream.encode())
    for index, grey in ((0, 50), (1, 200)):
        write_annotated_video(path, happy(0.5, 1.0), tmp_path / "out.mp4", ReadOptions(index))
        assert read_frame_at(tmp_path / "out.mp4", [0.25])[0].mean() == pytest.approx(grey, abs=3)
    whole = write_video(tmp_path / "whole.mkv", numbered(20, 320, 240), options={"live": "0"})
    cut = tmp_path / "cut.mkv"
    cut.write_bytes(whole.read_bytes()[: whole.stat().st_size * 2 // 3])
    with pytest.raises(KinesicsError, match="cut off"):
        write_annotated_video(cut, happy(0.5, 1.0), tmp_path / "cut.mp4")
    assert not (tmp_path / "cut.mp4").exists()
    write_annotated_video(cut, happy(0.5, 1.0), tmp_path / "cut.mp4", ReadOptions(accept_damaged=True))
    assert probe_video(tmp_path / "cut.mp4").duration_s > 0.5
