"""Load encoders: check the weights, and run the network on as many inputs at once as give reproducible features."""

from contextlib import nullcontext
from pathlib import Path
from typing import Any

import numpy as np

from kinesics.encoders.base import Encode, EncoderShape, encoder_shape
from kinesics.encoders.registry import find_encoder, is_downloadable, required_downloads
from kinesics.encoders.weights import compared_with_source, install_hint, local_weights
from kinesics.errors import KinesicsError

_GPU_BATCH = 64  # more inputs at once make no GPU faster


def load_encoder(name: str, weights: str | Path) -> Encode:
    """Load an encoder and return its function from N inputs to float32 (N, dim).

    On a CPU the network runs on one input at a time: the features of a crop then never depend on the crops beside it
    (in batches, convolutions differ in the last bits), so batched, cached and resumed runs give the same bytes. On one
    thread that costs a vision transformer up to 8 % and makes a convolutional network faster. On a GPU it runs on as many
    as half of the free memory holds, and the last batch is filled up, so that all have the same shape.

    ``weights`` is a file or folder, or the encoder's repository of the hub as the table names it (see
    ``weights.local_weights``). Raises KinesicsError for an unknown name and for weights that are missing, damaged or not
    the encoder's; the function raises ValueError for inputs of another type or shape, and KinesicsError for features of
    another length or that are not finite.
    """
    encoder, shape, weights = find_encoder(name), encoder_shape(name), local_weights(name, weights)
    _check_weights(name, weights, shape)
    downloadable = is_downloadable(name)
    with compared_with_source(required_downloads(name)[0], weights) if downloadable else nullcontext():
        forward = encoder.load(weights)
    batch = 1 if downloadable else _batch_size(forward, np.zeros((1, *shape.input), shape.dtype))

    def encode(inputs: Any) -> np.ndarray:
        _check_inputs(name, inputs, shape)
        features = np.empty((len(inputs), shape.dim), np.float32)
        for k in range(0, len(inputs), batch):
            part = inputs[k : k + batch]
            if shape.kind != "text":
                part = np.array(part)  # torch takes no view that runs backwards
            if short := batch - len(part):
                part = np.concatenate([part, np.repeat(part[-1:], short, axis=0)])
            outputs = forward(part)
            if outputs.shape[1:] != (shape.dim,):
                raise KinesicsError(
                    f"{weights}: not the weights of {name}: {outputs.shape[1]} numbers, not {shape.dim}"
                )
            if not np.isfinite(outputs).all():
                raise KinesicsError(f"{weights}: damaged, or not the weights of {name}: the outputs are not finite")
            features[k : k + batch] = outputs[: len(inputs) - k]
        return features

    return encode


def _check_weights(name: str, weights: Path, shape: EncoderShape) -> None:
    """Raise KinesicsError for weights that are not there, or need more memory than is free."""
    if not weights.exists():
        raise KinesicsError(f"{weights}: no such file; {install_hint(name, weights)}")
    if weights.is_dir() and not any(weights.iterdir()):
        raise KinesicsError(f"{weights}: the folder holds no weights; {install_hint(name, weights)}")
    if is_downloadable(name) and shape.kind in ("image", "sound") and not weights.is_file():
        raise KinesicsError(f"{weights}: not a file; {install_hint(name, weights)}")
    if not is_downloadable(name):
        from kinesics.encoders import pretrained

        if (needed := pretrained.needed_bytes(name)) > (free := pretrained.free_bytes()):
            raise KinesicsError(f"{name} needs {needed / 1e9:.1f} GB of memory, of which {free / 1e9:.1f} GB are free")


def _check_inputs(name: str, inputs: Any, shape: EncoderShape) -> None:
    """Raise ValueError for arrays of another type or shape."""
    if shape.kind != "text" and (inputs.dtype != shape.dtype or inputs.shape[1:] != shape.input):
        raise ValueError(
            f"{name} takes {np.dtype(shape.dtype)} {shape.kind}s of shape (N, {', '.join(map(str, shape.input))}), "
            f"not {inputs.dtype} {inputs.shape}"
        )


def _batch_size(forward: Encode, blank: np.ndarray) -> int:
    """Return how many inputs a network runs on at once: one on a CPU, on a GPU what half of its free memory holds."""
    import torch

    if not torch.cuda.is_available():
        return 1
    forward(blank)  # the first call also allocates what is kept
    before = torch.cuda.memory_allocated()
    torch.cuda.reset_peak_memory_stats()
    forward(blank)
    taken = max(torch.cuda.max_memory_allocated() - before, 1)
    return int(min(max(torch.cuda.mem_get_info()[0] // 2 // taken, 1), _GPU_BATCH))
