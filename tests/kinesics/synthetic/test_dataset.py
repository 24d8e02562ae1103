"""The planned data set keeps its splits apart, and pairs its perturbed videos."""

import pandas as pd
import yaml
from support import ROOT

from kinesics.synthetic import dataset, perturbations


def test_splits_share_no_script_and_no_actor_and_perturbations_are_paired(tmp_path):
    config = yaml.safe_load((ROOT / "config/config.yaml").read_text())["synthetic"]
    dataset.write_videos(dataset.plan_videos(config), tmp_path / "videos.csv")
    rows = pd.read_csv(tmp_path / "videos.csv", keep_default_na=False)
    assert rows["video"].is_unique
    assert (rows.groupby("seed")["split"].nunique() == 1).all()
    cast = [(3 * row.seed + k, row.split) for row in rows.itertuples() for k in range(row.people)]
    assert len({actor for actor, _ in cast}) == len(set(cast))
    assert not rows.loc[rows["split"] != "perturbed", "severity"].any()
    perturbed = rows[rows["split"] == "perturbed"]
    for _, same in perturbed.groupby("script"):
        variants = {("", 0)} | {
            (perturbation, severity) for perturbation in perturbations.PERTURBATIONS for severity in (1, 2, 3)
        }
        assert set(zip(same["perturbation"], same["severity"], strict=True)) == variants
        assert len(same[["seed", "duration_s", "people", "shot", "pace"]].drop_duplicates()) == 1
