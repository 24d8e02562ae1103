"""Build MediaPipe's task bundles from the bare networks that the mediapipe 0.10.21 wheel holds.

A bundle (``.task``) is a zip of stored, uncompressed networks under fixed names. The mediapipe that runs them, 1.2.2,
ships no networks, and two of its tasks need more than the bare ones contain:

- The pose task reads from the file how to scale the input image. That is added as TFLite metadata, with the numbers of the
  wheel's graphs (``pose_detection_cpu`` scales to [-1, 1], ``pose_landmark_by_roi_cpu`` to [0, 1]).
- The face task reads 478 points, of which the last ten are for irises. From the 468 of ``face_landmark`` it makes 478
  points of two numbers each, without a warning and all in wrong places. So zeros are appended inside the network, and
  users leave out the ten points that they make.
"""

import sys
import zipfile
from pathlib import Path

import flatbuffers
import numpy as np
from ai_edge_litert import schema_py_generated as tflite
from mediapipe.tasks.metadata import metadata_schema_py_generated as metadata

from kinesics.errors import KinesicsError
from kinesics.io.files import replacing

#: Points of the face mesh, and of the irises.
MESH_POINTS, IRIS_POINTS = 468, 10
_ADVICE = "; delete it, and run again"
BUNDLES = ("face.task", "hands.task", "pose.task")


def build_bundles(
    face_detection: Path, face_mesh: Path, palm: Path, hand: Path, pose_detection: Path, pose: Path, out: Path
) -> None:
    """Write ``face.task``, ``hands.task`` and ``pose.task`` into the folder ``out``, byte-identical each time.

    The arguments are face_detection_short_range, face_landmark, palm_detection_full, hand_landmark_full, pose_detection
    and pose_landmark_full (``.tflite``). Raises KinesicsError naming the file if one is missing or no TFLite network.
    """
    bundles = {
        "face.task": {
            "face_detector.tflite": _network(face_detection),
            "face_landmarks_detector.tflite": with_iris_points(_network(face_mesh)),
        },
        "hands.task": {
            "hand_detector.tflite": _network(palm),
            "hand_landmarks_detector.tflite": _network(hand),
        },
        "pose.task": {
            "pose_detector.tflite": with_normalisation(_network(pose_detection), mean=127.5, std=127.5),
            "pose_landmarks_detector.tflite": with_normalisation(without_mask(_network(pose)), mean=0.0, std=255.0),
        },
    }
    for name, networks in bundles.items():
        with replacing(Path(out) / name) as temporary, zipfile.ZipFile(temporary, "w", zipfile.ZIP_STORED) as bundle:
            for inside, network in networks.items():
                bundle.writestr(zipfile.ZipInfo(inside, date_time=(1980, 1, 1, 0, 0, 0)), network)


def whole_bundles(folder: Path) -> bool:
    """Return whether all bundles are in a folder; a damaged one is deleted, which a line on stderr says."""
    for name in BUNDLES:
        path = folder / name
        if path.is_file():
            try:
                check_bundle(path)
            except KinesicsError as error:
                print(f"kinesics: {str(error).removesuffix(_ADVICE)}: it is made again", file=sys.stderr)
                path.unlink()
    return all((folder / name).is_file() for name in BUNDLES)


def check_bundle(path: Path) -> None:
    """Raise KinesicsError, naming the file, if a bundle is missing, or if the checksums of its zip do not hold."""
    if not path.is_file():
        raise KinesicsError(f"{path}: no such file; make it with mediapipe_bundles.build_bundles")
    try:
        with zipfile.ZipFile(path) as bundle:
            damaged = bundle.testzip()
    except (zipfile.BadZipFile, OSError) as error:
        raise KinesicsError(f"{path}: not a task bundle, or damaged: {error}{_ADVICE}") from None
    if damaged:
        raise KinesicsError(f"{path}: damaged: the checksum of {damaged} is wrong{_ADVICE}")


def with_normalisation(network: bytes, mean: float, std: float) -> bytes:
    """Return the TFLite network with metadata saying that its input is (pixel - ``mean``) / ``std``, pixels 0-255."""
    options = metadata.NormalizationOptionsT()
    options.mean, options.std = [mean], [std]
    unit = metadata.ProcessUnitT()
    unit.optionsType, unit.options = metadata.ProcessUnitOptions.NormalizationOptions, options
    image = metadata.TensorMetadataT()
    image.processUnits = [unit]
    graph = metadata.SubGraphMetadataT()
    graph.inputTensorMetadata = [image]
    description = metadata.ModelMetadataT()
    description.subgraphMetadata = [graph]

    model = tflite.ModelT.InitFromPackedBuf(network)
    buffer = tflite.BufferT()
    buffer.data = list(_packed(description, b"M001"))
    entry = tflite.MetadataT()
    entry.name, entry.buffer = "TFLITE_METADATA", len(model.buffers)
    model.buffers.append(buffer)
    model.metadata = [*(model.metadata or []), entry]
    return _packed(model, b"TFL3")


def with_iris_points(network: bytes) -> bytes:
    """Return the face mesh network with ten more points, zeros for the irises, at the end of its output."""
    model = tflite.ModelT.InitFromPackedBuf(network)
    graph = model.subgraphs[0]
    graph.outputs = list(graph.outputs)
    mesh = next(i for i, output in enumerate(graph.outputs) if graph.tensors[output].shape[-1] == 3 * MESH_POINTS)
    paddings = tflite.BufferT()
    paddings.data = list(np.array([[0, 0], [0, 0], [0, 0], [0, 3 * IRIS_POINTS]], "<i4").tobytes())
    model.buffers.append(paddings)
    code = tflite.OperatorCodeT()
    code.builtinCode = code.deprecatedBuiltinCode = tflite.BuiltinOperator.PAD
    model.operatorCodes.append(code)
    amount, padded, operator = tflite.TensorT(), tflite.TensorT(), tflite.OperatorT()
    amount.name, amount.shape, amount.type = b"paddings", [4, 2], tflite.TensorType.INT32
    amount.buffer = len(model.buffers) - 1
    padded.name, padded.type = b"padded_mesh", tflite.TensorType.FLOAT32
    padded.shape = [1, 1, 1, 3 * (MESH_POINTS + IRIS_POINTS)]
    padded.buffer = 0  # buffer 0 is the empty one: the tensor is computed
    graph.tensors += [amount, padded]
    operator.opcodeIndex = len(model.operatorCodes) - 1
    operator.inputs, operator.outputs = [graph.outputs[mesh], len(graph.tensors) - 2], [len(graph.tensors) - 1]
    operator.builtinOptionsType, operator.builtinOptions = tflite.BuiltinOptions.PadOptions, tflite.PadOptionsT()
    graph.operators.append(operator)
    graph.outputs[mesh] = len(graph.tensors) - 1
    return _packed(model, b"TFL3")


def without_mask(network: bytes) -> bytes:
    """Return the pose network with zeros for its mask of the person, and without the layers that only compute the mask.

    The mask is not used, but TFLite computes every output.
    """
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
    return _packed(model, b"TFL3")


def _packed(table: object, identifier: bytes) -> bytes:
    builder = flatbuffers.Builder(1024)
    builder.Finish(table.Pack(builder), identifier)
    return bytes(builder.Output())


def _network(path: Path) -> bytes:
    try:
        network = Path(path).read_bytes()
    except OSError as error:
        raise KinesicsError(f"{path}: cannot be read: {error.strerror}; fetch the networks again") from None
    if network[4:8] != b"TFL3":
        raise KinesicsError(f"{path}: not a TFLite network (bytes 4 to 8 are {network[4:8]!r}, not b'TFL3')")
    return network
