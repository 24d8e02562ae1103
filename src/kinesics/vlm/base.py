"""The contract of a model that is queried, and the errors that a query may raise."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

#: Maps the messages of a request to the text of the answer. ``messages`` is the list that OpenAI's chat completions take:
#: one message of the user whose content alternates text with images as data URLs.
Answer = Callable[[list[dict]], str]


class RefusedError(Exception):
    """The model, or a filter before it, refuses to answer this request."""


class TooLargeError(RefusedError):
    """The request is larger than the server, a proxy before it or the model takes."""


class PendingError(Exception):
    """The request has not been sent: a dry run."""


class VisionLanguageModel(Protocol):
    """A model behind an endpoint or on this machine whose responses are kept on disk. It is an ``Answer``."""

    @property
    def identity(self) -> dict[str, Any]:
        """What an answer depends on besides the messages, as JSON: ``model``, its settings, its endpoint or weights."""
        ...

    @property
    def folder(self) -> Path:
        """The folder of the kept responses."""
        ...

    @property
    def sent(self) -> int:
        """The number of requests sent to the model."""
        ...

    @property
    def cached(self) -> int:
        """The number of requests whose response was kept before."""
        ...

    def __call__(self, messages: list[dict]) -> str:
        """Return the text of the answer. Raises RefusedError, PendingError, or KinesicsError without a usable response."""
        ...


@dataclass(frozen=True)
class RateLimits:
    """The most requests and tokens per minute; None: no limit."""

    requests_per_minute: float | None = None
    tokens_per_minute: float | None = None
