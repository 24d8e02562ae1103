"""The repository holds together: formats, lint, the lock, the citation, and no typed result."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from support import ROOT

from kinesics import __version__
from kinesics.detectors.registry import DETECTORS
from kinesics.encoders.registry import ENCODERS
from kinesics.io import downloads
from kinesics.io.validation import check, schema
from kinesics.structures.vocabulary import LABELS

BIN = Path(sys.executable).parent

#: What may hold a digit in the article without being a result: names, and the fixed settings of metrics.
NAMES = [
    *(
        r"\bF1\b",
        "GPT-4V",
        "VideoLLaMA~3",
        "InternVideo2",
        "DINOv3",
        "DINOv2",
        "FER2013",
        "EfficientNet-Lite0",
        "ViT-S/14",
        "SHA-256",
    ),
    *("VideoMAE~V2", "V-JEPA~2", r"MER\s?2023", "SHREC~2022", "MiGA~2026", "THUMOS14", "CASME~II", "SFEW~2.0"),
    *("eNTERFACE05", "FERV39k", "SigLIP~2", "Qwen3-VL", "wav2vec~2.0"),
    *(r"tIoU~0\.\d", r"from 0\.3 to 0\.7", r"95\\,\\%", "coder[AB]"),
]
#: Commands whose arguments are not printed, or not as a result.
SILENT = (
    r"\\(N|CI|cite|ref|label|input|includegraphics|resizebox|bibliography|bibliographystyle|texttt)\b"
    r"(\[[^\]]*\])?(\{[^{}]*\})+"
)


def run(*command: str) -> str:
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def test_python_is_formatted_and_lint_clean():
    run(str(BIN / "ruff"), "check", ".")
    run(str(BIN / "ruff"), "format", "--check", ".")


def test_workflow_is_formatted_and_lint_clean():
    run(str(BIN / "snakefmt"), "--check", "Snakefile", "workflow")
    assert "Congratulations" in run(str(BIN / "snakemake"), "--lint")


def locked() -> dict[str, str]:
    lines = (ROOT / "requirements.lock").read_text().split()
    assert all(re.fullmatch(r"[A-Za-z0-9_.-]+==[^=+]+", line) for line in lines)
    return {name.lower().replace("_", "-"): version for name, version in (line.split("==") for line in lines)}


def test_environment_and_lock_are_the_same():
    environment = yaml.safe_load((ROOT / "environment.yml").read_text())
    conda = [entry for entry in environment["dependencies"] if isinstance(entry, str)]
    (pip,) = [entry["pip"] for entry in environment["dependencies"] if isinstance(entry, dict)]
    assert pip == (ROOT / "requirements.lock").read_text().split()
    names = {re.split("[=<> ]", entry)[0] for entry in conda}
    assert {"python", "pip", "nodejs", "tectonic", "mesalib"} <= names
    assert not names & set(locked()), "a package comes from conda and from pip"


def test_lock_holds_every_direct_dependency():
    import tomllib

    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = [
        *project["dependencies"],
        *(name for extra in project["optional-dependencies"].values() for name in extra),
    ]
    for requirement in wanted:
        name, _, version = requirement.partition("==")
        assert name.lower() in locked(), f"{name} is not in requirements.lock: run make lock"
        assert not version or locked()[name.lower()] == version


def test_citation_file_is_valid():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    check(citation, schema("citation", "kinesics_paper"), "CITATION.cff")
    assert citation["version"] == __version__
    assert citation["authors"] == [{"name": "The kinesics developers"}]


def test_every_citation_key_is_in_the_bibliography():
    keys = set(re.findall(r"^@\w+\{([^,]+),", (ROOT / "literature/references.bib").read_text(), re.M))
    wanted = {row["citation"] for rows in downloads.read_downloads().values() for row in rows}
    wanted |= {row["citation"] for table in (ENCODERS, DETECTORS) for row in table.values() if row["citation"]}
    for path in (ROOT / "paper").glob("*.tex"):
        wanted |= {key for group in re.findall(r"\\cite\{([^}]+)\}", path.read_text()) for key in group.split(",")}
    assert wanted <= keys, sorted(wanted - keys)


def test_coding_schema_knows_the_vocabulary():
    assert schema("coding")["properties"]["label"]["enum"] == list(LABELS.index)


def typed_numbers(text: str) -> list[str]:
    """Return the lines of LaTeX prose that hold a digit which no macro wrote."""
    found = []
    text = re.sub(r"(?<!\\)%.*", "", text)
    text = re.sub(r"\\begin\{(equation|align|tabular|tikzpicture)\*?\}.*?\\end\{\1\*?\}", "", text, flags=re.S)
    for line in text.splitlines():
        rest = re.sub(SILENT, "", line)
        for name in NAMES:
            rest = re.sub(name, "", rest)
        if re.search(r"\d", rest):
            found.append(line.strip())
    return found


def test_no_result_is_typed_by_hand():
    for path in sorted((ROOT / "paper").glob("*.tex")):
        if path.name not in ("preamble.tex", "pipeline.tex"):
            assert typed_numbers(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("line", ["F1 rises to 0.42.", "in 7 of the clips", r"\textbf{12.5}", "95 people"])
def test_a_typed_result_is_caught(line):
    assert typed_numbers(line) == [line]


@pytest.mark.parametrize(
    "line", [r"F1 is \N{rules.all.f1_50} at tIoU~0.5", r"\CI{a.b_30} % 42", r"GPT-4V~\cite{lian2024gpt4v}"]
)
def test_a_generated_result_is_not(line):
    assert typed_numbers(line) == []


def test_notebooks_are_committed_without_outputs():
    for path in (ROOT / "notebooks").glob("*.ipynb"):
        notebook = json.loads(path.read_text(encoding="utf-8"))
        assert "language" in notebook["metadata"]["kernelspec"]
        for cell in notebook["cells"]:
            assert not cell.get("outputs"), f"{path.name} has outputs"
            assert cell.get("execution_count") is None


def test_no_machine_path_or_registry_host_is_committed():
    names = run("git", "ls-files").split()
    for name in names:
        path = ROOT / name
        if path.suffix in (".npz", ".png", ".pdf") or path == Path(__file__) or not path.exists():
            continue
        text = path.read_text(encoding="utf-8")
        assert not re.search(r"(?<![\w.])/(work|root|home|tmp)/", text), f"{name} names a path of one machine"
        assert not re.search(r"(pypi\.org|pythonhosted|npmjs\.|deb\.debian\.org)", text), (
            f"{name} names a registry's host"
        )
