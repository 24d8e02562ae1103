"""Subtitles: WebVTT and SubRip (SRT). A cue is an event, its text the label, its voice the person and family."""

import html
import re
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from kinesics.errors import KinesicsError
from kinesics.formats.annotations import Annotation, printable, rounded, rows, tier_name, to_events
from kinesics.formats.base import FAMILY, Options, ReadWrite
from kinesics.formats.source import as_time, read_text
from kinesics.io.files import write_text
from kinesics.structures.events import Events

_ARROW = re.compile(r"\s*(\S+)\s+-->\s+(\S+)(?:\s+.*)?")
_VOICE = re.compile(r"<v(?:\.[^\s<>]*)?\s+([^<>]*)>")
_TAG = re.compile(r"<[^<>\n]*>")
_OWN = re.compile(r"(person \d+(?: [^:\n]*)?): (.*)", re.DOTALL)


def _blocks(text: str) -> Iterator[tuple[int, list[str]]]:
    """Yield the parts between empty lines, each with the number of its first line."""
    block: list[str] = []
    for number, line in enumerate([*text.split("\n"), ""], 1):
        if line.strip():
            block.append(line)
        elif block:
            yield number - len(block), block
            block = []


def read(path: Path, options: Options, *, srt: bool) -> Events:
    """Read subtitles; comments, styles and regions of WebVTT are left out.

    Raises KinesicsError naming the file and the line of a cue whose times cannot be read.
    """
    text = read_text(path, options.notify)
    if not srt and not text:
        raise KinesicsError(f"{path}: the file is empty")
    if not srt and not re.match(r"WEBVTT(?:[ \t\n]|$)", text):
        raise KinesicsError(f"{path}: line 1: {text[:20]!r} is not WEBVTT: not a WebVTT file")
    annotations: list[Annotation] = []
    for first, lines in _blocks(text):
        timing = next((k for k, line in enumerate(lines[:2]) if "-->" in line), None)
        if re.match(r"NOTE\b|STYLE\b|REGION\b|WEBVTT\b", lines[0]) and not srt:
            continue
        if timing is None:
            raise KinesicsError(f"{path}: line {first}: {lines[0][:60]!r} is no cue: its times are missing")
        where = f"line {first + timing}"
        match = _ARROW.fullmatch(lines[timing])
        start, end = (as_time(match[1]), as_time(match[2])) if match else (None, None)
        if start is None or end is None or ":" not in lines[timing].partition("-->")[0]:
            raise KinesicsError(f"{path}: {where}: {lines[timing].strip()[:80]!r} are no times of a cue")
        payload = "\n".join(lines[timing + 1 :])
        for voice, words in _parts(payload, srt):
            annotations.append(Annotation(start, end, words, where, tier=voice, subject="" if _tier(voice) else voice))
    return to_events(annotations, path, options)


def _tier(voice: str) -> bool:
    return not voice or voice.startswith("person ")


def _parts(payload: str, srt: bool) -> Iterator[tuple[str, str]]:
    """Yield voice and text of each part of a cue."""
    if srt:
        own = _OWN.fullmatch(payload)
        yield (own[1], own[2]) if own else ("", _TAG.sub("", payload))
        return
    voices = _VOICE.split(payload)
    if voices[0].strip() or len(voices) == 1:
        yield "", html.unescape(_TAG.sub("", voices[0]))
    for voice, words in zip(voices[1::2], voices[2::2], strict=True):
        yield html.unescape(voice).strip(), html.unescape(_TAG.sub("", words))


def write(events: Events, path: Path, options: Options, *, srt: bool) -> None:
    """Write subtitles of one video; times are rounded to milliseconds."""
    lines = [] if srt else ["WEBVTT", ""]
    items = [rounded(row) for row in rows(events)]
    if srt and (colons := sorted({row.family for row in items if ":" in row.family})):
        options.notify(f"{path}: families with a colon are left out, which ends the voice: {', '.join(colons)}")
        items = [row._replace(family="") if ":" in row.family else row for row in items]
    for number, row in enumerate(items, 1):
        times = (_clock(value, "," if srt else ".") for value in (row.start_s, row.end_s))
        voice, label = tier_name(row.person, row.family), printable(row.label)
        text = f"{voice}: {label}" if srt else f"<v {html.escape(voice, False)}>{html.escape(label, False)}</v>"
        lines += [str(number), " --> ".join(times), text, ""]
    write_text(path, "\n".join(lines))


def _clock(time_s: float, point: str) -> str:
    milliseconds = round(time_s * 1000)
    minutes, rest = divmod(milliseconds, 60_000)
    return f"{minutes // 60:02d}:{minutes % 60:02d}:{rest // 1000:02d}{point}{rest % 1000:03d}"


def _format(title: str, suffix: str, srt: bool) -> ReadWrite:
    return ReadWrite(
        title, (suffix,), partial(read, srt=srt), partial(write, srt=srt), frozenset({FAMILY}), one_video=True
    )


VTT = _format("WebVTT", ".vtt", srt=False)
SRT = _format("SubRip", ".srt", srt=True)
