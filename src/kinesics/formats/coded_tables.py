"""Tables of codings as tools export them and spreadsheets save them: one row per event, or one per start and stop.

BORIS (aggregated and tabular events, also those of version 7 with their preamble), ELAN (tab-delimited text), Praat (Down to
Table), EnvisionHGdetector (segments), and any table whose columns have the names of ``coded_tables.csv``. Separated by commas,
semicolons or tabs, with decimal points or commas, and times in seconds, milliseconds or frames or of a clock.
"""

import csv
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from io import StringIO
from pathlib import Path

from kinesics.errors import KinesicsError
from kinesics.formats.annotations import Annotation, Row, rounded, rows, tier_name, to_events
from kinesics.formats.base import FAMILY, SCORE, Options, ReadWrite
from kinesics.formats.pairing import Stamp, check_observation, pair
from kinesics.formats.source import as_number, as_time, file_stem, read_bytes, read_text, time
from kinesics.io.extras import import_optional
from kinesics.io.files import one_line, write_text
from kinesics.io.package_data import package_file
from kinesics.structures.events import Events

with package_file("kinesics.formats", "coded_tables.csv").open(encoding="utf-8", newline="") as _file:
    #: The role of a column by its name, in lower case and without its unit.
    ROLES: dict[str, str] = {row["name"]: row["role"] for row in csv.DictReader(_file)}

_SHEETS = (".xlsx", ".xlsm", ".ods", ".xls")
_UNIT = re.compile(
    r"(?:[\s_-]+|\s*(?=[(\[]))[(\[]?\s*(hh:mm:ss[.:]m?s?|ss\.msec|msec|ms|milliseconds?|secs?|seconds?|s|frames?)\s*[)\]]?$"
)
#: Which of several columns of one role is read: the most exact one that needs no frame rate.
_PREFERRED = ["s", "clock", "ms", "frames"]
_NONE = {"", "na", "n/a", "nan", "none", "null", "-"}
#: Rows of a preamble before the header.
_DEEPEST = 200


@dataclass(frozen=True)
class _Column:
    """A column of a table: its place, and the unit of its times."""

    place: int
    unit: str = "s"


@dataclass(frozen=True)
class _Table:
    """A table: columns by role, names of all columns, and rows with their number in the file."""

    columns: dict[str, list[_Column]]
    names: list[str]
    body: list[tuple[int, list[str]]]
    preamble: dict[str, str]

    def cell(self, row: Sequence[str], role: str) -> str:
        """Return the text of a row in the column of a role, empty if there is none."""
        for column in self.columns.get(role, [])[:1]:
            return row[column.place].strip() if column.place < len(row) else ""
        return ""

    def filled(self, row: Sequence[str], role: str) -> str:
        """Return the text of a row in the column of a role, empty also if it says that there is none, as ``NA``."""
        text = self.cell(row, role)
        return "" if text.lower() in _NONE else text


def normal_name(name: str) -> tuple[str, str]:
    """Return the name of a column in lower case without its unit, and the unit."""
    text = " ".join(name[:200].lower().replace("_", " ").split())
    unit, match = "s", _UNIT.search(text)
    if match and match.start():
        word = match[1]
        unit = "clock" if ":" in word else "frames" if word.startswith("frame") else "s"
        unit = "ms" if word in ("msec", "ms") or word.startswith("milli") else unit
        text = text[: match.start()].strip()
    return text, unit


def column_role(name: str) -> tuple[str | None, str]:
    """Return the role that the name of a column stands for, None if it is unknown, and the unit of its times."""
    text, unit = normal_name(name)
    if re.fullmatch(r"modifiers?(?: ?#?\d+)?", text):
        return "modifier", unit
    return ROLES.get(text), unit


def read(path: Path, options: Options) -> Events:
    """Read a table of codings. Raises KinesicsError naming the file, the row and the value."""
    table = _headed(path, options)
    if options.observation is not None:
        names = dict.fromkeys(table.cell(row, "observation") for _, row in table.body)
        check_observation(options.observation, names, path)
        table = replace(
            table, body=[item for item in table.body if table.cell(item[1], "observation") == options.observation]
        )
    if "start" not in table.columns and "time" in table.columns:
        return to_events(_paired(table, path, options), path, options)
    return to_events(_spans(table, path, options), path, options)


def is_coded(text: str) -> bool:
    """Return whether the first lines of a text are a table of codings."""
    return any(_header(_split(text, separator)) is not None for separator in ",;\t|")


def _headed(path: Path, options: Options) -> _Table:
    """Return the table in a file, read with the separator that gives the most columns of known names."""
    sheet = _sheet(path) if path.suffix.lower() in _SHEETS else None
    text = "" if sheet is not None else read_text(path, options.notify)
    start = "\n".join(text.split("\n", _DEEPEST)[:_DEEPEST])
    heads = {"": sheet} if sheet is not None else {sign: _split(start, sign, str(path)) for sign in ",;\t|"}
    found = {sign: header for sign, cells in heads.items() if (header := _header(cells)) is not None}
    if found:
        sign = max(found, key=lambda sign: len(_columns(heads[sign][found[sign]][1])))
        cells = sheet if sheet is not None else _split(text, sign, str(path))
        preamble = {row[0].strip().lower(): row[1].strip() for _, row in cells[: found[sign]] if len(row) > 1}
        names = cells[found[sign]][1]
        body = [item for item in cells[found[sign] + 1 :] if any(map(str.strip, item[1]))]
        return _Table(_columns(names), names, body, preamble)
    for sign, cells in heads.items():
        if _unheaded(cells) is not None:
            cells = sheet if sheet is not None else _split(text, sign, str(path))
            if (columns := _unheaded(cells)) is not None:
                return _Table(columns, [], [item for item in cells if any(map(str.strip, item[1]))], {})
    raise KinesicsError(
        f"{path}: no table of events: columns that name a label and a start and end are needed, "
        "as label,start_s,end_s or Behavior,Start (s),Stop (s)"
    )


def _split(text: str, separator: str, where: str = "") -> list[tuple[int, list[str]]]:
    """Return the rows of a text with the numbers of their lines."""
    reader = csv.reader(StringIO(text), delimiter=separator)
    try:
        return [(reader.line_num, row) for row in reader]
    except csv.Error as error:
        if separator != ",":  # another one may do
            return []
        raise KinesicsError(f"{where}: line {reader.line_num}: {error}") from None


def _sheet(path: Path) -> list[tuple[int, list[str]]]:
    """Return the rows of the first sheet of a workbook."""
    read_bytes(path)
    if path.suffix.lower() in (".ods", ".xls"):
        raise KinesicsError(f"{path}: of workbooks only .xlsx is read: save it so, or as .csv")
    import_optional("openpyxl")
    import pandas as pd

    try:
        cells = pd.read_excel(path, header=None, dtype=str, keep_default_na=False, engine="openpyxl")
    except Exception as error:  # openpyxl raises what its parsers raise
        raise KinesicsError(f"{path}: not a workbook, or damaged: {one_line(error)}") from None
    return [(k, [str(value) for value in row]) for k, row in enumerate(cells.to_numpy().tolist(), 1)]


def _header(cells: list[tuple[int, list[str]]]) -> int | None:
    """Return the place of the header: the first row with columns for a label or tiers, and for times."""
    for place, (_, names) in enumerate(cells[:_DEEPEST]):
        roles = {column_role(name)[0] for name in names}
        spans = "start" in roles and bool(roles & {"end", "duration"})
        if (
            (spans and ("label" in roles or len(names) > 3))
            or {"time", "label"} <= roles
            or {"start", "label"} <= roles
        ):
            return place
    return None


def _columns(names: list[str]) -> dict[str, list[_Column]]:
    columns: dict[str, list[_Column]] = {}
    for place, name in enumerate(names):
        role, unit = column_role(name)
        if role is not None:
            columns.setdefault(role, []).append(_Column(place, unit))
    known = list(ROLES)
    for role, found in columns.items():
        if role in ("start", "end", "duration", "time"):
            found.sort(key=lambda column: _PREFERRED.index(column.unit))
        elif role != "modifier":  # the names are listed from the plainest to the vaguest
            found.sort(key=lambda column: known.index(normal_name(names[column.place])[0]))
    return columns


def _unheaded(cells: list[tuple[int, list[str]]]) -> dict[str, list[_Column]] | None:
    """Return the columns of ELAN's tab-delimited text without a header: tier, participant, begin, end, ..., value."""
    filled = [row for _, row in cells if any(map(str.strip, row))]
    width = min((len(row) for row in filled), default=0)
    for begin in range(1, min(width - 2, 3)):
        pairs = [(as_time(row[begin]), as_time(row[begin + 1])) for row in filled]
        if all(start is not None and end is not None and start <= end for start, end in pairs):
            columns = {"tier": [_Column(0)], "start": [_Column(begin)], "end": [_Column(begin + 1)]}
            columns["label"] = [_Column(width - 1)]
            return columns if begin == 1 else columns | {"subject": [_Column(1)]}
    return None


def _seconds(table: _Table, row: Sequence[str], role: str, where: str, options: Options) -> float | None:
    """Return the time in the column of a role in seconds, None if the cell is empty."""
    text = table.filled(row, role)
    if not text:
        return None
    value = time(text, f"{where}: {role}")
    unit = table.columns[role][0].unit
    if unit == "frames":
        if not options.media.rate_hz:
            raise KinesicsError(f"{where}: times are in frames: give the video with --media, or its rate with --rate")
        return value / options.media.rate_hz
    return value / 1000 if unit == "ms" and ":" not in text else value


def _video(table: _Table, row: Sequence[str]) -> str:
    """Return the video of a row: the first media file, or else the observation."""
    media = re.split(r"[|;]", table.filled(row, "video"))[0].strip() or table.preamble.get("player #1", "")
    return file_stem(media) if media else table.cell(row, "observation") or table.preamble.get("observation id", "")


def _offset(table: _Table, row: Sequence[str]) -> float:
    """Return what the tool added to the times of the video."""
    return as_time(table.filled(row, "offset") or table.preamble.get("time offset (s)", "")) or 0.0


def _subject(table: _Table, row: Sequence[str]) -> str:
    subject = table.cell(row, "subject")
    return "" if subject.lower() == "no focal subject" else subject


def _modifiers(table: _Table, row: Sequence[str]) -> str:
    cells = [row[column.place].strip() for column in table.columns.get("modifier", []) if column.place < len(row)]
    return "|".join(cell for cell in cells if cell.lower() not in _NONE)


def _spans(table: _Table, path: Path, options: Options) -> Iterator[Annotation]:
    """Yield an annotation per row, or, without a column of labels, per filled cell of the other columns."""
    used = {column.place for columns in table.columns.values() for column in columns}
    wide = [] if "label" in table.columns else [place for place in range(len(table.names)) if place not in used]
    for line, row in table.body:
        where = f"row {line}"
        start = _seconds(table, row, "start", f"{path}: {where}", options)
        if start is None:
            raise KinesicsError(f"{path}: {where}: has no start")
        end = _seconds(table, row, "end", f"{path}: {where}", options)
        if end is None:
            end = start + (_seconds(table, row, "duration", f"{path}: {where}", options) or 0.0)
        offset = _offset(table, row)
        score = as_number(table.filled(row, "score"))
        cells = [(table.names[place].strip(), row[place]) for place in wide if place < len(row)]
        for tier, value in cells or [(table.cell(row, "tier"), table.cell(row, "label"))]:
            if cells and not value.strip():
                continue
            yield Annotation(
                start - offset,
                end - offset,
                value,
                where,
                tier=tier,
                subject=_subject(table, row),
                video=_video(table, row),
                score=1.0 if score is None else score,
                annotator=table.cell(row, "annotator"),
                modifiers=_modifiers(table, row),
            )


def _paired(table: _Table, path: Path, options: Options) -> Iterator[Annotation]:
    """Yield an annotation per pair of rows START and STOP, and per other row, which is a point event."""
    stamps: list[Stamp] = []
    for line, row in table.body:
        where = f"row {line}"
        moment = _seconds(table, row, "time", f"{path}: {where}", options)
        if moment is None:
            raise KinesicsError(f"{path}: {where}: has no time")
        status = table.cell(row, "status").upper()
        modifiers = _modifiers(table, row)
        annotation = Annotation(
            moment - _offset(table, row),
            moment - _offset(table, row),
            table.cell(row, "label"),
            where,
            tier=table.cell(row, "tier"),
            subject=_subject(table, row),
            video=_video(table, row),
            annotator=table.cell(row, "annotator"),
            modifiers=modifiers,
        )
        kind = "start" if "START" in status else "stop" if "STOP" in status or status == "END" else "point"
        stamps.append(Stamp(annotation, kind, table.cell(row, "observation")))
    return pair(stamps, path)


#: The columns of BORIS, and the score.
_HEADER = [
    "Observation id",
    "Observation date",
    "Description",
    "Observation type",
    "Source",
    "Time offset (s)",
    "Coding duration",
    "Media duration (s)",
    "FPS (frame/s)",
    "Subject",
    "Observation duration by subject by observation",
    "Behavior",
    "Behavioral category",
    "Behavior type",
    "Start (s)",
    "Stop (s)",
    "Duration (s)",
    "Media file name",
    "Image index start",
    "Image index stop",
    "Image file path start",
    "Image file path stop",
    "Comment start",
    "Comment stop",
    "Score",
]


def write(events: Events, path: Path, options: Options) -> None:
    """Write aggregated events with the columns of BORIS, and the score; times are rounded to milliseconds."""
    suffix = path.suffix.lower()
    if suffix in _SHEETS:
        raise KinesicsError(f"{path}: workbooks are only read: end the name with .csv or .tsv, which they open")
    out = StringIO()
    writer = csv.writer(out, delimiter="," if suffix == ".csv" else "\t", lineterminator="\n")
    writer.writerow(_HEADER)
    for row in rows(events):
        cells = _written(row, options)
        writer.writerow([cells.get(name, "") for name in _HEADER])
    write_text(path, out.getvalue())


def _written(row: Row, options: Options) -> dict[str, str]:
    short = rounded(row)
    duration = "" if options.media.duration_s is None else f"{options.media.duration_s:.3f}"
    end_s = short.start_s if row.is_point else short.end_s
    return {
        "Observation id": row.video,
        "Observation type": "Media file(s)",
        "Time offset (s)": "0.0",
        "Media duration (s)": duration,
        "FPS (frame/s)": "" if options.media.rate_hz is None else f"{options.media.rate_hz:.3f}",
        "Subject": tier_name(row.person, ""),
        "Behavior": row.label,
        "Behavioral category": row.family,
        "Behavior type": "POINT" if row.is_point else "STATE",
        "Start (s)": f"{short.start_s:.3f}",
        "Stop (s)": f"{end_s:.3f}",
        "Duration (s)": f"{end_s - short.start_s:.3f}",
        "Media file name": options.media.path.name if options.media.path else f"{row.video}.mp4",
        "Score": f"{row.score:.4f}",
    }


FORMAT = ReadWrite(
    "table of codings (BORIS, ELAN, Praat)",
    (".tsv", ".tab", ".txt", ".csv", ".xlsx", ".xlsm", ".ods", ".xls"),
    read,
    write,
    frozenset({FAMILY, SCORE}),
)
