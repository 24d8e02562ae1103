# Annotate all videos of a folder, one job each, on this machine or a cluster:
#   snakemake --snakefile workflow/annotate.smk --keep-going --cores all --config videos=films out=annotated
#   ... --config options="--min-score 0.5 --labels happy,speaking"     more options of `kinesics annotate`
#   ... --workflow-profile profiles/slurm                              in place of --keep-going --cores all
# Videos that fail are listed at the end; the same command continues an interrupted run and tries them again.
import shlex
from pathlib import Path

from snakemake.exceptions import WorkflowError

SUFFIXES = {
    ".avi",
    ".m2ts",
    ".m4v",
    ".mkv",
    ".mov",
    ".mp4",
    ".mpeg",
    ".mpg",
    ".mts",
    ".ogv",
    ".ts",
    ".webm",
    ".wmv",
}

if not {"videos", "out"} <= set(config):
    raise WorkflowError("give the folders: --config videos=FOLDER out=FOLDER")
FOLDER, OUT = Path(config["videos"]), Path(config["out"])
if not FOLDER.is_dir():
    raise WorkflowError(
        f"{FOLDER}: no such folder; give one with --config videos=FOLDER"
    )
VIDEOS = {}
for path in sorted(
    path
    for path in FOLDER.rglob("*")
    if path.suffix.lower() in SUFFIXES and path.is_file()
):
    if set("{}") & set(str(path)):
        raise WorkflowError(
            f"{path}: braces stand for something else here; rename it, or use `kinesics annotate`"
        )
    if path.stem in VIDEOS:
        raise WorkflowError(
            f"{path} and {VIDEOS[path.stem]}: their results would share a folder; rename one"
        )
    VIDEOS[path.stem] = path
if not VIDEOS:
    raise WorkflowError(f"{FOLDER}: holds no video ({', '.join(sorted(SUFFIXES))})")


def record(name):
    """Return the file that is written when a video is finished."""
    return OUT / name / "provenance.json"


def failures():
    """Return the videos that are not finished."""
    return [str(path) for name, path in VIDEOS.items() if not record(name).exists()]


rule all:
    input:
        [str(record(name)) for name in VIDEOS],


rule annotate:
    input:
        lambda wildcards: str(VIDEOS[wildcards.name]),
    output:
        str(OUT / "{name}" / "provenance.json"),
    log:
        str(OUT / "logs" / "{name}.txt"),
    threads: 1
    resources:
        mem_mb=2000,
        runtime=240,
    params:
        out=str(OUT),
        options=shlex.split(str(config.get("options", ""))),
    shell:
        "kinesics annotate --out {params.out:q} {params.options:q} -- {input:q} > {log:q} 2>&1"


onsuccess:
    print(f"{OUT}: {len(VIDEOS)} videos annotated")


onerror:
    failed = failures()
    print(
        f"{len(failed)} of {len(VIDEOS)} videos failed; {OUT}/logs says why:",
        *failed,
        sep="\n  ",
    )
