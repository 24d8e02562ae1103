"""The probability of speech and the loudness: of speech, silence and a tone."""

import numpy as np
import pytest
from scipy.signal import resample_poly
from support.clips import numbered, write_video

from kinesics.encoders import audio_activity
from kinesics.encoders.extract import encode_sound
from kinesics.media.audio import SOUND_HZ
from kinesics.structures import features
from kinesics.synthetic.speech import RATE_HZ, synthesize


def test_speech_is_distinguished_from_silence_and_a_tone(source, tmp_path):
    """Two seconds each of an utterance, of silence, and of 440 Hz, half of it as loud."""
    speech = synthesize("I passed the exam with full marks!", "f1", 50, 150).audio / 32768
    speech = resample_poly(speech, SOUND_HZ, RATE_HZ)[: 2 * SOUND_HZ]
    wave = np.zeros(6 * SOUND_HZ)
    wave[: len(speech)] = speech
    tone = 0.2 * np.sin(2 * np.pi * 440 * np.arange(2 * SOUND_HZ) / SOUND_HZ)
    wave[4 * SOUND_HZ : 5 * SOUND_HZ] = tone[:SOUND_HZ]
    wave[5 * SOUND_HZ :] = tone[SOUND_HZ:] / 2
    video = write_video(tmp_path / "v.mp4", numbered(30) * 2, 10, audio=wave)
    encode_sound(video, "audio_activity", source("silero-vad"), tmp_path / "f", progress=False)
    written = features.read_features(tmp_path / "f").crops["sound"]
    np.testing.assert_allclose(written.time_s, np.arange(60) / 10)
    spoken, silent, loud, soft = (written.tokens[a:b] for a, b in ((2, 16), (23, 37), (43, 48), (53, 57)))
    assert spoken[:, 0].mean() > 0.8
    assert max(silent[:, 0].max(), loud[:, 0].max(), soft[:, 0].max()) < 0.2
    assert (silent[:, 1:] < -6).all()
    # A sine of amplitude a has the power a^2 / 2; half of it is 6 dB less.
    np.testing.assert_allclose(loud[:, 1], np.log10(0.2**2 / 2), atol=0.05)
    np.testing.assert_allclose(loud[:, 1].mean() - soft[:, 1].mean(), 2 * np.log10(2), atol=0.03)
    # It lies in the lowest band.
    np.testing.assert_allclose(loud[:, 2], loud[:, 1], atol=0.05)
    assert (loud[:, 3:] < loud[:, 2:3] - 2).all()


def test_bands_cover_the_audible_range_once():
    edges = audio_activity._hertz(
        np.linspace(
            audio_activity._mel(audio_activity.LOWEST_HZ), audio_activity._mel(SOUND_HZ / 2), audio_activity.BANDS + 1
        )
    )
    np.testing.assert_allclose(edges[[0, -1]], [audio_activity.LOWEST_HZ, SOUND_HZ / 2])
    assert audio_activity._mel(1000.0) == pytest.approx(1000, abs=1)
    assert (np.diff(edges, 2) > 0).all()  # wider where pitch is perceived less finely
