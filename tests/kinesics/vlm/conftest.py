"""Fixtures of the tests of vision-language models."""

from pathlib import Path

import pandas as pd
import pytest
from support.chat_server import UTTERANCES
from support.clips import numbered, write_video

from kinesics.vlm.label_ranking import read_utterances


@pytest.fixture
def film(tmp_path) -> Path:
    """Return a video of 24 numbered frames, 2.4 s."""
    return write_video(tmp_path / "film.mp4", numbered(24), rate=10)


@pytest.fixture
def utterances(tmp_path) -> pd.DataFrame:
    """Return the table of two utterances in the film and one of another video."""
    (tmp_path / "utterances.csv").write_text(UTTERANCES)
    return read_utterances(tmp_path / "utterances.csv")
