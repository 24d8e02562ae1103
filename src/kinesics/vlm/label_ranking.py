"""Rank labels for images and clips: the zero-shot protocol of Lian et al. (Information Fusion 108, 2024, 102367).

Taken from their released code (github.com/zeroQiaoba/gpt4v-emotion): the prompts, 20 images, 8 clips, 6 clips with their
utterances or 20 texts per request, 3 frames per clip (the first of each third), a shuffled order so that a request mixes
classes, repeated and then smaller requests where an answer cannot be parsed (``kinesics.vlm.batching``), temperature 0, at
most 1,000 tokens per answer. Ours: the order comes from a seed, names stand as text before the images (the released
requests have a form that the interface no longer takes), and frames are taken at times, not counted, so that a variable
frame rate does no harm.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
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
from kinesics.media.streams import AS_IT_COMES, ReadOptions
from kinesics.media.video import probe_video, read_frame_at
from kinesics.structures.timegrid import cover_with_windows
from kinesics.vlm.base import Answer
from kinesics.vlm.batching import ATTEMPTS_BY_SIZE, query_in_batches
from kinesics.vlm.messages import data_url, make_messages, strip_reasoning
from kinesics.vlm.prompts import read_prompts

COLUMNS = ["video", "start_s", "end_s", "outcome", "answers"]
FRAMES = 3
SILENCE = "(nothing is said)"  # interfaces refuse an empty text; ours, for windows

# A list without lists in it, or a result that is one text.
_RANKING = re.compile(r"\[([^\[\]{}]*)\]|result['\"]?\s*:\s*(?:\"([^\"]*)\"|'([^']*)')", re.I)
_NUMBER = re.compile(r"(?:image|video)\D{0,3}(\d+)", re.I)


class Item(NamedTuple):
    """The subject of one answer: an image (from 0 to 0), or a span of a video in seconds."""

    path: Path
    start_s: float
    end_s: float

    @property
    def kind(self) -> str:
        return "video" if self.end_s else "image"


def is_image(path: str | Path) -> bool:
    """Return whether a file begins like an image that OpenCV reads; GIF counts as a clip."""
    return Path(path).is_file() and Path(path).suffix.lower() != ".gif" and cv2.haveImageReader(str(path))


def list_items(
    path: str | Path, window_s: float | None = None, step_s: float | None = None, options: ReadOptions = AS_IT_COMES
) -> list[Item]:
    """Return the items of a file: the image, the whole clip, or its windows, one every ``step_s``.

    Raises KinesicsError as ``kinesics.media.video.probe_video`` does for what is neither an image nor a video.
    """
    path = Path(path)
    if is_image(path):
        return [Item(path, 0.0, 0.0)]
    duration_s = probe_video(path, options).duration_s
    spans = cover_with_windows(duration_s, window_s, step_s or window_s) if window_s else [(0.0, duration_s)]
    return [Item(path, float(start), float(end)) for start, end in spans]


@dataclass(frozen=True)
class _Request:
    """How the items of a request are presented: the row of ``prompts.csv``, and the settings of ``rank_labels``."""

    prompt: dict[str, str]
    labels: Sequence[str]
    utterances: pd.DataFrame | None
    frames: int
    size: int | None
    detail: str | None
    options: ReadOptions

    def messages(self, items: Sequence[Item]) -> list[dict]:
        """Return the messages about some items."""
        values = {"count": len(items), "frames": self.frames, "labels": repr(list(self.labels))}
        parts: list[tuple[str, str | None]] = []
        for number, item in enumerate(items, 1):
            if self.prompt["shows"] != "images":
                parts.append((spoken_text(self.utterances, item), None))
            if self.prompt["shows"] != "text":
                parts += self._images(item, number)
        return make_messages(Template(self.prompt["text"]).substitute(values), parts, self.detail)

    def _images(self, item: Item, number: int) -> list[tuple[str, str]]:
        """Return (name, data URL) of each image of an item, which is the ``number``-th of its request."""
        single = self.prompt["item"] == "image"
        return [
            (f"image-{number}" if single else f"video{number}_image{k}", data_url(image, self.size))
            for k, image in enumerate(load_images(item, self.frames, self.options), 1)
        ]

    def parse(self, text: str, count: int) -> list[list[str]] | None:
        """Return the ranked labels of each item, in their own spelling, or None if the answer is malformed."""
        spelling = {label.lower(): label for label in self.labels}
        rankings = parse_rankings(text, count)
        return rankings and [[spelling.get(label.lower(), label) for label in ranking] for ranking in rankings]


def rank_labels(  # noqa: PLR0913 - keyword-only settings
    items: Sequence[Item],
    labels: Sequence[str],
    answer: Answer,
    *,
    prompt: str | None = None,
    utterances: pd.DataFrame | None = None,
    batch: int | None = None,
    frames: int = FRAMES,
    size: int | None = None,
    detail: str | None = None,
    seed: int = 0,
    attempts: Sequence[int] = ATTEMPTS_BY_SIZE,
    options: ReadOptions = AS_IT_COMES,
    progress: bool = True,
) -> pd.DataFrame:
    """Query a model to rank labels for images, or for clips; return one row per item, in the order given.

    Columns: ``video`` (the file's name without suffix), ``start_s``, ``end_s`` (0 and 0 for an image), ``outcome`` (see
    ``batching.query_in_batches``) and ``answers``, the likeliest first, separated by commas as in the released files; an
    answer that is not in the list stays, for ``kinesics_paper.studies.gpt4v`` decides about those.

    ``prompt`` (face, micro or evoked for images; video, multi or text for clips) and ``batch`` are by default those of the
    protocol; images keep their size unless ``size`` is given. ``utterances`` (``read_utterances``) are spoken in the
    clips, for multi and text. Raises KinesicsError for unknown prompts, labels that cannot stand in a list, images among
    clips, utterances that are missing or of no use, and files that cannot be read.
    """
    check_labels(labels)
    _check_names(items)
    row = choose_prompt(items, prompt, utterances)
    batch = batch or int(row["batch"])
    request = _Request(row, labels, utterances, frames, size, detail, options)
    order = np.random.default_rng(seed).permutation(len(items))
    rows: list[dict] = [{}] * len(items)
    for start in tqdm(range(0, len(order), batch), "ask", unit="batch", disable=None if progress else True):
        part = order[start : start + batch]
        outcomes = query_in_batches([items[k] for k in part], request.messages, request.parse, answer, batch, attempts)
        for k, (outcome, answers) in zip(part, outcomes, strict=True):
            item = items[k]
            values = item.path.stem, item.start_s, item.end_s, outcome, ",".join(answers or [])
            rows[k] = dict(zip(COLUMNS, values, strict=True))
    return pd.DataFrame(rows, columns=COLUMNS)


def choose_prompt(
    items: Sequence[Item],
    name: str | None = None,
    utterances: pd.DataFrame | None = None,
    file: str | Path = "utterances",
) -> dict[str, str]:
    """Return the row of ``prompts.csv`` of that name, or the protocol's for these items.

    The protocol's is face for images, video for clips, multi for clips with ``utterances``, which come from ``file``.

    Raises KinesicsError if images and videos are mixed, the prompt is not for them, or it needs utterances and there are
    none of these videos, or it takes none.
    """
    kinds = {item.kind for item in items}
    if len(kinds) > 1:
        raise KinesicsError("the prompts for images and videos differ: give one kind at a time")
    (kind,) = kinds
    name = name or {"image": "face", "video": "video" if utterances is None else "multi"}[kind]
    prompts = {key: row for key, row in read_prompts().items() if row["item"] == kind}
    if name not in prompts:
        raise KinesicsError(f"{name!r} is not a prompt for {kind}s. Those are {', '.join(prompts)}.")
    if (prompts[name]["shows"] == "images") != (utterances is None):
        raise KinesicsError(
            f"the prompt {name} shows no utterances: leave --words out, or give --prompt multi for clips"
            if utterances is not None
            else f"the prompt {name} shows utterances: give them with --words"
        )
    if utterances is not None and not utterances["video"].isin([item.path.stem for item in items]).any():
        raise KinesicsError(
            f"{file}: the utterances are of other videos, such as {utterances['video'].iloc[0]!r}, not of "
            f"{items[0].path.stem!r}"
            if len(utterances)
            else f"{file}: the table of utterances is empty"
        )
    return prompts[name]


def read_utterances(path: str | Path) -> pd.DataFrame:
    """Read the utterances in videos, a CSV with the columns video, start_s, end_s and text, as synthetic videos have.

    Raises KinesicsError naming the file and the line for a row that is none.
    """
    rows = read_table(path, schema("utterances"))
    table = pd.DataFrame(rows, columns=["video", "start_s", "end_s", "text"]).astype({"start_s": float, "end_s": float})
    if (bad := (table["end_s"] <= table["start_s"]).to_numpy()).any():
        raise KinesicsError(f"{path}: line {int(bad.argmax()) + 2}: end_s is not after start_s")
    return table.sort_values(["video", "start_s", "end_s"], kind="stable", ignore_index=True)


def spoken_text(utterances: pd.DataFrame, item: Item) -> str:
    """Return the utterances in the span of an item as one line, or SILENCE."""
    overlap = (utterances["start_s"] < item.end_s) & (utterances["end_s"] > item.start_s)
    rows = utterances[(utterances["video"] == item.path.stem) & overlap]
    return " ".join(" ".join(rows["text"]).split()) or SILENCE


def load_images(item: Item, frames: int, options: ReadOptions = AS_IT_COMES) -> list[np.ndarray]:
    """Return the images of an item, uint8 RGB: the image, or the frames at the start of equal parts of its span.

    Raises KinesicsError naming the file if it cannot be read.
    """
    if item.kind == "image":
        image = cv2.imread(str(item.path), cv2.IMREAD_COLOR)
        if image is None:
            raise KinesicsError(f"{item.path}: not an image, or damaged; get it again")
        return [cv2.cvtColor(image, cv2.COLOR_BGR2RGB)]
    times = item.start_s + np.arange(frames) * (item.end_s - item.start_s) / frames
    return list(read_frame_at(item.path, times, options))


def parse_rankings(text: str, count: int) -> list[list[str]] | None:
    """Return the ranked labels of each of ``count`` items from an answer, or None if there are not as many lists.

    Lists may be JSON, Python, or cut off around them, in a fence or among words. Where all items are numbered
    (``image-2``), the numbers give their order.
    """
    text = strip_reasoning(text)
    matches = list(_RANKING.finditer(text))
    rankings = [
        [label for part in match[match.lastindex or 1].split(",") if (label := part.strip(" \t\r\n'\"`*"))]
        for match in matches
    ]
    if len(rankings) != count or not all(rankings):
        return None
    begins = [0, *(match.end() for match in matches)]
    numbers = [_NUMBER.search(text, begin, match.start()) for begin, match in zip(begins, matches, strict=False)]
    places = [int(number[1]) for number in numbers if number]
    if sorted(places) == list(range(1, count + 1)):
        rankings = [ranking for _, ranking in sorted(zip(places, rankings, strict=True))]
    return rankings


def check_labels(labels: Sequence[str]) -> None:
    """Raise KinesicsError unless the labels differ, also in lower case, and can stand in a list."""
    if bad := [label for label in labels if not label.strip() or set(label) & set(",[]{}'\"\n")]:
        raise KinesicsError(f"label {bad[0]!r} is empty or has a comma, bracket or quote in it: rename it")
    if len({label.lower() for label in labels}) < len(labels):
        raise KinesicsError(f"a label stands twice among {', '.join(labels)}")


def write_rankings(table: pd.DataFrame, path: str | Path) -> None:
    """Write the table of ``rank_labels`` as CSV: times to the millisecond, atomically."""
    text = table.copy()
    for column in ["start_s", "end_s"]:
        text[column] = table[column].map("{:.3f}".format)
    with replacing(path) as temporary:
        text.to_csv(temporary, index=False, lineterminator="\n")


def _check_names(items: Sequence[Item]) -> None:
    """Raise KinesicsError if two files have the same name: answers are looked up by it."""
    paths: dict[str, Path] = {}
    for item in items:
        if paths.setdefault(item.path.stem, item.path) != item.path:
            raise KinesicsError(f"{item.path} and {paths[item.path.stem]}: answers go by name, so rename one")
