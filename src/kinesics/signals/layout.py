"""Describe the roles of a descriptor's columns: visibility flag, speeds, mirror permutation, audio."""

from dataclasses import dataclass, field

import numpy as np


@dataclass(frozen=True)
class Layout:
    """The columns of a descriptor that augmentation, scaling and ablations treat differently.

    ``visible`` the column that is 1 where the person is visible, else 0;
    ``motion``  those of log(1 + speed);
    ``mirror``  order and signs of the mirrored descriptor's columns, None where unknown or where a mirror changes the labels;
    ``audio``   those of audio and speech, by kind.
    """

    visible: int
    motion: list[int]
    mirror: tuple[np.ndarray, np.ndarray] | None = None
    audio: dict[str, list[int]] = field(default_factory=dict)
