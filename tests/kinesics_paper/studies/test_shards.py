"""Shards of a benchmark: every video in one, and images and parts of films as videos."""

import numpy as np
import pandas as pd
import pytest
from support.clips import numbered, write_video

from kinesics.media.video import probe_video, read_frame_at
from kinesics.structures.tracks import read_tracks
from kinesics_paper.datasets import base, index
from kinesics_paper.studies.shards import Shard, open_video, track_shard


def test_shards_are_known_before_the_data_and_hold_every_video_once():
    assert base.shard_count("fineaction", 4) > base.shard_count("ravdess", 4) == 1
    videos = [f"v{number}" for number in range(10)]
    parts = [base.shard_videos(videos, number, 3) for number in range(3)]
    assert sorted(video for part in parts for video in part) == videos
    assert max(map(len, parts)) - min(map(len, parts)) <= 1


@pytest.mark.slow
def test_images_and_parts_of_films_become_videos(benchmarks, tmp_path):
    index.write_index("jester", benchmarks / "jester", tmp_path / "jester")
    shard = Shard.parse(tmp_path / "jester", "0-of-2")
    paths = track_shard(shard, tmp_path, tmp_path / "tracks", see="frame", rate_hz=6, max_people=1)
    assert [path.stem for path in paths] == ["34870", "9223"]
    tracks = read_tracks(paths[0])
    assert tracks.duration_s == pytest.approx(25 / 12, abs=0.01)
    assert tracks.dense(0, ["person_x0", "person_y1"])[5].tolist() == [0, 1]
    film = write_video(tmp_path / "film.mp4", numbered(20))
    row = pd.Series({"path": str(film), "start_s": 0.5, "duration_s": 1.0, "rate_hz": np.nan})
    with open_video(row) as part:
        assert probe_video(part).duration_s == pytest.approx(1.0)
        grey = read_frame_at(part, [0.05, 0.95])[:, 30, 40].mean(1)
    assert np.abs(grey - [10 + 8 * 5, 10 + 8 * 14]).max() < 3
