"""Turn stored images upright, as the display matrix of a container or of H.264 and HEVC says."""

from dataclasses import dataclass

import av
import numpy as np
from av.sidedata.sidedata import SideDataContainer, Type


@dataclass(frozen=True)
class Orientation:
    """How a stored image becomes upright: mirrored left to right or not, then turned counter-clockwise by quarters."""

    turns: int = 0
    mirrored: bool = False

    def apply(self, image: np.ndarray) -> np.ndarray:
        """Return a stored image (H, W, 3) upright, C-contiguous."""
        return np.ascontiguousarray(np.rot90(image[:, ::-1] if self.mirrored else image, self.turns))


def orientation_of(frame: av.VideoFrame) -> Orientation | None:
    """Return the orientation that a frame has of its own, to the nearest quarter, or None: codecs give it at key images."""
    # `frame.side_data` would make a cycle, which keeps the frame and its threads until the garbage is collected.
    matrix = SideDataContainer(frame).get(Type.DISPLAYMATRIX)  # pyright: ignore[reportCallIssue] - the stub lacks it
    if matrix is None:
        return None
    # Row vectors: (x, y) becomes (a x + c y, b x + d y), with y downwards.
    a, b, _, c, d = np.frombuffer(bytes(matrix), np.int32)[:5].astype(float)
    mirrored = a * d - b * c < 0
    x, y = (-a, -b) if mirrored else (a, b)
    return Orientation(round(np.degrees(np.arctan2(-y, x)) / 90) % 4, mirrored)
