"""The study of the budget: how well the proposal finds events for each share of the encoder's calls and each policy."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path

import pandas as pd

from kinesics import catalogue
from kinesics.budget import POLICIES, SHARES, plan, possible, subset
from kinesics.detectors import budgeted, read_clips, read_model
from kinesics.evaluation.score import compare, score
from kinesics.events import read_events
from kinesics.files import write_json
from kinesics.head.learning import events_of


def budget_curve(
    tracks: list[str | Path],
    features: list[str | Path],
    truth: list[str | Path],
    models: list[str | Path],
    settings: dict,
    out: str | Path,
    shares: Sequence[float] = (0.0, *SHARES),
    policies: Sequence[str] = POLICIES,
) -> None:
    """Write, as JSON, the scores of the proposal at every share and policy, and the proposal against ``uniform``.

    ``models`` are files of the same detector, one a seed; ``truth`` is an events file a coder; ``settings`` are those of
    ``score``. Subsets of the features of all calls stand in for the calls that a budget allows: tests show that both give
    the same events. ``curve[policy]`` is a list of ``{share, calls, of, metrics}`` with the intervals of ``score``, and
    ``against_uniform`` the paired differences of ``uncertain`` and ``uniform`` at each share.
    """
    clips = read_clips(tracks, features)
    coders = [read_events(path) for path in truth]
    names = {clip.tracks.video for clip in clips}
    coders = [coder[coder["video"].isin(names)] for coder in coders]
    settings = settings | {"durations": {clip.tracks.video: clip.tracks.duration_s for clip in clips}}
    learned = [read_model(Path(path), "budgeted") for path in models]
    encoder = catalogue.encoder(budgeted.ENCODER)
    calls = {clip.tracks.video: possible(clip.tracks, encoder.RATE_HZ, encoder.CROPS) for clip in clips}
    found: dict[tuple[str, float], list[pd.DataFrame]] = {}
    curve: dict[str, list[dict]] = {}
    for policy in policies:
        for share in shares:
            if share in (0, 1) and policy != policies[0]:
                found[policy, share] = found[policies[0], share]  # no call, or all of them: policies agree
                curve.setdefault(policy, []).append(curve[policies[0]][list(shares).index(share)])
                continue
            tables, made = [], 0
            for model in learned:
                parts = []
                for clip in clips:
                    mine = calls[clip.tracks.video]
                    chosen = plan(policy, share, clip, mine, partial(budgeted.undecided, model))
                    made += len(chosen)
                    few = clip.asked(subset(clip.features[budgeted.ENCODER], chosen))
                    parts.append(events_of(budgeted.METHOD, model, few)[0])
                tables.append(pd.concat(parts, ignore_index=True))
            found[policy, share] = tables
            result = score(
                coders, tables, labels=sorted({label for coder in coders for label in coder["label"]}), **settings
            )
            entry = {"share": share, "calls": made // len(learned), "of": sum(map(len, calls.values()))}
            curve.setdefault(policy, []).append(entry | {"metrics": result["metrics"]})
    against = [
        {"share": share}
        | {"metrics": compare(coders, found["uncertain", share], found["uniform", share], **settings)["metrics"]}
        for share in shares
        if {"uncertain", "uniform"} <= set(policies) and 0 < share < 1
    ]
    write_json(out, {"curve": curve, "against_uniform": against})
