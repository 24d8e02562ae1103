"""Nothing of a person is in the training of the model that is judged on them."""

import pandas as pd
from support.people_tracks import on, person_recording

from kinesics_paper.studies import people_left_out
from kinesics_paper.studies.people_left_out import detect_left_out, without


def smiling(tmp_path, video):
    recording = person_recording(
        tmp_path / f"{video}.parquet", 12, lambda t: {"mouthSmile": 0.9 if on(t, 4, 7) else 0.02}, video
    )
    return recording, (video, 0, "happy", 4.0, 7.0)


def test_each_person_is_left_out_of_the_training(tmp_path, monkeypatch):
    made = [smiling(tmp_path, f"v{k}") for k in range(5)]
    truth = pd.DataFrame([row for _, row in made], columns=["video", "person", "label", "start_s", "end_s"])
    groups = {(f"v{k}", 0): name for k, name in enumerate("aabcd")}
    trained, fit = [], people_left_out.fit

    def recording_fit(recordings, *args, **options):
        trained.append({r.tracks.video for r in recordings})
        return fit(recordings, *args, **options)

    monkeypatch.setattr(people_left_out, "fit", recording_fit)
    found = dict(detect_left_out([recording for recording, _ in made], [truth], groups))
    assert trained[0] == {"v2", "v3", "v4"}
    assert trained[1] == {"v0", "v1", "v3", "v4"}
    assert set(found) == set("abcd")
    assert set(found["a"]["video"]) == {"v0", "v1"}
    assert (found["b"]["video"] == "v2").all()


def test_without_everybody_nothing_is_left(tmp_path):
    recording, _ = smiling(tmp_path, "v")
    assert without(recording, {("v", 0)}) is None
    assert without(recording, {("w", 0)}).tracks.persons == [0]
