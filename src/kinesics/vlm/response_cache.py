"""Every raw response is a file under its request's address: a second run costs nothing, a killed one goes on."""

import hashlib
import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from kinesics.errors import KinesicsError
from kinesics.io.files import write_json
from kinesics.vlm import PendingError
from kinesics.vlm.cost_estimate import UsageTally


class ResponseCache:
    """A model whose responses are kept: ``answer(messages) -> text``.

    ``identity`` is what else an answer depends on, as JSON: the endpoint, the model, its settings. ``send`` takes the
    messages and returns the raw response as JSON; ``read`` makes the answer of it, or raises RefusedError. The files are
    ``<folder>/<xx>/<SHA-256 of the request>.json``, with the request (pictures by their SHA-256) and the response. A
    request that is put again in the same run is another one, for models differ from time to time: its number is part of
    the address. In a dry run nothing is sent: a request without a kept response is added to ``tally`` and raises
    PendingError.
    """

    def __init__(
        self,
        identity: dict,
        send: Callable[[list[dict]], dict],
        read: Callable[[dict], str],
        folder: str | Path,
        tally: UsageTally | None = None,
    ):
        self.identity, self.folder, self.sent, self.found = identity, Path(folder), 0, 0
        self._send, self._read, self._tally = send, read, tally
        self._put = Counter()

    def __call__(self, messages: list[dict]) -> str:
        """Return the answer. Raises RefusedError, PendingError, or KinesicsError for a kept file that is damaged."""
        request = self.identity | {"messages": messages}
        digest = _sha256(json.dumps(request, sort_keys=True, ensure_ascii=False))
        address = _sha256(f"{digest} {self._put[digest]}")
        self._put[digest] += 1
        path = self.folder / address[:2] / f"{address}.json"
        if path.exists():
            response = _load(path)
            self.found += 1
        elif self._tally is not None:
            self._tally.add(messages)
            raise PendingError
        else:
            response = self._respond(messages)
            write_json(path, {"request": _without_pictures(request), "response": response})
            self.sent += 1
        return self._read(response)

    def _respond(self, messages: list[dict]) -> dict:
        try:
            return self._send(messages)
        except KinesicsError as error:
            if not self.sent + self.found:
                raise
            raise KinesicsError(f"{error}; what was answered is kept in {self.folder}: run it again to go on") from None


def _load(path: Path) -> dict:
    try:
        return json.loads(path.read_text(encoding="utf-8"))["response"]
    except (ValueError, LookupError, TypeError) as error:
        raise KinesicsError(f"{path}: not a kept response, or damaged: {error}; delete it to ask again") from None


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _without_pictures(value: object) -> object:
    """Return a request with the SHA-256 of each data URL in its place: pictures would be most of the folder."""
    if isinstance(value, dict):
        return {key: _without_pictures(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_without_pictures(one) for one in value]
    return f"sha256:{_sha256(value)}" if isinstance(value, str) and value.startswith("data:") else value
