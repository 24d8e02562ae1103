"""Scripted events without pictures, laid into what perception measures of a person.

Labels, durations, onset, apex, offset and strengths are those of the rendered films (``script.ACTIONS``, ``draw_action``), as
are the action units that people combine (``EXPRESSIONS``). ``coefficient_scripts.csv`` says what each unit or variant moves in
the measurements, one row per movement: the range of its amplitude at full strength, the share of actions that have it, and
its source: the Facial Action Coding System (Ekman, Friesen and Hager 2002), the phases of gestures (Kendon 2004, Gesture:
Visible Action as Utterance, chapter 7; McNeill 1992, Hand and Mind), or the project's coding manual. The ranges of
coefficients are assumptions within what MediaPipe returns, whose ``noseSneer`` and ``cheekSquint`` hardly move. Places and
lengths are in face heights. How people speak, blink and sway is in ``script_parameters.csv``.
"""

import csv

import numpy as np
import pandas as pd
from scipy.spatial.transform import Rotation

from kinesics.io.package_data import package_file
from kinesics.structures.timegrid import runs
from kinesics.structures.tracks import BLENDSHAPES
from kinesics.synthetic.measured_person import CHIN, FOREHEAD, SHOULDERS, WRISTS, MeasuredPerson, neutral_person
from kinesics.synthetic.perception_channel import Channel, Movement, perceive, random_walk, resting_noise
from kinesics.synthetic.script import ACTION_PAUSE_S, ACTIONS, TIMING, draw_action, strength
from kinesics.synthetic.script_parameters import PARAMETERS
from kinesics.synthetic.speech import MOUTH_ACTIONS, MOUTH_SHAPES

with package_file("kinesics.synthetic", "coefficient_scripts.csv").open(newline="") as _file:
    #: What each action unit or variant moves: {action: rows of the table}.
    MOVEMENTS: dict[str, list[dict[str, str]]] = {}
    for _row in csv.DictReader(_file):
        MOVEMENTS.setdefault(_row["action"], []).append(_row)

LABELS = tuple(ACTIONS.index)
EVENT_COLUMNS = ["label", "start_s", "end_s"]
# How often a place among other events is tried for one.
_TRIES = 12


def draw_events(
    rng: np.random.Generator, duration_s: float, count: int, busy: pd.DataFrame, shot: str = "bust"
) -> pd.DataFrame:
    """Return at most ``count`` actions within a duration, in the columns of ``draw_action``, labels as often as acted.

    Actions of one channel, also with the events ``busy`` (label, start_s, end_s) of the host, are ``ACTION_PAUSE_S`` apart.
    """
    share = ACTIONS["per_minute"].to_numpy(float)
    taken = [
        (ACTIONS.loc[row.label, "channel"], row.start_s, row.end_s) for row in busy.itertuples() if row.label in LABELS
    ]
    rows = []
    for label in rng.choice(list(LABELS), count, p=share / share.sum()):
        action, channel = _draw(rng, str(label), shot), ACTIONS.loc[label, "channel"]
        for begin in rng.uniform(-action["start_s"], max(duration_s - action["end_s"], 1e-3), _TRIES):
            start, end = max(begin + action["start_s"], 0.0), min(begin + action["end_s"], duration_s)
            apart = all(
                channel != other or start > b + ACTION_PAUSE_S or end < a - ACTION_PAUSE_S for other, a, b in taken
            )
            if apart and end - start >= min(0.6, action["end_s"] - action["start_s"]):
                taken.append((channel, start, end))
                rows.append(action | {name: action[name] + begin for name in action if name.endswith("_s")})
                break
    return pd.DataFrame(rows, columns=["label", "variant", "side", *TIMING, "start_s", "end_s"])


def lay_in(
    person: MeasuredPerson, actions: pd.DataFrame, channel: Channel, rng: np.random.Generator
) -> tuple[MeasuredPerson, pd.DataFrame]:
    """Return the person with actions of ``draw_events`` laid in, as the channel shows them, and the events (EVENT_COLUMNS)."""
    moves = _Moves(person, channel, rng)
    times = (np.arange(person.frames) + 0.5) / person.rate_hz
    scale = {label: max(float(ACTIONS.loc[label, "strongest"]), 1.0) for label in LABELS}
    for action in actions.to_dict("records"):
        timing = np.array([action[name] for name in TIMING], float)
        envelope = strength(timing, times)[0]
        if action["label"] == "speaking":
            moves.speak(envelope > 0)
        else:
            degrees = scale[action["label"]] > 1
            for unit in str(action["variant"]).split("+"):
                moves.add(unit, envelope, action["side"], timing[0] if degrees else 1.0)
    events = actions[EVENT_COLUMNS].copy()
    events["start_s"] = events["start_s"].clip(lower=0)
    events["end_s"] = events["end_s"].clip(upper=person.frames / person.rate_hz)
    return moves.perceived(), events.reset_index(drop=True)


def background(frames: int, rate_hz: float, channel: Channel, rng: np.random.Generator) -> MeasuredPerson:
    """Return a person who blinks, looks about, sways and fidgets, without any event, as the channel shows it.

    In a third of the streams somebody else is heard.
    """
    person = resting_noise(neutral_person(frames, rate_hz, channel.usual_expressions), channel, rng)
    moves = _Moves(person, channel, rng)
    blinks = rng.uniform(PARAMETERS["blinks_least"], PARAMETERS["blinks_most"])
    for begin in rng.integers(0, frames, rng.poisson(blinks * frames / rate_hz / 60)):
        moves.act("eyeBlink", (np.arange(frames) >= begin) & (np.arange(frames) < begin + 2), 0.6)
    switches = np.cumsum(rng.random(frames) < PARAMETERS["gaze"] / rate_hz)
    for name in ("eyeLookDown", "eyeLookIn", "eyeLookOut", "eyeLookUp"):
        moves.act(name, np.clip(rng.normal(0, 0.2, switches[-1] + 1), 0, 1)[switches], 1.0)
    sway = np.array([PARAMETERS[f"sway_{axis}"] for axis in ("yaw", "pitch", "roll")])
    moves.angles += random_walk(rng, frames, 1.5 * rate_hz, sway)
    moves.place[:, :2] += random_walk(rng, frames, 2 * rate_hz, np.full(2, PARAMETERS["sway_place"]))
    times = (np.arange(frames) + 0.5) / rate_hz
    silent = [label for label in LABELS if ACTIONS.loc[label, "channel"] in ("face", "turn", "tilt")]
    for _ in range(rng.poisson(PARAMETERS["fidgets"] * frames / rate_hz / 60)):
        action = _draw(rng, str(rng.choice(silent)), "face")
        begin = rng.uniform(0, frames / rate_hz)
        timing = np.array([action[name] for name in TIMING], float) + begin * np.array([0, 1, 1, 1, 1])
        weak = PARAMETERS["fidget"] * (2 if ACTIONS.loc[action["label"], "strongest"] > 1 else 1)
        size = timing[0] if ACTIONS.loc[action["label"], "strongest"] > 1 else 1.0
        for unit in action["variant"].split("+"):
            moves.add(unit, strength(timing, times)[0] * weak, action["side"], size)
    if rng.random() < PARAMETERS["others_heard"]:
        begin = rng.uniform(0, frames / rate_hz)
        moves.heard((times >= begin) & (times < begin + rng.uniform(1, 8)))
    return moves.perceived()


def _draw(rng: np.random.Generator, label: str, shot: str) -> dict:
    if label != "speaking":
        return draw_action(rng, label, shot)
    length = PARAMETERS["speaking_median"] * np.exp(PARAMETERS["speaking_spread"] * rng.normal())
    length = float(np.clip(length, PARAMETERS["speaking_least"], PARAMETERS["speaking_most"]))
    still = {"label": label, "variant": "", "side": 0.0, "strength": 1.0, "begin_s": 0.0, "start_s": 0.0, "apex_s": 0.0}
    return still | dict.fromkeys(("release_s", "end_s", "rest_s"), length)


class _Moves:
    """The sum of the movements of one person, before perception: coefficients, angles, place, hands and speech."""

    def __init__(self, person: MeasuredPerson, channel: Channel, rng: np.random.Generator):
        self.person, self.channel, self.rng = person, channel, rng
        self.actions = np.zeros((person.frames, len(BLENDSHAPES)))
        self.angles, self.place = np.zeros((person.frames, 3)), np.zeros((person.frames, 3))
        self.hands: list[tuple[int, np.ndarray, np.ndarray]] = []
        self.voice, self.articulation = np.zeros(person.frames, bool), np.zeros(person.frames)

    def act(self, name: str, envelope: np.ndarray, size: float, side: float = 0.0) -> None:
        """Add an action of both sides, or of the one that has the name, stronger on one side by a fifth."""
        if name in BLENDSHAPES:
            self.actions[:, BLENDSHAPES.index(name)] += size * envelope
            return
        for end, gain in (("Left", 1 + 0.2 * side), ("Right", 1 - 0.2 * side)):
            self.actions[:, BLENDSHAPES.index(name + end)] += gain * size * envelope

    def add(self, unit: str, envelope: np.ndarray, side: float, degrees: float) -> None:
        """Add a unit or variant of ``MOVEMENTS``; ``envelope`` (frames,) is its strength, in degrees for rotations."""
        drawn: dict[str, float] = {}
        for row in MOVEMENTS[unit]:
            if self.rng.random() < float(row["share"]):
                drawn[row["measurement"]] = self.rng.uniform(float(row["low"]), float(row["high"]))
        if "hand_x" in drawn:
            self.reach(drawn, envelope, side)
        for name, size in drawn.items():
            if name in ("yaw", "pitch", "roll"):
                sign = 1.0 if name == "pitch" else np.sign(side)
                self.angles[:, ("yaw", "pitch", "roll").index(name)] += sign * size * envelope
            elif name in ("x", "y"):
                self.place[:, ("x", "y").index(name)] += size * envelope * (np.sign(side) if name == "x" else 1.0)
            elif name == "grow":
                self.place[:, 2] += np.log1p(size) * envelope
            elif not name.startswith(("hand", "swing")):
                self.act(name, envelope / max(degrees, 1.0), size, side)

    def reach(self, drawn: dict[str, float], envelope: np.ndarray, side: float) -> None:
        """Move a hand from its rest to a place and back, with strokes there; sometimes both hands."""
        frames, rng = self.person.frames, self.rng
        share = np.clip(envelope / max(envelope.max(), 1e-9), 0, 1)
        t = np.arange(frames) / self.person.rate_hz
        both = rng.random() < PARAMETERS["both_gesture" if "swing" in drawn else "both_touch"]
        first = 0 if side > 0 else 1  # the person's left hand is the first
        for which in (first, 1 - first) if both else (first,):
            outward = 1.0 if which == 0 else -1.0  # a person's left is the frame's right
            goal = np.array([outward * drawn["hand_x"], drawn["hand_y"]]) + rng.normal(0, 0.05, 2)
            rest = np.array([outward * PARAMETERS["hand_rest_x"], PARAMETERS["hand_rest_y"]])
            path = rest + (goal - rest) * share[:, None]
            phase, angle = rng.uniform(0, 2 * np.pi), rng.uniform(0, np.pi)
            swing = drawn.get("swing", 0.02) * np.sin(2 * np.pi * drawn.get("swing_hz", 0.5) * t + phase) * share
            path += swing[:, None] * [np.cos(angle), np.sin(angle)] + rng.normal(0, 0.01, (frames, 2))
            self.hands.append((which, path, share))

    def speak(self, voiced: np.ndarray) -> None:
        """Move the mouth through drawn phonemes while ``voiced`` (frames,)."""
        rng, rate = self.rng, self.person.rate_hz
        shapes = np.array(list(MOUTH_SHAPES.values()))
        phonemes = np.arange(self.person.frames) / rate * PARAMETERS["phonemes"]
        count = int(np.ceil(self.person.frames / rate * PARAMETERS["phonemes"])) + 2
        drawn = shapes[rng.integers(len(shapes), size=count)]
        low = phonemes.astype(int)
        mouth = drawn[low] + (drawn[low + 1] - drawn[low]) * (phonemes - low)[:, None]
        size = PARAMETERS["mouth_size"] * np.exp(PARAMETERS["mouth_spread"] * rng.normal())
        for k, name in enumerate(MOUTH_ACTIONS):
            if name in BLENDSHAPES:
                self.actions[:, BLENDSHAPES.index(name)] += size * mouth[:, k] * voiced
        more = PARAMETERS["articulation"] * np.exp(PARAMETERS["articulation_spread"] * rng.normal())
        self.articulation += voiced * more
        self.heard(voiced)

    def heard(self, voiced: np.ndarray) -> None:
        """Let speech be in the sound, where there is any."""
        self.voice |= voiced

    def perceived(self) -> MeasuredPerson:
        """Return the person as the channel shows these movements."""
        unit, middle = _face_unit(self.person)
        movement = Movement(self.actions, self.angles, self.articulation)
        out = perceive(self.person, movement, self.channel, self.rng)
        self._move_head(out, unit)
        for which, path, share in self.hands:
            self._place_hand(out, which, path, share, (unit, middle))
        if out.speech is not None and self.voice.any():
            out.speech[self.voice] = np.maximum(out.speech, self.rng.uniform(0.8, 1, len(self.voice)))[self.voice]
        return out

    def _move_head(self, out: MeasuredPerson, unit: float) -> None:
        yaw, pitch, roll = self.angles.T
        turn = Rotation.from_euler("YXZ", np.stack([yaw, -pitch, roll], 1), degrees=True).as_matrix()
        matrix, face, pose = (out.arrays[name] for name in ("head_matrix", "face", "pose"))
        moving = (self.angles != 0).any(1) | (self.place != 0).any(1)
        turn, place = turn[moving], self.place[moving]
        matrix[moving, :3, :3] = turn @ matrix[moving, :3, :3]
        size = np.array([out.width, out.height, out.width], np.float32)
        flip = np.diag([1.0, -1.0, -1.0])  # the frame's y points down, its depth away
        grown = np.exp(place[:, 2])[:, None, None]
        shape = (grown * (flip @ turn @ flip)).transpose(0, 2, 1).astype(np.float32)
        points = face[moving]
        centre = points.mean(1, keepdims=True)
        shift = np.zeros((len(points), 1, 3), np.float32)
        shift[:, 0, :2] = place[:, :2] * unit / size[:2]
        face[moving] = centre + shift + ((points - centre) * size) @ shape / size
        for k in SHOULDERS:
            pose[:, k, :2] += 0.5 * self.place[:, :2] * unit / size[:2]

    def _place_hand(
        self, out: MeasuredPerson, which: int, path: np.ndarray, share: np.ndarray, face: tuple[float, np.ndarray]
    ) -> None:
        unit, middle = face
        rng, length = self.rng, PARAMETERS["hand_length"]
        centre = (middle + path * unit) / out.size
        visible = (share > 0.15) & (centre > 0).all(1) & (centre < 1).all(1) & np.isfinite(centre).all(1)
        lost = rng.random(out.frames) < self.channel.hand_lost
        for start, stop in runs(visible):
            template = rng.uniform(-0.5, 0.5, (21, 2)) * [0.5 * length, length]
            opening = 1 + 0.15 * np.sin(rng.uniform(1, 8) * np.arange(stop - start) / out.rate_hz)
            points = path[start:stop, None] + opening[:, None, None] * template
            points = points + rng.normal(0, 0.01, points.shape)
            hand = out.arrays["left_hand" if which == 0 else "right_hand"][start:stop]
            hand[:, :, :2] = (middle[start:stop, None] + points * unit) / out.size
            hand[:, :, 2] = 0
            hand[lost[start:stop]] = np.nan
        wrist = out.arrays["pose"][:, WRISTS[which]]
        low = centre + np.array([0, 0.5 * length * unit]) / out.size
        wrist[visible] = np.column_stack([low, np.zeros(out.frames), np.full(out.frames, 0.9)])[visible]


def _face_unit(person: MeasuredPerson) -> tuple[float, np.ndarray]:
    """Return the face's usual height in pixels and its middle in each frame (frames, 2), the last one where it is lost."""
    points = person.arrays["face"][..., :2]
    seen = np.isfinite(points[:, 0, 0])
    if not seen.any():
        return person.height / 4, np.tile(person.size * [0.5, 0.4], (person.frames, 1))
    height = np.median(np.linalg.norm((points[seen, FOREHEAD] - points[seen, CHIN]) * person.size, axis=1))
    middle = (points[seen].min(1) + points[seen].max(1)) / 2 * person.size
    rows = np.flatnonzero(seen)
    at = np.clip(np.searchsorted(rows, np.arange(person.frames), side="right") - 1, 0, None)
    return float(height), middle[at]
