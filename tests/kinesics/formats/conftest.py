"""Fixtures: a browser, and pages of the viewer that are open in it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from support.browser import open_browser
from support.clips import numbered, write_video

from kinesics.formats.html_viewer import ViewedVideo, write_viewer
from kinesics.structures.events import Events

#: Pixels from the left to the time 0 of the timeline, and from its top to the middle of the first lane.
GUTTER, FIRST_LANE = 148, 26 + 24 + 12


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Return a running Chromium."""
    with open_browser() as running:
        yield running


@dataclass
class OpenPage:
    """A page of the viewer that is open, what it has requested, and its errors: there must be none."""

    page: Any
    requested: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    def text(self, selector: str) -> str:
        """Return the text of an element."""
        return self.page.locator(selector).inner_text()

    def rows(self) -> list[list[str]]:
        """Return the cells of the rows of the list that exist."""
        self.settle()
        return [row.locator("[role=gridcell]").all_inner_texts() for row in self.page.locator(".row").all()]

    def fields(self) -> dict[str, str]:
        """Return the fields of the selected event."""
        names = ("label", "person", "start", "end", "score")
        return {name: self.page.locator(f"#field-{name}").input_value() for name in names}

    def fill(self, name: str, value: str) -> None:
        """Type into a field of the selected event, and leave it."""
        self.page.locator(f"#field-{name}").fill(value)
        self.page.locator(f"#field-{name}").press("Tab")

    def export(self, ending: str, folder: Path, which: str = "all") -> Path:
        """Save the table with the page's dialog and return the file."""
        self.page.click("#export-open")
        self.page.check(f"#export-{which}")
        with self.page.expect_download() as download:
            self.page.click(f"#export-{ending}")
        path = folder / f"exported.{ending}"
        download.value.save_as(path)
        return path

    def point(self, seconds: float) -> tuple[float, float]:
        """Return the place of a time in the first lane, where the timeline shows a whole clip of 3 s."""
        box = self.page.locator("#lanes-canvas").bounding_box()
        return box["x"] + GUTTER + (box["width"] - GUTTER) * seconds / 3, box["y"] + FIRST_LANE

    def time(self) -> float:
        """Return the time of the video, once it is there."""
        self.wait_for_video("!video.seeking")
        return self.page.evaluate("document.querySelector('#video').currentTime")

    def wait_for_video(self, condition: str) -> None:
        """Wait until an expression with ``video`` is true (Playwright's own way evaluates text, which the page forbids)."""
        for _ in range(500):
            if self.page.evaluate(f"(video => {condition})(document.querySelector('#video'))"):
                return
            self.page.wait_for_timeout(20)
        raise AssertionError(f"not within 10 s: {condition}")

    def settle(self) -> None:
        """Wait until what was asked for is painted."""
        self.page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")


@pytest.fixture
def open_page(browser, tmp_path) -> Iterator[Callable[..., OpenPage]]:
    """Return a function that writes a page for a video with events, and opens it; every page has to end without errors."""
    opened: list[OpenPage] = []

    def open_(video: Path, *tables: Events, out: Path | None = None, **options: Any) -> OpenPage:
        path = out or tmp_path / "viewer.html"
        write_viewer(path, [ViewedVideo(video, *tables)])
        page = browser.new_page(**{"viewport": {"width": 1440, "height": 900}, "accept_downloads": True} | options)
        one = OpenPage(page)
        page.on("pageerror", lambda error: one.errors.append(str(error)))
        page.on("console", lambda message: one.errors.append(message.text) if message.type == "error" else None)
        page.on("request", lambda request: one.requested.append(request.url))
        page.goto(path.as_uri())
        page.wait_for_selector("html[data-ready]")
        opened.append(one)
        return one

    yield open_
    for one in opened:
        one.page.context.close()
        assert one.errors == []


@pytest.fixture
def ready_page(open_page) -> Callable[..., OpenPage]:
    """Return a function like ``open_page`` that also waits for the video."""

    def open_(*arguments: Any, **options: Any) -> OpenPage:
        opened = open_page(*arguments, **options)
        opened.wait_for_video("video.readyState >= 2")
        opened.settle()
        return opened

    return open_


@pytest.fixture(scope="module")
def numbered_clip(tmp_path_factory) -> Path:
    """Return a clip of 3 s at 10 Hz, the grey level of whose frames is their number (``support.clips.numbered``)."""
    return write_video(tmp_path_factory.mktemp("clips") / "talk.mp4", numbered(30, 160, 120))
