"""Annotate videos: track, detect, and write everything that a behavioural scientist opens, one folder per video."""

import json
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

import kinesics
from kinesics import api
from kinesics.api.method import prepare_method
from kinesics.detectors.packaged import packaged_model
from kinesics.detectors.registry import DETECTORS, detected_labels, required_encoders
from kinesics.encoders.registry import is_downloadable, required_downloads
from kinesics.errors import KinesicsError
from kinesics.formats.base import Media, Options, ignore
from kinesics.formats.html_viewer import ViewedVideo, write_index, write_viewer
from kinesics.formats.overview import prepare_overview, write_overview
from kinesics.formats.registry import write_events
from kinesics.io import downloads
from kinesics.io.extras import import_optional
from kinesics.io.files import replacing, sha256, write_json
from kinesics.io.names import video_name
from kinesics.io.threads import meanwhile
from kinesics.media.annotated_video import write_annotated_video
from kinesics.media.streams import ReadOptions
from kinesics.media.video import VideoInfo, probe_video
from kinesics.metrics.time_budget import time_budget, transitions
from kinesics.signals.measures import write_measures
from kinesics.structures.events import TUBE_COLUMNS, Events, write_events_csv, write_tubes
from kinesics.structures.result_files import EVENTS_FILE, PROVENANCE, TUBES_FILE
from kinesics.structures.timegrid import Span, seconds
from kinesics.structures.tracks import Tracks, open_tracks

#: The folder of what an interrupted run leaves for the next one.
_WORK = ".unfinished"
_LIBRARIES = ("ai-edge-litert", "av", "numpy", "opencv-contrib-python", "scipy")


@dataclass(frozen=True)
class Settings:
    """What decides the result, besides the video and the version of the program.

    ``labels`` are those to keep and ``min_score`` the lowest score; ``draw`` also writes a copy of the video
    with the events drawn into it, ``csv`` the measures also as CSV; the rest is as in ``api.detect``, also ``start_s`` and
    ``end_s``, the part of the video that is analysed.
    """

    detector: str | None = None
    model: Path | None = None
    labels: tuple[str, ...] = ()
    min_score: float = 0.0
    rate_hz: float = api.RATE_HZ
    max_people: int = api.MAX_PEOPLE
    seed: int = 0
    start_s: float = 0.0
    end_s: float | None = None
    video_stream: int | None = None
    audio_stream: int | None = None
    accept_damaged: bool = False
    draw: bool = False
    csv: bool = False

    def __post_init__(self) -> None:
        method = prepare_method(self.detector, self.model, self.labels, self.rate_hz)
        object.__setattr__(self, "detector", method.name)
        object.__setattr__(self, "labels", method.labels)

    @property
    def sought(self) -> Sequence[str]:
        """The labels that are looked for."""
        return self.labels or detected_labels(str(self.detector), self.model)

    @property
    def reading(self) -> ReadOptions:
        """Which streams of the video are read, and whether damage is accepted."""
        return ReadOptions(self.video_stream, self.audio_stream, self.accept_damaged)

    @property
    def span(self) -> Span:
        """The part of the video that is analysed."""
        return Span(self.start_s, self.end_s)

    def record(self) -> dict[str, Any]:
        """Return the settings as JSON has them: the model by its content."""
        model = self.model or packaged_model(str(self.detector))
        return asdict(self) | {"model": sha256(model) if model else None, "labels": list(self.labels)}


@dataclass(frozen=True)
class AnnotatedVideo:
    """What is known of one video when its outputs are written."""

    video: Path
    reading: ReadOptions
    span: Span
    info: VideoInfo
    tracks_file: Path
    tracks: Tracks
    events: Events
    sought: Sequence[str]

    @cached_property
    def budget(self) -> pd.DataFrame:
        """The time budget of all labels that were looked for, over the seconds in which each person was tracked."""
        persons, frames = np.unique(self.tracks.table["person"].to_numpy(), return_counts=True)
        step_s = seconds(1, self.tracks.rate_hz)
        observed_s = {
            (self.tracks.video, int(person)): float(n * step_s) for person, n in zip(persons, frames, strict=True)
        }
        return time_budget(self.events.table, observed_s, self.span.start_s, self.sought)


def annotate(
    video: str | Path,
    out: str | Path | None = None,
    *,
    settings: Settings | None = None,
    data: str | Path | None = None,
    notify: Callable[[str], None] | None = None,
    progress: bool = False,
    **options: Any,
) -> pd.DataFrame:
    """Detect the behavioural events of a video and return them as a table, whose columns ``structures.events`` describes.

    ``options`` are the fields of ``Settings``: ``detector``, ``model``, ``labels``, ``min_score``, ``rate_hz``,
    ``max_people``, ``seed``, ``start_s``, ``end_s``, ``video_stream``, ``audio_stream``, ``accept_damaged``, ``draw`` and
    ``csv``. With ``out``, everything in ``OUTPUTS`` is also written, into the folder ``out/<name of the video>``. An
    interrupted run is continued by the same call and ends with the same bytes; a finished one is not repeated. ``data``,
    ``notify`` and ``progress`` are as in ``api.detect``.

    Raises KinesicsError for bad input, and if the folder holds files that were changed since they were written.
    """
    settings = settings or Settings(**options)
    if out is None:
        return _detect(video, settings, None, data, notify, progress).table
    import_optional("matplotlib")  # of the extra `annotate`: that it is missing is said before the work

    folder = Path(out) / video_name(video)
    networks = downloads.data_folder(data)
    info = probe_video(video, settings.reading)
    settings.span.check(str(video), info.duration_s)
    api.fetch_networks(networks)  # what is missing is said before the work
    api.fetch_required(str(settings.detector), networks)
    record = {
        "kinesics": kinesics.__version__,
        "video": {"file": Path(video).name, "sha256": sha256(video), **asdict(info)},
        "settings": settings.record(),
        "weights": _weights(str(settings.detector), networks),
        "libraries": {name: version(name) for name in _LIBRARIES},
    }
    if (finished := _finished(folder, record)) is not None:
        if notify:
            notify(f"{folder}: finished before, nothing is repeated")
        return finished
    work = _open_work(folder, record)
    tracks = work / "tracks.parquet"
    with meanwhile(prepare_overview) as prepared:
        events = _detect(video, settings, tracks, data, notify, progress)
        prepared()
    annotation = AnnotatedVideo(
        Path(video), settings.reading, settings.span, info, tracks, open_tracks(tracks), events, settings.sought
    )
    write_outputs(annotation, folder, record)
    shutil.rmtree(work)
    return events.table


def write_overall_index(videos: Sequence[str | Path], out: str | Path) -> None:
    """Write ``out/index.html``, which links to the pages of the videos that are finished there."""
    pages: list[Path] = []
    viewed: list[ViewedVideo] = []
    for video in videos:
        folder = Path(out) / video_name(video)
        try:
            record = json.loads((folder / PROVENANCE).read_text(encoding="utf-8"))["video"]
        except (OSError, ValueError, KeyError):
            continue
        info = VideoInfo(**{field.name: record.get(field.name) for field in fields(VideoInfo)})
        pages.append(folder / "index.html")
        viewed.append(ViewedVideo(video, api.read_events(folder / EVENTS_FILE), info=info))
    write_index(Path(out) / "index.html", pages, viewed)


def write_outputs(annotation: AnnotatedVideo, folder: Path, record: dict[str, Any]) -> None:
    """Write ``OUTPUTS`` into a folder, and last the record of how they were made with the SHA-256 of each."""
    hashes: dict[str, str] = {}
    for name, write in _outputs(record["settings"]).items():
        path = folder / name.format(name=annotation.tracks.video)
        write(annotation, path)
        hashes[path.name] = sha256(path)
    counts = {"people": len(annotation.tracks.persons), "events": len(annotation.events)}
    write_json(folder / PROVENANCE, record | counts | {"outputs": hashes})


def _detect(
    video: str | Path,
    settings: Settings,
    tracks: Path | None,
    data: str | Path | None,
    notify: Callable[[str], None] | None,
    progress: bool,
) -> Events:
    """Return the events of a video; its tracks are read from a file, or kept there if it does not exist yet."""
    tracked = tracks is not None and tracks.exists()
    return api.detect(
        video,
        settings.detector,
        model=settings.model,
        labels=settings.labels,
        min_score=settings.min_score,
        seed=settings.seed,
        tracks=tracks if tracked else None,
        tracks_out=tracks,
        rate_hz=settings.rate_hz,
        max_people=settings.max_people,
        start_s=settings.start_s,
        end_s=settings.end_s,
        video_stream=settings.video_stream,
        audio_stream=settings.audio_stream,
        accept_damaged=settings.accept_damaged,
        data=data,
        notify=notify,
        progress=progress,
    )


def _weights(detector: str, folder: Path) -> dict[str, str]:
    """Return the pinned SHA-256 of each file in ``folder`` that tracking and a detector read, by source and file."""
    encoders = [encoder for encoder in required_encoders(detector) if is_downloadable(encoder)]
    sources = {
        "mediapipe",
        "mobilefacenet",
        DETECTORS[detector]["weights"],
        *(s for e in encoders for s in required_downloads(e)),
    }
    pinned = downloads.read_downloads()
    files = {f"{s}/{row['file']}": row["sha256"] for s in sorted(filter(None, sources)) for row in pinned[s]}
    return {name: digest for name, digest in files.items() if (folder / name).exists()}


def _finished(folder: Path, record: dict[str, Any]) -> pd.DataFrame | None:
    """Return the events of a folder that was made from the same video by the same program, or None if it has to be made.

    Raises KinesicsError if a file there was changed since, or the folder is somebody else's.
    """
    path = folder / PROVENANCE
    if not path.exists():
        if folder.exists() and not (folder / _WORK).exists() and any(folder.iterdir()):
            raise KinesicsError(f"{folder}: holds other files: give another folder with --out, or empty it")
        return None
    try:
        former = json.loads(path.read_text(encoding="utf-8"))
        outputs = dict(former["outputs"])
    except (OSError, ValueError, KeyError, TypeError):
        raise KinesicsError(f"{path}: not a record of kinesics: give another folder with --out") from None
    hashes = {name: sha256(folder / name) for name in outputs if (folder / name).is_file()}
    if changed := sorted(name for name, found in hashes.items() if found != outputs[name]):
        raise KinesicsError(
            f"{folder / changed[0]}: was changed since it was written: move it away, or give another folder with --out"
        )
    if any(former.get(key) != value for key, value in record.items()) or len(hashes) < len(outputs):
        return None
    return api.read_events(folder / EVENTS_FILE).table


def _open_work(folder: Path, record: dict[str, Any]) -> Path:
    """Return the folder of unfinished work for this record; what was left of another one is deleted."""
    work, key = folder / _WORK, folder / _WORK / "record.json"
    try:
        same = json.loads(key.read_text(encoding="utf-8")) == json.loads(json.dumps(record))
    except (OSError, ValueError):
        same = False
    if not same:
        shutil.rmtree(work, ignore_errors=True)
        write_json(key, record)
    return work


def _write_summary_csv(annotation: AnnotatedVideo, path: Path) -> None:
    with replacing(path) as temporary:
        annotation.budget.round(4).to_csv(temporary, index=False, lineterminator="\n")


def _write_summary_json(annotation: AnnotatedVideo, path: Path) -> None:
    pairs = transitions(annotation.events.table)
    write_json(path, {"behaviours": _rows(annotation.budget), "transitions": _rows(pairs)})


def _rows(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the rows as JSON has them: numbers to four decimals, none where a value is missing."""
    return json.loads(table.round(4).to_json(orient="records", double_precision=4))


def _write_tubes(annotation: AnnotatedVideo, path: Path) -> None:
    tubes = annotation.events.tubes
    write_tubes(pd.DataFrame(columns=TUBE_COLUMNS) if tubes is None else tubes, path, annotation.events.damaged_after_s)


def _write_viewer(annotation: AnnotatedVideo, path: Path) -> None:
    write_viewer(path, [ViewedVideo(annotation.video, annotation.events, info=annotation.info)])


def _write_format(annotation: AnnotatedVideo, path: Path) -> None:
    """Write the events in the format of a path's ending, linked to the video. What it cannot hold is in ``events.csv``."""
    info = annotation.info
    media = Media(annotation.video.absolute(), info.rate_hz, info.duration_s, info.width, info.height)
    write_events(annotation.events, path, options=Options(media=media, notify=ignore))


#: What is written for each video: the file's name and the function that writes it. ``{name}`` is the video's name.
OUTPUTS: dict[str, Callable[[AnnotatedVideo, Path], None]] = {
    EVENTS_FILE: lambda annotation, path: write_events_csv(annotation.events.table, path),
    TUBES_FILE: _write_tubes,
    "summary.csv": _write_summary_csv,
    "summary.json": _write_summary_json,
    "measures.parquet": lambda annotation, path: write_measures(annotation.tracks_file, path),
    "overview.png": lambda annotation, path: write_overview(
        annotation.events.table,
        annotation.span.end_in(annotation.info.duration_s),
        path,
        annotation.tracks.video,
        annotation.span.start_s,
    ),
    **dict.fromkeys(("{name}.eaf", "{name}.boris", "{name}.vtt", "{name}.TextGrid"), _write_format),
    "index.html": _write_viewer,
}
#: What is written only if the setting of that name says so.
OPTIONAL: dict[str, dict[str, Callable[[AnnotatedVideo, Path], None]]] = {
    "draw": {
        "{name}.annotated.mp4": lambda annotation, path: write_annotated_video(
            annotation.video, annotation.events, path, annotation.reading, annotation.span
        )
    },
    "csv": {"measures.csv": lambda annotation, path: write_measures(annotation.tracks_file, path, csv=True)},
}


def _outputs(settings: Mapping[str, Any]) -> dict[str, Callable[[AnnotatedVideo, Path], None]]:
    """Return ``OUTPUTS`` with the optional ones that the settings name."""
    chosen = [outputs for setting, outputs in OPTIONAL.items() if settings[setting]]
    return OUTPUTS | {name: write for outputs in chosen for name, write in outputs.items()}


def output_names(video: str | Path, settings: Settings | None = None) -> Sequence[str]:
    """Return the names of the files that are written for a video, with the record of how they were made."""
    outputs = _outputs(asdict(settings or Settings()))
    return [*(name.format(name=video_name(video)) for name in outputs), PROVENANCE]
