"""Actors: how they are made, posed and dressed."""

import dataclasses

import numpy as np
import pytest

from kinesics.errors import KinesicsError
from kinesics.synthetic import anny_bodies, body, rig
from kinesics.synthetic.appearance import surfaces
from kinesics_paper.studies.synthetic_realism import MESH

pytestmark = pytest.mark.slow

LEFT = np.array([name.startswith("left") for name in rig.LANDMARKS])


@pytest.fixture(scope="module")
def actor(actors) -> body.Actor:
    return anny_bodies.make_actor(1, actors)


def points(posed: body.Posed) -> dict[str, np.ndarray]:
    return dict(zip(rig.LANDMARKS, posed.vertices[posed.actor.landmarks], strict=True))


def acting(actor: body.Actor, **actions: float) -> dict[str, np.ndarray]:
    face = np.zeros(len(rig.FACE_ACTIONS))
    face[[rig.FACE_ACTIONS.index(name) for name in actions]] = list(actions.values())
    return points(body.pose(actor, face))


def test_the_same_seed_makes_the_same_person_and_another_seed_another(actor, monkeypatch):
    monkeypatch.delenv("KINESICS_ACTORS", raising=False)
    again = anny_bodies.make_actor(1)
    assert again.person.face == actor.person.face
    for name in ("vertices", "triangles", "heads", "moving", "actions", "landmarks"):
        np.testing.assert_array_equal(getattr(again, name), getattr(actor, name))
    for name in (field.name for field in dataclasses.fields(surfaces.Surface)):
        np.testing.assert_array_equal(getattr(again.surface, name), getattr(actor.surface, name))
    assert (again.weights != actor.weights).nnz == 0
    assert anny_bodies.make_person(1) != anny_bodies.make_person(2)


def test_people_are_adults_of_all_ages_genders_and_origins():
    people = [anny_bodies.make_person(seed) for seed in range(300)]
    age = np.array([person.age for person in people])
    assert age.min() >= 20
    assert age.max() <= 75
    assert age.std() > 10
    assert 0.4 < np.mean([person.female for person in people]) < 0.6
    shares = np.array([person.origins for person in people])
    np.testing.assert_allclose(shares.sum(1), 1, atol=2e-3)
    assert (shares.argmax(1)[:, None] == range(3)).mean(0).min() > 0.25


def test_at_rest_a_body_stands_on_the_floor_and_looks_along_minus_y(actor):
    posed = body.pose(actor)
    np.testing.assert_allclose(posed.vertices, actor.vertices, atol=1e-6)
    skin = actor.vertices[actor.surface.material == surfaces.MATERIALS.index("skin")]
    assert abs(skin[:, 2].min()) < 0.01
    assert 1.45 < actor.vertices[:, 2].max() < 2.1
    at = points(posed)
    assert at["nose_tip"][1] < at["nose_base"][1] < posed.joints["head"][1]
    assert at["left_eye_outer"][0] > at["left_eye_inner"][0] > 0 > at["right_eye_inner"][0] > at["right_eye_outer"][0]
    assert posed.joints["wrist.L"][0] > 0 > posed.joints["wrist.R"][0]


def test_bones_turn_as_documented(actor):
    rest, head = points(body.pose(actor)), body.pose(actor).joints["head"]

    def turned(vector: tuple) -> np.ndarray:
        return points(body.pose(actor, rotations={"head": np.radians(vector)}))["nose_tip"] - head

    nose = rest["nose_tip"] - head
    assert turned((20, 0, 0))[2] < nose[2] - 0.02, "+x nods"
    assert turned((0, 0, 20))[0] > nose[0] + 0.02, "+z turns to the left"
    tilted = points(body.pose(actor, rotations={"head": np.radians((0, 20, 0))}))
    assert tilted["left_eye_outer"][2] < tilted["right_eye_outer"][2] - 0.01, "+y tilts to the left"
    # What a bone does not carry stays, and what it carries keeps its shape.
    posed = body.pose(actor, rotations={"upperarm01.L": np.array([0, 1.0, 0])})
    np.testing.assert_allclose(posed.joints["wrist.R"], body.pose(actor).joints["wrist.R"], atol=1e-6)
    for joints in (posed.joints, body.pose(actor).joints):
        length = np.linalg.norm(joints["wrist.L"] - joints["lowerarm01.L"])
        assert length == pytest.approx(np.linalg.norm(actor.heads[_at("wrist.L")] - actor.heads[_at("lowerarm01.L")]))


def _at(bone: str) -> int:
    return rig.BONES.index(bone)


def test_heading_and_place_move_the_whole_body(actor):
    posed = body.pose(actor, heading_rad=np.pi / 2, place=(1, 2, 0.5))
    expected = actor.vertices[:, [1, 0, 2]] * (-1, 1, 1) + (1, 2, 0.5)
    np.testing.assert_allclose(posed.vertices, expected, atol=1e-5)
    np.testing.assert_allclose(posed.frames["head"][:, 1], (-1, 0, 0), atol=1e-6)
    joints, frames = body.skeleton(actor, {}, np.pi / 2, (1, 2, 0.5))
    np.testing.assert_allclose(joints["head"], posed.joints["head"])
    np.testing.assert_allclose(frames["head"], posed.frames["head"])


def test_facial_actions_move_what_they_name(actor):
    rest = points(body.pose(actor))
    assert acting(actor, jawOpen=1)["chin"][2] < rest["chin"][2] - 0.01
    lids = [acting(actor, eyeBlinkLeft=strength) for strength in (0, 1)]
    gaps = [at["left_lid_upper"][2] - at["left_lid_lower"][2] for at in lids]
    assert gaps[1] < 0.3 * gaps[0]
    np.testing.assert_allclose(lids[0]["right_lid_upper"], lids[1]["right_lid_upper"], atol=1e-4)
    smile = acting(actor, mouthSmileLeft=1, mouthSmileRight=1)
    assert smile["left_mouth_corner"][0] > rest["left_mouth_corner"][0] + 0.002
    assert smile["left_mouth_corner"][2] > rest["left_mouth_corner"][2] + 0.002
    assert acting(actor, browInnerUp=1)["left_brow_inner"][2] > rest["left_brow_inner"][2] + 0.002
    assert acting(actor, browDownLeft=1)["left_brow_inner"][2] < rest["left_brow_inner"][2] - 0.001
    hands = np.isin(actor.surface.part, [1 + surfaces.PARTS.index("left_hand"), 1 + surfaces.PARTS.index("clothes")])
    assert not hands[actor.moving].any()


def test_facial_actions_cause_wrinkles(actor):
    face = np.zeros(len(rig.FACE_ACTIONS))
    face[rig.FACE_ACTIONS.index("browInnerUp")] = 0.7
    np.testing.assert_allclose(body.pose(actor, face).wrinkles, [0.7, 0, 0, 0], atol=1e-6)


def test_the_arrays_of_an_actor_fit_together(actor):
    count, surface = len(actor.vertices), actor.surface
    np.testing.assert_allclose(np.asarray(actor.weights.sum(1)).ravel(), 1, atol=1e-5)
    assert set(actor.triangles.ravel()) == set(range(count))
    assert (actor.parents < np.arange(len(rig.BONES))).all()
    assert actor.parents[0] == -1
    assert all(len(getattr(surface, n)) == count for n in ("uv", "colour", "material", "part", "light", "cut"))
    assert {"face", "head", "left_hand", "right_hand", "clothes"} <= {surfaces.PARTS[p - 1] for p in set(surface.part)}
    assert 0 <= surface.light.min() < 0.3 < 0.9 < surface.light.max() <= 1
    left = surface.part == 1 + surfaces.PARTS.index("left_hand")
    assert (actor.vertices[left, 0] > 0).all()
    normals = body.pose(actor).normals
    np.testing.assert_allclose(np.linalg.norm(normals, axis=1), 1, atol=1e-4)


def test_landmarks_are_mirrored_and_have_counterparts_in_the_face_mesh(actor):
    assert list(MESH) == list(rig.LANDMARKS)
    at = points(body.pose(actor))
    for name in (name for name in at if name.startswith("left")):
        np.testing.assert_allclose(at[name] * (-1, 1, 1), at["right" + name[4:]], atol=2e-3)


@pytest.mark.parametrize(
    ("call", "complaint"),
    [
        (lambda actor: body.pose(actor, np.zeros(51)), r"\(51,\).*52"),
        (lambda actor: body.pose(actor, rotations={"elbow": np.zeros(3)}), "'elbow'.*lowerarm01.L"),
        (lambda actor: anny_bodies.make_actor(-1), "-1"),
    ],
)
def test_wrong_input_is_refused(actor, call, complaint):
    with pytest.raises(KinesicsError, match=complaint):
        call(actor)


def test_a_damaged_cache_is_named(tmp_path, actors, actor):
    cached = next(actors.glob("actor-1-*.npz"))
    (tmp_path / cached.name).write_bytes(cached.read_bytes()[:5000])
    with pytest.raises(KinesicsError, match=rf"{cached.name}.*delete it"):
        anny_bodies.make_actor(1, tmp_path)


def test_light_reaches_the_outside_of_a_box_but_not_its_inside():
    side = np.linspace(-0.1, 0.1, 21)
    a, b = (x.ravel() for x in np.meshgrid(side, side, indexing="ij"))
    walls = [np.roll(np.stack([a, b, np.full_like(a, at)], 1), axis, 1) for axis in range(3) for at in (-0.1, 0.1)]
    plate = np.stack([a, b, 0 * a], 1) * 0.3
    quads = surfaces.grid(21, 21)
    quads = np.concatenate([quads + k * len(a) for k in range(7)])
    # Walls face outwards: those on the low side of an axis are turned.
    turned = quads // len(a) % 2 == 0
    quads = np.where(turned & (quads < 6 * len(a)), quads[:, ::-1], quads)
    triangles = np.concatenate([quads[:, [0, 1, 2]], quads[:, [0, 2, 3]]])
    light = surfaces.openness(np.concatenate([*walls, plate]), triangles)
    assert np.median(light[: 6 * len(a)]) > 0.9
    assert light[6 * len(a) :].max() < 0.1
