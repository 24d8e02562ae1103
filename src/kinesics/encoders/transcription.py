"""Transcribe English speech with Whisper."""

from functools import lru_cache
from pathlib import Path

from faster_whisper import WhisperModel

from kinesics.encoders.weights import compared_with_source
from kinesics.errors import KinesicsError
from kinesics.io.files import one_line
from kinesics.media.audio import read_sound
from kinesics.media.streams import AS_IT_COMES, ReadOptions

#: The source of the speech recogniser.
SPEECH_MODEL = "whisper-tiny-en"
_SILENCE = 0.6  # probability of silence above which a segment is left out: faster-whisper's own


def transcribe(
    video: str | Path, weights: str | Path, options: ReadOptions = AS_IT_COMES
) -> list[tuple[float, float, str]]:
    """Return (start_s, end_s, text) of the sentences spoken in a video, by the speech recogniser in the folder ``weights``.

    Greedy and at temperature 0: the same audio gives the same words. Raises KinesicsError for a video without sound and
    for weights that are missing, damaged or of another kind.
    """
    network = _load_recogniser(Path(weights))
    # Without the times of words, a sentence begins where the one before ended, however long the pause.
    segments, _ = network.transcribe(
        read_sound(video, options), language="en", beam_size=1, temperature=0.0, word_timestamps=True
    )
    return [
        (float(segment.start), float(segment.end), segment.text.strip())
        for segment in segments
        if segment.no_speech_prob < _SILENCE and segment.text.strip()
    ]


@lru_cache(maxsize=1)
def _load_recogniser(folder: Path) -> WhisperModel:
    if not (folder / "model.bin").is_file():
        raise KinesicsError(f"{folder}: no speech recogniser; get it with: kinesics fetch {SPEECH_MODEL}")
    with compared_with_source(SPEECH_MODEL, folder):
        try:
            return WhisperModel(str(folder), device="cpu", compute_type="int8", cpu_threads=1, local_files_only=True)
        except Exception as error:  # CTranslate2 and tokenizers raise plain exceptions for damaged files
            raise KinesicsError(f"{folder}: not a speech recogniser of CTranslate2: {one_line(error)}") from None
