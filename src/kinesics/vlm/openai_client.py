"""Query any server with OpenAI's chat completions, through OpenAI's own client.

The client repeats what the server or the network fails at (time-outs, lost connections, HTTP 408, 409, 429, 5xx), with
exponential back-off or after the time in ``Retry-After``. The key goes into the header of the request and nowhere else.
"""

import json
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

from kinesics.errors import KinesicsError
from kinesics.io.files import one_line
from kinesics.vlm.base import RateLimits, RefusedError, TooLargeError, VisionLanguageModel
from kinesics.vlm.cost_estimate import UsageCounts
from kinesics.vlm.response_cache import ResponseCache

#: As in the released code of Lian et al.
PARAMETERS = {"temperature": 0, "max_tokens": 1000}
#: The client waits 0.5 s, then twice as long each time, 8 s at most: 16 s in all, unless the server gives the time.
RETRIES = 5
TIMEOUT_S = 120.0
#: Texts of HTTP 4xx where a filter refused, as OpenAI and Azure name it, or where a request is too large, as OpenAI and
#: vLLM word it. Any other is a wrong setting.
FILTERED = ("content_policy", "content_filter", "content management policy", "safety system")
TOO_LARGE = ("context_length_exceeded", "context length", "too many images", "image(s) may be provided", "too large")
TOO_LARGE_STATUS = 413
#: The shortest text that is taken for a key, which is removed from responses; shorter ones are stand-ins such as "none".
SHORTEST_KEY = 8


def open_endpoint(  # noqa: PLR0913 - keyword-only settings
    url: str,
    model: str,
    folder: str | Path,
    *,
    key: str = "",
    parameters: dict | None = None,
    limits: RateLimits | None = None,
    timeout_s: float = TIMEOUT_S,
    retries: int = RETRIES,
    counts: UsageCounts | None = None,
) -> VisionLanguageModel:
    """Return the model of that name behind an address as ``answer(messages) -> text``, responses kept in ``folder``.

    ``url`` is the address before ``/chat/completions``, most often ending in ``/v1``. ``parameters`` are further fields
    of the request, or other values of ``PARAMETERS``; None leaves one out. Requests wait until they fit the ``limits``.
    With ``counts`` nothing is sent.

    Raises KinesicsError for an address that is none; the answer raises it if there is no usable response.
    """
    url = _check_url(url)
    settings = {"model": model} | {k: v for k, v in (PARAMETERS | (parameters or {})).items() if v is not None}
    if counts is not None:
        return ResponseCache({"endpoint": url} | settings, _never, read_response, folder, counts)
    import openai  # of the extra `vlm`: an estimate does without

    # The client demands a key; servers of one's own take any.
    client = openai.OpenAI(api_key=key or "none", base_url=url, max_retries=retries, timeout=timeout_s)
    pace = Pace(limits or RateLimits())

    def send(messages: list[dict]) -> dict:
        pace.wait(UsageCounts(model).add(messages) + max_answer_tokens(settings))
        try:
            raw = client.chat.completions.with_raw_response.create(messages=messages, **settings).http_response
        except openai.APIStatusError as error:
            raw = error.response
        except openai.APITimeoutError:
            raise KinesicsError(f"{url} does not answer within {timeout_s:g} s") from None
        except openai.APIConnectionError as error:
            raise KinesicsError(f"{url} cannot be reached: {one_line(error.__cause__ or error)}") from None
        if raw.status_code == TOO_LARGE_STATUS:  # not kept: a proxy can be set to take more
            raise TooLargeError
        response = {"status": raw.status_code, "text": _remove_key(raw.text, key)}
        if problem := _problem(response, model, retries):
            text = one_line(response["text"], 300) or "empty"
            raise KinesicsError(f"{url} {problem} ({response['status']}). The response was: {text}")
        if response["status"] == 200:
            pace.correct((json.loads(response["text"]).get("usage") or {}).get("total_tokens"))
        return response

    return ResponseCache({"endpoint": url} | settings, send, read_response, folder)


def _never(messages: list[dict]) -> dict:
    raise AssertionError("an estimate sends nothing")


def is_local(url: str) -> bool:
    """Return whether an address is of this machine."""
    return urlsplit(url).hostname in ("localhost", "127.0.0.1", "::1")


def max_answer_tokens(settings: dict) -> int:
    """Return the limit of an answer by the settings of a request, in tokens; 0 if it has none."""
    return settings.get("max_completion_tokens") or settings.get("max_tokens") or 0


def read_response(response: dict) -> str:
    """Return the answer of a raw response.

    Raises RefusedError or TooLargeError, or ValueError or LookupError if it is no chat completion.
    """
    if response["status"] != 200:
        text = response["text"].lower()
        raise TooLargeError if any(words in text for words in TOO_LARGE) else RefusedError
    try:
        choice = json.loads(response["text"])["choices"][0]
        content, refusal = choice["message"].get("content"), choice["message"].get("refusal")
    except (TypeError, AttributeError) as error:
        raise ValueError(f"not a chat completion: {error}") from None
    if refusal or choice.get("finish_reason") == "content_filter":
        raise RefusedError
    return content if isinstance(content, str) else ""


def _check_url(url: str) -> str:
    """Return an address without a slash at its end. Raises KinesicsError unless it is one of HTTP without a secret."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise KinesicsError(f"{url!r} is not the address of an endpoint: give for instance https://api.openai.com/v1")
    if parts.username or parts.password or parts.query:
        raise KinesicsError(f"the address of {parts.hostname} holds more than a path: give the key in the environment")
    return url.rstrip("/")


def _remove_key(text: str, key: str) -> str:
    """Return text without the key, which servers may repeat."""
    return text.replace(key, "[key]") if len(key) >= SHORTEST_KEY else text


def _problem(response: dict, model: str, retries: int) -> str | None:
    """Return what is wrong with a response that is neither an answer nor a refusal; None if it is one of them."""
    status, text = response["status"], response["text"].lower()
    if status == 200:
        try:
            read_response(response)
        except RefusedError:
            return None
        except (ValueError, LookupError):
            return "gives no chat completion: is it the address before /chat/completions?"
        return None
    if status in (400, 422) and any(words in text for words in FILTERED + TOO_LARGE):
        return None
    if status in (401, 403):
        return "does not accept the key"
    if status == 404:
        return f"has no model {model!r}, or no /chat/completions"
    if status == 429 or status >= 500:
        return f"fails, also when repeated {retries} times"
    return "does not accept the request"


class Pace:
    """Wait so that the requests, and the tokens, of any minute stay within the limits."""

    def __init__(
        self,
        limits: RateLimits,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ):
        self._requests = limits.requests_per_minute or float("inf")
        self._tokens = limits.tokens_per_minute or float("inf")
        self._clock, self._sleep = clock, sleep
        self._past: deque[list[float]] = deque()  # (time, tokens) of the requests of the last minute

    def wait(self, tokens: float) -> None:
        """Return when a request of about so many tokens fits; one that never fits goes when the minute is empty."""
        past = self._past
        while past and (len(past) + 1 > self._requests or sum(t for _, t in past) + tokens > self._tokens):
            self._sleep(max(past[0][0] + 60 - self._clock(), 0))
            past.popleft()
        past.append([self._clock(), tokens])
        while past[0][0] <= self._clock() - 60:
            past.popleft()

    def correct(self, tokens: float | None) -> None:
        """Replace the tokens of the last request by the number that the server counted, if any."""
        if tokens is not None:
            self._past[-1][1] = tokens
