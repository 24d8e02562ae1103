"""Kinesics: what happens, who does it, when and where, in long videos of people."""

__version__ = "0.1.0"


class KinesicsError(Exception):
    """Bad input or a bad environment: the message names the file, the value and what to do."""
