"""The cross-validation on open data: descriptors, cut videos, what detectors learn there, and the numbers of the article."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from support.clips import write_video
from support.open_data import write_faces
from support.toy import toy_recording, untrained

from kinesics.detectors import linear
from kinesics.errors import KinesicsError
from kinesics.io.files import write_json
from kinesics.metrics.comparison import compare
from kinesics.metrics.scoring import score
from kinesics.models import augmentation, inference, optimization
from kinesics.models.temporal_model import settings_of
from kinesics.signals.landmarks import landmark_descriptor, landmark_layout
from kinesics.signals.optical_flow import CELLS, FLOW_LAYOUT, flow_descriptor
from kinesics.structures.events import check_events, write_events_csv
from kinesics.structures.tracks import TracksWriter
from kinesics_paper.article.numbers.studies import cross_validation_numbers
from kinesics_paper.article.tables import cross_validation as article
from kinesics_paper.datasets import open_data
from kinesics_paper.studies import cross_validation as study
from kinesics_paper.studies.recordings import cut_recording, read_open_recording, recording_of_descriptor

RATE = 10.0
FACES, POSES, CLIPS = "uci-grammatical-facial-expressions", "mediapipe-pose-gestures", "egogestar"


def points(frames: int = 40, seed: int = 0) -> np.ndarray:
    """Return six landmarks that hardly move: (frames, 6, 3)."""
    random = np.random.default_rng(seed)
    return random.uniform(0, 1, (6, 3)) + random.normal(0, 1e-3, (frames, 6, 3))


def test_landmarks_show_motion_at_any_place_and_size():
    still = points()
    waving = still.copy()
    waving[20:30, 2, 0] += 0.3
    stream = landmark_descriptor(waving, RATE)
    own = stream[:, 5:23].reshape(-1, 6, 3)
    speeds = stream[:, landmark_layout(6).motion]
    assert stream.shape == (40, 5 + 4 * 6)
    assert np.abs(own[20:30, 2, 0]).min() > 0.5 > 10 * np.abs(own[:, [0, 1, 3, 4, 5]]).max()
    assert speeds[20].argmax() == speeds[29].argmax() == 2
    np.testing.assert_allclose(landmark_descriptor(waving * 3 + [5, -2, 0], RATE)[:, 4:], stream[:, 4:], atol=1e-4)
    # The whole moves: no point does by itself.
    walking = still + np.where(np.arange(40) >= 20, 0.2, 0)[:, None, None] * [1, 0, 0]
    stream = landmark_descriptor(walking, RATE)
    assert stream[25, 1] - stream[5, 1] > 0.3
    assert np.abs(stream[:, 5:23]).max() < 0.05


def test_missing_landmarks_are_zero():
    gone = points()
    gone[10:20] = np.nan
    gone[25, 3, 2] = np.nan  # depth alone
    gone[:, 5] = np.nan
    stream = landmark_descriptor(gone, RATE)
    assert np.isfinite(stream).all()
    assert stream[:, 0].tolist() == [1.0] * 10 + [0.0] * 10 + [1.0] * 20
    assert not stream[10:20].any()
    own = stream[:, 5:23].reshape(-1, 6, 3)
    assert own[25, 3].tolist() == [own[25, 3, 0], own[25, 3, 1], 0.0]
    assert not own[:, 5].any()
    assert not landmark_descriptor(np.full((3, 6, 3), np.nan), RATE).any()


def test_optical_flow_has_place_and_direction(tmp_path):
    frames = []
    texture = np.random.default_rng(0).integers(0, 255, (80, 80, 1), np.uint8).repeat(3, 2)
    for k in range(8):
        frame = np.full((240, 320, 3), 90, np.uint8)
        left = 10 + 6 * max(k - 3, 0)  # at rest, then to the right, in the first row of cells
        frame[:80, left : left + 80] = texture
        frames.append(frame)
    stream = flow_descriptor(write_video(tmp_path / "v.mp4", frames), RATE)
    cells = stream[:, 1:37].reshape(8, 12, 3)
    assert stream.shape == (8, 1 + 4 * CELLS[0] * CELLS[1])
    assert (stream[:, 0] == 1).all()
    assert cells[5:, 0, 0].min() > 0.2 > np.abs(cells[:3, :, 0]).max()
    assert np.abs(cells[:, 8:, :2]).max() < 0.1  # below nothing moves
    assert (stream[5:, FLOW_LAYOUT.motion].argmax(1) < 4).all()


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """Return a folder with miniatures of what the readers write: faces by points, a body pose, a video."""
    data, out = tmp_path_factory.mktemp("data"), tmp_path_factory.mktemp("open")
    open_data.write_tables(FACES, write_faces(data), out / FACES)
    pose = np.concatenate([np.random.default_rng(0).uniform(0, 1, (33, 3)), np.ones((33, 1))], 1)
    with TracksWriter(out / POSES / "tracks" / "v.parquet", "v", 30, 200, 100) as writer:
        for frame in range(30):
            pose[20, 3] = frame < 15
            writer.add(
                {
                    "frame": frame,
                    "time_s": frame / 30,
                    "person": 0,
                    "pose": pose + np.array([0.3 * (frame > 9), 0, 0, 0]),
                }
            )
        writer.close(1.0)
    (out / CLIPS / "media").mkdir(parents=True)
    write_video(out / CLIPS / "media" / "v.mp4", [np.full((120, 160, 3), 9 * k, np.uint8) for k in range(12)])
    return out


@pytest.mark.parametrize(
    ("dataset", "video", "columns", "duration_s"),
    [
        (FACES, "a_emphasis", 5 + 4 * 100, 1.5),
        (POSES, "v", 5 + 4 * 33, 1.0),
        (CLIPS, "v", 1 + 4 * CELLS[0] * CELLS[1], 1.2),
    ],
)
def test_every_data_set_has_its_descriptor_at_any_rate(folder, dataset, video, columns, duration_s):
    for rate_hz in (10.0, 20.0):
        clip = read_open_recording(dataset, folder / dataset, video, rate_hz)
        assert clip.descriptor(0).shape == (clip.tracks.frames, columns) == (round(duration_s * rate_hz), columns)
        assert clip.tracks.persons == [0]
        assert clip.descriptor(0)[:, clip.layout.visible].all()
    with pytest.raises(KinesicsError, match="nobody"):
        read_open_recording(dataset, folder / dataset, "nobody", RATE)


def test_a_pose_has_no_point_that_is_hidden(folder):
    stream = read_open_recording(POSES, folder / POSES, "v", RATE).descriptor(0)
    assert (np.diff(stream[:, 1]) > 0.5).tolist() == [False, False, False, True, *[False] * 5]  # 0.4 s: frame 12 of 30
    assert not stream[5:, 5 + 3 * 20 : 8 + 3 * 20].any()


def test_a_clip_is_cut_and_its_events_with_it():
    clip = recording_of_descriptor("v", RATE, np.arange(80, dtype=np.float32).reshape(40, 2), FLOW_LAYOUT)
    rows = [("v", 0, "a", 0.0, 1.0), ("v", 0, "b", 2.8, 3.2), ("v", 0, "a", 3.5, 3.9), ("w", 0, "a", 0.0, 1.0)]
    truth = check_events(pd.DataFrame(rows, columns=["video", "person", "label", "start_s", "end_s"]))
    parts = study.cut_training_video(clip, truth)
    first, last, events = parts.training, parts.validation, parts.events
    assert (first.tracks.frames, last.tracks.frames) == (30, 10)
    np.testing.assert_array_equal(last.descriptor(0), clip.descriptor(0)[30:])
    assert last.descriptor(0).tolist() == cut_recording(clip, 30, 40).descriptor(0).tolist()
    rows = [
        (label, round(start, 6), round(end, 6))
        for video, label, start, end in events[["video", "label", "start_s", "end_s"]].itertuples(index=False)
        if video == last.tracks.video
    ]
    assert rows == [("b", 0.0, 0.2), ("a", 0.5, 0.9)]
    assert events.loc[events["video"] == first.tracks.video, "end_s"].tolist() == [1.0, 3.0]


def test_a_label_without_training_events_in_a_fold_is_left_out():
    truth = pd.DataFrame({"video": ["a", "a", "b", "c"], "label": ["x", "happy", "x", "happy"]})
    splits = {"1": {"train": ["b", "c"], "test": ["a"]}, "2": {"train": ["a"], "test": ["b"]}}
    assert study.scored_labels(truth, splits) == (["happy", "x"], [])
    splits["1"]["train"] = ["b"]
    assert study.scored_labels(truth, splits) == (["x"], ["happy"])


@pytest.fixture
def planted(tmp_path, monkeypatch) -> Path:
    """Return the folder of four people's streams, in which a column is up while "up" is on, and another for "down"."""
    random, rows, clips = np.random.default_rng(0), [], {}
    videos = ["a1", "a2", "b1", "c1"]
    for video in videos:
        stream = random.normal(0, 0.2, (300, FLOW_LAYOUT.motion[-1] + 1)).astype(np.float32)
        stream[:, 0] = 1
        for number, label in enumerate(("up", "down") * 6):
            begin = 20 + 22 * number + int(random.integers(0, 6))
            stream[begin : begin + 12, 1 + number % 2] += 3
            rows.append((video, 0, label, begin / RATE, (begin + 12) / RATE))
        clips[video] = recording_of_descriptor(video, RATE, stream, FLOW_LAYOUT)
    write_events_csv(
        check_events(pd.DataFrame(rows, columns=["video", "person", "label", "start_s", "end_s"])),
        tmp_path / "events.csv",
    )
    streams = pd.DataFrame({"video": videos, "subject": [video[0] for video in videos], "duration_s": 30.0})
    streams.to_csv(tmp_path / "streams.csv", index=False)
    people = {person: [video for video in videos if video[0] == person] for person in "abc"}
    splits = {
        person: {"train": [video for video in videos if video not in own], "test": own}
        for person, own in people.items()
    }
    write_json(tmp_path / "splits.json", splits)
    monkeypatch.setattr(study, "read_open_recording", lambda dataset, folder, video, rate_hz: clips[video])
    return tmp_path


def test_what_can_be_learned_is_detected_in_persons_left_out(planted):
    settings = {"rate_hz": RATE, "unit": "person", "options": {"steps": 200, "batch": 2, "decay": 0.05}}
    scoring = {"resamples": 200, "seed": 0, "block_s": 10}
    detectors = {"chance": [0, 1], "linear": [0]}
    for name in ("one.json", "two.json"):
        scores = study.cross_validate("any", planted, detectors, settings, scoring, reference="linear")
        write_json(planted / name, scores)
    assert (planted / "one.json").read_bytes() == (planted / "two.json").read_bytes()
    result = json.loads((planted / "one.json").read_text())
    summary = [result[key] for key in ("labels", "left_out", "unit", "units", "videos", "folds", "seeds")]
    assert summary == [["down", "up"], [], "person", 3, 4, 3, 1]
    metrics = {name: scored["metrics"] for name, scored in result["detectors"].items()}
    assert metrics["linear"]["map"]["value"] > 0.7 > 0.3 > metrics["chance"]["map"]["value"] > 0
    assert metrics["linear"]["f1_50"]["value"] > 0.7
    assert metrics["linear"]["map"]["n"] == 48
    entry = result["tests"]["map"]["chance"]
    assert entry["value"] == pytest.approx(
        metrics["chance"]["map"]["value"] - metrics["linear"]["map"]["value"], abs=2e-6
    )
    assert entry["p_holm"] == entry["p"] == 0.25  # of the eight ways to exchange three people, the two one-sided ones
    with pytest.raises(KinesicsError, match="unit 'clip' is none of video, person, block"):
        study.cross_validate("any", planted, detectors, settings | {"unit": "clip"}, scoring, reference="linear")


def test_streams_without_a_mirror_are_not_mirrored_and_others_are_refused(tmp_path):
    clip, truth = toy_recording(tmp_path, "v", 0, 10)
    other = recording_of_descriptor("w", RATE, np.ones((100, 49), np.float32), FLOW_LAYOUT)
    found = {}
    for one in (clip, other):
        events = truth.assign(video=one.tracks.video)
        model = untrained(linear.MODEL, [one], events)
        labels = settings_of(model)["labels"]
        sequences = inference.scaled_sequences(model, one)
        found[one.tracks.video] = len(
            augmentation.training_windows(linear.MODEL, sequences, [events], labels)["descriptor"]
        )
    assert found == {"v": 6, "w": 3}
    with pytest.raises(
        KinesicsError, match=r"'v': a descriptor of \d+ columns, but the model learned on 49: it learned from"
    ):
        inference.scaled_sequences(model, clip)


def test_people_are_drawn_whole_and_models_have_their_own_thresholds():
    rows = [(video, 0, "happy", 1.0, 2.0) for video in "abcdefgh"]
    truth = check_events(pd.DataFrame(rows, columns=["video", "person", "label", "start_s", "end_s"]))
    found = truth[truth["video"].isin([*"abcd"])].assign(score=[0.9, 0.3, 0.9, 0.9]).reset_index(drop=True)
    shared = {"durations": dict.fromkeys("abcdefgh", 5.0), "block_s": np.inf, "resamples": 400}
    people = dict.fromkeys("abcd", "x") | dict.fromkeys("efgh", "y")
    alone, whole = (score(truth, found, clusters=of, **shared)["metrics"]["recall_50"] for of in (None, people))
    assert (alone["value"], whole["value"]) == (0.5, 0.5)
    assert (whole["low"], whole["high"]) == (0.0, 1.0)
    assert 0 < alone["low"] < alone["high"] < 1
    one = score(truth, found, clusters=dict.fromkeys("abcdefgh", "x"), **shared)["metrics"]["recall_50"]
    assert (one["low"], one["high"]) == (None, None)
    nothing = found[:0]
    p = [
        compare(truth, found, nothing, clusters=of, permutations=300, **shared)["metrics"]["recall_50"]["p"]
        for of in (None, people)
    ]
    # All four that differ the same way: two of sixteen. Of two people one differs: the other way round is as far.
    assert p == [0.125, 1.0]
    low = score(truth, found, thresholds={"predicted": [dict.fromkeys("abcdefgh", 0.5) | {"b": 0.2}]}, **shared)
    high = score(truth, found, thresholds={"predicted": [dict.fromkeys("abcdefgh", 0.5)]}, **shared)
    assert [entry["metrics"]["recall_50"]["value"] for entry in (low, high)] == [0.5, 0.375]
    with pytest.raises(KinesicsError, match="thresholds of predicted: video 'b' has none"):
        score(truth, found, thresholds={"predicted": [{"a": 0.5}]}, **shared)


def test_the_article_has_the_numbers_of_the_study(tmp_path):
    def entry(value: float, low: float | None, high: float | None) -> dict:
        return {"value": value, "low": low, "high": high, "n": 9}

    def scored(value: float) -> dict:
        return {"metrics": {"map": entry(value, 0.1, 0.9), "f1_50": entry(0.5, None, None)}}

    facts = {
        "labels": ["x", "y"],
        "left_out": ["a_b"],
        "unit": "video",
        "units": 7,
        "videos": 7,
        "folds": 3,
        "seeds": 5,
    }
    facts |= {"rate_hz": 15, "options": {"steps": 30, "batch": 1}, "validation": 0.25, "reference": "budgeted"}
    facts["detectors"] = {"chance": scored(0.0), "linear": scored(0.25), "budgeted": scored(0.375)}
    tests = {"chance": entry(-0.375, -0.5, -0.25), "linear": entry(-0.125, -0.25, -0.0625)}
    facts["tests"] = {"map": {name: one | {"p_holm": 0.03125} for name, one in tests.items()}}
    write_json(tmp_path / "some-set.json", facts)
    worse = {"map": {name: one | {"p_holm": None} | entry(0.1, 0.05, 0.2) for name, one in tests.items()}}
    write_json(tmp_path / "other-set.json", facts | {"tests": worse, "folds": 1})
    paths = [tmp_path / "some-set.json", tmp_path / "other-set.json"]
    numbers = cross_validation_numbers(paths)
    assert [numbers[f"open.some-set.{name}"] for name in ("best", "gain", "gain.low", "gain.high", "gain.p")] == [
        *("linear", 0.125, 0.0625, 0.25, "0.031"),
    ]
    assert [numbers[f"open.{name}"] for name in ("sets", "above", "below", "seeds", "steps", "validation")] == [
        *(2, 1, 1, 5, "30", "25"),
    ]
    assert numbers["open.some-set.left_out"] == r"a\_b"
    assert cross_validation_numbers([]) == {}
    article.table(paths, tmp_path / "t.tex")
    lines = (tmp_path / "t.tex").read_text().splitlines()
    assert "other-" in lines[4]
    assert "1 fold;" in lines[4]
    assert lines[8] == r"\midrule"
    assert "7 streams, 2 labels, 3 folds; 7 units (video)" in lines[9]
    assert lines[11].startswith(r"linear & 0.25 [0.10, 0.90] & 0.50 & \ensuremath{-}0.12 [\ensuremath{-}0.25,")
    assert lines[12] == r"budgeted & 0.38 [0.10, 0.90] & 0.50 &  &  \\"


def test_rows_that_no_step_draws_change_nothing(tmp_path, monkeypatch):
    assert optimization._padded(np.ones((5, 2))).sum(1).tolist() == [2.0] * 5 + [0.0] * 3
    assert optimization._padded(np.ones((8, 2))).shape == (8, 2)
    clip, truth = toy_recording(tmp_path, "v", 0, 10)
    padded, plain = [], []
    for kept in (padded, plain):
        kept.append(linear.DETECTOR.fit([clip], [truth], 0, steps=20))
        monkeypatch.setattr(optimization, "_padded", lambda part: part)
    assert all((padded[0][name] == plain[0][name]).all() for name in plain[0])
