"""Recordings are matched by video, and copies share their descriptors."""

import pytest
from support.toy import toy_recording

from kinesics.errors import KinesicsError
from kinesics.signals.recording import read_recordings
from kinesics.structures.features import CropFeatures, Features, write_features


def test_files_are_matched_by_the_video_that_they_name(tmp_path):
    for seed, video in enumerate(("a", "b")):
        recording, _ = toy_recording(tmp_path, video, seed, 10)
        write_features(recording.features["fer"], tmp_path / f"{video}.safetensors")
    tracks = [tmp_path / "a.parquet", tmp_path / "b.parquet"]
    first, second = read_recordings(tracks, [tmp_path / "b.safetensors"])
    assert (first.tracks.video, second.tracks.video) == ("a", "b")
    assert (list(first.features), list(second.features)) == ([], ["fer"])
    with pytest.raises(KinesicsError, match=r"b.safetensors: another file has features of 'fer' on 'b' too: give one"):
        read_recordings(tracks, [tmp_path / "b.safetensors"] * 2)
    with pytest.raises(KinesicsError, match=r"a.parquet: another file has tracks of 'a' too: give one"):
        read_recordings([*tracks, tracks[0]], [])


def test_a_copy_with_other_features_shares_the_descriptor(tmp_path):
    recording, _ = toy_recording(tmp_path, "v", 0, 10)
    descriptor = recording.descriptor(0)
    crop = recording.features["vit_s_focus"].crops["face"]
    few = Features("v", "vit_s_focus", 2.0, {"face": CropFeatures(crop.time_s[:2], crop.person[:2], crop.tokens[:2])})
    copy = recording.with_features(few)
    assert copy.descriptor(0) is descriptor
    assert copy.features["vit_s_focus"] is few
    assert recording.features["vit_s_focus"] is not few
