"""Import modules that only an extra of the package installs, with a message that says which."""

from importlib import import_module
from types import ModuleType

from kinesics.errors import KinesicsError

#: Top-level module -> the extra of pyproject.toml that installs it.
EXTRAS = {
    "anny": "synthetic",
    "espeakng_loader": "synthetic",
    "faster_whisper": "speech",
    "flax": "train",
    "h5py": "encoders",
    "huggingface_hub": "encoders",
    "jax": "train",
    "matplotlib": "annotate",
    "moderngl": "synthetic",
    "onnx": "encoders",
    "openai": "vlm",
    "openpyxl": "annotate",
    "optax": "train",
    "psutil": "encoders",
    "roma": "synthetic",
    "seaborn": "paper",
    "sklearn": "train",
    "torch": "encoders",
    "transformers": "encoders",
}


def import_optional(name: str) -> ModuleType:
    """Import a module. Raises KinesicsError with the command that installs what is missing."""
    try:
        return import_module(name)
    except ModuleNotFoundError as error:
        raise missing_extra(error) from None


def missing_extra(error: ModuleNotFoundError) -> Exception:
    """Return the KinesicsError of a module that an extra installs, or else the error itself."""
    module = (error.name or "").partition(".")[0]
    if module not in EXTRAS:
        return error
    return KinesicsError(f"{module} is not installed: pip install 'kinesics[{EXTRAS[module]}]'")
