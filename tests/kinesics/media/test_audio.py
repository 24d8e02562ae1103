"""kinesics.media.audio: the samples around each instant, with silence before and after, and videos without sound."""

import numpy as np
import pytest
from support.clips import numbered, write_video

from kinesics.errors import KinesicsError
from kinesics.media import audio, video
from kinesics.media.audio import SOUND_HZ


def test_sound_begins_with_the_first_frame_and_silence_is_around_it(clip):
    wave = audio.read_sound(clip("obama_speech"))
    assert abs(len(wave) / SOUND_HZ - video.probe_video(clip("obama_speech")).duration_s) < 0.1
    windows = dict(audio.read_sound_windows(clip("obama_speech"), 4, 8000))
    assert (windows[0][:4000] == 0).all()
    for time_s in (0.25, 3.0, 5.75):
        middle = round(time_s * SOUND_HZ)
        np.testing.assert_array_equal(windows[time_s], wave[middle - 4000 : middle + 4000])


def test_a_video_without_sound_is_named(tmp_path):
    silent = write_video(tmp_path / "silent.mp4", numbered(3))
    with pytest.raises(KinesicsError, match=r"silent\.mp4: has no sound"):
        audio.read_sound(silent)
