"""Fixtures of the tests of models."""

import pandas as pd
import pytest
from support.toy import toy_recording

from kinesics.signals.recording import Recording


@pytest.fixture(scope="module")
def training(tmp_path_factory) -> tuple[list[Recording], pd.DataFrame]:
    """Return four synthetic recordings, of which the second has two people, and their truth."""
    folder = tmp_path_factory.mktemp("toy")
    pairs = [toy_recording(folder, f"v{k}", k, 40, 1 + (k == 1)) for k in range(4)]
    return [recording for recording, _ in pairs], pd.concat([truth for _, truth in pairs], ignore_index=True)
