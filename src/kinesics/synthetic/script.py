"""Who does what, when, how strongly: a script, drawn from a seed.

The vocabulary is the coding manual's (``labels.csv``). ``actions.csv`` says how each label is acted, a row a label: the
channel of the body that it takes (actions of one channel follow each other, those of different channels overlap freely), how
often a minute, the median length in seconds and the standard deviation of its logarithm, the times of onset and offset,
between which limits the strength of the apex lies, and from which strength on the movement can be seen. Strengths are
degrees for turns and tilts of the head, where the manual's own thresholds make them visible, and elsewhere run from 0,
rest, to 1: the full movement. A display is visible above a fifth of it, FACS' "trace"; a hand is at the face when it
touches.

``displays.csv`` names the action units of each display. For the six emotions they are those that Du, Tao and Martinez
(2014, PNAS 111(15):E1454, doi:10.1073/pnas.1322355111, Table 1) found in people asked to show them, each with the share
of people who used it, checked against the table as public code quotes it. The other grimaces, and the gestures of
``variants.csv``, are our own choice.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from kinesics.errors import KinesicsError
from kinesics.io.package_data import package_file
from kinesics.structures.vocabulary import FAMILY
from kinesics.synthetic.speech import SENTENCES, VOICES, Speech, say

#: The shortest and the longest video, seconds: a script is drawn as a whole before its video begins.
SHORTEST_VIDEO_S, LONGEST_VIDEO_S = 2.0, 86_400.0


def _read(name: str, **options) -> pd.DataFrame:
    with package_file("kinesics.synthetic", f"{name}.csv").open(encoding="utf-8") as file:
        return pd.read_csv(file, keep_default_na=False, na_values={}, **options)


with package_file("kinesics.synthetic", "actions.csv").open(encoding="utf-8") as _file:
    #: How each label is acted, indexed by label; see the module.
    ACTIONS = pd.read_csv(_file, index_col="label")
VARIANTS, DISPLAYS = _read("variants"), _read("displays")

ACTION_COLUMNS = [
    *("person", "label", "family", "variant", "side", "strength"),
    *("begin_s", "start_s", "apex_s", "release_s", "end_s", "rest_s"),
]
#: The columns of an action that say how strong it is at any time.
TIMING = ["strength", "begin_s", "apex_s", "release_s", "rest_s"]
UTTERANCE_COLUMNS = [
    *("person", "begin_s", "start_s", "end_s", "text", "emotion", "display", "congruent"),
    *("voice", "pitch", "words_a_minute"),
]
#: What the camera sees of a person: the height of the picture in metres at the people's distance.
SHOTS = {"face": 0.5, "bust": 0.85, "half": 1.25, "full": 2.15}
#: The shortest and the longest event, seconds: the manual's minimum and a sample more, and what few displays exceed.
SHORTEST_S, LONGEST_S = 0.6, 6.0
#: The least time between two actions of one channel, and between two utterances: over shorter pauses the manual joins events.
REST_S, PAUSE_S = 0.7, 1.3
#: Metres between neighbours.
APART_M = 0.62


@dataclass(frozen=True)
class Role:
    """One of the people: an actor's seed, where they stand (x to the right of the picture, y away from the camera, metres),
    which way they face (radians, 0 towards the camera, positive to their left), and their voice."""

    actor: int
    place: tuple[float, float]
    heading_rad: float
    voice: str
    pitch: int
    words_a_minute: int


@dataclass(frozen=True)
class Script:
    """A script. Person k of the tables is ``roles[k]``: 0 the main person, nearest to the camera, then left to right.

    ``actions`` (ACTION_COLUMNS): a movement goes from ``begin_s`` to its apex at ``apex_s``, stays until ``release_s`` and is
    over at ``rest_s``; it can be seen in the event [start_s, end_s). ``side`` is -1 to 1: which side does it, or which
    side of the face more, positive the person's left. ``variant`` of a display are its action units.

    ``utterances`` (UTTERANCE_COLUMNS): the voice is asked at ``begin_s``, and heard in [start_s, end_s); ``display`` is the display
    of emotion that overlaps most, or neutral, and ``congruent`` whether the sentence's emotion is the same.
    """

    seed: int
    duration_s: float
    shot: str
    roles: tuple[Role, ...]
    actions: pd.DataFrame
    utterances: pd.DataFrame


def draw_script(seed: int, duration_s: float, people: int = 1, shot: str = "bust", pace: float = 1.0) -> Script:
    """Return the script that a seed (>= 0) stands for; ``pace`` multiplies how often actions come.

    Raises KinesicsError for what cannot be played.
    """
    if shot not in SHOTS:
        raise KinesicsError(f"{shot!r} is not a shot: {', '.join(SHOTS)}")
    if not 1 <= people <= 3:
        raise KinesicsError(f"{people} people cannot act: 1 to 3 fit into the picture")
    if seed < 0 or not SHORTEST_VIDEO_S <= duration_s <= LONGEST_VIDEO_S or not pace > 0:
        raise KinesicsError(
            f"seed {seed}, {duration_s} s at pace {pace}: the seed is 0 or more, the time 2 s to a day, the pace above 0"
        )
    rng = np.random.default_rng([seed, 0])
    roles = _roles(rng, seed, people)
    utterances = _utterances(rng, duration_s, roles, pace)
    actions = pd.concat(
        [_actions(rng, person, duration_s, shot, pace) for person in range(people)] + [_speaking(utterances)],
        ignore_index=True,
    )
    _agree(rng, actions, utterances)
    actions["family"] = actions["label"].map(FAMILY)
    actions = actions.sort_values(["start_s", "person", "label"], kind="stable").reset_index(drop=True)
    return Script(seed, float(duration_s), shot, roles, actions[ACTION_COLUMNS], utterances[UTTERANCE_COLUMNS])


def speeches(script: Script) -> list[tuple[int, float, Speech]]:
    """Return (person, begin_s, speech) of each line."""
    return [
        (row.person, row.begin_s, say(row.text, row.voice, row.pitch, row.words_a_minute))
        for row in script.utterances.itertuples()
    ]


def rise(progress: np.ndarray | float) -> np.ndarray | float:
    """Return how far a movement has come, 0 to 1, at a share ``progress`` of its time: the path of least jerk.

    10 u^3 - 15 u^4 + 6 u^5 (Flash and Hogan 1985, doi:10.1523/JNEUROSCI.05-07-01688.1985).
    """
    u = np.clip(progress, 0, 1)
    return u**3 * (10 - 15 * u + 6 * u**2)


def strength(timing: np.ndarray, time_s: float | np.ndarray) -> np.ndarray:
    """Return how strong actions are, in the units of their ``strength``: (N,) at a time, (N, T) at times (T,).

    ``timing`` (N, 5) are the columns TIMING of actions.
    """
    apex_strength, begin, apex, release, rest = (
        np.asarray(timing, float).reshape(-1, 5).T.reshape(5, -1, *[1] * np.ndim(time_s))
    )
    onset, offset = (apex - begin).clip(1e-9), (rest - release).clip(1e-9)  # speech begins and ends at once
    return apex_strength * np.minimum(rise((time_s - begin) / onset), rise((rest - time_s) / offset))


def _roles(rng: np.random.Generator, seed: int, people: int) -> tuple[Role, ...]:
    from kinesics.synthetic.anny_bodies import make_person

    middle = int(rng.integers(people))
    left_to_right = [middle, *(k for k in range(people) if k != middle)]
    roles = []
    for number, slot in enumerate(left_to_right):
        x = (slot - (people - 1) / 2) * APART_M + rng.uniform(-0.04, 0.04)
        y = 0.0 if number == 0 else rng.uniform(0.15, 0.35)
        # Neighbours turn a little towards each other; the picture's right is their own left.
        heading = -0.25 * x / APART_M + rng.uniform(-0.08, 0.08)
        actor = 3 * seed + number
        voices = VOICES[make_person(actor).female]
        roles.append(
            Role(
                actor, (x, y), heading, voices[rng.integers(len(voices))], *map(int, rng.integers([35, 145], [65, 185]))
            )
        )
    return tuple(roles)


def _counts(rng: np.random.Generator, labels: list[str], duration_s: float, pace: float) -> list[str]:
    """Return labels in random order, each as often as its rate says, on average exactly."""
    wanted = ACTIONS.loc[labels, "per_minute"].to_numpy() * pace * duration_s / 60
    counts = np.floor(wanted + rng.random(len(labels))).astype(int)
    return list(rng.permutation(np.repeat(labels, counts)))


def _placed(rng: np.random.Generator, lengths: list[float], gap_s: float, duration_s: float) -> list[float]:
    """Return begins of consecutive stretches, anywhere in the duration; as many as fit, from the first."""
    taken = np.cumsum([gap_s, *(length + gap_s for length in lengths)])
    fit = int((taken <= duration_s).sum()) - 1
    if fit < 1:
        return []
    spare = np.sort(rng.uniform(0, duration_s - taken[fit], fit))
    return [float(begin) for begin in taken[:fit] + spare]


def _actions(rng: np.random.Generator, person: int, duration_s: float, shot: str, pace: float) -> pd.DataFrame:
    rows = []
    silent = ACTIONS[ACTIONS["channel"] != "speech"]
    for _, group in silent.groupby("channel", sort=True):
        actions = [_act(rng, label, shot) for label in _counts(rng, list(group.index), duration_s, pace)]
        for action, begin in zip(
            actions, _placed(rng, [a["rest_s"] for a in actions], REST_S, duration_s), strict=False
        ):
            rows.append({"person": person} | {k: v + begin if k.endswith("_s") else v for k, v in action.items()})
    return pd.DataFrame(rows, columns=ACTION_COLUMNS)


def _act(rng: np.random.Generator, label: str, shot: str) -> dict:
    """Return one action whose movement begins at time 0."""
    how = ACTIONS.loc[label]
    length = float(np.clip(how["median_s"] * np.exp(how["spread"] * rng.normal()), SHORTEST_S, LONGEST_S))
    apex_strength = float(rng.uniform(how["weakest"], how["strongest"]))
    # The share of the onset's time after which the movement can be seen; the offset is the onset's mirror image.
    u = np.linspace(0, 1, 1001)
    hidden = float(np.interp(how["visible"] / apex_strength, rise(u), u))
    onset, offset = how[["onset_s", "offset_s"]].to_numpy(float) * np.exp(0.2 * rng.normal(size=2))
    shrink = min(1.0, 0.8 * length / ((onset + offset) * (1 - hidden)))
    onset, offset = onset * shrink, offset * shrink
    start = onset * hidden
    end = start + length
    side = rng.uniform(-1, 1) if FAMILY[label] == "emotion" else rng.choice([-1.0, 1.0])
    return {
        "label": label,
        "variant": _variant(rng, label, shot),
        "side": float(side),
        "strength": apex_strength,
        "begin_s": 0.0,
        "start_s": start,
        "apex_s": onset,
        "end_s": end,
        "release_s": end - offset * (1 - hidden),
        "rest_s": end + offset * hidden,
    }


def _variant(rng: np.random.Generator, label: str, shot: str) -> str:
    choices = VARIANTS[(VARIANTS["label"] == label) & ((VARIANTS["narrow"] == "yes") | (shot != "face"))]
    name = str(rng.choice(choices["variant"], p=choices["share"] / choices["share"].sum())) if len(choices) else ""
    units = DISPLAYS[(DISPLAYS["label"] == label) & (DISPLAYS["variant"] == name)]
    if not len(units):
        return name
    shown = units["unit"][rng.random(len(units)) < units["share"]]
    return "+".join(map(str, sorted(shown)))


def _utterances(rng: np.random.Generator, duration_s: float, roles: tuple[Role, ...], pace: float) -> pd.DataFrame:
    """Return what is said: people speak in turn."""
    speakers = rng.permutation(
        [person for person in range(len(roles)) for _ in _counts(rng, ["speaking"], duration_s, pace)]
    )
    order = rng.permutation(len(SENTENCES))
    rows = []
    for k, person in enumerate(map(int, speakers)):
        sentence, role = SENTENCES.iloc[order[k % len(order)]], roles[person]
        manner = {"voice": role.voice, "pitch": role.pitch, "words_a_minute": role.words_a_minute}
        start, end = say(sentence["text"], **manner).spoken_s
        rows.append({"person": person, "begin_s": 0.0, "start_s": start, "end_s": end, **sentence, **manner})
    begins = _placed(rng, [row["end_s"] for row in rows], PAUSE_S, duration_s)
    for row, begin in zip(rows, begins, strict=False):
        row |= {name: row[name] + begin for name in ("begin_s", "start_s", "end_s")}
    return pd.DataFrame(rows[: len(begins)], columns=UTTERANCE_COLUMNS)


def _speaking(utterances: pd.DataFrame) -> pd.DataFrame:
    actions = utterances[["person", "start_s", "end_s"]].assign(label="speaking", variant="", side=0.0, strength=1.0)
    for name, event in [("begin_s", "start_s"), ("apex_s", "start_s"), ("release_s", "end_s"), ("rest_s", "end_s")]:
        actions[name] = actions[event]
    return actions[actions["end_s"] - actions["start_s"] >= SHORTEST_S].reindex(columns=ACTION_COLUMNS)


def _agree(rng: np.random.Generator, actions: pd.DataFrame, utterances: pd.DataFrame) -> None:
    """Let about half of the emotional utterances agree with the display they overlap, by swapping displays; note the outcome."""
    overlapping = {}
    for line in utterances.itertuples():
        shown = actions[(actions["person"] == line.person) & actions["label"].isin(SENTENCES["emotion"])]
        overlap = np.minimum(shown["end_s"], line.end_s) - np.maximum(shown["start_s"], line.start_s)
        if len(shown) and overlap.max() > 0:
            overlapping[line.Index] = here = overlap.idxmax()
            wanted = shown.index[(shown["label"] == line.emotion) & ~shown.index.isin(list(overlapping.values()))]
            if rng.random() < 0.5 and len(wanted):
                there = rng.choice(wanted)
                swap = ["label", "variant"]
                actions.loc[[here, there], swap] = actions.loc[[there, here], swap].to_numpy()
    utterances["display"] = [
        actions["label"][overlapping[k]] if k in overlapping else "neutral" for k in utterances.index
    ]
    utterances["congruent"] = utterances["display"] == utterances["emotion"]
