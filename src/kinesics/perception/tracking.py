"""Who is where: faces, poses and hands of several people, with identities that last through gaps and crossings.

Networks are MediaPipe's (Lugaresi et al. 2019, arXiv:1906.08172) through its Tasks API: BlazeFace and the face mesh
(Kartynnik et al. 2019), BlazePose (Bazarevsky et al. 2020), palms and hands (Zhang et al. 2020). Identities come from
the Hungarian assignment (Kuhn 1955) of the people seen to constant-velocity tracks, on position, size and colours.

The state is one small record a person; rows go to disk as they come, and are numbered in a second pass over the file.
"""

import os
from pathlib import Path

import numpy as np
from tqdm import tqdm

from kinesics.io.files import temporary_folder
from kinesics.media.video import probe_video, read_frames
from kinesics.structures.timegrid import samples
from kinesics.structures.tracks import FACE_BOX, PERSON_BOX, VISIBLE, TracksWriter, remap_ids

os.environ.setdefault("GLOG_minloglevel", "2")  # read when mediapipe is loaded, which then tells errors only

from kinesics.perception.landmarkers import (
    COAST_S,
    KEPT_S,
    SEARCH_S,
    SHOULDERS,
    Sighting,
    Totals,
    Track,
    assign,
    box_around,
    detect_people,
    fill_poses,
    give_hands,
    open_landmarkers,
)

_SHORT_S = 0.5  # who is seen for less is taken for a false detection: no behaviour is coded that is shorter


def track(
    video: Path,
    bundles: Path,
    out: Path,
    *,
    name: str | None = None,
    rate_hz: float = 10.0,
    max_people: int = 4,
    progress: bool = True,
) -> tuple[int, int, float]:
    """Find the people in a video and write the tracks table (see ``kinesics.structures.tracks``) to ``out``.

    Return how many people there are, in how many frames, over how many seconds.

    ``bundles`` is the folder of ``face.task``, ``hands.task``, ``pose.task``; ``name`` is the video's name in the
    tables, by default the file's without its suffix. Person 0 is the main person: the largest sum of face area over
    time; the others are numbered from left to right by their mean position. Who is seen for less than 0.5 s is left
    out, unless the video is no longer, and so is who never shows a face: the pose network also sees bodies in lettering.
    Memory does not grow with the video, and the same video gives the same bytes.

    Raises KinesicsError if the video or a bundle cannot be read.
    """
    info = probe_video(video)
    count = samples(info.duration_s, rate_hz)
    size = np.array([info.width, info.height])
    tracks: list[Track] = []
    totals: list[Totals] = []
    seen: list[Sighting] = []
    with temporary_folder() as folder, open_landmarkers(bundles, max_people) as networks:
        unnumbered = folder / "unnumbered.parquet"
        with TracksWriter(unnumbered, name or Path(video).stem, rate_hz, info.width, info.height) as writer:
            bar = tqdm(read_frames(video, rate_hz), total=count, unit="frame", disable=None if progress else True)
            for k, time_s, frame in bar:
                tracks = [t for t in tracks if time_s - t.seen_s <= KEPT_S]
                search = k % max(round(SEARCH_S * rate_hz), 1) == 0
                seen = detect_people(networks, frame, time_s, tracks, search, len(seen))[:max_people]
                people = _identify(seen, tracks, totals, time_s)
                fill_poses(networks, frame, time_s, people)
                give_hands(networks, frame, time_s, [sighting for _, sighting in people])
                for person, sighting in people:
                    row = _row(sighting, size)
                    writer.add({"frame": k, "time_s": time_s, "person": person.number, **row})
                    _add(totals[person.number], row, sighting, size)
            writer.close(info.duration_s)
        shortest = min(np.ceil(_SHORT_S * rate_hz), count)
        numbers = _numbers(totals, shortest)
        remap_ids(unnumbered, out, numbers)
    return len(numbers), count, info.duration_s


def _identify(
    seen: list[Sighting], tracks: list[Track], totals: list[Totals], time_s: float
) -> list[tuple[Track, Sighting]]:
    """Pair the people seen with their tracks, beginning new tracks in ``tracks`` and ``totals``, and update the tracks."""
    cost = np.array([[_difference(track, sighting, time_s) for track in tracks] for sighting in seen])
    known = dict(assign(cost.reshape(len(seen), len(tracks)), 1.0))
    pairs = []
    for i, sighting in enumerate(seen):
        if i in known:
            track = tracks[known[i]]
            gap_s = time_s - track.seen_s
            velocity = (sighting.head - track.head) / gap_s
            track.velocity = 0.5 * track.velocity + 0.5 * velocity if gap_s <= COAST_S else np.zeros(3)
            # Colours are learned where no other head is near, which would mix into them.
            alone = all(
                np.hypot(*(sighting.head - o.head)[:2]) > 2 * sighting.head[2] for o in seen if o is not sighting
            )
            track.colours = track.colours + (0.1 if alone else 0.0) * (sighting.colours - track.colours)
        else:
            track = Track(len(totals), sighting.head, sighting.colours, time_s)
            totals.append(Totals())
        track.head, track.seen_s = sighting.head, time_s
        if sighting.face is not None:
            track.face_seen_s = time_s
        pairs.append((track, sighting))
    tracks += [track for track, _ in pairs if track not in tracks]
    return pairs


def _difference(track: Track, sighting: Sighting, time_s: float) -> float:
    """Return how unlike a track a person seen is: below 1 it may be the same.

    Right after a sighting the place decides, within a head's size; the longer the gap, the wider the place may be, until
    after ``COAST_S`` only the colours tell.
    """
    gap_s = time_s - track.seen_s
    expected = track.expected(time_s)
    scale = max(expected[2], 0.5 * track.head[2])
    place = np.hypot(*(sighting.head - expected)[:2]) / (scale * (1 + 2 * gap_s))
    growth = abs(np.log(sighting.head[2] / scale))
    colours = np.sqrt(max(1 - np.sqrt(track.colours * sighting.colours).sum(), 0))  # Hellinger distance
    near = 0.4 * place + 0.3 * growth + 0.8 * colours
    return near if gap_s <= COAST_S else min(near, 0.5 + colours)


def _row(sighting: Sighting, size: np.ndarray) -> dict:
    """Return the columns of the tracks table for one person in one frame of ``size`` (width, height)."""
    row: dict = {"person_score": sighting.face_score}
    seen = []
    if sighting.face is not None:
        box = box_around(sighting.face)
        row |= {"face": sighting.face, "face_score": sighting.face_score, **dict(zip(FACE_BOX, box, strict=True))}
        seen.append(sighting.face[:, :2])
    if sighting.pose is not None:
        row |= {"pose": sighting.pose, "pose_world": sighting.pose_world}
        row["person_score"] = float(sighting.pose[SHOULDERS, 3].mean())
        seen.append(sighting.pose[sighting.pose[:, 3] > VISIBLE, :2])
    for side, (hand, score) in sighting.hands.items():
        row |= {f"{side}_hand": hand, f"{side}_hand_score": score}
        seen.append(hand[:, :2])
    return row | dict(zip(PERSON_BOX, box_around(np.concatenate(seen)), strict=True))


def _add(total: Totals, row: dict, sighting: Sighting, size: np.ndarray) -> None:
    total.samples += 1
    total.x += sighting.head[0] / size[0]
    if sighting.face is not None:
        total.area += (row["face_x1"] - row["face_x0"]) * (row["face_y1"] - row["face_y0"])


def _numbers(totals: list[Totals], shortest: float) -> dict[int, int]:
    """Return the final number of each track that is long enough and has a face: 0 the main person, then left to right."""
    kept = [k for k, total in enumerate(totals) if total.samples >= shortest and total.area > 0]
    main = max(kept, key=lambda k: (totals[k].area, totals[k].samples), default=None)
    others = sorted((k for k in kept if k != main), key=lambda k: totals[k].x / totals[k].samples)
    return {old: new for new, old in enumerate([main, *others]) if old is not None}
