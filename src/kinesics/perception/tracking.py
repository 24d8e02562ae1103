"""Track several people in a video: faces, poses and hands, with identities that last through gaps, crossings and cuts.

Networks are MediaPipe's (Lugaresi et al. 2019, arXiv:1906.08172). Within a shot, tracks come from the Hungarian assignment
(Kuhn 1955) of detected people to constant-velocity tracks, on position, size and colours; where those are in doubt, the
embedding of the face has a veto. A cut ends all tracks. The tracks of one person are joined by the face (``identity``).

The state is one small record per person; rows go to disk as they come, and get their final ids in a second pass over the
file.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np

from kinesics.io.files import temporary_folder
from kinesics.io.progress import frame_bar
from kinesics.io.threads import processors
from kinesics.media.streams import AS_IT_COMES, ReadOptions
from kinesics.media.video import probe_video, read_frames
from kinesics.perception.bodies import SHOULDERS, Pose
from kinesics.perception.faces import facial_actions, head_matrix
from kinesics.perception.identity import Identities
from kinesics.perception.networks import Networks, fractions, load_networks
from kinesics.perception.people import (
    COAST_S,
    GLANCE_S,
    HANDS_S,
    KEPT_S,
    POSE_S,
    SEARCH_S,
    Due,
    PersonDetection,
    Track,
    assign,
    box_around,
    detect_people,
)
from kinesics.perception.shots import ShotFrame, number_shots
from kinesics.perception.work import PARTS, Workers
from kinesics.structures.timegrid import WHOLE, Span
from kinesics.structures.tracks import FACE_BOX, PERSON_BOX, VISIBLE, TracksWriter, remap_ids

_SHORT_S = 0.5  # a shorter track is taken for a false detection: no behaviour is coded that is shorter
# The mean face score from which a track is a person: real faces of the demo clips score 0.89 and more, carved pumpkins 0.54.
_CERTAIN = 0.65
# A body is as good where it is in nearly all frames, shoulders seen: far or badly compressed people of the synthetic stage,
# with faces of 0.63 in half of the frames or of 0.50 in 3 of 60, have bodies in all, their shoulders at 1.00; of what is
# taken for people in ``fi_protagonist``, bodies of 0.5 s and longer are at 0.97 and less, and in half of a pumpkin's frames.
_BODY_SHARE, _BODY_VISIBLE = 0.9, 0.98
_DOUBTFUL = (
    0.4  # the cost of a match from which the face is compared; a head that moves by its size in a frame costs so much
)


@dataclass
class Totals:
    """Sums over a track, from which its final id follows: samples, those with a face or body, their scores, x of the head."""

    samples: int = 0
    faces: int = 0
    score: float = 0.0  # of the faces
    area: float = 0.0  # of the faces, fraction of the frame
    bodies: int = 0
    visible: float = 0.0  # of the bodies' shoulders
    x: float = 0.0

    def add(self, other: "Totals") -> None:
        """Add the sums over another track."""
        self.samples += other.samples
        self.faces += other.faces
        self.score += other.score
        self.area += other.area
        self.bodies += other.bodies
        self.visible += other.visible
        self.x += other.x

    @property
    def certain(self) -> bool:
        """Whether this is a person: there is a face, and either it or the body is certain."""
        face = self.score >= _CERTAIN * self.faces
        body = self.bodies >= _BODY_SHARE * self.samples and self.visible >= _BODY_VISIBLE * self.bodies
        return self.faces > 0 and (face or body)


@dataclass(frozen=True)
class Tracked:
    """What was tracked: the numbers of people and frames, the duration, and the processor time of each part of the work."""

    people: int
    frames: int
    duration_s: float
    seconds: dict[str, float]


def track(  # noqa: PLR0913 - keyword-only settings
    video: Path,
    networks: Path,
    out: Path,
    *,
    name: str | None = None,
    rate_hz: float = 10.0,
    max_people: int = 4,
    workers: int | None = None,
    options: ReadOptions = AS_IT_COMES,
    span: Span = WHOLE,
    progress: bool = True,
) -> Tracked:
    """Track the people in a video and write the tracks table (see ``kinesics.structures.tracks``) to ``out``.

    ``networks`` is the folder of ``networks.FILES``; ``name`` is the video's name in the tables, by default the file's
    without its suffix. ``workers`` threads share the work (default: the processors that this process may use, two at
    most). Person 0 is the main person: the largest sum of face area over time; the others are numbered from left to
    right by their mean position. People of less than 0.5 s are left out, unless the video is no longer, and so are those
    without any face, or whose face and body are both uncertain: there are bodies in lettering and faces in pumpkins for the
    networks. Memory does not grow with the video, and the same video gives the same bytes with any number of workers.

    ``options`` choose the stream of images, and whether damage is accepted; only frames in ``span`` are tracked, and numbered
    as in the whole video. Raises KinesicsError if the video or a network cannot be read, or has no such part.
    """
    info = probe_video(video, options)
    span.check(str(video), info.duration_s)
    sampled = span.samples(info.duration_s, rate_hz)
    count = len(sampled)
    loaded = load_networks(networks)
    tracks: list[Track] = []
    totals: list[Totals] = []
    identities = Identities(loaded.face_embedding, rate_hz)
    steps = [max(round(span_s * rate_hz), 1) for span_s in (POSE_S, GLANCE_S, HANDS_S, SEARCH_S)]
    with temporary_folder() as folder, Workers(workers or default_workers()) as pool:
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
            frames = pool.ahead(_with_ends(number_shots(read_frames(video, rate_hz, options, span))), "decode")
            waiting: list[_Seen] = []  # since the last frame with poses
            begins = sampled.start  # number of the first frame of the shot
            for frame, ends in frame_bar(frames, count, rate_hz, progress, "track"):
                since = frame.k - begins
                tracks = [t for t in tracks if since and frame.time_s - t.last_seen_s <= KEPT_S]
                pose, *searches = (since % step == 0 for step in steps)
                due = Due(pose or ends, *searches)
                people = detect_people(loaded, pool, frame.image, frame.time_s, tracks, due)[:max_people]
                with pool.part("identify"):
                    pairs = _identify(frame, people, tracks, totals, identities)
                    identities.see(frame, pairs)
                if due.pose:
                    poses = {known.number: person.pose for known, person in pairs if person.pose}
                    pool.later(partial(_write, waiting, poses, frame.k, loaded, pool, writer, totals))
                    waiting = []
                waiting += [_Seen(frame.k, frame.time_s, frame.shot, track.number, person) for track, person in pairs]
                begins = frame.k + 1 if ends else begins
            pool.later(partial(_write, waiting, {}, sampled.stop, loaded, pool, writer, totals))
            pool.finish()
            with pool.part("write"):
                writer.close(info.duration_s)
        shortest = min(np.ceil(_SHORT_S * rate_hz), count)
        ids = number_people(totals, identities.people(), shortest)
        with pool.part("write"):
            remap_ids(provisional, out, ids)
        seconds = {part: pool.seconds[part] for part in PARTS}
    return Tracked(len({*ids.values()}), count, info.duration_s, seconds)


def default_workers() -> int:
    """Return the number of processors that this process may use, two at most: more share the work badly."""
    return min(processors(), 2)


def _with_ends(shots: Iterable[ShotFrame]) -> Iterator[tuple[ShotFrame, bool]]:
    """Yield each frame, and whether it is the last of its shot."""
    frame = None
    for following in shots:
        if frame is not None:
            yield frame, frame.shot != following.shot
        frame = following
    if frame is not None:
        yield frame, True


def _identify(
    frame: ShotFrame,
    people: list[PersonDetection],
    tracks: list[Track],
    totals: list[Totals],
    identities: Identities,
) -> list[tuple[Track, PersonDetection]]:
    """Match detected people with tracks, beginning new tracks in ``tracks`` and ``totals``, and update the tracks."""
    time_s = frame.time_s
    cost = np.array([[_difference(track, person, time_s) for track in tracks] for person in people])
    cost = cost.reshape(len(people), len(tracks))
    matches, wrong = {}, [(0, 0)]
    while wrong:  # each round rules pairs out
        matches = dict(assign(cost, 1.0))
        wrong = [
            (i, j)
            for i, j in matches.items()
            if (cost[i, j] > _DOUBTFUL or time_s - tracks[j].last_seen_s > COAST_S)
            and identities.is_other(frame, tracks[j], people[i])
        ]
        for pair in wrong:
            cost[pair] = np.inf
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
        track.see(person, time_s)
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


@dataclass(frozen=True)
class _Seen:
    frame: int
    time_s: float
    shot: int
    number: int
    person: PersonDetection


def _write(
    seen: list[_Seen],
    following: dict[int, Pose],
    frame: int,
    networks: Networks,
    workers: Workers,
    writer: TracksWriter,
    totals: list[Totals],
) -> None:
    """Write people since the last frame with poses, their held poses interpolated to the ``following`` of ``frame``.

    Without a following one, a held pose is left out, and who has nothing else is left out.
    """
    since = min((one.frame for one in seen), default=frame)
    size = np.array([writer.width, writer.height])
    for one in seen:
        person = one.person
        if person.pose_held and person.pose:
            after = following.get(one.number)
            share = (one.frame - since) / (frame - since)
            person = replace(person, pose=person.pose.towards(after, share) if after else None)
        if person.face or person.pose or person.hands:
            with workers.part("face"):
                row = _row(networks, person, size)
            where = {"frame": one.frame, "time_s": one.time_s, "person": one.number, "shot": one.shot}
            with workers.part("write"):
                writer.add(where | row)
                _add(totals[one.number], row, person, writer.width)


def _row(networks: Networks, person: PersonDetection, size: np.ndarray) -> dict:
    """Return the columns of the tracks table for one person in one frame."""
    row: dict = {"person_score": person.face_score}
    visible = []
    if person.face is not None:
        face = fractions(person.face.points, size)
        box = box_around(face)
        row |= {"face": face, "face_score": person.face_score, **dict(zip(FACE_BOX, box, strict=True))}
        row["blendshapes"] = facial_actions(networks, person.face.points)
        row["head_matrix"] = head_matrix(person.face.points, size)
        visible.append(face[:, :2])
    if person.pose is not None:
        pose = fractions(person.pose.points, size)
        row |= {"pose": pose, "pose_world": person.pose.world}
        row["person_score"] = float(pose[SHOULDERS, 3].mean())
        visible.append(pose[pose[:, 3] > VISIBLE, :2])
    for side, (hand, score) in person.hands.items():
        row |= {f"{side}_hand": fractions(hand.points, size), f"{side}_hand_score": score}
        visible.append(row[f"{side}_hand"][:, :2])
    return row | dict(zip(PERSON_BOX, box_around(np.concatenate(visible)), strict=True))


def _add(total: Totals, row: dict, person: PersonDetection, width: int) -> None:
    total.samples += 1
    total.x += person.head[0] / width
    if person.pose is not None:
        total.bodies += 1
        total.visible += row["person_score"]
    if person.face is not None:
        total.faces += 1
        total.score += person.face_score
        total.area += (row["face_x1"] - row["face_x0"]) * (row["face_y1"] - row["face_y0"])


def number_people(totals: list[Totals], people: Mapping[int, int], shortest: float) -> dict[int, int]:
    """Return the final id of each track, by the person that it is of: 0 the main person, then left to right.

    ``people`` gives each track's person. Tracks of people who are there in fewer than ``shortest`` samples, or are not
    certain, have none.
    """
    of_person: dict[int, Totals] = {}
    for track, person in sorted(people.items()):
        of_person.setdefault(person, Totals()).add(totals[track])
    kept = {person: total for person, total in of_person.items() if total.samples >= shortest and total.certain}
    main = max(kept, key=lambda person: (kept[person].area, kept[person].samples), default=None)
    others = sorted(kept.keys() - {main}, key=lambda person: (kept[person].x / kept[person].samples, person))
    number = {person: place for place, person in enumerate([main, *others])}
    return {track: number[person] for track, person in people.items() if person in kept}
