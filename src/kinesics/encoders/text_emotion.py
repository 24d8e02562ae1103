"""Compare the sentences spoken in a video with a short text per expression (``text_emotion.csv``), by cosine similarity.

Sentences and their vectors are those of ``sentence_embedding``: Whisper tiny.en, English only, and MiniLM. To compare with
texts that describe a class is zero-shot classification (Yin et al. 2019, arXiv:1909.00161); our texts were written once.
"""

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pandas as pd

from kinesics.encoders import sentence_embedding, transcription
from kinesics.encoders.base import TextNetwork
from kinesics.encoders.fer import LABELS
from kinesics.io.package_data import package_file
from kinesics.media.streams import AS_IT_COMES, ReadOptions

SILENCE = ""  # the text of the row at which a sentence ends before another begins


def utterances(
    video: str | Path, weights: str | Path, options: ReadOptions = AS_IT_COMES
) -> Iterator[tuple[float, str]]:
    """Yield (time_s, text) of what is spoken from then on, until the next row."""
    until_s = 0.0
    for start_s, end_s, text in transcription.transcribe(video, sentence_embedding.recogniser_folder(weights), options):
        if start_s > until_s > 0:
            yield until_s, SILENCE
        yield start_s, text
        until_s = end_s
    if until_s > 0:
        yield until_s, SILENCE


def load(weights: Path) -> Callable[[list[str]], np.ndarray]:
    """Return the function from N texts to float32 (N, 7): cosines in the order of ``LABELS``; 0 for ``SILENCE``."""
    embed = sentence_embedding.load(weights)
    descriptions = pd.read_csv(package_file("kinesics.encoders", "text_emotion.csv"), index_col="expression")["text"]
    expressions = embed(descriptions[list(LABELS)].tolist())

    def encode(texts: list[str]) -> np.ndarray:
        return embed(texts) @ expressions.T * np.array([[text != SILENCE] for text in texts], np.float32)

    return encode


ENCODER = TextNetwork(load=load, rate_hz=1.0, utterances=utterances)  # the rate is nominal: rows are begins and ends
