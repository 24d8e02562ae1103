"""The person descriptor: one row of numbers per person and sampled frame, from the tracks, expressions, audio and speech.

``person_descriptor`` returns float32 (frames, D), D = ``len(COLUMNS)``, never NaN: missing values are 0, and so is their flag.

- ``face``: the mesh in the head's own frame, in units of the distance between the outer eye corners, hence independent of the
  head's place and heading: heights of brows, lids, mouth corners and lips, widths, openings.
- ``head``: yaw, pitch and roll in units of 30 degrees; the face's place and log size.
- ``hand``: of each hand the wrist against the face's middle, in face heights; the share of the hand inside the face's box,
  the nearest fingertip, how open it is, its speed.
- ``body``: shoulders, elbows and wrists of the pose, in shoulder widths, each only where visible; log shoulder width.
- ``motion``: log(1 + speed) of face, head, hands, wrists and torso.
- ``fer``: the classifier's probabilities, as they are and less the person's median.
- ``rule``: the cues of ``kinesics.signals.cues``, 1 where a label's own threshold is reached.
- ``sound``: the features of ``hear``, the probability of speech and the loudness, altogether and in bands, in bels. Sound is
  not assigned to people: it is the same for everyone in the video, and only the face shows the speaker.
- ``words``: the features of ``words``, cosines of the current sentence with a text for each expression; not assigned either.
- ``seen``: flags.

Columns of ``face``, ``head``, ``body``, the second half of ``fer`` and the loudness of ``sound`` are relative to their median
over the video: a face at rest, a usual heading, the usual loudness. That median, and the face's last box while a hand
occludes it, are all that a row takes from distant frames. They are computed in one pass over the tracks before any network
runs, so the position of a network's windows has no influence on them.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from kinesics.encoders.fer import LABELS as EXPRESSIONS
from kinesics.errors import KinesicsError
from kinesics.signals import cues
from kinesics.signals.cues import median, speed
from kinesics.signals.facemesh import (
    BROW_INNER,
    BROW_MIDDLE,
    BROW_OUTER,
    CHEEK,
    CHIN,
    CORNER,
    EDGE,
    ELBOWS,
    EYE_INNER,
    EYE_OUTER,
    FINGERTIPS,
    FOREHEAD,
    JAW,
    KNUCKLES,
    LIP_LOW_IN,
    LIP_LOW_OUT,
    LIP_UP_IN,
    LIP_UP_OUT,
    LOWER_LID,
    LOWER_SIDE,
    NOSE,
    NOSE_BASE,
    NOSTRIL,
    SHOULDERS,
    SIDES,
    UPPER_LID,
    UPPER_SIDE,
    WRIST,
    WRISTS,
)
from kinesics.signals.layout import Layout
from kinesics.structures.features import Features
from kinesics.structures.timegrid import hold_last
from kinesics.structures.tracks import FACE_BOX, PERSON_BOX, VISIBLE, Tracks

#: Name of a column of the face, its two points (pairs of points by side make one column per side), and the axis of the head's
#: frame along which they are compared: x to the person's left, y down, z away from the viewer; "d" is their distance.
_FACE = [
    ("brow_inner", BROW_INNER, EYE_INNER, "y"),
    ("brow_middle", BROW_MIDDLE, EYE_OUTER, "y"),
    ("brow_outer", BROW_OUTER, EYE_OUTER, "y"),
    ("brows_apart", BROW_INNER[0], BROW_INNER[1], "x"),
    ("lids", UPPER_LID, LOWER_LID, "y"),
    ("lower_lid", LOWER_LID, EYE_INNER, "y"),
    ("cheek", CHEEK, EYE_OUTER, "y"),
    ("nostril", NOSTRIL, EYE_INNER, "y"),
    ("nostrils_apart", NOSTRIL[0], NOSTRIL[1], "x"),
    ("corner_height", CORNER, (NOSE_BASE, NOSE_BASE), "y"),
    ("corner_width", CORNER, (NOSE_BASE, NOSE_BASE), "x"),
    ("corner_depth", CORNER, (NOSE_BASE, NOSE_BASE), "z"),
    ("upper_lip", LIP_UP_OUT, NOSE_BASE, "y"),
    ("upper_lip_side", UPPER_SIDE, (NOSE_BASE, NOSE_BASE), "y"),
    ("lower_lip_side", LOWER_SIDE, (NOSE_BASE, NOSE_BASE), "y"),
    ("lips_apart", LIP_LOW_IN, LIP_UP_IN, "d"),
    ("lips_thick", LIP_LOW_OUT, LIP_UP_OUT, "d"),
    ("lip_depth", LIP_UP_OUT, NOSE_BASE, "z"),
    ("lower_lip", LIP_LOW_OUT, NOSE_BASE, "y"),
    ("chin", CHIN, NOSE_BASE, "y"),
    ("jaw", JAW, (NOSE_BASE, NOSE_BASE), "y"),
]


def _sided(names: list[str]) -> list[str]:
    return [f"{name}_{side}" for name in names for side in SIDES]


def _other_side(name: str) -> str:
    stem, _, side = name.rpartition("_")
    return f"{stem}_{SIDES[1 - SIDES.index(side)]}" if side in SIDES else name


_FACE_NAMES = [
    f"face_{name}" for name, a, _, _ in _FACE for name in (_sided([name]) if isinstance(a, tuple) else [name])
]
_HEAD_NAMES = ["head_yaw", "head_pitch", "head_roll", "head_x", "head_y", "head_size"]
_HAND_NAMES = _sided(["hand_x", "hand_y", "hand_inside", "hand_near", "hand_open"])
_BODY_NAMES = ["body_x", "body_y", "body_size", "body_roll", "body_nose_x", "body_nose_y"]
_BODY_NAMES += _sided(["body_elbow_x", "body_elbow_y", "body_wrist_x", "body_wrist_y"])
_MOTION_NAMES = ["motion_face", "motion_head", "motion_torso", *_sided(["motion_hand", "motion_wrist"])]
_FER_NAMES = [f"fer_{name}" for name in EXPRESSIONS] + [f"fer_usual_{name}" for name in EXPRESSIONS]
_RULE_NAMES = [f"rule_{label}" for label in cues.LABELS]
_SOUND_NAMES = ["sound_speech", "sound_loudness", *(f"sound_band_{number}" for number in range(1, 5))]
_WORDS_NAMES = [f"words_{name}" for name in EXPRESSIONS]
_SEEN_NAMES = ["seen_person", "seen_face", "seen_fer", "seen_body", *_sided(["seen_hand", "seen_wrist"])]
_SEEN_NAMES += ["seen_sound", "seen_words"]
#: The names of the columns, in order.
COLUMNS = (
    *_FACE_NAMES,
    *_HEAD_NAMES,
    *_HAND_NAMES,
    *_BODY_NAMES,
    *_MOTION_NAMES,
    *_FER_NAMES,
    *_RULE_NAMES,
    *_SOUND_NAMES,
    *_WORDS_NAMES,
    *_SEEN_NAMES,
)
#: Columns whose sign changes in a mirror.
_ODD = {"head_yaw", "head_roll", "head_x", "body_x", "body_roll", "body_nose_x"}
_ODD |= {name for name in COLUMNS if name.startswith(("hand_x", "body_elbow_x", "body_wrist_x", "face_corner_width"))}
#: The mirrored descriptor is ``descriptor[:, MIRROR] * MIRROR_SIGN``.
MIRROR = np.array([COLUMNS.index(_other_side(name)) for name in COLUMNS])
MIRROR_SIGN = np.array([-1.0 if name in _ODD else 1.0 for name in COLUMNS], np.float32)
#: Columns of motion.
MOTION = [COLUMNS.index(name) for name in _MOTION_NAMES]
PERSON_SEEN = COLUMNS.index("seen_person")
#: The columns of audio by kind, with their flag.
AUDIO_COLUMNS = {
    kind: [k for k, name in enumerate(COLUMNS) if name.startswith(f"{kind}_") or name == f"seen_{kind}"]
    for kind in ("sound", "words")
}
#: The encoders whose features the descriptor contains, and the size of their tokens.
ENCODERS = {"fer": len(EXPRESSIONS), "hear": len(_SOUND_NAMES), "words": len(_WORDS_NAMES)}
#: The layout of the person descriptor.
PERSON = Layout(PERSON_SEEN, MOTION, (MIRROR, MIRROR_SIGN), AUDIO_COLUMNS)

LIMIT = 8.0  # a lost landmark can be anywhere; columns are of the order of 1
ANGLE_UNIT = np.radians(30)
FACE_UNIT = 0.1  # expressions move points of the face by about a tenth of the distance between the eyes


def person_descriptor(
    tracks: Tracks,
    person: int,
    expressions: Features | None = None,
    sound: Features | None = None,
    words: Features | None = None,
) -> np.ndarray:
    """Return the descriptor of a person: float32 (frames, D), columns ``COLUMNS``.

    ``expressions``, ``sound`` and ``words`` are the features of ``fer``, ``hear`` and ``words``; without them, where the face
    was not encoded, and where nobody speaks, their columns are 0. Raises KinesicsError if the tracks do not have the person,
    or the features are of another video or encoder.
    """
    _check_inputs(tracks, person, (expressions, sound, words))
    person_seen = np.isfinite(tracks.dense(person, PERSON_BOX)).all(1)
    mesh = tracks.dense(person, "face")
    pose = tracks.dense(person, "pose")
    hands = np.stack([tracks.dense(person, f"{side}_hand") for side in SIDES])[..., :2]
    size = np.array([tracks.width, tracks.height], np.float32)
    mesh = mesh * np.append(size, size[0])  # depth is in units of the frame's width
    frame, unit = head_frame(mesh)
    with np.errstate(invalid="ignore", divide="ignore"):
        local = np.einsum("tij,tpj->tpi", frame, mesh - mesh[:, NOSE_BASE, None]) / unit[:, None, None]
        face = _usual(_face(local)) / FACE_UNIT
        place = _usual(np.concatenate([_middle(mesh) / median(unit), np.log(unit)[:, None]], 1))
        head = np.concatenate([_usual_angle(angles(frame)) / ANGLE_UNIT, place], 1)
        box = tracks.dense(person, FACE_BOX)
        hand, speed_hand = _hands(hands * size, box * np.tile(size, 2), tracks.rate_hz)
        body, speed_body = _body(np.where(pose[..., 3:] >= VISIBLE, pose[..., :2], np.nan) * size, tracks.rate_hz)
    motion = [
        speed(face, tracks.rate_hz) / np.sqrt(face.shape[1]),
        speed(head[:, :3], tracks.rate_hz),
        speed_body[:, 0],
        *speed_hand.T,
        *speed_body[:, 1:].T,
    ]
    probability = cues.probabilities(tracks, person, expressions)
    flags = [
        person_seen,
        *(np.isfinite(part).all(-1) for part in (face, probability, body[:, :3])),
        *np.isfinite(hand[:, :2]).T,
    ]
    flags += list(np.isfinite(body[:, -2:]).T)
    audio = _at_frames(sound, "sound", len(_SOUND_NAMES), tracks, 1 / sound.rate_hz if sound else 0.0)
    text = _at_frames(words, "text", len(_WORDS_NAMES), tracks, np.inf)
    flags += [np.isfinite(audio[:, 0]), text.any(1) & np.isfinite(text[:, 0])]
    columns = [
        face,
        head,
        hand,
        body,
        np.log1p(np.stack(motion, 1)),
        probability,
        _usual(probability),
        _rules(tracks, person, expressions),
        np.concatenate([audio[:, :1], _usual(audio[:, 1:])], 1),
        text,
        np.stack(flags, 1),
    ]
    descriptor = np.concatenate(columns, 1).astype(np.float32)
    return np.clip(np.nan_to_num(descriptor, nan=0.0, posinf=LIMIT, neginf=-LIMIT), -LIMIT, LIMIT)


def _check_inputs(tracks: Tracks, person: int, features: Sequence[Features | None]) -> None:
    """Raise KinesicsError if the tracks do not have the person, or features are not those of ENCODERS on their video."""
    if person not in tracks.persons:
        raise KinesicsError(f"tracks of {tracks.video!r}: no person {person}; there are {tracks.persons}")
    for given, encoder in zip(features, ENCODERS, strict=True):
        if given is not None and (given.video, given.encoder) != (tracks.video, encoder):
            raise KinesicsError(
                f"features of {given.encoder!r} on {given.video!r} were given for {encoder!r} of {tracks.video!r}: "
                f"give those of {encoder!r} on it"
            )


def head_frame(mesh: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the head's axes, rows x to the person's left, y down, z away: (T, 3, 3), and its unit in pixels: (T,).

    ``mesh`` (T, 478, 3) in pixels. The axes are those of points that no expression moves: eye corners, the face's edge,
    the base of the nose, the forehead. The unit is the distance of the outer eye corners.
    """
    across = mesh[:, EYE_OUTER[1]] - mesh[:, EYE_OUTER[0]] + mesh[:, EDGE[1]] - mesh[:, EDGE[0]]
    down = mesh[:, NOSE_BASE] - mesh[:, FOREHEAD]
    x = _unit(across)
    y = _unit(down - (down * x).sum(-1, keepdims=True) * x)
    unit = np.linalg.norm(mesh[:, EYE_OUTER[1]] - mesh[:, EYE_OUTER[0]], axis=-1)
    return np.stack([x, y, np.cross(x, y)], 1), np.where(unit > 0, unit, np.nan)


def angles(frame: np.ndarray) -> np.ndarray:
    """Return yaw, pitch and roll in radians of axes (T, 3, 3): (T, 3)."""
    x, y = frame[:, 0], frame[:, 1]
    return np.stack([np.arctan2(x[:, 2], x[:, 0]), np.arctan2(y[:, 2], y[:, 1]), np.arctan2(x[:, 1], x[:, 0])], 1)


def _face(local: np.ndarray) -> np.ndarray:
    """Return the columns of the face from its mesh in the head's frame (T, 478, 3): (T, n)."""
    columns = []
    for _, a, b, axis in _FACE:
        pairs = zip(a, b, strict=True) if isinstance(a, tuple) else [(a, b)]
        for first, second in pairs:
            difference = local[:, first] - local[:, second]
            columns.append(np.linalg.norm(difference, axis=-1) if axis == "d" else difference[:, "xyz".index(axis)])
    return np.stack(columns, 1)


def _hands(hands: np.ndarray, box: np.ndarray, rate_hz: float) -> tuple[np.ndarray, np.ndarray]:
    """Return the columns of the hands (T, 10), a pair of sides each, and their speeds (T, 2).

    ``hands`` (2, T, 21, 2) and the face's ``box`` (T, 4) in pixels. While a hand occludes the face its last box is kept.
    """
    box = pd.DataFrame(box).ffill().bfill().to_numpy()
    middle, height = (box[:, :2] + box[:, 2:]) / 2, box[:, 3] - box[:, 1]
    height = np.where(height > 0, height, np.nan)
    wrist = (hands[:, :, WRIST] - middle) / height[:, None]
    inside = ((hands >= box[:, None, :2]) & (hands <= box[:, None, 2:])).all(-1).mean(-1)
    inside = np.where(np.isnan(wrist[..., 0]), np.nan, inside)
    near = np.linalg.norm(hands[:, :, FINGERTIPS] - middle[:, None], axis=-1).min(-1) / height
    palm = np.linalg.norm(hands[:, :, KNUCKLES].mean(2) - hands[:, :, WRIST], axis=-1)
    reach = np.linalg.norm(hands[:, :, FINGERTIPS] - hands[:, :, WRIST, None], axis=-1).mean(-1)
    opening = reach / np.where(palm > 0, palm, np.nan)
    columns = np.stack([wrist[..., 0], wrist[..., 1], inside, near, opening])  # (5, 2, T)
    speeds = np.stack([speed(hand[:, WRIST] / median(height), rate_hz) for hand in hands], 1)
    return columns.reshape(10, -1).T, speeds


def _body(pose: np.ndarray, rate_hz: float) -> tuple[np.ndarray, np.ndarray]:
    """Return the columns of the body (T, 14) and the speeds of torso and wrists (T, 3).

    ``pose`` (T, 33, 2) in pixels, NaN where not visible.
    """
    right, left = pose[:, SHOULDERS[0]], pose[:, SHOULDERS[1]]
    middle, span = (left + right) / 2, np.linalg.norm(left - right, axis=-1)
    span = np.where(span > 0, span, np.nan)
    usual = median(span)
    across = left - right
    columns = [
        _usual(middle) / usual,
        _usual(np.log(span)[:, None]),
        _usual_angle(np.arctan2(across[:, 1], across[:, 0])[:, None]) / ANGLE_UNIT,
        _usual((pose[:, NOSE] - middle) / usual),
    ]
    joints = [(pose[:, joint] - pose[:, shoulder]) / usual for joint, shoulder in _joints()]
    order = [(0, 0), (1, 0), (0, 1), (1, 1), (2, 0), (3, 0), (2, 1), (3, 1)]  # joint by side, then x and y
    columns += [joints[joint][:, axis, None] for joint, axis in order]
    torso = speed(np.concatenate([middle / usual, np.log(span)[:, None]], 1), rate_hz)
    wrists = [speed((pose[:, wrist] - middle) / usual, rate_hz) for wrist in WRISTS]
    return np.concatenate(columns, 1), np.stack([torso, *wrists], 1)


def _joints() -> list[tuple[int, int]]:
    return [*zip(ELBOWS, SHOULDERS, strict=True), *zip(WRISTS, SHOULDERS, strict=True)]


def _rules(tracks: Tracks, person: int, expressions: Features | None) -> np.ndarray:
    """Return the cues, at most 2: (frames, labels), NaN where they are unknown."""
    values = cues.person_cues(tracks, person, expressions)
    return np.stack([values[label] for label in cues.LABELS], 1).clip(0, 2)


def _at_frames(features: Features | None, crop: str, columns: int, tracks: Tracks, hold_s: float) -> np.ndarray:
    """Return the last row at each frame, at most ``hold_s`` after its time: (frames, columns), NaN without any."""
    rows = features.crops[crop] if features else None
    if rows is None or not len(rows.time_s):
        return np.full((tracks.frames, columns), np.nan)
    last = hold_last(rows.time_s, tracks.frames, tracks.rate_hz, hold_s)
    return np.where(last[:, None] >= 0, rows.tokens[last], np.nan)


def _middle(mesh: np.ndarray) -> np.ndarray:
    return mesh[:, [*EYE_OUTER, NOSE_BASE], :2].mean(1)


def _usual(values: np.ndarray) -> np.ndarray:
    """Return values (T, n) less each column's median, ignoring NaN."""
    return values - np.array([median(column) for column in values.T])


def _usual_angle(values: np.ndarray) -> np.ndarray:
    """Return angles (T, n) in radians less each column's median, in [-pi, pi)."""
    return (_usual(values) + np.pi) % (2 * np.pi) - np.pi


def _unit(vectors: np.ndarray) -> np.ndarray:
    length = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return vectors / np.where(length > 0, length, np.nan)
