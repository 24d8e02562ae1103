"""Cues: rules of thumb on landmarks and expressions, one number per label, frame and person.

A cue is in units of its own threshold: from 1 on the label counts as on. Angles are the coding manual's; the other
thresholds were set once, from the size of the movement they mean. ``detectors.rules`` cuts the cues into events;
``descriptor`` contains them as columns.
"""

import numpy as np
import pandas as pd

from kinesics.encoders.fer import LABELS as EXPRESSIONS
from kinesics.structures.features import Features
from kinesics.structures.timegrid import index, smooth
from kinesics.structures.tracks import FACE_BOX, Tracks

LABELS = (
    *("happy", "sad", "fear", "surprise", "anger", "disgust"),
    *("hand_to_face", "hand_gesture", "head_turn", "head_tilt", "posture_shift", "speaking"),
)

# An expression is on where its probability is more than that of all others together.
EXPRESSION = 0.5
# Degrees away from the person's usual heading (coding manual).
TURN_DEG, TILT_DEG = 20.0, 15.0
# Share of a hand's 21 landmarks inside the face's box: three fingertips, or a knuckle row.
TOUCH = 0.15
# Wrist speed against the shoulders in face heights (about 0.2 m) a second: a beat moves a hand by its own length in half
# a second.
HAND_SPEED = 1.0
# Speed of the shoulders' middle, and of their apparent width, in shoulder widths a second: a lean moves them by about a
# quarter of their width in two seconds.
TORSO_SPEED = 0.125
# Standard deviation of the lips' opening over SPEECH_S seconds, in face heights: syllables open the lips by 0.02 to 0.06.
LIPS, SPEECH_S = 0.01, 1.0
SMOOTH_S = 0.5

# Mesh points: outer eye corners, cheeks, forehead, chin, inner lips. Pose points: shoulders, wrists.
RIGHT_EYE, LEFT_EYE, RIGHT_CHEEK, LEFT_CHEEK, FOREHEAD, CHIN, UPPER_LIP, LOWER_LIP = 33, 263, 234, 454, 10, 152, 13, 14
LEFT_SHOULDER, RIGHT_SHOULDER, LEFT_WRIST, RIGHT_WRIST = 11, 12, 15, 16


def person_cues(tracks: Tracks, person: int, expressions: Features | None) -> dict[str, np.ndarray]:
    """Return the cue of each label of LABELS, (frames,), averaged over SMOOTH_S; NaN where its landmarks are missing.

    ``expressions`` are the features of ``fer``; without them the cues of expressions are NaN.
    """
    size = np.array([tracks.width, tracks.height], np.float32)
    # Depth is in units of the frame's width.
    mesh = tracks.dense(person, "face") * np.array([size[0], size[1], size[0]], np.float32)
    pose = tracks.dense(person, "pose")
    hands = np.stack([tracks.dense(person, side)[..., :2] for side in ("left_hand", "right_hand")])
    cues = {
        **expression_cues(tracks, person, expressions),
        **head_cues(mesh),
        "speaking": speech_cue(mesh, tracks.rate_hz),
        "hand_to_face": touch_cue(hands, tracks.dense(person, FACE_BOX)),
        "posture_shift": torso_speed(pose, size, tracks.rate_hz) / TORSO_SPEED,
    }
    gesture = hand_speed(pose, hands, mesh, size, tracks.rate_hz) / HAND_SPEED
    # A hand at the face is the other label.
    cues["hand_gesture"] = np.where(np.nan_to_num(cues["hand_to_face"]) >= 1, 0, gesture)
    width = max(round(SMOOTH_S * tracks.rate_hz), 1)
    return {label: smooth(cues[label], width) for label in LABELS}


def expression_cues(tracks: Tracks, person: int, expressions: Features | None) -> dict[str, np.ndarray]:
    """Return the probability of each expression in units of EXPRESSION: (frames,), NaN without a face."""
    probability = probabilities(tracks, person, expressions)
    return {label: probability[:, EXPRESSIONS.index(label)] / EXPRESSION for label in LABELS if label in EXPRESSIONS}


def probabilities(tracks: Tracks, person: int, expressions: Features | None) -> np.ndarray:
    """Return a person's probabilities of the expression classifier: float32 (frames, 7), NaN where it was not queried."""
    out = np.full((tracks.frames, len(EXPRESSIONS)), np.nan, np.float32)
    if expressions is not None:
        times, tokens = expressions.crops["face"].of(person)
        frame = index(times, tracks.rate_hz)
        inside = frame < tracks.frames
        out[frame[inside]] = tokens[inside]
    return out


def head_cues(mesh: np.ndarray) -> dict[str, np.ndarray]:
    """Return head_turn and head_tilt in units of their thresholds from a mesh (frames, 478, 3) in pixels.

    Angles are those of the cheek-to-cheek, forehead-to-chin and eye-to-eye lines, less their median over the video.
    """
    across = mesh[:, LEFT_CHEEK] - mesh[:, RIGHT_CHEEK]
    down = mesh[:, CHIN] - mesh[:, FOREHEAD]
    eyes = mesh[:, LEFT_EYE] - mesh[:, RIGHT_EYE]
    yaw = np.degrees(np.arctan2(across[:, 2], across[:, 0]))
    pitch = np.degrees(np.arctan2(down[:, 2], down[:, 1]))
    roll = np.degrees(np.arctan2(eyes[:, 1], eyes[:, 0]))
    yaw, pitch, roll = (np.abs((angle - median(angle) + 180) % 360 - 180) for angle in (yaw, pitch, roll))
    return {"head_turn": yaw / TURN_DEG, "head_tilt": np.maximum(pitch, roll) / TILT_DEG}


def speech_cue(mesh: np.ndarray, rate_hz: float) -> np.ndarray:
    """Return the standard deviation of the lips' opening over SPEECH_S in units of LIPS: (frames,)."""
    opening = np.linalg.norm(mesh[:, LOWER_LIP] - mesh[:, UPPER_LIP], axis=1) / face_height(mesh)
    width = max(round(SPEECH_S * rate_hz), 2)
    mean, square = smooth(opening, width), smooth(opening**2, width)
    return np.where(np.isnan(opening), np.nan, np.sqrt(np.clip(square - mean**2, 0, None))) / LIPS


def touch_cue(hands: np.ndarray, face: np.ndarray) -> np.ndarray:
    """Return the larger share of a hand's landmarks inside the face's box, in units of TOUCH, (frames,).

    ``hands`` (2, frames, 21, 2) and ``face`` (frames, 4). While a hand occludes the face its last box is kept.
    """
    face = pd.DataFrame(face).ffill().to_numpy()
    inside = (hands >= face[None, :, None, :2]).all(-1) & (hands <= face[None, :, None, 2:]).all(-1)
    return inside.mean(-1).max(0) / TOUCH


def hand_speed(pose: np.ndarray, hands: np.ndarray, mesh: np.ndarray, size: np.ndarray, rate_hz: float) -> np.ndarray:
    """Return the faster wrist's speed against the shoulders in face heights a second, (frames,), NaN without a hand.

    A wrist counts only while its hand's mesh is detected: the body pose guesses wrists that are outside the frame.
    """
    shoulders = (pose[:, LEFT_SHOULDER, :2] + pose[:, RIGHT_SHOULDER, :2]) / 2 * size
    shoulders = np.where(np.isnan(shoulders), 0, shoulders)
    height = median(face_height(mesh))
    speeds = [speed(hand[:, 0] * size - shoulders, rate_hz) / height for hand in hands]
    return np.fmax(*speeds)


def torso_speed(pose: np.ndarray, size: np.ndarray, rate_hz: float) -> np.ndarray:
    """Return the speed of the shoulders' middle and of their width, in shoulder widths a second, (frames,)."""
    left, right = pose[:, LEFT_SHOULDER, :2] * size, pose[:, RIGHT_SHOULDER, :2] * size
    span = np.linalg.norm(left - right, axis=1)
    width = max(round(rate_hz), 1)  # one second: landmarks jitter from frame to frame
    place = speed(smooth((left + right) / 2, width), rate_hz) / median(span)
    growth = np.abs(np.gradient(smooth(np.log(span), width))) * rate_hz if len(span) > 1 else np.zeros(len(span))
    return np.fmax(place, growth)


def face_height(mesh: np.ndarray) -> np.ndarray:
    """Return the distance from forehead to chin, (frames,), in the mesh's units."""
    return np.linalg.norm(mesh[:, CHIN] - mesh[:, FOREHEAD], axis=1)


def speed(points: np.ndarray, rate_hz: float) -> np.ndarray:
    """Return the speed of points (frames, n) in their units a second: (frames,), NaN where a neighbour is missing."""
    if len(points) < 2:
        return np.zeros(len(points))
    return np.linalg.norm(np.gradient(points, axis=0), axis=1) * rate_hz


def median(values: np.ndarray) -> float:
    """Return the median of the values that are finite, NaN without any."""
    finite = values[np.isfinite(values)]
    return float(np.median(finite)) if len(finite) else np.nan
