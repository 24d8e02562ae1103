"""Asking a model: what is sent, how answers are read, what becomes of refusals, and what is kept."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event, Thread

import cv2
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.clips import number, numbered, write_video
from support.foundation import save, save_tokeniser
from support.person_tracks import write_tracks

from kinesics.cli.main import main
from kinesics.encoders.videollama3 import answerer
from kinesics.errors import KinesicsError
from kinesics.structures.events import read_events_csv
from kinesics.vlm import RefusedError, max_requests, query_in_batches
from kinesics.vlm.cost_estimate import UsageTally, format_estimate, tiles
from kinesics.vlm.event_prompting import Report, merge, prompt_events, read_reports
from kinesics.vlm.label_ranking import (
    Item,
    list_items,
    rank_labels,
    read_ranked,
    read_words,
    shown_images,
    text_of_item,
)
from kinesics.vlm.local_model import open_videollama3
from kinesics.vlm.messages import image
from kinesics.vlm.openai_client import Pace, open_endpoint
from kinesics_paper.datasets.gpt4v_emotion import read_answers

KEY = "sk-a-key-that-no-file-may-hold"
LABELS = ["happy", "sad", "anger"]


def completion(text: str | None, **message) -> str:
    """Return the body of a chat completion as OpenAI writes it."""
    message = {"role": "assistant", "content": text} | message
    choice = {"index": 0, "message": message, "finish_reason": "stop"}
    return json.dumps({"id": "x", "object": "chat.completion", "choices": [choice], "usage": {"total_tokens": 100}})


def ranking(count: int, answers: list[str] = LABELS) -> str:
    return "\n".join(str({"name": f"image-{k + 1}", "result": answers}) for k in range(count))


def shown(messages: list[dict]) -> list[np.ndarray]:
    """Return the pictures of a request."""
    return [image(part["image_url"]["url"]) for part in messages[0]["content"] if part["type"] == "image_url"]


@pytest.fixture
def server():
    """Return a server that gives its ``replies`` in turn, the last one for ever, and notes the requests it gets.

    A reply is a status, a body and headers, or a function of the request's body that returns them; None resets.
    """

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            http.requests.append((body, self.headers))
            reply = http.replies.pop(0) if len(http.replies) > 1 else http.replies[0]
            reply = reply(json.loads(body)) if callable(reply) else reply
            if reply is None:
                return self.connection.close()
            status, text, headers = (*reply, {})[:3]
            try:
                self.send_response(status)
                for name, value in ({"Content-Type": "application/json"} | headers).items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(text.encode())))
                self.end_headers()
                self.wfile.write(text.encode())
            except OSError:
                pass  # the client gave up

        def log_message(self, *arguments):
            pass

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    http.daemon_threads = True
    http.requests, http.replies, http.url = [], [], f"http://127.0.0.1:{http.server_port}/v1"
    Thread(target=http.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    yield http
    http.shutdown()
    http.server_close()


@pytest.fixture
def pictures(tmp_path) -> list[Path]:
    """Return four grey pictures that differ."""
    paths = [tmp_path / f"face{k}.png" for k in range(4)]
    for k, path in enumerate(paths):
        cv2.imwrite(str(path), np.full((40, 30, 3), 40 * k, np.uint8))
    return paths


def asked(server, folder: Path, **options):
    return open_endpoint(server.url, "a-model", folder, key=KEY, **({"retries": 2} | options))


HELLO = [{"role": "user", "content": [{"type": "text", "text": "hello"}]}]


# --- reading answers


@pytest.mark.parametrize(
    "text",
    [
        "{'name': 'image-1', 'result': ['happy', 'sad']}\n{'name': 'image-2', 'result': ['anger']}",
        '```json\n[{"name": "image-1", "result": ["happy", "sad"]},\n {"name": "image-2", "result": ["anger"],},]\n```',
        '{"image-1": ["happy", "sad"], "image-2": ["anger"]}',
        "{'name': 'image-2', 'result': ['anger']}, {'name': 'image-1', 'result': ['happy', 'sad']}",
        "<think>[maybe]</think>{name: image-1, result: [happy, sad]} {name: image-2, result: [anger]} I hope",
        "{'name': 'video1', 'result': 'happy, sad'}{'name': 'video2', 'result': 'anger'}",
    ],
)
def test_ranked_lists_are_read_in_any_dress(text):
    assert read_ranked(text, 2) == [["happy", "sad"], ["anger"]]


@pytest.mark.parametrize("text", ["", "I am sorry.", "{'result': ['happy']}", "[[]] []", "{'result': ['a']}" * 3])
def test_what_does_not_hold_a_list_for_each_is_not_read(text):
    assert read_ranked(text, 2) is None


@given(st.text(alphabet="[]{}'\",:n 12.label startend\n", max_size=200))
def test_no_text_breaks_the_readers(text):
    assert read_ranked(text, 1) is None or len(read_ranked(text, 1)) == 1
    assert read_reports(text) is None or all(isinstance(report, Report) for report in read_reports(text))


@pytest.mark.parametrize(
    "text",
    [
        '[{"label": "happy", "start": 1.5, "end": 3, "score": 0.7}]',
        "Here: ```json\n[{'label': 'happy', 'start': '1.5 s', 'end': 3.0, 'score': .7},\n{'label': 'sad', 'st",
        '{"events": [{"label": "happy", "start_s": 1.5, "end_s": 3, "score": 0.7}]}',
    ],
)
def test_reports_are_read_in_any_dress(text):
    assert read_reports(text) == [Report("happy", 1.5, 3.0, 0.7)]


def test_no_event_is_an_answer_and_no_list_is_none():
    assert read_reports("[]") == []
    for text in ("none", '[{"label": "happy", "from": 1}]', '[{"label": "happy", "start": "soon", "end": 3}]'):
        assert read_reports(text) is None


# --- batches


def test_a_batch_that_is_refused_is_put_again_then_in_smaller_ones():
    sizes = []

    def answer(messages):
        sizes.append(messages)
        return ranking(messages) if messages == 1 else "I'm sorry, I can't help with that."

    found = query_in_batches(list(range(20)), len, read_ranked, answer, 20)
    assert sizes == [20] * 3 + ([10] * 2 + [5, *[1] * 5] * 2) * 2
    assert found == [("answered", LABELS)] * 20


def test_what_is_never_answered_has_its_reason():
    def refuse(messages):
        raise RefusedError

    assert query_in_batches([1], len, read_ranked, refuse, 1) == [("refused", None)]
    assert query_in_batches([1, 2], len, read_ranked, lambda _: "I cannot do that", 8) == [("refused", None)] * 2
    assert query_in_batches([1], len, read_ranked, lambda _: "42", 1) == [("malformed", None)]


@given(st.integers(0, 45), st.integers(1, 20))
def test_the_most_requests_are_those_when_all_are_refused(count, size):
    calls = []
    for k in range(0, count, size):
        query_in_batches(range(count)[k : k + size], len, read_ranked, lambda _: calls.append(1) or "", size)
    assert max_requests(count, size) == len(calls)


# --- ranked labels


def test_clips_are_shown_by_the_first_frame_of_each_third(tmp_path):
    film = write_video(tmp_path / "film.mp4", numbered(24), rate=10)
    assert [number(frame) for frame in shown_images(list_items(film)[0], 3)] == [0, 8, 16]
    assert [number(frame) for frame in shown_images(list_items(film, window_s=1.0)[1], 2)] == [10, 15]
    seen = []

    def answer(messages):
        seen.append(messages)
        return "{'name': 'video1', 'result': ['SAD', 'bored']}, {'name': 'video2', 'result': ['happy']}"

    table = rank_labels(list_items(film, window_s=1.2), LABELS, answer, progress=False, seed=1)
    (messages,) = seen
    words = [part["text"] for part in messages[0]["content"] if part["type"] == "text"]
    assert "2 videos, each with 3 temporally uniformly sampled frames" in words[0]
    assert "['happy', 'sad', 'anger']" in words[0]
    assert words[1:] == [f"video{v}_image{k}" for v in (1, 2) for k in (1, 2, 3)]
    first = 0 if number(shown(messages)[0]) == 0 else 1  # the seed decides which window comes first
    assert [number(frame) for frame in shown(messages)] == (
        [0, 4, 8, 12, 16, 20] if not first else [12, 16, 20, 0, 4, 8]
    )
    assert table["answers"].tolist() == (["sad,bored", "happy"] if not first else ["happy", "sad,bored"])
    assert table["start_s"].tolist() == [0.0, 1.2]


WORDS = "video,start_s,end_s,text\nfilm,1.3,2.0,I never  said that.\nfilm,0.2,1.1,Look!\nother,0,9,Not here.\n"


@pytest.fixture
def words(tmp_path):
    (tmp_path / "words.csv").write_text(WORDS)
    return read_words(tmp_path / "words.csv")


@pytest.mark.parametrize("prompt", ["multi", "text"])
def test_what_is_said_stands_before_the_frames_or_alone(tmp_path, words, prompt):
    film = write_video(tmp_path / "film.mp4", numbered(24), rate=10)
    seen = []

    def answer(messages):
        seen.extend(messages[0]["content"])
        return ranking(3)

    table = rank_labels(
        list_items(film, window_s=0.8), LABELS, answer, prompt=prompt, words=words, frames=2, seed=1, progress=False
    )
    assert table["answers"].tolist() == ["happy,sad,anger"] * 3
    question, *parts = seen
    assert "3 videos, each with the speaker's content" in question["text"] or "We provide 3 texts" in question["text"]
    spoken = [part["text"] for part in parts if part["type"] == "text" and not part["text"].startswith("video")]
    assert sorted(spoken) == ["I never said that.", "Look!", "Look! I never said that."]
    order = ["text", "text", "image_url", "text", "image_url"] if prompt == "multi" else ["text"]
    assert [part["type"] for part in parts] == order * 3


def test_a_window_in_which_nobody_speaks_says_so(tmp_path, words):
    film = write_video(tmp_path / "film.mp4", numbered(24), rate=10)
    assert [text_of_item(words, item) for item in list_items(film, window_s=0.2)][:2] == ["(nothing is said)", "Look!"]


@pytest.mark.parametrize(
    ("text", "prompt", "message"),
    [
        (WORDS, "video", "the prompt video shows no words"),
        (None, "text", "the prompt text shows what is said: give it with --words"),
        ("video,start_s,end_s,text\nother,0,1,Hm.\n", None, "words: the words are of other videos, such as 'other'"),
        ("video,start_s,end_s,text\n", None, "the table of words is empty"),
        ("video,start_s,end_s,text\nfilm,1,1,Hm.\n", None, "line 2: end_s is not after start_s"),
        ("video,start_s,end_s,text\nfilm,0,x,Hm.\n", None, "line 2: column 'end_s': 'x' is not a time in seconds"),
        ("video,start_s,text\nfilm,0,Hm.\n", None, "column 'end_s' is missing"),
    ],
)
def test_words_that_cannot_be_shown_are_refused(tmp_path, text, prompt, message):
    film = write_video(tmp_path / "film.mp4", numbered(4))
    (tmp_path / "words.csv").write_text(text or "")
    with pytest.raises(KinesicsError, match=message):
        given_words = read_words(tmp_path / "words.csv") if text else None
        rank_labels(list_items(film), LABELS, lambda _: "", prompt=prompt, words=given_words, progress=False)


def test_the_order_is_shuffled_and_the_table_is_not(pictures):
    greys = []

    def answer(messages):
        levels = [round(float(picture.mean()) / 40) for picture in shown(messages)]
        greys.extend(levels)
        return "\n".join(f"{{'result': ['grey{level}']}}" for level in levels)

    table = rank_labels([Item(path, 0, 0) for path in pictures], LABELS, answer, batch=2, progress=False)
    assert sorted(greys) == [0, 1, 2, 3]
    assert greys != [0, 1, 2, 3]
    assert table["video"].tolist() == [f"face{k}" for k in range(4)]
    assert table["answers"].tolist() == [f"grey{k}" for k in range(4)]


@pytest.mark.parametrize(
    ("labels", "prompt", "message"),
    [
        (["happy", "Happy"], None, "twice"),
        (["happy, sad"], None, "comma"),
        (LABELS, "video", "'video' is not a prompt for images. Those are face, micro, evoked"),
    ],
)
def test_labels_and_prompts_that_cannot_be_are_refused(pictures, labels, prompt, message):
    with pytest.raises(KinesicsError, match=message):
        rank_labels(list_items(pictures[0]), labels, lambda _: "", prompt=prompt, progress=False)


def test_two_files_of_one_name_are_refused(tmp_path, pictures):
    (tmp_path / "other").mkdir()
    twin = Path(shutil.copy(pictures[0], tmp_path / "other"))
    with pytest.raises(KinesicsError, match=r"other/face0\.png and .*face0\.png: answers go by name"):
        rank_labels([*list_items(pictures[0]), *list_items(twin)], LABELS, lambda _: "", progress=False)


def test_a_damaged_picture_is_named(pictures):
    pictures[0].write_bytes(pictures[0].read_bytes()[:60])
    with pytest.raises(KinesicsError, match=r"face0\.png: not a picture, or damaged"):
        rank_labels(list_items(pictures[0]), LABELS, lambda _: "", progress=False)


def test_pictures_and_videos_do_not_mix(tmp_path, pictures):
    film = write_video(tmp_path / "film.mp4", numbered(4))
    with pytest.raises(KinesicsError, match="one kind at a time"):
        rank_labels([*list_items(film), *list_items(pictures[0])], LABELS, lambda _: "", progress=False)


# --- events


def test_windows_are_shown_with_their_times_and_events_are_merged(tmp_path):
    film = write_video(tmp_path / "film.mp4", numbered(24), rate=10)  # 2.4 s
    seen = []

    def answer(messages):
        """Tell of what happens from frame 8 to 15, in the words of the window, and of things that are not asked for."""
        seen.append(messages)
        frames = [number(frame) for frame in shown(messages)]
        start, end = (8 - frames[0]) / 10, (15 - frames[0]) / 10
        return json.dumps(
            [{"label": "Happy", "start": start, "end": end, "score": 0.8}, {"label": "bored", "start": 0, "end": 1}]
        )

    events, windows = prompt_events(film, ["happy", "sad"], answer, window_s=1.0, step_s=0.5, rate_hz=5, progress=False)
    words = [[part["text"] for part in messages[0]["content"] if part["type"] == "text"] for messages in seen]
    assert words[1][1:] == ["0.1 s", "0.3 s", "0.5 s", "0.7 s", "0.9 s"]  # samples at 0.6, 0.8 ... of a window from 0.5
    assert "in the middle" not in words[0][0]
    assert "- happy: smile with raised lip corners or laugh\n- sad: " in words[0][0]
    assert windows[["start_s", "end_s"]].to_numpy().tolist() == [[0, 1], [0.5, 1.5], [1, 2], [1.5, 2.4]]
    assert windows["outcome"].tolist() == ["answered"] * 4
    ((_, event),) = events.iterrows()
    assert (event["video"], event["person"], event["label"], event["family"]) == ("film", 0, "happy", "emotion")


def test_an_event_that_half_of_the_windows_tell_of_has_half_the_score():
    told = pd.DataFrame(
        [(0, 3.0, 7.0, 0.8), (1, 5.0, 7.0, 0.8), (2, 12.0, 14.0, 1.0), (3, 15.0, 18.0, 0.6)],
        columns=["window", "start_s", "end_s", "score"],
    )
    spans = np.array([[0, 10], [5, 15], [10, 20], [15, 25]])
    found = merge(told, spans)
    assert [event[:2] for event in found] == [(3, 7), (12, 14), (15, 18)]
    assert [event[2] for event in found] == pytest.approx([0.8, 0.5, 0.3])
    assert merge(told.assign(start_s=[3, 5, 7, 14], end_s=[7, 7, 14, 18]), spans)[0][:2] == (3, 18)


def test_each_person_of_the_tracks_is_asked_about_alone(tmp_path):
    film = write_video(tmp_path / "film.mp4", numbered(24), rate=10)
    left, right = (0.0, 0.0, 0.4, 1.0), (0.6, 0.3, 0.9, 0.9)
    seen = {0: {k: {"person": left} for k in range(24)}, 3: {k: {"person": right} for k in range(12)}}
    tracks = write_tracks(tmp_path / "t.parquet", film, seen)
    sizes = []

    def answer(messages):
        assert "mark only what the person in the middle does" in messages[0]["content"][0]["text"]
        sizes.append([picture.shape for picture in shown(messages)])
        return '[{"label": "posture_shift", "start": 0.2, "end": 0.8, "score": 0.5}]'

    events, windows = prompt_events(
        film, ["posture_shift"], answer, tracks=tracks, window_s=1.2, step_s=1.2, size=64, progress=False
    )
    assert windows[["person", "start_s"]].to_numpy().tolist() == [[0, 0], [3, 0], [0, 1.2]]
    assert sizes == [[(64, 64, 3)] * 3] * 2 + [[(64, 64, 3)] * 2]
    assert events[["person", "start_s", "end_s"]].to_numpy().tolist() == [[0, 0.2, 0.8], [3, 0.2, 0.8], [0, 1.4, 2.0]]
    assert events.loc[1, ["x0", "y0", "x1", "y1"]].tolist() == pytest.approx(right)


def test_windows_without_an_answer_are_told_of(tmp_path):
    film = write_video(tmp_path / "film.mp4", numbered(24), rate=10)
    events, windows = prompt_events(film, ["sad"], lambda _: "I am unable to", window_s=1.2, step_s=1.2, progress=False)
    assert (len(events), windows["outcome"].tolist()) == (0, ["refused", "refused"])


# --- the endpoint


def test_the_request_is_the_documented_one_and_its_bytes_repeat(server, tmp_path, pictures):
    server.replies = [(200, completion(ranking(4)))]
    for folder in ("a", "b"):
        rank_labels([Item(path, 0, 0) for path in pictures], LABELS, asked(server, tmp_path / folder), progress=False)
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


@pytest.mark.parametrize(
    ("failure", "least_s"),
    [
        ((429, '{"error": {"message": "slow down"}}', {"Retry-After": "1"}), 1.0),
        ((500, "oops", {"Content-Type": "text/plain"}), 0.3),
        (None, 0.3),
    ],
)
def test_failures_that_pass_are_tried_again(server, tmp_path, failure, least_s):
    server.replies = [failure, (200, completion("hi"))]
    begin = time.monotonic()
    assert asked(server, tmp_path)(HELLO) == "hi"
    assert time.monotonic() - begin >= least_s
    assert len(server.requests) == 2


@pytest.mark.parametrize(
    ("reply", "message"),
    [
        ((401, f'{{"error": {{"message": "Incorrect key: {KEY}"}}}}'), r"does not accept the key \(401\).*\[key\]"),
        ((404, '{"error": {"code": "model_not_found"}}'), "knows no model 'a-model'"),
        ((400, '{"error": {"message": "max_tokens is not supported"}}'), "does not accept the request.*max_tokens"),
        ((500, "oops"), r"fails, also when asked 1 times more \(500\). It said: oops"),
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
    model = asked(server, tmp_path, retries=1, timeout_s=0.2 if callable(reply) else 10)
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
def test_refusals_are_kept_and_not_asked_for_twice(server, tmp_path, reply):
    server.replies = [reply]
    for _ in range(2):
        with pytest.raises(RefusedError):
            asked(server, tmp_path)(HELLO)
    assert len(server.requests) == 1


def test_a_damaged_kept_response_is_named(server, tmp_path):
    server.replies = [(200, completion("hi"))]
    asked(server, tmp_path)(HELLO)
    (path,) = tmp_path.rglob("*.json")
    path.write_text("{")
    with pytest.raises(KinesicsError, match=rf"{path.name}: not a kept response.*delete it"):
        asked(server, tmp_path)(HELLO)


def test_the_key_is_in_no_file_and_no_output(server, tmp_path, pictures, monkeypatch, capsys):
    """Also where the server repeats it."""
    server.replies = [lambda body: (200, completion(ranking(1) + f" Your key is {KEY}."))]
    monkeypatch.setenv("A_KEY", KEY)
    arguments = ["ask", str(pictures[0]), "--labels", *LABELS, "--endpoint", server.url, "--model", "m"]
    folder = ["--responses", str(tmp_path / "kept"), "--key-variable", "A_KEY"]
    assert main([*arguments, *folder, "--out", str(tmp_path / "out.csv")]) == 0
    assert server.requests[0][1]["Authorization"] == f"Bearer {KEY}"
    told = capsys.readouterr()
    assert KEY not in told.out + told.err
    written = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert any(b"Your key is [key]" in path.read_bytes() for path in written)
    assert not any(KEY.encode() in path.read_bytes() for path in written)


def test_requests_wait_for_the_limits_of_a_minute():
    now = [0.0]
    pace = Pace(3, 1000, clock=lambda: now[0], sleep=lambda s: now.__setitem__(0, now[0] + s))
    times = []
    for tokens in (100, 100, 100, 100, 900, 5000):
        pace.wait(tokens)
        times.append(now[0])
        now[0] += 1
    assert times == [0, 1, 2, 60, 62, 122]
    pace.spent(10)
    pace.wait(900)
    assert now[0] == 123


# --- a run that is killed


def test_a_killed_run_goes_on_and_asks_nothing_twice(server, tmp_path, pictures):
    held, begun = Event(), Event()

    def third(body):
        begun.set()
        held.wait(20)

    server.replies = [(200, completion(ranking(1))), (200, completion(ranking(1, ["sad"]))), third]
    arguments = ["ask", *map(str, pictures), "--labels", *LABELS, "--endpoint", server.url, "--model", "m"]
    arguments += ["--batch", "1", "--responses", str(tmp_path / "kept"), "--out", str(tmp_path / "out.csv")]
    environment = os.environ | {"OPENAI_API_KEY": KEY, "OPENAI_LOG": "debug"}
    log = tmp_path / "log"
    with log.open("w") as file:
        command = [sys.executable, "-m", "kinesics.cli", *arguments]
        run = subprocess.Popen(command, env=environment, stdout=file, stderr=file)
    try:
        assert begun.wait(60)
    finally:
        run.send_signal(signal.SIGKILL)
        run.wait()
        held.set()
    assert not (tmp_path / "out.csv").exists()
    assert "Sending HTTP Request" in log.read_text()
    assert KEY not in log.read_text()
    before = [body for body, _ in server.requests]
    server.replies = [(200, completion(ranking(1, ["anger"])))]
    assert main(arguments) == 0
    after = [body for body, _ in server.requests[3:]]
    assert after[0] == before[2]  # the one that was not answered
    assert len(after) == 2
    assert not set(after) & set(before[:2])
    bytes_after = (tmp_path / "out.csv").read_bytes()
    assert sorted(pd.read_csv(tmp_path / "out.csv")["answers"]) == ["anger", "anger", "happy,sad,anger", "sad"]
    assert main(arguments) == 0
    assert (tmp_path / "out.csv").read_bytes() == bytes_after
    assert len(server.requests) == 5


# --- VideoLLaMA 3


def test_videollama3_is_asked_the_same(tmp_path, words):
    """Its answers are those of a direct call with the frames, their times and the words of the request."""
    film = write_video(tmp_path / "film.mp4", numbered(24), rate=10)
    weights = save("videollama3", tmp_path / "weights")
    save_tokeniser(weights)
    model, seen = open_videollama3(weights, tmp_path / "kept", most_tokens=8), []

    def noted(messages):
        seen.append((shown(messages), messages[0]["content"][0]["text"], model(messages)))
        return seen[-1][2]

    _, windows = prompt_events(film, ["happy"], noted, window_s=1.2, step_s=1.2, tries=(1,), progress=False)
    assert windows["outcome"].tolist() == ["malformed"] * 2  # the weights are random
    rank_labels(list_items(film), LABELS, noted, batch=1, tries=(1,), progress=False)
    rank_labels(list_items(film), LABELS, noted, words=words, batch=1, tries=(1,), progress=False)
    direct = answerer(weights, 8)
    spoken = ["", "", "", "\nLook! I never said that."]
    for (frames, question, told), times_s, words_s in zip(
        seen, [[0, 0.5, 1], [0.3, 0.8], [0, 1, 2], [0, 1, 2]], spoken, strict=True
    ):
        assert told == direct(np.stack(frames), times_s, question + words_s)
    assert (model.sent, model.found) == (4, 0)
    again = open_videollama3(weights, tmp_path / "kept", most_tokens=8)
    prompt_events(film, ["happy"], again, window_s=1.2, step_s=1.2, tries=(1,), progress=False)
    assert (again.sent, again.found) == (0, 2)


# --- cost


def test_a_dry_run_sends_nothing_and_counts_what_a_run_then_sends(server, tmp_path, pictures, capsys):
    server.replies = [(200, completion(ranking(2)))]
    arguments = ["ask", *map(str, pictures), "--labels", *LABELS, "--endpoint", server.url, "--model", "gpt-4o"]
    arguments += ["--batch", "2", "--responses", str(tmp_path / "kept"), "--out", str(tmp_path / "out.csv")]
    assert main([*arguments, "--dry-run"]) == 0
    told = capsys.readouterr().out
    assert not server.requests
    assert not (tmp_path / "out.csv").exists()
    assert "prompt      face, 2 images a request" in told
    assert "requests    2, if each is answered at once, as all below; at most 14 if all are refused; 0 more" in told
    assert "pictures    4" in told
    assert main(arguments) == 0
    assert len(server.requests) == 2
    assert main([*arguments, "--dry-run"]) == 0
    assert "at most 0 if all are refused; 2 more" in capsys.readouterr().out


def test_a_dry_run_tells_how_many_clips_have_words_and_needs_no_weights(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_video(tmp_path / "film.mp4", numbered(24), rate=10)
    (tmp_path / "words.csv").write_text("video,start_s,end_s,text\nfilm,0,1,Look!\n")
    command = ["ask", "film.mp4", "--labels=happy,sad", "--window", "1.2", "--dry-run"]
    server_of_nobody = ["--endpoint", "http://127.0.0.1:9/v1", "--model", "m"]
    assert main([*command, *server_of_nobody, "--words", "words.csv", "--prompt", "text"]) == 0
    told = capsys.readouterr().out
    assert "prompt      text, 20 videos a request\nwords       of 1 of 2 clips\n" in told
    assert "picture" not in told
    assert main([*command, "--weights", "someone/absent"]) == 0
    told = capsys.readouterr().out
    assert "someone/absent is not on this machine" in told
    assert "pictures    6" in told
    assert sorted(path.name for path in tmp_path.iterdir()) == ["film.mp4", "words.csv"]


def test_cost_and_time_are_sums_that_can_be_done_by_hand():
    assert [tiles(1024, 1024), tiles(4096, 2048), tiles(512, 512)] == [4, 6, 4]  # the first two from OpenAI's guide
    tally = UsageTally("gpt-4o-mini")
    tally.requests, tally.images, tally.tokens = 30, 60, 1_000_000
    told = format_estimate(tally, "gpt-4o-mini", 0, 93, 1000, requests_a_minute=2)
    assert "at most 0.17 USD, 0.15 and 0.6" in told  # 1,000,000 in and 30,000 out
    assert "about 15.0 min" in told
    assert "at most 4.30 USD" in format_estimate(tally, "other", 0, 93, 10_000, price=(4, 1))
    assert "not known for 'other'" in format_estimate(tally, "other", 0, 93, 1000)
    assert UsageTally("gpt-4o-mini").image_tokens == 2833


# --- the command


def test_answers_read_like_the_released_files(server, tmp_path, pictures):
    """With the truth beside them, the recomputation of the published numbers reads them."""
    server.replies = [(200, completion(ranking(4)))]
    arguments = ["ask", *map(str, pictures), "--labels", *LABELS, "--endpoint", server.url, "--model", "m"]
    assert main([*arguments, "--responses", str(tmp_path / "kept"), "--out", str(tmp_path / "out.csv")]) == 0
    table = pd.read_csv(tmp_path / "out.csv").assign(gt="sad").rename(columns={"video": "name", "answers": "gpt4v"})
    table[["name", "gt", "gpt4v"]].to_csv(tmp_path / "released.csv", index=False)
    assert read_answers(tmp_path / "released.csv", LABELS)["answers"].tolist() == [LABELS] * 4


def test_events_come_from_the_command(server, tmp_path):
    film = write_video(tmp_path / "film.mp4", numbered(24), rate=10)
    told = '[{"label": "hand_gesture", "start": 0.5, "end": 9, "score": 0.9}]'
    server.replies = [(200, completion(told)), (200, completion("I'm sorry, I can't."))]
    arguments = [
        "ask",
        str(film),
        "--detect",
        "--endpoint",
        server.url,
        "--model",
        "m",
        "--window",
        "1.6",
        "--step",
        "1.6",
    ]
    outputs = ["--out", str(tmp_path / "events.csv"), "--outcomes", str(tmp_path / "windows.csv")]
    assert main([*arguments, *outputs, "--responses", str(tmp_path / "kept")]) == 0
    ((_, event),) = read_events_csv(tmp_path / "events.csv").iterrows()
    assert (event["label"], event["start_s"], event["end_s"], event["score"]) == ("hand_gesture", 0.5, 1.6, 0.9)
    assert pd.read_csv(tmp_path / "windows.csv")["outcome"].tolist() == ["answered", "refused"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["absent.mp4", "--labels", "a"], "absent.mp4: no such file"),
        (["text.mp4", "--labels", "a"], "text.mp4: not a video|text.mp4: text"),
        (["text.mp4"], "give --labels"),
        (["text.mp4", "--detect"], "text.mp4"),
        (
            ["text.mp4", "--labels", "a", "--endpoint", "https://example.org/v1"],
            "set the environment variable OPENAI_API_KEY",
        ),
        (["text.mp4", "--labels", "a", "--endpoint", "example.org"], "is not the address of an endpoint"),
        (
            ["text.mp4", "--labels", "a", "--endpoint", "https://me:secret@example.org"],
            "give the key in the environment",
        ),
        (["text.mp4", "--detect", "--tracks", "a", "b"], "2 tracks for 1 videos"),
        (
            ["text.mp4", "--labels", "a", "--weights", "nobody/nothing", "--batch", "8"],
            "one clip at a time: no batch of 8",
        ),
        (["text.mp4", "--detect", "--out", "text.mp4"], "would be overwritten"),
        (["text.mp4", "--detect", "--batch", "2"], "--batch does not go with --detect"),
        (["text.mp4", "--detect", "--words", "w.csv"], "--words does not go with --detect"),
        (["text.mp4", "--labels", "a", "--tracks", "b"], "--tracks does not go without --detect"),
        (["text.mp4", "--labels", "a", "--step", "2"], "a window every 2 s would leave gaps"),
        (["--labels", "a", "b", "text.mp4"], "'text.mp4' is a file: give videos first, or labels as in --labels="),
        (["--labels", "a"], "no video: give videos first"),
        (["text.mp4", "--labels", "a", "--weights", "./nothing"], "^kinesics: ./nothing: no such folder$"),
        (["text.mp4", "--labels", "a", "--weights", "."], r"\.: holds no weights; run: hf download lkhl/VideoLLaMA3"),
        (["text.mp4", "--labels", "a", "--responses", "text.mp4"], "text.mp4 is a file: give the name of a folder"),
        (["text.mp4", "--labels", "a", "--out", "/proc/x"], "/proc/x is a device or a pipe: give the path of a file"),
    ],
)
def test_wrong_input_is_one_line(tmp_path, monkeypatch, capsys, arguments, message):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("KINESICS_DATA", str(tmp_path / "data"))
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    (tmp_path / "text.mp4").write_text("not a video")
    if "--weights" not in arguments:
        arguments = [*arguments, "--model", "m"]
        arguments += [] if "--endpoint" in arguments else ["--endpoint", "http://127.0.0.1:9/v1"]
    assert main(["ask", *arguments, *([] if "--out" in arguments else ["--out", "out.csv"])]) == 1
    (line,) = capsys.readouterr().err.strip().splitlines()
    assert pd.Series([line]).str.contains(message).all(), line
    assert "secret" not in line
    assert [path.name for path in tmp_path.iterdir()] == ["text.mp4"]
