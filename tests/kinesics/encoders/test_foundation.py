"""The foundation encoders on tiny random networks: against transformers itself, from the cache, and with wrong weights."""

import re
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
import transformers
from support.clips import numbered, write_video
from support.foundation import TINY, declare, save, unfolded
from support.person_tracks import FACE, everywhere, write_tracks

from kinesics.cli.main import main
from kinesics.encoders import base, cache, dino, pretrained, registry
from kinesics.encoders.extract import NO_PERSON, crop_square, encode_crops, encode_sound
from kinesics.errors import KinesicsError
from kinesics.media import audio, video
from kinesics.media.audio import SOUND_HZ
from kinesics.structures import features

SEE = [kind for kind, (_, row) in TINY.items() if row["input"] in ("image", "clip")]
HEAR = [kind for kind, (_, row) in TINY.items() if row["input"] == "sound"]
IMAGENET = (np.array([0.485, 0.456, 0.406]), np.array([0.229, 0.224, 0.225]))


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """Return a function from a kind to the folder of its tiny network, written once."""
    place = tmp_path_factory.mktemp("weights")
    return lambda kind: place / kind if (place / kind).exists() else save(kind, place / kind)


@pytest.fixture
def tiny(monkeypatch, folders):
    """Return a function that declares a tiny network as an encoder and returns its folder."""

    def add(kind: str) -> Path:
        monkeypatch.setitem(registry.ENCODERS, kind, declare(kind))
        return folders(kind)

    return add


@pytest.fixture(scope="module")
def film(tmp_path_factory) -> Path:
    """Return a video of 2.4 s with a gradient that moves to the right."""
    across = np.linspace(0, 200, 96, dtype=np.float32)
    frames = [np.stack([np.tile(np.roll(across, 4 * k), (64, 1))] * 3, -1).astype(np.uint8) for k in range(24)]
    return write_video(tmp_path_factory.mktemp("film") / "film.mp4", frames, rate=10, audio=True)


def pixels(inputs: np.ndarray, mean: np.ndarray = IMAGENET[0], std: np.ndarray = IMAGENET[1]) -> torch.Tensor:
    """Return uint8 images or clips as networks take them, by numpy in double precision."""
    return torch.from_numpy(np.moveaxis((inputs / 255 - mean) / std, -1, -3).astype(np.float32))


def whole(folder: Path) -> transformers.PreTrainedModel:
    return transformers.AutoModel.from_pretrained(folder, dtype=torch.float32).eval()


def direct(kind: str, folder: Path, inputs: np.ndarray) -> torch.Tensor:
    """Return what the whole network of a folder says of images or clips, called as transformers' documentation does."""
    half = (np.full(3, 0.5), np.full(3, 0.5))
    network = whole(folder)
    if kind == "siglip":
        return network.get_image_features(pixels(inputs, *half)).pooler_output
    if kind == "videoprism":
        return network(pixels(inputs, 0, 1)).last_hidden_state.mean(1)
    if kind == "vjepa2":
        return network.get_vision_features(pixels(inputs)).mean(1)
    if kind == "videomae":
        return network(pixels(inputs)).last_hidden_state.mean(1)
    if kind == "qwen3_vl":
        video = pixels(np.concatenate([inputs, inputs[:, -1:]], 1), *half)  # four frames: two tubelets
        grid = torch.tensor([[2, 4, 4]])
        flat = [unfolded(clip, 16, 2) for clip in video]
        return torch.stack([network.get_video_features(patches, grid).pooler_output[0].mean(0) for patches in flat])
    if kind == "videollama3":
        grid, merge = torch.tensor([[1, 4, 4]]), torch.tensor([2])
        flat = [unfolded(clip[None], 14, 1) for clip in pixels(inputs, *half)]
        tower = network.vision_model
        return torch.stack([tower(patches, grid, merge).last_hidden_state.mean(0) for patches in flat])
    out = network(pixels(inputs))
    registers = getattr(network.config, "num_register_tokens", 0)
    return torch.cat([out.pooler_output, out.last_hidden_state[:, 1 + registers :].mean(1)], 1)


def crops_by_hand(kind: str, film: Path, rate_hz: float) -> np.ndarray:
    """Return what the encoder is to see of the face in ``film``: images, or clips of frames of a denser grid."""
    module, shape = registry.find_encoder(kind), base.encoder_shape(kind)
    box, size = np.array(FACE, np.float32).astype(float), shape.input[-3:-1]
    if shape.kind == "image":
        return np.stack(
            [crop_square(frame, box, module.MARGIN, size) for _, _, frame in video.read_frames(film, rate_hz)]
        )
    count = shape.input[0]
    grid_hz = count / module.SPAN_S
    grid = [crop_square(frame, box, module.MARGIN, size) for _, _, frame in video.read_frames(film, grid_hz)]
    clips = []
    for k in range(int(np.ceil(2.4 * rate_hz))):
        middle = int(np.floor(k / rate_hz * grid_hz + 1e-6))
        first = middle + (count - 1) // 2 - count + 1
        clips.append([grid[min(max(first + j, 0), len(grid) - 1)] for j in range(count)])
    return np.array(clips)


@pytest.mark.parametrize("kind", SEE)
def test_the_pipeline_says_what_transformers_says_of_the_same_frames(kind, tiny, film, tmp_path):
    weights = tiny(kind)
    tracks = write_tracks(tmp_path / "t.parquet", film, {0: everywhere(range(24))})
    encode_crops(film, tracks, kind, weights, tmp_path / "f", rate_hz=2, crops=["face"], progress=False)
    face = features.read_features(tmp_path / "f").crops["face"]
    inputs = crops_by_hand(kind, film, 2)
    assert face.time_s.tolist() == [k / 2 for k in range(5)]
    assert face.tokens.tobytes() == base.load_encoder(kind, weights)(inputs).tobytes()
    with torch.inference_mode():
        expected = direct(kind, weights, inputs).numpy()
    assert np.ptp(expected, axis=0).max() > 1e-3, "all crops look the same to it"
    np.testing.assert_allclose(face.tokens, expected, rtol=0, atol=2e-5 * np.abs(expected).max())


@pytest.mark.parametrize("kind", HEAR)
def test_voices_are_heard_as_transformers_hears_them(kind, tiny, tmp_path, clip):
    weights = tiny(kind)
    encode_sound(clip("obama_speech"), kind, weights, tmp_path / "f", rate_hz=0.5, progress=False)
    heard = features.read_features(tmp_path / "f").crops["sound"]
    assert heard.time_s.tolist() == [0, 2, 4, 6, 8]
    assert set(heard.person) == {NO_PERSON}
    wave = np.concatenate([np.zeros(SOUND_HZ), audio.read_sound(clip("obama_speech")), np.zeros(2 * SOUND_HZ)])
    sounds = [wave[2 * k * SOUND_HZ :][: 2 * SOUND_HZ] for k in range(5)]
    if kind == "whisper":
        given = transformers.WhisperFeatureExtractor()(sounds, sampling_rate=SOUND_HZ, return_tensors="pt")
        network, length = whole(weights).encoder, 100
    else:
        extractor = transformers.Wav2Vec2FeatureExtractor(do_normalize=True)
        given, network, length = extractor(sounds, sampling_rate=SOUND_HZ, return_tensors="pt"), whole(weights), None
    with torch.inference_mode():
        expected = network(**given).last_hidden_state[:, :length].mean(1).numpy()
    np.testing.assert_allclose(heard.tokens, expected, rtol=0, atol=1e-4 * np.abs(expected).max())


def test_windows_hold_the_frames_about_each_instant(tmp_path):
    film = write_video(tmp_path / "film.mp4", numbered(24), rate=10)
    from support.clips import number

    seen = {time_s: [number(frame) for frame in shown] for time_s, shown in video.read_windows(film, 1, 4, 0.4)}
    assert seen == {0: [0, 0, 0, 1], 1: [8, 9, 10, 11], 2: [18, 19, 20, 21]}
    late = [[number(frame) for frame in shown] for _, shown in video.read_windows(film, 10, 5, 0.5)][-2:]
    assert late == [[20, 21, 22, 23, 23], [21, 22, 23, 23, 23]]
    assert len(list(video.read_windows(film, 3, 16, 10))) == 8  # longer than the video


def test_sound_begins_with_the_pictures_and_silence_is_around_it(film, clip):
    wave = audio.read_sound(clip("obama_speech"))
    assert abs(len(wave) / SOUND_HZ - video.probe_video(clip("obama_speech")).duration_s) < 0.1
    windows = dict(audio.read_sound_windows(clip("obama_speech"), 4, 8000))
    assert (windows[0][:4000] == 0).all()
    for time_s in (0.25, 3.0, 5.75):
        middle = round(time_s * SOUND_HZ)
        np.testing.assert_array_equal(windows[time_s], wave[middle - 4000 : middle + 4000])


@pytest.mark.parametrize("kind", SEE)
def test_an_input_is_encoded_alike_alone_and_among_others(kind, tiny):
    ask, shape = base.load_encoder(kind, tiny(kind)), base.encoder_shape(kind)
    inputs = np.random.default_rng(0).integers(0, 256, (3, *shape.input), np.uint8)
    tokens = ask(inputs)
    assert ask(inputs[1:2]).tobytes() == tokens[1:2].tobytes()
    assert ask(inputs[::-1]).tobytes() == tokens[::-1].tobytes()
    with pytest.raises(ValueError, match=f"{kind} takes uint8 {shape.kind}s of shape"):
        ask(inputs[:, :-1])


def test_batched_cached_and_resumed_runs_give_the_same_bytes(tiny, film, tmp_path, monkeypatch):
    kind, store = "videomae", tmp_path / "cache.sqlite"
    weights = tiny(kind)
    tracks = write_tracks(
        tmp_path / "t.parquet", film, {0: everywhere(range(24)), 3: everywhere(range(6, 20), (0, 0, 0.5, 1))}
    )
    run = {"rate_hz": 5, "crops": ["face"], "progress": False}
    encode_crops(film, tracks, kind, weights, tmp_path / "plain", **run)
    code = f"""
import os, signal
from kinesics.encoders import base, extract, registry
extract.BATCH, load, seen = 3, base.load_encoder, []
registry.ENCODERS[{kind!r}] = {declare(kind)!r}
def dying(*given):
    ask = load(*given)
    return lambda x: (seen.extend(x), len(seen) > 6 and os.kill(os.getpid(), signal.SIGKILL), ask(x))[2]
base.load_encoder = dying
extract.encode_crops({str(film)!r}, {str(tracks)!r}, {kind!r}, {str(weights)!r}, "killed", cache={str(store)!r}, **{run!r})
"""
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path)
    assert done.returncode == -signal.SIGKILL
    assert not (tmp_path / "killed").exists()
    asked, load = [], base.load_encoder

    def counting(*given):
        ask = load(*given)
        return lambda inputs: (asked.extend(inputs), ask(inputs))[1]

    monkeypatch.setattr(base, "load_encoder", counting)
    encode_crops(film, tracks, kind, weights, tmp_path / "resumed", cache=store, **run)
    total = len(features.read_features(tmp_path / "plain").crops["face"].person)
    assert 0 < len(asked) < total
    first = len(asked)
    encode_crops(film, tracks, kind, weights, tmp_path / "cached", cache=store, **run)
    assert len(asked) == first, "nothing is asked twice"
    for name in ("resumed", "cached"):
        assert (tmp_path / name).read_bytes() == (tmp_path / "plain").read_bytes()


def test_weights_are_also_taken_from_the_hub(tiny, film, tmp_path, monkeypatch):
    weights, asked = tiny("dinov3"), []
    monkeypatch.setattr(pretrained, "snapshot_download", lambda name, **_: (asked.append(name), str(weights))[1])
    tracks = write_tracks(tmp_path / "t.parquet", film, {0: everywhere(range(24))})
    run = {"rate_hz": 1, "crops": ["face"], "progress": False}
    encode_crops(film, tracks, "dinov3", "nobody/dinov3", tmp_path / "hub", cache=tmp_path / "cache", **run)
    encode_crops(film, tracks, "dinov3", weights, tmp_path / "here", **run)
    assert set(asked) == {"nobody/dinov3"}
    assert (tmp_path / "hub").read_bytes() == (tmp_path / "here").read_bytes()

    def refused(name, **_):
        raise OSError("401 Client Error: access to model is restricted")

    monkeypatch.setattr(pretrained, "snapshot_download", refused)
    with pytest.raises(
        KinesicsError, match=r"its licence may have to be accepted at https://huggingface.co/nobody/dinov3 .*401"
    ):
        base.load_encoder("dinov3", "nobody/dinov3")


def test_a_damaged_cache_is_named(tmp_path):
    (tmp_path / "cache").write_text("not a database, but long enough to be looked at" * 30)
    with pytest.raises(KinesicsError, match=r"cache: not a cache of features: .*; delete it"):
        cache.with_cache(len, b"key", tmp_path / "cache")


def test_the_cache_tells_weights_and_pixels_apart(tiny, tmp_path):
    weights = tiny("dinov3")
    images = np.random.default_rng(0).integers(0, 256, (3, 64, 64, 3), np.uint8)
    first = cache.cache_key("dinov3", weights)
    ask = cache.with_cache(base.load_encoder("dinov3", weights), first, tmp_path / "c")
    tokens = ask(images)
    blind = cache.with_cache(None, first, tmp_path / "c")  # has nobody to ask
    assert blind(images[::-1]).tobytes() == tokens[::-1].tobytes()
    with pytest.raises(TypeError):
        blind(images + 1)
    (weights / "preprocessor_config.json").write_text('{"image_mean": [0.4, 0.4, 0.4], "image_std": [0.2, 0.2, 0.2]}')
    assert cache.cache_key("dinov3", weights) != first
    other = base.load_encoder("dinov3", weights)(images)
    (weights / "preprocessor_config.json").unlink()
    assert np.abs(other - tokens).max() > 1e-3, "the folder's own normalisation is not heeded"


@pytest.mark.parametrize(
    ("kind", "registers"), [("dinov3", 4), ("convnext", 0), ("dinov2", 0), ("dinov2_registers", 4)]
)
def test_patch_tokens_come_without_class_and_register_tokens(kind, registers, tiny):
    network, side = pretrained.load_pretrained(tiny(kind), dino.KINDS), base.encoder_shape(kind).input[0]
    stride = {"dinov3": 16, "convnext": 32}.get(kind, 14)
    images = torch.randn(2, 3, side, side + 2 * stride)
    with torch.inference_mode():
        pooled, patches = dino.tokens(network, images)
        out = network(images).last_hidden_state
    assert patches.shape == (2, side // stride, side // stride + 2, 16)
    assert out.shape[1] == 1 + registers + patches.shape[1] * patches.shape[2]
    assert torch.equal(patches.flatten(1, 2), out[:, 1 + registers :])
    assert torch.equal(pooled, out[:, 0])


def test_similarity_is_the_cosine_to_a_token():
    patches = np.array([[[3, 0], [0, 2]], [[1, 1], [-5, 0]]], float)
    np.testing.assert_allclose(dino.similarity(patches, np.array([2, 0])), [[1, 0], [0.5**0.5, -1]], atol=1e-12)


def test_weights_that_are_missing_or_others_are_told_with_the_way_to_get_them(tiny, tmp_path, capsys, monkeypatch):
    name = "dinov3_vits16"
    with pytest.raises(KinesicsError) as error:
        base.load_encoder(name, tmp_path / name)
    for part in (
        "accept their licence (DINOv3 License)",
        "https://huggingface.co/facebook/dinov3-vits16-pretrain-lvd1689m",
    ):
        assert part in str(error.value)
    assert f"hf download facebook/dinov3-vits16-pretrain-lvd1689m --local-dir {tmp_path / name}" in str(error.value)
    at = base.weights_path("internvideo2_s", tmp_path)
    told = base.install_hint("internvideo2_s", at)
    assert told.endswith(f"S14_dist_1B_stage2/pytorch_model.bin --local-dir {tmp_path / 'internvideo2_s'}")
    videomae = tiny("videomae")
    with pytest.raises(KinesicsError, match="holds a network of type 'videomae', not dinov3_vit or"):
        base.load_encoder(name, videomae)
    monkeypatch.setitem(registry.ENCODERS, "wide", declare("videomae") | {"dim": "99"})
    with pytest.raises(KinesicsError, match="not the weights of wide: 16 numbers, not 99"):
        base.load_encoder("wide", videomae)(np.zeros((1, 4, 32, 32, 3), np.uint8))
    monkeypatch.setitem(registry.ENCODERS, "huge", declare("videomae") | {"parameters": "9e9"})
    with pytest.raises(KinesicsError, match=r"huge needs [0-9.]+ GB of memory, of which [0-9.]+ GB are free"):
        base.load_encoder("huge", videomae)
    (tmp_path / "empty").mkdir()
    with pytest.raises(KinesicsError, match="empty: the folder holds no weights; get the weights of dinov3_vits16"):
        base.load_encoder(name, tmp_path / "empty")
    (tmp_path / "empty" / "config.json").write_text("{}")
    with pytest.raises(KinesicsError, match="empty: no network of transformers"):
        base.load_encoder(name, tmp_path / "empty")


def test_a_network_with_parameters_missing_is_refused(tiny, tmp_path):
    from safetensors.torch import load_file, save_file

    folder = save("dinov3", tmp_path / "short")
    state = load_file(folder / "model.safetensors")
    state.pop(next(key for key in state if "mlp" in key))
    save_file(state, folder / "model.safetensors", {"format": "pt"})
    tiny("dinov3")
    with pytest.raises(KinesicsError, match=r"short: 1 missing keys, such as .*mlp.*: fetch it again"):
        base.load_encoder("dinov3", folder)


def test_every_encoder_is_listed_with_what_it_needs(tmp_path, capsys):
    assert main(["encoders", "--data", str(tmp_path)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines[1:-2]] == list(base.ENCODERS)
    by_name = {line.split()[0]: line for line in lines}
    for part in ("DINOv3 License", "6716.4M", "224x224", "yes", "weights missing"):
        assert part in by_name["dinov3_vit7b16"]
    assert by_name["fer"].endswith("yes; weights come at first use, or with: kinesics fetch fer")
    assert main(["encoders", "vjepa2_vitl", "--data", str(tmp_path)]) == 0
    text = capsys.readouterr().out
    assert f"hf download facebook/vjepa2-vitl-fpc64-256 --local-dir {tmp_path / 'vjepa2_vitl'}" in text
    assert main(["encoders", "vjepa2", "fer", "--data", str(tmp_path)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines[1:-2]] == ["vjepa2_vitl", "vjepa2_vith", "vjepa2_vitg", "fer"]
    assert main(["encoders", "internvideo2_1b_s2", "--data", str(tmp_path)]) == 0
    text = capsys.readouterr().out
    assert "their licence is not known to kinesics; if https://huggingface.co/OpenGVLab/InternVideo2-Stage2_1B" in text
    assert "accept their licence" not in text
    (tmp_path / "file").touch()
    for arguments, said in [
        (["magic"], "'magic' is not an encoder: 'kinesics encoders' lists all"),
        (["dinov3_vits61"], "did you mean dinov3_vits16 or"),
        (["--data", str(tmp_path / "file")], "file is no folder"),
    ]:
        assert main(["encoders", *arguments]) == 1
        (line,) = capsys.readouterr().err.splitlines()
        assert said in line


@pytest.mark.parametrize("name", base.ENCODERS)
def test_each_row_of_the_table_is_whole(name):
    row, shape, module = registry.ENCODERS[name], base.encoder_shape(name), registry.find_encoder(name)
    assert row["gated"] in ("yes", "no", "unknown")
    assert float(row["parameters"]) > 0
    assert shape.dim > 0
    assert callable(module.load)
    assert module.RATE_HZ > 0
    if shape.kind in ("clip", "sound"):
        assert module.SPAN_S > 0
    if not base.is_downloadable(name):
        assert re.fullmatch(r"[\w.-]+/[\w.-]+(:[\w./-]+)?", row["weights"])


def test_encoders_that_see_need_tracks_and_those_that_hear_take_none(film, tmp_path, capsys):
    out = ["--out", str(tmp_path / "f"), "--data", str(tmp_path)]
    assert main(["encode", str(film), "--encoder", "dinov3_vits16", *out]) == 1
    assert "takes person crops: give their tracks" in capsys.readouterr().err
    assert main(["encode", str(film), "--encoder", "wavlm_large", "--tracks", "t", *out]) == 1
    assert "takes audio, not person crops: remove --tracks" in capsys.readouterr().err


def test_what_a_president_says_becomes_numbers(source, clip, tmp_path):
    """The released recogniser and text network on 8.7 s of a speech."""
    source("whisper-tiny-en")
    weights = source("minilm")
    encode_sound(clip("obama_speech"), "minilm", weights, tmp_path / "f", progress=False)
    said = features.read_features(tmp_path / "f").crops["text"]
    from kinesics.encoders import transcription

    heard = transcription.transcribe(clip("obama_speech"), weights.parent.parent / transcription.SPEECH_MODEL)
    assert said.time_s.tolist() == [start_s for start_s, *_ in heard]
    np.testing.assert_allclose(np.linalg.norm(said.tokens, axis=1), 1, atol=1e-5)
    ask = base.load_encoder("minilm", weights)
    words = ask(["A dog runs on the beach.", "A puppy is running by the sea.", "The senate passed a budget."])
    assert words[0] @ words[1] > 0.5 > words[0] @ words[2]
    assert ask(["A dog runs on the beach."]).tobytes() == words[:1].tobytes()
