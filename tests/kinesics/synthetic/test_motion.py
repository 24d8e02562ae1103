"""Bodies move as their script says.

All tests that need a performer are here, because it needs an actor.
"""

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from kinesics.synthetic import motion
from kinesics.synthetic.anny_bodies import make_actor
from kinesics.synthetic.appearance.surfaces import PARTS
from kinesics.synthetic.body import Posed, pose
from kinesics.synthetic.rig import FACE_ACTIONS


@pytest.fixture(scope="module")
def performer(long_script, actors) -> motion.Performer:
    return motion.make_performer(long_script, 0, make_actor(long_script.roles[0].actor, actors))


def head_angles(posed: Posed) -> np.ndarray:
    """Return the head's yaw, pitch and roll in degrees against the body's heading."""
    heading = np.arctan2(posed.frames["root"][1, 0], posed.frames["root"][0, 0])
    upright = Rotation.from_rotvec([0, 0, -heading]) * Rotation.from_matrix(posed.frames["head"])
    return upright.as_euler("zxy", degrees=True)


def test_every_label_is_performed_visibly(long_script, performer):
    still = motion.pose_at(performer, 0.0)
    for action in long_script.actions.itertuples():
        posed = motion.pose_at(performer, (action.apex_s + action.release_s) / 2)
        face, *_ = motion.pose_parameters(performer, (action.apex_s + action.release_s) / 2)
        hand = "L" if action.side > 0 else "R"
        tip = posed.joints[f"finger3-2.{hand}"]
        if action.label == "head_turn":
            assert abs(head_angles(posed)[0]) > 20
        elif action.label == "head_tilt":
            assert np.abs(head_angles(posed)[1:]).max() > 15
        elif action.label == "hand_to_face":
            skin = posed.vertices[posed.actor.surface.part == 1 + PARTS.index("face")]
            assert np.linalg.norm(skin - tip, axis=1).min() < 0.05
        elif action.label == "hand_gesture":
            assert tip[2] > still.joints[f"finger3-2.{hand}"][2] + 0.15
        elif action.label == "posture_shift":
            moved = np.linalg.norm(posed.joints["neck01"] - still.joints["neck01"])
            assert moved > 0.05
        elif action.label == "speaking":
            times = np.linspace(action.start_s, action.end_s, 40)
            assert np.ptp([motion.pose_parameters(performer, t)[0][FACE_ACTIONS.index("jawOpen")] for t in times]) > 0.2
        else:
            assert face.max() > 0.4


def test_idle_performers_stay_below_the_manuals_thresholds(long_script, performer):
    idle = motion.make_idle_performer(long_script.roles[0], performer.actor, 9, 60.0)
    poses = (pose(performer.actor, *motion.pose_parameters(idle, time_s)) for time_s in np.arange(0, 60, 2.0))
    angles = np.array([head_angles(posed) for posed in poses])
    away = np.abs(angles - np.median(angles, 0))
    assert away[:, 0].max() < 20
    assert away[:, 1:].max() < 15
