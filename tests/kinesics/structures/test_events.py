"""The events table, and the time grid."""

from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kinesics.errors import KinesicsError
from kinesics.structures.boxes import box_iou, temporal_iou
from kinesics.structures.events import (
    TUBE_COLUMNS,
    check_events,
    check_tubes,
    empty_events,
    read_events_csv,
    write_events_csv,
)
from kinesics.structures.timegrid import (
    cover_with_windows,
    hysteresis,
    index,
    rasterise,
    runs,
    samples,
    seconds,
    smooth,
)

HEADER = "video,person,label,family,start_s,end_s,score,x0,y0,x1,y1\n"


def test_a_table_survives_the_disk(tmp_path):
    path = tmp_path / "events.csv"
    path.write_text(HEADER + "b,0,happy,emotion,2,3.5,0.9,0.1,0.2,0.3,0.4\na,1,my_label,,0.25,1,1,,,,\n")
    events = read_events_csv(path)
    assert events["video"].tolist() == ["a", "b"]
    assert events["family"].tolist() == ["", "emotion"]
    assert np.isnan(events["x0"][0])
    write_events_csv(events, path)
    pd.testing.assert_frame_equal(read_events_csv(path), events)
    again = path.read_bytes()
    write_events_csv(read_events_csv(path), path)
    assert path.read_bytes() == again


def test_the_least_a_table_needs(tmp_path):
    path = tmp_path / "events.csv"
    path.write_text("video,person,label,start_s,end_s\nv,0,surprise,0,1\n")
    assert read_events_csv(path).loc[0, ["family", "score"]].tolist() == ["emotion", 1.0]


def test_an_empty_table_stays_empty(tmp_path):
    path = tmp_path / "events.csv"
    write_events_csv(empty_events(), path)
    assert path.read_text() == HEADER
    assert len(read_events_csv(path)) == 0


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("v,0,happy,,3,2,1,,,,", "line 2: end_s 2 is not after start_s"),
        ("v,0,happy,,-1,2,1,,,,", "line 2: start_s -1 is negative"),
        ("v,0,happy,,zero,2,1,,,,", "line 2: start_s 'zero' is not a number"),
        ("v,0,happy,,0,inf,1,,,,", "line 2: end_s inf is not a number"),
        ("v,-1,happy,,0,2,1,,,,", "line 2: person -1 is not a whole number from 0"),
        ("v,0.5,happy,,0,2,1,,,,", "line 2: person 0.5 is not a whole number from 0"),
        ("v,1e20,happy,,0,2,1,,,,", "line 2: person 1e+20 is more than 1000000000"),
        ("v,0,,,0,2,1,,,,", "line 2: label nan is empty"),
        ("v,0, happy,,0,2,1,,,,", "line 2: label ' happy' has blanks around it"),
        (
            "v,0,happy,gesture,0,2,1,,,,",
            "line 2: family 'gesture' is not that of its label in the coding manual: leave it out",
        ),
        ("v,0,happy,,0,2,1,,,,,,", "not an events table (CSV): a row has more fields than there are columns"),
        (",0,happy,,0,2,1,,,,", "line 2: video nan is empty"),
        ("v,0,happy,,0,2,1,100,0,200,1", "line 2: x0 100 is not a fraction of the frame"),
        ("v,0,happy,,0,2,1,0.5,0,0.4,1", "line 2: x1 0.4 is left of x0"),
        ("v,0,happy,,0,2000000,1,,,,", "line 2: end_s 2000000 is more than eleven days: times are seconds"),
        ("v,0,happy,,0,2,1,,,,\nv,0,happy,,0,2,1,,,,", "line 3: label 'happy' stands in a row that is there twice"),
        ("v,0,happy,,0,2,,,,,", "line 2: score nan is not a number"),
    ],
)
def test_a_bad_row_is_named(tmp_path, row, message):
    path = tmp_path / "bad.csv"
    path.write_text(HEADER + row + "\n")
    with pytest.raises(KinesicsError) as error:
        read_events_csv(path)
    assert str(error.value) == f"{path}: {message}"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "not an events table"),
        (b"\xff\xfe\x00", "not a table in UTF-8, save it so"),
        (b"a,b\n1,2\n", "column 'video' is missing; columns are a, b$"),
        (b"video,start_s,start_s\nv,1,2\n", "line 1: column 'start_s' is there twice"),
        (b"video;person;label\nv;0;x\n", "line 1: columns are separated by ';': save the table with commas"),
        (b"video,person,label,start_s,end_s\nv,0,hap\x00py,0,1\n", "label 'hap.*' has a control character"),
    ],
)
def test_another_file_is_refused(tmp_path, content, message):
    path = tmp_path / "bad.csv"
    path.write_bytes(content)
    with pytest.raises(KinesicsError, match=message):
        read_events_csv(path)
    with pytest.raises(KinesicsError, match="no such file"):
        read_events_csv(tmp_path / "absent.csv")


def test_overlaps_by_hand():
    iou = temporal_iou(np.array([[0, 2], [5, 6]]), np.array([[1, 3], [2, 4], [5, 6]]))
    np.testing.assert_allclose(iou, [[1 / 3, 0, 0], [0, 0, 1]])
    assert temporal_iou(np.empty((0, 2)), np.array([[0, 1]])).shape == (0, 1)
    np.testing.assert_allclose(box_iou(np.array([0, 0, 2, 2]), np.array([[1, 1, 3, 3], [0, 0, 2, 2]])), [1 / 7, 1])
    assert np.isnan(box_iou(np.array([0, 0, 1, np.nan]), np.array([0, 0, 1, 1])))


@given(k=st.integers(0, 10**7), rate=st.sampled_from([1.0, 2.0, 10.0, 12.5, 24.0, 25.0, 29.97, 30.0, 59.94]))
def test_frames_and_seconds_round_trip(k, rate):
    assert index(seconds(k, rate), rate) == k
    assert samples(seconds(k, rate), rate) == k


def test_the_grid_by_hand():
    assert samples(0.35, 10) == 4
    np.testing.assert_array_equal(rasterise([[0.1, 0.3]], 5, 10), [False, True, True, False, False])
    np.testing.assert_array_equal(runs([1, 1, 0, 1]), [[0, 2], [3, 4]])
    assert runs([]).shape == (0, 2)


def test_hysteresis_by_hand():
    score = np.array([0.4, 0.6, 0.4, 0.1, 0.4, 0.4, np.nan, 0.9, 0.0, 0.9])
    np.testing.assert_array_equal(hysteresis(score, 0.5, 0.3), [[0, 3], [7, 8], [9, 10]])
    np.testing.assert_array_equal(hysteresis(score, 0.5, 0.3, gap_samples=1), [[0, 3], [7, 10]])
    np.testing.assert_array_equal(hysteresis(score, 0.5, 0.3, min_samples=2), [[0, 3]])
    assert hysteresis(np.empty(0), 0.5, 0.3).shape == (0, 2)
    with pytest.raises(ValueError, match=r"on 0.2 is below off 0.3"):
        hysteresis(score, 0.2, 0.3)


@given(st.lists(st.floats(0, 1), max_size=60), st.integers(1, 5), st.integers(0, 5))
def test_hysteresis_finds_separate_runs_that_reach_the_threshold(scores, least, gap):
    found = hysteresis(np.array(scores), 0.6, 0.4, least, gap)
    for start, stop in found:
        assert stop - start >= least
        assert max(scores[start:stop]) >= 0.6
    assert all(after - before > gap for (_, before), (after, _) in pairwise(found))


@given(st.floats(0.1, 500), st.floats(0.5, 30), st.floats(0.1, 1))
def test_windows_cover_a_video_without_gaps_and_none_is_inside_another(duration_s, length_s, share):
    found = cover_with_windows(duration_s, length_s, share * length_s)
    assert (found[0, 0], found[-1, 1]) == (0, pytest.approx(duration_s))
    assert (found[1:, 0] <= found[:-1, 1] + 1e-9).all()
    assert (np.diff(found, axis=0) > 0).all()
    assert (found[:, 1] - found[:, 0] <= length_s + 1e-9).all()


def test_smoothing_ignores_what_is_missing():
    np.testing.assert_allclose(smooth(np.array([1.0, np.nan, 3.0, 5.0]), 3), [1, 2, 4, 4])
    assert np.isnan(smooth(np.full((4, 2), np.nan), 3)).all()
    np.testing.assert_allclose(smooth(np.array([1.0, 2.0]), 9), [1.5, 1.5])


def test_check_does_not_change_its_argument():
    table = pd.DataFrame({"video": ["v"], "person": [0], "label": ["happy"], "start_s": [0], "end_s": [1]})
    before = table.copy()
    check_events(table)
    pd.testing.assert_frame_equal(table, before)


PAIR = pd.DataFrame(
    {"video": "v", "person": 0, "label": "x", "start_s": [0, 5], "end_s": [2, 7]}
    | {"x0": [0.1, 0.6], "y0": 0.1, "x1": [0.3, 0.9], "y1": 0.4}
)


def boxes(*rows: tuple[float, ...]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=TUBE_COLUMNS)


def test_tubes_of_its_own_events_pass():
    events, tubes = check_tubes(PAIR, boxes((1, 6, 0.5, 0.1, 0.8, 0.4), (0, 1, 0.1, 0.1, 0.3, 0.4)))
    assert len(events) == 2
    assert tubes["event"].tolist() == [0, 1]


@pytest.mark.parametrize(
    ("tubes", "message"),
    [
        (boxes(), "tubes: has no box, but the events of events have: are they of one pair?"),
        (boxes((0, 1, 64, 64, 192, 256)), "tubes: row 0: x0 64.0 is not a fraction of the frame"),
        (
            boxes((0, 1, 0.1, 0.1, 0.3, 0.4), (1, 6, 0.1, 0.1, 0.3, 0.4)),
            "tubes: event 1: its boxes lie about (0.100, 0.100, 0.300, 0.400), but the event of events at "
            "(0.600, 0.100, 0.900, 0.400): are they of one pair?",
        ),
    ],
)
def test_tubes_of_other_events_are_refused(tubes, message):
    with pytest.raises(KinesicsError) as error:
        check_tubes(PAIR, tubes)
    assert str(error.value) == message
