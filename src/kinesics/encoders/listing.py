"""List the encoders: input, licence, and whether they can run now."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from kinesics.encoders.registry import ENCODERS, find_encoder, is_downloadable, needed_bytes, required_downloads
from kinesics.encoders.shapes import encoder_shape
from kinesics.encoders.weights import install_hint, weights_path
from kinesics.errors import KinesicsError
from kinesics.io.extras import missing_extra


@dataclass(frozen=True)
class _Machine:
    """The memory that is free, None if it is not known, the bytes of a number, and both in words."""

    free_bytes: int | None
    number_bytes: int
    text: str

    def needed_gb(self, name: str) -> float:
        """Return about how much memory an encoder takes."""
        return needed_bytes(name, self.number_bytes) / 1e9


def list_encoders(names: Sequence[str], data: str | Path, details: bool = False) -> list[str]:
    """Return a table of encoders, one line each and a header, or with ``details`` several lines each."""
    machine = _machine()
    if details:
        return [line for name in names for line in _details(name, data, machine)]
    lines = [f"{'encoder':24}{'params':>9}  {'input':15}{'licence':19}{'gated':9}{'memory':>8}  runs now"]
    for name in names:
        row = ENCODERS[name]
        lines.append(
            f"{name:24}{float(row['parameters']):8.1f}M  {_input(name):15}{row['licence']:19}{row['gated']:9}"
            f"{machine.needed_gb(name):5.1f} GB  {_state(name, data, machine)}"
        )
    return [*lines, machine.text, "'kinesics encoders NAME' shows the details of one, and where its weights come from"]


def _machine() -> _Machine:
    """Return what is known of this machine: nothing without the extra that large encoders need."""
    try:
        from kinesics.encoders import pretrained  # imports torch
    except ModuleNotFoundError as error:
        return _Machine(None, 4, f"how much memory is free is not known: {missing_extra(error)}")
    free = pretrained.free_bytes()
    arithmetic = pretrained.precision()
    text = f"memory that is free now: {free / 1e9:.1f} GB; arithmetic: {str(arithmetic)[6:]}"
    return _Machine(free, arithmetic.itemsize, text)


def _details(name: str, data: str | Path, machine: _Machine) -> list[str]:
    """Return the lines about one encoder."""
    row, path = ENCODERS[name], weights_path(name, data)
    lines = [
        f"{name}: {row['description']} [{row['citation']}]",
        f"  {row['parameters']} million parameters, {_input(name)} -> {row['dim']} numbers",
        f"  licence: {row['licence']}; gated: {row['gated']}; weights: {row['weights']}",
        f"  needs {machine.needed_gb(name):.1f} GB of memory; {machine.text}",
        f"  runs now: {_state(name, data, machine)}",
    ]
    if not path.exists() and not is_downloadable(name):
        lines.append(f"  {install_hint(name, path)}")
    return lines


def _input(name: str) -> str:
    shape = encoder_shape(name)
    sizes = {"image": "{0}x{1}", "clip": "{0} x {1}x{2}", "sound": "sound", "text": "text"}
    return sizes[shape.kind].format(*shape.input)


def _state(name: str, data: str | Path, machine: _Machine) -> str:
    """Return whether an encoder can run now, and why not."""
    try:
        find_encoder(name)
    except KinesicsError as missing:  # an extra
        return f"no: {missing}"
    if not weights_path(name, data).exists():
        if not is_downloadable(name):
            return "no: weights missing"
        return f"yes; weights come at first use, or with: kinesics fetch {' '.join(required_downloads(name))}"
    enough = machine.free_bytes is None or needed_bytes(name, machine.number_bytes) <= machine.free_bytes
    return "yes" if enough else "no: not enough memory is free"
