"""What is said: Whisper writes it down, and a network of texts turns each sentence into numbers.

Speech to text is Whisper tiny.en (Radford et al. 2023, arXiv:2212.04356) in CTranslate2's format, run by faster-whisper:
small, English only, and it invents words where nobody speaks, so segments that it holds for silence are left out. The
sentences' tokens are those of all-MiniLM-L6-v2 (Wang et al. 2020, MiniLM, arXiv:2002.10957; Reimers and Gurevych 2019,
Sentence-BERT, arXiv:1908.10084): the mean of the last tokens, of length 1. Weights: MIT (Whisper) and Apache-2.0.
"""

from collections.abc import Callable, Iterator
from functools import lru_cache
from pathlib import Path

import numpy as np
import torch
from faster_whisper import WhisperModel
from transformers import AutoTokenizer, BertModel

from kinesics import KinesicsError
from kinesics.encoders import hub
from kinesics.files import one_line
from kinesics.video import sound

CROPS = ()
MARGIN = 0.0
RATE_HZ = 1.0  # sentences come as they are spoken
WEIGHTS = "minilm"
HEARS = "whisper-tiny-en"  # the source of the speech recogniser, in a folder beside that of the weights

_SILENCE = 0.6  # chance of silence above which a segment is left out: faster-whisper's own
_LONGEST = 256  # word pieces the network was trained on


def transcribe(video: str | Path, weights: str | Path) -> list[tuple[float, float, str]]:
    """Return (start_s, end_s, text) of what is spoken in a video, by the speech recogniser in the folder ``weights``.

    Greedy and at temperature 0: the same sound gives the same words. Raises KinesicsError for a video without sound and
    for weights that are missing or none.
    """
    network = _recogniser(Path(weights))
    # Without the times of words, a sentence begins where the one before ended, however long the pause.
    segments, _ = network.transcribe(sound(video), language="en", beam_size=1, temperature=0.0, word_timestamps=True)
    heard = [s for s in segments if s.no_speech_prob < _SILENCE and s.text.strip()]
    return [(float(s.start), float(s.end), s.text.strip()) for s in heard]


@lru_cache(maxsize=1)
def _recogniser(folder: Path) -> WhisperModel:
    if not (folder / "model.bin").is_file():
        raise KinesicsError(f"{folder}: no speech recogniser; get it with: kinesics fetch {HEARS}")
    try:
        return WhisperModel(str(folder), device="cpu", compute_type="int8", cpu_threads=1, local_files_only=True)
    except (RuntimeError, ValueError, OSError) as error:
        raise KinesicsError(f"{folder}: not a speech recogniser of CTranslate2: {one_line(error)}") from None


def sentences(video: str | Path, weights: str | Path) -> Iterator[tuple[float, str]]:
    """Yield (start_s, text) of what is spoken; the recogniser lies beside the folder of ``weights``."""
    for start_s, _, text in transcribe(video, beside(weights)):
        yield start_s, text


def beside(weights: str | Path) -> Path:
    """Return the folder of the speech recogniser, beside that of ``weights``, a file or its folder."""
    folder = Path(weights).resolve()
    return (folder if folder.is_dir() else folder.parent).parent / HEARS


def load(weights: Path) -> Callable[[list[str]], np.ndarray]:
    """Return the function from N texts to float32 (N, 384), each of length 1; ``weights`` is a file of their folder."""
    torch.set_num_threads(1)
    folder = weights if weights.is_dir() else weights.parent
    network = hub.pretrained(folder, {"bert": BertModel})
    try:
        pieces = AutoTokenizer.from_pretrained(folder, local_files_only=True)
    except (OSError, ValueError) as error:  # JSON that is none is a ValueError
        raise KinesicsError(f"{folder}: its tokenizer cannot be loaded: {one_line(error)}; fetch it again") from None

    @torch.inference_mode()
    def encode(texts: list[str]) -> np.ndarray:
        given = pieces(texts, padding=True, truncation=True, max_length=_LONGEST, return_tensors="pt").to(hub.device())
        tokens, real = network(**given).last_hidden_state.float(), given["attention_mask"][..., None]
        mean = (tokens * real).sum(1) / real.sum(1)
        return torch.nn.functional.normalize(mean, dim=1).cpu().numpy()

    return encode
