"""Files for ELAN against the structure of its schema, EAF 3.0: order, attributes, types, and references that are there.

The schema itself is in no package that tests could install; what it demands of the elements that are written is stated here.
"""

import re
import xml.etree.ElementTree as ET
from itertools import pairwise

import pytest
from support.interchange import MEDIA, options, read, table

from kinesics.formats.registry import write_events

ROOT = (
    *("HEADER", "TIME_ORDER", "TIER", "LINGUISTIC_TYPE", "LOCALE", "LANGUAGE", "CONSTRAINT", "CONTROLLED_VOCABULARY"),
    *("LEXICON_REF", "REF_LINK_SET", "EXTERNAL_REF"),
)
#: Element -> its children in their order, attributes that it must have, and those that it may have.
ELEMENTS = {
    "ANNOTATION_DOCUMENT": (ROOT, {"DATE", "AUTHOR", "VERSION"}, {"FORMAT"}),
    "HEADER": (("MEDIA_DESCRIPTOR", "LINKED_FILE_DESCRIPTOR", "PROPERTY"), set(), {"MEDIA_FILE", "TIME_UNITS"}),
    "MEDIA_DESCRIPTOR": ((), {"MEDIA_URL", "MIME_TYPE"}, {"RELATIVE_MEDIA_URL", "TIME_ORIGIN", "EXTRACTED_FROM"}),
    "PROPERTY": ((), set(), {"NAME"}),
    "TIME_ORDER": (("TIME_SLOT",), set(), set()),
    "TIME_SLOT": ((), {"TIME_SLOT_ID"}, {"TIME_VALUE"}),
    "TIER": (
        ("ANNOTATION",),
        {"TIER_ID", "LINGUISTIC_TYPE_REF"},
        {"PARTICIPANT", "ANNOTATOR", "DEFAULT_LOCALE", "PARENT_REF", "EXT_REF", "LANG_REF"},
    ),
    "ANNOTATION": (("ALIGNABLE_ANNOTATION",), set(), set()),
    "ALIGNABLE_ANNOTATION": (
        ("ANNOTATION_VALUE",),
        {"ANNOTATION_ID", "TIME_SLOT_REF1", "TIME_SLOT_REF2"},
        {"SVG_REF", "EXT_REF", "LANG_REF", "CVE_REF"},
    ),
    "ANNOTATION_VALUE": ((), set(), set()),
    "LINGUISTIC_TYPE": (
        (),
        {"LINGUISTIC_TYPE_ID"},
        {"TIME_ALIGNABLE", "CONSTRAINTS", "GRAPHIC_REFERENCES", "CONTROLLED_VOCABULARY_REF", "EXT_REF", "LEXICON_REF"},
    ),
    "LANGUAGE": ((), {"LANG_ID"}, {"LANG_DEF", "LANG_LABEL"}),
    "CONSTRAINT": ((), {"STEREOTYPE"}, {"DESCRIPTION"}),
    "CONTROLLED_VOCABULARY": (("DESCRIPTION", "CV_ENTRY_ML"), {"CV_ID"}, {"EXT_REF"}),
    "DESCRIPTION": ((), {"LANG_REF"}, set()),
    "CV_ENTRY_ML": (("CVE_VALUE",), {"CVE_ID"}, {"EXT_REF"}),
    "CVE_VALUE": ((), {"LANG_REF"}, {"DESCRIPTION"}),
}
#: Attributes that are unique in the whole document, and names of XML.
IDS = ("TIME_SLOT_ID", "ANNOTATION_ID", "LANG_ID")
#: Attribute -> the attribute of another element that must have the same value.
REFERENCES = {
    **dict.fromkeys(("TIME_SLOT_REF1", "TIME_SLOT_REF2"), "TIME_SLOT_ID"),
    "LINGUISTIC_TYPE_REF": "LINGUISTIC_TYPE_ID",
    "CONTROLLED_VOCABULARY_REF": "CV_ID",
    "LANG_REF": "LANG_ID",
    "CVE_REF": "CVE_ID",
}
TYPES = {
    "DATE": r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?([+-]\d\d:\d\d|Z)?",
    "FORMAT": r"3\.0",
    "VERSION": r"3\.0",
    "TIME_UNITS": "milliseconds|NTSC-frames|PAL-frames",
    "TIME_VALUE": r"\d+",
    "MEDIA_URL": r"[\w:/.%~-]+",
    "RELATIVE_MEDIA_URL": r"[\w:/.%~-]+",
    "TIME_ALIGNABLE": "true|false",
    "GRAPHIC_REFERENCES": "true|false",
    "STEREOTYPE": "Time_Subdivision|Symbolic_Subdivision|Symbolic_Association|Included_In",
    **dict.fromkeys(IDS, r"[A-Za-z_][\w.-]*"),
}
TABLES = {
    "none": table(),
    "overlaps": table((0, "sad", 0, 3), (0, "happy", 1, 2), (0, "fear", 2, 4), (1, "happy", 0, 1)),
    "families": table((0, "head_turn", 0, 3.0004), (0, "speaking", 3.0006, 7), (2, "off_camera", 3000, 4000)),
    "own": table((0, '<b>"&"</b>', 0, 1, "a' & <b>"), (0, "Grüße", 1, 1.0001), (5, "nod", 0, 0.5, "Kopf")),
}


@pytest.mark.parametrize("name", TABLES)
def test_files_have_the_structure_of_the_format(name, tmp_path):
    write_events(TABLES[name], tmp_path / "talk.eaf", options=options(media=MEDIA))
    root = ET.parse(tmp_path / "talk.eaf").getroot()
    assert root.tag == "ANNOTATION_DOCUMENT"
    assert [element.tag for element in root if element.tag in ("HEADER", "TIME_ORDER")] == ["HEADER", "TIME_ORDER"]
    for element in root.iter():
        children, needed, allowed = ELEMENTS[element.tag]
        places = [children.index(child.tag) for child in element]
        assert places == sorted(places), element.tag
        given = {key for key in element.attrib if not key.startswith("{")}
        assert needed <= given <= needed | allowed, (element.tag, given)
        for key in given & TYPES.keys():
            assert re.fullmatch(TYPES[key], element.attrib[key]), (key, element.attrib[key])
        if element.tag in ("ANNOTATION", "ALIGNABLE_ANNOTATION"):
            assert len(element) == 1
        if element.tag == "CV_ENTRY_ML":
            assert len(element) >= 1
    values = {key: [e.attrib[key] for e in root.iter() if key in e.attrib] for key in {*IDS, *REFERENCES.values()}}
    ids = [value for key in IDS for value in values[key]]
    assert len(set(ids)) == len(ids)
    for key in ("LINGUISTIC_TYPE_ID", "CV_ID", "CVE_ID"):
        assert len(set(values[key])) == len(values[key])
    for element in root.iter():
        for key in element.attrib.keys() & REFERENCES.keys():
            assert element.attrib[key] in values[REFERENCES[key]], (element.tag, key)


@pytest.mark.parametrize("name", TABLES)
def test_times_ascend_and_annotations_of_a_tier_do_not_overlap(name, tmp_path):
    write_events(TABLES[name], tmp_path / "talk.eaf", options=options(media=MEDIA))
    root = ET.parse(tmp_path / "talk.eaf").getroot()
    slots = {slot.attrib["TIME_SLOT_ID"]: int(slot.attrib["TIME_VALUE"]) for slot in root.iter("TIME_SLOT")}
    assert list(slots.values()) == sorted(slots.values())
    for tier in root.iter("TIER"):
        spans = [
            tuple(slots[one.attrib[key]] for key in ("TIME_SLOT_REF1", "TIME_SLOT_REF2"))
            for one in tier.iter("ALIGNABLE_ANNOTATION")
        ]
        assert all(start < end for start, end in spans)
        assert all(before[1] <= after[0] for before, after in pairwise(spans))
    assert len(list(root.iter("ALIGNABLE_ANNOTATION"))) == len(TABLES[name])


@pytest.mark.parametrize("ending", ["eaf", "boris"])
def test_a_video_without_events_is_linked_for_coding_by_hand(ending, tmp_path):
    write_events(table(), tmp_path / f"talk.{ending}", options=options(media=MEDIA))
    assert "talk.mp4" in (tmp_path / f"talk.{ending}").read_text(encoding="utf-8")
    assert len(read(tmp_path / f"talk.{ending}")) == 0
