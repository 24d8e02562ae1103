# What pyright has to know of scipy.stats, which ships no types.
from typing import Any

import numpy as np

class ConfidenceInterval:
    low: float
    high: float

class BootstrapResult:
    confidence_interval: ConfidenceInterval

def bootstrap(data: tuple[np.ndarray, ...], statistic: Any, **options: Any) -> BootstrapResult: ...
def rankdata(a: np.ndarray) -> np.ndarray: ...

class _Normal:
    def ppf(self, q: float) -> float: ...

norm: _Normal
