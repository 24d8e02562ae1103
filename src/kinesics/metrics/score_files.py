"""Score events files against truth files, with notes on what does not match."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from kinesics.errors import KinesicsError
from kinesics.io.files import sha256
from kinesics.metrics.comparison import compare
from kinesics.metrics.counts import MEASURES
from kinesics.metrics.inputs import EventsAndTubes
from kinesics.metrics.scoring import score
from kinesics.structures.events import BOX, empty_events, read_events_and_tubes, read_events_csv
from kinesics.structures.truth_files import AUXILIARY_SUFFIXES
from kinesics.structures.vocabulary import LABELS

SIDES = {"predicted": "the prediction", "other": "the other detector"}  # of the truth, as notes and errors call them


FEW_UNITS = 10  # below it, percentile intervals are markedly too narrow


Paths = str | Path | Sequence[str | Path]


def score_files(
    truth: Paths | Sequence[Paths],
    predicted: Paths | Sequence[Paths],
    *,
    other: Paths | Sequence[Paths] | None = None,
    tubes: Mapping[str, Paths | Sequence[Paths]] | None = None,
    diagnosis: bool = False,
    permutations: int = 2000,
    persons_by_boxes: bool = False,
    **settings: Any,
) -> dict[str, Any]:
    """Return ``score`` of events files: ``truth`` has one entry per annotator, ``predicted`` one per seed.

    An entry is a CSV file, a folder of them, or a list of both that is read as one table; ``predicted`` may also be one
    entry. ``tubes`` are those of ``truth``, ``predicted`` and ``other``: as many Parquet files, or folders, in the same order.
    With ``other``, the events of another detector, the result also has ``compare``, the differences to it; with
    ``diagnosis`` also that. Of a folder, what ``kinesics synthesize`` writes beside the events and tubes is left out. With
    ``persons_by_boxes`` the ids of predicted persons are remapped to those of the true persons with whose boxes theirs
    overlap (``identity.remap_by_boxes``). Settings are those of ``score``. The result also has ``notes``, sentences on what
    may be a mistake: videos and labels that occur on one side only, and scores that are no probabilities.

    Raises KinesicsError also if two files of one table name the same video, if persons have no boxes to be matched by, if
    there is no event at all, and if truth and prediction have no video in common and no ``durations`` name the videos.
    """
    entries = {"truth": [truth] if isinstance(truth, str | Path) else list(truth), "predicted": _entries(predicted)}
    if other is not None:
        entries["other"] = _entries(other)
    boxes = {
        group: _entries(paths) if group != "truth" else [paths] if isinstance(paths, str | Path) else list(paths)
        for group, paths in (tubes or {}).items()
        if paths is not None
    }
    tables: dict[str, list[pd.DataFrame]] = {}
    read_boxes: dict[str, list[pd.DataFrame]] = {}
    for group, of in entries.items():
        if group in boxes and len(boxes[group]) != len(of):
            raise KinesicsError(
                f"{group}: {len(of)} events tables, but {len(boxes[group])} of tubes: give one for each"
            )
        pairs = [_read(*pair) for pair in zip(of, boxes.get(group, [None] * len(of)), strict=True)]
        tables[group] = [events for events, _ in pairs]
        if group in boxes:
            read_boxes[group] = [of_events for _, of_events in pairs]
    _check_annotators(entries["truth"], tables["truth"])
    _check_contents(entries["truth"], tables, settings)
    notes = []
    if persons_by_boxes:
        notes = _remap_persons(tables, settings.get("rate_hz", MEASURES["rate_hz"]))
    of_pair = {group: read_boxes[group] for group in ("truth", "predicted") if group in read_boxes}
    result = score(tables["truth"], tables["predicted"], tubes=of_pair, **settings)
    by_number = settings.get("match_person", True) and not persons_by_boxes
    result["notes"] = notes + _notes(tables, settings.get("labels"), by_number)
    if (units := result["units"]) < FEW_UNITS:
        least = "" if other is None else f" and no p is below {min(2 / 2**units, 1):.2g}"
        result["notes"].append(f"{pluralise(units, 'unit')}: few, so that intervals are too narrow{least}")
    if other is not None:
        names = {"truth": "truth", "predicted": "first", "other": "second"}
        all_tubes = len(read_boxes) == len(names)  # without those of all there is nothing to compare in space
        result["compare"] = compare(
            tables["truth"],
            tables["predicted"],
            tables["other"],
            tubes={names[group]: of_group for group, of_group in read_boxes.items()} if all_tubes else None,
            permutations=permutations,
            **settings,
        )
    if diagnosis:
        from kinesics.metrics.diagnosis import diagnose

        shared = {key: settings[key] for key in ("durations", "labels", "match_person", "rate_hz") if key in settings}
        result["diagnosis"] = diagnose(tables["truth"], tables["predicted"], tubes=of_pair, **shared)
    return result


def _check_annotators(entries: Sequence[Paths], tables: Sequence[pd.DataFrame]) -> None:
    """Refuse entries of the truth that are the same file, or that have no video in common."""
    files = [tuple(sha256(file) for file in _files(paths, ".csv")) for paths in entries]
    for number, (one, table) in enumerate(zip(files, tables, strict=True)):
        if len(table) and one in files[:number]:
            first = entries[files.index(one)]
            raise KinesicsError(
                f"{first} and {entries['truth'][number]} are the same, and no two annotators: give one of them"
            )
    videos = [(number, set(table["video"])) for number, table in enumerate(tables) if len(table)]
    for number, of_number in videos[1:]:
        if not of_number & videos[0][1]:
            one, other_one = (entries[k] for k in (videos[0][0], number))
            raise KinesicsError(
                f"{one} and {other_one} have no video in common, and are taken for two annotators of the same videos: "
                "put the events of one annotator into one table or folder"
            )


def _check_contents(
    entries: Sequence[Paths], tables: Mapping[str, Sequence[pd.DataFrame]], settings: Mapping[str, Any]
) -> None:
    """Refuse labels that occur nowhere, tables without an event, and predictions of other videos than those of the truth."""
    known = {*LABELS.index}.union(*(events["label"] for group in tables.values() for events in group))
    if unknown := [label for label in settings.get("labels") or [] if label not in known]:
        raise KinesicsError(f"label {unknown[0]!r} is in no table; the labels are {', '.join(sorted(known))}")
    wanted = settings.get("labels")
    if not any(
        len(events if wanted is None else events[events["label"].isin(wanted)])
        for of in tables.values()
        for events in of
    ):
        of_them = "" if wanted is None else f" of {', '.join(wanted)}"
        raise KinesicsError(f"{entries[0]} and all other tables have no event{of_them}: there is nothing to score")
    coded = set().union(*(events["video"] for events in tables["truth"]))
    for group, name in SIDES.items():
        found = set().union(*(events["video"] for events in tables.get(group, [])))
        if coded and found and not coded & found and settings.get("durations") is None:
            raise KinesicsError(
                f"no video is in both the truth and {name}: the truth has {', '.join(sorted(coded)[:3])}; "
                f"{name} has {', '.join(sorted(found)[:3])}"
            )


def _remap_persons(tables: dict[str, list[pd.DataFrame]], rate_hz: float) -> list[str]:
    """Give the persons of predictions their true numbers, by their boxes, in ``tables``; return how many were known."""
    from kinesics.metrics.identity import remap_by_boxes

    true, notes = pd.concat(tables["truth"], ignore_index=True), []
    _refuse_without_boxes(true, "the truth")
    for group, name in SIDES.items():
        for number, events in enumerate(tables.get(group, [])):
            _refuse_without_boxes(events, name)
            tables[group][number], found = remap_by_boxes(true, events, rate_hz)
            known, of = sum(map(len, found.values())), len(events[["video", "person"]].drop_duplicates())
            notes.append(f"persons by their boxes: {known} of {pluralise(of, 'person')} of {name} found in the truth")
    return notes


def _refuse_without_boxes(events: pd.DataFrame, name: str) -> None:
    if len(events) and events[BOX].isna().any(axis=1).all():
        raise KinesicsError(
            f"{name} has no boxes (x0, y0, x1, y1): persons cannot be matched by them; number them alike instead"
        )


def _notes(tables: Mapping[str, Sequence[pd.DataFrame]], labels: Sequence[str] | None, by_number: bool) -> list[str]:
    """Return sentences on what may be a mistake in the tables of ``score_files``."""
    notes = []
    true = pd.concat(tables["truth"])
    if by_number and max(true.groupby("video")["person"].nunique(), default=0) > 1:
        notes.append(
            "several people: the number of a person must be the same in truth and prediction; else "
            "--persons-by-boxes or --ignore-person"
        )
    for group, name in SIDES.items():
        if group not in tables:
            continue
        found = pd.concat(tables[group])
        for column in ("video", "label"):
            only = sorted(set(found[column]) - set(true[column]))
            if column == "label" and labels is not None:
                only = [label for label in only if label in labels]
            if only:
                n = int(found[column].isin(only).sum())
                notes.append(
                    f"{pluralise(len(only), column)} only in {name}; its events of them, {n}, count as false: "
                    + _some(only)
                )
        if missed := sorted(set(true["video"]) - set(found["video"])):
            notes.append(f"{pluralise(len(missed), 'video')} without an event of {name}: {_some(missed)}")
        if not found["score"].between(0, 1).all():
            notes.append(f"scores of {name} lie outside 0 to 1: they rank, but have no calibration error")
    return notes


def pluralise(n: int, what: str) -> str:
    return f"{n} {what}{'' if n == 1 else 's'}"


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:5]) + (", ..." if len(names) > 5 else "")


def _entries(paths: Paths | Sequence[Paths]) -> list[Paths]:
    """Return a list of entries, each of which is one table; one entry alone is a path or a list of paths."""
    if isinstance(paths, str | Path) or all(isinstance(path, str | Path) for path in paths):
        return [paths]
    return list(paths)


def _files(paths: Paths, suffix: str) -> list[Path]:
    paths = [paths] if isinstance(paths, str | Path) else paths
    return [
        file
        for path in map(Path, paths)
        for file in (sorted(path.glob(f"*{suffix}")) if path.is_dir() else [path])
        if not (path.is_dir() and file.name.endswith(AUXILIARY_SUFFIXES))
    ]


def _read(paths: Paths, tubes: Paths | None = None) -> EventsAndTubes:
    """Read an entry of ``score_files``, one table of any number of files, with its tubes."""
    files = _files(paths, ".csv")
    if not files:
        paths = [paths] if isinstance(paths, str | Path) else paths
        raise KinesicsError(f"no events CSV in {', '.join(map(str, paths)) or 'an empty list of files'}")
    boxes: Sequence[Path | None] = [None] * len(files) if tubes is None else _files(tubes, ".parquet")
    if len(boxes) != len(files):
        raise KinesicsError(
            f"{len(files)} events files ({files[0]} ...) but {len(boxes)} files of tubes ({tubes}): "
            "give one for each, in their order"
        )
    origin: dict[str, Path] = {}
    tables, parts, n = [empty_events()], [], 0
    for file, of_file in zip(files, boxes, strict=True):
        events, part = (read_events_csv(file), None) if of_file is None else read_events_and_tubes(file, of_file)
        for video in events["video"].unique():
            if video in origin:
                raise KinesicsError(f"video {video!r} is in both {origin[video]} and {file}")
            origin[video] = file
        tables.append(events)
        if part is not None:
            parts.append(part.assign(event=part["event"] + n))
        n += len(events)
    return pd.concat(tables, ignore_index=True), pd.concat(parts, ignore_index=True) if parts else None
