"""Memory and time of InternVideo2 at full architecture with random weights: loading a checkpoint, and a clip.

    python benchmarks/encoders.py [s] [b] [1b] [--threads 2]

Each size runs in a process of its own. A float16 checkpoint with the published names is written to a temporary folder,
loaded as a published one is, and shown one clip of eight frames of 224 x 224.
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import torch

from kinesics.encoders import internvideo2, pretrained, registry
from kinesics.encoders.internvideo2 import CONFIGS, InternVideo2


def write(size: str, path: Path) -> None:
    """Write a random checkpoint of a size, one parameter in memory at a time in float32."""
    torch.manual_seed(0)
    with torch.device("meta"):
        names = InternVideo2(CONFIGS[size]).state_dict()
    torch.save({name: (0.02 * torch.randn(value.shape)).half() for name, value in names.items()}, path)


def measure(path: Path, threads: int) -> dict[str, float]:
    """Return seconds to load and of a clip, and the most memory that was taken, in this process."""
    start = time.perf_counter()
    encode = internvideo2.load(path)
    loaded_s = time.perf_counter() - start
    torch.set_num_threads(threads)
    clip = np.random.default_rng(0).integers(0, 256, (1, 8, 224, 224, 3), np.uint8)
    start = time.perf_counter()
    pooled = encode(clip)
    clip_s = time.perf_counter() - start
    assert np.isfinite(pooled).all()
    assert pooled.shape == (1, 768)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    return {"load_s": loaded_s, "clip_s": clip_s, "peak_gb": peak / 1e9}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("sizes", nargs="*", default=["s", "b", "1b"], metavar="SIZE", help=", ".join(CONFIGS))
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--at", type=Path, help="measure this checkpoint and print the result as JSON")
    options = parser.parse_args()
    if options.at:
        print(json.dumps(measure(options.at, options.threads)))
        return
    with tempfile.TemporaryDirectory() as folder:
        for size in options.sizes:
            path = Path(folder) / "weights.pth"
            write(size, path)
            command = [sys.executable, __file__, "--at", str(path), "--threads", str(options.threads)]
            out = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
            told = registry.ENCODERS[f"internvideo2_{size}"]["parameters"]
            print(
                f"internvideo2_{size}: {told} million parameters, {path.stat().st_size / 1e9:.2f} GB in float16; "
                f"loaded in {out['load_s']:.1f} s, a clip in {out['clip_s']:.1f} s ({options.threads} threads, "
                f"{str(pretrained.precision())[6:]}); at most {out['peak_gb']:.1f} GB of memory",
                flush=True,
            )


if __name__ == "__main__":
    main()
