"""Draw backgrounds and lights from a seed.

Backgrounds are quads with procedural images: a wall or a street, a floor, and what moves outside of a window or on a road.
Lights are linear RGB; colours and images are sRGB, 0 to 255. Coordinates are those of ``body``: metres, z up; the camera is
at y < 0 and looks along +y.
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
    sky: tuple[float, float, float]  # ambient light on surfaces that face upwards
    ground: tuple[float, float, float]  # ambient light on surfaces that face downwards


def _direction(*towards: float) -> tuple[float, float, float]:
    return tuple(float(x) for x in np.array(towards) / np.linalg.norm(towards))


#: Lights by name, for a camera at y < 0.
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
    """A flat image in the scene: a wall, a floor, or a prop in front of the people."""

    corners: np.ndarray  # (4, 3) metres: top left, top right, bottom right, bottom left of the image
    image: np.ndarray  # (h, w, 4) uint8, sRGB and opacity: pixels below half are not drawn
    background: bool = False  # whether its pixels get the id of the background, not that of a prop
    shift: tuple[float, float] = (0.0, 0.0)  # moves the image within its corners, wrapping around; fractions


@dataclass(frozen=True)
class Scenery:
    """The light on people and the background behind them: quads, each with its speed (right, down), shift per second."""

    family: str
    light: Light
    pieces: tuple[tuple[Quad, tuple[float, float]], ...]

    def quads(self, time_s: float) -> tuple[Quad, ...]:
        """Return the quads at a time; people stand between y = -1 and 3.5 m, the camera before them."""
        return tuple(
            replace(quad, shift=(round(right * time_s % 1, 6), round(down * time_s % 1, 6))) if right or down else quad
            for quad, (right, down) in self.pieces
        )


_WALL_Y, _WALL = 4.0, (-9.0, 9.0, -0.5, 5.5)  # metres: distance of the wall; its left, right, bottom and top
_PIXELS_PER_M = 110  # of a wall: fewer than a camera resolves, since walls are out of focus
#: Colours of wall paint and wood.
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
    """Draw the light and the background of a seed (>= 0): the same ones each time."""
    rng = np.random.default_rng([seed, 2])
    family = tuple(_FAMILIES)[rng.integers(len(_FAMILIES))]
    light = LIGHTS[_FAMILIES[family][1][rng.integers(len(_FAMILIES[family][1]))]]
    # The light is mirrored or not, and its brightness varies somewhat.
    side, brightness = rng.choice([-1.0, 1.0]), rng.uniform(0.88, 1.08)
    values = {field.name: np.array(getattr(light, field.name)) for field in fields(light)}
    for name, value in values.items():
        values[name] = tuple((value * ((side, 1, 1) if "direction" in name else brightness)).round(6).tolist())
    return Scenery(family, Light(**values), _FAMILIES[family][0](rng))


def _muted(rng: np.random.Generator, count: int | None = None) -> np.ndarray:
    """Draw colours of low saturation, as most objects have: (3,) or (count, 3)."""
    grey = rng.uniform(40, 200, (count or 1, 1))
    colours = (grey * (1 + rng.uniform(0, 0.45, (count or 1, 1)) * rng.uniform(-1, 1, (count or 1, 3)))).clip(0, 255)
    return colours if count else colours[0]


def _upright(image: np.ndarray, y: float = _WALL_Y, extent: tuple = _WALL) -> Quad:
    """Return a background quad that stands upright at a distance ``y``; ``extent`` is left, right, bottom, top in metres."""
    left, right, bottom, top = extent
    corners = np.array([[left, y, top], [right, y, top], [right, y, bottom], [left, y, bottom]])
    return Quad(corners, _opaque(image), background=True)


def _opaque(image: np.ndarray) -> np.ndarray:
    """Return an image of 3 or 4 channels as uint8 with opacity."""
    image = np.clip(image, 0, 255).astype(np.uint8)
    return image if image.shape[2] == 4 else np.dstack([image, np.full(image.shape[:2], 255, np.uint8)])


def _floor(rng: np.random.Generator, colour: tuple) -> tuple[Quad, tuple[float, float]]:
    """Draw a floor, of boards or plain, that does not move."""
    image = np.array(colour) * (1 + 0.04 * smooth_noise(512, 2, rng) + 0.05 * smooth_noise(512, 32, rng))[..., None]
    if rng.random() < 0.6:  # boards
        image *= (1 + 0.08 * rng.normal(size=64).repeat(8))[:, None, None]
        image[::8] *= 0.8
    image *= np.linspace(0.75, 1.05, 512)[:, None, None]
    near = -12.0
    corners = np.array([[-9, _WALL_Y, 0], [9, _WALL_Y, 0], [9, near, 0], [-9, near, 0]], float)
    return Quad(corners, _opaque(image), background=True), (0.0, 0.0)


def _wall_image(rng: np.random.Generator, colour: tuple) -> np.ndarray:
    """Draw the image (h, w, 3) of a wall of a colour, unevenly lit."""
    width, height = int((_WALL[1] - _WALL[0]) * _PIXELS_PER_M), int((_WALL[3] - _WALL[2]) * _PIXELS_PER_M)
    side = max(width, height)
    grain = (0.01 * smooth_noise(side, 2, rng) + 0.03 * smooth_noise(side, 160, rng))[:height, :width]
    glow = np.exp(-(((np.arange(width) - rng.uniform(0.2, 0.8) * width) / (0.5 * width)) ** 2))[None]
    fall = np.linspace(1.04, 0.86, height)[:, None]
    return np.array(colour, float) * ((0.82 + 0.2 * glow) * fall + grain)[..., None]


def _rows(bottom: float, top: float) -> slice:
    """Return the rows of a wall's image between two heights in metres."""
    return slice(max(round((_WALL[3] - top) * _PIXELS_PER_M), 0), max(round((_WALL[3] - bottom) * _PIXELS_PER_M), 0))


def _columns(left: float, right: float) -> slice:
    """Return the columns of a wall's image between two places in metres."""
    return slice(max(round((left - _WALL[0]) * _PIXELS_PER_M), 0), max(round((right - _WALL[0]) * _PIXELS_PER_M), 0))


def _painting(shape: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
    """Draw a blurred abstract painting (h, w, 3)."""
    small = _muted(rng, 20).reshape(4, 5, 3).astype(np.float32)
    return cv2.resize(small, shape[::-1], interpolation=cv2.INTER_CUBIC).clip(0, 255)


def _add_paintings_and_doors(image: np.ndarray, rng: np.random.Generator) -> None:
    """Draw framed paintings, and here and there a door, into the image of a wall."""
    x = _WALL[0] + rng.uniform(0, 1)
    while x < _WALL[1] - 1:
        wide, high = rng.uniform(0.4, 1.2), rng.uniform(0.4, 0.9)
        if rng.random() < 0.2:
            wide = 0.95
            image[_rows(0.0, 2.05), _columns(x, x + wide)] *= 0.6
            image[_rows(0.0, 2.0), _columns(x + 0.05, x + wide - 0.05)] = (
                np.array(_WOODS[rng.integers(len(_WOODS))]) * 1.1
            )
            image[_rows(1.0, 1.05), _columns(x + 0.1, x + 0.22)] = 200
        else:
            z = rng.uniform(1.3, 1.6)
            rows, columns = _rows(z, z + high), _columns(x, x + wide)
            image[rows, columns] = np.array((40, 34, 30)) * rng.uniform(0.6, 4)
            inner = _rows(z + 0.04, z + high - 0.04), _columns(x + 0.04, x + wide - 0.04)
            shape = image[inner].shape[:2]
            image[inner] = _painting(shape, rng)
        x += wide + rng.uniform(0.3, 2.0)


def _room(rng: np.random.Generator) -> tuple:
    """Draw a painted wall with paintings and doors, and a wooden floor."""
    image = _wall_image(rng, _PAINTS[rng.integers(len(_PAINTS))])
    _add_paintings_and_doors(image, rng)
    image[_rows(0, 0.1)] *= 0.7
    wall = _upright(cv2.GaussianBlur(image, (0, 0), 1.5))
    return (wall, (0.0, 0.0)), _floor(rng, _WOODS[rng.integers(len(_WOODS))])


def _shelf(rng: np.random.Generator) -> tuple:
    """Draw a wall of bookshelves, and a floor of the same wood."""
    wood = np.array(_WOODS[rng.integers(len(_WOODS))])
    image = _wall_image(rng, wood * 0.45)
    for z in np.arange(0.1, 5, 0.36):
        image[_rows(z - 0.03, z)] = wood
        x = _WALL[0]
        while x < _WALL[1]:
            wide, high = rng.uniform(0.02, 0.06), rng.uniform(0.18, 0.31)
            if rng.random() < 0.93:
                colour = _muted(rng)
                image[_rows(z, z + high), _columns(x, x + wide)] = colour
                image[_rows(z + 0.7 * high, z + 0.78 * high), _columns(x, x + wide)] *= 1.25
            x += wide
    for x in np.arange(_WALL[0], _WALL[1], 1.1):
        image[:, _columns(x, x + 0.05)] = wood
    return (_upright(cv2.GaussianBlur(image, (0, 0), 2)), (0.0, 0.0)), _floor(rng, tuple(wood))


def _outdoors(rng: np.random.Generator, side: int = 1024) -> np.ndarray:
    """Draw sky with clouds above trees (side / 2, side, 3), an image that wraps around to the right."""
    height = side // 2
    y = np.linspace(0, 1, height)[:, None, None]
    sky = np.array((150, 186, 226)) * (1 - y) + np.array((226, 234, 240)) * y
    clouds = smooth_noise(side, 64, rng)[:height] + 0.5 * smooth_noise(side, 16, rng)[:height]
    image = sky + 60 * np.clip(clouds, 0, 1)[..., None]
    crowns = 0.55 + 0.08 * smooth_noise(side, 48, rng)[0] + 0.03 * smooth_noise(side, 8, rng)[0]
    trees = (
        np.array((70, 96, 54))
        * (1 + 0.25 * smooth_noise(side, 6, rng)[:height] + 0.2 * smooth_noise(side, 32, rng)[:height])[..., None]
    )
    image = np.where((y > crowns[None, :, None]), trees, image)
    fade = np.linspace(0, 1, side // 8)[None, :, None]  # the right end blends into the left one
    image[:, -side // 8 :] = image[:, -side // 8 :] * (1 - fade) + image[:, : side // 8][:, ::-1] * fade
    return cv2.GaussianBlur(image.astype(np.float32), (0, 0), 2)


def _window(rng: np.random.Generator) -> tuple:
    """Draw a wall with windows, a landscape that moves behind it, and a wooden floor."""
    image = _wall_image(rng, _PAINTS[rng.integers(len(_PAINTS))])
    image = np.dstack([image, np.full(image.shape[:2], 255.0)])
    x, bottom = _WALL[0] + rng.uniform(0, 1), rng.uniform(0.7, 1.0)
    while x < _WALL[1] - 2:
        wide = rng.uniform(0.9, 1.8)
        image[_rows(bottom - 0.06, 2.56), _columns(x - 0.06, x + wide + 0.06), :3] = 236
        image[_rows(bottom, 2.5), _columns(x, x + wide), 3] = 0
        for bar in (slice(None), _columns(x + wide / 2 - 0.025, x + wide / 2 + 0.025)):
            rows = _rows(bottom, 2.5) if bar != slice(None) else _rows(1.9, 1.95)
            columns = bar if bar != slice(None) else _columns(x, x + wide)
            image[rows, columns] = (230, 230, 226, 255)
        x += wide + rng.uniform(0.5, 1.5)
    speed = rng.uniform(0.004, 0.012) * rng.choice([-1, 1])
    view = _upright(_outdoors(rng), 9.0, (-16.0, 16.0, -6.0, 10.0))
    return (_upright(image), (0.0, 0.0)), (view, (speed, 0.0)), _floor(rng, _WOODS[rng.integers(len(_WOODS))])


def _curtain(rng: np.random.Generator) -> tuple:
    """Draw a curtain, and a grey floor."""
    image = _wall_image(rng, _muted(rng))
    x = np.arange(image.shape[1])
    folds = np.sin(2 * np.pi * x / rng.uniform(16, 40) + 1.5 * np.sin(2 * np.pi * x / rng.uniform(90, 170)))
    return (_upright(image * (1 + 0.16 * folds)[None, :, None]), (0.0, 0.0)), _floor(rng, (120, 116, 112))


def _street(rng: np.random.Generator) -> tuple:
    """Draw houses under a sky, cars that pass before them, and a grey ground."""
    image = cv2.resize(_outdoors(rng), (int(18 * _PIXELS_PER_M), int(6 * _PIXELS_PER_M))).astype(float)
    x = _WALL[0]
    while x < _WALL[1]:
        wide, high = rng.uniform(1.6, 3.2), rng.uniform(3.4, 5.6)
        if rng.random() < 0.8:
            front = rng.uniform(90, 190) * np.array([1, rng.uniform(0.85, 1), rng.uniform(0.75, 0.98)])
            image[_rows(-0.5, high), _columns(x, x + wide)] = front
            for z in np.arange(0.5, high - 0.5, 0.8):
                for place in np.arange(x + 0.2, x + wide - 0.35, 0.55):
                    image[_rows(z, z + 0.5), _columns(place, place + 0.3)] = 0.5 * _muted(rng)
        x += wide
    image[_rows(-0.5, 0.25)] = 120
    image = cv2.GaussianBlur(image, (0, 0), 5)
    cars = _upright(_cars(rng), 3.8, (-9.0, 9.0, 0.0, 1.5))
    speed = rng.uniform(0.04, 0.1) * rng.choice([-1, 1])
    return (_upright(image), (0.0, 0.0)), (cars, (speed, 0.0)), _floor(rng, (126, 124, 122))


def _cars(rng: np.random.Generator) -> np.ndarray:
    """Draw a row of cars (160, 2048, 4)."""
    image = np.zeros((160, 2048, 4), np.float32)
    for place in np.cumsum(rng.integers(260, 520, 6)):
        if place < 1750:
            colour = (*_muted(rng), 255)
            cv2.rectangle(image, (int(place), 70), (int(place) + 230, 140), colour, -1)
            cv2.rectangle(image, (int(place) + 45, 25), (int(place) + 180, 75), (60, 70, 80, 255), -1)
            for wheel in (45, 185):
                cv2.circle(image, (int(place) + wheel, 140), 19, (20, 20, 20, 255), -1)
    return cv2.GaussianBlur(image, (0, 0), 2.5)


#: Family of backgrounds -> the function that draws one, and the lights that suit it.
_FAMILIES = {
    "room": (_room, ("office", "lamp", "window")),
    "shelf": (_shelf, ("office", "lamp")),
    "window": (_window, ("window", "office")),
    "curtain": (_curtain, ("lamp", "office")),
    "street": (_street, ("overcast", "sun")),
}
