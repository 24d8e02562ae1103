"""Real files of other tools are read, and survive conversion into every format that holds them."""

import re
import xml.etree.ElementTree as ET
from itertools import pairwise

import pytest
from support import ROOT
from support.interchange import MEDIA, options, read, round_trip, rows, table

from kinesics.formats.base import WritableFormat
from kinesics.formats.registry import FORMATS, read_events, write_events

FILES = ROOT / "tests/data/interchange"
EXPECTED = {
    "test_female.mp4.eaf": (5, "test_female", (0, "Gesture", "PREDICTED", 133, 1468)),
    "test_female.mp4_segments.csv": (5, "test_female.mp4_segments", (0, "Gesture", "", 133, 1468)),
    "mary.TextGrid": (22, "mary", (0, "m", "phone", 315, 385)),
    "bobby_phones_elan.TextGrid": (13, "bobby_phones_elan", (0, "B", "phone", 65, 84)),
    "captions_with_bom.vtt": (4, "captions_with_bom", (0, "Caption text #1", "", 500, 7000)),
    "cue_tags.vtt": (3, "cue_tags", (0, "When the moon hits your eye", "", 16_500, 18_500)),
}


@pytest.mark.parametrize("name", list(EXPECTED))
def test_files_of_other_tools_are_read(name):
    events = read(FILES / name)
    count, video, first = EXPECTED[name]
    assert len(events) == count
    assert events["video"].unique().tolist() == [video]
    assert rows(FILES / name)[0] == first


@pytest.mark.slow
@pytest.mark.parametrize("name", list(EXPECTED))
@pytest.mark.parametrize(
    "format", [name for name, one in FORMATS.items() if isinstance(one, WritableFormat) and name != "ava"]
)
def test_they_survive_conversion(name, format, tmp_path):
    events = read_events(FILES / name, options=options())
    path = tmp_path / f"{EXPECTED[name][1]}{FORMATS[format].suffixes[0]}"
    back = round_trip(events, path, format, MEDIA.__class__(rate_hz=1000, width=640, height=360)).table
    columns = ["video", "person", "label"]
    assert sorted(map(tuple, back[columns].to_numpy())) == sorted(map(tuple, events.table[columns].to_numpy()))
    assert (
        abs(back["start_s"].sort_values().to_numpy() - events.table["start_s"].sort_values().to_numpy()).max() < 0.0011
    )


#: The order of elements and the attributes that format 3.0 requires, after the published description of the format.
ORDER = ["HEADER", "TIME_ORDER", "TIER", "LINGUISTIC_TYPE", "LOCALE", "LANGUAGE", "CONSTRAINT", "CONTROLLED_VOCABULARY"]
REQUIRED = {
    "ANNOTATION_DOCUMENT": {"AUTHOR", "DATE", "VERSION", "FORMAT"},
    "MEDIA_DESCRIPTOR": {"MEDIA_URL", "MIME_TYPE"},
    "TIME_SLOT": {"TIME_SLOT_ID", "TIME_VALUE"},
    "TIER": {"TIER_ID", "LINGUISTIC_TYPE_REF"},
    "ALIGNABLE_ANNOTATION": {"ANNOTATION_ID", "TIME_SLOT_REF1", "TIME_SLOT_REF2"},
    "LINGUISTIC_TYPE": {"LINGUISTIC_TYPE_ID"},
    "LANGUAGE": {"LANG_ID"},
    "CONTROLLED_VOCABULARY": {"CV_ID"},
    "CV_ENTRY_ML": {"CVE_ID"},
    "CVE_VALUE": {"LANG_REF"},
}


def test_an_eaf_has_the_structure_of_its_format(tmp_path):
    path = tmp_path / "talk.eaf"
    events = table((0, "happy", 0, 2), (0, "sad", 1, 3), (0, "wave", 1, 3, "hand"), (1, "a <b>", 2, 4, "hand"))
    write_events(events, path, options=options(media=MEDIA))
    root = ET.parse(path).getroot()
    places = [ORDER.index(child.tag) for child in root]
    assert places == sorted(places)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00", root.get("DATE"))
    for tag, names in REQUIRED.items():
        assert all(names <= set(element.keys()) for element in root.iter(tag))
    ids = [
        value
        for element in root.iter()
        for name, value in element.items()
        if name in ("ANNOTATION_ID", "TIME_SLOT_ID", "CVE_ID")
    ]
    assert len(ids) == len(set(ids))
    assert all(re.fullmatch(r"[A-Za-z_][\w.-]*", value) for value in ids)
    keys = {
        name: {element.get(name) for element in root.iter()}
        for name in ("TIME_SLOT_ID", "LINGUISTIC_TYPE_ID", "CV_ID", "LANG_ID", "CVE_ID", "STEREOTYPE")
    }
    references = {
        "TIME_SLOT_REF1": "TIME_SLOT_ID", "TIME_SLOT_REF2": "TIME_SLOT_ID", "LINGUISTIC_TYPE_REF": "LINGUISTIC_TYPE_ID",
        "CONTROLLED_VOCABULARY_REF": "CV_ID", "LANG_REF": "LANG_ID", "CVE_REF": "CVE_ID",
    }  # fmt: skip
    for name, target in references.items():
        used = {element.get(name) for element in root.iter()} - {None}
        assert used
        assert used <= keys[target]
    times = [int(slot.get("TIME_VALUE")) for slot in root.iter("TIME_SLOT")]
    assert times == sorted(times)
    for tier in root.iter("TIER"):
        spans = [
            tuple(times[int(one.get(name)[2:]) - 1] for name in ("TIME_SLOT_REF1", "TIME_SLOT_REF2"))
            for one in tier.iter("ALIGNABLE_ANNOTATION")
        ]
        assert all(before[1] <= after[0] for before, after in pairwise(spans))
