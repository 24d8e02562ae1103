"""Draw events as a timeline to look at (PNG): one lane per person and behaviour."""

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from kinesics.io.extras import import_optional
from kinesics.io.files import replacing
from kinesics.structures.events import check_events
from kinesics.structures.vocabulary import LABELS, in_order

_LANE_IN, _WIDTH_IN, _MARGIN_IN = 0.22, 10.0, 0.9
_DPI, _OTHER = 120, "#555555"  # the colour of labels that are not in the vocabulary
_CLOCK_S, _HOUR_S = 120.0, 3600.0
_STEPS_S, _MOST_TICKS = (5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400), 12
_MOST_LANES = 200  # more could not be read, and the image would exceed what viewers open


def prepare_overview() -> None:
    """Import what draws, which takes as long as the drawing. Raises KinesicsError if it is not installed."""
    for name in ("matplotlib.figure", "matplotlib.backends.backend_agg"):
        import_optional(name)


def write_overview(events: pd.DataFrame, end_s: float, path: str | Path, title: str = "", start_s: float = 0.0) -> None:
    """Draw the events of one video over [start_s, end_s) seconds; the opacity of a bar is its score, at least a quarter.

    Of more than 200 lanes, those with the most events are drawn and the title says how many are missing. Needs the extra
    ``annotate``.
    """
    matplotlib = import_optional("matplotlib")
    with matplotlib.rc_context(matplotlib.rcParamsDefault):  # not the user's style: the same events give the same bytes
        _draw(check_events(events), (start_s, end_s), Path(path), title)


def _draw(events: pd.DataFrame, extent_s: tuple[float, float], path: Path, title: str) -> None:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.colors import to_rgba
    from matplotlib.figure import Figure

    lanes = _lanes(events)
    counts = events.groupby(["person", "label"]).size()
    drawn = set(sorted(lanes, key=lambda lane: -counts[lane])[:_MOST_LANES])
    missing = len(lanes) - len(drawn)
    lanes = [lane for lane in lanes if lane in drawn]
    figure: Any = Figure(
        figsize=(_WIDTH_IN, _MARGIN_IN + _LANE_IN * max(len(lanes), 1)), dpi=_DPI, layout="constrained"
    )
    FigureCanvasAgg(figure)
    axes: Any = figure.add_subplot()  # matplotlib's own types are partial
    for row, (person, label) in enumerate(lanes):
        bouts = events[(events["person"] == person) & (events["label"] == label)]
        colour = LABELS["colour"].get(label, _OTHER)
        opacity = np.clip(bouts["score"], 0.25, 1.0)
        spans = np.stack([bouts["start_s"], bouts["end_s"] - bouts["start_s"]], 1)
        axes.broken_barh(
            spans, (row - 0.35, 0.7), facecolors=[to_rgba(colour, alpha) for alpha in opacity], linewidth=0
        )
        if row and lanes[row - 1][0] != person:
            axes.axhline(row - 0.5, color="#999999", linewidth=0.8)
    several = len({person for person, _ in lanes}) > 1
    axes.set_yticks(range(len(lanes)), [_name(*lane, several) for lane in lanes], parse_math=False)
    axes.set_ylim(len(lanes) - 0.4, -0.6)
    axes.set_xlim(*extent_s)
    _draw_times(axes, extent_s[1], "paler bars have lower scores" if lanes else "no events")
    axes.grid(axis="x", color="#e0e0e0", linewidth=0.6)
    axes.set_axisbelow(True)
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.tick_params(axis="y", length=0)
    axes.set_title(
        title + (f" ({missing} lanes more)" if missing else ""), fontsize="medium", loc="left", parse_math=False
    )
    with replacing(path) as temporary, temporary.open("wb") as file, warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing from font")  # a title's sign is then drawn as a box
        figure.savefig(file, format="png", metadata={"Software": None})


def _draw_times(axes: Any, end_s: float, note: str) -> None:
    """Label the axis of time: in seconds, of videos of two minutes or more as the clock has them."""
    if end_s < _CLOCK_S:
        axes.set_xlabel(f"time (s); {note}")
        return
    from matplotlib.ticker import MultipleLocator

    begin_s, end_s = axes.get_xlim()
    step_s = next((step for step in _STEPS_S if (end_s - begin_s) / step <= _MOST_TICKS), _STEPS_S[-1])
    hours = end_s >= _HOUR_S

    def clock(time_s: float, _: int | None) -> str:
        minutes, seconds = divmod(round(time_s), 60)
        return f"{minutes // 60}:{minutes % 60:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"

    axes.xaxis.set_major_locator(MultipleLocator(step_s))
    axes.xaxis.set_major_formatter(clock)
    axes.set_xlabel(f"time ({'h:mm:ss' if hours else 'm:ss'}); {note}")


def _lanes(events: pd.DataFrame) -> list[tuple[int, str]]:
    """Return (person, label) of each lane: people ascending, labels in the vocabulary's order."""
    order = {label: place for place, label in enumerate(in_order(events["label"]))}
    lanes = {(int(person), label) for person, label in events[["person", "label"]].itertuples(index=False)}
    return sorted(lanes, key=lambda lane: (lane[0], order[lane[1]]))


def _name(person: int, label: str, several: bool) -> str:
    text = label.replace("_", " ")
    text = text if len(text) <= 30 else text[:29] + "…"
    return f"person {person}: {text}" if several else text
