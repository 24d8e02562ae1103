"""Keep every raw response in a file named by its request's hash: a second run costs nothing, an interrupted one resumes."""

import hashlib
import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from kinesics.errors import KinesicsError
from kinesics.io.files import write_json
from kinesics.vlm.base import PendingError
from kinesics.vlm.cost_estimate import UsageCounts


class ResponseCache:
    """A ``VisionLanguageModel`` made of a function that sends a request.

    ``identity`` is what else an answer depends on, as JSON: the endpoint, the model, its settings. ``send`` takes the
    messages and returns the raw response as JSON; ``read`` returns its answer, or raises RefusedError. The files are
    ``<folder>/<xx>/<SHA-256 of the request>.json``, with the request (images by their SHA-256) and the response. A
    request that is repeated in the same run is another one, for models differ from time to time: its number is part of
    the hash. In a dry run nothing is sent: a request without a kept response is added to ``counts`` and raises
    PendingError.
    """

    def __init__(
        self,
        identity: dict,
        send: Callable[[list[dict]], dict],
        read: Callable[[dict], str],
        folder: str | Path,
        counts: UsageCounts | None = None,
    ):
        self.identity, self.folder, self.sent, self.cached = identity, Path(folder), 0, 0
        self._send, self._read, self._counts = send, read, counts
        self._repeats = Counter()

    def __call__(self, messages: list[dict]) -> str:
        """Return the answer. Raises RefusedError, PendingError, or KinesicsError for a kept file that is damaged."""
        request = self.identity | {"messages": messages}
        digest = _sha256(json.dumps(request, sort_keys=True, ensure_ascii=False))
        numbered = _sha256(f"{digest} {self._repeats[digest]}")
        self._repeats[digest] += 1
        path = self.folder / numbered[:2] / f"{numbered}.json"
        if path.exists():
            response = _load(path)
            self.cached += 1
        elif self._counts is not None:
            self._counts.add(messages)
            raise PendingError
        else:
            response = self._respond(messages)
            write_json(path, {"request": _hash_images(request), "response": response})
            self.sent += 1
        return self._read(response)

    def _respond(self, messages: list[dict]) -> dict:
        try:
            return self._send(messages)
        except KinesicsError as error:
            if not self.sent + self.cached:
                raise
            raise KinesicsError(
                f"{error}; earlier responses are kept in {self.folder}: run it again to go on"
            ) from None


def _load(path: Path) -> dict:
    try:
        return json.loads(path.read_text(encoding="utf-8"))["response"]
    except (ValueError, LookupError, TypeError) as error:
        raise KinesicsError(f"{path}: not a kept response, or damaged: {error}; delete it to query again") from None


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _hash_images(value: object) -> object:
    """Return a request with the SHA-256 of each data URL in its place: images would be most of the folder."""
    if isinstance(value, dict):
        return {key: _hash_images(part) for key, part in value.items()}
    if isinstance(value, list):
        return [_hash_images(part) for part in value]
    return f"sha256:{_sha256(value)}" if isinstance(value, str) and value.startswith("data:") else value
