"""Faces: BlazeFace (Bazarevsky et al. 2019), the mesh with irises (Kartynnik et al. 2019; Grishchenko et al. 2020), facial
actions (MediaPipe's blend shapes) and the head's matrix (MediaPipe's face geometry).
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from kinesics.io.package_data import package_file
from kinesics.perception.networks import Candidate, Networks, candidates, cut_out, placed, sigmoid, unit

#: The presence of a face, from the mesh's network, from which there is one: MediaPipe's default.
PRESENT = 0.5
# The detector shrinks a square of the frame to 128 pixels, in which it detects faces of about 12 pixels and more.
_SMALLEST = 0.1
_EYES = [33, 263]  # outer corners of the mesh: of the person's right eye, left eye
# The mesh's points that the network of facial actions takes (MediaPipe's face_blendshapes_graph.cc).
_ACTION_POINTS = [
    *(0, 1, 4, 5, 6, 7, 8, 10, 13, 14, 17, 21, 33, 37, 39, 40, 46, 52, 53, 54, 55, 58, 61, 63, 65, 66, 67, 70, 78, 80),
    *(81, 82, 84, 87, 88, 91, 93, 95, 103, 105, 107, 109, 127, 132, 133, 136, 144, 145, 146, 148, 149, 150, 152, 153),
    *(154, 155, 157, 158, 159, 160, 161, 162, 163, 168, 172, 173, 176, 178, 181, 185, 191, 195, 197, 234, 246, 249),
    *(251, 263, 267, 269, 270, 276, 282, 283, 284, 285, 288, 291, 293, 295, 296, 297, 300, 308, 310, 311),
    *(312, 314, 317, 318, 321, 323, 324, 332, 334, 336, 338, 356, 361, 362, 365, 373, 374, 375, 377, 378, 379, 380),
    *(381, 382, 384, 385, 386, 387, 388, 389, 390, 397, 398, 400, 402, 405, 409, 415, 454, 466, 468, 469, 470, 471),
    *(472, 473, 474, 475, 476, 477),
]
# Points of the mesh, their weights, and where they are on MediaPipe's canonical face (from the bundle's geometry metadata).
_BASIS = np.loadtxt(package_file("kinesics.perception", "faces.csv"), delimiter=",", skiprows=1)
_FIELD_OF_VIEW = np.radians(63.0)  # vertical, of the camera that MediaPipe assumes


@dataclass(eq=False)
class Face:
    """A face in one frame: the mesh (478, 3) in pixels, and how certain the network is that there is a face."""

    points: np.ndarray
    presence: float

    @cached_property
    def head(self) -> np.ndarray:
        """The head (x, y, size in pixels): the middle of the mesh's extent, and the root of its area."""
        low, high = self.points[:, :2].min(0), self.points[:, :2].max(0)
        return np.append((low + high) / 2, np.sqrt(np.prod(high - low)))

    @property
    def region(self) -> np.ndarray:
        """The region in which the next frame's face is expected."""
        low, high = self.points[:, :2].min(0), self.points[:, :2].max(0)
        return _region((low + high) / 2, (high - low).max(), *self.points[_EYES, :2])


def face_at(networks: Networks, frame: np.ndarray, region: np.ndarray) -> Face | None:
    """Return the face in a region, None if there is none."""
    side = networks.face_landmarks.side
    mesh, presence, _ = networks.face_landmarks(unit(cut_out(frame, region, side)))
    certainty = float(sigmoid(presence.ravel()[0]))
    return Face(placed(mesh.reshape(-1, 3) / side, region), certainty) if certainty >= PRESENT else None


def detect_faces(networks: Networks, frame: np.ndarray, window: np.ndarray, minimum: float) -> list[Candidate]:
    """Return the candidates of the face detector in the square about a window (x, y, side) of the frame."""
    return candidates(networks.face_detector, frame, np.append(window, 0.0), minimum)


def detected_region(candidate: Candidate) -> np.ndarray:
    """Return the region of a detected face, whose first two key points are the eyes."""
    low, high = candidate.box[:2], candidate.box[2:]
    return _region((low + high) / 2, (high - low).max(), *candidate.points[:2])


def detected_head(candidate: Candidate) -> np.ndarray:
    """Return the head (x, y, size in pixels) of a detected face."""
    low, high = candidate.box[:2], candidate.box[2:]
    return np.append((low + high) / 2, np.sqrt(max(np.prod(high - low), 1)))


def _region(middle: np.ndarray, side: float, right_eye: np.ndarray, left_eye: np.ndarray) -> np.ndarray:
    x, y = left_eye - right_eye
    return np.array([*middle, 1.5 * side, np.arctan2(y, x)])


def search_windows(size: np.ndarray, smallest: float) -> list[np.ndarray]:
    """Return squares (x, y, side) that cover a frame, overlapping, from the whole down to faces of ``smallest`` pixels."""
    whole, least = float(size.max()), smallest / _SMALLEST
    windows = [np.array([*(size / 2), whole])]
    steps = max(int(np.ceil(np.log2(whole / least))), 0)
    for step in range(1, steps + 1):
        side = whole * (least / whole) ** (step / steps)
        counts = [max(int(np.ceil((extent - side) / (0.8 * side))) + 1, 1) for extent in size]
        xs, ys = (
            np.linspace(side / 2, extent - side / 2, count) if count > 1 else [extent / 2]
            for extent, count in zip(size, counts, strict=True)
        )
        windows += [np.array([x, y, side]) for y in ys for x in xs]
    return windows


def facial_actions(networks: Networks, points: np.ndarray) -> np.ndarray:
    """Return the coefficients of facial actions, float32 (52,), of a mesh (478, 3) in pixels."""
    return networks.face_actions(points[_ACTION_POINTS, :2])[0]


def head_matrix(points: np.ndarray, size: np.ndarray) -> np.ndarray:
    """Return MediaPipe's facial transformation matrix (4, 4) of a mesh (478, 3) in pixels of a frame of ``size``.

    The rotation, scale and place that map the canonical face, in centimetres, onto the mesh, under the perspective of a
    camera of 63 degrees. As in MediaPipe's face_geometry: the scale is estimated twice, the second time with the points
    at the depth that the first gives; then the pose.
    """
    height = 2 * np.tan(_FIELD_OF_VIEW / 2)
    width = height * size[0] / size[1]
    basis, weights, canonical = _BASIS[:, 0].astype(int), _BASIS[:, 1], _BASIS[:, 2:]
    pixels = points[basis] / [size[0], size[1], size[0]]
    screen = (pixels - [0.5, 0.5, 0]) * [width, -height, width]
    depth = width * points[:468, 2].mean() / size[0]

    def mesh(scale: float) -> np.ndarray:
        z = (screen[:, 2] - depth + 1) / scale
        return np.stack([screen[:, 0] * z, screen[:, 1] * z, -z], 1)

    scale = _similarity(canonical, screen * [1, 1, -1], weights)[1]
    scale *= _similarity(canonical, mesh(scale), weights)[1]
    rotation, factor, place = _similarity(canonical, mesh(scale), weights)
    matrix = np.eye(4)
    matrix[:3, :3], matrix[:3, 3] = factor * rotation, place
    return matrix


def _similarity(source: np.ndarray, target: np.ndarray, weights: np.ndarray) -> tuple[np.ndarray, float, np.ndarray]:
    """Return rotation, scale and shift that map points onto others with least weighted squares (Umeyama 1991)."""
    weights = weights[:, None] / weights.sum()
    middle = (weights * source).sum(0)
    centred = source - middle
    u, _, v = np.linalg.svd((weights * target).T @ centred)
    u[:, 2] *= np.sign(np.linalg.det(u) * np.linalg.det(v))
    rotation = u @ v
    scale = float(((centred @ rotation.T) * weights * target).sum() / (weights * centred**2).sum())
    return rotation, scale, (weights * target).sum(0) - scale * rotation @ middle
