"""What models are asked: the rows of ``prompts.csv``."""

from importlib import resources

from kinesics.files import read_table


def prompts() -> dict[str, dict[str, str]]:
    """Return the prompts by name: what an item is (image, video, window), items a request, and the words.

    All but ``events`` are quoted from Lian et al. (2024), whose protocol they are, with their batch sizes; ``events`` is
    ours. A line break is written ``\\n``.
    """
    with resources.as_file(resources.files("kinesics").joinpath("ask/prompts.csv")) as path:
        rows = read_table(path, "ask_prompts")
    return {row["prompt"]: row | {"text": row["text"].replace("\\n", "\n")} for row in rows}
