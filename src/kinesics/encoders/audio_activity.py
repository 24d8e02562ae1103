"""What is heard: the chance of speech, and how loud it is, altogether and in bands, a tenth of a second at a time.

Speech is told by Silero VAD v6 (Silero Team, github.com/snakers4/silero-vad) in the form that faster-whisper carries, from
the tenth of a second and the quarter before it. Loudness is the logarithm of the mean power, in bels (10 dB): of the whole
tenth, and of ``BANDS`` bands between ``LOWEST_HZ`` and half of the sampling rate, whose edges are equally far apart in mel
(O'Shaughnessy 1987, Speech Communication). Weights: MIT.
"""

from collections.abc import Callable
from pathlib import Path

import numpy as np
from faster_whisper.vad import SileroVADModel

from kinesics.errors import KinesicsError
from kinesics.io.files import one_line
from kinesics.media.audio import SOUND_HZ

CROPS = ()
MARGIN = 0.0
RATE_HZ = 10.0
SPAN_S = 0.512  # half of it lies before the instant
WEIGHTS = "silero-vad"

BANDS = 4
LOWEST_HZ = 80.0  # below are rumble and hum
SILENCE = 1e-8  # power of full scale, -80 dB: below it nothing is heard

_CHUNK = 512  # samples of which the network says whether they are speech
_BEFORE, _NOW = 8, 3  # chunks before the instant, and from then on
_TENTH = SOUND_HZ // 10


def load(weights: Path) -> Callable[[np.ndarray], np.ndarray]:
    """Return the function from sounds, float32 (N, 8192), to float32 (N, 2 + BANDS): the chance of speech, and loudness.

    Raises KinesicsError for another file. The same sound gives the same numbers: the network starts anew in each.
    """
    try:
        speech = SileroVADModel(str(weights))
        speech(np.zeros(_CHUNK, np.float32))  # another network fails when it is asked
    except Exception as error:  # onnxruntime has an exception of its own for every reason
        raise KinesicsError(f"{weights}: not Silero VAD: {one_line(error)}") from None
    window = np.hanning(_TENTH)
    edges = _hertz(np.linspace(_mel(LOWEST_HZ), _mel(SOUND_HZ / 2), BANDS + 1))
    band = np.digitize(np.fft.rfftfreq(_TENTH, 1 / SOUND_HZ), edges[:-1]) - 1  # -1 below the lowest

    def encode(sounds: np.ndarray) -> np.ndarray:
        return np.stack([[chance(wave), *loudness(wave)] for wave in sounds]).astype(np.float32)

    def chance(wave: np.ndarray) -> float:
        # faster-whisper blanks the end of what it is given, in place: a chunk more than is used, and a copy
        said = speech(wave[: (_BEFORE + _NOW + 1) * _CHUNK].copy())
        return float(said[_BEFORE : _BEFORE + _NOW].mean())

    def loudness(wave: np.ndarray) -> np.ndarray:
        now = wave[_BEFORE * _CHUNK :][:_TENTH].astype(np.float64)
        spectrum = np.abs(np.fft.rfft(now * window)) ** 2 * (2 / (_TENTH * (window**2).sum()))
        power = [np.mean(now**2), *np.bincount(band[band >= 0], spectrum[band >= 0], BANDS)]
        return np.log10(np.maximum(power, SILENCE))

    return encode


def _mel(hertz: np.ndarray | float) -> np.ndarray | float:
    return 2595 * np.log10(1 + hertz / 700)


def _hertz(mel: np.ndarray) -> np.ndarray:
    return 700 * (10 ** (mel / 2595) - 1)
