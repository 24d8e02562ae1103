"""Events tables by hand and at random."""

import numpy as np
import pandas as pd
from hypothesis import settings
from hypothesis import strategies as st

from kinesics.metrics.agreement import RATE_HZ, cohen_kappa, frame_counts
from kinesics.metrics.matching import match_events
from kinesics.structures.events import BOX, TUBE_COLUMNS, check_events

COLUMNS = ["video", "person", "label", "start_s", "end_s", "score"]


FEW_SCORES = st.sampled_from([0.1, 0.5, 1.0])


quick = settings(max_examples=30, deadline=None, derandomize=True)


def events(*rows: tuple) -> pd.DataFrame:
    """Make an events table of (video, person, label, start, end, score) rows."""
    return check_events(pd.DataFrame(list(rows), columns=COLUMNS))


def one(*spans: tuple) -> pd.DataFrame:
    """Make a table of (start, end[, score]) rows: one video, person and label."""
    return events(*[("v", 0, "x", span[0], span[1], span[2] if len(span) > 2 else 1.0) for span in spans])


@st.composite
def tables(draw: st.DrawFn, scores: st.SearchStrategy[float] = FEW_SCORES, size: int = 14) -> pd.DataFrame:
    """Events on a grid of 0.25 s, which makes equal times, tIoU and scores frequent and their sums exact."""
    row = st.tuples(
        st.sampled_from("vw"), st.integers(0, 1), st.sampled_from("xyz"), st.integers(0, 80), st.integers(1, 40), scores
    )
    rows = draw(st.lists(row, max_size=size))
    return events(*[(v, person, label, a / 4, (a + n) / 4, score) for v, person, label, a, n, score in rows])


distinct = tables(st.floats(0, 1, width=32)).map(
    lambda table: table.assign(score=np.random.default_rng(len(table)).permutation(len(table)) / 100)
)


TUBE_RATE = 4.0


def tubes_of(table: pd.DataFrame, boxes: dict[int, tuple] | None = None) -> pd.DataFrame:
    """Give every event a constant box at every sample of 4 Hz: that of its row, or else of its person."""
    rows = []
    for number, event in enumerate(table.itertuples()):
        box = (boxes or {}).get(number, (0.4 * event.person, 0.0, 0.4 * event.person + 0.4, 0.5))
        rows += [
            (number, k / TUBE_RATE, *box)
            for k in range(round(event.start_s * TUBE_RATE), round(event.end_s * TUBE_RATE))
        ]
    return pd.DataFrame(rows, columns=TUBE_COLUMNS)


def kappas(
    truth: pd.DataFrame, predicted: pd.DataFrame, durations: dict[str, float], rate_hz: float = RATE_HZ
) -> dict[str, float]:
    """Return the frame-wise Cohen's kappa of each label of either table."""
    labels = sorted({*truth["label"], *predicted["label"]})
    counts = frame_counts(truth, predicted, durations, labels, rate_hz).sum(1)
    return dict(zip(labels, cohen_kappa(counts), strict=True))


def event_counts(truth: pd.DataFrame, predicted: pd.DataFrame, tiou: float) -> pd.DataFrame:
    """Count true positives, false positives and false negatives of each label: columns tp, fp, fn."""
    hit = match_events(truth, predicted, tiou) >= 0
    sums = {"truth": truth["label"], "predicted": predicted["label"], "tp": truth["label"][hit]}
    table = pd.DataFrame({name: column.value_counts() for name, column in sums.items()}).fillna(0).astype(int)
    return pd.DataFrame({"tp": table["tp"], "fp": table["predicted"] - table["tp"], "fn": table["truth"] - table["tp"]})


def values(result: dict) -> dict[str, float | None]:
    """Return the value of each metric of a result of ``score``."""
    return {name: entry["value"] for name, entry in result["metrics"].items()}


def boxed(*rows: tuple) -> pd.DataFrame:
    """Make an events table of (video, person, label, start, end, score, box) rows; a box is (x0, y0, x1, y1)."""
    table = pd.DataFrame([(*row[:-1], *row[-1]) for row in rows], columns=[*COLUMNS, *BOX])
    return check_events(table)
