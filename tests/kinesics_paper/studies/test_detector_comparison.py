"""The comparison of detectors on synthetic data, and its figures."""

import itertools
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from kinesics.errors import KinesicsError
from kinesics.io.files import write_json
from kinesics.structures.events import TUBE_COLUMNS, write_events_csv, write_tubes
from kinesics.structures.tracks import TracksWriter
from kinesics_paper.article.figures.results import diagnosis as draw_diagnosis
from kinesics_paper.article.figures.results import perturbations as draw_perturbations
from kinesics_paper.studies.detector_comparison import SyntheticFiles, score_synthetic

RATE = 10.0


def make(folder: Path, rng: np.random.Generator) -> dict:
    """Write a data set of 4 test videos and 2 scripts under 2 perturbations, and the events of two detectors."""
    rows = [(f"stage_test_{k}", "test", "", 0, k) for k in range(4)]
    variants = [("", 0), ("light", 1), ("light", 3), ("shake", 3)]
    rows += [
        (f"stage_{perturbation}{severity}_{k}", "perturbed", perturbation, severity, k)
        for k in range(2)
        for perturbation, severity in variants
    ]
    pd.DataFrame(rows, columns=["video", "split", "perturbation", "severity", "script"]).to_csv(
        folder / "videos.csv", index=False
    )
    boxes = np.array([[0.55, 0.1, 0.75, 0.5], [0.1, 0.1, 0.3, 0.5]])  # the true 0 stands to the right
    paths: dict = {"truth": {}, "truth_tubes": {}, "tracks": {}, "events": {}, "tubes": {}}

    def write(table: pd.DataFrame, video: str, kind: str, of_person: np.ndarray) -> tuple[str, str]:
        table = table.sort_values(["video", "start_s", "end_s", "person", "label", "score"], ignore_index=True)
        tubes = [
            (n, k / RATE, *of_person[e.person])
            for n, e in enumerate(table.itertuples())
            for k in range(round(e.start_s * RATE), round(e.end_s * RATE))
        ]
        csv, parquet = folder / kind / f"{video}.csv", folder / kind / f"{video}.tubes.parquet"
        write_events_csv(table, csv)
        write_tubes(pd.DataFrame(tubes, columns=TUBE_COLUMNS), parquet)
        return str(csv), str(parquet)

    for video, split, perturbation, severity, script in rows:
        drawn = np.random.default_rng([script, split == "perturbed"])
        start = np.arange(2, 56, 6) + drawn.integers(0, 20, 9) / 10
        truth = pd.DataFrame({"video": video, "person": drawn.integers(0, 2, 9), "start_s": start})
        truth["label"] = drawn.choice(["happy", "head_turn", "hand_gesture"], 9)
        truth["end_s"], truth["score"] = start + drawn.choice([0.7, 1.5, 3.0], 9), 1.0
        paths["truth"][video], paths["truth_tubes"][video] = write(truth, video, "truth", boxes)
        path = folder / "tracks" / f"{video}.parquet"
        with TracksWriter(path, video, RATE, 320, 240) as writer:
            for k, person in itertools.product(range(0, 600, 3), (0, 1)):  # the tracker's 1 is the true 0
                box = dict(zip(["x0", "y0", "x1", "y1"], boxes[1 - person], strict=True))
                row = {f"{part}_{side}": value for part in ("face", "person") for side, value in box.items()}
                writer.add({"frame": k, "time_s": k / RATE, "person": person} | row)
            writer.close(60.0)
        paths["tracks"][video] = str(path)
        for detector, seeds, skill in (("rules", [0], 0.8), ("chance", [0, 1], 0.2)):
            for seed in seeds:
                right = rng.random(9) < skill - 0.25 * severity * (perturbation == "light")
                predicted = truth.assign(person=1 - truth["person"], score=rng.uniform(0.4, 1, 9))
                predicted["start_s"] += np.where(right, rng.choice([0, 0.1, 0.2], 9), 2.0)
                predicted["end_s"] += np.where(right, 0.1, 2.0)
                csv, parquet = write(predicted, video, f"{detector}/{seed}", boxes[::-1])
                paths["events"].setdefault(detector, {}).setdefault(seed, {})[video] = csv
                paths["tubes"].setdefault(detector, {}).setdefault(seed, {})[video] = parquet
    return paths


@pytest.fixture(scope="module")
def study(tmp_path_factory) -> Path:
    """Return the folder of a made-up data set, with its scores in stage.json."""
    folder = tmp_path_factory.mktemp("stage")
    paths = make(folder, np.random.default_rng(0))
    settings_ = {"resamples": 60, "seed": 0, "permutations": 16}
    scores = score_synthetic(folder / "videos.csv", SyntheticFiles(**paths), settings=settings_)
    write_json(folder / "stage.json", scores)
    with pytest.raises(KinesicsError, match="reference 'magic' is not one of the detectors rules, chance"):
        score_synthetic(folder / "videos.csv", SyntheticFiles(**paths), settings=settings_, reference="magic")
    paths["tracks"].pop("stage_test_0")
    with pytest.raises(KinesicsError, match="video 'stage_test_0' has no file of tracks"):
        score_synthetic(folder / "videos.csv", SyntheticFiles(**paths), settings=settings_)
    return folder


@pytest.mark.slow
def test_detectors_are_compared_on_synthetic_data(study):
    scores = json.loads((study / "stage.json").read_text())
    assert scores["videos"] == {"test": 4, "perturbed": 8}
    rules, chance = scores["detectors"]["rules"], scores["detectors"]["chance"]
    assert rules["test"]["metrics"]["f1_50"]["value"] > 0.6 > chance["test"]["metrics"]["f1_50"]["value"]
    assert rules["test"]["metrics"]["tube_map_50"]["value"] > 0.5
    assert rules["diagnosis"]["places"]["wrong person"] == 0
    perturbation = rules["perturbations"]["light"]
    assert list(perturbation) == ["0", "1", "3"]
    assert perturbation["3"]["difference"]["f1_50"]["high"] < 0
    assert perturbation["3"]["difference"]["f1_50"]["value"] == pytest.approx(
        perturbation["3"]["f1_50"]["value"] - perturbation["0"]["f1_50"]["value"], abs=2e-6
    )
    test = scores["tests"]["f1_50"]["chance"]
    assert test["value"] < 0
    assert test["p"] == test["p_holm"] == 2 / 16  # of all 16 swaps only none and all differ as much


@pytest.mark.slow
def test_the_figures_of_synthetic_data_are_the_same_bytes(study):
    for draw, name in ((draw_diagnosis, "diagnosis"), (draw_perturbations, "perturbations")):
        sizes = []
        for number in range(2):
            draw(study / "stage.json", ["rules", "chance"], study / f"{name}_{number}.pdf")
            sizes.append((study / f"{name}_{number}.pdf").read_bytes())
        assert sizes[0] == sizes[1]
        assert len(sizes[0]) > 5000
