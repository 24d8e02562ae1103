"""Extract features of some videos with one frozen encoder."""

from kinesics.encoders.extract import encode_crops, encode_sound
from kinesics_paper.downloads import verify
from kinesics_paper.job import job

with job(snakemake.log[0]):
    files, params, name = snakemake.input, snakemake.params, snakemake.wildcards.encoder
    verify(*files.weights)
    for number, (video, out) in enumerate(zip(files.videos, snakemake.output, strict=True)):
        if files.tracks:
            encode_crops(video, files.tracks[number], name, params.weights, out, rate_hz=params.rate_hz)
        else:
            encode_sound(video, name, params.weights, out, rate_hz=params.rate_hz)
