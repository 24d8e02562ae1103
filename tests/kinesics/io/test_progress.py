"""The bar over frames: what it says on a terminal, and silence elsewhere."""

import io

import pytest

from kinesics.io.progress import frame_bar


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(("stream", "shown"), [(Terminal, True), (Terminal, False), (io.StringIO, True)])
def test_a_terminal_gets_frames_speed_and_time_left(monkeypatch, stream, shown):
    stderr = stream()
    monkeypatch.setattr("sys.stderr", stderr)
    bar = frame_bar(range(20), 20, 10.0, shown, "track")
    if not bar.disable:
        bar.start_t -= 4  # as if twenty frames, two seconds of video, had taken four
    assert list(bar) == list(range(20))
    text = stderr.getvalue()
    if stream is Terminal and shown:
        assert "20/20 frames, 0.5x real time, 00:00 left" in text
    else:
        assert text == ""
