"""Join the tracks of one person, across cuts and long gaps, by the embedding of the face.

The network is a MobileFaceNet (Chen et al. 2018, arXiv:1804.07573) trained with ArcFace's loss (Deng et al. 2019,
arXiv:1801.07698). It takes a face that is turned and scaled so that eyes, nose and mouth have ArcFace's places. The
embeddings of a track are averaged, and tracks are joined from the most similar pair on, each time with the average of what
was joined (agglomerative clustering with constraints: Davidson and Ravi, ECML PKDD 2005). Two faces that were seen together
are two people, unless it was for a moment and they are very alike: some transitions show a person twice.
"""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations

import cv2
import numpy as np

from kinesics.perception.networks import Network
from kinesics.perception.people import COAST_S, KEPT_S, PersonDetection, Track
from kinesics.perception.shots import ShotFrame

SIDE, DIM = 112, 192  # pixels of the network's input, numbers of its output

# Chosen on 16 of the 32 people of the annotated clips, between the lowest similarity of two tracks of one person (0.55, in
# recordings months apart) and the highest of two people's (0.57); of the other 16, no pair is on the wrong side.
SAME = 0.55  # cosine of the averaged embeddings from which tracks are of one person
# Where a face is too small or turned away, colours of clothes and hair decide, which stay within a shot.
COLOURS = 0.5  # Hellinger distance of colours below which two tracks of one shot may be of one person

TWICE = 0.75  # cosine from which two faces that were seen together, for no longer than ``MOMENT_S``, are of one person
MOMENT_S = 1.0

SMALLEST = 32.0  # pixels, the size of a head whose embedding is of use; at 24 it is halfway to that of others
TURNED = 0.6  # the same of its turn to the side: in a profile, eyes and corners of the mouth are guessed
_RATIO = 1.3  # by how much the number of frames grows between embeddings
OTHER = (
    0.25  # cosine below which the face in the place of a track is another person's: one in twenty turned faces has 0.6
)

# Centres of the eyes, tip of the nose, corners of the mouth: mesh points (averaged), and ArcFace's places in 112 pixels.
_POINTS = ([33, 133], [362, 263], [1], [61], [291])
_PLACES = np.array([[38.2946, 51.6963], [73.5318, 51.5014], [56.0252, 71.7366], [41.5493, 92.3655], [70.7299, 92.2041]])


def embed_face(network: Network, frame: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Return the embedding, float32 (192,) of length 1, of a face whose mesh (478, 2 or 3) is in pixels of a frame.

    ``network`` is ``Networks.face_embedding``; ``frame`` is uint8 RGB (height, width, 3).
    """
    image = cv2.warpAffine(frame, _alignment(points), (SIDE, SIDE), flags=cv2.INTER_LINEAR)
    return _unit(network((image.astype(np.float32) - 127.5) / 128)[0][0])


@dataclass(eq=False)
class Gallery:
    """What is known of one track: the sum of its embeddings, its colours, and when it was seen.

    ``colours`` is a histogram (N,) that sums to 1; ``shot`` the only shot of the track.
    """

    shot: int = 0
    first_s: float = np.inf
    last_s: float = -np.inf
    colours: np.ndarray | None = None
    embedding: np.ndarray = field(default_factory=lambda: np.zeros(DIM))
    faces: int = 0
    due: int = 1

    def is_due(self) -> bool:
        """Count a face, and return whether to embed it: ever fewer of a long track."""
        self.faces += 1
        return self.faces >= self.due

    def add(self, embedding: np.ndarray) -> None:
        """Add an embedding of a face."""
        self.embedding = self.embedding + embedding
        self.due = int(self.faces * _RATIO) + 2

    def seen(self, time_s: float) -> None:
        """Note that the track is there at a time."""
        self.first_s, self.last_s = min(self.first_s, time_s), max(self.last_s, time_s)


class Identities:
    """The galleries of all tracks, and which were seen together.

    ``network`` is ``Networks.face_embedding``. Without it no face is compared, and tracks are joined only where they touch.
    """

    def __init__(self, network: Network | None, rate_hz: float) -> None:
        self._network, self._rate_hz = network, rate_hz
        self._galleries: dict[int, Gallery] = {}
        self._together: Counter[tuple[int, int]] = Counter()  # frames in which two tracks were seen
        self._faces: Counter[tuple[int, int]] = Counter()  # and in which both had a face
        self._embeddings: dict[int, np.ndarray] = {}  # of this frame, by the detection's id

    def is_other(self, frame: ShotFrame, track: Track, person: PersonDetection) -> bool:
        """Return whether the face of a person in a frame is known not to be that of a track.

        After a gap the place tells nothing: it has to be as like as faces of one person are.
        """
        gallery = self._galleries[track.number]
        if self._network is None or not gallery.embedding.any() or not _usable(person):
            return False
        least = OTHER if frame.time_s - track.last_seen_s <= COAST_S else SAME
        return bool(self._embed(frame, person) @ _unit(gallery.embedding) < least)

    def see(self, frame: ShotFrame, pairs: Sequence[tuple[Track, PersonDetection]]) -> None:
        """Note who was seen in a frame, and embed the faces that are due."""
        for track, person in pairs:
            gallery = self._galleries.setdefault(track.number, Gallery(frame.shot))
            gallery.seen(frame.time_s)
            gallery.colours = track.colours
            if self._network is not None and person.face is not None and gallery.is_due() and _usable(person):
                embedding = self._embed(frame, person)
                if not gallery.embedding.any() or embedding @ _unit(gallery.embedding) >= OTHER:  # else it is covered
                    gallery.add(embedding)
        self._together.update(combinations(sorted(track.number for track, _ in pairs), 2))
        self._faces.update(combinations(sorted(track.number for track, person in pairs if person.face), 2))
        self._embeddings = {}

    def people(self) -> dict[int, int]:
        """Return for each track the number of its person (see ``join_tracks``)."""
        return join_tracks(self._galleries, self._together, self._faces, round(MOMENT_S * self._rate_hz))

    def _embed(self, frame: ShotFrame, person: PersonDetection) -> np.ndarray:
        assert person.face is not None
        assert self._network is not None
        if id(person) not in self._embeddings:
            self._embeddings[id(person)] = embed_face(self._network, frame.image, person.face.points)
        return self._embeddings[id(person)]


def _usable(person: PersonDetection) -> bool:
    return person.face is not None and person.head[2] >= SMALLEST and turn(person.face.points) <= TURNED


def turn(points: np.ndarray) -> float:
    """Return how far a face is turned to the side, from its mesh: 0 for the front, about 1 for a profile.

    The difference of the distances from the tip of the nose to the outer corners of the eyes, over that of the corners.
    """
    nose, right, left = points[[1, 33, 263], :2]
    across = max(float(np.hypot(*(left - right))), 1e-6)
    return float(abs(np.hypot(*(nose - right)) - np.hypot(*(nose - left))) / across)


def join_tracks(
    tracks: Mapping[int, Gallery],
    together: Collection[tuple[int, int]] = (),
    faces: Mapping[tuple[int, int], int] | None = None,
    moment: int = 0,
) -> dict[int, int]:
    """Return for each track the number of its person, that of the person's first track.

    ``together`` are the pairs of tracks that were seen in one frame, whose colours therefore tell nothing; ``faces`` the
    number of frames in which both had a face, of which ``moment`` may be of one person.
    """
    numbers = sorted(tracks)
    place = {number: k for k, number in enumerate(numbers)}
    sums = np.array([tracks[number].embedding for number in numbers], np.float32).reshape(-1, DIM)
    colours = _similar_colours([tracks[number] for number in numbers])
    for a, b in together:
        colours[place[a], place[b]] = colours[place[b], place[a]] = -1
    least = np.where(np.eye(len(numbers), dtype=bool), np.inf, SAME).astype(
        np.float32
    )  # the similarity from which two are joined
    for (a, b), count in (faces or {}).items():
        least[place[a], place[b]] = least[place[b], place[a]] = TWICE if count <= moment else np.inf
    similarity = _similarity(_unit(sums), _unit(sums), colours)
    similarity[similarity < least] = -np.inf
    person = {number: number for number in numbers}
    while len(numbers) > 1 and similarity.max() > -np.inf:
        a, b = sorted(map(int, np.unravel_index(similarity.argmax(), similarity.shape)))
        for number, other in person.items():
            person[number] = numbers[a] if other == numbers[b] else other
        sums[a] += sums[b]
        least[a] = least[:, a] = np.maximum(least[a], least[b])
        least[b] = least[:, b] = np.inf
        unlike = (colours[a] < 0) | (colours[b] < 0)
        colours[a] = colours[:, a] = np.where(unlike, -1, np.maximum(colours[a], colours[b]))
        row = _similarity(_unit(sums[a : a + 1]), _unit(sums), colours[a : a + 1])[0]
        row[row < least[a]] = -np.inf
        similarity[a] = similarity[:, a] = row
        similarity[b] = similarity[:, b] = -np.inf
    return person


def _similarity(a: np.ndarray, b: np.ndarray, colours: np.ndarray) -> np.ndarray:
    """Return the similarity of tracks, from embeddings (A, 192), (B, 192) of length 1 or 0 and how like their colours are."""
    cosine = a @ b.T
    known = a.any(1)[:, None] & b.any(1)[None]
    return np.where(known, cosine, np.where(colours > 0, SAME + 0.01 * colours, -np.inf)).astype(np.float32)


def _similar_colours(tracks: list[Gallery]) -> np.ndarray:
    """Return, (N, N), 0 for tracks of other shots, long gaps or unlike colours, else how like the colours are, up to 1.

    Less than 0 stands for tracks whose colours do not count.
    """
    out = np.zeros((len(tracks), len(tracks)), np.float32)
    shots: dict[int, list[int]] = {}
    for place, gallery in enumerate(tracks):
        shots.setdefault(gallery.shot, []).append(place)
    for i, j in (pair for places in shots.values() for pair in combinations(places, 2)):
        a, b = tracks[i], tracks[j]
        gap_s = max(a.first_s - b.last_s, b.first_s - a.last_s)
        if gap_s <= KEPT_S and a.colours is not None and b.colours is not None:
            distance = np.sqrt(max(1 - np.sqrt(a.colours * b.colours).sum(), 0))
            out[i, j] = out[j, i] = max(1 - distance / COLOURS, 0)
    return out


def _unit(vectors: np.ndarray) -> np.ndarray:
    """Return vectors, along the last axis, with length 1; those of length 0 as they are."""
    length = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return vectors / np.where(length > 0, length, 1)


def _alignment(points: np.ndarray) -> np.ndarray:
    """Return the rotation, scale and shift (2, 3) that map a mesh's points onto ``_PLACES`` with least squares."""
    source = np.array([points[group, :2].mean(0) for group in _POINTS], float)
    middle, target = source.mean(0), _PLACES.mean(0)
    x, y = (source - middle).T
    u, v = (_PLACES - target).T
    norm = max((x**2 + y**2).sum(), 1e-9)
    a, b = (x * u + y * v).sum() / norm, (x * v - y * u).sum() / norm
    turned = np.array([[a, -b], [b, a]])
    return np.column_stack([turned, target - turned @ middle])
