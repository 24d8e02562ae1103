# What pyright has to know of scipy.ndimage, which ships no types.
from typing import Any

import numpy as np

def uniform_filter1d(input: np.ndarray, size: int, axis: int = -1, *, mode: str = "reflect") -> np.ndarray: ...
def __getattr__(name: str) -> Any: ...
