"""Tracking of real faces: boxes, identities through crossings and gaps, and the same bytes each time."""

import hashlib
import subprocess
import sys

import av
import cv2
import numpy as np
import pytest
from support.clips import write_video

from kinesics.errors import KinesicsError
from kinesics.media.video import read_frame_at
from kinesics.perception.faces import detect_faces, detected_head
from kinesics.perception.networks import load_networks
from kinesics.perception.tracking import Totals, number_people, track
from kinesics.structures.tracks import FACE_BOX, PERSON_BOX, read_tracks


def whole(frame):
    return np.array([frame.shape[1] / 2, frame.shape[0] / 2, max(frame.shape)])


def follow(video, networks, tmp_path, **options):
    out = tmp_path / "tracks.parquet"
    track(video, networks, out, progress=False, **options)
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == [], "no temporary files are left"
    return read_tracks(out)


def test_one_face(clip, networks, tmp_path):
    tracks = follow(clip("single_face"), networks, tmp_path)
    assert (tracks.video, tracks.width, tracks.height, tracks.frames) == ("single_face", 640, 360, 24)
    assert tracks.persons == [0]
    face, pose = tracks.dense(0, "face"), tracks.dense(0, "pose")
    assert np.isfinite(face).all()
    # Nose tip between the outer corners of the eyes and above the corners of the mouth; the person's right eye is left.
    right_eye, left_eye, nose, mouth = (face[:, k] for k in (33, 263, 1, [61, 291]))
    assert (right_eye[:, 0] < nose[:, 0]).all()
    assert (nose[:, 0] < left_eye[:, 0]).all()
    assert (nose[:, 1] < mouth[..., 1].min(1)).all()
    assert np.abs(pose[:, 0, :2] - nose[:, :2]).max() < 0.08, "mesh and pose agree on the nose, within its length"
    assert tracks.dense(0, "face_score").min() > 0.7
    x0, y0, x1, y1 = tracks.dense(0, FACE_BOX).T
    inside = tracks.dense(0, PERSON_BOX)
    assert (inside[:, :2] <= np.stack([x0, y0], 1)).all()
    assert (inside[:, 2:] >= np.stack([x1, y1], 1)).all()
    assert inside.min() >= 0
    assert inside.max() <= 1


@pytest.mark.slow
def test_one_thread_and_two_write_the_same_bytes(clip, networks, tmp_path):
    frames = list(read_frame_at(clip("WolfgangLanger_Pexels"), np.arange(2, 3.5, 0.1)))
    video = write_video(tmp_path / "v.mp4", frames)
    results = [track(video, networks, tmp_path / f"{n}.parquet", workers=n, progress=False) for n in (1, 2)]
    assert (tmp_path / "1.parquet").read_bytes() == (tmp_path / "2.parquet").read_bytes()
    for result in results:
        assert (result.people, result.frames) == (1, 15)
        assert min(result.seconds[part] for part in ("decode", "face", "pose", "hands", "write")) > 0


@pytest.mark.slow
def test_two_processes_write_the_same_bytes(clip, networks, tmp_path):
    code = (
        "import sys; from pathlib import Path; from kinesics.perception.tracking import track;"
        "track(Path(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[3]), progress=False)"
    )
    digests = set()
    for name in ("a", "b"):
        out = tmp_path / f"{name}.parquet"
        subprocess.run(
            [sys.executable, "-c", code, clip("single_face"), networks, out], check=True, capture_output=True
        )
        digests.add(hashlib.sha256(out.read_bytes()).hexdigest())
    assert len(digests) == 1


@pytest.mark.slow
def test_the_speaker_is_person_0_and_the_man_at_the_left_person_1(clip, networks, tmp_path):
    tracks = follow(clip("obama_speech"), networks, tmp_path, rate_hz=4)
    assert tracks.persons == [0, 1]
    boxes = [tracks.dense(person, FACE_BOX) for person in (0, 1)]
    assert all(np.isfinite(box).all(1).mean() > 0.9 for box in boxes)
    assert (boxes[1][:, 2] < boxes[0][:, 0]).all(), "they never change sides"


@pytest.mark.slow
def test_a_hand_at_the_face_is_the_right_one(clip, networks, tmp_path):
    frames = read_frame_at(clip("WolfgangLanger_Pexels"), np.arange(2, 5, 0.1))
    tracks = follow(write_video(tmp_path / "hand.mp4", list(frames)), networks, tmp_path)
    assert tracks.persons == [0]
    assert np.isfinite(tracks.dense(0, "right_hand_score"))[8:].mean() > 0.9
    assert np.isnan(tracks.dense(0, "left_hand_score")).all()


@pytest.fixture(scope="module")
def heads(clip):
    """Two people's heads and shoulders, (180, 160, 3) each."""
    first = read_frame_at(clip("single_face"), [0.0])[0][20:360, 140:440]
    second = read_frame_at(clip("franck"), [30.0])[0][20:288, 60:300]
    return [cv2.resize(head, (160, 180), interpolation=cv2.INTER_AREA) for head in (first, second)]


def scene(heads, places):
    """Return frames (360, 640, 3): each head at its left edges ``places`` (frames, 2), NaN where it is not there."""
    frames = []
    for row in places:
        frame = np.full((360, 640, 3), 90, np.uint8)
        for head, x in zip(heads, row, strict=True):
            if np.isfinite(x):
                frame[120:300, int(x) : int(x) + 160] = head
        frames.append(frame)
    return frames


def assert_identities(tracks, places, minimum):
    """Assert that each head is one person throughout, detected in at least ``minimum`` of the frames where it is uncovered."""
    middles = {person: tracks.dense(person, FACE_BOX)[:, [0, 2]].mean(1) * 640 for person in tracks.persons}
    assert len(middles) == 2
    owners = []
    for i in (0, 1):
        clear = np.isfinite(places[:, i]) & ~(np.abs(places[:, 0] - places[:, 1]) < 160)
        near = {p: np.abs(x - places[:, i] - 80)[clear] < 60 for p, x in middles.items()}
        owner = max(near, key=lambda p: near[p].sum())
        assert near[owner].mean() >= minimum
        assert not any(hits.any() for p, hits in near.items() if p != owner), "nobody else is ever detected there"
        owners.append(owner)
    assert owners[0] != owners[1]


@pytest.mark.slow
def test_a_face_of_28_pixels_is_found(clip, networks, tmp_path):
    frame = read_frame_at(clip("single_face"), [0.0])[0]
    x, y, side = detected_head(detect_faces(load_networks(networks), frame, whole(frame), 0.5)[0])
    scale = 28 / side
    small = cv2.resize(frame, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    wide = np.full((360, 640, 3), 90, np.uint8)
    wide[200 : 200 + small.shape[0], 400 : 400 + small.shape[1]] = small
    tracks = follow(write_video(tmp_path / "far.mp4", [wide] * 10), networks, tmp_path)
    assert tracks.persons == [0]
    boxes = tracks.dense(0, FACE_BOX) * [640, 360, 640, 360]
    assert np.isfinite(boxes).all()
    middle = (boxes[:, :2] + boxes[:, 2:]) / 2
    assert np.abs(middle - [400 + x * scale, 200 + y * scale]).max() < 12, "within half a face"


@pytest.mark.slow
def test_identities_survive_a_crossing(heads, networks, tmp_path):
    places = np.stack([np.linspace(20, 460, 40), np.linspace(460, 20, 40)], 1)
    video = write_video(tmp_path / "crossing.mp4", scene(heads, places))
    assert_identities(follow(video, networks, tmp_path), places, 0.9)


@pytest.mark.slow
def test_identities_survive_a_gap_and_a_change_of_place(heads, networks, tmp_path):
    places = np.stack([np.linspace(20, 100, 45), np.linspace(300, 460, 45)], 1)
    places[12:27, 0] = np.nan  # away for 1.5 s, and back elsewhere
    places[27:, 0] += 80
    video = write_video(tmp_path / "gap.mp4", scene(heads, places))
    assert_identities(follow(video, networks, tmp_path), places, 0.9)


@pytest.mark.slow
def test_a_hidden_face_leaves_the_person_with_a_pose(clip, networks, tmp_path):
    frames = list(read_frame_at(clip("single_face"), [0.0] * 20))
    for k in range(8, 15):
        frames[k] = frames[k].copy()
        frames[k][40:270, 170:430] = (200, 170, 150)
    tracks = follow(write_video(tmp_path / "hidden.mp4", frames), networks, tmp_path)
    assert tracks.persons == [0]
    hidden = np.isin(np.arange(20), np.arange(8, 15))
    np.testing.assert_array_equal(np.isnan(tracks.dense(0, "face_score")), hidden)
    assert np.isnan(tracks.dense(0, "face")[hidden]).all()
    assert np.isfinite(tracks.dense(0, "pose")).all()


@pytest.mark.parametrize(
    ("seen", "kept"),
    [
        (Totals(samples=60, faces=60, score=54), True),
        (Totals(samples=60, faces=29, score=18.1, bodies=60, visible=60), True),  # far away
        (Totals(samples=60, faces=3, score=1.5, bodies=60, visible=60), True),  # badly compressed
        (Totals(samples=50, faces=35, score=18.9, bodies=25, visible=24.25), False),  # a carved pumpkin
        (Totals(samples=50, faces=35, score=18.9, bodies=25, visible=25), False),
        (Totals(samples=26, faces=2, score=1.1, bodies=26, visible=24.6), False),
        (Totals(samples=20, faces=20, score=10.4), False),
        (Totals(samples=60, bodies=60, visible=60), False),  # lettering
        (Totals(samples=4, faces=4, score=4, bodies=4, visible=4), False),
    ],
)
def test_an_uncertain_face_needs_a_certain_body(seen, kept):
    assert number_people([Totals(10, 10, 9.0, area=5), seen], {0: 0, 1: 1}, 5) == ({0: 0, 1: 1} if kept else {0: 0})


def test_the_tracks_of_a_person_are_certain_or_not_together():
    far, near = Totals(samples=10, faces=8, score=4, area=0.1), Totals(samples=50, faces=50, score=45, area=9)
    assert number_people([far, near], {0: 0, 1: 0}, 5) == {0: 0, 1: 0}
    assert number_people([far, near], {0: 0, 1: 1}, 5) == {1: 0}


@pytest.mark.slow
def test_a_face_of_one_frame_is_spurious_but_not_in_a_video_of_one_frame(heads, networks, tmp_path):
    places = np.full((20, 2), np.nan)
    places[5, 0] = 200
    blip = follow(write_video(tmp_path / "blip.mp4", scene(heads, places)), networks, tmp_path)
    assert (blip.persons, blip.frames, len(blip.table)) == ([], 20, 0)
    for count in (1, 2):
        once = follow(write_video(tmp_path / "once.mp4", scene(heads, places[[5] * count])), networks, tmp_path)
        assert (once.persons, once.frames, len(once.table)) == ([0], count, count)
        for column in ("face", "pose", "blendshapes", "head_matrix"):
            assert np.isfinite(once.dense(0, column)).all()


def test_a_video_without_frames_is_refused(networks, tmp_path):
    with av.open(str(tmp_path / "empty.mp4"), "w") as container:
        stream = container.add_stream("libx264", rate=10)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        container.mux(stream.encode())
    with pytest.raises(KinesicsError, match=r"empty\.mp4"):
        track(tmp_path / "empty.mp4", networks, tmp_path / "out.parquet")
    assert not (tmp_path / "out.parquet").exists()


@pytest.mark.slow
def test_nobody_of_a_crowd_of_twenty_is_exchanged(clip, networks, tmp_path):
    """Real faces of five clips in rows of five, each drifting in its own direction."""
    times = {"franck": [30, 90], "single_face": [0, 1], "cap12_edit": [5, 20], "WolfgangLanger_Pexels": [1, 12]}
    faces = []
    for name, seconds in times.items():
        for frame in read_frame_at(clip(name), seconds):
            candidate = detect_faces(load_networks(networks), frame, whole(frame), 0.5)[0]
            x, y, side = detected_head(candidate).astype(int)
            part = frame[max(y - side, 0) : y + side, max(x - side, 0) : x + side]
            faces.append(cv2.resize(part, (110, 110), interpolation=cv2.INTER_AREA))
    frames = []
    random = np.random.default_rng(0)
    drift = random.uniform(-0.6, 0.6, (20, 2))
    for k in range(20):
        frame = np.full((560, 700, 3), 90, np.uint8)
        for n in range(20):
            x, y = (np.array([n % 5 * 140 + 15, n // 5 * 140 + 15]) + drift[n] * k).round().astype(int)
            frame[y : y + 110, x : x + 110] = faces[n % len(faces)]
        frames.append(frame)
    tracks = follow(write_video(tmp_path / "crowd.mp4", frames), networks, tmp_path, max_people=20)
    assert len(tracks.persons) == 20
    cells = set()
    for person in tracks.persons:
        box = tracks.dense(person, FACE_BOX)
        assert np.isfinite(box).all(1).mean() > 0.8
        middle = (box[:, :2] + box[:, 2:]) / 2 * [700, 560] // 140
        assert len(np.unique(middle[np.isfinite(middle).all(1)], axis=0)) == 1, "it stays in its cell"
        cells.add(tuple(middle[np.isfinite(middle).all(1)][0]))
    assert len(cells) == 20


def test_nobody(networks, tmp_path):
    frames = [np.full((120, 161, 3), 40 + k, np.uint8) for k in range(10)]
    tracks = follow(write_video(tmp_path / "nobody.mkv", frames, codec="ffv1"), networks, tmp_path, name="empty room")
    assert (tracks.video, tracks.width, tracks.height, tracks.frames) == ("empty room", 161, 120, 10)
    assert tracks.persons == []
    assert len(tracks.table) == 0


def test_a_rotated_phone_video_gives_upright_landmarks(clip, networks, tmp_path):
    lying = [np.rot90(frame, -1) for frame in read_frame_at(clip("single_face"), [0.0, 0.1, 0.2])]
    tracks = follow(write_video(tmp_path / "phone.mp4", lying, rotation=90), networks, tmp_path)
    face = tracks.dense(0, "face")
    assert (tracks.width, tracks.height) == (640, 360)
    assert (face[:, 1, 1] < face[:, 61, 1]).all(), "the nose is above the mouth"
