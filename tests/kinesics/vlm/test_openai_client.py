"""The endpoint: the request that is sent, failures that pass and that stay, refusals, and the limits per minute."""

import json
import time

import pytest
from support.chat_server import HELLO, KEY, LABELS, completion, open_model, ranking

from kinesics.errors import KinesicsError
from kinesics.vlm.base import RateLimits, RefusedError, TooLargeError
from kinesics.vlm.label_ranking import Item, rank_labels
from kinesics.vlm.openai_client import Pace


def test_the_request_is_the_documented_one_and_its_bytes_repeat(server, tmp_path, images):
    server.replies = [(200, completion(ranking(4)))]
    for folder in ("a", "b"):
        model = open_model(server, tmp_path / folder)
        rank_labels([Item(path, 0, 0) for path in images], LABELS, model, progress=False)
    (first, headers), (second, _) = server.requests
    assert first == second
    body = json.loads(first)
    assert headers["Authorization"] == f"Bearer {KEY}"
    assert (body["model"], body["temperature"], body["max_tokens"]) == ("a-model", 0, 1000)
    kinds = [part["type"] for part in body["messages"][0]["content"]]
    assert kinds == ["text", *["text", "image_url"] * 4]
    assert [path.read_bytes() for path in sorted((tmp_path / "a").rglob("*.json"))] == [
        path.read_bytes() for path in sorted((tmp_path / "b").rglob("*.json"))
    ]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("failure", "least_s"),
    [
        ((429, '{"error": {"message": "slow down"}}', {"Retry-After": "1"}), 1.0),
        ((500, "oops", {"Content-Type": "text/plain"}), 0.3),
        (None, 0.3),
    ],
)
def test_failures_that_pass_are_repeated(server, tmp_path, failure, least_s):
    server.replies = [failure, (200, completion("hi"))]
    begin = time.monotonic()
    assert open_model(server, tmp_path)(HELLO) == "hi"
    assert time.monotonic() - begin >= least_s
    assert len(server.requests) == 2


@pytest.mark.slow
@pytest.mark.parametrize(
    ("reply", "message"),
    [
        ((401, f'{{"error": {{"message": "Incorrect key: {KEY}"}}}}'), r"does not accept the key \(401\).*\[key\]"),
        ((404, '{"error": {"code": "model_not_found"}}'), "has no model 'a-model'"),
        ((400, '{"error": {"message": "max_tokens is not supported"}}'), "does not accept the request.*max_tokens"),
        ((500, "oops"), r"fails, also when repeated 1 times \(500\). The response was: oops"),
        ((200, "<html>hello</html>", {"Content-Type": "text/html"}), "gives no chat completion: is it the address"),
        ((200, '{"choices": [{"message": {"content": "ha'), "gives no chat completion"),
        ((200, '{"choices": []}'), "gives no chat completion"),
        ((200, '{"error": "overloaded"}'), "gives no chat completion.*overloaded"),
        (lambda body: time.sleep(0.6), "does not answer within 0.2 s"),
        (None, "cannot be reached"),
    ],
)
def test_failures_that_stay_are_one_line_and_nothing_is_kept(server, tmp_path, reply, message):
    server.replies = [reply]
    model = open_model(server, tmp_path, retries=1, timeout_s=0.2 if callable(reply) else 10)
    with pytest.raises(KinesicsError, match=message) as error:
        model(HELLO)
    assert KEY not in str(error.value)
    assert "\n" not in str(error.value)
    assert list(tmp_path.rglob("*")) == []


@pytest.mark.parametrize(
    "reply",
    [
        (200, completion(None, refusal="I can't assist with that.")),
        (200, completion("").replace('"stop"', '"content_filter"')),
        (400, '{"error": {"code": "content_policy_violation", "message": "no"}}'),
        (400, '{"error": {"code": "context_length_exceeded", "message": "too long"}}'),
    ],
)
def test_refusals_are_kept_and_not_sent_twice(server, tmp_path, reply):
    server.replies = [reply]
    for _ in range(2):
        with pytest.raises(RefusedError):
            open_model(server, tmp_path)(HELLO)
    assert len(server.requests) == 1


def test_a_request_that_a_proxy_finds_too_large_is_not_kept(server, tmp_path):
    server.replies = [(413, "<html>413 Request Entity Too Large</html>", {"Content-Type": "text/html"})]
    for _ in range(2):
        with pytest.raises(TooLargeError):
            open_model(server, tmp_path)(HELLO)
    assert len(server.requests) == 2
    assert list(tmp_path.rglob("*.json")) == []


def test_requests_wait_for_the_limits_of_a_minute():
    now = [0.0]
    pace = Pace(RateLimits(3, 1000), clock=lambda: now[0], sleep=lambda s: now.__setitem__(0, now[0] + s))
    times = []
    for tokens in (100, 100, 100, 100, 900, 5000):
        pace.wait(tokens)
        times.append(now[0])
        now[0] += 1
    assert times == [0, 1, 2, 60, 62, 122]
    pace.correct(10)
    pace.wait(900)
    assert now[0] == 123
