"""Intersection over union of intervals and boxes, by hand."""

import numpy as np

from kinesics.structures.boxes import box_iou, temporal_iou


def test_overlaps_by_hand():
    iou = temporal_iou(np.array([[0, 2], [5, 6]]), np.array([[1, 3], [2, 4], [5, 6]]))
    np.testing.assert_allclose(iou, [[1 / 3, 0, 0], [0, 0, 1]])
    assert temporal_iou(np.empty((0, 2)), np.array([[0, 1]])).shape == (0, 1)
    np.testing.assert_allclose(box_iou(np.array([0, 0, 2, 2]), np.array([[1, 1, 3, 3], [0, 0, 2, 2]])), [1 / 7, 1])
    assert np.isnan(box_iou(np.array([0, 0, 1, np.nan]), np.array([0, 0, 1, 1])))
