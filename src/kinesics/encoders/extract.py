"""From a video and its tracks to features: cut out each person where the tracks say, and ask an encoder."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from types import ModuleType

import cv2
import numpy as np
import pandas as pd
from tqdm import tqdm

from kinesics.encoders import base, registry
from kinesics.encoders.cache import cache_key, with_cache
from kinesics.errors import KinesicsError
from kinesics.media.audio import read_sound_windows
from kinesics.media.video import probe_video, read_frames, read_windows
from kinesics.structures.features import CropFeatures, Features, write_features
from kinesics.structures.timegrid import index, samples
from kinesics.structures.tracks import FACE_BOX, PERSON_BOX, Tracks, read_tracks

#: The columns of the tracks that hold the box of each kind of crop.
BOXES = {"face": FACE_BOX, "person": PERSON_BOX}
BATCH = 16  # crops held at once: 2.4 MB of 224 x 224 pixels
HELD_BYTES = 64e6  # of a batch at most: a clip of VideoPrism takes 4 MB
NO_PERSON = -1  # the person of what is heard: who speaks is not known


def encode_crops(
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
    calls: pd.DataFrame | None = None,
    progress: bool = True,
) -> None:
    """Encode crops of everyone in a video, ``rate_hz`` times a second, and write the features to ``out``.

    The box at time t is the one in the tracks' last sampled frame at or before t; a person without a box there, or
    with one that is not ``usable``, is left out at t. An encoder of clips sees that box in the ``windows`` about t: what
    moves in the clip is the person, not the box. ``rate_hz`` and ``crops`` are the encoder's own unless given; ``name``
    is the video's in the tracks, by default the file's without its suffix. The video is read once, and crops are encoded
    as they come: of what is read only boxes and features stay. The same input gives the same bytes, also from a
    ``cache``, a file where what the encoder says is kept (see ``encoders.cache``).

    ``calls`` (``crop,person,time_s``) are the only crops asked about, for a budget; their times are those of the grid
    at ``rate_hz``. What is not asked costs nothing but its frame.

    Raises KinesicsError for tracks of another video, unknown encoders and crops, and files that cannot be read.
    """
    module, shape = registry.find_encoder(encoder), base.encoder_shape(encoder)
    if not base.is_visual(encoder):
        raise KinesicsError(f"{encoder} takes {shape.kind}, not crops: it is asked without tracks")
    crops = module.CROPS if crops is None else tuple(crops)
    rate_hz = _rate(rate_hz, module, video)
    if unknown := [crop for crop in crops if crop not in module.CROPS]:
        raise KinesicsError(f"{unknown[0]!r} is not a crop of {encoder}. Its crops are {', '.join(module.CROPS)}.")
    people = read_tracks(tracks)
    check_same_video(video, name or Path(video).stem, people, tracks)
    boxes = {crop: boxes_by_frame(people, crop) for crop in crops}
    asked = None
    if calls is not None:
        asked = set(zip(calls["crop"], calls["person"], index(calls["time_s"], rate_hz).tolist(), strict=True))
    name, tracked_hz, count = people.video, people.rate_hz, samples(people.duration_s, rate_hz)
    del people  # landmarks are 99 % of the tracks
    ask = _network(encoder, weights, cache)
    size = shape.input[-3:-1]
    seen = (
        ((time_s, [frame]) for _, time_s, frame in read_frames(video, rate_hz))
        if shape.kind == "image"
        else read_windows(video, rate_hz, shape.input[0], module.SPAN_S)
    )
    shown = tqdm(seen, encoder, count, unit="frame", disable=None if progress else True)

    def cuts() -> Iterator[tuple[str, float, int, np.ndarray]]:
        """Yield (crop, time_s, person, input) in the order of time, then person."""
        for time_s, clip in shown:
            k, sample = int(index(time_s, tracked_hz)), int(index(time_s, rate_hz))
            for crop in crops:
                for person, box in boxes[crop].get(k, ()):
                    if asked is not None and (crop, person, sample) not in asked:
                        continue
                    images = [crop_square(frame, box, module.MARGIN, size) for frame in clip]
                    yield crop, time_s, person, images[0] if shape.kind == "image" else np.stack(images)

    rows = {crop: [] for crop in crops}
    for crop, time_s, person, token in _asked(ask, cuts(), shape):
        rows[crop].append((time_s, person, token))
    values = {crop: _columns(rows[crop], shape.dim) for crop in crops}
    write_features(Features(name, encoder, rate_hz, values), out)


def encode_sound(
    video: str | Path,
    encoder: str,
    weights: str | Path,
    out: str | Path,
    *,
    name: str | None = None,
    rate_hz: float | None = None,
    cache: str | Path | None = None,
    progress: bool = True,
) -> bool:
    """Encode the sound of a video, ``SPAN_S`` seconds about an instant, or the sentences spoken in it, as they begin.

    The features file has one kind of crop, ``sound`` or ``text``, of ``NOBODY``; a video without sound has no rows. Return
    whether it has sound. Raises KinesicsError for encoders that see.
    """
    module, shape = registry.find_encoder(encoder), base.encoder_shape(encoder)
    if base.is_visual(encoder):
        raise KinesicsError(f"{encoder} takes crops of people: it needs the tracks of {video}")
    rate_hz = _rate(rate_hz, module, video)
    ask = _network(encoder, weights, cache)
    has_sound = probe_video(video).has_audio
    if not has_sound:
        heard = iter(())
    else:
        heard = (
            module.sentences(video, weights)
            if shape.kind == "text"
            else read_sound_windows(video, rate_hz, *shape.input)
        )
    shown = tqdm(heard, encoder, unit=shape.kind, disable=None if progress else True)
    stream = ((shape.kind, time_s, NO_PERSON, value) for time_s, value in shown)
    rows = [(time_s, person, token) for _, time_s, person, token in _asked(ask, stream, shape)]
    values = {shape.kind: _columns(rows, shape.dim)}
    write_features(Features(name or Path(video).stem, encoder, rate_hz, values), out)
    return has_sound


def _network(encoder: str, weights: str | Path, cache: str | Path | None) -> base.Encode:
    ask = base.load_encoder(encoder, weights)
    return ask if cache is None else with_cache(ask, cache_key(encoder, base.local_weights(encoder, weights)), cache)


def _rate(rate_hz: float | None, module: ModuleType, video: str | Path) -> float:
    rate_hz = module.RATE_HZ if rate_hz is None else rate_hz
    if not rate_hz > 0:
        raise KinesicsError(f"{video}: cannot be encoded at {rate_hz} Hz: the rate must be above 0")
    return rate_hz


def _asked(ask: base.Encode, stream: Iterator[tuple], shape: base.EncoderShape) -> Iterator[tuple]:
    """Yield (crop, time_s, person, token) for each (crop, time_s, person, input), as many held as memory allows."""
    held = int(min(max(HELD_BYTES // shape.bytes, 1), BATCH))
    while batch := list(islice(stream, held)):
        inputs = [value for *_, value in batch]
        tokens = ask(inputs if shape.kind == "text" else np.stack(inputs))
        for (*row, _), token in zip(batch, tokens, strict=True):
            yield *row, token


def boxes_by_frame(tracks: Tracks, crop: str) -> dict[int, list[tuple[int, np.ndarray]]]:
    """Return the usable boxes of a kind of crop: frame number to (person, box) with people ascending."""
    columns = [tracks.table[name].to_numpy() for name in ["frame", "person", *BOXES[crop]]]
    boxes = np.stack(columns[2:], 1).astype(float)
    found = defaultdict(list)
    for frame, person, box in zip(columns[0], columns[1], boxes, strict=True):  # sorted by person
        if is_usable(box):
            found[int(frame)].append((int(person), box))
    return dict(found)


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


def check_same_video(video: str | Path, name: str, tracks: Tracks, path: str | Path) -> None:
    """Raise KinesicsError naming the tracks' ``path`` unless they are of this video: its name, frame size and length."""
    found = probe_video(video)
    for what, theirs, ours in [
        ("name", tracks.video, name),
        ("size", f"{tracks.width}x{tracks.height}", f"{found.width}x{found.height}"),
    ]:
        if theirs != ours:
            raise KinesicsError(
                f"{path}: tracks of another video: {what} {theirs}, but {ours} in {video}; track it again"
            )
    if abs(tracks.duration_s - found.duration_s) * tracks.rate_hz > 1:
        raise KinesicsError(
            f"{path}: tracks of another video: they last {tracks.duration_s:g} s, but {video} {found.duration_s:g} s; "
            f"track it again"
        )
