"""Seconds and memory that the proposal's head takes on tracks of ten minutes and of an hour, one person at 10 Hz.

    python benchmarks/head_length.py

The descriptors are random numbers: what they say does not matter to the time of the network; the candidates of random weights
are not turned into events. Each length runs in a process of its own on one thread, since memory is the process' peak.
"""

import resource
import subprocess
import sys
import time
from functools import partial

MINUTES = (10, 60)


def run(minutes: int) -> None:
    import numpy as np

    from kinesics.detectors import budgeted
    from kinesics.models import fitting
    from kinesics.models.optimization import initial_weights
    from kinesics.models.sequences import CROPS, SLOT, PersonSequence
    from kinesics.signals.descriptor import AUDIO_COLUMNS, COLUMNS

    settings = budgeted.MODEL.options | {
        "descriptor": len(COLUMNS),
        "audio": AUDIO_COLUMNS,
        "token": fitting.DIRECTIONS,
        "labels": [str(k) for k in range(13)],
        "rate_hz": 10.0,
    }
    network = initial_weights(partial(budgeted.make, settings), 0)
    random, frames = np.random.default_rng(0), minutes * 600

    def sequence(count: int) -> PersonSequence:
        slots = -(-count // SLOT)
        tokens = random.normal(size=(slots, len(CROPS), fitting.DIRECTIONS)).astype(np.float32)
        descriptor = random.normal(size=(count, len(COLUMNS))).astype(np.float32)
        return PersonSequence("v", 0, 10.0, descriptor, tokens, np.ones((slots, len(CROPS)), np.float32))

    budgeted.outputs(network, sequence(100))  # compiles
    whole = sequence(frames)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    begun = time.process_time()
    budgeted.outputs(network, whole)
    took = time.process_time() - begun
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    print(
        f"{minutes} minutes: {took:.1f} s of one processor, {grown / 1024:.0f} MB above the {before / 1024:.0f} MB before"
    )


def main() -> None:
    if len(sys.argv) == 2:
        run(int(sys.argv[1]))
        return
    for minutes in MINUTES:
        subprocess.run([sys.executable, __file__, str(minutes)], check=True)


if __name__ == "__main__":
    main()
