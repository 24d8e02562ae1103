"""The proposal: a dense cheap stream, sparse foundation tokens where they pay, a multi-scale anchor-free head.

Every person's sequence goes through ``head.network``; step outputs become candidates, scored by the geometric mean of
class, quality and what the frames say; soft-NMS a label; scores calibrated on validation clips. Trained with random
budgets, from no token to all of them, so that one model serves every budget. Tokens that were not asked are simply not
in the clip's features: what ``budget.py`` leaves out, or what ``encode`` was not told to ask.
"""

import json
from functools import partial
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pandas as pd
from flax import nnx

from kinesics import KinesicsError
from kinesics.detectors import Clip, assemble, read_model
from kinesics.head import losses
from kinesics.head.decoding import (
    CORE,
    FLOOR,
    best_threshold,
    calibrated,
    calibration_error,
    in_windows,
    is_hit,
    platt,
    sigmoid,
    soft_nms,
)
from kinesics.head.network import REACH, STRIDES, Network, grid, targets
from kinesics.head.sequences import (
    SLOT,
    Scaling,
    Sequence,
    active,
    cut,
    labels_of,
    scaling,
    segments_of,
    sequences,
    warp,
    windows,
)
from kinesics.head.training import from_arrays, to_arrays, train
from kinesics.streams import MOTION

ENCODER = "vit_s_focus"
LABELS: tuple[str, ...] = ()  # those of the truth it learns from

LENGTH = 640  # frames of a training example: a minute, and what a video of a minute has at slower speeds
WIDTH, DIRECTIONS = 64, 48
STEPS, BATCH, RATE = 500, 4, 2e-3
SPEEDS = (0.85, 1.0, 1.18)  # people act faster and slower
SIGMA = 0.4  # of soft-NMS
NOISE = 0.15  # standard deviations added to the stream


def fit(
    clips: list[Clip], truth: list[pd.DataFrame], seed: int, validation: list[Clip] = (), **options
) -> dict[str, np.ndarray]:
    """Return the network's weights, the scaling of its inputs, and calibration and threshold if there is validation."""
    labels = labels_of(truth, {clip.tracks.video for clip in clips})
    if not labels:
        raise KinesicsError("no event of the truth lies in a training video: there is nothing to learn")
    found = [one for clip in clips for one in sequences(clip, ENCODER)]
    scale = scaling(found, options.get("directions", DIRECTIONS))
    data = examples([scale.apply(one) for one in found], truth, labels)
    rates = {one.rate_hz for one in found}
    if len(rates) > 1:
        raise KinesicsError(f"training tracks have several rates, {sorted(rates)} Hz: track all videos at one")
    settings = {
        "labels": labels,
        "rate_hz": rates.pop(),
        "width": options.get("width", WIDTH),
        "token": scale.token_axes.shape[2],
        "stream": len(scale.stream_mean),
    }
    network, curve = train(
        partial(make, settings),
        loss,
        data,
        steps=options.get("steps", STEPS),
        batch=BATCH,
        rate=options.get("rate", RATE),
        seed=seed,
    )
    model = to_arrays(network) | {f"scaling.{name}": value for name, value in vars(scale).items()}
    model |= {"settings": text(settings), "curve": curve}
    if validation:
        model |= calibrate(model, validation, truth)
    return model


def make(settings: dict, rngs: nnx.Rngs) -> Network:
    return Network(settings["stream"], settings["token"], len(settings["labels"]), settings["width"], rngs)


def text(settings: dict) -> np.ndarray:
    return np.frombuffer(json.dumps(settings, sort_keys=True).encode(), np.uint8)


def examples(found: list[Sequence], truth: list[pd.DataFrame], labels: list[str]) -> dict[str, np.ndarray]:
    """Return training arrays: windows of LENGTH frames of each sequence and coder, at several speeds and mirrored."""
    rows = []
    for sequence in found:
        for coder in truth:
            segments = segments_of(sequence, coder, labels)
            for speed in SPEEDS:
                for mirror in (False, True):
                    one, moved = warp(sequence, segments, speed, mirror)
                    rows += [example(one, moved, start, len(labels)) for start in windows(len(one.stream), LENGTH)]
    return {name: np.stack([row[name] for row in rows]) for name in rows[0]} if rows else {"stream": np.zeros((0, 1))}


def example(sequence: Sequence, segments: np.ndarray, start: int, labels: int) -> dict[str, np.ndarray]:
    """Return one window: inputs, and what each step and frame is to say."""
    inside = segments[(segments[:, 1] > start) & (segments[:, 0] < start + LENGTH)] - [start, start, 0]
    is_there, distance = targets(inside, LENGTH, labels)
    return {
        "stream": cut(sequence.stream, start, LENGTH),
        "tokens": cut(sequence.tokens, start // SLOT, LENGTH // SLOT),
        "asked": cut(sequence.asked, start // SLOT, LENGTH // SLOT),
        "motion": cut(sequence.stream[:, MOTION].mean(1), start, LENGTH).reshape(-1, SLOT).mean(1),
        "valid": cut(np.ones(len(sequence.stream), np.float32), start, LENGTH),
        "is_there": is_there,
        "distance": distance.astype(np.float16),
        "active": active(inside, LENGTH, labels),
    }


def random_budget(asked: jax.Array, motion: jax.Array, key: jax.Array) -> jax.Array:
    """Return ``asked`` (B, S, crops) with a random share of its tokens left: none, all, or log-uniform between.

    Those left are drawn at random or, by a random strength, where more moves, as a policy may do.
    """
    kind, share, strength, noise = jax.random.split(key, 4)
    batch = asked.shape[0]
    kind = jax.random.uniform(kind, (batch, 1))
    share = jnp.exp(jax.random.uniform(share, (batch, 1), minval=jnp.log(0.01), maxval=0.0))
    share = jnp.where(kind < 0.1, 0.0, jnp.where(kind < 0.4, 1.0, share))
    strength = jax.random.uniform(strength, (batch, 1, 1), maxval=4.0)
    wish = jax.random.gumbel(noise, asked.shape) + strength * motion[..., None]
    wish = jnp.where(asked > 0, wish, -jnp.inf).reshape(batch, -1)
    rank = jnp.argsort(jnp.argsort(-wish, axis=1), axis=1)
    kept = rank < jnp.ceil(share * asked.sum((1, 2))[:, None])
    return asked * kept.reshape(asked.shape)


def loss(network: Network, rows: dict[str, jax.Array], key: jax.Array) -> jax.Array:
    """Return the mean focal loss of steps and frames, and DIoU and quality losses over the steps with an event."""
    choose, shake = jax.random.split(key)
    asked = random_budget(rows["asked"], rows["motion"], choose)
    stream = rows["stream"] + NOISE * jax.random.normal(shake, rows["stream"].shape)
    tokens = rows["tokens"] * asked[..., None]
    usual = tokens.sum(1) / jnp.maximum(asked.sum(1), 1)[..., None]
    frame, steps = network(stream, tokens, asked, usual, rows["valid"])
    there = rows["is_there"].astype(jnp.float32)
    inside = step_valid(rows["valid"])[..., None]
    count = jnp.maximum(there.sum(), 1)
    distance = rows["distance"].astype(jnp.float32)
    found = (losses.focal(steps[..., 0], there) * inside).sum() / count
    place = (losses.diou(steps[..., 1:3], distance) * there).sum() / count
    fit_iou = jax.lax.stop_gradient(losses.segment_iou(steps[..., 1:3], distance))
    quality = (losses.binary_cross_entropy(steps[..., 3], fit_iou) * there).sum() / count
    shown = (losses.focal(frame, rows["active"], alpha=0.5) * rows["valid"][..., None]).sum()
    shown /= jnp.maximum(rows["active"].sum(), 1)
    return found + place + 0.5 * quality + 2 * shown


def step_valid(valid: jax.Array) -> jax.Array:
    """Return whether each step output lies in the video: (B, T) to (B, N)."""
    return jnp.concatenate([valid.reshape(len(valid), -1, stride).max(-1) for stride in STRIDES], 1)


@partial(jax.jit, static_argnums=0)
def forward(structure: nnx.GraphDef, weights: nnx.State, *inputs: jax.Array) -> tuple[jax.Array, jax.Array]:
    frame, steps = nnx.merge(structure, weights)(*inputs)
    return jax.nn.sigmoid(frame), jnp.concatenate(
        [jax.nn.sigmoid(steps[..., :1]), steps[..., 1:3], jax.nn.sigmoid(steps[..., 3:])], -1
    )


def outputs(model: dict[str, np.ndarray], sequence: Sequence, core: int = CORE) -> tuple[np.ndarray, np.ndarray]:
    """Return what the network says of a scaled sequence: frame probabilities (T, C) and candidates (N, 5).

    A candidate is start and stop in frames, label number, class probability and quality; those with a class probability
    under FLOOR are left out.
    """
    settings = json.loads(model["settings"].tobytes())
    structure, weights = nnx.split(from_arrays(partial(make, settings), model))
    middle, stride = grid(core + 2 * REACH)
    mine = (middle >= REACH) & (middle < REACH + core)
    frames, candidates = [], []
    for start, (frame, steps) in in_windows(partial(forward, structure, weights), sequence, REACH, core):
        frames.append(np.asarray(frame)[0, REACH : REACH + core])
        steps = np.asarray(steps)[0, mine]
        at = middle[mine] + start - REACH
        here, label = np.nonzero((steps[..., 0] >= FLOOR) & (at < len(sequence.stream))[:, None])
        chosen, unit, centre = steps[here, label], stride[mine][here], at[here]
        candidates.append(
            np.stack([centre - chosen[:, 1] * unit, centre + chosen[:, 2] * unit, label, chosen[:, 0], chosen[:, 3]], 1)
        )
    return np.concatenate(frames)[: len(sequence.stream)], np.concatenate(candidates)


def segments(model: dict[str, np.ndarray], sequence: Sequence, **options) -> list[tuple[int, int, float, float, float]]:
    """Return (person, label number, start, stop, score) of a scaled sequence after soft-NMS; times in frames."""
    frame, candidates = outputs(model, sequence)
    frames, labels = frame.shape
    start, stop = candidates[:, 0].clip(0, frames), candidates[:, 1].clip(0, frames)
    label = candidates[:, 2].astype(int)
    total = np.concatenate([np.zeros((1, labels)), frame.cumsum(0)])
    first = np.round(start).astype(int).clip(0, frames - 1)
    last = np.maximum(np.round(stop).astype(int), first + 1)
    inside = (total[last, label] - total[first, label]) / (last - first)
    score = np.cbrt(candidates[:, 3] * candidates[:, 4] * inside)
    found = []
    for k in range(labels):
        mine = np.flatnonzero((label == k) & (score >= FLOOR) & (stop - start >= 1))
        kept = soft_nms(np.stack([start[mine], stop[mine]], 1), score[mine], options.get("sigma", SIGMA))
        found += [(sequence.person, k, start[i], stop[i], s) for i, s in zip(mine, kept, strict=True) if s > 0]
    return found


def events_of(model: dict[str, np.ndarray], clip: Clip) -> tuple[pd.DataFrame, pd.DataFrame]:
    settings = json.loads(model["settings"].tobytes())
    labels = settings["labels"]
    if clip.tracks.rate_hz != settings["rate_hz"]:
        raise KinesicsError(
            f"tracks of {clip.tracks.video!r} have {clip.tracks.rate_hz:g} Hz, but the model learned at "
            f"{settings['rate_hz']:g} Hz: track again at that rate"
        )
    scale = Scaling(*(model[f"scaling.{name}"] for name in Scaling.__dataclass_fields__))
    found = []
    for sequence in sequences(clip, ENCODER):
        for person, label, start, stop, score in segments(model, scale.apply(sequence)):
            if "calibration" in model:
                score = float(calibrated(np.array([score]), np.array([label]), model["calibration"])[0])
            found.append((person, labels[label], start, stop, score))
    return assemble(clip.tracks, found)


def calibrate(model: dict[str, np.ndarray], validation: list[Clip], truth: list[pd.DataFrame]) -> dict[str, np.ndarray]:
    """Return calibration, threshold, and the calibration error on the validation clips before and after."""
    labels = json.loads(model["settings"].tobytes())["labels"]
    events = pd.concat([events_of(model, clip)[0] for clip in validation], ignore_index=True)
    videos = {clip.tracks.video for clip in validation}
    parts = [is_hit(coder[coder["video"].isin(videos) & coder["label"].isin(labels)], events) for coder in truth]
    events = parts[0][0]
    hits = np.concatenate([part[1] for part in parts]).astype(float)
    scores = np.tile(events["score"].to_numpy(), len(parts))
    groups = np.tile(events["label"].map(labels.index).to_numpy(int), len(parts))
    learned = platt(scores, hits, groups, len(labels))
    after = calibrated(scores, groups, learned)
    truths = sum(int((coder["video"].isin(videos) & coder["label"].isin(labels)).sum()) for coder in truth)
    return {
        "calibration": learned,
        "threshold": np.array([best_threshold(after, hits, truths)]),
        "calibration_error": np.array([calibration_error(scores, hits), calibration_error(after, hits)]),
    }


def detect(clip: Clip, model: Path | None, seed: int = 0) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return events and tubes. ``seed`` is not used."""
    return events_of(read_model(model, "budgeted"), clip)
