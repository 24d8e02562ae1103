"""The founding systems' peers, where they differ only in names: SigLIP 2, VideoPrism, V-JEPA 2, VideoMAE, Qwen3-VL.

Networks are ``transformers``'; which one a folder holds, its config.json says. Output of a crop or clip: the network's
own pooled token where it has one (SigLIP 2), else the mean of its last tokens. Tschannen et al. 2025, SigLIP 2
(arXiv:2502.14786); Zhao et al. 2024, VideoPrism (arXiv:2402.13217); Assran et al. 2025, V-JEPA 2 (arXiv:2506.09985), of
which the encoder runs and the predictor does not; Tong et al. 2022, VideoMAE (arXiv:2203.12602); Bai et al. 2025,
Qwen3-VL (arXiv:2511.21631), of which the vision tower runs, up to the tokens that its language model is given.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from transformers import PreTrainedModel, SiglipVisionModel, VideoMAEModel, VideoPrismVisionModel, VJEPA2Model
from transformers.models.qwen3_vl.modeling_qwen3_vl import Qwen3VLVisionModel

from kinesics.encoders import pretrained

CROPS = ("face", "person")
MARGIN = 0.2  # context: hair, and hands that reach for the face
RATE_HZ = 1.0  # clips cost as much as their frames
SPAN_S = 2.0  # a gesture stroke, and the face before and after a display


@dataclass(frozen=True)
class _Peer:
    """A network: its class, how its pixels are normalised, and its tokens (N, C) of pixels (N, T, 3, H, W)."""

    kind: type[PreTrainedModel]
    pixels: tuple
    pool: Callable[[PreTrainedModel, torch.Tensor], torch.Tensor]
    inside: str = ""  # where a larger network keeps its parameters


def pack_patches(video: torch.Tensor, patch: int, merge: int, tubelet: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the patches (P, 3 * tubelet * patch**2) of one video (T, 3, H, W), and its grid (1, 3) of patches.

    In the order of the Qwen-VL and VideoLLaMA 3 towers: time, then squares of ``merge`` x ``merge`` patches, which become
    one token. Frames that fill no tubelet are completed by the last one. H and W are multiples of patch * merge.
    """
    if short := -len(video) % tubelet:
        video = torch.cat([video, video[-1:].expand(short, -1, -1, -1)])
    t, h, w = len(video) // tubelet, video.shape[2] // patch, video.shape[3] // patch
    cut = video.reshape(t, tubelet, 3, h // merge, merge, patch, w // merge, merge, patch)
    return cut.permute(0, 3, 6, 4, 7, 2, 1, 5, 8).reshape(t * h * w, -1), torch.tensor([[t, h, w]], device=video.device)


def _qwen3_vl(network: Qwen3VLVisionModel, video: torch.Tensor) -> torch.Tensor:
    config = network.config
    kept = []
    for clip in video:
        patches, grid = pack_patches(clip, config.patch_size, config.spatial_merge_size, config.temporal_patch_size)
        kept.append(network(patches, grid_thw=grid).pooler_output.mean(0))
    return torch.stack(kept)


_MEAN = lambda network, video: network(video).last_hidden_state.mean(1)  # noqa: E731
_PEERS = {
    "siglip": _Peer(SiglipVisionModel, pretrained.HALF, lambda network, video: network(video[:, 0]).pooler_output),
    "videoprism_vision_model": _Peer(VideoPrismVisionModel, ((0, 0, 0), (1, 1, 1)), _MEAN),
    "vjepa2": _Peer(
        VJEPA2Model, pretrained.IMAGENET, lambda network, video: network.get_vision_features(video).mean(1)
    ),
    "videomae": _Peer(VideoMAEModel, pretrained.IMAGENET, _MEAN),
    "qwen3_vl": _Peer(Qwen3VLVisionModel, pretrained.HALF, _qwen3_vl, "model.visual."),
}


def load(weights: Path) -> Callable[[np.ndarray], np.ndarray]:
    """Return the function from images (N, H, W, 3) or clips (N, T, H, W, 3), uint8 RGB, to float32 (N, C)."""
    torch.set_num_threads(1)
    peer = _PEERS.get(pretrained.configuration(weights).model_type)
    kinds = {name: other.kind for name, other in _PEERS.items()}
    network = pretrained.load_pretrained(weights, kinds, peer.inside if peer else "")
    mean, std = pretrained.normalisation(weights, peer.pixels)

    @torch.inference_mode()
    def encode(inputs: np.ndarray) -> np.ndarray:
        video = pretrained.normalise(torch.from_numpy(inputs), mean, std)
        return peer.pool(network, video if video.ndim == 5 else video[:, None]).float().cpu().numpy()

    return encode
