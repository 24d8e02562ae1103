"""Random inputs and large weights for tests of networks."""

import jax
import numpy as np
from flax import nnx

from kinesics.detectors import actionformer, attentive, budgeted, linear, mstcn, sliding_window
from kinesics.models.sequences import CROPS, SLOT, PersonSequence
from kinesics.signals.descriptor import AUDIO_COLUMNS, COLUMNS
from support.toy import RATE

#: The modules of the detectors with a network.
NETWORKS = (budgeted, actionformer, attentive, linear, mstcn, sliding_window)
#: Settings that every one of these networks can be made with.
SETTINGS = {
    "descriptor": len(COLUMNS),
    "audio": AUDIO_COLUMNS,
    "token": 5,
    "labels": ["a", "b", "c"],
    "width": 16,
    "rate_hz": RATE,
    "smooth_s": 0.5,
    **budgeted.SWITCHES,
}


def module_name(module) -> str:
    """Return the last part of a module's name, the id of a parametrised test."""
    return module.__name__.rpartition(".")[2]


def random_sequence(frames: int = 700, token: int = 5, seed: int = 0) -> PersonSequence:
    """Return a sequence of random numbers, of whose tokens about a third were observed."""
    random = np.random.default_rng(seed)
    slots = -(-frames // SLOT)
    observed = (random.random((slots, len(CROPS))) < 0.3).astype(np.float32)
    tokens = random.normal(size=(slots, len(CROPS), token)).astype(np.float32) * observed[..., None]
    descriptor = random.normal(size=(frames, len(COLUMNS))).astype(np.float32)
    return PersonSequence("v", 0, RATE, descriptor, tokens, observed)


def with_large_weights(network: nnx.Module) -> nnx.Module:
    """Return the network with weights so large that every path counts."""
    structure, weights = nnx.split(network)
    leaves, tree = jax.tree.flatten(weights)
    random = np.random.default_rng(1)
    leaves = [leaf + 0.15 * random.normal(size=leaf.shape).astype(np.float32) for leaf in leaves]
    return nnx.merge(structure, jax.tree.unflatten(tree, leaves))
