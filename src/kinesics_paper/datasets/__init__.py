"""Open data sets and benchmarks, one file each, as the tables of this project."""
