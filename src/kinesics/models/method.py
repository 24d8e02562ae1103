"""What all learned methods share: examples from clips, training, calibration on validation clips, events.

A method is a ``Method``: its network, its loss, what a training example holds, and how outputs become segments. All see
the same descriptors, tokens, augmentation and splits, and are calibrated alike.
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
from kinesics.models.sequences import (
    CROPS,
    PersonSequence,
    Scaling,
)

ENCODER = "vit_s_focus"

Checkpoint = dict[str, np.ndarray]
#: Start and stop in frames, the label's number, a score in [0, 1].
Segments = list[tuple[float, float, int, float]]


@dataclass(frozen=True)
class TemporalModel:
    """A learned method.

    ``make(settings, rngs)`` gives the network, ``loss(network, rows, key)`` what it minimises, ``targets(segments, labels)``
    the arrays that it needs beside the inputs, ``outputs(network, sequence)`` what it says of a scaled sequence, and
    ``candidates(outputs, settings)`` segments before soft-NMS.
    ``options`` are numbers kept in the model's settings; ``steps``, ``rate`` and ``decay`` are those of the training, steps
    and decay as ``benchmarks/search.py`` found them best on validation videos.
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


def identity(found: Segments, settings: dict) -> Segments:
    """Return the candidates of a method whose outputs are segments already."""
    return found


def to_checkpoint(network: nnx.Module, scale: Scaling, settings: dict) -> Checkpoint:
    """Return what is written of a network: its weights, the scaling of its inputs, and its settings as JSON."""
    scales = {f"scaling.{name}": value for name, value in vars(scale).items()}
    return weights_to_arrays(network) | scales | {"settings": settings_bytes(settings)}


def settings_bytes(settings: dict) -> np.ndarray:
    return np.frombuffer(json.dumps(settings, sort_keys=True).encode(), np.uint8)


def read_model_checkpoint(method: TemporalModel, path: Path) -> Checkpoint:
    """Read what a method has learned. Raises KinesicsError, naming the file, if it is damaged or another's."""
    model = read_checkpoint(path, method.name)
    try:
        settings = settings_of(model)
        numbers = [settings[name] for name in ("descriptor", "token", "rate_hz", *method.options)]
        count, size = len(settings["labels"]), model["scaling.token_axes"].shape[1]
        if not all(isinstance(number, int | float) for number in numbers):
            raise ValueError("a setting is no number")
        shapes = {
            "scaling.descriptor_mean": (settings["descriptor"],),
            "scaling.descriptor_scale": (settings["descriptor"],),
            "scaling.token_mean": (len(CROPS), size),
            "scaling.token_axes": (len(CROPS), size, settings["token"]),
        }
        learned_later = {"calibration": (1 + count,), "threshold": (1,), "chances": (count, 3)}
        shapes |= {name: shape for name, shape in learned_later.items() if name in model}
        for name, shape in shapes.items():
            if model[name].shape != shape:
                raise ValueError(f"{name} is {model[name].shape}, not {shape}")
        for name, values in model.items():
            if (name in shapes or name.startswith("network.")) and not np.isfinite(values).all():
                raise ValueError(f"{name} is not finite")
        build_network(method, model)
    except (KinesicsError, ValueError, KeyError, IndexError, TypeError, AttributeError) as error:
        raise KinesicsError(f"{path}: damaged, or of another version, train it again: {one_line(error)}") from None
    return model


def settings_of(model: Checkpoint) -> dict:
    return json.loads(model["settings"].tobytes())


def build_network(method: TemporalModel, model: Checkpoint) -> nnx.Module:
    return fill_weights(*_skeleton(method.make, model["settings"].tobytes()), model)


@lru_cache(maxsize=16)
def _skeleton(make: Callable[[dict, nnx.Rngs], nnx.Module], settings: bytes) -> tuple[nnx.GraphDef, nnx.State]:
    """Return what is the same of a model's network in every clip, which takes longer to make than the clip's events."""
    return skeleton(partial(make, json.loads(settings)))
