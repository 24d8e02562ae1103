"""`annotate` of three hundred damaged videos: results or an error in one line, never a hang, never half of the results."""

import json
import random
import shutil
from pathlib import Path

import pytest
from support import ROOT
from support.damage import KINDS, Damage, guarded, inflict
from support.footage import write_footage

from kinesics.api.annotation import annotate, output_names
from kinesics.errors import KinesicsError
from kinesics.io.files import sha256

BATCHES, CASES = 10, 30
ENDINGS = (".mp4", ".mkv", ".avi", ".ts", ".txt", ".png")


@pytest.fixture(scope="module")
def sources(clip, tmp_path_factory) -> list[Path]:
    """Return a clip of a person, which is annotated so that processes that are forked have loaded all, and footage."""
    folder = tmp_path_factory.mktemp("sources")
    annotate(clip("single_face"), folder / "out", data=ROOT / "data")
    films = [write_footage(folder / f"film{ending}") for ending in (".mp4", ".mkv", ".ts")]
    return [clip("single_face"), clip("single_face"), *films]


def spoil(draw: random.Random, source: Path, path: Path) -> Path:
    """Write a file that is damaged, empty, of an absurd header or of the wrong ending."""
    fault = draw.choice([*KINDS, "truncate", "flip", "empty", "header", "ending"])
    if fault == "empty":
        path.write_bytes(b"")
    elif fault == "ending":
        path = path.with_suffix(draw.choice(ENDINGS))
        shutil.copy(source, path)
    elif fault == "header":
        data = bytearray(source.read_bytes())
        for _ in range(draw.randint(1, 40)):
            data[draw.randrange(min(len(data), 4000))] = draw.choice((0, 255))
        path.write_bytes(data)
    else:
        places = tuple(draw.random() for _ in range(draw.randint(1, 4)))
        inflict(Damage(fault, places, draw.randint(1, 3000)), source, path)
    return path


def outcome(video: Path, out: Path, accept_damaged: bool) -> dict:
    """Annotate a video; return the number of events, or the error."""
    try:
        return {"events": len(annotate(video, out, data=ROOT / "data", accept_damaged=accept_damaged))}
    except KinesicsError as error:
        return {"error": str(error)}


@pytest.mark.slow
@pytest.mark.parametrize("batch", range(BATCHES))
def test_results_are_whole_or_a_line_says_what_is_wrong(sources, tmp_path, batch):
    draw = random.Random(batch)
    for case in range(CASES):
        source = draw.choice(sources)
        video = spoil(draw, source, tmp_path / f"case{case}{source.suffix}")
        out = tmp_path / f"out{case}"
        result = guarded(outcome, video, out, draw.random() < 0.5)
        assert "crash" not in result, (video.name, result)
        folder = out / video.stem
        if "error" in result:
            assert str(video) in result["error"], result
            assert "\n" not in result["error"]
            assert not (folder / "provenance.json").exists()
        else:
            assert sorted(path.name for path in folder.iterdir()) == sorted(output_names(video))
            record = json.loads((folder / "provenance.json").read_text(encoding="utf-8"))
            assert {name: sha256(folder / name) for name in record["outputs"]} == record["outputs"]
        assert not [path for path in out.rglob(".*") if path.is_file()]
        shutil.rmtree(out, ignore_errors=True)
