"""Pixels are where the geometry projects to, and ids name the person and part at each."""

import hashlib
import os
import subprocess
import sys

import cv2
import numpy as np
import pytest

from kinesics.errors import KinesicsError
from kinesics.synthetic import anny_bodies, body, render, rig
from kinesics.synthetic.appearance.surfaces import PARTS
from kinesics.synthetic.scenery import LIGHTS, Quad, make_scenery

SIZE = (160, 120)
GREY = np.full((4, 4, 4), (120, 130, 140, 255), np.uint8)


@pytest.fixture(scope="module")
def actor(actors) -> body.Actor:
    return anny_bodies.make_actor(1, actors)


@pytest.fixture(scope="module")
def renderer():
    with render.Renderer(*SIZE) as opened:
        yield opened


def camera(posed: body.Posed, away: float = 1.2) -> render.Camera:
    x, y, z = posed.joints["head"] + (0, 0, 0.06)
    return render.Camera((x, y - away, z), (x, y, z), 25)


def quad(x: tuple, z: tuple, y: float, background: bool = False) -> Quad:
    corners = [[x[0], y, z[1]], [x[1], y, z[1]], [x[1], y, z[0]], [x[0], y, z[0]]]
    return Quad(np.array(corners, float), GREY, background)


def scene(*people: body.Posed, quads=(), light="office", away=1.2) -> render.Scene:
    return render.Scene(people, camera(people[0], away), LIGHTS[light], quads)


def test_a_camera_projects_as_a_pinhole_does():
    level = render.Camera((0, -2, 1), (0, 0, 1), 90)
    pixels, depth = level.project(np.array([[0, 0, 1], [1, 0, 1], [0, 0, 2], [0, -3, 1]]), 200, 100)
    np.testing.assert_allclose(pixels[:3], [[100, 50], [125, 50], [100, 25]])
    np.testing.assert_allclose(depth, [2, 2, 2, -1])
    rolled = render.Camera((0, -2, 1), (0, 0, 1), 90, roll_deg=90)
    np.testing.assert_allclose(rolled.project(np.array([[0, 0, 2]]), 200, 100)[0], [[125, 50]])


def test_pixels_lie_where_points_project_to(renderer, actor):
    posed = body.pose(actor, rotations={"head": np.radians((5, 8, -10))}, heading_rad=0.1)
    x, y, z = posed.joints["head"]
    prop = quad((x - 0.2, x - 0.12), (z - 0.1, z), y - 0.2)
    view = scene(posed, quads=(prop,))
    _, ids = renderer.draw(view)
    projected = view.camera.project(prop.corners, *SIZE)[0]
    rows, columns = np.nonzero(ids == render.PROP)
    np.testing.assert_allclose([columns.min(), rows.min()], projected[0], atol=1.01)
    np.testing.assert_allclose([columns.max() + 1, rows.max() + 1], projected[2], atol=1.01)
    person, part = render.person_and_part(ids)
    head = np.isin(posed.actor.surface.part, [1 + PARTS.index(name) for name in ("face", "head", "hair")])
    rows, columns = np.nonzero((person == 0) & np.isin(part, [1, 2, 6]))
    extent = view.camera.project(posed.vertices[head], *SIZE)[0]
    assert columns.min() >= extent[:, 0].min() - 1
    assert columns.max() <= extent[:, 0].max() + 1
    assert rows.min() == pytest.approx(extent[:, 1].min(), abs=3)
    # A wrong clip matrix would put the nose elsewhere than the projection does: it is in the face.
    nose = view.camera.project(posed.vertices[actor.landmarks[[*rig.LANDMARKS].index("nose_tip")]][None], *SIZE)[0][0]
    assert PARTS[part[tuple(nose.astype(int)[::-1])] - 1] == "face"


def test_nearer_people_and_props_hide_those_behind(renderer, actor):
    near, far = body.pose(actor), body.pose(actor, place=(0.05, 0.6, 0))
    counts = [np.bincount(renderer.draw(scene(near, *others))[1].ravel() // 16, minlength=2) for others in ((), (far,))]
    assert counts[0][0] == pytest.approx(counts[1][0] + counts[1][1], abs=0.2 * counts[0].sum())
    person, _ = render.person_and_part(renderer.draw(scene(near, far))[1])
    alone, _ = render.person_and_part(renderer.draw(scene(near))[1])
    assert (person == 1).sum() > 0
    np.testing.assert_array_equal(person == 0, alone == 0)
    # In front of all people, a prop hides them.
    wall = quad((-3, 3), (-1, 3), -0.6)
    assert (renderer.draw(scene(near, far, quads=(wall,)))[1] == render.PROP).all()


def test_the_background_has_no_person_and_moves_with_its_shift(renderer, actor):
    image = np.zeros((64, 64, 4), np.uint8)
    image[:, :32], image[..., 3] = 200, 255
    base = quad((-2, 2), (0, 3), 2, background=True)
    walls = [Quad(base.corners, image, True, (shift, 0.0)) for shift in (0.0, 0.5)]
    (before, ids), (after, ids_after) = (renderer.draw(scene(body.pose(actor), quads=(wall,))) for wall in walls)
    assert (ids == ids_after).all()
    background = ids == 0
    assert background.any()
    assert (np.abs(before[background].astype(int) - after[background]) > 150).mean() > 0.9
    # The person is as before, except for edges, where pixels mix, and gaps between strands.
    inside = cv2.erode((~background).astype(np.uint8), np.ones((3, 3))) > 0
    assert (before != after)[inside].mean() < 0.01


def test_hands_are_the_persons_own(renderer, actor):
    _, part = render.person_and_part(renderer.draw(scene(body.pose(actor), away=4.5))[1])
    left, right = (np.nonzero(part == 1 + PARTS.index(name))[1] for name in ("left_hand", "right_hand"))
    assert left.min() > SIZE[0] / 2 > right.max()


def test_faces_are_lit_from_the_side_and_in_the_colour_of_the_light(renderer, actor):
    images = {name: renderer.draw(scene(body.pose(actor), light=name))[0].astype(float) for name in LIGHTS}
    face = renderer.draw(scene(body.pose(actor)))[1] == 1
    left, right = (face & (np.arange(SIZE[0]) > SIZE[0] / 2), face & (np.arange(SIZE[0]) < SIZE[0] / 2))
    # The window is on the camera's left, the sun on its right.
    assert images["window"][right].mean() > images["window"][left].mean() + 5
    assert images["sun"][left].mean() > images["sun"][right].mean() + 5
    warm = {name: image[face][:, 0].mean() / image[face][:, 2].mean() for name, image in images.items()}
    assert warm["lamp"] == max(warm.values())


def test_scenery_follows_from_its_seed():
    sceneries = [make_scenery(seed) for seed in range(5)]
    assert len({scenery.family for scenery in sceneries}) >= 4
    again = make_scenery(3)
    assert again.light == sceneries[3].light
    for (a, _), (b, _) in zip(again.pieces, sceneries[3].pieces, strict=True):
        np.testing.assert_array_equal(a.image, b.image)
    moving = next(scenery for scenery in sceneries if scenery.family in ("window", "street"))
    assert {quad.shift for quad in moving.quads(0.0)} == {(0.0, 0.0)}
    assert any(quad.shift != (0.0, 0.0) for quad in moving.quads(1.0))


def frames_digest(folder: str) -> str:
    """Return the digest of some frames; the folder is that of cached actors."""
    posed = [body.pose(anny_bodies.make_actor(1, folder), heading_rad=turn) for turn in (0.0, 0.7)]
    scenery = make_scenery(1)
    digest = hashlib.sha256()
    with render.Renderer(*SIZE) as opened:
        for k in range(3):
            view = render.Scene((posed[k % 2],), camera(posed[k % 2]), scenery.light, scenery.quads(k))
            for array in opened.draw(view):
                digest.update(array.tobytes())
    return digest.hexdigest()


def test_frames_repeat_to_the_byte_in_another_process(actor, actors):
    code = f"import test_render; print(test_render.frames_digest({str(actors)!r}))"
    path = os.pathsep.join([os.path.dirname(__file__), *sys.path])
    other = subprocess.run(
        [sys.executable, "-c", code], env=os.environ | {"PYTHONPATH": path}, capture_output=True, text=True, check=True
    )
    assert other.stdout.strip() == frames_digest(str(actors))


def test_too_many_people_are_refused(renderer, actor):
    with pytest.raises(KinesicsError, match="16 people"):
        renderer.draw(scene(*[body.pose(actor)] * 16))
