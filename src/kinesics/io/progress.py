"""Show the progress of the work on a video: frames, speed against real time, time left."""

from collections.abc import Iterable
from typing import Any, TypeVar

from tqdm import tqdm

T = TypeVar("T")


class _FrameBar(tqdm):
    """A bar over sampled frames that also says how many seconds of video are done in a second."""

    frames_hz = 1.0

    @property
    def format_dict(self) -> dict[str, Any]:
        values = dict(super().format_dict)
        elapsed_s = values["elapsed"]
        rate = values["rate"] or ((values["n"] - values["initial"]) / elapsed_s if elapsed_s else 0.0)
        return values | {"speed": f"{rate / self.frames_hz:.1f}x real time"}


def frame_bar(frames: Iterable[T], count: int, rate_hz: float, shown: bool, name: str | None = None) -> Iterable[T]:
    """Yield frames sampled at ``rate_hz``, of which there are ``count``, with a bar on stderr if that is a terminal."""
    bar = _FrameBar(
        frames,
        name,
        count,
        unit="frame",
        disable=None if shown else True,
        bar_format="{l_bar}{bar}| {n_fmt}/{total_fmt} frames, {speed}, {remaining} left",
    )
    bar.frames_hz = rate_hz
    return bar
