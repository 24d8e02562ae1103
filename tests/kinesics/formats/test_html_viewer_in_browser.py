"""The viewer in a real browser: what it shows, and how it is moved about in."""

import re

import cv2
import numpy as np
import pandas as pd
import pytest
from support.clips import number, numbered, write_video

from kinesics.formats.html_viewer import ViewedVideo, write_viewer
from kinesics.media.video import probe_video
from kinesics.structures.events import COLUMNS, TUBE_COLUMNS, Events, empty_events

pytestmark = pytest.mark.slow

LEFT, RIGHT = (0.1, 0.2, 0.4, 0.9), (0.5, 0.2, 0.9, 0.8)
TABLE = pd.DataFrame(
    [
        ("talk", 0, "happy", "emotion", 0.5, 1.5, 0.9, *LEFT),
        ("talk", 0, "speaking", "state", 1.0, 2.8, 0.4, *LEFT),
        ("talk", 1, "happy", "emotion", 1.2, 1.6, 0.6, *RIGHT),
        ("talk", 1, "own label", "", 2.0, 2.5, 0.7, *[np.nan] * 4),
    ],
    columns=COLUMNS,
)
# The box of the first event moves to the right by 0.3 of the frame a second.
TUBES = pd.DataFrame(
    [(0, 0.5 + k / 10, 0.1 + 0.03 * k, 0.2, 0.4 + 0.03 * k, 0.9) for k in range(10)], columns=TUBE_COLUMNS
)
EVENTS = Events(TABLE)


def view_s(page) -> list[float]:
    """Return the first and last time on the timeline, in seconds of a minute."""
    page.settle()
    return [float(time) for time in re.findall(r"0:(\d+\.\d)", page.text("#view-span"))]


def picture(locator) -> np.ndarray:
    """Return what an element looks like, uint8 RGB (height, width, 3)."""
    return cv2.cvtColor(
        cv2.imdecode(np.frombuffer(locator.screenshot(), np.uint8), cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB
    )


def test_a_page_loads_its_video_and_nothing_else(ready_page, numbered_clip, tmp_path):
    page = ready_page(numbered_clip, EVENTS)
    assert page.text("h1") == "talk"
    assert page.text("#shown-count") == "4 events"
    assert page.text("#clock") == "0:00.000 / 0:03.000"
    assert set(page.requested) == {(tmp_path / "viewer.html").as_uri(), numbered_clip.as_uri()}
    assert [row[3] for row in page.rows()] == ["happy", "speaking", "happy", "own label"]
    assert page.rows()[0] == ["0:00.500", "1.00 s", "0", "happy", "0.90"]


@pytest.mark.parametrize(("name", "codec"), [("talk.webm", "libvpx-vp9"), ("talk.mp4", "libx264")])
def test_the_film_strip_has_frames_of_the_event(ready_page, tmp_path, name, codec):
    page = ready_page(write_video(tmp_path / name, numbered(30, 160, 120), codec=codec), Events(TABLE.iloc[[3]]))
    page.page.keyboard.press("j")
    page.page.wait_for_selector("#film[data-complete]")
    frames = page.page.locator("#film canvas").all()
    numbers = [number(picture(frame)) for frame in frames]
    part = 0.5 / len(frames)
    assert len(frames) >= 4
    assert numbers == [int(10 * (2.0 + (k + 0.5) * part)) for k in range(len(frames))]
    page.page.locator("#film button").nth(1).click()
    assert page.time() == pytest.approx(2.0 + 1.5 * part, abs=0.01)


def test_keys_move_in_time_and_between_events(ready_page, numbered_clip):
    page = ready_page(numbered_clip, EVENTS)
    press = page.page.keyboard.press
    for key, label, time in [("j", "happy", 0.5), ("j", "speaking", 1.0), ("k", "happy", 0.5)]:
        press(key)
        assert (page.fields()["label"], page.time()) == (label, time)
    press("k")
    assert page.text("#live") == "No earlier event"
    for key, time in [("ArrowRight", 1.5), ("ArrowLeft", 0.5), (".", 0.65), (",", 0.55), ("End", 3.0), ("Home", 0.0)]:
        press(key)
        assert page.time() == pytest.approx(time, abs=0.001)
    press("Space")
    page.wait_for_video("video.currentTime > 0.2")
    assert page.page.get_by_role("button", name="Pause").is_visible()
    press("Space")
    assert page.page.evaluate("document.querySelector('#video').paused")


def test_enter_plays_an_event_to_its_end(ready_page, numbered_clip):
    page = ready_page(numbered_clip, EVENTS)
    page.page.keyboard.press("j")
    page.page.keyboard.press("Enter")
    page.wait_for_video("video.paused && video.currentTime > 1")
    assert page.time() == 1.5


def test_a_click_on_the_timeline_selects_and_seeks(ready_page, numbered_clip):
    page = ready_page(numbered_clip, EVENTS)
    page.page.mouse.click(*page.point(1.0))
    assert (page.fields()["start"], page.time()) == ("0:00.500", 0.5)
    page.page.mouse.click(*page.point(2.4))
    assert page.fields()["start"] == "0:00.500"
    assert page.time() == pytest.approx(2.4, abs=0.01)
    page.page.locator("#lanes").focus()
    slider = page.page.get_by_role("slider", name="Time in the video")
    assert slider.get_attribute("aria-valuetext") == "0:02.4"


def test_zoom_and_pan_change_what_is_in_view(ready_page, numbered_clip):
    page = ready_page(numbered_clip, EVENTS)
    page.page.keyboard.press("j")
    page.page.keyboard.press("+")
    assert view_s(page) == pytest.approx([0.25, 1.75], abs=0.051)
    page.page.keyboard.press("0")
    assert view_s(page) == [0, 3]
    page.page.locator("#lanes").hover()
    page.page.keyboard.down("Control")
    page.page.mouse.wheel(0, -300)
    page.page.keyboard.up("Control")
    start, end = view_s(page)
    assert 0 < start < end < 3
    assert end - start == pytest.approx(3 * 1.003**-300, abs=0.11)


def test_boxes_follow_the_tubes(ready_page, numbered_clip):
    page = ready_page(numbered_clip, Events(TABLE.iloc[[0]], TUBES))
    left_edges = []
    for presses in (1, 4):
        for _ in range(presses):
            page.page.keyboard.press(".")
        if presses == 1:
            page.page.keyboard.press("j")
        page.time()
        page.settle()
        # The canvas has no pixel of the video, so that it can be read. The line is in the middle of the picture's height.
        left_edges.append(
            page.page.evaluate(
                """() => {
                const canvas = document.querySelector("#boxes");
                const row = canvas.getContext("2d").getImageData(0, canvas.height * 0.7, canvas.width, 1).data;
                return row.findIndex((value, place) => place % 4 === 3 && value > 0) >> 2;
                }"""
            )
        )
    canvas = page.page.locator("#boxes").bounding_box()
    picture_width = canvas["height"] * 160 / 120
    moved = (left_edges[1] - left_edges[0]) / picture_width
    edge = (left_edges[0] - (canvas["width"] - picture_width) / 2) / picture_width
    assert edge == pytest.approx(0.1, abs=0.01)
    assert moved == pytest.approx(0.3 * 0.45, abs=0.006)  # between the samples at 0.9 and 1.0 s
    page.page.uncheck("#show-boxes")
    page.settle()
    assert not page.page.evaluate(
        "(c => c.getContext('2d').getImageData(0, 0, c.width, c.height).data.some(Boolean))"
        "(document.querySelector('#boxes'))"
    )


def test_the_filter_hides_persons_labels_and_low_scores(ready_page, numbered_clip):
    page = ready_page(numbered_clip, EVENTS)
    page.page.get_by_role("button", name="happy").click()
    assert [row[3] for row in page.rows()] == ["speaking", "own label"]
    assert page.text("#shown-count") == "2 of 4 events"
    page.page.locator("#labels-all").click()
    page.page.get_by_role("button", name="Person 1").click(modifiers=["Alt"])
    assert [row[2] for row in page.rows()] == ["1", "1"]
    page.page.locator("#persons-all").click()
    page.page.locator("#score-0").fill("0.65")
    page.settle()
    assert [row[4] for row in page.rows()] == ["0.90", "0.70"]
    assert page.page.locator("#score-0").get_attribute("aria-valuetext") == "≥ 0.65, 2 events"


def test_counts_and_durations_are_those_of_what_is_shown(ready_page, numbered_clip):
    table = pd.concat([TABLE, TABLE.iloc[[0]].assign(start_s=1.0, end_s=2.0)])
    page = ready_page(numbered_clip, Events(table))
    page.page.click("#tab-summary")
    rows = [row.locator("th, td").all_inner_texts() for row in page.page.locator("#summary tbody tr").all()]
    assert rows[0] == ["0", "happy", "2", "1.50 s", "50.0 %", "1.00 s", "40.00"]
    assert [row[:3] for row in rows[1:]] == [["0", "speaking", "1"], ["1", "happy", "1"], ["1", "own label", "1"]]
    page.page.get_by_role("button", name="Person 0").click()
    assert page.page.locator("#summary tbody tr").count() == 2


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_light_and_dark_follow_the_system_until_the_button_is_pressed(ready_page, numbered_clip, scheme):
    page = ready_page(numbered_clip, EVENTS, color_scheme=scheme)
    timeline = page.page.locator("#lanes")

    def is_dark() -> bool:
        page.settle()
        return bool(picture(timeline)[-3, -3].mean() < 128)

    assert is_dark() == (scheme == "dark")
    page.page.click("#theme")
    assert is_dark() == (scheme == "light")
    assert page.page.locator("#theme").get_attribute("aria-pressed") == str(scheme == "light").lower()


def test_a_screen_reader_finds_names_rows_and_what_happens(ready_page, numbered_clip):
    page = ready_page(numbered_clip, EVENTS)
    for role, name in [("grid", "Events"), ("slider", "Score"), ("tab", "Counts and durations"), ("button", "Play")]:
        assert page.page.get_by_role(role, name=name, exact=True).is_visible()
    grid = page.page.get_by_role("grid")
    assert grid.get_attribute("aria-rowcount") == "5"
    grid.focus()
    page.page.keyboard.press("ArrowDown")
    page.page.keyboard.press("ArrowDown")
    page.settle()
    active = page.page.locator(f"#{grid.get_attribute('aria-activedescendant')}")
    assert (active.get_attribute("aria-rowindex"), active.get_attribute("aria-selected")) == ("3", "true")
    assert page.text("#live") == "speaking, person 0, 0:01.000 to 0:02.800, score 0.40"
    unnamed = "button, input, select, canvas:not([aria-hidden])"
    names = page.page.locator(unnamed).evaluate_all(
        "nodes => nodes.filter(n => !(n.innerText || n.ariaLabel || n.labels?.length || n.ariaLabelledByElements)).length"
    )
    assert names == 0


def test_the_page_fits_narrow_windows_whatever_the_names(ready_page, tmp_path):
    name = "wide " * 40 + "w" * 30
    video = write_video(tmp_path / f"{name}.mp4", numbered(30, 160, 120))
    table = TABLE.assign(video=name, label=["l" * 150, "l " * 90 + "l", "happy", "speaking"], family="")
    page = ready_page(video, Events(table), Events(table), viewport={"width": 380, "height": 700})
    assert page.page.evaluate("document.documentElement.scrollWidth") <= 380
    assert page.page.locator("#lanes-canvas").bounding_box()["height"] >= 200


def test_a_video_that_is_gone_can_be_chosen_again(open_page, tmp_path):
    video = write_video(tmp_path / "talk.mp4", numbered(30, 160, 120))
    page = open_page(video, EVENTS)
    video.rename(tmp_path / "again.mp4")
    page.page.reload()
    page.page.wait_for_selector("#video-missing:not([hidden])")
    assert "talk.mp4 is not beside this page any more" in page.text("#video-problem")
    page.page.keyboard.press("j")
    assert page.fields()["label"] == "happy"
    page.page.set_input_files("#video-file", tmp_path / "again.mp4")
    page.wait_for_video("video.readyState >= 2")
    assert page.page.locator("#video-missing").is_hidden()
    assert page.time() == 0.5
    page.errors.clear()  # of the file that was not there


def test_tags_of_many_boxes_find_a_place_wherever_they_are(ready_page, numbered_clip):
    """Rounding must not let two tags push each other for ever; the first tubes of a real clip did."""
    count, rng = 40, np.random.default_rng(0)
    table = pd.DataFrame({"video": "talk", "person": np.arange(count) % 4, "label": "x", "start_s": 0.0, "end_s": 3.0})
    corner = rng.uniform(0, 0.5, (count, 2))
    table[["x0", "y0"]], table[["x1", "y1"]] = corner, corner + 0.3
    page = ready_page(numbered_clip, Events(table))
    for height in range(700, 716):
        page.page.set_viewport_size({"width": 1300, "height": height})
        page.settle()
    assert int(page.page.locator("#boxes").get_attribute("data-boxes")) == count


@pytest.mark.parametrize("start_s", [12.0, 36_012.0])
def test_times_in_the_list_are_whole_also_after_the_first_hour(open_page, numbered_clip, start_s):
    late = TABLE.iloc[[0]].assign(start_s=start_s, end_s=start_s + 59.25, label="hand_to_face", family="gesture")
    page = open_page(numbered_clip, Events(late))
    page.page.set_viewport_size({"width": 1280, "height": 800})
    page.settle()
    cut = page.page.evaluate(
        "[...document.querySelectorAll('.row > span, .label-name')].filter((e) => e.scrollWidth > e.clientWidth)"
        ".map((e) => e.textContent)"
    )
    assert len(page.rows()) == 1
    assert cut == []


def test_a_page_without_events_says_so_and_does_not_blame_the_filter(open_page, numbered_clip):
    page = open_page(numbered_clip, Events(empty_events()))
    assert page.text("#events-empty") == "There is no event yet: add one on the timeline."
    assert page.text("#no-events") == "There is no event yet."
    page = open_page(numbered_clip, EVENTS)
    page.page.locator("#scores input").first.fill("1")
    page.settle()
    assert page.text("#events-empty") == "The filter shows no event."


def test_the_index_of_several_videos_is_as_wide_as_the_page(browser, numbered_clip, tmp_path):
    info = probe_video(numbered_clip)
    videos = [ViewedVideo(tmp_path / f"{name}.mp4", EVENTS, info=info) for name in ("talk", "of the second day")]
    index = write_viewer(tmp_path / "out", videos)
    page = browser.new_page(viewport={"width": 1280, "height": 800})
    page.goto(index.as_uri())
    table, heading = (page.locator(name).bounding_box() for name in ("table", "h1"))
    assert table["x"] == heading["x"]
    assert table["y"] >= heading["y"] + heading["height"]
    heights = [row.bounding_box()["height"] for row in page.locator("tbody tr").all()]
    assert max(heights) < 50  # each in one line
    page.close()
