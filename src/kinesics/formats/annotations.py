"""Between the annotations of other tools and events: names of tiers and persons, point events, repeated and empty values.

Other tools have tiers, subjects and codes where an events table has family, person and label. A tier that is written is named
``person 0 gesture``; of the tiers that are read, those with this name become the same person and family again, others keep
their name as the family. Labels outside of the vocabulary are kept as they are.
"""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from kinesics.errors import KinesicsError
from kinesics.formats.base import Options, Rule
from kinesics.structures.events import BOX_LIMITS, COLUMNS, LONGEST_S, MOST_PEOPLE, TUBE_COLUMNS, Events, empty_events
from kinesics.structures.vocabulary import FAMILY

#: The duration of a point event in an events table, in seconds: its resolution. What is not longer is a point event.
POINT_S = 0.001

Box = tuple[float, float, float, float]


@dataclass(frozen=True)
class Annotation:
    """An annotation of another tool: a point event if it ends when it starts. ``where`` is its place in the file."""

    start_s: float
    end_s: float
    value: str
    where: str
    tier: str = ""
    subject: str = ""
    video: str = ""
    family: str | None = None
    score: float = 1.0
    box: Box | None = None
    tube: tuple[tuple[float, float, float, float, float], ...] = ()
    annotator: str = ""
    modifiers: str = ""


class Row(NamedTuple):
    """A row of an events table."""

    video: str
    person: int
    label: str
    family: str
    start_s: float
    end_s: float
    score: float
    x0: float
    y0: float
    x1: float
    y1: float

    @property
    def box(self) -> Box | None:
        """The box in fractions of the frame, if there is one."""
        box = self[7:]
        return None if np.isnan(box).any() else box

    @property
    def is_point(self) -> bool:
        """Whether it is a point event: as short as one is read."""
        return self.end_s - self.start_s <= POINT_S * 1.001


def rows(events: Events) -> list[Row]:
    """Return the rows of an events table, labels of the vocabulary with their family."""
    found = [Row(*values) for values in zip(*(events.table[name].tolist() for name in COLUMNS), strict=True)]
    return [row if row.family else row._replace(family=FAMILY.get(row.label, "")) for row in found]


def tubes_of(events: Events) -> dict[int, list[tuple[float, float, float, float, float]]]:
    """Return the times and boxes of each event that has some, by its row."""
    found: dict[int, list[tuple[float, float, float, float, float]]] = {}
    if events.tubes is not None:
        columns = zip(*(events.tubes[name].tolist() for name in TUBE_COLUMNS), strict=True)
        for event, *values in columns:
            found.setdefault(int(event), []).append((values[0], values[1], values[2], values[3], values[4]))
    return found


def printable(text: str) -> str:
    """Return a text without what no XML and no events table can hold, such as line breaks and control characters."""
    return re.sub(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]+", " ", text).strip()


_TIER = re.compile(r"person (\d{1,10})(?: (.*?))??(?: \((\d+)\))?", re.DOTALL)


def tier_name(person: int, family: str, lane: int = 0) -> str:
    """Return the name of a tier: ``person 0 gesture``; further lanes, of events that overlap, have a number in brackets."""
    name = f"person {person} {printable(family)}".rstrip()
    return f"{name} ({lane + 1})" if lane or re.search(r" \(\d+\)$", name) else name


def split_tier(name: str, subject: str = "") -> tuple[str, str]:
    """Return subject and family that a tier's name stands for; ``subject`` is the one that the file itself names.

    Understood are the names of ``tier_name``, and ``gesture@Ann``, ``Ann-gesture`` and ``Ann gesture`` of the subject Ann.
    """
    if match := _TIER.fullmatch(name):
        return f"person {match[1]}", match[2] or ""
    if not subject and "@" in name:
        name, _, subject = name.rpartition("@")
        return subject.strip(), name.strip()
    if subject and name == subject:
        return subject, ""
    if subject:
        name = re.sub(rf"(?:@|[ _-]){re.escape(subject)}$|^{re.escape(subject)}[ _-]", "", name)
    return subject, name


def lanes(items: Sequence[tuple[float, float]]) -> list[int]:
    """Return for each interval, sorted by start, the lowest lane in which none overlaps it."""
    ends: list[float] = []
    chosen: list[int] = []
    for start, end in items:
        lane = next((k for k, busy in enumerate(ends) if busy <= start), len(ends))
        ends[lane : lane + 1] = [end]
        chosen.append(lane)
    return chosen


def tiers(items: Sequence[Row]) -> dict[str, list[Row]]:
    """Return rows by the tier that holds them, no two of a tier overlapping; times are to be rounded before."""
    groups: dict[tuple[int, str], list[Row]] = {}
    for row in items:
        groups.setdefault((row.person, printable(row.family)), []).append(row)
    found: dict[str, list[Row]] = {}
    for (person, family), members in sorted(groups.items()):
        members.sort(key=lambda row: (row.start_s, row.end_s))
        for row, lane in zip(members, lanes([(row.start_s, row.end_s) for row in members]), strict=True):
            found.setdefault(tier_name(person, family, lane), []).append(row)
    return found


def note_lanes(names: Iterable[str], path: Path, options: Options) -> None:
    """Say how many tiers were made for events that overlap."""
    if extra := [name for name in names if re.search(r" \((?!1\))\d+\)$", name)]:
        options.notify(f"{path}: events of one person and family overlap: {len(extra)} further tiers, as {extra[0]!r}")


def rounded(row: Row, step_s: float = 0.001) -> Row:
    """Return a row with times that are multiples of a step, at least one step long."""
    start = round(row.start_s / step_s)
    end = max(round(row.end_s / step_s), start + 1)
    return row._replace(start_s=start * step_s, end_s=end * step_s)


def to_events(annotations: Iterable[Annotation], path: Path, options: Options) -> Events:
    """Return annotations as events, and say what was guessed or left out.

    Point events become ``POINT_S`` long, empty annotations and repeated ones are left out, subjects are numbered. Raises
    KinesicsError naming the file, the place and the value.
    """
    kept = _of_annotator(list(annotations), path, options)
    named = _named(kept, path, options)
    if not named:
        return Events(empty_events())
    persons = number_subjects([item.subject for item in named])
    _note_persons(persons, path, options)
    table = pd.DataFrame(
        [
            (item.video, persons[item.subject], item.value, item.family, item.start_s, item.end_s, item.score)
            + (item.box or (np.nan,) * 4)
            for item in named
        ],
        columns=COLUMNS,
    )
    keys = zip(*(table[name].tolist() for name in ["video", "person", "label", "family"]), strict=True)
    times = zip((table["start_s"] * 1000).round().tolist(), (table["end_s"] * 1000).round().tolist(), strict=True)
    seen: set[object] = set()
    first = np.array([not (key in seen or seen.add(key)) for key in zip(keys, times, strict=True)], bool)
    if repeated := int((~first).sum()):
        options.notify(f"{path}: {repeated} annotations are there twice: each is kept once")
    rows_kept = np.flatnonzero(first)
    table = table.iloc[rows_kept].reset_index(drop=True)
    tubes = [(row, *box) for row, k in enumerate(rows_kept) for box in named[int(k)].tube]
    try:
        return Events(table, pd.DataFrame(tubes, columns=TUBE_COLUMNS) if tubes else None)
    except KinesicsError as error:
        raise KinesicsError(f"{path}: {error}") from None


def _of_annotator(annotations: list[Annotation], path: Path, options: Options) -> list[Annotation]:
    """Return the annotations of the chosen annotator, or say that there are several."""
    names = sorted({item.annotator for item in annotations if item.annotator})
    if options.annotator is not None:
        if options.annotator not in names:
            raise KinesicsError(
                f"{path}: has no annotator {options.annotator!r}; "
                + (f"its annotators are {', '.join(names)}" if names else "it names none")
            )
        return [item for item in annotations if item.annotator == options.annotator]
    if len(names) > 1:
        options.notify(f"{path}: annotators {', '.join(names)} are taken together: choose one with --annotator")
    return annotations


_POINTS = f"are point events: they are {POINT_S:g} s long"
_BEFORE = "begin before the video: they begin with it"
_AFTER = "end after the video"
_EMPTY = "have no value: left out"
_TIER_IS_CODE = "have no value, in a tier of such: they have the name of the tier as label"
_MODIFIERS_LEFT = "have modifiers or further codes, which are left out: --modifiers puts them into labels"


def _named(annotations: list[Annotation], path: Path, options: Options) -> list[Annotation]:
    """Return annotations with video, subject, label and family as the events will have them, and valid times."""
    filled = {item.tier for item in annotations if printable(item.value)}
    subjects = {split_tier(printable(item.tier), printable(item.subject))[0] for item in annotations} - {""}
    video = options.video or printable(path.stem) or "video"
    notes: Counter[str] = Counter()
    named: list[Annotation] = []
    for item in annotations:
        subject, label, family = _described(item, item.tier in filled, subjects, notes)
        if rule := _rule(options, printable(item.tier), label, subject):
            subject = subject if rule.person is None else f"person {rule.person}"
            label = label if rule.label is None else rule.label
            family = family if rule.family is None else rule.family
            if rule.label == "-":
                continue
        if not label:
            notes[_EMPTY] += 1
            continue
        if modifiers := printable(item.modifiers):
            notes[_MODIFIERS_LEFT] += not options.modifiers
            label = f"{label}|{modifiers}" if options.modifiers else label
        start, end = _times(item, path, notes, options)
        _check_boxes(item, path)
        family = FAMILY.get(label, family)
        new = {"video": printable(item.video) or video, "subject": subject, "value": label, "family": family}
        named.append(replace(item, start_s=start, end_s=end, **new))
    for note, count in sorted(notes.items()):
        if count:
            options.notify(f"{path}: {count} annotations {note}")
    return named


def _described(item: Annotation, filled: bool, subjects: set[str], notes: Counter[str]) -> tuple[str, str, str]:
    """Return subject, label and family of an annotation; ``filled`` is whether its tier has values."""
    tier, label = printable(item.tier), printable(item.value)
    subject, family = split_tier(tier, printable(item.subject))
    if not subject and tier in subjects:
        subject, family = tier, ""
    if not label and not filled and family:
        label = family
        notes[_TIER_IS_CODE] += 1
    return subject, label, family if item.family is None else printable(item.family)


def _rule(options: Options, tier: str, value: str, subject: str) -> Rule | None:
    """Return the first rule that fits an annotation."""
    for rule in options.rules:
        if all(want is None or want == has for want, has in zip(rule[:3], (tier, value, subject), strict=True)):
            return rule
    return None


def _times(item: Annotation, path: Path, notes: Counter[str], options: Options) -> tuple[float, float]:
    """Return valid times of an annotation."""
    start, end = item.start_s, item.end_s
    if not np.isfinite((start, end)).all():
        raise KinesicsError(f"{path}: {item.where}: the times {start} and {end} are no numbers")
    if end < start:
        raise KinesicsError(f"{path}: {item.where}: the end {end:g} s is before the start {start:g} s")
    if end > LONGEST_S:
        raise KinesicsError(f"{path}: {item.where}: the time {end:g} s is more than eleven days: times are in seconds")
    if start < 0:
        if end <= 0:
            raise KinesicsError(f"{path}: {item.where}: the time {end:g} s is before the video: is an offset wrong?")
        notes[_BEFORE] += 1
        start = 0.0
    if options.media.duration_s is not None and end > options.media.duration_s + 1:
        notes[_AFTER] += 1
    if end - start < POINT_S / 2:
        notes[_POINTS] += 1
        end = start + POINT_S
    return start, end


def _check_boxes(item: Annotation, path: Path) -> None:
    """Raise KinesicsError for a box that is no part of a frame, naming its place."""
    low, high = BOX_LIMITS
    for box in [*([item.box] if item.box else []), *(key[1:] for key in item.tube)]:
        if not (low <= box[0] <= box[2] <= high and low <= box[1] <= box[3] <= high):
            sides = ", ".join(f"{side:g}" for side in box)
            raise KinesicsError(f"{path}: {item.where}: the box ({sides}) is not left, top, right, bottom as fractions")


_NUMBERED = re.compile(
    r"(?:person|persons|subject|participant|speaker|child|id|p|s|#)?[ _#-]*(\d{1,10})", re.IGNORECASE
)


def number_subjects(names: Iterable[str]) -> dict[str, int]:
    """Return a number for each subject: that in its name, as in ``person 2`` or ``P2``, or else the lowest that is free.

    Subjects without a number in their name are taken in the order of their first appearance.
    """
    distinct = list(dict.fromkeys(names))
    numbers: dict[str, int] = {}
    for name in sorted(distinct, key=lambda name: (not name.startswith("person "), distinct.index(name))):
        match = _NUMBERED.fullmatch(name)
        if match and int(match[1]) <= MOST_PEOPLE and int(match[1]) not in numbers.values():
            numbers[name] = int(match[1])
    taken, free = set(numbers.values()), 0
    for name in distinct:
        if name not in numbers:
            while free in taken:
                free += 1
            numbers[name] = free
            taken.add(free)
    return numbers


def _note_persons(persons: dict[str, int], path: Path, options: Options) -> None:
    named = {name: person for name, person in persons.items() if name not in ("", f"person {person}", str(person))}
    if named:
        listed = ", ".join(f"{person} is {name}" for name, person in list(named.items())[:20])
        options.notify(f"{path}: persons: {listed}" + (", ..." if len(named) > 20 else ""))
