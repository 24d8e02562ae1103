"""What models are asked: the rows of ``prompts.csv``."""

from importlib import resources

from kinesics.files import read_table


def prompts() -> dict[str, dict[str, str]]:
    """Return the prompts by name: what an item is (image, video, window), items a request, and the words.

    All but ``events`` are quoted from Lian et al. (2024), whose protocol they are, with their batch sizes; ``events`` is
    ours.
    """
    with resources.as_file(resources.files("kinesics").joinpath("ask/prompts.csv")) as path:
        return {row["prompt"]: row for row in read_table(path, "ask_prompts")}
