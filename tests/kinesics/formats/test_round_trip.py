"""Every event survives every format, to the resolution of the format."""

from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from support.interchange import MEDIA, boxes, options, round_trip, table

from kinesics.formats.base import BOX, FAMILY, SCORE, TUBES, WritableFormat
from kinesics.formats.registry import FORMATS, read_events, write_events
from kinesics.structures.events import BOX as SIDES
from kinesics.structures.events import TUBE_COLUMNS, Events
from kinesics.structures.vocabulary import FAMILY as FAMILIES

SUFFIXES = {"table": ".tsv", "ava": ".csv"}
WRITABLE = [name for name, one in FORMATS.items() if isinstance(one, WritableFormat)]
EACH = [
    pytest.param(name, marks=() if name in ("csv", "elan", "textgrid") else pytest.mark.slow)
    for name in WRITABLE
    if name != "ava"
]
#: How far times may be off, in seconds: half of the step of the format, or, where that is less than the shortest event, all.
STEP_S = {"label_studio": 0.04, "cvat": 0.04, "textgrid": 1e-6, "via": 1e-6, "activitynet": 1e-9, "parquet": 0}

WORDS = st.text(
    st.characters(codec="utf-8", exclude_categories=["C", "Z"], exclude_characters=":"), min_size=1, max_size=8
)
TEXTS = st.one_of(
    st.sampled_from(["a <b>", 'say "no"', "x,y;z", "(2)", "it's & so", "tab|bar", "nod -", "1", "na", "-->", "\\"]),
    WORDS,
)

QUICK = settings(
    max_examples=25,
    derandomize=True,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
    phases=[Phase.explicit, Phase.reuse, Phase.generate],  # a failure is small enough: events are few
)


@st.composite
def tables(draw: st.DrawFn) -> Events:
    """Draw events of one video, no two of a person and label within a second of each other."""
    rows = []
    families = {}
    for _ in range(draw(st.integers(1, 12))):
        label = draw(st.one_of(st.sampled_from([*sorted(FAMILIES), "{id: 9}"]), TEXTS))
        families.setdefault(label, FAMILIES.get(label) or draw(st.one_of(st.just(""), TEXTS)))
        start = draw(st.floats(0, 3900))
        box = draw(st.one_of(st.none(), st.tuples(*[st.floats(0, 0.5), st.floats(0, 0.5)])))
        sides = (np.nan,) * 4 if box is None else (*box, box[0] + 0.25, box[1] + 0.5)
        length = draw(st.one_of(st.just(0.001), st.floats(0.002, 90)))
        rows.append(
            (draw(st.integers(0, 3)), label, families[label], start, start + length, draw(st.floats(0, 1)), *sides)
        )
    frame = pd.DataFrame(rows, columns=["person", "label", "family", "start_s", "end_s", "score", *SIDES])
    frame = frame.sort_values("start_s")
    apart = frame.groupby(["person", "label"])["start_s"].diff().fillna(np.inf) > 1
    return Events(frame[apart].assign(video="talk"))


def in_order(events: Events) -> pd.DataFrame:
    return events.table.sort_values(["person", "label", "start_s"], ignore_index=True)


@pytest.mark.slow
@pytest.mark.parametrize("name", EACH)
@settings(QUICK)
@given(events=tables())
def test_every_event_survives(name, events):
    with TemporaryDirectory() as folder:
        path = Path(folder) / f"talk{SUFFIXES.get(name) or FORMATS[name].suffixes[0]}"
        back = round_trip(events, path, name)
        before, after = in_order(events), in_order(back)
        assert after["label"].tolist() == before["label"].tolist()
        assert after["person"].tolist() == before["person"].tolist()
        assert after["video"].tolist() == before["video"].tolist()
        step = STEP_S.get(name, 0.001)
        assert np.abs(after["start_s"] - before["start_s"]).max() <= step / 2 + 1e-9
        length = np.maximum(before["end_s"] - before["start_s"], step)
        assert np.abs(after["end_s"] - after["start_s"] - length).max() <= step * 1.001 + 1e-9
        holds = FORMATS[name].holds
        if FAMILY in holds:
            assert after["family"].tolist() == before["family"].tolist()
        if SCORE in holds:
            np.testing.assert_allclose(after["score"], before["score"], atol=6e-5)
        if BOX in holds:
            np.testing.assert_allclose(after[SIDES], before[SIDES], atol=2e-4)


@pytest.mark.slow
@settings(QUICK)
@given(events=tables())
def test_ava_keeps_the_second_of_every_event(events):
    with TemporaryDirectory() as folder:
        back = round_trip(events, Path(folder) / "talk.csv", "ava").table
        for row in events.table.itertuples():
            same = back[(back["person"] == row.person) & (back["label"] == row.label)]
            assert ((same["start_s"] <= row.start_s + 1) & (same["end_s"] >= row.end_s - 1)).any()


@pytest.mark.parametrize("name", [name for name in WRITABLE if TUBES in FORMATS[name].holds])
def test_boxes_of_every_frame_survive(name, tmp_path):
    events = table((0, "happy", 1.0, 2.0), (1, "nod", 1.5, 3.5), x0=0.1, y0=0.2, x1=0.4, y1=0.6)
    tubes = [
        (event, time, 0.1 + 0.01 * k, 0.2, 0.4 + 0.01 * k, 0.6)
        for event, start in ((0, 1.0), (1, 2.0))
        for k, time in enumerate([start, start + 0.4, start + 0.8] if name != "ava" else [start])
    ]
    events = Events(events.table, pd.DataFrame(tubes, columns=TUBE_COLUMNS))
    back = round_trip(events, tmp_path / f"talk{SUFFIXES.get(name) or FORMATS[name].suffixes[0]}", name)
    merged = events.tubes.merge(back.tubes, on=["event"], suffixes=("", "_back"))
    near = merged[(merged["time_s"] - merged["time_s_back"]).abs() < 1e-6]
    assert len(near) == len(events.tubes)
    np.testing.assert_allclose(near[[f"{side}_back" for side in SIDES]], near[SIDES], atol=6e-4)


@pytest.mark.parametrize("name", WRITABLE)
def test_a_table_without_events_survives(name, tmp_path):
    empty = table()
    path = tmp_path / f"talk{SUFFIXES.get(name) or FORMATS[name].suffixes[0]}"
    if name == "ava":  # no file of its kind is empty
        return
    assert len(round_trip(empty, path, name)) == 0


@pytest.mark.parametrize("name", WRITABLE)
def test_the_same_events_are_the_same_bytes(name, tmp_path):
    events = table(
        (0, "happy", 1.0, 2.0), (0, "sad", 1.5, 3.5), (1, "wave & <go>", 2, 3, "arm"), x0=0.1, y0=0.2, x1=0.4, y1=0.6
    )
    written = []
    for folder in ("a", "b"):
        path = tmp_path / folder / f"talk{SUFFIXES.get(name) or FORMATS[name].suffixes[0]}"
        write_events(
            events, path, format=name, options=options(media=MEDIA.__class__(**{**MEDIA.__dict__, "path": None}))
        )
        written.append(path.read_bytes())
    assert written[0] == written[1]


@pytest.mark.parametrize("name", [name for name in WRITABLE if not FORMATS[name].one_video and name != "ava"])
def test_several_videos_stay_apart(name, tmp_path):
    frame = pd.concat([table((0, "happy", 1, 2), video=video).table for video in ("a.1", "b c")])
    path = tmp_path / f"all{SUFFIXES.get(name) or FORMATS[name].suffixes[0]}"
    media = MEDIA.__class__(rate_hz=25.0, width=640, height=360)
    assert round_trip(Events(frame), path, name, media).table["video"].tolist() == ["a.1", "b c"]


@pytest.mark.slow
@pytest.mark.parametrize("name", WRITABLE)
def test_ten_thousand_events_are_quick(name, tmp_path):
    from time import process_time

    rows = [(k % 4, "happy" if k % 3 else "wave", 0.3 * k, 0.3 * k + 0.9) for k in range(10_000)]
    path = tmp_path / f"talk{SUFFIXES.get(name) or FORMATS[name].suffixes[0]}"
    events, begin = table(*rows), process_time()
    write_events(events, path, format=name, options=options(media=MEDIA))
    back = read_events(path, format=name, options=options())
    assert process_time() - begin < 10
    assert len(back) == 10_000 or name == "ava"
    assert np.isnan(boxes(back)).all() or name == "ava"
