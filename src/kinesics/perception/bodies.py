"""Bodies and hands: BlazePose (Bazarevsky et al. 2020) and MediaPipe Hands (Zhang et al. 2020)."""

from dataclasses import dataclass, field, replace
from functools import cached_property

import cv2
import numpy as np

from kinesics.perception.networks import Networks, candidates, cut_out, placed, sigmoid, unit
from kinesics.structures.tracks import LANDMARKS, VISIBLE

HEAD, SHOULDERS, WRISTS = slice(0, 11), [11, 12], {"left": 15, "right": 16}
# MediaPipe's smoothing of each part: in units of the body's size or in metres, the slowest cutoff, the gain with speed.
_SMOOTHING = {"points": ("pixels", 0.05, 80.0), "world": ("metres", 0.1, 40.0), "circle": ("pixels", 0.01, 10.0)}
_CHANGE_HZ = 1.0
# The network's last points are auxiliary: of the hips' middle and of a circle about the body.
_HIPS, _CIRCLE = 33, 34
_HEAT_CELLS, _HEAT_REACH = 64, 3
# Points of the hand without the fingers' ends, whose extent gives the next region.
_PALM = [0, 1, 2, 3, 5, 6, 9, 10, 13, 14, 17, 18]
# A body or hand is still where a sample of the pixels about it has changed by at most so much of 255, averaged over 3 x 3 of
# them: detected anew, such hands moved by 0.005 of their length (median; 0.04 in one of a hundred), shoulders by 0.01 of
# their width (0.05). Hands that change little more are slow, and detected every second frame.
STILL, SLOW = 20, 45
_HAND_SAMPLE, _BODY_SAMPLE = 24, 48
_POSE_STRIDES = (8, 16, 32, 32, 32)


@dataclass(frozen=True, eq=False)
class Motion:
    """The state of a One Euro filter (Casiez et al. 2012): the last values and their filtered change a second."""

    raw: np.ndarray
    change: np.ndarray

    def smooth(
        self, values: np.ndarray, last: np.ndarray, step_s: float, scale: float, slowest_hz: float, gain: float
    ) -> tuple[np.ndarray, "Motion"]:
        """Return the values smoothed, the less the faster they change in units of ``scale``, and the new state."""
        change = self.change + _weight(_CHANGE_HZ, step_s) * ((values - self.raw) / scale / step_s - self.change)
        weight = _weight(slowest_hz + gain * np.abs(change), step_s)
        return last + weight * (values - last), Motion(values, change)


@dataclass(eq=False)
class Pose:
    """A body in one frame: points (33, 4) in pixels with visibility, in metres, and the next frame's region."""

    points: np.ndarray
    world: np.ndarray
    circle: np.ndarray  # (2, 2), the middle of the hips and a point of a circle about the body
    motion: dict[str, Motion] = field(default_factory=dict)
    fit: "Fit | None" = None  # what the network gave, before it was smoothed

    @property
    def region(self) -> np.ndarray:
        """The region in which the next frame's body is expected."""
        return _circle(*self.circle)

    def smoothed(self, before: "Pose", step_s: float) -> "Pose":
        """Return the pose smoothed over time as MediaPipe's, after the smoothed one of ``step_s`` before."""
        scale, parts, motion = before.region[2] / 1.25, {}, {}
        for name, (unit_, slowest_hz, gain) in _SMOOTHING.items():
            values, last = getattr(self, name), getattr(before, name)
            known = before.motion.get(name) or Motion(last[:, :3], np.zeros_like(last[:, :3]))
            value, motion[name] = known.smooth(
                values[:, :3], last[:, :3], step_s, scale if unit_ == "pixels" else 1.0, slowest_hz, gain
            )
            parts[name] = np.concatenate([value, values[:, 3:]], 1)
        return Pose(**parts, motion=motion, fit=self.fit)

    @cached_property
    def head(self) -> np.ndarray:
        """The head (x, y, size in pixels) as of a face; from the side, ears and eyes are close together."""
        points = self.points[HEAD, :2]
        eyes, mouth = points[[2, 5]].mean(0), points[[9, 10]].mean(0)
        side = max(np.hypot(*(points[7] - points[8])), 2.2 * np.hypot(*(eyes - mouth)), 1.0)
        return np.append(points.mean(0), side)

    def towards(self, other: "Pose", share: float) -> "Pose":
        """Return the pose at a share of the way, in a straight line, to another one."""
        points, world = (
            (1 - share) * a + share * b for a, b in ((self.points, other.points), (self.world, other.world))
        )
        return Pose(points, world, self.circle)

    @property
    def shoulders(self) -> float:
        """The visibility of the shoulder that is less visible."""
        return float(self.points[SHOULDERS, 3].min())


@dataclass(frozen=True, eq=False)
class Fit:
    """A pose as the network gave it, the region in which it did, and a sample of the pixels there."""

    pose: Pose
    seen_in: np.ndarray
    sample: np.ndarray


@dataclass(eq=False)
class Hand:
    """A hand in one frame: points (21, 3) in pixels, its side as ``left`` or ``right`` and how certain that is."""

    points: np.ndarray
    side: str
    certainty: float
    seen_in: np.ndarray
    sample: np.ndarray  # of the pixels there
    held: bool = False  # from the last frame

    @property
    def region(self) -> np.ndarray:
        """The region in which the next frame's hand is expected."""
        wrist, knuckles = self.points[0, :2], (self.points[[5, 13], :2].mean(0) + self.points[9, :2]) / 2
        angle = _upwards(wrist, knuckles)
        turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
        inside = self.points[_PALM, :2] @ turn.T
        low, high = inside.min(0), inside.max(0)
        return _region(turn.T @ ((low + high) / 2), (high - low).max(), angle, 2.0, -0.1 * (high - low)[1])


def pose_at(networks: Networks, frame: np.ndarray, region: np.ndarray) -> Pose | None:
    """Return the body in a region, None if there is none."""
    side = networks.pose_landmarks.side
    values, presence, _, heat, world = networks.pose_landmarks(unit(cut_out(frame, region, side)))
    if sigmoid(presence.ravel()[0]) < 0.5:
        return None
    points = values.reshape(-1, 5).astype(float)
    points[:, :3] /= side
    _refine(points, heat[0])
    pixels = placed(points[:, :3], region)
    pose, count = LANDMARKS["pose"], LANDMARKS["pose"][0]
    visibility = sigmoid(points[:count, 3:4])
    metres = world.reshape(-1, 3)[:count].astype(float)
    c, s = np.cos(region[3]), np.sin(region[3])
    metres = np.stack([c * metres[:, 0] - s * metres[:, 1], s * metres[:, 0] + c * metres[:, 1], metres[:, 2]], 1)
    hips, circle = pixels[_HIPS, :2], pixels[_CIRCLE, :2]
    out = [np.concatenate([part, visibility], 1).reshape(pose) for part in (pixels[:count], metres)]
    found = Pose(*out, np.stack([hips, circle]))
    found.fit = Fit(found, region, cut_out(frame, region, _BODY_SAMPLE))
    return found


def follow_pose(networks: Networks, frame: np.ndarray, pose: Pose, step_s: float) -> Pose | None:
    """Return the body of ``step_s`` before in this frame, smoothed: as it was fitted where it is still, else detected anew."""
    fit = pose.fit
    if fit is not None and _change(frame, fit.seen_in, fit.sample) <= STILL:
        return fit.pose.smoothed(pose, step_s)
    found = pose_at(networks, frame, pose.region)
    return found.smoothed(pose, step_s) if found else None


def detect_poses(networks: Networks, frame: np.ndarray, window: np.ndarray) -> list[np.ndarray]:
    """Return the regions of the bodies in the square about a window (x, y, side) of the frame, the best first."""
    found = candidates(networks.pose_detector, frame, np.append(window, 0.0), 0.5, strides=_POSE_STRIDES)
    return [_circle(*candidate.points[:2]) for candidate in found]


def hand_at(networks: Networks, frame: np.ndarray, region: np.ndarray) -> Hand | None:
    """Return the hand in a region, None if there is none."""
    side = networks.hand_landmarks.side
    points, presence, handedness, _ = networks.hand_landmarks(unit(cut_out(frame, region, side)))
    if presence.ravel()[0] < 0.5:
        return None
    right = float(handedness.ravel()[0])
    name, certainty = ("right", right) if right >= 0.5 else ("left", 1 - right)
    sample = cut_out(frame, region, _HAND_SAMPLE)
    return Hand(placed(points.reshape(-1, 3).astype(float) / side, region), name, certainty, region, sample)


def follow_hand(networks: Networks, frame: np.ndarray, hand: Hand) -> Hand | None:
    """Return the hand of the last frame in this one: the same where it is still, else detected anew."""
    change = _change(frame, hand.seen_in, hand.sample)
    if change <= STILL:
        return hand
    if change <= SLOW and not hand.held:
        return replace(hand, held=True)
    return hand_at(networks, frame, hand.region)


def _change(frame: np.ndarray, region: np.ndarray, sample: np.ndarray) -> int:
    return int(cv2.blur(cv2.absdiff(cut_out(frame, region, len(sample)), sample), (3, 3)).max())


def detect_palms(networks: Networks, frame: np.ndarray, window: np.ndarray) -> list[np.ndarray]:
    """Return the regions of the hands whose palms are detected in the square about a window, the best first."""
    regions = []
    for candidate in candidates(networks.palm_detector, frame, np.append(window, 0.0), 0.5, symmetric=False):
        low, high = candidate.box[:2], candidate.box[2:]
        angle = _upwards(candidate.points[0], candidate.points[2])
        regions.append(_region((low + high) / 2, (high - low).max(), angle, 2.6, -0.5 * (high - low)[1]))
    return regions


def visible_wrists(pose: Pose | None, size: np.ndarray) -> list[str]:
    """Return the sides whose wrist is visible and within the frame."""
    if pose is None:
        return []
    points = pose.points
    return [
        side
        for side, wrist in WRISTS.items()
        if points[wrist, 3] > VISIBLE and (points[wrist, :2] >= 0).all() and (points[wrist, :2] <= size).all()
    ]


def _refine(points: np.ndarray, heat: np.ndarray) -> None:
    """Move points (N, 2 or more) to the middle of the heat about them, whose logits are (cells, cells, N), where it is hot."""
    reach = np.arange(-_HEAT_REACH, _HEAT_REACH + 1)
    cells = (points[:, :2] * _HEAT_CELLS).astype(int)
    inside = ((cells >= 0) & (cells < _HEAT_CELLS)).all(1)
    columns, rows = cells[:, 0, None] + reach, cells[:, 1, None] + reach  # (N, 7)
    valid = ((rows >= 0) & (rows < _HEAT_CELLS))[:, :, None] & ((columns >= 0) & (columns < _HEAT_CELLS))[:, None, :]
    number = np.arange(len(points))[:, None, None]
    limit = _HEAT_CELLS - 1
    values = sigmoid(heat[rows.clip(0, limit)[:, :, None], columns.clip(0, limit)[:, None, :], number]) * valid
    total = values.sum((1, 2))
    good = inside & (values.max((1, 2)) >= 0.5) & (total > 0)
    total = np.where(total > 0, total, 1)
    x = (values * columns[:, None, :]).sum((1, 2)) / total / _HEAT_CELLS
    y = (values * rows[:, :, None]).sum((1, 2)) / total / _HEAT_CELLS
    points[good, :2] = np.stack([x, y], 1)[good]


def _weight(cutoff_hz: float | np.ndarray, step_s: float) -> float | np.ndarray:
    """Return the weight of a new value in a low-pass filter."""
    return 1 / (1 + 1 / (2 * np.pi * cutoff_hz * step_s))


def _circle(middle: np.ndarray, edge: np.ndarray) -> np.ndarray:
    return np.array([*middle, 2 * 1.25 * np.hypot(*(edge - middle)), _upwards(middle, edge)])


def _upwards(start: np.ndarray, end: np.ndarray) -> float:
    """Return the angle by which the direction from one point to another is turned clockwise from upwards."""
    x, y = end - start
    return float(np.arctan2(x, -y))


def _region(middle: np.ndarray, side: float, angle: float, scale: float, shift: float) -> np.ndarray:
    """Return a square about a box: ``scale`` times its longer side, moved by ``shift`` pixels along its columns."""
    x, y = middle - shift * np.array([np.sin(angle), -np.cos(angle)])
    return np.array([x, y, scale * side, angle])
