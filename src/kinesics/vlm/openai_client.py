"""Any server that speaks OpenAI's chat completions, through OpenAI's own client.

The client tries again what the server or the network fails at (time-outs, lost connections, HTTP 408, 409, 429, 5xx),
with exponential back-off or as long as ``Retry-After`` says. The key goes into the header of the request and nowhere else.
"""

import json
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

import openai

from kinesics.errors import KinesicsError
from kinesics.io.files import one_line
from kinesics.vlm import RefusedError
from kinesics.vlm.cost_estimate import UsageTally
from kinesics.vlm.response_cache import ResponseCache

#: As in the released code of Lian et al.
PARAMETERS = {"temperature": 0, "max_tokens": 1000}
#: The client waits 0.5 s, then twice as long each time, 8 s at most: 16 s in all, unless the server says how long.
RETRIES = 5
TIMEOUT_S = 120.0
#: What HTTP 4xx says where a filter refused, as OpenAI and Azure name it, or where a request holds too much, as OpenAI
#: and vLLM word it. Any other is a wrong setting.
FILTERED = ("content_policy", "content_filter", "content management policy", "safety system")
TOO_MUCH = ("context_length_exceeded", "context length", "too many images", "image(s) may be provided", "too large")


def open_endpoint(
    url: str,
    model: str,
    folder: str | Path,
    *,
    key: str = "",
    parameters: dict | None = None,
    requests_a_minute: float | None = None,
    tokens_a_minute: float | None = None,
    timeout_s: float = TIMEOUT_S,
    retries: int = RETRIES,
    tally: UsageTally | None = None,
) -> ResponseCache:
    """Return the model of that name behind an address as ``answer(messages) -> text``, responses kept in ``folder``.

    ``url`` is the address before ``/chat/completions``, most often ending in ``/v1``. ``parameters`` are further fields
    of the request, or other values of ``PARAMETERS``; None leaves one out. Requests wait until they fit the limits a
    minute, where given. With ``tally`` nothing is sent.

    Raises KinesicsError for an address that is none; the answer raises it if there is no usable response.
    """
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise KinesicsError(f"{url!r} is not the address of an endpoint: give for instance https://api.openai.com/v1")
    if parts.username or parts.password or parts.query:
        raise KinesicsError(f"the address of {parts.hostname} holds more than a path: give the key in the environment")
    url = url.rstrip("/")
    # The client demands a key; servers of one's own take any.
    client = openai.OpenAI(api_key=key or "none", base_url=url, max_retries=retries, timeout=timeout_s)
    settings = {"model": model} | {k: v for k, v in (PARAMETERS | (parameters or {})).items() if v is not None}
    pace = Pace(requests_a_minute, tokens_a_minute)

    def clean(text: str) -> str:
        """Return text without the key, which servers may repeat. Short keys are stand-ins, such as «none»."""
        return text.replace(key, "[key]") if len(key) >= 8 else text

    def send(messages: list[dict]) -> dict:
        pace.wait(UsageTally(model).add(messages) + max_tokens(settings))
        try:
            raw = client.chat.completions.with_raw_response.create(messages=messages, **settings).http_response
            response = {"status": raw.status_code, "text": clean(raw.text)}
        except openai.APIStatusError as error:
            response = {"status": error.status_code, "text": clean(error.response.text)}
        except openai.APITimeoutError:
            raise KinesicsError(f"{url} does not answer within {timeout_s:g} s") from None
        except openai.APIConnectionError as error:
            raise KinesicsError(f"{url} cannot be reached: {one_line(error.__cause__ or error)}") from None
        if problem := _problem(response, model, retries):
            said = one_line(response["text"], 300) or "nothing"
            raise KinesicsError(f"{url} {problem} ({response['status']}). It said: {said}")
        if response["status"] == 200:
            pace.spent((json.loads(response["text"]).get("usage") or {}).get("total_tokens"))
        return response

    return ResponseCache({"endpoint": url} | settings, send, read_response, folder, tally)


def is_local(url: str) -> bool:
    """Return whether an address is of this machine."""
    return urlsplit(url).hostname in ("localhost", "127.0.0.1", "::1")


def max_tokens(settings: dict) -> int:
    """Return how long an answer may be by the settings of a request, in tokens; 0 if it has no limit."""
    return settings.get("max_completion_tokens") or settings.get("max_tokens") or 0


def read_response(response: dict) -> str:
    """Return what the model said. Raises RefusedError, or ValueError or LookupError if it is no chat completion."""
    if response["status"] != 200:
        raise RefusedError
    try:
        choice = json.loads(response["text"])["choices"][0]
        said, refusal = choice["message"].get("content"), choice["message"].get("refusal")
    except (TypeError, AttributeError) as error:
        raise ValueError(f"not a chat completion: {error}") from None
    if refusal or choice.get("finish_reason") == "content_filter":
        raise RefusedError
    return said if isinstance(said, str) else ""


def _problem(response: dict, model: str, retries: int) -> str | None:
    """Say what is wrong with a response that is neither an answer nor a refusal."""
    status, text = response["status"], response["text"].lower()
    if status == 200:
        try:
            read_response(response)
        except RefusedError:
            return None
        except (ValueError, LookupError):
            return "gives no chat completion: is it the address before /chat/completions?"
        return None
    if status in (400, 413, 422) and any(words in text for words in FILTERED + TOO_MUCH):
        return None
    if status in (401, 403):
        return "does not accept the key"
    if status == 404:
        return f"knows no model {model!r}, or has no /chat/completions"
    if status == 429 or status >= 500:
        return f"fails, also when asked {retries} times more"
    return "does not accept the request"


class Pace:
    """Wait so that the requests, and the tokens, of any minute stay within the limits."""

    def __init__(
        self,
        requests: float | None,
        tokens: float | None,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ):
        self._limits = requests or float("inf"), tokens or float("inf")
        self._clock, self._sleep = clock, sleep
        self._past: deque[list[float]] = deque()  # (time, tokens) of the requests of the last minute

    def wait(self, tokens: float) -> None:
        """Return when a request of about so many tokens fits; one that never fits goes when the minute is empty."""
        requests, limit = self._limits
        while self._past and (len(self._past) + 1 > requests or sum(t for _, t in self._past) + tokens > limit):
            self._sleep(max(self._past[0][0] + 60 - self._clock(), 0))
            self._past.popleft()
        self._past.append([self._clock(), tokens])
        while self._past[0][0] <= self._clock() - 60:
            self._past.popleft()

    def spent(self, tokens: float | None) -> None:
        """Correct the tokens of the last request by what the server says."""
        if tokens is not None:
            self._past[-1][1] = tokens
