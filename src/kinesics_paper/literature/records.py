"""Results of the review as records: one number, what it measures, and its interval."""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from kinesics.errors import KinesicsError
from kinesics.metrics.bootstrap import percentile_interval

#: Resamples of the bootstrap of every interval.
RESAMPLES = 2000

KEYS = ["task", "dataset", "variant", "metric", "value", "published", "n", "low", "high"]


@dataclass(frozen=True)
class Estimate:
    """A measure on the data, how many samples it counts, and the measure on resamples of them (None without)."""

    value: float
    n: int
    resampled: np.ndarray | None = None


def record(
    task: str, dataset: str, variant: str, metric: str, estimate: Estimate, published: float | None = None
) -> dict:
    """Return a record with the 95% interval of the estimate.

    Numbers are rounded to six decimals, so that the files are the same bytes on machines that sum differently.
    """
    value, low, high = estimate.value, None, None
    if estimate.resampled is not None:
        low, high = percentile_interval(np.append(value, estimate.resampled))
    value, low, high = (None if number is None else round(float(number), 6) for number in (value, low, high))
    return dict(zip(KEYS, [task, dataset, variant, metric, value, published, int(estimate.n), low, high], strict=True))


def read_records(path: str | Path) -> list[dict]:
    """Read the records of a results file. Raises KinesicsError naming the file if it is not one."""
    try:
        records = json.loads(Path(path).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise KinesicsError(f"{path}: no such file; score the data first") from None
    except ValueError as error:
        raise KinesicsError(f"{path}: not JSON: {error}") from None
    if not isinstance(records, list) or not all(isinstance(row, dict) and set(KEYS) <= set(row) for row in records):
        raise KinesicsError(f"{path}: not a list of records with the keys {', '.join(KEYS)}")
    return records


def find(records: list[dict], dataset: str, variant: str, metric: str) -> dict:
    """Return the record of a data set, variant and metric. Raises KinesicsError naming them if there is none."""
    for row in records:
        if (row["dataset"], row["variant"], row["metric"]) == (dataset, variant, metric):
            return row
    raise KinesicsError(f"no result for {metric!r} of {variant!r} on {dataset!r}")
