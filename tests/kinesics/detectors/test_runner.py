"""Training and detection on files: the same bytes each time, only confident events where wanted, bad input refused."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from safetensors.numpy import save_file
from support.toy import toy_recording, untrained

from kinesics.detectors import budgeted
from kinesics.detectors.runner import Run, detect_runs, fit_seeds
from kinesics.errors import KinesicsError
from kinesics.structures.events import BOX, read_events_csv, read_tubes, write_events_csv
from kinesics.structures.features import write_features


def test_the_same_files_give_the_same_bytes(tmp_path, annotated):
    recordings, truth = annotated
    write_events_csv(truth, tmp_path / "truth.csv")
    paths = [str(tmp_path / f"{video}.parquet") for video in ("a", "b", "c")]
    features = []
    for recording in recordings:
        features.append(str(tmp_path / f"{recording.tracks.video}.safetensors"))
        write_features(recording.features["vit_s_focus"], features[-1])
    outputs = []
    for name in ("one", "two"):
        out = tmp_path / name
        model = out / "model.safetensors"
        fit_seeds("probe", paths[:2], features[:2], [str(tmp_path / "truth.csv")], {0: model})
        detect_runs("probe", [Run(paths[2], features[2:], 0, model, out / "events.csv", out / "tubes.parquet")])
        outputs.append({path.name: path.read_bytes() for path in out.iterdir()})
    assert outputs[0] == outputs[1]
    events, tubes = read_events_csv(tmp_path / "one/events.csv"), read_tubes(tmp_path / "one/tubes.parquet")
    assert set(tubes["event"]) == set(range(len(events)))
    with pytest.raises(
        KinesicsError, match=r"detector 'probe' reads features of 'vit_s_focus', but of 'c' only those of .*were given"
    ):
        detect_runs("probe", [Run(paths[2], [], 0, tmp_path / "one/model.safetensors", tmp_path / "events.csv")])
    assert not (tmp_path / "events.csv").exists()
    with pytest.raises(KinesicsError, match=r"absent: no such file; detector 'probe' has to be trained first"):
        detect_runs("probe", [Run(paths[2], features[2:], 0, tmp_path / "absent", tmp_path / "events.csv")])


def test_consecutive_runs_of_a_video_share_its_recording(tmp_path, annotated, monkeypatch):
    from kinesics.detectors import runner

    recordings, truth = annotated
    write_events_csv(truth, tmp_path / "truth.csv")
    tracks, features = str(tmp_path / "c.parquet"), [str(tmp_path / "c.safetensors")]
    write_features(recordings[2].features["vit_s_focus"], features[0])
    models = {seed: tmp_path / f"{seed}.safetensors" for seed in (0, 1)}
    fit_seeds("chance", [tracks], features, [tmp_path / "truth.csv"], models)
    reads, read = [], runner.read_recordings
    monkeypatch.setattr(runner, "read_recordings", lambda *files: reads.append(files) or read(*files))
    runs = [Run(tracks, features, seed, model, tmp_path / f"{seed}.csv") for seed, model in models.items()]
    tables = detect_runs("chance", runs)
    assert len(reads) == 1
    for run, table in zip(runs, tables, strict=True):
        assert len(read_events_csv(run.events)) == len(table)


def write_inputs(recording, folder: Path) -> tuple[str, list[str]]:
    """Write a recording's features and return the files of its tracks and features."""
    video = recording.tracks.video
    for encoder, features in recording.features.items():
        write_features(features, folder / f"{video}.{encoder}.safetensors")
    return str(folder / f"{video}.parquet"), [
        str(folder / f"{video}.{encoder}.safetensors") for encoder in recording.features
    ]


@pytest.mark.slow
def test_confident_events_reach_the_threshold(tmp_path):
    recording, truth = toy_recording(tmp_path, "v", 0, 20)
    tracks, features = write_inputs(recording, tmp_path)
    checkpoint = untrained(budgeted.MODEL, [recording], truth, noise=0.5)
    model, outs = tmp_path / "model.safetensors", (tmp_path / "events.csv", tmp_path / "tubes.parquet")

    def detect(confident_only: bool, **more: np.ndarray) -> tuple[pd.DataFrame, pd.DataFrame]:
        save_file(dict(sorted((checkpoint | more).items())), model, {"detector": "kinesics.detectors.budgeted"})
        (events,) = detect_runs("budgeted", [Run(tracks, features, 0, model, *outs)], confident_only)
        return events, read_tubes(outs[1])

    every, _ = detect(False)
    threshold = float(every["score"].median())
    kept, tubes = detect(True, threshold=np.array([threshold]))
    assert 0 < len(kept) < len(every)
    assert kept.equals(every[every["score"] >= threshold].reset_index(drop=True))
    assert set(tubes["event"]) == set(np.flatnonzero(kept[BOX].notna().all(axis=1)))
    with pytest.raises(KinesicsError, match=r"reads features of 'vit_s_focus', but of 'v' only those of .*were given"):
        detect_runs("budgeted", [Run(tracks, features[:3], 0, model, tmp_path / "events.csv")])
