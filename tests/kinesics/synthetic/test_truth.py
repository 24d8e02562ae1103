"""Events follow from a script and the visible boxes.

Here on tables made by hand; ``test_film.py`` compares the truth of a rendered video with its pixels.
"""

import numpy as np
import pandas as pd
import pytest

from kinesics.structures.events import BOX
from kinesics.synthetic import truth
from kinesics.synthetic.script import ACTION_COLUMNS, UTTERANCE_COLUMNS, Script

RATE_HZ, DURATION_S = 10.0, 4.0
BOXES = {
    "face": (0.4, 0.1, 0.6, 0.4),
    "left_hand": (0.7, 0.6, 0.8, 0.7),
    "right_hand": (0.2, 0.6, 0.3, 0.7),
    "person": (0.1, 0.1, 0.9, 1.0),
}


def frames_table(visible: dict[str, range]) -> pd.DataFrame:
    """Return the frames table of person 0, with the BOXES of regions in these frames, and null in others."""
    count = round(RATE_HZ * DURATION_S)
    frames = pd.DataFrame({"time_s": np.arange(count) / RATE_HZ, "person": 0})
    for region, box in BOXES.items():
        for side, value in zip(BOX, box, strict=True):
            frames[f"{region}_{side}"] = np.where(np.isin(np.arange(count), visible[region]), value, np.nan)
    return frames


def script_of(*actions: tuple[str, float, float, float]) -> Script:
    """Return a script of person 0 with actions (label, side, start_s, end_s)."""
    table = pd.DataFrame(actions, columns=["label", "side", "start_s", "end_s"]).assign(person=0)
    return Script(
        0, DURATION_S, "half", (), table.reindex(columns=ACTION_COLUMNS), pd.DataFrame(columns=UTTERANCE_COLUMNS)
    )


def test_events_have_the_scripts_times_and_the_boxes_of_the_acting_part():
    script = script_of(
        ("hand_gesture", 1.0, 0.2, 1.2),  # the left hand is visible in four frames of it: not enough
        ("happy", 0.3, 0.5, 1.5),
        ("hand_gesture", -1.0, 1.0, 2.0),
        ("posture_shift", 1.0, 3.0, 4.3),  # ends after the video
    )
    visible = {"face": {*range(40)} - {*range(20, 28)}, "left_hand": range(6), "right_hand": range(10, 18)}
    frames = frames_table({name: [*frames] for name, frames in visible.items()} | {"person": range(40)})
    events, tubes, actions = truth.derive_events("v", script, frames, RATE_HZ)
    expected = [
        ("happy", 0.5, 1.5, "face"),
        ("hand_gesture", 1.0, 2.0, "right_hand"),
        ("off_camera", 2.0, 2.8, "person"),
        ("posture_shift", 3.0, 4.0, "person"),
    ]
    assert events[["label", "start_s", "end_s"]].to_numpy().tolist() == [list(row[:3]) for row in expected]
    np.testing.assert_allclose(events[BOX], [BOXES[region] for *_, region in expected])
    assert tubes.groupby("event").size().tolist() == [10, 8, 8, 10]
    np.testing.assert_allclose(tubes.loc[tubes["event"] == 1, "time_s"], np.arange(10, 18) / RATE_HZ)
    assert actions["event"].tolist() == [-1, 0, 1, 3]


def test_a_short_absence_of_the_face_is_no_event_and_a_video_may_have_none():
    everywhere = dict.fromkeys(BOXES, range(40)) | {"face": [*range(10), *range(14, 40)]}
    events, tubes, actions = truth.derive_events("v", script_of(), frames_table(everywhere), RATE_HZ)
    assert len(events) == len(tubes) == len(actions) == 0
    assert list(tubes) == truth.TUBE_COLUMNS


def row(frame: int) -> dict:
    return {"frame": frame, "time_s": frame / RATE_HZ, "person": 0, "face_visible": 0.5, "landmarks": [0.1, 0.2]}


def test_the_frames_table_is_written_in_groups(tmp_path):
    with truth.open_frames_table(tmp_path / "frames.parquet") as add_rows:
        for frame in range(truth._GROUP_ROWS + 3):
            add_rows([row(frame)])
    frames = pd.read_parquet(tmp_path / "frames.parquet")
    assert frames["frame"].tolist() == [*range(truth._GROUP_ROWS + 3)]
    assert list(frames) == truth.FRAME_SCHEMA.names
    assert frames["face_x0"].isna().all()


def test_a_frames_table_that_breaks_off_leaves_no_file(tmp_path):
    with pytest.raises(KeyboardInterrupt), truth.open_frames_table(tmp_path / "frames.parquet") as add_rows:
        add_rows([row(0)])
        raise KeyboardInterrupt
    assert not list(tmp_path.iterdir())
