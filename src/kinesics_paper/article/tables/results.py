"""The article's tables as LaTeX (booktabs), made from files of the workflow."""

import json
from pathlib import Path

import pandas as pd

from kinesics.article.numbers import detectors, interval, text
from kinesics.catalogue import DETECTORS, ENCODERS
from kinesics.corpora import CORPORA
from kinesics.encoders import fetched
from kinesics.files import write_text
from kinesics.review.literature import mark, runs
from kinesics.sources import read_sources
from kinesics.video import facts

#: Column heads of the metrics.
HEADS = {
    "f1_30": r"F1@0.3",
    "f1_50": r"F1@0.5",
    "map": r"mAP",
    "kappa": r"$\kappa$",
    "spatial_iou": r"spatial IoU",
}


def escape(value: str) -> str:
    """Return text with LaTeX's special characters escaped."""
    for character in "\\{}":
        value = value.replace(character, f"<{ord(character)}>")
    for character in "&%$#_":
        value = value.replace(character, "\\" + character)
    value = value.replace("~", r"\textasciitilde{}").replace("^", r"\textasciicircum{}")
    for character, name in {"\\": "textbackslash", "{": "textbraceleft", "}": "textbraceright"}.items():
        value = value.replace(f"<{ord(character)}>", f"\\{name}{{}}")
    return value


def identifier(name: str) -> str:
    """Return a name of the project, such as a source's, as LaTeX that may be broken after a hyphen."""
    return rf"\texttt{{{escape(name)}}}".replace("-", r"-\allowbreak{}")


def table(columns: str, head: list[str], rows: list[list[str]], rules: tuple[int, ...] = ()) -> str:
    """Return a booktabs tabular; ``rules`` are the numbers of the rows before which a thin rule stands."""
    lines = [rf"\begin{{tabular}}{{{columns}}}", r"\toprule", " & ".join(head) + r" \\", r"\midrule"]
    for number, row in enumerate(rows):
        if number in rules:
            lines.append(r"\midrule")
        lines.append(" & ".join(row) + r" \\")
    return "\n".join([*lines, r"\bottomrule", r"\end{tabular}"]) + "\n"


def data(media: dict[str, str], datasets: list[str], out: str | Path) -> None:
    """Write the table of all files: clips with length and frame size, weights, and the public data sets of the tier.

    Columns: source with citation, what it is, origin, size and licence. ``media`` is {source: video}.
    """
    sources = read_sources()
    weights = [name for name, files in sources.items() if files[0]["tier"] == "embedded" and name not in media]
    rows, rules = [], []
    for names in (media, weights, datasets):
        if names:
            rules.append(len(rows))
        for source in names:
            files = sources[source]
            row = files[0]
            if source in media:
                seen = facts(media[source])
                frame = f"{seen.duration_s:.1f} s, {seen.width}\\,$\\times$\\,{seen.height}"
                what = f"{escape(_what(row))}; {frame}{'' if seen.has_audio else ', no sound'}"
            else:
                what = escape(_contents(files))
            size = sum(int(file["bytes"]) for file in files) / 1e6
            key = rf"{identifier(source)} \cite{{{row['citation']}}}"
            rows.append(
                [key, what, escape(_origin(row)).replace("/", r"/\allowbreak{}"), text(size, 1), escape(row["licence"])]
            )
    head = ["Source", "What", "Origin", "MB", "Licence as stated"]
    ragged = r">{\raggedright\arraybackslash}p{%s\linewidth}"
    columns = f"@{{}}{ragged % 0.22}{ragged % 0.26}{ragged % 0.21}r{ragged % 0.18}@{{}}"
    write_text(out, table(columns, head, rows, tuple(rules[1:])))


def _what(row: dict[str, str]) -> str:
    """Return what a file is, without the word before the colon that groups the files of its source."""
    return row["description"].partition(": ")[2] or row["description"]


def _origin(row: dict[str, str]) -> str:
    """Return the package with its version, or the repository with the beginning of the commit."""
    if row["package"]:
        return f"{row['kind']} {row['package']} {row['version']}"
    if row["url"].startswith("https://raw.githubusercontent.com/"):
        return f"{'/'.join(row['url'].split('/')[3:5])} at {row['version'][:7]}"
    return row["kind"]


def _contents(files: list[dict[str, str]]) -> str:
    """Return what several files are: all kinds if they are few, else the first and the last."""
    kinds = list(dict.fromkeys(map(_what, files)))
    if len(files) == 1:
        return kinds[0]
    return f"{len(files)} files: " + ("; ".join(kinds) if len(kinds) <= 6 else f"{kinds[0]}; ...; {kinds[-1]}")


def open_data(rows: list[dict], out: str | Path) -> None:
    """Write what the open data sets hold (a row of ``adapters.summary`` each); -- for what they do not have or tell."""
    cells = [
        [identifier(row["dataset"]), *(text(row[name]) for name in COUNTS)]
        for row in sorted(rows, key=lambda row: (row["streams"] is None, row["dataset"]))
    ]
    timed = sum(row["streams"] is not None for row in rows)
    head = ["Data set", *(name.capitalize() for name in COUNTS)]
    columns = r"@{}>{\raggedright\arraybackslash}p{0.29\linewidth}" + "r" * len(COUNTS) + "@{}"
    write_text(out, table(columns, head, cells, (timed,) if 0 < timed < len(rows) else ()))


COUNTS = ["streams", "hours", "events", "labels", "persons"]


def agreement(scores: str | Path, truth: list[str], out: str | Path) -> None:
    """Write the coders' agreement a label: numbers of events, F1, kappa, spatial IoU, with intervals."""
    result = json.loads(Path(scores).read_text(encoding="utf-8"))["agreement"]
    coders = [pd.read_csv(path)["label"].value_counts() for path in truth]
    rows = []
    for label in result["labels"]:
        entry = result["per_label"][label]
        counts = [str(coder.get(label, 0)) for coder in coders]
        rows.append([escape(label.replace("_", " ")), *counts, *(interval(entry[metric]) for metric in AGREEMENT)])
    counts = [str(coder.sum()) for coder in coders]
    rows.append(["all labels", *counts, *(interval(result["metrics"][metric]) for metric in AGREEMENT)])
    head = ["Label", "A", "B", *(HEADS[metric] for metric in AGREEMENT)]
    write_text(out, table("@{}lrr" + "l" * len(AGREEMENT) + "@{}", head, rows, (len(rows) - 1,)))


AGREEMENT = ["f1_30", "f1_50", "kappa", "spatial_iou"]


def results(scores: str | Path, out: str | Path) -> None:
    """Write each detector's scores on all labels and on its own, below the coders' agreement."""
    result = json.loads(Path(scores).read_text(encoding="utf-8"))
    ceiling = result["agreement"]
    rows = [["coder A against B", str(len(ceiling["labels"])), *(interval(ceiling["metrics"][name]) for name in HEADS)]]
    rules = []
    for view in ("all", "own"):
        rules.append(len(rows))
        for name in detectors(result):
            scored = result["detectors"][name][view]
            if view == "own" and scored["labels"] == ceiling["labels"]:
                continue
            rows.append(
                [escape(name), str(len(scored["labels"])), *(interval(scored["metrics"][metric]) for metric in HEADS)]
            )
    write_text(
        out, table("@{}lr" + "l" * len(HEADS) + "@{}", ["Detector", "Labels", *HEADS.values()], rows, tuple(rules))
    )


#: Column heads of the metrics on the stage.
STAGE_HEADS = {
    "f1_30": "F1@0.3",
    "f1_50": "F1@0.5",
    "map": "mAP",
    "tube_map": "tube mAP",
    "frame_map_50": "frame mAP",
}


def stage(scores: str | Path, out: str | Path) -> None:
    """Write each detector's scores on the stage's test videos, and how its mAP differs from that of the reference."""
    result = json.loads(Path(scores).read_text(encoding="utf-8"))
    rows, rules = [], []
    for view in ("test", "own"):
        rules.append(len(rows))
        for name in detectors(result):
            scored = result["detectors"][name][view]
            if view == "own" and scored["labels"] == result["labels"]:
                continue
            difference = result["tests"]["map"].get(name) if view == "test" else None
            reached = (interval(scored["metrics"][key]) for key in STAGE_HEADS)
            tested = [interval(difference), text(difference["p_holm"], 3)] if difference else ["", ""]
            rows.append([escape(name), str(len(scored["labels"])), *reached, *tested])
    head = ["Detector", "Labels", *STAGE_HEADS.values(), "$\\Delta$ mAP", "$p$"]
    write_text(out, table("@{}lr" + "l" * len(STAGE_HEADS) + "ll@{}", head, rows, tuple(rules[1:])))


def methods(names: list[str], out: str | Path) -> None:
    """Write what each of these detectors is, reads and learns."""
    rows = []
    for name, row in ((name, DETECTORS[name]) for name in names):
        cite = rf"~\cite{{{row['citation']}}}" if row["citation"] else ""
        reads = row["features"] or row["weights"]
        rows.append([escape(name), escape(row["description"]) + cite, escape(reads) or "--", row["learns"]])
    write_text(
        out, table(r"@{}lp{0.52\linewidth}ll@{}", ["Detector", "What it does", "Frozen network", "Trained here"], rows)
    )


def corpora(scores: list[str], out: str | Path) -> None:
    """Write what each benchmark is, how it is had, and what each encoder reached (files of ``corpora.probe``), or -- .

    What was reached is the official measure in per cent: of clips and frames the mean over the folds, of events and boxes that
    of the first fold. Sizes that are in part from memory carry the mark of unverified numbers.
    """
    found = [json.loads(Path(path).read_text(encoding="utf-8")) for path in scores]
    encoders = sorted({one["encoder"] for one in found})
    rows, rules = [], []
    for number, (name, row) in enumerate(CORPORA.items()):
        if number and row["task"] != rows[-1][1]:
            rules.append(number)
        reached = {one["encoder"]: _reached(one, row) for one in found if one["corpus"] == name}
        size = [text(float(row["videos"]), 0), text(float(row["hours"]), 1), text(float(row["disk_gb"]), 0)]
        size[-1] += mark("no" if "from memory" in row["sizes"] else "yes")
        access = "open" if row["access"] == "open" else "to be signed"
        key = rf"{escape(row['dataset'])}~\cite{{{row['citation']}}}"
        cells = [reached.get(encoder, "--") for encoder in encoders]
        rows.append([key, row["task"], *size, access, escape(row["metric"]), *cells])
    head = ["Benchmark", "Task", "Videos", "Hours", "GB", "Access", "Official measure", *map(escape, encoders)]
    write_text(out, table("@{}llrrrll" + "r" * len(encoders) + "@{}", head, rows, tuple(rules)))


def _reached(result: dict, corpus: dict[str, str]) -> str:
    if "mean" in result:
        names = {"accuracy": "WAR"}
        return "/".join(f"{100 * result['mean'][names.get(one, one)]:.1f}" for one in corpus["metric"].split(", "))
    value = result["folds"][min(result["folds"])]["metrics"][corpus["key"]]["value"]
    return "--" if value is None else f"{100 * value:.1f}"


#: What a letter of ``coverage`` means.
STATES = {"H": "run here", "R": "recomputed from released answers", "P": "published"}
NEEDS = {
    "w": "weights that you place",
    "g": "weights behind an agreement",
    "e": "an endpoint that answers",
    "n": "weights that are not released",
    "c": "code that runs it there",
    "f": "data that are downloaded",
    "d": "data to be signed for",
}
#: The letter of what a word of ``literature.runs`` stands for.
NEEDS_OF = {"embedded": "", "answers": "e", "endpoint": "e", "full": "w", "baseline": "c", "no code": "c", "none": "n"}
CLIPS = "real clips"  # the article's own


def coverage(literature: dict[str, pd.DataFrame], records: list[dict], scores: list[str], out: str | Path) -> None:
    """Write for every system and benchmark what is known: letters of ``STATES``, and of ``NEEDS`` what a run here needs.

    A system is run here on a benchmark if ``scores`` (files of ``corpora.probe``) has an encoder of its paper, and on the
    article's clips if one of its networks is among the embedded sources. Published are the rows of published_results.csv
    under its name or an alias.
    """
    heads = [CLIPS, *(row["dataset"] for row in CORPORA.values())]
    states = _states(literature, records, scores)
    rows = []
    for row in literature["systems"].sort_values(["year", "system"], kind="stable").to_dict("records"):
        key = rf"{escape(row['system'])}~\cite{{{row['paper_key']}}}"
        rows.append([key, *(_cell(states, row, name) for name in heads)])
    legend = "; ".join(rf"{letter}~{what}" for letter, what in {**STATES, **NEEDS}.items())
    rows.append([rf"\multicolumn{{{len(heads) + 1}}}{{@{{}}p{{0.9\linewidth}}@{{}}}}{{\footnotesize {legend}.}}"])
    turned = [rf"\rotatebox{{90}}{{{escape(name)}}}" for name in heads]
    write_text(out, table("@{}l" + "l" * len(heads) + "@{}", ["System", *turned], rows, (len(rows) - 1,)))


def _states(literature: dict[str, pd.DataFrame], records: list[dict], scores: list[str]) -> dict[tuple[str, str], str]:
    """Return {(system, benchmark): letters of ``STATES``} of those that have one."""
    results, aliases = literature["published_results"], literature["aliases"]
    other = {
        kind: aliases[aliases["kind"] == kind].groupby("name")["published"].agg(set) for kind in ("system", "dataset")
    }
    found = [json.loads(Path(path).read_text(encoding="utf-8")) for path in scores]
    run = {(ENCODERS[one["encoder"]]["citation"], CORPORA[one["corpus"]]["dataset"]) for one in found}
    embedded = {files[0]["citation"] for files in read_sources().values() if files[0]["tier"] == "embedded"}
    embedded |= {row["citation"] for name, row in ENCODERS.items() if fetched(name)}
    recomputed = {row["dataset"] for row in records if row["published"] is not None}
    states = {}
    for row in literature["systems"].to_dict("records"):
        names = {row["system"]} | other["system"].get(row["system"], set())
        datasets = set(results["dataset"][results["system"].isin(names)])
        if row["tier"] == "embedded" and row["paper_key"] in embedded:
            states[row["system"], CLIPS] = "H"
        for dataset in (one["dataset"] for one in CORPORA.values()):
            published = datasets & ({dataset} | other["dataset"].get(dataset, set()))
            letters = "H" if (row["paper_key"], dataset) in run else ""
            letters += "R" if row["tier"] == "answers" and published & recomputed else ""
            states[row["system"], dataset] = letters + ("P" if published else "")
    return states


def _cell(states: dict[tuple[str, str], str], row: dict, dataset: str) -> str:
    """Return the letters of a system on a benchmark: its states, and what it needs unless it was run here."""
    state = states.get((row["system"], dataset), "")
    if "H" in state:
        return state
    needs = NEEDS_OF[runs(row)]
    needs = "g" if needs == "w" and row["gated"] not in ("no", "unknown", "--") else needs
    access = {one["dataset"]: one["access"] for one in CORPORA.values()}
    needs += {"open": "f", "licensed": "d"}.get(access.get(dataset, ""), "")
    return rf"{state}\,{{\color{{gray}}{needs}}}" if state else rf"{{\color{{gray}}{needs}}}"
