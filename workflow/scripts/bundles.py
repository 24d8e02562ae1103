"""Build MediaPipe's three task bundles from its released networks."""

from pathlib import Path

from kinesics.jobs import job
from kinesics.mediapipe_models import build_bundles
from kinesics.sources import verify

with job(snakemake.log[0]):
    verify(*snakemake.input)
    networks = [Path(path) for path in snakemake.input if path.endswith(".tflite")]
    build_bundles(*networks, Path(snakemake.output[0]).parent)
