"""Compare our run of the released gesture network with the package's own recorded output."""

from kinesics.detectors.envision import compare
from kinesics.io.files import write_json
from kinesics.signals.recording import read_clips
from kinesics_paper.downloads import verify
from kinesics_paper.job import job

with job(snakemake.log[0]):
    verify(snakemake.input.weights)
    clip = read_clips([snakemake.input.tracks], [])[0]
    write_json(snakemake.output[0], compare(snakemake.input.recorded, snakemake.input.weights, clip))
