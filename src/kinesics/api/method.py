"""Choose the detector of a run, its checkpoint and its labels, and refuse what cannot run before any work begins."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from kinesics.detectors.base import Budgeted, Detector, Temporal
from kinesics.detectors.packaged import default_labels, needs_model, packaged_model
from kinesics.detectors.registry import detected_labels, find_detector, is_trained
from kinesics.errors import KinesicsError
from kinesics.io.checkpoints import detector_of, read_checkpoint
from kinesics.structures.vocabulary import FAMILY, suggestion

DEFAULT_DETECTOR = "ranked"
#: The acquisition policy under a token budget.
POLICY = "uncertain"


@dataclass(frozen=True)
class Method:
    """A detector with its registry name, its checkpoint, the labels to keep (none: all), and its token budget."""

    name: str
    detector: Detector
    model: Path | None
    labels: tuple[str, ...]
    budget: float
    policy: str


def prepare_method(
    name: str | None,
    model: str | Path | None,
    labels: Sequence[str],
    rate_hz: float | None,
    budget: float = 1.0,
    policy: str | None = None,
) -> Method:
    """Return the method of ``detect``. Raises KinesicsError for bad arguments, before the video is tracked."""
    from kinesics.detectors.acquisition import POLICIES

    if policy and policy not in POLICIES:
        raise KinesicsError(f"{policy!r} is not a policy. The policies are {', '.join(POLICIES)}.")
    name = name or (detector_of(model) if model else DEFAULT_DETECTOR)
    detector = find_detector(name)
    if model and not is_trained(name):
        raise KinesicsError(f"detector {name!r} does not learn: it takes no --model")
    if needs_model(name) and not model:
        raise KinesicsError(f"detector {name!r} has to be trained: give its checkpoint with --model FILE")
    if model and isinstance(detector, Temporal):
        trained_hz = detector.rate_hz(detector.read(Path(model)))
        if rate_hz not in (None, trained_hz):
            raise KinesicsError(f"{model}: learned at {trained_hz:g} frames a second: give --rate {trained_hz:g}")
    elif model:
        read_checkpoint(Path(model), detector.name)
    if budget < 1 and not isinstance(detector, Budgeted):
        raise KinesicsError(f"detector {name!r} takes no --budget: it needs all features of its encoders")
    if policy and budget == 1:
        raise KinesicsError("--policy selects queries under a --budget below 1: give one, or leave --policy out")
    kept = _check_labels(labels, name, model) or (() if model else default_labels(name))
    return Method(name, detector, Path(model) if model else packaged_model(name), kept, budget, policy or POLICY)


def _check_labels(labels: Sequence[str], name: str, model: str | Path | None) -> tuple[str, ...]:
    """Return labels to keep. Raises KinesicsError for one that is none, or that the detector never detects."""
    if isinstance(labels, str):
        raise KinesicsError(f"labels are a list of names, not the text {labels!r}: give [{labels!r}]")
    if not labels:
        return ()
    detected = detected_labels(name, model)
    if unknown := sorted(set(labels) - {*FAMILY, *detected}):
        hint = suggestion(unknown[0], detected)
        raise KinesicsError(f"{unknown[0]!r} is not a label{hint or '.'} The labels are {', '.join(detected)}.")
    if never := [label for label in labels if label not in detected]:
        raise KinesicsError(f"detector {name!r} never detects {', '.join(never)}: its labels are {', '.join(detected)}")
    return tuple(labels)
