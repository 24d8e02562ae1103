"""Compute descriptors of landmark trajectories of any kind (body pose, face, hand)."""

import warnings

import numpy as np

from kinesics.signals.cues import speed
from kinesics.signals.descriptor import LIMIT
from kinesics.signals.layout import Layout


def landmark_layout(count: int) -> Layout:
    """Return the layout of the descriptor of ``count`` landmarks."""
    return Layout(0, list(range(5 + 3 * count, 5 + 4 * count)))


def landmark_descriptor(points: np.ndarray, rate_hz: float) -> np.ndarray:
    """Return the descriptor of landmarks (T, P, 3) of any kind, NaN where missing: (T, 5 + 4 P).

    Each point is compared to its usual place, its median over the video, in units of the usual shape's size (root mean
    square distance from its middle, in the image plane), so that it depends little on the person and their place. The
    columns: 1 where any point is visible; the displacement of the whole, which is the median over points, and the log of its
    size against the usual; the rest of each point's displacement, 0 where it is missing; log(1 + speed) of the points.
    """
    visible = np.isfinite(points[..., :2]).all(-1)  # depth may be missing alone
    points = np.where(visible[..., None], points, np.nan).astype(float)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # points that are missing in all frames have no median
        usual = np.nanmedian(points, 0)  # (P, 3)
        moved = (points - usual) / _size(usual[None])
        whole = np.nanmedian(moved, 1)  # (T, 3)
        size = np.log(_size(points))
        size -= np.nanmedian(size)
    own = moved - whole[:, None]
    speeds = [speed(point[:, :2], rate_hz) for point in own.transpose(1, 0, 2)]
    parts = [visible.any(1)[:, None], whole, size[:, None], own.reshape(len(own), -1), np.log1p(np.stack(speeds, 1))]
    descriptor = np.concatenate(parts, 1)
    return np.nan_to_num(descriptor, nan=0, posinf=LIMIT, neginf=-LIMIT).clip(-LIMIT, LIMIT).astype(np.float32)


def _size(points: np.ndarray) -> np.ndarray:
    """Return the root mean square distance of points (T, P, 3) from their middle, x and y alone, ignoring NaN: (T,)."""
    plane = points[..., :2]
    return np.sqrt(np.nanmean(((plane - np.nanmean(plane, 1, keepdims=True)) ** 2).sum(-1), 1))
