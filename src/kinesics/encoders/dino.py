"""Image encoders DINOv3 and DINOv2: all vision transformers and ConvNeXts of both families, and their patch features.

Input 224x224 (any multiple of the patch size works), normalised as ImageNet unless the weights' own preprocessor file
says otherwise, as that of satellite images does. Output for a crop: the pooled token (the class token of a transformer,
the mean of a ConvNeXt), then the mean of the patch tokens, both after the last layer norm. Register tokens (Darcet et al.
2024, arXiv:2309.16588) are dropped. Siméoni et al. 2025, DINOv3 (arXiv:2508.10104); Oquab et al. 2024, DINOv2
(arXiv:2304.07193). Networks are those of ``transformers``.
"""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from transformers import (
    Dinov2Model,
    Dinov2WithRegistersModel,
    DINOv3ConvNextModel,
    DINOv3ViTModel,
    PreTrainedModel,
)

from kinesics.encoders import pretrained
from kinesics.encoders.base import CropNetwork

#: The class of the network by the ``model_type`` of its configuration.
NETWORKS = {
    "dinov3_vit": DINOv3ViTModel,
    "dinov3_convnext": DINOv3ConvNextModel,
    "dinov2": Dinov2Model,
    "dinov2_with_registers": Dinov2WithRegistersModel,
}


def load(weights: Path) -> Callable[[np.ndarray], np.ndarray]:
    """Return the function from uint8 RGB (N, H, W, 3) to pooled and mean patch token, float32 (N, 2 * width)."""
    torch.set_num_threads(1)
    network = pretrained.load_pretrained(weights, NETWORKS)
    mean, std = pretrained.normalisation(weights, pretrained.IMAGENET)

    @torch.inference_mode()
    def encode(images: np.ndarray) -> np.ndarray:
        pooled, patches = tokens(network, pretrained.normalise(torch.from_numpy(images), mean, std))
        return torch.cat([pooled, patches.mean((1, 2))], 1).float().cpu().numpy()

    return encode


def tokens(network: PreTrainedModel, pixels: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the pooled token (N, C) and the patch tokens (N, h, w, C) of normalised images (N, 3, H, W)."""
    out = network(pixels).last_hidden_state  # (N, 1 + registers + h * w, C)
    stride = getattr(network.config, "patch_size", None) or 32  # a ConvNeXt halves its input five times
    h, w = pixels.shape[2] // stride, pixels.shape[3] // stride
    return out[:, 0], out[:, -h * w :].unflatten(1, (h, w))


def similarity(patches: np.ndarray, token: np.ndarray) -> np.ndarray:
    """Return the cosine similarity, in [-1, 1], of each patch token (h, w, C) to a token (C,), as (h, w)."""
    return patches @ token / np.linalg.norm(patches, axis=-1) / np.linalg.norm(token)


ENCODER = CropNetwork(
    load=load,
    rate_hz=2.0,  # that of vit_s_focus, to which they compare
    crops=("face", "person"),
    margin=0.2,  # context: hair, and hands that reach for the face
)
