"""How near what is said is to each expression: cosines of a sentence's token with those of short texts in ``words.csv``.

Sentences and tokens are those of ``sentence_embedding``: Whisper tiny.en, English only, and MiniLM. To compare with
texts that describe a class is zero-shot classification (Yin et al. 2019, arXiv:1909.00161); our texts were written once.
"""

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pandas as pd

from kinesics.encoders import sentence_embedding, transcription
from kinesics.encoders.fer import LABELS
from kinesics.io.package_data import package_file

CROPS = ()
MARGIN = 0.0
RATE_HZ = 1.0  # rows come as sentences begin and end
WEIGHTS = sentence_embedding.WEIGHTS
SILENCE = ""  # the text of the row at which a sentence ends before another begins


def sentences(video: str | Path, weights: str | Path) -> Iterator[tuple[float, str]]:
    """Yield (time_s, text) of what is said from then on, until the next row."""
    until_s = 0.0
    for start_s, end_s, text in transcription.transcribe(video, sentence_embedding.beside(weights)):
        if start_s > until_s > 0:
            yield until_s, SILENCE
        yield start_s, text
        until_s = end_s
    if until_s > 0:
        yield until_s, SILENCE


def load(weights: Path) -> Callable[[list[str]], np.ndarray]:
    """Return the function from N texts to float32 (N, 7): cosines in the order of ``LABELS``; 0 where nothing is said."""
    tokens = sentence_embedding.load(weights)
    texts = pd.read_csv(package_file("kinesics.encoders", "text_emotion.csv"), index_col="expression")["text"]
    expressions = tokens(texts[list(LABELS)].tolist())

    def encode(said: list[str]) -> np.ndarray:
        return tokens(said) @ expressions.T * np.array([[text != SILENCE] for text in said], np.float32)

    return encode
