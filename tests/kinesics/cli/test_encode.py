"""The command `encode`: features of a real clip."""

import re

import pytest
from support import ROOT

from kinesics.cli.main import main


def test_features_of_a_real_clip(detected, clip, tmp_path):
    out = tmp_path / "features.safetensors"
    arguments = ["--tracks", str(detected / "tracks.parquet"), "--encoder", "fer", "--data", str(ROOT / "data")]
    assert main(["encode", str(clip("single_face")), *arguments, "--out", str(out)]) == 0
    assert out.stat().st_size > 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--tracks", "absent.parquet", "--encoder", "magic", "--out", "f"], "'magic' is not an encoder"),
        (["--encoder", "fer", "--cache", "/proc/c", "--out", "f"], "/proc/c is a device or a pipe"),
    ],
)
def test_bad_input_gives_one_line_and_leaves_nothing(refusal, arguments, message):
    assert re.search(message, refusal(["encode", "text.mp4", *arguments]))


def test_a_name_that_no_table_holds_is_refused(refusal):
    assert "has blanks around it" in refusal(["encode", " text.mp4", "--encoder", "audio_activity", "--out", "f"])
