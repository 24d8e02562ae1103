"""List the encoders: input, licence, and whether the weights are present."""

from collections.abc import Sequence
from pathlib import Path

from kinesics.encoders.base import encoder_shape
from kinesics.encoders.registry import ENCODERS, is_downloadable, required_downloads
from kinesics.encoders.weights import install_hint, weights_path


def list_encoders(names: Sequence[str], data: str | Path, details: bool = False) -> list[str]:
    """Return a table of encoders, one line each and a header, or with ``details`` several lines each."""
    from kinesics.encoders import pretrained  # imports torch

    free = f"memory that is free now: {pretrained.free_bytes() / 1e9:.1f} GB; arithmetic: {str(pretrained.precision())[6:]}"
    if details:
        return [line for name in names for line in _details(name, data, free)]
    lines = [f"{'encoder':24}{'params':>9}  {'input':15}{'licence':19}{'gated':9}{'memory':>8}  runs now"]
    for name in names:
        row = ENCODERS[name]
        lines.append(
            f"{name:24}{float(row['parameters']):8.1f}M  {_input(name):15}{row['licence']:19}{row['gated']:9}"
            f"{pretrained.needed_bytes(name) / 1e9:5.1f} GB  {_state(name, data)}"
        )
    return [*lines, free, "'kinesics encoders NAME' shows the details of one, and where its weights come from"]


def _details(name: str, data: str | Path, free: str) -> list[str]:
    """Return the lines about one encoder; ``free`` is the statement about the free memory."""
    from kinesics.encoders import pretrained

    row, path = ENCODERS[name], weights_path(name, data)
    lines = [
        f"{name}: {row['description']} [{row['citation']}]",
        f"  {row['parameters']} million parameters, {_input(name)} -> {row['dim']} numbers",
        f"  licence: {row['licence']}; gated: {row['gated']}; weights: {row['weights']}",
        f"  needs {pretrained.needed_bytes(name) / 1e9:.1f} GB of memory; {free}",
        f"  runs now: {_state(name, data)}",
    ]
    if not path.exists() and not is_downloadable(name):
        lines.append(f"  {install_hint(name, path)}")
    return lines


def _input(name: str) -> str:
    shape = encoder_shape(name)
    sizes = {"image": "{0}x{1}", "clip": "{0} x {1}x{2}", "sound": "sound", "text": "text"}
    return sizes[shape.kind].format(*shape.input)


def _state(name: str, data: str | Path) -> str:
    """Return whether an encoder can run now, and why not."""
    from kinesics.encoders import pretrained

    if not weights_path(name, data).exists():
        if not is_downloadable(name):
            return "no: weights missing"
        return f"yes; weights come at first use, or with: kinesics fetch {' '.join(required_downloads(name))}"
    return "no: not enough memory is free" if pretrained.needed_bytes(name) > pretrained.free_bytes() else "yes"
