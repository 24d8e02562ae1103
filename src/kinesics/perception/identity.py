"""Join the tracks of one person, across cuts and long gaps, by the embedding of the face.

The network is a MobileFaceNet (Chen et al. 2018, arXiv:1804.07573) trained with ArcFace's loss (Deng et al. 2019,
arXiv:1801.07698). It takes a face that is turned and scaled so that eyes, nose and mouth have ArcFace's places. The
embeddings of a track are averaged, and tracks are joined from the most similar pair on, each time with the average of what
was joined (agglomerative clustering with constraints: Davidson and Ravi, ECML PKDD 2005). Two tracks that were seen in one
frame are never of one person.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np
from ai_edge_litert import schema_py_generated as tflite
from ai_edge_litert.interpreter import Interpreter

from kinesics.errors import KinesicsError
from kinesics.io.files import one_line

SIDE, DIM = 112, 192  # pixels of the network's input, numbers of its output

# Chosen on 16 of the 32 people of the annotated clips, between the lowest similarity of two tracks of one person (0.55, in
# recordings months apart) and the highest of two people's (0.57); of the other 16, no pair is on the wrong side.
SAME = 0.55  # cosine of the averaged embeddings from which tracks are of one person
# Within a shot, colours tell too: those of clothes and hair stay. They alone decide where a face is too small or turned away.
ALIKE = 0.15  # what is added to the cosine of tracks of one shot whose colours are alike
COLOURS = 0.5  # Hellinger distance below which they are
KEPT_S = 60.0  # the longest gap over which colours count

SMALLEST = 32.0  # pixels, the size of a head whose embedding is of use; at 24 it is halfway to that of others
TURNED = 0.6  # the same of its turn to the side: in a profile, eyes and corners of the mouth are guessed
_RATIO = 1.3  # by how much the number of frames grows between embeddings

# Centres of the eyes, tip of the nose, corners of the mouth: mesh points (averaged), and ArcFace's places in 112 pixels.
_POINTS = ([33, 133], [362, 263], [1], [61], [291])
_PLACES = np.array([[38.2946, 51.6963], [73.5318, 51.5014], [56.0252, 71.7366], [41.5493, 92.3655], [70.7299, 92.2041]])


class FaceEmbedder:
    """The network, from a face's mesh in a frame to its embedding. Raises KinesicsError if the file holds another one."""

    def __init__(self, weights: str | Path) -> None:
        try:
            self._network = Interpreter(model_content=_for_one_face(Path(weights).read_bytes()), num_threads=1)
            self._network.allocate_tensors()
            source, result = self._network.get_input_details()[0], self._network.get_output_details()[0]
        except OSError as error:
            raise KinesicsError(f"{weights}: cannot be read: {error.strerror}; fetch it again") from None
        except Exception as error:  # flatbuffers raises what reading past the end happens to raise
            raise KinesicsError(f"{weights}: not a TensorFlow Lite network, or damaged: {one_line(error)}") from None
        if (*source["shape"], *result["shape"]) != (1, SIDE, SIDE, 3, 1, DIM):
            raise KinesicsError(f"{weights}: maps {source['shape']} to {result['shape']}, which no MobileFaceNet does")
        self._source, self._result = source["index"], result["index"]

    def __call__(self, frame: np.ndarray, points: np.ndarray) -> np.ndarray:
        """Return the embedding, float32 (192,) of length 1, of the face whose mesh (478, 2 or 3) is in pixels of a frame.

        ``frame`` is uint8 RGB (height, width, 3).
        """
        image = cv2.warpAffine(frame, _alignment(points), (SIDE, SIDE), flags=cv2.INTER_LINEAR)
        self._network.set_tensor(self._source, ((image.astype(np.float32) - 127.5) / 128)[None])
        self._network.invoke()
        return _unit(self._network.get_tensor(self._result)[0])


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

    def wants(self, points: np.ndarray, size: float) -> bool:
        """Return whether to embed a face, of a mesh in pixels and a head of ``size`` pixels; ever fewer of a long track."""
        self.faces += 1
        return self.faces >= self.due and size >= SMALLEST and turn(points) <= TURNED

    def add(self, embedding: np.ndarray) -> None:
        """Add an embedding of a face."""
        self.embedding = self.embedding + embedding
        self.due = int(self.faces * _RATIO) + 2

    def seen(self, time_s: float) -> None:
        """Note that the track is there at a time."""
        self.first_s, self.last_s = min(self.first_s, time_s), max(self.last_s, time_s)


def turn(points: np.ndarray) -> float:
    """Return how far a face is turned to the side, from its mesh: 0 for the front, about 1 for a profile.

    The difference of the distances from the tip of the nose to the outer corners of the eyes, over that of the corners.
    """
    nose, right, left = points[[1, 33, 263], :2]
    across = max(float(np.hypot(*(left - right))), 1e-6)
    return float(abs(np.hypot(*(nose - right)) - np.hypot(*(nose - left))) / across)


def join_tracks(tracks: Mapping[int, Gallery], together: Collection[tuple[int, int]]) -> dict[int, int]:
    """Return for each track the number of its person, that of the person's first track.

    ``together`` are the pairs of tracks that were seen in one frame.
    """
    numbers = sorted(tracks)
    place = {number: k for k, number in enumerate(numbers)}
    sums = np.array([tracks[number].embedding for number in numbers]).reshape(-1, DIM)
    apart = np.eye(len(numbers), dtype=bool)
    for a, b in together:
        if a in place and b in place:
            apart[place[a], place[b]] = apart[place[b], place[a]] = True
    colours = _similar_colours([tracks[number] for number in numbers])
    similarity = _similarity(_unit(sums), _unit(sums), colours)
    similarity[apart] = -np.inf
    person = {number: number for number in numbers}
    while len(numbers) > 1 and similarity.max() >= SAME:
        a, b = sorted(map(int, np.unravel_index(similarity.argmax(), similarity.shape)))
        for number, other in person.items():
            person[number] = numbers[a] if other == numbers[b] else other
        sums[a] += sums[b]
        apart[a] |= apart[b]
        colours[a] = np.maximum(colours[a], colours[b])
        apart[:, a], colours[:, a] = apart[a], colours[a]
        row = _similarity(_unit(sums[a : a + 1]), _unit(sums), colours[a : a + 1])[0]
        row[apart[a] | np.isneginf(similarity[b]) & (np.arange(len(row)) == b)] = -np.inf
        similarity[a] = similarity[:, a] = row
        similarity[b] = similarity[:, b] = -np.inf
        apart[b] = apart[:, b] = True
    return person


def _similarity(a: np.ndarray, b: np.ndarray, colours: np.ndarray) -> np.ndarray:
    """Return the similarity of tracks, from embeddings (A, 192), (B, 192) of length 1 or 0 and how like their colours are."""
    cosine = a @ b.T
    known = a.any(1)[:, None] & b.any(1)[None]
    return np.where(known, cosine + ALIKE * (colours > 0), np.where(colours > 0, SAME + 0.01 * colours, -np.inf))


def _similar_colours(tracks: list[Gallery]) -> np.ndarray:
    """Return, (N, N), 0 for tracks of other shots, long gaps or unlike colours, else how like the colours are, up to 1."""
    out = np.zeros((len(tracks), len(tracks)))
    for i, a in enumerate(tracks):
        for j, b in enumerate(tracks[:i]):
            gap_s = max(a.first_s - b.last_s, b.first_s - a.last_s)
            if a.shot == b.shot and gap_s <= KEPT_S and a.colours is not None and b.colours is not None:
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


def _for_one_face(network: bytes) -> bytes:
    """Return the network, whose file takes two faces at once, for one."""
    import flatbuffers

    model = tflite.ModelT.InitFromPackedBuf(network)
    graph = model.subgraphs[0]
    constants = {k for k, tensor in enumerate(graph.tensors) if model.buffers[tensor.buffer].data is not None}
    for k, tensor in enumerate(graph.tensors):
        if k not in constants and len(tensor.shape) and tensor.shape[0] == 2:
            tensor.shape = [1, *tensor.shape[1:]]
    for operator in graph.operators:
        options = operator.builtinOptions
        if isinstance(options, tflite.ReshapeOptionsT):
            options.newShape = [1, *options.newShape[1:]]
            buffer = model.buffers[graph.tensors[operator.inputs[1]].buffer]
            buffer.data = np.frombuffer(np.array(options.newShape, "<i4").tobytes(), np.uint8)
    builder = flatbuffers.Builder(len(network))
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())
