"""Write the table of labels of the model card, ``docs/model-card.md``, from the table that comes with the package."""

from pathlib import Path

from kinesics.detectors.packaged import label_accuracies
from kinesics.io.files import write_text

CARD = Path("docs/model-card.md")
_BEGIN, _END = "<!-- labels: begin -->\n", "<!-- labels: end -->\n"
_HEAD = ("label", "on", "precision", "recall", "F1", "F1 of chance", "people", "events")


def label_table(detector: str = "ranked") -> str:
    """Return the table in Markdown, by falling F1."""
    entries = sorted(label_accuracies(detector).values(), key=lambda entry: (not entry.on, -entry.f1, entry.label))
    rows = [_HEAD, ["---", "---", *["---:"] * (len(_HEAD) - 2)]]
    for entry in entries:
        numbers = (entry.precision, entry.recall, entry.f1, entry.chance_f1)
        on = "yes" if entry.on else "no"
        rows.append([f"`{entry.label}`", on, *(f"{n:.2f}" for n in numbers), str(entry.people), f"{entry.events:g}"])
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)


def with_table(card: str) -> str:
    """Return the text of a card with the table between its marks."""
    before, rest = card.split(_BEGIN)
    return before + _BEGIN + label_table() + _END + rest.split(_END)[1]


if __name__ == "__main__":
    write_text(CARD, with_table(CARD.read_text(encoding="utf-8")))
