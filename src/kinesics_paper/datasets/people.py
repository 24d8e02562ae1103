"""The annotated clips of real people: who is in them, what was coded in each annotation pass, and the folds.

``annotations/people.csv`` joins people over clips: the same person has one ``person_id`` in all clips. The codings are
annotation passes of a vision-language model (``annotations/README.md``), not of human annotators. The functions read the
project's folder, in which the workflow runs; ``folder`` names another one.
"""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import pandas as pd

from kinesics.errors import KinesicsError
from kinesics.formats.coding_sheet import read_coding
from kinesics.io.validation import read_table, schema
from kinesics_paper.datasets.base import Splits

FOLDER = Path("annotations")
PEOPLE = "people.csv"
#: The annotation passes over all clips, and a third reading of where they differ, of all but the ``FIRST`` clips.
PASSES = ("coder_a", "coder_b", "adjudicated")
#: The source of the clips that are each a source of downloads of their own.
FIRST = "first five"
#: Times are read off frames at 4 Hz, and a clip's last frame lasts: an event may end this much after its clip, in seconds.
SLACK_S = 0.25

_OF_A_CLIP = ["source", "tier", "seconds", "sound"]


def read_people(folder: str | Path = FOLDER) -> pd.DataFrame:
    """Return one row per person and clip, sorted by clip and person.

    Columns: ``clip``; ``person`` (Int64, its number in the codings, missing where faces are too small to code);
    ``person_id`` (None there); ``source``, the source of downloads; ``tier``, the first that has the clip; ``seconds``, the
    length of the clip; ``sound``, whether it has any (bool).

    Raises KinesicsError naming the file, the line and the value of a malformed row, a person that stands twice in a clip,
    and a clip whose rows differ in what is the clip's.
    """
    path = Path(folder) / PEOPLE
    rows = read_table(path, schema("people", "kinesics_paper"))
    first: dict[str, tuple[int, dict[str, str]]] = {}
    seen: set[tuple[str, str]] = set()
    for line, row in enumerate(rows, 2):
        where, clip = f"{path}: line {line}", row["clip"]
        if bool(row["person"]) != bool(row["person_id"]):
            raise KinesicsError(f"{where}: give both person and person_id of clip {clip!r}, or neither")
        for key in ("person", "person_id"):
            if row[key] and (clip, row[key]) in seen:
                raise KinesicsError(f"{where}: {key} {row[key]!r} stands twice in clip {clip!r}")
            seen.add((clip, row[key]))
        before, other = first.setdefault(clip, (line, row))
        if not (row["person"] and other["person"]) and before != line:
            raise KinesicsError(f"{where}: clip {clip!r} has people, so that a row without a person has no meaning")
        for key in _OF_A_CLIP:
            if row[key] != other[key]:
                raise KinesicsError(
                    f"{where}: {key} of clip {clip!r} is {row[key]!r}, but {other[key]!r} in line {before}"
                )
    table = pd.DataFrame(rows)
    table["person"] = pd.to_numeric(table["person"]).astype("Int64")
    table["person_id"] = table["person_id"].where(table["person_id"] != "", None)
    table["seconds"], table["sound"] = table["seconds"].astype(float), table["sound"] == "yes"
    return table.sort_values(["clip", "person"], kind="stable", ignore_index=True)


def read_annotations(annotation_pass: str, folder: str | Path = FOLDER) -> pd.DataFrame:
    """Return the events of a pass: an events table with the column ``person_id`` (see ``PASSES``).

    Raises KinesicsError naming the file, the line and the value of a malformed row, of an event of somebody that
    ``people.csv`` does not have, or that lies outside of its clip.
    """
    if annotation_pass not in PASSES:
        raise KinesicsError(f"{annotation_pass!r} is no annotation pass; the passes are {', '.join(PASSES)}")
    path = Path(folder) / f"{annotation_pass}.csv"
    people = read_people(folder)
    ids, lengths = person_ids(people), durations(people)
    for line, row in enumerate(read_table(path, schema("coding")), 2):
        if (row["clip"], int(row["person"])) not in ids:
            raise KinesicsError(
                f"{path}: line {line}: person {row['person']} of clip {row['clip']!r} is not in {PEOPLE}"
            )
        if float(row["end_s"]) > lengths[row["clip"]] + SLACK_S:
            raise KinesicsError(
                f"{path}: line {line}: end_s {row['end_s']} is after the end of clip {row['clip']!r}, "
                f"{lengths[row['clip']]:g} s"
            )
    events = read_coding(path)
    keys = zip(events["video"], events["person"], strict=True)
    return events.assign(person_id=[ids[clip, int(person)] for clip, person in keys])


def person_ids(people: pd.DataFrame) -> dict[tuple[str, int], str]:
    """Return {(clip, number of the person in it): who it is over all clips}."""
    named = people.dropna(subset=["person"])
    return {(row.clip, int(row.person)): row.person_id for row in named.itertuples()}


def durations(people: pd.DataFrame) -> dict[str, float]:
    """Return the length in seconds of each clip."""
    return dict(zip(people["clip"], people["seconds"], strict=True))


def groups(people: pd.DataFrame) -> dict[str, str]:
    """Return the group of each clip: clips that share a person, directly or through others, are one.

    A group is named after the first of its people; a clip without anybody to code is a group of its own, named after it.
    """
    group = {name: name for name in people["person_id"].dropna()}
    clips = people.dropna(subset=["person_id"]).groupby("clip")["person_id"].agg(list)
    for together in clips:
        joined = {group[name] for name in together}
        group = {name: min(joined) if of in joined else of for name, of in group.items()}
    alone = sorted(set(people["clip"]) - set(clips.index))
    return {clip: group[together[0]] for clip, together in clips.items()} | {clip: clip for clip in alone}


def folds(people: pd.DataFrame, clips: Iterable[str] | None = None) -> Splits:
    """Return {fold: (clips to learn from, clips to test on)}: each group of people is left out once.

    ``clips`` are those to divide, by default all; one that ``people`` does not have is a fold of its own. Where nobody is
    large enough to code, it is not known who it is: such a clip is tested on and never learned from.
    """
    group = groups(people)
    clips = list(dict.fromkeys(people["clip"])) if clips is None else list(clips)
    coded = set(people["clip"][people["person_id"].notna()])
    of = {clip: group.get(clip, clip) for clip in clips}
    learned = [clip for clip in clips if clip in coded or clip not in group]
    return {
        fold: ([clip for clip in learned if of[clip] != fold], [clip for clip in clips if of[clip] == fold])
        for fold in dict.fromkeys(of.values())
    }


def clip_download(
    clip: str, sources: Mapping[str, Sequence[Mapping[str, str]]], people: pd.DataFrame
) -> Mapping[str, str]:
    """Return the row of the table of downloads that is a clip: a source of that name, or the file of the clip's source.

    Raises KinesicsError if there is none.
    """
    if clip in sources:
        return sources[clip][0]
    for source in people["source"][people["clip"] == clip]:
        for row in sources.get(source, ()):
            if Path(row["file"]).stem == clip:
                return row
    raise KinesicsError(
        f"{clip!r} is neither a source of downloads nor a clip of {FOLDER / PEOPLE} with a file of its name"
    )
