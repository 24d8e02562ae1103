"""Draw the events of a video as a timeline: a lane a person and label, a bar an event."""

from pathlib import Path

import pandas as pd

from kinesics.errors import KinesicsError
from kinesics.io.extras import import_optional
from kinesics.io.files import replacing
from kinesics.structures.events import check_events
from kinesics.structures.vocabulary import LABELS, in_order

#: Lanes beyond these are left out of the picture, which has an edge of 65536 pixels at most.
MOST_LANES = 400
_LANE_INCH, _WIDTH_INCH, _DPI = 0.22, 12.0, 120
#: Colours of labels outside of the vocabulary.
_COLOURS = ["#4477AA", "#EE6677", "#228833", "#CCBB44", "#66CCEE", "#AA3377", "#BBBBBB"]


def lanes(events: pd.DataFrame) -> list[tuple[int, str]]:
    """Return the lanes of a timeline from top to bottom: person and label, labels in the vocabulary's order."""
    order = {label: k for k, label in enumerate(in_order(events["label"]))}
    found = set(zip(events["person"].tolist(), events["label"].tolist(), strict=True))
    return sorted(found, key=lambda lane: (lane[0], order[lane[1]]))


def draw_overview(events: pd.DataFrame, path: str | Path, duration_s: float | None = None) -> None:
    """Draw the events of one video as PNG, SVG or PDF, after the file's ending; the score of an event is its opacity.

    ``duration_s`` is the length of the video (default: up to the end of the last event). Events too short to be seen are a
    pixel wide. Raises KinesicsError for events of several videos, another ending, or if Matplotlib is not installed.
    """
    events = check_events(events)
    path = Path(path)
    if (videos := events["video"].nunique()) > 1:
        raise KinesicsError(f"{path}: a timeline is of one video, but the events are of {videos}")
    kind = path.suffix.lower().removeprefix(".")
    if kind not in ("png", "svg", "pdf"):
        raise KinesicsError(f"{path}: end the name of the picture with .png, .svg or .pdf")
    import_optional("matplotlib")
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    shown = lanes(events)[:MOST_LANES]
    end = max(duration_s or 0.0, float(events["end_s"].max()) if len(events) else 0.0) or 1.0
    figure = Figure(figsize=(_WIDTH_INCH, 1.0 + _LANE_INCH * max(len(shown), 1)), dpi=_DPI, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots()
    own = [label for label in in_order(events["label"]) if label not in LABELS.index]
    for place, (person, label) in enumerate(shown):
        lane = events[(events["person"] == person) & (events["label"] == label)]
        colour = (
            str(LABELS.at[label, "colour"]) if label in LABELS.index else _COLOURS[own.index(label) % len(_COLOURS)]
        )
        spans = list(zip(lane["start_s"], lane["end_s"] - lane["start_s"], strict=True))
        opacity = (0.35 + 0.65 * lane["score"].clip(0, 1)).tolist()
        axes.broken_barh(spans, (place - 0.4, 0.8), facecolors=colour, edgecolors=colour, linewidth=0.4, alpha=opacity)
    for place in range(1, len(shown)):
        if shown[place][0] != shown[place - 1][0]:
            axes.axhline(place - 0.5, color="0.4", linewidth=0.8)
    names = [f"{person}  {label}" for person, label in shown]
    axes.set_yticks(range(len(shown)), names, fontsize=8, parse_math=False)
    axes.set_ylim(max(len(shown), 1) - 0.5, -0.5)
    axes.set_xlim(0, end)
    axes.set_xticks([k * _step_s(end) for k in range(int(end / _step_s(end)) + 1)])
    axes.xaxis.set_major_formatter(lambda time, _: _clock(time, end))
    axes.grid(axis="x", color="0.9", linewidth=0.6)
    axes.set_axisbelow(True)
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.tick_params(axis="y", length=0)
    title = str(events["video"].iloc[0]) if len(events) else "no events"
    left_out = len(lanes(events)) - len(shown)
    axes.set_title(
        title + (f" ({left_out} lanes are left out)" if left_out else ""), loc="left", fontsize=9, parse_math=False
    )
    metadata = {"png": {"Software": None}, "svg": {"Date": None, "Creator": None}, "pdf": {"CreationDate": None}}[kind]
    with replacing(path) as temporary:
        figure.savefig(temporary, format=kind, metadata=metadata)


def _step_s(end_s: float) -> float:
    """Return a round time between ticks that gives at most twelve of them."""
    steps = [0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 36000]
    return next((step for step in steps if end_s / step <= 12), end_s / 12)


def _clock(time_s: float, end_s: float) -> str:
    """Return a time as minutes and seconds, with hours or decimals where the video needs them."""
    if end_s < 12:
        return f"{time_s:g} s"
    minutes, seconds = divmod(round(time_s), 60)
    return f"{minutes // 60}:{minutes % 60:02d}:{seconds:02d}" if end_s >= 3600 else f"{minutes}:{seconds:02d}"
