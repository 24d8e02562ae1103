"""Frozen encoders: one file each, or one a family, and one line each in ``encoders.csv`` that names it.

The table declares what an encoder takes (``input``: ``image``, ``clip``, ``sound`` or ``text``; ``frames`` of a clip, or
samples at 16 kHz of a sound; ``size``, pixels a side), what it gives (``dim`` numbers) and its ``weights``: sources of
``config/sources.csv``, its own first, or what the user places (see ``hub``). Its file declares ``CROPS`` (the kinds of
crop it is meant for: ``face``, ``person``), ``MARGIN`` (what is added on each side of a box, as a share of its longer
side), ``RATE_HZ`` (crops a second unless told otherwise), for clips and sound ``SPAN_S`` (seconds that are seen or heard
about an instant), and ``load(weights)``, which returns a function from N inputs to float32 (N, dim): from uint8 RGB images
(N, height, width, 3), clips (N, frames, height, width, 3), float32 sounds (N, samples) or N texts. Modules are imported
when they are asked for: torch and transformers take seconds.
"""

import shlex
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from kinesics.encoders import registry
from kinesics.errors import KinesicsError

Encode = Callable[[Sequence], np.ndarray]


_GPU_BATCH = 64  # more inputs at once make no GPU faster


@dataclass(frozen=True)
class EncoderShape:
    """What an encoder takes and gives: the shape of one input (empty for a text), and the numbers it is turned into."""

    kind: str
    input: tuple[int, ...]
    dim: int

    @property
    def bytes(self) -> int:
        """The size of one input in bytes."""
        return int(np.prod(self.input)) * (4 if self.kind == "sound" else 1)


def encoder_shape(name: str) -> EncoderShape:
    """Return what the table declares of an encoder. Raises KinesicsError for an unknown name."""
    registry.check_encoder(name)
    row = registry.ENCODERS[name]
    frames, size = int(row["frames"]), int(row["size"])
    inputs = {"image": (size, size, 3), "clip": (frames, size, size, 3), "sound": (frames,), "text": ()}
    return EncoderShape(row["input"], inputs[row["input"]], int(row["dim"]))


def is_visual(name: str) -> bool:
    """Say whether an encoder sees crops of people, by their tracks, and does not hear."""
    return encoder_shape(name).kind in ("image", "clip")


def weights_path(name: str, data: str | Path) -> Path:
    """Return where the weights of an encoder lie below the folder of downloaded files: a file or a folder."""
    weights = registry.ENCODERS[name]["weights"]
    if is_downloadable(name):
        from kinesics.io import downloads

        weights = required_downloads(name)[0]
        return Path(data) / weights / downloads.read_downloads()[weights][0]["file"]
    return Path(data) / name / weights.partition(":")[2]


def is_downloadable(name: str) -> bool:
    """Say whether the weights of an encoder are a source, which is fetched, and not placed by the user."""
    return "/" not in registry.ENCODERS[name]["weights"]


def required_downloads(name: str) -> list[str]:
    """Return the sources of ``config/sources.csv`` that an encoder with fetched weights needs: its own first."""
    return registry.ENCODERS[name]["weights"].split()


def install_hint(name: str, at: str | Path) -> str:
    """Return what to do for the weights of an encoder to be at a path: the licence to accept, and the command."""
    row = registry.ENCODERS[name]
    if is_downloadable(name):
        return f"get the weights of {name} with: kinesics fetch {row['weights']}"
    repository, _, file = row["weights"].partition(":")
    parent = Path(at)
    for _ in Path(file).parts:
        parent = parent.parent
    page = f"https://huggingface.co/{repository}"
    licence = f"their licence is {row['licence'] if row['licence'] != 'unknown' else 'not known to kinesics'}"
    terms = {
        "yes": f"accept their licence ({row['licence']}) at {page}, log in with 'hf auth login', then",
        "no": f"{licence}, see {page};",
        "unknown": f"{licence}; if {page} asks to accept it, log in with 'hf auth login'; then",
    }[row["gated"]]
    command = " ".join(["hf download", repository, *([file] if file else []), "--local-dir", shlex.quote(str(parent))])
    return f"get the weights of {name}: {terms} run: {command}"


def local_weights(name: str, weights: str | Path) -> Path:
    """Return where weights lie: the path given, or if that is the encoder's repository of the hub, its downloaded folder."""
    if not is_downloadable(name) and str(weights) == registry.ENCODERS[name]["weights"]:
        from kinesics.encoders import pretrained

        return pretrained.hub_folder(weights)
    return Path(weights)


def load_encoder(name: str, weights: str | Path) -> Encode:
    """Return the encoder's function from N inputs to float32 (N, dim).

    On a CPU it shows the network one input at a time: what is said of a crop then never depends on the crops beside it
    (in batches, convolutions differ in the last bits), so batched, cached and resumed runs give the same bytes. On one
    thread that costs a vision transformer up to 8 % and makes a convolutional network faster. On a GPU it shows as many
    as half of the free memory holds, and fills the last batch up, so that all have the same shape.

    ``weights`` is a file or folder, or the encoder's repository of the hub as the table names it (see ``local``).
    Raises KinesicsError for an unknown name and for weights that are missing or not the encoder's; the function raises
    ValueError for inputs of another type or shape.
    """
    module, told, weights = registry.find_encoder(name), encoder_shape(name), local_weights(name, weights)
    if not weights.exists():
        raise KinesicsError(f"{weights}: no such file; {install_hint(name, weights)}")
    if weights.is_dir() and not any(weights.iterdir()):
        raise KinesicsError(f"{weights}: the folder holds no weights; {install_hint(name, weights)}")
    if is_downloadable(name) and told.kind in ("image", "sound") and not weights.is_file():
        raise KinesicsError(f"{weights}: not a file; {install_hint(name, weights)}")
    if not is_downloadable(name):
        from kinesics.encoders import pretrained

        if (needed := pretrained.needed_bytes(name)) > (free := pretrained.free_bytes()):
            raise KinesicsError(f"{name} needs {needed / 1e9:.1f} GB of memory, of which {free / 1e9:.1f} GB are free")
    forward, kind = module.load(weights), np.float32 if told.kind == "sound" else np.uint8
    batch = 1 if is_downloadable(name) else _batch(forward, np.zeros((1, *told.input), kind))

    def encode(inputs: Sequence) -> np.ndarray:
        if told.kind != "text" and (inputs.dtype != kind or inputs.shape[1:] != told.input):
            raise ValueError(
                f"{name} takes {np.dtype(kind)} {told.kind}s of shape (N, {', '.join(map(str, told.input))}), "
                f"not {inputs.dtype} {inputs.shape}"
            )
        out = np.empty((len(inputs), told.dim), np.float32)
        for k in range(0, len(inputs), batch):
            part = inputs[k : k + batch]
            if told.kind != "text":
                part = np.array(part)  # torch takes no view that runs backwards
            if short := batch - len(part):
                part = np.concatenate([part, np.repeat(part[-1:], short, axis=0)])
            tokens = forward(part)
            if tokens.shape[1:] != (told.dim,):
                raise KinesicsError(f"{weights}: not the weights of {name}: {tokens.shape[1]} numbers, not {told.dim}")
            out[k : k + batch] = tokens[: len(inputs) - k]
        return out

    return encode


def _batch(forward: Encode, blank: np.ndarray) -> int:
    """Return how many inputs a network is shown at once: one on a CPU, on a GPU what half of its free memory holds."""
    import torch

    if not torch.cuda.is_available():
        return 1
    forward(blank)  # the first call also allots what is kept
    before = torch.cuda.memory_allocated()
    torch.cuda.reset_peak_memory_stats()
    forward(blank)
    taken = max(torch.cuda.max_memory_allocated() - before, 1)
    return int(min(max(torch.cuda.mem_get_info()[0] // 2 // taken, 1), _GPU_BATCH))


ENCODERS = tuple(registry.ENCODERS)
