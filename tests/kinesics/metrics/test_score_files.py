"""Scores of files, with notes on what does not match."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from support.event_tables import boxed, events, values

from kinesics.errors import KinesicsError
from kinesics.metrics.report import format_report
from kinesics.metrics.score_files import score_files
from kinesics.structures.events import BOX, MOST_PEOPLE, empty_events, write_events_csv
from kinesics.structures.result_files import PROVENANCE

DURATIONS = {"v": 31.0, "w": 40.0}
LEFT, RIGHT, ABOVE = (0.1, 0.2, 0.4, 0.9), (0.6, 0.2, 0.9, 0.9), (0.4, 0.0, 0.5, 0.1)


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
    with pytest.raises(
        KinesicsError, match=r"label 'hapy' is in no table: did you mean 'happy'\? The labels are .*happy"
    ):
        score_files([parts[0]], parts[0], labels=["hapy"])
    (tmp_path / "empty").mkdir()
    with pytest.raises(KinesicsError, match=r"no events CSV in .*empty"):
        score_files([tmp_path / "all.csv"], tmp_path / "empty")
    with pytest.raises(KinesicsError, match=r"absent.csv: no such file"):
        score_files([tmp_path / "absent.csv"], parts)
    with pytest.raises(KinesicsError, match="have no event: there is nothing to score"):
        score_files([tmp_path / "none.csv"], tmp_path / "none.csv")
    (tmp_path / "folder" / "v.actions.csv").write_text("what a synthetic video has beside its events\n")
    assert score_files(str(tmp_path / "folder"), parts) == results[2]


def test_videos_named_with_and_without_an_ending_are_told_apart(tmp_path: Path):
    write_events_csv(events(("v.mp4", 0, "x", 0, 4, 1)), tmp_path / "truth.csv")
    write_events_csv(events(("v", 0, "x", 0, 4, 1)), tmp_path / "predicted.csv")
    with pytest.raises(KinesicsError, match=r"has v\.mp4; the prediction has v: name each video as its file, without"):
        score_files([tmp_path / "truth.csv"], tmp_path / "predicted.csv")


def test_results_of_annotate_are_read_from_the_folder_of_a_video_or_of_all(tmp_path: Path):
    truth = events(("v", 0, "x", 0, 4, 1), ("w", 0, "x", 0, 4, 1))
    write_events_csv(truth, tmp_path / "all.csv")
    for video in "vw":
        folder = tmp_path / "results" / video
        write_events_csv(truth[truth.video == video], folder / "events.csv")
        (folder / "summary.csv").write_text("video,person,label,bouts\n")
        (folder / PROVENANCE).write_text("{}\n")
    unfinished = tmp_path / "results" / "u"
    write_events_csv(events(("u", 0, "x", 0, 4, 1)), unfinished / "events.csv")
    whole = score_files([tmp_path / "all.csv"], tmp_path / "results")
    assert whole == score_files([tmp_path / "all.csv"], tmp_path / "all.csv")
    one = score_files([tmp_path / "all.csv"], tmp_path / "results" / "v")
    assert one["notes"][0] == "1 video without an event of the prediction: w"
    with pytest.raises(KinesicsError, match="label 'y' is in no table"):
        score_files([tmp_path / "all.csv"], tmp_path / "all.csv", labels=["x,y"])
    assert score_files([tmp_path / "all.csv"], tmp_path / "all.csv", labels=["x, happy"])["labels"] == ["x", "happy"]


def test_a_label_with_a_comma_stays_whole(tmp_path: Path):
    write_events_csv(events(("v", 0, "smile, open", 0, 4, 1)), tmp_path / "v.csv")
    assert score_files([tmp_path / "v.csv"], tmp_path / "v.csv", labels=["smile, open"])["labels"] == ["smile, open"]


@pytest.mark.slow
def test_times_in_milliseconds_and_other_spellings_are_noted(tmp_path: Path):
    write_events_csv(events(("v", 0, "happy", 1, 4.25, 1), ("v", 0, "head_turn", 20, 30, 1)), tmp_path / "truth.csv")
    write_events_csv(
        events(("v", 0, "Happy", 1000, 4250, 1), ("v", 0, "head turn", 20000, 30000, 1)), tmp_path / "ms.csv"
    )
    notes = score_files([tmp_path / "truth.csv"], tmp_path / "ms.csv")["notes"]
    assert (
        "times of the prediction look like milliseconds, its last event ends at 30000 s: divide them by 1000" in notes
    )
    for written, meant in (("Happy", "happy"), ("head turn", "head_turn")):
        assert any(
            note.startswith(f"label '{written}' of the prediction") and f"mean '{meant}'?" in note for note in notes
        )
    swapped = score_files([tmp_path / "ms.csv"], tmp_path / "truth.csv")["notes"]
    assert any(note.startswith("times of the truth look like milliseconds") for note in swapped)
    right = score_files([tmp_path / "truth.csv"], tmp_path / "truth.csv")["notes"]
    assert not any("milliseconds" in note or "did you mean" in note for note in right)


@pytest.mark.slow
def test_videos_and_labels_of_only_one_side_are_noted(tmp_path: Path):
    write_events_csv(events(("v", 0, "x", 0, 4, 1), ("w", 0, "x", 0, 4, 1)), tmp_path / "truth.csv")
    predicted = [("v", 0, "X", 0, 4, 1), ("v", 0, "x", 0, 4, 7), ("u", 0, "x", 0, 4, 1), ("u", 0, "x", 5, 8, 1)]
    write_events_csv(events(*predicted), tmp_path / "predicted.csv")
    result = score_files([tmp_path / "truth.csv"], tmp_path / "predicted.csv")
    assert result["notes"] == [
        "1 video only in the prediction; its events of them, 2, count as false: u",
        "1 label only in the prediction; its events of them, 1, count as false: X",
        "label 'X' of the prediction is not in the truth: did you mean 'x'? `kinesics convert --map` renames it",
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
    truth = boxed(("v", 0, "x", 0, 4, 1, LEFT), ("v", 3, "x", 2, 6, 1, RIGHT), ("w", 0, "x", 0, 4, 1, RIGHT))
    predicted = [("v", 1, "x", 0, 4, 1, LEFT), ("v", 2, "x", 0, 4, 1, ABOVE), ("v", 0, "x", 2, 6, 1, RIGHT)]
    write_events_csv(truth, tmp_path / "truth.csv")
    write_events_csv(boxed(*predicted, ("w", 5, "x", 0, 4, 1, RIGHT)), tmp_path / "predicted.csv")
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


def write(folder: Path, **tables: pd.DataFrame) -> list[Path]:
    """Write events tables and return their files."""
    for name, table in tables.items():
        write_events_csv(table, folder / f"{name}.csv")
    return [folder / f"{name}.csv" for name in tables]


def test_a_neighbour_does_not_take_the_person_of_few_predictions(tmp_path: Path):
    beside = (0.25, 0.2, 0.55, 0.9)
    truth = boxed(*[("v", 0, "x", 10 * k, 10 * k + 4, 1, LEFT) for k in range(10)], ("v", 1, "y", 10, 14, 1, beside))
    files = write(tmp_path, truth=truth, predicted=boxed(("v", 7, "x", 10, 14, 1, LEFT)))
    result = score_files(files[:1], files[1], persons_by_boxes=True, resamples=0)
    assert result["metrics"]["precision_50"]["value"] == 1


def test_annotators_are_numbered_alike_by_boxes(tmp_path: Path):
    """The second annotator exchanges the persons of the first, and has a third; the prediction numbers as the second."""
    first = boxed(("v", 0, "x", 0, 4, 1, LEFT), ("v", 1, "y", 0, 4, 1, RIGHT))
    second = boxed(("v", 1, "x", 0, 4, 1, LEFT), ("v", 0, "y", 0, 4, 1, RIGHT), ("v", 4, "y", 5, 9, 1, ABOVE))
    third = boxed(("v", 9, "y", 5, 9, 1, ABOVE), ("v", 8, "y", 0, 4, 1, (np.nan,) * 4))
    files = write(tmp_path, first=first, second=second, third=third, predicted=second)
    result = score_files(files[:2], files[3], persons_by_boxes=True, resamples=0)
    assert result["metrics"]["recall_50"]["value"] == 1
    assert result["metrics"]["precision_50"]["value"] == pytest.approx((2 / 3 + 1) / 2, abs=1e-6)
    assert result["notes"][:2] == [
        "persons by their boxes: 2 of 3 persons of annotator 2 found in annotator 1; "
        "1 matched to nobody (0 without a box) count as other people",
        "persons by their boxes: 3 of 3 persons of the prediction found in the truth",
    ]
    result = score_files(files[:3], files[3], persons_by_boxes=True, resamples=0)
    assert result["notes"][1] == (
        "persons by their boxes: 1 of 2 persons of annotator 3 found in the annotators before; "
        "1 matched to nobody (1 without a box) count as other people"
    )
    (plain,) = write(tmp_path, plain=second.assign(**dict.fromkeys(BOX, np.nan)))
    with pytest.raises(KinesicsError, match="annotator 2 has no boxes"):
        score_files([files[0], plain], files[3], persons_by_boxes=True)


def test_the_highest_number_of_a_person_is_no_error(tmp_path: Path):
    truth = boxed(("v", MOST_PEOPLE, "x", 0, 4, 1, LEFT))
    predicted = boxed(("v", 0, "x", 0, 4, 1, LEFT), ("v", 1, "x", 0, 4, 1, RIGHT))
    files = write(tmp_path, truth=truth, predicted=predicted)
    result = score_files(files[:1], files[1], persons_by_boxes=True, resamples=0)
    assert result["metrics"]["precision_50"]["value"] == 0.5


@pytest.mark.parametrize("exchange", [{1: 0, 2: 1}, {1: 2, 2: 1}])
def test_numbers_of_persons_that_differ_are_noted(tmp_path: Path, exchange: dict[int, int]):
    rows = [(f"v{k % 2}", 1 + k % 2, "xy"[k % 2], 10 * k, 10 * k + 4, 1) for k in range(8)]
    rows += [(f"v{k % 2}", 2 - k % 2, "x", 10 * k + 5, 10 * k + 9, 1) for k in range(8)]
    truth = events(*rows)
    predicted = truth.assign(person=truth["person"].map(exchange))
    several = "several people: the number of a person must be the same"
    note = (
        "the truth and the prediction seem to number persons differently: {} of 16 true events match by number, 16 if"
    )
    files = write(tmp_path, truth=truth, predicted=predicted, same=truth)

    def notes(truth: list[Path], predicted: Path, **settings) -> list[str]:
        result = score_files(truth, predicted, resamples=0, **settings)
        return [line for line in result["notes"] if "number" in line]

    assert notes(files[:1], files[1]) == [note.format(0) + " persons are numbered anew; give --ignore-person"]
    assert notes(files[:1], files[2])[0].startswith(several)
    assert notes(files[:1], files[1], match_person=False) == []
    places = pd.DataFrame([LEFT, RIGHT], index=[1, 2], columns=BOX).loc[truth["person"]].reset_index(drop=True)
    with_boxes = write(tmp_path, boxed=truth.assign(**places), moved=predicted.assign(**places))
    (first,) = notes(with_boxes[:1], with_boxes[1])
    assert first.endswith("give --persons-by-boxes or --ignore-person")
    assert notes(with_boxes[:1], with_boxes[1], persons_by_boxes=True) == []
    (second,) = notes([files[0], files[1]], files[2])
    assert second.startswith("annotator 2 and the prediction seem to number persons differently: 0 of 16")
