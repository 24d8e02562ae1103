"""Detectors on small tracks made here: what moves is found, what does not is not, and bad input is refused."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from safetensors.numpy import save_file

from kinesics.detectors import chance, probe, registry, rules
from kinesics.detectors.base import Trainable
from kinesics.detectors.runner import detect_files, fit_files
from kinesics.encoders.registry import ENCODERS
from kinesics.errors import KinesicsError
from kinesics.signals import cues
from kinesics.signals.event_assembly import assemble_events, event_boxes, events_from_scores
from kinesics.signals.recording import Recording
from kinesics.structures.events import BOX, check_events, read_events_csv, read_tubes, write_events_csv
from kinesics.structures.features import CropFeatures, Features, write_features
from kinesics.structures.tracks import FACE_BOX, LANDMARKS, PERSON_BOX, Tracks, TracksWriter, read_tracks

RATE = 10.0


def save(model: dict, path: Path, detector: str) -> None:
    save_file(model, path, {"detector": f"kinesics.detectors.{detector}"})


def make_tracks(path: Path, seconds: float, parts: dict, video: str = "v") -> Tracks:
    """Write and read tracks of person 0; ``parts`` maps a part to a function of time that gives its landmarks or None."""
    with TracksWriter(path, video, RATE, 200, 100) as writer:
        for frame in range(round(seconds * RATE)):
            row = {"frame": frame, "time_s": frame / RATE, "person": 0, "face_score": 0.9, "person_score": 0.9}
            row |= dict(zip(FACE_BOX, (0.4, 0.2, 0.6, 0.6), strict=True))
            row |= dict(zip(PERSON_BOX, (0.2, 0.1, 0.8, 1), strict=True))
            row |= {part: make(frame / RATE) for part, make in parts.items()}
            writer.add(row)
        writer.close(seconds)
    return read_tracks(path)


def face(yaw: float = 0.0, opening: float = 0.0) -> np.ndarray:
    """Return a mesh turned by ``yaw`` degrees, lips apart by a share of the face's height (40 of 100 pixels)."""
    points = np.zeros((468, 3), np.float32)
    turn = np.radians(yaw)
    cheeks, eyes = (
        ((cues.RIGHT_CHEEK, -15, 0), (cues.LEFT_CHEEK, 15, 0)),
        ((cues.RIGHT_EYE, -8, -8), (cues.LEFT_EYE, 8, -8)),
    )
    for point, x, y in (*cheeks, *eyes):
        points[point] = x * np.cos(turn), y, x * np.sin(turn)
    points[cues.FOREHEAD], points[cues.CHIN] = (0, -20, 0), (0, 20, 0)
    points[cues.UPPER_LIP], points[cues.LOWER_LIP] = (0, 10, 0), (0, 10 + 40 * opening, 0)
    # From pixels to fractions of a 200 x 100 frame; depth goes with the width.
    return points / (200, 100, 200) + (0.5, 0.4, 0)


def pose(shift: float = 0.0) -> np.ndarray:
    """Return a body with shoulders 60 pixels apart, moved to the right by a share of that."""
    points = np.full((33, 4), 0.5, np.float32)
    points[cues.LEFT_SHOULDER, :2], points[cues.RIGHT_SHOULDER, :2] = (
        (0.65 + 0.3 * shift, 0.8),
        (0.35 + 0.3 * shift, 0.8),
    )
    return points


def hand(x: float, y: float) -> np.ndarray:
    return np.tile(np.float32([x, y, 0]), (21, 1))


def calm(tracks: Tracks) -> Recording:
    """Return the clip with a classifier that always says neutral."""
    times = np.arange(tracks.frames) / RATE
    tokens = np.tile(np.float32([0, 0, 0, 0, 0, 0, 1]), (len(times), 1))
    return Recording(
        tracks, {"fer": Features("v", "fer", RATE, {"face": CropFeatures(times, np.zeros(len(times), int), tokens)})}
    )


def wave(t: float) -> np.ndarray | None:
    return hand(0.1 + 0.15 * abs((2 * t) % 2 - 1), 0.7) if 4 <= t < 7 else hand(0.1, 0.7)


@pytest.mark.parametrize(
    ("label", "parts"),
    [
        ("head_turn", {"face": lambda t: face(yaw=35 if 4 <= t < 7 else 0)}),
        ("speaking", {"face": lambda t: face(opening=0.05 * (round(t * RATE) % 3) if 4 <= t < 7 else 0)}),
        ("hand_to_face", {"face": lambda t: face(), "left_hand": lambda t: hand(0.5, 0.5) if 4 <= t < 7 else None}),
        ("hand_gesture", {"face": lambda t: face(), "pose": lambda t: pose(), "right_hand": wave}),
        ("posture_shift", {"face": lambda t: face(), "pose": lambda t: pose(min(max((t - 4) / 3, 0), 1))}),
    ],
)
def test_rules_find_the_one_movement_there_is(tmp_path, label, parts):
    clip = calm(make_tracks(tmp_path / "v.parquet", 12, parts))
    events, tubes = rules.detect(clip)
    assert events["label"].tolist() == [label]
    assert events.loc[0, "start_s"] == pytest.approx(4, abs=0.8)
    assert events.loc[0, "end_s"] == pytest.approx(7, abs=0.8)
    frames = round((events.loc[0, "end_s"] - events.loc[0, "start_s"]) * RATE)
    assert 0 < len(tubes) <= frames
    assert (tubes["event"] == 0).all()


def test_rules_find_nothing_in_a_still_person(tmp_path):
    still = {"face": lambda t: face(), "pose": lambda t: pose(), "left_hand": lambda t: hand(0.1, 0.9)}
    events, tubes = rules.detect(calm(make_tracks(tmp_path / "v.parquet", 12, still)))
    assert len(events) == len(tubes) == 0


def test_rules_read_the_classifier(tmp_path):
    clip = calm(make_tracks(tmp_path / "v.parquet", 12, {"face": lambda t: face()}))
    happy = cues.EXPRESSIONS.index("happy")
    clip.features["fer"].crops["face"].tokens[40:70] = 0
    clip.features["fer"].crops["face"].tokens[40:70, happy] = 1
    events, _ = rules.detect(clip)
    assert events["label"].tolist() == ["happy"]
    assert events.loc[0, ["start_s", "end_s"]].tolist() == pytest.approx([4, 7], abs=0.3)
    assert events.loc[0, BOX].tolist() == pytest.approx([0.4, 0.2, 0.6, 0.6])


@pytest.mark.parametrize("seconds", [0.1, 0.5, 3])
def test_rules_bear_people_of_whom_little_is_seen(tmp_path, seconds):
    clip = calm(make_tracks(tmp_path / "v.parquet", seconds, {}))
    events, _ = rules.detect(clip)
    assert len(events) == 0


def test_events_end_with_the_video(tmp_path):
    tracks = make_tracks(tmp_path / "v.parquet", 2, {})
    score = np.full(20, 0.9)
    events, tubes = events_from_scores(Recording(tracks, {}), {(0, "happy"): score}, 0.5, 0.3)
    assert events.loc[0, ["start_s", "end_s"]].tolist() == [0, 2]
    assert len(tubes) == 20


def test_a_box_that_was_never_seen_is_left_out(tmp_path):
    tracks = make_tracks(tmp_path / "v.parquet", 2, {})
    assert np.isnan(event_boxes(tracks, 0, "hand_gesture")).all()
    events, tubes = assemble_events(tracks, [(0, "hand_gesture", 0, 10, 1.0)])
    assert events[BOX].isna().all(axis=None)
    assert len(tubes) == 0


def test_hand_boxes_stay_in_the_frame(tmp_path):
    outside = np.concatenate([hand(0.9, 0.9)[:20], [[1.3, -0.2, 0]]])
    tracks = make_tracks(tmp_path / "v.parquet", 1, {"left_hand": lambda t: outside})
    np.testing.assert_allclose(event_boxes(tracks, 0, "hand_gesture")[0], [0.9, 0, 1, 0.9], atol=1e-6)


@pytest.fixture
def labelled(tmp_path) -> tuple[list[Recording], pd.DataFrame]:
    """Return three clips of 30 s whose tokens say whether the person is happy, and the truth."""
    random = np.random.default_rng(0)
    clips, rows = [], []
    for video in ("a", "b", "c"):
        tracks = make_tracks(tmp_path / f"{video}.parquet", 30, {}, video)
        times = np.arange(60) / 2
        start = random.integers(2, 15)
        tokens = random.normal(size=(60, 8)).astype(np.float32)
        tokens[(times >= start) & (times < start + 8), 3] += 6
        crop = CropFeatures(times, np.zeros(60, int), tokens)
        clips.append(
            Recording(tracks, {"vit_s_focus": Features(video, "vit_s_focus", 2.0, {"face": crop, "person": crop})})
        )
        rows.append({"video": video, "person": 0, "label": "happy", "start_s": start, "end_s": start + 8})
    return clips, check_events(pd.DataFrame(rows))


def test_the_probe_learns_what_the_tokens_say(tmp_path, labelled):
    clips, truth = labelled
    model = probe.fit(clips[:2], [truth], 0)
    assert {name for name in model if name.endswith(".weight")} == {"happy.weight"}
    save(model, tmp_path / "model.safetensors", "probe")
    events, _ = probe.detect(clips[2], tmp_path / "model.safetensors")
    true = truth[truth["video"] == "c"].iloc[0]
    assert events["label"].tolist() == ["happy"]
    assert events.loc[0, ["start_s", "end_s"]].tolist() == pytest.approx([true["start_s"], true["end_s"]], abs=0.8)


def test_the_probe_refuses_features_of_another_size(tmp_path, labelled):
    clips, truth = labelled
    model = probe.fit(clips[:2], [truth], 0)
    save(model | {"mean": model["mean"][:5]}, tmp_path / "model.safetensors", "probe")
    with pytest.raises(KinesicsError, match=r"model.safetensors: learned on 5 numbers an instant, but .* 'c' have 16"):
        probe.detect(clips[2], tmp_path / "model.safetensors")


def test_chance_draws_at_the_base_rate_and_is_blind(tmp_path, labelled):
    clips, truth = labelled
    model = chance.fit(clips[:2], [truth], 0)
    assert model["happy.rate"][0] == pytest.approx(2 / 60)
    save(model, tmp_path / "model.safetensors", "chance")
    counts = []
    for seed in range(200):
        events, _ = chance.detect(clips[2], tmp_path / "model.safetensors", seed)
        assert ((events["end_s"] - events["start_s"]) < 8.001).all()
        counts.append(len(events))
    assert np.mean(counts) == pytest.approx(1, abs=0.2)
    again, _ = chance.detect(clips[2], tmp_path / "model.safetensors", 7)
    pd.testing.assert_frame_equal(again, chance.detect(clips[2], tmp_path / "model.safetensors", 7)[0])


def test_files_in_files_out(tmp_path, labelled):
    clips, truth = labelled
    write_events_csv(truth, tmp_path / "truth.csv")
    paths = [str(tmp_path / f"{video}.parquet") for video in ("a", "b", "c")]
    features = []
    for clip in clips:
        features.append(str(tmp_path / f"{clip.tracks.video}.safetensors"))
        write_features(clip.features["vit_s_focus"], features[-1])
    outputs = []
    for name in ("one", "two"):
        out = tmp_path / name
        fit_files("probe", paths[:2], features[:2], [str(tmp_path / "truth.csv")], out / "model.safetensors")
        detect_files(
            "probe", paths[2], features[2:], out / "model.safetensors", out / "events.csv", out / "tubes.parquet"
        )
        outputs.append({path.name: path.read_bytes() for path in out.iterdir()})
    assert outputs[0] == outputs[1]
    events, tubes = read_events_csv(tmp_path / "one/events.csv"), read_tubes(tmp_path / "one/tubes.parquet")
    assert set(tubes["event"]) == set(range(len(events)))
    with pytest.raises(
        KinesicsError, match="detector 'probe' reads features of 'vit_s_focus', but none of 'c' were given"
    ):
        detect_files("probe", paths[2], [], tmp_path / "one/model.safetensors", tmp_path / "events.csv")
    assert not (tmp_path / "events.csv").exists()
    with pytest.raises(KinesicsError, match=r"absent: no such file; detector 'probe' has to be trained first"):
        detect_files("probe", paths[2], features[2:], tmp_path / "absent", tmp_path / "events.csv")


def test_the_catalogue_names_modules_with_the_contract():
    for name in registry.DETECTORS:
        module = registry.find_detector(name)
        assert set(module.labels)
        assert callable(module.detect)
        assert isinstance(module, Trainable) == registry.is_trained(name)
        assert set(registry.required_encoders(name)) <= set(ENCODERS)
    with pytest.raises(KinesicsError, match=r"'magic' is not a detector. The detectors are rules, envision, probe"):
        registry.find_detector("magic")


def test_tracks_that_are_none_are_refused(tmp_path):
    (tmp_path / "bad.parquet").write_bytes(b"PAR1 nonsense")
    with pytest.raises(KinesicsError, match=r"bad.parquet: not a tracks file"):
        read_tracks(tmp_path / "bad.parquet")
    with pytest.raises(KinesicsError, match="no such file; make it with: kinesics track"):
        read_tracks(tmp_path / "absent.parquet")


def test_an_interrupted_writer_leaves_nothing(tmp_path):
    def interrupted() -> None:
        with TracksWriter(tmp_path / "v.parquet", "v", RATE, 2, 2) as writer:
            writer.add({"frame": 0, "time_s": 0.0, "person": 0})
            raise RuntimeError("a cable was pulled")

    with pytest.raises(RuntimeError, match="cable"):
        interrupted()
    assert list(tmp_path.iterdir()) == []


def test_tracks_keep_what_was_seen(tmp_path):
    random = np.random.default_rng(1)
    mesh = random.random((468, 3)).astype(np.float32)
    tracks = make_tracks(tmp_path / "v.parquet", 3, {"face": lambda t: mesh if 1 <= t < 2 else None})
    dense = tracks.dense(0, "face")
    assert dense.shape == (30, *LANDMARKS["face"])
    np.testing.assert_array_equal(dense[10:20], np.tile(mesh, (10, 1, 1)))
    assert np.isnan(dense[:10]).all()
    assert np.isnan(dense[20:]).all()


def test_the_model_of_another_detector_is_refused(tmp_path, labelled):
    clips, truth = labelled
    save(chance.fit(clips[:2], [truth], 0), tmp_path / "model.safetensors", "chance")
    with pytest.raises(KinesicsError, match=r"model.safetensors: learned by 'chance', not by detector 'probe'"):
        probe.detect(clips[2], tmp_path / "model.safetensors")


def test_rows_that_cannot_be_are_refused(tmp_path):
    with TracksWriter(tmp_path / "v.parquet", "v", RATE, 2, 2) as writer:
        for frame in (0, 30):
            writer.add({"frame": frame, "time_s": frame / RATE, "person": 0})
        writer.close(1.0)
    with pytest.raises(KinesicsError, match=r"v.parquet: frame 30 is not one of the 10 of a video of 1.0 s at 10.0 Hz"):
        read_tracks(tmp_path / "v.parquet")
    with TracksWriter(tmp_path / "v.parquet", "v", RATE, 2, 2) as writer:
        for _ in range(2):
            writer.add({"frame": 3, "time_s": 0.3, "person": 0})
        writer.close(1.0)
    with pytest.raises(KinesicsError, match=r"v.parquet: frame 3 has two rows of person 0"):
        read_tracks(tmp_path / "v.parquet")
