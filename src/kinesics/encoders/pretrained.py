"""Load pretrained networks: from folders of ``transformers``, from the Hugging Face hub, and from checkpoints of PyTorch.

The column ``weights`` of ``registry.csv`` names a repository of the hub, or one file of it (``organisation/name:path``).
Its place is ``<data>/<encoder>``, where the ``hf download`` command of ``weights.install_hint`` puts it.
"""

import json
import pickle
import re
import warnings
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import torch
from huggingface_hub import snapshot_download
from safetensors import SafetensorError
from safetensors.torch import load_file
from transformers import AutoConfig, PretrainedConfig, PreTrainedModel
from transformers.utils import logging

from kinesics.encoders import registry
from kinesics.errors import KinesicsError
from kinesics.io.files import one_line

#: Mean and deviation of pixels in [0, 1]: of ImageNet's photographs, and one that scales to [-1, 1].
IMAGENET = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
HALF = ((0.5, 0.5, 0.5), (0.5, 0.5, 0.5))


def precision() -> torch.dtype:
    """Return bfloat16 on a GPU that multiplies it, else float32: features must not depend on the processor."""
    if torch.cuda.is_available() and torch.cuda.is_bf16_supported(including_emulation=False):
        return torch.bfloat16
    return torch.float32


def device() -> torch.device:
    """Return the GPU if there is one, else the CPU."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def free_bytes() -> int:
    """Return the memory that is free where networks run."""
    return torch.cuda.mem_get_info()[0] if torch.cuda.is_available() else psutil.virtual_memory().available


def needed_bytes(name: str) -> int:
    """Return about how much memory an encoder takes in ``precision()``."""
    return registry.needed_bytes(name, precision().itemsize)


def hub_folder(weights: str | Path, download: bool = True) -> Path:
    """Return a folder of weights: the one given, or that of a repository of the hub (``organisation/name``), downloaded.

    Without ``download`` only a repository that was downloaded before. Raises KinesicsError, naming the repository, if it
    cannot be had, for want of a network or of an accepted licence, and for a path of a folder that does not exist.
    """
    if Path(weights).exists():
        return Path(weights)
    if not re.fullmatch(r"\w[\w.-]*/[\w.-]+", str(weights)) or Path(weights).parent.is_dir():
        raise KinesicsError(f"{weights}: no such folder")
    patterns = ["*.json", "*.safetensors", "*.txt", "*.jinja"]
    try:
        return Path(snapshot_download(str(weights), allow_patterns=patterns, local_files_only=not download))
    except (OSError, ValueError) as error:
        raise KinesicsError(
            f"{weights}: no such folder, nor a repository that can be had now; its licence may have to be accepted at "
            f"https://huggingface.co/{weights} (then: hf auth login): {one_line(error)}"
        ) from None


def load_pretrained(weights: Path, networks: dict[str, type[PreTrainedModel]], prefix: str = "") -> PreTrainedModel:
    """Load a network from a folder as ``save_pretrained`` writes it, in ``precision()``, ready to run.

    ``networks`` maps the ``model_type`` of its config.json to the class to load; parameters of other parts are left in the
    file. ``prefix`` is that of the names of its parameters, if it is part of a larger network. Raises KinesicsError naming
    the folder if it holds another network, or lacks parameters.
    """
    config = configuration(weights)
    if config.model_type not in networks:
        raise KinesicsError(f"{weights}: holds a network of type {config.model_type!r}, not {' or '.join(networks)}")
    renamed = {"key_mapping": {f"^{re.escape(prefix)}": ""}} if prefix else {}
    try:
        with transformers_silenced():  # it warns of the parts that are left in the file
            network, report = networks[config.model_type].from_pretrained(
                weights, dtype=precision(), output_loading_info=True, local_files_only=True, **renamed
            )
    except (OSError, ValueError, RuntimeError, KeyError, TypeError, SafetensorError) as error:
        raise KinesicsError(f"{weights}: cannot be loaded: {one_line(error)}; fetch it again") from None
    for kind in ("missing_keys", "mismatched_keys"):
        if keys := sorted(map(str, report[kind])):
            raise KinesicsError(f"{weights}: {len(keys)} {kind.replace('_', ' ')}, such as {keys[0]}: fetch it again")
    return network.eval().requires_grad_(False).to(device())


@contextmanager
def transformers_silenced() -> Iterator[None]:
    """Let ``transformers`` log errors only, and draw no progress bar."""
    logging.disable_progress_bar()
    verbosity = logging.get_verbosity()
    logging.set_verbosity_error()
    try:
        yield
    finally:
        logging.set_verbosity(verbosity)


def read_arrays(path: str | Path) -> object:
    """Read the tensors of a checkpoint of PyTorch or a safetensors file without running code in it.

    Raises KinesicsError, naming the file, if it is missing, damaged or of another kind.
    """
    try:
        if Path(path).suffix == ".safetensors":
            return load_file(path)
        with warnings.catch_warnings(action="ignore"):  # PyTorch warns of pickles before it refuses them
            return torch.load(path, map_location="cpu", weights_only=True, mmap=zipfile.is_zipfile(path))
    except FileNotFoundError:
        raise KinesicsError(f"{path}: no such file") from None
    except Exception as error:  # damaged pickles raise exceptions of any kind
        # PyTorch's own text is about how to read it in spite of that.
        reason = "" if isinstance(error, pickle.UnpicklingError) else f": {one_line(error, 120)}"
        raise KinesicsError(f"{path}: not a state dict that can be read without running it{reason}") from None


def configuration(weights: Path) -> PretrainedConfig:
    """Return the configuration in a folder of weights. Raises KinesicsError naming the folder if there is none."""
    try:
        return AutoConfig.from_pretrained(weights, local_files_only=True)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise KinesicsError(f"{weights}: no network of transformers: {one_line(error)}") from None


def preprocessor(weights: Path) -> dict:
    """Return the settings in the folder's preprocessor file, if there is one. Raises KinesicsError if it is not JSON."""
    for path in (weights / "preprocessor_config.json", weights / "video_preprocessor_config.json"):
        if path.is_file():
            try:
                return json.loads(path.read_text(encoding="utf-8"))
            except ValueError as error:
                raise KinesicsError(f"{path}: not JSON: {error}") from None
    return {}


def normalisation(weights: Path, default: tuple) -> tuple[torch.Tensor, torch.Tensor]:
    """Return mean and deviation (3,) of pixels in [0, 1] that the folder's preprocessor file names, else the default."""
    settings = preprocessor(weights)
    if settings.get("do_normalize", True) and {"image_mean", "image_std"} <= settings.keys():
        default = (settings["image_mean"], settings["image_std"])
    return torch.tensor(default[0]), torch.tensor(default[1])


def normalise(pixels: torch.Tensor, mean: torch.Tensor, std: torch.Tensor) -> torch.Tensor:
    """Normalise uint8 pixels (..., 3) for a network: (x / 255 - mean) / std, channels first: (..., 3, H, W)."""
    return ((pixels / 255 - mean) / std).movedim(-1, -3).to(device(), precision())
