"""Events and tubes from scores and segments: they end with the video, and boxes stay in the frame."""

import numpy as np
from support.body_tracks import hand, make_tracks

from kinesics.signals.event_assembly import assemble_events, event_boxes, events_from_scores
from kinesics.signals.recording import Recording
from kinesics.structures.events import BOX


def test_events_end_with_the_video(tmp_path):
    tracks = make_tracks(tmp_path / "v.parquet", 2, {})
    score = np.full(20, 0.9)
    events, tubes = events_from_scores(Recording(tracks, {}), {(0, "happy"): score}, 0.5, 0.3)
    assert events.loc[0, ["start_s", "end_s"]].tolist() == [0, 2]
    assert len(tubes) == 20


def test_a_box_that_is_missing_in_all_frames_is_left_out(tmp_path):
    tracks = make_tracks(tmp_path / "v.parquet", 2, {})
    assert np.isnan(event_boxes(tracks, 0, "hand_gesture")).all()
    events, tubes = assemble_events(tracks, [(0, "hand_gesture", 0, 10, 1.0)])
    assert events[BOX].isna().all(axis=None)
    assert len(tubes) == 0


def test_hand_boxes_stay_in_the_frame(tmp_path):
    outside = np.concatenate([hand(0.9, 0.9)[:20], [[1.3, -0.2, 0]]])
    tracks = make_tracks(tmp_path / "v.parquet", 1, {"left_hand": lambda t: outside})
    np.testing.assert_allclose(event_boxes(tracks, 0, "hand_gesture")[0], [0.9, 0, 1, 0.9], atol=1e-6)


def test_a_tube_has_every_frame_that_its_event_touches(tmp_path):
    tracks = make_tracks(tmp_path / "v.parquet", 2, {})
    events, tubes = assemble_events(tracks, [(0, "happy", 3.5, 6.2, 0.7), (0, "happy", 0, 1, 0.9)])
    assert events["start_s"].tolist() == [0.0, 0.35]
    assert events["end_s"].tolist() == [0.1, 0.62]
    assert (tubes.loc[tubes["event"] == 1, "time_s"] * 10).round(6).tolist() == [3, 4, 5, 6]
    none, no_tubes = assemble_events(tracks, [])
    assert len(none) == len(no_tubes) == 0
