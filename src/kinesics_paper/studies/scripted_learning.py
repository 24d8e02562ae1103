"""What scripted events in the space of coefficients add to ``ranked`` for people left out.

Folds leave out groups of people with all their clips. What is learned, the channel, and the streams that host scripts are
those of the other people. A scripted stream belongs to its host where ``ranked`` leaves people out within its training.
"""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from kinesics.detectors import ranked
from kinesics.errors import KinesicsError
from kinesics.metrics.matching import f1_score, match_events
from kinesics.signals.coefficients import Signals, quiet_levels, recording_columns, recording_signals
from kinesics.signals.recording import Recording
from kinesics.structures.timegrid import rasterise
from kinesics.synthetic.coefficient_scripts import EVENT_COLUMNS, background, draw_events, lay_in
from kinesics.synthetic.measured_person import MeasuredPerson, measured_person, neutral_person, to_tracks
from kinesics.synthetic.perception_channel import Channel, measure_channel
from kinesics_paper.studies.people_ablations import people_f1
from kinesics_paper.studies.people_data import Key, People, balanced_folds, read_people_data

#: Seconds of a scripted stream at most, and for each scripted event.
STREAM_S, EVENT_S = 30.0, 4.0
RATE_HZ = 10.0
#: Gestures and hands at the face, in whose events it is measured how often hands are found.
HANDS = ("hand_gesture", "hand_to_face")
DIGITS = 6
_NOTHING = pd.DataFrame(columns=["video", "person", "label", "start_s", "end_s", "score"]).astype(
    {"person": int, "start_s": float, "end_s": float}
)


@dataclass(frozen=True)
class Recipe:
    """What is learned from: the codings or not, and ``scripts`` events in streams of a ``host``.

    ``host``: ``real`` streams of the training people, which keep their coded events, a still ``neutral`` person, or the
    ``noise`` model of a person. ``hosts`` limits the number of groups of people, 0 for all. ``shuffled`` permutes the labels
    of scripted events; without ``channel`` they are shown as scripted; with ``silent`` hosts are copied without events.
    """

    codes: bool = True
    host: str = ""
    scripts: int = 0
    shuffled: bool = False
    channel: bool = True
    silent: bool = False
    hosts: int = 0


def scripted_learning(
    tracks: Sequence[str],
    features: Sequence[str],
    passes: Sequence[str],
    recipes: Mapping[str, Mapping[str, Any]],
    folds: int,
    seeds: int,
) -> dict[str, Any]:
    """Return event F1 on people left out of each of ``recipes``: {name: fields of ``Recipe``}, at a tIoU of one half.

    Result: ``recipes``: {name: {``recipe``, ``seeds``: one entry per seed with ``micro``, over all events, and ``people``,
    the mean over people with annotated events, means over passes; ``micro`` and ``people``: {``mean``, ``low``, ``high``} of
    the seeds}}; ``folds``, ``people``.
    Nothing is drawn without scripts or a limit on hosts, so that one seed is run.
    """
    data = read_people_data(tracks, features, passes)
    people = _TrainingPeople(data)
    results = {}
    for name, fields in recipes.items():
        recipe = Recipe(**fields)
        scores = []
        for seed in range(seeds if recipe.scripts or recipe.hosts else 1):
            tables = [_NOTHING]
            for k, fold in enumerate(balanced_folds(data, folds)):
                rng = np.random.default_rng([seed, k])
                with suppress(KinesicsError):  # of too few people nothing is learned, and nothing detected
                    learned = people.learn(recipe, fold, rng)
                    tables += [ranked.detect_with(learned, r)[0] for r in data.recordings_of(fold, inside=True)]
            scores.append(judge(data, pd.concat(tables, ignore_index=True)))
        results[name] = {"recipe": dict(fields), "seeds": scores} | {key: _spread(scores, key) for key in scores[0]}
    judged = {name for table in data.truth for name in table["person_id"]}
    return {"recipes": results, "folds": folds, "people": len(judged)}


def judge(data: People, events: pd.DataFrame) -> dict[str, float]:
    """Return event F1 over all events and as the mean over people, each the mean over passes."""
    micro = []
    for true in data.truth:
        hits = int((match_events(true, events, 0.5) >= 0).sum())
        micro.append(float(f1_score(np.array(hits), np.array(len(events) - hits), np.array(len(true) - hits))))
    of_people = people_f1(data, events.assign(decision=True))
    return {"micro": round(float(np.mean(micro)), DIGITS), "people": round(float(of_people.mean()), DIGITS)}


def _spread(scores: Sequence[Mapping[str, float]], key: str) -> dict[str, float]:
    values = [score[key] for score in scores]
    return {"mean": round(float(np.mean(values)), DIGITS), "low": min(values), "high": max(values)}


class _TrainingPeople:
    """The people of the clips as ``ranked`` and as scripts need them."""

    def __init__(self, data: People):
        self.data = data
        self.measured: dict[Key, MeasuredPerson] = {}
        for recording in data.recordings:
            for person in recording.tracks.persons:
                of_person = measured_person(recording.tracks, person, recording.features)
                if len(recording.tracks.persons) > 1:  # somebody else may be heard, whom a host's copy does not have
                    of_person = MeasuredPerson(**{**vars(of_person), "speech": None})
                self.measured[recording.tracks.video, person] = of_person

    def learn(self, recipe: Recipe, fold: Sequence[str], rng: np.random.Generator) -> ranked.Arrays:
        """Return what ``ranked`` learns with a recipe from all but the fold's people."""
        others = [name for name in self.data.groups if name not in fold]
        if recipe.hosts:
            others = sorted(others[k] for k in rng.permutation(len(others))[: recipe.hosts])
        keys = [key for key in self.measured if self.data.group[key[0]] in others]
        made: list[tuple[str, Signals, list[pd.DataFrame]]] = []
        if recipe.scripts:
            made = self._scripted(recipe, keys, self._channel(keys), rng)
        real = {video: s for video, s in self.data.signals.items() if recipe.codes and self.data.group[video] in others}
        quiet = quiet_levels([s for s_of in real.values() for s in s_of.values()] + [s for _, s, _ in made])
        streams = []
        for video, everyone in real.items():
            for person, columns in recording_columns(everyone, quiet, RATE_HZ).items():
                streams.append(_stream(self.data.group[video], columns, self._coded((video, person))))
        for group, signals, events in made:
            streams.append(_stream(group, recording_columns({0: signals}, quiet, RATE_HZ)[0], events))
        return ranked.learn(streams) | {"quiet": np.array(list(quiet.values()))}

    def _coded(self, key: Key) -> list[pd.DataFrame]:
        return [t.loc[(t["video"] == key[0]) & (t["person"] == key[1]), EVENT_COLUMNS] for t in self.data.truth]

    def _channel(self, keys: Sequence[Key]) -> Channel:
        people = []
        for key in keys:
            coded, frames = pd.concat(self._coded(key)), self.measured[key].frames
            hands = coded[coded["label"].isin(HANDS)]
            active, acting = (
                rasterise(table[["start_s", "end_s"]].to_numpy(float), frames, RATE_HZ) for table in (coded, hands)
            )
            people.append((self.measured[key], ~active, acting))
        return measure_channel(people)

    def _scripted(
        self, recipe: Recipe, keys: Sequence[Key], channel: Channel, rng: np.random.Generator
    ) -> list[tuple[str, Signals, list[pd.DataFrame]]]:
        """Return group, signals, and events in each pass of scripted streams, with at least ``recipe.scripts`` events."""
        shown = channel if recipe.channel else channel.ideal()
        streams, drawn, order = [], 0, []
        keys = [key for key in keys if np.isfinite(self.measured[key].arrays["face"][:, 0, 0]).sum() > RATE_HZ]
        while drawn < recipe.scripts:
            order = order or [keys[k] for k in rng.permutation(len(keys))]
            host, coded, group = self._host(recipe.host, order.pop(), shown, rng, len(streams))
            wanted = max(round(host.frames / RATE_HZ / EVENT_S), 1)
            actions = draw_events(rng, host.frames / RATE_HZ, wanted, pd.concat(coded))
            drawn += wanted
            if recipe.silent:
                actions = actions[:0]
            host, events = lay_in(host, actions, shown, rng)
            streams.append((group, host, coded, events))
        if recipe.shuffled:
            labels = rng.permutation(np.concatenate([events["label"] for *_, events in streams]))
            ends = np.cumsum([len(events) for *_, events in streams])[:-1]
            for (*_, events), part in zip(streams, np.split(labels, ends), strict=True):
                events["label"] = part
        made = []
        for number, (group, host, coded, events) in enumerate(streams):
            signals = recording_signals(Recording(*to_tracks(host, f"script {number}")))[0]
            made.append((group, signals, [pd.concat([table, events], ignore_index=True) for table in coded]))
        return made

    def _host(
        self, kind: str, key: Key, channel: Channel, rng: np.random.Generator, number: int
    ) -> tuple[MeasuredPerson, list[pd.DataFrame], str]:
        """Return a stream to lay events into, its coded events in each pass, and its group."""
        if kind != "real":
            frames = round(STREAM_S * RATE_HZ)
            still = neutral_person(frames, RATE_HZ, channel.usual_expressions)
            made = background(frames, RATE_HZ, channel, rng) if kind == "noise" else still
            return made, [pd.DataFrame(columns=EVENT_COLUMNS)] * len(self.data.truth), f"script {number}"
        person = self.measured[key]
        frames = min(person.frames, round(STREAM_S * RATE_HZ))
        start = int(rng.integers(person.frames - frames + 1))
        first, last = start / RATE_HZ, (start + frames) / RATE_HZ
        coded = []
        for table in self._coded(key):
            part = table[(table["end_s"] > first + 0.2) & (table["start_s"] < last - 0.2)].copy()
            part["start_s"] = part["start_s"].clip(lower=first) - first
            part["end_s"] = part["end_s"].clip(upper=last) - first
            coded.append(part)
        return person.cut(start, start + frames), coded, self.data.group[key[0]]


def _stream(group: str, columns: Signals, events: Sequence[pd.DataFrame]) -> ranked.Stream:
    truth = {
        label: [t.loc[t["label"] == label, ["start_s", "end_s"]].to_numpy(float) for t in events]
        for label in ranked.LABELS
    }
    return ranked.Stream(group, RATE_HZ, columns, truth)
