"""The viewer in a real browser: corrections, export, comparison, hostile text, and many events."""

from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from pympi.Elan import Eaf
from support.clips import numbered, write_video

from kinesics.formats.html_viewer import bundle
from kinesics.formats.registry import read_events, write_events
from kinesics.metrics.matching import match_events, overlaps, sorted_events
from kinesics.structures.events import COLUMNS, Events, check_events
from kinesics.structures.vocabulary import LABELS

pytestmark = pytest.mark.slow

BOX = (0.1, 0.2, 0.4, 0.9)
TABLE = pd.DataFrame(
    [
        ("talk", 0, "happy", "emotion", 0.5, 1.5, 0.9, *BOX),
        ("talk", 0, "surprise", "emotion", 1.0, 2.8, 0.4, *BOX),
        ("talk", 1, "happy", "emotion", 1.2, 1.6, 0.6, *[np.nan] * 4),
    ],
    columns=COLUMNS,
)
EVENTS = Events(TABLE)


def test_an_unchanged_table_is_exported_as_kinesics_writes_it(ready_page, numbered_clip, tmp_path):
    rng = np.random.default_rng(0)
    starts = rng.uniform(0, 2, 200)
    table = pd.DataFrame(
        {"video": "talk", "person": rng.integers(0, 3, 200), "label": rng.choice(["happy", "a,b", 'q"'], 200)}
    )
    table = table.assign(start_s=starts, end_s=starts + rng.uniform(0.1, 0.9, 200), score=rng.normal(0, 1, 200))
    table[["x0", "y0"]], table[["x1", "y1"]] = rng.uniform(-0.00004, 0.5, (200, 2)), 0.75
    table.loc[::5, ["x0", "y0", "x1", "y1"]] = np.nan
    write_events(Events(table), tmp_path / "python.csv")
    events = read_events(tmp_path / "python.csv")
    write_events(events, tmp_path / "python.csv")
    exported = ready_page(numbered_clip, events).export("csv", tmp_path)
    assert exported.read_text() == (tmp_path / "python.csv").read_text()


def test_corrections_are_exported_and_undone(ready_page, numbered_clip, tmp_path):
    page = ready_page(numbered_clip, EVENTS)
    press = page.page.keyboard.press
    press("j")
    page.fill("label", " nod <b> ")
    page.fill("end", "1,25")
    page.fill("person", "2")
    page.fill("score", "0.5")
    page.page.locator("#events").focus()
    press("j")
    press("j")
    press("Delete")
    assert page.text("#live") == "Deleted happy, person 1, at 0:01.200; selected surprise at 0:01.000"
    press("Escape")
    page.page.locator("#lanes").focus()
    press("Home")
    press("ArrowRight")
    press("a")
    page.fill("label", "head_turn")
    page.page.locator("#events").focus()
    table = read_events(page.export("csv", tmp_path)).table
    rows = table[["person", "label", "family", "start_s", "end_s", "score"]].to_numpy().tolist()
    assert rows == [
        [2, "nod <b>", "", 0.5, 1.25, 0.5],
        [2, "head_turn", "gesture", 1.0, 2.0, 1.0],
        [0, "surprise", "emotion", 1.0, 2.8, 0.4],
    ]
    assert page.text("#changes") == "3 corrected, exported"
    for _ in range(7):
        assert page.page.locator("#undo").is_enabled()
        press("Control+z")
    assert page.page.locator("#undo").is_disabled()
    write_events(EVENTS, tmp_path / "original.csv")
    assert page.export("csv", tmp_path).read_text() == (tmp_path / "original.csv").read_text()
    page.page.locator("#events").focus()
    for _ in range(7):
        press("Control+Shift+z")
    assert read_events(page.export("csv", tmp_path)).table.equals(table)


def test_edges_are_dragged_and_set_by_keys(ready_page, numbered_clip):
    page = ready_page(numbered_clip, EVENTS)
    page.page.keyboard.press("j")
    page.page.mouse.move(*page.point(1.5))
    page.page.mouse.down()
    page.page.mouse.move(*page.point(1.8), steps=3)
    assert page.page.locator("#undo").is_disabled()
    assert page.time() == pytest.approx(1.8, abs=0.01)
    page.page.mouse.up()
    assert float(page.fields()["end"][2:]) == pytest.approx(1.8, abs=0.01)
    page.page.keyboard.press("ArrowLeft")
    page.page.keyboard.press("[")
    assert float(page.fields()["start"][2:]) == pytest.approx(0.8, abs=0.01)
    page.page.keyboard.press("End")
    page.page.keyboard.press("[")
    assert "the end has to be after the start" in page.text("#notice")
    assert float(page.fields()["start"][2:]) == pytest.approx(0.8, abs=0.01)


def test_events_are_added_by_dragging_in_a_lane(ready_page, numbered_clip):
    page = ready_page(numbered_clip, EVENTS)
    page.page.keyboard.down("Shift")
    page.page.mouse.move(*page.point(2.4))
    page.page.mouse.down()
    page.page.mouse.move(*page.point(2.1), steps=3)
    page.page.mouse.up()
    page.page.keyboard.up("Shift")
    fields = page.fields()
    assert (fields["label"], fields["person"], fields["score"]) == ("happy", "0", "1")
    assert [float(fields[edge][2:]) for edge in ("start", "end")] == pytest.approx([2.1, 2.4], abs=0.01)


@pytest.mark.parametrize(
    ("name", "value", "problem"),
    [
        ("end", "0:00.400", "The end has to be after the start."),
        ("start", "soon", "The start is no time"),
        ("label", "  ", "The label is empty."),
        ("person", "-1", "The person has to be a whole number"),
        ("score", "high", "The score is no number."),
    ],
)
def test_values_that_no_table_can_hold_are_refused(ready_page, numbered_clip, name, value, problem):
    page = ready_page(numbered_clip, EVENTS)
    page.page.keyboard.press("j")
    page.fill(name, value)
    assert problem in page.text("#live")
    assert page.page.locator("#undo").is_disabled()


def test_corrections_outlive_the_page(ready_page, numbered_clip):
    page = ready_page(numbered_clip, EVENTS)
    page.page.keyboard.press("j")
    page.page.keyboard.press("Delete")
    page.page.keyboard.press("Escape")
    page.page.keyboard.press("a")
    page.fill("label", "own")
    page.settle()  # the browser stores in another process, which a reload at once could overtake
    page.page.reload()
    page.page.wait_for_selector("html[data-ready]")
    assert "Restored 2 corrections" in page.text("#notice")
    assert sorted(row[3] for row in page.rows()) == ["happy", "own", "surprise"]
    page.page.get_by_role("button", name="Discard").click()
    page.settle()
    assert sorted(row[3] for row in page.rows()) == ["happy", "happy", "surprise"]
    page.page.reload()
    page.page.wait_for_selector("html[data-ready]")
    assert page.page.locator("#undo").is_disabled()


def test_elan_files_hold_every_event(ready_page, numbered_clip, tmp_path):
    overlapping = pd.concat([TABLE, TABLE.iloc[[0]].assign(label='<&"> 😀', family="", start_s=0.2, end_s=2.9)])
    page = ready_page(numbered_clip, Events(overlapping))
    path = page.export("eaf", tmp_path)
    elan = Eaf(str(path))
    assert elan.get_tier_names() == {
        "person 0 emotion",
        "person 0 emotion (2)",
        "person 0",
        "person 1 emotion",
    }
    found = set()
    for tier in elan.get_tier_names():
        rows = sorted(elan.get_annotation_data_for_tier(tier))
        assert all(earlier[1] <= later[0] for earlier, later in pairwise(rows))
        found |= {(int(tier.split()[1]), *row) for row in rows}
    expected = overlapping[["person", "start_s", "end_s", "label"]].itertuples(index=False)
    assert found == {(person, round(1000 * a), round(1000 * b), label) for person, a, b, label in expected}
    (media,) = elan.get_linked_files()
    assert media["MEDIA_URL"] == numbered_clip.as_uri()
    assert media["RELATIVE_MEDIA_URL"] == "./talk.mp4"
    assert '<&"> 😀' in {entry[0][0][0] for entry in elan.controlled_vocabularies["labels"][1].values()}


def test_two_tables_are_compared(ready_page, numbered_clip, tmp_path):
    other = TABLE.assign(start_s=[0.6, 2.0, 1.2], end_s=[1.5, 2.9, 1.6], score=1.0, label=["happy", "surprise", "sad"])
    page = ready_page(numbered_clip, EVENTS, Events(other.assign(family="")))
    found = {(row[0], row[3], row[5]): row[6] for row in page.rows()}
    assert found == {
        ("0:00.500", "happy", "detector"): "0.90",
        ("0:00.600", "happy", "annotator"): "0.90",
        ("0:01.000", "surprise", "detector"): "none",
        ("0:01.200", "sad", "annotator"): "none",
        ("0:01.200", "happy", "detector"): "none",
        ("0:02.000", "surprise", "annotator"): "none",
    }
    page.page.keyboard.press("n")
    assert page.text("#inspector-title") == "detector: not in annotator"
    page.page.check("#differences")
    page.settle()
    assert len(page.rows()) == 4
    page.page.click("#tab-summary")
    assert page.page.locator("#summary dd").all_inner_texts() == ["1", "2", "2", "0.33"]
    page.page.uncheck("#differences")
    page.page.locator("#lanes").focus()
    for _ in range(9):
        if page.fields()["label"] == "sad":
            break
        page.page.keyboard.press("n")
    assert page.page.locator("#delete").is_disabled()
    page.page.keyboard.press("c")
    assert page.page.locator("#summary dd").all_inner_texts() == ["2", "2", "1", "0.57"]
    assert "sad" in read_events(page.export("csv", tmp_path)).labels


@pytest.mark.parametrize("tiou", [0.5, 0.1])
def test_matches_are_those_of_the_scorer(browser, tiou):
    """As many pairs with the same sum of overlaps, on tables with many ties and crowds."""
    page = browser.new_page()
    script = bundle("matching.js")
    for seed in range(5):
        rng = np.random.default_rng(seed)
        sides = [_random_table(rng) for _ in range(2)]
        t, p, iou = overlaps(*sides, tiou)
        of_pair = dict(zip(zip(t.tolist(), p.tolist(), strict=True), iou, strict=True))
        matched = match_events(*sides, tiou)
        expected = [of_pair[row, column] for row, column in enumerate(matched.tolist()) if column >= 0]
        lists = [
            [
                {
                    "id": place + 1000 * side,
                    "person": row.person,
                    "label": row.label,
                    "start": row.start_s,
                    "end": row.end_s,
                }
                for place, row in enumerate(table.itertuples())
            ]
            for side, table in enumerate(sides)
        ]
        found = page.evaluate(
            f"""([a, b]) => {{ {script}
            const matches = [...modules["matching.js"].matchEvents(a, b, {tiou})];
            return matches.filter(([id]) => id < 1000).map(([, match]) => match.tiou); }}""",
            lists,
        )
        assert len(found) == len(expected) > 5
        assert sum(found) == pytest.approx(sum(expected))
    page.close()


def _random_table(rng: np.random.Generator) -> pd.DataFrame:
    starts, lengths = rng.integers(0, 30, 60) / 4, rng.integers(1, 20, 60) / 4
    table = pd.DataFrame({"video": "v", "person": rng.integers(0, 2, 60), "label": rng.choice(["x", "y"], 60)})
    return sorted_events(check_events(table.assign(start_s=starts, end_s=starts + lengths)))


HOSTILE = [
    "</script ><script>hacked=1</script>",
    "<img src=x onerror=hacked=1>",
    'a,"b"',
    "{{data}} ${hacked=1}",
    "\u202eevil",
    "__proto__",
]


def test_no_text_is_markup_and_every_name_can_be_opened(ready_page, tmp_path):
    name = "<img src=x onerror=hacked=1> \"q\" 'é😀' #1 ?a=%20&amp;"
    video = write_video(tmp_path / f"{name}.mp4", numbered(30, 160, 120))
    rows = [(name, k, label, "", k / 10, 2.0 + k / 10, 0.5 + k / 20, *BOX) for k, label in enumerate(HOSTILE)]
    events = Events(pd.DataFrame(rows, columns=COLUMNS))
    page = ready_page(video, events, Events(events.table.assign(start_s=0.0, end_s=0.01)))
    assert page.text("h1") == name
    assert {row[3] for row in page.rows()} == set(HOSTILE)
    for _ in range(3):
        page.page.keyboard.press("j")
    page.page.wait_for_selector("#film[data-complete]")
    page.page.click("#tab-summary")
    assert page.page.locator("img, iframe, script:not(#data):not([type=module])").count() == 0
    assert page.page.evaluate("typeof hacked") == "undefined"
    assert read_events(page.export("csv", tmp_path)).table.equals(events.table)
    elan = Eaf(str(page.export("eaf", tmp_path)))
    labels = {row[2] for tier in elan.get_tier_names() for row in elan.get_annotation_data_for_tier(tier)}
    assert labels == set(HOSTILE)


def test_ten_thousand_events_of_an_hour_are_fast(open_page, tmp_path):
    rng, count = np.random.default_rng(0), 10_000
    video = write_video(tmp_path / "hour.mp4", numbered(1) * 720, rate=1, times_s=5.0 * np.arange(720))
    starts = rng.uniform(0, 3590, count).round(3)
    table = pd.DataFrame(
        {"video": "hour", "person": rng.integers(0, 3, count), "label": rng.choice(LABELS.index, count)}
    )
    table = table.assign(
        start_s=starts, end_s=starts + rng.uniform(0.1, 5, count).round(3), score=rng.uniform(0, 1, count)
    )
    page = open_page(video, Events(table))
    client = page.page.context.new_cdp_session(page.page)
    client.send("Performance.enable", {"timeDomain": "threadTicks"})

    def busy_s() -> float:
        """Return the processor time of the page's thread."""
        metrics = {one["name"]: one["value"] for one in client.send("Performance.getMetrics")["metrics"]}
        return metrics["TaskDuration"]

    page.settle()
    assert busy_s() < 2
    for key in ("-", "+", "j"):
        before = busy_s()
        for _ in range(10):
            page.page.keyboard.press(key)
            page.settle()
        assert (busy_s() - before) / 10 < 0.05
    assert page.page.locator(".row").count() < 60
    page.page.locator("#events").focus()
    page.page.keyboard.press("End")
    page.settle()
    assert page.page.locator(".row").last.get_attribute("aria-rowindex") == str(count + 1)
