"""Track several people in a video: faces, poses and hands, with identities that last through gaps and crossings.

Networks are MediaPipe's (Lugaresi et al. 2019, arXiv:1906.08172) through its Tasks API: BlazeFace and the face mesh
(Kartynnik et al. 2019), BlazePose (Bazarevsky et al. 2020), palms and hands (Zhang et al. 2020). Identities come from
the Hungarian assignment (Kuhn 1955) of detected people to constant-velocity tracks, on position, size and colours.

The state is one small record per person; rows go to disk as they come, and get their final ids in a second pass over the
file.
"""

import os
from pathlib import Path

import numpy as np
from tqdm import tqdm

from kinesics.io.files import temporary_folder
from kinesics.media.streams import AS_IT_COMES, ReadOptions
from kinesics.media.video import probe_video, read_frames
from kinesics.structures.timegrid import samples
from kinesics.structures.tracks import FACE_BOX, PERSON_BOX, VISIBLE, TracksWriter, remap_ids

os.environ.setdefault("GLOG_minloglevel", "2")  # read when mediapipe is loaded, which then logs errors only

from kinesics.perception.landmarkers import (
    COAST_S,
    KEPT_S,
    SEARCH_S,
    SHOULDERS,
    PersonDetection,
    Totals,
    Track,
    assign,
    box_around,
    detect_hands,
    detect_missing_poses,
    detect_people,
    open_landmarkers,
)

_SHORT_S = 0.5  # a shorter track is taken for a false detection: no behaviour is coded that is shorter


def track(  # noqa: PLR0913 - keyword-only settings
    video: Path,
    bundles: Path,
    out: Path,
    *,
    name: str | None = None,
    rate_hz: float = 10.0,
    max_people: int = 4,
    options: ReadOptions = AS_IT_COMES,
    progress: bool = True,
) -> tuple[int, int, float]:
    """Track the people in a video and write the tracks table (see ``kinesics.structures.tracks``) to ``out``.

    Return the number of people, of frames, and the duration in seconds.

    ``bundles`` is the folder of ``face.task``, ``hands.task``, ``pose.task``; ``name`` is the video's name in the
    tables, by default the file's without its suffix. Person 0 is the main person: the largest sum of face area over
    time; the others are numbered from left to right by their mean position. Tracks of less than 0.5 s are left out,
    unless the video is no longer, and so are those without any face: the pose network also detects bodies in lettering.
    Memory does not grow with the video, and the same video gives the same bytes.

    ``options`` choose the stream of images, and whether damage is accepted. Raises KinesicsError if the video or a bundle
    cannot be read.
    """
    info = probe_video(video, options)
    count = samples(info.duration_s, rate_hz)
    tracks: list[Track] = []
    totals: list[Totals] = []
    detections: list[PersonDetection] = []
    with temporary_folder() as folder, open_landmarkers(bundles, max_people) as networks:
        provisional = folder / "provisional.parquet"
        with TracksWriter(
            provisional,
            name or Path(video).stem,
            rate_hz,
            info.width,
            info.height,
            video_stream=info.video_stream,
            damaged_after_s=info.damaged_after_s,
        ) as writer:
            frames = read_frames(video, rate_hz, options)
            bar = tqdm(frames, total=count, unit="frame", disable=None if progress else True)
            for k, time_s, frame in bar:
                tracks = [t for t in tracks if time_s - t.last_seen_s <= KEPT_S]
                search = k % max(round(SEARCH_S * rate_hz), 1) == 0
                detections = detect_people(networks, frame, time_s, tracks, search, len(detections))[:max_people]
                people = _identify(detections, tracks, totals, time_s)
                detect_missing_poses(networks, frame, time_s, people)
                detect_hands(networks, frame, time_s, [person for _, person in people])
                for known, person in people:
                    row = _row(person)
                    writer.add({"frame": k, "time_s": time_s, "person": known.number, **row})
                    _add(totals[known.number], row, person, info.width)
            writer.close(info.duration_s)
        shortest = min(np.ceil(_SHORT_S * rate_hz), count)
        ids = _final_ids(totals, shortest)
        remap_ids(provisional, out, ids)
    return len(ids), count, info.duration_s


def _identify(
    people: list[PersonDetection], tracks: list[Track], totals: list[Totals], time_s: float
) -> list[tuple[Track, PersonDetection]]:
    """Match detected people with tracks, beginning new tracks in ``tracks`` and ``totals``, and update the tracks."""
    cost = np.array([[_difference(track, person, time_s) for track in tracks] for person in people])
    matches = dict(assign(cost.reshape(len(people), len(tracks)), 1.0))
    pairs = []
    for i, person in enumerate(people):
        if i in matches:
            track = tracks[matches[i]]
            gap_s = time_s - track.last_seen_s
            velocity = (person.head - track.head) / gap_s
            track.velocity = 0.5 * track.velocity + 0.5 * velocity if gap_s <= COAST_S else np.zeros(3)
            # Colours are averaged where no other head is near, which would mix into them.
            alone = all(np.hypot(*(person.head - o.head)[:2]) > 2 * person.head[2] for o in people if o is not person)
            track.colours = track.colours + (0.1 if alone else 0.0) * (person.colours - track.colours)
        else:
            track = Track(len(totals), person.head, person.colours, time_s)
            totals.append(Totals())
        track.head, track.last_seen_s = person.head, time_s
        if person.face is not None:
            track.face_seen_s = time_s
        pairs.append((track, person))
    tracks += [track for track, _ in pairs if track not in tracks]
    return pairs


def _difference(track: Track, person: PersonDetection, time_s: float) -> float:
    """Return the cost of matching a detected person with a track: below 1 they may be the same.

    Right after a detection the position decides, within a head's size; the longer the gap, the farther the head may have
    moved, until after ``COAST_S`` only the colours count.
    """
    gap_s = time_s - track.last_seen_s
    expected = track.expected(time_s)
    scale = max(expected[2], 0.5 * track.head[2])
    offset = np.hypot(*(person.head - expected)[:2]) / (scale * (1 + 2 * gap_s))
    growth = abs(np.log(person.head[2] / scale))
    colours = np.sqrt(max(1 - np.sqrt(track.colours * person.colours).sum(), 0))  # Hellinger distance
    near = 0.4 * offset + 0.3 * growth + 0.8 * colours
    return near if gap_s <= COAST_S else min(near, 0.5 + colours)


def _row(person: PersonDetection) -> dict:
    """Return the columns of the tracks table for one person in one frame."""
    row: dict = {"person_score": person.face_score}
    visible = []
    if person.face is not None:
        box = box_around(person.face)
        row |= {"face": person.face, "face_score": person.face_score, **dict(zip(FACE_BOX, box, strict=True))}
        visible.append(person.face[:, :2])
    if person.pose is not None:
        row |= {"pose": person.pose, "pose_world": person.pose_world}
        row["person_score"] = float(person.pose[SHOULDERS, 3].mean())
        visible.append(person.pose[person.pose[:, 3] > VISIBLE, :2])
    for side, (hand, score) in person.hands.items():
        row |= {f"{side}_hand": hand, f"{side}_hand_score": score}
        visible.append(hand[:, :2])
    return row | dict(zip(PERSON_BOX, box_around(np.concatenate(visible)), strict=True))


def _add(total: Totals, row: dict, person: PersonDetection, width: int) -> None:
    total.samples += 1
    total.x += person.head[0] / width
    if person.face is not None:
        total.area += (row["face_x1"] - row["face_x0"]) * (row["face_y1"] - row["face_y0"])


def _final_ids(totals: list[Totals], shortest: float) -> dict[int, int]:
    """Return the final id of each track that is long enough and has a face: 0 the main person, then left to right."""
    kept = [k for k, total in enumerate(totals) if total.samples >= shortest and total.area > 0]
    main = max(kept, key=lambda k: (totals[k].area, totals[k].samples), default=None)
    others = sorted((k for k in kept if k != main), key=lambda k: totals[k].x / totals[k].samples)
    return {old: new for new, old in enumerate([main, *others]) if old is not None}
