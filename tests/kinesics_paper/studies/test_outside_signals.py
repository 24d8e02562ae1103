"""Joints and face points of another sensor give the same quantities as tracks do."""

import numpy as np
import pytest
from support.outside import LENGTH_S, START_S, STOP_S, face_points, turning, write_outside

from kinesics.signals.coefficients import quiet_levels
from kinesics.structures.tracks import read_tracks
from kinesics_paper.studies.outside_people import GESTURES
from kinesics_paper.studies.outside_signals import brow_height, hand_columns, head_columns, rotations

QUIET = quiet_levels([])


def test_a_turned_face_gives_its_angle_whatever_the_place():
    yaw = np.radians(np.repeat([0.0, 10.0, -25.0], [20, 5, 5]))
    points = face_points(yaw)
    points[3, 40, 2] = np.nan  # without depth
    ahead = rotations(points)[:, :, 2]
    measured = np.degrees(np.arctan2(ahead[:, 0], ahead[:, 2]))
    assert measured - measured[0] == pytest.approx(np.degrees(yaw), abs=0.5)


def test_frames_with_too_few_depths_have_no_rotation():
    points = face_points(np.zeros(4))
    points[1, :, 2] = np.nan
    known = np.isfinite(rotations(points)).all((1, 2))
    assert known.tolist() == [True, False, True, True]


def test_a_head_is_turned_while_its_points_are_and_unknown_in_a_gap():
    times = np.arange(round(20 * LENGTH_S)) / 20
    kept = (times < 10) | (times > 12)
    columns = head_columns(times[kept], turning(times)[kept], LENGTH_S, QUIET, 10.0)
    grid = np.arange(round(10 * LENGTH_S)) / 10
    on = (grid > START_S + 0.2) & (grid < STOP_S - 0.2)
    assert columns["turn_deg"][on] == pytest.approx(30, abs=2)
    assert columns["turn_deg"][grid < START_S - 0.2].max() < 2
    gap = (grid > 10.6) & (grid < 12)
    assert np.all(columns["turned"][gap] == 0)


def test_a_hand_has_the_speed_of_its_joint_in_face_heights(tmp_path):
    folder = write_outside(tmp_path)[GESTURES]
    tracks = read_tracks(f"{folder}/tracks/a1.parquet")
    columns = hand_columns(tracks, QUIET, 10.0)
    grid = np.arange(len(columns["hand_speed"])) / 10
    on = (grid > START_S + 0.3) & (grid < STOP_S - 0.3)
    # a circle of a radius of half a face, once a second; differences over two tenths of it shorten it by a few percent
    assert np.expm1(columns["hand_speed"][on]) == pytest.approx(np.pi, rel=0.08)
    assert np.all(columns["hand_speed"][grid < START_S - 0.3] == 0)
    assert columns["hand_low"][0] == pytest.approx(3.0, abs=0.01)
    wider = hand_columns(tracks, QUIET, 10.0, faces=6.0)
    assert np.expm1(wider["hand_speed"][on]) == pytest.approx(2 * np.expm1(columns["hand_speed"][on]), rel=0.01)


def test_brows_are_high_in_distances_between_the_eyes():
    points = np.zeros((2, 100, 3))
    points[:, 0:8, :2], points[:, 8:16, :2] = (0.4, 0.5), (0.6, 0.5)
    points[:, 16:26, :2], points[:, 26:36, :2] = (0.4, 0.45), (0.6, 0.45)
    points[1, 16:36, 1] = 0.4
    assert brow_height(points) == pytest.approx([0.05 * 480 / 128, 0.1 * 480 / 128])
