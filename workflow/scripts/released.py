"""Compare our run of the released gesture network with the package's own recorded output."""

from kinesics.detectors.envision import compare_to_released
from kinesics.io.files import write_json
from kinesics.signals.recording import read_recordings
from kinesics_paper.downloads import verify
from kinesics_paper.job import job

with job(snakemake.log[0]):
    verify(snakemake.input.weights)
    clip = read_recordings([snakemake.input.tracks], [])[0]
    write_json(snakemake.output[0], compare_to_released(snakemake.input.recorded, snakemake.input.weights, clip))
