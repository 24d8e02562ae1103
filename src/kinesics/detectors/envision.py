"""The released co-speech gesture network of envisionhgdetector 3.0.8, on the project's tracks and without TensorFlow.

Own implementation in numpy of the package's computation; its weights (``cnn_default.h5``) are read unchanged, and the
output is tested against the package's own. The input is a window of 25 frames at 25 frames a second with 92 numbers per
frame: x, y, z in metres and visibility of the body's 23 upper landmarks. The network outputs the probability of motion in
the window and, given motion, those of a gesture and of another movement. Thresholds and the joining of segments are the
package's defaults.

Two differences from the package correct its times. It assumes 25 frames a second in every video; here poses are interpolated
to that rate. And its times are 60 ms late, since it places a window one and a half frames after its middle; here a window's
time is that of its middle.

Source: W. Pouw et al., EnvisionHGdetector, 2026 (MIT).
"""

from pathlib import Path
from typing import NamedTuple

import h5py
import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from kinesics.detectors.base import EventsAndTubes, FixedDetector
from kinesics.errors import KinesicsError
from kinesics.signals.event_assembly import assemble_events
from kinesics.signals.recording import Recording

LABELS = ("hand_gesture",)

WINDOW = 25  # frames
WINDOW_RATE_HZ = 25.0
BODY = 23  # pose landmarks 0 (nose) to 22 (right thumb)
NUMBERS = 4 * BODY
MOTION, KIND = 0.7, 0.7
MIN_GAP_S = MIN_LENGTH_S = 0.5
# A pose is interpolated over gaps of at most this length; windows with a longer gap have probabilities of 0.
GAP_S = 0.3
NO_GESTURE, GESTURE, MOVE = 0, 1, 2
BATCH_NORM_EPSILON = 1e-3
BATCH = 256


class Block(NamedTuple):
    """A residual block: kernels (width, in, out), then bias, scale and shift (out,), for the main path and the skip."""

    kernel: np.ndarray
    bias: np.ndarray
    scale: np.ndarray
    shift: np.ndarray
    skip_kernel: np.ndarray
    skip_bias: np.ndarray
    skip_scale: np.ndarray
    skip_shift: np.ndarray


class Network(NamedTuple):
    """Three blocks, then pairs of weight and bias: a dense layer and the two output layers."""

    blocks: list[Block]
    dense: tuple[np.ndarray, np.ndarray]
    motion: tuple[np.ndarray, np.ndarray]
    kind: tuple[np.ndarray, np.ndarray]


def detect(recording: Recording, model: Path, seed: int = 0) -> EventsAndTubes:
    """Return events and tubes; ``model`` is the released weights file. ``seed`` is not used."""
    network, tracks = load(model), recording.tracks
    gestures = []
    for person in tracks.persons:
        times, rows = resample(tracks.dense(person, "pose_world"), tracks.rate_hz)
        middle, output = windows(network, rows)
        for start_s, end_s, label in segments(times[middle], labels(output)):
            if label == GESTURE:
                inside = (times[middle] >= start_s) & (times[middle] < end_s)
                start = int(np.floor(start_s * tracks.rate_hz))
                stop = min(max(int(np.ceil(end_s * tracks.rate_hz)), start + 1), tracks.frames)
                score = float((output[inside, 0] * output[inside, 1]).mean())
                gestures.append((person, "hand_gesture", start, stop, score))
    return assemble_events(tracks, gestures)


def load(path: str | Path) -> Network:
    """Read the released Keras weights. Raises KinesicsError, naming the file, if they are others."""
    try:
        with h5py.File(path, "r") as file:

            def weights(layer: str, *names: str) -> list[np.ndarray]:
                return [np.asarray(file[f"{layer}/{layer}/{name}:0"], np.float32) for name in names]

            def norm(layer: str) -> tuple[np.ndarray, np.ndarray]:
                gamma, beta, mean, variance = weights(layer, "gamma", "beta", "moving_mean", "moving_variance")
                scale = gamma / np.sqrt(variance + np.float32(BATCH_NORM_EPSILON))
                return scale, beta - mean * scale

            blocks = []
            for number in range(3):
                # Layers are numbered in the order in which they were made: main path, then skip.
                path_layers = [
                    [*weights(f"conv1d{suffix}", "kernel", "bias"), *norm(f"batch_normalization{suffix}")]
                    for suffix in (f"_{2 * number}" if number else "", f"_{2 * number + 1}")
                ]
                blocks.append(Block(*path_layers[0], *path_layers[1]))
            heads = [tuple(weights(layer, "kernel", "bias")) for layer in ("dense", "has_motion", "gesture_probs")]
    except (OSError, KeyError) as error:
        raise KinesicsError(f"{path}: not the weights of envisionhgdetector 3.0.8 (cnn_default.h5): {error}") from None
    shapes = [block.kernel.shape for block in blocks] + [weight.shape for weight, _ in heads]
    expected = [(3, NUMBERS, 48), (3, 48, 96), (3, 96, 192), (384, 256), (256, 1), (256, 2)]
    if shapes != expected:
        raise KinesicsError(f"{path}: not the weights of envisionhgdetector 3.0.8: shapes {shapes}, not {expected}")
    return Network(blocks, *heads)


def forward(network: Network, x: np.ndarray) -> np.ndarray:
    """Return the probabilities of motion, and of gesture and other movement given motion: (N, 25, 92) to (N, 3)."""
    x = np.ascontiguousarray(x, np.float32)
    for block in network.blocks:  # (N, L, C) -> (N, ceil(L / 2), C')
        padded = np.pad(x, ((0, 0), (1, 1), (0, 0)))
        taps = np.concatenate([padded[:, i : i + x.shape[1]] for i in range(3)], 2)
        main = taps @ block.kernel.reshape(-1, block.kernel.shape[2]) + block.bias
        main = np.maximum(main * block.scale + block.shift, 0)
        main = np.maximum.reduceat(main, np.arange(0, main.shape[1], 2), 1)
        skip = (x[:, ::2] @ block.skip_kernel[0] + block.skip_bias) * block.skip_scale + block.skip_shift
        x = np.maximum(main + skip, 0)
    x = np.concatenate([x.mean(1), x.max(1)], 1)  # (N, 384)
    x = np.maximum(x @ network.dense[0] + network.dense[1], 0)  # (N, 256)
    motion = 0.5 + 0.5 * np.tanh((x @ network.motion[0] + network.motion[1]) / 2)  # a sigmoid that cannot overflow
    logits = x @ network.kind[0] + network.kind[1]
    power = np.exp(logits - logits.max(1, keepdims=True))
    return np.concatenate([motion, power / power.sum(1, keepdims=True)], 1)


def resample(pose_world: np.ndarray, rate_hz: float) -> tuple[np.ndarray, np.ndarray]:
    """Interpolate poses (frames, 33, 4) to 25 Hz: times (T,) in seconds and rows (T, 92), NaN inside longer gaps."""
    rows = pose_world[:, :BODY].reshape(len(pose_world), NUMBERS)
    valid = np.flatnonzero(np.isfinite(rows).all(1))
    if not len(valid):
        return np.empty(0), np.empty((0, NUMBERS), np.float32)
    known = valid / rate_hz
    times = np.arange(np.ceil(known[0] * WINDOW_RATE_HZ), np.floor(known[-1] * WINDOW_RATE_HZ) + 1) / WINDOW_RATE_HZ
    out = np.stack([np.interp(times, known, rows[valid, column]) for column in range(NUMBERS)], 1).astype(np.float32)
    after = np.searchsorted(known, times).clip(0, len(known) - 1)
    before = np.searchsorted(known, times, side="right").clip(1) - 1
    out[known[after] - known[before] > GAP_S] = np.nan
    return times, out


def windows(network: Network, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Run the network on every window of rows (T, 92) without NaN.

    Return the number of each window's middle row (W,) and the output (W, 3), ``W = max(T - 24, 0)``; the output of
    windows with NaN is 0.
    """
    count = max(len(rows) - WINDOW + 1, 0)
    output = np.zeros((count, 3), np.float32)
    if count:
        views = sliding_window_view(rows, WINDOW, axis=0).swapaxes(1, 2)
        whole = np.flatnonzero(np.isfinite(views).all((1, 2)))
        for start in range(0, len(whole), BATCH):
            output[whole[start : start + BATCH]] = forward(network, views[whole[start : start + BATCH]])
    return np.arange(count) + WINDOW // 2, output


def labels(output: np.ndarray) -> np.ndarray:
    """Return the label of each window from its output (W, 3): motion over its threshold, then the kind over its own."""
    kind = np.where(output[:, 2] > output[:, 1], MOVE, GESTURE)
    return np.where((output[:, 0] >= MOTION) & (output[:, 1:].max(1, initial=0) >= KIND), kind, NO_GESTURE)


def segments(times_s: np.ndarray, label: np.ndarray) -> list[tuple[float, float, int]]:
    """Return (start_s, end_s, label) by the package's rules, from the time and the label of each window.

    Neighbouring windows that are not NO_GESTURE are one piece; it ends at the first window after it and has the label
    of most of its windows (that one included). Pieces of one label at most MIN_GAP_S apart are joined; then those
    shorter than MIN_LENGTH_S are dropped.
    """
    edges = np.diff((label > 0).astype(np.int8), prepend=0, append=0)
    pieces: list[tuple[float, float, int]] = []
    for start, stop in zip(np.flatnonzero(edges == 1), np.flatnonzero(edges == -1), strict=True):
        stop = min(stop, len(label) - 1)
        votes = np.bincount(label[start : stop + 1], minlength=3)
        most = max((GESTURE, MOVE, NO_GESTURE), key=lambda kind: votes[kind])
        begin = times_s[start]
        if pieces and pieces[-1][2] == most and begin - pieces[-1][1] <= MIN_GAP_S:
            begin = pieces.pop()[0]
        pieces.append((float(begin), float(times_s[stop]), most))
    return [piece for piece in pieces if piece[1] - piece[0] >= MIN_LENGTH_S]


def compare_to_released(recorded: str | Path, weights: str | Path, recording: Recording) -> dict[str, float]:
    """Compare with the package's recorded output (npz, see tests/data/envisionhgdetector) on the same video.

    ``network`` is the largest difference of a probability on the same poses. ``labels`` is the share of the package's
    windows, moved from its clock to the video's, that have the same class (gesture or not) with the project's poses and
    resampling; ``kappa`` the same corrected for chance; ``windows`` their number.
    """
    network, tracks = load(weights), recording.tracks
    with np.load(recorded, allow_pickle=False) as file:
        released = {name: file[name] for name in file.files}
    _, output = windows(network, released["features"])
    times, rows = resample(tracks.dense(tracks.persons[0], "pose_world"), tracks.rate_hz)
    middle, ours = windows(network, rows)
    # The package's row r stands at (r + 1) / 25 + 0.5 s; the middle of its window is frame r + 12 of the file.
    frame = np.arange(len(released["label"])) + WINDOW // 2
    theirs_s = frame / float(released["fps_container"])
    nearest = np.abs(times[middle][:, None] - theirs_s).argmin(0)
    a, b = released["label"] == GESTURE, labels(ours)[nearest] == GESTURE
    same = float((a == b).mean())
    expected = a.mean() * b.mean() + (1 - a.mean()) * (1 - b.mean())
    return {
        "network": float(np.abs(output - released["raw"]).max()),
        "labels": same,
        "kappa": float((same - expected) / (1 - expected)) if expected < 1 else 1.0,
        "windows": len(a),
    }


DETECTOR = FixedDetector("envision", LABELS, detect)
