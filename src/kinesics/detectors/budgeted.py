"""A temporal model with a token budget: a dense person descriptor, encoder tokens, an anchor-free network.

Every person's sequence goes through ``pyramid.Network``; runs of frames become candidates, scored by the probabilities of
their frames and by the steps whose segments overlap them; soft-NMS per label; scores calibrated on validation recordings.
Trained with random token budgets, from no token to all of them, so that one checkpoint serves every budget. Tokens that were
not observed are not in the recording's features: those of queries that ``acquisition`` did not select.
"""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx

from kinesics.detectors.acquisition import crop_type_of
from kinesics.detectors.base import Utility
from kinesics.detectors.temporal import TemporalDetector
from kinesics.models import framewise, losses
from kinesics.models.augmentation import LENGTH, add_noise
from kinesics.models.decoding import CORE, FLOOR, run_in_windows
from kinesics.models.inference import scaled_sequences
from kinesics.models.optimization import QUICK
from kinesics.models.pyramid import REACH, Ablation, Network, core_steps, step_valid, targets
from kinesics.models.sequences import CROPS, PersonSequence
from kinesics.models.temporal_model import (
    ENCODER,
    Checkpoint,
    Segments,
    TemporalModel,
    build_network,
    settings_of,
)
from kinesics.signals.recording import Recording
from kinesics.structures.boxes import temporal_iou


def make(settings: dict, rngs: nnx.Rngs) -> Network:
    """Return the network with the parts that ``SWITCHES`` in the settings leave it."""
    hidden = tuple(k for kind, columns in settings["audio"].items() if not settings[f"use_{kind}"] for k in columns)
    parts = (bool(settings[name]) for name in ("use_descriptor", "use_tokens", "fuse_scales"))
    ablation = Ablation(*parts, hidden)
    network = Network(
        settings["descriptor"], settings["token"], len(settings["labels"]), settings["width"], rngs, ablation
    )
    network.random_budgets = bool(settings["random_budgets"])
    return network


def step_targets(segments: np.ndarray, labels: int) -> dict[str, np.ndarray]:
    """Return the targets of the steps (``pyramid.targets``)."""
    positive, distance = targets(segments, LENGTH, labels)
    return {"is_there": positive, "distance": distance.astype(np.float16)}


def random_budget(observed: jax.Array, motion: jax.Array, key: jax.Array) -> jax.Array:
    """Return ``observed`` (B, S, crops) with about a random share of its tokens kept: none, all, or log-uniform between.

    Those kept are drawn at random or, by a random strength, rather where there is more motion, as by a policy.
    """
    kind, share, strength, draw = jax.random.split(key, 4)
    batch = observed.shape[0]
    kind = jax.random.uniform(kind, (batch, 1, 1))
    share = jnp.exp(jax.random.uniform(share, (batch, 1, 1), minval=np.log(0.01), maxval=0.0))
    share = jnp.where(kind < 0.1, 0.0, jnp.where(kind < 0.4, 1.0, share))
    weight = jnp.exp(jax.random.uniform(strength, (batch, 1, 1), maxval=4.0) * motion[..., None]) * observed
    weight = weight * observed.sum((1, 2), keepdims=True) / jnp.maximum(weight.sum((1, 2), keepdims=True), 1e-6)
    probability = jnp.where(share < 1, share * weight, 1.0)
    return observed * (jax.random.uniform(draw, observed.shape) < probability)


def loss(network: Network, rows: dict[str, jax.Array], key: jax.Array) -> jax.Array:
    """Return the focal loss of steps and frames, and DIoU and quality losses of the steps with an event."""
    budget_key, noise_key = jax.random.split(key)
    observed = (
        random_budget(rows["observed"], rows["motion"], budget_key) if network.random_budgets else rows["observed"]
    )
    descriptor = add_noise(rows["descriptor"], noise_key)
    tokens = rows["tokens"] * observed[..., None]
    frame, steps = network(descriptor, tokens, observed, framewise.mean_token(tokens, observed), rows["valid"])
    positive = rows["is_there"].astype(jnp.float32)
    inside = step_valid(rows["valid"])[..., None]
    count = jnp.maximum(positive.sum(), 1)
    distance = rows["distance"].astype(jnp.float32)
    step_loss = (losses.focal(steps[..., 0], positive) * inside).sum() / count
    distance_loss = (losses.diou(steps[..., 1:3], distance) * positive).sum() / count
    overlap = jax.lax.stop_gradient(losses.segment_iou(steps[..., 1:3], distance))
    quality_loss = (losses.binary_cross_entropy(steps[..., 3], overlap) * positive).sum() / count
    frame_loss = losses.focal(frame, rows["active"], alpha=0.5)
    frame_loss = (frame_loss * rows["valid"][..., None]).sum() / jnp.maximum(rows["active"].sum(), 1)
    return step_loss + distance_loss + 0.5 * quality_loss + 2 * frame_loss


@partial(jax.jit, static_argnums=0, compiler_options=QUICK)
def forward(structure: nnx.GraphDef, weights: nnx.State, *inputs: jax.Array) -> tuple[jax.Array, jax.Array]:
    """Return the network's outputs with probabilities in place of logits."""
    frame, steps = nnx.merge(structure, weights)(*inputs)
    event, distance, quality = steps[..., :1], steps[..., 1:3], steps[..., 3:]
    return jax.nn.sigmoid(frame), jnp.concatenate([jax.nn.sigmoid(event), distance, jax.nn.sigmoid(quality)], -1)


def outputs(network: Network, sequence: PersonSequence, core: int = CORE) -> tuple[np.ndarray, np.ndarray]:
    """Return the network's outputs on a scaled sequence: frame probabilities (T, C) and step segments (N, 5).

    A step segment is start and stop in frames, label number, class probability and quality; those with a class probability
    below FLOOR are left out.
    """
    structure, weights = nnx.split(network)
    inside, middle, stride = core_steps(core)
    frames, segments = [], []
    for start, (frame, steps) in run_in_windows(partial(forward, structure, weights), sequence, REACH, core):
        frames.append(np.asarray(frame)[0, REACH : REACH + core])
        steps = np.asarray(steps)[0, inside]
        at = middle + start
        here, label = np.nonzero((steps[..., 0] >= FLOOR) & (at < len(sequence.descriptor))[:, None])
        chosen, unit, centre = steps[here, label], stride[here], at[here]
        ends = [centre - chosen[:, 1] * unit, centre + chosen[:, 2] * unit]
        segments.append(np.stack([*ends, label, chosen[:, 0], chosen[:, 3]], 1))
    return np.concatenate(frames)[: len(sequence.descriptor)], np.concatenate(segments)


def candidates(outputs: tuple[np.ndarray, np.ndarray], settings: dict) -> Segments:
    """Return the runs of frames (``framewise.group_frames``), each scored by the geometric mean of two scores.

    One is the frames' mean probability inside; the other the highest, over the label's step segments, of tIoU with the run
    times the geometric mean of class probability and quality. Frames locate the ends of events best, and steps classify
    them best: on synthetic validation videos either score alone ranks worse.
    """
    frame, steps = outputs
    step_label, step_score = steps[:, 2].astype(int), np.sqrt(steps[:, 3] * steps[:, 4])
    segments = []
    for start, stop, label, mean in framewise.group_frames(frame, settings):
        same = step_label == label
        if same.any():
            overlap = (temporal_iou(np.array([[start, stop]]), steps[same, :2])[0] * step_score[same]).max()
            segments.append((start, stop, label, np.sqrt(overlap * mean)))
    return segments


OPTIONS = {"width": 64, "sigma": 0.4, "smooth_s": 0.3}
#: Switches of the ablations, kept in the settings, 1 or 0: whether the network reads the person descriptor, in it the columns
#: of audio and of text, and the tokens; whether coarse scales are added to fine ones; whether training draws random budgets
#: or keeps all tokens.
SWITCHES = {
    "use_descriptor": 1,
    "use_audio": 1,
    "use_text": 1,
    "use_tokens": 1,
    "fuse_scales": 1,
    "random_budgets": 1,
}
MODEL = TemporalModel(
    "budgeted",
    make=make,
    loss=loss,
    targets=step_targets,
    outputs=outputs,
    candidates=candidates,
    steps=500,
    rate=2e-3,
    decay=4.0,
    options=OPTIONS | SWITCHES,
)


class BudgetedDetector(TemporalDetector):
    """The temporal model with a token budget, a ``Budgeted`` detector."""

    encoder = ENCODER

    def uncertainty(self, checkpoint: Checkpoint, recording: Recording) -> Utility:
        """Return the entropy of the frames' probabilities without any token.

        By person and crop type: the sum of the entropies, in nats, of the labels that show in it, (frames,). Tokens that the
        recording has are ignored.
        """
        labels, network = settings_of(checkpoint)["labels"], build_network(self.model, checkpoint)
        utility = {}
        for sequence in scaled_sequences(checkpoint, recording, None):
            p = outputs(network, sequence)[0].clip(1e-6, 1 - 1e-6)
            # Scaling may turn the flag of a person's visibility into 0, the mean: the mask is that of the recording.
            visible = recording.descriptor(sequence.person)[:, recording.layout.visible, None] > 0
            entropy = -(p * np.log(p) + (1 - p) * np.log(1 - p)) * visible
            for crop in CROPS:
                utility[sequence.person, crop] = entropy[:, [crop_type_of(label) == crop for label in labels]].sum(1)
        return utility


DETECTOR = BudgetedDetector(MODEL)
