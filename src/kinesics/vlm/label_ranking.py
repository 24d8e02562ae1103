"""Ranked answers over a list of labels: the zero-shot protocol of Lian et al. (Information Fusion 108, 2024, 102367).

Taken from their released code (github.com/zeroQiaoba/gpt4v-emotion): the prompts, 20 pictures, 8 clips, 6 clips with what
is said in them or 20 texts a request, 3 frames a clip (the first of each third), a shuffled order so that a request mixes
classes, repeated and then smaller requests where an answer cannot be read (``kinesics.vlm.put``), temperature 0, at most
1,000 tokens an answer. Ours: the order comes from a seed, names stand as text before the pictures (the released requests
have a form that the interface no longer takes), and frames are taken at times, not counted, so that a variable frame rate
does no harm.
"""

import re
from collections.abc import Sequence
from pathlib import Path
from string import Template
from typing import NamedTuple

import cv2
import numpy as np
import pandas as pd
from tqdm import tqdm

from kinesics.errors import KinesicsError
from kinesics.io.files import replacing
from kinesics.io.validation import read_table, schema
from kinesics.media.video import probe_video, read_frame_at
from kinesics.structures.timegrid import cover_with_windows
from kinesics.vlm import RETRIES_BY_SIZE, Answer, query_in_batches
from kinesics.vlm.messages import data_url, message
from kinesics.vlm.prompts import read_prompts

COLUMNS = ["video", "start_s", "end_s", "outcome", "answers"]
FRAMES = 3
SILENCE = "(nothing is said)"  # interfaces refuse an empty text; ours, for windows

_THOUGHT = re.compile(r"<think>.*?</think>", re.S)
# A list without lists in it, or a result that is one text.
_RANKED = re.compile(r"\[([^\[\]{}]*)\]|result['\"]?\s*:\s*(?:\"([^\"]*)\"|'([^']*)')", re.I)
_NUMBER = re.compile(r"(?:image|video)\D{0,3}(\d+)", re.I)


class Item(NamedTuple):
    """What one answer is about: a picture (from 0 to 0), or a span of a video in seconds."""

    path: Path
    start_s: float
    end_s: float

    @property
    def kind(self) -> str:
        return "video" if self.end_s else "image"


def is_picture(path: str | Path) -> bool:
    """Return whether a file begins like a picture that OpenCV reads; GIF counts as a clip."""
    return Path(path).is_file() and Path(path).suffix.lower() != ".gif" and cv2.haveImageReader(str(path))


def list_items(path: str | Path, window_s: float | None = None, step_s: float | None = None) -> list[Item]:
    """Return what is asked about a file: the picture, the whole clip, or its windows, one every ``step_s``.

    Raises KinesicsError as ``kinesics.media.video.facts`` does for what is neither a picture nor a video.
    """
    path = Path(path)
    if is_picture(path):
        return [Item(path, 0.0, 0.0)]
    duration_s = probe_video(path).duration_s
    spans = cover_with_windows(duration_s, window_s, step_s or window_s) if window_s else [(0.0, duration_s)]
    return [Item(path, float(start), float(end)) for start, end in spans]


def rank_labels(
    chosen: Sequence[Item],
    labels: Sequence[str],
    answer: Answer,
    *,
    prompt: str | None = None,
    words: pd.DataFrame | None = None,
    batch: int | None = None,
    frames: int = FRAMES,
    size: int | None = None,
    detail: str | None = None,
    seed: int = 0,
    tries: Sequence[int] = RETRIES_BY_SIZE,
    progress: bool = True,
) -> pd.DataFrame:
    """Ask a model to rank labels for pictures, or for clips; return one row an item, in the order given.

    Columns: ``video`` (the file's name without suffix), ``start_s``, ``end_s`` (0 and 0 for a picture), ``outcome`` (see
    ``kinesics.vlm.put``) and ``answers``, the likeliest first, separated by commas as in the released files; an answer
    that is not in the list stays, for ``kinesics_paper.studies.gpt4v`` decides about those.

    ``prompt`` (face, micro or evoked for pictures; video, multi or text for clips) and ``batch`` are by default those of the
    protocol; pictures are as large as they are unless ``size`` is given. ``words`` (``read_words``) is what is said in the
    clips, for multi and text. Raises KinesicsError for unknown prompts, labels that would be torn apart, pictures among
    clips, words that are missing or of no use, and files that cannot be read.
    """
    check_labels(labels)
    named: dict[str, Path] = {}
    for item in chosen:
        if named.setdefault(item.path.stem, item.path) != item.path:
            raise KinesicsError(f"{item.path} and {named[item.path.stem]}: answers go by name, so rename one")
    row = choose_prompt(chosen, prompt, words)
    batch = batch or int(row["batch"])
    kind = row["item"]
    question = Template(row["text"])
    spelling = {label.lower(): label for label in labels}

    def messages(part: Sequence[Item]) -> list[dict]:
        facts = {"count": len(part), "frames": frames, "labels": repr(list(labels))}
        parts: list[tuple[str, str | None]] = []
        for number, item in enumerate(part, 1):
            if row["shows"] != "pictures":
                parts.append((text_of_item(words, item), None))
            if row["shows"] != "words":
                parts += [
                    (f"image-{number}" if kind == "image" else f"video{number}_image{k}", data_url(frame, size))
                    for k, frame in enumerate(shown_images(item, frames), 1)
                ]
        return message(question.substitute(facts), parts, detail)

    def read(text: str, count: int) -> list[list[str]] | None:
        ranked = read_ranked(text, count)
        return ranked and [[spelling.get(one.lower(), one) for one in row] for row in ranked]

    order = np.random.default_rng(seed).permutation(len(chosen))
    rows: list[dict] = [{}] * len(chosen)
    for start in tqdm(range(0, len(order), batch), "ask", unit="batch", disable=None if progress else True):
        part = order[start : start + batch]
        found = query_in_batches([chosen[k] for k in part], messages, read, answer, batch, tries)
        for k, (outcome, answers) in zip(part, found, strict=True):
            item = chosen[k]
            values = item.path.stem, item.start_s, item.end_s, outcome, ",".join(answers or [])
            rows[k] = dict(zip(COLUMNS, values, strict=True))
    return pd.DataFrame(rows, columns=COLUMNS)


def choose_prompt(
    chosen: Sequence[Item], name: str | None = None, words: pd.DataFrame | None = None, file: str | Path = "words"
) -> dict[str, str]:
    """Return the row of ``prompts.csv`` of that name, or of the protocol, for these items: face for pictures, video for
    clips, multi for clips with ``words``, which come from ``file``.

    Raises KinesicsError if pictures and videos are mixed, the prompt is not for them, or it needs words and there are none
    of these videos, or it takes none.
    """
    kinds = {item.kind for item in chosen}
    if len(kinds) > 1:
        raise KinesicsError("pictures and videos are asked about in different words: give one kind at a time")
    (kind,) = kinds
    name = name or {"image": "face", "video": "video" if words is None else "multi"}[kind]
    known = {key: row for key, row in read_prompts().items() if row["item"] == kind}
    if name not in known:
        raise KinesicsError(f"{name!r} is not a prompt for {kind}s. Those are {', '.join(known)}.")
    if (known[name]["shows"] == "pictures") != (words is None):
        raise KinesicsError(
            f"the prompt {name} shows no words: leave --words out, or ask with --prompt multi about clips"
            if words is not None
            else f"the prompt {name} shows what is said: give it with --words"
        )
    if words is not None and not words["video"].isin([item.path.stem for item in chosen]).any():
        raise KinesicsError(
            f"{file}: the words are of other videos, such as {words['video'].iloc[0]!r}, not of {chosen[0].path.stem!r}"
            if len(words)
            else f"{file}: the table of words is empty"
        )
    return known[name]


def read_words(path: str | Path) -> pd.DataFrame:
    """Read what is said in videos, a CSV with the columns video, start_s, end_s and text, such as the stage's lines.

    Raises KinesicsError naming the file and the line for a row that is no such.
    """
    rows = read_table(path, schema("utterances"))
    table = pd.DataFrame(rows, columns=["video", "start_s", "end_s", "text"]).astype({"start_s": float, "end_s": float})
    if (bad := (table["end_s"] <= table["start_s"]).to_numpy()).any():
        raise KinesicsError(f"{path}: line {int(bad.argmax()) + 2}: end_s is not after start_s")
    return table.sort_values(["video", "start_s", "end_s"], kind="stable", ignore_index=True)


def text_of_item(words: pd.DataFrame, item: Item) -> str:
    """Return what is said in the span of an item, in one line, or SILENCE."""
    mine = words[(words["video"] == item.path.stem) & (words["start_s"] < item.end_s) & (words["end_s"] > item.start_s)]
    return " ".join(" ".join(mine["text"]).split()) or SILENCE


def shown_images(item: Item, frames: int) -> list[np.ndarray]:
    """Return the pictures of an item, uint8 RGB: the picture, or the frames at the start of equal parts of its span.

    Raises KinesicsError naming the file if it cannot be read.
    """
    if item.kind == "image":
        image = cv2.imread(str(item.path), cv2.IMREAD_COLOR)
        if image is None:
            raise KinesicsError(f"{item.path}: not a picture, or damaged; get it again")
        return [cv2.cvtColor(image, cv2.COLOR_BGR2RGB)]
    times = item.start_s + np.arange(frames) * (item.end_s - item.start_s) / frames
    return list(read_frame_at(item.path, times))


def read_ranked(text: str, count: int) -> list[list[str]] | None:
    """Return the ranked labels of each of ``count`` items from an answer, or None if there are not as many lists.

    Lists may be JSON, Python, or cut off around them, in a fence or among words. Where all items are numbered
    (``image-2``), the numbers give their order.
    """
    text = _THOUGHT.sub("", text)
    found = list(_RANKED.finditer(text))
    rows = [
        [one for part in match[match.lastindex or 1].split(",") if (one := part.strip(" \t\r\n'\"`*"))]
        for match in found
    ]
    if len(rows) != count or not all(rows):
        return None
    begins = [0, *(match.end() for match in found)]
    numbers = [_NUMBER.search(text, begin, match.start()) for begin, match in zip(begins, found, strict=False)]
    places = [int(number[1]) for number in numbers if number]
    if sorted(places) == list(range(1, count + 1)):
        rows = [row for _, row in sorted(zip(places, rows, strict=True))]
    return rows


def check_labels(labels: Sequence[str]) -> None:
    """Raise KinesicsError unless the labels differ, also in lower case, and can stand in a list."""
    if bad := [label for label in labels if not label.strip() or set(label) & set(",[]{}'\"\n")]:
        raise KinesicsError(f"label {bad[0]!r} is empty or has a comma, bracket or quote in it: rename it")
    if len({label.lower() for label in labels}) < len(labels):
        raise KinesicsError(f"a label stands twice among {', '.join(labels)}")


def write_answers(table: pd.DataFrame, path: str | Path) -> None:
    """Write the table of ``rank`` as CSV: times to the millisecond, atomically."""
    text = table.copy()
    for column in ["start_s", "end_s"]:
        text[column] = table[column].map("{:.3f}".format)
    with replacing(path) as temporary:
        text.to_csv(temporary, index=False, lineterminator="\n")
