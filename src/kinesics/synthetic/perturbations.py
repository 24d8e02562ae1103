"""Independent perturbations, from the controlled condition (severity 0) to in-the-wild video (severity 3).

``perturbations.csv`` gives each severity of each perturbation its value and unit. Shake, occluders, distance and crowd
change the scene before it is rendered, blur the number of renderings per frame, light and noise the frame, compression
its encoding.
"""

import csv
from dataclasses import replace
from functools import cache

import numpy as np

from kinesics.errors import KinesicsError
from kinesics.io.package_data import package_file

#: Perturbation -> severity -> value.
VALUES: dict[str, dict[int, float]] = {}
with package_file("kinesics.synthetic", "perturbations.csv").open(encoding="utf-8") as _file:
    for _row in csv.DictReader(_file):
        VALUES.setdefault(_row["perturbation"], {})[int(_row["severity"])] = float(_row["value"])
PERTURBATIONS = tuple(VALUES)

#: Number of instants over which the exposure of a blurred frame is averaged.
EXPOSURES = 4


def settings(severities: dict[str, int] | None = None) -> dict[str, float]:
    """Return the value of each perturbation at its severity, 0 unless given.

    Raises KinesicsError for an unknown perturbation or severity, naming the choices.
    """
    severities = severities or {}
    for perturbation, severity in severities.items():
        if perturbation not in VALUES:
            raise KinesicsError(f"{perturbation!r} is not a perturbation: {', '.join(PERTURBATIONS)}")
        if severity not in VALUES[perturbation]:
            raise KinesicsError(
                f"{severity!r} is not a severity of {perturbation}: {', '.join(map(str, VALUES[perturbation]))}"
            )
    return {perturbation: VALUES[perturbation][severities.get(perturbation, 0)] for perturbation in PERTURBATIONS}


def frame_instants(time_s: float, blur_ms: float) -> list[float]:
    """Return the times at which the scene is rendered for the frame at ``time_s``, which is the mean of these renderings."""
    if not blur_ms:
        return [time_s]
    return list(time_s + blur_ms / 1000 * (np.arange(EXPOSURES) / (EXPOSURES - 1) - 0.5))


def shake_camera(camera, degrees: float, seed: int, time_s: float):
    """Return the camera turned as by an unsteady hand: by smooth noise of 0.3 to 3 Hz, ``degrees`` its standard deviation."""
    if not degrees:
        return camera
    rng = np.random.default_rng([seed, 2])
    frequency, phase = rng.uniform(0.3, 3.0, (3, 5)), rng.uniform(0, 2 * np.pi, (3, 5))
    noise = degrees * np.sin(2 * np.pi * frequency * time_s + phase).sum(1) * np.sqrt(2 / 5)
    across, up = np.tan(np.radians(noise[:2])) * np.linalg.norm(np.subtract(camera.target, camera.position))
    right, down, _ = camera.axes
    target = np.asarray(camera.target) + across * right - up * down
    return replace(camera, target=tuple(map(float, target)), roll_deg=camera.roll_deg + float(noise[2]))


def occluders(count: float, seed: int, camera, aspect: float, time_s: float) -> list:
    """Return ``count`` quads (``scenery.Quad``) that pass between the camera and the people, from side to side and back."""
    # Here, because it loads OpenCV, which readers of VALUES do not need.
    from kinesics.synthetic.scenery import Quad

    right, down, forward = camera.axes
    distance = np.linalg.norm(np.subtract(camera.target, camera.position))
    quads = []
    for number in range(int(count)):
        rng = np.random.default_rng([seed, 3, number])
        depth = rng.uniform(0.45, 0.6) * distance
        half_height = depth * np.tan(np.radians(camera.fov_deg) / 2)
        size = half_height * rng.uniform(0.25, 0.4, 2)
        sway = np.sin(2 * np.pi * (time_s / rng.uniform(7, 14) + rng.random()))
        middle = np.asarray(camera.position) + depth * forward
        middle = middle + 1.1 * aspect * half_height * sway * right + half_height * rng.uniform(-0.7, 0.7) * down
        corners = [middle + x * size[0] * right + y * size[1] * down for x, y in ((-1, -1), (1, -1), (1, 1), (-1, 1))]
        quads.append(Quad(np.array(corners), _leaves(seed, number)))
    return quads


@cache
def _leaves(seed: int, number: int) -> np.ndarray:
    """Return the image of a twig with leaves, (96, 96, 4) uint8: sRGB and opacity."""
    import cv2

    rng = np.random.default_rng([seed, 4, number])
    image = np.zeros((96, 96, 4), np.uint8)
    for _ in range(28):
        middle = tuple(int(x) for x in rng.normal(48, 17, 2).clip(10, 86))
        colour = (*(int(x) for x in rng.uniform((30, 70, 20), (90, 140, 60))), 255)
        axes = (int(rng.integers(10, 20)), int(rng.integers(4, 9)))
        cv2.ellipse(image, middle, axes, float(rng.uniform(0, 180)), 0, 360, colour, -1)
    return image


def degrade_frame(frame: np.ndarray, stops: float, noise: float, seed: int, number: int) -> np.ndarray:
    """Underexpose frame ``number`` (H, W, 3), uint8 sRGB, by ``stops``, and add Gaussian noise of ``noise`` grey levels."""
    if stops:
        curve = 255 * ((np.arange(256) / 255) ** 2.2 * 2.0**-stops) ** (1 / 2.2)
        frame = curve.round().astype(np.uint8)[frame]
    if noise:
        rng = np.random.default_rng([seed, 5, number])
        frame = (frame + noise * rng.standard_normal(frame.shape, np.float32)).round().clip(0, 255).astype(np.uint8)
    return frame
