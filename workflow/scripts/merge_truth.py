"""Merge the truth of all synthetic videos into one events table, and list the videos."""

import pandas as pd

from kinesics.structures.events import read_events_csv, write_events_csv
from kinesics.synthetic.dataset import write_videos
from kinesics_paper.job import job

with job(snakemake.log[0]):
    write_events_csv(pd.concat(map(read_events_csv, snakemake.input.events)), snakemake.output.events)
    write_videos(snakemake.params.videos, snakemake.output.videos)
