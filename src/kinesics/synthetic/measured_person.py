"""What perception measures of one person in a recording, as arrays that scripts can change, and back to tracks."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa

from kinesics.structures.features import CropFeatures, Features
from kinesics.structures.timegrid import hold_last, index, seconds
from kinesics.structures.tracks import ARRAYS, BLENDSHAPES, SCHEMA, Tracks

#: The columns of tracks that scripts change.
MEASURED = ("face", "pose", "left_hand", "right_hand", "blendshapes", "head_matrix")
#: The frame of a person without a host: the face is a fourth of its height, as in a bust shot.
WIDTH, HEIGHT, FACE = 640, 480, 0.25
# Mesh points of the forehead and the chin; pose points: shoulders, wrists, the person's left first.
FOREHEAD, CHIN, SHOULDERS, WRISTS = 10, 152, (11, 12), (15, 16)


@dataclass(frozen=True)
class MeasuredPerson:
    """Arrays of one person: those of ``MEASURED`` (frames, ...) as in tracks, NaN where missing.

    ``expressions`` (frames, 7) are probabilities of ``fer``, NaN where there is no face, (frames, 0) without it; ``speech``
    (frames,) the probability of speech in the sound, None without sound. ``width`` and ``height`` of the frame in pixels.
    """

    rate_hz: float
    width: int
    height: int
    arrays: Mapping[str, np.ndarray]
    expressions: np.ndarray
    speech: np.ndarray | None

    @property
    def frames(self) -> int:
        """The number of frames."""
        return len(self.expressions)

    @property
    def size(self) -> np.ndarray:
        """Width and height of the frame in pixels."""
        return np.array([self.width, self.height], float)

    def cut(self, start: int, stop: int) -> "MeasuredPerson":
        """Return the frames [start, stop)."""
        speech = None if self.speech is None else self.speech[start:stop]
        arrays = {name: values[start:stop] for name, values in self.arrays.items()}
        return replace(self, arrays=arrays, expressions=self.expressions[start:stop], speech=speech)

    def copy(self) -> "MeasuredPerson":
        """Return a copy whose arrays can be changed in place."""
        speech = None if self.speech is None else self.speech.copy()
        arrays = {name: values.copy() for name, values in self.arrays.items()}
        return replace(self, arrays=arrays, expressions=self.expressions.copy(), speech=speech)


def measured_person(tracks: Tracks, person: int, features: Mapping[str, Features]) -> MeasuredPerson:
    """Return the measurements of a person, from tracks and the features of ``fer`` and ``audio_activity`` by encoder."""
    expressions = np.zeros((tracks.frames, 0))
    if "fer" in features:
        times, tokens = features["fer"].crops["face"].of(person)
        expressions = np.full((tracks.frames, tokens.shape[1]), np.nan)
        frame = index(times, tracks.rate_hz)
        expressions[frame[frame < tracks.frames]] = tokens[frame < tracks.frames]
    speech, sound = None, features.get("audio_activity")
    if sound is not None and len(sound.crops["sound"].time_s):
        rows = sound.crops["sound"]
        last = hold_last(rows.time_s, tracks.frames, tracks.rate_hz, 1 / sound.rate_hz)
        speech = np.where(last >= 0, rows.tokens[last, 0], 0.0).astype(float)
    arrays = {name: tracks.dense(person, name) for name in MEASURED}
    return MeasuredPerson(tracks.rate_hz, tracks.width, tracks.height, arrays, expressions, speech)


def neutral_person(frames: int, rate_hz: float, expressions: np.ndarray) -> MeasuredPerson:
    """Return somebody who faces the camera without moving, hands out of sight, in silence, with these probabilities (7,).

    The mesh is an ellipse of the face's height: signals use its box, its middle and two of its points.
    """
    angle = np.linspace(0, 2 * np.pi, ARRAYS["face"][0], endpoint=False)
    face = np.stack([0.35 * np.cos(angle), 0.5 * np.sin(angle), -0.2 * np.cos(angle) ** 2], 1)
    face[FOREHEAD], face[CHIN] = (0, -0.5, 0), (0, 0.5, 0)
    unit = FACE * HEIGHT
    face = face * unit / [WIDTH, HEIGHT, WIDTH] + [0.5, 0.4, 0]
    pose = np.tile([0.5, 2.0, 0.0, 0.0], (ARRAYS["pose"][0], 1))
    pose[list(SHOULDERS)] = [[0.5 + 0.9 * unit / WIDTH, 0.7, 0, 0.99], [0.5 - 0.9 * unit / WIDTH, 0.7, 0, 0.99]]
    matrix = np.eye(4)
    matrix[2, 3] = -50
    hand = np.full(ARRAYS["left_hand"], np.nan)
    still = {"face": face, "pose": pose, "left_hand": hand, "right_hand": hand, "head_matrix": matrix}
    still["blendshapes"] = np.full(len(BLENDSHAPES), 0.01)
    arrays = {name: np.tile(still[name].astype(np.float32), (frames, *[1] * still[name].ndim)) for name in MEASURED}
    return MeasuredPerson(rate_hz, WIDTH, HEIGHT, arrays, np.tile(expressions, (frames, 1)), np.zeros(frames))


def to_tracks(measured: MeasuredPerson, video: str) -> tuple[Tracks, dict[str, Features]]:
    """Return the tracks of a video with person 0 in every frame, and the features by encoder."""
    count, rate_hz = measured.frames, measured.rate_hz
    plain = {"frame": np.arange(count), "time_s": seconds(np.arange(count), rate_hz)}
    plain |= {"person": np.zeros(count, int), "shot": np.zeros(count, int)}
    columns = []
    for field in SCHEMA:
        if field.name in measured.arrays:
            columns.append(_list_column(field, measured.arrays[field.name]))
        elif field.name in plain:
            columns.append(pa.array(plain[field.name], field.type))
        else:
            columns.append(pa.nulls(count, field.type))
    tracks = Tracks(
        video,
        rate_hz,
        seconds(count, rate_hz),
        measured.width,
        measured.height,
        pa.Table.from_arrays(columns, schema=SCHEMA),
    )
    times, features = plain["time_s"], {}
    if measured.expressions.shape[1]:
        seen = np.flatnonzero(np.isfinite(measured.expressions).all(1))
        rows = CropFeatures(times[seen], np.zeros(len(seen), int), measured.expressions[seen].astype(np.float32))
        features["fer"] = Features(video, "fer", rate_hz, {"face": rows})
    if measured.speech is not None:
        tokens = np.zeros((count, 6), np.float32)
        tokens[:, 0] = measured.speech
        sound = {"sound": CropFeatures(times, np.full(count, -1), tokens)}
        features["audio_activity"] = Features(video, "audio_activity", rate_hz, sound)
    return tracks, features


def _list_column(field: pa.Field, values: np.ndarray) -> pa.Array:
    flat = values.reshape(len(values), -1)
    missing = ~np.isfinite(flat).all(1)
    numbers = np.where(missing[:, None], 0, flat).astype(np.float32)
    return pa.FixedSizeListArray.from_arrays(pa.array(numbers.ravel()), type=field.type, mask=pa.array(missing))
