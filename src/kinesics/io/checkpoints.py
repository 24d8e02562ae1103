"""Read and write learned arrays and their metadata (safetensors)."""

import json
from pathlib import Path

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from kinesics.errors import KinesicsError
from kinesics.io.files import replacing


def read_checkpoint(path: Path, detector: str) -> dict[str, np.ndarray]:
    """Read the checkpoint of a detector. Raises KinesicsError, naming the file, if it is none."""
    try:
        with safe_open(path, "np") as file:
            trained = (file.metadata() or {}).get("detector", "").rpartition(".")[2]
            if trained != detector:
                raise KinesicsError(
                    f"{path}: learned by {trained or 'something else'!r}, not by detector {detector!r}: "
                    "give a file that `kinesics train` or the workflow wrote for it"
                )
            return {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - not a dict
    except FileNotFoundError:
        raise KinesicsError(f"{path}: no such file; detector {detector!r} has to be trained first") from None
    except (OSError, SafetensorError) as error:
        raise KinesicsError(f"{path}: not a model of detector {detector!r}: {error}") from None


def detector_of(path: str | Path) -> str:
    """Return the name of the detector of a checkpoint. Raises KinesicsError, naming the file, if it is none."""
    try:
        with safe_open(path, "np") as file:
            detector = (file.metadata() or {}).get("detector", "").rpartition(".")[2]
    except FileNotFoundError:
        raise KinesicsError(f"{path}: no such file; make it with: kinesics train") from None
    except (OSError, SafetensorError) as error:
        raise KinesicsError(f"{path}: not a model: {error}") from None
    if not detector:
        raise KinesicsError(
            f"{path}: not a model: it does not say which detector learned it; give a file that `kinesics train` wrote"
        )
    return detector


def learned_labels(path: Path, detector: str) -> list[str]:
    """Return the labels of a checkpoint, sorted. Raises KinesicsError as ``read_checkpoint`` does."""
    arrays = read_checkpoint(path, detector)
    if "settings" in arrays:  # of a temporal network
        return sorted(json.loads(arrays["settings"].tobytes())["labels"])
    named = (name.rpartition(".") for name in arrays)
    return sorted(
        label for label, _, kind in named if label and label != "segments" and kind in ("rate", "weight", "weights")
    )


def write_checkpoint(detector: str, arrays: dict[str, np.ndarray], out: str | Path) -> None:
    """Write the learned arrays of a detector (safetensors, atomically)."""
    with replacing(out) as temporary:
        contiguous = {name: np.ascontiguousarray(value) for name, value in sorted(arrays.items())}
        save_file(contiguous, temporary, {"detector": detector})


def decision_threshold(path: str | Path) -> float:
    """Return the decision threshold of a checkpoint, chosen on validation recordings, or 0 without one.

    Raises KinesicsError, naming the file, if it is no checkpoint.
    """
    if Path(path).suffix != ".safetensors":  # released weights of another kind
        return 0.0
    try:
        with safe_open(path, "np") as file:
            return float(file.get_tensor("threshold")[0]) if "threshold" in file.keys() else 0.0  # noqa: SIM118 - not a dict
    except (OSError, SafetensorError) as error:
        raise KinesicsError(f"{path}: not a model: {error}") from None
