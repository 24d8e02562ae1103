"""Convert the annotation passes to events tables of the tracked clips, with the numbers that people have in the tracks."""

import pandas as pd

from kinesics.structures.events import write_events_csv
from kinesics.structures.tracks import read_tracks
from kinesics_paper.datasets.people import read_annotations
from kinesics_paper.datasets.people_tracks import number_as_tracked
from kinesics_paper.job import job

with job(snakemake.log[0]):
    codings = [read_annotations(name) for name in snakemake.params.passes]
    of_clips = [number_as_tracked(codings, read_tracks(path)) for path in snakemake.input.tracks]
    for number, out in enumerate(snakemake.output):
        write_events_csv(pd.concat([tables[number] for tables in of_clips]), out)
