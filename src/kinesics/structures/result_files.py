"""Names of files in the folder that ``kinesics annotate`` writes for a video."""

#: The record of how a folder was made, written last: a folder without it is unfinished.
PROVENANCE = "provenance.json"
#: The events table, and its tubes.
EVENTS_FILE, TUBES_FILE = "events.csv", "tubes.parquet"
