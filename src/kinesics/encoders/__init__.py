"""Frozen encoders: one file each, named in ``ENCODERS``.

The file ``<name>.py`` declares ``SIZE`` (height and width of its input in pixels), ``DIM`` (numbers a crop), ``CROPS``
(the kinds of crop it is meant for: ``face``, ``person``), ``MARGIN`` (what is added to each side of a box, as a share of
its longer side), ``RATE_HZ`` (how often it is asked unless told otherwise), ``WEIGHTS`` (the id in
``config/sources.csv``) and ``load(weights)``, which returns a function from uint8 RGB images (N, height, width, 3) to
float32 (N, DIM). Modules are imported when they are asked for: torch and transformers take seconds.
"""

from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from types import ModuleType

import numpy as np

from kinesics import KinesicsError

ENCODERS = ("fer", "vit_s_focus", "efficientnet_lite0")


def encoder(name: str) -> ModuleType:
    """Return the module of an encoder. Raises KinesicsError that names the choices."""
    if name not in ENCODERS:
        raise KinesicsError(f"{name!r} is not an encoder. The encoders are {', '.join(ENCODERS)}.")
    return import_module(f"kinesics.encoders.{name}")


def load(name: str, weights: str | Path) -> Callable[[np.ndarray], np.ndarray]:
    """Return the encoder's function from uint8 RGB images (N, height, width, 3) to float32 (N, DIM).

    It shows the network one image at a time: what is said of a crop then never depends on the crops beside it, so
    batched, cached and resumed runs agree to the bit, and on one thread batches are hardly faster (ViT-S: 0-8 %).
    Raises KinesicsError for an unknown name and for weights that are missing or not the encoder's; the function raises
    ValueError for images of another type or shape.
    """
    module, weights = encoder(name), Path(weights)
    if not weights.is_file():
        raise KinesicsError(f"{weights}: no such file; get the weights of {name} with: kinesics fetch {module.WEIGHTS}")
    forward, shape = module.load(weights), (*module.SIZE, 3)

    def encode(images: np.ndarray) -> np.ndarray:
        if images.dtype != np.uint8 or images.shape[1:] != shape:
            raise ValueError(f"{name} takes uint8 images (N, {shape}), not {images.dtype} {images.shape}")
        return np.concatenate([np.empty((0, module.DIM), np.float32), *(forward(image[None]) for image in images)])

    return encode
