"""People are known again by their faces: after cuts, long absences and transitions."""

import cv2
import numpy as np
import pytest
from support.clips import write_video

from kinesics.media.video import read_frame_at
from kinesics.perception.tracking import track
from kinesics.structures.tracks import FACE_BOX, read_tracks


def follow(path, networks, folder, **options):
    track(path, networks, folder / "tracks.parquet", progress=False, **options)
    return read_tracks(folder / "tracks.parquet")


def seen(tracks, person):
    """Return in which frames a person's face is tracked."""
    return np.isfinite(tracks.dense(person, FACE_BOX)[:, 0])


def middle(tracks, person):
    return tracks.dense(person, FACE_BOX)[:, [0, 2]].mean(1)


@pytest.fixture(scope="module")
def heads(clip):
    """Grey pictures of two people's heads, (180, 160, 3) each, equally light."""
    first = read_frame_at(clip("single_face"), [0.0])[0][20:360, 140:440]
    second = read_frame_at(clip("franck"), [30.0])[0][20:288, 60:300]
    small = [cv2.resize(head, (160, 180), interpolation=cv2.INTER_AREA).mean(2) for head in (first, second)]
    level = [(grey - grey.mean()) / grey.std() * 45 + 110 for grey in small]
    return [np.repeat(grey.clip(0, 255).astype(np.uint8)[..., None], 3, 2) for grey in level]


def scene(background, *placed):
    """Return a background (360, 640, 3) with heads at their left edges: (head, x) each."""
    frame = background.copy()
    for head, x in placed:
        frame[120:300, x : x + 160] = head
    return frame


@pytest.fixture(scope="module")
def rooms(clip):
    """Backgrounds without people: blurred, and one upside down."""
    room = cv2.resize(read_frame_at(clip("obama_speech"), [0.0])[0], (640, 360))
    blurred = cv2.GaussianBlur(room, (0, 0), 40)
    return [np.ascontiguousarray(blurred), np.ascontiguousarray(255 - blurred[::-1])]


@pytest.mark.slow
def test_two_clips_cut_a_b_a_are_two_people(clip, networks, tmp_path):
    a, b = (read_frame_at(clip(name), np.arange(0, 2.3, 0.1)) for name in ("single_face", "WolfgangLanger_Pexels"))
    video = write_video(tmp_path / "aba.mp4", [*a[:12], *b[:14], *a[11:23]])
    tracks = follow(video, networks, tmp_path)
    assert tracks.persons == [0, 1]
    shown = np.repeat(["a", "b", "a"], [12, 14, 12])
    faces = {person: set(shown[seen(tracks, person)]) for person in (0, 1)}
    assert sorted(faces.values(), key=sorted) == [{"a"}, {"b"}], "nobody has frames of both"
    assert sum(seen(tracks, person).sum() for person in (0, 1)) >= 36
    shots = np.fmax(tracks.dense(0, "shot"), tracks.dense(1, "shot"))
    np.testing.assert_array_equal(shots, np.repeat([0, 1, 2], [12, 14, 12]))


@pytest.mark.slow
def test_nothing_is_carried_over_a_cut(clip, networks, tmp_path):
    a, b = (
        list(read_frame_at(clip(name), np.arange(0, 1.5, 0.1))) for name in ("WolfgangLanger_Pexels", "single_face")
    )
    alone = follow(write_video(tmp_path / "b.mkv", b, codec="ffv1"), networks, tmp_path)
    after = follow(write_video(tmp_path / "ab.mkv", [*a, *b], codec="ffv1"), networks, tmp_path)
    assert after.persons == [0, 1]
    person = max((0, 1), key=lambda number: seen(after, number)[15:].sum())
    for column in ("face", "pose", "blendshapes"):
        np.testing.assert_array_equal(after.dense(person, column)[15:], alone.dense(0, column), column)


@pytest.mark.slow
def test_people_who_look_alike_swap_sides_over_a_cut(heads, rooms, networks, tmp_path):
    first, second = heads
    before = [scene(rooms[0], (first, 60), (second, 420))] * 12
    after = [scene(rooms[1], (second, 60), (first, 420))] * 12
    tracks = follow(write_video(tmp_path / "swap.mp4", before + after), networks, tmp_path)
    assert tracks.persons == [0, 1]
    for person in (0, 1):
        sides = middle(tracks, person) > 0.5
        assert seen(tracks, person).all()
        assert len(set(sides[:12])) == len(set(sides[12:])) == 1
        assert sides[0] != sides[-1]


@pytest.mark.slow
def test_somebody_comes_back_after_90_seconds(heads, rooms, networks, tmp_path):
    first, second = heads
    room = rooms[0]
    frames = [scene(room, (first, 60))] * 8 + [room] * 80
    frames += [scene(room, (second, 60))] * 8 + [room] * 92  # another person where the first was
    frames += [scene(room, (first, 420))] * 8
    tracks = follow(write_video(tmp_path / "away.mkv", frames, rate=2, codec="ffv1"), networks, tmp_path, rate_hz=2.0)
    assert tracks.persons == [0, 1]
    back = np.arange(len(frames)) >= 188
    assert (np.flatnonzero(seen(tracks, 0)) >= 0).sum() == 16
    assert seen(tracks, 0)[back].all()
    assert seen(tracks, 0)[:8].all()
    np.testing.assert_array_equal(np.flatnonzero(seen(tracks, 1)), np.arange(88, 96))


@pytest.mark.slow
def test_three_at_a_table_stay_who_they_are_over_a_cut(clip, networks, tmp_path):
    frames = list(read_frame_at(clip("multispeaker"), np.arange(42.0, 48.5, 0.1)))
    tracks = follow(write_video(tmp_path / "table.mp4", frames), networks, tmp_path)
    assert tracks.persons == [0, 1, 2]
    assert set(tracks.dense(0, "shot")) == {0, 1}
    sides = [middle(tracks, person) for person in (0, 1, 2)]
    for place in sides:
        assert np.isfinite(place[:30]).any()
        assert np.isfinite(place[35:]).mean() > 0.6
        assert np.nanmax(place) - np.nanmin(place) < 0.15, "the camera did not move, and nobody changed places"


@pytest.mark.slow
def test_a_transition_that_shows_her_twice_is_one_person(clip, networks, tmp_path):
    frames = list(read_frame_at(clip("fi_protagonist"), np.arange(5.5, 9.0, 0.1)))
    tracks = follow(write_video(tmp_path / "twice.mp4", frames), networks, tmp_path)
    assert tracks.persons == [0]
    assert seen(tracks, 0).mean() > 0.95
    assert len(tracks.table) == len(set(tracks.table["frame"].to_pylist())), "one row a frame"
