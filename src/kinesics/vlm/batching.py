"""Send items to a model in batches; repeat in smaller batches what is refused or cannot be parsed."""

import re
from collections.abc import Callable, Sequence
from typing import TypeVar

from kinesics.vlm.base import Answer, PendingError, RefusedError, TooLargeError

Item = TypeVar("Item")
Value = TypeVar("Value")

#: How often a request is sent before its items are sent in smaller batches: whole three times, in halves twice, then
#: once each, as in the released code of Lian et al. (main.py).
ATTEMPTS_BY_SIZE = (3, 2, 1)
#: The outcome of an item whose own request is too large.
TOO_LARGE = "too large"
#: Words of a refusal; searched for only where no answer can be parsed. (Ours.)
REFUSAL = re.compile(r"\b(sorry|apologi[sz]e|unable to|not able to|can ?not|can\Wt|won\Wt)\b", re.I)


def smaller_batch(size: int, count: int) -> int:
    """Return the size of the batches into which ``count`` items (2 or more) of a batch of ``size`` are divided.

    Batches are halved while their size is even, and then single. These are the steps of Lian et al.: 20, 10, 5, 1
    images, 8, 4, 2, 1 clips, 6, 3, 1 clips with text.
    """
    while size >= count:
        size = size // 2 if size % 2 == 0 else 1
    return size


def query_in_batches(
    items: Sequence[Item],
    make_messages: Callable[[Sequence[Item]], list[dict]],
    parse: Callable[[str, int], list[Value] | None],
    answer: Answer,
    size: int,
    attempts: Sequence[int] = ATTEMPTS_BY_SIZE,
) -> list[tuple[str, Value | None]]:
    """Send a batch of at most ``size`` items to a model; return an outcome and a value for each item.

    ``make_messages`` makes the request of items; ``parse`` takes an answer and the number of items and returns their
    values, or None if they cannot be parsed. A request is sent up to ``attempts[0]`` times, until its answer can be
    parsed; then its items are sent in batches of ``smaller_batch`` with ``attempts[1:]`` (the last number stays), down to
    single ones; what is too large is sent in smaller batches at once. The outcome is ``answered``, or else that of the last
    attempt with the item alone: ``refused``, ``too large`` or ``malformed``, with the value None; ``pending`` in a dry run.
    """
    request, outcome = make_messages(items), "malformed"
    for _ in range(attempts[0]):
        try:
            text = answer(request)
        except PendingError:
            return [("pending", None)] * len(items)
        except TooLargeError:
            outcome = TOO_LARGE
            break
        except RefusedError:
            outcome = "refused"
            continue
        values = parse(text, len(items))
        if values is not None:
            return [("answered", value) for value in values]
        outcome = "refused" if REFUSAL.search(text) else "malformed"
    if len(items) == 1:
        return [(outcome, None)]
    size, attempts = smaller_batch(size, len(items)), attempts[1:] or attempts
    parts = [items[k : k + size] for k in range(0, len(items), size)]
    return [pair for part in parts for pair in query_in_batches(part, make_messages, parse, answer, size, attempts)]


def max_requests(count: int, size: int, attempts: Sequence[int] = ATTEMPTS_BY_SIZE) -> int:
    """Return how many requests ``count`` items in batches of ``size`` take if none is ever answered."""
    if count > size:
        return sum(max_requests(min(size, count - k), size, attempts) for k in range(0, count, size))
    if count < 2:
        return attempts[0] * count
    return attempts[0] + max_requests(count, smaller_batch(size, count), attempts[1:] or attempts)
