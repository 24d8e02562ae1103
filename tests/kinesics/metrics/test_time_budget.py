"""Time budgets, transitions and the timeline."""

import json

import numpy as np
import pandas as pd
import pytest
from support.interchange import table

from kinesics.errors import KinesicsError
from kinesics.metrics.overview import draw_overview, lanes
from kinesics.metrics.time_budget import bouts, summary, time_budget, transitions, write_summary

EVENTS = table(
    (0, "happy", 1, 3), (0, "happy", 2, 4), (0, "happy", 6, 7), (0, "happy", 7, 9), (0, "sad", 4.5, 5), (1, "sad", 0, 0.001)
).table  # fmt: skip


def test_events_that_overlap_are_one_bout_and_those_that_touch_are_two():
    merged = bouts(EVENTS)
    assert merged[["person", "label", "start_s", "end_s"]].to_numpy().tolist() == [
        [0, "happy", 1, 4],
        [0, "happy", 6, 7],
        [0, "happy", 7, 9],
        [0, "sad", 4.5, 5],
        [1, "sad", 0, 0.001],
    ]


def test_a_time_budget_by_hand():
    budget = time_budget(EVENTS, {"talk": 60}).set_index(["person", "label"])
    happy = budget.loc[(0, "happy")]
    assert happy[["bouts", "total_s", "share", "mean_s"]].tolist() == [3, 6, 0.1, 2]
    assert happy[["sd_s", "shortest_s", "longest_s", "per_minute", "latency_s", "mean_interval_s"]].tolist() == [
        1,
        1,
        3,
        3,
        1,
        1,
    ]
    assert np.isnan(budget.loc[(0, "sad"), "sd_s"])
    assert budget.loc[(1, "sad"), "latency_s"] == 0
    assert time_budget(EVENTS).set_index(["person", "label"]).loc[(0, "happy"), "share"] == pytest.approx(6 / 9)


def test_transitions_are_to_the_next_bout_that_starts():
    found = transitions(EVENTS)[["person", "from", "to", "count", "probability"]]
    assert found.to_numpy().tolist() == [
        [0, "happy", "happy", 1, 0.5],
        [0, "happy", "sad", 1, 0.5],
        [0, "sad", "happy", 1, 1.0],
    ]


def test_the_summary_is_written_as_csv_and_json(tmp_path):
    write_summary(EVENTS, tmp_path / "s.csv", tmp_path / "s.json", {"talk": 60})
    assert pd.read_csv(tmp_path / "s.csv")["bouts"].tolist() == [3, 1, 1]
    content = json.loads((tmp_path / "s.json").read_text())
    assert content == summary(EVENTS, {"talk": 60})
    assert content["observed_s"] == {"talk": 60}
    assert content["behaviours"][1]["sd_s"] is None
    assert summary(EVENTS.iloc[:0]) == {"observed_s": {}, "behaviours": [], "transitions": []}
    with pytest.raises(KinesicsError, match=r"video 'talk' has no duration"):
        time_budget(EVENTS, {"walk": 3})
    with pytest.raises(KinesicsError, match=r"video 'talk': the duration 0 s is not above 0"):
        time_budget(EVENTS, {"talk": 0})


def test_the_timeline_has_a_lane_a_person_and_label(tmp_path):
    cv2 = pytest.importorskip("cv2")
    events = table((1, "$x_1 & <b>", 0, 5), (0, "sad", 2, 4), (0, "happy", 5, 10), (1, "happy", 1, 1.001)).table
    assert lanes(events) == [(0, "happy"), (0, "sad"), (1, "happy"), (1, "$x_1 & <b>")]
    written = []
    for name in ("a.png", "b.png"):
        draw_overview(events, tmp_path / name, 10)
        written.append((tmp_path / name).read_bytes())
    assert written[0] == written[1]
    image = cv2.imread(str(tmp_path / "a.png"))
    happy = (image == (0x00, 0x9F, 0xE6)).all(2)  # E69F00, its colour in the vocabulary
    columns = np.flatnonzero(happy.any(0))
    assert 0.4 < len(columns[columns > image.shape[1] / 2]) / image.shape[1] < 0.6  # the second half of the time
    draw_overview(events.iloc[:0], tmp_path / "none.png")
    draw_overview(events, tmp_path / "a.svg")
    assert "&lt;b&gt;" in (tmp_path / "a.svg").read_text() or "<b>" not in (tmp_path / "a.svg").read_text()
    with pytest.raises(KinesicsError, match=r"a.gif: end the name of the picture with .png, .svg or .pdf"):
        draw_overview(events, tmp_path / "a.gif")
    both = pd.concat([events, events.assign(video="walk")])
    with pytest.raises(KinesicsError, match=r"a timeline is of one video, but the events are of 2"):
        draw_overview(both, tmp_path / "c.png")
