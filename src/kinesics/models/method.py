"""What all learned methods share: examples from clips, training, calibration on validation clips, events.

A method is a ``Method``: its network, its loss, what a training example holds, and how outputs become segments. All see
the same streams, tokens, augmentation and splits, and are calibrated alike.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache, partial
from itertools import product
from pathlib import Path
from typing import Any

import jax
import numpy as np
import pandas as pd
from flax import nnx

from kinesics import KinesicsError
from kinesics.detectors import Clip, assemble, read_model
from kinesics.evaluation.calibration import ece
from kinesics.evaluation.detection import average_precision
from kinesics.events import BOX
from kinesics.files import one_line
from kinesics.head.decoding import FLOOR, best_threshold, calibrated, is_hit, platt, soft_nms
from kinesics.head.sequences import (
    CROPS,
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
from kinesics.head.training import filled, skeleton, to_arrays, train

ENCODER = "vit_s_focus"
DIRECTIONS = 48  # principal axes of the tokens: more are noise with a few thousand crops
LENGTH = 336  # frames of a training example: half a minute at 10 Hz, also when it is slowed down a little
SPEEDS = (0.85, 1.0, 1.18)  # people act faster and slower
NOISE = 0.25  # standard deviations by which the stream is shaken at most in training
BATCH = 2  # windows: as accurate on validation videos as four, at half of the cost a step
ECE_BINS = 15  # as Guo et al. 2017, arXiv:1706.04599
#: What is chosen on validation clips, for every method alike: the sigma of soft-NMS, and the seconds over which frames'
#: scores are averaged before they are cut, where a method has it.
SEARCH = {"sigma": (0.2, 0.4, 0.8), "smooth_s": (0.0, 0.3, 0.6, 1.0)}

Model = dict[str, np.ndarray]
#: Start and stop in frames, the label's number, a score in [0, 1].
Segments = list[tuple[float, float, int, float]]


@dataclass(frozen=True)
class Method:
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
    outputs: Callable[[nnx.Module, Sequence], Any]
    candidates: Callable[[Any, dict], Segments]
    steps: int
    rate: float
    decay: float
    options: dict[str, float]


def as_found(found: Segments, settings: dict) -> Segments:
    """Return the candidates of a method whose outputs are segments already."""
    return found


def fit(
    method: Method,
    clips: list[Clip],
    truth: list[pd.DataFrame],
    seed: int,
    validation: list[Clip] = (),
    **options: float,
) -> Model:
    """Return the network's weights, the scaling of its inputs, and calibration and threshold if there is validation.

    ``truth`` is a table a coder: each is an example of its own. ``options`` replace the method's.
    """
    settings, scale, found = prepared(method, clips, truth, **options)
    network, curve = train(
        partial(method.make, settings),
        method.loss,
        examples(method, [scale.apply(one) for one in found], truth, settings["labels"]),
        steps=int(settings["steps"]),
        batch=int(settings["batch"]),
        rate=settings["rate"],
        decay=settings["decay"],
        seed=seed,
    )
    model = to_model(network, scale, settings) | {"curve": curve}
    return model | (calibration(method, model, validation, truth) if validation else {})


def prepared(
    method: Method, clips: list[Clip], truth: list[pd.DataFrame], **options: float
) -> tuple[dict, Scaling, list[Sequence]]:
    """Return the settings, the scaling, and the sequences as they come from the clips.

    Raises KinesicsError if there is nothing to learn, or the tracks have several rates.
    """
    labels = labels_of(truth, {clip.tracks.video for clip in clips})
    if not labels:
        raise KinesicsError("no event of the truth lies in a training video: there is nothing to learn")
    found = [one for clip in clips for one in sequences(clip, ENCODER)]
    if not found:
        raise KinesicsError("there is nothing to learn from: no person is in the training videos")
    if not any(len(segments_of(one, coder, labels)) for one in found for coder in truth):
        raise KinesicsError("no event of the truth is of a person in the training tracks: are persons numbered alike?")
    rates = sorted({one.rate_hz for one in found})
    if len(rates) != 1:
        raise KinesicsError(f"training tracks have several rates, {rates} Hz: track all videos at one")
    usual = {
        "steps": method.steps,
        "rate": method.rate,
        "decay": method.decay,
        "batch": BATCH,
        "directions": DIRECTIONS,
    } | method.options
    if unknown := [name for name in options if name not in usual]:
        raise KinesicsError(f"{unknown[0]!r} is not an option of {method.name}. Its options are {', '.join(usual)}.")
    options = usual | options
    scale = scaling(found, int(options["directions"]))
    inputs = {"stream": len(scale.stream_mean), "token": scale.token_axes.shape[2], "heard": found[0].layout.heard}
    return options | inputs | {"labels": labels, "rate_hz": rates[0]}, scale, found


def to_model(network: nnx.Module, scale: Scaling, settings: dict) -> Model:
    """Return what is written of a network: its weights, the scaling of its inputs, and its settings as JSON."""
    scales = {f"scaling.{name}": value for name, value in vars(scale).items()}
    return to_arrays(network) | scales | {"settings": _as_bytes(settings)}


def _as_bytes(settings: dict) -> np.ndarray:
    return np.frombuffer(json.dumps(settings, sort_keys=True).encode(), np.uint8)


def examples(
    method: Method, found: list[Sequence], truth: list[pd.DataFrame], labels: list[str]
) -> dict[str, np.ndarray]:
    """Return training arrays: windows of LENGTH frames of each sequence and coder, at several speeds, and mirrored if
    that is known."""
    rows = []
    for sequence in found:
        for coder in truth:
            segments = segments_of(sequence, coder, labels)
            for speed in SPEEDS:
                for mirror in (False, True) if sequence.layout.mirror else (False,):
                    one, moved = warp(sequence, segments, speed, mirror)
                    rows += [
                        example(method, one, moved, start, len(labels)) for start in windows(len(one.stream), LENGTH)
                    ]
    return {name: np.stack([row[name] for row in rows]) for name in rows[0]}


def example(method: Method, sequence: Sequence, segments: np.ndarray, start: int, labels: int) -> dict[str, np.ndarray]:
    """Return one window: inputs, and what each frame and step is to say."""
    inside = segments[(segments[:, 1] > start) & (segments[:, 0] < start + LENGTH)] - [start, start, 0]
    return {
        "stream": cut(sequence.stream, start, LENGTH),
        "tokens": cut(sequence.tokens, start // SLOT, LENGTH // SLOT),
        "asked": cut(sequence.asked, start // SLOT, LENGTH // SLOT),
        "motion": cut(sequence.stream[:, sequence.layout.motion].mean(1), start, LENGTH).reshape(-1, SLOT).mean(1),
        "valid": cut(np.ones(len(sequence.stream), np.float32), start, LENGTH),
        "active": active(inside, LENGTH, labels),
    } | method.targets(inside, labels)


def shaken(stream: jax.Array, key: jax.Array) -> jax.Array:
    """Return the stream with uniform noise of 256 levels: as good as more, and quicker to draw and to compile."""
    level = jax.random.bits(key, stream.shape, np.uint8).astype(np.float32)
    return stream + NOISE * (level / 127.5 - 1)


def read(method: Method, path: Path) -> Model:
    """Read what a method has learned. Raises KinesicsError, naming the file, if it is damaged or another's."""
    model = read_model(path, method.name)
    try:
        settings = settings_of(model)
        numbers = [settings[name] for name in ("stream", "token", "rate_hz", *method.options)]
        count, size = len(settings["labels"]), model["scaling.token_axes"].shape[1]
        if not all(isinstance(number, int | float) for number in numbers):
            raise ValueError("a setting is no number")
        shapes = {
            "scaling.stream_mean": (settings["stream"],),
            "scaling.stream_scale": (settings["stream"],),
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
        network_of(method, model)
    except (KinesicsError, ValueError, KeyError, IndexError, TypeError, AttributeError) as error:
        raise KinesicsError(f"{path}: damaged, or of another version, train it again: {one_line(error)}") from None
    return model


def settings_of(model: Model) -> dict:
    return json.loads(model["settings"].tobytes())


def network_of(method: Method, model: Model) -> nnx.Module:
    return filled(*_skeleton(method.make, model["settings"].tobytes()), model)


@lru_cache(maxsize=16)
def _skeleton(make: Callable[[dict, nnx.Rngs], nnx.Module], settings: bytes) -> tuple[nnx.GraphDef, nnx.State]:
    """Return what is the same of a model's network in every clip, which takes longer to make than the clip's events."""
    return skeleton(partial(make, json.loads(settings)))


def scaled(model: Model, clip: Clip, encoder: str | None = ENCODER) -> list[Sequence]:
    """Return the clip's sequences in the model's scale. Raises KinesicsError for tracks of another rate."""
    if clip.tracks.rate_hz != settings_of(model)["rate_hz"]:
        raise KinesicsError(
            f"tracks of {clip.tracks.video!r} have {clip.tracks.rate_hz:g} Hz, but the model learned at "
            f"{settings_of(model)['rate_hz']:g} Hz: track again at that rate"
        )
    scale = Scaling(*(model[f"scaling.{name}"] for name in Scaling.__dataclass_fields__))
    return [scale.apply(one) for one in sequences(clip, encoder)]


def events_of(method: Method, model: Model, clip: Clip) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return events and tubes of a clip: candidates, soft-NMS a label, calibrated scores of at least FLOOR."""
    labels = settings_of(model)["labels"]
    return assemble(
        clip.tracks,
        [
            (sequence.person, labels[label], start, stop, score)
            for sequence, segments in _found(method, model, clip)
            for start, stop, label, score in segments
        ],
    )


def times_of(method: Method, model: Model, clip: Clip) -> pd.DataFrame:
    """Return the events of ``events_of`` without boxes: all that scores in time need."""
    return _plain_events(_found(method, model, clip), settings_of(model)["labels"])


def _found(method: Method, model: Model, clip: Clip) -> list[tuple[Sequence, Segments]]:
    network, settings = network_of(method, model), settings_of(model)
    found = []
    for sequence in scaled(model, clip):
        table = np.array(suppressed(method, method.outputs(network, sequence), sequence, settings), float).reshape(
            -1, 4
        )
        if "calibration" in model:
            table[:, 3] = calibrated(table[:, 3], table[:, 2].astype(int), model["calibration"])
        kept = table[table[:, 3] >= FLOOR]
        found.append((sequence, [(start, stop, int(label), score) for start, stop, label, score in kept.tolist()]))
    return found


def suppressed(method: Method, outputs: Any, sequence: Sequence, settings: dict) -> Segments:
    """Return the candidates, cut at the video's ends, with their scores after soft-NMS."""
    table = np.array(method.candidates(outputs, settings), float).reshape(-1, 4)
    table[:, :2] = table[:, :2].clip(0, len(sequence.stream))
    table = table[(table[:, 1] - table[:, 0] >= 1) & (table[:, 3] >= FLOOR)]
    kept = []
    for label in range(len(settings["labels"])):
        mine = table[table[:, 2] == label]
        scores = soft_nms(mine[:, :2], mine[:, 3], settings["sigma"])
        kept += [(start, stop, label, score) for (start, stop), score in zip(mine[:, :2], scores, strict=True) if score]
    return kept


def calibration(method: Method, model: Model, validation: list[Clip], truth: list[pd.DataFrame]) -> Model:
    """Return settings, calibration, threshold, and the calibration error on the validation clips before and after.

    Of the settings in SEARCH those are taken that give the highest mean average precision on the validation clips.
    """
    settings, network = settings_of(model), network_of(method, model)
    labels, videos = settings["labels"], {clip.tracks.video for clip in validation}
    known = [coder[coder["video"].isin(videos) & coder["label"].isin(labels)] for coder in truth]
    said = [(sequence, method.outputs(network, sequence)) for clip in validation for sequence in scaled(model, clip)]
    tried = []
    searched = {name: values for name, values in SEARCH.items() if name in settings}
    for values in product(*searched.values()):
        here = settings | dict(zip(searched, values, strict=True))
        events = _plain_events([(sequence, suppressed(method, out, sequence, here)) for sequence, out in said], labels)
        tried.append(
            (
                np.mean([average_precision(coder, events).to_numpy().mean() for coder in known if len(coder)] or [0]),
                here,
                events,
            )
        )
    _, settings, events = max(tried, key=lambda row: row[0])
    parts = [is_hit(coder, events) for coder in known]
    hits = np.concatenate([hit for _, hit in parts]).astype(float)
    scores = np.concatenate([part["score"] for part, _ in parts])
    groups = np.concatenate([part["label"].map(labels.index) for part, _ in parts]).astype(int)
    learned = platt(scores, hits, groups, len(labels))
    after = calibrated(scores, groups, learned)
    return {
        "settings": _as_bytes(settings),
        "calibration": learned,
        "threshold": np.array([best_threshold(after, hits, sum(map(len, known)))]),
        "calibration_error": np.array([ece(part, hits, ECE_BINS) for part in (scores, after)]),
    }


def _plain_events(found: list[tuple[Sequence, Segments]], labels: list[str]) -> pd.DataFrame:
    """Return events without boxes: all that average precision needs."""
    rows = [
        (one.video, one.person, labels[label], start / one.rate_hz, stop / one.rate_hz, score)
        for one, segments in found
        for start, stop, label, score in segments
    ]
    table = pd.DataFrame(rows, columns=["video", "person", "label", "start_s", "end_s", "score"])
    return table.assign(**dict.fromkeys(BOX, np.nan))


def detect(method: Method, clip: Clip, model: Path, seed: int = 0) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return events and tubes with the model of this file. ``seed`` is not used."""
    return events_of(method, read(method, model), clip)
