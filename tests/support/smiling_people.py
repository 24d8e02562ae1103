"""Annotated people who smile once each, for tests of studies."""

from pathlib import Path

import pandas as pd

from kinesics_paper.studies.people_data import People
from support.people_tracks import on, person_recording


def smiling_people(folder: Path, names: str) -> People:
    """Return people of a clip each, named by a letter, who smile once for 3 s; a letter that stands twice is one person."""
    recordings, rows = [], []
    for k, name in enumerate(names):
        start = 3 + k % 3

        def motion(t: float, start: int = start) -> dict:
            return {"mouthSmile": 0.9 if on(t, start, start + 3) else 0.02}

        recordings.append(person_recording(folder / f"v{k}.parquet", 12, motion, f"v{k}"))
        rows.append((f"v{k}", 0, "happy", float(start), float(start + 3), name))
    truth = pd.DataFrame(rows, columns=["video", "person", "label", "start_s", "end_s", "person_id"])
    group = {f"v{k}": name for k, name in enumerate(names)}
    return People(recordings, [truth], {(video, 0): name for video, name in group.items()}, group)
