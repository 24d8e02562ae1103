"""Batches: what is refused or malformed is sent again, then in smaller batches, then item by item."""

from hypothesis import given
from hypothesis import strategies as st
from support.chat_server import LABELS, ranking

from kinesics.vlm.base import PendingError, RefusedError, TooLargeError
from kinesics.vlm.batching import max_requests, query_in_batches
from kinesics.vlm.label_ranking import parse_rankings


def test_a_batch_that_is_refused_is_sent_again_then_in_smaller_ones():
    sizes = []

    def answer(messages):
        sizes.append(messages)
        return ranking(messages) if messages == 1 else "I'm sorry, I can't help with that."

    outcomes = query_in_batches(list(range(20)), len, parse_rankings, answer, 20)
    assert sizes == [20] * 3 + ([10] * 2 + [5, *[1] * 5] * 2) * 2
    assert outcomes == [("answered", LABELS)] * 20


def test_what_is_too_large_is_halved_at_once_and_does_not_count_as_refused():
    sizes = []

    def answer(messages):
        sizes.append(messages)
        if messages > 1:
            raise TooLargeError
        return ranking(messages)

    assert query_in_batches([1, 2, 3, 4], len, parse_rankings, answer, 4) == [("answered", LABELS)] * 4
    assert sizes == [4, 2, 1, 1, 2, 1, 1]

    def refuse(messages):
        raise TooLargeError

    assert query_in_batches([1], len, parse_rankings, refuse, 1) == [("too large", None)]


def test_what_is_never_answered_has_its_reason():
    def refuse(messages):
        raise RefusedError

    assert query_in_batches([1], len, parse_rankings, refuse, 1) == [("refused", None)]
    assert query_in_batches([1, 2], len, parse_rankings, lambda _: "I cannot do that", 8) == [("refused", None)] * 2
    assert query_in_batches([1], len, parse_rankings, lambda _: "42", 1) == [("malformed", None)]


def test_a_dry_run_leaves_every_item_pending_after_one_request():
    requests = []

    def answer(messages):
        requests.append(messages)
        raise PendingError

    assert query_in_batches([1, 2, 3], len, parse_rankings, answer, 8) == [("pending", None)] * 3
    assert requests == [3]


@given(st.integers(0, 45), st.integers(1, 20))
def test_the_most_requests_are_those_when_all_are_refused(count, size):
    calls = []
    for k in range(0, count, size):
        query_in_batches(range(count)[k : k + size], len, parse_rankings, lambda _: calls.append(1) or "", size)
    assert max_requests(count, size) == len(calls)
