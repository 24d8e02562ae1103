"""Extract features of every tracked person, or of the audio, with a frozen encoder."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
from tqdm import tqdm

from kinesics.encoders import loading
from kinesics.encoders.base import Encode, Encoder, TextEncoder, VisualEncoder
from kinesics.encoders.cache import cache_key, with_cache
from kinesics.encoders.registry import find_encoder
from kinesics.encoders.shapes import EncoderShape, encoder_shape
from kinesics.encoders.weights import local_weights
from kinesics.errors import KinesicsError
from kinesics.io.threads import ahead
from kinesics.media.audio import read_sound_windows
from kinesics.media.streams import AS_IT_COMES, ReadOptions
from kinesics.media.video import probe_video, read_frames, read_windows
from kinesics.structures.features import CropFeatures, Features, write_features
from kinesics.structures.timegrid import index, samples
from kinesics.structures.tracks import FACE_BOX, PERSON_BOX, Tracks, open_tracks

#: The columns of the tracks that hold the box of each crop type.
BOXES = {"face": FACE_BOX, "person": PERSON_BOX}
BATCH = 16  # crops held at once: 2.4 MB of 224 x 224 pixels
HELD_BYTES = 64e6  # of a batch at most: a clip of VideoPrism takes 4 MB
NO_PERSON = -1  # the person of audio features: the speaker is not known


@dataclass(frozen=True)
class _Crops:
    """Which crops of a video are cut: the usable boxes by crop type and tracked frame, and the queries, if they are limited.

    ``queries`` holds (crop, person, sample of the grid at ``rate_hz``).
    """

    boxes: dict[str, dict[int, list[tuple[int, np.ndarray]]]]
    tracked_hz: float
    rate_hz: float
    queries: set[tuple[str, int, int]] | None

    def at(self, time_s: float) -> Iterator[tuple[str, int, np.ndarray]]:
        """Yield (crop, person, box) at an instant, people ascending within each crop type."""
        frame, sample = int(index(time_s, self.tracked_hz)), int(index(time_s, self.rate_hz))
        for crop, boxes in self.boxes.items():
            for person, box in boxes.get(frame, ()):
                if self.queries is None or (crop, person, sample) in self.queries:
                    yield crop, person, box


def encode_crops(  # noqa: PLR0913 - keyword-only settings
    video: str | Path,
    tracks: str | Path,
    encoder: str,
    weights: str | Path,
    out: str | Path,
    *,
    name: str | None = None,
    rate_hz: float | None = None,
    crops: Sequence[str] | None = None,
    cache: str | Path | None = None,
    queries: pd.DataFrame | None = None,
    options: ReadOptions = AS_IT_COMES,
    progress: bool = True,
) -> None:
    """Encode crops of everyone in a video, ``rate_hz`` times a second, and write the features to ``out``.

    The box at time t is that of the tracks' last sampled frame at or before t; a person without a box there, or with one
    that is not ``is_usable``, has no features at t. For an encoder of clips the same box is cut from all frames of the
    window about t (``media.video.read_windows``): what moves in the clip is the person, not the box. ``rate_hz`` and
    ``crops`` are the encoder's own unless given; ``name`` is the video's in the tracks, by default the file's without its
    suffix. The video is read once, and crops are encoded as they come: only boxes and features are kept in memory. The same
    input gives the same bytes, also from a ``cache``, a file that keeps the features of each crop (see ``encoders.cache``).

    ``options`` choose the stream of images, and whether damage is accepted.

    ``queries`` (``crop,person,time_s``), if given, are the only crops that are encoded, for a token budget; their times are
    those of the grid at ``rate_hz``. What is left out costs nothing but the decoding of its frame.

    Raises KinesicsError for tracks of another video, unknown encoders and crops, and files that cannot be read.
    """
    network, shape = find_encoder(encoder), encoder_shape(encoder)
    if not isinstance(network, VisualEncoder):
        raise KinesicsError(f"{encoder} takes {shape.kind}, not crops: it needs no tracks")
    crops = network.crops if crops is None else tuple(crops)
    rate_hz = _rate(rate_hz, network, video)
    if unknown := [crop for crop in crops if crop not in network.crops]:
        raise KinesicsError(f"{unknown[0]!r} is not a crop of {encoder}. Its crops are {', '.join(network.crops)}.")
    people = open_tracks(tracks)
    check_same_video(video, name or Path(video).stem, people, tracks, options)
    info = probe_video(video, options)
    selected = _Crops(
        {crop: boxes_by_frame(people, crop) for crop in crops}, people.rate_hz, rate_hz, _query_keys(queries, rate_hz)
    )
    name, count = people.video, samples(people.duration_s, rate_hz)
    del people  # its boxes are held by then
    encode = _open_network(encoder, weights, cache)
    clips = tqdm(
        _clips(video, rate_hz, network, shape, options),
        encoder,
        count,
        unit="frame",
        disable=None if progress else True,
    )

    def inputs() -> Iterator[tuple[str, float, int, np.ndarray]]:
        """Yield (crop, time_s, person, input) in the order of time, then crop type, then person."""
        for time_s, clip in clips:
            for crop, person, box in selected.at(time_s):
                images = [crop_square(frame, box, network.margin, shape.input[-3:-1]) for frame in clip]
                yield crop, time_s, person, images[0] if shape.kind == "image" else np.stack(images)

    rows = {crop: [] for crop in crops}
    for crop, time_s, person, token in _encoded(encode, inputs(), shape):
        rows[crop].append((time_s, person, token))
    values = {crop: _columns(rows[crop], shape.dim) for crop in crops}
    write_features(Features(name, encoder, rate_hz, values, info.video_stream, info.damaged_after_s), out)


def encode_sound(  # noqa: PLR0913 - keyword-only settings
    video: str | Path,
    encoder: str,
    weights: str | Path,
    out: str | Path,
    *,
    name: str | None = None,
    rate_hz: float | None = None,
    cache: str | Path | None = None,
    options: ReadOptions = AS_IT_COMES,
    progress: bool = True,
) -> bool:
    """Encode the audio of a video, in windows around each instant, or the utterances in it, as they begin.

    The features file has one crop type, ``sound`` or ``text``, of ``NO_PERSON``; for a video without sound it has no rows.
    Return whether the video has sound. Raises KinesicsError for encoders of crops.
    """
    network, shape = find_encoder(encoder), encoder_shape(encoder)
    if isinstance(network, VisualEncoder):
        raise KinesicsError(f"{encoder} takes crops of people: it needs the tracks of {video}")
    rate_hz = _rate(rate_hz, network, video)
    encode = _open_network(encoder, weights, cache)
    info = probe_video(video, options)
    if not info.has_audio:
        timed = iter(())
    elif isinstance(network, TextEncoder):
        timed = network.utterances(video, weights, options)
    else:
        timed = read_sound_windows(video, rate_hz, *shape.input, options)
    timed = tqdm(timed, encoder, unit=shape.kind, disable=None if progress else True)
    inputs = ((shape.kind, time_s, NO_PERSON, value) for time_s, value in timed)
    rows = [(time_s, person, token) for _, time_s, person, token in _encoded(encode, inputs, shape)]
    values = {shape.kind: _columns(rows, shape.dim)}
    name = name or Path(video).stem
    write_features(Features(name, encoder, rate_hz, values, info.audio_stream, info.damaged_after_s), out)
    return info.has_audio


def _open_network(encoder: str, weights: str | Path, cache: str | Path | None) -> Encode:
    encode = loading.load_encoder(encoder, weights)
    return encode if cache is None else with_cache(encode, cache_key(encoder, local_weights(encoder, weights)), cache)


def _rate(rate_hz: float | None, network: Encoder, video: str | Path) -> float:
    rate_hz = network.rate_hz if rate_hz is None else rate_hz
    if not rate_hz > 0:
        raise KinesicsError(f"{video}: cannot be encoded at {rate_hz} Hz: the rate must be above 0")
    return rate_hz


def _query_keys(queries: pd.DataFrame | None, rate_hz: float) -> set[tuple[str, int, int]] | None:
    """Return (crop, person, sample of the grid at ``rate_hz``) of each query, or None if all crops are encoded."""
    if queries is None:
        return None
    return set(zip(queries["crop"], queries["person"], index(queries["time_s"], rate_hz).tolist(), strict=True))


def _clips(
    video: str | Path, rate_hz: float, network: VisualEncoder, shape: EncoderShape, options: ReadOptions
) -> Iterator[tuple[float, list[np.ndarray]]]:
    """Yield (time_s, frames) for each instant: one frame for an encoder of images, else those of the window about it."""
    if shape.kind == "clip":
        return read_windows(video, rate_hz, shape.input[0], network.span_s, options)
    return ((time_s, [frame]) for _, time_s, frame in ahead(read_frames(video, rate_hz, options)))


def _encoded(encode: Encode, inputs: Iterator[tuple], shape: EncoderShape) -> Iterator[tuple]:
    """Yield (crop, time_s, person, token) for each (crop, time_s, person, input), as many held as memory allows."""
    held = int(min(max(HELD_BYTES // shape.bytes, 1), BATCH))
    while batch := list(islice(inputs, held)):
        values = [value for *_, value in batch]
        tokens = encode(values if shape.kind == "text" else np.stack(values))
        for (*row, _), token in zip(batch, tokens, strict=True):
            yield *row, token


def boxes_by_frame(tracks: Tracks, crop: str) -> dict[int, list[tuple[int, np.ndarray]]]:
    """Return the usable boxes of a crop type: frame number to (person, box) with people ascending."""
    columns = [tracks.table[name].to_numpy() for name in ["frame", "person", *BOXES[crop]]]
    values = np.stack(columns[2:], 1).astype(float)
    boxes = defaultdict(list)
    for frame, person, box in zip(columns[0], columns[1], values, strict=True):  # sorted by person
        if is_usable(box):
            boxes[int(frame)].append((int(person), box))
    return dict(boxes)


def is_usable(box: np.ndarray) -> bool:
    """Say whether a box x0,y0,x1,y1 (fractions of the frame) is finite, has an area, and lies in part in the frame."""
    x0, y0, x1, y1 = box
    return bool(np.isfinite(box).all() and x0 < x1 and y0 < y1 and x0 < 1 and y0 < 1 and x1 > 0 and y1 > 0)


def square(box: np.ndarray, margin: float, width: int, height: int) -> tuple[int, int, int]:
    """Return left, top and side, in whole pixels, of the square about the middle of a box in fractions of the frame.

    Its side is the box's longer one plus ``margin`` of that on each side, at least a pixel. It may reach out of the
    frame, but a box is taken to end where it is a frame's size outside: tracks lost at the edge can give any number.
    """
    x0, y0, x1, y1 = np.clip(box, -1, 2) * (width, height, width, height)
    side = max(round(max(x1 - x0, y1 - y0) * (1 + 2 * margin)), 1)
    return round((x0 + x1 - side) / 2), round((y0 + y1 - side) / 2), side


def crop_square(frame: np.ndarray, box: np.ndarray, margin: float, size: tuple[int, int]) -> np.ndarray:
    """Return the ``square`` about a usable box, resized: uint8 (height, width, 3) to uint8 (*size, 3).

    What lies outside of the frame is black. Shrinking averages over pixels, enlarging interpolates between them.
    """
    height, width = frame.shape[:2]
    left, top, side = square(box, margin, width, height)
    image = np.zeros((side, side, 3), np.uint8)
    x0, y0, x1, y1 = max(left, 0), max(top, 0), min(left + side, width), min(top + side, height)
    if x0 < x1 and y0 < y1:
        image[y0 - top : y1 - top, x0 - left : x1 - left] = frame[y0:y1, x0:x1]
    return cv2.resize(image, size[::-1], interpolation=cv2.INTER_AREA if side > min(size) else cv2.INTER_LINEAR)


def _columns(rows: list[tuple[float, int, np.ndarray]], dim: int) -> CropFeatures:
    times, people, tokens = zip(*rows, strict=True) if rows else ((), (), ())
    tokens = np.array(tokens, np.float32).reshape(-1, dim)
    return CropFeatures(np.array(times, np.float64), np.array(people, np.int32), tokens)


def check_same_video(
    video: str | Path, name: str, tracks: Tracks, path: str | Path, options: ReadOptions = AS_IT_COMES
) -> None:
    """Raise KinesicsError naming the tracks' ``path`` unless they are of this video: name, stream, frame size and length."""
    info = probe_video(video, options)
    for what, of_tracks, of_video in [
        ("name", tracks.video, name),
        ("stream", tracks.video_stream if tracks.video_stream is not None else info.video_stream, info.video_stream),
        ("size", f"{tracks.width}x{tracks.height}", f"{info.width}x{info.height}"),
    ]:
        if of_tracks != of_video:
            raise KinesicsError(
                f"{path}: tracks of another video: {what} {of_tracks}, but {of_video} in {video}; track it again"
            )
    if abs(tracks.duration_s - info.duration_s) * tracks.rate_hz > 1:
        raise KinesicsError(
            f"{path}: tracks of another video: they last {tracks.duration_s:g} s, but {video} {info.duration_s:g} s; "
            f"track it again"
        )
