"""What the rules share: the configuration, the sources, and which code a script depends on."""

import ast
import json
import os
import re
from functools import cache
from pathlib import Path

from kinesics.catalogue import DETECTORS, ENCODERS
from kinesics.files import check
from kinesics.sources import read_sources
from kinesics.stage.data import truth_files, videos

check(config, "config", "configuration")
SOURCES = read_sources()
STAGE = {row["video"]: row for row in videos(config["stage"])}
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
        Path("src/kinesics").rglob("*.csv")
    )
    return sorted(map(str, found | tables))


def module(detector):
    """Return the path of a detector's module."""
    return f"src/kinesics/detectors/{DETECTORS[detector]['module']}.py"


def features(detector, videos):
    """Return the feature files that a detector reads of these videos."""
    encoder = DETECTORS[detector]["features"]
    return (
        [f"results/features/{encoder}/{video}.safetensors" for video in videos]
        if encoder
        else []
    )


def model(wildcards, training):
    """Return the file of released or learned weights that a detector runs with; ``training`` as in ``lessons``."""
    row = DETECTORS[wildcards.detector]
    if row["learns"] == "yes":
        return f"results/models/{wildcards.detector}/{wildcards.seed}/{training}.safetensors"
    return source(row["weights"])[0] if row["weights"] else []


def stage(*splits):
    """Return the stage's videos of these splits."""
    return [video for video, row in STAGE.items() if row["split"] in splits]


def one_of(names):
    """Return the wildcard constraint that admits these names only."""
    return "|".join(map(re.escape, names))


def lessons(training):
    """Return the videos that a model learns from, and the tables of their events.

    A model is named after the clip that it has not seen, and learned from all others; or it learned from the stage.
    """
    if training == "stage_train":
        return stage("train"), ["results/truth/stage.csv"]
    return [video for video in config["clips"] if video != training], [
        f"results/truth/{coder}.csv" for coder in config["coders"]
    ]
