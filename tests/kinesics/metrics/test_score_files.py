"""Scores of files, with notes on what does not match."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from support.event_tables import events, values

from kinesics.errors import KinesicsError
from kinesics.metrics.report import format_report
from kinesics.metrics.score_files import score_files
from kinesics.structures.events import BOX, empty_events, write_events_csv

DURATIONS = {"v": 31.0, "w": 40.0}


@pytest.mark.slow
def test_files_folders_and_lists(tmp_path: Path):
    truth = events(("v", 0, "x", 0, 4, 1), ("w", 0, "x", 0, 4, 1))
    for video in "vw":
        write_events_csv(truth[truth.video == video], tmp_path / "folder" / f"{video}.csv")
    write_events_csv(truth, tmp_path / "all.csv")
    write_events_csv(empty_events(), tmp_path / "none.csv")
    parts = [tmp_path / "folder/v.csv", tmp_path / "folder/w.csv"]
    results = [
        score_files([tmp_path / "all.csv"], tmp_path / "folder"),
        score_files([parts], [tmp_path / "all.csv", tmp_path / "none.csv"]),
        score_files(str(tmp_path / "folder"), parts),
    ]
    assert results[0] == results[1] == results[2]
    assert values(results[0])["f1_50"] == 1
    assert score_files([tmp_path / "all.csv", tmp_path / "none.csv"], parts)["n_truth"] == [2, 0]
    with pytest.raises(KinesicsError, match=r"'v' is in both .*v.csv and .*all.csv"):
        score_files([tmp_path / "all.csv"], [*parts, tmp_path / "all.csv"])
    with pytest.raises(KinesicsError, match="the truth has v; the prediction has w"):
        score_files([parts[0]], parts[1])
    assert values(score_files([parts[0]], parts[1], durations=DURATIONS))["f1_50"] == 0
    with pytest.raises(KinesicsError, match=r"label 'hapy' is in no table; the labels are .*happy"):
        score_files([parts[0]], parts[0], labels=["hapy"])
    (tmp_path / "empty").mkdir()
    with pytest.raises(KinesicsError, match=r"no events CSV in .*empty"):
        score_files([tmp_path / "all.csv"], tmp_path / "empty")
    with pytest.raises(KinesicsError, match=r"absent.csv: no such file"):
        score_files([tmp_path / "absent.csv"], parts)
    with pytest.raises(KinesicsError, match="have no event: there is nothing to score"):
        score_files([tmp_path / "none.csv"], tmp_path / "none.csv")
    (tmp_path / "folder" / "v.actions.csv").write_text("what the stage writes beside its events\n")
    assert score_files(str(tmp_path / "folder"), parts) == results[2]


@pytest.mark.slow
def test_videos_and_labels_of_only_one_side_are_noted(tmp_path: Path):
    write_events_csv(events(("v", 0, "x", 0, 4, 1), ("w", 0, "x", 0, 4, 1)), tmp_path / "truth.csv")
    predicted = [("v", 0, "X", 0, 4, 1), ("v", 0, "x", 0, 4, 7), ("u", 0, "x", 0, 4, 1), ("u", 0, "x", 5, 8, 1)]
    write_events_csv(events(*predicted), tmp_path / "predicted.csv")
    result = score_files([tmp_path / "truth.csv"], tmp_path / "predicted.csv")
    assert result["notes"] == [
        "1 video only in the prediction; its events of them, 2, count as false: u",
        "1 label only in the prediction; its events of them, 1, count as false: X",
        "1 video without an event of the prediction: w",
        "scores of the prediction lie outside 0 to 1: they rank, but have no calibration error",
        "3 units: few, so that intervals are too narrow",
    ]
    assert "\nnote: 1 video only in the prediction" in format_report(result)
    assert len(score_files([tmp_path / "truth.csv"], tmp_path / "predicted.csv", labels=["x"])["notes"]) == 4
    many = events(*((f"v{k}", k % 2, "x", 0, 4, 1) for k in range(10)))
    write_events_csv(many, tmp_path / "many.csv")
    assert score_files([tmp_path / "many.csv"], tmp_path / "many.csv")["notes"] == []
    write_events_csv(many.assign(video="v", start_s=range(0, 100, 10), end_s=range(5, 105, 10)), tmp_path / "two.csv")
    assert score_files([tmp_path / "two.csv"], tmp_path / "two.csv")["notes"] == [
        "several people: the number of a person must be the same in truth and prediction; else --persons-by-boxes or "
        "--ignore-person"
    ]


def test_persons_are_matched_by_their_boxes(tmp_path: Path):
    """Left is 0 and right is 3 in the truth; the tracker calls the right one 0 and the left one 1, and sees a poster as 2."""
    left, right, above = (0.1, 0.2, 0.4, 0.9), (0.6, 0.2, 0.9, 0.9), (0.4, 0.0, 0.5, 0.1)

    def boxed(*rows: tuple) -> pd.DataFrame:  # in the order of an events table
        table = events(*(row[:-1] for row in rows))
        return table.assign(**dict(zip(BOX, zip(*(row[-1] for row in rows), strict=True), strict=True)))

    truth = boxed(("v", 0, "x", 0, 4, 1, left), ("v", 3, "x", 2, 6, 1, right), ("w", 0, "x", 0, 4, 1, right))
    predicted = [("v", 1, "x", 0, 4, 1, left), ("v", 2, "x", 0, 4, 1, above), ("v", 0, "x", 2, 6, 1, right)]
    write_events_csv(truth, tmp_path / "truth.csv")
    write_events_csv(boxed(*predicted, ("w", 5, "x", 0, 4, 1, right)), tmp_path / "predicted.csv")
    given = [tmp_path / "truth.csv"], tmp_path / "predicted.csv"
    assert score_files(*given)["metrics"]["precision_50"]["value"] == 0
    result = score_files(*given, other=tmp_path / "predicted.csv", persons_by_boxes=True)
    assert result["metrics"]["recall_50"]["value"] == 1
    assert result["metrics"]["precision_50"]["value"] == 0.75
    assert result["compare"]["metrics"]["f1_50"]["value"] == 0
    assert result["notes"][:2] == [
        "persons by their boxes: 3 of 4 persons of the prediction found in the truth; "
        "1 matched to nobody (0 without a box) count as other people",
        "persons by their boxes: 3 of 4 persons of the other detector found in the truth; "
        "1 matched to nobody (0 without a box) count as other people",
    ]
    write_events_csv(truth.assign(**dict.fromkeys(BOX, np.nan)), tmp_path / "plain.csv")
    with pytest.raises(KinesicsError, match="the truth has no boxes"):
        score_files([tmp_path / "plain.csv"], given[1], persons_by_boxes=True)
    write_events_csv(truth.assign(end_s=9e5), tmp_path / "long.csv")
    result = score_files([tmp_path / "long.csv"], given[1], persons_by_boxes=True)  # events of days take no memory
    assert result["notes"][0].startswith("persons by their boxes: 3 of 4 persons of the prediction")
