"""VideoLLaMA 3 on this machine, asked in the same words about the same pictures as a model behind an endpoint."""

import re
from functools import cache
from pathlib import Path

import numpy as np

from kinesics.encoders.registry import ENCODERS
from kinesics.errors import KinesicsError
from kinesics.io.files import sha256
from kinesics.vlm.cost_estimate import UsageTally
from kinesics.vlm.messages import unpacked
from kinesics.vlm.openai_client import PARAMETERS
from kinesics.vlm.response_cache import ResponseCache


def open_videollama3(
    weights: str | Path,
    folder: str | Path,
    *,
    most_tokens: int = PARAMETERS["max_tokens"],
    tally: UsageTally | None = None,
) -> ResponseCache:
    """Return VideoLLaMA 3 as ``answer(messages) -> text``, its answers kept in ``folder`` by the weights' SHA-256.

    Its prompt holds one video, so that a request must be about one clip or window: a batch of 1. It names the time of
    each frame: the one that stands before the picture, or else its number, as at the one frame a second of the paper.
    The network is loaded for the first request without a kept answer.

    In a dry run, which counts into ``tally``, the weights need not be there; then no kept answer is found. Raises
    KinesicsError for weights that are missing or not its own.
    """
    from kinesics.encoders import pretrained

    try:
        weights = pretrained.hub_folder(weights, download=tally is None)
    except KinesicsError:
        if tally is None:
            raise
    files = {path.name: sha256(path) for path in sorted(Path(weights).glob("*.safetensors"))}
    if tally is None and not files:
        known = ENCODERS["videollama3_2b"]["weights"]
        raise KinesicsError(f"{weights}: holds no weights; run: hf download {known} --local-dir {weights}")

    @cache
    def model():
        from kinesics.encoders.videollama3 import answerer

        return answerer(weights, most_tokens)

    def send(messages: list[dict]) -> dict:
        question, pictures = unpacked(messages)
        times = [re.fullmatch(r"([\d.]+) s", name) for name, _ in pictures]
        times_s = [float(found[1]) if found else float(k) for k, found in enumerate(times)]
        return {"text": model()(np.stack([picture for _, picture in pictures]), times_s, question)}

    identity = {"model": "videollama3", "weights": files, "max_tokens": most_tokens}
    return ResponseCache(identity, send, lambda response: response["text"], folder, tally)
