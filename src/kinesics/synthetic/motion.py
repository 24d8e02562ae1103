"""A script to facial actions, joint rotations and places: what a body does at any time.

Everything is a function of time, so that a film can be entered anywhere and shuttered as finely as one likes. ``units.csv``
gives FACS action units (Ekman and Friesen 1978) as ARKit facial actions. Arms reach by inverse kinematics of two bones.
Besides the actions of the script, which are events, people breathe, sway, blink, look about and hold their heads unsteadily,
which are not.
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
from kinesics.synthetic.script import ACTION_COLUMNS, SHOTS, TIMING, Role, Script, speeches, strength
from kinesics.synthetic.speech import MOUTH_ACTIONS, Speech

with package_file("kinesics.synthetic", "units.csv").open(encoding="utf-8") as _file:
    _table = pd.read_csv(_file)
#: Action unit of FACS -> facial actions at its full strength (52,).
UNITS = {
    str(unit): rows.set_index("action")["weight"].reindex(FACE_ACTIONS, fill_value=0.0).to_numpy()
    for unit, rows in _table.groupby("unit")
}
_LEFT = np.array([name.endswith("Left") for name in FACE_ACTIONS])
_RIGHT = np.array([name.endswith("Right") for name in FACE_ACTIONS])
_AT = {name: k for k, name in enumerate(FACE_ACTIONS)}
_MOUTH = [_AT[name] for name in MOUTH_ACTIONS]

#: By how much the weaker side of a display falls behind at most.
ASYMMETRY = 0.3
#: Blinks (Bentivoglio et al. 1997, doi:10.1002/mds.870120629, found 17 a minute at rest) and half of the time one takes.
BLINKS_A_MINUTE, BLINK_S = 17.0, 0.13
#: Standard deviation of what is never still: the head's turn, nod and roll, the torso's lean forward and aside, degrees;
#: the place to the left and to the front, metres; the arms, degrees.
UNREST = {"yaw": 2.0, "pitch": 1.5, "roll": 1.2, "lean": 0.6, "aside": 0.6, "x": 0.006, "y": 0.006, "arms": 1.5}
#: How far the torso goes at strength 1, degrees; and how far an approach, in heights of the shot, and metres at most.
LEAN = {"lean_forward": 20.0, "lean_back": -16.0, "lean_aside": 15.0}
APPROACH, FARTHEST_M = 0.45, 0.6
#: How the neck's bones and the head share a turn.
_NECK = {"neck01": 0.2, "neck02": 0.2, "neck03": 0.2, "head": 0.4}
_SPINE = ("spine05", "spine04", "spine03", "spine02", "spine01")
#: How far the fingers of a hand bend, 0 straight to 1 fist: fingers 2 (the index) to 5.
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
    """A role of a script and the body that plays it, with what must be drawn once."""

    role: Role
    actor: Actor
    approach_m: float  # how far an approach goes
    actions: tuple  # rows of this person's actions, with their names
    timing: np.ndarray  # (actions, 5) the columns TIMING of the actions
    arms: dict[str, "_Arm"]
    faces: np.ndarray  # (actions, 52) facial actions of each display at strength 1
    rhythm_hz: np.ndarray  # (actions,) how fast a hand waves or beats
    speeches: tuple[tuple[float, Speech], ...]
    blinks_s: np.ndarray  # when the eyes are shut
    glances: np.ndarray  # (G, 3): from when on the eyes look where, yaw to the left and pitch down in degrees
    waves: dict[str, np.ndarray]  # (2, 4) frequencies in Hz and phases of what is never still


def prepare(script: Script, person: int, actor: Actor) -> Performer:
    """Return the performer of a person of a script."""
    rng = np.random.default_rng([script.seed, 1, person])
    actions = script.actions[script.actions["person"] == person].reset_index(drop=True)
    blinks = np.cumsum(0.6 + rng.exponential(60 / BLINKS_A_MINUTE - 0.6, int(script.duration_s) + 2))
    looks = np.cumsum(rng.uniform(0.8, 3.0, int(script.duration_s / 0.8) + 2))
    glances = np.column_stack([np.append(0.0, looks), rng.normal(0, (5.0, 2.5), (len(looks) + 1, 2))])
    return Performer(
        role=script.roles[person],
        actor=actor,
        approach_m=min(APPROACH * SHOTS[script.shot], FARTHEST_M),
        actions=tuple(actions.itertuples()),
        timing=actions[TIMING].to_numpy(float),
        arms={side: _Arm(actor, side) for side in "LR"},
        faces=np.array([_face(action, rng) for action in actions.itertuples()]).reshape(-1, len(FACE_ACTIONS)),
        rhythm_hz=rng.uniform(1.3, 2.2, len(actions)),
        speeches=tuple((begin_s, speech) for who, begin_s, speech in speeches(script) if who == person),
        blinks_s=blinks[blinks < script.duration_s],
        glances=glances,
        waves={name: np.stack([rng.uniform(0.05, 0.45, 4), rng.uniform(0, 2 * np.pi, 4)]) for name in UNREST},
    )


def idle_performer(role: Role, actor: Actor, seed: int, duration_s: float) -> Performer:
    """Return a performer who stands about and does nothing that would be coded."""
    nothing = pd.DataFrame(columns=ACTION_COLUMNS, dtype=float).astype({"label": str, "variant": str})
    return prepare(Script(seed, duration_s, "full", (role,), nothing, nothing[["person"]]), 0, actor)


def perform(performer: Performer, time_s: float) -> Posed:
    """Return the performer's body at a time."""
    face, rotations, heading, place = moment(performer, time_s)
    return pose(performer.actor, face, rotations, heading, place)


def moment(performer: Performer, time_s: float) -> tuple[np.ndarray, dict[str, np.ndarray], float, np.ndarray]:
    """Return facial actions (52,), rotations by bone, heading in radians and place in metres, as ``body.pose`` takes them."""
    levels = strength(performer.timing, time_s)
    unrest = {name: UNREST[name] * _wander(performer.waves[name], time_s) for name in UNREST}
    yaw, pitch, roll = (unrest[name] for name in ("yaw", "pitch", "roll"))
    lean, aside, nearer = unrest["lean"], unrest["aside"], 0.0
    for k in np.flatnonzero(levels):
        action, level = performer.actions[k], levels[k]
        if action.label == "head_turn":
            yaw += action.side * level
        elif action.variant == "roll":
            roll += action.side * level
        elif action.label == "head_tilt":
            pitch += level if action.variant == "down" else -level
        elif action.variant == "lean_aside":
            aside += action.side * level * LEAN["lean_aside"]
        elif action.variant == "approach":
            nearer += level * performer.approach_m
        elif action.label == "posture_shift":
            lean += level * LEAN[action.variant]
    # The face stays upright and where it looks while the torso leans.
    head = Rotation.from_euler("zxy", [yaw, pitch - lean, roll - aside], degrees=True).as_rotvec()
    torso = np.radians([lean, aside, 0.0]) / len(_SPINE)
    rotations = {bone: share * head for bone, share in _NECK.items()} | dict.fromkeys(_SPINE, torso)
    face = _expression(performer, levels, time_s)
    rotations |= _gaze(performer, face, time_s)
    heading = performer.role.heading_rad
    x, y = performer.role.place
    place = np.array([x + unrest["x"], y + unrest["y"] - nearer, 0.0])
    for arm in performer.arms.values():
        rotations |= _arm(performer, arm, levels, unrest["arms"], rotations, time_s)
    return face, rotations, heading, place


def _face(action, rng: np.random.Generator) -> np.ndarray:
    if FAMILY[action.label] != "emotion":
        return np.zeros(len(FACE_ACTIONS))
    units = [UNITS[unit] * np.exp(0.12 * rng.normal()) for unit in action.variant.split("+")]
    sides = 1 - ASYMMETRY * (_LEFT * max(-action.side, 0) + _RIGHT * max(action.side, 0))
    return np.sum(units, 0) * sides


def _expression(performer: Performer, levels: np.ndarray, time_s: float) -> np.ndarray:
    face = levels @ performer.faces
    for begin_s, speech in performer.speeches:
        if -1 < time_s - begin_s < 20:
            face[_MOUTH] += speech.mouth(time_s - begin_s)
    shut = max(1 - np.abs(performer.blinks_s - time_s).min(initial=np.inf) / BLINK_S, 0.0)
    face[[_AT["eyeBlinkLeft"], _AT["eyeBlinkRight"]]] += shut
    # Lids that shut are not wide.
    face[[_AT["eyeWideLeft"], _AT["eyeWideRight"]]] *= 1 - shut
    return face.clip(0, 1)


def _gaze(performer: Performer, face: np.ndarray, time_s: float) -> dict[str, np.ndarray]:
    """Return the eyes' rotations, and let the lids of ``face`` follow them."""
    now = np.searchsorted(performer.glances[:, 0], time_s, side="right") - 1
    yaw, pitch = performer.glances[now, 1:]
    for name, amount in {"Down": pitch, "Up": -pitch}.items():
        for side in ("Left", "Right"):
            face[_AT[f"eyeLook{name}{side}"]] = np.clip(amount / 30, 0, 1)
    turn = Rotation.from_euler("zx", [yaw, pitch], degrees=True).as_rotvec()
    return {"eye.L": turn, "eye.R": turn}


def _wander(wave: np.ndarray, time_s: float) -> float:
    """Return a smooth noise of variance 1 at a time."""
    frequency, phase = wave
    return float(np.sin(2 * np.pi * frequency * time_s + phase).sum() / np.sqrt(2))


def _arm(
    performer: Performer, arm: "_Arm", levels: np.ndarray, unrest: float, rotations: dict, time_s: float
) -> dict[str, np.ndarray]:
    """Return the rotations of an arm and its fingers: from hanging to where its action wants it, as far as that has come."""
    upper = f"upperarm01.{arm.side}"
    swinging = Rotation.from_rotvec(np.radians([unrest, 0, 0])) * Rotation.from_rotvec(arm.hanging[upper])
    hanging = arm.hanging | {upper: swinging.as_rotvec()}
    mine = [
        k
        for k in np.flatnonzero(levels)
        if performer.actions[k].side * arm.left > 0 and "hand_" in performer.actions[k].label
    ]
    if not mine:
        return hanging | arm.idle_fingers
    action, share = performer.actions[mine[0]], min(levels[mine[0]], 1.0)
    phase = 2 * np.pi * performer.rhythm_hz[mine[0]] * (time_s - action.apex_s)
    goal = arm.reach(*_aim(performer, action.variant, arm, phase, rotations))
    turned = {}
    for bone, rest in hanging.items():
        begin, end = Rotation.from_rotvec(rest), Rotation.from_rotvec(goal[bone])
        turned[bone] = (begin * Rotation.from_rotvec(share * (begin.inv() * end).as_rotvec())).as_rotvec()
    curl = (1 - share) * np.array(_CURLS["idle"]) + share * np.array(_CURLS[action.variant])
    return turned | arm.fingers(curl)


def _aim(performer: Performer, variant: str, arm: "_Arm", phase: float, rotations: dict) -> tuple[np.ndarray, ...]:
    """Return where the wrist goes, from the shoulder, and where the elbow, fingers and palm point: in the torso's axes."""
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
    # Where on the face the fingers lie: across, from the person's right to left or to this hand, and up; where they
    # point; where the palm does; and how far in front of the skin they lie, in metres.
    (across, up), fingers, palm, forward = {
        "chin": ((0.5, 0.08), (-0.5 * left, 0.1, 0.8), (-0.3 * left, 0.8, 0.3), 0.015),
        "cheek": ((0.5 + 0.4 * left, 0.4), (0.05 * left, 0.25, 1), (-1 * left, 0.5, 0), 0.01),
        "mouth": ((0.5, 0.25), (-0.8 * left, 0.05, 0.6), (0, 1, 0), 0.025),
        "forehead": ((0.5, 0.85), (-0.6 * left, 0.1, 0.8), (0, 1, 0), 0.02),
    }[variant]
    actor = performer.actor
    joints, frames = skeleton(actor, rotations)
    torso = frames["spine01"].T
    head = torso @ frames["head"]
    skin = _face_point(actor, across, up) - actor.heads[BONES.index("head")] + (0, -forward, 0)
    touched = torso @ (joints["head"] - joints[f"upperarm01.{arm.side}"]) + head @ skin
    fingers = head @ fingers
    return touched - arm.hand * fingers / np.linalg.norm(fingers), (0.6 * left, -0.2, -1), fingers, head @ palm


def _face_point(actor: Actor, across: float, up: float) -> np.ndarray:
    """Return the foremost point (3,) of the face at rest near a place in fractions of its width and height."""
    face = actor.vertices[actor.surface.part == 1 + PARTS.index("face")].astype(float)
    low, high = face.min(0), face.max(0)
    wanted = low[[0, 2]] + (across, up) * (high - low)[[0, 2]]
    near = np.hypot(*(face[:, [0, 2]] - wanted).T) < 0.01
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
        """Return the rotations that bring the wrist a way from the shoulder, as far as it gets, the elbow towards ``pole``."""
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
        """Return the rotations of the fingers, each bent by ``curl`` (4,) of a fist, and of the thumb, which follows."""
        axis = np.cross(self.fingers_rest, self.palm_rest)
        axis /= np.linalg.norm(axis)
        bent = {
            f"finger{k}-{joint}.{self.side}": np.radians(full) * curl[k - 2] * axis
            for k in range(2, 6)
            for joint, full in zip((1, 2, 3), (80, 95, 60), strict=True)
        }
        return bent | {f"finger1-{joint}.{self.side}": np.radians(35) * curl.mean() * axis for joint in (2, 3)}


def _frame(along, up) -> np.ndarray:
    """Return the orthonormal axes (3, 3), as columns, of which the first runs along and the second towards ``up``."""
    x = np.asarray(along, float) / np.linalg.norm(along)
    y = up - x * np.dot(x, up)
    y = y / np.linalg.norm(y)
    return np.column_stack([x, y, np.cross(x, y)])
