"""Embeddings of faces, and tracks joined by them."""

import numpy as np
import pytest
from ai_edge_litert.interpreter import Interpreter

from kinesics.media.video import read_frame_at
from kinesics.perception.identity import (
    _PLACES,
    _POINTS,
    DIM,
    SAME,
    SIDE,
    TURNED,
    TWICE,
    Gallery,
    embed_face,
    join_tracks,
    turn,
)
from kinesics.perception.networks import EMBEDDING, load_networks


@pytest.fixture(scope="module")
def network(networks):
    return load_networks(networks).face_embedding


def basis(*weights):
    """Return an embedding with these first coordinates, of length 1."""
    vector = np.zeros(DIM)
    vector[: len(weights)] = weights
    return vector / np.linalg.norm(vector)


def track(*embeddings, shot=0, seen_s=(0.0, 1.0), colours=None):
    gallery = Gallery(shot=shot, colours=None if colours is None else np.array(colours, float))
    for time_s in seen_s:
        gallery.seen(time_s)
    for embedding in embeddings:
        gallery.add(embedding)
    return gallery


A, B = basis(1), basis(0, 1)


def test_tracks_of_one_face_are_one_person():
    assert join_tracks({4: track(A), 7: track(B), 9: track(A, shot=1)}) == {4: 4, 7: 7, 9: 4}


def test_two_in_one_frame_are_two_people_however_alike():
    assert join_tracks({0: track(A), 1: track(A)}, [(0, 1)], {(0, 1): 11}, 10) == {0: 0, 1: 1}


def test_one_face_shown_twice_for_a_moment_is_one_person():
    def joined(other, frames):
        return join_tracks({0: track(A), 1: track(other)}, [(0, 1)], {(0, 1): frames} if frames else {}, 10)[1] == 0

    assert joined(A, 10)
    assert not joined(A, 11)
    alike = basis(0.7, np.sqrt(1 - 0.7**2))
    assert SAME < A @ alike < TWICE
    assert not joined(alike, 1)
    assert joined(alike, 0), "a body without a face, beside one with a face"


def test_what_is_joined_stays_apart_from_what_each_was_seen_with():
    # 2 is as like 0 as 1 is, but was seen with 1.
    tracks = {0: track(A), 1: track(A), 2: track(basis(1, 0.2))}
    assert join_tracks(tracks, [(1, 2)], {(1, 2): 1}) == {0: 0, 1: 0, 2: 2}


def test_people_who_look_alike_swap_sides_over_a_cut():
    # Twins: 0.8 alike, both above the threshold with either.
    one, two = basis(1, 0.33), basis(1, -0.33)
    assert one @ two > SAME
    tracks = {0: track(one), 1: track(two), 2: track(two, shot=1), 3: track(one, shot=1)}
    assert join_tracks(tracks, faces={(0, 1): 10, (2, 3): 10}) == {0: 0, 1: 1, 2: 1, 3: 0}


def test_the_average_decides():
    # The third is like one of the two faces of the first person only.
    first, second, third = basis(1), basis(1, 0.75), basis(1, 5)
    assert second @ third > SAME > (first + second) @ third / np.linalg.norm(first + second)
    assert join_tracks({0: track(first), 1: track(second), 2: track(third, shot=1)}) == {0: 0, 1: 0, 2: 2}


def test_colours_count_within_a_shot_and_for_a_minute():
    def joined(**other):
        tracks = {0: track(A, colours=[1, 0, 0]), 1: track(**{"colours": [1, 0, 0], "seen_s": (5, 9)} | other)}
        return join_tracks(tracks)[1] == 0

    assert joined()
    assert not joined(colours=[0, 0, 1])
    assert not joined(seen_s=(90, 95))
    assert not joined(shot=1)
    assert join_tracks({0: track(A, colours=[1]), 1: track(B, colours=[1])})[1] != 0, "faces are surer"


def test_colours_alone_join_tracks_without_an_embedding_in_a_shot():
    tracks = {
        0: track(colours=[1, 0]),
        1: track(colours=[1, 0], seen_s=(3, 4)),
        2: track(colours=[0, 1], seen_s=(6, 7)),
    }
    assert join_tracks(tracks) == {0: 0, 1: 0, 2: 2}
    assert join_tracks({0: track(), 1: track(shot=1)}) == {0: 0, 1: 1}
    assert join_tracks(tracks, [(0, 1)]) == {0: 0, 1: 1, 2: 2}, "seen together"


def test_hundreds_of_shots_of_four_people():
    rng = np.random.default_rng(1)
    people = rng.normal(size=(4, DIM))
    tracks = {k: track(basis(*(people[k % 4] + 0.5 * rng.normal(size=DIM))), shot=k // 4) for k in range(800)}
    faces = {(4 * shot + i, 4 * shot + j): 20 for shot in range(200) for i in range(4) for j in range(i + 1, 4)}
    assert join_tracks(tracks, faces=faces, moment=10) == {k: k % 4 for k in tracks}


def test_no_tracks():
    assert join_tracks({}) == {}
    assert join_tracks({3: track(A)}) == {3: 3}


def test_order_of_the_tracks_does_not_matter():
    rng = np.random.default_rng(0)
    people = [basis(*rng.normal(size=20)) for _ in range(6)]
    tracks = {
        k: track(people[k % 6] + 0.05 * rng.normal(size=DIM) * (np.arange(DIM) < 20), shot=k // 6) for k in range(60)
    }
    faces = {(j, i): 10 for i in tracks for j in range(i) if i // 6 == j // 6}
    expected = {k: k % 6 for k in tracks}
    assert join_tracks(tracks, faces=faces) == expected
    assert join_tracks(dict(reversed(tracks.items())), faces=dict(reversed(faces.items()))) == expected


def test_a_long_track_is_embedded_ever_less_often():
    gallery = Gallery()
    embedded = 0
    for _ in range(36000):  # an hour at 10 Hz
        if gallery.is_due():
            gallery.add(A)
            embedded += 1
    assert 20 < embedded < 60


def front(nose=0.5):
    """Return a mesh whose nose lies between the eyes (0.5), or toward one of them, and the mouth below."""
    mesh = np.zeros((478, 3))
    mesh[[33, 133, 362, 263], :2] = [[40, 50], [50, 50], [70, 50], [80, 50]]
    mesh[1, :2] = 40 + 40 * nose, 70
    mesh[[61, 291], :2] = [[48, 90], [72, 90]]
    return mesh


def test_turn():
    assert turn(front()) < 1e-6
    assert turn(front(0.8)) == pytest.approx(turn(front(0.2)))
    assert turn(front(0.8)) < TURNED < turn(front(1.1)), "a profile"


def test_the_network_gives_what_its_file_gives_for_two_faces(network, networks):
    frame = np.random.default_rng(0).integers(0, 255, (SIDE, SIDE, 3), np.uint8)
    mesh = np.zeros((478, 3))
    for group, place in zip(_POINTS, _PLACES, strict=True):
        mesh[group, :2] = place  # where the network has them: the frame is taken as it is
    original = Interpreter(str(networks.parent.joinpath(*EMBEDDING)), num_threads=1)
    original.allocate_tensors()
    pair = (np.stack([frame, frame[::-1]]).astype(np.float32) - 127.5) / 128
    original.set_tensor(original.get_input_details()[0]["index"], pair)
    original.invoke()
    expected = original.get_tensor(original.get_output_details()[0]["index"])[0]
    embedding = embed_face(network, frame, mesh)
    assert embedding @ expected / np.linalg.norm(expected) == pytest.approx(1, abs=1e-4)
    assert np.linalg.norm(embedding) == pytest.approx(1, abs=1e-6)


def test_a_face_is_aligned_before_it_is_embedded(network, clip):
    frame = read_frame_at(clip("single_face"), [0.0])[0]
    mesh = front()
    mesh[:, :2] += [230, 90]
    turned = np.ascontiguousarray(np.rot90(frame))
    points = np.stack([mesh[:, 1], frame.shape[1] - 1 - mesh[:, 0]], 1)
    assert embed_face(network, frame, mesh) @ embed_face(network, turned, points) > 0.99
