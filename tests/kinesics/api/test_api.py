"""The Python API has the results of the command line, and imports only what it needs."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from safetensors.numpy import save_file
from support import ROOT
from support.toy import toy_recording

import kinesics
from kinesics.cli.main import main
from kinesics.detectors import linear
from kinesics.errors import KinesicsError
from kinesics.io.checkpoints import detector_of
from kinesics.models.temporal_model import read_model_checkpoint, settings_of
from kinesics.structures.events import write_events_csv
from kinesics.structures.features import write_features

HEAVY = ("torch", "jax", "flax", "mediapipe", "cv2", "transformers", "sklearn", "av")


@pytest.mark.slow
def test_track_and_detect_equal_the_commands(detected, clip, tmp_path):
    lines = []
    tracks = kinesics.track(clip("single_face"), tmp_path / "tracks.parquet", data=ROOT / "data")
    assert (tmp_path / "tracks.parquet").read_bytes() == (detected / "tracks.parquet").read_bytes()
    assert isinstance(tracks, kinesics.Tracks)
    assert (tracks.video, tracks.persons, tracks.frames) == ("single_face", [0], 24)
    kept = tmp_path / "kept.parquet"
    events = kinesics.detect(clip("single_face"), tracks_out=kept, data=ROOT / "data", notify=lines.append)
    assert kept.read_bytes() == (detected / "tracks.parquet").read_bytes()
    assert isinstance(events, kinesics.Events)
    assert lines == ["people in 24 frames: 1"]
    assert "happy" in events.labels
    kinesics.write_events(events, tmp_path / "events.csv", tmp_path / "tubes.parquet")
    for name in ("events.csv", "tubes.parquet"):
        assert (tmp_path / name).read_bytes() == (detected / name).read_bytes()
    read = kinesics.read_events(tmp_path / "events.csv", tmp_path / "tubes.parquet")
    pd.testing.assert_frame_equal(read.table, events.table, check_exact=False, atol=5e-4, rtol=0)
    assert len(read.tubes) == len(events.tubes)


def test_score_equals_the_command(detected, tmp_path):
    events = kinesics.read_events(detected / "events.csv", detected / "tubes.parquet")
    truth = kinesics.Events(events.table.iloc[::2])
    kinesics.write_events(truth, tmp_path / "truth.csv")
    for given, options in [
        ((truth, events.select()), []),
        (([events], [events]), ["--tubes-truth", "tubes.parquet", "--tubes-predicted", "tubes.parquet"]),
    ]:
        options = [str(detected / one) if one.endswith("parquet") else one for one in options]
        table = tmp_path / "truth.csv" if not options else detected / "events.csv"
        arguments = ["--truth", str(table), "--predicted", str(detected / "events.csv"), "--resamples", "50"]
        assert main(["score", *arguments, *options, "--json", str(tmp_path / "scores.json")]) == 0
        expected = json.loads((tmp_path / "scores.json").read_text())
        expected.pop("notes")
        scores = kinesics.score(*given, resamples=50, match_person=True, rate_hz=10.0)
        assert json.loads(json.dumps(scores)) == expected
    assert scores["metrics"]["tube_map_50"]["value"] == 1.0
    assert "tube_map_50" not in kinesics.score(truth, [events, truth], resamples=0)["metrics"]
    with pytest.raises(kinesics.KinesicsError, match="end_s 1 is not after start_s"):
        kinesics.score(truth, kinesics.Events(truth.table.assign(end_s=1, start_s=2)))


def modules_after(code: str) -> set[str]:
    """Return the top-level modules that a new process has imported after ``code``."""
    code += "\nimport sys; print(*{name.partition('.')[0] for name in sys.modules}, file=sys.stderr)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(run.stderr.split())


def test_the_package_imports_nothing_until_it_is_used():
    code = "import kinesics; assert set(kinesics.__all__) <= set(dir(kinesics)); assert kinesics.KinesicsError"
    assert not modules_after(code) & {"numpy", "pandas", "pyarrow", "scipy", *HEAVY}
    assert not modules_after("import kinesics; kinesics.Events, kinesics.read_events, kinesics.Tracks") & {*HEAVY}
    with pytest.raises(AttributeError, match="module 'kinesics' has no attribute 'Magic'"):
        kinesics.Magic  # noqa: B018 - the access is the test


@pytest.mark.slow
def test_scoring_imports_no_network(tmp_path):
    path = tmp_path / "events.csv"
    path.write_text("video,person,label,start_s,end_s\nv,0,happy,0,2\n")
    arguments = ["score", "--truth", str(path), "--predicted", str(path), "--resamples", "9"]
    code = f"from kinesics.cli.main import main; assert main({arguments!r}) == 0"
    imported = modules_after(code)
    assert "pandas" in imported
    assert not imported & {*HEAVY}


@pytest.fixture
def training(tmp_path) -> dict[str, object]:
    """Return the configuration of a training on one synthetic recording, whose files are in ``tmp_path``."""
    recording, truth = toy_recording(tmp_path, "v", 0, 10)
    write_events_csv(truth, tmp_path / "truth.csv")
    for encoder, features in recording.features.items():
        write_features(features, tmp_path / f"v.{encoder}.safetensors")
    return {
        "detector": "chance",
        "tracks": [str(tmp_path / "v.parquet")],
        "features": [str(tmp_path / f"v.{encoder}.safetensors") for encoder in recording.features],
        "truth": [str(tmp_path / "truth.csv")],
    }


@pytest.fixture
def train(training, tmp_path, capsys) -> Callable[..., tuple[int, str]]:
    """Return a function that runs `train` with changes to the configuration and returns its status and errors."""

    def run(**changes: object) -> tuple[int, str]:
        (tmp_path / "config.yaml").write_text(yaml.safe_dump(training | changes))
        arguments = ["--config", str(tmp_path / "config.yaml"), "--out", str(tmp_path / "model.safetensors")]
        return main(["train", *arguments]), capsys.readouterr().err

    return run


@pytest.mark.slow
def test_train_writes_a_checkpoint(train, tmp_path):
    out = tmp_path / "model.safetensors"
    assert train() == (0, "")
    assert detector_of(out) == "chance"
    assert train(detector="linear", options={"steps": 3, "decay": 0.5}) == (0, "")
    checkpoint = read_model_checkpoint(linear.MODEL, out)
    settings = settings_of(checkpoint)
    assert (settings["steps"], settings["decay"], len(checkpoint["curve"])) == (3, 0.5, 3)


def test_train_refuses_wrong_configurations_in_one_line(train, training, tmp_path):
    copy, same, late = (tmp_path / name for name in ("copy.safetensors", "same.parquet", "late.csv"))
    copy.write_bytes(Path(training["features"][0]).read_bytes())
    same.write_bytes(Path(training["tracks"][0]).read_bytes())
    truth = kinesics.read_events(training["truth"][0]).table
    write_events_csv(truth.assign(start_s=99.0, end_s=100.0).drop_duplicates(), late)
    for changes, message in [
        ({"detector": "rules"}, "detector 'rules' does not learn"),
        ({"detector": "magic"}, "'magic' is not a detector"),
        ({"tracks": []}, "config.yaml: tracks: [] has less than 1 item"),
        ({"epochs": 3}, "'epochs' was unexpected"),
        ({"validation": training["tracks"]}, "'v' is a training and a validation video"),
        ({"seed": 2**70}, "is greater than the maximum of 4294967295"),
        ({"truth": [str(tmp_path)]}, "Is a directory"),
        ({"features": [str(tmp_path)]}, f"{tmp_path}: not a features file"),
        ({"features": [training["features"][0], str(copy)]}, "copy.safetensors: another file has features of"),
        ({"tracks": [*training["tracks"], str(same)]}, "same.parquet: another file has tracks of 'v' too"),
        ({"truth": [str(late)]}, "late.csv: an event of 'v' starts at 99 s, but its tracks last 10 s"),
        ({"truth": [str(tmp_path / "model.safetensors")]}, "model.safetensors would be overwritten"),
        (
            {"detector": "linear", "features": []},
            "reads features of 'fer', but of 'v' only those of no encoder were given",
        ),
        ({"options": {"steps": 9}}, "detector 'chance' is not trained by steps: it has no options"),
        (
            {"detector": "linear", "options": {"width": 64}},
            "'width' is not an option of linear. Its options are steps, rate",
        ),
        (
            {"detector": "linear", "options": {"steps": 0}},
            "config.yaml: options.steps: 0 is less than the minimum of 1",
        ),
    ]:
        status, error = train(**changes)
        assert status == 1
        assert message in error
        assert error.count("\n") == 1


def test_train_refuses_a_key_that_stands_twice(tmp_path, capsys):
    config = tmp_path / "config.yaml"
    config.write_text("detector: chance\nseed: 1\nseed: 2\n")
    assert main(["train", "--config", str(config), "--out", str(tmp_path / "model.safetensors")]) == 1
    assert capsys.readouterr().err == f"kinesics: {config}: not YAML: line 3: the key 'seed' stands twice\n"


def test_detect_refuses_bad_arguments_before_it_reads_the_video(tmp_path, capsys):
    model, other = tmp_path / "model.safetensors", tmp_path / "other.safetensors"
    save_file({"a": np.zeros(1)}, model, {"detector": "kinesics.detectors.budgeted"})
    save_file({"a": np.zeros(1)}, other)
    for arguments, message in [
        (["--model", tmp_path / "none"], "none: no such file; make it with: kinesics train"),
        (["--model", other], "not a model: it does not say which detector learned it"),
        (["--model", model, "--detector", "linear"], "learned by 'budgeted', not by detector 'linear'"),
        (["--model", model], "model.safetensors: damaged, or of another version, train it again: 'settings'"),
        (["--model", model, "--policy", "often"], "'often' is not a policy. The policies are uniform"),
    ]:
        video, out = tmp_path / "no_video.mp4", tmp_path / "events.csv"
        assert main(["detect", *map(str, [video, *arguments, "--out", out])]) == 1
        error = capsys.readouterr().err
        assert message in error
        assert error.count("\n") == 1
    with pytest.raises(KinesicsError, match="--policy selects queries under a --budget below 1"):
        kinesics.detect(video, "rules", policy="uniform")
    with pytest.raises(KinesicsError, match="detector 'rules' takes no --budget"):
        kinesics.detect(video, "rules", budget=0.5)
