"""The truth of a video has five files, whose names cannot clash with those of another video."""

import pytest

from kinesics.errors import KinesicsError
from kinesics.structures.truth_files import AUXILIARY_SUFFIXES, truth_files


def test_each_table_has_a_file_named_after_the_video(tmp_path):
    assert {name: path.name for name, path in truth_files(tmp_path, "talk").items()} == {
        "events": "talk.csv",
        "tubes": "talk.tubes.parquet",
        "frames": "talk.frames.parquet",
        "actions": "talk.actions.csv",
        "utterances": "talk.utterances.csv",
    }
    assert {path.parent for path in truth_files(tmp_path, "talk").values()} == {tmp_path}


@pytest.mark.parametrize("suffix", [suffix for suffix in AUXILIARY_SUFFIXES if suffix.endswith(".csv")])
def test_a_video_named_like_anothers_table_is_refused(tmp_path, suffix):
    name = "talk" + suffix.removesuffix(".csv")
    with pytest.raises(KinesicsError, match=f"{name}.csv is the name of another video's truth"):
        truth_files(tmp_path, name)
