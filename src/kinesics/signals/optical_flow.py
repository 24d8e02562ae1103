"""Compute a descriptor of raw video from dense optical flow on a coarse grid."""

from pathlib import Path

import cv2
import numpy as np

from kinesics.media.video import read_frames
from kinesics.signals.descriptor import LIMIT
from kinesics.signals.layout import Layout

#: Columns and rows of the cells that a frame is cut into, and their sides in the small frames of which flow is computed.
CELLS, SIDE = (4, 3), 20
#: The layout of ``flow_descriptor``.
FLOW_LAYOUT = Layout(0, list(range(1 + 3 * CELLS[0] * CELLS[1], 1 + 4 * CELLS[0] * CELLS[1])))


def flow_descriptor(path: str | Path, rate_hz: float) -> np.ndarray:
    """Return the descriptor of a video's pixels at a rate: (T, 1 + 4 x cells).

    Frames are made small and grey, and cut into cells. The columns: 1; of each cell the optical flow (Farneback, SCIA 2003)
    to the right and down in cells a second, the mean of its pixels, and the brightness against the cell's median over the
    video; log(1 + speed) of the cells. The first frame has no flow. Raises KinesicsError as ``read_frames`` does.
    """
    columns, rows = CELLS
    previous, means = None, []
    for _, _, frame in read_frames(path, rate_hz):
        grey = cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY)
        grey = cv2.resize(grey, (columns * SIDE, rows * SIDE), interpolation=cv2.INTER_AREA)
        # pyramid of 3 levels, window of 9 pixels, 2 iterations, polynomials of 5 pixels: fast, and enough for a hand
        flow = cv2.calcOpticalFlowFarneback(grey if previous is None else previous, grey, None, 0.5, 3, 9, 2, 5, 1.1, 0)
        both = np.concatenate([flow * rate_hz / SIDE, grey[..., None] / 64.0], -1)  # (height, width, 3)
        means.append(both.reshape(rows, SIDE, columns, SIDE, 3).mean((1, 3)))
        previous = grey
    cells = np.stack(means).reshape(len(means), -1, 3)
    cells[..., 2] -= np.median(cells[..., 2], 0)
    speeds = np.log1p(np.linalg.norm(cells[..., :2], axis=-1))
    descriptor = np.concatenate([np.ones((len(cells), 1)), cells.reshape(len(cells), -1), speeds], 1)
    return descriptor.clip(-LIMIT, LIMIT).astype(np.float32)
