"""The networks: files that are missing or damaged, regions of the frame, and the same results as MediaPipe's own graphs."""

from concurrent.futures import ThreadPoolExecutor

import cv2
import mediapipe
import numpy as np
import pytest
from mediapipe.tasks.python import BaseOptions, vision

from kinesics.errors import KinesicsError
from kinesics.media.video import read_frame_at
from kinesics.perception import bodies, faces
from kinesics.perception.networks import FACE_BUNDLE, FILES, cut_out, load_networks, overlap, placed, without_mask
from kinesics.perception.tracking import track
from kinesics.structures.tracks import BLENDSHAPES


@pytest.fixture(scope="module")
def loaded(networks):
    return load_networks(networks)


def test_missing_networks(tmp_path, clip):
    with pytest.raises(KinesicsError, match=r"face_landmarker\.task: missing, not a task bundle, or damaged"):
        track(clip("single_face"), tmp_path, tmp_path / "out.parquet")
    assert not (tmp_path / "out.parquet").exists()


@pytest.mark.parametrize("name", FILES)
def test_a_damaged_network_is_named(name, networks, tmp_path, clip):
    for file in FILES:
        (tmp_path / file).write_bytes((networks / file).read_bytes())
    whole = (networks / name).read_bytes()
    for content in (whole[: len(whole) // 2], b"", b"no network at all"):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(KinesicsError, match=rf"{name.replace('.', '[.]')}.*: .*(again|TFL3')"):
            track(clip("single_face"), tmp_path, tmp_path / "out.parquet")
    assert not (tmp_path / "out.parquet").exists()


def test_a_flipped_bit_of_the_bundle_is_found(networks, tmp_path):
    for file in FILES:
        (tmp_path / file).write_bytes((networks / file).read_bytes())
    flipped = bytearray((networks / FACE_BUNDLE).read_bytes())
    flipped[len(flipped) // 2] ^= 0xFF  # among the weights
    (tmp_path / FACE_BUNDLE).write_bytes(flipped)
    with pytest.raises(KinesicsError, match="Bad CRC-32"):
        load_networks(tmp_path)


def test_threads_share_the_interpreters_and_get_the_same_numbers(networks):
    network = load_networks(networks).face_landmarks
    images = np.random.default_rng(0).random((12, 256, 256, 3), np.float32)
    alone = [network(image) for image in images]
    assert len(network._free) == 1
    with ThreadPoolExecutor(3) as pool:
        together = list(pool.map(network, images))
    assert 1 <= len(network._free) <= 4
    for one, other in zip(alone, together, strict=True):
        assert all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))
    assert not np.array_equal(alone[0][0], alone[1][0])


def test_points_of_a_region_are_where_its_pixels_are():
    frame = np.zeros((100, 200, 3), np.uint8)
    cv2.circle(frame, (120, 40), 2, (255, 255, 255), -1)
    for region in ([110.0, 45.0, 60.0, 0.0], [125.0, 30.0, 50.0, 0.7], [100.0, 50.0, 90.0, -2.0]):
        rows, columns = np.nonzero(cut_out(frame, np.array(region), 128)[..., 0] > 100)
        point = np.array([[columns.mean(), rows.mean(), 64.0]]) / 128
        found = placed(point, np.array(region))[0]
        assert np.hypot(*(found[:2] - [120, 40])) < 1
        assert found[2] == region[2] / 2


def test_overlap():
    box = np.array([0.0, 0, 2, 2])
    np.testing.assert_allclose(overlap(box, np.array([[1.0, 1, 3, 3], box, box + 5])), [1 / 7, 1, 0])


def test_the_pose_is_the_same_without_the_mask(networks):
    from ai_edge_litert.interpreter import Interpreter

    network = (networks / "pose_landmark_full.tflite").read_bytes()
    image = np.random.default_rng(0).random((1, 256, 256, 3), np.float32)
    outputs = []
    for content in (network, without_mask(network)):
        interpreter = Interpreter(model_content=content, num_threads=1)
        interpreter.allocate_tensors()
        interpreter.set_tensor(interpreter.get_input_details()[0]["index"], image)
        interpreter.invoke()
        outputs.append([interpreter.get_tensor(output["index"]) for output in interpreter.get_output_details()])
    assert [one.shape for one in outputs[1]] == [one.shape for one in outputs[0]]
    for full, pruned in zip(*outputs, strict=True):
        if full.shape == (1, 256, 256, 1):
            assert full.any()
            assert not pruned.any()
        else:
            assert full.any()
            assert np.array_equal(full, pruned)


def image(frame):
    return mediapipe.Image(image_format=mediapipe.ImageFormat.SRGB, data=frame)


def pixels(landmarks, size, *more):
    names = ("x", "y", "z", *more)
    scale = [size[0], size[1], size[0]] + [1] * len(more)
    return np.array([[getattr(point, name) for name in names] for point in landmarks]) * scale


def whole(frame):
    size = np.array(frame.shape[1::-1])
    return size, np.array([*(size / 2), size.max()])


@pytest.mark.parametrize(("name", "time_s"), [("franck", 30.0), ("cap12_edit", 5.0), ("WolfgangLanger_Pexels", 12.0)])
def test_mesh_actions_and_matrix_are_mediapipes(name, time_s, clip, networks, loaded):
    frame = read_frame_at(clip(name), [time_s])[0]
    size, window = whole(frame)
    options = vision.FaceLandmarkerOptions(
        base_options=BaseOptions(model_asset_path=str(networks / FACE_BUNDLE)),
        output_face_blendshapes=True,
        output_facial_transformation_matrixes=True,
    )
    with vision.FaceLandmarker.create_from_options(options) as landmarker:
        result = landmarker.detect(image(frame))
    (landmarks,), (actions,), (matrix,) = (
        result.face_landmarks,
        result.face_blendshapes,
        result.facial_transformation_matrixes,
    )
    mesh = pixels(landmarks, size)
    # From the same mesh, the same numbers.
    assert [action.category_name for action in actions] == list(BLENDSHAPES)
    np.testing.assert_allclose(faces.facial_actions(loaded, mesh), [action.score for action in actions], atol=1e-4)
    np.testing.assert_allclose(faces.head_matrix(mesh, size), matrix, atol=1e-3)
    # From the same frame: within a hundredth of the face, which is the detector's box to a pixel.
    candidate = faces.detect_faces(loaded, frame, window, 0.5)[0]
    face = faces.face_at(loaded, frame, faces.detected_region(candidate))
    assert np.abs(face.points - mesh)[:, :2].max() < 0.01 * face.head[2]
    own = faces.head_matrix(face.points, size)
    turned = [part[:3, :3] / np.cbrt(np.linalg.det(part[:3, :3])) for part in (own, matrix)]
    assert np.degrees(np.arccos(np.clip((np.trace(turned[0].T @ turned[1]) - 1) / 2, -1, 1))) < 1
    np.testing.assert_allclose(own[:3, 3], matrix[:3, 3], rtol=0.02, atol=0.1)


def test_a_body_is_followed_and_smoothed(clip, networks, loaded):
    frame = read_frame_at(clip("obama_speech"), [1.0])[0]
    _, window = whole(frame)
    regions = bodies.detect_poses(loaded, frame, window)
    pose = bodies.pose_at(loaded, frame, regions[0])
    assert pose.shoulders > 0.9
    left, right = pose.points[[11, 12], :2]
    assert left[0] > right[0], "sides are the person's own"
    again = bodies.pose_at(loaded, frame, pose.region)
    smooth = again.smoothed(pose, 0.2)
    moved, held = (np.abs(one.points - pose.points)[[0, 11, 12], :2] for one in (again, smooth))
    assert moved.max() < 0.5 * np.hypot(*(left - right))
    assert (held <= moved).all()
    assert held.sum() < moved.sum()
    np.testing.assert_allclose(np.hypot(*(pose.world[11] - pose.world[12])[:2]), 0.35, atol=0.12)


def test_the_hand_is_mediapipes(clip, networks, loaded, tmp_path):
    frame = read_frame_at(clip("WolfgangLanger_Pexels"), [3.0])[0]
    _, window = whole(frame)
    region = bodies.detect_palms(loaded, frame, window)[0]
    hand = bodies.hand_at(loaded, frame, region)
    assert hand.side == "right"
    assert hand.certainty > 0.9
    assert bodies.follow_hand(loaded, frame, hand) is hand, "nothing has moved"
    moved = np.roll(frame, 12, axis=1)
    followed = bodies.follow_hand(loaded, moved, hand)
    assert followed is not hand
    shift = (followed.points - hand.points)[:, :2]
    np.testing.assert_allclose(np.median(shift, axis=0), [12, 0], atol=6)
    assert bodies.hand_at(loaded, np.zeros_like(frame), region) is None
