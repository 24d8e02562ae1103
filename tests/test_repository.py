"""The repository holds together: formats, lint, the lock, the citation, and no typed result."""

import ast
import json
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import grimp
import pytest
import yaml
from support import ROOT

from kinesics import __version__
from kinesics.detectors.registry import DETECTORS
from kinesics.encoders.registry import ENCODERS
from kinesics.io.extras import EXTRAS
from kinesics.io.validation import check, schema
from kinesics.structures.vocabulary import LABELS
from kinesics_paper.downloads import read_downloads

BIN = Path(sys.executable).parent

#: What may hold a digit in the article without being a result: names, and the fixed settings of metrics.
NAMES = [
    *(
        r"\b(ID)?F1\b",
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


@pytest.mark.slow
def test_workflow_is_formatted_and_lint_clean():
    run(str(BIN / "snakefmt"), "--check", "Snakefile", "workflow")
    assert "Congratulations" in run(str(BIN / "snakemake"), "--lint")


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def locked() -> dict[str, str]:
    """Return the version of each package of the lock, every line of which is a version with hashes."""
    text = (ROOT / "requirements.lock").read_text().replace("\\\n", "")
    pins = {}
    for line in text.splitlines():
        pin, *hashes = line.split()
        assert re.fullmatch(r"[A-Za-z0-9_.-]+==[^=+]+", pin)
        assert hashes, f"{pin} has no hash: run make lock"
        assert all(re.fullmatch(r"--hash=sha256:[0-9a-f]{64}", one) for one in hashes)
        name, version = pin.split("==")
        pins[normal(name)] = version
    return pins


def test_environment_and_lock_are_the_same():
    environment = yaml.safe_load((ROOT / "environment.yml").read_text())
    conda = [entry for entry in environment["dependencies"] if isinstance(entry, str)]
    (pip,) = [entry["pip"] for entry in environment["dependencies"] if isinstance(entry, dict)]
    assert {normal(name): version for name, version in (entry.split("==") for entry in pip)} == locked()
    names = {re.split("[=<> ]", entry)[0] for entry in conda}
    assert {"python", "pip", "nodejs", "tectonic", "mesalib"} <= names
    assert not names & set(locked()), "a package comes from conda and from pip"


def test_lock_holds_every_direct_dependency():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = [
        *project["dependencies"],
        *(name for extra in project["optional-dependencies"].values() for name in extra),
    ]
    pins = locked()
    for requirement in wanted:
        name, _, version = re.split(r"(==|>=|$)", requirement, maxsplit=1)
        if name.startswith("kinesics["):  # the extra that is all extras
            continue
        assert normal(name) in pins, f"{name} is not in requirements.lock: run make lock"
        assert "==" not in requirement or pins[normal(name)] == version


def test_imports_run_down_the_layers():
    assert "0 broken" in run(str(BIN / "lint-imports"), "--no-cache")


def test_no_files_import_each_other_in_a_circle():
    graph = grimp.build_graph("kinesics", "kinesics_paper", exclude_type_checking_imports=False, cache_dir=None)
    todo = {name: set(graph.find_modules_directly_imported_by(name)) for name in graph.modules}
    while free := {name for name, imported in todo.items() if not imported & todo.keys()}:
        todo = {name: imported for name, imported in todo.items() if name not in free}
    assert not todo, f"these import each other: {', '.join(sorted(todo))}"


def test_the_package_reads_no_file_outside_of_itself():
    for path in (ROOT / "src/kinesics").rglob("*.py"):
        assert not re.search(r"__file__\)\.(resolve\(\)\.)?parents?", path.read_text()), path


def test_every_extra_is_one_of_the_project_and_of_no_core_dependency():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert set(EXTRAS.values()) <= set(project["optional-dependencies"])
    core = {normal(re.split("[=<>]", name)[0]) for name in project["dependencies"]}
    assert not core & {normal(name) for name in EXTRAS}


#: Words that make a reader guess, where the field has one of its own.
RIDDLES = {"told", "asked", "said", "whom", "lessons", "knows"}


def names_and_docstrings(path: Path) -> Iterator[str]:
    """Yield what a module calls things, and what it writes about them."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Module | ast.FunctionDef | ast.ClassDef):
            yield ast.get_docstring(node) or ""
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            yield node.name.replace("_", " ")
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id.replace("_", " ")
        if isinstance(node, ast.arg):
            yield node.arg.replace("_", " ")


@pytest.mark.slow
def test_names_and_docstrings_use_the_words_of_the_field():
    found = {
        f"{path.relative_to(ROOT)}: {word}"
        for folder in ("src", "workflow")
        for path in (ROOT / folder).rglob("*.py")
        for text in names_and_docstrings(path)
        for word in RIDDLES & set(re.findall(r"[a-z]+", text.lower()))
    }
    assert not found, "\n".join(sorted(found))


def test_files_are_short_enough_to_read():
    for folder in ("src", "tests", "workflow", "benchmarks"):
        for path in (ROOT / folder).rglob("*.py"):
            assert len(path.read_text().splitlines()) <= 420, f"{path} has more than 420 lines: split it"


def test_spelling():
    run(str(BIN / "codespell"), "src", "tests", "workflow", "benchmarks", "docs", "paper", *map(str, ROOT.glob("*.md")))


def test_citation_file_is_valid():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    check(citation, schema("citation", "kinesics_paper"), "CITATION.cff")
    assert citation["version"] == __version__
    assert citation["authors"] == [{"name": "The kinesics developers"}]


def test_every_citation_key_is_in_the_bibliography():
    keys = set(re.findall(r"^@\w+\{([^,]+),", (ROOT / "literature/references.bib").read_text(), re.M))
    wanted = {row["citation"] for rows in read_downloads().values() for row in rows}
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
