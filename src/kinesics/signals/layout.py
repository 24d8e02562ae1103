"""Describe the roles of a descriptor's columns: visibility flag, speeds, mirror permutation, audio."""

from dataclasses import dataclass, field

import numpy as np


@dataclass(frozen=True)
class Layout:
    """What those must know of a descriptor's columns to whom they are only numbers.

    ``seen``    the column that is 1 where the person was seen, else 0;
    ``motion``  those of log(1 + speed);
    ``mirror``  order and signs of the mirrored descriptor's columns, None where it is not known or means something else;
    ``audio``   those of what is heard, by kind.
    """

    seen: int
    motion: list[int]
    mirror: tuple[np.ndarray, np.ndarray] | None = None
    audio: dict[str, list[int]] = field(default_factory=dict)
