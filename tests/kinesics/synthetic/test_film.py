"""The stage: scripts keep the manual's rules, bodies do what scripts say, and the truth is what the pixels show."""

import dataclasses
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from scipy.spatial.transform import Rotation
from support import ROOT

from kinesics.cli.main import main
from kinesics.errors import KinesicsError
from kinesics.media.video import probe_video
from kinesics.structures import truth_files
from kinesics.structures.events import BOX, read_events_csv, read_tubes
from kinesics.structures.vocabulary import LABELS
from kinesics.synthetic import dataset, film, motion, perturbations, script, speech, truth
from kinesics.synthetic.anny_bodies import make_actor
from kinesics.synthetic.appearance.surfaces import PARTS
from kinesics.synthetic.body import pose
from kinesics.synthetic.render import Camera, Renderer, person_and_part
from kinesics.synthetic.rig import FACE_ACTIONS
from kinesics_paper.article.figures import synthetic as figures


def recast(drawn: script.Script) -> script.Script:
    """Let actor 1 play all roles: making another takes longer than a test."""
    return dataclasses.replace(drawn, roles=tuple(dataclasses.replace(role, actor=1) for role in drawn.roles))


@pytest.fixture(scope="module")
def long() -> script.Script:
    """Return a script in which one person does everything there is."""
    return recast(script.draw_script(4, 300, 1, "half"))


@pytest.fixture(scope="module")
def performer(long, actors) -> motion.Performer:
    return motion.make_performer(long, 0, make_actor(long.roles[0].actor, actors))


def test_all_labels_but_one_are_acted_and_that_one_follows_from_the_pixels():
    assert set(script.ACTIONS.index) == set(LABELS.index) - {"off_camera"}
    assert set(script.VARIANTS["label"]) | set(script.EXPRESSIONS["label"]) <= set(LABELS.index)
    assert set(map(str, script.EXPRESSIONS["unit"])) <= set(motion.ACTION_UNITS)
    assert set(motion._table["action"]) | set(speech.MOUTH_ACTIONS) <= set(FACE_ACTIONS)
    assert set(speech.SENTENCES["emotion"]) < set(LABELS.index) | {"neutral"}


def test_acts_last_between_a_sample_more_than_the_minimum_and_six_seconds():
    actions = script.draw_script(3, 3600).actions
    silent = actions[actions["label"] != "speaking"]
    length = silent["end_s"] - silent["start_s"]
    assert length.min() == pytest.approx(0.6)
    assert length.max() == pytest.approx(6)


@pytest.mark.parametrize(("seed", "people", "shot", "pace"), [(0, 1, "face", 1), (1, 2, "bust", 2), (2, 3, "full", 1)])
def test_scripts_keep_the_coding_manual(seed, people, shot, pace):
    drawn = script.draw_script(seed, 60, people, shot, pace)
    actions = drawn.actions
    assert set(actions["person"]) == set(range(people))
    assert len(drawn.roles) == people
    order = actions[["begin_s", "start_s", "apex_s", "release_s", "end_s", "rest_s"]].to_numpy()
    assert order.min() >= 0
    assert order.max() <= 60
    assert (np.diff(order[:, [0, 1, 4, 5]]) >= 0).all()
    assert (np.diff(order[:, [0, 2, 3, 5]]) >= 0).all()
    length = actions["end_s"] - actions["start_s"]
    assert length.min() >= truth.MIN_S
    assert length.max() <= 6
    assert not set(actions["variant"]) & {"beat", "point"} or shot != "face"
    channel = actions["label"].map(script.ACTIONS["channel"])
    for (_, of), own in actions.groupby(["person", channel]):
        pause = own["begin_s"].to_numpy()[1:] - own["rest_s"].to_numpy()[:-1]
        assert (pause > 0.5).all(), f"actions of one channel overlap: {of}"
    for (_, label), own in actions.groupby(["person", "label"]):
        assert (own["end_s"] - own["start_s"]).sum() < 30, f"more than half of the time: {label}"
    assert drawn.utterances["start_s"].is_monotonic_increasing


def test_a_seed_is_one_script_and_another_is_another(long):
    pd.testing.assert_frame_equal(script.draw_script(4, 300, 1, "half").actions, long.actions)
    assert recast(script.draw_script(5, 300, 1, "half")).roles != long.roles
    assert set(long.actions["label"]) == set(script.ACTIONS.index)
    assert set(long.utterances["congruent"]) == {True, False}
    agreeing = long.utterances[long.utterances["congruent"] & (long.utterances["emotion"] != "neutral")]
    for line in agreeing.itertuples():
        shown = long.actions[(long.actions["label"] == line.emotion)]
        assert ((shown["start_s"] < line.end_s) & (shown["end_s"] > line.start_s)).any()


def test_an_event_lasts_while_its_movement_can_be_seen(long):
    actions = long.actions[long.actions["label"] != "speaking"].reset_index(drop=True)
    visible, timing = actions["label"].map(script.ACTIONS["visible"]).to_numpy(), actions[script.TIMING].to_numpy(float)
    for k, action in actions.iterrows():
        at = {name: script.strength(timing, action[name])[k] for name in ("start_s", "apex_s", "release_s", "end_s")}
        assert at["start_s"] == pytest.approx(visible[k], rel=0.02)
        assert at["end_s"] == pytest.approx(visible[k], rel=0.02)
        assert at["apex_s"] == at["release_s"] == action["strength"]
        assert not script.strength(timing, action[["begin_s", "rest_s"]].to_numpy(float))[k].any()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((0, 60, 4), "4 people"),
        ((0, 60, 1, "close"), "'close' is not a shot"),
        ((0, 1), "2 s to a day"),
        ((0, np.inf), "2 s to a day"),
    ],
)
def test_a_script_that_cannot_be_played_is_refused(arguments, message):
    with pytest.raises(KinesicsError, match=message):
        script.draw_script(*arguments)


def test_speech_repeats_and_the_mouth_follows():
    speech.synthesize.cache_clear()
    first = speech.synthesize("My baby may move.", "f1", 50, 150)
    speech.synthesize("Something else in between.", "m1", 40, 170)
    speech.synthesize.cache_clear()
    again = speech.synthesize("My baby may move.", "f1", 50, 150)
    assert first.audio.tobytes() == again.audio.tobytes()
    assert first.phonemes == again.phonemes
    start, end = first.voiced_s
    assert 0 <= start < end <= len(first.audio) / speech.RATE_HZ
    jaw = speech.MOUTH_ACTIONS.index("jawOpen")
    shut = [first.mouth(t)[jaw] for t, p in zip(first.starts_s, first.phonemes, strict=True) if p in ("m", "b")]
    open_ = [first.mouth(t + 0.06)[jaw] for t, p in zip(first.starts_s, first.phonemes, strict=True) if "aI" in p]
    assert max(shut) < min(open_)
    assert not first.mouth(-1).any()
    assert not first.mouth(end + 1).any()
    heard = speech.soundtrack([(1.0, first)], 0.5, 4.0)
    assert not heard[: speech.RATE_HZ // 2].any()
    assert np.abs(heard).max() > 1000


def test_every_sentence_has_a_mouth():
    for text in speech.SENTENCES["text"]:
        for phoneme in speech.synthesize(text, "m1", 50, 160).phonemes:
            assert speech.mouth_shape(phoneme).shape == (len(speech.MOUTH_ACTIONS),)
    with pytest.raises(KinesicsError, match="no mouth shape for the phoneme 'qq'"):
        speech.mouth_shape("qq")


def test_dials_change_nothing_at_level_0_and_more_at_each_level():
    still = perturbations.settings()
    camera = Camera((0, -2, 1.5), (0, 0, 1.5), 25)
    frame = np.full((40, 60, 3), 128, np.uint8)
    assert perturbations.shake_camera(camera, still["shake"], 1, 0.3) == camera
    assert perturbations.frame_instants(0.3, still["blur"]) == [0.3]
    assert perturbations.degrade_frame(frame, still["light"], still["noise"], 1, 0) is frame
    assert perturbations.occluders(still["occluders"], 1, camera, 4 / 3, 0.3) == []
    for perturbation, severities in perturbations.VALUES.items():
        assert sorted(severities.items()) == list(zip(range(4), sorted(severities.values()), strict=True)), perturbation
    darker = perturbations.degrade_frame(frame, 1, 0, 1, 0)
    assert (darker / 255.0).mean() ** 2.2 == pytest.approx((128 / 255) ** 2.2 / 2, rel=0.02)
    assert perturbations.degrade_frame(frame, 0, 20, 1, 0).std() == pytest.approx(20, rel=0.1)
    assert (perturbations.degrade_frame(frame, 0, 20, 1, 0) != perturbations.degrade_frame(frame, 0, 20, 1, 1)).any()
    turned = [
        np.degrees(np.arccos(perturbations.shake_camera(camera, 1.0, 1, t).axes[2] @ camera.axes[2]))
        for t in np.linspace(0, 60, 400)
    ]
    assert np.sqrt(np.mean(np.square(turned))) == pytest.approx(np.sqrt(2), rel=0.15)  # sideways and up and down
    with pytest.raises(KinesicsError, match="'fog' is not a perturbation"):
        perturbations.settings({"fog": 1})
    with pytest.raises(KinesicsError, match="4 is not a severity of shake"):
        perturbations.settings({"shake": 4})


def test_splits_share_no_script_and_no_actor_and_dials_are_paired(tmp_path):
    config = yaml.safe_load((ROOT / "config/config.yaml").read_text())["synthetic"]
    dataset.write_videos(dataset.plan_videos(config), tmp_path / "videos.csv")
    rows = pd.read_csv(tmp_path / "videos.csv", keep_default_na=False)
    assert rows["video"].is_unique
    assert (rows.groupby("seed")["split"].nunique() == 1).all()
    cast = [(3 * row.seed + k, row.split) for row in rows.itertuples() for k in range(row.people)]
    assert len({actor for actor, _ in cast}) == len(set(cast))
    assert not rows.loc[rows["split"] != "perturbed", "severity"].any()
    perturbed = rows[rows["split"] == "perturbed"]
    for _, same in perturbed.groupby("script"):
        variants = {("", 0)} | {
            (perturbation, severity) for perturbation in perturbations.PERTURBATIONS for severity in (1, 2, 3)
        }
        assert set(zip(same["perturbation"], same["severity"], strict=True)) == variants
        assert len(same[["seed", "duration_s", "people", "shot", "pace"]].drop_duplicates()) == 1


def turned(posed, bone: str = "head") -> np.ndarray:
    """Return a bone's yaw, pitch and roll in degrees against the body's heading."""
    heading = np.arctan2(posed.frames["root"][1, 0], posed.frames["root"][0, 0])
    upright = Rotation.from_rotvec([0, 0, -heading]) * Rotation.from_matrix(posed.frames[bone])
    return upright.as_euler("zxy", degrees=True)


def test_every_label_is_performed_visibly(long, performer):
    still = motion.pose_at(performer, 0.0)
    for action in long.actions.itertuples():
        posed = motion.pose_at(performer, (action.apex_s + action.release_s) / 2)
        face, *_ = motion.pose_parameters(performer, (action.apex_s + action.release_s) / 2)
        hand = "L" if action.side > 0 else "R"
        tip = posed.joints[f"finger3-2.{hand}"]
        if action.label == "head_turn":
            assert abs(turned(posed)[0]) > 20
        elif action.label == "head_tilt":
            assert np.abs(turned(posed)[1:]).max() > 15
        elif action.label == "hand_to_face":
            skin = posed.vertices[posed.actor.surface.part == 1 + PARTS.index("face")]
            assert np.linalg.norm(skin - tip, axis=1).min() < 0.05
        elif action.label == "hand_gesture":
            assert tip[2] > still.joints[f"finger3-2.{hand}"][2] + 0.15
        elif action.label == "posture_shift":
            moved = np.linalg.norm(posed.joints["neck01"] - still.joints["neck01"])
            assert moved > 0.05
        elif action.label == "speaking":
            times = np.linspace(action.start_s, action.end_s, 40)
            assert np.ptp([motion.pose_parameters(performer, t)[0][FACE_ACTIONS.index("jawOpen")] for t in times]) > 0.2
        else:
            assert face.max() > 0.4


def test_people_who_do_nothing_stay_below_the_manuals_thresholds(long, actors, performer):
    idle = motion.make_idle_performer(long.roles[0], performer.actor, 9, 60.0)
    angles = np.array([turned(pose(performer.actor, *motion.pose_parameters(idle, t))) for t in np.arange(0, 60, 2.0)])
    away = np.abs(angles - np.median(angles, 0))
    assert away[:, 0].max() < 20
    assert away[:, 1:].max() < 15


@pytest.fixture(scope="module")
def filmed(actors, tmp_path_factory) -> tuple[script.Script, Path, dict[str, Path]]:
    """Return a script of two people, its film and its truth."""
    folder = tmp_path_factory.mktemp("film")
    drawn = recast(script.draw_script(2, 4, 2, "bust", pace=12))
    files = truth_files.truth_files(folder, "clip")
    film.render_film(drawn, folder / "clip.mp4", files, width=160, height=120, cache=actors)
    return drawn, folder / "clip.mp4", files


def test_the_truth_of_a_film_is_what_its_pixels_show(filmed, actors):
    drawn, path, files = filmed
    info = probe_video(path)
    assert (info.width, info.height, info.has_audio) == (160, 120, True)
    assert info.duration_s == pytest.approx(4.0, abs=0.01)
    events, tubes = read_events_csv(files["events"]), read_tubes(files["tubes"])
    frames = pd.read_parquet(files["frames"])
    assert len(events) >= 4
    assert set(tubes["event"]) == set(events.index)
    actions = pd.read_csv(files["actions"]).query("event >= 0")
    told = events.loc[actions["event"]].reset_index(drop=True)
    assert (told["label"] == actions["label"].reset_index(drop=True)).all()
    assert np.allclose(told["start_s"], actions["start_s"], atol=1e-3)
    assert frames["face_visible"].between(0, 1).all()
    assert frames["face_visible"].median() > 0.8
    stage = film.set_up_scene(drawn, 160 / 120, cache=actors)
    with Renderer(160, 120) as renderer:
        for k in (3, 17, 36):
            _, ids = renderer.draw(film.scene_at(stage, k / 10))
            person, part = person_and_part(ids)
            for row in frames[frames["frame"] == k].itertuples():
                y, x = np.nonzero((person == row.person) & (part == 1 + PARTS.index("face")))
                box = np.array([x.min() / 160, y.min() / 120, (x.max() + 1) / 160, (y.max() + 1) / 120])
                assert np.allclose(box, [getattr(row, f"face_{side}") for side in BOX], atol=1e-6)
                during = events[(events["person"] == row.person) & (events["label"].map(LABELS["box"]) == "face")]
                here = tubes[tubes["event"].isin(during.index) & np.isclose(tubes["time_s"], k / 10)]
                assert np.allclose(here[BOX].to_numpy(), box, atol=1e-6)


def test_a_film_repeats_to_the_byte(filmed, actors, tmp_path):
    drawn, path, files = filmed
    again = truth_files.truth_files(tmp_path, "clip")
    film.render_film(drawn, tmp_path / "clip.mp4", again, width=160, height=120, cache=actors)
    assert (tmp_path / "clip.mp4").read_bytes() == path.read_bytes()
    for name in files:
        assert again[name].read_bytes() == files[name].read_bytes(), name


def test_the_encoder_has_no_macroblock_tree(filmed):
    """With it, 30 encodings of the same pictures were 19 different files on a processor with AVX-512."""
    assert b" mbtree=0 " in filmed[1].read_bytes()


def test_figures_of_a_film_are_drawn(filmed, tmp_path):
    _, path, files = filmed
    for name in ("strip.pdf", "again.pdf"):
        figures.strip(path, files["events"], files["tubes"], files["actions"], tmp_path / name)
    assert (tmp_path / "strip.pdf").read_bytes() == (tmp_path / "again.pdf").read_bytes()
    shown = [
        ("", 0),
        *((perturbation, severity) for perturbation in perturbations.PERTURBATIONS for severity in (1, 2, 3)),
    ]
    rows = [{"perturbation": perturbation, "severity": severity, "script": 0} for perturbation, severity in shown]
    figures.perturbations([path] * len(rows), rows, files["actions"], tmp_path / "perturbations.pdf")
    assert (tmp_path / "perturbations.pdf").read_bytes().count(b"/Subtype /Image") == len(shown)


def test_a_film_that_breaks_off_leaves_nothing(filmed, actors, tmp_path, monkeypatch):
    drawn, *_ = filmed
    monkeypatch.setattr(truth, "observe", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        film.render_film(
            drawn, tmp_path / "clip.mp4", truth_files.truth_files(tmp_path, "clip"), width=64, height=48, cache=actors
        )
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--perturb", "fog=1"], "'fog' is not a perturbation"),
        (["--shot", "close"], "'close' is not a shot"),
    ],
)
def test_the_command_refuses_what_cannot_be_filmed(arguments, message, tmp_path, capsys):
    assert main(["synthesize", "--out", str(tmp_path / "clip.mp4"), "--data", str(tmp_path / "data"), *arguments]) == 1
    assert message in capsys.readouterr().err
    assert not (tmp_path / "clip.mp4").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--people", "4"], "4 is not a number of people from 1 to 3"),
        (["--duration", "1"], "1 is not a time from 2 s to a day"),
    ],
)
def test_numbers_that_no_film_has_are_usage_errors(arguments, message, tmp_path, capsys):
    with pytest.raises(SystemExit, match="2"):
        main(["synthesize", "--out", str(tmp_path / "clip.mp4"), *arguments])
    assert message in capsys.readouterr().err


def test_the_command_films_and_writes_the_truth(filmed, actors, tmp_path, monkeypatch):
    drawn, *_ = filmed
    monkeypatch.setattr(
        script, "draw_script", lambda *_: dataclasses.replace(drawn, duration_s=2.0, roles=drawn.roles[:1])
    )
    (tmp_path / "actors").symlink_to(actors)
    arguments = [
        "--perturb",
        "light=1",
        "noise=1",
        "--rate",
        "5",
        "--truth",
        str(tmp_path / "truth"),
        "--data",
        str(tmp_path),
    ]
    assert main(["synthesize", "--out", str(tmp_path / "clip.mp4"), *arguments]) == 0
    assert probe_video(tmp_path / "clip.mp4").rate_hz == pytest.approx(5)
    assert all(path.exists() for path in truth_files.truth_files(tmp_path / "truth", "clip").values())
