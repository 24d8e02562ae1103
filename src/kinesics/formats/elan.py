"""ELAN annotation files (.eaf), formats 2.x and 3.0 of the Max Planck Institute for Psycholinguistics.

Read with the standard library: pympi-ling keeps one of two tiers of a name, fails on time slots whose id has no digits, and
leaves it to its caller to give times to slots and dependent annotations without any. Its reader opens what is written here.
"""

import mimetypes
import os
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote, unquote

from kinesics.errors import KinesicsError
from kinesics.formats.annotations import Annotation, Row, note_lanes, printable, rounded, rows, tiers, to_events
from kinesics.formats.base import FAMILY, Options, ReadWrite
from kinesics.formats.source import file_stem, number, read_xml
from kinesics.io.files import replacing
from kinesics.structures.events import Events
from kinesics.structures.vocabulary import LABELS, in_order

#: Seconds per unit of time; the frames of ELAN are those of television.
_UNITS = {"milliseconds": 0.001, "PAL-frames": 0.04, "NTSC-frames": 1001 / 30000}

_CONSTRAINTS = {
    "Time_Subdivision": "Time subdivision of parent annotation's time interval, no time gaps allowed within this interval",
    "Symbolic_Subdivision": "Symbolic subdivision of a parent annotation. Annotations of the same parent are ordered",
    "Symbolic_Association": "1-1 association with a parent annotation",
    "Included_In": "Time alignable annotations within the parent annotation's time interval, gaps are allowed",
}
_XSI = "{http://www.w3.org/2001/XMLSchema-instance}"
_DATE = "1970-01-01T00:00:00+00:00"  # the schema wants one; the same events are the same bytes


class _Dependent(NamedTuple):
    """An annotation without times of its own: it shares those of ``parent`` with the others of its tier."""

    name: str
    parent: str
    previous: str | None


def read(path: Path, options: Options) -> Events:
    """Read an EAF file: tiers are persons and families, values are labels; dependent annotations have their parent's time.

    Raises KinesicsError naming the file and the annotation for times or references that are not there.
    """
    root = read_xml(path)
    if root.tag != "ANNOTATION_DOCUMENT":
        raise KinesicsError(f"{path}: its root is <{root.tag}>, not <ANNOTATION_DOCUMENT>: not an ELAN file")
    header = root.find("HEADER")
    units = (header.get("TIME_UNITS") if header is not None else None) or "milliseconds"
    if units not in _UNITS:
        raise KinesicsError(f"{path}: times are in {units!r}, not one of {', '.join(_UNITS)}")
    video, origin_s = _media(header, path, options)
    slots = _slots(root, path, _UNITS[units])
    times = _times(root, path, slots)
    entries = {
        entry.get("CVE_ID", ""): value.text or ""
        for entry in root.iter("CV_ENTRY_ML")
        for value in entry.findall("CVE_VALUE")[:1]
    }
    owners = _participants(root)
    annotations: list[Annotation] = []
    seen: set[str] = set()
    for tier in root.findall("TIER"):
        name = tier.get("TIER_ID", "")
        if name in seen:
            options.notify(f"{path}: tier {name!r} is there twice: both are taken")
        seen.add(name)
        for element in _elements(tier):
            key = element.get("ANNOTATION_ID", "")
            start, end = times[key]
            value = element.findtext("ANNOTATION_VALUE") or entries.get(element.get("CVE_REF", ""), "")
            annotations.append(
                Annotation(
                    start + origin_s,
                    end + origin_s,
                    value,
                    f"annotation {key!r} of tier {name!r}",
                    tier=name,
                    subject=owners.get(name, ""),
                    video=video,
                    annotator=tier.get("ANNOTATOR", "").strip(),
                )
            )
    return to_events(annotations, path, options)


def _participants(root: ET.Element) -> dict[str, str]:
    """Return the participant of each tier: that of the tier on which it depends, if that has one."""
    tiers_ = {tier.get("TIER_ID", ""): tier for tier in root.findall("TIER")}
    owners: dict[str, str] = {}
    for name in tiers_:
        line: list[str] = []
        while name in tiers_ and name not in owners:
            owners[name] = ""
            line.append(name)
            name = tiers_[name].get("PARENT_REF", "")
        owner = owners.get(name, "")
        for one in reversed(line):
            owner = owner or tiers_[one].get("PARTICIPANT", "").strip()
            owners[one] = owner
    return owners


def _elements(tier: ET.Element) -> Iterator[ET.Element]:
    """Yield the annotations of a tier, aligned and dependent."""
    for annotation in tier.findall("ANNOTATION"):
        yield from annotation


def _media(header: ET.Element | None, path: Path, options: Options) -> tuple[str, float]:
    """Return the name of the linked video, empty if there is none, and the time in it at which annotations count from 0."""
    linked = [] if header is None else header.findall("MEDIA_DESCRIPTOR")
    if not linked:
        return file_stem(header.get("MEDIA_FILE", "")) if header is not None else "", 0.0
    chosen = next((medium for medium in linked if medium.get("MIME_TYPE", "").startswith("video")), linked[0])
    names = [file_stem(unquote(item.get("MEDIA_URL") or item.get("RELATIVE_MEDIA_URL") or "")) for item in linked]
    name = names[linked.index(chosen)]
    if others := sorted({other for other in names if other != name}):
        options.notify(f"{path}: the events are those of {name}; also linked: {', '.join(others)}")
    origin = chosen.get("TIME_ORIGIN")
    return name, number(origin, f"{path}: TIME_ORIGIN of the linked media") * 0.001 if origin else 0.0


def _slots(root: ET.Element, path: Path, unit_s: float) -> dict[str, float]:
    """Return the time of each slot in seconds. Those without one divide the time between their neighbours evenly."""
    known: dict[str, float | None] = {}
    for slot in root.iter("TIME_SLOT"):
        key, value = slot.get("TIME_SLOT_ID", ""), slot.get("TIME_VALUE")
        known[key] = number(value, f"{path}: time slot {key!r}") * unit_s if value is not None else None
    for tier in root.findall("TIER"):  # neighbours are first of all those of the same tier
        after = {
            element.get("TIME_SLOT_REF1", ""): element.get("TIME_SLOT_REF2", "")
            for element in tier.findall("ANNOTATION/ALIGNABLE_ANNOTATION")
        }
        walked: set[str] = set()
        for first in [key for key in after if known.get(key) is not None]:
            chain = [first]
            while known.get(chain[-1]) is None or len(chain) == 1:
                if chain[-1] not in after or chain[-1] in walked:
                    break
                walked.add(chain[-1])
                chain.append(after[chain[-1]])
            _divide(known, chain)
    order = list(known)
    aligned = [place for place, key in enumerate(order) if known[key] is not None]
    for low, high in pairwise(aligned):
        _divide(known, order[low : high + 1])
    last = max((value for value in known.values() if value is not None), default=0.0)
    first = next((value for value in known.values() if value is not None), 0.0)
    before = aligned[0] if aligned else 0
    return {
        key: value if value is not None else (first if place < before else last)
        for place, (key, value) in enumerate(known.items())
    }


def _divide(known: dict[str, float | None], chain: list[str]) -> None:
    """Give times to the slots inside a chain, whose ends have some."""
    start, end = known.get(chain[0]), known.get(chain[-1])
    if start is not None and end is not None:
        for place, key in enumerate(chain[1:-1], 1):
            known[key] = start + (end - start) * place / (len(chain) - 1)


def _times(root: ET.Element, path: Path, slots: dict[str, float]) -> dict[str, tuple[float, float]]:
    """Return the times of every annotation in seconds, by its id."""
    times: dict[str, tuple[float, float]] = {}
    dependents: dict[str, list[list[_Dependent]]] = {}
    waiting: set[str] = set()
    for tier in root.findall("TIER"):
        groups: dict[str, list[_Dependent]] = {}
        for element in _elements(tier):
            key = element.get("ANNOTATION_ID", "")
            if key in times or key in waiting:
                raise KinesicsError(f"{path}: annotation {key!r} of tier {tier.get('TIER_ID')!r} is there twice")
            if element.tag == "ALIGNABLE_ANNOTATION":
                ends = [element.get(name, "") for name in ("TIME_SLOT_REF1", "TIME_SLOT_REF2")]
                if missing := [name for name in ends if name not in slots]:
                    raise KinesicsError(f"{path}: annotation {key!r}: time slot {missing[0]!r} is not there")
                times[key] = slots[ends[0]], slots[ends[1]]
            else:
                parent = element.get("ANNOTATION_REF", "")
                groups.setdefault(parent, []).append(_Dependent(key, parent, element.get("PREVIOUS_ANNOTATION")))
                waiting.add(key)
        for parent, group in groups.items():
            dependents.setdefault(parent, []).append(_in_order(group))
    ready = [key for key in dependents if key in times]
    while ready:
        parent = ready.pop()
        start, end = times[parent]
        for group in dependents.get(parent, []):
            for place, item in enumerate(group):
                span = (end - start) / len(group)
                times[item.name] = start + place * span, start + (place + 1) * span
                waiting.discard(item.name)
                ready.append(item.name)
    if waiting:
        lost = next(
            item for groups in dependents.values() for group in groups for item in group if item.name in waiting
        )
        raise KinesicsError(f"{path}: annotation {lost.name!r} depends on {lost.parent!r}, which has no time")
    return times


def _in_order(group: list[_Dependent]) -> list[_Dependent]:
    """Return the parts of one parent in their order: each names the one before it."""
    following = {item.previous: item for item in group if item.previous}
    ordered = [item for item in group if not item.previous]
    while len(ordered) < len(group) and ordered and ordered[-1].name in following:
        ordered.append(following[ordered[-1].name])
    return ordered if len(ordered) == len(group) else group


def write(events: Events, path: Path, options: Options) -> None:
    """Write an EAF file of format 3.0, of one video: a tier a person and family, whose values are a controlled vocabulary.

    Times are rounded to milliseconds. The video is linked by its path relative to the file.
    """
    items = [rounded(row) for row in rows(events)]
    lanes = tiers(items)
    note_lanes(lanes, path, options)
    root = ET.Element("ANNOTATION_DOCUMENT", {"AUTHOR": "kinesics", "DATE": _DATE, "FORMAT": "3.0", "VERSION": "3.0"})
    root.set(f"{_XSI}noNamespaceSchemaLocation", "http://www.mpi.nl/tools/elan/EAFv3.0.xsd")
    header = ET.SubElement(root, "HEADER", {"MEDIA_FILE": "", "TIME_UNITS": "milliseconds"})
    if items or options.media.path:
        _link(header, items[0].video if items else "", path, options)
    ET.SubElement(header, "PROPERTY", {"NAME": "lastUsedAnnotationId"}).text = str(len(items))
    times = sorted({round(value * 1000) for row in items for value in (row.start_s, row.end_s)})
    order = ET.SubElement(root, "TIME_ORDER")
    for k, value in enumerate(times, 1):
        ET.SubElement(order, "TIME_SLOT", {"TIME_SLOT_ID": f"ts{k}", "TIME_VALUE": str(value)})
    slot = {value: f"ts{k}" for k, value in enumerate(times, 1)}
    types = _types(items)
    entry_ids = _add_tiers(root, lanes, slot, types)
    for family in types:
        ET.SubElement(
            root,
            "LINGUISTIC_TYPE",
            {
                "CONTROLLED_VOCABULARY_REF": types[family],
                "GRAPHIC_REFERENCES": "false",
                "LINGUISTIC_TYPE_ID": types[family],
                "TIME_ALIGNABLE": "true",
            },
        )
    definition = "http://cdb.iso.org/lg/CDB-00130975-001"
    ET.SubElement(root, "LANGUAGE", {"LANG_DEF": definition, "LANG_ID": "und", "LANG_LABEL": "undetermined (und)"})
    for stereotype, description in _CONSTRAINTS.items():
        ET.SubElement(root, "CONSTRAINT", {"DESCRIPTION": description, "STEREOTYPE": stereotype})
    for family, name in types.items():
        vocabulary = ET.SubElement(root, "CONTROLLED_VOCABULARY", {"CV_ID": name})
        ET.SubElement(vocabulary, "DESCRIPTION", {"LANG_REF": "und"})
        for (owner, label), key in entry_ids.items():
            if owner == family:
                entry = ET.SubElement(vocabulary, "CV_ENTRY_ML", {"CVE_ID": key})
                meaning = str(LABELS.at[label, "definition"]) if label in LABELS.index else ""
                ET.SubElement(entry, "CVE_VALUE", {"DESCRIPTION": meaning, "LANG_REF": "und"}).text = printable(label)
    ET.indent(root, " ")
    with replacing(path) as temporary:
        ET.ElementTree(root).write(temporary, encoding="UTF-8", xml_declaration=True)


def _link(header: ET.Element, video: str, path: Path, options: Options) -> None:
    media = options.media.path
    relative = os.path.relpath(media, path.parent) if media else f"{video}.mp4"
    if media is None:
        options.notify(f"{path}: the video is linked as {relative}: give its file with --media")
    ET.SubElement(
        header,
        "MEDIA_DESCRIPTOR",
        {
            "MEDIA_URL": "file:///" + quote(Path(relative).name),
            "MIME_TYPE": mimetypes.guess_type(relative)[0] or "video/mp4",
            "RELATIVE_MEDIA_URL": "./" + quote(Path(relative).as_posix()),
        },
    )


def _types(items: list[Row]) -> dict[str, str]:
    """Return the name of the linguistic type, and of its vocabulary, for each family."""
    families = sorted({printable(row.family) for row in items})
    name = "events"
    while name in families:
        name += "_"
    return {family: family or name for family in families}


def _add_tiers(
    root: ET.Element, lanes: dict[str, list[Row]], slot: dict[int, str], types: dict[str, str]
) -> dict[tuple[str, str], str]:
    """Add the tiers; return the id of each entry of the vocabularies, by family and label."""
    used = {(printable(row.family), row.label) for members in lanes.values() for row in members}
    used |= {(family, label) for label, family in LABELS["family"].items() if family in types}
    pairs = [
        (family, label) for family in types for label in in_order(label for owner, label in used if owner == family)
    ]
    entry_ids = {pair: f"cveid{k}" for k, pair in enumerate(pairs)}
    key = 0
    for name, members in lanes.items():
        family = printable(members[0].family)
        attributes = {
            "LINGUISTIC_TYPE_REF": types[family],
            "PARTICIPANT": f"person {members[0].person}",
            "TIER_ID": name,
        }
        tier = ET.SubElement(root, "TIER", attributes)
        for row in members:
            key += 1
            attributes = {
                "ANNOTATION_ID": f"a{key}",
                "CVE_REF": entry_ids[family, row.label],
                "TIME_SLOT_REF1": slot[round(row.start_s * 1000)],
                "TIME_SLOT_REF2": slot[round(row.end_s * 1000)],
            }
            element = ET.SubElement(ET.SubElement(tier, "ANNOTATION"), "ALIGNABLE_ANNOTATION", attributes)
            ET.SubElement(element, "ANNOTATION_VALUE").text = printable(row.label)
    return entry_ids


FORMAT = ReadWrite("ELAN", (".eaf",), read, write, frozenset({FAMILY}), one_video=True)
