"""Build MediaPipe's three task bundles from its released networks."""

from pathlib import Path

from kinesics.perception.mediapipe_bundles import build_bundles
from kinesics_paper.downloads import verify
from kinesics_paper.job import job

with job(snakemake.log[0]):
    verify(*snakemake.input)
    networks = [Path(path) for path in snakemake.input if path.endswith(".tflite")]
    build_bundles(*networks, Path(snakemake.output[0]).parent)
