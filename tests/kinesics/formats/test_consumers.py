"""Files are read back by the programs that they are for: pympi, Praat (parselmouth), webvtt-py, pyvyu, and BORIS itself."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from support.interchange import MEDIA, options, table

from kinesics.formats.registry import write_events

EVENTS = table(
    (0, "happy", 0.5, 2.25), (0, "happy", 1, 3), (0, "sad", 2.5, 4),
    (1, "wäve 手", 1, 2.5, 'arm & "hand"'), (1, "blink", 7, 7.001, "eyes"),
    score=[0.5, 1, 1, 0.25, 1],
)  # fmt: skip
TIMES = {
    (0, "happy", 500, 2250),
    (0, "happy", 1000, 3000),
    (0, "sad", 2500, 4000),
    (1, "wäve 手", 1000, 2500),
    (1, "blink", 7000, 7001),
}


def written(path: Path) -> Path:
    write_events(EVENTS, path, options=options(media=MEDIA))
    return path


def test_pympi_opens_the_eaf(tmp_path):
    pympi = pytest.importorskip("pympi")
    eaf = pympi.Eaf(str(written(tmp_path / "talk.eaf")))
    found = set()
    for name in eaf.get_tier_names():
        parameters = eaf.get_parameters_for_tier(name)
        person = int(parameters["PARTICIPANT"].removeprefix("person "))
        vocabulary = eaf.linguistic_types[parameters["LINGUISTIC_TYPE_REF"]]["CONTROLLED_VOCABULARY_REF"]
        entries = {value for values, _ in eaf.controlled_vocabularies[vocabulary][1].values() for value, _, _ in values}
        for start, end, value, *_ in eaf.get_annotation_data_for_tier(name):
            assert value in entries
            found.add((person, value, start, end))
    assert found == TIMES
    assert {"happy", "disgust"} <= {
        value for values, _ in eaf.controlled_vocabularies["emotion"][1].values() for value, _, _ in values
    }
    assert eaf.get_linked_files()[0]["RELATIVE_MEDIA_URL"].endswith("talk.mp4")
    eaf.to_file(str(tmp_path / "again.eaf"))


def test_pympi_writes_what_is_read(tmp_path):
    pympi = pytest.importorskip("pympi")
    from support.interchange import rows

    eaf = pympi.Eaf()
    eaf.add_tier("hand", part="Ann")
    eaf.add_annotation("hand", 100, 900, "wave")
    eaf.add_linguistic_type("note", "Symbolic_Association", timealignable=False)
    eaf.add_tier("note", "note", "hand")
    eaf.add_ref_annotation("note", "hand", 500, "left")
    eaf.to_file(str(tmp_path / "a.eaf"))
    assert rows(tmp_path / "a.eaf") == [(0, "left", "note", 100, 900), (0, "wave", "hand", 100, 900)]


def test_praat_opens_the_textgrid(tmp_path):
    parselmouth = pytest.importorskip("parselmouth")
    from parselmouth.praat import call

    grid = parselmouth.Data.read(str(written(tmp_path / "talk.TextGrid")))
    found = set()
    for tier in range(1, call(grid, "Get number of tiers") + 1):
        person = int(call(grid, "Get tier name", tier).split()[1])
        if call(grid, "Is interval tier", tier):
            for k in range(1, call(grid, "Get number of intervals", tier) + 1):
                if text := call(grid, "Get label of interval", tier, k):
                    times = (call(grid, f"Get {side} time of interval", tier, k) for side in ("start", "end"))
                    found.add((person, text, *(round(1000 * time) for time in times)))
        else:
            for k in range(1, call(grid, "Get number of points", tier) + 1):
                start = round(1000 * call(grid, "Get time of point", tier, k))
                found.add((person, call(grid, "Get label of point", tier, k), start, start + 1))
    assert found == TIMES


@pytest.mark.parametrize("name", ["talk.vtt", "talk.srt"])
def test_webvtt_py_opens_the_subtitles(name, tmp_path):
    webvtt = pytest.importorskip("webvtt")
    path = written(tmp_path / name)
    captions = list(webvtt.from_srt(str(path)) if name.endswith("srt") else webvtt.read(str(path)))
    found = set()
    for caption in captions:
        voice, label = (caption.voice, caption.text) if name.endswith("vtt") else caption.text.split(": ")
        times = (round(1000 * time) for time in (caption.start_in_seconds, caption.end_in_seconds))
        found.add((int(voice.split()[1]), label, *times))
    milliseconds = {(person, label, start // 1000, end // 1000) for person, label, start, end in TIMES}
    assert {(person, label, start // 1000, end // 1000) for person, label, start, end in found} == milliseconds
    assert captions[0].start == "00:00:00.500"


def test_pyvyu_opens_the_spreadsheet(tmp_path):
    pyvyu = pytest.importorskip("pyvyu", reason="pyvyu requires old tools of its developers: install it with --no-deps")
    sheet = pyvyu.load_opf(str(written(tmp_path / "talk.opf")))
    cells = {
        (int(name.removeprefix("person")), cell.get_code("label"), cell.onset, max(cell.offset, cell.onset + 1))
        for name, column in sheet.columns.items()
        for cell in column.cells
    }
    assert cells == TIMES


BORIS = "boris-behav-obs==8.27.4"
LOADER = """
import json, sys
from boris import project_functions, event_operations, config
_, changed, project, message = project_functions.open_project_json(sys.argv[1])
assert "error" not in project, project
paired = {
    name: project_functions.check_state_events_obs(name, project[config.ETHOGRAM], observation)
    for name, observation in project[config.OBSERVATIONS].items()
}
events = [[float(event[0]), *event[1:5]] for event in project[config.OBSERVATIONS]["talk"][config.EVENTS]]
print("RESULT" + json.dumps({"changed": changed, "message": message, "paired": paired, "events": events}))
"""


@pytest.fixture(scope="module")
def boris(tmp_path_factory):
    """Return a Python that has BORIS, which needs Qt: in an environment of its own, or that of KINESICS_TEST_BORIS."""
    if given := os.environ.get("KINESICS_TEST_BORIS"):
        return Path(given)
    folder = tmp_path_factory.mktemp("boris") / "venv"
    uv = [sys.executable, "-m", "uv"]
    steps = [[*uv, "venv", "-q", folder], [*uv, "pip", "install", "-q", "--python", folder / "bin/python", BORIS]]
    for step in steps:
        done = subprocess.run(step, capture_output=True, text=True)
        if done.returncode:
            pytest.skip(f"{BORIS} cannot be installed: {done.stderr.strip()[-200:]}")
    return folder / "bin/python"


@pytest.mark.slow
def test_boris_opens_the_project(boris, tmp_path):
    path = written(tmp_path / "talk.boris")
    environment = os.environ | {"QT_QPA_PLATFORM": "offscreen", "HOME": str(tmp_path), "PYTHONPATH": ""}
    done = subprocess.run([boris, "-c", LOADER, path], capture_output=True, text=True, env=environment, timeout=300)
    if "cannot open shared object file" in done.stderr:
        pytest.skip(f"BORIS needs a library that is missing: {done.stderr.strip().splitlines()[-1]}")
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout.partition("RESULT")[2])
    assert not result["changed"]  # nothing had to be repaired
    assert result["message"] == ""
    assert result["paired"] == {"talk": [True, "No problem detected"]}
    assert len(result["events"]) == 2 * 4 + 1
    assert [0.5, "person 0", "happy", "", "score 0.5000"] in result["events"]
    assert [1.0, "person 0 (2)", "happy", "", ""] in result["events"]
