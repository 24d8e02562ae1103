"""Build MediaPipe's task bundles from the bare networks that the mediapipe 0.10.21 wheel holds.

A bundle (``.task``) is a zip of stored, uncompressed networks under fixed names. The later mediapipe, which we run, ships
no networks. Its pose task wants to be told how to scale the input picture, which the bare pose networks do not say; that
is added here as TFLite metadata. The numbers are those of the graphs of the same wheel
(``pose_detection_cpu.binarypb`` scales to [-1, 1], ``pose_landmark_by_roi_cpu.binarypb`` to [0, 1]).
"""

import zipfile
from pathlib import Path

import flatbuffers
from ai_edge_litert import schema_py_generated as tflite
from mediapipe.tasks.metadata import metadata_schema_py_generated as metadata

from kinesics import KinesicsError
from kinesics.files import replacing

BUNDLES = ("face.task", "hands.task", "pose.task")


def build_bundles(
    face_detection: Path, face_mesh: Path, palm: Path, hand: Path, pose_detection: Path, pose: Path, out: Path
) -> None:
    """Write ``face.task``, ``hands.task`` and ``pose.task`` into the folder ``out``, byte-identical each time.

    The arguments are face_detection_short_range, face_landmark, palm_detection_full, hand_landmark_full, pose_detection
    and pose_landmark_full (``.tflite``). Raises KinesicsError naming the file if one is missing or is no TFLite network.
    """
    bundles = {
        "face.task": {
            "face_detector.tflite": _network(face_detection),
            "face_landmarks_detector.tflite": _network(face_mesh),
        },
        "hands.task": {
            "hand_detector.tflite": _network(palm),
            "hand_landmarks_detector.tflite": _network(hand),
        },
        "pose.task": {
            "pose_detector.tflite": with_normalisation(_network(pose_detection), mean=127.5, std=127.5),
            "pose_landmarks_detector.tflite": with_normalisation(_network(pose), mean=0.0, std=255.0),
        },
    }
    for name, networks in bundles.items():
        with replacing(Path(out) / name) as temporary, zipfile.ZipFile(temporary, "w", zipfile.ZIP_STORED) as bundle:
            for inside, network in networks.items():
                bundle.writestr(zipfile.ZipInfo(inside, date_time=(1980, 1, 1, 0, 0, 0)), network)


def with_normalisation(network: bytes, mean: float, std: float) -> bytes:
    """Return the TFLite network with metadata saying that its input is (picture - ``mean``) / ``std``, pixels 0 to 255."""
    options = metadata.NormalizationOptionsT()
    options.mean, options.std = [mean], [std]
    unit = metadata.ProcessUnitT()
    unit.optionsType, unit.options = metadata.ProcessUnitOptions.NormalizationOptions, options
    picture = metadata.TensorMetadataT()
    picture.processUnits = [unit]
    graph = metadata.SubGraphMetadataT()
    graph.inputTensorMetadata = [picture]
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
