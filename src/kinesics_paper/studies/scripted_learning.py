"""What scripted events in the space of coefficients add to ``ranked`` for people left out.

Folds leave out groups of people with all their clips. What is learned, the channel, and the streams that host scripts are
those of the other people. A scripted stream belongs to its host where ``ranked`` leaves people out within its training.
No setting of the scripts was chosen by a score: they are those of ``coefficient_scripts.csv`` and ``script_parameters.csv``.
From the annotations, scripts alone learn when nothing happens and when a hand acts, to measure the channel, and no more.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from kinesics.detectors import ranked
from kinesics.errors import KinesicsError
from kinesics.metrics.paired import bca_interval, compare_people
from kinesics.signals.coefficients import Signals, quiet_levels, recording_columns, recording_signals
from kinesics.signals.recording import Recording
from kinesics.structures.timegrid import rasterise
from kinesics.synthetic.coefficient_scripts import EVENT_COLUMNS, background, draw_events, lay_in
from kinesics.synthetic.measured_person import MeasuredPerson, measured_person, neutral_person, to_tracks
from kinesics.synthetic.perception_channel import Channel, measure_channel
from kinesics_paper.studies.people_ablations import NOTHING, people_f1
from kinesics_paper.studies.people_comparison import rounded
from kinesics_paper.studies.people_data import Key, People, balanced_folds, read_people_data
from kinesics_paper.studies.people_left_out import FEW_FOLDS

#: Seconds of a scripted stream at most, and for each scripted event.
STREAM_S, EVENT_S = 30.0, 4.0
RATE_HZ = 10.0
#: Gestures and hands at the face, in whose events it is measured how often hands are found.
HANDS = ("hand_gesture", "hand_to_face")


@dataclass(frozen=True)
class Recipe:
    """What is learned from: the annotations of real people or not, and about ``scripts`` events in streams of a ``host``.

    ``host``: ``real`` streams of the training people, which keep their annotated events; a ``modelled`` person, who moves and
    is perceived as the channel has it; or a ``still`` one. ``shuffled`` permutes the labels of scripted events; without
    ``channel`` they are shown as scripted; with ``copied`` the hosts are learned from again, without scripts. ``groups``
    limits the number of groups of people, 0 for all. ``against`` names the recipe that this one is compared with.
    """

    annotations: bool = True
    host: str = ""
    scripts: int = 0
    shuffled: bool = False
    channel: bool = True
    copied: bool = False
    groups: int = 0
    against: str = "annotations"

    @property
    def drawn(self) -> bool:
        """Whether anything is drawn by the seed."""
        return bool(self.scripts or self.groups)


#: Scripted events: about a fourth of the annotated ones, half, which is the usual number, and as many.
FEW, SOME, MANY = 50, 100, 200
#: Groups of people of whom there are annotations, where there are few.
FEW_GROUPS = 4
RECIPES = {
    "annotations": Recipe(),
    "scripts": Recipe(annotations=False, host="modelled", scripts=SOME),
    "scripts, few": Recipe(annotations=False, host="modelled", scripts=FEW, against="scripts"),
    "scripts, many": Recipe(annotations=False, host="modelled", scripts=MANY, against="scripts"),
    "scripts, placebo": Recipe(annotations=False, host="modelled", scripts=SOME, shuffled=True, against="scripts"),
    "scripts, no channel": Recipe(annotations=False, host="modelled", scripts=SOME, channel=False, against="scripts"),
    "scripts, still": Recipe(annotations=False, host="still", scripts=SOME, against="scripts"),
    "both, few": Recipe(host="modelled", scripts=FEW),
    "both": Recipe(host="modelled", scripts=SOME),
    "both, many": Recipe(host="modelled", scripts=MANY),
    "both, real": Recipe(host="real", scripts=SOME),
    "both, real, placebo": Recipe(host="real", scripts=SOME, shuffled=True),
    "both, real, no scripts": Recipe(host="real", scripts=SOME, copied=True),
    "few people": Recipe(groups=FEW_GROUPS),
    "few people, both": Recipe(groups=FEW_GROUPS, host="modelled", scripts=SOME, against="few people"),
    "few people, both, placebo": Recipe(
        groups=FEW_GROUPS, host="modelled", scripts=SOME, shuffled=True, against="few people"
    ),
}


def scripted_learning(
    tracks: Sequence[str], features: Sequence[str], passes: Sequence[str], settings: Mapping[str, Any], seeds: int
) -> dict[str, Any]:
    """Return event F1 of ``ranked`` on people left out, with each of ``RECIPES``, at a tIoU of one half.

    ``settings`` are resamples and seed of the intervals, ``seeds`` the number of draws of scripts, over which each person's F1
    is averaged. Result: ``recipes``: {name: {``recipe``: its fields, ``people``: F1 of each judged person, ``f1_50``: their
    mean with interval, ``seeds``: the mean of each draw, ``difference``: comparison with ``against``, ``events``: the number
    of scripted ones, mean over folds and draws}}; ``folds``, ``draws``, and ``events``, the annotated ones of each pass.
    """
    data = read_people_data(tracks, features, passes)
    training = _TrainingPeople(data)
    resampling = {key: settings[key] for key in ("resamples", "seed")}
    scores: dict[str, np.ndarray] = {}
    entries: dict[str, Any] = {}
    for name, recipe in RECIPES.items():
        runs = [_run(data, training, recipe, seed) for seed in range(seeds if recipe.drawn else 1)]
        drawn = np.array([of_people for of_people, _ in runs])
        scores[name] = drawn.mean(0)
        low, high = bca_interval(scores[name], **resampling)
        entries[name] = {
            "recipe": vars(recipe),
            "events": float(np.mean([count for _, count in runs])),
            "people": scores[name].tolist(),
            "seeds": drawn.mean(1).tolist(),
            "f1_50": {"value": float(scores[name].mean()), "low": low, "high": high},
        }
        if name != recipe.against:
            entries[name]["difference"] = compare_people(scores[name], scores[recipe.against], **resampling)
    counts = [len(table) for table in data.truth]
    return rounded({"recipes": entries, "folds": FEW_FOLDS, "draws": seeds, "events": counts})


def _run(data: People, training: "_TrainingPeople", recipe: Recipe, seed: int) -> tuple[np.ndarray, float]:
    """Return the F1 of each judged person, left out in folds, and the number of scripted events, mean over folds."""
    tables: list[pd.DataFrame] = [NOTHING]
    counts: list[int] = []
    for k, fold in enumerate(balanced_folds(data, FEW_FOLDS)):
        with suppress(KinesicsError):  # of too few people nothing is learned, and nothing detected
            learned, count = training.learn(recipe, fold, (seed, k))
            tables += [ranked.detect_with(learned, r)[0] for r in data.recordings_of(fold, inside=True)]
            counts.append(count)
    found = pd.concat(tables, ignore_index=True).assign(decision=True)
    return people_f1(data, found), float(np.mean(counts)) if counts else 0.0


@dataclass(frozen=True)
class Scripted:
    """A scripted stream: the group that it belongs to, its signals, and its events (``EVENT_COLUMNS``).

    ``coded`` are annotated events of its host in each pass, ``events`` the scripted ones, and ``count`` those drawn.
    """

    group: str
    signals: Signals
    coded: list[pd.DataFrame]
    events: pd.DataFrame
    count: int


class _TrainingPeople:
    """The people of the clips as ``ranked`` and as scripts need them."""

    def __init__(self, data: People):
        self.data = data
        self.measured: dict[Key, MeasuredPerson] = {}
        self._coded: dict[Key, list[pd.DataFrame]] = {}
        self._drawings: dict[tuple, tuple[list[Scripted], Iterator[Scripted]]] = {}
        for recording in data.recordings:
            for person in recording.tracks.persons:
                of_person = measured_person(recording.tracks, person, recording.features)
                if len(recording.tracks.persons) > 1:  # somebody else may be heard, whom a host's copy does not have
                    of_person = replace(of_person, speech=None)
                key = recording.tracks.video, person
                self.measured[key] = of_person
                self._coded[key] = [
                    t.loc[(t["video"] == key[0]) & (t["person"] == person), EVENT_COLUMNS] for t in data.truth
                ]

    def learn(self, recipe: Recipe, fold: Sequence[str], seed: tuple[int, int]) -> tuple[ranked.Arrays, int]:
        """Return what ``ranked`` learns with a recipe from all but the fold's people, and the number of scripted events."""
        rng = np.random.default_rng(seed)
        others = [name for name in self.data.groups if name not in fold]
        if recipe.groups:
            others = sorted(others[k] for k in rng.permutation(len(others))[: recipe.groups])
        keys = [key for key in self.measured if self.data.group[key[0]] in others]
        made = self._scripted(recipe, keys, seed) if recipe.scripts else []
        known = others if recipe.annotations else []
        real = {video: s for video, s in self.data.signals.items() if self.data.group[video] in known}
        quiet = quiet_levels([s for s_of in real.values() for s in s_of.values()] + [stream.signals for stream in made])
        streams = []
        for video, everyone in real.items():
            for person, columns in recording_columns(everyone, quiet, RATE_HZ).items():
                streams.append(_stream(self.data.group[video], columns, self._coded[video, person]))
        for stream in made:
            events = [pd.concat([table, stream.events], ignore_index=True) for table in stream.coded]
            columns = recording_columns({0: stream.signals}, quiet, RATE_HZ)[0]
            streams.append(_stream(stream.group, columns, events))
        count = sum(len(stream.events) for stream in made)
        return ranked.learn(streams) | {"quiet": np.array(list(quiet.values()))}, count

    def _channel(self, keys: Sequence[Key]) -> Channel:
        people = []
        for key in keys:
            coded, frames = pd.concat(self._coded[key]), self.measured[key].frames
            hands = coded[coded["label"].isin(HANDS)]
            active, acting = (
                rasterise(table[["start_s", "end_s"]].to_numpy(float), frames, RATE_HZ) for table in (coded, hands)
            )
            people.append((self.measured[key], ~active, acting))
        return measure_channel(people)

    def _scripted(self, recipe: Recipe, keys: Sequence[Key], seed: tuple[int, int]) -> list[Scripted]:
        """Return scripted streams with ``recipe.scripts`` events or a few more, whose labels are shuffled or not.

        Recipes that differ in neither hosts nor channel have the same streams, as many as they need, which are made once.
        """
        made, drawing = self._drawings.setdefault(
            (recipe.host, recipe.copied, recipe.channel, tuple(keys), seed),
            ([], self._streams(recipe, keys, np.random.default_rng([*seed, 1]))),
        )
        counts = np.cumsum([stream.count for stream in made])
        while not len(counts) or counts[-1] < recipe.scripts:
            made.append(next(drawing))
            counts = np.append(counts, counts[-1:].sum() + made[-1].count)
        streams = made[: int(np.searchsorted(counts, recipe.scripts)) + 1]
        if not recipe.shuffled:
            return streams
        labels = np.random.default_rng([*seed, 2]).permutation(
            np.concatenate([stream.events["label"] for stream in streams])
        )
        parts = np.split(labels, np.cumsum([len(stream.events) for stream in streams])[:-1])
        return [
            replace(stream, events=stream.events.assign(label=part))
            for stream, part in zip(streams, parts, strict=True)
        ]

    def _streams(self, recipe: Recipe, keys: Sequence[Key], rng: np.random.Generator) -> Iterator[Scripted]:
        """Yield scripted streams without end, each host as often as any other.

        Whether scripts are left out, and on hosts that are not real the channel, changes neither hosts nor events.
        """
        channel = self._channel(keys)
        shown = channel if recipe.channel else channel.ideal()
        hosts = [key for key in keys if self._hosts(key)] if recipe.host == "real" else [None]
        number = 0
        while True:
            room = False
            for k in rng.permutation(len(hosts)):
                of_host, of_events, of_channel = rng.spawn(3)
                host, coded, group = self._host(recipe.host, hosts[k], shown, of_host)
                duration_s = host.frames / RATE_HZ
                actions = draw_events(of_events, duration_s, max(round(duration_s / EVENT_S), 1), pd.concat(coded))
                if not len(actions):
                    continue
                room = True
                host, events = lay_in(host, actions[:0] if recipe.copied else actions, shown, of_channel)
                video = f"script {number}"
                signals = recording_signals(Recording(*to_tracks(host, video)))[0]
                yield Scripted(group or video, signals, coded, events, len(actions))
                number += 1
            if not room:
                raise KinesicsError("no stream of the training people has room for scripted events")

    def _hosts(self, key: Key) -> bool:
        """Return whether somebody is seen for long enough to host an event."""
        return bool(np.isfinite(self.measured[key].arrays["face"][:, 0, 0]).sum() >= EVENT_S * RATE_HZ)

    def _host(
        self, kind: str, key: Key | None, channel: Channel, rng: np.random.Generator
    ) -> tuple[MeasuredPerson, list[pd.DataFrame], str]:
        """Return a stream to lay events into, its annotated events in each pass, and its group, empty for its own."""
        frames = round(STREAM_S * RATE_HZ)
        if key is None:
            still = neutral_person(frames, RATE_HZ, channel.usual_expressions)
            made = background(frames, RATE_HZ, channel, rng) if kind == "modelled" else still
            return made, [pd.DataFrame(columns=EVENT_COLUMNS)] * len(self.data.truth), ""
        person = self.measured[key]
        frames = min(person.frames, frames)
        start = int(rng.integers(person.frames - frames + 1))
        first, last = start / RATE_HZ, (start + frames) / RATE_HZ
        coded = []
        for table in self._coded[key]:
            part = table[(table["end_s"] > first + 0.2) & (table["start_s"] < last - 0.2)].copy()
            part["start_s"] = part["start_s"].clip(lower=first) - first
            part["end_s"] = part["end_s"].clip(upper=last) - first
            coded.append(part)
        return person.cut(start, start + frames), coded, self.data.group[key[0]]


def _stream(group: str, columns: Signals, events: Sequence[pd.DataFrame]) -> ranked.Stream:
    truth: dict[str, list[np.ndarray]] = {label: [] for label in ranked.LABELS}
    for table in events:
        labels, times = table["label"].to_numpy(), table[["start_s", "end_s"]].to_numpy(float)
        for label, parts in truth.items():
            parts.append(times[labels == label])
    return ranked.Stream(group, RATE_HZ, columns, truth)
