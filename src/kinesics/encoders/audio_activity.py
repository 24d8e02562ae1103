"""Compute the probability of speech and the loudness, overall and in bands, of each tenth of a second.

The probability is that of Silero VAD v6 (``encoders.silero``), from the tenth of a second and the quarter before it.
Loudness is the logarithm of the mean power, in bels (10 dB): of the whole tenth, and of ``BANDS`` bands between ``LOWEST_HZ``
and half of the sampling rate, whose edges are equally far apart in mel (O'Shaughnessy 1987, Speech Communication).

Weights: MIT.
"""

from collections.abc import Callable
from pathlib import Path

import numpy as np

from kinesics.encoders.base import AudioNetwork
from kinesics.encoders.silero import CHUNK, SileroVAD
from kinesics.media.audio import SOUND_HZ

BANDS = 4
LOWEST_HZ = 80.0  # below are rumble and hum
SILENCE = 1e-8  # power of full scale, -80 dB: less counts as this

_BEFORE, _NOW = 8, 3  # chunks before the instant, and from then on
_TENTH = SOUND_HZ // 10


def load(weights: Path) -> Callable[[np.ndarray], np.ndarray]:
    """Return the function from audio, float32 (N, 8192), to float32 (N, 2 + BANDS): probability of speech, and loudness.

    The same audio gives the same numbers: the network's state is reset for each window. Raises KinesicsError for a damaged
    file and for another network.
    """
    network = SileroVAD(weights)
    window = np.hanning(_TENTH)
    edges = _hertz(np.linspace(_mel(LOWEST_HZ), _mel(SOUND_HZ / 2), BANDS + 1))
    band = np.digitize(np.fft.rfftfreq(_TENTH, 1 / SOUND_HZ), edges[:-1]) - 1  # -1 below the lowest

    def encode(audio: np.ndarray) -> np.ndarray:
        return np.stack([[speech_probability(wave), *loudness(wave)] for wave in audio]).astype(np.float32)

    def speech_probability(wave: np.ndarray) -> float:
        return float(network(wave[: (_BEFORE + _NOW) * CHUNK])[_BEFORE:].mean())

    def loudness(wave: np.ndarray) -> np.ndarray:
        now = wave[_BEFORE * CHUNK :][:_TENTH].astype(np.float64)
        spectrum = np.abs(np.fft.rfft(now * window)) ** 2 * (2 / (_TENTH * (window**2).sum()))
        power = [np.mean(now**2), *np.bincount(band[band >= 0], spectrum[band >= 0], BANDS)]
        return np.log10(np.maximum(power, SILENCE))

    return encode


def _mel(hertz: np.ndarray | float) -> np.ndarray | float:
    return 2595 * np.log10(1 + hertz / 700)


def _hertz(mel: np.ndarray) -> np.ndarray:
    return 700 * (10 ** (mel / 2595) - 1)


ENCODER = AudioNetwork(load=load, rate_hz=10.0, span_s=0.512)  # half of the window lies before the instant
