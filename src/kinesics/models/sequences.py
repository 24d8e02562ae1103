"""From clips and truth to arrays of fixed shape: a sequence is what is known of one person in one video.

Frames are grouped in slots of ``SLOT``: the coarsest level at which foundation tokens, asked about twice a second, still
stand apart. A slot holds the mean of its tokens of each kind of crop, or none.
"""

from collections.abc import Sequence as Several
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


def person_sequences(clip: Recording, encoder: str | None) -> list[PersonSequence]:
    """Return a sequence a person, ascending. Without an ``encoder``, or its features, nothing was observed (K = 1).

    Raises KinesicsError if tokens of a person's crops differ in size.
    """
    tracks = clip.tracks
    features = clip.features.get(encoder) if encoder else None
    found = []
    for person in tracks.persons:
        descriptor = clip.descriptor(person)
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
        found.append(PersonSequence(tracks.video, person, tracks.rate_hz, descriptor, tokens, observed, clip.layout))
    return found


@dataclass(frozen=True)
class Scaling:
    """What the training sequences say of the size of numbers: means and scales, and the tokens' main directions."""

    descriptor_mean: np.ndarray  # (D,)
    descriptor_scale: np.ndarray  # (D,)
    token_mean: np.ndarray  # (crops, K)
    token_axes: np.ndarray  # (crops, K, k)

    def apply(self, sequence: PersonSequence) -> PersonSequence:
        """Return the sequence standardised, its tokens turned to their main directions; what was not observed stays 0.

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
        descriptor *= sequence.descriptor[:, sequence.layout.seen, None]
        if sequence.observed.any():
            tokens = np.einsum("sck,ckd->scd", sequence.tokens - self.token_mean, self.token_axes)
        else:
            tokens = np.zeros((*sequence.observed.shape, self.token_axes.shape[2]))
        tokens = np.clip(tokens, -LIMIT, LIMIT) * sequence.observed[..., None]
        return PersonSequence(
            **{**vars(sequence), "descriptor": descriptor.astype(np.float32), "tokens": tokens.astype(np.float32)}
        )


LIMIT = 5.0  # standard deviations


def fit_scaling(found: Several[PersonSequence], directions: int) -> Scaling:
    """Return the scaling of training sequences: means, deviations, and the first principal axes of tokens, whitened.

    Each axis' sign makes its largest weight positive: eigenvectors come with either sign.
    """
    sizes = {one.tokens.shape[2]: one.video for one in found}
    if len(sizes) > 1:
        told = ", ".join(f"{size} in {video!r}" for size, video in sorted(sizes.items()))
        raise KinesicsError(f"tokens of several sizes ({told}): they come from several encoders")
    descriptor = np.concatenate([one.descriptor[one.descriptor[:, one.layout.seen] > 0] for one in found]).astype(
        np.float64
    )
    means, axes = [], []
    for crop in range(len(CROPS)):
        tokens = np.concatenate([one.tokens[one.observed[:, crop] > 0, crop] for one in found]).astype(np.float64)
        size = found[0].tokens.shape[2]
        if len(tokens) < 2:
            means.append(np.zeros(size))
            axes.append(np.zeros((size, directions)))
            continue
        means.append(tokens.mean(0))
        values, vectors = np.linalg.eigh(np.cov(tokens.T).reshape(size, size))
        values, vectors = values[::-1][:directions], vectors[:, ::-1][:, :directions]
        vectors *= np.sign(vectors[np.abs(vectors).argmax(0), np.arange(vectors.shape[1])])
        # Small directions are noise: they are scaled up to at most a tenth of the largest's deviation.
        whitened = vectors / np.sqrt(np.maximum(values, max(values[0] * 1e-2, 1e-12)))
        axes.append(np.pad(whitened, ((0, 0), (0, directions - whitened.shape[1]))))
    if not len(descriptor):
        descriptor = np.zeros((1, found[0].descriptor.shape[1]))
    return Scaling(descriptor.mean(0), np.maximum(descriptor.std(0), 0.05), np.stack(means), np.stack(axes))


def labels_of(truth: Several[pd.DataFrame], videos: set[str]) -> list[str]:
    """Return the labels that occur in these videos, sorted."""
    return sorted({label for table in truth for label in table.loc[table["video"].isin(videos), "label"]})


def annotated_segments(sequence: PersonSequence, events: pd.DataFrame, labels: Several[str]) -> np.ndarray:
    """Return the person's events as (start, stop, label number) in frames: float (E, 3)."""
    mine = events[(events["video"] == sequence.video) & (events["person"] == sequence.person)]
    mine = mine[mine["label"].isin(labels)]
    number = [labels.index(label) for label in mine["label"]]
    return np.stack(
        [mine["start_s"] * sequence.rate_hz, mine["end_s"] * sequence.rate_hz, np.array(number, float)], 1
    ).astype(float)


def active(segments: np.ndarray, frames: int, labels: int) -> np.ndarray:
    """Return which labels are on in each frame, judged at its middle: float32 (frames, labels)."""
    out = np.zeros((frames, labels), np.float32)
    middle = np.arange(frames) + 0.5
    for start, stop, label in segments:
        out[(middle >= start) & (middle < stop), int(label)] = 1
    return out


def time_warp(
    sequence: PersonSequence, segments: np.ndarray, speed: float, mirror: bool
) -> tuple[PersonSequence, np.ndarray]:
    """Return a sequence and its segments played ``speed`` times as fast, and mirrored if told so.

    Tokens keep their crop: what a mirror changes in them is not known.
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
    """Return ``length`` rows from ``start`` on, which may be negative, 0 where there are none."""
    out = np.zeros((length, *values.shape[1:]), np.float32)
    first, last = max(start, 0), min(start + length, len(values))
    if first < last:
        out[first - start : last - start] = values[first:last]
    return out
