"""Put the true events of all videos of the stage into one table, and say which videos there are."""

import pandas as pd

from kinesics.structures.events import read_events_csv, write_events_csv
from kinesics.synthetic.dataset import write_videos
from kinesics_paper.job import job

with job(snakemake.log[0]):
    write_events_csv(pd.concat(map(read_events_csv, snakemake.input.events)), snakemake.output.events)
    write_videos(snakemake.params.videos, snakemake.output.videos)
