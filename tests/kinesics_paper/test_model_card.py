"""The model card has the numbers of the table that comes with the package."""

from support import ROOT

from kinesics.detectors.packaged import label_accuracies
from kinesics_paper.model_card import label_table, with_table


def test_the_card_has_the_table_of_the_package():
    card = (ROOT / "docs/model-card.md").read_text()
    assert with_table(card) == card


def test_labels_that_are_on_come_first():
    rows = label_table().splitlines()[2:]
    accuracies = label_accuracies("ranked")
    assert len(rows) == len(accuracies)
    on = [row.split("|")[2].strip() for row in rows]
    assert on == sorted(on, reverse=True)
    assert on.count("yes") == sum(entry.on for entry in accuracies.values())
