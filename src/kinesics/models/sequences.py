"""Turn recordings and annotations into arrays of fixed shape: a sequence has the inputs of one person in one video.

Frames are grouped in slots of ``SLOT``: the coarsest level at which encoder tokens, queried about twice a second, still
stand apart. A slot holds the mean of its tokens of each crop type, or none.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from kinesics.errors import KinesicsError
from kinesics.signals.descriptor import PERSON
from kinesics.signals.layout import Layout
from kinesics.signals.recording import Recording
from kinesics.structures.timegrid import index

CROPS = ("face", "person")
SLOT = 4  # frames
LIMIT = 5.0  # standard deviations, beyond which scaled inputs are clipped


@dataclass(frozen=True)
class PersonSequence:
    """One person in one video: T frames, S = ceil(T / SLOT) slots."""

    video: str
    person: int
    rate_hz: float
    descriptor: np.ndarray = field(repr=False)  # float32 (T, D)
    tokens: np.ndarray = field(repr=False)  # float32 (S, crops, K), 0 where not observed
    observed: np.ndarray = field(repr=False)  # float32 (S, crops), 1 where observed
    layout: Layout = field(default=PERSON, repr=False)  # of the descriptor


def person_sequences(recording: Recording, encoder: str | None) -> list[PersonSequence]:
    """Return one sequence per person, ascending. Without an ``encoder``, or its features, nothing was observed (K = 1).

    Raises KinesicsError if tokens of a person's crops differ in size.
    """
    tracks = recording.tracks
    features = recording.features.get(encoder) if encoder else None
    sequences = []
    for person in tracks.persons:
        descriptor = recording.descriptor(person)
        slots = -(-len(descriptor) // SLOT)
        crops = features.crops if features else {}
        size = {values.tokens.shape[1] for values in crops.values()} or {1}
        if len(size) > 1:
            raise KinesicsError(
                f"features of {encoder!r} on {tracks.video!r}: crops have tokens of sizes {sorted(size)}"
            )
        tokens = np.zeros((slots, len(CROPS), size.pop()), np.float32)
        count = np.zeros((slots, len(CROPS)), np.float32)
        for column, crop in enumerate(CROPS):
            if crop in crops:
                times, values = crops[crop].of(person)
                slot = index(times, tracks.rate_hz) // SLOT
                inside = slot < slots
                np.add.at(tokens[:, column], slot[inside], values[inside])
                np.add.at(count[:, column], slot[inside], 1)
        tokens /= np.maximum(count, 1)[..., None]
        observed = (count > 0).astype(np.float32)
        sequences.append(
            PersonSequence(tracks.video, person, tracks.rate_hz, descriptor, tokens, observed, recording.layout)
        )
    return sequences


@dataclass(frozen=True)
class Scaling:
    """Means and scales of the training sequences, and the principal axes of their tokens."""

    descriptor_mean: np.ndarray  # (D,)
    descriptor_scale: np.ndarray  # (D,)
    token_mean: np.ndarray  # (crops, K)
    token_axes: np.ndarray  # (crops, K, k)

    def apply(self, sequence: PersonSequence) -> PersonSequence:
        """Return the sequence standardised, its tokens projected on their principal axes; what was not observed stays 0.

        Raises KinesicsError if its descriptor or its tokens are of another size.
        """
        if sequence.descriptor.shape[1] != len(self.descriptor_mean):
            raise KinesicsError(
                f"{sequence.video!r}: a descriptor of {sequence.descriptor.shape[1]} columns, but the model learned on "
                f"{len(self.descriptor_mean)}: it learned from other data"
            )
        if sequence.tokens.shape[2] != self.token_axes.shape[1] and sequence.observed.any():
            raise KinesicsError(
                f"{sequence.video!r}: tokens of {sequence.tokens.shape[2]} numbers, but the model learned on "
                f"{self.token_axes.shape[1]}: they come from another encoder"
            )
        descriptor = np.clip((sequence.descriptor - self.descriptor_mean) / self.descriptor_scale, -LIMIT, LIMIT)
        descriptor *= sequence.descriptor[:, sequence.layout.visible, None]
        if sequence.observed.any():
            tokens = np.einsum("sck,ckd->scd", sequence.tokens - self.token_mean, self.token_axes)
        else:
            tokens = np.zeros((*sequence.observed.shape, self.token_axes.shape[2]))
        tokens = np.clip(tokens, -LIMIT, LIMIT) * sequence.observed[..., None]
        return PersonSequence(
            **{**vars(sequence), "descriptor": descriptor.astype(np.float32), "tokens": tokens.astype(np.float32)}
        )


def fit_scaling(sequences: Sequence[PersonSequence], directions: int) -> Scaling:
    """Return the scaling of training sequences: means, deviations, and the first principal axes of tokens, whitened.

    Raises KinesicsError if tokens differ in size.
    """
    sizes = {sequence.tokens.shape[2]: sequence.video for sequence in sequences}
    if len(sizes) > 1:
        listed = ", ".join(f"{size} in {video!r}" for size, video in sorted(sizes.items()))
        raise KinesicsError(f"tokens of several sizes ({listed}): they come from several encoders")
    descriptor = np.concatenate(
        [sequence.descriptor[sequence.descriptor[:, sequence.layout.visible] > 0] for sequence in sequences]
    ).astype(np.float64)
    if not len(descriptor):
        descriptor = np.zeros((1, sequences[0].descriptor.shape[1]))
    means, axes = [], []
    for crop in range(len(CROPS)):
        tokens = np.concatenate([sequence.tokens[sequence.observed[:, crop] > 0, crop] for sequence in sequences])
        mean, whitened = _whitening(tokens.astype(np.float64), directions)
        means.append(mean)
        axes.append(whitened)
    return Scaling(descriptor.mean(0), np.maximum(descriptor.std(0), 0.05), np.stack(means), np.stack(axes))


def _whitening(tokens: np.ndarray, directions: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the mean of tokens (N, K) and their first principal axes, whitened: (K,) and (K, directions).

    The sign of each axis makes its largest weight positive: eigenvectors come with either sign. Missing axes are 0.
    """
    size = tokens.shape[1]
    if len(tokens) < 2:
        return np.zeros(size), np.zeros((size, directions))
    values, vectors = np.linalg.eigh(np.cov(tokens.T).reshape(size, size))
    values, vectors = values[::-1][:directions], vectors[:, ::-1][:, :directions]
    vectors *= np.sign(vectors[np.abs(vectors).argmax(0), np.arange(vectors.shape[1])])
    # Small directions are noise: they are scaled up to at most a tenth of the largest's deviation.
    whitened = vectors / np.sqrt(np.maximum(values, max(values[0] * 1e-2, 1e-12)))
    return tokens.mean(0), np.pad(whitened, ((0, 0), (0, directions - whitened.shape[1])))


def labels_of(truth: Sequence[pd.DataFrame], videos: set[str]) -> list[str]:
    """Return the labels that occur in these videos, sorted."""
    return sorted({label for table in truth for label in table.loc[table["video"].isin(videos), "label"]})


def annotated_segments(sequence: PersonSequence, events: pd.DataFrame, labels: Sequence[str]) -> np.ndarray:
    """Return the person's events as (start, stop, label number) in frames: float (E, 3)."""
    rows = events[(events["video"] == sequence.video) & (events["person"] == sequence.person)]
    rows = rows[rows["label"].isin(labels)]
    number = [labels.index(label) for label in rows["label"]]
    return np.stack(
        [rows["start_s"] * sequence.rate_hz, rows["end_s"] * sequence.rate_hz, np.array(number, float)], 1
    ).astype(float)


def active(segments: np.ndarray, frames: int, labels: int) -> np.ndarray:
    """Return the labels that are on at the middle of each frame: float32 (frames, labels), 1 where on."""
    out = np.zeros((frames, labels), np.float32)
    middle = np.arange(frames) + 0.5
    for start, stop, label in segments:
        out[(middle >= start) & (middle < stop), int(label)] = 1
    return out


def time_warp(
    sequence: PersonSequence, segments: np.ndarray, speed: float, mirror: bool
) -> tuple[PersonSequence, np.ndarray]:
    """Return a sequence and its segments ``speed`` times as fast, and mirrored if ``mirror``.

    Tokens keep their crop type and their values: how they change under a mirror is not known.
    """
    descriptor, tokens, observed, layout = sequence.descriptor, sequence.tokens, sequence.observed, sequence.layout
    if speed != 1:
        frames = max(round(len(descriptor) / speed), 1)
        source = np.minimum((np.arange(frames) + 0.5) * speed - 0.5, len(descriptor) - 1).clip(0)
        low = np.floor(source).astype(int)
        high = np.minimum(low + 1, len(descriptor) - 1)
        share = (source - low)[:, None].astype(np.float32)
        descriptor = descriptor[low] * (1 - share) + descriptor[high] * share
        motion = layout.motion
        descriptor[:, motion] = np.log1p(np.expm1(descriptor[:, motion].clip(0)) * speed)
        slots = -(-frames // SLOT)
        old, crop = np.nonzero(observed)
        new = np.minimum(((old + 0.5) / speed).astype(int), slots - 1)
        moved, count = np.zeros((slots, *tokens.shape[1:]), np.float32), np.zeros((slots, len(CROPS)), np.float32)
        np.add.at(moved, (new, crop), tokens[old, crop])
        np.add.at(count, (new, crop), 1)
        tokens, observed = moved / np.maximum(count, 1)[..., None], (count > 0).astype(np.float32)
    if mirror:
        order, sign = layout.mirror
        descriptor = descriptor[:, order] * sign
    scaled = segments.copy()
    scaled[:, :2] /= speed
    return PersonSequence(
        sequence.video, sequence.person, sequence.rate_hz, descriptor, tokens, observed, layout
    ), scaled


def window_starts(frames: int, length: int) -> list[int]:
    """Return the starts of as few windows of ``length`` as cover ``frames``, evenly spread, on whole slots."""
    count = max(-(-frames // length), 1)
    last = max(frames - length, 0)
    return [round(last * k / max(count - 1, 1) / SLOT) * SLOT for k in range(count)]


def pad_cut(values: np.ndarray, start: int, length: int) -> np.ndarray:
    """Return ``length`` rows from ``start`` on, which may be negative: float32, 0 where ``values`` has no row."""
    out = np.zeros((length, *values.shape[1:]), np.float32)
    first, last = max(start, 0), min(start + length, len(values))
    if first < last:
        out[first - start : last - start] = values[first:last]
    return out
