"""The checkpoint that comes with the package, and its table of labels."""

import pandas as pd
import pytest
from support import ROOT

from kinesics.detectors import packaged, ranked
from kinesics.detectors.registry import DETECTORS
from kinesics.io.checkpoints import decision_threshold, read_checkpoint
from kinesics.metrics.matching import match_events
from kinesics.signals.recording import read_recordings
from kinesics.structures.vocabulary import FAMILY

FEATURES = ("fer", "audio_activity")
MODEL = packaged.packaged_model("ranked")


def test_only_ranked_comes_with_a_checkpoint():
    assert [name for name in DETECTORS if packaged.packaged_model(name)] == ["ranked"]
    assert packaged.needs_model("linear")
    assert not packaged.needs_model("ranked")
    assert not packaged.needs_model("rules")
    assert packaged.default_labels("rules") == ()


def test_the_table_of_labels_belongs_to_the_checkpoint():
    table, learned = packaged.label_accuracies("ranked"), read_checkpoint(MODEL, "ranked")
    assert set(table) <= set(FAMILY)
    assert {name.removesuffix(".weights") for name in learned if name.endswith(".weights")} - {"segments"} <= set(table)
    for entry in table.values():
        assert entry.threshold == pytest.approx(decision_threshold(MODEL), abs=0.005)
    for label in packaged.default_labels("ranked"):
        assert f"{label}.weights" in learned
        assert table[label].people >= 3
        assert table[label].f1 > table[label].chance_f1
    assert {"happy", "speaking"} <= set(packaged.default_labels("ranked"))


def test_the_checkpoint_is_small_and_has_finite_numbers():
    assert MODEL.stat().st_size < 1_000_000
    assert all(pd.Series(values.ravel()).notna().all() for values in read_checkpoint(MODEL, "ranked").values())


def test_it_detects_most_smiles_in_tracks_of_real_clips():
    annotated = pd.read_csv(ROOT / "annotations/coder_a.csv").rename(columns={"clip": "video"})
    smiles = annotated[annotated["label"] == "happy"].assign(person=0)
    videos = [name for name in sorted(set(smiles["video"])) if (ROOT / f"people/tracks/{name}.parquet").exists()]
    files = [ROOT / f"people/features/{encoder}/{video}.safetensors" for encoder in FEATURES for video in videos]
    recordings = read_recordings([ROOT / f"people/tracks/{video}.parquet" for video in videos], files)
    found = []
    for recording in recordings:
        events, tubes = ranked.detect(recording, MODEL)
        assert (events["score"] >= decision_threshold(MODEL)).all()
        assert set(tubes["event"]) == set(range(len(events)))
        found.append(events[events["label"] == "happy"].assign(person=0))
    again, _ = ranked.detect(recordings[-1], MODEL)
    pd.testing.assert_frame_equal(events, again)
    truth = smiles[smiles["video"].isin(videos)].reset_index(drop=True)
    hits = match_events(truth, pd.concat(found, ignore_index=True), 0.5) >= 0
    assert len(truth) >= 5
    assert hits.mean() > 0.5
