"""Images are upright and not mirrored, whoever says how they were held."""

import gc

import av
import numpy as np
import pytest
from av.bitstream import BitStreamFilterContext
from support.clips import numbered, write_video
from support.footage import HEIGHT, WIDTH, write_footage

from kinesics.media.orientation import Orientation
from kinesics.media.video import probe_video, read_frame_at, read_frames


@pytest.mark.parametrize("suffix", ["mp4", pytest.param("mkv", marks=pytest.mark.slow)])
@pytest.mark.parametrize(
    ("said", "orientation"),
    [
        ("flip=horizontal", Orientation(0, True)),
        ("flip=vertical", Orientation(2, True)),
        ("rotate=90", Orientation(1, False)),
        ("rotate=180", Orientation(2, False)),
    ],
)
def test_images_that_the_codec_calls_mirrored_or_turned_are_upright(tmp_path, suffix, said, orientation):
    source = write_footage(tmp_path / "stored.mp4", sound_codec=None, seconds=(2, 6))
    path = tmp_path / f"held.{suffix}"
    with av.open(str(source)) as read, av.open(str(path), "w") as written:
        stream = read.streams.video[0]
        copy = written.add_stream_from_template(stream)
        by_filter = BitStreamFilterContext(f"h264_metadata=display_orientation=insert:{said}", stream, copy)
        for packet in read.demux(stream):
            for changed in by_filter.filter(packet if packet.dts is not None else None):
                changed.stream = copy
                written.mux(changed)
    for (_, time_s, frame), (_, _, stored) in zip(read_frames(path, 5), read_frames(source, 5), strict=True):
        np.testing.assert_array_equal(frame, orientation.apply(stored))
        np.testing.assert_array_equal(frame, read_frame_at(path, [time_s])[0])
    info = probe_video(path)
    assert (info.width, info.height) == ((HEIGHT, WIDTH) if orientation.turns % 2 else (WIDTH, HEIGHT))


@pytest.mark.parametrize("mirrored", [False, True])
@pytest.mark.parametrize("turns", range(4))
def test_orientations_of_an_image(turns, mirrored):
    image = np.arange(24, dtype=np.uint8).reshape(2, 4, 3)
    upright = Orientation(turns, mirrored).apply(image)
    assert upright.flags.c_contiguous
    np.testing.assert_array_equal(upright, np.rot90(np.fliplr(image) if mirrored else image, turns))


@pytest.mark.slow
def test_frames_are_not_kept_after_they_were_asked_for_their_orientation(tmp_path):
    path = write_video(tmp_path / "keys.mkv", numbered(30), codec="mjpeg", pix_fmt="yuvj420p")
    gc.collect()
    gc.disable()
    try:
        assert len(list(read_frames(path, 10))) == 30
        kept = sum(isinstance(one, av.VideoFrame) for one in gc.get_objects())
    finally:
        gc.enable()
    assert kept <= 2
