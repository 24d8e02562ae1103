"""The timeline of a video's events as an image."""

import cv2
import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from kinesics.formats.overview import write_overview
from kinesics.structures.events import check_events, empty_events

HAPPY_BGR = (0, 159, 230)  # of the vocabulary


def events(rows: list[tuple[int, str, float, float]]) -> pd.DataFrame:
    table = pd.DataFrame(rows, columns=["person", "label", "start_s", "end_s"])
    return check_events(table.assign(video="v"))


def columns_of(path, colour) -> np.ndarray:
    """Return which columns of an image have pixels of a colour."""
    return (np.abs(cv2.imread(str(path)).astype(int) - colour) <= 2).all(-1).any(0)


def test_a_bar_is_as_long_as_its_event(tmp_path):
    for end, name in ((5.0, "a.png"), (10.0, "b.png")):
        write_overview(events([(0, "happy", 0.0, end)]), 10.0, tmp_path / name)
    half, whole = (columns_of(tmp_path / name, HAPPY_BGR).sum() for name in ("a.png", "b.png"))
    assert whole > 500
    assert abs(half - whole / 2) <= 2


def test_each_person_and_behaviour_has_a_lane_and_the_image_repeats(tmp_path):
    table = events([(0, "happy", 0, 1), (1, "happy", 0, 1), (1, "my_$label_1$", 2, 3)])
    write_overview(table, 5.0, tmp_path / "three.png", "a $title_2$")
    write_overview(table, 5.0, tmp_path / "again.png", "a $title_2$")
    write_overview(table.iloc[:1], 5.0, tmp_path / "one.png")
    write_overview(empty_events(), 5.0, tmp_path / "none.png")
    heights = [cv2.imread(str(tmp_path / f"{name}.png")).shape[0] for name in ("none", "one", "three")]
    assert heights[0] == heights[1] < heights[2]
    assert (tmp_path / "three.png").read_bytes() == (tmp_path / "again.png").read_bytes()
    assert not columns_of(tmp_path / "none.png", HAPPY_BGR).any()


@pytest.mark.slow
def test_very_many_lanes_still_give_an_image(tmp_path):
    table = events([(person, "happy", 0, 1) for person in range(1000)])
    write_overview(table, 5.0, tmp_path / "many.png")
    assert cv2.imread(str(tmp_path / "many.png")).shape[0] < 10_000


@pytest.mark.parametrize(
    ("start_s", "end_s", "label", "ticks"),
    [
        (0.0, 30.0, "time (s); paler bars have lower scores", ["0", "5", "10"]),
        (0.0, 360.0, "time (m:ss); paler bars have lower scores", ["0:00", "0:30", "1:00"]),
        (3600.0, 5400.0, "time (h:mm:ss); paler bars have lower scores", ["1:00:00", "1:05:00", "1:10:00"]),
        (0.0, 9e5, "time (h:mm:ss); paler bars have lower scores", ["0:00:00", "24:00:00", "48:00:00"]),
    ],
)
def test_long_videos_have_times_as_the_clock_has_them(start_s, end_s, label, ticks, tmp_path, monkeypatch):
    figures = []
    monkeypatch.setattr(Figure, "savefig", lambda figure, *_, **__: figures.append(figure))
    write_overview(events([(0, "happy", start_s, start_s + 1)]), end_s, tmp_path / "a.png", start_s=start_s)
    (axes,) = figures[0].axes
    figures[0].canvas.draw()
    shown = [
        text.get_text()
        for text, place in zip(axes.get_xticklabels(), axes.get_xticks(), strict=True)
        if start_s <= place <= end_s
    ]
    assert axes.get_xlabel() == label
    assert shown[:3] == ticks
    assert len(shown) <= 13
