"""Fixtures: the benchmarks of the full tier in miniature."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from support.benchmark_layouts import write_benchmark
from support.clips import numbered, write_video

from kinesics_paper.datasets import base, ravdess


@pytest.fixture(scope="module")
def benchmarks(tmp_path_factory) -> Path:
    """Return a folder with a miniature of every benchmark, not to be changed."""
    folder = tmp_path_factory.mktemp("benchmarks")
    clip, image = write_video(folder / "clip.mp4", numbered(10)), folder / "image.jpg"
    cv2.imwrite(str(image), np.full((48, 64, 3), 90, np.uint8))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ravdess, "ACTORS", ravdess.ACTORS[:6])
        for name in base.BENCHMARKS:
            write_benchmark(name, folder / name, clip, image)
        yield folder
