"""Model and paint skin, eyes, mouth, lashes, brows and wrinkles of synthetic actors."""

import cv2
import numpy as np

from kinesics.synthetic.appearance.surfaces import PARTS, WRINKLES, Base, Layer, linear

#: Pixels of the side of the whole texture, and of its first quarter, which holds the head.
ATLAS, HEAD = 1024, 512
_TOP, _RANGE = 0.86, 0.27  # metres of the template: upper end of the head's quarter, and how far down it reaches
#: Colours of skin from light to dark, as photographed in white light; of shoes; and of irises, the brown ones first.
_SKIN = ((244, 208, 188), (232, 184, 156), (208, 156, 124), (172, 122, 92), (130, 90, 68), (92, 64, 50))
_SHOES = ((30, 28, 28), (70, 50, 38), (210, 208, 204), (44, 50, 66))
_IRIS = ((92, 58, 34), (110, 74, 42), (70, 44, 28), (104, 92, 52), (96, 124, 92), (92, 122, 150), (120, 134, 142))
#: Wrinkle -> its lines on the left half of the template's face, as points x and z.
_WRINKLE_LINES = {
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


def _near(points: np.ndarray, centre: tuple, spread: float | tuple) -> np.ndarray:
    """Return a Gaussian bell at points (N, 3), 1 at its centre, and its mirror image on the other side of the face."""
    mirrored = np.abs(points[:, 0])[:, None] * (1, 0, 0) + points * (0, 1, 1)
    return np.exp(-0.5 * (((mirrored - centre) / spread) ** 2).sum(1))


def mottle(points: np.ndarray, size: float, rng: np.random.Generator) -> np.ndarray:
    """Return smooth noise of mean 0 and deviation 1 at points (N, 3): random waves about ``size`` metres long."""
    waves = rng.normal(0, 2 * np.pi / size, (24, 3))
    return np.cos(points @ waves.T + rng.uniform(0, 2 * np.pi, 24)).sum(1) / np.sqrt(12)


def blend(a: np.ndarray, b: np.ndarray | tuple, share: np.ndarray) -> np.ndarray:
    """Return ``a`` (N, C) mixed with ``b`` by its share (N,): 0 is ``a``, 1 is ``b``."""
    return a + (np.asarray(b) - a) * np.asarray(share)[:, None]


def make_skin(base: Base, female: bool, melanin: float, rng: np.random.Generator) -> Layer:
    """Return the skin, shoes included, without what top and trousers cover."""
    colour = _skin_colour(base, female, melanin, rng)
    shoes = base.on_bones("foot") & (rng.random() < 1)  # always; the draw stays, since all later ones depend on it
    colour[shoes] = linear(_SHOES[rng.integers(len(_SHOES))])
    # Skin under cloth is not drawn, except for a margin, which cloth covers.
    return Layer(
        base.vertices + np.where(shoes, 0.006, 0)[:, None] * base.normals,
        base.quads["body"],
        np.arange(len(base.template)),
        "skin",
        _skin_parts(base),
        colour,
        _head_uv(base.template),
        cut=np.where(_covered(base), -1.0, 1.0),
    )


def _skin_colour(base: Base, female: bool, melanin: float, rng: np.random.Generator) -> np.ndarray:
    """Return the colour (N, 3) of skin, lips, nails and the inside of the mouth."""
    place = base.template
    steps = melanin * (len(_SKIN) - 1)
    tone = np.array([np.interp(steps, range(len(_SKIN)), channel) for channel in linear(_SKIN).T])
    tone = tone * rng.normal(1, [0.02, 0.03, 0.04])
    colour = (
        np.tile(tone, (len(place), 1))
        * (1 + 0.03 * mottle(place, 0.05, rng) + 0.015 * mottle(place, 0.012, rng))[:, None]
    )
    blood = tone * (1.0, 0.72, 0.74)
    cheeks = _near(place, (0.045, -0.135, 0.695), 0.018) + 0.9 * _near(place, (0, -0.165, 0.69), 0.012)
    cheeks += 0.8 * base.region("ears") + 0.3 * _near(place, (0, -0.15, 0.628), 0.012)
    colour = blend(colour, blood, (rng.uniform(0.35, 0.75) * cheeks).clip(0, 1))
    sockets = _near(place, (0.031, -0.135, 0.737), (0.016, 0.02, 0.008)) + 0.8 * _near(
        place, (0.03, -0.137, 0.715), (0.014, 0.02, 0.005)
    )
    colour = blend(colour, tone * (0.72, 0.62, 0.62), (rng.uniform(0.3, 0.6) * sockets).clip(0, 1))
    lips = base.region("lips")
    lip_colour = blend(
        np.array([tone * (0.84, 0.52, 0.6)]), linear((150, 50, 62)), [rng.uniform(0.2, 0.5) if female else 0.12]
    )[0]
    colour = blend(colour, lip_colour, 0.9 * lips)
    seam = np.maximum(_near(place, (0, -0.152, 0.6615), (0.03, 0.006, 0.0012)), 0) * lips
    colour = blend(colour, lip_colour * 0.45, seam.clip(0, 1))
    colour = blend(colour, (0.16, 0.03, 0.03), base.region("inside-mouth"))
    return blend(colour, tone * (1.05, 0.85, 0.82), 0.7 * base.region("fingernails"))


def _skin_parts(base: Base) -> np.ndarray:
    """Return 1 + index into PARTS (N,) of each vertex of the skin."""
    part = np.full(len(base.template), 1 + PARTS.index("body"))
    head = base.on_bones("head", "eye", "neck03")
    part[head] = 1 + PARTS.index("head")
    # The face is what a face mesh covers, from the hairline to under the chin, and to the ears.
    part[head & (base.region("face") > 0.5)] = 1 + PARTS.index("face")
    for side, name in (("L", "left_hand"), ("R", "right_hand")):
        part[base.on_bones("wrist", "finger", "metacarpal") & np.char.endswith(base.bones.astype(str), side)] = (
            1 + PARTS.index(name)
        )
    return part


def _covered(base: Base) -> np.ndarray:
    """Return which vertices of the skin are covered by every top and trousers."""
    trunk = base.on_bones("spine", "pelvis", "root", "upperleg", "clavicle")
    return trunk & (from_neck(base.template) > 0.16) & (np.abs(base.template[:, 0]) < 0.15)


def from_neck(place: np.ndarray) -> np.ndarray:
    """Return the distance (metres of the template) of points from the middle of the neck, around which necklines run."""
    return np.linalg.norm((place - (0, -0.062, 0.575)) * (1, 1, 0.9), axis=1)


def azimuth_of(points: np.ndarray) -> np.ndarray:
    """Return the angle (radians, 0 to pi) of points of the template from straight ahead, around the head's upright axis."""
    return np.arctan2(np.abs(points[..., 0]), -(points[..., 1] + 0.06))


def _head_uv(place: np.ndarray) -> np.ndarray:
    """Return the place of points of the template in the texture. Both sides of a head share its quarter, finest in front."""
    angle = azimuth_of(place) / np.pi
    return 0.5 * np.stack([1.9 * angle / (1 + 0.9 * angle), (_TOP - place[:, 2]) / _RANGE], 1).clip(0.001, 0.999)


def paint_head(texture: np.ndarray, base: Base, female: bool, hair: np.ndarray, rng: np.random.Generator) -> None:
    """Paint pores, brows and shaven hair into the head's quarter of the texture."""
    image = np.full((HEAD, HEAD, 3), 0.93)
    image *= 1 + 0.04 * smooth_noise(HEAD, 4, rng)[..., None] + 0.03 * smooth_noise(HEAD, 16, rng)[..., None]
    v, u = np.mgrid[0:HEAD, 0:HEAD] / HEAD
    z, angle = _TOP - _RANGE * v, np.degrees(np.pi * u / (1.9 - 0.9 * u))
    if not female:
        shade = rng.uniform(0.1, 0.35) * beard_area(angle, z) * (1 + 0.5 * smooth_noise(HEAD, 2, rng))
        image *= 1 - shade[..., None] * (0.75, 0.65, 0.55)
    brow = _brow(base, female, rng)
    # The texture multiplies the skin's colour, which a brow has to hide.
    image = image * (1 - brow) + brow * (0.6 * hair).clip(0.02, 0.3)
    # The last rows also serve the body, over which they are stretched.
    plain = np.clip((v - 0.92) / 0.06, 0, 1)[..., None]
    image = image * (1 - plain) + 0.93 * plain
    texture[:HEAD, :HEAD, :3] = (255 * image.clip(0, 1)).astype(np.uint8)


def _brow(base: Base, female: bool, rng: np.random.Generator) -> np.ndarray:
    """Return the opacity (HEAD, HEAD, 1) of a brow: strokes along a line, steep at its inner end and flat at its outer one."""
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
    brow = np.zeros((HEAD, HEAD), np.uint8)
    for begin, end, strength in zip(*pixels.tolist(), rng.integers(150, 245, len(along)).tolist(), strict=True):
        cv2.line(brow, begin, end, strength, 1, cv2.LINE_AA, 4)
    return cv2.GaussianBlur(brow, (0, 0), 1.0)[..., None] / 255 * 0.92


def _head_pixels(base: Base, points: np.ndarray) -> np.ndarray:
    """Return the place of points (..., 2), x and z of the template's face, in the head's quarter, in sixteenths of pixels."""
    skin = np.unique(base.quads["body"])
    front = base.template[skin[(base.template[skin, 1] < -0.09) & (base.template[skin, 2] > 0.6)]]
    nearest = ((front[:, ::2] - points[..., None, :]) ** 2).sum(-1).argmin(-1)
    solid = np.stack([points[..., 0], front[nearest, 1], points[..., 1]], -1)
    return (_head_uv(solid.reshape(-1, 3)) * ATLAS * 16).astype(int).reshape(points.shape)


def make_wrinkles(base: Base, age: float) -> np.ndarray:
    """Return the image (HEAD, HEAD, 4) of WRINKLES: soft lines, deeper with age in years."""
    image = np.zeros((HEAD, HEAD, len(WRINKLES)), np.uint8)
    depth = np.interp(age, (20, 75), (75, 165))
    for channel, name in enumerate(WRINKLES):
        lines = np.zeros((HEAD, HEAD), np.uint8)
        for line in _WRINKLE_LINES[name]:
            cv2.polylines(lines, [_head_pixels(base, np.array(line))], False, 255, 3, cv2.LINE_AA, 4)
        soft = cv2.GaussianBlur(lines.astype(float), (0, 0), 2.2) + 0.6 * cv2.GaussianBlur(
            lines.astype(float), (0, 0), 7
        )
        image[..., channel] = (soft / soft.max() * depth).astype(np.uint8)
    return image


def smooth_noise(side: int, cell: int, rng: np.random.Generator) -> np.ndarray:
    """Return smooth noise (side, side) of mean 0 and deviation 1, interpolated over cells of so many pixels."""
    coarse = rng.normal(size=(side // cell + 3, side // cell + 3)).astype(np.float32)
    out = cv2.resize(coarse, None, fx=cell, fy=cell, interpolation=cv2.INTER_CUBIC)[:side, :side]
    return (out - out.mean()) / out.std()


def beard_area(angle: np.ndarray, z: np.ndarray) -> np.ndarray:
    """Return how much (0 to 1) hair grows on a man's face at an azimuth in degrees and a height of the template."""
    above = np.interp(angle, (0, 8, 14, 24, 40, 62, 80, 90), (0.682, 0.682, 0.679, 0.672, 0.668, 0.69, 0.728, 0.74))
    return np.clip((above - z) / 0.006, 0, 1) * np.clip((z - 0.612) / 0.012, 0, 1) * np.clip((92 - angle) / 6, 0, 1)


def make_eyes(base: Base, melanin: float, rng: np.random.Generator) -> list[Layer]:
    """Return both eyeballs; their ``uv`` run from -1 to 1 around the axis of sight."""
    brown = rng.random() < 0.35 + 0.9 * melanin
    iris = linear(_IRIS[rng.integers(0, 3) if brown else rng.integers(3, len(_IRIS))])
    layers = []
    for name in ("helper-l-eye", "helper-r-eye"):
        used, quads = np.unique(base.quads[name], return_inverse=True)
        eye = base.vertices[used]
        centre = (eye.min(0) + eye.max(0)) / 2
        away = (eye - centre) / ((eye.max(0) - eye.min(0)).max() / 2)
        uv = away[:, ::2] * np.where(away[:, 1] < 0.15, 1, 3)[:, None]
        layers.append(Layer(eye, quads.reshape(-1, 4), used, "eye", 1, iris, uv))
    return layers


def make_mouth(base: Base) -> list[Layer]:
    """Return teeth and tongue."""
    layers = []
    for names, colour in (
        (("helper-upper-teeth", "helper-lower-teeth"), (225, 218, 200)),
        (("helper-tongue",), (176, 92, 92)),
    ):
        used, quads = np.unique(np.concatenate([base.quads[name] for name in names]), return_inverse=True)
        # Less light arrives deeper in the mouth.
        depth = np.clip((base.template[used, 1] + 0.15) / 0.05, 0, 1)
        shade = (1 - 0.85 * depth) * (0.5 if "tongue" in names[0] else 0.7)
        layers.append(Layer(base.vertices[used], quads.reshape(-1, 4), used, "mouth", 1, linear(colour), light=shade))
    return layers


def make_lashes(base: Base, female: bool) -> list[Layer]:
    """Return the lashes of all four lids."""
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
            layers.append(Layer(lash, inverse.reshape(-1, 4), used, "hair", 1, (0.03, 0.022, 0.02), uv, cut=cover))
    return layers
