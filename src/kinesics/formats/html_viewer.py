"""Write a page that shows a video with its events in a browser and lets them be corrected there.

The page is one file that opens from disk: style, program and events are in it, and it loads nothing but the video. The
program is the JavaScript of the folder ``viewer``, one subject a file.
"""

import base64
import hashlib
import html
import json
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np
import pandas as pd

from kinesics.errors import KinesicsError
from kinesics.io.files import write_text
from kinesics.io.names import video_name, video_names
from kinesics.io.package_data import package_file
from kinesics.media.video import VideoInfo, probe_video
from kinesics.structures.events import BOX, ORDER, Events, keep_events
from kinesics.structures.vocabulary import LABELS

#: Boxes of tubes are written as 16-bit integers, this many to the width or height of the frame.
TUBE_UNIT = 20_000
#: The longest name, in bytes, that a page has after its video: beyond it, a digest stands for the rest.
LONGEST_NAME = 200


@dataclass(frozen=True)
class ViewedVideo:
    """A video and the events to show with it.

    ``events`` are those that can be corrected; ``compared`` are set against them, such as an annotator's against a detector's.
    Either may hold events of further videos, which are left out. ``names`` is what the page calls the two tables, ``info``
    what is known of the video (default: it is examined).
    """

    video: str | Path
    events: Events
    compared: Events | None = None
    names: tuple[str, str] = ("detector", "annotator")
    info: VideoInfo | None = None

    def examined(self) -> VideoInfo:
        """Return what is known of the video. Raises KinesicsError if it has to be examined and cannot be read."""
        return self.info or probe_video(self.video)


def write_viewer(out: str | Path, videos: Sequence[ViewedVideo], *, pages: Sequence[str | Path] | None = None) -> Path:
    """Write a page for one video, or a folder of pages and an index for several; return the file to open.

    ``out`` is a file that ends with ``.html``, for exactly one video, or else a folder: its ``index.html`` links to the pages
    at ``pages``, relative to the folder (default: ``videos/<name>.html``). Pages refer to videos by their path relative to
    the page, so keep them in the same place to each other.
    The same input gives the same bytes. Each page is written whole or not at all, the index last.

    Raises KinesicsError naming the file if a video cannot be read, two have the same name, or no event is of one of them.
    """
    out = Path(out)
    names = video_names((viewed.video for viewed in videos), "rename one, or write a page for each", f"{out}: ")
    for viewed in videos:
        _refuse_other_videos(viewed, names)
    if out.suffix.lower() == ".html":
        if len(videos) != 1:
            raise KinesicsError(f"{out}: a page holds one video, not {len(videos)}: give a folder")
        _write_page(out, videos[0], videos[0].examined())
        return out
    index = out / "index.html"
    files = [out / page for page in pages or [Path("videos", _page_name(name)) for name in names]]
    infos = [viewed.examined() for viewed in videos]
    for file, viewed, info in zip(files, videos, infos, strict=True):
        _write_page(file, viewed, info, home=relative_url(index, file.parent))
    write_text(index, _index(out, files, videos, infos))
    return index


def write_index(path: str | Path, pages: Sequence[str | Path], videos: Sequence[ViewedVideo]) -> None:
    """Write a page that links to the pages of videos. Raises KinesicsError if a video cannot be read."""
    path = Path(path)
    infos = [viewed.examined() for viewed in videos]
    write_text(path, _index(path.parent, [Path(page) for page in pages], videos, infos))


def _refuse_other_videos(viewed: ViewedVideo, names: Sequence[str]) -> None:
    for events in _tables(viewed):
        others = set(events.table["video"]) - set(names)
        if others and len(others) == events.table["video"].nunique():
            raise KinesicsError(
                f"{viewed.video}: its events are of other videos, such as {min(others)!r}: give its own"
            )


def _page_name(name: str) -> str:
    data = name.encode()
    if len(data) <= LONGEST_NAME:
        return f"{name}.html"
    return f"{data[: LONGEST_NAME // 2].decode(errors='ignore')}-{hashlib.sha256(data).hexdigest()[:12]}.html"


def _write_page(path: Path, viewed: ViewedVideo, info: VideoInfo, home: str | None = None) -> None:
    """Write the page of a video, with a link to the index ``home`` if there is one."""
    name = video_name(viewed.video)
    tables = [_table(events, name, title) for events, title in zip(_tables(viewed), viewed.names, strict=False)]
    data: dict[str, Any] = {
        "video": name,
        "file": Path(viewed.video).name,
        "src": relative_url(viewed.video, path.parent),
        "duration_s": info.duration_s,
        "rate_hz": info.rate_hz,
        "width": info.width,
        "height": info.height,
        "has_audio": info.has_audio,
        "vocabulary": LABELS.reset_index()[["label", "family", "colour", "definition"]].to_dict("records"),
        "tables": tables,
    }
    data["digest"] = hashlib.sha256(_json(data).encode()).hexdigest()[:16]
    style, script = _asset("viewer.css"), bundle("main.js")
    write_text(
        path,
        _filled(
            _asset("page.html"),
            title=html.escape(name),
            home="" if home is None else f'<a href="{html.escape(home)}">All videos</a>',
            policy=_policy(style, script),
            style=style,
            script=script,
            data=_json(data),
        ),
    )


def _tables(viewed: ViewedVideo) -> list[Events]:
    return [events for events in (viewed.events, viewed.compared) if events is not None]


def _policy(style: str, script: str) -> str:
    """Return the content security policy of a page: its own style and program run, and it loads videos from disk only."""
    digests = [base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in (style, script)]
    return (
        f"default-src 'none'; style-src 'sha256-{digests[0]}'; script-src 'sha256-{digests[1]}'; "
        "media-src 'self' file: blob:; base-uri 'none'; form-action 'none'"
    )


def relative_url(path: str | Path, folder: str | Path) -> str:
    """Return the URL of a file relative to a folder, whatever characters its name has; absolute where there is no way."""
    try:
        relative = Path(os.path.relpath(path, folder))  # links are not followed: the browser does not either
    except ValueError:  # another drive
        return Path(path).absolute().as_uri()
    return "/".join(quote(os.fsencode(part), safe="") if part != ".." else part for part in relative.parts)


def _table(events: Events, video: str, title: str) -> dict[str, Any]:
    """Return the events of a video as columns: times to the millisecond, scores and boxes to four decimals."""
    table, tubes = keep_events(events.table, events.tubes, (events.table["video"] == video).to_numpy())
    rounded = table.round({"start_s": 3, "end_s": 3} | dict.fromkeys(["score", *BOX], 4))
    order = rounded.sort_values(ORDER, kind="stable").index
    columns: dict[str, Any] = {"name": title, "person": rounded["person"][order].tolist()}
    for column, values in (("label", "labels"), ("family", "families")):
        codes, names = pd.factorize(rounded[column][order])
        columns |= {column: codes.tolist(), values: list(names)}
    for column in ["start_s", "end_s", "score", *BOX]:
        columns[column] = [None if np.isnan(value) else value for value in rounded[column][order].tolist()]
    return columns | {"tubes": None if tubes is None else _tubes(tubes, order.to_numpy())}


def _tubes(tubes: pd.DataFrame, order: np.ndarray) -> dict[str, Any]:
    """Return tubes as the number of boxes of each event, and in Base64 all times (uint32, ms) and then all boxes (int16)."""
    place = np.empty(len(order), int)
    place[order] = np.arange(len(order))
    event = place[tubes["event"].to_numpy(int)]
    rows = np.lexsort((tubes["time_s"].to_numpy(), event))
    times = (tubes["time_s"].to_numpy()[rows].clip(min=0) * 1000).round().astype("<u4")
    boxes = (tubes[BOX].to_numpy(float)[rows] * TUBE_UNIT).round().astype("<i2")
    return {
        "counts": np.bincount(event, minlength=len(order)).tolist(),
        "samples": base64.b64encode(times.tobytes() + boxes.tobytes()).decode(),
    }


def _json(value: object) -> str:
    """Return JSON that can stand in a page: no tag or comment begins or ends in it."""
    text = json.dumps(value, allow_nan=False, ensure_ascii=False, separators=(",", ":"))
    return text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")


def _index(out: Path, pages: Sequence[Path], videos: Sequence[ViewedVideo], infos: Sequence[VideoInfo]) -> str:
    """Return the page that links to those of the videos, in the order of their names."""
    lines: list[str] = []
    for page, viewed, info in sorted(zip(pages, videos, infos, strict=True), key=lambda row: video_name(row[1].video)):
        name = video_name(viewed.video)
        table = viewed.events.table[viewed.events.table["video"] == name]
        link = f'<a href="{html.escape(relative_url(page, out))}">{html.escape(name)}</a>'
        minutes, seconds = divmod(round(info.duration_s), 60)
        cells = [link, f"{minutes}:{seconds:02}", table["person"].nunique(), table["label"].nunique(), len(table)]
        lines.append("<tr>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>")
    style = _asset("viewer.css")
    return _filled(_asset("index.html"), policy=_policy(style, ""), style=style, rows="\n".join(lines))


def bundle(name: str) -> str:
    """Return a module of the page with all that it imports as one program, which needs no further file.

    A page that is opened from disk cannot import modules. Each becomes a function that returns what it exports; top-level
    ``import { a } from "./b.js";`` and ``export const``, ``function`` and ``class`` are all that may occur.
    """
    written: dict[str, str] = {}

    def add(module: str) -> None:
        source = _asset(module)
        imports = re.compile(r'^import (\{[^}]*\}) from "\./([\w.]+)";$', re.M)
        for _, imported in imports.findall(source):
            if imported not in written:
                add(imported)
        exports = re.findall(r"^export (?:const|(?:async )?function|class) (\w+)", source, re.M)
        source = imports.sub(r'const \1 = modules["\2"];', source)
        source = re.sub(r"^export ", "", source, flags=re.M)
        written[module] = f'modules["{module}"] = (() => {{\n{source}return {{ {", ".join(exports)} }};\n}})();\n'

    add(name)
    return "const modules = {};\n" + "".join(written.values())


def _asset(name: str) -> str:
    return package_file("kinesics.formats", f"viewer/{name}").read_text(encoding="utf-8")


def _filled(template: str, **parts: str) -> str:
    """Return a template with each ``{{name}}`` replaced; what is put in is not searched."""
    return re.sub(r"\{\{(\w+)\}\}", lambda found: parts[found[1]], template)
