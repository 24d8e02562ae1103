"""The functions of the command line and the Python API: from files to tracks, features, events and scores."""

import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from kinesics.api.method import DEFAULT_DETECTOR as DEFAULT_DETECTOR
from kinesics.api.method import POLICY as POLICY
from kinesics.api.method import Method, prepare_method
from kinesics.detectors.base import Budgeted
from kinesics.detectors.registry import DETECTORS, required_encoders
from kinesics.encoders.registry import ENCODERS, is_downloadable, is_visual, required_downloads
from kinesics.encoders.weights import weights_path
from kinesics.errors import KinesicsError
from kinesics.formats.registry import read_events, write_events
from kinesics.io import downloads
from kinesics.io.checkpoints import decision_threshold
from kinesics.io.files import one_line, temporary_folder
from kinesics.io.names import video_name
from kinesics.io.threads import meanwhile
from kinesics.media.examination import reading_note
from kinesics.media.streams import ReadOptions
from kinesics.media.video import probe_video
from kinesics.metrics.scoring import score as score_tables
from kinesics.structures.events import Events, keep_events
from kinesics.structures.timegrid import Span
from kinesics.structures.tracks import Tracks, open_tracks, read_tracks

if TYPE_CHECKING:
    from kinesics.perception.tracking import Tracked

__all__ = ["Events", "Tracks", "detect", "read_events", "score", "track", "write_events"]

PathLike = str | Path
#: Receives a line about the progress.
Notify = Callable[[str], None]

#: Defaults of the tracking: frames per second, and people at a time.
RATE_HZ, MAX_PEOPLE = 10.0, 4


def track(  # noqa: PLR0913 - keyword-only settings
    video: PathLike,
    out: PathLike | None = None,
    *,
    rate_hz: float = RATE_HZ,
    max_people: int = MAX_PEOPLE,
    start_s: float = 0.0,
    end_s: float | None = None,
    video_stream: int | None = None,
    accept_damaged: bool = False,
    data: PathLike | None = None,
    progress: bool = False,
) -> Tracks:
    """Track the people in a video: faces, hands, bodies, with identities over time.

    ``rate_hz`` frames per second are tracked, and at most ``max_people`` at a time, from ``start_s`` to ``end_s`` (default:
    the whole video); times of the result are those of the whole video. ``out`` also keeps the tracks as Parquet.
    ``video_stream`` is the number of the stream of images (default: the one flagged default among those that can be
    decoded). With ``accept_damaged``, what can be read of a file that is cut off or damaged is tracked, and
    ``damaged_after_s`` of the result is set. ``data`` is the folder of downloaded files (default: KINESICS_DATA, else the
    user's cache folder).

    Where there is a choice of streams, and for a damaged file, a line on stderr says what is read. Raises KinesicsError
    naming the file if the video cannot be read or the weights cannot be downloaded.
    """
    check_video(video, ReadOptions(video_stream, None, accept_damaged))
    with temporary_folder() as folder:
        path = Path(out) if out else folder / "tracks.parquet"
        track_file(
            video,
            path,
            rate_hz=rate_hz,
            max_people=max_people,
            start_s=start_s,
            end_s=end_s,
            video_stream=video_stream,
            accept_damaged=accept_damaged,
            data=data,
            progress=progress,
        )
        return read_tracks(path)


def track_file(  # noqa: PLR0913 - keyword-only settings
    video: PathLike,
    out: PathLike,
    *,
    rate_hz: float = RATE_HZ,
    max_people: int = MAX_PEOPLE,
    workers: int | None = None,
    start_s: float = 0.0,
    end_s: float | None = None,
    video_stream: int | None = None,
    accept_damaged: bool = False,
    data: PathLike | None = None,
    progress: bool = False,
) -> "Tracked":
    """Track the people in a video into a Parquet file, in constant memory (arguments and errors: see ``track``).

    ``workers`` threads share the work (default: two where there are processors for them), with the same result.
    Return the number of people, of frames, the duration in seconds, and the processor time of each part of the work.
    """
    from kinesics.perception.tracking import track as track_people

    options, span = ReadOptions(video_stream, None, accept_damaged), Span(start_s, end_s)
    video_name(video)
    info = probe_video(video, options)  # raises for an unreadable video before anything is downloaded
    span.check(str(video), info.duration_s)
    networks = fetch_networks(downloads.data_folder(data))
    return track_people(
        Path(video),
        networks,
        Path(out),
        rate_hz=rate_hz,
        max_people=max_people,
        workers=workers,
        options=options,
        span=span,
        progress=progress,
    )


def fetch_networks(data: Path) -> Path:
    """Return the folder of the tracker's networks in ``data``, downloaded if it lacks them.

    The network that recognises faces comes through npm: without it, one line on stderr says what is missing. Raises
    KinesicsError if another one cannot be downloaded.
    """
    folder = downloads.fetch("mediapipe", data)[0].parent
    try:
        downloads.fetch("mobilefacenet", data)
    except KinesicsError as error:
        print(
            f"kinesics: people are not recognised after cuts and long gaps, and have a new number then: {one_line(error)}",
            file=sys.stderr,
        )
    return folder


def check_video(video: PathLike, options: ReadOptions, sound: bool = False) -> None:
    """Raise KinesicsError if a video cannot be read, or its name stands in no table.

    Print a line to stderr if there is a choice of streams (``sound``: also of sound), or if the video is damaged.
    """
    video_name(video)
    if note := reading_note(video, options, sound):
        print(f"kinesics: {note}", file=sys.stderr)


def encode_file(  # noqa: PLR0913 - keyword-only settings
    video: PathLike,
    encoder: str,
    out: PathLike,
    *,
    tracks: PathLike | None = None,
    rate_hz: float | None = None,
    weights: PathLike | None = None,
    cache: PathLike | None = None,
    queries: pd.DataFrame | None = None,
    video_stream: int | None = None,
    audio_stream: int | None = None,
    accept_damaged: bool = False,
    data: PathLike | None = None,
    notify: Notify | None = None,
    progress: bool = False,
) -> None:
    """Extract features of a video with a frozen encoder into a safetensors file.

    ``tracks`` are those of the video's people, for encoders of images and clips; ``rate_hz`` crops per second are encoded
    (default: the encoder's); ``weights`` are a file, a folder or a repository of the Hugging Face hub (default: in ``data``);
    ``cache`` is a file that keeps the features of each crop; ``queries`` limits the crops (``encoders.extract``). Streams and
    damage are as for ``detect``.

    Raises KinesicsError for unknown encoders, missing weights (with what to do), and files that cannot be read.
    """
    from kinesics.encoders.extract import encode_crops, encode_sound

    options = ReadOptions(video_stream, audio_stream, accept_damaged)
    video_name(video)
    if is_visual(encoder):
        if not tracks:
            raise KinesicsError(f"encoder {encoder!r} takes person crops: give their tracks with --tracks")
        weights = _find_weights(encoder, weights, data)
        encode_crops(
            video,
            tracks,
            encoder,
            weights,
            out,
            rate_hz=rate_hz,
            cache=cache,
            queries=queries,
            options=options,
            progress=progress,
        )
        return
    if tracks:
        raise KinesicsError(f"encoder {encoder!r} takes audio, not person crops: remove --tracks")
    weights = _find_weights(encoder, weights, data)
    has_sound = encode_sound(
        video, encoder, weights, out, rate_hz=rate_hz, cache=cache, options=options, progress=progress
    )
    if not has_sound and notify:
        notify(f"{video}: has no sound: {encoder} has no features")


def _find_weights(encoder: str, weights: PathLike | None, data: PathLike | None) -> PathLike:
    """Return the given weights of an encoder, or else its own in the folder ``data``, downloaded if they can be."""
    folder = downloads.data_folder(data)
    if weights:
        return weights
    _fetch_weights(encoder, folder)
    return weights_path(encoder, folder)


def _fetch_weights(encoder: str, data: Path) -> None:
    """Download the weights of an encoder, if they can be, into the folder ``data``."""
    if is_downloadable(encoder):
        for source in required_downloads(encoder):
            downloads.fetch(source, data)


def detect(  # noqa: PLR0913 - keyword-only settings
    video: PathLike,
    detector: str | None = None,
    *,
    model: PathLike | None = None,
    labels: Sequence[str] = (),
    min_score: float = 0.0,
    budget: float = 1.0,
    policy: str | None = None,
    all_candidates: bool = False,
    seed: int = 0,
    tracks: PathLike | None = None,
    tracks_out: PathLike | None = None,
    rate_hz: float = RATE_HZ,
    max_people: int = MAX_PEOPLE,
    start_s: float = 0.0,
    end_s: float | None = None,
    video_stream: int | None = None,
    audio_stream: int | None = None,
    accept_damaged: bool = False,
    data: PathLike | None = None,
    notify: Notify | None = None,
    progress: bool = False,
) -> Events:
    """Detect behavioural events in a video.

    ``detector`` is a name of ``detectors.registry`` (default: the one of ``model``, else ``ranked``) and ``model`` the
    checkpoint of a trained one (``ranked`` comes with its own). ``labels`` are those to keep (default: all; of the
    checkpoint that comes with ``ranked`` those that it detects better than by chance, see ``docs/model-card.md``), of events
    with a score of at least ``min_score``. ``budget`` is the token budget, a share in [0, 1] of the slow encoder's queries,
    which the acquisition policy ``policy`` selects (default: ``uncertain``; only with a budget below 1). Events below the
    model's decision threshold are left out unless ``all_candidates``. ``tracks`` replaces the tracking, which otherwise
    takes ``rate_hz`` and ``max_people`` (see ``track``), and whose result the file ``tracks_out`` keeps. Only the part from
    ``start_s`` to ``end_s`` is analysed (default: the whole video); times stay those of the whole video. ``video_stream``
    and ``audio_stream`` are numbers of streams of the file (default: those flagged default among those that can be decoded).
    With ``accept_damaged``, what can be read of a file that is cut off or damaged is analysed, and ``damaged_after_s`` of
    the result is set. ``notify`` receives lines about the progress.

    Times of the result are seconds, boxes fractions of the frame; the tubes have the box of every tracked frame. Raises
    KinesicsError for bad input, before the video is tracked where that is possible.
    """
    method = prepare_method(detector, model, labels, None if tracks else rate_hz, budget, policy)
    name, folder = video_name(video), downloads.data_folder(data)
    options, encoders = ReadOptions(video_stream, audio_stream, accept_damaged), required_encoders(method.name)
    # a bad video is refused before anything is downloaded, and missing weights before the work
    check_video(video, options, sound=not all(map(is_visual, encoders)))
    span = Span(start_s, end_s)
    span.check(str(video), probe_video(video, options).duration_s)
    fetch_required(method.name, folder)
    encode = partial(
        encode_file,
        video,
        video_stream=video_stream,
        audio_stream=audio_stream,
        accept_damaged=accept_damaged,
        data=data,
    )
    with temporary_folder() as work:
        if tracks is None:
            tracks = tracks_out or work / "tracks.parquet"
            lines: list[str] = []
            listen = partial(_extract_sound, encode, encoders, work, lines.append)
            with meanwhile(listen) as heard:  # the processors have time left, as each frame waits for the last
                tracked = track_file(
                    video,
                    tracks,
                    rate_hz=rate_hz,
                    max_people=max_people,
                    start_s=start_s,
                    end_s=end_s,
                    video_stream=video_stream,
                    accept_damaged=accept_damaged,
                    data=data,
                    progress=progress,
                )
                heard()
            for line in [f"people in {tracked.frames} frames: {tracked.people}", *lines]:
                if notify:
                    notify(line)
        else:
            from kinesics.encoders.extract import check_same_video

            check_same_video(video, name, open_tracks(tracks), tracks, options)
        features = _extract(encode, Path(tracks), method, work, notify, progress)
        events = _run(method, Path(tracks), features, all_candidates, seed, folder).within(span)
        return events.select(labels=method.labels or None, min_score=min_score or None)


def fetch_required(detector: str, data: PathLike) -> None:
    """Download what a detector and its encoders need into the folder ``data``."""
    for encoder in required_encoders(detector):
        _fetch_weights(encoder, Path(data))
    if weights := DETECTORS[detector]["weights"]:
        downloads.fetch(weights, Path(data))


def _extract_sound(encode: Callable[..., None], encoders: Sequence[str], folder: Path, notify: Notify) -> None:
    """Extract the features of sound among those of some encoders, which need no tracks, into a folder.

    ``encode`` is ``encode_file`` with its video and how that is read.
    """
    for encoder in encoders:
        if ENCODERS[encoder]["input"] == "sound":
            encode(encoder, _features_file(folder, encoder), notify=notify)


def _features_file(folder: Path, encoder: str) -> Path:
    return folder / f"{encoder}.safetensors"


def _extract(
    encode: Callable[..., None],
    tracks: Path,
    method: Method,
    folder: Path,
    notify: Notify | None,
    progress: bool,
) -> list[Path]:
    """Extract the features that a method reads and the folder does not have yet; return the files of all.

    ``encode`` is as for ``_extract_sound``. Queries are those that the budget allows.
    """
    from kinesics.detectors.acquisition import acquire_queries
    from kinesics.signals.recording import read_recordings

    features: list[Path] = []
    for encoder in required_encoders(method.name):
        out = _features_file(folder, encoder)
        features.append(out)
        if out.exists():
            continue
        queries, detector = None, method.detector
        if method.model and method.budget < 1 and isinstance(detector, Budgeted) and encoder == detector.encoder:
            recording = read_recordings([tracks], features[:-1])[0]
            queries = acquire_queries(method.policy, method.budget, recording, detector, method.model)
            if notify:
                notify(f"{encoder}: {len(queries)} queries")
        people = tracks if is_visual(encoder) else None
        encode(encoder, out, tracks=people, queries=queries, notify=notify, progress=progress)
    return features


def _run(method: Method, tracks: Path, features: list[Path], all_candidates: bool, seed: int, data: Path) -> Events:
    """Run a method on tracks and features, with released weights in ``data``, and return its events."""
    from kinesics.detectors.runner import check_features
    from kinesics.signals.recording import read_recordings

    weights = DETECTORS[method.name]["weights"]
    model = downloads.fetch(weights, data)[0] if weights else method.model
    recording = read_recordings([tracks], features)[0]
    check_features(method.name, recording)
    events, tubes = method.detector.detect(recording, model, seed)
    if model and not all_candidates:
        events, tubes = keep_events(events, tubes, events["score"].to_numpy() >= decision_threshold(model))
    return Events(events, tubes, recording.tracks.damaged_after_s)


def score(truth: Events | Sequence[Events], predicted: Events | Sequence[Events], **options: Any) -> dict[str, Any]:
    """Score predicted events against annotated ones.

    ``truth`` has one entry per annotator, ``predicted`` one per seed of the detector. ``options`` are those of
    ``metrics.scoring.score``, which also describes them and the result: ``durations``, ``labels``, ``tubes``, ``thresholds``,
    ``clusters``, ``block_s``, ``resamples``, ``seed``, ``f1_tious``, ``map_tious``, ``tube_ious``, ``rate_hz`` and
    ``match_person``. Tubes are scored if all entries have them.

    Raises KinesicsError if an option is wrong or the tables do not match.
    """
    sides = {
        name: [given] if isinstance(given, Events) else list(given)
        for name, given in (("truth", truth), ("predicted", predicted))
    }
    tubes = {name: [events.tubes for events in side] for name, side in sides.items()}
    if all(part is not None for side in tubes.values() for part in side):
        options = {"tubes": tubes} | options
    tables = {name: [events.table for events in side] for name, side in sides.items()}
    return score_tables(tables["truth"], tables["predicted"], **options)
