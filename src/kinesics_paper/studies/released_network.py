"""Compare our run of the released co-speech gesture network with the output that its own package recorded."""

from pathlib import Path

from kinesics.detectors.envision import compare_to_released
from kinesics.signals.recording import read_recordings


def compare_tracks(recorded: str | Path, weights: str | Path, tracks: str | Path) -> dict[str, float | int]:
    """Return ``envision.compare_to_released`` of tracks files."""
    return compare_to_released(recorded, weights, read_recordings([tracks], [])[0])
