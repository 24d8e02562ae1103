"""Run MediaPipe's networks on square regions of a frame: read the files, cut regions out, map landmarks back.

The networks are those of MediaPipe's released packages (Lugaresi et al. 2019, arXiv:1906.08172), run with LiteRT instead of
MediaPipe's graphs: a graph searches only the whole frame, where small faces are not found, cannot be given a place to look at,
and copies the frame for each task. Regions, decoding and thresholds are those of its graphs, and a test compares the results.

A region is x, y, side, angle: its middle and side in pixels, and the direction of its rows in radians.
"""

import struct
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import cv2
import numpy as np
from ai_edge_litert import schema_py_generated as tflite

from kinesics.errors import KinesicsError
from kinesics.io.files import one_line
from kinesics.io.litert import load_litert

FACE_BUNDLE = "face_landmarker.task"
#: The files that a folder of networks holds.
FILES = (
    FACE_BUNDLE,
    *("palm_detection_full.tflite", "hand_landmark_full.tflite", "pose_detection.tflite", "pose_landmark_full.tflite"),
)
#: The network of face embeddings, in a folder beside that of ``FILES``. Without it, people are tracked but not recognised.
EMBEDDING = ("mobilefacenet", "MobileFaceNet.tflite")


class Network:
    """A TFLite network with one image, or another array, as its input.

    It has as many interpreters as threads run it at a time: each takes one that is free, the last used first.
    """

    def __init__(self, name: str, content: bytes) -> None:
        self.name, self._content = name, content
        self._free = [self._interpreter()]  # a damaged file is reported at once
        #: The side of the input image in pixels.
        self.side = int(self._free[0][1]["shape"][1])

    def __call__(self, values: np.ndarray) -> list[np.ndarray]:
        """Return the outputs, in the order of their names, of an input without the batch's axis."""
        try:
            taken = self._free.pop()
        except IndexError:
            taken = self._interpreter()
        network, source, results = taken
        network.set_tensor(source["index"], np.ascontiguousarray(values[None], np.float32))
        network.invoke()
        outputs = [network.get_tensor(result["index"]) for result in results]
        self._free.append(taken)
        return outputs

    def _interpreter(self) -> tuple:
        network = load_litert(self.name, self._content)
        results = sorted(network.get_output_details(), key=lambda result: result["name"])
        return network, network.get_input_details()[0], results


@dataclass(frozen=True)
class Networks:
    """The networks of faces, bodies and hands; ``face_embedding`` is the one of ``identity``."""

    face_detector: Network
    face_landmarks: Network
    face_actions: Network
    pose_detector: Network
    pose_landmarks: Network
    palm_detector: Network
    hand_landmarks: Network
    face_embedding: Network | None


def load_networks(folder: Path) -> Networks:
    """Load the networks from a folder with ``FILES``, and ``EMBEDDING`` beside it if it is there.

    Raises KinesicsError naming a file that is missing or damaged.
    """
    inside = _unzipped(folder / FACE_BUNDLE, "face_detector", "face_landmarks_detector", "face_blendshapes")
    palm, hand, pose_detection, pose = (_read(folder / name) for name in FILES[1:])
    faces = [Network(f"{folder / FACE_BUNDLE}: {name}", content) for name, content in inside.items()]
    return Networks(
        *faces,
        pose_detector=Network(str(folder / FILES[3]), pose_detection),
        pose_landmarks=Network(str(folder / FILES[4]), _rewritten(folder / FILES[4], pose, without_mask)),
        palm_detector=Network(str(folder / FILES[1]), palm),
        hand_landmarks=Network(str(folder / FILES[2]), hand),
        face_embedding=_embedding(folder.parent.joinpath(*EMBEDDING)),
    )


def _embedding(path: Path) -> Network | None:
    return Network(str(path), _rewritten(path, _read(path), for_one_face)) if path.exists() else None


def _read(path: Path) -> bytes:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise KinesicsError(f"{path}: cannot be read: {error.strerror}; fetch the networks again") from None
    if content[4:8] != b"TFL3":
        raise KinesicsError(f"{path}: not a TFLite network (bytes 4 to 8 are {content[4:8]!r}, not b'TFL3')")
    return content


def _unzipped(path: Path, *names: str) -> dict[str, bytes]:
    """Return the networks of a task bundle, which is a zip, by name."""
    try:
        with zipfile.ZipFile(path) as bundle:
            return {name: bundle.read(f"{name}.tflite") for name in names}  # checks their checksums
    except (zipfile.BadZipFile, KeyError, OSError) as error:
        raise KinesicsError(
            f"{path}: missing, not a task bundle, or damaged: {one_line(error)}; delete it, and run again"
        ) from None


def _rewritten(path: Path, network: bytes, rewrite: Callable[[bytes], bytes]) -> bytes:
    try:
        return rewrite(network)
    except (struct.error, AttributeError, TypeError, ValueError, IndexError) as error:
        raise KinesicsError(f"{path}: damaged: {one_line(error)}; delete it, and run again") from None


def without_mask(network: bytes) -> bytes:
    """Return the pose network with zeros for its mask of the person, and without the layers that only compute the mask.

    The mask is not used, but TFLite computes every output, this one in two fifths of the network's time.
    """
    import flatbuffers

    model = tflite.ModelT.InitFromPackedBuf(network)
    graph = model.subgraphs[0]
    (mask,) = (output for output in graph.outputs if len(shape := graph.tensors[output].shape) == 4 and shape[-1] == 1)
    needed, operators = {output for output in graph.outputs if output != mask}, []
    for operator in reversed(graph.operators):  # an operator comes after those that it reads from
        if needed & set(operator.outputs):
            needed |= set(operator.inputs)
            operators.append(operator)
    graph.operators = operators[::-1]
    zeros = tflite.BufferT()
    zeros.data = np.zeros(4 * np.prod(graph.tensors[mask].shape), np.uint8)
    graph.tensors[mask].buffer = len(model.buffers)
    model.buffers.append(zeros)
    builder = flatbuffers.Builder(1024)
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def for_one_face(network: bytes) -> bytes:
    """Return the network of face embeddings, whose file takes two faces at once, for one."""
    import flatbuffers

    model = tflite.ModelT.InitFromPackedBuf(network)
    graph = model.subgraphs[0]
    for tensor in graph.tensors:
        if model.buffers[tensor.buffer].data is None and len(tensor.shape) and tensor.shape[0] == 2:
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


def cut_out(frame: np.ndarray, region: np.ndarray, side: int, border: int = cv2.BORDER_REPLICATE) -> np.ndarray:
    """Return a region of the frame as an image (side, side, 3), uint8; its border is repeated beyond the frame."""
    x, y, length, angle = region
    a, b = np.array([np.cos(angle), np.sin(angle)]) * length / side
    forth = np.array([[a, -b, x - (a - b) * side / 2], [b, a, y - (a + b) * side / 2]])
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    return cv2.warpAffine(frame, forth, (side, side), flags=flags, borderMode=border)


def unit(image: np.ndarray) -> np.ndarray:
    """Return an image's pixels scaled from [0, 255] to [0, 1], as the networks of landmarks take them."""
    return np.multiply(image, np.float32(1 / 255), dtype=np.float32)


def placed(points: np.ndarray, region: np.ndarray) -> np.ndarray:
    """Return points (N, 2 or more) in fractions of a region in pixels of the frame; a third number is scaled alike."""
    x, y, length, angle = region
    out = points * length
    u, v = (points[:, 0] - 0.5) * length, (points[:, 1] - 0.5) * length
    out[:, 0] = x + u * np.cos(angle) - v * np.sin(angle)
    out[:, 1] = y + u * np.sin(angle) + v * np.cos(angle)
    return out


def fractions(points: np.ndarray, size: np.ndarray) -> np.ndarray:
    """Return points (N, 3 or more) in pixels in fractions of the frame; z is scaled as x is, as MediaPipe's."""
    out = points.copy()
    out[:, :3] /= [size[0], size[1], size[0]]
    return out


@dataclass(frozen=True)
class Candidate:
    """What a detector found: score, box (x0, y0, x1, y1) and key points (N, 2), in pixels of the frame."""

    score: float
    box: np.ndarray
    points: np.ndarray


@cache
def _anchors(side: int, strides: tuple[int, ...]) -> np.ndarray:
    """Return the middles (N, 2), in fractions of the image, of the boxes of a detector: two for each stride and cell."""
    out = []
    for stride in sorted(set(strides)):
        cells = -(-side // stride)
        y, x = np.mgrid[:cells, :cells]
        grid = (np.stack([x, y], -1).reshape(-1, 2) + 0.5) / cells
        out.append(grid.repeat(2 * strides.count(stride), axis=0))
    return np.concatenate(out)


def candidates(
    network: Network,
    frame: np.ndarray,
    region: np.ndarray,
    minimum: float,
    *,
    strides: tuple[int, ...] = (8, 16, 16, 16),
    symmetric: bool = True,
) -> list[Candidate]:
    """Return what a detector of MediaPipe's SSD family finds in a region, the best first; overlapping boxes are averaged.

    ``symmetric`` says whether pixels are scaled to [-1, 1] or to [0, 1].
    """
    side = network.side
    image = unit(cut_out(frame, region, side, cv2.BORDER_CONSTANT))  # black beyond the frame
    if symmetric:
        image *= 2
        image -= 1
    boxes, logits = (output[0] for output in sorted(network(image), key=lambda output: -output.shape[-1]))
    likely = np.flatnonzero(logits[:, 0] > np.log(minimum / (1 - minimum)))
    likely = likely[np.argsort(-logits[likely, 0], kind="stable")]
    scores = sigmoid(logits[likely, 0].astype(float))
    values = boxes[likely].astype(float) / side
    middles, halves, centres = values[:, :2], values[:, 2:4] / 2, _anchors(side, strides)[likely]
    corners = np.concatenate([centres + middles - halves, centres + middles + halves], 1)
    points = values[:, 4:].reshape(len(likely), (values.shape[1] - 4) // 2, 2) + centres[:, None]
    found = []
    left = np.arange(len(likely))
    while len(left):
        near = overlap(corners[left[0]], corners[left]) > 0.3
        near[0] = True
        group, left = left[near], left[~near]
        weights = scores[group] / scores[group].sum()
        box = placed((weights @ corners[group]).reshape(2, 2), region).ravel()
        where = placed(np.einsum("k,kpx->px", weights, points[group]), region)
        found.append(Candidate(float(scores[group[0]]), box, where))
    return found


def overlap(box: np.ndarray, boxes: np.ndarray) -> np.ndarray:
    """Return the intersection of a box (4,) with each of some (N, 4) over their union: (N,)."""
    width, height = (
        np.maximum(np.minimum(box[k + 2], boxes[:, k + 2]) - np.maximum(box[k], boxes[:, k]), 0) for k in (0, 1)
    )
    shared = width * height
    areas = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
    return shared / np.maximum((box[2] - box[0]) * (box[3] - box[1]) + areas - shared, 1e-9)


def sigmoid(x: np.ndarray) -> np.ndarray:
    """Return the logistic function of logits."""
    return 1 / (1 + np.exp(-np.clip(x, -100, 100)))
