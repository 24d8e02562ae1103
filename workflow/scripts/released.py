"""Compare our run of the released gesture network with the package's own recorded output."""

from kinesics.detectors import read_clips
from kinesics.detectors.envision import compare
from kinesics.files import write_json
from kinesics.jobs import job
from kinesics.sources import verify

with job(snakemake.log[0]):
    verify(snakemake.input.weights)
    clip = read_clips([snakemake.input.tracks], [])[0]
    write_json(snakemake.output[0], compare(snakemake.input.recorded, snakemake.input.weights, clip))
