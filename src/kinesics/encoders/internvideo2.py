"""Video encoder InternVideo2, loaded from its published state dicts; no flash-attn needed.

Input 224x224, usually eight frames, normalised as ImageNet; output, 768 numbers per clip: its attention pooling, which was
trained to agree with a teacher (stages 1 and 2, distilled models) or with text (CLIP). Wang et al. 2024, InternVideo2
(arXiv:2403.15377). Names and shapes of parameters, sizes, tanh-GELU, RMSNorm with epsilon 1e-6 and positions are those of
the authors' OpenGVLab/InternVideo, InternVideo2/single_modality/models and multi_modality/models/backbones; the code is
our own.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn.functional import gelu, interpolate, scaled_dot_product_attention

from kinesics.encoders import pretrained
from kinesics.encoders.base import CropNetwork
from kinesics.errors import KinesicsError

_SIZE = 224  # pixels a side in training: the number of joint position embeddings then gives that of their frames


@dataclass(frozen=True)
class Config:
    """The sizes of a network. ``frames`` and ``size`` are those of the position embeddings."""

    width: int
    depth: int
    heads: int
    hidden: int  # of the perceptrons
    frames: int = 8
    size: int = _SIZE
    patch: int = 14
    tubelet: int = 1  # frames per token
    pooled: int = 768
    pool_heads: int = 16
    separable: bool = False  # positions in space plus positions in time, or one for each place and time

    @property
    def grid(self) -> tuple[int, int, int]:
        """Time, height and width of the position embeddings, in tokens."""
        return self.frames // self.tubelet, self.size // self.patch, self.size // self.patch


#: The published sizes: distilled S, B and L, then 1B and 6B.
CONFIGS = {
    "s": Config(384, 12, 6, 1536),
    "b": Config(768, 12, 12, 3072),
    "l": Config(1024, 24, 16, 4096),
    "1b": Config(1408, 40, 16, 6144),
    "6b": Config(3200, 48, 25, 12800),
}

#: Parameters of published checkpoints that are no part of the encoder, by the prefix of their names.
LEFT_OUT = {
    "clip_decoder.": "matches the teacher's tokens in pre-training",
    "final_clip_decoder.": "matches the teacher's pooled token in pre-training",
    "clip_pos_embed": "positions given to clip_decoder",
    "clip_img_pos_embed": "positions given to clip_decoder for single images",
    "mae_decoder.": "matches a second teacher's tokens in pre-training",
    "mae_pos_embed": "positions given to mae_decoder",
    "img_pos_embed": "positions of single images in stage 2; those used are the video's, averaged over time",
    "fc_norm.": "classifier of a fine-tuned model",
    "head.": "classifier of a fine-tuned model",
}

#: Where checkpoints of several towers (stage 2, CLIP) keep the vision tower; their other parameters are text's or audio's.
TOWER = "vision_encoder."


class _Scale(nn.Module):
    """Layer scale (Touvron et al. 2021, arXiv:2103.17239)."""

    def __init__(self, width: int):
        super().__init__()
        self.gamma = nn.Parameter(torch.full((width,), 1e-5))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x * self.gamma


class _Attention(nn.Module):
    """Self-attention (B, N, C) to (B, N, C); queries and keys are normalised over all heads together."""

    def __init__(self, width: int, heads: int):
        super().__init__()
        self.heads = heads
        self.qkv, self.proj = nn.Linear(width, 3 * width, bias=False), nn.Linear(width, width)
        self.q_norm, self.k_norm = nn.RMSNorm(width, 1e-6), nn.RMSNorm(width, 1e-6)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        q, k, v = self.qkv(x).chunk(3, -1)
        return self.proj(_attend(self.q_norm(q), self.k_norm(k), v, self.heads))


class _Perceptron(nn.Module):
    def __init__(self, width: int, hidden: int):
        super().__init__()
        self.fc1, self.fc2 = nn.Linear(width, hidden), nn.Linear(hidden, width)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        # The models were trained with flash-attn's fused perceptron, which approximates the GELU by a tanh.
        return self.fc2(gelu(self.fc1(x), approximate="tanh"))


class _Block(nn.Module):
    def __init__(self, width: int, heads: int, hidden: int):
        super().__init__()
        self.norm1, self.attn, self.ls1 = nn.RMSNorm(width, 1e-6), _Attention(width, heads), _Scale(width)
        self.norm2, self.mlp, self.ls2 = nn.RMSNorm(width, 1e-6), _Perceptron(width, hidden), _Scale(width)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = x + self.ls1(self.attn(self.norm1(x)))
        return x + self.ls2(self.mlp(self.norm2(x)))


class _CrossAttention(nn.Module):
    def __init__(self, width: int, heads: int, out: int):
        super().__init__()
        self.heads = heads
        self.q, self.k, self.v = (nn.Linear(width, width, bias=False) for _ in range(3))
        self.q_bias, self.k_bias, self.v_bias = (nn.Parameter(torch.zeros(width)) for _ in range(3))
        self.proj = nn.Linear(width, out)

    def forward(self, q: torch.Tensor, k: torch.Tensor, v: torch.Tensor) -> torch.Tensor:
        q, k, v = self.q(q) + self.q_bias, self.k(k) + self.k_bias, self.v(v) + self.v_bias
        return self.proj(_attend(q, k, v, self.heads))


class _Pool(nn.Module):
    """Attention pooling, (B, N, C) to (B, out): the tokens' mean is the query of all tokens."""

    def __init__(self, width: int, heads: int, out: int):
        super().__init__()
        self.norm1_q, self.norm1_k, self.norm1_v = (nn.LayerNorm(width, 1e-5) for _ in range(3))
        self.cross_attn = _CrossAttention(width, heads, out)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.cross_attn(self.norm1_q(x.mean(1, keepdim=True)), self.norm1_k(x), self.norm1_v(x))[:, 0]


class _PatchEmbedding(nn.Module):
    def __init__(self, config: Config):
        super().__init__()
        kernel = (config.tubelet, config.patch, config.patch)
        self.proj = nn.Conv3d(3, config.width, kernel, kernel)

    def forward(self, video: torch.Tensor) -> torch.Tensor:
        return self.proj(video)  # (B, C, t, h, w)


class InternVideo2(nn.Module):
    """The vision tower; its parameters are named as in the published state dicts."""

    def __init__(self, config: Config):
        super().__init__()
        self.config, width = config, config.width
        t, h, w = config.grid
        self.patch_embed = _PatchEmbedding(config)
        self.cls_token = nn.Parameter(0.02 * torch.randn(1, 1, width))
        if config.separable:
            self.pos_embed_spatial = nn.Parameter(0.02 * torch.randn(1, h * w, width))
            self.pos_embed_temporal = nn.Parameter(0.02 * torch.randn(1, t, width))
            self.pos_embed_cls = nn.Parameter(torch.zeros(1, 1, width))
        else:
            self.pos_embed = nn.Parameter(0.02 * torch.randn(1, 1 + t * h * w, width))
        self.blocks = nn.ModuleList(_Block(width, config.heads, config.hidden) for _ in range(config.depth))
        self.clip_projector = _Pool(width, config.pool_heads, config.pooled)

    @classmethod
    def from_checkpoint(cls, *paths: str | Path, config: Config | None = None) -> "InternVideo2":
        """Return the network of a published checkpoint (``.pth``, ``.pt``, ``.bin`` or ``.safetensors``), in float32.

        Parameters of later paths replace those of earlier ones: the CLIP checkpoints hold only what was trained on top of
        stage 2. The sizes are inferred from the shapes, for squares of 224 pixels, unless ``config`` is given. Raises
        KinesicsError naming the file, and what is missing or unknown in it.
        """
        state: dict[str, torch.Tensor] = {}
        for path in paths:
            state |= _tower(_read_checkpoint(path), path)
        config = _config(state, paths[0]) if config is None else config
        with torch.device("meta"):
            network = cls(config)
        expected = {name: tuple(value.shape) for name, value in network.state_dict().items()}
        shapes = {name: tuple(value.shape) for name, value in state.items()}
        differing = {
            "missing": sorted(expected.keys() - shapes.keys()),
            "unknown": sorted(shapes.keys() - expected.keys()),
            "of another shape": sorted(k for k in expected.keys() & shapes.keys() if expected[k] != shapes[k]),
        }
        if message := "; ".join(
            f"{len(names)} {kind}: {', '.join(names[:3])}" for kind, names in differing.items() if names
        ):
            raise KinesicsError(f"{paths[0]}: not the weights of InternVideo2's vision tower: {message}")
        network.load_state_dict({name: value.float() for name, value in state.items()}, assign=True)
        return network.eval().requires_grad_(False)

    def forward(self, video: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Return (pooled (B, 768), tokens (B, t*h*w, width)) of videos, float (B, 3, T, H, W), normalised as ImageNet.

        Tokens are in the order of time, row, column; the class token is left out of them. For other frame counts or
        sizes than the checkpoint's the positions are interpolated.
        """
        x = self.patch_embed(video)
        positions = self._positions(tuple(x.shape[2:]))
        x = torch.cat([self.cls_token.expand(len(x), -1, -1), x.flatten(2).transpose(1, 2)], 1) + positions
        for block in self.blocks:
            x = block(x)
        return self.clip_projector(x), x[:, 1:]

    def _positions(self, grid: tuple[int, int, int]) -> torch.Tensor:
        """Return the position embeddings of a grid of tokens: (1, 1 + t*h*w, C), the class token's first."""
        t, h, w = self.config.grid
        if self.config.separable:
            first = self.pos_embed_cls
            rest = (
                self.pos_embed_temporal.transpose(1, 2)[..., None] + self.pos_embed_spatial.transpose(1, 2)[:, :, None]
            )
        else:
            if grid == (t, h, w):
                return self.pos_embed
            first, rest = self.pos_embed[:, :1], self.pos_embed[:, 1:].transpose(1, 2)
        rest = rest.reshape(1, -1, t, h * w)  # (1, C, t, h*w)
        if grid[0] == 1 and t > 1:
            rest = rest.mean(2, keepdim=True)
        elif grid[0] != t:
            rest = interpolate(rest[0].transpose(1, 2), grid[0], mode="linear").transpose(1, 2)[None]
        if grid[1:] != (h, w):
            squares = rest[0].transpose(0, 1).reshape(grid[0], -1, h, w)
            rest = interpolate(squares, grid[1:], mode="bicubic").flatten(2).transpose(0, 1)[None]
        return torch.cat([first, rest.flatten(2).transpose(1, 2)], 1)


def load(weights: Path) -> Callable[[np.ndarray], np.ndarray]:
    """Return the function from clips, uint8 RGB (N, T, H, W, 3), to pooled features, float32 (N, 768)."""
    torch.set_num_threads(1)
    network = InternVideo2.from_checkpoint(weights).to(pretrained.device(), pretrained.precision())
    mean, std = map(torch.tensor, pretrained.IMAGENET)

    @torch.inference_mode()
    def encode(clips: np.ndarray) -> np.ndarray:
        video = pretrained.normalise(torch.from_numpy(clips), mean, std)  # (N, T, 3, H, W)
        return network(video.transpose(1, 2))[0].float().cpu().numpy()

    return encode


def _attend(q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, heads: int) -> torch.Tensor:
    """Return attention (B, M, C) of queries (B, M, C) to keys and values (B, N, C), the heads side by side in C."""
    q, k, v = (x.unflatten(-1, (heads, -1)).transpose(1, 2) for x in (q, k, v))
    return scaled_dot_product_attention(q, k, v).transpose(1, 2).flatten(2)


def _read_checkpoint(path: str | Path) -> dict[str, torch.Tensor]:
    """Return the state dict in a file, out of the ``module`` or ``model`` that training wrapped it in."""
    state = pretrained.read_arrays(path)
    for key in ("module", "model"):
        if isinstance(state, dict) and isinstance(state.get(key), dict):
            state = state[key]
    if not isinstance(state, dict) or not all(isinstance(value, torch.Tensor) for value in state.values()):
        raise KinesicsError(f"{path}: not a state dict: it holds other things than tensors")
    return state


def _tower(state: dict[str, torch.Tensor], path: str | Path) -> dict[str, torch.Tensor]:
    """Return the vision tower's own parameters out of a checkpoint."""
    if any(name.startswith(TOWER) for name in state):
        state = {name.removeprefix(TOWER): value for name, value in state.items() if name.startswith(TOWER)}
    state = {name: value for name, value in state.items() if not name.startswith(tuple(LEFT_OUT))}
    if not state:
        raise KinesicsError(f"{path}: not the weights of InternVideo2: no parameter of a vision tower")
    return state


def _config(state: dict[str, torch.Tensor], path: str | Path) -> Config:
    """Infer the configuration of a vision tower from the shapes of its parameters."""
    try:
        width = state["cls_token"].shape[-1]
        published = next((config for config in CONFIGS.values() if config.width == width), None)
        if published is None:
            widths = ", ".join(str(config.width) for config in CONFIGS.values())
            raise KinesicsError(
                f"{path}: not a published size of InternVideo2: its width is {width}, not one of {widths}"
            )
        tubelet, patch = state["patch_embed.proj.weight"].shape[2:4]
        separable = "pos_embed_temporal" in state
        if separable:
            tokens = state["pos_embed_temporal"].shape[1]
        else:
            tokens = (state["pos_embed"].shape[1] - 1) // (_SIZE // patch) ** 2
    except (KeyError, ValueError) as error:
        raise KinesicsError(f"{path}: not the weights of InternVideo2's vision tower: {error} is missing") from None
    return replace(published, frames=tokens * tubelet, tubelet=tubelet, patch=patch, separable=separable)


ENCODER = CropNetwork(
    load=load,
    rate_hz=1.0,  # a clip costs as much as eight images
    crops=("face", "person"),
    margin=0.2,  # context: what the hands do reaches out of the body's box
    span_s=2.0,  # a gesture stroke, and the face before and after an expression
)
