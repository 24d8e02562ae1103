"""Fixtures of encoders: tiny random networks, and a video with something that moves."""

from collections.abc import Callable
from pathlib import Path

import cv2
import matplotlib.cbook
import numpy as np
import pytest
from sklearn.datasets import load_sample_image
from support.clips import write_video

from kinesics.encoders import registry
from kinesics.encoders.extract import crop_square


@pytest.fixture(scope="session")
def tiny_folder(tmp_path_factory) -> Callable[[str], Path]:
    """Return a function from a kind to the folder of its tiny network, written once."""
    from support.foundation import save

    place = tmp_path_factory.mktemp("weights")
    return lambda kind: place / kind if (place / kind).exists() else save(kind, place / kind)


@pytest.fixture
def tiny(monkeypatch, tiny_folder) -> Callable[[str], Path]:
    """Return a function that declares a tiny network as an encoder and returns its folder."""

    from support.foundation import declare

    def add(kind: str) -> Path:
        monkeypatch.setitem(registry.ENCODERS, kind, declare(kind))
        return tiny_folder(kind)

    return add


@pytest.fixture(scope="session")
def gradient(tmp_path_factory) -> Path:
    """Return a video of 2.4 s, with a silent audio stream, with a gradient that moves to the right."""
    across = np.linspace(0, 200, 96, dtype=np.float32)
    frames = [np.stack([np.tile(np.roll(across, 4 * k), (64, 1))] * 3, -1).astype(np.uint8) for k in range(24)]
    return write_video(tmp_path_factory.mktemp("gradient") / "film.mp4", frames, rate=10, audio=True)


@pytest.fixture(scope="session")
def photos() -> np.ndarray:
    """Return a portrait in uniform, a Chinese palace and a flower, uint8 (3, 224, 224, 3), their middle squares."""
    portrait = cv2.imread(matplotlib.cbook.get_sample_data("grace_hopper.jpg", asfileobj=False))[..., ::-1]
    images = []
    for image in (portrait, load_sample_image("china.jpg"), load_sample_image("flower.jpg")):
        height, width = image.shape[:2]
        left, top = max(width - height, 0) // 2, max(height - width, 0) // 2
        middle = image[top : height - top, left : width - left]
        images.append(crop_square(middle, np.array([0.0, 0.0, 1.0, 1.0]), 0, (224, 224)))
    return np.stack(images)
