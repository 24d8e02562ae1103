"""Training is the same on any number of processors; weights go to arrays and back."""

import subprocess
import sys
from functools import partial

import numpy as np
import pytest
from flax import nnx
from support.networks import SETTINGS

from kinesics.detectors import linear
from kinesics.errors import KinesicsError
from kinesics.models.optimization import SMALL, fill_weights, initial_weights, skeleton, weights_to_arrays


@pytest.mark.slow
def test_another_number_of_processors_gives_the_same_digits():
    code = "import numpy as np, kinesics.models, jax; x = jax.random.normal(jax.random.key(0), (40000, 16)); "
    code += "print(np.asarray(jax.jit(lambda x: x.T @ x)(x)).tobytes().hex())"
    one, all_ = (
        subprocess.run([*pin, sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
        for pin in (["taskset", "-c", "0"], [])
    )
    assert one == all_ != ""


def test_weights_go_to_arrays_and_back():
    make = partial(linear.MODEL.make, SETTINGS)
    arrays = weights_to_arrays(initial_weights(make, 3))
    again = weights_to_arrays(fill_weights(*skeleton(make), arrays))
    assert arrays.keys() == again.keys() == {"network.out.bias", "network.out.kernel"}
    assert all(np.array_equal(values, again[name]) for name, values in arrays.items())
    kernel = arrays["network.out.kernel"]
    assert kernel.std() == pytest.approx(SMALL["out"] / np.sqrt(len(kernel)), rel=0.1)
    assert not weights_to_arrays(make(nnx.Rngs(0)))["network.out.kernel"].any()
    with pytest.raises(KinesicsError, match=r"the model's network.out.bias is missing, not \(3,\)"):
        fill_weights(*skeleton(make), {"network.out.kernel": kernel})
