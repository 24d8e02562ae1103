"""Tracks tables of given boxes."""

from pathlib import Path

from kinesics.encoders.extract import BOXES
from kinesics.media import video
from kinesics.structures.tracks import TracksWriter

FACE = (0.345, 0.30, 0.585, 0.845)  # of the man in single_face, by eye


MAN = (0.05, 0.05, 0.95, 1.0)


def write_tracks(path: Path, of: Path, seen: dict[int, dict], rate_hz: float = 10.0, **changed) -> Path:
    """Write tracks of the video ``of``; ``seen`` maps a person to {frame: {crop: box}}, ``changed`` overrides facts."""
    facts = video.probe_video(of)
    told = {"video": of.stem, "width": facts.width, "height": facts.height, "duration_s": facts.duration_s} | changed
    with TracksWriter(path, told["video"], rate_hz, told["width"], told["height"]) as writer:
        for frame, person in sorted((frame, person) for person, frames in seen.items() for frame in frames):
            row = {"frame": frame, "time_s": frame / rate_hz, "person": person}
            for crop, box in seen[person][frame].items():
                row |= dict(zip(BOXES[crop], box, strict=True))
            writer.add(row)
        writer.close(told["duration_s"])
    return path


def everywhere(frames: range, box: tuple = FACE) -> dict[int, dict]:
    return {frame: {"face": box} for frame in frames}
