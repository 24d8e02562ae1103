"""A server of chat completions on this machine, and what tests of vision-language models send to it and read of it."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import cv2
import numpy as np

from kinesics.vlm.messages import decode_image
from kinesics.vlm.openai_client import open_endpoint

KEY = "sk-a-key-that-no-file-may-hold"
LABELS = ["happy", "sad", "anger"]
HELLO = [{"role": "user", "content": [{"type": "text", "text": "hello"}]}]
UTTERANCES = "video,start_s,end_s,text\nfilm,1.3,2.0,I never  said that.\nfilm,0.2,1.1,Look!\nother,0,9,Not here.\n"


def completion(text: str | None, **message) -> str:
    """Return the body of a chat completion as OpenAI writes it."""
    message = {"role": "assistant", "content": text} | message
    choice = {"index": 0, "message": message, "finish_reason": "stop"}
    return json.dumps({"id": "x", "object": "chat.completion", "choices": [choice], "usage": {"total_tokens": 100}})


def ranking(count: int, answers: list[str] = LABELS) -> str:
    return "\n".join(str({"name": f"image-{k + 1}", "result": answers}) for k in range(count))


def request_images(messages: list[dict]) -> list[np.ndarray]:
    """Return the images of a request."""
    return [decode_image(part["image_url"]["url"]) for part in messages[0]["content"] if part["type"] == "image_url"]


def request_texts(messages: list[dict]) -> list[str]:
    """Return the texts of a request, the prompt first."""
    return [part["text"] for part in messages[0]["content"] if part["type"] == "text"]


def write_grey_images(folder: Path) -> list[Path]:
    """Write four grey images that differ: face0 is black, each next one lighter."""
    paths = [folder / f"face{k}.png" for k in range(4)]
    for k, path in enumerate(paths):
        cv2.imwrite(str(path), np.full((40, 30, 3), 40 * k, np.uint8))
    return paths


def open_model(server: ThreadingHTTPServer, folder: Path, **options):
    """Return the model of a chat server, its responses kept in a folder."""
    return open_endpoint(server.url, "a-model", folder, key=KEY, **({"retries": 2} | options))


@contextmanager
def serve_chat() -> Iterator[ThreadingHTTPServer]:
    """Run a server that gives its ``replies`` in turn, the last one for ever, and notes the ``requests`` it gets.

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
    Thread(target=http.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    yield http
    http.shutdown()
    http.server_close()
