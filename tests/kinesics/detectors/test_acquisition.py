"""Acquisition policies spend exactly their budget, where the utility is; queries that are not made change nothing else."""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from importlib import import_module

import numpy as np
import pandas as pd
import pytest
from safetensors.numpy import save_file
from support.clips import write_video
from support.toy import toy_recording, untrained

from kinesics import api
from kinesics.cli.main import main
from kinesics.detectors import budgeted
from kinesics.detectors.acquisition import (
    POLICIES,
    SHARES,
    acquire_queries,
    candidate_queries,
    keep_queries,
    motion_utility,
    query_budget,
    select_queries,
)
from kinesics.detectors.base import Utility
from kinesics.encoders import registry
from kinesics.encoders.extract import encode_crops, encode_sound
from kinesics.encoders.shapes import encoder_shape
from kinesics.errors import KinesicsError
from kinesics.io import downloads
from kinesics.signals.recording import Recording, read_recordings
from kinesics.structures.events import read_events_csv, write_events_csv
from kinesics.structures.features import read_features


@pytest.fixture(scope="module")
def recording(tmp_path_factory) -> Recording:
    return toy_recording(tmp_path_factory.mktemp("toy"), "v", 0, 40, 2)[0]


def replace_network(monkeypatch: pytest.MonkeyPatch, encoder: str, encode: Callable) -> None:
    """Let an encoder of the table run a function in place of its network."""
    module = import_module(f"kinesics.encoders.{registry.ENCODERS[encoder]['module']}")
    monkeypatch.setattr(module, "ENCODER", replace(module.ENCODER, load=lambda weights: encode))


def utility_of_a_face(recording: Recording) -> Utility:
    """Return a utility that is 1 in the face of person 1 from 10 to 14 s, and 0 elsewhere."""
    utility = {(person, crop): np.zeros(recording.tracks.frames) for person in (0, 1) for crop in ("face", "person")}
    utility[1, "face"][100:140] = 1
    return utility


@pytest.mark.parametrize("policy", POLICIES)
def test_a_budget_is_spent_to_the_last_query(recording, policy):
    queries = candidate_queries(recording.tracks, 2.0, ("face", "person"))
    assert len(queries) == 2 * 2 * 80
    for share in (0, *SHARES):
        selected = select_queries(policy, share, recording, queries, utility_of_a_face)
        assert len(selected) == query_budget(share, len(queries)) == round(share * 320)
        assert not selected.duplicated().any()
        assert len(selected.merge(queries)) == len(selected)


def test_uniform_queries_are_evenly_spaced(recording):
    queries = candidate_queries(recording.tracks, 2.0, ("face", "person"))
    for _, times in select_queries("uniform", 0.1, recording, queries).groupby(["crop", "person"])["time_s"]:
        assert np.diff(times).tolist() == [5.0] * 7


def test_uncertain_queries_follow_the_utility_and_spread(recording):
    queries = candidate_queries(recording.tracks, 2.0, ("face", "person"))
    few = select_queries("uncertain", 0.01, recording, queries, utility_of_a_face)
    assert set(zip(few["crop"], few["person"], strict=True)) == {("face", 1)}
    assert few["time_s"].between(9.5, 14).all()
    assert np.diff(few["time_s"]).min() >= 1
    many = select_queries("uncertain", 0.25, recording, queries, utility_of_a_face)
    assert len(many.groupby(["crop", "person"])) == 4
    for _, times in many.groupby(["crop", "person"])["time_s"]:
        assert np.diff(times).max() <= 5


def test_motion_queries_follow_the_motion(recording):
    queries = candidate_queries(recording.tracks, 2.0, ("face", "person"))
    utility = motion_utility(recording)
    selected = select_queries("motion", 0.05, recording, queries)
    values = [utility[row.person, row.crop][int(row.time_s * 10)] for row in selected.itertuples()]
    assert np.mean(values) > 1.5 * np.mean([part.mean() for part in utility.values()])


def test_unknown_policies_and_shares_are_refused(recording):
    queries = candidate_queries(recording.tracks, 2.0, ("face",))
    with pytest.raises(KinesicsError, match=r"'often' is not a policy\. The policies are uniform, motion, uncertain"):
        select_queries("often", 0.5, recording, queries)
    with pytest.raises(KinesicsError, match=r"budget of 1\.5 is not a share"):
        select_queries("uniform", 1.5, recording, queries)
    with pytest.raises(KinesicsError, match="needs a detector that outputs its uncertainty"):
        select_queries("uncertain", 0.5, recording, queries)
    assert len(select_queries("uniform", 0.5, recording, queries[:0])) == 0


@pytest.mark.slow
def test_encoding_selected_queries_gives_the_subset_of_all_features(tmp_path, monkeypatch):
    """Encoding only the selected queries gives, byte for byte, the subset of the features of all of them."""
    random = np.random.default_rng(0)
    frames = np.repeat(random.integers(0, 255, (40, 100, 200, 3), np.uint8), 10, 0)
    video, batches = write_video(tmp_path / "v.mp4", list(frames)), []

    def encode(images: np.ndarray) -> np.ndarray:
        batches.append(len(images))
        return images.reshape(len(images), -1)[:, : encoder_shape("fer").dim].astype(np.float32)

    replace_network(monkeypatch, "fer", encode)
    (tmp_path / "weights").write_bytes(b"")
    tracks = tmp_path / "v.parquet"
    tracks_of_two = toy_recording(tmp_path, "v", 0, 40, 2)[0].tracks
    settings = {"rate_hz": 2.0, "progress": False}
    encode_crops(video, tracks, "fer", tmp_path / "weights", tmp_path / "all.safetensors", **settings)
    whole, total = read_features(tmp_path / "all.safetensors"), sum(batches)
    candidates = candidate_queries(tracks_of_two, 2.0, ("face",))
    queries = select_queries("uniform", 0.1, Recording(tracks_of_two, {}), candidates)
    batches.clear()
    encode_crops(video, tracks, "fer", tmp_path / "weights", tmp_path / "some.safetensors", queries=queries, **settings)
    some, expected = (
        read_features(tmp_path / "some.safetensors").crops["face"],
        keep_queries(whole, queries).crops["face"],
    )
    assert (total, sum(batches)) == (160, 16)
    for name in ("time_s", "person", "tokens"):
        np.testing.assert_array_equal(getattr(some, name), getattr(expected, name))


def test_candidate_queries_are_those_of_the_encoder(recording):
    queries = candidate_queries(recording.tracks, 2.0, ("face", "person"))
    made = recording.features["vit_s_focus"].crops
    for crop, values in made.items():
        rows = queries[queries["crop"] == crop].sort_values(["time_s", "person"])
        pd.testing.assert_series_equal(rows["time_s"].reset_index(drop=True), pd.Series(values.time_s, name="time_s"))


@pytest.mark.slow
def test_detect_with_a_budget_makes_few_queries_and_equals_the_study(tmp_path, monkeypatch):
    """``kinesics detect --budget`` makes a tenth of the queries and has the events of that subset of all features."""
    _, truth = toy_recording(tmp_path, "v", 0, 40, 2)
    video = write_video(tmp_path / "v.mp4", [np.full((100, 200, 3), k % 250, np.uint8) for k in range(400)])
    queried = []

    def fake(encoder: str):
        def encode(images: np.ndarray) -> np.ndarray:
            queried.extend([encoder] * len(images))
            return images.reshape(len(images), -1)[:, : encoder_shape(encoder).dim].astype(np.float32) / 255

        return encode

    for encoder in ("fer", "audio_activity", "text_emotion", "vit_s_focus"):
        replace_network(monkeypatch, encoder, fake(encoder))
    (tmp_path / "weights").write_bytes(b"")
    monkeypatch.setattr(downloads, "fetch", lambda *_: [tmp_path / "weights"])
    monkeypatch.setattr(api, "weights_path", lambda *_: tmp_path / "weights")
    files = {
        encoder: tmp_path / f"{encoder}.safetensors"
        for encoder in ("fer", "audio_activity", "text_emotion", "vit_s_focus")
    }
    for encoder, path in files.items():
        if encoder in ("audio_activity", "text_emotion"):  # the video has no sound
            encode_sound(video, encoder, tmp_path / "weights", path, progress=False)
        else:
            encode_crops(video, tmp_path / "v.parquet", encoder, tmp_path / "weights", path, progress=False)
    recording = read_recordings([tmp_path / "v.parquet"], list(files.values()))[0]
    model = tmp_path / "model.safetensors"
    arrays = untrained(budgeted.MODEL, [recording], truth, noise=0.5)
    save_file(dict(sorted(arrays.items())), model, {"detector": "kinesics.detectors.budgeted"})
    queried.clear()
    arguments = ["detect", video, "--tracks", tmp_path / "v.parquet", "--model", model, "--budget", "0.1"]
    assert main([*map(str, arguments), "--all", "--out", str(tmp_path / "events.csv")]) == 0
    assert Counter(queried) == {"fer": 800, "vit_s_focus": 32}
    queries = acquire_queries("uncertain", 0.1, recording, budgeted.DETECTOR, model)
    few = recording.with_features(keep_queries(recording.features["vit_s_focus"], queries))
    write_events_csv(budgeted.DETECTOR.detect(few, model)[0], tmp_path / "study.csv")
    assert (tmp_path / "events.csv").read_bytes() == (tmp_path / "study.csv").read_bytes()
    assert len(read_events_csv(tmp_path / "study.csv")) > 10
