"""Train a detector on videos and their annotations: tracks and features are made first, and kept for the next training."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

import kinesics
from kinesics import api
from kinesics.detectors.registry import DETECTORS, is_trained, required_encoders
from kinesics.errors import KinesicsError
from kinesics.formats.registry import read_events
from kinesics.io import downloads
from kinesics.io.files import sha256, temporary_folder
from kinesics.io.names import video_name, video_names
from kinesics.io.validation import check, read_yaml, schema
from kinesics.media.video import probe_video
from kinesics.metrics.identity import boxes_of_events, boxes_of_tracks, match_persons, remap_persons
from kinesics.structures.events import BOX, Events, write_events_csv
from kinesics.structures.tracks import Tracks, read_tracks

Notify = Callable[[str], None]
Truth = str | Path | Events


def train(  # noqa: PLR0913 - keyword-only settings
    videos: Sequence[str | Path],
    truth: Sequence[Truth],
    out: str | Path,
    *,
    detector: str,
    validation: Sequence[str | Path] = (),
    seed: int = 0,
    options: Mapping[str, float] | None = None,
    rate_hz: float = api.RATE_HZ,
    max_people: int = api.MAX_PEOPLE,
    cache: str | Path | None = None,
    data: str | Path | None = None,
    notify: Notify | None = None,
    progress: bool = False,
) -> None:
    """Train a detector on annotated videos and write its checkpoint (safetensors).

    ``truth`` has one entry per annotator, a file of any known format or ``Events``, with the events of all videos; their video
    is the name of the file without its suffix. ``validation`` are videos that only calibrate scores. Tracks and features are
    kept in the folder ``cache`` (default: ``prepared`` in ``data``). ``align_persons`` finds the tracked persons of the
    annotated ones.

    Raises KinesicsError for bad input: before any video is tracked, where that is possible.
    """
    from kinesics.detectors.runner import fit_seeds

    if detector not in DETECTORS or not is_trained(detector):
        known = ", ".join(name for name in DETECTORS if is_trained(name))
        raise KinesicsError(f"{detector!r} is not a detector that learns. They are {known}.")
    names = video_names([*videos, *validation])
    annotators = [(str(entry), read_events(entry).table) if not isinstance(entry, Events) else ("events", entry.table)
                  for entry in truth]  # fmt: skip
    for where, table in annotators:
        if not table["video"].isin(names).any():
            raise KinesicsError(
                f"{where}: has no event of {', '.join(names)}: `video` is a file's name without its suffix"
            )
    for video in [*videos, *validation]:
        probe_video(video)
    folder = Path(cache) if cache else downloads.data_folder(data) / "prepared"
    prepared = [
        prepare(video, detector, folder, rate_hz, max_people, data, notify, progress)
        for video in [*videos, *validation]
    ]
    tracks = [paths[0] for paths in prepared]
    with temporary_folder() as work:
        files: list[Path] = []
        for number, (where, table) in enumerate(annotators):
            files.append(work / f"{number}.csv")
            write_events_csv(align_persons(table, list(map(read_tracks, tracks)), where, notify), files[-1])
        features = [path for paths in prepared for path in paths[1:]]
        fit_seeds(
            detector, tracks[: len(videos)], features, files, {seed: out}, tracks[len(videos) :], dict(options or {})
        )


def train_file(config: str | Path, out: str | Path) -> None:
    """Train the detector that a YAML file configures (schema ``train``) and write its checkpoint (safetensors).

    Raises KinesicsError naming the file and the key for a wrong configuration, and as ``detectors.runner.fit_seeds``.
    """
    from kinesics.detectors.runner import fit_seeds

    settings: Any = read_yaml(config)
    check(settings, schema("train"), str(config))
    if settings["detector"] in DETECTORS and not is_trained(settings["detector"]):
        raise KinesicsError(f"{config}: detector {settings['detector']!r} does not learn")
    fit_seeds(
        settings["detector"],
        settings["tracks"],
        settings.get("features", []),
        settings["truth"],
        {settings.get("seed", 0): out},
        settings.get("validation", []),
        settings.get("options"),
    )


def prepare(  # noqa: PLR0913 - private but for tests
    video: str | Path,
    detector: str,
    folder: Path,
    rate_hz: float,
    max_people: int,
    data: str | Path | None,
    notify: Notify | None,
    progress: bool,
) -> list[Path]:
    """Return the tracks file of a video and the features that a detector reads, made if ``folder`` lacks them."""
    key = f"{video_name(video)}-{sha256(video)[:16]}-{kinesics.__version__}-{rate_hz:g}-{max_people}"
    place = folder / key
    tracks = place / "tracks.parquet"
    if not tracks.exists():
        if notify:
            notify(f"{video}: tracking")
        api.track_file(video, tracks, rate_hz=rate_hz, max_people=max_people, data=data, progress=progress)
    paths = [tracks]
    for encoder in required_encoders(detector):
        paths.append(place / f"{encoder}.safetensors")
        if not paths[-1].exists():
            if notify:
                notify(f"{video}: {encoder}")
            people = tracks if api.is_visual(encoder) else None
            api.encode_file(video, encoder, paths[-1], tracks=people, data=data, notify=notify, progress=progress)
    return paths


def align_persons(
    events: pd.DataFrame, tracks: Sequence[Tracks], where: str = "events", notify: Notify | None = None
) -> pd.DataFrame:
    """Return annotated events with the persons that were tracked.

    Events with boxes are matched by them, video by video; the one person of a video without boxes is the main one, 0;
    several persons without boxes keep their numbers. Raises KinesicsError if such a number is not that of a tracked person.
    """
    aligned: list[pd.DataFrame] = []
    for video in tracks:
        part = events[events["video"] == video.video]
        if not len(part):
            continue
        persons = sorted(part["person"].unique())
        if part[BOX].notna().all(axis=1).any():
            true_of = match_persons(boxes_of_events(part, video.rate_hz), boxes_of_tracks(video), video.rate_hz)
            numbers = {true: tracked for tracked, true in true_of.items()}
            lost = len(set(persons) - set(numbers))
            if lost and notify:
                notify(f"{where}: {lost} of {len(persons)} people of {video.video!r} were not tracked")
            part = remap_persons(part, numbers, max(video.persons, default=-1) + 1)
        elif len(persons) == 1:
            part = part.assign(person=0)
        elif unknown := sorted(set(persons) - set(video.persons)):
            raise KinesicsError(
                f"{where}: person {unknown[0]} of {video.video!r} is none of the tracked ones, "
                f"{', '.join(map(str, video.persons)) or 'of whom there are none'}: number people as "
                "`kinesics annotate` does, or give boxes"
            )
        aligned.append(part)
    return pd.concat(aligned, ignore_index=True)
