"""Spoken lines with known text and time, and the mouth that speaks them.

Voices are those of eSpeak NG (https://github.com/espeak-ng/espeak-ng), a formant synthesiser that says when each phoneme
begins. ``sentences.csv`` is what may be said, a row a sentence with its emotion; ``visemes.csv`` is what the mouth does:
the groups of English phonemes that look alike are those of MPEG-4 (ISO/IEC 14496-2; Tekalp and Ostermann 2000,
doi:10.1016/S0923-5965(99)00055-7), their shapes as ARKit's facial actions are our own.
"""

import _ctypes
import ctypes
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache

import espeakng_loader
import numpy as np
import pandas as pd

from kinesics.errors import KinesicsError
from kinesics.io.package_data import package_file

#: Samples a second of eSpeak NG's voices.
RATE_HZ = 22050
#: The voices that say the same samples each time: eSpeak NG's breathy ones do not. ``True`` is female.
VOICES = {
    False: ("m1", "m3", "m4", "m7", "john", "Lee", "Andy"),
    True: ("f1", "f4", "Annie", "linda", "steph", "belinda"),
}
#: Half the time over which a mouth blends neighbouring phonemes, seconds.
BLEND_S = 0.06
#: How loud a line is against full scale.
LOUDNESS = 0.5

with package_file("kinesics.synthetic", "sentences.csv").open(encoding="utf-8") as _file:
    #: Columns emotion (a display of ``labels.csv``, or neutral) and text.
    SENTENCES = pd.read_csv(_file)
with package_file("kinesics.synthetic", "visemes.csv").open(encoding="utf-8") as _file:
    _table = pd.read_csv(_file).fillna({"phonemes": ""})
#: The facial actions of the mouth that speaks, and what each phoneme of eSpeak NG asks of them.
MOUTH_ACTIONS = tuple(_table.columns[2:])
MOUTH = {phoneme: row[2:].to_numpy(float) for _, row in _table.iterrows() for phoneme in str(row["phonemes"]).split()}


@dataclass(frozen=True)
class Speech:
    """A line as it sounds: ``audio`` int16 (N,) at RATE_HZ; ``phonemes``, when each begins, and its mouth."""

    audio: np.ndarray
    phonemes: tuple[str, ...]
    starts_s: np.ndarray  # (P,)
    shapes: np.ndarray  # (P, len(MOUTH_ACTIONS))

    @property
    def spoken_s(self) -> tuple[float, float]:
        """Seconds into the line at which the first sound begins and the last one ends."""
        voiced = [k for k, phoneme in enumerate(self.phonemes) if not phoneme.startswith("_")]
        ends = np.append(self.starts_s[1:], len(self.audio) / RATE_HZ)
        return float(self.starts_s[voiced[0]]), float(ends[voiced[-1]])

    def mouth(self, time_s: float) -> np.ndarray:
        """Return the mouth's facial actions, (len(MOUTH_ACTIONS),), ``time_s`` into the line.

        Neighbouring phonemes blend under a triangular window, a simple form of the dominance functions of Cohen and
        Massaro (1993, doi:10.1007/978-4-431-66911-1_13). Outside of the line the mouth is at rest, all zero.
        """
        offsets = np.linspace(-1, 1, 9)
        times = time_s + offsets * BLEND_S
        place = np.searchsorted(self.starts_s, times, side="right") - 1
        inside = (place >= 0) & (times < len(self.audio) / RATE_HZ)
        return ((1 - np.abs(offsets)) * inside / (1 - np.abs(offsets)).sum()) @ self.shapes[place.clip(0)]


def shape(phoneme: str) -> np.ndarray:
    """Return what a phoneme of eSpeak NG asks of MOUTH_ACTIONS. Raises KinesicsError if the table has it not."""
    name = phoneme.strip("',%=|")
    if name.startswith("_"):
        return np.zeros(len(MOUTH_ACTIONS))
    if name not in MOUTH:
        raise KinesicsError(f"visemes.csv has no mouth shape for the phoneme {name!r}: add it to a row's phonemes")
    return MOUTH[name]


@cache
def say(text: str, voice: str, pitch: int, words_a_minute: int) -> Speech:
    """Let a voice of VOICES say a text at a pitch (0 to 100, eSpeak NG's scale) and speed; the same samples each time."""
    audio: list[np.ndarray] = []
    sounds: list[tuple[float, str]] = []

    @_CALLBACK
    def hear(samples, count, events):
        if samples and count > 0:
            audio.append(np.ctypeslib.as_array(samples, (count,)).copy())
        k = 0
        while events[k].type:
            if events[k].type == _PHONEME:
                sounds.append((events[k].sample / RATE_HZ, events[k].id.string.decode()))
            k += 1
        return 0

    with _library() as espeak:
        espeak.espeak_SetSynthCallback(hear)
        if espeak.espeak_SetVoiceByName(f"en-us+{voice}".encode()):
            raise KinesicsError(f"eSpeak NG has no voice en-us+{voice}; choose one of VOICES")
        espeak.espeak_SetParameter(_SPEED, words_a_minute, 0)
        espeak.espeak_SetParameter(_PITCH, pitch, 0)
        raw = text.encode()
        if espeak.espeak_Synth(raw, len(raw) + 1, 0, _CHARACTER, 0, _UTF8, None, None):
            raise KinesicsError(f"eSpeak NG cannot say {text!r}")
    if not audio or not sounds:
        raise KinesicsError(f"eSpeak NG says nothing for {text!r}: give it words")
    starts, phonemes = zip(*sounds, strict=True)
    return Speech(np.concatenate(audio), phonemes, np.array(starts), np.stack([shape(name) for name in phonemes]))


def soundtrack(utterances: Iterable[tuple[float, Speech]], start_s: float, stop_s: float) -> np.ndarray:
    """Return what is heard in [start_s, stop_s): int16 at RATE_HZ. ``utterances`` are the time each begins, and its speech."""
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
def _library() -> Iterator[ctypes.CDLL]:
    """Give eSpeak NG freshly loaded: how it says a line depends on what it said since it was loaded."""
    espeak = ctypes.CDLL(espeakng_loader.get_library_path())
    try:
        data = espeakng_loader.get_data_path().encode()
        if espeak.espeak_Initialize(_SYNCHRONOUS, 0, data, _PHONEME_EVENTS | _NO_EXIT) != RATE_HZ:
            raise KinesicsError(f"{espeakng_loader.get_data_path()}: eSpeak NG does not start; install it again")
        yield espeak
        espeak.espeak_Terminate()
    finally:
        _ctypes.dlclose(espeak._handle)
