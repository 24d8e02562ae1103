"""Execute a notebook in the repository's folder."""

from pathlib import Path

import nbformat
from nbconvert.preprocessors import ExecutePreprocessor
from nbconvert.preprocessors.coalescestreams import CoalesceStreamsPreprocessor

from kinesics.io.files import write_text
from kinesics_paper.job import job

with job(snakemake.log[0]):
    notebook = nbformat.read(snakemake.input.notebook, as_version=4)
    # Without times of execution the same run gives the same bytes.
    ExecutePreprocessor(timeout=600, record_timing=False).preprocess(notebook, {"metadata": {"path": str(Path.cwd())}})
    # What a cell prints may arrive in one piece or in several.
    CoalesceStreamsPreprocessor().preprocess(notebook, {})
    write_text(snakemake.output[0], nbformat.writes(notebook) + "\n")
