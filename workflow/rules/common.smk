"""What the rules share: the configuration, the sources, and which code a script depends on."""

import ast
import json
import os
import re
from functools import cache
from pathlib import Path

from kinesics.catalogue import DETECTORS, ENCODERS, encoders_of
from kinesics.files import check
from kinesics.sources import read_sources

check(config, "config", "configuration")
SOURCES = read_sources()
TIER = config["tier"]
GENERATED = "paper/generated"
LITERATURE = sorted(str(path) for path in Path("literature").iterdir())

os.environ.update(
    # One thread a process: more processes at once are faster here than more threads, and the order of sums is fixed.
    **{f"{name}_NUM_THREADS": "1" for name in ["OMP", "OPENBLAS", "MKL", "NUMEXPR"]},
    # Fixed dates in figures and in the PDF: 2026-01-01.
    SOURCE_DATE_EPOCH="1767225600",
    PYTHONHASHSEED="0",
    # The scripts find the package in any environment, also in one that Snakemake makes with --sdm conda.
    PYTHONPATH=str(Path("src").resolve()),
    # A notebook's kernel and matplotlib keep their caches out of the user's home.
    MPLBACKEND="agg",
)


def source(name):
    """Return the files of a source once fetched."""
    if name not in SOURCES:
        raise WorkflowError(
            f"{name!r} of the configuration is not a source; config/sources.csv has {', '.join(SOURCES)}"
        )
    return [f"data/{name}/{row['file']}" for row in SOURCES[name]]


def python(path):
    """Return the Python code of a script or of a notebook, whose magic commands are left out."""
    text = path.read_text(encoding="utf-8")
    if path.suffix != ".ipynb":
        return text
    cells = [cell for cell in json.loads(text)["cells"] if cell["cell_type"] == "code"]
    text = "\n".join("".join(cell["source"]) for cell in cells)
    return re.sub(r"^(\s*)%.*", r"\1pass", text, flags=re.MULTILINE)


@cache
def code(script, *modules):
    """Return what a script or a notebook runs of src/kinesics: inputs of its rule.

    These are the modules that it imports, directly or not, the tables of the same name beside them, and the modules that
    it imports by name (their paths are given).
    """
    folder = "notebooks" if script.endswith(".ipynb") else "workflow/scripts"
    found, todo = set(map(Path, modules)), [
        Path(folder) / script,
        *map(Path, modules),
    ]
    while todo:
        for node in ast.walk(ast.parse(python(todo.pop()))):
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and node.module:
                names = [
                    node.module,
                    *(f"{node.module}.{alias.name}" for alias in node.names),
                ]
            else:
                continue
            for module in names:
                path = Path("src") / Path(*module.split("."))
                for file in [path.with_suffix(".py"), path / "__init__.py"]:
                    if file.exists() and file not in found:
                        found.add(file)
                        todo.append(file)
    tables = {path.with_suffix(".csv") for path in found} & set(
        Path("src/kinesics").glob("*.csv")
    )
    return sorted(map(str, found | tables))


def module(detector):
    """Return the path of a detector's module."""
    return f"src/kinesics/detectors/{DETECTORS[detector]['module']}.py"


def features(detector, videos):
    """Return the feature files that a detector reads of these videos."""
    return [
        f"results/features/{encoder}/{video}.safetensors"
        for encoder in encoders_of(detector)
        for video in videos
    ]


def model(wildcards):
    """Return the file of released or learned weights that a detector runs on a video."""
    row = DETECTORS[wildcards.detector]
    if row["learns"] == "yes":
        return f"results/models/{wildcards.detector}/{wildcards.seed}/{wildcards.video}.safetensors"
    return source(row["weights"])[0] if row["weights"] else []


def others(wildcards):
    """Return the clips that a model for this clip may learn from: all the others."""
    return [video for video in config["clips"] if video != wildcards.video]
