"""GPT-4V with Emotion, recomputed from its released answers (Lian et al., Information Fusion 108, 2024, 102367).

Each released file gives, per sample, the true label and the answers of gpt-4-vision-preview, the likeliest first.
The first version of the paper reports 19 data sets in five tasks. Four choices behind its numbers are not written down;
here each is an option, determined by trying both values and keeping the one that gives the published number. The table
``gpt4v_emotion.csv`` has the published choice of every data set, and every number is also given under the other choice:

``outside``   an answer outside the list of classes is wrong, or its sample is dropped: dropped for dynamic faces only.
``zero``      a sentiment label of 0 (CMU-MOSI, CH-SIMS) is dropped, or negative: dropped.
``neutral``   the answer neutral counts as negative or as positive sentiment: negative.
``surprise``  MER2023's label is surprise while its prompt offers surprised: as released they never match; or matched.

Which measure is meant is a fifth: weighted F1 for CMU-MOSI and CH-SIMS, accuracy for MER2023; both are given.

Known flaws of the data: the labels of Abstract and ArtPhoto are polarities while the answers are eight emotions, mapped
by ``POLARITY``; a few answers are cut short (``exc``) and are outside the list; some samples were never answered, which
the measure ``answered`` reports.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from kinesics_paper.datasets.gpt4v_emotion import read_answers, read_sample_names, read_sets
from kinesics_paper.literature.records import RESAMPLES, Estimate, record
from kinesics_paper.literature.tables import published_value, read_literature
from kinesics_paper.studies import contingency

#: The variant that the paper reports.
AS_PUBLISHED = "as published"

#: Sentiment of an answer, in lower case (the eight emotions of Mikels et al. 2005, and the five degrees of sentiment).
POLARITY = dict.fromkeys(["amusement", "awe", "content", "contentment", "excitement"], "positive")
POLARITY |= dict.fromkeys(["anger", "disgust", "fear", "sad"], "negative")
POLARITY |= {f"{degree}{sign}": sign for sign in ("positive", "negative") for degree in ("", "weakly ")}

#: The other value of each option.
OTHER = {
    "outside": {"wrong": "dropped", "dropped": "wrong"},
    "zero": {"dropped": "negative", "negative": "dropped"},
    "neutral": {"negative": "positive", "positive": "negative"},
    "surprise": {"as released": "matched", "matched": "as released"},
}


def apply_options(table: pd.DataFrame, options: dict[str, str], classes: list[str]) -> pd.DataFrame:
    """Apply the options: columns ``truth`` (a class), ``answer`` (the first, as a class) and ``rank``.

    ``rank`` is the place of the truth among the answers, from 1; 0 if it is not among them. Where several answers mean
    one class (sentiment), the first of them counts.
    """
    polar = set(classes) == {"positive", "negative"}
    if options["zero"]:
        if options["zero"] == "dropped":
            table = table[table["truth"] != 0]
        table = table.assign(truth=np.where(table["truth"] > 0, "positive", "negative"))
    neutral = {"neutral": options["neutral"]} if options["neutral"] else {}
    synonyms = {"surprised": "surprise"} if options["surprise"] == "matched" else {}

    def meaning(answer: str) -> str:
        return (POLARITY | neutral).get(answer.lower(), answer) if polar else synonyms.get(answer, answer)

    answers = [[meaning(answer) for answer in row] for row in table["answers"]]
    answered = pd.DataFrame(
        {
            "truth": table["truth"].to_numpy(),
            "answer": [row[0] for row in answers],
            "rank": [
                row.index(truth) + 1 if truth in row else 0 for row, truth in zip(answers, table["truth"], strict=True)
            ],
        }
    )
    return answered[answered["answer"].isin(classes)] if options["outside"] == "dropped" else answered


def score_gpt4v(data: str | Path, results: pd.DataFrame, resamples: int = RESAMPLES, seed: int = 0) -> list[dict]:
    """Score every released file and return the records.

    ``data`` is the folder of the data set gpt4v-emotion, with ``results/<set>/*.csv``; ``results`` are the published
    results. A record has the keys ``records.KEYS``: ``value`` and its 95% bootstrap interval over samples, ``low`` and
    ``high`` (in percent, except entropy in bits), ``published`` or None, and the number of samples ``n``. The variants
    are ``as published``, the same with one choice changed (``outside: dropped``), other inputs (``input: text``), and
    the references ``chance`` (all classes equally likely), ``majority class`` and ``truth`` (the distribution of the
    labels).
    """
    records: list[dict] = []
    scored: set[str] = set()
    for row in read_sets():
        classes = row["classes"].split()
        table = read_answers(Path(data) / "results" / row["answers"], classes, numeric=bool(row["zero"]))
        name = f"input: {row['input']}" if row["dataset"] in scored else AS_PUBLISHED
        scored.add(row["dataset"])
        for variant, options in _variants(row, name).items():
            answers = _Answers(row, variant, classes, apply_options(table, options, classes), resamples, seed)
            records += _measures(answers, results)
            if variant == AS_PUBLISHED:
                records += _references(answers) + _ranks(answers) + _collapse(answers) + _recalls(answers)
        total = len(read_sample_names(Path(data) / "results" / row["labels"]))
        answered = Estimate(100 * len(table) / total, total)
        records.append(record(row["task"], row["dataset"], name, "answered", answered))
    return records


def _variants(row: dict[str, str], name: str) -> dict[str, dict[str, str]]:
    """Return {variant: options}: the published choices as ``name``, and for the published input each other choice."""
    choices = {option: row[option] for option in OTHER}
    variants = {name: choices}
    if name == AS_PUBLISHED:
        changed = {option: OTHER[option][value] for option, value in choices.items() if value}
        variants |= {f"{option}: {value}": choices | {option: value} for option, value in changed.items()}
    return variants


def comparison(records: list[dict]) -> pd.DataFrame:
    """Return one row per published number: what it is, published, recomputed (``value``), their difference, n, interval,
    chance and majority class, all in percent. ``matched`` is whether the difference is rounding to two decimals.
    """
    table = pd.DataFrame(records)
    rows = table[(table["variant"] == AS_PUBLISHED) & table["published"].notna()]
    reference = table.set_index(["dataset", "metric", "variant"])["value"]
    rows = rows.assign(difference=rows["value"] - rows["published"])
    rows["matched"] = rows["difference"].abs() < 0.005 + 1e-9
    for name, variant in (("chance", "chance"), ("majority", "majority class")):
        keys = zip(rows["dataset"], rows["metric"], [variant] * len(rows), strict=True)
        rows[name] = [reference[key] for key in keys]
    columns = ["task", "dataset", "metric", "published", "value", "difference", "matched", "n", "low", "high"]
    return rows[[*columns, "chance", "majority"]].reset_index(drop=True)


@dataclass(frozen=True)
class _Answers:
    """The answers of one file under one variant, and how to resample them."""

    row: dict[str, str]
    variant: str
    classes: list[str]
    table: pd.DataFrame
    resamples: int
    seed: int

    def contingency(self) -> np.ndarray:
        return contingency.contingency_table(self.table["truth"], self.table["answer"], self.classes)

    def resample(self, counts: np.ndarray) -> np.ndarray:
        return contingency.resample(counts, self.resamples, self.seed)

    def metrics(self) -> list[str]:
        return [name for column in ("metrics", "also") for name in self.row[column].split(";") if name]

    def record(
        self, metric: str, estimate: Estimate, variant: str | None = None, published: float | None = None
    ) -> dict:
        return record(self.row["task"], self.row["dataset"], variant or self.variant, metric, estimate, published)


def _measures(answers: _Answers, results: pd.DataFrame) -> list[dict]:
    table = answers.contingency()
    resampled = answers.resample(table)
    records = []
    for metric in answers.metrics():
        published = None
        if answers.variant == AS_PUBLISHED and metric in answers.row["metrics"].split(";"):
            where = {"paper_key": "lian2024gpt4v", "system": "GPT-4V", "dataset": answers.row["dataset"]}
            published = published_value(results, metric=metric, **where)
        measure = contingency.METRICS[metric]
        estimate = Estimate(100 * measure(table), table.sum(), 100 * measure(resampled))
        records.append(answers.record(metric, estimate, published=published))
    return records


def _references(answers: _Answers) -> list[dict]:
    """Return the measures of guessing and of answering the most frequent class always."""
    table = answers.contingency()
    references = {"chance": contingency.chance(table), "majority class": contingency.majority(table)}
    return [
        answers.record(metric, Estimate(100 * contingency.METRICS[metric](reference), table.sum()), variant)
        for variant, reference in references.items()
        for metric in answers.metrics()
    ]


def _ranks(answers: _Answers) -> list[dict]:
    """Return how often the truth is among the first k answers, and how often the answer at rank k is the truth."""
    if len(answers.classes) == 2:
        return []  # the second of two answers adds nothing to the first
    ranks = answers.table["rank"].to_numpy()
    depth = max(int(ranks.max()), 1)
    # samples by the place of the truth, (depth + 1,); the last cell holds those without it
    places = np.bincount(np.where(ranks == 0, depth, ranks - 1), minlength=depth + 1)
    n = places.sum()
    resampled = answers.resample(places)  # (resamples, depth + 1)
    records = []
    for k in range(1, depth + 1):
        among = Estimate(100 * places[:k].sum() / n, n, 100 * resampled[:, :k].sum(-1) / n)
        here = Estimate(100 * places[k - 1] / n, n, 100 * resampled[:, k - 1] / n)
        chance = Estimate(100 * min(k / len(answers.classes), 1), n)
        records.append(answers.record(f"rank-{k} accuracy", among))
        records.append(answers.record(f"answer {k} is the truth", here))
        records.append(answers.record(f"rank-{k} accuracy", chance, "chance"))
    return records


def _collapse(answers: _Answers) -> list[dict]:
    """Return entropy (bits) and largest share (%) of the first answers, and of the labels as the variant ``truth``."""
    table = answers.contingency()
    tables = answers.resample(table)
    records = []
    for variant, axis in ((answers.variant, -2), ("truth", -1)):
        counts, resampled = table.sum(axis), tables.sum(axis)
        n, most = counts.sum(), counts.argmax()
        entropy = Estimate(contingency.entropy(counts), n, contingency.entropy(resampled))
        share = Estimate(100 * counts[most] / n, n, 100 * resampled[:, most] / n)
        records.append(answers.record("entropy", entropy, variant))
        records.append(answers.record("most frequent answer", share, variant))
    return records


def _recalls(answers: _Answers) -> list[dict]:
    table = answers.contingency()
    recalls, resampled = contingency.recall(table), contingency.recall(answers.resample(table))
    return [
        answers.record(f"recall of {name.lower()}", Estimate(100 * recalls[i], table[i].sum(), 100 * resampled[:, i]))
        for i, name in enumerate(answers.classes)
        if table[i].any()
    ]


def rescore(data: str | Path) -> list[dict]:
    """Return ``score_gpt4v`` of the folder ``data`` beside the published results."""
    return score_gpt4v(data, read_literature("literature")["published_results"])
