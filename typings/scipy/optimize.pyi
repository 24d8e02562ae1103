# What pyright has to know of scipy.optimize, which ships no types.
from typing import Any

import numpy as np

def linear_sum_assignment(cost_matrix: np.ndarray, maximize: bool = False) -> tuple[np.ndarray, np.ndarray]: ...
def __getattr__(name: str) -> Any: ...
