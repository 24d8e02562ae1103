# What pyright has to know of scipy.sparse.csgraph, which ships no types.
from typing import Any

import numpy as np

def connected_components(csgraph: Any, directed: bool = True) -> tuple[int, np.ndarray]: ...
def min_weight_full_bipartite_matching(biadjacency: Any, maximize: bool = False) -> tuple[np.ndarray, np.ndarray]: ...
