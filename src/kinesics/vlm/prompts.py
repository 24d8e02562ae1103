"""Read the prompts: the rows of ``prompts.csv``."""

from kinesics.io.package_data import package_file
from kinesics.io.validation import read_table, schema


def read_prompts() -> dict[str, dict[str, str]]:
    """Return the prompts by name: the kind of an item (image, video, window), items per request, and the text.

    All but ``events`` are quoted from Lian et al. (2024), whose protocol they are, with their batch sizes; ``events`` is
    ours. A line break is written ``\\n``.
    """
    rows = read_table(package_file("kinesics.vlm", "prompts.csv"), schema("vlm_prompts"))
    return {row["prompt"]: row | {"text": row["text"].replace("\\n", "\n")} for row in rows}
