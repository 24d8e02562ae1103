"""BORIS projects (.boris), of format 7: ethogram, subjects, observations with their media files and events."""

import json
import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from string import ascii_lowercase, digits
from typing import Any

from kinesics.errors import KinesicsError
from kinesics.formats.annotations import Annotation, Row, lanes, printable, rounded, rows, tier_name, to_events
from kinesics.formats.base import FAMILY, SCORE, Options, ReadWrite
from kinesics.formats.pairing import Stamp, check_observation, pair
from kinesics.formats.source import (
    as_number,
    file_stem,
    mapping,
    mapping_or_empty,
    number,
    read_json,
    sequence,
    string,
    time,
)
from kinesics.io.files import write_text
from kinesics.structures.events import Events
from kinesics.structures.vocabulary import LABELS, in_order

#: Written where no video is given; BORIS calculates with it.
_RATE_HZ = 25.0
_SCORE = "score "
_KEYS = ascii_lowercase + digits


def read(path: Path, options: Options) -> Events:
    """Read a project: the observations' events with subjects as persons and behavioural categories as families.

    State events are the times between the rows that start and stop them. Times count from the start of the media file: the
    time offset of an observation is taken off. Raises KinesicsError naming the observation and the row.
    """
    project = mapping(read_json(path, options.notify), f"{path}: the project")
    if "observations" not in project or "behaviors_conf" not in project:
        raise KinesicsError(f"{path}: not a BORIS project: it has no observations or no ethogram")
    states: dict[str, bool] = {}
    categories: dict[str, str] = {}
    for key, entry in mapping(project["behaviors_conf"], f"{path}: behaviors_conf").items():
        behaviour = mapping(entry, f"{path}: behaviors_conf {key}")
        code = string(behaviour.get("code")).strip()
        states[code] = "state" in string(behaviour.get("type")).lower()
        categories[code] = string(behaviour.get("category"))
    observations = mapping(project["observations"], f"{path}: observations")
    if options.observation is not None:
        check_observation(options.observation, observations, path)
        observations = {options.observation: observations[options.observation]}
    media = {
        name: _media(mapping(entry, f"{path}: observation {name!r}"), f"{path}: observation {name!r}")
        for name, entry in observations.items()
    }
    videos = [files[0][0] if files else name for name, (files, _) in media.items()]
    annotations: list[Annotation] = []
    for name, entry in observations.items():
        files, first_s = media[name]
        shared = videos.count(files[0][0] if files else name) > 1
        found = list(_events(name, mapping(entry, name), states, path))
        if unknown := sorted({item.value for item, _, _ in found} - states.keys()):
            options.notify(
                f"{path}: observation {name!r}: not in the ethogram, taken as point events: {', '.join(unknown)}"
            )
        for item in pair(found, path):
            video, begin_s = _file_at(files, first_s, item.start_s) if files else (name, 0.0)
            annotations.append(
                replace(
                    item,
                    start_s=item.start_s - begin_s,
                    end_s=item.end_s - begin_s,
                    video=video,
                    tier=categories.get(item.value, ""),
                    annotator=name if shared else "",
                )
            )
    return to_events(annotations, path, options)


def _media(observation: Any, where: str) -> tuple[list[tuple[str, float]], float]:
    """Return the media files of an observation's first player that has some, each with its length in seconds or 0.

    Also return the time of the observation at which the first of them begins, in seconds.
    """
    players = mapping_or_empty(observation.get("file"))  # a list before version 3
    info = mapping_or_empty(observation.get("media_info"))
    known = mapping_or_empty(info.get("length"))
    for player in sorted(players):
        if files := sequence(players[player], f"{where}: player {player}"):
            begin_s = as_number(mapping_or_empty(info.get("offset")).get(player)) or 0.0
            return [(file_stem(string(file)), as_number(known.get(string(file))) or 0.0) for file in files], begin_s
    return [], 0.0


def _file_at(files: list[tuple[str, float]], begin: float, time_s: float) -> tuple[str, float]:
    """Return the file that is played at a time of the observation, and when it began; the first does at ``begin``."""
    for name, length in files[:-1]:
        if not length or time_s < begin + length:
            return name, begin
        begin += length
    return files[-1][0], begin


def _events(name: str, observation: Any, states: dict[str, bool], path: Path) -> Iterator[Stamp]:
    offset = 0.0
    if observation.get("file") and observation.get("time offset"):
        offset = time(observation["time offset"], f"{path}: observation {name!r}: time offset")
    for k, event in enumerate(sequence(observation.get("events") or [], f"{path}: observation {name!r}: events"), 1):
        where = f"observation {name!r}, event {k}"
        fields = sequence(event, f"{path}: {where}")
        if len(fields) < 3:
            raise KinesicsError(f"{path}: {where}: has {len(fields)} fields, not time, subject and code")
        moment = number(fields[0], f"{path}: {where}: its time") - offset
        code = string(fields[2]).strip()
        parts = [part.strip() for part in string(fields[3]).split("|")] if len(fields) > 3 else []
        comment = string(fields[4]) if len(fields) > 4 else ""
        score = as_number(comment.removeprefix(_SCORE)) if comment.startswith(_SCORE) else None
        annotation = Annotation(
            moment,
            moment,
            code,
            where,
            subject=split_lane(string(fields[1]).strip()),
            score=1.0 if score is None else score,
            modifiers="|".join(part for part in parts if part and part != "None"),
        )
        # BORIS pairs by subject with its lane, which is no part of the person
        yield Stamp(annotation, "toggle" if states.get(code) else "point", string(fields[1]))


def split_lane(subject: str) -> str:
    """Return a subject without the number that sets apart its events that overlap, as in ``person 0 (2)``."""
    head, bracket, tail = subject.rpartition(" (")
    return head if bracket and head.startswith("person ") and tail.rstrip(")").isdecimal() else subject


def write(events: Events, path: Path, options: Options) -> None:
    """Write a project: an observation a video; labels whose events are all point events are such in the ethogram.

    Times are rounded to milliseconds; scores are comments. Events of one label that overlap are of a second subject.
    """
    items = [rounded(row) for row in rows(events)]
    labels = in_order(row.label for row in items)
    points = {label for label in labels if all(row.is_point for row in items if row.label == label)}
    family: dict[str, str] = {}
    for row in items:
        family.setdefault(row.label, printable(row.family))
    if several := sorted({row.label for row in items if printable(row.family) != family[row.label]}):
        options.notify(f"{path}: a code has one category: {', '.join(several)} keep the family of their first event")
    if items and not options.media.rate_hz:
        options.notify(f"{path}: {_RATE_HZ:g} frames per second are assumed: give the video with --media")
    observations: dict[str, Any] = {}
    subjects: dict[str, None] = dict.fromkeys(tier_name(row.person, "") for row in items)
    linked = [options.media.path.stem] if options.media.path and not items else []
    for video in dict.fromkeys([row.video for row in items] + linked):
        members = [row for row in items if row.video == video]
        observation, used = _observation(members, points, path, options)
        observations[video] = observation
        subjects |= dict.fromkeys(used)
    project: dict[str, Any] = {
        "time_format": "hh:mm:ss",
        "project_date": "1970-01-01T00:00:00",
        "project_name": printable(path.stem),
        "project_description": "",
        "project_format_version": "7.0",
        "subjects_conf": {
            str(k): {"key": "", "name": name, "description": ""} for k, name in enumerate(sorted(subjects))
        },
        "behaviors_conf": {
            str(k): _behaviour(k, label, family[label], label in points) for k, label in enumerate(labels)
        },
        "observations": observations,
        "behavioral_categories": sorted({name for name in family.values() if name}),
        "behaviors_coding_map": [],
    }
    project |= {name: dict[str, str]() for name in ("independent_variables", "coding_map", "converters")}
    # BORIS reads in the encoding of the system, which may hold ASCII only
    write_text(path, json.dumps(project, indent=1, sort_keys=True) + "\n")


def _behaviour(k: int, label: str, family: str, point: bool) -> dict[str, Any]:
    """Return the entry of the ethogram for a label, with a key of the keyboard for each of the first ones."""
    return {
        "type": "Point event" if point else "State event",
        "key": _KEYS[k] if k < len(_KEYS) else "",
        "code": printable(label),
        "description": str(LABELS.at[label, "definition"]) if label in LABELS.index else "",
        "category": family,
        "modifiers": {},
        "excluded": "",
        "coding map": "",
    }


def _observation(
    members: list[Row], points: set[str], path: Path, options: Options
) -> tuple[dict[str, Any], list[str]]:
    """Return the observation of a video, and its subjects."""
    media = options.media
    file = Path(os.path.relpath(media.path, path.parent)).as_posix() if media.path else f"{members[0].video}.mp4"
    groups: dict[tuple[int, str], list[Row]] = {}
    for row in members:
        groups.setdefault((row.person, row.label), []).append(row)
    stamps: list[list[Any]] = []
    for (person, label), group in groups.items():
        for row, lane in zip(group, lanes([(row.start_s, row.end_s) for row in group]), strict=True):
            subject = tier_name(person, "", 0 if label in points else lane)
            comment = "" if row.score == 1 else f"{_SCORE}{row.score:.4f}"
            times = [row.start_s] if label in points else [row.start_s, row.end_s]
            for k, moment in enumerate(times):
                stamps.append([round(moment, 3), subject, printable(label), "", "" if k else comment])
    duration = media.duration_s or max((row.end_s for row in members), default=0.0)
    info = {"length": duration, "fps": media.rate_hz or _RATE_HZ, "hasVideo": True, "hasAudio": False}
    observation = {
        "file": {"1": [file], **{str(player): [] for player in range(2, 9)}},
        "type": "MEDIA",
        "date": "1970-01-01T00:00:00",
        "description": "",
        "time offset": 0.0,
        "events": sorted(stamps, key=lambda stamp: stamp[0]),
        "observation time interval": [0, 0],
        "independent_variables": {},
        "visualize_spectrogram": False,
        "visualize_waveform": False,
        "media_creation_date_as_offset": False,
        "media_scan_sampling_duration": 0,
        "image_display_duration": 1,
        "close_behaviors_between_videos": False,
        "media_info": {key: {file: value} for key, value in info.items()}
        | {"offset": {str(player): 0.0 for player in range(1, 9)}, "zoom level": {"1": 1.0}},
    }
    return observation, [str(stamp[1]) for stamp in stamps]


FORMAT = ReadWrite("BORIS", (".boris",), read, write, frozenset({FAMILY, SCORE}))
