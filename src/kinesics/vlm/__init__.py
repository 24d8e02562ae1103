"""Asking vision-language models what they see: one protocol for all of them.

A model is a function ``answer(messages) -> text``. ``messages`` is the list that OpenAI's chat completions take: one
message of the user whose content alternates text with pictures as data URLs. It raises ``RefusedError`` if the model, or a
filter before it, will not answer. ``endpoint`` makes such a function of any OpenAI-compatible server, ``local`` of VideoLLaMA
3 on this machine, and ``kept`` keeps what they say.

``rank`` runs the zero-shot protocol of GPT-4V with Emotion (Lian et al., Information Fusion 108, 2024, 102367), and
``detect`` asks for events in windows of a video. Both put items to the model through ``put``.
"""

import re
from collections.abc import Callable, Sequence
from typing import TypeVar

Answer = Callable[[list[dict]], str]
Item = TypeVar("Item")
Value = TypeVar("Value")

#: How often a request is put before its items are put in smaller batches: whole three times, in halves twice, then once
#: each, as in the released code of Lian et al. (main.py).
RETRIES_BY_SIZE = (3, 2, 1)
#: What models say that will not answer; looked for only where no answer can be read. (Ours.)
REFUSAL = re.compile(r"\b(sorry|apologi[sz]e|unable to|not able to|can ?not|can\Wt|won\Wt)\b", re.I)


class RefusedError(Exception):
    """The model, or a filter before it, will not answer this request."""


class PendingError(Exception):
    """The request has not been sent: a dry run."""


def smaller_batch(size: int, count: int) -> int:
    """Return the size of the batches that ``count`` items (2 or more) of a batch of ``size`` are cut into.

    Batches are halved while their size is even, and then single. These are the steps of Lian et al.: 20, 10, 5, 1
    pictures, 8, 4, 2, 1 clips, 6, 3, 1 clips with text.
    """
    while size >= count:
        size = size // 2 if size % 2 == 0 else 1
    return size


def query_in_batches(
    items: Sequence[Item],
    messages: Callable[[Sequence[Item]], list[dict]],
    read: Callable[[str, int], list[Value] | None],
    answer: Answer,
    size: int,
    tries: Sequence[int] = RETRIES_BY_SIZE,
) -> list[tuple[str, Value | None]]:
    """Put a batch of at most ``size`` items to a model; return an outcome and a value for each.

    ``messages`` makes the request of items; ``read`` takes an answer and the number of items and returns their values,
    or None if they cannot be read. A request is put ``tries[0]`` times, until its answer can be read; then its items
    are put in ``smaller`` batches with ``tries[1:]`` (the last number stays), down to single ones. The outcome is
    ``answered``, or else of the last try with the item alone: ``refused`` or ``malformed``, with the value None;
    ``pending`` in a dry run.
    """
    request, outcome = messages(items), "malformed"
    for _ in range(tries[0]):
        try:
            text = answer(request)
        except PendingError:
            return [("pending", None)] * len(items)
        except RefusedError:
            outcome = "refused"
            continue
        values = read(text, len(items))
        if values is not None:
            return [("answered", value) for value in values]
        outcome = "refused" if REFUSAL.search(text) else "malformed"
    if len(items) == 1:
        return [(outcome, None)]
    size = smaller_batch(size, len(items))
    parts = [items[k : k + size] for k in range(0, len(items), size)]
    return [one for part in parts for one in query_in_batches(part, messages, read, answer, size, tries[1:] or tries)]


def max_requests(count: int, size: int, tries: Sequence[int] = RETRIES_BY_SIZE) -> int:
    """Return how many requests ``count`` items in batches of ``size`` cost if none is ever answered."""
    if count > size:
        return sum(max_requests(min(size, count - k), size, tries) for k in range(0, count, size))
    if count < 2:
        return tries[0] * count
    return tries[0] + max_requests(count, smaller_batch(size, count), tries[1:] or tries)
