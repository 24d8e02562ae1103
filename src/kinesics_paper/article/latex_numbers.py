"""Format the numbers of the article and write them as LaTeX macros and JSON."""

from pathlib import Path

from kinesics.detectors.registry import DETECTORS
from kinesics.io.files import write_json, write_text

MISSING = "--"


def text(value: float | int | str | None, digits: int = 2) -> str:
    """Return a number as the article prints it: a proper minus sign, thin spaces between thousands, -- for None."""
    if value is None:
        return MISSING
    if isinstance(value, str):
        return value
    shown = f"{value:,d}" if isinstance(value, int) else f"{value:,.{digits}f}"
    if float(shown.replace(",", "")) == 0:
        shown = shown.lstrip("-")
    return shown.replace(",", r"\,").replace("-", r"\ensuremath{-}")


def power_of_ten(value: float) -> str:
    """Return a small number as LaTeX: one digit and a power of ten."""
    digit, exponent = f"{value:.0e}".split("e")
    return rf"\ensuremath{{{digit}\times10^{{{int(exponent)}}}}}"


def interval(entry: dict, digits: int = 2) -> str:
    """Return a score ``{value, low, high}`` as LaTeX: 0.42 [0.31, 0.53]."""
    value = text(entry["value"], digits)
    return value if entry["low"] is None else f"{value} [{text(entry['low'], digits)}, {text(entry['high'], digits)}]"


def spread(key: str, entry: dict) -> dict[str, float | None]:
    """Return a score ``{value, low, high}`` as the numbers ``key``, ``key.low`` and ``key.high``."""
    return {key: entry["value"], f"{key}.low": entry["low"], f"{key}.high": entry["high"]}


def reverse_sign(entry: dict) -> dict[str, float | None]:
    """Return a difference ``{value, low, high}`` the other way: what the second has more than the first."""
    low, high = (None if entry[end] is None else -entry[end] for end in ("high", "low"))
    return {"value": -entry["value"], "low": low, "high": high}


def write(numbers: dict, tex: str | Path, values: str | Path) -> None:
    """Write the numbers as LaTeX definitions and as JSON ({key: {text, value}})."""
    lines = [f"\\kxnumber{{{key}}}{{{text(value)}}}" for key, value in sorted(numbers.items())]
    write_text(tex, "% Written by the workflow.\n" + "\n".join(lines) + "\n")
    write_json(values, {key: {"text": text(value), "value": value} for key, value in numbers.items()})


def detectors(result: dict) -> list[str]:
    """Return the detectors of a score file in the catalogue's order."""
    return [name for name in DETECTORS if name in result["detectors"]]
