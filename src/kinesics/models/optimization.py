"""The training loop of the temporal models: compiled once, all steps in one scan, the same bytes every time.

AdamW (Loshchilov & Hutter 2019) with a warm-up and a cosine, gradients clipped to norm 1, and a moving average of the
weights, which is the result (Polyak averaging).
"""

from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
from flax import nnx
from jax.flatten_util import ravel_pytree

from kinesics.errors import KinesicsError

Batch = dict[str, jax.Array]
Loss = Callable[[nnx.Module, Batch, jax.Array], jax.Array]

WARM_UP = 0.1  # share of the steps
#: Options of the compiler: its costly passes and emitters save less time in the steps than they take in compiling them.
QUICK = {"xla_llvm_disable_expensive_passes": True, "xla_cpu_use_fusion_emitters": False}
#: Share of the initial weights of layers by name: residual branches and outputs begin near 0, the linear path at 0.
SMALL = {"out": 0.1, "frame_out": 0.1, "straight": 0.0}
FINAL = 0.02  # learning rate at the end, relative to the highest


def train(  # noqa: PLR0913 - keyword-only settings
    make: Callable[[nnx.Rngs], nnx.Module],
    loss: Loss,
    data: dict[str, np.ndarray],
    *,
    steps: int,
    batch: int,
    rate: float,
    decay: float,
    seed: int,
) -> tuple[nnx.Module, np.ndarray]:
    """Return the trained network and the loss of each step (steps,).

    ``data`` are arrays with one row per example; a step draws ``batch`` rows from a shuffled order and minimises
    ``loss(network, rows, key)``. ``rate`` is the highest learning rate, ``decay`` AdamW's decay of the weights, relative to
    it. Raises KinesicsError if the loss is not finite.
    """
    examples = len(next(iter(data.values())))
    structure, weights = nnx.split(initial_weights(make, seed))
    random = np.random.default_rng(seed)
    rounds = -(-steps * batch // examples)
    order = np.concatenate([random.permutation(examples) for _ in range(rounds)])[: steps * batch]
    average, curve = _scan(
        structure,
        loss,
        steps,
        weights,
        {name: jnp.asarray(_padded(part)) for name, part in data.items()},
        jnp.asarray(order.reshape(steps, batch)),
        jax.random.split(jax.random.key(seed), steps),
        jnp.float32(rate),
        jnp.float32(decay),
    )
    curve = np.asarray(curve)
    if not np.isfinite(curve).all():
        raise KinesicsError(f"training diverged at step {int(np.flatnonzero(~np.isfinite(curve))[0])}: lower the rate")
    return nnx.merge(structure, average), curve


def _padded(part: np.ndarray) -> np.ndarray:
    """Return an array with rows of zeros up to a power of two: folds of nearly as many examples share one program.

    No step draws them.
    """
    more = (1 << (len(part) - 1).bit_length()) - len(part)
    return np.concatenate([part, np.zeros((more, *part.shape[1:]), part.dtype)])


def initial_weights(make: Callable[[nnx.Rngs], nnx.Module], seed: int) -> nnx.Module:
    """Return the network as it is before training: weights are normal with deviation 1 / sqrt(inputs) (LeCun et al. 1998).

    Layers whose name is in SMALL start at that share. Drawn outside of JAX, which would compile one program per shape.
    """
    structure, weights = nnx.split(make(nnx.Rngs(seed)))
    random, flat = np.random.default_rng(seed), nnx.to_flat_state(weights)
    drawn = [
        value.replace(
            jnp.asarray(random.normal(0, SMALL.get(path[-2], 1) / np.sqrt(value.shape[0]), value.shape), jnp.float32)
        )
        if path[-1] == "kernel"
        else value
        for path, value in flat
    ]
    return nnx.merge(structure, nnx.from_flat_state(list(zip((path for path, _ in flat), drawn, strict=True))))


@partial(jax.jit, static_argnums=(0, 1, 2), compiler_options=QUICK)
def _scan(  # noqa: PLR0913 - the arguments of a compiled program
    structure: nnx.GraphDef,
    loss: Loss,
    steps: int,
    weights: nnx.State,
    data: Batch,
    order: jax.Array,
    keys: jax.Array,
    rate: jax.Array,
    decay: jax.Array,
) -> tuple[nnx.State, jax.Array]:
    """Return the averaged weights and the loss of each step.

    ``data`` is an argument, since a closure over it would be compiled as constants.
    """
    # One vector of all weights: the optimiser then compiles to a few operations, not to a few per layer.
    flat, as_tree = ravel_pytree(weights)
    shape = optax.warmup_cosine_decay_schedule(0, 1, round(WARM_UP * steps), steps, FINAL)
    optimiser = optax.chain(
        optax.clip_by_global_norm(1.0), optax.adamw(lambda step: rate * shape(step), weight_decay=decay)
    )
    keep = 1 - 10 / max(steps, 20)  # the average reaches back a tenth of the steps

    def step(state: tuple, inputs: tuple) -> tuple:
        flat, average, moments = state
        rows, key = inputs
        drawn = {name: part[rows] for name, part in data.items()}
        value, gradient = jax.value_and_grad(lambda weights: loss(nnx.merge(structure, weights), drawn, key))(
            as_tree(flat)
        )
        updates, moments = optimiser.update(ravel_pytree(gradient)[0], moments, flat)
        flat = flat + updates
        return (flat, keep * average + (1 - keep) * flat, moments), value

    (_, average, _), curve = jax.lax.scan(step, (flat, flat, optimiser.init(flat)), (order, keys))
    return as_tree(average), curve


def weights_to_arrays(network: nnx.Module, prefix: str = "network") -> dict[str, np.ndarray]:
    """Return a network's weights by name, as they are written to a checkpoint."""
    flat = nnx.to_flat_state(nnx.state(network))
    return {".".join([prefix, *map(str, path)]): np.asarray(value[...]) for path, value in flat}


def skeleton(make: Callable[[nnx.Rngs], nnx.Module]) -> tuple[nnx.GraphDef, nnx.State]:
    """Return a network's structure and the shapes of its weights."""
    return nnx.split(nnx.eval_shape(lambda: make(nnx.Rngs(0))))


def fill_weights(
    structure: nnx.GraphDef, shapes: nnx.State, arrays: dict[str, Any], prefix: str = "network"
) -> nnx.Module:
    """Return the network of a ``skeleton`` with the weights of ``weights_to_arrays``.

    Raises KinesicsError if a weight is missing or of another shape.
    """
    flat = dict(nnx.to_flat_state(shapes))
    for path, value in flat.items():
        name = ".".join([prefix, *map(str, path)])
        if name not in arrays or arrays[name].shape != value.shape:
            shape = arrays[name].shape if name in arrays else "missing"
            raise KinesicsError(f"the model's {name} is {shape}, not {value.shape}: it was learned by another version")
        flat[path] = value.replace(jnp.asarray(arrays[name]))
    return nnx.merge(structure, nnx.from_flat_state(flat))
