"""Silero VAD v6 in numpy: the probability of speech, without a runtime for ONNX.

The network (Silero Team, github.com/snakers4/silero-vad, MIT) is small: a short-time spectrum, four convolutions, an LSTM
cell of 128 units, a linear unit. Its weights are read from the ONNX file that faster-whisper ships, whose initialisers are
fields of Protocol Buffers (ONNX IR, onnx.proto: ModelProto, GraphProto, TensorProto).
"""

from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np

from kinesics.errors import KinesicsError

#: Samples at 16 kHz for each of which there is a probability, and those before them that the network sees too.
CHUNK, CONTEXT = 512, 64
_UNITS = 128
_FRAME, _HOP = 256, 128  # samples of the spectrum
_STRIDES = (1, 2, 2, 1)

# Field numbers of the messages in onnx.proto, and the number of the type float32.
_GRAPH, _INITIALIZER, _DIMS, _TYPE, _NAME, _RAW = 7, 5, 1, 2, 8, 9
_FLOAT32 = 1
_BASIS = "encoder.feature_extractor.forward_basis_buffer"
_SHAPES = {
    _BASIS: (2 * (_FRAME // 2 + 1), 1, _FRAME),
    "encoder.conv_layers.0.weight": (128, 129, 3),
    "encoder.conv_layers.1.weight": (64, 128, 3),
    "encoder.conv_layers.2.weight": (64, 64, 3),
    "encoder.conv_layers.3.weight": (_UNITS, 64, 3),
    **{f"encoder.conv_layers.{k}.bias": (size,) for k, size in enumerate((128, 64, 64, _UNITS))},
    "onnx::LSTM_209": (1, 4 * _UNITS, _UNITS),
    "onnx::LSTM_210": (1, 4 * _UNITS, _UNITS),
    "onnx::LSTM_211": (1, 8 * _UNITS),
    "decoder.conv1d.weight": (1, _UNITS, 1),
    "decoder.conv1d.bias": (1,),
}


class SileroVAD:
    """The network; ``network(audio)`` maps float32 audio at 16 kHz (chunks times 512,) to probabilities (chunks,)."""

    def __init__(self, weights: Path) -> None:
        """Read the weights. Raises KinesicsError for a damaged file and for another network."""
        try:
            arrays = _initializers(weights.read_bytes())
        except OSError as error:
            raise KinesicsError(f"{weights}: cannot be read: {error.strerror}") from None
        except (ValueError, IndexError):
            raise KinesicsError(f"{weights}: not Silero VAD, or damaged: not an ONNX file") from None
        for name, shape in _SHAPES.items():
            if name not in arrays or arrays[name].shape != shape:
                raise KinesicsError(f"{weights}: not Silero VAD, or damaged: it has no weights {name} of size {shape}")
        self._basis = arrays[_BASIS][:, 0].T.copy()
        self._convolutions = [
            (_flat_kernel(arrays[f"encoder.conv_layers.{k}.weight"]), arrays[f"encoder.conv_layers.{k}.bias"], stride)
            for k, stride in enumerate(_STRIDES)
        ]
        self._from_input, self._from_state = (arrays[f"onnx::LSTM_{k}"][0].T.copy() for k in (209, 210))
        self._gates = arrays["onnx::LSTM_211"][0].reshape(2, -1).sum(0)
        self._out, self._offset = arrays["decoder.conv1d.weight"].ravel(), arrays["decoder.conv1d.bias"][0]

    def __call__(self, audio: np.ndarray) -> np.ndarray:
        chunks = np.asarray(audio, np.float32).reshape(-1, CHUNK)
        before = np.zeros((len(chunks), CONTEXT), np.float32)
        before[1:] = chunks[:-1, -CONTEXT:]
        x = np.pad(np.concatenate([before, chunks], 1), ((0, 0), (0, CONTEXT)), "reflect")
        frames = np.ascontiguousarray(np.lib.stride_tricks.sliding_window_view(x, _FRAME, axis=1)[:, ::_HOP])
        real, imaginary = np.split(_product(frames, self._basis), 2, axis=-1)
        x = np.sqrt(real**2 + imaginary**2)
        for kernel, bias, stride in self._convolutions:
            padded = np.pad(x, ((0, 0), (1, 1), (0, 0)))
            steps = range(0, x.shape[1], stride)
            windows = np.stack([padded[:, k : k + 3].reshape(len(x), -1) for k in steps], 1)
            x = np.maximum(_product(windows, kernel) + bias, 0)
        hidden = self._recurrent(x[:, 0] @ self._from_input + self._gates)
        return _sigmoid(np.maximum(hidden, 0) @ self._out + self._offset)

    def _recurrent(self, gates: np.ndarray) -> np.ndarray:
        """Return the LSTM's output (chunks, units) from the input's part of its gates, in the order of ONNX: i, o, f, c."""
        hidden = cell = np.zeros(_UNITS, np.float32)
        out = np.empty((len(gates), _UNITS), np.float32)
        for k, own in enumerate(gates):
            total = own + hidden @ self._from_state
            entering, leaving, kept = _sigmoid(total[: 3 * _UNITS]).reshape(3, _UNITS)
            cell = kept * cell + entering * np.tanh(total[3 * _UNITS :])
            hidden = leaving * np.tanh(cell)
            out[k] = hidden
        return out


def _flat_kernel(weight: np.ndarray) -> np.ndarray:
    """Return a kernel (out, in, 3) as the matrix (3 times in, out) of windows that are flattened in time."""
    return weight.transpose(2, 1, 0).reshape(-1, len(weight)).copy()


def _product(x: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    """Return the product over the last axis, as one of two matrices: many small ones take ten times as long."""
    return (x.reshape(-1, x.shape[-1]) @ matrix).reshape(*x.shape[:-1], -1)


def _sigmoid(x: np.ndarray) -> np.ndarray:
    return (np.tanh(x / 2) + 1) / 2


def _initializers(data: bytes) -> Mapping[str, np.ndarray]:
    """Return the float32 weights of an ONNX file by name. Raises ValueError or IndexError where it is none."""
    out = {}
    for graph in (value for field, value in _fields(memoryview(data)) if field == _GRAPH):
        for tensor in (value for field, value in _fields(graph) if field == _INITIALIZER):
            parts: dict[int, list] = {}
            for field, value in _fields(tensor):
                parts.setdefault(field, []).append(value)
            if parts.get(_TYPE) != [_FLOAT32] or _RAW not in parts:
                continue
            dims: list[int] = []
            for value in parts.get(_DIMS, []):
                dims += [value] if isinstance(value, int) else _packed(value)
            out[bytes(parts[_NAME][0]).decode()] = np.frombuffer(parts[_RAW][0], "<f4").reshape(dims)
    return out


def _fields(message: memoryview | int) -> Iterator[tuple[int, memoryview | int]]:
    """Yield (number, value) of the fields of a message: an int, or the bytes of a string or of a message."""
    if isinstance(message, int):
        raise ValueError("a number where a message is expected")
    at = 0
    while at < len(message):
        key, at = _varint(message, at)
        kind = key & 7
        if kind == 0:
            value, at = _varint(message, at)
        else:
            if kind == 2:
                size, at = _varint(message, at)
            else:
                size = {1: 8, 5: 4}.get(kind, -1)
            if size < 0 or at + size > len(message):
                raise ValueError("not a field")
            value, at = message[at : at + size], at + size
        yield key >> 3, value


def _packed(values: memoryview) -> list[int]:
    out, at = [], 0
    while at < len(values):
        value, at = _varint(values, at)
        out.append(value)
    return out


def _varint(data: memoryview, at: int) -> tuple[int, int]:
    """Return the number of variable length, at most 64 bits in 10 bytes, that begins at a byte, and the byte after it."""
    value = 0
    for k in range(10):
        byte = data[at + k]
        value |= (byte & 127) << 7 * k
        if byte < 128:
            return value, at + k + 1
    raise ValueError("not a number")
