"""Model and paint hair, beards and glasses of synthetic actors."""

from dataclasses import dataclass

import cv2
import numpy as np

from kinesics.synthetic.appearance.skin import HEAD, azimuth_of, beard_area, blend, mottle
from kinesics.synthetic.appearance.surfaces import PARTS, Base, Layer, grid, linear


@dataclass(frozen=True)
class _Style:
    """A hair style, in metres: thickness on top, at the sides and at the nape, and ``fringe`` below the hairline."""

    top: float
    side: float
    nape: float
    fringe: float = 0.0
    curl: float = 0.0  # unevenness of the thickness, 0 to 1
    ends: float | None = None  # height of the template to which it hangs
    bun: bool = False


_BALD = _Style(0, 0, 0)
HAIR_STYLES = (
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
#: Whether female -> the share of people with each style.
HAIR_SHARES = {
    False: (0.12, 0.18, 0.3, 0.2, 0.08, 0.1, 0.0, 0.0, 0.02, 0.0),
    True: (0.01, 0.02, 0.05, 0.04, 0.08, 0.14, 0.16, 0.14, 0.22, 0.14),
}

#: Colours of hair, the dark ones first.
_HAIR = ((18, 14, 12), (38, 26, 20), (62, 42, 28), (96, 66, 40), (150, 112, 66), (120, 58, 30))
_CROWN = 882  # vertex of the base mesh on the scalp; no facial action moves it
_HEAD_MIDDLE = np.array([0.0, -0.06, 0.745])


def draw_hair_colour(age: float, melanin: float, rng: np.random.Generator) -> np.ndarray:
    """Draw the colour (3,) of hair: dark with dark skin, and grey with age in years."""
    pick = rng.integers(0, 2) if melanin > 0.5 else rng.integers(0, len(_HAIR))
    grey = np.clip((age - 42 + rng.normal(0, 8)) / 35, 0, 0.9)
    return blend(np.array([linear(_HAIR[pick])]), linear((176, 172, 168)), [grey])[0]


def _hairline(angle: np.ndarray, fringe: float = 0.0) -> np.ndarray:
    """Return the height of the template above which hair grows, at azimuths in degrees."""
    line = np.interp(
        angle,
        (0, 20, 36, 50, 62, 72, 80, 90, 97, 108, 118, 128, 150, 180),
        (0.811, 0.809, 0.804, 0.793, 0.772, 0.75, 0.722, 0.722, 0.748, 0.748, 0.735, 0.7, 0.66, 0.655),
    )
    return line - fringe * np.clip((58 - angle) / 10, 0, 1)


def make_hair(base: Base, style: _Style, colour: np.ndarray, rng: np.random.Generator) -> list[Layer]:
    """Return three shells of hair over the scalp, and what hangs down or is tied to a bun; nothing for the bald style."""
    if style is _BALD:
        return []
    place = base.template
    angle = np.degrees(azimuth_of(place))
    above = place[:, 2] - _hairline(angle, style.fringe) + 0.003 * mottle(place, 0.03, rng)
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
        1 + (0.1 + 0.7 * style.curl) * mottle(place, 0.06, rng) + 0.12 * np.sign(rng.normal()) * place[:, 0] / 0.08
    )
    # Hair grows away from the middle of the head as well as from the skin: this avoids spikes and folds.
    radial = base.vertices[used] - _template_to_person(base) @ np.append(_HEAD_MIDDLE, 1)
    outward = base.normals[used] + 1.5 * radial / np.linalg.norm(radial, axis=1)[:, None]
    outward /= np.linalg.norm(outward, axis=1)[:, None]
    polar = np.arctan2(np.hypot(place[:, 0], place[:, 1] + 0.03), place[:, 2] - 0.72) / np.pi
    uv = np.stack([0.49 * angle[used] / 180, 0.505 + 0.49 * polar.clip(0, 1)], 1)
    layers = []
    for k, height in enumerate((0.0, 0.5, 1.0)):
        cover = np.clip(above / 0.012 + 0.35, 0, 3) * (1.6 - 1.2 * height)
        layers.append(
            Layer(
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


def _template_to_person(base: Base) -> np.ndarray:
    """Return the affine map (3, 4) from the template's head to this person's."""
    head = base.on_bones("head") & (base.template[:, 2] > 0.7)
    head &= np.isin(np.arange(len(head)), base.quads["body"])
    points = np.concatenate([base.template[head], np.ones((head.sum(), 1))], 1)
    return np.linalg.lstsq(points, base.vertices[head], rcond=None)[0].T


def _placed(base: Base, points: np.ndarray) -> np.ndarray:
    """Return points (..., 3) around the template's head moved to this person's."""
    warp = _template_to_person(base)
    return points @ warp[:, :3].T + warp[:, 3]


def _curtain(base: Base, style: _Style, colour: np.ndarray, extra: float, rng: np.random.Generator) -> Layer:
    """Return hair that hangs from temple to temple around the back, ``extra`` metres outside of the style's."""
    rows, columns = 14, 41
    azimuth = np.radians(np.linspace(66, 294, columns))
    heights = np.linspace(0.8, style.ends, rows)
    # Half axes of the hair at each height, sideways and backwards; they never shrink downwards, since hair hangs.
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
    return Layer(
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


def _bun(base: Base, colour: np.ndarray) -> Layer:
    """Return an ellipsoid of hair at the back of the head."""
    points, quads = _ball((0, 0.055, 0.79), (0.036, 0.03, 0.034))
    uv = np.stack([np.tile(np.linspace(0, 0.48, 16), 9), np.repeat(np.linspace(0.52, 0.97, 9), 16)], 1)
    return Layer(
        _placed(base, points), quads, np.full(len(points), _CROWN), "hair", 1 + PARTS.index("hair"), colour, uv, cut=3.0
    )


def make_beard(base: Base, colour: np.ndarray, rng: np.random.Generator) -> list[Layer]:
    """Return four shells of a beard, full or around the mouth only."""
    place = base.template
    area = (
        beard_area(np.degrees(azimuth_of(place)), place[:, 2])
        * (base.region("lips") < 0.15)
        * (base.region("inside-mouth") < 0.1)
    )
    if rng.random() < 0.3:  # around the mouth only
        area *= np.clip((34 - np.degrees(azimuth_of(place))) / 6, 0, 1)
    area *= base.on_bones("head") & (place[:, 1] < -0.03)
    quads = base.quads["body"]
    quads = quads[
        (area > 0)[quads].any(1) & (base.region("lips") < 0.15)[quads].all(1) & base.on_bones("head")[quads].all(1)
    ]
    used, quads = np.unique(quads, return_inverse=True)
    length = rng.uniform(0.002, 0.009) * np.interp(place[used, 2], (0.62, 0.65, 0.68), (1.2, 0.8, 0.5))
    uv = np.stack([0.49 * azimuth_of(place[used]) / np.pi, 0.52 + 1.7 * (0.74 - place[used, 2]).clip(0, 0.28)], 1)
    return [
        Layer(
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


def paint_strands(texture: np.ndarray, rng: np.random.Generator) -> None:
    """Paint strands of hair, along v, into the texture's third quarter: brightness, and opacity, by which gaps open."""
    fine, coarse = rng.normal(size=(24, HEAD)), rng.normal(size=(6, HEAD // 6 + 1))
    strands = cv2.resize(fine.astype(np.float32), (HEAD, HEAD), interpolation=cv2.INTER_CUBIC)
    locks = cv2.resize(coarse.astype(np.float32), (HEAD, HEAD), interpolation=cv2.INTER_CUBIC)
    mixed = 0.6 * strands / strands.std() + 0.8 * locks / locks.std()
    brightness = (0.62 + 0.2 * mixed).clip(0.15, 1)
    order = np.argsort(np.argsort(mixed.ravel())).reshape(mixed.shape) / mixed.size
    texture[HEAD:, :HEAD, :3] = (255 * brightness).astype(np.uint8)[..., None]
    texture[HEAD:, :HEAD, 3] = (255 * order).astype(np.uint8)


def make_glasses(base: Base, rng: np.random.Generator) -> Layer:
    """Return glasses without lenses: two rims, two arms and a bridge, each a ring of vertices swept along a line."""
    lines = _glasses_lines(rng)
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
    return Layer(_placed(base, points), np.concatenate(quads), np.full(len(points), _CROWN), "gloss", 1, colour)


def _glasses_lines(rng: np.random.Generator) -> list[np.ndarray]:
    """Return the lines (n, 3) of rims, arms and bridge on the template's head; the rims are superellipses."""
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
    return [*lines, np.array([[-inner, -0.154, 0.727], [0, -0.158, 0.729], [inner, -0.154, 0.727]])]
