# What pyright has to know of scipy.sparse, which ships no types.
from typing import Any

def __getattr__(name: str) -> Any: ...
