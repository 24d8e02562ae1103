"""The proposal: a dense person descriptor, sparse foundation tokens where they pay, a multi-scale anchor-free head.

Every person's sequence goes through ``head.network``; runs of frames become candidates, scored by what the frames say and
by how well a step's segment agrees; soft-NMS a label; scores calibrated on validation clips. Trained with random
budgets, from no token to all of them, so that one model serves every budget. Tokens that were not observed are simply not
in the clip's features: what ``budget.py`` leaves out, or what ``encode`` was not told to ask.
"""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx

from kinesics.detectors.acquisition import crop_type_of
from kinesics.detectors.base import Utility
from kinesics.detectors.temporal import TemporalDetector
from kinesics.models import framewise, losses, method
from kinesics.models.augmentation import LENGTH, add_noise
from kinesics.models.decoding import CORE, FLOOR, run_in_windows
from kinesics.models.inference import scaled_sequences
from kinesics.models.method import Checkpoint, Segments, TemporalModel, build_network, settings_of
from kinesics.models.optimization import QUICK
from kinesics.models.pyramid import REACH, Network, core_steps, step_valid, targets
from kinesics.models.sequences import CROPS, PersonSequence
from kinesics.signals.descriptor import PERSON_SEEN
from kinesics.signals.recording import Recording
from kinesics.structures.boxes import temporal_iou

ENCODER = method.ENCODER  # whose calls a budget saves
SIGNED_LIMIT = 10.0  # frames, a second at 10 Hz: beyond, how far a boundary is does not matter


def make(settings: dict, rngs: nnx.Rngs) -> Network:
    see = {name: bool(settings[name]) for name in ("cheap", "tokens", "scales")}
    see["hidden"] = [k for kind, columns in settings["audio"].items() if not settings[kind] for k in columns]
    network = Network(
        settings["descriptor"], settings["token"], len(settings["labels"]), settings["width"], rngs, **see
    )
    network.budgets, network.signed = bool(settings["budgets"]), bool(settings["signed"])
    return network


def step_targets(segments: np.ndarray, labels: int) -> dict[str, np.ndarray]:
    is_there, distance = targets(segments, LENGTH, labels)
    return {"is_there": is_there, "distance": distance.astype(np.float16)}


def random_budget(observed: jax.Array, motion: jax.Array, key: jax.Array) -> jax.Array:
    """Return ``observed`` (B, S, crops) with about a random share of its tokens left: none, all, or log-uniform between.

    Those left are drawn at random or, by a random strength, where more moves, as a policy may do.
    """
    kind, share, strength, draw = jax.random.split(key, 4)
    batch = observed.shape[0]
    kind = jax.random.uniform(kind, (batch, 1, 1))
    share = jnp.exp(jax.random.uniform(share, (batch, 1, 1), minval=np.log(0.01), maxval=0.0))
    share = jnp.where(kind < 0.1, 0.0, jnp.where(kind < 0.4, 1.0, share))
    wish = jnp.exp(jax.random.uniform(strength, (batch, 1, 1), maxval=4.0) * motion[..., None]) * observed
    wish = wish * observed.sum((1, 2), keepdims=True) / jnp.maximum(wish.sum((1, 2), keepdims=True), 1e-6)
    chance = jnp.where(share < 1, share * wish, 1.0)
    return observed * (jax.random.uniform(draw, observed.shape) < chance)


def loss(network: Network, rows: dict[str, jax.Array], key: jax.Array) -> jax.Array:
    """Return the focal loss of steps and frames, and DIoU and quality losses of the steps with an event."""
    choose, shake = jax.random.split(key)
    observed = random_budget(rows["observed"], rows["motion"], choose) if network.budgets else rows["observed"]
    descriptor = add_noise(rows["descriptor"], shake)
    tokens = rows["tokens"] * observed[..., None]
    frame, steps = network(descriptor, tokens, observed, framewise.mean_token(tokens, observed), rows["valid"])
    there = rows["is_there"].astype(jnp.float32)
    inside = step_valid(rows["valid"])[..., None]
    count = jnp.maximum(there.sum(), 1)
    distance = rows["distance"].astype(jnp.float32)
    found = (losses.focal(steps[..., 0], there) * inside).sum() / count
    place = (losses.diou(steps[..., 1:3], distance) * there).sum() / count
    overlap = jax.lax.stop_gradient(losses.segment_iou(steps[..., 1:3], distance))
    quality = (losses.binary_cross_entropy(steps[..., 3], overlap) * there).sum() / count
    if network.signed:
        shown = losses.smooth_l1(frame, losses.signed_distance(rows["active"], SIGNED_LIMIT))
    else:
        shown = losses.focal(frame, rows["active"], alpha=0.5)
    shown = (shown * rows["valid"][..., None]).sum() / jnp.maximum(rows["active"].sum(), 1)
    return found + place + 0.5 * quality + 2 * shown


@partial(jax.jit, static_argnums=0, compiler_options=QUICK)
def forward(structure: nnx.GraphDef, weights: nnx.State, *inputs: jax.Array) -> tuple[jax.Array, jax.Array]:
    """Return the network's outputs with probabilities in place of logits."""
    frame, steps = nnx.merge(structure, weights)(*inputs)
    there, distance, quality = steps[..., :1], steps[..., 1:3], steps[..., 3:]
    return jax.nn.sigmoid(frame), jnp.concatenate([jax.nn.sigmoid(there), distance, jax.nn.sigmoid(quality)], -1)


def outputs(network: Network, sequence: PersonSequence, core: int = CORE) -> tuple[np.ndarray, np.ndarray]:
    """Return what the network says of a scaled sequence: frame probabilities (T, C) and candidates (N, 5).

    A candidate is start and stop in frames, label number, class probability and quality; those with a class probability
    under FLOOR are left out.
    """
    structure, weights = nnx.split(network)
    mine, middle, stride = core_steps(core)
    frames, candidates = [], []
    for start, (frame, steps) in run_in_windows(partial(forward, structure, weights), sequence, REACH, core):
        frames.append(np.asarray(frame)[0, REACH : REACH + core])
        steps = np.asarray(steps)[0, mine]
        at = middle + start
        here, label = np.nonzero((steps[..., 0] >= FLOOR) & (at < len(sequence.descriptor))[:, None])
        chosen, unit, centre = steps[here, label], stride[here], at[here]
        ends = [centre - chosen[:, 1] * unit, centre + chosen[:, 2] * unit]
        candidates.append(np.stack([*ends, label, chosen[:, 0], chosen[:, 3]], 1))
    return np.concatenate(frames)[: len(sequence.descriptor)], np.concatenate(candidates)


def candidates(said: tuple[np.ndarray, np.ndarray], settings: dict) -> Segments:
    """Return the runs of frames (``framewise.grouped``), each with the geometric mean of two opinions as its score.

    One is the frames' own, their mean probability inside; the other that of the steps: the best, over the label's step
    segments, of tIoU with the run times the geometric mean of class and quality. Frames say best where an event ends,
    steps whether it is one: on validation videos of the stage each alone ranks worse.
    """
    frame, found = said
    label, sure = found[:, 2].astype(int), np.sqrt(found[:, 3] * found[:, 4])
    proposed = []
    for start, stop, run, mean in framewise.group_frames(frame, settings):
        mine = label == run
        if mine.any():
            agree = (temporal_iou([[start, stop]], found[mine, :2])[0] * sure[mine]).max()
            proposed.append((start, stop, run, np.sqrt(agree * mean)))
    return proposed


OPTIONS = {"width": 64, "sigma": 0.4, "smooth_s": 0.3}
#: What ablations switch: whether the network gets the person descriptor and the tokens, and of the descriptor audio and text;
#: whether its scales are fused; whether it trains with random budgets or with all tokens; and whether its frames learn signed
#: distances to the nearest boundary (after the boundary distance regression of Shihab et al. 2025, arXiv:2511.03943) in place
#: of being on or off.
SWITCHES = {"cheap": 1, "tokens": 1, "sound": 1, "words": 1, "scales": 1, "budgets": 1, "signed": 0}
MODEL = TemporalModel("budgeted", make, loss, step_targets, outputs, candidates, 500, 2e-3, 4.0, OPTIONS | SWITCHES)


class BudgetedDetector(TemporalDetector):
    """The proposal, which can also say where tokens would help."""

    encoder = ENCODER

    def uncertainty(self, checkpoint: Checkpoint, recording: Recording) -> Utility:
        """Return the entropy of the frames' probabilities without any token.

        For each person and crop type: the sum of the entropies, in nats, of the labels that show there, (frames,). Tokens
        that the recording has are ignored.
        """
        labels, network = settings_of(checkpoint)["labels"], build_network(self.model, checkpoint)
        utility = {}
        for sequence in scaled_sequences(checkpoint, recording, None):
            p = outputs(network, sequence)[0].clip(1e-6, 1 - 1e-6)
            entropy = -(p * np.log(p) + (1 - p) * np.log(1 - p)) * (sequence.descriptor[:, PERSON_SEEN, None] > 0)
            for crop in CROPS:
                utility[sequence.person, crop] = entropy[:, [crop_type_of(label) == crop for label in labels]].sum(1)
        return utility


DETECTOR = BudgetedDetector(MODEL)
