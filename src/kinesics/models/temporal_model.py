"""The contract that temporal models share, and their checkpoints.

A temporal model is a network, its loss, the targets of its training examples, and the way from its outputs to segments. All
models get the same descriptors, tokens, augmentation and splits, and are calibrated alike.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

import jax
import numpy as np
from flax import nnx

from kinesics.errors import KinesicsError
from kinesics.io.checkpoints import read_checkpoint
from kinesics.io.files import one_line
from kinesics.models.optimization import fill_weights, skeleton, weights_to_arrays
from kinesics.models.sequences import CROPS, PersonSequence, Scaling

ENCODER = "vit_s_focus"

#: Settings of every model: those of its training, and the sizes of its inputs.
TRAINING = ("steps", "rate", "decay", "batch", "directions")
INPUTS = ("descriptor", "token", "audio", "labels", "rate_hz")

Checkpoint = dict[str, np.ndarray]
#: Start and stop in frames, the label's number, a score in [0, 1].
Segments = list[tuple[float, float, int, float]]


@dataclass(frozen=True)
class TemporalModel:
    """A network, how it is trained, and how its outputs become segments.

    ``make(settings, rngs)`` returns the network, ``loss(network, rows, key)`` the loss of a batch,
    ``targets(segments, labels)`` the arrays that the loss needs beside the inputs, ``outputs(network, sequence)`` the
    network's outputs on a scaled sequence, and ``candidates(outputs, settings)`` segments before soft-NMS.
    ``options`` are numbers kept in the checkpoint's settings; ``steps``, ``rate`` and ``decay`` are those of the training,
    steps and decay as ``benchmarks/search.py`` found them best on validation videos.
    """

    name: str
    make: Callable[[dict, nnx.Rngs], nnx.Module]
    loss: Callable[[nnx.Module, dict[str, jax.Array], jax.Array], jax.Array]
    targets: Callable[[np.ndarray, int], dict[str, np.ndarray]]
    outputs: Callable[[nnx.Module, PersonSequence], Any]
    candidates: Callable[[Any, dict], Segments]
    steps: int
    rate: float
    decay: float
    options: dict[str, float]


def identity(segments: Segments, settings: dict) -> Segments:
    """Return the candidates of a model whose outputs are segments already."""
    return segments


def to_checkpoint(network: nnx.Module, scaling: Scaling, settings: dict) -> Checkpoint:
    """Return the arrays of a checkpoint: the network's weights, the scaling of its inputs, and its settings as JSON."""
    scales = {f"scaling.{name}": value for name, value in vars(scaling).items()}
    return weights_to_arrays(network) | scales | {"settings": settings_bytes(settings)}


def settings_bytes(settings: dict) -> np.ndarray:
    """Return settings as JSON in UTF-8: uint8 (bytes,)."""
    return np.frombuffer(json.dumps(settings, sort_keys=True).encode(), np.uint8)


def settings_of(checkpoint: Checkpoint) -> dict:
    """Return the settings that a checkpoint was trained with."""
    return json.loads(checkpoint["settings"].tobytes())


def read_model_checkpoint(model: TemporalModel, path: Path) -> Checkpoint:
    """Read and check the checkpoint of a model. Raises KinesicsError, naming the file, if it is damaged or another's."""
    checkpoint = read_checkpoint(path, model.name)
    try:
        _check_settings(model, settings_of(checkpoint))
        _check_arrays(model, checkpoint)
        build_network(model, checkpoint)
    except (KinesicsError, ValueError, KeyError, IndexError, TypeError, AttributeError) as error:
        raise KinesicsError(f"{path}: damaged, or of another version, train it again: {one_line(error)}") from None
    return checkpoint


def _check_settings(model: TemporalModel, settings: dict) -> None:
    """Raise KinesicsError if the model was trained with options that it does not have, or without some that it has."""
    known = {*TRAINING, *INPUTS, *model.options}
    if unknown := sorted(settings.keys() - known):
        raise KinesicsError(f"{model.name} has no option {unknown[0]!r}")
    if missing := sorted(known - settings.keys()):
        raise KinesicsError(f"it lacks the option {missing[0]!r}")


def _check_arrays(model: TemporalModel, checkpoint: Checkpoint) -> None:
    """Raise ValueError, or KeyError, if a setting or an array beside the weights cannot be of this model."""
    settings = settings_of(checkpoint)
    numbers = [settings[name] for name in ("descriptor", "token", "rate_hz", *model.options)]
    count, size = len(settings["labels"]), checkpoint["scaling.token_axes"].shape[1]
    if not all(isinstance(number, int | float) for number in numbers):
        raise ValueError("a setting is no number")
    shapes = {
        "scaling.descriptor_mean": (settings["descriptor"],),
        "scaling.descriptor_scale": (settings["descriptor"],),
        "scaling.token_mean": (len(CROPS), size),
        "scaling.token_axes": (len(CROPS), size, settings["token"]),
    }
    optional = {"calibration": (1 + count,), "threshold": (1,), "chances": (count, 3)}
    shapes |= {name: shape for name, shape in optional.items() if name in checkpoint}
    for name, shape in shapes.items():
        if checkpoint[name].shape != shape:
            raise ValueError(f"{name} is {checkpoint[name].shape}, not {shape}")
    for name, values in checkpoint.items():
        if (name in shapes or name.startswith("network.")) and not np.isfinite(values).all():
            raise ValueError(f"{name} is not finite")


def build_network(model: TemporalModel, checkpoint: Checkpoint) -> nnx.Module:
    """Return the network with the weights of a checkpoint. Raises KinesicsError if they are of another version."""
    return fill_weights(*_skeleton(model.make, checkpoint["settings"].tobytes()), checkpoint)


@lru_cache(maxsize=16)
def _skeleton(make: Callable[[dict, nnx.Rngs], nnx.Module], settings: bytes) -> tuple[nnx.GraphDef, nnx.State]:
    """Return the structure of a network and the shapes of its weights.

    Cached, since all recordings share them and making them takes longer than detecting a recording's events.
    """
    return skeleton(partial(make, json.loads(settings)))
