"""Signals of a person in one language for every face: facial actions, head angles, hands and body, relative to the usual.

Motion of the mouth is measured in the log-odds of the facial actions: a quiet speaker moves them by a thousandth, which is
as far from rest in log-odds as the tenth of a lively one. What is "usual" differs with the signal: a facial action at rest is
a low quantile, the usual heading is the one held longest (a mode), and a movement is compared with the person's own quiet
level, drawn towards the population's where little of the person is seen.
"""

from collections.abc import Mapping

import numpy as np
from scipy.ndimage import maximum_filter1d

from kinesics.encoders.fer import LABELS as EXPRESSIONS
from kinesics.signals.cues import probabilities
from kinesics.signals.facemesh import CHIN, FOREHEAD, SHOULDERS, WRISTS
from kinesics.signals.recording import Recording
from kinesics.structures.features import Features
from kinesics.structures.timegrid import hold_last, smooth
from kinesics.structures.tracks import BLENDSHAPES, VISIBLE, Tracks

#: A signal or column by name, each (frames,).
Signals = dict[str, np.ndarray]

#: Actions of the mouth and jaw whose changes are speech, laughter or grimaces.
MOUTH = (
    *("jawOpen", "jawForward", "mouthClose", "mouthFunnel", "mouthPucker", "mouthLowerDown", "mouthUpperUp"),
    *("mouthRollLower", "mouthRollUpper", "mouthShrugLower", "mouthShrugUpper", "mouthStretch", "mouthPress"),
    *("mouthFrown", "mouthDimple", "mouthSmile"),
)
#: Actions that a grimace may consist of.
GRIMACES = (
    *(
        "mouthRollLower",
        "mouthRollUpper",
        "mouthShrugLower",
        "mouthShrugUpper",
        "mouthPucker",
        "mouthFunnel",
        "cheekPuff",
    ),
    *("jawLeft", "jawRight", "mouthLeft", "mouthRight", "jawOpen", "mouthStretch", "mouthLowerDown", "mouthPress"),
    "noseSneer",
)
#: Movements that are compared with the person's quiet level: the quantile that is quiet, and the unit below which is noise.
QUIET = {
    **dict.fromkeys(("mouth", "mouth_mouthPucker", "mouth_mouthPress"), (0.25, 0.02)),
    "place_range": (0.5, 0.01),
    **dict.fromkeys(("turn", "tilt"), (0.4, 2.0)),  # degrees
}
#: Seconds of a person that weigh as much as the population's quiet level.
PRIOR_S = 10.0
# Log-odds of an action are measured within these: MediaPipe's smallest coefficients are about 1e-5.
LEAST_MOVING, LEAST = 1e-5, 1e-3
# Kernel widths, in degrees, of the mode of yaw, pitch and roll: about the jitter of a head that is held.
HEADING = {"yaw": 6.0, "pitch": 5.0, "roll": 5.0}
# How far around an instant, in seconds, the head's place is compared.
PLACE_S = 0.8


def recording_signals(recording: Recording) -> dict[int, Signals]:
    """Return the ``person_signals`` of each person of a recording, with the features that it has."""
    expressions, sound = (recording.features.get(encoder) for encoder in ("fer", "audio_activity"))
    tracks = recording.tracks
    return {person: person_signals(tracks, person, expressions, sound) for person in tracks.persons}


def recording_columns(
    everyone: Mapping[int, Signals], quiet: Mapping[str, float], rate_hz: float
) -> dict[int, Signals]:
    """Return ``frame_columns`` of each person of a recording, from the ``person_signals`` of all."""
    return {
        person: frame_columns(own, quiet, rate_hz, [s for other, s in everyone.items() if other != person])
        for person, own in everyone.items()
    }


def person_signals(
    tracks: Tracks, person: int, expressions: Features | None = None, sound: Features | None = None
) -> Signals:
    """Return the signals of a person, NaN where unknown: facial actions, angles in degrees, lengths in face heights.

    ``expressions`` and ``sound`` are the features of ``fer`` and ``audio_activity``; without them there is no expression and
    no voice.
    """
    size = np.array([tracks.width, tracks.height], float)
    face = tracks.reduced(person, "face", lambda mesh: _outline(mesh[..., :2] * size))
    first, forehead, chin, low, high = np.moveaxis(face, 1, 0)
    shoulders = tracks.reduced(person, "pose", lambda pose: pose[:, SHOULDERS, 3])
    wrists = tracks.reduced(person, "pose", lambda pose: pose[:, WRISTS[::-1]][..., [0, 1, 3]].astype(float))
    height = np.linalg.norm(forehead - chin, axis=1)
    unit = np.nanmedian(height) if np.isfinite(height).any() else size[1] / 4
    seen = np.isfinite(first[:, 0])
    fer = probabilities(tracks, person, expressions).astype(float)
    signals = {f"fer_{name}": fer[:, k] for k, name in enumerate(EXPRESSIONS)}
    signals |= _facial(tracks.dense(person, "blendshapes").astype(float))
    signals |= _heading(tracks.dense(person, "head_matrix").astype(float), tracks.rate_hz)
    signals |= _hands(
        np.stack([tracks.dense(person, f"{side}_hand")[..., :2] for side in ("left", "right")], 1) * size,
        np.concatenate([wrists[..., :2] * size, wrists[..., 2:]], -1),
        (low, high, unit),
        size,
        tracks.rate_hz,
    )
    middle, extent = (low + high) / 2 / unit, np.sqrt(np.prod(high - low, 1)) / unit
    with np.errstate(divide="ignore"):
        place = [middle[:, 0], middle[:, 1], 1.5 * np.log(extent)]
    signals["place_range"] = np.fmax.reduce([_range(smooth(x, 5), round(PLACE_S * tracks.rate_hz)) for x in place])
    signals["seen"] = seen.astype(float)
    shoulders_seen = np.nan_to_num(shoulders).min(1) > VISIBLE
    # somebody whose face is mostly visible has turned away where it is lost; of others nothing is known
    signals["away"] = (~seen & shoulders_seen & (seen.mean() > 0.5)).astype(float)
    for name in QUIET.keys() & signals.keys():
        signals[name] = np.where(seen, signals[name], np.nan)
    return signals | _heard(tracks, sound)


def quiet_levels(people: list[Signals]) -> dict[str, float]:
    """Return the logarithm of the quiet level of each movement of ``QUIET``, the median over people."""
    levels = {}
    for name, (quantile, unit) in QUIET.items():
        known = [np.log(low + unit) for s in people if np.isfinite(low := _quantile(smooth(s[name], 5), quantile))]
        levels[name] = float(np.median(known)) if known else 0.0
    return levels


def frame_columns(signals: Signals, quiet: Mapping[str, float], rate_hz: float, others: list[Signals]) -> Signals:
    """Return the columns that a frame's labels are estimated from, of the order of 1.

    ``quiet`` are ``quiet_levels``; ``others`` the signals of the other people of the same recording, who may be the ones
    that are heard.
    """
    columns = {name: signals[name] for name in ("touch", "hand_seen", "wrist_seen", "wrist_low", "hand_low")}
    columns |= {name: signals[f"fer_{name}"] for name in ("happy", "sad", "fear", "anger")}
    columns["smile"] = np.tanh(signals["mouthSmile"] / 0.4)
    columns["laugh"] = columns["smile"] * columns["happy"]
    for name in ("mouthSmile", "eyeWide"):
        columns[f"odds_{name}"] = np.clip(signals[f"odds_{name}"], -8, 8) / 2
    for name in ("browInnerUp", "browOuterUp", "browDown"):
        rest = min(_quantile(signals[name], 0.25), 0.35)
        columns[f"raised_{name}"] = np.tanh((signals[name] - rest) / 0.3)
    grimaces = [smooth(signals[name], round(0.9 * rate_hz)) for name in GRIMACES]
    columns["grimace"] = np.max([np.tanh(np.clip(x - _quantile(x, 0.5), 0, None) / 0.35) for x in grimaces], 0)
    for name in QUIET:
        columns[f"moving_{name}"] = _above_quiet(signals[name], name, quiet[name], rate_hz)
    columns["near"] = 1 / np.clip(signals["hand_distance"], 0.5, 4)
    columns["hand_speed"] = np.log1p(np.minimum(signals["hand_speed"], 10))
    columns["finger_speed"] = np.log1p(np.minimum(signals["finger_speed"], 10))
    columns["wrist_speed"] = np.log1p(np.minimum(signals["wrist_speed"], 10)) * signals["wrist_seen"]
    columns["free_hand"] = columns["hand_speed"] * (signals["touch"] < 0.3)
    columns["wrist_rise"] = np.tanh(_quantile(signals["wrist_low"], 0.75) - signals["wrist_low"])
    columns["turned"] = np.where(np.isfinite(signals["turn"]), np.tanh(signals["turn"] / 25), 0.9 * signals["away"])
    columns["tilted"] = 1 / (1 + np.exp(-(np.nan_to_num(signals["tilt"]) - 13) / 2.5))
    columns["nodded"], columns["rolled"] = np.tanh(signals["nod"] / 18), np.tanh(signals["lean"] / 18)
    columns["place_range"] = np.tanh(signals["place_range"] / 0.3)
    held = smooth(maximum_filter1d(signals["speech"], round(0.9 * rate_hz), mode="nearest"), round(0.5 * rate_hz))
    mouth = smooth(columns["moving_mouth"], round(0.9 * rate_hz))
    rivals = [smooth(_above_quiet(s["mouth"], "mouth", quiet["mouth"], rate_hz), round(0.9 * rate_hz)) for s in others]
    ahead = np.tanh(mouth - np.max(rivals, 0)) if rivals else np.full(len(mouth), 0.6)
    # with sound, the mouth that moves while speech is heard; without, the mouth alone
    moving = columns["moving_mouth"]
    columns["voice"] = np.where(signals["sound"] > 0, moving / 2 + 2 * held * ahead - 0.6, moving)
    columns["grimacing"] = columns["grimace"] * (1 - np.nan_to_num(columns["happy"])) * (1 - signals["speech"])
    columns |= _rule_columns(signals, columns)
    return {name: np.nan_to_num(np.asarray(values, float)) for name, values in columns.items()}


def _rule_columns(signals: Signals, columns: Signals) -> Signals:
    """Return one column for each label that geometry or the classifier decides, for thresholds."""
    brow, brow_tail, eyes = columns["raised_browInnerUp"], columns["raised_browOuterUp"], signals["odds_eyeWide"]
    return {
        "smiling": (columns["smile"] + columns["happy"]) / 2,
        "brows_raised": np.minimum(brow, brow_tail),
        "frightened": columns["fear"] * np.tanh(np.clip(eyes + 7, 0, None) / 3),
        "glaring": columns["anger"] * columns["raised_browDown"],
        "hand_at_face": columns["near"] * signals["hand_seen"],
        "gesturing": (columns["hand_speed"] + columns["wrist_speed"] / 2) * (signals["touch"] < 0.3),
        "turn_deg": np.where(np.isfinite(signals["turn"]), signals["turn"], 60 * signals["away"]),
        "tilt_deg": signals["tilt"],
    }


def usual_heading(angle: np.ndarray, width: float, rate_hz: float) -> float:
    """Return the angle in degrees that is held longest, NaN ignored.

    The mode of a kernel density of this width, with half a second's weight for angles near the camera.
    """
    angle = angle[np.isfinite(angle)]
    grid = np.linspace(-90, 90, 181)
    density = np.array([np.exp(-0.5 * ((centre - angle) / width) ** 2).sum() for centre in grid])
    density += rate_hz / 2 * np.exp(-0.5 * (grid / 15) ** 2)
    return float(grid[density.argmax()])


def _outline(mesh: np.ndarray) -> np.ndarray:
    """Return the first point, forehead and chin of meshes (N, 478, 2), and the corners of their boxes: (N, 5, 2)."""
    box = mesh[:, :468]
    return np.stack([mesh[:, 0], mesh[:, FOREHEAD], mesh[:, CHIN], box.min(1), box.max(1)], 1)


def _facial(actions: np.ndarray) -> Signals:
    """Return the actions, means of their sides, their log-odds, and the movement of the mouth in log-odds a frame."""
    groups: dict[str, list[int]] = {}
    for k, name in enumerate(BLENDSHAPES):
        sided = name not in ("mouthLeft", "mouthRight", "jawLeft", "jawRight")
        groups.setdefault(name.removesuffix("Left").removesuffix("Right") if sided else name, []).append(k)
    out = {name: actions[:, columns].mean(1) for name, columns in groups.items()}
    for name in ("mouthSmile", "eyeWide"):
        out[f"odds_{name}"] = _log_odds(actions[:, groups[name]], LEAST).mean(1)
    moving = {}
    for name in MOUTH:
        odds = _filled(_log_odds(actions[:, groups[name]], LEAST_MOVING).mean(1))
        moving[name] = np.minimum(np.abs(np.gradient(odds)), 2) if len(odds) > 1 else np.zeros(len(odds))
    out["mouth"] = np.median(list(moving.values()), 0)
    return out | {f"mouth_{name}": moving[name] for name in ("mouthPucker", "mouthPress")}


def _heading(matrix: np.ndarray, rate_hz: float) -> Signals:
    """Return how far yaw, pitch and roll are from the usual heading, degrees: turn, nod, lean, and tilt, the larger two."""
    with np.errstate(invalid="ignore", divide="ignore"):
        axes = matrix[:, :3, :3] / np.linalg.norm(matrix[:, :3, 0], axis=1)[:, None, None]
    ahead = axes[:, :, 2]
    angles = {
        "yaw": np.degrees(np.arctan2(ahead[:, 0], ahead[:, 2])),
        "pitch": np.degrees(np.arctan2(ahead[:, 1], np.hypot(ahead[:, 0], ahead[:, 2]))),
        "roll": np.degrees(np.arctan2(axes[:, 1, 0], axes[:, 1, 1])),
    }
    away = [np.abs(angle - usual_heading(angle, HEADING[name], rate_hz)) for name, angle in angles.items()]
    return {"turn": away[0], "nod": away[1], "lean": away[2], "tilt": np.fmax(away[1], away[2])}


def _hands(
    hands: np.ndarray, wrists: np.ndarray, face: tuple[np.ndarray, np.ndarray, float], size: np.ndarray, rate_hz: float
) -> Signals:
    """Return the signals of the more active, or nearer, hand.

    ``hands`` (frames, 2, 21, 2) and ``wrists`` of the pose (frames, 2, 3: x, y, visibility) in pixels, the left one first;
    ``face`` the corners of its box, (frames, 2) each, which are kept while a hand hides it, and its usual height.
    """
    low, high, unit = face
    if np.isfinite(low).any():
        low, high = (np.stack([_filled(column) for column in corner.T], 1) for corner in (low, high))
    else:
        low = np.tile(size * [0.5, 1 / 3] - unit / 2, (len(hands), 1))
        high = low + unit
    middle, half = (low + high) / 2, (high - low) / 2
    sides: dict[str, list[np.ndarray]] = {}
    for side in range(2):
        hand, joint = hands[:, side], wrists[:, side]
        inside = (joint[:, :2] > 0).all(1) & (joint[:, :2] < size).all(1)
        visible = np.nan_to_num(joint[:, 2]) * inside
        at = np.where((visible > 0.3)[:, None], joint[:, :2], np.nan)
        centre = hand.mean(1)
        within = ((hand >= low[:, None]) & (hand <= high[:, None])).all(-1)
        parts = {
            "hand_seen": np.isfinite(centre[:, 0]).astype(float),
            "touch": np.where(np.isfinite(centre[:, 0]), within.mean(1), np.nan),
            "hand_distance": np.linalg.norm((hand - middle[:, None]) / half[:, None], axis=-1).min(1),
            "hand_speed": _speed(centre, rate_hz) / unit,
            "finger_speed": np.mean([_speed(p, rate_hz) for p in np.moveaxis(hand - centre[:, None], 1, 0)], 0) / unit,
            "hand_low": (centre[:, 1] - middle[:, 1]) / unit,
            "wrist_seen": visible,
            "wrist_speed": np.where(visible > 0.3, _speed(joint[:, :2], rate_hz), np.nan) / unit,
            "wrist_low": (at[:, 1] - middle[:, 1]) / unit,
        }
        for name, values in parts.items():
            sides.setdefault(name, []).append(values)
    # of two hands the nearer or higher, or else the faster; without one, far away and still
    missing = {"hand_distance": 4.0, "hand_low": 3.0, "wrist_low": 3.5}
    out = {}
    for name, (left, right) in sides.items():
        better = np.fmin(left, right) if name in missing else np.fmax(left, right)
        out[name] = np.where(np.isfinite(better), better, missing.get(name, 0.0))
    out["hand_low"] = np.clip(out["hand_low"], -1, 3)
    out["wrist_low"] = np.clip(out["wrist_low"], -1, 3.5)
    return out


def _heard(tracks: Tracks, sound: Features | None) -> Signals:
    """Return the probability of speech, 0 in a recording without any, and whether there is: speech, sound."""
    speech = np.zeros(tracks.frames)
    if sound is not None and len(sound.crops["sound"].time_s):
        rows = sound.crops["sound"]
        last = hold_last(rows.time_s, tracks.frames, tracks.rate_hz, 1 / sound.rate_hz)
        speech = np.where(last >= 0, rows.tokens[last, 0], 0.0)
    audible = float(speech.max(initial=0) > 0.5)
    return {"speech": speech * audible, "sound": np.full(tracks.frames, audible)}


def _above_quiet(movement: np.ndarray, name: str, population: float, rate_hz: float) -> np.ndarray:
    """Return the logarithm of a movement over the quiet level of the person, drawn towards the population's."""
    quantile, unit = QUIET[name]
    movement = smooth(movement, 3)
    own, known = _quantile(movement, quantile), np.isfinite(movement).sum()
    weight = known / (known + PRIOR_S * rate_hz)
    level = weight * np.log(own + unit) + (1 - weight) * population if known else population
    return np.clip(np.log(np.maximum(movement, 0) + unit) - level, -4, 4)


def _range(values: np.ndarray, reach: int) -> np.ndarray:
    """Return the range of the finite values within ``reach`` frames of each: (frames,), NaN without any."""
    padded = np.pad(values, reach, constant_values=np.nan)
    windows = np.lib.stride_tricks.sliding_window_view(padded, 2 * reach + 1)
    high = np.where(np.isfinite(windows), windows, -np.inf).max(1)
    low = np.where(np.isfinite(windows), windows, np.inf).min(1)
    return np.where(high >= low, high - low, np.nan)


def _speed(points: np.ndarray, rate_hz: float) -> np.ndarray:
    """Return the speed of a point (frames, 2) in its unit a second, NaN beside missing frames."""
    if len(points) < 2:
        return np.zeros(len(points))
    return np.linalg.norm(np.gradient(points, axis=0), axis=1) * rate_hz


def _log_odds(probability: np.ndarray, least: float) -> np.ndarray:
    p = np.clip(probability, least, 1 - least)
    return np.log(p / (1 - p))


def _filled(values: np.ndarray) -> np.ndarray:
    """Return values with the missing ones interpolated, 0 without any."""
    known = np.flatnonzero(np.isfinite(values))
    return np.interp(np.arange(len(values)), known, values[known]) if len(known) else np.zeros(len(values))


def _quantile(values: np.ndarray, quantile: float) -> float:
    """Return a quantile of the finite values, NaN without any."""
    finite = values[np.isfinite(values)]
    return float(np.quantile(finite, quantile)) if len(finite) else np.nan
