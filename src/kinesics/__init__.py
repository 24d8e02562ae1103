"""Detect behavioural events in videos: what happens, who does it, when, and where in the frame."""

from importlib import import_module

__version__ = "0.1.0"

#: Public names and the modules that define them. They are imported when they are first used, so that ``import kinesics``
#: and ``kinesics --help`` take no time; modules are named as text, since what a module imports is what its results depend on.
_PUBLIC = {
    "KinesicsError": "kinesics.errors",
    "Events": "kinesics.structures.events",
    "Tracks": "kinesics.structures.tracks",
    "annotate": "kinesics.api.annotation",
    "Detector": "kinesics.api.estimator",
    "detect": "kinesics.api",
    "train": "kinesics.api.training",
    "track": "kinesics.api",
    "score": "kinesics.api",
    "convert": "kinesics.api.conversion",
    "read_events": "kinesics.formats.registry",
    "write_events": "kinesics.formats.registry",
    "ViewedVideo": "kinesics.formats.html_viewer",
    "write_viewer": "kinesics.formats.html_viewer",
}
__all__ = sorted(_PUBLIC)


def __getattr__(name: str) -> object:
    if name not in _PUBLIC:
        raise AttributeError(f"module 'kinesics' has no attribute {name!r}")
    return getattr(import_module(_PUBLIC[name]), name)


def __dir__() -> list[str]:
    return [*globals(), *__all__]
