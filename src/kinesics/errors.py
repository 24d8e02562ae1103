"""The one exception that callers are meant to catch."""


class KinesicsError(Exception):
    """Bad input or a bad environment: the message names the file, the value and what to do."""
