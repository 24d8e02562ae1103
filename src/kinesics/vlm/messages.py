"""Pictures and words to the messages of a chat completion: the same input gives the same bytes."""

import base64
from collections.abc import Sequence

import cv2
import numpy as np

#: OpenCV's own, which the released code of Lian et al. takes; fixed, for the pictures are part of a request's address.
JPEG_QUALITY = 95


def data_url(image: np.ndarray, size: int | None = None) -> str:
    """Return a picture, uint8 RGB (height, width, 3), as the data URL of a JPEG.

    Its longer side is shrunk to ``size`` pixels, if given and longer.
    """
    longer = max(image.shape[:2])
    if size and longer > size:
        height, width = (max(round(side * size / longer), 1) for side in image.shape[:2])
        image = cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA)
    bgr = cv2.cvtColor(image, cv2.COLOR_RGB2BGR)
    _, data = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
    return "data:image/jpeg;base64," + base64.b64encode(data.tobytes()).decode("ascii")


def image(url: str) -> np.ndarray:
    """Return the picture of a data URL: uint8 RGB (height, width, 3)."""
    data = np.frombuffer(base64.b64decode(url.partition(",")[2]), np.uint8)
    return cv2.cvtColor(cv2.imdecode(data, cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB)


def message(prompt: str, parts: Sequence[tuple[str, str | None]], detail: str | None = None) -> list[dict]:
    """Return the messages of a request: the prompt, then in turn each (name, data URL) of a picture, or (words, None).

    ``detail`` (low, high, auto) is how closely OpenAI's models look; Lian et al. did not set it.
    """
    content = [{"type": "text", "text": prompt}]
    for words, url in parts:
        content.append({"type": "text", "text": words})
        if url:
            content.append(
                {"type": "image_url", "image_url": {"url": url, "detail": detail} if detail else {"url": url}}
            )
    return [{"role": "user", "content": content}]


def unpacked(messages: list[dict]) -> tuple[str, list[tuple[str, np.ndarray]]]:
    """Return a request's words, a line a part, and its pictures, each with the name that stands before it."""
    words, pictures = [], []
    for part in messages[0]["content"]:
        if part["type"] == "text":
            words.append(part["text"])
        else:
            pictures.append((words.pop(), image(part["image_url"]["url"])))
    return "\n".join(words), pictures


def text(messages: list[dict]) -> str:
    """Return all words of a request."""
    return "\n".join(part["text"] for part in messages[0]["content"] if part["type"] == "text")
