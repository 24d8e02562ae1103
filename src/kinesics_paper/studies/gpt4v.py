"""GPT-4V with Emotion, recomputed from its released answers (Lian et al., Information Fusion 108, 2024, 102367).

Each released file gives, for a sample, the true label and the answers of gpt-4-vision-preview, the likeliest first.
The first version of the paper reports 19 data sets in five tasks. Four choices behind its numbers are not written down;
here each is an option, found by trying both and kept where the published number appears. The table ``gpt4v.csv``
has the published choice of every data set, and every number is also given under the other choice:

``outside``   an answer outside the list of classes is wrong, or its sample is dropped: dropped for dynamic faces only.
``zero``      a sentiment label of 0 (CMU-MOSI, CH-SIMS) is dropped, or negative: dropped.
``neutral``   the answer neutral counts as negative or as positive sentiment: negative.
``surprise``  MER2023's label is surprise while its prompt offers surprised: as released they never match; or matched.

Which measure is meant is a fifth: weighted F1 for CMU-MOSI and CH-SIMS, accuracy for MER2023; both are given.

Known flaws of the data: the labels of Abstract and ArtPhoto are polarities while the answers are eight emotions, mapped
by ``POLARITY``; a few answers are cut short (``exc``) and are outside the list; some samples were never answered, which
the measure ``answered`` reports.
"""

from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from kinesics_paper.datasets.gpt4v_emotion import read_answers, read_labels, read_sets
from kinesics_paper.literature import counts
from kinesics_paper.literature.records import record
from kinesics_paper.literature.tables import published_value, read_literature

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


def decide(table: pd.DataFrame, options: dict[str, str], classes: list[str]) -> pd.DataFrame:
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
    decided = pd.DataFrame(
        {
            "truth": table["truth"].to_numpy(),
            "answer": [row[0] for row in answers],
            "rank": [
                row.index(truth) + 1 if truth in row else 0 for row, truth in zip(answers, table["truth"], strict=True)
            ],
        }
    )
    return decided[decided["answer"].isin(classes)] if options["outside"] == "dropped" else decided


def score_gpt4v(data: str | Path, results: pd.DataFrame, draws: int = counts.RESAMPLES, seed: int = 0) -> list[dict]:
    """Score every released file and return the records.

    ``data`` is the folder of the data set gpt4v-emotion, with ``results/<set>/*.csv``; ``results`` are the published
    results. A record has the keys ``records.KEYS``: ``value`` and its 95% bootstrap interval over samples, ``low`` and
    ``high`` (in percent, except entropy in bits), ``published`` or None, and the number of samples ``n``. The variants
    are ``as published``, the same with one choice changed (``outside: dropped``), other inputs (``input: text``), and
    the references ``chance`` (all classes equally likely), ``majority class`` and ``truth`` (the distribution of the
    labels).
    """
    records: list[dict] = []
    seen: set[str] = set()
    for row in read_sets():
        classes = row["classes"].split()
        table = read_answers(Path(data) / "results" / row["answers"], classes, numeric=bool(row["zero"]))
        choices = {name: row[name] for name in OTHER}
        name = f"input: {row['input']}" if row["dataset"] in seen else AS_PUBLISHED
        seen.add(row["dataset"])
        variants = {name: choices}
        if name == AS_PUBLISHED:
            changed = {option: OTHER[option][value] for option, value in choices.items() if value}
            variants |= {f"{option}: {value}": choices | {option: value} for option, value in changed.items()}
        for variant, options in variants.items():
            answers = decide(table, options, classes)
            sample = _Sample(row, variant, classes, answers, draws, seed)
            records += _measures(sample, results)
            if variant == AS_PUBLISHED:
                records += _references(sample) + _ranks(sample) + _collapse(sample) + _recalls(sample)
        total = len(read_labels(Path(data) / "results" / row["labels"]))
        records.append(_record(row, name, "answered", 100 * len(table) / total, total))
    return records


def comparison(records: list[dict]) -> pd.DataFrame:
    """Return one row a published number: what it is, published, recomputed (``value``), their difference, n, interval,
    chance and majority class, all in percent. ``matched`` says whether the difference is rounding to two decimals.
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


class _Sample(NamedTuple):
    """The decided answers of one file under one variant, and how to resample them."""

    row: dict[str, str]
    variant: str
    classes: list[str]
    answers: pd.DataFrame
    draws: int
    seed: int

    def counts(self) -> np.ndarray:
        return counts.count(self.answers["truth"], self.answers["answer"], self.classes)

    def metrics(self) -> list[str]:
        return [name for column in ("metrics", "also") for name in self.row[column].split(";") if name]


def _record(row: dict, *rest, **more) -> dict:
    return record(row["task"], row["dataset"], *rest, **more)


def _measures(sample: _Sample, results: pd.DataFrame) -> list[dict]:
    table = sample.counts()
    drawn = counts.resamples(table, sample.draws, sample.seed)
    records = []
    for metric in sample.metrics():
        value = None
        if sample.variant == AS_PUBLISHED and metric in sample.row["metrics"].split(";"):
            where = {"paper_key": "lian2024gpt4v", "system": "GPT-4V", "dataset": sample.row["dataset"]}
            value = published_value(results, metric=metric, **where)
        measure = counts.METRICS[metric]
        scores = 100 * measure(table), table.sum(), value, 100 * measure(drawn)
        records.append(_record(sample.row, sample.variant, metric, *scores))
    return records


def _references(sample: _Sample) -> list[dict]:
    """What guessing and the most frequent class reach."""
    table = sample.counts()
    references = {"chance": counts.chance(table), "majority class": counts.majority(table)}
    return [
        _record(sample.row, name, metric, 100 * counts.METRICS[metric](reference), table.sum())
        for name, reference in references.items()
        for metric in sample.metrics()
    ]


def _ranks(sample: _Sample) -> list[dict]:
    """How often the truth is among the first k answers, and how often the answer at rank k is the truth."""
    if len(sample.classes) == 2:
        return []  # the second of two answers says nothing new
    ranks = sample.answers["rank"].to_numpy()
    depth = max(int(ranks.max()), 1)
    # samples by the place of the truth, (depth + 1,); the last cell holds those without it
    places = np.bincount(np.where(ranks == 0, depth, ranks - 1), minlength=depth + 1)
    n = places.sum()
    drawn = counts.resamples(places, sample.draws, sample.seed)  # (draws, depth + 1)
    records = []
    for k in range(1, depth + 1):
        among = 100 * places[:k].sum() / n, n, None, 100 * drawn[:, :k].sum(-1) / n
        here = 100 * places[k - 1] / n, n, None, 100 * drawn[:, k - 1] / n
        records.append(_record(sample.row, sample.variant, f"rank-{k} accuracy", *among))
        records.append(_record(sample.row, sample.variant, f"answer {k} is the truth", *here))
        records.append(_record(sample.row, "chance", f"rank-{k} accuracy", 100 * min(k / len(sample.classes), 1), n))
    return records


def _collapse(sample: _Sample) -> list[dict]:
    """The entropy (bits) and the largest share (%) of the first answers, and of the labels as the variant ``truth``."""
    table = sample.counts()
    drawn = counts.resamples(table, sample.draws, sample.seed)
    records = []
    for variant, axis in ((sample.variant, -2), ("truth", -1)):
        now, then = table.sum(axis), drawn.sum(axis)
        n, most = now.sum(), now.argmax()
        share = 100 * now[most] / n, n, None, 100 * then[:, most] / n
        records.append(_record(sample.row, variant, "entropy", counts.entropy(now), n, None, counts.entropy(then)))
        records.append(_record(sample.row, variant, "most frequent answer", *share))
    return records


def _recalls(sample: _Sample) -> list[dict]:
    table = sample.counts()
    drawn = counts.recall(counts.resamples(table, sample.draws, sample.seed))
    return [
        _record(
            sample.row,
            sample.variant,
            f"recall of {name.lower()}",
            100 * value,
            table[i].sum(),
            None,
            100 * drawn[:, i],
        )
        for i, (name, value) in enumerate(zip(sample.classes, counts.recall(table), strict=True))
        if table[i].any()
    ]


def rescore(data: str | Path) -> list[dict]:
    """Return ``score_gpt4v`` of the folder ``data`` beside the published results."""
    return score_gpt4v(data, read_literature("literature")["published_results"])
