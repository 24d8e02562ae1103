"""Turn a script into facial actions, bone rotations and places at any time.

All motion is a function of time, so that rendering can start anywhere, and a frame can average any number of instants.
``units.csv`` gives FACS action units (Ekman and Friesen 1978) as ARKit facial actions. Arms reach by inverse kinematics of
two bones. Besides the actions of the script, which are events, people breathe, sway, blink, look about and hold their
heads unsteadily, which are not.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.spatial.transform import Rotation

from kinesics.io.package_data import package_file
from kinesics.structures.vocabulary import FAMILY
from kinesics.synthetic.appearance.surfaces import PARTS
from kinesics.synthetic.body import Actor, Posed, pose, skeleton
from kinesics.synthetic.rig import BONES, FACE_ACTIONS
from kinesics.synthetic.script import (
    ACTION_COLUMNS,
    SHOTS,
    TIMING,
    Role,
    Script,
    strength,
    synthesize_utterances,
)
from kinesics.synthetic.speech import MOUTH_ACTIONS, Speech

with package_file("kinesics.synthetic", "units.csv").open(encoding="utf-8") as _file:
    _table = pd.read_csv(_file)
#: Action unit of FACS -> facial actions at its full strength (52,).
ACTION_UNITS = {
    str(unit): rows.set_index("action")["weight"].reindex(FACE_ACTIONS, fill_value=0.0).to_numpy()
    for unit, rows in _table.groupby("unit")
}
_LEFT = np.array([name.endswith("Left") for name in FACE_ACTIONS])
_RIGHT = np.array([name.endswith("Right") for name in FACE_ACTIONS])
_INDEX = {name: k for k, name in enumerate(FACE_ACTIONS)}
_MOUTH = [_INDEX[name] for name in MOUTH_ACTIONS]

#: By which share the weaker side of an expression falls behind at most.
ASYMMETRY = 0.3
#: Rate of blinks at rest (Bentivoglio et al. 1997, doi:10.1002/mds.870120629), and half the duration of one in seconds.
BLINKS_A_MINUTE, BLINK_S = 17.0, 0.13
#: Standard deviation of the involuntary motion: the head's turn, nod and roll, the torso's lean forward and aside,
#: degrees; the place to the left and to the front, metres; the arms, degrees.
UNREST = {"yaw": 2.0, "pitch": 1.5, "roll": 1.2, "lean": 0.6, "aside": 0.6, "x": 0.006, "y": 0.006, "arms": 1.5}
#: How far the torso leans at strength 1, degrees.
LEAN = {"lean_forward": 20.0, "lean_back": -16.0, "lean_aside": 15.0}
#: How far a person approaches at strength 1: a share of the shot's height, and at most so many metres.
APPROACH, LONGEST_APPROACH_M = 0.45, 0.6
#: The shares of a turn of the head that the neck's bones and the head take.
_NECK = {"neck01": 0.2, "neck02": 0.2, "neck03": 0.2, "head": 0.4}
_SPINE = ("spine05", "spine04", "spine03", "spine02", "spine01")
#: Variant -> how far the fingers of a hand bend, 0 straight to 1 fist: fingers 2 (the index) to 5.
_CURLS = {
    "idle": (0.22, 0.25, 0.28, 0.3),
    "wave": (0.03, 0.0, 0.03, 0.06),
    "beat": (0.12, 0.16, 0.2, 0.24),
    "point": (0.02, 0.9, 0.95, 0.95),
    "chin": (0.45, 0.5, 0.55, 0.6),
    "cheek": (0.15, 0.18, 0.2, 0.22),
    "mouth": (0.12, 0.12, 0.14, 0.16),
    "forehead": (0.15, 0.15, 0.18, 0.2),
}


@dataclass(frozen=True)
class Performer:
    """A role of a script and its actor, with all that is drawn at random or synthesized once for the whole video."""

    role: Role
    actor: Actor
    approach_m: float  # how far an approach goes
    actions: tuple  # this person's rows of the script's actions, as named tuples
    timing: np.ndarray  # (actions, 5) the columns TIMING of the actions
    arms: dict[str, "_Arm"]
    faces: np.ndarray  # (actions, 52) facial actions of each expression at strength 1; 0 for other actions
    rhythm_hz: np.ndarray  # (actions,) how fast a hand waves or beats
    speeches: tuple[tuple[float, Speech], ...]
    blinks_s: np.ndarray  # when the eyes are shut
    glances: np.ndarray  # (G, 3): begin of each glance in seconds, its yaw to the left and pitch down in degrees
    waves: dict[str, np.ndarray]  # key of UNREST -> (2, 4) frequencies in Hz and phases


def make_performer(script: Script, person: int, actor: Actor) -> Performer:
    """Return the performer of a person of a script; random draws follow from the script's seed."""
    rng = np.random.default_rng([script.seed, 1, person])
    actions = script.actions[script.actions["person"] == person].reset_index(drop=True)
    blinks = np.cumsum(0.6 + rng.exponential(60 / BLINKS_A_MINUTE - 0.6, int(script.duration_s) + 2))
    begins = np.cumsum(rng.uniform(0.8, 3.0, int(script.duration_s / 0.8) + 2))
    glances = np.column_stack([np.append(0.0, begins), rng.normal(0, (5.0, 2.5), (len(begins) + 1, 2))])
    return Performer(
        role=script.roles[person],
        actor=actor,
        approach_m=min(APPROACH * SHOTS[script.shot], LONGEST_APPROACH_M),
        actions=tuple(actions.itertuples()),
        timing=actions[TIMING].to_numpy(float),
        arms={side: _Arm(actor, side) for side in "LR"},
        faces=np.array([_apex_face(action, rng) for action in actions.itertuples()]).reshape(-1, len(FACE_ACTIONS)),
        rhythm_hz=rng.uniform(1.3, 2.2, len(actions)),
        speeches=tuple(
            (begin_s, speech) for speaker, begin_s, speech in synthesize_utterances(script) if speaker == person
        ),
        blinks_s=blinks[blinks < script.duration_s],
        glances=glances,
        waves={name: np.stack([rng.uniform(0.05, 0.45, 4), rng.uniform(0, 2 * np.pi, 4)]) for name in UNREST},
    )


def make_idle_performer(role: Role, actor: Actor, seed: int, duration_s: float) -> Performer:
    """Return a performer without actions: one whose only motion is the involuntary one, which is not coded."""
    no_actions = pd.DataFrame(columns=ACTION_COLUMNS, dtype=float).astype({"label": str, "variant": str})
    script = Script(seed, duration_s, "full", (role,), no_actions, no_actions[["person"]])
    return make_performer(script, 0, actor)


def pose_at(performer: Performer, time_s: float) -> Posed:
    """Return the performer's body at a time."""
    face, rotations, heading, place = pose_parameters(performer, time_s)
    return pose(performer.actor, face, rotations, heading, place)


def pose_parameters(performer: Performer, time_s: float) -> tuple[np.ndarray, dict[str, np.ndarray], float, np.ndarray]:
    """Return facial actions (52,), rotations by bone, heading in radians and place in metres, as ``body.pose`` takes them."""
    strengths = strength(performer.timing, time_s)
    unrest = {name: UNREST[name] * _smooth_noise(performer.waves[name], time_s) for name in UNREST}
    yaw, pitch, roll = (unrest[name] for name in ("yaw", "pitch", "roll"))
    lean, aside, nearer = unrest["lean"], unrest["aside"], 0.0
    for k in np.flatnonzero(strengths):
        action, amount = performer.actions[k], strengths[k]
        if action.label == "head_turn":
            yaw += action.side * amount
        elif action.variant == "roll":
            roll += action.side * amount
        elif action.label == "head_tilt":
            pitch += amount if action.variant == "down" else -amount
        elif action.variant == "lean_aside":
            aside += action.side * amount * LEAN["lean_aside"]
        elif action.variant == "approach":
            nearer += amount * performer.approach_m
        elif action.label == "posture_shift":
            lean += amount * LEAN[action.variant]
    # The head turns against the torso's lean, so that the face stays upright and in its direction.
    head = Rotation.from_euler("zxy", [yaw, pitch - lean, roll - aside], degrees=True).as_rotvec()
    torso = np.radians([lean, aside, 0.0]) / len(_SPINE)
    rotations = {bone: share * head for bone, share in _NECK.items()} | dict.fromkeys(_SPINE, torso)
    face = _facial_actions(performer, strengths, time_s)
    rotations |= _gaze(performer, face, time_s)
    heading = performer.role.heading_rad
    x, y = performer.role.place
    place = np.array([x + unrest["x"], y + unrest["y"] - nearer, 0.0])
    for arm in performer.arms.values():
        rotations |= _arm_rotations(performer, arm, strengths, unrest["arms"], rotations, time_s)
    return face, rotations, heading, place


def _apex_face(action, rng: np.random.Generator) -> np.ndarray:
    """Return the facial actions (52,) of an action at strength 1; 0 if it is not a facial expression."""
    if FAMILY[action.label] != "emotion":
        return np.zeros(len(FACE_ACTIONS))
    units = [ACTION_UNITS[unit] * np.exp(0.12 * rng.normal()) for unit in action.variant.split("+")]
    sides = 1 - ASYMMETRY * (_LEFT * max(-action.side, 0) + _RIGHT * max(action.side, 0))
    return np.sum(units, 0) * sides


def _facial_actions(performer: Performer, strengths: np.ndarray, time_s: float) -> np.ndarray:
    """Return the facial actions (52,) of expressions, speech and blinks at a time."""
    face = strengths @ performer.faces
    for begin_s, speech in performer.speeches:
        if -1 < time_s - begin_s < 20:
            face[_MOUTH] += speech.mouth(time_s - begin_s)
    shut = max(1 - np.abs(performer.blinks_s - time_s).min(initial=np.inf) / BLINK_S, 0.0)
    face[[_INDEX["eyeBlinkLeft"], _INDEX["eyeBlinkRight"]]] += shut
    # A blink closes wide-open lids.
    face[[_INDEX["eyeWideLeft"], _INDEX["eyeWideRight"]]] *= 1 - shut
    return face.clip(0, 1)


def _gaze(performer: Performer, face: np.ndarray, time_s: float) -> dict[str, np.ndarray]:
    """Return the eyes' rotations, and set the facial actions by which the lids follow them in ``face``."""
    now = np.searchsorted(performer.glances[:, 0], time_s, side="right") - 1
    yaw, pitch = performer.glances[now, 1:]
    for name, amount in {"Down": pitch, "Up": -pitch}.items():
        for side in ("Left", "Right"):
            face[_INDEX[f"eyeLook{name}{side}"]] = np.clip(amount / 30, 0, 1)
    turn = Rotation.from_euler("zx", [yaw, pitch], degrees=True).as_rotvec()
    return {"eye.L": turn, "eye.R": turn}


def _smooth_noise(wave: np.ndarray, time_s: float) -> float:
    """Return smooth noise of variance 1 at a time: a sum of four sines."""
    frequency, phase = wave
    return float(np.sin(2 * np.pi * frequency * time_s + phase).sum() / np.sqrt(2))


def _arm_rotations(
    performer: Performer, arm: "_Arm", strengths: np.ndarray, unrest: float, rotations: dict, time_s: float
) -> dict[str, np.ndarray]:
    """Return the rotations of an arm and its fingers: between hanging and the goal of its action, by the strength of that."""
    upper = f"upperarm01.{arm.side}"
    swinging = Rotation.from_rotvec(np.radians([unrest, 0, 0])) * Rotation.from_rotvec(arm.hanging[upper])
    hanging = arm.hanging | {upper: swinging.as_rotvec()}
    active = [
        k
        for k in np.flatnonzero(strengths)
        if performer.actions[k].side * arm.left > 0 and "hand_" in performer.actions[k].label
    ]
    if not active:
        return hanging | arm.idle_fingers
    action, share = performer.actions[active[0]], min(strengths[active[0]], 1.0)
    phase = 2 * np.pi * performer.rhythm_hz[active[0]] * (time_s - action.apex_s)
    goal = arm.reach(*_hand_goal(performer, action.variant, arm, phase, rotations))
    between = {}
    for bone, rest in hanging.items():
        begin, end = Rotation.from_rotvec(rest), Rotation.from_rotvec(goal[bone])
        between[bone] = (begin * Rotation.from_rotvec(share * (begin.inv() * end).as_rotvec())).as_rotvec()
    curl = (1 - share) * np.array(_CURLS["idle"]) + share * np.array(_CURLS[action.variant])
    return between | arm.fingers(curl)


def _hand_goal(
    performer: Performer, variant: str, arm: "_Arm", phase: float, rotations: dict
) -> tuple[np.ndarray, ...]:
    """Return the wrist's place relative to the shoulder, and where elbow, fingers and palm point: in the torso's axes."""
    left, wag = arm.left, np.sin(phase)
    if variant == "wave":
        wrist, elbow = ((0.14 + 0.05 * wag) * left, -0.22, 0.16), (0.5 * left, 0.2, -1)
        return wrist, elbow, (0.45 * wag * left, -0.05, 1), (0, -1, 0)
    if variant == "beat":
        wrist, elbow = (0.0, -0.30, -0.17 + 0.07 * wag), (0.5 * left, 0.5, -1)
        return wrist, elbow, (-0.35 * left, -0.9, 0.25 + 0.25 * wag), (-0.8 * left, 0.1, 0.6)
    if variant == "point":
        towards = np.array((0.35 * left, -0.85, 0.05 + 0.06 * wag))
        wrist = 0.95 * arm.length * towards / np.linalg.norm(towards)
        return wrist, (0.3 * left, 0.2, -1), towards, (-0.5 * left, 0, -1)
    return _face_contact(performer.actor, variant, arm, rotations)


def _face_contact(actor: Actor, variant: str, arm: "_Arm", rotations: dict) -> tuple[np.ndarray, ...]:
    """Return what ``_hand_goal`` does for a hand that touches the face."""
    left = arm.left
    # Where on the face the fingers lie: across, from the person's right to left or to this hand, and up; where they
    # point; where the palm does; and how far in front of the skin they lie, in metres.
    (across, up), fingers, palm, forward = {
        "chin": ((0.5, 0.08), (-0.5 * left, 0.1, 0.8), (-0.3 * left, 0.8, 0.3), 0.015),
        "cheek": ((0.5 + 0.4 * left, 0.4), (0.05 * left, 0.25, 1), (-1 * left, 0.5, 0), 0.01),
        "mouth": ((0.5, 0.25), (-0.8 * left, 0.05, 0.6), (0, 1, 0), 0.025),
        "forehead": ((0.5, 0.85), (-0.6 * left, 0.1, 0.8), (0, 1, 0), 0.02),
    }[variant]
    joints, frames = skeleton(actor, rotations)
    torso = frames["spine01"].T
    head = torso @ frames["head"]
    skin = _face_point(actor, across, up) - actor.heads[BONES.index("head")] + (0, -forward, 0)
    contact = torso @ (joints["head"] - joints[f"upperarm01.{arm.side}"]) + head @ skin
    fingers = head @ fingers
    return contact - arm.hand * fingers / np.linalg.norm(fingers), (0.6 * left, -0.2, -1), fingers, head @ palm


def _face_point(actor: Actor, across: float, up: float) -> np.ndarray:
    """Return the foremost point (3,) of the face at rest near a place in fractions of its width and height."""
    face = actor.vertices[actor.surface.part == 1 + PARTS.index("face")].astype(float)
    low, high = face.min(0), face.max(0)
    goal = low[[0, 2]] + (across, up) * (high - low)[[0, 2]]
    near = np.hypot(*(face[:, [0, 2]] - goal).T) < 0.01
    return face[near][face[near, 1].argmin()]


class _Arm:
    """The geometry of an arm at rest, and the rotations that point its bones, for directions in the torso's axes."""

    def __init__(self, actor: Actor, side: str):
        at = dict(zip(BONES, actor.heads.astype(float), strict=True))
        self.side, self.left = side, 1.0 if side == "L" else -1.0
        shoulder, elbow, wrist = (at[f"{bone}.{side}"] for bone in ("upperarm01", "lowerarm01", "wrist"))
        self.upper, self.lower = elbow - shoulder, wrist - elbow
        self.length = np.linalg.norm(self.upper) + np.linalg.norm(self.lower)
        knuckles = [at[f"finger{k}-1.{side}"] for k in range(2, 6)]
        self.fingers_rest = knuckles[1] - wrist
        self.palm_rest = np.cross(self.fingers_rest, knuckles[0] - knuckles[3]) * self.left
        # To the middle of the fingers.
        self.hand = np.linalg.norm(at[f"finger3-2.{side}"] - wrist)
        left = self.left
        self.hanging = self.rotations(
            (0.17 * left, 0.03, -1.0), (0.05 * left, -0.22, -1.0), (0.0, -0.15, -1.0), (-left, 0.3, 0.0)
        )
        self.idle_fingers = self.fingers(np.array(_CURLS["idle"]))

    def reach(self, way, pole, fingers, palm) -> dict[str, np.ndarray]:
        """Return the rotations that bring the wrist to the place ``way`` from the shoulder, or as near as the arm allows.

        The elbow points towards ``pole``; ``fingers`` and ``palm`` are directions.
        """
        a, b = np.linalg.norm(self.upper), np.linalg.norm(self.lower)
        distance = np.clip(np.linalg.norm(way), abs(a - b) + 0.02, 0.995 * (a + b))
        way = way / np.linalg.norm(way)
        along = (a * a - b * b + distance * distance) / (2 * distance)
        out = pole - way * (pole @ way)
        elbow = along * way + np.sqrt(max(a * a - along * along, 0)) * out / np.linalg.norm(out)
        return self.rotations(elbow, distance * way - elbow, fingers, palm)

    def rotations(self, upper, lower, fingers, palm) -> dict[str, np.ndarray]:
        """Return the rotations that point the upper arm, the forearm, the fingers and the palm."""
        hinge_rest = np.cross(self.upper, (0.0, -1.0, 0.0))  # bending the elbow moves the forearm to the front
        hinge = np.cross(upper, lower)
        at_shoulder = _frame(upper, hinge) @ _frame(self.upper, hinge_rest).T
        at_elbow = at_shoulder.T @ _frame(lower, hinge) @ _frame(self.lower, hinge_rest).T
        carried = at_shoulder @ at_elbow
        at_wrist = Rotation.from_matrix(carried.T @ _frame(fingers, palm) @ _frame(self.fingers_rest, self.palm_rest).T)
        # The forearm turns along with the hand, as it does in a body.
        axis = self.lower / np.linalg.norm(self.lower)
        x, y, z, w = at_wrist.as_quat()
        angle = 2 * np.arctan2(np.dot((x, y, z), axis), w)
        angle = (angle + np.pi) % (2 * np.pi) - np.pi
        twist = Rotation.from_rotvec(0.7 * angle * axis)
        return {
            f"upperarm01.{self.side}": Rotation.from_matrix(at_shoulder).as_rotvec(),
            f"lowerarm01.{self.side}": Rotation.from_matrix(at_elbow).as_rotvec(),
            f"lowerarm02.{self.side}": twist.as_rotvec(),
            f"wrist.{self.side}": (twist.inv() * at_wrist).as_rotvec(),
        }

    def fingers(self, curl: np.ndarray) -> dict[str, np.ndarray]:
        """Return the rotations of the fingers, each bent by ``curl`` (4,) of a fist, and of the thumb, bent by their mean."""
        axis = np.cross(self.fingers_rest, self.palm_rest)
        axis /= np.linalg.norm(axis)
        bent = {
            f"finger{k}-{joint}.{self.side}": np.radians(full) * curl[k - 2] * axis
            for k in range(2, 6)
            for joint, full in zip((1, 2, 3), (80, 95, 60), strict=True)
        }
        return bent | {f"finger1-{joint}.{self.side}": np.radians(35) * curl.mean() * axis for joint in (2, 3)}


def _frame(along, up) -> np.ndarray:
    """Return orthonormal axes (3, 3), as columns: the first points along ``along``, the second towards ``up``."""
    x = np.asarray(along, float) / np.linalg.norm(along)
    y = up - x * np.dot(x, up)
    y = y / np.linalg.norm(y)
    return np.column_stack([x, y, np.cross(x, y)])
