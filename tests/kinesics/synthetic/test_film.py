"""Rendered videos repeat to the byte, and their truth is what their pixels show.

All tests that need a rendered video are here, those of its truth, of figures and of the command too: it takes seconds, and
a file's tests run in one process.
"""

import dataclasses
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from support.synthetic import with_one_actor

from kinesics.cli.main import main
from kinesics.errors import KinesicsError
from kinesics.media.video import probe_video
from kinesics.structures.events import BOX, read_events_csv, read_tubes
from kinesics.structures.truth_files import truth_files
from kinesics.structures.vocabulary import LABELS
from kinesics.synthetic import film, perturbations, script, truth
from kinesics.synthetic.appearance.surfaces import PARTS
from kinesics.synthetic.render import Renderer, person_and_part
from kinesics_paper.article.figures import synthetic as figures


@pytest.fixture(scope="module")
def rendered(actors, tmp_path_factory) -> tuple[script.Script, Path, dict[str, Path]]:
    """Return a script of two people, its video and the files of its truth."""
    folder = tmp_path_factory.mktemp("video")
    drawn = with_one_actor(script.draw_script(2, 4, 2, "bust", pace=12))
    files = truth_files(folder, "clip")
    film.render_film(drawn, folder / "clip.mp4", files, width=160, height=120, cache=actors)
    return drawn, folder / "clip.mp4", files


def test_a_video_and_its_tables_have_the_scripts_events(rendered):
    _, path, files = rendered
    info = probe_video(path)
    assert (info.width, info.height, info.has_audio) == (160, 120, True)
    assert info.duration_s == pytest.approx(4.0, abs=0.01)
    events, tubes = read_events_csv(files["events"]), read_tubes(files["tubes"])
    frames = pd.read_parquet(files["frames"])
    assert len(events) >= 4
    assert set(tubes["event"]) == set(events.index)
    actions = pd.read_csv(files["actions"]).query("event >= 0")
    acted = events.loc[actions["event"]].reset_index(drop=True)
    assert (acted["label"] == actions["label"].reset_index(drop=True)).all()
    assert np.allclose(acted["start_s"], actions["start_s"], atol=1e-3)
    assert frames["face_visible"].between(0, 1).all()
    assert frames["face_visible"].median() > 0.8


def test_boxes_are_those_of_the_pixels(rendered, actors):
    drawn, _, files = rendered
    events, tubes = read_events_csv(files["events"]), read_tubes(files["tubes"])
    frames = pd.read_parquet(files["frames"])
    setup = film.set_up_scene(drawn, 160 / 120, cache=actors)
    with Renderer(160, 120) as renderer:
        for k in (3, 17, 36):
            _, ids = renderer.draw(film.scene_at(setup, k / 10))
            person, part = person_and_part(ids)
            for row in frames[frames["frame"] == k].itertuples():
                y, x = np.nonzero((person == row.person) & (part == 1 + PARTS.index("face")))
                box = np.array([x.min() / 160, y.min() / 120, (x.max() + 1) / 160, (y.max() + 1) / 120])
                assert np.allclose(box, [getattr(row, f"face_{side}") for side in BOX], atol=1e-6)
                of_face = events[(events["person"] == row.person) & (events["label"].map(LABELS["box"]) == "face")]
                in_frame = tubes[tubes["event"].isin(of_face.index) & np.isclose(tubes["time_s"], k / 10)]
                assert np.allclose(in_frame[BOX].to_numpy(), box, atol=1e-6)


def test_a_video_and_its_truth_repeat_to_the_byte(rendered, actors, tmp_path):
    drawn, path, files = rendered
    again = truth_files(tmp_path, "clip")
    film.render_film(drawn, tmp_path / "clip.mp4", again, width=160, height=120, cache=actors)
    assert (tmp_path / "clip.mp4").read_bytes() == path.read_bytes()
    for name in files:
        assert again[name].read_bytes() == files[name].read_bytes(), name


def test_the_encoder_has_no_macroblock_tree(rendered):
    """With it, 30 encodings of the same frames were 19 different files on a processor with AVX-512."""
    assert b" mbtree=0 " in rendered[1].read_bytes()


@pytest.mark.parametrize(
    ("name", "size", "rate_hz", "message"),
    [
        ("clip.avi", (64, 48), 10.0, "clip.avi: the video is an MP4"),
        ("clip.mp4", (65, 48), 10.0, "65x48 at 10 Hz: sizes must be even"),
        ("clip.mp4", (64, 30), 10.0, "64x30 at 10 Hz: sizes must be even and at least 32"),
        ("clip.mp4", (64, 48), 0.0, "64x48 at 0 Hz: .*the rate above 0"),
    ],
)
def test_unsuitable_names_sizes_and_rates_are_refused(rendered, tmp_path, name, size, rate_hz, message):
    width, height = size
    with pytest.raises(KinesicsError, match=message):
        film.render_film(rendered[0], tmp_path / name, width=width, height=height, rate_hz=rate_hz)
    assert not list(tmp_path.iterdir())


def test_figures_of_a_video_are_drawn(rendered, tmp_path):
    _, path, files = rendered
    for name in ("strip.pdf", "again.pdf"):
        figures.strip(path, files["events"], files["tubes"], files["actions"], tmp_path / name)
    assert (tmp_path / "strip.pdf").read_bytes() == (tmp_path / "again.pdf").read_bytes()
    panels = [
        ("", 0),
        *((perturbation, severity) for perturbation in perturbations.PERTURBATIONS for severity in (1, 2, 3)),
    ]
    rows = [{"perturbation": perturbation, "severity": severity, "script": 0} for perturbation, severity in panels]
    figures.perturbations([path] * len(rows), rows, files["actions"], tmp_path / "perturbations.pdf")
    assert (tmp_path / "perturbations.pdf").read_bytes().count(b"/Subtype /Image") == len(panels)


def test_rendering_that_breaks_off_leaves_no_file(rendered, actors, tmp_path, monkeypatch):
    drawn, *_ = rendered
    monkeypatch.setattr(truth, "observe", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        film.render_film(drawn, tmp_path / "clip.mp4", truth_files(tmp_path, "clip"), width=64, height=48, cache=actors)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--perturb", "fog=1"], "'fog' is not a perturbation"),
        (["--shot", "close"], "'close' is not a shot"),
    ],
)
def test_the_command_refuses_unknown_perturbations_and_shots(arguments, message, tmp_path, capsys):
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
def test_numbers_out_of_range_are_usage_errors(arguments, message, tmp_path, capsys):
    with pytest.raises(SystemExit, match="2"):
        main(["synthesize", "--out", str(tmp_path / "clip.mp4"), *arguments])
    assert message in capsys.readouterr().err


def test_the_command_writes_a_video_and_its_truth(rendered, actors, tmp_path, monkeypatch):
    drawn, *_ = rendered
    monkeypatch.setattr(
        script, "draw_script", lambda *_: dataclasses.replace(drawn, duration_s=2.0, roles=drawn.roles[:1])
    )
    (tmp_path / "actors").symlink_to(actors)
    options = ["--perturb", "light=1", "noise=1", "--rate", "5"]
    folders = ["--truth", str(tmp_path / "truth"), "--data", str(tmp_path)]
    assert main(["synthesize", "--out", str(tmp_path / "clip.mp4"), *options, *folders]) == 0
    assert probe_video(tmp_path / "clip.mp4").rate_hz == pytest.approx(5)
    assert all(path.exists() for path in truth_files(tmp_path / "truth", "clip").values())
