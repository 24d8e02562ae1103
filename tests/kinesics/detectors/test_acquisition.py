"""Budgets: policies spend exactly what they may, where they should, and what is not asked changes nothing else."""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from importlib import import_module

import numpy as np
import pandas as pd
import pytest
from safetensors.numpy import save_file
from support.clips import write_video
from support.toy import toy_clip, untrained

from kinesics import api
from kinesics.cli.main import main
from kinesics.detectors import budgeted
from kinesics.detectors.acquisition import (
    POLICIES,
    SHARES,
    acquire_queries,
    candidate_queries,
    keep_queries,
    kernel_segments,
    motion_utility,
    query_budget,
    select_queries,
)
from kinesics.encoders import registry
from kinesics.encoders.base import encoder_shape
from kinesics.encoders.extract import encode_crops, encode_sound
from kinesics.errors import KinesicsError
from kinesics.io import downloads
from kinesics.signals.recording import Recording, read_recordings
from kinesics.structures.events import read_events_csv, write_events_csv
from kinesics.structures.features import read_features


@pytest.fixture(scope="module")
def clip(tmp_path_factory) -> Recording:
    return toy_clip(tmp_path_factory.mktemp("toy"), "v", 0, 40, 2)[0]


def replace_network(monkeypatch: pytest.MonkeyPatch, encoder: str, encode: Callable) -> None:
    """Let an encoder of the table run a function in place of its network."""
    module = import_module(f"kinesics.encoders.{registry.ENCODERS[encoder]['module']}")
    monkeypatch.setattr(module, "ENCODER", replace(module.ENCODER, load=lambda weights: encode))


def where(clip: Recording) -> dict:
    """Return a demand that lies in the face of person 1, from 10 to 14 s."""
    demand = {(person, crop): np.zeros(clip.tracks.frames) for person in (0, 1) for crop in ("face", "person")}
    demand[1, "face"][100:140] = 1
    return demand


@pytest.mark.parametrize("policy", POLICIES)
def test_a_budget_is_spent_to_the_call(clip, policy):
    calls = candidate_queries(clip.tracks, 2.0, ("face", "person"))
    assert len(calls) == 2 * 2 * 80
    for share in (0, *SHARES):
        chosen = select_queries(policy, share, clip, calls, where)
        assert len(chosen) == query_budget(share, len(calls)) == round(share * 320)
        assert not chosen.duplicated().any()
        assert len(chosen.merge(calls)) == len(chosen)


def test_uniform_calls_are_even(clip):
    calls = candidate_queries(clip.tracks, 2.0, ("face", "person"))
    for _, times in select_queries("uniform", 0.1, clip, calls).groupby(["crop", "person"])["time_s"]:
        assert np.diff(times).tolist() == [5.0] * 7


def test_uncertain_calls_go_where_the_doubt_is_and_do_not_pile_up(clip):
    calls = candidate_queries(clip.tracks, 2.0, ("face", "person"))
    few = select_queries("uncertain", 0.01, clip, calls, where)
    assert set(zip(few["crop"], few["person"], strict=True)) == {("face", 1)}
    assert few["time_s"].between(9.5, 14).all()
    assert np.diff(few["time_s"]).min() >= 1
    many = select_queries("uncertain", 0.25, clip, calls, where)
    assert len(many.groupby(["crop", "person"])) == 4
    for _, times in many.groupby(["crop", "person"])["time_s"]:
        assert np.diff(times).max() <= 5


def test_motion_calls_go_where_something_moves(clip):
    calls = candidate_queries(clip.tracks, 2.0, ("face", "person"))
    demand = motion_utility(clip)
    chosen = select_queries("motion", 0.05, clip, calls)
    values = [demand[row.person, row.crop][int(row.time_s * 10)] for row in chosen.itertuples()]
    assert np.mean(values) > 1.5 * np.mean([part.mean() for part in demand.values()])


def test_kernel_segments_find_the_steps():
    values = np.repeat([0.0, 5.0, 1.0], [4, 10, 6])[:, None]
    assert kernel_segments(values, 3).tolist() == [0, 4, 14, 20]
    assert kernel_segments(values, 1).tolist() == [0, 20]
    assert kernel_segments(values, 20).tolist() == list(range(21))


def test_what_cannot_be_is_refused(clip):
    calls = candidate_queries(clip.tracks, 2.0, ("face",))
    with pytest.raises(
        KinesicsError, match=r"'often' is not a policy\. The policies are uniform, motion, uncertain, kts"
    ):
        select_queries("often", 0.5, clip, calls)
    with pytest.raises(KinesicsError, match=r"budget of 1\.5 is not a share"):
        select_queries("uniform", 1.5, clip, calls)
    with pytest.raises(KinesicsError, match="needs a detector that says where it is undecided"):
        select_queries("uncertain", 0.5, clip, calls)
    assert len(select_queries("uniform", 0.5, clip, calls[:0])) == 0


def test_calls_that_are_saved_say_what_a_subset_says(clip, tmp_path, monkeypatch):
    """Encoding only the chosen calls gives, byte for byte, the subset of what encoding all of them gives."""
    random = np.random.default_rng(0)
    film = write_video(tmp_path / "v.mp4", list(np.repeat(random.integers(0, 255, (40, 100, 200, 3), np.uint8), 10, 0)))
    seen = []

    def encode(images: np.ndarray) -> np.ndarray:
        seen.append(len(images))
        return images.reshape(len(images), -1)[:, : encoder_shape("fer").dim].astype(np.float32)

    replace_network(monkeypatch, "fer", encode)
    (tmp_path / "weights").write_bytes(b"")
    tracks = tmp_path / "v.parquet"
    clip_tracks = toy_clip(tmp_path, "v", 0, 40, 2)[0].tracks
    settings = {"rate_hz": 2.0, "progress": False}
    encode_crops(film, tracks, "fer", tmp_path / "weights", tmp_path / "all.safetensors", **settings)
    whole, total = read_features(tmp_path / "all.safetensors"), sum(seen)
    calls = select_queries("uniform", 0.1, Recording(clip_tracks, {}), candidate_queries(clip_tracks, 2.0, ("face",)))
    seen.clear()
    encode_crops(film, tracks, "fer", tmp_path / "weights", tmp_path / "some.safetensors", queries=calls, **settings)
    some, expected = (
        read_features(tmp_path / "some.safetensors").crops["face"],
        keep_queries(whole, calls).crops["face"],
    )
    assert (total, sum(seen)) == (160, 16)
    for name in ("time_s", "person", "tokens"):
        np.testing.assert_array_equal(getattr(some, name), getattr(expected, name))


def test_possible_calls_are_those_that_are_made(clip):
    calls = candidate_queries(clip.tracks, 2.0, ("face", "person"))
    made = clip.features["vit_s_focus"].crops
    for crop, values in made.items():
        mine = calls[calls["crop"] == crop].sort_values(["time_s", "person"])
        pd.testing.assert_series_equal(mine["time_s"].reset_index(drop=True), pd.Series(values.time_s, name="time_s"))


def test_the_tool_saves_calls_and_says_what_the_study_says(clip, tmp_path, monkeypatch, capsys):
    """``kinesics detect --budget`` asks a tenth of the calls and finds what the subset of all calls finds."""
    _, truth = toy_clip(tmp_path, "v", 0, 40, 2)
    film = write_video(tmp_path / "v.mp4", [np.full((100, 200, 3), k % 250, np.uint8) for k in range(400)])
    asked = []

    def fake(encoder: str):
        def encode(images: np.ndarray) -> np.ndarray:
            asked.extend([encoder] * len(images))
            return images.reshape(len(images), -1)[:, : encoder_shape(encoder).dim].astype(np.float32) / 255

        return encode

    for encoder in ("fer", "hear", "words", "vit_s_focus"):
        replace_network(monkeypatch, encoder, fake(encoder))
    (tmp_path / "weights").write_bytes(b"")
    monkeypatch.setattr(downloads, "fetch", lambda *_: [tmp_path / "weights"])
    monkeypatch.setattr(api, "weights_path", lambda *_: tmp_path / "weights")
    files = {encoder: tmp_path / f"{encoder}.safetensors" for encoder in ("fer", "hear", "words", "vit_s_focus")}
    for encoder, path in files.items():
        if encoder in ("hear", "words"):  # the film has no sound
            encode_sound(film, encoder, tmp_path / "weights", path, progress=False)
        else:
            encode_crops(film, tmp_path / "v.parquet", encoder, tmp_path / "weights", path, progress=False)
    clip = read_recordings([tmp_path / "v.parquet"], list(files.values()))[0]
    model = tmp_path / "model.safetensors"
    arrays = untrained(budgeted.MODEL, [clip], truth, loud=0.5)
    save_file(dict(sorted(arrays.items())), model, {"detector": "kinesics.detectors.budgeted"})
    asked.clear()
    arguments = ["detect", film, "--tracks", tmp_path / "v.parquet", "--model", model, "--budget", "0.1"]
    assert main([*map(str, arguments), "--all", "--out", str(tmp_path / "events.csv")]) == 0
    assert Counter(asked) == {"fer": 800, "vit_s_focus": 32}
    calls = acquire_queries("uncertain", 0.1, clip, budgeted.DETECTOR, model)
    few = clip.with_features(keep_queries(clip.features["vit_s_focus"], calls))
    write_events_csv(budgeted.DETECTOR.detect(few, model)[0], tmp_path / "study.csv")
    assert (tmp_path / "events.csv").read_bytes() == (tmp_path / "study.csv").read_bytes()
    assert len(read_events_csv(tmp_path / "study.csv")) > 10
