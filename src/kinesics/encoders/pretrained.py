"""Weights that the user places: where they lie, what is missing, and loading them with ``transformers``.

The column ``weights`` of ``encoders.csv`` names a repository of the Hugging Face hub, or one file of it
(``organisation/name:path``). Its place is ``<data>/<encoder>``, where ``hf download`` puts it when told so.
"""

import json
import re
from pathlib import Path

import psutil
import torch
from huggingface_hub import snapshot_download
from safetensors import SafetensorError
from transformers import AutoConfig, PretrainedConfig, PreTrainedModel
from transformers.utils import logging

from kinesics.encoders import registry
from kinesics.errors import KinesicsError
from kinesics.io.files import one_line

#: Mean and deviation of pixels in [0, 1]: of ImageNet's photographs, and one that scales to [-1, 1].
IMAGENET = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
HALF = ((0.5, 0.5, 0.5), (0.5, 0.5, 0.5))


def precision() -> torch.dtype:
    """Return bfloat16 on a GPU that multiplies it, else float32: what comes out must not depend on the processor."""
    if torch.cuda.is_available() and torch.cuda.is_bf16_supported(including_emulation=False):
        return torch.bfloat16
    return torch.float32


def device() -> torch.device:
    """Return the GPU if there is one."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def free_bytes() -> int:
    """Return the memory that is free where networks run."""
    return torch.cuda.mem_get_info()[0] if torch.cuda.is_available() else psutil.virtual_memory().available


def needed_bytes(name: str) -> int:
    """Return about what an encoder takes: its parameters, and a quarter for what it computes between them."""
    return int(float(registry.ENCODERS[name]["parameters"]) * 1e6 * precision().itemsize * 1.25)


def hub_folder(weights: str | Path, download: bool = True) -> Path:
    """Return a folder of weights: the one given, or that of a repository of the hub (``organisation/name``), downloaded.

    Without ``download`` only what was downloaded before. Raises KinesicsError that names the repository if it cannot be
    had, for want of a network or of an accepted licence, and for what can only be the path of a folder that is not there.
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


def load_pretrained(weights: Path, kinds: dict[str, type[PreTrainedModel]], inside: str = "") -> PreTrainedModel:
    """Load a network from a folder as ``save_pretrained`` writes it, in ``precision()``, ready to run.

    ``kinds`` maps the ``model_type`` of its config.json to the class that is wanted of it; parameters of other parts
    are left in the file. ``inside`` is where a larger network keeps it: what the names of its parameters begin with.
    Raises KinesicsError naming the folder if it holds another network, or lacks parameters.
    """
    config = configuration(weights)
    if config.model_type not in kinds:
        raise KinesicsError(f"{weights}: holds a network of type {config.model_type!r}, not {' or '.join(kinds)}")
    renamed = {"key_mapping": {f"^{re.escape(inside)}": ""}} if inside else {}
    logging.disable_progress_bar()
    noise = logging.get_verbosity()
    logging.set_verbosity_error()  # it warns of the parts that are left in the file
    try:
        network, report = kinds[config.model_type].from_pretrained(
            weights, dtype=precision(), output_loading_info=True, local_files_only=True, **renamed
        )
    except (OSError, ValueError, RuntimeError, KeyError, TypeError, SafetensorError) as error:
        raise KinesicsError(f"{weights}: cannot be loaded: {one_line(error)}; fetch it again") from None
    finally:
        logging.set_verbosity(noise)
    for kind in ("missing_keys", "mismatched_keys"):
        if keys := sorted(map(str, report[kind])):
            raise KinesicsError(f"{weights}: {len(keys)} {kind.replace('_', ' ')}, such as {keys[0]}: fetch it again")
    return network.eval().requires_grad_(False).to(device())


def configuration(weights: Path) -> PretrainedConfig:
    """Return the configuration in a folder of weights. Raises KinesicsError naming the folder if there is none."""
    try:
        return AutoConfig.from_pretrained(weights, local_files_only=True)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise KinesicsError(f"{weights}: no network of transformers: {one_line(error)}") from None


def preprocessor(weights: Path) -> dict:
    """Return what the folder's preprocessor file says; nothing if there is none. Raises KinesicsError if it is no JSON."""
    for path in (weights / "preprocessor_config.json", weights / "video_preprocessor_config.json"):
        if path.is_file():
            try:
                return json.loads(path.read_text(encoding="utf-8"))
            except ValueError as error:
                raise KinesicsError(f"{path}: not JSON: {error}") from None
    return {}


def normalisation(weights: Path, default: tuple) -> tuple[torch.Tensor, torch.Tensor]:
    """Return mean and deviation (3,) of pixels in [0, 1] that the folder's preprocessor asks for, else the default."""
    told = preprocessor(weights)
    if told.get("do_normalize", True) and {"image_mean", "image_std"} <= told.keys():
        default = (told["image_mean"], told["image_std"])
    return torch.tensor(default[0]), torch.tensor(default[1])


def normalise(pixels: torch.Tensor, mean: torch.Tensor, std: torch.Tensor) -> torch.Tensor:
    """Return uint8 pixels (..., 3) as a network takes them: (x / 255 - mean) / std, colours first: (..., 3, H, W)."""
    return ((pixels / 255 - mean) / std).movedim(-1, -3).to(device(), precision())
