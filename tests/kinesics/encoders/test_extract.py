"""Extraction of features: rows and their times, the pixels that are cut, and the same bytes each time."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.clips import number, numbered, write_video
from support.person_tracks import FACE, MAN, everywhere, write_tracks

from kinesics.cli.main import main
from kinesics.encoders import loading, registry
from kinesics.encoders.extract import BATCH, crop_square, encode_crops, encode_sound, is_usable, square
from kinesics.encoders.loading import load_encoder
from kinesics.encoders.shapes import encoder_shape
from kinesics.errors import KinesicsError
from kinesics.media import video
from kinesics.structures import features


@pytest.fixture
def film(tmp_path) -> Path:
    """Return a video of 24 numbered frames in 2.4 s."""
    return write_video(tmp_path / "film.mp4", numbered(24), rate=10)


@pytest.fixture
def batches(monkeypatch) -> list[int]:
    """Let encoders output the number on the frame, and return the list of the sizes of their batches."""
    sizes = []

    def encode(images: np.ndarray) -> np.ndarray:
        sizes.append(len(images))
        return np.array([[number(image)] * 7 for image in images], np.float32)

    monkeypatch.setattr(loading, "load_encoder", lambda name, weights: encode)
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
    """At 4 Hz and tracks at 10 Hz: 0.25 s has the box of frame 2, in the corner, which is white."""
    monkeypatch.setattr(
        loading, "load_encoder", lambda name, weights: lambda x: np.array([[i.mean()] * 7 for i in x], np.float32)
    )
    boxes = {
        0: {frame: {"face": (0.06, 0.06, 0.18, 0.18) if frame == 2 else (0.5, 0.5, 0.9, 0.9)} for frame in range(24)}
    }
    tracks = write_tracks(tmp_path / "t.parquet", film, boxes)
    encode_crops(film, tracks, "fer", "", tmp_path / "f.safetensors", rate_hz=4, progress=False)
    face = features.read_features(tmp_path / "f.safetensors").crops["face"]
    assert face.time_s.tolist() == [k / 4 for k in range(10)]
    assert np.flatnonzero(face.tokens[:, 0] > 210).tolist() == [1]


def test_unusable_boxes_are_left_out(film, tmp_path, batches):
    nan = float("nan")
    bad = [(nan, 0, 1, 1), (0.5, 0.5, 0.5, 0.8), (0.6, 0.1, 0.4, 0.9), (1.1, 0.2, 1.4, 0.5), (0, 0, float("inf"), 1)]
    boxes = {0: {frame: {"face": box} for frame, box in enumerate([*bad, FACE])} | {6: {"person": MAN}}}
    tracks = write_tracks(tmp_path / "t.parquet", film, boxes)
    encode_crops(film, tracks, "fer", "", tmp_path / "f.safetensors", progress=False)
    assert features.read_features(tmp_path / "f.safetensors").crops["face"].time_s.tolist() == [len(bad) / 10]


def test_a_video_without_people_gives_a_valid_file_without_rows(film, tmp_path, batches):
    tracks = write_tracks(tmp_path / "t.parquet", film, {})
    encode_crops(film, tracks, "vit_s_focus", "", tmp_path / "f.safetensors", progress=False)
    crops = features.read_features(tmp_path / "f.safetensors").crops
    assert {crop: values.tokens.shape for crop, values in crops.items()} == {"face": (0, 768), "person": (0, 768)}
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


@pytest.mark.parametrize("name", ["fer", pytest.param("vit_s_focus", marks=pytest.mark.slow)])
def test_features_are_those_of_a_direct_call_in_any_process(name, clip, source, tmp_path):
    encoder, size = registry.find_encoder(name), encoder_shape(name).input[:2]
    weights, film = source(registry.required_downloads(name)[0]), clip("single_face")
    boxes = {0: {frame: {"face": FACE, "person": MAN} for frame in range(15)}}
    tracks = write_tracks(tmp_path / "t.parquet", film, boxes)
    encode_crops(film, tracks, name, weights, tmp_path / "here", rate_hz=2, progress=False)
    frames = [frame for _, time_s, frame in video.read_frames(film, 2) if time_s < 1.5]
    encode = load_encoder(name, weights)
    for crop, values in features.read_features(tmp_path / "here").crops.items():
        box = np.array({"face": FACE, "person": MAN}[crop], np.float32).astype(float)
        images = np.stack([crop_square(frame, box, encoder.margin, size) for frame in frames])
        assert values.time_s.tolist() == [0, 0.5, 1]
        assert values.tokens.tobytes() == encode(images).tobytes()
    arguments = [str(film), str(tracks), name, str(weights), str(tmp_path / "there")]
    code = "import sys; from kinesics.encoders import extract; "
    code += "extract.encode_crops(*sys.argv[1:], rate_hz=2, progress=False)"
    subprocess.run([sys.executable, "-c", code, *arguments], check=True, env=os.environ | {"OMP_NUM_THREADS": "2"})
    assert (tmp_path / "there").read_bytes() == (tmp_path / "here").read_bytes()


@pytest.mark.slow
def test_batched_cached_and_resumed_runs_give_the_same_bytes(tiny, gradient, tmp_path, monkeypatch):
    from support.foundation import declare

    kind, store = "videomae", tmp_path / "cache.sqlite"
    weights = tiny(kind)
    boxes = {0: everywhere(range(24)), 3: everywhere(range(6, 20), (0, 0, 0.5, 1))}
    tracks = write_tracks(tmp_path / "t.parquet", gradient, boxes)
    run = {"rate_hz": 5, "crops": ["face"], "progress": False}
    encode_crops(gradient, tracks, kind, weights, tmp_path / "plain", **run)
    files = f"{str(gradient)!r}, {str(tracks)!r}, {kind!r}, {str(weights)!r}"
    code = f"""
import os, signal
from kinesics.encoders import extract, loading, registry
extract.BATCH, load, encoded = 3, loading.load_encoder, []
registry.ENCODERS[{kind!r}] = {declare(kind)!r}
def dying(*arguments):
    encode = load(*arguments)
    return lambda x: (encoded.extend(x), len(encoded) > 6 and os.kill(os.getpid(), signal.SIGKILL), encode(x))[2]
loading.load_encoder = dying
extract.encode_crops({files}, "killed", cache={str(store)!r}, **{run!r})
"""
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path)
    assert done.returncode == -signal.SIGKILL
    assert not (tmp_path / "killed").exists()
    encoded, load = [], loading.load_encoder

    def counting(*arguments):
        encode = load(*arguments)
        return lambda inputs: (encoded.extend(inputs), encode(inputs))[1]

    monkeypatch.setattr(loading, "load_encoder", counting)
    encode_crops(gradient, tracks, kind, weights, tmp_path / "resumed", cache=store, **run)
    total = len(features.read_features(tmp_path / "plain").crops["face"].person)
    assert 0 < len(encoded) < total
    first = len(encoded)
    encode_crops(gradient, tracks, kind, weights, tmp_path / "cached", cache=store, **run)
    assert len(encoded) == first, "nothing is computed twice"
    for name in ("resumed", "cached"):
        assert (tmp_path / name).read_bytes() == (tmp_path / "plain").read_bytes()


def test_encoders_of_crops_need_tracks_and_those_of_audio_take_none(gradient, tmp_path, capsys):
    out = ["--out", str(tmp_path / "f"), "--data", str(tmp_path)]
    assert main(["encode", str(gradient), "--encoder", "dinov3_vits16", *out]) == 1
    assert "takes person crops: give their tracks" in capsys.readouterr().err
    assert main(["encode", str(gradient), "--encoder", "wavlm_large", "--tracks", "t", *out]) == 1
    assert "takes audio, not person crops: remove --tracks" in capsys.readouterr().err
    with pytest.raises(KinesicsError, match="audio_activity takes sound, not crops: it needs no tracks"):
        encode_crops(gradient, "t", "audio_activity", "", tmp_path / "f")
    with pytest.raises(KinesicsError, match=r"fer takes crops of people: it needs the tracks of .*film\.mp4"):
        encode_sound(gradient, "fer", "", tmp_path / "f")


@pytest.mark.parametrize("encoder", ["audio_activity", pytest.param("text_emotion", marks=pytest.mark.slow)])
def test_a_video_without_sound_has_no_rows_and_is_no_error(encoder, source, tmp_path, capsys):
    names = registry.required_downloads(encoder)
    data = source(names[0]).parent.parent
    silent = write_video(tmp_path / "silent.mp4", numbered(10))
    out = tmp_path / "f.safetensors"
    assert main(["encode", str(silent), "--encoder", encoder, "--data", str(data), "--out", str(out)]) == 0
    assert f"silent.mp4: has no sound: {encoder} has no features" in capsys.readouterr().out
    (values,) = features.read_features(out).crops.values()
    assert values.tokens.shape == (0, encoder_shape(encoder).dim)


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
