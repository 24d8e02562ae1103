"""Embed the sentences spoken in a video: Whisper transcribes them, and MiniLM outputs one vector per sentence.

Speech to text is Whisper tiny.en (Radford et al. 2023, arXiv:2212.04356) in CTranslate2's format, run by faster-whisper:
small, English only, and it invents words where nobody speaks, so segments with a high probability of silence are left
out. The sentences' vectors are those of all-MiniLM-L6-v2 (Wang et al. 2020, MiniLM, arXiv:2002.10957; Reimers and
Gurevych 2019, Sentence-BERT, arXiv:1908.10084): the mean of the last tokens, of length 1. Weights: MIT (Whisper) and
Apache-2.0.
"""

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import torch
from transformers import AutoTokenizer, BertModel

from kinesics.encoders import pretrained
from kinesics.encoders.base import TextNetwork
from kinesics.encoders.transcription import SPEECH_MODEL, transcribe
from kinesics.errors import KinesicsError
from kinesics.io.files import one_line
from kinesics.media.streams import AS_IT_COMES, ReadOptions

_MAX_PIECES = 256  # word pieces of a text that the network was trained on


def utterances(
    video: str | Path, weights: str | Path, options: ReadOptions = AS_IT_COMES
) -> Iterator[tuple[float, str]]:
    """Yield (start_s, text) of the sentences spoken; the speech recogniser lies beside the folder of ``weights``."""
    for start_s, _, text in transcribe(video, recogniser_folder(weights), options):
        yield start_s, text


def recogniser_folder(weights: str | Path) -> Path:
    """Return the folder of the speech recogniser, beside that of ``weights``, a file or its folder."""
    folder = Path(weights).resolve()
    return (folder if folder.is_dir() else folder.parent).parent / SPEECH_MODEL


def load(weights: Path) -> Callable[[list[str]], np.ndarray]:
    """Return the function from N texts to float32 (N, 384), each of length 1; ``weights`` is a file of their folder."""
    torch.set_num_threads(1)
    folder = weights if weights.is_dir() else weights.parent
    network = pretrained.load_pretrained(folder, {"bert": BertModel})
    try:
        tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
    except Exception as error:  # tokenizers raises plain exceptions for damaged files
        raise KinesicsError(f"{folder}: its tokenizer cannot be loaded: {one_line(error)}; fetch it again") from None

    @torch.inference_mode()
    def encode(texts: list[str]) -> np.ndarray:
        pieces = tokenizer(texts, padding=True, truncation=True, max_length=_MAX_PIECES, return_tensors="pt").to(
            pretrained.device()
        )
        tokens, real = network(**pieces).last_hidden_state.float(), pieces["attention_mask"][..., None]
        mean = (tokens * real).sum(1) / real.sum(1)
        return torch.nn.functional.normalize(mean, dim=1).cpu().numpy()

    return encode


ENCODER = TextNetwork(load=load, rate_hz=1.0, utterances=utterances)  # the rate is nominal: rows are sentences
