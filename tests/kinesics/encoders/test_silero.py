"""Silero VAD in numpy gives the probabilities of the ONNX runtime, and refuses other files."""

import numpy as np
import pytest
from scipy.signal import resample_poly

from kinesics.encoders.silero import CHUNK, CONTEXT, SileroVAD
from kinesics.errors import KinesicsError
from kinesics.media.audio import SOUND_HZ
from kinesics.synthetic.speech import RATE_HZ, synthesize


def test_the_probabilities_are_those_of_the_onnx_runtime(source):
    onnxruntime = pytest.importorskip("onnxruntime")
    speech = synthesize("I passed the exam with full marks!", "f1", 50, 150).audio / 32768
    audio = np.append(resample_poly(speech, SOUND_HZ, RATE_HZ), np.zeros(SOUND_HZ)).astype(np.float32)  # and silence
    chunks = audio[: len(audio) // CHUNK * CHUNK].reshape(-1, CHUNK)
    before = np.vstack([np.zeros((1, CONTEXT), np.float32), chunks[:-1, -CONTEXT:]])
    session = onnxruntime.InferenceSession(str(source("silero-vad")), providers=["CPUExecutionProvider"])
    state = np.zeros((1, 1, 128), np.float32)
    expected = session.run(None, {"input": np.hstack([before, chunks]), "h": state, "c": state})[0].ravel()
    assert expected.min() < 0.2 < 0.9 < expected.max()
    np.testing.assert_allclose(SileroVAD(source("silero-vad"))(audio[: chunks.size]), expected, atol=1e-4)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"no network",
        b"\x3a\x05\x2a\x03\x08\x01\x42",
        bytes(range(256)),
        pytest.param(b"\x80" * 2_000_000, id="a number without end"),
    ],
)
def test_other_files_are_refused(tmp_path, content):
    (tmp_path / "w.onnx").write_bytes(content)
    with pytest.raises(KinesicsError, match=r"w\.onnx: not Silero VAD, or damaged"):
        SileroVAD(tmp_path / "w.onnx")


def test_a_file_cut_off_is_refused(source, tmp_path):
    (tmp_path / "w.onnx").write_bytes(source("silero-vad").read_bytes()[:600_000])
    with pytest.raises(KinesicsError, match="not Silero VAD, or damaged"):
        SileroVAD(tmp_path / "w.onnx")
