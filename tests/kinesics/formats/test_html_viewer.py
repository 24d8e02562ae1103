"""Pages of the viewer: what they hold, where they are, and what is refused (in a browser: ``test_html_viewer_in_browser``)."""

import json
import re
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote

import pandas as pd
import pytest
from support.clips import numbered, write_video

from kinesics.errors import KinesicsError
from kinesics.formats.html_viewer import ViewedVideo, bundle, relative_url, write_viewer
from kinesics.io.package_data import package_file
from kinesics.structures.events import COLUMNS, TUBE_COLUMNS, Events

FOLDER = package_file("kinesics.formats", "viewer")
ROWS = [("talk", 0, "happy", "emotion", 0.5, 1.5, 0.9, 0.1, 0.2, 0.3, 0.4)]
EVENTS = Events(pd.DataFrame(ROWS, columns=COLUMNS))


def clip(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    return write_video(path, numbered(10))


def named(video: str, label: str = "happy") -> Events:
    return Events(EVENTS.table.assign(video=video, label=label, family=""))


class Elements(HTMLParser):
    """Collects elements, their attributes, and the text of each script."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))
        self.texts.append("")

    def handle_data(self, data):
        if self.texts:
            self.texts[-1] += data

    def of(self, tag: str) -> list[tuple[dict[str, str | None], str]]:
        return [
            (attrs, text.strip()) for (name, attrs), text in zip(self.found, self.texts, strict=True) if name == tag
        ]


def data_of(page: Path) -> dict:
    """Return what a page holds for its program."""
    (text,) = [text for attrs, text in Elements(page.read_text()).of("script") if attrs.get("id") == "data"]
    return json.loads(text)


def test_a_page_holds_events_and_needs_no_other_file_than_its_video(tmp_path):
    video = clip(tmp_path / "clips" / "talk.mp4")
    page = write_viewer(tmp_path / "pages" / "talk.html", [ViewedVideo(video, EVENTS)])
    data = data_of(page)
    (table,) = data["tables"]
    assert data["src"] == "../clips/talk.mp4"
    assert (data["width"], data["height"], data["rate_hz"]) == (64, 48, 10)
    assert (table["labels"], table["start_s"], table["y1"], table["tubes"]) == (["happy"], [0.5], [0.4], None)
    elements = Elements(page.read_text())
    assert not [attrs for tag, attrs in elements.found if tag != "a" and {"src", "href"} & attrs.keys()]
    assert not re.search(r"\bhttps?://(?!www\.w3\.org|www\.mpi\.nl|cdb\.iso\.org)", page.read_text())
    assert "default-src 'none'" in (elements.of("meta")[1][0]["content"] or "")


def test_the_same_input_gives_the_same_page(tmp_path):
    video = clip(tmp_path / "talk.mp4")
    first = write_viewer(tmp_path / "a.html", [ViewedVideo(video, EVENTS)]).read_bytes()
    assert write_viewer(tmp_path / "b.html", [ViewedVideo(video, EVENTS)]).read_bytes() == first


def test_events_of_other_videos_are_left_out_with_their_tubes(tmp_path):
    table = pd.DataFrame([("a", *ROWS[0][1:]), ROWS[0], ("z", *ROWS[0][1:])], columns=COLUMNS)
    tubes = pd.DataFrame(
        [(event, 0.5 + k / 10, 0.1, 0.2, 0.3, 0.4) for event in range(3) for k in range(event + 1)],
        columns=TUBE_COLUMNS,
    )
    page = write_viewer(tmp_path / "p.html", [ViewedVideo(clip(tmp_path / "talk.mp4"), Events(table, tubes))])
    (shown,) = data_of(page)["tables"]
    assert shown["start_s"] == [0.5]
    assert shown["tubes"]["counts"] == [2]


def test_a_folder_has_an_index_with_a_link_to_each_page(tmp_path):
    names = ["b", "a & <b>", "index", "x" * 240]
    videos = [ViewedVideo(clip(tmp_path / "in" / f"{name}.mp4"), named(name)) for name in names]
    index = write_viewer(tmp_path / "out", videos)
    assert index == tmp_path / "out" / "index.html"
    links = Elements(index.read_text()).of("a")
    assert [text for _, text in links] == sorted(names)
    for attrs, name in links:
        page = index.parent / unquote(attrs["href"] or "")
        assert data_of(page)["video"] == name
        assert (page.parent / unquote(data_of(page)["src"])).resolve() == tmp_path / "in" / f"{name}.mp4"
        assert [attrs for attrs, _ in Elements(page.read_text()).of("a")] == [{"href": "../index.html"}]


def test_pages_can_be_beside_the_other_files_of_each_video(tmp_path):
    videos = [ViewedVideo(clip(tmp_path / f"{name}.mp4"), named(name)) for name in "ab"]
    index = write_viewer(tmp_path / "out", videos, pages=["a/deep/index.html", "b.html"])
    assert [attrs["href"] for attrs, _ in Elements(index.read_text()).of("a")] == ["a/deep/index.html", "b.html"]
    homes = [Elements((tmp_path / "out" / page).read_text()).of("a")[0][0] for page in ("a/deep/index.html", "b.html")]
    assert homes == [{"href": "../../index.html"}, {"href": "index.html"}]


def test_text_of_events_and_names_is_never_markup(tmp_path):
    label = "</script ><script>alert(1)</script/><!-- {{data}} \\g<0>"
    name = "{{script}} <img src=x onerror=alert(1)> \"'&"
    video = clip(tmp_path / f"{name}.mp4")
    page = write_viewer(tmp_path / "p.html", [ViewedVideo(video, named(name, label))])
    plain = write_viewer(tmp_path / "q.html", [ViewedVideo(clip(tmp_path / "talk.mp4"), EVENTS)])
    tags = [[tag for tag, _ in Elements(one.read_text()).found] for one in (page, plain)]
    assert tags[0] == tags[1]
    assert data_of(page)["tables"][0]["labels"] == [label]
    assert label.split()[0] not in page.read_text().replace(
        "</script>", ""
    )  # a browser ends the script there, this parser does not
    assert Elements(page.read_text()).of("h1") == [({"title": name}, name)]
    assert unquote(data_of(page)["src"]) == f"{name}.mp4"


@pytest.mark.parametrize(
    ("path", "folder", "url"),
    [
        ("a/talk.mp4", "a", "talk.mp4"),
        ("talk.mp4", "a/b", "../../talk.mp4"),
        ("10:30 a#b?c%20.mp4", ".", "10%3A30%20a%23b%3Fc%2520.mp4"),
        ("é/😀 'q'.mp4", ".", "%C3%A9/%F0%9F%98%80%20%27q%27.mp4"),
    ],
)
def test_the_address_of_a_video_is_relative_to_its_page(path, folder, url):
    assert relative_url(path, folder) == url


def test_what_cannot_be_shown_is_refused_before_anything_is_written(tmp_path):
    video = clip(tmp_path / "in" / "talk.mp4")
    out = tmp_path / "out"
    with pytest.raises(KinesicsError, match=r"two.html: a page holds one video, not 2: give a folder"):
        write_viewer(out / "two.html", [ViewedVideo(video, EVENTS), ViewedVideo("b.mp4", named("b"))])
    with pytest.raises(KinesicsError, match=r"two videos are called 'talk': rename one"):
        write_viewer(out, [ViewedVideo(video, EVENTS), ViewedVideo("other/talk.mp4", EVENTS)])
    with pytest.raises(
        KinesicsError, match=r"talk.mp4: its events are of other videos, such as 'speech': give its own"
    ):
        write_viewer(out / "p.html", [ViewedVideo(video, named("speech"))])
    with pytest.raises(KinesicsError, match=r"talk.mp4: its events are of other videos"):
        write_viewer(out / "p.html", [ViewedVideo(video, EVENTS, named("speech"))])
    with pytest.raises(KinesicsError, match=r"gone.mp4"):
        write_viewer(out, [ViewedVideo(video, EVENTS), ViewedVideo("gone.mp4", named("gone"))])
    assert not out.exists()


def test_a_video_without_events_has_a_page(tmp_path):
    page = write_viewer(tmp_path / "p.html", [ViewedVideo(clip(tmp_path / "talk.mp4"), EVENTS.select(labels=[]))])
    assert data_of(page)["tables"][0]["start_s"] == []


def test_modules_of_the_program_fit_together():
    modules = {path.name: path.read_text() for path in FOLDER.glob("*.js")}
    exported = {
        name: set(re.findall(r"^export (?:const|(?:async )?function|class) (\w+)", text, re.M))
        for name, text in modules.items()
    }
    for name, text in modules.items():
        for imports, source in re.findall(r'^import \{([^}]*)\} from "\./([\w.]+)";$', text, re.M):
            missing = {one.strip() for one in imports.split(",")} - exported[source]
            assert not missing, f"{name} imports {missing} from {source}"
        assert "</script" not in text
        assert len(text.splitlines()) <= 420, f"{name} has more than 420 lines: split it"
    program = bundle("main.js")
    assert set(re.findall(r'^modules\["([\w.]+)"\] = ', program, re.M)) == modules.keys()
    assert not re.search(r"^(import|export)\b", program, re.M)
