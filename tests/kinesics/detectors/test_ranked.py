"""The detector finds planted events of people it did not learn from."""

import numpy as np
import pandas as pd
import pytest
from support.event_tables import event_counts
from support.people_tracks import on, person_recording

from kinesics.detectors import ranked
from kinesics.errors import KinesicsError
from kinesics.io.checkpoints import write_checkpoint
from kinesics.signals.coefficients import quiet_levels, recording_columns, recording_signals

LABELS = ["happy", "head_turn"]


def planted(folder, video, seed):
    """Return a recording of 40 s with two smiles and two turns, and its events."""
    rng = np.random.default_rng(seed)
    spans = {label: np.sort(rng.uniform([3, 22], [15, 34])) for label in LABELS}
    spans = {label: [(s, s + rng.uniform(1, 4)) for s in starts] for label, starts in spans.items()}
    rows = [(video, 0, label, *span) for label in LABELS for span in spans[label]]
    usual, smile = rng.uniform(-15, 15), rng.uniform(0.5, 0.9)

    def motion(t):
        turned = any(on(t, *span) for span in spans["head_turn"])
        smiling = any(on(t, *span) for span in spans["happy"])
        return {"yaw": usual + 35 * turned, "mouthSmile": smile if smiling else 0.02}

    events = pd.DataFrame(rows, columns=["video", "person", "label", "start_s", "end_s"])
    return person_recording(folder / f"{video}.parquet", 40, motion, video), events


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    folder = tmp_path_factory.mktemp("ranked")
    return [planted(folder, f"v{k}", k) for k in range(7)]


@pytest.fixture(scope="module")
def learned(data):
    truth = pd.concat([events for _, events in data[:6]], ignore_index=True)
    return ranked.fit([recording for recording, _ in data[:6]], [truth, truth], 0)


def test_events_of_a_stranger_are_found(data, learned, tmp_path):
    recording, truth = data[6]
    write_checkpoint("ranked", learned, tmp_path / "m.safetensors")
    events, tubes = ranked.detect(recording, tmp_path / "m.safetensors")
    counts = event_counts(truth, events, 0.5).sum()
    assert counts["tp"] >= 3
    assert counts["fp"] <= 1
    assert events["score"].between(0, 1).all()
    assert set(tubes["event"]) == set(range(len(events)))


def test_columns_alone_give_the_events_of_their_recording(data, learned):
    recording, _ = data[6]
    quiet = dict(zip(quiet_levels([]), learned["quiet"].tolist(), strict=True))
    (columns,) = recording_columns(recording_signals(recording), quiet, recording.tracks.rate_hz).values()
    without_quiet = {name: values for name, values in learned.items() if name != "quiet"}
    found = ranked.person_events(without_quiet, columns, recording.tracks.rate_hz)
    events, _ = ranked.detect_with(learned, recording)
    assert len(found) == len(events) >= 3
    assert sorted(row[3] for row in found) == pytest.approx(sorted(events["score"]))
    assert ranked.learned_labels(learned) == LABELS
    odds = ranked.frame_odds(learned, columns, "head_turn", recording.tracks.rate_hz)
    assert odds.shape == (recording.tracks.frames,)


def test_training_twice_gives_the_same_numbers(data, learned):
    truth = pd.concat([events for _, events in data[:6]], ignore_index=True)
    again = ranked.fit([recording for recording, _ in data[:6]], [truth, truth], 1)
    assert set(again) == set(learned)
    assert all((again[name] == learned[name]).all() for name in learned)


def test_labels_that_nobody_showed_are_not_learned(learned):
    assert {name.removesuffix(".weights") for name in learned if name.endswith(".weights")} == {"segments", *LABELS}


def test_other_arrays_are_refused(data, learned):
    broken = {name: value for name, value in learned.items() if name != "quiet"}
    with pytest.raises(KinesicsError, match=r"m\.safetensors: not learned by this version"):
        ranked.detect_with(broken, data[6][0], "m.safetensors")


def test_a_person_of_several_videos_is_in_one_fold(data):
    streams = [
        ranked.Stream(group, 10.0, {"smile": np.zeros(n)}, {})
        for group, n in (("a", 100), ("b", 50), ("a", 20), ("c", 10))
    ]
    folds = ranked._folds(streams)
    assert sorted(map(sorted, folds)) == [["a"], ["b"], ["c"]]


def test_the_table_names_columns_that_exist(data):
    signals = recording_signals(data[0][0])
    columns = ranked.recording_columns(signals, dict.fromkeys(ranked.quiet_levels([]), 0.0), 10.0)[0]
    assert {name for names, _ in ranked.COLUMNS.values() for name in names} <= set(columns)


def test_one_person_is_too_few_to_learn_from(monkeypatch):
    monkeypatch.setattr(ranked, "quiet_levels", lambda _: {})
    with pytest.raises(KinesicsError, match="give two training videos or more, of two people"):
        ranked.fit([], [], 0)
