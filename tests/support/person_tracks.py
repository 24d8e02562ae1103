"""Tracks tables of given boxes."""

from pathlib import Path

from kinesics.encoders.extract import BOXES
from kinesics.media import video
from kinesics.structures.tracks import TracksWriter

FACE = (0.345, 0.30, 0.585, 0.845)  # of the man in single_face, by eye
MAN = (0.05, 0.05, 0.95, 1.0)


def write_tracks(path: Path, of: Path, boxes: dict[int, dict], rate_hz: float = 10.0, **changed) -> Path:
    """Write tracks of the video ``of``; ``boxes`` maps a person to {frame: {crop: box}}, ``changed`` overrides video info."""
    info = video.probe_video(of)
    info = {"video": of.stem, "width": info.width, "height": info.height, "duration_s": info.duration_s} | changed
    with TracksWriter(path, info["video"], rate_hz, info["width"], info["height"]) as writer:
        for frame, person in sorted((frame, person) for person, frames in boxes.items() for frame in frames):
            row = {"frame": frame, "time_s": frame / rate_hz, "person": person}
            for crop, box in boxes[person][frame].items():
                row |= dict(zip(BOXES[crop], box, strict=True))
            writer.add(row)
        writer.close(info["duration_s"])
    return path


def everywhere(frames: range, box: tuple = FACE) -> dict[int, dict]:
    """Return the same box of the face in each of these frames."""
    return {frame: {"face": box} for frame in frames}
