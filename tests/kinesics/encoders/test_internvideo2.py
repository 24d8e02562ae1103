"""InternVideo2: names and shapes of the published parameters, the arithmetic in plain numpy, all kinds of checkpoints."""

import math
import pickle
from dataclasses import replace

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from kinesics.encoders import internvideo2
from kinesics.encoders.internvideo2 import CONFIGS, LEFT_OUT, Config, InternVideo2
from kinesics.errors import KinesicsError

TINY = Config(width=32, depth=2, heads=4, hidden=48, frames=4, size=28, patch=14, pooled=24)

#: From OpenGVLab/InternVideo, InternVideo2/single_modality/models/internvideo2.py at commit 12c79c54: width, depth,
#: hidden width of the perceptrons (width times 4, but 48/11 for 1B), heads.
PUBLISHED = {
    "s": (384, 12, 1536, 6),
    "b": (768, 12, 3072, 12),
    "l": (1024, 24, 4096, 16),
    "1b": (1408, 40, 6144, 16),
    "6b": (3200, 48, 12800, 25),
}


def official(width: int, depth: int, hidden: int, frames: int = 8, separable: bool = False) -> dict[str, tuple]:
    """Return the names and shapes of the vision tower that the file above makes for 224 pixels, patches of 14."""
    joint = {"pos_embed": (1, 1 + frames * 256, width)}
    parts = {"spatial": (1, 256, width), "temporal": (1, frames, width), "cls": (1, 1, width)}
    names = {"cls_token": (1, 1, width)} | ({f"pos_embed_{k}": v for k, v in parts.items()} if separable else joint)
    names |= {"patch_embed.proj.weight": (width, 3, 1, 14, 14), "patch_embed.proj.bias": (width,)}
    for k in range(depth):
        block = {
            **{f"{name}.weight": (width,) for name in ("norm1", "norm2", "attn.q_norm", "attn.k_norm")},
            "ls1.gamma": (width,),
            "ls2.gamma": (width,),
            "attn.qkv.weight": (3 * width, width),
            "attn.proj.weight": (width, width),
            "attn.proj.bias": (width,),
            "mlp.fc1.weight": (hidden, width),
            "mlp.fc1.bias": (hidden,),
            "mlp.fc2.weight": (width, hidden),
            "mlp.fc2.bias": (width,),
        }
        names |= {f"blocks.{k}.{name}": shape for name, shape in block.items()}
    pool = {f"norm1_{part}.{kind}": (width,) for part in "qkv" for kind in ("weight", "bias")}
    pool |= {f"cross_attn.{part}.weight": (width, width) for part in "qkv"}
    pool |= {f"cross_attn.{part}_bias": (width,) for part in "qkv"}
    pool |= {"cross_attn.proj.weight": (768, width), "cross_attn.proj.bias": (768,)}
    return names | {f"clip_projector.{name}": shape for name, shape in pool.items()}


def on_meta(config: Config) -> InternVideo2:
    with torch.device("meta"):
        return InternVideo2(config)


def shapes(network: InternVideo2) -> dict[str, tuple]:
    return {name: tuple(value.shape) for name, value in network.state_dict().items()}


@pytest.fixture(scope="module")
def tiny() -> InternVideo2:
    torch.manual_seed(0)
    network = InternVideo2(TINY).eval().requires_grad_(False)
    for parameter in network.parameters():
        parameter.add_(0.3 * torch.randn_like(parameter))
    return network


@pytest.fixture
def video() -> torch.Tensor:
    return torch.randn(2, 3, 4, 28, 28, generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize("size", CONFIGS)
def test_parameters_are_those_of_the_published_models(size):
    width, depth, hidden, heads = PUBLISHED[size]
    assert shapes(on_meta(CONFIGS[size])) == official(width, depth, hidden)
    assert CONFIGS[size].heads == heads
    other = replace(CONFIGS[size], frames=4, separable=True)
    assert shapes(on_meta(other)) == official(width, depth, hidden, 4, separable=True)


def test_the_size_of_a_published_file_is_explained():
    """B14_dist_1B_stage2/pytorch_model.bin has 204,538,935 bytes, clip/B14/pytorch_model.bin has 5,552,811: float16.

    The distilled file holds the tower, the positions of the decoder, six decoders to 1408 numbers and one to 768
    (each Linear, GELU, Linear, LayerNorm); the CLIP file, the pooling and a LayerNorm and Linear to 512.
    """

    def decoder(inputs: int, outputs: int) -> int:
        return inputs * inputs + inputs + inputs * outputs + 3 * outputs

    network = on_meta(CONFIGS["b"])
    tower = sum(value.numel() for value in network.parameters())
    distilled = tower + network.pos_embed.numel() + 6 * decoder(768, 1408) + decoder(768, 768)
    assert 0 < 204_538_935 - 2 * distilled < 100_000  # what PyTorch's zip adds
    clip = sum(value.numel() for value in network.clip_projector.parameters()) + 2 * 768 + 768 * 512 + 512
    assert 0 < 5_552_811 - 2 * clip < 100_000


def plain(
    state: dict[str, np.ndarray], video: np.ndarray, heads: int, pool_heads: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return (pooled, tokens) of one video (3, T, H, W), by loops over heads in double precision."""

    def rms(x, name):
        return x / np.sqrt((x * x).mean(-1, keepdims=True) + 1e-6) * state[f"{name}.weight"]

    def layer_norm(x, name):
        x = (x - x.mean(-1, keepdims=True)) / np.sqrt(x.var(-1, keepdims=True) + 1e-5)
        return x * state[f"{name}.weight"] + state[f"{name}.bias"]

    def linear(x, name):
        return x @ state[f"{name}.weight"].T + state.get(f"{name}.bias", 0)

    def attend(q, k, v, count):
        out = []
        for one, other, value in zip(*(np.split(x, count, -1) for x in (q, k, v)), strict=True):
            score = one @ other.T / math.sqrt(one.shape[-1])
            score = np.exp(score - score.max(-1, keepdims=True))
            out.append(score / score.sum(-1, keepdims=True) @ value)
        return np.concatenate(out, -1)

    def gelu(x):
        return 0.5 * x * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)))

    kernel, tokens = state["patch_embed.proj.weight"], []
    for t in range(video.shape[1]):
        for y in range(0, video.shape[2], 14):
            for x in range(0, video.shape[3], 14):
                patch = video[:, t : t + 1, y : y + 14, x : x + 14]
                tokens.append((kernel * patch).sum((1, 2, 3, 4)) + state["patch_embed.proj.bias"])
    x = np.concatenate([state["cls_token"][0], np.stack(tokens)]) + state["pos_embed"][0]
    for k in range(TINY.depth):
        at = f"blocks.{k}"
        q, key, v = np.split(linear(rms(x, f"{at}.norm1"), f"{at}.attn.qkv"), 3, -1)
        mixed = attend(rms(q, f"{at}.attn.q_norm"), rms(key, f"{at}.attn.k_norm"), v, heads)
        x = x + state[f"{at}.ls1.gamma"] * linear(mixed, f"{at}.attn.proj")
        y = linear(gelu(linear(rms(x, f"{at}.norm2"), f"{at}.mlp.fc1")), f"{at}.mlp.fc2")
        x = x + state[f"{at}.ls2.gamma"] * y
    at = "clip_projector"
    q, key, v = (
        layer_norm(value, f"{at}.norm1_{part}") for part, value in (("q", x.mean(0)[None]), ("k", x), ("v", x))
    )
    q, key, v = (
        linear(value, f"{at}.cross_attn.{part}") + state[f"{at}.cross_attn.{part}_bias"]
        for part, value in (("q", q), ("k", key), ("v", v))
    )
    return linear(attend(q, key, v, pool_heads), f"{at}.cross_attn.proj")[0], x[1:]


def test_it_computes_what_plain_numpy_computes(tiny, video):
    state = {name: value.numpy().astype(float) for name, value in tiny.state_dict().items()}
    pooled, tokens = tiny(video)
    assert (pooled.shape, tokens.shape) == ((2, 24), (2, 16, 32))
    for k in range(2):
        expected = plain(state, video[k].numpy().astype(float), TINY.heads, TINY.pool_heads)
        for ours, theirs in zip((pooled[k], tokens[k]), expected, strict=True):
            np.testing.assert_allclose(ours.numpy(), theirs, rtol=0, atol=1e-4 * np.abs(theirs).max())


def test_separable_positions_are_the_sum_of_time_and_place(tiny, video):
    parts = InternVideo2(replace(TINY, separable=True)).eval().requires_grad_(False)
    joint = InternVideo2(TINY).eval().requires_grad_(False)
    sums = parts.pos_embed_temporal[:, :, None] + parts.pos_embed_spatial[:, None]  # (1, t, h * w, C)
    state = {k: v for k, v in parts.state_dict().items() if not k.startswith("pos_embed")}
    joint.load_state_dict(state | {"pos_embed": torch.cat([parts.pos_embed_cls, sums.flatten(1, 2)], 1)})
    for ours, theirs in zip(parts(video), joint(video), strict=True):
        torch.testing.assert_close(ours, theirs, rtol=0, atol=1e-6)


def test_positions_are_interpolated_for_other_grids(tiny, video):
    t, h, w = TINY.grid
    places = tiny.pos_embed[:, 1:].reshape(t, h, w, -1)
    assert torch.equal(tiny._positions((t, h, w)), tiny.pos_embed)
    twice = tiny._positions((8, h, w))[0, 1:].reshape(8, h, w, -1)
    torch.testing.assert_close(twice[1], 0.75 * places[0] + 0.25 * places[1])
    torch.testing.assert_close(twice[0], places[0])
    one = tiny._positions((1, h, w))[0, 1:].reshape(h, w, -1)
    torch.testing.assert_close(one, places.mean(0))
    wide = tiny._positions((t, 4, 6))
    assert wide.shape == (1, 1 + t * 24, 32)
    assert torch.equal(wide[:, :1], tiny.pos_embed[:, :1])
    pooled, tokens = tiny(torch.randn(1, 3, 6, 56, 42))
    assert (pooled.shape, tokens.shape) == ((1, 24), (1, 6 * 4 * 3, 32))


def extra(config: Config) -> dict[str, torch.Tensor]:
    """Return one parameter for each kind that published checkpoints hold besides the encoder."""
    return {f"{name}weight" if name.endswith(".") else name: torch.ones(3) for name in LEFT_OUT}


@pytest.mark.parametrize("wrapped", ["bare", "module", "model", "tower", "safetensors"])
def test_every_kind_of_checkpoint_is_loaded(tiny, video, wrapped, tmp_path):
    state = {name: value.half() for name, value in (tiny.state_dict() | extra(TINY)).items()}
    path = tmp_path / f"weights.{'safetensors' if wrapped == 'safetensors' else 'pth'}"
    if wrapped == "tower":  # of stage 2 and CLIP
        state = {f"vision_encoder.{name}": value for name, value in state.items()}
        state |= {
            "text_encoder.embeddings.weight": torch.ones(2),
            "vision_proj.weight": torch.ones(2),
            "temp": torch.ones(()),
        }
        torch.save({"module": state}, path)
    elif wrapped == "safetensors":
        save_file(state, path)
    else:
        torch.save(state if wrapped == "bare" else {wrapped: state, "epoch": 3}, path)
    loaded = InternVideo2.from_checkpoint(path, config=TINY)
    expected = {name: value.half().float() for name, value in tiny.state_dict().items()}
    assert loaded.state_dict().keys() == expected.keys()
    assert all(torch.equal(value, expected[name]) for name, value in loaded.state_dict().items())
    assert not any(parameter.is_meta for parameter in loaded.parameters())
    with torch.inference_mode():
        pooled, _ = loaded(video)
    assert torch.isfinite(pooled).all()


def test_a_clip_checkpoint_lies_over_stage_2(tiny, tmp_path):
    torch.save(tiny.state_dict(), tmp_path / "stage2.pt")
    over = {f"vision_encoder.{k}": v + 1 for k, v in tiny.state_dict().items() if k.startswith("clip_projector")}
    torch.save(over | {"vision_align.0.weight": torch.ones(2)}, tmp_path / "clip.bin")
    loaded = InternVideo2.from_checkpoint(tmp_path / "stage2.pt", tmp_path / "clip.bin", config=TINY)
    assert torch.equal(loaded.clip_projector.cross_attn.proj.bias, tiny.clip_projector.cross_attn.proj.bias + 1)
    assert torch.equal(loaded.cls_token, tiny.cls_token)


def test_sizes_are_read_from_the_shapes():
    network = on_meta(replace(CONFIGS["b"], frames=4))
    assert internvideo2._config(network.state_dict(), "x") == replace(CONFIGS["b"], frames=4)
    network = on_meta(replace(CONFIGS["1b"], frames=16, separable=True))
    assert internvideo2._config(network.state_dict(), "x") == replace(CONFIGS["1b"], frames=16, separable=True)
    with pytest.raises(KinesicsError, match="x: not a published size of InternVideo2: its width is 32, not one of 384"):
        internvideo2._config(on_meta(TINY).state_dict(), "x")


class Evil:
    def __reduce__(self):
        return (print, ("run",))


def test_a_file_that_is_no_checkpoint_is_named(tiny, tmp_path, capsys):
    state = tiny.state_dict()
    cases = {
        "missing": ({k: v for k, v in state.items() if k != "cls_token"}, "1 missing: cls_token"),
        "unknown": (state | {"blocks.0.magic": torch.ones(1)}, "1 unknown: blocks.0.magic"),
        "shape": (state | {"cls_token": torch.ones(1, 1, 5)}, "1 of another shape: cls_token"),
        "other": ({"head.weight": torch.ones(1)}, "no parameter of a vision tower"),
        "list": ([torch.ones(1)], "a state dict: it holds other things"),
    }
    for name, (content, message) in cases.items():
        torch.save(content, tmp_path / f"{name}.pth")
        with pytest.raises(KinesicsError, match=rf"{name}\.pth: not .*{message}"):
            InternVideo2.from_checkpoint(tmp_path / f"{name}.pth", config=TINY)
    (tmp_path / "page.pth").write_text("<html>not found</html>" * 20)
    (tmp_path / "evil.pth").write_bytes(pickle.dumps({"weight": Evil()}))
    (tmp_path / "page.safetensors").write_text("<html>not found</html>" * 20)
    for name in ("page.pth", "evil.pth", "page.safetensors"):
        with pytest.raises(KinesicsError, match=rf"{name}: not a state dict that can be read without running it"):
            InternVideo2.from_checkpoint(tmp_path / name)
    assert "run" not in capsys.readouterr().out
    with pytest.raises(KinesicsError, match=r"none\.pth: no such file"):
        InternVideo2.from_checkpoint(tmp_path / "none.pth")


def test_features_are_those_of_a_direct_call(tiny, tmp_path, monkeypatch):
    torch.save(tiny.state_dict(), tmp_path / "weights.pth")
    monkeypatch.setattr(internvideo2, "CONFIGS", {"tiny": TINY})
    monkeypatch.setattr(internvideo2, "_SIZE", 28)
    clips = np.random.default_rng(0).integers(0, 256, (2, 4, 28, 28, 3), np.uint8)
    features = internvideo2.ENCODER.load(tmp_path / "weights.pth")(clips)
    pixels = (clips / 255 - [0.485, 0.456, 0.406]) / [0.229, 0.224, 0.225]
    expected = tiny(torch.from_numpy(pixels.transpose(0, 4, 1, 2, 3).astype(np.float32)))[0]
    np.testing.assert_allclose(features, expected.numpy(), rtol=0, atol=1e-5 * expected.abs().max().item())
