"""Collect every number of the article from the files of the workflow."""

from collections.abc import Mapping, Sequence
from typing import Any

from kinesics.errors import KinesicsError
from kinesics_paper.article.numbers.literature import review_numbers
from kinesics_paper.article.numbers.outside_people import outside_numbers
from kinesics_paper.article.numbers.people_comparison import comparison_numbers, packaged_numbers
from kinesics_paper.article.numbers.results import people_numbers, result_numbers, synthetic_score_numbers
from kinesics_paper.article.numbers.scripted_learning import scripted_numbers
from kinesics_paper.article.numbers.studies import (
    cross_validation_numbers,
    foundation_numbers,
    proposal_numbers,
    synthetic_numbers,
)
from kinesics_paper.literature.records import read_records
from kinesics_paper.literature.tables import read_literature

Numbers = dict[str, Any]


def collect(files: Mapping[str, Any], config: Mapping[str, Any]) -> Numbers:
    """Return {key: value} of all parts. ``files`` are the rule's named inputs, ``config`` the workflow's configuration.

    Raises KinesicsError if two parts have a number of the same name.
    """
    records: Sequence[str] = files["records"]
    parts = {
        "literature": review_numbers(read_literature("literature"), *map(read_records, records)),
        "synthetic data": synthetic_numbers(
            files["videos"], files["synthetic_truth"], files["utterances"], files["realism"], config["synthetic"]
        ),
        "scores on synthetic data": synthetic_score_numbers(files["synthetic_scores"]),
        "foundation encoders": foundation_numbers(files["pruner"], files["hand_patches"]),
        "the proposal": proposal_numbers(
            files["budget"], files["ablations"], files["learning"], files["synthetic_scores"]
        ),
        "open data": cross_validation_numbers(files["folds"]),
        "real clips": result_numbers(files["tracks"], files["released"], config),
        "people left out": comparison_numbers(files["comparison"], files["ablations_people"], files["oracles"]),
        "the packaged detector": packaged_numbers(files["packaged"]),
        "scripted events": scripted_numbers(files["scripted"]),
        "outside data": outside_numbers(files["outside"]),
        "annotated clips": people_numbers(files["annotations"], files["tracking"]),
    }
    return merge_numbers(parts)


def merge_numbers(parts: Mapping[str, Numbers]) -> Numbers:
    """Return the numbers of all parts. Raises KinesicsError if two have a number of the same name."""
    numbers: Numbers = {}
    for part, of_part in parts.items():
        if twice := sorted(set(numbers) & set(of_part)):
            raise KinesicsError(f"numbers.json: {twice[0]!r} is a number of {part} and of another part: rename one")
        numbers |= of_part
    return numbers
