"""Scores as Markdown tables."""

import numpy as np
from support.event_tables import events, one

from kinesics.metrics.comparison import compare
from kinesics.metrics.diagnosis import diagnose
from kinesics.metrics.report import format_report
from kinesics.metrics.scoring import SHORT, score


def rows(text: str, header: str) -> dict[str, list[str]]:
    """Return the cells of each row of the table whose first column is ``header``, by the first cell."""
    (table,) = (part for part in text.split("\n\n") if part.startswith(f"| {header} "))
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines()]
    return {first: others for first, *others in cells[2:] if first}


def test_a_report_has_the_short_metrics_and_the_labels():
    truth = events(("v", 0, "happy", 0, 4, 1), ("w", 0, "x", 10, 14, 1))
    result = score(truth, truth[:1], resamples=20) | {"notes": ["first", "second"]}
    text = format_report(result)
    assert text.startswith(
        "2 videos in 3 units (stretches of 10 s, which the bootstrap draws); true events 2; predicted 1\n"
    )
    assert "\nnote: first\nnote: second\n" in text
    metrics = rows(text, "metric")
    assert set(metrics) <= set(SHORT)
    assert "spatial_iou" not in metrics  # without boxes it is undefined
    assert metrics["recall_50"][0] == "0.500"
    assert metrics["recall_50"][2] == "2"
    assert rows(text, "label")["x"][:3] == ["1", "0.000", "0.000"]
    everything = rows(format_report(result, True), "metric")
    assert list(everything) == list(result["metrics"])
    assert everything["spatial_iou"] == ["", "", "0"]
    assert "levenshtein, mean_jaccard: of whole videos only (--by-video)" in format_report(result, True)
    assert "in 2 units (whole videos, which" in format_report(score(truth, truth, block_s=np.inf, resamples=0))


def test_a_report_has_differences_and_the_diagnosis():
    truth = one((0, 4), (10, 14), (20, 24))
    predicted = one((0, 4, 0.9), (10, 14, 0.8), (30, 34, 0.7))
    result = score(truth, predicted, resamples=20)
    result["compare"] = compare(truth, predicted, truth, resamples=20, permutations=100)
    result["diagnosis"] = diagnose(truth, predicted)
    text = format_report(result)
    assert rows(text, "difference to the other")["recall_50"][0] == "-0.333"
    assert 0 < float(rows(text, "difference to the other")["recall_50"][2]) <= 1
    assert rows(text, "prediction at tIoU 0.5")["background"][:2] == ["1", "33 %"]
    assert rows(text, "true events by")["length"] == ["M", "3", "0.33", "0.67"]
    assert "right in time and label" not in text  # there are no boxes
    result["compare"]["metrics"]["recall_50"]["p"] = 0.0004
    assert rows(format_report(result), "difference to the other")["recall_50"][2] == "< 0.001"
