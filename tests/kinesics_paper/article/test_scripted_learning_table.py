"""The table of scripts says what was learned from, and the range of its seeds."""

from kinesics.io.files import write_json
from kinesics_paper.article.tables.scripted_learning import scripted_learning


def entry(recipe, *values):
    scores = [{"micro": v / 2, "people": v} for v in values]
    spread = {"mean": sum(values) / len(values), "low": min(values), "high": max(values)}
    return {"recipe": recipe, "seeds": scores, "people": spread, "micro": {k: v / 2 for k, v in spread.items()}}


def test_rows_name_codings_scripts_and_host(tmp_path):
    recipes = {
        "a": entry({}, 0.6),
        "b": entry({"codes": False, "host": "noise", "scripts": 1000, "shuffled": True}, 0.4, 0.6),
        "c": entry({"hosts": 6, "host": "real", "scripts": 100, "channel": False}, 0.2, 0.4),
    }
    write_json(tmp_path / "study.json", {"recipes": recipes})
    scripted_learning(tmp_path / "study.json", tmp_path / "table.tex")
    rows = [line for line in (tmp_path / "table.tex").read_text().splitlines() if "&" in line][1:]
    assert rows == [
        r"all others & -- & -- & 0.60 & 0.30 \\",
        r"nobody & 1\,000 & noise, labels shuffled & 0.50 [0.40, 0.60] & 0.25 [0.20, 0.30] \\",
        r"6 groups & 100 & real, no channel & 0.30 [0.20, 0.40] & 0.15 [0.10, 0.20] \\",
    ]
