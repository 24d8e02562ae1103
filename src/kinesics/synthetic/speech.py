"""Synthesize utterances with known text and phoneme times, and the mouth movements that go with them.

Voices are those of eSpeak NG (https://github.com/espeak-ng/espeak-ng), a formant synthesiser that reports when each
phoneme begins. ``sentences.csv`` lists the sentences, one per row with its emotion. ``visemes.csv`` gives each viseme its
phonemes and its mouth shape: the groups of English phonemes that look alike are those of MPEG-4 (ISO/IEC 14496-2; Tekalp
and Ostermann 2000, doi:10.1016/S0923-5965(99)00055-7), their shapes as ARKit's facial actions are our own.
"""

import _ctypes
import ctypes
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache

import numpy as np
import pandas as pd

from kinesics.errors import KinesicsError
from kinesics.io.package_data import package_file

#: Sampling rate of eSpeak NG's voices.
RATE_HZ = 22050
#: Whether female -> the voices that give the same samples each time, which eSpeak NG's breathy ones do not.
VOICES = {
    False: ("m1", "m3", "m4", "m7", "john", "Lee", "Andy"),
    True: ("f1", "f4", "Annie", "linda", "steph", "belinda"),
}
#: Half the time over which a mouth blends neighbouring phonemes, seconds.
BLEND_S = 0.06
#: Gain of an utterance in a soundtrack.
LOUDNESS = 0.5

with package_file("kinesics.synthetic", "sentences.csv").open(encoding="utf-8") as _file:
    #: Columns emotion (a label of the family emotion, or neutral) and text.
    SENTENCES = pd.read_csv(_file)
with package_file("kinesics.synthetic", "visemes.csv").open(encoding="utf-8") as _file:
    _table = pd.read_csv(_file).fillna({"phonemes": ""})
#: The facial actions that speech moves.
MOUTH_ACTIONS = tuple(_table.columns[2:])
#: Phoneme of eSpeak NG -> values of MOUTH_ACTIONS.
MOUTH_SHAPES = {
    phoneme: row[2:].to_numpy(float) for _, row in _table.iterrows() for phoneme in str(row["phonemes"]).split()
}


@dataclass(frozen=True)
class Speech:
    """A synthesized utterance with its P phonemes."""

    audio: np.ndarray  # (N,) int16 at RATE_HZ
    phonemes: tuple[str, ...]
    starts_s: np.ndarray  # (P,) when each phoneme begins
    shapes: np.ndarray  # (P, len(MOUTH_ACTIONS)) the mouth shape of each phoneme

    @property
    def voiced_s(self) -> tuple[float, float]:
        """Seconds into the audio at which the first phoneme that is not a pause begins and the last one ends."""
        voiced = [k for k, phoneme in enumerate(self.phonemes) if not phoneme.startswith("_")]
        ends = np.append(self.starts_s[1:], len(self.audio) / RATE_HZ)
        return float(self.starts_s[voiced[0]]), float(ends[voiced[-1]])

    def mouth(self, time_s: float) -> np.ndarray:
        """Return the values of MOUTH_ACTIONS, (len(MOUTH_ACTIONS),), ``time_s`` into the audio.

        Neighbouring phonemes blend under a triangular window, a simple form of the dominance functions of Cohen and
        Massaro (1993, doi:10.1007/978-4-431-66911-1_13). Before and after the audio the mouth is at rest: 0.
        """
        offsets = np.linspace(-1, 1, 9)
        times = time_s + offsets * BLEND_S
        place = np.searchsorted(self.starts_s, times, side="right") - 1
        inside = (place >= 0) & (times < len(self.audio) / RATE_HZ)
        return ((1 - np.abs(offsets)) * inside / (1 - np.abs(offsets)).sum()) @ self.shapes[place.clip(0)]


def mouth_shape(phoneme: str) -> np.ndarray:
    """Return the values of MOUTH_ACTIONS for a phoneme of eSpeak NG. Raises KinesicsError if the table lacks it."""
    name = phoneme.strip("',%=|")
    if name.startswith("_"):
        return np.zeros(len(MOUTH_ACTIONS))
    if name not in MOUTH_SHAPES:
        raise KinesicsError(f"visemes.csv has no mouth shape for the phoneme {name!r}: add it to a row's phonemes")
    return MOUTH_SHAPES[name]


@cache
def synthesize(text: str, voice: str, pitch: int, words_a_minute: int) -> Speech:
    """Synthesize a text with a voice of VOICES, at a pitch (0 to 100, eSpeak NG's scale) and speed.

    The same arguments give the same samples each time. Raises KinesicsError if eSpeak NG fails, and for a text without
    words or with a phoneme that ``visemes.csv`` lacks.
    """
    audio: list[np.ndarray] = []
    phonemes: list[tuple[float, str]] = []

    @_CALLBACK
    def collect(samples, count, events):
        if samples and count > 0:
            audio.append(np.ctypeslib.as_array(samples, (count,)).copy())
        k = 0
        while events[k].type:
            if events[k].type == _PHONEME:
                phonemes.append((events[k].sample / RATE_HZ, events[k].id.string.decode()))
            k += 1
        return 0

    with _load_espeak() as espeak:
        espeak.espeak_SetSynthCallback(collect)
        if espeak.espeak_SetVoiceByName(f"en-us+{voice}".encode()):
            raise KinesicsError(f"eSpeak NG has no voice en-us+{voice}; choose one of VOICES")
        espeak.espeak_SetParameter(_SPEED, words_a_minute, 0)
        espeak.espeak_SetParameter(_PITCH, pitch, 0)
        raw = text.encode()
        if espeak.espeak_Synth(raw, len(raw) + 1, 0, _CHARACTER, 0, _UTF8, None, None):
            raise KinesicsError(f"eSpeak NG cannot synthesize {text!r}")
    if not audio or not phonemes:
        raise KinesicsError(f"eSpeak NG gives no audio for {text!r}: give it words")
    starts, names = zip(*phonemes, strict=True)
    return Speech(np.concatenate(audio), names, np.array(starts), np.stack([mouth_shape(name) for name in names]))


def soundtrack(utterances: Iterable[tuple[float, Speech]], start_s: float, stop_s: float) -> np.ndarray:
    """Return the audio of [start_s, stop_s): int16 at RATE_HZ. ``utterances`` gives the begin of each, and its speech."""
    first, last = round(start_s * RATE_HZ), round(stop_s * RATE_HZ)
    out = np.zeros(last - first, np.float32)
    for begin_s, speech in utterances:
        begin = round(begin_s * RATE_HZ) - first
        low, high = max(begin, 0), min(begin + len(speech.audio), len(out))
        if low < high:
            out[low:high] += LOUDNESS * speech.audio[low - begin : high - begin]
    return out.clip(-32768, 32767).astype(np.int16)


# From espeak-ng/speak_lib.h.
_SYNCHRONOUS, _PHONEME_EVENTS, _NO_EXIT = 2, 0x0001, 0x8000
_CHARACTER, _UTF8, _SPEED, _PITCH, _PHONEME = 1, 1, 1, 3, 7


class _Id(ctypes.Union):
    _fields_ = [("number", ctypes.c_int), ("name", ctypes.c_char_p), ("string", ctypes.c_char * 8)]


class _Event(ctypes.Structure):
    _fields_ = [
        *((name, ctypes.c_int) for name in ("type", "identifier", "text_position", "length", "audio_ms", "sample")),
        ("user_data", ctypes.c_void_p),
        ("id", _Id),
    ]


_CALLBACK = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.POINTER(_Event))


@contextmanager
def _load_espeak() -> Iterator[ctypes.CDLL]:
    """Give eSpeak NG freshly loaded: its samples depend on what it has synthesized since it was loaded."""
    import espeakng_loader  # of the extra `synthetic`, which --help does without

    espeak = ctypes.CDLL(espeakng_loader.get_library_path())
    try:
        data = espeakng_loader.get_data_path().encode()
        if espeak.espeak_Initialize(_SYNCHRONOUS, 0, data, _PHONEME_EVENTS | _NO_EXIT) != RATE_HZ:
            raise KinesicsError(f"{espeakng_loader.get_data_path()}: eSpeak NG does not start; install it again")
        yield espeak
        espeak.espeak_Terminate()
    finally:
        _ctypes.dlclose(espeak._handle)
