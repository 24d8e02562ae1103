"""Kept responses: one file per request, read again in the next run, and an error that names a damaged one."""

import json

import pytest
from support.chat_server import HELLO, completion, open_model

from kinesics.errors import KinesicsError
from kinesics.vlm.response_cache import ResponseCache


def test_a_damaged_kept_response_is_named(server, tmp_path):
    server.replies = [(200, completion("hi"))]
    open_model(server, tmp_path)(HELLO)
    (path,) = tmp_path.rglob("*.json")
    path.write_text("{")
    with pytest.raises(KinesicsError, match=rf"{path.name}: not a kept response.*delete it"):
        open_model(server, tmp_path)(HELLO)


def test_a_repeated_request_is_another_one_and_the_next_run_reads_both(tmp_path):
    answers = iter(["first", "second"])

    def open_cache() -> ResponseCache:
        return ResponseCache({"model": "m"}, lambda _: {"text": next(answers)}, lambda one: one["text"], tmp_path)

    for sent in (2, 0):
        model = open_cache()
        assert [model(HELLO), model(HELLO)] == ["first", "second"]
        assert (model.sent, model.cached) == (sent, 2 - sent)


def test_images_are_kept_as_their_hash(tmp_path):
    part = {"type": "image_url", "image_url": {"url": "data:image/jpeg;base64,AAAA"}}
    messages = [{"role": "user", "content": [part]}]
    ResponseCache({"model": "m"}, lambda _: {"text": "a"}, lambda one: one["text"], tmp_path)(messages)
    (path,) = tmp_path.rglob("*.json")
    kept = json.loads(path.read_text())
    assert kept["request"]["messages"][0]["content"][0]["image_url"]["url"].startswith("sha256:")
    assert "AAAA" not in path.read_text()
