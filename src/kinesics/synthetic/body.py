"""Pose adult bodies with 52 facial actions and a skeleton with hands.

The shape of an actor is fixed when ``anny_bodies`` makes it; posing is blend shapes and linear blend skinning.

Coordinates of the world and of a body at rest: metres, z up, the floor at z = 0. At heading 0 a body looks along -y, so its
left is +x and a camera that looks at its face stands at y < 0.
"""

from dataclasses import dataclass

import numpy as np
from scipy import sparse
from scipy.spatial.transform import Rotation

from kinesics.errors import KinesicsError
from kinesics.synthetic.appearance import surfaces
from kinesics.synthetic.rig import BONE_INDEX, BONES, FACE_ACTIONS

_WRINKLES = [[FACE_ACTIONS.index(action) for action in actions] for actions in surfaces.WRINKLES.values()]


@dataclass(frozen=True)
class Person:
    """The phenotype of a body. Fractions without a unit run between the extremes of Anny's phenotypes."""

    female: bool
    age: float  # years
    height: float
    weight: float
    muscle: float
    proportions: float
    origins: np.ndarray  # (3,) shares of the african, asian and caucasian shapes; they sum to 1
    face: dict[str, float]  # MakeHuman target of the head -> weight


@dataclass(frozen=True, eq=False)
class Actor:
    """One person, dressed, with a fixed shape. V vertices, T triangles, B = len(BONES) bones, all at rest in an A-pose.

    The soles stand at z = 0 below the origin, facing -y. Vertices of skin, eyes, teeth, lashes, hair, clothes and glasses
    lie in one array; ``surface`` gives their appearance and the part of the person to which they belong.
    """

    seed: int
    person: Person
    vertices: np.ndarray  # (V, 3) float32, metres
    triangles: np.ndarray  # (T, 3) int32, counterclockwise seen from outside
    surface: surfaces.Surface  # of each vertex
    weights: sparse.csr_matrix  # (V, B) float32, skinning weights; rows sum to 1
    parents: np.ndarray  # (B,) int32, -1 for the root
    generations: tuple[np.ndarray, ...]  # the bones at each depth below the root, from 1
    heads: np.ndarray  # (B, 3) float32, the joint about which each bone turns
    moving: np.ndarray  # (M,) int32, the vertices that facial actions move
    actions: np.ndarray  # (52, M, 3) float32, their displacement by each action at 1
    landmarks: np.ndarray  # (len(LANDMARKS),) int32, the vertex of each named point
    gather: sparse.csr_matrix  # (V, T) float32, sums the normals of triangles at their vertices


@dataclass(frozen=True)
class Posed:
    """An actor at one instant, in metres of the world."""

    actor: Actor
    vertices: np.ndarray  # (V, 3) float32
    normals: np.ndarray  # (V, 3) float32, of length 1
    wrinkles: np.ndarray  # (4,) depth of each of surfaces.WRINKLES, 0 to 1
    joints: dict[str, np.ndarray]  # bone -> (3,) the joint about which it turns
    frames: dict[str, np.ndarray]  # bone -> (3, 3): columns are the body's left, back and up, turned with this bone


def pose(
    actor: Actor,
    face: np.ndarray | None = None,
    rotations: dict[str, np.ndarray] | None = None,
    heading_rad: float = 0.0,
    place: np.ndarray | tuple[float, float, float] = (0.0, 0.0, 0.0),
) -> Posed:
    """Return the actor with facial actions ``face`` (52,), 0 to 1, and bones turned about their heads.

    A rotation is a vector (3,) in radians (its direction is the axis, right-handed) in the body's own axes at rest: x to
    the person's left, y to the back, z up, turned with the parent bone; zero is the A-pose. So at the head +x nods
    (up goes to the front), +y tilts to the person's left, and +z turns to the left. The whole body then turns by
    ``heading_rad`` about z (0 looks along -y, positive turns to the person's left) and moves so that its soles at rest
    stand at ``place``.

    Raises KinesicsError for an unknown bone or a ``face`` of another shape.
    """
    rest, wrinkles = actor.vertices, np.zeros(len(_WRINKLES), np.float32)
    if face is not None:
        face = np.asarray(face, np.float32)
        if face.shape != (len(FACE_ACTIONS),):
            raise KinesicsError(f"face actions of shape {face.shape}: must be ({len(FACE_ACTIONS)},)")
        active = np.flatnonzero(face)
        if len(active):
            rest = rest.copy()
            wrinkles = np.array([face[actions].max() for actions in _WRINKLES], np.float32).clip(0, 1)
            rest[actor.moving] += np.tensordot(face[active], actor.actions[active], 1)
    joints, linear = _skeleton(actor, rotations or {}, heading_rad, place)
    shifts = joints - np.einsum("bij,bj->bi", linear, actor.heads)
    moved = actor.weights @ np.concatenate([linear.reshape(-1, 9), shifts], 1)  # (V, 12)
    vertices = np.einsum("vij,vj->vi", moved[:, :9].reshape(-1, 3, 3), rest) + moved[:, 9:]
    return Posed(
        actor,
        vertices,
        _normals(actor, vertices),
        wrinkles,
        dict(zip(BONES, joints, strict=True)),
        dict(zip(BONES, linear, strict=True)),
    )


def skeleton(
    actor: Actor,
    rotations: dict[str, np.ndarray],
    heading_rad: float = 0.0,
    place: np.ndarray | tuple[float, float, float] = (0.0, 0.0, 0.0),
) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """Return the ``joints`` and ``frames`` of ``pose`` without posing the body's vertices."""
    joints, linear = _skeleton(actor, rotations, heading_rad, place)
    return dict(zip(BONES, joints, strict=True)), dict(zip(BONES, linear, strict=True))


def _skeleton(actor: Actor, rotations: dict, heading_rad: float, place) -> tuple[np.ndarray, np.ndarray]:
    """Return the joints (B, 3) and the linear transformations (B, 3, 3) of the bones."""
    local = np.tile(np.eye(3, dtype=np.float32), (len(BONES), 1, 1))
    if rotations:
        if unknown := [name for name in rotations if name not in BONE_INDEX]:
            raise KinesicsError(f"unknown bone {unknown[0]!r}; bones are {', '.join(BONES)}")
        indices = [BONE_INDEX[name] for name in rotations]
        local[indices] = Rotation.from_rotvec(np.array(list(rotations.values()), float)).as_matrix()
    turn = Rotation.from_rotvec([0, 0, heading_rad]).as_matrix().astype(np.float32)
    linear = np.empty((len(BONES), 3, 3), np.float32)
    joints = np.empty((len(BONES), 3), np.float32)
    linear[0], joints[0] = turn @ local[0], turn @ actor.heads[0] + np.asarray(place, np.float32)
    for bones in actor.generations:
        parents = actor.parents[bones]
        linear[bones] = linear[parents] @ local[bones]
        offsets = actor.heads[bones] - actor.heads[parents]
        joints[bones] = joints[parents] + (linear[parents] @ offsets[..., None])[..., 0]
    return joints, linear


def _normals(actor: Actor, vertices: np.ndarray) -> np.ndarray:
    """Return the unit normals (V, 3) of vertices: the mean over their triangles, weighted by area."""
    a, b, c = (vertices.take(actor.triangles[:, i], 0) for i in range(3))
    u, v = b - a, c - a
    cross = np.stack(
        [u[:, (i + 1) % 3] * v[:, (i + 2) % 3] - u[:, (i + 2) % 3] * v[:, (i + 1) % 3] for i in range(3)], 1
    )
    normals = actor.gather @ cross
    return normals / np.maximum(np.sqrt(np.einsum("vi,vi->v", normals, normals)), 1e-12)[:, None]
