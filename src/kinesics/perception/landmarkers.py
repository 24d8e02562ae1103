"""Detect people in a frame with MediaPipe's face, hand and pose networks, and assign the landmarks to people."""

import zipfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import cache
from itertools import combinations
from pathlib import Path

import cv2
import mediapipe as mp
import numpy as np
from mediapipe.tasks.python import BaseOptions, vision
from scipy.optimize import linear_sum_assignment

from kinesics.perception.mediapipe_bundles import BUNDLES, MESH_POINTS, check_bundle
from kinesics.structures.tracks import VISIBLE

KEPT_S = 60.0  # how long a person who is out of sight may come back as the same person
COAST_S = 1.0  # how long a velocity is extrapolated without a detection
SEARCH_S = 1.0  # how often small faces are searched, in parts of the frame, and a missing pose is tried again

_HEAD, SHOULDERS, _WRISTS = slice(0, 11), [11, 12], {"left": 15, "right": 16}


@dataclass(eq=False)
class PersonDetection:
    """A person in one frame. Landmarks in fractions of the frame as in the tracks; ``head`` is x, y, size in pixels."""

    head: np.ndarray
    face: np.ndarray | None = None
    face_score: float = 0.0
    pose: np.ndarray | None = None
    pose_world: np.ndarray | None = None
    colours: np.ndarray | None = None
    hands: dict[str, tuple[np.ndarray, float]] = field(default_factory=dict)


@dataclass(eq=False)
class Track:
    """A person over time: the last head (x, y, size in pixels), its velocity per second, and the averaged colours."""

    number: int
    head: np.ndarray
    colours: np.ndarray
    last_seen_s: float
    face_seen_s: float = -np.inf
    pose_tried_s: float = -np.inf
    velocity: np.ndarray = field(default_factory=lambda: np.zeros(3))

    def expected(self, time_s: float) -> np.ndarray:
        """Return the head (x, y, size) predicted at a time; the velocity is extrapolated for ``COAST_S`` at most."""
        return self.head + self.velocity * min(time_s - self.last_seen_s, COAST_S)


@dataclass
class Totals:
    """Sums over a track, from which its final id follows: samples, face area (fraction of the frame), x of the head."""

    samples: int = 0
    area: float = 0.0
    x: float = 0.0


@dataclass
class _Networks:
    # A network that follows people or hands searches for more only while it has fewer than its maximum, and a search costs
    # as much as following one. So there is one for each number of people that occurs.
    face: vision.FaceLandmarker  # whole frame
    one_face: vision.FaceLandmarker  # a crop about one head
    detector: vision.FaceDetector
    poses: Callable[[int], vision.PoseLandmarker]  # whole frame, follows so many people
    one_pose: vision.PoseLandmarker  # a crop about one person
    hands: Callable[[int], vision.HandLandmarker]  # whole frame, follows the hands of so many people


@contextmanager
def open_landmarkers(bundles: Path, max_people: int) -> Iterator[_Networks]:
    """Load the networks from a folder of task bundles. Raises KinesicsError naming a bundle that is missing or damaged."""
    for bundle in BUNDLES:
        check_bundle(Path(bundles) / bundle)
    base = {Path(b).stem: BaseOptions(model_asset_path=str(Path(bundles) / b)) for b in BUNDLES}
    image, video = vision.RunningMode.IMAGE, vision.RunningMode.VIDEO
    with zipfile.ZipFile(Path(bundles) / "face.task") as bundle:
        detector = BaseOptions(model_asset_buffer=bundle.read("face_detector.tflite"))

    def faces(number: int) -> vision.FaceLandmarker:
        # Not in VIDEO mode: that searches the next face around 478 points, of which this mesh of 468 leaves ten in a
        # corner, and so loses faces and detects others twice. The mesh's own presence score settles doubtful cases.
        options = vision.FaceLandmarkerOptions(
            base_options=base["face"], running_mode=image, num_faces=number, min_face_detection_confidence=0.4
        )
        return vision.FaceLandmarker.create_from_options(options)

    def poses(mode: vision.RunningMode, number: int) -> vision.PoseLandmarker:
        options = vision.PoseLandmarkerOptions(base_options=base["pose"], running_mode=mode, num_poses=number)
        return vision.PoseLandmarker.create_from_options(options)

    def hands(number: int) -> vision.HandLandmarker:
        options = vision.HandLandmarkerOptions(base_options=base["hands"], running_mode=video, num_hands=number)
        return vision.HandLandmarker.create_from_options(options)

    with ExitStack() as stack:
        yield _Networks(
            face=stack.enter_context(faces(max_people)),
            one_face=stack.enter_context(faces(1)),
            detector=stack.enter_context(
                vision.FaceDetector.create_from_options(
                    vision.FaceDetectorOptions(base_options=detector, min_detection_confidence=0.1)
                )
            ),
            poses=cache(lambda people: stack.enter_context(poses(video, people))),
            one_pose=stack.enter_context(poses(image, 1)),
            hands=cache(lambda people: stack.enter_context(hands(2 * people))),
        )


def detect_people(
    networks: _Networks, frame: np.ndarray, time_s: float, tracks: Iterable[Track], search: bool, before: int
) -> list[PersonDetection]:
    """Return the people in a frame (height, width, 3), those with the largest heads first.

    ``search`` also looks for small faces, in parts of the frame. The number of poses that are detected is that of the
    faces, or of the people in the last frame, ``before``, if there were more.
    """
    size = _size(frame)
    faces: list[np.ndarray] = []
    heads: list[np.ndarray] = []
    _add_faces(_meshes(networks.face, frame), size, faces, heads)
    follower = networks.poses(max(len(faces), before, 1))
    poses = _distinct_poses(follower.detect_for_video(_image(frame), round(time_s * 1000)), size)
    pose_heads = [_pose_head(pose, size) for pose, _ in poses]
    # A face is easier to detect where it must be: at the head of a pose, where it was a moment ago, in a part of the frame.
    expected = [head for head, (pose, _) in zip(pose_heads, poses, strict=True) if pose[0, 3] > VISIBLE]
    expected += [track.expected(time_s) for track in tracks if time_s - track.face_seen_s <= COAST_S]
    if search:
        expected += _small_heads(networks.detector, frame)
    for about in expected:
        if all(np.hypot(*(head - about)[:2]) > 0.5 * about[2] for head in heads):
            crop, window = _crop(frame, about[0], about[1], 1.5 * about[2], 1.5 * about[2])
            if crop is not None:
                meshes = (_uncropped(face, window, size) for face in _meshes(networks.one_face, crop))
                _add_faces(meshes, size, faces, heads, about)
    people = [
        PersonDetection(head=head, face=face, face_score=_face_score(networks.detector, frame, head))
        for face, head in zip(faces, heads, strict=True)
    ]
    people += _assign_poses(people, poses, pose_heads)
    for person in people:
        person.colours = _colours(frame, person.head)
    return sorted(people, key=lambda person: -person.head[2])


def _add_faces(
    meshes: Iterable[np.ndarray],
    size: np.ndarray,
    faces: list[np.ndarray],
    heads: list[np.ndarray],
    about: np.ndarray | None = None,
) -> None:
    """Append meshes to ``faces``, and their heads to ``heads``, that are not of a face already there.

    With ``about``, a head, only those within its size of it.
    """
    for face in meshes:
        head = _face_head(face, size)
        if about is not None and np.hypot(*(head - about)[:2]) > about[2]:
            continue
        if all(np.hypot(*(head - other)[:2]) > 0.5 * other[2] for other in heads):
            faces.append(face)
            heads.append(head)


def _assign_poses(
    people: list[PersonDetection], poses: list[tuple[np.ndarray, np.ndarray]], pose_heads: list[np.ndarray]
) -> list[PersonDetection]:
    """Give each person with a face the pose at its head, and return people of the other poses with visible shoulders."""
    distance = np.array([[np.hypot(*(a.head - b)[:2]) / a.head[2] for b in pose_heads] for a in people])
    pairs = assign(distance.reshape(len(people), len(poses)), 0.6)
    for i, j in pairs:
        people[i].pose, people[i].pose_world = poses[j]
    rest = sorted(set(range(len(poses))) - {j for _, j in pairs})
    return [
        PersonDetection(head=pose_heads[j], pose=poses[j][0], pose_world=poses[j][1])
        for j in rest
        if poses[j][0][SHOULDERS, 3].min() > 0.8
    ]


def detect_missing_poses(
    networks: _Networks, frame: np.ndarray, time_s: float, people: list[tuple[Track, PersonDetection]]
) -> None:
    """Detect the pose of each face that has none in a crop that ends halfway to the neighbours' heads.

    The whole-frame network takes people who stand close for one.
    """
    size = _size(frame)
    for track, person in people:
        if person.pose is not None or time_s - track.pose_tried_s < SEARCH_S:
            continue
        x, y, side = person.head
        others = [other.head[0] for _, other in people if other is not person]
        left = max([x - 3 * side, *((x + o) / 2 for o in others if o < x)])
        right = min([x + 3 * side, *((x + o) / 2 for o in others if o > x)])
        crop, window = _crop(frame, (left + right) / 2, y + 2 * side, (right - left) / 2, 3.5 * side)
        poses = [] if crop is None else _poses(networks.one_pose.detect(_image(crop)))
        for pose, world in poses:
            pose = _uncropped(pose, window, size)
            if np.hypot(*(_pose_head(pose, size) - person.head)[:2]) < 0.6 * side:
                person.pose, person.pose_world = pose, world
        if person.pose is None:
            track.pose_tried_s = time_s


def detect_hands(networks: _Networks, frame: np.ndarray, time_s: float, people: list[PersonDetection]) -> None:
    """Detect the hands in the frame and assign each to the person and side that it can belong to.

    A hand belongs where the pose's wrist is, or, where no wrist is visible, within an arm's reach of the head. MediaPipe's
    handedness, which is the person's own for frames that are not mirrored, decides between sides that are near.
    """
    if not people:
        return
    size = _size(frame)
    result = networks.hands(len(people)).detect_for_video(_image(frame), round(time_s * 1000))
    hands = [_points(landmarks) for landmarks in result.hand_landmarks]
    sides = [(kind[0].category_name.lower(), kind[0].score) for kind in result.handedness]
    slots = [(person, side) for person in people for side in _WRISTS]
    cost = np.full((len(hands), len(slots)), np.inf)
    for i, (hand, (label, score)) in enumerate(zip(hands, sides, strict=True)):
        points = hand[:, :2] * size
        span = np.hypot(*np.ptp(points, axis=0))
        for j, (person, side) in enumerate(slots):
            if not 0.25 < span / person.head[2] < 4:  # a hand is about as long as a face, and may be nearer
                continue
            wrist = None if person.pose is None else person.pose[_WRISTS[side]]
            if wrist is not None and wrist[3] > VISIBLE:
                distance = np.hypot(*(points[0] - wrist[:2] * size)) / person.head[2]
            else:
                offset = (points[0] - person.head[:2]) / person.head[2]
                across = offset[0] > 1 if side == "right" else offset[0] < -1  # the arm would reach over the body
                distance = 0.5 + np.hypot(*offset) / 4 + across
            cost[i, j] = distance + (score if label != side else 1 - score)
    for i, j in assign(cost, 1.7):
        person, side = slots[j]
        label, score = sides[i]
        person.hands[side] = hands[i], score if label == side else 1 - score


def _meshes(network: vision.FaceLandmarker, image: np.ndarray) -> list[np.ndarray]:
    """Return the face meshes (468, 3) in an image, without the points for irises, which are not detected."""
    return [_points(landmarks[:MESH_POINTS]) for landmarks in network.detect(_image(image)).face_landmarks]


def _poses(result: vision.PoseLandmarkerResult) -> list[tuple[np.ndarray, np.ndarray]]:
    """Return (pose, pose_world), each (33, 4), of each person in a result."""
    groups = zip(result.pose_landmarks, result.pose_world_landmarks, strict=True)
    return [tuple(np.array([[p.x, p.y, p.z, p.visibility] for p in points]) for points in pair) for pair in groups]


def _distinct_poses(result: vision.PoseLandmarkerResult, size: np.ndarray) -> list[tuple[np.ndarray, np.ndarray]]:
    """Return the poses of a result, the most visible first, without those whose head is another's."""
    poses = sorted(_poses(result), key=lambda pair: -pair[0][:, 3].sum())
    heads = [_pose_head(pose, size) for pose, _ in poses]
    double = {
        j for i, j in combinations(range(len(poses)), 2) if np.hypot(*(heads[i] - heads[j])[:2]) < 0.5 * heads[i][2]
    }
    return [pose for j, pose in enumerate(poses) if j not in double]


def _points(landmarks: list) -> np.ndarray:
    return np.array([[point.x, point.y, point.z] for point in landmarks])


def _face_head(face: np.ndarray, size: np.ndarray) -> np.ndarray:
    """Return the head (x, y, size in pixels): the middle of the mesh's extent, and the root of its area."""
    low, high = face[:, :2].min(0) * size, face[:, :2].max(0) * size
    return np.append((low + high) / 2, np.sqrt(np.prod(high - low)))


def _pose_head(pose: np.ndarray, size: np.ndarray) -> np.ndarray:
    """Return the head (x, y, size in pixels) as ``_face_head`` would; from the side, ears and eyes are close together."""
    points = pose[_HEAD, :2] * size
    eyes, mouth = points[[2, 5]].mean(0), points[[9, 10]].mean(0)
    side = max(np.hypot(*(points[7] - points[8])), 2.2 * np.hypot(*(eyes - mouth)), 1.0)
    return np.append(points.mean(0), side)


def _face_score(detector: vision.FaceDetector, frame: np.ndarray, head: np.ndarray) -> float:
    """Return the face detector's score at a head, 0 where it is below 0.1: a hidden face scores low."""
    crop, window = _crop(frame, head[0], head[1], 1.5 * head[2], 1.5 * head[2])
    if crop is None:
        return 0.0
    scores = [
        detection.categories[0].score
        for detection in detector.detect(_image(crop)).detections
        if np.hypot(*(_detected_head(detection, window) - head)[:2]) < 0.5 * head[2]
    ]
    return float(max(scores, default=0.0))


def _small_heads(detector: vision.FaceDetector, frame: np.ndarray) -> list[np.ndarray]:
    """Return the heads detected in four parts of the frame: the detector shrinks its input to 128 pixels."""
    width, height = _size(frame)
    heads = []
    for x in (0.3, 0.7):
        for y in (0.3, 0.7):
            crop, window = _crop(frame, x * width, y * height, 0.3 * width, 0.3 * height)
            if crop is not None:
                detections = detector.detect(_image(crop)).detections
                heads += [_detected_head(d, window) for d in detections if d.categories[0].score > 0.6]
    return heads


def _detected_head(detection: mp.tasks.components.containers.Detection, window: np.ndarray) -> np.ndarray:
    box = detection.bounding_box
    middle = np.array([box.origin_x + box.width / 2, box.origin_y + box.height / 2]) + window[:2]
    return np.append(middle, np.sqrt(max(box.width * box.height, 1)))


def _colours(frame: np.ndarray, head: np.ndarray) -> np.ndarray:
    """Return the colour histogram of the head and of what is below it, (2 * 8 * 4 * 4,) hue, saturation, value; sum 1."""
    x, y, side = head
    parts = []
    for middle, reach, height in ((y, 0.7, 0.8), (y + 1.4 * side, 1.0, 0.6)):
        crop, _ = _crop(frame, x, middle, reach * side, height * side)
        if crop is None:
            parts.append(np.full(128, 1 / 128))
            continue
        small = cv2.cvtColor(cv2.resize(crop, (24, 24), interpolation=cv2.INTER_AREA), cv2.COLOR_RGB2HSV)
        histogram = cv2.calcHist([small], [0, 1, 2], None, [8, 4, 4], [0, 180, 0, 256, 0, 256]).ravel()
        parts.append(histogram / histogram.sum())
    return np.concatenate(parts) / 2


def _crop(
    frame: np.ndarray, x: float, y: float, half_width: float, half_height: float
) -> tuple[np.ndarray | None, np.ndarray]:
    """Return the part of the frame about (x, y) in pixels, None if a side is below 16, and its window x0, y0, x1, y1."""
    limit = np.tile(_size(frame), 2)
    window = (
        np.array([x - half_width, y - half_height, x + half_width, y + half_height]).round().clip(0, limit).astype(int)
    )
    x0, y0, x1, y1 = window
    if min(x1 - x0, y1 - y0) < 16:
        return None, window
    return np.ascontiguousarray(frame[y0:y1, x0:x1]), window


def _uncropped(points: np.ndarray, window: np.ndarray, size: np.ndarray) -> np.ndarray:
    """Return landmarks (N, 3 or 4) in fractions of a window as fractions of the frame; z goes with x, as MediaPipe's does."""
    out = points.copy()
    extent = window[2:] - window[:2]
    out[:, :2] = (points[:, :2] * extent + window[:2]) / size
    out[:, 2] = points[:, 2] * extent[0] / size[0]
    return out


def assign(cost: np.ndarray, limit: float) -> list[tuple[int, int]]:
    """Return the pairs (row, column) of the cheapest assignment, those that cost ``limit`` or more left out."""
    # Beyond the limit all pairs cost the same, or an impossible pair would change the good ones.
    rows, columns = linear_sum_assignment(np.minimum(cost, limit))
    return [(int(i), int(j)) for i, j in zip(rows, columns, strict=True) if cost[i, j] < limit]


def box_around(points: np.ndarray) -> np.ndarray:
    """Return the extent x0, y0, x1, y1 of points (N, 2 or more) within the frame."""
    return np.concatenate([points[:, :2].min(0), points[:, :2].max(0)]).clip(0, 1)


def _size(frame: np.ndarray) -> np.ndarray:
    return np.array(frame.shape[1::-1])


def _image(pixels: np.ndarray) -> mp.Image:
    return mp.Image(image_format=mp.ImageFormat.SRGB, data=pixels)
