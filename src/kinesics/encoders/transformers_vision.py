"""Vision encoders from transformers behind one interface: SigLIP 2, VideoPrism, V-JEPA 2, VideoMAE, Qwen3-VL.

The config.json of a folder selects the network. Output for a crop or clip: the network's own pooled token where it has
one (SigLIP 2), else the mean of its last tokens. Tschannen et al. 2025, SigLIP 2
(arXiv:2502.14786); Zhao et al. 2024, VideoPrism (arXiv:2402.13217); Assran et al. 2025, V-JEPA 2 (arXiv:2506.09985), of
which the encoder runs and the predictor does not; Tong et al. 2022, VideoMAE (arXiv:2203.12602); Bai et al. 2025,
Qwen3-VL (arXiv:2511.21631), of which the vision tower runs, up to the tokens that its language model reads.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from transformers import PreTrainedModel, SiglipVisionModel, VideoMAEModel, VideoPrismVisionModel, VJEPA2Model
from transformers.models.qwen3_vl.modeling_qwen3_vl import Qwen3VLVisionModel

from kinesics.encoders import pretrained
from kinesics.encoders.base import CropNetwork


@dataclass(frozen=True)
class _Family:
    """A kind of network: its class, mean and deviation of its pixels, and its features (N, C) of pixels (N, T, 3, H, W)."""

    network: type[PreTrainedModel]
    normalisation: tuple
    features: Callable[[PreTrainedModel, torch.Tensor], torch.Tensor]
    prefix: str = ""  # of the names of its parameters in a larger network


def pack_patches(video: torch.Tensor, patch: int, merge: int, tubelet: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the patches (P, 3 * tubelet * patch**2) of one video (T, 3, H, W), and its grid (1, 3) of patches.

    They are in the order of the Qwen-VL and VideoLLaMA 3 towers: time, then squares of ``merge`` x ``merge`` patches, which
    become one token. Frames that fill no tubelet are completed by the last one. H and W are multiples of patch * merge.
    """
    if short := -len(video) % tubelet:
        video = torch.cat([video, video[-1:].expand(short, -1, -1, -1)])
    t, h, w = len(video) // tubelet, video.shape[2] // patch, video.shape[3] // patch
    cut = video.reshape(t, tubelet, 3, h // merge, merge, patch, w // merge, merge, patch)
    return cut.permute(0, 3, 6, 4, 7, 2, 1, 5, 8).reshape(t * h * w, -1), torch.tensor([[t, h, w]], device=video.device)


def _qwen3_vl(network: Qwen3VLVisionModel, video: torch.Tensor) -> torch.Tensor:
    config = network.config
    features = []
    for clip in video:
        patches, grid = pack_patches(clip, config.patch_size, config.spatial_merge_size, config.temporal_patch_size)
        features.append(network(patches, grid_thw=grid).pooler_output.mean(0))
    return torch.stack(features)


_MEAN = lambda network, video: network(video).last_hidden_state.mean(1)  # noqa: E731
#: By the ``model_type`` of the configuration.
_FAMILIES = {
    "siglip": _Family(SiglipVisionModel, pretrained.HALF, lambda network, video: network(video[:, 0]).pooler_output),
    "videoprism_vision_model": _Family(VideoPrismVisionModel, ((0, 0, 0), (1, 1, 1)), _MEAN),
    "vjepa2": _Family(
        VJEPA2Model, pretrained.IMAGENET, lambda network, video: network.get_vision_features(video).mean(1)
    ),
    "videomae": _Family(VideoMAEModel, pretrained.IMAGENET, _MEAN),
    "qwen3_vl": _Family(Qwen3VLVisionModel, pretrained.HALF, _qwen3_vl, "model.visual."),
}


def load(weights: Path) -> Callable[[np.ndarray], np.ndarray]:
    """Return the function from images (N, H, W, 3) or clips (N, T, H, W, 3), uint8 RGB, to float32 (N, C)."""
    torch.set_num_threads(1)
    family = _FAMILIES.get(pretrained.configuration(weights).model_type)
    networks = {name: other.network for name, other in _FAMILIES.items()}
    network = pretrained.load_pretrained(weights, networks, family.prefix if family else "")
    mean, std = pretrained.normalisation(weights, family.normalisation)

    @torch.inference_mode()
    def encode(inputs: np.ndarray) -> np.ndarray:
        video = pretrained.normalise(torch.from_numpy(inputs), mean, std)
        return family.features(network, video if video.ndim == 5 else video[:, None]).float().cpu().numpy()

    return encode


ENCODER = CropNetwork(
    load=load,
    rate_hz=1.0,  # clips cost as much as their frames
    crops=("face", "person"),
    margin=0.2,  # context: hair, and hands that reach for the face
    span_s=2.0,  # a gesture stroke, and the face before and after an expression
)
