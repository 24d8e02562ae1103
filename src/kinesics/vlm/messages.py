"""Encode images and text as the messages of a chat completion: the same input gives the same bytes."""

import base64
import re
from collections.abc import Sequence

import cv2
import numpy as np

#: OpenCV's default, which the released code of Lian et al. uses; fixed, for the images are part of a request's hash.
JPEG_QUALITY = 95

_REASONING = re.compile(r"<think>.*?</think>", re.S)


def data_url(image: np.ndarray, size: int | None = None) -> str:
    """Return an image, uint8 RGB (height, width, 3), as the data URL of a JPEG.

    If it is larger, it is shrunk so that its longer side has ``size`` pixels.
    """
    longer = max(image.shape[:2])
    if size and longer > size:
        height, width = (max(round(side * size / longer), 1) for side in image.shape[:2])
        image = cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA)
    bgr = cv2.cvtColor(image, cv2.COLOR_RGB2BGR)
    _, data = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
    return "data:image/jpeg;base64," + base64.b64encode(data.tobytes()).decode("ascii")


def decode_image(url: str) -> np.ndarray:
    """Return the image of a data URL: uint8 RGB (height, width, 3)."""
    data = np.frombuffer(base64.b64decode(url.partition(",")[2]), np.uint8)
    return cv2.cvtColor(cv2.imdecode(data, cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB)


def make_messages(prompt: str, parts: Sequence[tuple[str, str | None]], detail: str | None = None) -> list[dict]:
    """Return the messages of a request: the prompt, then each part, (name, data URL) of an image or (text, None).

    ``detail`` (low, high, auto) is the resolution at which OpenAI's models read images; Lian et al. did not set it.
    """
    content = [{"type": "text", "text": prompt}]
    for text, url in parts:
        content.append({"type": "text", "text": text})
        if url:
            content.append(
                {"type": "image_url", "image_url": {"url": url, "detail": detail} if detail else {"url": url}}
            )
    return [{"role": "user", "content": content}]


def unpack_messages(messages: list[dict]) -> tuple[str, list[tuple[str, np.ndarray]]]:
    """Return a request's text, one line per part, and its images, each with the name that precedes it."""
    lines, images = [], []
    for part in messages[0]["content"]:
        if part["type"] == "text":
            lines.append(part["text"])
        else:
            images.append((lines.pop(), decode_image(part["image_url"]["url"])))
    return "\n".join(lines), images


def message_text(messages: list[dict]) -> str:
    """Return all text of a request, also the names of images."""
    return "\n".join(part["text"] for part in messages[0]["content"] if part["type"] == "text")


def strip_reasoning(answer: str) -> str:
    """Return an answer without the reasoning that some models write before it between ``<think>`` tags."""
    return _REASONING.sub("", answer)
