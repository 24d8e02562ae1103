"""Score events files against truth files, with notes on what does not match."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, cast

import pandas as pd

from kinesics.errors import KinesicsError
from kinesics.io.files import pluralise, sha256
from kinesics.metrics.comparison import compare
from kinesics.metrics.counts import MEASURES
from kinesics.metrics.diagnosis import diagnose
from kinesics.metrics.identity import hits_by_number, remap_by_boxes
from kinesics.metrics.scoring import score
from kinesics.metrics.tubes import EventsAndTubes
from kinesics.structures.events import BOX, empty_events, read_events_and_tubes, read_events_csv
from kinesics.structures.result_files import EVENTS_FILE, PROVENANCE, TUBES_FILE
from kinesics.structures.truth_files import AUXILIARY_SUFFIXES
from kinesics.structures.vocabulary import LABELS, suggestion

#: The groups of predictions, by the names that notes and errors give them.
SIDES = {"predicted": "the prediction", "other": "the other detector"}
#: The names of ``compare`` for the groups of tables here.
COMPARED = {"truth": "truth", "predicted": "first", "other": "second"}
MILLISECONDS_FROM = 100  # times as late as the last event of another table
FEW_UNITS = 10  # below it, percentile intervals are markedly too narrow
FEW_HITS = 0.2  # of the events of the smaller table: fewer matches with other numbers of persons are chance

Paths = str | Path | Sequence[str | Path]
Groups = dict[str, list[pd.DataFrame]]


def score_files(  # noqa: PLR0913 - keyword-only settings
    truth: Paths | Sequence[Paths],
    predicted: Paths | Sequence[Paths],
    *,
    other: Paths | Sequence[Paths] | None = None,
    tubes: Mapping[str, Paths | Sequence[Paths]] | None = None,
    diagnosis: bool = False,
    permutations: int = 2000,
    persons_by_boxes: bool = False,
    read: Callable[[Path], pd.DataFrame] = read_events_csv,
    **settings: Any,
) -> dict[str, Any]:
    """Return ``score`` of events files: ``truth`` has one entry per annotator, ``predicted`` one per seed.

    An entry is an events file, a folder of CSV files or of results of ``annotate``, or a list of these that is read as one
    table; ``predicted`` may also be one entry. ``read`` reads an events file without tubes. ``tubes`` are those of
    ``truth``, ``predicted`` and ``other``: as many Parquet files, or folders, in the same order. With ``other``, the events
    of another detector, the result also has ``compare``, the differences to it; with ``diagnosis`` also that. Of a folder,
    truth files that hold neither events nor tubes are left out. With ``persons_by_boxes`` persons are matched by the boxes
    of their events (``identity.remap_by_boxes``), whatever their numbers: those of further annotators to the annotators
    before, and those of predictions to all annotators. Settings are those of ``score``. The result also has ``notes``,
    sentences on what may be a mistake: videos and labels that only one side has, numbers of persons that differ, and scores
    that are no probabilities.

    Raises KinesicsError also if two files of one table name the same video, if a table has no boxes to match persons by, if
    there is no event at all, and if truth and prediction have no video in common while no ``durations`` name the videos.
    """
    entries = {"truth": _annotators(truth), "predicted": _entries(predicted)}
    if other is not None:
        entries["other"] = _entries(other)
    tables, boxes = _read_groups(entries, tubes or {}, read)
    _check_annotators(entries["truth"], tables["truth"])
    labels = settings["labels"] = _listed(tables, settings.get("labels"))
    _check_labels(tables, labels, entries["truth"][0])
    if settings.get("durations") is None:
        _check_videos(tables)
    notes: list[str] = []
    if persons_by_boxes:
        notes += _remap_persons(tables, settings.get("rate_hz", MEASURES["rate_hz"]))
    elif settings.get("match_person", True):
        notes += _note_numbers(tables, labels)
    notes += _note_differences(tables, labels) + _note_milliseconds(tables)
    of_pair = {group: boxes[group] for group in ("truth", "predicted") if group in boxes}
    result = score(tables["truth"], tables["predicted"], tubes=of_pair, **settings)
    if (units := result["units"]) < FEW_UNITS:
        least = "" if other is None else f" and no p is below {min(2 / 2**units, 1):.2g}"
        notes.append(f"{pluralise(units, 'unit')}: few, so that intervals are too narrow{least}")
    result["notes"] = notes
    if other is not None:
        all_tubes = len(boxes) == len(COMPARED)  # without those of all there is nothing to compare in space
        result["compare"] = compare(
            tables["truth"],
            tables["predicted"],
            tables["other"],
            tubes={COMPARED[group]: of_group for group, of_group in boxes.items()} if all_tubes else None,
            permutations=permutations,
            **settings,
        )
    if diagnosis:
        shared = {key: settings[key] for key in ("durations", "labels", "match_person", "rate_hz") if key in settings}
        result["diagnosis"] = diagnose(tables["truth"], tables["predicted"], tubes=of_pair, **shared)
    return result


def _read_groups(
    entries: Mapping[str, list[Paths]],
    tubes: Mapping[str, Paths | Sequence[Paths] | None],
    read: Callable[[Path], pd.DataFrame],
) -> tuple[Groups, Groups]:
    """Read the events tables of each group, and the tubes of those groups that have them."""
    tables: Groups = {}
    boxes: Groups = {}
    for group, of in entries.items():
        given = tubes.get(group)
        paths = [None] * len(of) if given is None else _annotators(given) if group == "truth" else _entries(given)
        if len(paths) != len(of):
            raise KinesicsError(f"{group}: {len(of)} events tables, but {len(paths)} of tubes: give one for each")
        pairs = [_read(entry, path, read) for entry, path in zip(of, paths, strict=True)]
        tables[group] = [events for events, _ in pairs]
        if given is not None:
            boxes[group] = [of_events for _, of_events in pairs if of_events is not None]
    return tables, boxes


def _check_annotators(entries: Sequence[Paths], tables: Sequence[pd.DataFrame]) -> None:
    """Refuse a table that is given twice, and annotators of different videos."""
    files = [tuple(sha256(file) for file in _files(paths, ".csv")) for paths in entries]
    for number, (of_entry, table) in enumerate(zip(files, tables, strict=True)):
        if len(table) and of_entry in files[:number]:
            first = entries[files.index(of_entry)]
            raise KinesicsError(
                f"{first} and {entries[number]} are the same, and not of two annotators: give one of them"
            )
    videos = [(number, set(table["video"])) for number, table in enumerate(tables) if len(table)]
    for number, of_table in videos[1:]:
        if not of_table & videos[0][1]:
            raise KinesicsError(
                f"{entries[videos[0][0]]} and {entries[number]} have no video in common, and are taken for two annotators "
                "of the same videos: put the events of one annotator into one table or folder"
            )


def _listed(tables: Groups, labels: Sequence[str] | None) -> Sequence[str] | None:
    """Return the labels, those cut at commas that are in no table as a whole."""
    if labels is None:
        return None
    occurring = {label for group in tables.values() for label in _values(group, "label")}
    parts = [[label] if label in occurring else [part.strip() for part in label.split(",")] for label in labels]
    return [label for of_one in parts for label in of_one if label]


def _check_labels(tables: Groups, labels: Sequence[str] | None, first: Paths) -> None:
    """Refuse labels that are unknown, and tables without any event of the labels."""
    occurring = {label for group in tables.values() for events in group for label in events["label"]}
    known = occurring.union(LABELS.index)
    if unknown := [label for label in labels or [] if label not in known]:
        hint = suggestion(unknown[0], known)
        raise KinesicsError(
            f"label {unknown[0]!r} is in no table{f'{hint} T' if hint else '; t'}he labels are {', '.join(sorted(known))}"
        )
    if not (occurring if labels is None else occurring.intersection(labels)):
        of_them = "" if labels is None else f" of {', '.join(labels)}"
        raise KinesicsError(f"{first} and all other tables have no event{of_them}: there is nothing to score")


def _check_videos(tables: Groups) -> None:
    """Refuse predictions that have no video in common with the truth."""
    annotated = _values(tables["truth"], "video")
    for group, name in SIDES.items():
        of_group = _values(tables.get(group, []), "video")
        if annotated and of_group and not annotated & of_group:
            alike = {Path(video).stem for video in annotated} & {Path(video).stem for video in of_group}
            hint = ": name each video as its file, without the ending" if alike else ""
            raise KinesicsError(
                f"no video is in both the truth and {name}: the truth has {', '.join(sorted(annotated)[:3])}; "
                f"{name} has {', '.join(sorted(of_group)[:3])}{hint}"
            )


def _remap_persons(tables: Groups, rate_hz: float) -> list[str]:
    """Number the persons in ``tables`` alike, by their boxes; return a note on each table whose persons were matched."""
    truth, notes = tables["truth"], list[str]()
    for number, events in enumerate(truth):
        name = _annotator(number, len(truth))
        _check_boxes(events, name)
        before = pd.concat([empty_events(), *truth[:number]], ignore_index=True)
        if len(before):
            of_before = "annotator 1" if number == 1 else "the annotators before"
            truth[number], note = _remap(before, events, rate_hz, name, of_before)
            notes.append(note)
    true = pd.concat(truth, ignore_index=True)
    for group, name in SIDES.items():
        for number, events in enumerate(tables.get(group, [])):
            _check_boxes(events, name)
            tables[group][number], note = _remap(true, events, rate_hz, name, "the truth")
            notes.append(note)
    return notes


def _remap(
    reference: pd.DataFrame, events: pd.DataFrame, rate_hz: float, name: str, of_reference: str
) -> tuple[pd.DataFrame, str]:
    """Return ``remap_by_boxes``, and how many persons of the table called ``name`` it matched, and how many not."""
    remapped, numbers = remap_by_boxes(reference, events, rate_hz)
    boxed = events[BOX].notna().all(axis=1).groupby([events["video"], events["person"]]).any()
    matched = sum(map(len, numbers.values()))
    note = f"persons by their boxes: {matched} of {pluralise(len(boxed), 'person')} of {name} found in {of_reference}"
    if others := len(boxed) - matched:
        note += f"; {others} matched to nobody ({int((~boxed).sum())} without a box) count as other people"
    return remapped, note


def _check_boxes(events: pd.DataFrame, name: str) -> None:
    if len(events) and events[BOX].isna().any(axis=1).all():
        raise KinesicsError(
            f"{name} has no boxes (x0, y0, x1, y1): persons cannot be matched by them; number them alike instead"
        )


def _note_numbers(tables: Groups, labels: Sequence[str] | None) -> list[str]:
    """Return notes on numbers of persons that differ between truth and predictions, or may differ."""
    judged = {
        group: [events if labels is None else events[events["label"].isin(labels)] for events in of]
        for group, of in tables.items()
    }
    notes = [
        note
        for group in SIDES
        for events in judged.get(group, [])
        if (note := _note_table(judged["truth"], group, events))
    ]
    if notes:
        return list(dict.fromkeys(notes))
    if max(pd.concat(tables["truth"]).groupby("video")["person"].nunique(), default=0) > 1:
        return [
            "several people: the number of a person must be the same in truth and prediction; else "
            "--persons-by-boxes or --ignore-person"
        ]
    return []


def _note_table(truth: Sequence[pd.DataFrame], group: str, events: pd.DataFrame) -> str | None:
    """Return a note if other numbers of persons would match far more events of one annotator, else None."""
    for number, true in enumerate(truth):
        by_number, renumbered = hits_by_number(true, events)
        if renumbered > 3 * by_number and renumbered >= FEW_HITS * min(len(true), len(events)):
            boxed = all(table[BOX].notna().all(axis=1).any() for table in (true, events))
            return (
                f"{_annotator(number, len(truth))} and {SIDES[group]} seem to number persons differently: "
                f"{by_number} of {pluralise(len(true), 'true event')} match by number, {renumbered} if persons are numbered "
                f"anew; give {'--persons-by-boxes or ' if boxed else ''}--ignore-person"
            )
    return None


def _note_differences(tables: Groups, labels: Sequence[str] | None) -> list[str]:
    """Return notes on videos and labels that only one side has, and on scores that are no probabilities."""
    notes: list[str] = []
    true = pd.concat(tables["truth"])
    for group, name in SIDES.items():
        if group not in tables:
            continue
        predicted = pd.concat(tables[group])
        for column in ("video", "label"):
            only = sorted(set(predicted[column]) - set(true[column]))
            if column == "label" and labels is not None:
                only = [label for label in only if label in labels]
            if only:
                n = int(predicted[column].isin(only).sum())
                notes.append(
                    f"{pluralise(len(only), column)} only in {name}; its events of them, {n}, count as false: "
                    + _some(only)
                )
            if column == "label":
                notes += _note_spelling(set(true["label"]), only, name)
        if missed := sorted(set(true["video"]) - set(predicted["video"])):
            notes.append(f"{pluralise(len(missed), 'video')} without an event of {name}: {_some(missed)}")
        if not predicted["score"].between(0, 1).all():
            notes.append(f"scores of {name} lie outside 0 to 1: they rank, but have no calibration error")
    return notes


def _note_spelling(true: set[str], only: Sequence[str], name: str) -> list[str]:
    """Return a note on each label that only the predictions have and that the truth may write in another way."""
    alike = [(label, suggestion(label, true)) for label in only]
    return [
        f"label {label!r} of {name} is not in the truth{hint} `kinesics convert --map` renames it"
        for label, hint in alike
        if hint
    ]


def _note_milliseconds(tables: Groups) -> list[str]:
    """Return a note on each table whose times seem to be milliseconds: whole numbers, far later than those of the others."""
    ends = {
        _annotator(number, len(of)) if group == "truth" else SIDES[group]: (events, float(events["end_s"].max()))
        for group, of in tables.items()
        for number, events in enumerate(of)
        if len(events)
    }
    first = min((end_s for _, end_s in ends.values()), default=0.0)
    return [
        f"times of {name} look like milliseconds, its last event ends at {end_s:g} s: divide them by 1000"
        for name, (events, end_s) in ends.items()
        if end_s > MILLISECONDS_FROM * first and (events[["start_s", "end_s"]] % 1 == 0).all(axis=None)
    ]


def _annotator(number: int, n: int) -> str:
    return "the truth" if n == 1 else f"annotator {number + 1}"


def _values(tables: Sequence[pd.DataFrame], column: str) -> set[str]:
    return {value for events in tables for value in events[column]}


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:5]) + (", ..." if len(names) > 5 else "")


def _annotators(paths: Paths | Sequence[Paths]) -> list[Paths]:
    """Return the entries of the truth: of a list, each is an annotator's."""
    return [paths] if isinstance(paths, str | Path) else list(paths)


def _entries(paths: Paths | Sequence[Paths]) -> list[Paths]:
    """Return a list of entries, each of which is one table; one entry alone is a path or a list of paths."""
    if isinstance(paths, str | Path) or all(isinstance(path, str | Path) for path in paths):
        return [cast("Paths", paths)]
    return list(cast("Sequence[Paths]", paths))


def _files(paths: Paths, suffix: str) -> list[Path]:
    paths = [paths] if isinstance(paths, str | Path) else paths
    return [
        file
        for path in map(Path, paths)
        for file in (_in_folder(path, suffix) if path.is_dir() else [path])
        if not (path.is_dir() and file.name.endswith(AUXILIARY_SUFFIXES))
    ]


def _in_folder(folder: Path, suffix: str) -> list[Path]:
    """Return the files of a folder, or of the folders that ``annotate`` wrote for a video or for each of several."""
    annotated = [folder] if (folder / PROVENANCE).exists() else [path.parent for path in folder.glob(f"*/{PROVENANCE}")]
    own = [] if folder in annotated else sorted(folder.glob(f"*{suffix}"))
    name = {".csv": EVENTS_FILE, ".parquet": TUBES_FILE}[suffix]
    return own or sorted(path / name for path in annotated)


def _read(paths: Paths, tubes: Paths | None, read: Callable[[Path], pd.DataFrame]) -> EventsAndTubes:
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
    tables, parts, n = [empty_events()], list[pd.DataFrame](), 0
    for file, of_file in zip(files, boxes, strict=True):
        events, part = (read(file), None) if of_file is None else read_events_and_tubes(file, of_file)
        for video in events["video"].unique():
            if video in origin:
                raise KinesicsError(f"video {video!r} is in both {origin[video]} and {file}")
            origin[video] = file
        tables.append(events)
        if part is not None:
            parts.append(part.assign(event=part["event"] + n))
        n += len(events)
    return pd.concat(tables, ignore_index=True), pd.concat(parts, ignore_index=True) if parts else None
