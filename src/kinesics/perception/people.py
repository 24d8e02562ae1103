"""Detect the people in a frame: follow those who were there a moment ago, search for others, and join faces, bodies, hands.

Each face, body and hand is followed in a region of its own, which the last frame gives, at the resolution of the network
whatever its size in the frame. A search is needed only for what is not followed.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial

import cv2
import numpy as np
from scipy.optimize import linear_sum_assignment

from kinesics.perception import bodies, faces
from kinesics.perception.bodies import WRISTS, Hand, Pose
from kinesics.perception.faces import Face
from kinesics.perception.networks import Networks
from kinesics.perception.work import Workers
from kinesics.structures.tracks import VISIBLE

KEPT_S = 60.0  # how long a person who is out of sight may come back as the same person
COAST_S = 1.0  # how long a velocity is extrapolated without a detection
HANDS_S = 1.0  # how often hands are searched where no wrist is visible, or its hand was searched in vain
SEARCH_S = 2.0  # how often small faces and people without a face are searched, and a missing pose is tried again
GLANCE_S = 0.2  # how often large faces, and hands of visible wrists, are searched, and faces scored
POSE_S = 0.2  # how often bodies are detected; between, their landmarks are interpolated

SMALLEST = 24  # pixels, of a face that is searched for
_SURE = 0.6  # score of a face detection that begins a person
_LIKELY = 0.4  # ... where a face must be
_FOLLOWED = 0.3  # ... where one was in the last frame
_MOVED, _TRIES = 0.2, 3  # how often a hand is searched in vain before its wrist has moved by so many heads
_SHOULDERS = 0.8  # visibility of both shoulders from which a body without a face is a person


@dataclass(eq=False)
class PersonDetection:
    """A person in one frame; ``head`` is x, y, size in pixels, ``colours`` a histogram (256,)."""

    head: np.ndarray
    face: Face | None = None
    face_score: float = 0.0
    pose: Pose | None = None
    pose_held: bool = False  # the pose is that of the last frame in which poses were detected
    hands: dict[str, tuple[Hand, float]] = field(default_factory=dict)
    wrists_tried: dict[str, tuple[np.ndarray, int]] = field(
        default_factory=dict
    )  # where and how often, by side, in vain
    colours: np.ndarray = field(default_factory=lambda: np.full(256, 1 / 256))


@dataclass(eq=False)
class Track:
    """A person over time: the last head (x, y, size in pixels), its velocity per second, and the averaged colours."""

    number: int
    head: np.ndarray
    colours: np.ndarray
    last_seen_s: float
    face: Face | None = None
    face_score: float = 0.0
    face_seen_s: float = -np.inf
    pose: Pose | None = None
    pose_seen_s: float = -np.inf
    pose_tried_s: float = -np.inf
    hands: list[Hand] = field(default_factory=list)
    wrists_tried: dict[str, tuple[np.ndarray, int]] = field(default_factory=dict)
    velocity: np.ndarray = field(default_factory=lambda: np.zeros(3))

    def expected(self, time_s: float) -> np.ndarray:
        """Return the head (x, y, size) predicted at a time; the velocity is extrapolated for ``COAST_S`` at most."""
        return self.head + self.velocity * min(time_s - self.last_seen_s, COAST_S)

    def see(self, person: PersonDetection, time_s: float) -> None:
        """Take the regions of the next frame from this one's detection."""
        self.head, self.last_seen_s = person.head, time_s
        self.pose, self.hands = person.pose, [hand for hand, _ in person.hands.values()]
        if not person.pose_held:
            self.pose_seen_s = time_s
        self.wrists_tried = {side: at for side, at in person.wrists_tried.items() if side not in person.hands}
        if person.face is not None:
            self.face, self.face_score, self.face_seen_s = person.face, person.face_score, time_s


@dataclass(frozen=True)
class Due:
    """What is done in this frame: bodies, a glance for large faces and hands of visible wrists, a search for all."""

    pose: bool
    glance: bool
    hands: bool
    search: bool


def detect_people(
    networks: Networks, workers: Workers, frame: np.ndarray, time_s: float, tracks: Iterable[Track], due: Due
) -> list[PersonDetection]:
    """Return the people in a frame, uint8 RGB (height, width, 3), those with a face and the largest heads first."""
    size = _size(frame)
    recent = [track for track in tracks if time_s - track.last_seen_s <= COAST_S]
    with_face = [track for track in recent if track.face is not None and time_s - track.face_seen_s <= COAST_S]
    with_pose = [track for track in recent if track.pose is not None]
    hands = [hand for track in recent for hand in track.hands]
    windows = faces.search_windows(size, SMALLEST) if due.search else [np.array([*(size / 2), size.max()])] * due.glance
    jobs: list[tuple[str, Callable]] = []
    if due.pose:
        jobs += [("pose", partial(_follow_pose, networks, frame, track, time_s)) for track in with_pose]
    jobs += [("face", partial(_follow_face, networks, frame, track, time_s, due)) for track in with_face]
    jobs += [("hands", partial(bodies.follow_hand, networks, frame, hand)) for hand in hands]
    jobs += [("search", partial(faces.detect_faces, networks, frame, window, _SURE)) for window in windows]
    done = iter(workers.run(jobs))
    poses = [next(done) if due.pose else track.pose for track in with_pose]
    followed = [next(done) for _ in with_face]
    seen_hands = [hand for hand in (next(done) for _ in hands) if hand]
    searched = sorted((c for _ in windows for c in next(done)), key=lambda candidate: -candidate.score)

    for track, person in zip(with_face, followed, strict=True):
        if person:
            person.wrists_tried = track.wrists_tried
    if not due.pose:  # a pose of the last frame stays with its person
        for track, person in zip(with_face, followed, strict=True):
            if person and track.pose:
                person.pose, person.pose_held = track.pose, True
        poses = [track.pose for track in with_pose if not any(p and p.pose is track.pose for p in followed)]
    people = distinct([person for person in followed if person], lambda person: person.head)
    _add_faces(networks, workers, frame, people, [(faces.detected_head(c), c) for c in searched])
    poses = distinct([pose for pose in poses if pose], lambda pose: pose.head)
    _add_faces(networks, workers, frame, people, [(p.head, None) for p in poses if p.points[0, 3] > VISIBLE])
    people += _assign_poses(people, poses, held=not due.pose)
    if due.pose:
        _find_poses(networks, workers, frame, time_s, people, with_face)
    if due.search:
        people += _find_bodies(networks, workers, frame, people)
    _find_hands(networks, workers, frame, people, seen_hands, due)
    with workers.part("identify"):
        for person in people:
            person.colours = _colours(frame, person.head)
    return sorted(people, key=lambda person: (person.face is None, -person.head[2]))


def distinct(found: Sequence, head: Callable) -> list:
    """Return what was found without those at the head of an earlier one."""
    out: list = []
    for one in found:
        if not any(_same(head(one), head(other)) for other in out):
            out.append(one)
    return out


def _same(a: np.ndarray, b: np.ndarray) -> bool:
    return bool(np.hypot(*(a - b)[:2]) < 0.5 * max(a[2], b[2]))


def _follow_pose(networks: Networks, frame: np.ndarray, track: Track, time_s: float) -> Pose | None:
    """Return the body of a track where it was a moment ago, smoothed."""
    assert track.pose is not None
    return bodies.follow_pose(networks, frame, track.pose, time_s - track.pose_seen_s)


def _follow_face(
    networks: Networks, frame: np.ndarray, track: Track, time_s: float, due: Due
) -> PersonDetection | None:
    """Return the face of a track where it is expected, or where the detector finds it about there."""
    expected = track.expected(time_s)
    assert track.face is not None
    region = track.face.region.copy()
    region[:2] += expected[:2] - track.face.head[:2]
    face = faces.face_at(networks, frame, region) if time_s - track.face_seen_s < COAST_S / 2 else None
    if face is not None:
        # The network of the mesh fits a face to anything that is where a head was, and is certain of it: the detector is not.
        moved = np.hypot(*(face.head - track.face.head)[:2]) > 0.1 * face.head[2]
        score = _score(networks, frame, face.head) if due.glance or moved else track.face_score
        if score > 0:
            return PersonDetection(face.head, face, score)
    return _face_near(networks, frame, expected)


def _face_near(networks: Networks, frame: np.ndarray, head: np.ndarray) -> PersonDetection | None:
    """Return the face at a head, as far as the detector finds one there."""
    found = faces.detect_faces(networks, frame, np.array([head[0], head[1], 3 * head[2]]), _LIKELY)
    near = [c for c in found if np.hypot(*(faces.detected_head(c) - head)[:2]) < head[2]]
    face = faces.face_at(networks, frame, faces.detected_region(near[0])) if near else None
    return PersonDetection(face.head, face, near[0].score) if face else None


def _score(networks: Networks, frame: np.ndarray, head: np.ndarray) -> float:
    """Return the face detector's score at a head, 0 where it is below ``_FOLLOWED``."""
    found = faces.detect_faces(networks, frame, np.array([head[0], head[1], 3 * head[2]]), _FOLLOWED)
    scores = [c.score for c in found if np.hypot(*(faces.detected_head(c) - head)[:2]) < 0.5 * head[2]]
    return max(scores, default=0.0)


def _add_faces(
    networks: Networks,
    workers: Workers,
    frame: np.ndarray,
    people: list[PersonDetection],
    heads: list[tuple[np.ndarray, object]],
) -> None:
    """Append people with a face at heads, with what was detected there if it was, where nobody is yet."""
    heads = [pair for pair in heads if not any(_same(pair[0], person.head) for person in people)]
    heads = distinct(heads, lambda pair: pair[0])
    jobs = [("face", partial(_new_face, networks, frame, head, candidate)) for head, candidate in heads]
    for person in workers.run(jobs):
        if person and not any(_same(person.head, other.head) for other in people):
            people.append(person)


def _new_face(networks: Networks, frame: np.ndarray, head: np.ndarray, candidate) -> PersonDetection | None:
    if candidate is None:
        return _face_near(networks, frame, head)
    face = faces.face_at(networks, frame, faces.detected_region(candidate))
    if face is None or np.hypot(*(face.head - head)[:2]) > head[2]:
        return None
    return PersonDetection(face.head, face, candidate.score)


def _assign_poses(people: list[PersonDetection], poses: list[Pose], held: bool) -> list[PersonDetection]:
    """Give each person with a face the pose at its head, and return people of the other poses with visible shoulders.

    A second body at a person's head is none: the network slips from one who is hidden to the neighbour.
    """
    without = [person for person in people if person.pose is None]
    distance = np.array([[np.hypot(*(a.head - b.head)[:2]) / a.head[2] for b in poses] for a in without])
    pairs = assign(distance.reshape(len(without), len(poses)), 0.6)
    for i, j in pairs:
        without[i].pose, without[i].pose_held = poses[j], held
    rest = [poses[j] for j in sorted(set(range(len(poses))) - {j for _, j in pairs})]
    rest = [pose for pose in rest if not any(np.hypot(*(pose.head - p.head)[:2]) < p.head[2] for p in people)]
    return [_body(pose, held) for pose in rest if pose.shoulders > _SHOULDERS]


def _body(pose: Pose, held: bool = False) -> PersonDetection:
    return PersonDetection(pose.head, pose=pose, pose_held=held)


def _find_poses(
    networks: Networks,
    workers: Workers,
    frame: np.ndarray,
    time_s: float,
    people: list[PersonDetection],
    tracks: list[Track],
) -> None:
    """Detect the pose of each face that has none, every ``SEARCH_S``."""
    jobs, without = [], []
    for person in people:
        near = min(tracks, key=lambda track: np.hypot(*(track.head - person.head)[:2]), default=None)
        track = near if near is not None and _same(near.head, person.head) else None
        if person.pose is None and not (track and time_s - track.pose_tried_s < SEARCH_S):
            others = [other.head[0] for other in people if other is not person]
            jobs.append(("pose", partial(_pose_below, networks, frame, person.head, others)))
            without.append((person, track))
    for (person, track), pose in zip(without, workers.run(jobs), strict=True):
        person.pose = pose
        if track and pose is None:
            track.pose_tried_s = time_s


def _find_bodies(
    networks: Networks, workers: Workers, frame: np.ndarray, people: list[PersonDetection]
) -> list[PersonDetection]:
    """Return the people in the frame who are not known yet and whose face is not seen."""
    size = _size(frame)
    with workers.part("search"):
        regions = bodies.detect_poses(networks, frame, np.array([*(size / 2), size.max()]))
    followed = [person.pose.region for person in people if person.pose]
    regions = [r for r in regions if not any(np.hypot(*(r - f)[:2]) < 0.25 * max(r[2], f[2]) for f in followed)]
    jobs = [("search", partial(bodies.pose_at, networks, frame, region)) for region in regions]
    poses = distinct([pose for pose in workers.run(jobs) if pose], lambda pose: pose.head)
    known = [person.pose.head for person in people if person.pose] + [person.head for person in people]
    new = [pose for pose in poses if not any(_same(pose.head, head) for head in known)]
    return [_body(pose) for pose in new if pose.shoulders > _SHOULDERS]


def _pose_below(networks: Networks, frame: np.ndarray, head: np.ndarray, others: list[float]) -> Pose | None:
    """Return the pose of a face in a part of the frame that ends halfway to the neighbours' heads.

    The detector takes people who stand close for one.
    """
    x, y, side = head
    left = max([x - 3 * side, *((x + o) / 2 for o in others if o < x)])
    right = min([x + 3 * side, *((x + o) / 2 for o in others if o > x)])
    x0, x1 = (int(value) for value in np.clip([left, right], 0, frame.shape[1]).round())
    y0, y1 = (int(value) for value in np.clip([y - 1.5 * side, y + 5.5 * side], 0, frame.shape[0]).round())
    if min(x1 - x0, y1 - y0) < 16:
        return None
    part, corner = frame[y0:y1, x0:x1], np.array([x0, y0])
    regions = bodies.detect_poses(networks, part, np.array([(x1 - x0) / 2, (y1 - y0) / 2, max(x1 - x0, y1 - y0)]))
    for region in regions[:1]:
        region[:2] += corner
        pose = bodies.pose_at(networks, frame, region)
        if pose and np.hypot(*(pose.head - head)[:2]) < 0.6 * side:
            return pose
    return None


def _find_hands(
    networks: Networks, workers: Workers, frame: np.ndarray, people: list[PersonDetection], hands: list[Hand], due: Due
) -> None:
    """Assign the hands that are followed, and those found where one is missing, to people and sides."""
    hands = _distinct_hands(hands)
    _assign_hands(people, hands, frame)
    windows: list[np.ndarray] = []
    for person in people:
        if len(person.hands) == 2 or not (due.hands or (due.glance and _to_search(person, frame))):
            continue
        window = _reach(person.head, _size(frame))
        windows += [window] * (not any((window == other).all() for other in windows))
    if not windows:
        return
    palms = workers.run([("hands", partial(bodies.detect_palms, networks, frame, window)) for window in windows])
    regions = [region for found in palms for region in found]
    regions = [r for r in regions if not any(_near_hand(r, hand) for hand in hands)]
    new = workers.run([("hands", partial(bodies.hand_at, networks, frame, region)) for region in regions])
    more = _distinct_hands([*hands, *(hand for hand in new if hand)])
    if len(more) > len(hands):
        for person in people:
            person.hands = {}
        _assign_hands(people, more, frame)


def _to_search(person: PersonDetection, frame: np.ndarray) -> bool:
    """Return whether a visible wrist has no hand, and was not searched in vain where it is; count this search."""
    search = False
    for side in bodies.visible_wrists(person.pose, _size(frame)):
        if side not in person.hands and person.pose is not None:
            wrist = person.pose.points[WRISTS[side], :2]
            before, tries = person.wrists_tried.get(side, (wrist, 0))
            if np.hypot(*(wrist - before)) > _MOVED * person.head[2]:
                before, tries = wrist, 0
            search = search or tries < _TRIES
            person.wrists_tried = {**person.wrists_tried, side: (before, tries + 1)}
    return search


def _reach(head: np.ndarray, size: np.ndarray) -> np.ndarray:
    """Return the square (x, y, side) that a person's hands can be in: all of the frame where that is smaller."""
    x, y, side = head[0], head[1] + 1.5 * head[2], 8 * head[2]
    return np.array([*(size / 2), size.max()]) if side > size.max() else np.array([x, y, side])


def _near_hand(region: np.ndarray, hand: Hand) -> bool:
    return bool(np.hypot(*(region - hand.region)[:2]) < 0.25 * max(region[2], hand.region[2]))


def _distinct_hands(hands: list[Hand]) -> list[Hand]:
    out: list[Hand] = []
    for hand in hands:
        if not any(_near_hand(hand.region, other) for other in out):
            out.append(hand)
    return out


def _assign_hands(people: list[PersonDetection], hands: list[Hand], frame: np.ndarray) -> None:
    """Assign each hand to the person and side that it can belong to.

    A hand belongs where the pose's wrist is, or, where no wrist is visible, within an arm's reach of the head. The network's
    handedness, which is the person's own for frames that are not mirrored, decides between sides that are near.
    """
    slots = [(person, side) for person in people for side in WRISTS]
    cost = np.full((len(hands), len(slots)), np.inf)
    for i, hand in enumerate(hands):
        points = hand.points[:, :2]
        span = np.hypot(*np.ptp(points, axis=0))
        for j, (person, side) in enumerate(slots):
            if not 0.25 < span / person.head[2] < 4:  # a hand is about as long as a face, and may be nearer
                continue
            wrist = None if person.pose is None else person.pose.points[WRISTS[side]]
            if wrist is not None and wrist[3] > VISIBLE:
                distance = np.hypot(*(points[0] - wrist[:2])) / person.head[2]
            else:
                offset = (points[0] - person.head[:2]) / person.head[2]
                across = offset[0] > 1 if side == "right" else offset[0] < -1  # the arm would reach over the body
                distance = 0.5 + np.hypot(*offset) / 4 + across
            cost[i, j] = distance + (hand.certainty if hand.side != side else 1 - hand.certainty)
    for i, j in assign(cost, 1.7):
        person, side = slots[j]
        person.hands[side] = hands[i], hands[i].certainty if hands[i].side == side else 1 - hands[i].certainty


def _colours(frame: np.ndarray, head: np.ndarray) -> np.ndarray:
    """Return the colour histogram of the head and of what is below it, (2 * 8 * 4 * 4,) hue, saturation, value; sum 1."""
    x, y, side = head
    limit = np.tile(_size(frame), 2)
    parts = []
    for middle, reach, height in ((y, 0.7, 0.8), (y + 1.4 * side, 1.0, 0.6)):
        window = np.array([x - reach * side, middle - height * side, x + reach * side, middle + height * side])
        x0, y0, x1, y1 = window.round().clip(0, limit).astype(int)
        if min(x1 - x0, y1 - y0) < 4:
            parts.append(np.full(128, 1 / 128))
            continue
        small = cv2.resize(frame[y0:y1, x0:x1], (24, 24), interpolation=cv2.INTER_AREA)
        small = cv2.cvtColor(small, cv2.COLOR_RGB2HSV)
        histogram = cv2.calcHist([small], [0, 1, 2], None, [8, 4, 4], [0, 180, 0, 256, 0, 256]).ravel()
        parts.append(histogram / histogram.sum())
    return np.concatenate(parts) / 2


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
