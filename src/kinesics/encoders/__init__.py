"""Frozen encoders: one file each, and one line in ``encoders.csv`` that names it.

The file ``<name>.py`` declares ``SIZE`` (height and width of its input in pixels), ``DIM`` (numbers a crop), ``CROPS``
(the kinds of crop it is meant for: ``face``, ``person``), ``MARGIN`` (what is added on each side of a box, as a share
of its longer side), ``RATE_HZ`` (crops a second unless told otherwise), ``WEIGHTS`` (the id in ``config/sources.csv``)
and ``load(weights)``, which returns a function from uint8 RGB images (N, height, width, 3) to float32 (N, DIM). Modules
are imported when they are asked for: torch and transformers take seconds.
"""

from collections.abc import Callable
from pathlib import Path

import numpy as np

from kinesics import KinesicsError, catalogue

ENCODERS = tuple(catalogue.ENCODERS)


def load(name: str, weights: str | Path) -> Callable[[np.ndarray], np.ndarray]:
    """Return the encoder's function from uint8 RGB images (N, height, width, 3) to float32 (N, DIM).

    It shows the network one image at a time: what is said of a crop then never depends on the crops beside it (in
    batches, convolutions differ in the last bits), so batched, cached and resumed runs give the same bytes. On one
    thread that costs a vision transformer up to 8 % and makes a convolutional network faster.

    Raises KinesicsError for an unknown name and for weights that are missing or not the encoder's; the function raises
    ValueError for images of another type or shape.
    """
    module, weights = catalogue.encoder(name), Path(weights)
    if not weights.is_file():
        raise KinesicsError(f"{weights}: no such file; get the weights of {name} with: kinesics fetch {module.WEIGHTS}")
    forward, shape = module.load(weights), (*module.SIZE, 3)

    def encode(images: np.ndarray) -> np.ndarray:
        if images.dtype != np.uint8 or images.shape[1:] != shape:
            raise ValueError(f"{name} takes uint8 images of shape (N, *{shape}), not {images.dtype} {images.shape}")
        out = np.empty((len(images), module.DIM), np.float32)
        for k, image in enumerate(images):
            out[k] = forward(image[None])[0]
        return out

    return encode
