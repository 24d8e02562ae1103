"""Draw a script from a seed: the actions and utterances of each person, with their times and strengths.

The labels are those of the coding manual (``structures/vocabulary.csv``). ``actions.csv`` describes how each is acted, one
row per label: the channel of the body that it takes (actions of one channel follow each other, those of different channels
overlap freely), the rate per minute, the median length in seconds and the standard deviation of its logarithm, the times
of onset and offset, the limits between which the strength at the apex is drawn, and the strength from which the movement
is visible. Strengths are degrees for turns and tilts of the head, where the manual's own thresholds make them visible;
elsewhere they run from 0, rest, to 1, the full movement. A facial expression is visible above a fifth of it, the "trace"
of FACS; a hand is at the face when it touches.

``variants.csv`` lists the movements among which an action of a label is drawn, and whether each fits into the frame of
the shot ``face`` (``narrow``). ``expressions.csv`` lists the action units of each facial expression. For the six emotions
they are those that Du, Tao and Martinez (2014, PNAS 111(15):E1454, doi:10.1073/pnas.1322355111, Table 1) observed in
people who posed them, each with the share of people who used it, checked against the table as public code quotes it. The
other grimaces, and the gestures of ``variants.csv``, are our own choice.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from kinesics.errors import KinesicsError
from kinesics.io.package_data import package_file
from kinesics.structures.vocabulary import FAMILY
from kinesics.synthetic.speech import SENTENCES, VOICES, Speech, synthesize

#: The shortest and the longest video, seconds: a script is drawn as a whole before rendering begins.
SHORTEST_VIDEO_S, LONGEST_VIDEO_S = 2.0, 86_400.0


def _read_table(name: str, **options) -> pd.DataFrame:
    with package_file("kinesics.synthetic", name).open(encoding="utf-8") as file:
        return pd.read_csv(file, **options)


#: How each label is acted, indexed by label; see the module's docstring.
ACTIONS = _read_table("actions.csv", index_col="label")
VARIANTS = _read_table("variants.csv", keep_default_na=False)
EXPRESSIONS = _read_table("expressions.csv", keep_default_na=False)

ACTION_COLUMNS = [
    *("person", "label", "family", "variant", "side", "strength"),
    *("begin_s", "start_s", "apex_s", "release_s", "end_s", "rest_s"),
]
#: The columns of an action from which its strength at any time follows.
TIMING = ["strength", "begin_s", "apex_s", "release_s", "rest_s"]
UTTERANCE_COLUMNS = [
    *("person", "begin_s", "start_s", "end_s", "text", "emotion", "display", "congruent"),
    *("voice", "pitch", "words_a_minute"),
]
#: Shot -> height of the frame in metres at the people's distance.
SHOTS = {"face": 0.5, "bust": 0.85, "half": 1.25, "full": 2.15}
#: The shortest and the longest event, seconds: the manual's minimum and a sample more, and what few expressions exceed.
SHORTEST_EVENT_S, LONGEST_EVENT_S = 0.6, 6.0
#: The shortest pause between two actions of one channel, and between two utterances, in seconds: the manual joins events
#: over shorter ones.
ACTION_PAUSE_S, UTTERANCE_PAUSE_S = 0.7, 1.3
#: Metres between neighbours.
NEIGHBOUR_DISTANCE_M = 0.62


@dataclass(frozen=True)
class Role:
    """One person of a script.

    ``actor`` is the seed of their body, ``place`` where they stand (x to the right of the frame, y away from the camera,
    metres), ``heading_rad`` which way they face (0 towards the camera, positive to their left). ``voice``, ``pitch`` and
    ``words_a_minute`` are those of ``speech.synthesize``.
    """

    actor: int
    place: tuple[float, float]
    heading_rad: float
    voice: str
    pitch: int
    words_a_minute: int


@dataclass(frozen=True)
class Script:
    """The scripted actions and utterances of all people in a video.

    Person k of the tables is ``roles[k]``: 0 the main person, nearest to the camera, then left to right.

    ``actions`` (ACTION_COLUMNS): a movement goes from ``begin_s`` to its apex at ``apex_s``, stays until ``release_s`` and
    is over at ``rest_s``; it is visible in the event [start_s, end_s). ``side`` is -1 to 1: the side of the body that
    acts, or of the face that acts more, positive the person's left. ``variant`` of an expression lists its action units.

    ``utterances`` (UTTERANCE_COLUMNS): the audio of the synthesizer begins at ``begin_s``, and is voiced in
    [start_s, end_s); ``display`` is the facial expression that overlaps most, or neutral, and ``congruent`` whether the
    sentence's emotion is the same.
    """

    seed: int
    duration_s: float
    shot: str
    roles: tuple[Role, ...]
    actions: pd.DataFrame
    utterances: pd.DataFrame


def draw_script(seed: int, duration_s: float, people: int = 1, shot: str = "bust", pace: float = 1.0) -> Script:
    """Draw the script of a seed (>= 0): the same one each time; ``pace`` multiplies the rates of actions and utterances.

    Raises KinesicsError for an unknown shot, and for a seed, duration, pace or number of people out of range.
    """
    if shot not in SHOTS:
        raise KinesicsError(f"{shot!r} is not a shot: {', '.join(SHOTS)}")
    if not 1 <= people <= 3:
        raise KinesicsError(f"{people} people cannot act: 1 to 3 fit into the frame")
    if seed < 0 or not SHORTEST_VIDEO_S <= duration_s <= LONGEST_VIDEO_S or not pace > 0:
        raise KinesicsError(
            f"seed {seed}, {duration_s} s at pace {pace}: the seed is 0 or more, the time 2 s to a day, the pace above 0"
        )
    rng = np.random.default_rng([seed, 0])
    roles = _draw_roles(rng, seed, people)
    utterances = _draw_utterances(rng, duration_s, roles, pace)
    actions = pd.concat(
        [_draw_actions(rng, person, duration_s, shot, pace) for person in range(people)]
        + [_speaking_actions(utterances)],
        ignore_index=True,
    )
    _match_expressions(rng, actions, utterances)
    actions["family"] = actions["label"].map(FAMILY)
    actions = actions.sort_values(["start_s", "person", "label"], kind="stable").reset_index(drop=True)
    return Script(seed, float(duration_s), shot, roles, actions[ACTION_COLUMNS], utterances[UTTERANCE_COLUMNS])


def synthesize_utterances(script: Script) -> list[tuple[int, float, Speech]]:
    """Return (person, begin_s, speech) of each utterance."""
    return [
        (row.person, row.begin_s, synthesize(row.text, row.voice, row.pitch, row.words_a_minute))
        for row in script.utterances.itertuples()
    ]


def minimum_jerk(progress: np.ndarray | float) -> np.ndarray | float:
    """Return the share of a movement's path, 0 to 1, covered at a share ``progress`` of its time.

    The minimum-jerk trajectory 10 u^3 - 15 u^4 + 6 u^5 (Flash and Hogan 1985, doi:10.1523/JNEUROSCI.05-07-01688.1985).
    """
    u = np.clip(progress, 0, 1)
    return u**3 * (10 - 15 * u + 6 * u**2)


def strength(timing: np.ndarray, time_s: float | np.ndarray) -> np.ndarray:
    """Return the momentary strength of N actions, in the units of their ``strength``: (N,) at a time, (N, T) at times (T,).

    ``timing`` (N, 5) holds the columns TIMING of the actions.
    """
    apex_strength, begin, apex, release, rest = (
        np.asarray(timing, float).reshape(-1, 5).T.reshape(5, -1, *[1] * np.ndim(time_s))
    )
    onset, offset = (apex - begin).clip(1e-9), (rest - release).clip(1e-9)  # speech begins and ends at once
    return apex_strength * np.minimum(minimum_jerk((time_s - begin) / onset), minimum_jerk((rest - time_s) / offset))


def _draw_roles(rng: np.random.Generator, seed: int, people: int) -> tuple[Role, ...]:
    from kinesics.synthetic.anny_bodies import make_person

    middle = int(rng.integers(people))
    left_to_right = [middle, *(k for k in range(people) if k != middle)]
    roles = []
    for number, slot in enumerate(left_to_right):
        x = (slot - (people - 1) / 2) * NEIGHBOUR_DISTANCE_M + rng.uniform(-0.04, 0.04)
        y = 0.0 if number == 0 else rng.uniform(0.15, 0.35)
        # Neighbours turn a little towards each other; the right of the frame is their own left.
        heading = -0.25 * x / NEIGHBOUR_DISTANCE_M + rng.uniform(-0.08, 0.08)
        actor = 3 * seed + number
        voices = VOICES[make_person(actor).female]
        voice = voices[rng.integers(len(voices))]
        pitch, words_a_minute = map(int, rng.integers([35, 145], [65, 185]))
        roles.append(Role(actor, (x, y), heading, voice, pitch, words_a_minute))
    return tuple(roles)


def _draw_labels(rng: np.random.Generator, labels: list[str], duration_s: float, pace: float) -> list[str]:
    """Return labels in random order, each as often as its rate gives: rounded at random, so that the mean is exact."""
    expected = ACTIONS.loc[labels, "per_minute"].to_numpy() * pace * duration_s / 60
    counts = np.floor(expected + rng.random(len(labels))).astype(int)
    return list(rng.permutation(np.repeat(labels, counts)))


def _draw_begins(rng: np.random.Generator, lengths: list[float], gap_s: float, duration_s: float) -> list[float]:
    """Return the begins of consecutive intervals of these lengths, with random gaps of at least ``gap_s`` before, between
    and after them; of as many as fit into the duration, from the first."""
    taken = np.cumsum([gap_s, *(length + gap_s for length in lengths)])
    fit = int((taken <= duration_s).sum()) - 1
    if fit < 1:
        return []
    spare = np.sort(rng.uniform(0, duration_s - taken[fit], fit))
    return [float(begin) for begin in taken[:fit] + spare]


def _draw_actions(rng: np.random.Generator, person: int, duration_s: float, shot: str, pace: float) -> pd.DataFrame:
    """Return the actions of one person, all but speaking."""
    rows = []
    silent = ACTIONS[ACTIONS["channel"] != "speech"]
    for _, group in silent.groupby("channel", sort=True):
        actions = [draw_action(rng, label, shot) for label in _draw_labels(rng, list(group.index), duration_s, pace)]
        begins = _draw_begins(rng, [action["rest_s"] for action in actions], ACTION_PAUSE_S, duration_s)
        for action, begin in zip(actions, begins, strict=False):
            rows.append({"person": person} | {k: v + begin if k.endswith("_s") else v for k, v in action.items()})
    return pd.DataFrame(rows, columns=ACTION_COLUMNS)


def draw_action(rng: np.random.Generator, label: str, shot: str) -> dict:
    """Return one action whose movement begins at time 0."""
    spec = ACTIONS.loc[label]
    length = float(np.clip(spec["median_s"] * np.exp(spec["spread"] * rng.normal()), SHORTEST_EVENT_S, LONGEST_EVENT_S))
    apex_strength = float(rng.uniform(spec["weakest"], spec["strongest"]))
    # The share of the onset's time after which the movement is visible; the offset is the onset's mirror image.
    u = np.linspace(0, 1, 1001)
    hidden = float(np.interp(spec["visible"] / apex_strength, minimum_jerk(u), u))
    onset, offset = spec[["onset_s", "offset_s"]].to_numpy(float) * np.exp(0.2 * rng.normal(size=2))
    shrink = min(1.0, 0.8 * length / ((onset + offset) * (1 - hidden)))
    onset, offset = onset * shrink, offset * shrink
    start = onset * hidden
    end = start + length
    side = rng.uniform(-1, 1) if FAMILY[label] == "emotion" else rng.choice([-1.0, 1.0])
    return {
        "label": label,
        "variant": _draw_variant(rng, label, shot),
        "side": float(side),
        "strength": apex_strength,
        "begin_s": 0.0,
        "start_s": start,
        "apex_s": onset,
        "end_s": end,
        "release_s": end - offset * (1 - hidden),
        "rest_s": end + offset * hidden,
    }


def _draw_variant(rng: np.random.Generator, label: str, shot: str) -> str:
    """Return a variant of a label that fits into the shot; of an expression, its action units, joined by ``+``."""
    choices = VARIANTS[(VARIANTS["label"] == label) & ((VARIANTS["narrow"] == "yes") | (shot != "face"))]
    name = str(rng.choice(choices["variant"], p=choices["share"] / choices["share"].sum())) if len(choices) else ""
    units = EXPRESSIONS[(EXPRESSIONS["label"] == label) & (EXPRESSIONS["variant"] == name)]
    if not len(units):
        return name
    drawn = units["unit"][rng.random(len(units)) < units["share"]]
    return "+".join(map(str, sorted(drawn)))


def _draw_utterances(rng: np.random.Generator, duration_s: float, roles: tuple[Role, ...], pace: float) -> pd.DataFrame:
    """Return the utterances of all people, of which no two overlap."""
    speakers = rng.permutation(
        [person for person in range(len(roles)) for _ in _draw_labels(rng, ["speaking"], duration_s, pace)]
    )
    order = rng.permutation(len(SENTENCES))
    rows = []
    for k, person in enumerate(map(int, speakers)):
        sentence, role = SENTENCES.iloc[order[k % len(order)]], roles[person]
        voice = {"voice": role.voice, "pitch": role.pitch, "words_a_minute": role.words_a_minute}
        start, end = synthesize(sentence["text"], **voice).voiced_s
        rows.append({"person": person, "begin_s": 0.0, "start_s": start, "end_s": end, **sentence, **voice})
    begins = _draw_begins(rng, [row["end_s"] for row in rows], UTTERANCE_PAUSE_S, duration_s)
    for row, begin in zip(rows, begins, strict=False):
        row |= {name: row[name] + begin for name in ("begin_s", "start_s", "end_s")}
    return pd.DataFrame(rows[: len(begins)], columns=UTTERANCE_COLUMNS)


def _speaking_actions(utterances: pd.DataFrame) -> pd.DataFrame:
    """Return one action of speaking per utterance that is not too short for an event."""
    actions = utterances[["person", "start_s", "end_s"]].assign(label="speaking", variant="", side=0.0, strength=1.0)
    for name, event in [("begin_s", "start_s"), ("apex_s", "start_s"), ("release_s", "end_s"), ("rest_s", "end_s")]:
        actions[name] = actions[event]
    return actions[actions["end_s"] - actions["start_s"] >= SHORTEST_EVENT_S].reindex(columns=ACTION_COLUMNS)


def _match_expressions(rng: np.random.Generator, actions: pd.DataFrame, utterances: pd.DataFrame) -> None:
    """Swap expressions so that about half of the emotional utterances agree with the one they overlap most.

    Changes ``actions`` in place, and sets the columns ``display`` and ``congruent`` of ``utterances``.
    """
    overlapping = {}
    for utterance in utterances.itertuples():
        expressions = actions[(actions["person"] == utterance.person) & actions["label"].isin(SENTENCES["emotion"])]
        overlap = np.minimum(expressions["end_s"], utterance.end_s) - np.maximum(
            expressions["start_s"], utterance.start_s
        )
        if len(expressions) and overlap.max() > 0:
            overlapping[utterance.Index] = current = overlap.idxmax()
            free = ~expressions.index.isin(list(overlapping.values()))
            matching = expressions.index[(expressions["label"] == utterance.emotion) & free]
            if rng.random() < 0.5 and len(matching):
                other = rng.choice(matching)
                swap = ["label", "variant"]
                actions.loc[[current, other], swap] = actions.loc[[other, current], swap].to_numpy()
    utterances["display"] = [
        actions["label"][overlapping[k]] if k in overlapping else "neutral" for k in utterances.index
    ]
    utterances["congruent"] = utterances["display"] == utterances["emotion"]
