"""The exception of the package."""


class KinesicsError(Exception):
    """Invalid input or environment, for callers to catch: the message names the file, the value and what to do."""
