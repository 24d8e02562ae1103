"""What the rules share: the configuration, the sources, and which code a script depends on."""

import ast
import json
import os
import re
from functools import cache
from pathlib import Path

from kinesics.detectors.registry import DETECTORS, is_trained, required_encoders
from kinesics.encoders.registry import (
    ENCODERS,
    is_downloadable,
    is_visual,
    required_downloads,
)
from kinesics.encoders.weights import weights_path
from kinesics.errors import KinesicsError
from kinesics.structures.truth_files import truth_files
from kinesics.synthetic.dataset import plan_videos
from kinesics_paper import compute_plan
from kinesics_paper.configuration import check_config
from kinesics_paper.datasets import base as benchmarks
from kinesics_paper.datasets import people
from kinesics_paper.datasets.open_data import find_open_dataset, output_names
from kinesics_paper.downloads import TABLES, read_downloads

try:
    config.update(
        check_config(
            config,
            "configuration (config/config.yaml, under --configfile and --config)",
        )
    )
    PEOPLE = people.read_people()
except KinesicsError as error:
    raise WorkflowError(str(error)) from None
SOURCES = read_downloads()
DOWNLOAD_TABLES = list(map(str, TABLES))
# Asked for every job; each answer checks the table of sources anew.
weights_path = cache(weights_path)
# The real clips in folds that leave out people: {fold: (clips to learn from, clips to test on)}, and the fold of each clip.
CLIP_FOLDS = people.folds(PEOPLE, config["clips"])
FOLD_OF = {clip: fold for fold, (_, test) in CLIP_FOLDS.items() for clip in test}
PEOPLE_SCHEMAS = [
    "src/kinesics/io/schemas/coding.yaml",
    "src/kinesics_paper/schemas/people.yaml",
]
# The clips that only the public tier fetches. Their tracks are the published ones in every tier, so that all are the same.
PUBLIC_CLIPS = sorted(set(PEOPLE["clip"][PEOPLE["tier"] == "public"]))
PEOPLE_TRACKS = people.tracks_files(
    [*config["clips"], *PUBLIC_CLIPS], config["clips"], "results/tracks"
)
SYNTHETIC = {row["video"]: row for row in plan_videos(config["synthetic"])}
SYNTHETIC_TRUTH = "results/truth/synthetic"
TIER = config["tier"]
# A job that runs a network asks a cluster for a GPU; on one machine nothing does, and nothing waits for one.
GPU = int(TIER == "full")
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
            f"{name!r} of the configuration is not a source; the tables of downloads have {', '.join(SOURCES)}"
        )
    return [f"data/{name}/{row['file']}" for row in SOURCES[name]]


def people_features(*encoders):
    """Return the features of these encoders beside the tracks of each annotated clip."""
    return [
        path.replace("tracks", f"features/{encoder}").replace(
            ".parquet", ".safetensors"
        )
        for encoder in encoders
        for path in PEOPLE_TRACKS
    ]


def clip_file(clip):
    """Return the file of a real clip once fetched."""
    try:
        row = people.clip_download(clip, SOURCES, PEOPLE)
    except KinesicsError as error:
        raise WorkflowError(f"configuration: clips: {error}") from None
    return f"data/{row['id']}/{row['file']}"


def weights(encoder):
    """Return the files of an encoder's weights if the workflow fetches them.

    What the user places is no input: the script tells where to get it, and a plan can be made without.
    """
    if encoder not in ENCODERS:
        raise WorkflowError(
            f"{encoder!r} of the configuration is not an encoder; the encoders are {', '.join(ENCODERS)}"
        )
    return (
        [path for name in required_downloads(encoder) for path in source(name)]
        if is_downloadable(encoder)
        else []
    )


def tracks_for_encoder(*videos):
    """Return the input function of the tracks by which an encoder crops these videos: none if it takes audio."""
    return lambda wildcards: (
        expand("results/tracks/{video}.parquet", video=videos or wildcards.video)
        if is_visual(wildcards.encoder)
        else []
    )


def python(path):
    """Return the Python code of a script or of a notebook, whose magic commands are left out."""
    text = path.read_text(encoding="utf-8")
    if path.suffix != ".ipynb":
        return text
    cells = [cell for cell in json.loads(text)["cells"] if cell["cell_type"] == "code"]
    text = "\n".join("".join(cell["source"]) for cell in cells)
    return re.sub(r"^(\s*)%.*", r"\1pass", text, flags=re.MULTILINE)


@cache
def imports(path):
    """Return the files of src/ that a script, a notebook or a module imports itself, but for annotations."""
    found = []
    tree = ast.parse(python(path))
    tree.body = [
        node
        for node in tree.body
        if not (isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING")
    ]
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names = [
                node.module,
                *(f"{node.module}.{alias.name}" for alias in node.names),
            ]
        else:
            continue
        for name in names:
            file = Path("src") / Path(*name.split("."))
            files = [file.with_suffix(".py"), file / "__init__.py"]
            found += [file for file in files if file.exists()]
    return found


@cache
def code(script, *modules):
    """Return what a script or a notebook runs of src/: inputs of its rule.

    These are the modules that it imports, directly or not, the tables of the same name beside them, and the modules that
    it imports by name (their paths are given).
    """
    folder = "notebooks" if script.endswith(".ipynb") else "workflow/scripts"
    found, todo = set(map(Path, modules)), [
        Path(folder) / script,
        *map(Path, modules),
    ]
    while todo:
        new = set(imports(todo.pop())) - found
        found |= new
        todo += new
    tables = {path.with_suffix(".csv") for path in found}
    return sorted(map(str, found | set(filter(Path.exists, tables))))


def module(detector):
    """Return the path of a detector's module."""
    return f"src/kinesics/detectors/{DETECTORS[detector]['module']}.py"


def module_of(name):
    """Return the paths of what a row of a comparison runs by name: a detector's module, if it is a detector."""
    return [module(name)] if name in DETECTORS else []


def encoder_module(encoder):
    """Return the path of an encoder's module."""
    return f"src/kinesics/encoders/{ENCODERS[encoder]['module']}.py"


def dataset_module(dataset):
    """Return the path of the module that reads a data set."""
    return benchmarks.reader_file(dataset)


def study(name):
    """Return the path of a study's module."""
    return f"src/kinesics_paper/studies/{name}.py"


def article(kind, name):
    """Return the path of a module of the article's figures or tables."""
    return f"src/kinesics_paper/article/{kind}/{name}.py"


def features(detector, videos):
    """Return the feature files that a detector reads of these videos."""
    return [
        f"results/features/{encoder}/{video}.safetensors"
        for encoder in required_encoders(detector)
        for video in videos
    ]


def model(detector, seed, video):
    """Return the checkpoint of a seed of a detector that has not seen a video, nor the people in it.

    It is named after the fold of that clip, and learned from the others; or it learned from the synthetic training videos.
    """
    on_synthetic = DETECTORS[detector]["learns"] == "synthetic" or video in SYNTHETIC
    name = "synthetic_train" if on_synthetic else FOLD_OF.get(video, video)
    return f"results/models/{detector}/{seed}/{name}.safetensors"


def models(detector, seeds, videos):
    """Return the files of released or learned weights that a detector runs with, if any."""
    row = DETECTORS[detector]
    if is_trained(detector):
        return sorted(
            {model(detector, seed, video) for seed in seeds for video in videos}
        )
    return source(row["weights"]) if row["weights"] else []


def events(detector, seeds, videos, suffix):
    """Return the files that a detector writes, for each seed one a video."""
    return [
        f"results/events/{detector}/{seed}/{video}{suffix}"
        for seed in seeds
        for video in videos
    ]


def runs(detector, seeds, videos):
    """Return the runs of a detector (``kinesics.detectors.runner.Run``), those of one video in a row."""
    row = DETECTORS[detector]
    released = source(row["weights"])[0] if row["weights"] else None
    return [
        {
            "tracks": f"results/tracks/{video}.parquet",
            "features": features(detector, [video]),
            "seed": seed,
            "model": model(detector, seed, video) if is_trained(detector) else released,
            "events": events(detector, [seed], [video], ".csv")[0],
            "tubes": events(detector, [seed], [video], ".tubes.parquet")[0],
        }
        for video in videos
        for seed in seeds
    ]


def training(detector, seeds, videos, truth, name, validation_videos=()):
    """Return the arguments of ``kinesics.detectors.runner.fit_seeds`` for models of one name, one a seed."""
    held_out = validation(detector, validation_videos)
    return {
        "tracks": expand("results/tracks/{video}.parquet", video=videos),
        "features": features(detector, [*videos, *validation_videos]),
        "truth": truth,
        "outs": {
            seed: f"results/models/{detector}/{seed}/{name}.safetensors"
            for seed in seeds
        },
        "validation": held_out,
    }


def validation(detector, videos):
    """Return the tracks on which a detector chooses its settings, if it does."""
    return (
        expand("results/tracks/{video}.parquet", video=videos)
        if DETECTORS[detector]["learns"] == "synthetic"
        else []
    )


def synthetic(*splits):
    """Return the synthetic videos of these splits."""
    return [video for video, row in SYNTHETIC.items() if row["split"] in splits]


def truth_of(videos, kind):
    """Return the files of one kind of the truth of synthetic videos."""
    return [truth_files(SYNTHETIC_TRUTH, video)[kind] for video in videos]


def detected(detectors, seen, suffix):
    """Return the files that detectors wrote of the videos they have seen: {detector: {seed: {video: path}}}."""
    return {
        detector: {
            seed: dict(
                zip(
                    seen[detector],
                    events(detector, [seed], seen[detector], suffix),
                    strict=True,
                )
            )
            for seed in seeds
        }
        for detector, seeds in detectors.items()
    }


def one_of(names):
    """Return the wildcard constraint that admits these names only."""
    return "|".join(map(re.escape, names))


def shards_of(benchmark):
    """Return the number of shards of a benchmark."""
    return benchmarks.shard_count(benchmark, config["benchmarks"]["shard_hours"])


def shard_folders(wildcards, kind):
    """Return the folders of all shards of a benchmark's tracks or features."""
    count = shards_of(wildcards.benchmark)
    return [
        f"results/benchmarks/{wildcards.benchmark}/{kind}/{shard}-of-{count}"
        for shard in range(count)
    ]


def shard_minutes(wildcards, hours):
    """Return the minutes that a job on one shard may take."""
    return compute_plan.minutes(hours, shards_of(wildcards.benchmark))
