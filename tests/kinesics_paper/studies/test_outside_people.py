"""What was learned from people is judged on data of another sensor, by the labels of the table."""

import numpy as np
import pandas as pd
import pytest
from support.outside import LENGTH_S, START_S, STOP_S, write_outside
from support.people_tracks import on, person_recording

from kinesics.detectors import ranked
from kinesics_paper.datasets.open_data import find_open_dataset
from kinesics_paper.studies.outside_people import (
    EXPRESSIONS,
    GESTURES,
    KNOWN,
    LABEL_OF,
    as_recorded,
    judge,
    only_known,
)
from kinesics_paper.studies.people_data import People


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """Return six people who turn their heads once each."""
    folder = tmp_path_factory.mktemp("people")
    recordings, rows = [], []
    for k in range(6):
        start = 3 + k % 3
        turn = lambda t, start=start: {"yaw": 30.0 if on(t, start, start + 3) else 0.0}  # noqa: E731
        recordings.append(person_recording(folder / f"v{k}.parquet", 12, turn, f"v{k}"))
        rows.append((f"v{k}", 0, "head_turn", float(start), float(start + 3), f"p{k}"))
    truth = pd.DataFrame(rows, columns=["video", "person", "label", "start_s", "end_s", "person_id"])
    return People(recordings, [truth], {(f"v{k}", 0): f"p{k}" for k in range(6)}, {f"v{k}": f"p{k}" for k in range(6)})


@pytest.mark.slow
def test_turns_learned_from_people_are_found_in_face_points(data, tmp_path):
    result = judge(data, write_outside(tmp_path))
    assert result["people"] == [f"{GESTURES}/a", f"{EXPRESSIONS}/b"]
    for name in ("ranked", "rules"):
        part = result["detectors"][name]["parts"]["negative"]
        assert part["label"] == "head_turn"
        assert (part["n"], part["detected"], part["f1_50"]) == (1, 1.0, 1.0)
        assert part["auc"] > 0.9
        assert (part["length_s"], part["found_length_s"]) == (3.0, pytest.approx(3, abs=0.5))
        # nobody gestures in the annotations: nothing of it is learned, and half of the people are missed
        assert result["detectors"][name]["people"][f"{GESTURES}/a"] == 0
        assert result["detectors"][name]["f1_50"] == pytest.approx(0.5)
    assert result["difference"] == {"value": 0.0, "won": 0, "tied": 2, "lost": 0}
    assert result["faces"]["3"]["ranked"] == 0
    assert result["brows"] == {}
    assert result["learned_length_s"] == {"hand_gesture": None, "head_turn": 3.0, "head_tilt": None}
    assert judge(data, write_outside(tmp_path / "again")) == result


@pytest.mark.slow
def test_the_annotations_of_the_outside_data_teach_nothing(data, tmp_path):
    folders = write_outside(tmp_path)
    before = judge(data, folders)["detectors"]["ranked"]["parts"]["negative"]
    path = tmp_path / EXPRESSIONS / "events.csv"
    path.write_text(path.read_text().replace(f"{START_S:.3f}", "0.500").replace(f"{STOP_S:.3f}", "1.500"))
    after = judge(data, folders)["detectors"]["ranked"]["parts"]["negative"]
    assert (before["detected"], after["detected"]) == (1.0, 1.0)
    assert (before["f1_50"], after["f1_50"]) == (1.0, 0.0)


def test_an_event_ends_where_the_sensor_stops():
    times = np.concatenate([np.arange(0, 5, 0.05), np.arange(8, 12, 0.05)])
    assert as_recorded(np.array([[4.0, 8.0]]), times) == pytest.approx(np.array([[4.0, 5.0]]))
    assert as_recorded(np.array([[4.0, 9.0]]), times) == pytest.approx(np.array([[4.0, 5.0], [8.0, 9.0]]))
    assert as_recorded(np.array([[8.0, 9.0]]), times) == pytest.approx(np.array([[8.0, 9.0]]))
    assert as_recorded(np.zeros((0, 2)), times).shape == (0, 2)


def test_phases_of_one_gesture_and_short_gaps_are_one_event():
    phases = np.array([[1.0, 1.5], [1.5, 3.0], [3.4, 4.0], [6.0, 7.0]])
    assert as_recorded(phases, np.arange(0, LENGTH_S, 0.05)).tolist() == [[1.0, 4.0], [6.0, 7.0]]


def test_columns_that_the_data_do_not_have_are_zero():
    columns = {"turned": np.ones(3), "touch": np.ones(3)}
    assert {name: values.tolist() for name, values in only_known(columns).items()} == {
        "turned": [1, 1, 1],
        "touch": [0, 0, 0],
    }


def test_the_table_names_annotations_and_columns_that_there_are():
    for (dataset, annotation), label in LABEL_OF.items():
        assert annotation in find_open_dataset(dataset).labels
        assert set(KNOWN[label]) <= set(ranked.COLUMNS[label][0])
