"""Compute intersection over union of intervals and of boxes."""

import numpy as np


def temporal_iou(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return the intersection over union in time of segments (N, 2) and (M, 2) in seconds: shape (N, M)."""
    a, b = np.asarray(a, float).reshape(-1, 2), np.asarray(b, float).reshape(-1, 2)
    inter = np.minimum(a[:, None, 1], b[None, :, 1]) - np.maximum(a[:, None, 0], b[None, :, 0])
    inter = inter.clip(min=0.0)
    union = (a[:, 1] - a[:, 0])[:, None] + (b[:, 1] - b[:, 0])[None, :] - inter
    return np.divide(inter, union, out=np.zeros_like(inter), where=union > 0)


def box_iou(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return the intersection over union of boxes x0,y0,x1,y1, row by row: (..., 4) and (..., 4) to (...). NaN gives NaN."""
    a, b = np.asarray(a, float), np.asarray(b, float)
    size = np.minimum(a[..., 2:], b[..., 2:]) - np.maximum(a[..., :2], b[..., :2])
    inter = size.clip(min=0.0).prod(-1)
    union = (a[..., 2:] - a[..., :2]).prod(-1) + (b[..., 2:] - b[..., :2]).prod(-1) - inter
    return np.divide(inter, union, out=np.full(np.shape(inter), np.nan), where=union > 0)
