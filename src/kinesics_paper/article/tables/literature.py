"""The tables of the review as LaTeX (booktabs), each written by one function.

It takes the tables of ``read_literature``, the records that the table needs (none: an empty list), and the path.
"""

from collections.abc import Callable, Sequence
from pathlib import Path

import pandas as pd

from kinesics.io.files import write_text
from kinesics_paper.article.figures.literature import TASKS, best_supervised
from kinesics_paper.article.latex import escape
from kinesics_paper.article.latex import table as tabular
from kinesics_paper.datasets.gpt4v_emotion import read_sets
from kinesics_paper.datasets.shrec2022 import RUNS
from kinesics_paper.literature.records import find, read_records
from kinesics_paper.literature.tables import UNVERIFIED, read_literature, runs, verification_mark
from kinesics_paper.studies.gpt4v import AS_PUBLISHED, OTHER, comparison
from kinesics_paper.studies.shrec2022 import DATASET

#: What a word of ``literature.runs`` says on the page.
RUNS_HERE = {
    "embedded": "yes",
    "answers": "answers only",
    "endpoint": "endpoint",
    "full": "full tier",
    "baseline": "retrained",
    "no code": "no",
    "none": "no",
}

#: The inputs of a system, a letter each where there is one.
LETTERS = {"image": "I", "video": "V", "audio": "A", "text": "T"}


def systems(literature: dict[str, pd.DataFrame], records: list[dict], out: str | Path) -> None:
    """Write the table of systems: year, size, modalities, licence, weights, gate, whether it runs here.

    A row that is not verified in full carries the mark; unknown entries are a question mark.
    """
    rows = []
    for row in literature["systems"].sort_values(["year", "system"], kind="stable").to_dict("records"):
        words = [LETTERS.get(word, word) for word in row["modalities"].split()]
        letters = all(len(word) == 1 for word in words)
        cells = [
            f"{escape(row['system'])}{'' if row['verified'] == 'yes' else UNVERIFIED}~\\cite{{{row['paper_key']}}}",
            row["year"],
            escape(row["parameters"]),
            ("" if letters else " ").join(words),
            *(escape(row[name]) for name in ("licence", "weights", "gated")),
            RUNS_HERE[runs(row)],
        ]
        rows.append(["?" if cell == "unknown" else cell for cell in cells])
    head = ["System", "Year", "Parameters", "Input", "Licence", "Weights", "Gated", "Runs here"]
    write_text(out, tabular("llllllll", head, rows))


def gpt4v(literature: dict[str, pd.DataFrame], records: list[dict], out: str | Path) -> None:
    """Write every published number of GPT-4V beside ours, with n, chance, majority class and the best supervised."""
    table = comparison(records)
    rows, rules = [], []
    for task in TASKS:
        if rows:
            rules.append(len(rows))
        for row in table[table["task"] == task].itertuples():
            name, value = best_supervised(literature["published_results"], row.dataset, row.metric)
            rows.append([
                escape(row.dataset).replace(">=", r"$\geq$"),
                row.metric,
                f"{row.published:.2f}",
                f"{row.value:.2f} [{row.low:.1f}, {row.high:.1f}]",
                _signed(row.difference, 3),
                f"{row.n}",
                f"{row.chance:.1f}",
                f"{row.majority:.1f}",
                f"{value:.2f} ({escape(name)})",
            ])  # fmt: skip
    head = [
        "Data set",
        "Metric",
        "Published",
        "Recomputed",
        r"$\Delta$",
        "$n$",
        "Chance",
        "Majority",
        "Best supervised",
    ]
    write_text(out, tabular("llrlrrrrl", head, rows, tuple(rules)))


def gpt4v_choices(literature: dict[str, pd.DataFrame], records: list[dict], out: str | Path) -> None:
    """Write the choices that the paper leaves open: the published number, and what the other choice gives."""
    rows, rules, seen = [], [], set()
    words = {"outside": "answer outside the list", "zero": "label 0", "neutral": "answer neutral",
             "surprise": "surprise and surprised"}  # fmt: skip
    for option, what in words.items():
        if rows:
            rules.append(len(rows))
        for row in read_sets():
            if not row[option] or (option, row["dataset"]) in seen:
                continue
            seen.add((option, row["dataset"]))
            other = OTHER[option][row[option]]
            for metric in row["metrics"].split(";"):
                values = [find(records, row["dataset"], name, metric) for name in (AS_PUBLISHED, f"{option}: {other}")]
                if values[0]["value"] == values[1]["value"]:
                    continue  # the choice touches no sample of this set
                name = escape(row["dataset"]).replace(">=", r"$\geq$")
                gain = _signed(values[1]["value"] - values[0]["value"], 2)
                numbers = [f"{value['value']:.2f} ({value['n']})" for value in values]
                new = not rows or len(rows) in rules
                rows.append([what if new else "", name, metric, row[option], numbers[0], other, numbers[1], gain])
    rules.append(len(rows))
    for row in read_sets():
        if row["also"] and row["dataset"] not in seen:
            seen.add(row["dataset"])
            values = [find(records, row["dataset"], AS_PUBLISHED, row[column]) for column in ("metrics", "also")]
            numbers = [f"{value['value']:.2f} ({value['n']})" for value in values]
            gain = _signed(values[1]["value"] - values[0]["value"], 2)
            what = "measure" if len(rows) in rules else ""
            rows.append([what, escape(row["dataset"]), "", row["metrics"], numbers[0], row["also"], numbers[1], gain])
    head = ["Choice", "Data set", "Metric", "As published", "gives ($n$)", "Else", "gives ($n$)", r"$\Delta$"]
    write_text(out, tabular("lllllllr", head, rows, tuple(rules)))


def shrec2022(literature: dict[str, pd.DataFrame], records: list[dict], out: str | Path) -> None:
    """Write the eight runs of SHREC 2022: rates with intervals, and the delay from the true start in frames."""
    metrics = ["detection rate", "false-positive rate", "Jaccard index"]
    runs = sorted(RUNS, key=lambda run: -find(records, DATASET, run, "Jaccard index")["value"])
    rows = []
    for run in runs:
        cells = [escape(run)]
        for metric in metrics:
            row = find(records, DATASET, run, metric)
            quoted = "--" if row["published"] is None else f"{row['published']:.2f}{verification_mark('no')}"
            cells += [f"{row['value']:.2f} [{row['low']:.2f}, {row['high']:.2f}]", quoted]
        delays = [find(records, DATASET, run, f"delay from the {start} start") for start in ("reported", "true")]
        rows.append([*cells, *(f"{row['value']:.1f}" for row in delays)])
    head = ["Run", "Detection rate", "quoted", "False-positive rate", "quoted", "Jaccard index", "quoted"]
    head += ["Delay, reported", "true start"]
    write_text(out, tabular("lllllllrr", head, rows))


def unverified_references(literature: dict[str, pd.DataFrame], records: list[dict], out: str | Path) -> None:
    """Write the references of which a field is not known from the work itself."""
    rows = [
        [f"\\cite{{{row['key']}}}", escape(row["field"]), escape(row["state"]), escape(row["what_was_tried"])]
        for row in literature["unverified_references"].to_dict("records")
    ]
    columns = "l" + "".join(
        f">{{\\raggedright\\arraybackslash}}p{{{width}\\linewidth}}" for width in (0.12, 0.40, 0.33)
    )
    write_text(out, tabular(columns, ["Reference", "Field", "State", "What was read"], rows))


def _signed(value: float, digits: int) -> str:
    """Return a difference with its sign; one that rounds to nothing has none."""
    text = f"{abs(value):.{digits}f}"
    if float(text) == 0:
        return text
    return ("$-$" if value < 0 else "+") + text


#: The tables of the review by the name of their file.
TABLES: dict[str, Callable[[dict[str, pd.DataFrame], list[dict], str | Path], None]] = {
    "systems": systems,
    "unverified_references": unverified_references,
    "gpt4v": gpt4v,
    "gpt4v_choices": gpt4v_choices,
    "shrec2022": shrec2022,
}


def write_all(tables: Sequence[str], records: Sequence[str], out: Sequence[str]) -> None:
    """Write tables by name. ``records`` are the files of the studies that the tier has the data for."""
    literature = read_literature("literature")
    rows = [row for path in records for row in read_records(path)]
    for name, path in zip(tables, out, strict=True):
        TABLES[name](literature, rows, path)
