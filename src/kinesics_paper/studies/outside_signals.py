"""The few signals of ``signals.coefficients`` that joints or face points of another sensor give too, by the same code.

``paper/outside_test.md`` says which, and why no others.
"""

import numpy as np

from kinesics.signals import coefficients
from kinesics.signals.coefficients import Signals, frame_columns, person_signals
from kinesics.structures.timegrid import hold_last, index, samples, seconds
from kinesics.structures.tracks import SCHEMA, Tracks
from kinesics_paper.datasets.parsing import HOLD_S
from kinesics_paper.datasets.uci_gesture_phase import SIDE
from kinesics_paper.datasets.uci_grammatical_facial_expressions import HEIGHT, WIDTH

#: Face heights, from hairline to chin, between the sensor's joints head and spine.
FACES = 3.0
#: Landmarks of the body pose where the reader of the gesture phases puts joints: left and right hand and wrist, head.
HANDS, WRISTS, HEAD = (19, 20), (15, 16), 0
#: Face points of the expressions: rigid ones of eyes and nose; eyes and eyebrows, left and right.
RIGID = (*range(16), *range(36, 48), 89)
EYES, BROWS = (slice(0, 8), slice(8, 16)), (slice(16, 26), slice(26, 36))
#: Nominal focal length of the sensor's colour camera, in pixels.
FOCAL = 525.0
# Rounds of fitting frames to the median shape and the shape to the fitted frames.
_ROUNDS = 5


def hand_columns(tracks: Tracks, quiet: dict[str, float], rate_hz: float, faces: float = FACES) -> Signals:
    """Return the columns of a person from the pose of ``uci_gesture_phase``, at another rate; other parts are unknown.

    ``faces`` are the face heights between head and spine, the unit of lengths.
    """
    count = samples(tracks.duration_s, rate_hz)
    held = index(seconds(np.arange(count), rate_hz), tracks.rate_hz).clip(0, tracks.frames - 1)
    size = np.array([tracks.width, tracks.height], float)
    pose = tracks.dense(0, "pose")[held].astype(float)
    places = pose[..., :2] * size
    unit = tracks.height / SIDE / faces
    signals = coefficients._hands(
        np.repeat(places[:, list(HANDS), None], 21, axis=2),
        np.concatenate([places, np.isfinite(places[..., :1]).astype(float)], -1),
        (places[:, HEAD] - unit / 2, places[:, HEAD] + unit / 2, unit),
        size,
        rate_hz,
    )
    signals["touch"] = np.zeros(count)  # one point a hand cannot tell
    return frame_columns(_unknown(tracks.duration_s, rate_hz) | signals, quiet, rate_hz, [])


def head_columns(
    times_s: np.ndarray, points: np.ndarray, duration_s: float, quiet: dict[str, float], rate_hz: float
) -> Signals:
    """Return the columns of a person from the face points of ``uci_grammatical_facial_expressions``.

    ``times_s`` (T,) and ``points`` (T, 100, 3) are those of recorded frames. The head's angles are known, and nothing else.
    """
    held = hold_last(times_s, samples(duration_s, rate_hz), rate_hz, HOLD_S)
    matrix = np.full((len(held), 4, 4), np.nan)
    matrix[held >= 0, :3, :3] = rotations(points)[held[held >= 0]]
    signals = coefficients._heading(matrix, rate_hz)
    return frame_columns(_unknown(duration_s, rate_hz) | signals, quiet, rate_hz, [])


def rotations(points: np.ndarray) -> np.ndarray:
    """Return the rotation from the median shape of eyes and nose to that of each frame of points (T, 100, 3): (T, 3, 3).

    Least squares over the points with a depth (Kabsch, Acta Crystallographica A32, 1976), x to the right, y up, z to the
    sensor. NaN for frames with fewer than three such points.
    """
    chosen = points[:, list(RIGID)]
    depth = chosen[..., 2]
    x = (chosen[..., 0] - 0.5) * WIDTH * depth / FOCAL
    y = (0.5 - chosen[..., 1]) * HEIGHT * depth / FOCAL
    places = np.stack([x, y, -depth], -1)
    known = np.asarray(np.isfinite(places).all(-1))
    enough = np.asarray(known.sum(1) >= 3)
    weight = known.astype(float)
    total = np.maximum(weight.sum(1), 1)[:, None]
    centred = np.where(known[..., None], places, 0)
    centred = np.where(known[..., None], centred - (centred.sum(1) / total)[:, None], np.nan)
    shape, rotation = np.nanmedian(centred[enough], 0), np.tile(np.eye(3), (len(points), 1, 1))
    for _ in range(_ROUNDS):
        product = np.einsum("tni,nj,tn->tij", np.nan_to_num(centred), np.nan_to_num(shape), weight)
        left, _, right = np.linalg.svd(product)
        left[:, :, 2] *= np.sign(np.linalg.det(left @ right))[:, None]
        rotation = left @ right
        shape = np.nanmedian(np.einsum("tni,tij->tnj", centred[enough], rotation[enough]), 0)
    return np.where(enough[:, None, None], rotation, np.nan)


def brow_height(points: np.ndarray) -> np.ndarray:
    """Return how high the eyebrows are above the eyes in distances between the eyes, mean of both sides: (T,)."""
    flat = points[..., :2] * [WIDTH, HEIGHT]
    eyes, brows = (np.stack([flat[:, side].mean(1) for side in part], 1) for part in (EYES, BROWS))
    across = eyes[:, 1] - eyes[:, 0]
    width = np.linalg.norm(across, axis=1)
    # up is at a right angle to the line between the eyes, towards the upper edge of the frame
    up = np.stack([across[:, 1], -across[:, 0]], 1) * np.sign(across[:, :1]) / width[:, None]
    return np.einsum("tsi,ti->t", brows - eyes, up) / 2 / width


def _unknown(duration_s: float, rate_hz: float) -> Signals:
    """Return the signals of a person who is never seen."""
    return person_signals(Tracks("", rate_hz, duration_s, WIDTH, HEIGHT, SCHEMA.empty_table()), 0)
