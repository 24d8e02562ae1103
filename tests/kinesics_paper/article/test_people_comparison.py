"""The table of variants begins with the whole detector, whatever the order in the file."""

import json

from kinesics_paper.article.tables.people_comparison import parts


def test_the_whole_stands_first(tmp_path):
    score = {"value": 0.5, "low": 0.4, "high": 0.6}
    changed = {"f1_50": score, "difference": score | {"won": 1, "tied": 2, "lost": 3}}
    file = tmp_path / "ablations.json"
    file.write_text(json.dumps({"variants": {"no sound": changed, "whole": {"f1_50": score}}}))
    parts(file, tmp_path / "parts.tex")
    rows = (tmp_path / "parts.tex").read_text().splitlines()
    assert rows[4].startswith("whole & 0.50 [0.40, 0.60] &  &")
    assert rows[5] == r"\midrule"
    assert rows[6] == r"no sound & 0.50 [0.40, 0.60] & 0.50 [0.40, 0.60] & 1/2/3 \\"
