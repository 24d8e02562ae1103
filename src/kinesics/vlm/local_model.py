"""Query VideoLLaMA 3 on this machine with the same text and images as a model behind an endpoint."""

import re
import shlex
from functools import cache
from pathlib import Path

import numpy as np

from kinesics.encoders.registry import ENCODERS
from kinesics.errors import KinesicsError
from kinesics.io.files import sha256
from kinesics.vlm.base import VisionLanguageModel
from kinesics.vlm.cost_estimate import UsageCounts
from kinesics.vlm.messages import unpack_messages
from kinesics.vlm.openai_client import PARAMETERS
from kinesics.vlm.response_cache import ResponseCache


def open_videollama3(
    weights: str | Path,
    folder: str | Path,
    *,
    max_tokens: int = PARAMETERS["max_tokens"],
    counts: UsageCounts | None = None,
) -> VisionLanguageModel:
    """Return VideoLLaMA 3 as ``answer(messages) -> text``, its responses kept in ``folder`` by the weights' SHA-256.

    Its prompt holds one video, so that a request must be about one clip or window: a batch of 1. The prompt gives the
    time of each frame: the name that precedes the image, or else its number, as at the one frame a second of the paper.
    The network is loaded for the first request without a kept response.

    In a dry run, which adds to ``counts``, the weights may be missing; then no kept response is found. Raises
    KinesicsError for weights that are missing or not its own.
    """
    from kinesics.encoders import pretrained

    try:
        weights = pretrained.hub_folder(weights, download=counts is None)
    except KinesicsError:
        if counts is None:
            raise
    files = {path.name: sha256(path) for path in sorted(Path(weights).glob("*.safetensors"))}
    if counts is None and not files:
        repository = ENCODERS["videollama3_2b"]["weights"]
        command = f"hf download {repository} --local-dir {shlex.quote(str(weights))}"
        raise KinesicsError(f"{weights}: holds no weights; run: {command}")

    @cache
    def network():
        from kinesics.encoders.videollama3 import answerer

        return answerer(weights, max_tokens)

    def send(messages: list[dict]) -> dict:
        question, images = unpack_messages(messages)
        matches = [re.fullmatch(r"([\d.]+) s", name) for name, _ in images]
        times_s = [float(match[1]) if match else float(k) for k, match in enumerate(matches)]
        return {"text": network()(np.stack([image for _, image in images]), times_s, question)}

    identity = {"model": "videollama3", "weights": files, "max_tokens": max_tokens}
    return ResponseCache(identity, send, lambda response: response["text"], folder, counts)
