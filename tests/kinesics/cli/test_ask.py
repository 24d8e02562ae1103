"""The command `ask`: what is sent, written and kept, dry runs, a run that is killed, and refused input."""

import os
import re
import signal
import subprocess
import sys
from threading import Event

import pandas as pd
import pytest
from support.chat_server import KEY, LABELS, completion, ranking
from support.clips import numbered, write_video

from kinesics.cli.main import main
from kinesics.structures.events import read_events_csv
from kinesics_paper.datasets.gpt4v_emotion import read_answers


def test_answers_read_like_the_released_files(server, tmp_path, images):
    """With the truth beside them, the recomputation of the published numbers reads them."""
    server.replies = [(200, completion(ranking(4)))]
    arguments = ["ask", *map(str, images), "--labels", *LABELS, "--endpoint", server.url, "--model", "m"]
    assert main([*arguments, "--responses", str(tmp_path / "kept"), "--out", str(tmp_path / "out.csv")]) == 0
    table = pd.read_csv(tmp_path / "out.csv").assign(gt="sad").rename(columns={"video": "name", "answers": "gpt4v"})
    table[["name", "gt", "gpt4v"]].to_csv(tmp_path / "released.csv", index=False)
    assert read_answers(tmp_path / "released.csv", LABELS)["answers"].tolist() == [LABELS] * 4


def test_events_come_from_the_command(server, tmp_path):
    film = write_video(tmp_path / "film.mp4", numbered(24), rate=10)
    answer = '[{"label": "hand_gesture", "start": 0.5, "end": 9, "score": 0.9}]'
    server.replies = [(200, completion(answer)), (200, completion("I'm sorry, I can't."))]
    arguments = ["ask", str(film), "--detect", "--endpoint", server.url, "--model", "m"]
    arguments += ["--window", "1.6", "--step", "1.6"]
    outputs = ["--out", str(tmp_path / "events.csv"), "--outcomes", str(tmp_path / "windows.csv")]
    assert main([*arguments, *outputs, "--responses", str(tmp_path / "kept")]) == 0
    ((_, event),) = read_events_csv(tmp_path / "events.csv").iterrows()
    assert (event["label"], event["start_s"], event["end_s"], event["score"]) == ("hand_gesture", 0.5, 1.6, 0.9)
    assert pd.read_csv(tmp_path / "windows.csv")["outcome"].tolist() == ["answered", "refused"]


def test_the_key_is_in_no_file_and_no_output(server, tmp_path, images, monkeypatch, capsys):
    """Also where the server repeats it."""
    server.replies = [lambda body: (200, completion(ranking(1) + f" Your key is {KEY}."))]
    monkeypatch.setenv("A_KEY", KEY)
    arguments = ["ask", str(images[0]), "--labels", *LABELS, "--endpoint", server.url, "--model", "m"]
    folder = ["--responses", str(tmp_path / "kept"), "--key-variable", "A_KEY"]
    assert main([*arguments, *folder, "--out", str(tmp_path / "out.csv")]) == 0
    assert server.requests[0][1]["Authorization"] == f"Bearer {KEY}"
    printed = capsys.readouterr()
    assert KEY not in printed.out + printed.err
    written = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert any(b"Your key is [key]" in path.read_bytes() for path in written)
    assert not any(KEY.encode() in path.read_bytes() for path in written)


@pytest.mark.slow
def test_a_killed_run_goes_on_and_sends_nothing_twice(server, tmp_path, images):
    held, begun = Event(), Event()

    def third(body):
        begun.set()
        held.wait(20)

    server.replies = [(200, completion(ranking(1))), (200, completion(ranking(1, ["sad"]))), third]
    arguments = ["ask", *map(str, images), "--labels", *LABELS, "--endpoint", server.url, "--model", "m"]
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


def test_a_dry_run_sends_nothing_and_counts_what_a_run_then_sends(server, tmp_path, images, capsys, monkeypatch):
    server.replies = [(200, completion(ranking(2)))]
    arguments = ["ask", *map(str, images), "--labels", *LABELS, "--endpoint", server.url, "--model", "gpt-4o"]
    arguments += ["--batch", "2", "--responses", str(tmp_path / "kept"), "--out", str(tmp_path / "out.csv")]
    with monkeypatch.context() as without:
        without.setitem(sys.modules, "openai", None)  # of an extra
        assert main([*arguments, "--dry-run"]) == 0
    printed = capsys.readouterr().out
    assert not server.requests
    assert not (tmp_path / "out.csv").exists()
    assert "prompt      face, 2 images per request" in printed
    assert "requests    2, if each is answered at once, as all below; at most 14 if all are refused; 0 more" in printed
    assert "images      4" in printed
    assert main(arguments) == 0
    assert len(server.requests) == 2
    assert main([*arguments, "--dry-run"]) == 0
    assert "at most 0 if all are refused; 2 more" in capsys.readouterr().out


def test_a_dry_run_counts_clips_with_utterances_and_needs_no_weights(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_video(tmp_path / "film.mp4", numbered(24), rate=10)
    (tmp_path / "words.csv").write_text("video,start_s,end_s,text\nfilm,0,1,Look!\n")
    command = ["ask", "film.mp4", "--labels=happy,sad", "--window", "1.2", "--dry-run"]
    no_server = ["--endpoint", "http://127.0.0.1:9/v1", "--model", "m"]
    assert main([*command, *no_server, "--words", "words.csv", "--prompt", "text"]) == 0
    printed = capsys.readouterr().out
    assert "prompt      text, 20 videos per request\nwords       of 1 of 2 clips\n" in printed
    assert "image" not in printed
    assert main([*command, "--weights", "someone/absent"]) == 0
    printed = capsys.readouterr().out
    assert "someone/absent is not on this machine" in printed
    assert "images      6" in printed
    assert sorted(path.name for path in tmp_path.iterdir()) == ["film.mp4", "words.csv"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["absent.mp4", "--labels", "a"], "absent.mp4: no such file"),
        (["text.mp4", "--labels", "a"], "text.mp4: not a video|text.mp4: text"),
        (["text.mp4"], "give --labels"),
        (["text.mp4", "--detect"], "text.mp4"),
        (["text .mp4", "--detect"], "has blanks around it: rename the file"),
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
def test_wrong_input_is_one_line(refusal, monkeypatch, arguments, message):
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    if "--weights" not in arguments:
        arguments = [*arguments, "--model", "m"]
        arguments += [] if "--endpoint" in arguments else ["--endpoint", "http://127.0.0.1:9/v1"]
    line = refusal(["ask", *arguments, *([] if "--out" in arguments else ["--out", "out.csv"])])
    assert re.search(message, line)
    assert "secret" not in line
